//! The registry: the public keys of a contract.

use actix_web::web;
use chrono::{DateTime, Utc};
use consent_contracts::{ContractKey, Retire};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    request::{Body, Place, invalid},
    wire::{Answer, Created, Listing, Moment, created},
};
use crate::{
    http::{error::Refusal, extract::ForApp},
    platform::Platform,
};

/// A public key of a contract.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContractKey)]
pub(super) struct KeyJson {
    /// The key's thumbprint (RFC 7638).
    kid: String,
    /// PEM (SPKI).
    public_key: String,
    /// Whether requests may be signed with it now.
    usable: bool,
    /// When it was registered.
    created_at: Moment,
    /// When it is, or was, used for the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    retire_at: Option<Moment>,
    /// When it was said to be in wrong hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    compromised_at: Option<Moment>,
}

impl KeyJson {
    fn new(key: &ContractKey, now: DateTime<Utc>) -> Self {
        Self {
            kid: key.kid.clone(),
            public_key: key.public.to_spki_pem(),
            usable: key.may_sign_at(now),
            created_at: key.created_at.into(),
            retire_at: key.retire_at.map(Moment::from),
            compromised_at: key.compromised_at.map(Moment::from),
        }
    }
}

/// A key about to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewKey)]
pub(super) struct NewKeyJson {
    /// PEM (PKCS#1 or SPKI), RSA with 2048 bits.
    public_key: String,
    /// All others are used no longer than until then.
    retire_others_at: Option<DateTime<Utc>>,
}

/// How a key ends; at once when nothing is said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RetireKey)]
pub(super) struct RetireJson {
    /// When it is used for the last time.
    at: Option<DateTime<Utc>>,
    /// It is in wrong hands: nothing is sealed for it from now on. Not together with `at`.
    #[serde(default)]
    compromised: bool,
}

impl RetireJson {
    fn how(self, now: DateTime<Utc>) -> Result<Retire, Refusal> {
        match (self.compromised, self.at) {
            (true, Some(_)) => Err(invalid("at", "a compromised key ends now; leave this out")),
            (true, None) => Ok(Retire::Compromised),
            (false, at) => Ok(Retire::At(at.unwrap_or(now))),
        }
    }
}

/// Lists the keys of a contract, oldest first, those that are over included.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}/contracts/{contract}/keys", tag = "registry", operation_id = "listKeys",
    responses((status = 200, description = "All keys", body = Listing<KeyJson>)),
)]
pub(super) async fn list(
    caller: ForApp,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<KeyJson>> {
    let now = platform.ambient.now();
    let keys = consent_contracts::list_keys(&platform.db, &caller.app.id, &place.id()?).await?;
    Ok(web::Json(Listing::whole(keys.iter().map(|key| KeyJson::new(key, now)).collect())))
}

/// Registers another key.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/contracts/{contract}/keys", tag = "registry", operation_id = "addKey",
    request_body = NewKeyJson, responses((status = 201, description = "Registered", body = KeyJson)),
)]
pub(super) async fn add(
    caller: ForApp,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Created<KeyJson> {
    let (id, NewKeyJson { public_key, retire_others_at }) = (place.id()?, body.json()?);
    let (app, ambient) = (&caller.app.id, &platform.ambient);
    let tx = platform.db.begin_write().await?;
    let key = consent_contracts::add_key(&tx, app, &id, &public_key, retire_others_at, ambient).await?;
    tx.commit().await?;
    Ok(created(KeyJson::new(&key, ambient.now())))
}

/// Ends a key.
///
/// The last usable one can be ended at once only as compromised.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/contracts/{contract}/keys/{kid}/retire", tag = "registry",
    operation_id = "retireKey", request_body = RetireJson,
    responses((status = 200, description = "Ended, or about to", body = KeyJson)),
)]
pub(super) async fn retire(
    caller: ForApp,
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Answer<KeyJson> {
    let (now, ambient) = (platform.ambient.now(), &platform.ambient);
    let (id, how) = (place.id()?, body.json_if_any::<RetireJson>()?.how(now)?);
    let tx = platform.db.begin_write().await?;
    let key =
        consent_contracts::retire_key(&tx, &caller.app.id, &id, place.segment("kid"), how, ambient).await?;
    tx.commit().await?;
    Ok(web::Json(KeyJson::new(&key, now)))
}
