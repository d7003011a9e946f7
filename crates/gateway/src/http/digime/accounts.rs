//! Accounts and sample data sets (`protocol/digime.md` §§6.1, 11.4).

use actix_web::{HttpResponse, web};
use consent_sources::{Account, sample};
use serde_json::{Map, Value, json};

use super::DigimeError;
use crate::{
    flows,
    http::extract::{Signed, WithToken},
    platform::Platform,
};

/// `GET permission-access/accounts`: a bare array.
pub(super) async fn list(
    platform: web::Data<Platform>,
    WithToken(access): WithToken,
) -> Result<HttpResponse, DigimeError> {
    let accounts = flows::accounts(&platform, &access).await?;
    let accounts: Vec<_> =
        accounts.iter().map(|(account, username)| account_json(account, username.as_deref())).collect();
    Ok(HttpResponse::Ok().json(accounts))
}

fn account_json(account: &Account, username: Option<&str>) -> Value {
    let source = account.source();
    let (group, service) = (source.group(), source.service());
    let mut json = json!({
        "id": account.entity_id,
        "reference": account.reference,
        "type": account.kind,
        "createdDate": account.created_at.timestamp_millis(),
        "updatedDate": account.updated_at.timestamp_millis(),
        "serviceGroupId": group.id,
        "serviceGroupName": group.name,
        "serviceTypeId": service.id,
        "serviceTypeName": service.name,
        "serviceTypeReference": service.reference,
        "sourceId": source.id,
        "sample": account.sample,
    });
    if let Some(username) = username {
        json["username"] = username.into();
    }
    json
}

/// `GET permission-access/sample/datasets/{source}`: the data sets that have something of a source; none outside
/// sandbox mode.
pub(super) async fn samples(
    platform: web::Data<Platform>,
    _: Signed,
    source: web::Path<String>,
) -> HttpResponse {
    let source: i64 = source.parse().unwrap_or_default();
    let sets = if platform.config.server.sandbox { sample::sets() } else { Vec::new() };
    let with_source = sets.into_iter().filter(|set| sample::sources_in(&set.id).contains(&source));
    let sets: Map<String, Value> = with_source
        .map(|set| (set.id, json!({ "name": set.name, "description": set.description })))
        .collect();
    HttpResponse::Ok().json(sets)
}
