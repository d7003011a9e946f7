//! A contract's public form: an X.509 certificate that carries its V5 JSON (`protocol/digime.md` §11.3).

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Months, Utc};
use consent_contracts::{Client, Status, V5_SCHEMA_VERSION};
use consent_core::{AppId, ContractId};
use consent_crypto::{SigningPurpose, digest::base64, x509};
use serde_json::{Map, Value, json};

use super::DigimeError;
use crate::{
    http::{error::Refusal, extract::Signed},
    platform::Platform,
};

/// How long a certificate is announced to be good; contracts end by being retired.
const YEARS: u32 = 10;

/// `GET permission-access/contract`.
pub(super) async fn signed(
    platform: web::Data<Platform>,
    signed: Signed,
) -> Result<HttpResponse, DigimeError> {
    Ok(HttpResponse::Ok().json(contract_json(&platform, &signed.caller.client)?))
}

/// `GET permission-access/contract/{contractId}/{appId}`, for anybody.
pub(super) async fn public(
    platform: web::Data<Platform>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, DigimeError> {
    let unknown = || consent_contracts::ContractsError::UnknownContract;
    let (contract, app) = path.into_inner();
    let contract: ContractId = contract.parse().map_err(|_| unknown())?;
    let app: AppId = app.parse().map_err(|_| unknown())?;
    let client_id = consent_contracts::client_id(&app, &contract);
    let client =
        consent_contracts::find_client(&platform.db, &client_id).await.map_err(|error| match error {
            consent_contracts::ContractsError::UnknownClient => unknown(),
            error => error,
        })?;
    Ok(HttpResponse::Ok().json(contract_json(&platform, &client)?))
}

fn contract_json(platform: &Platform, client: &Client) -> Result<Value, Refusal> {
    let Client { app, contract, .. } = client;
    let from = match contract.status {
        Status::Published { at } | Status::Retired { at } => at,
        Status::Draft => contract.created_at,
    };
    let until = expiration(from);
    let json = consent_contracts::v5_json(app, contract).to_string();
    let signing = platform.keys.signing(SigningPurpose::Certificates);
    let certificate = x509::contract_certificate(&signing.key, &json, contract.id.as_str(), from, until)
        .map_err(|_| Refusal::new(500, "InternalServerError", "The certificate could not be made"))?;
    Ok(json!({
        "accessType": consent_contracts::access_type(contract.document.access),
        "application": { "id": app.id, "name": app.name, "resources": resources(client), "status": 1 },
        "certificate": base64(&certificate),
        "certificateContractSchemaVersion": V5_SCHEMA_VERSION,
        "expirationDate": until.timestamp_millis(),
        "id": contract.id,
        "partnerId": app.partner_id,
        "type": "x509",
    }))
}

fn expiration(from: DateTime<Utc>) -> DateTime<Utc> {
    from.checked_add_months(Months::new(12 * YEARS)).unwrap_or(from)
}

fn resources(client: &Client) -> Map<String, Value> {
    let document = &client.contract.document;
    let links = [
        ("homePage", client.app.website.as_ref()),
        ("privacyPolicy", Some(&document.policy_url)),
        ("terms", document.terms_url.as_ref()),
        ("logo", document.logo_url.as_ref()),
    ];
    links.into_iter().filter_map(|(name, url)| Some((name.to_owned(), url?.as_str().into()))).collect()
}
