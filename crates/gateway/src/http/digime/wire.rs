//! What requests carry in their bodies (`protocol/digime.md` §6.2). Unknown members are tolerated at this door, and so is
//! a body that is empty although its content type says JSON.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Bytes};
use consent_core::Scope;
use consent_sessions::Options;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::DigimeError;
use crate::{flows::Asked, http::error::Refusal};

/// A request's body, as long as the configuration allows.
pub struct Body(pub Bytes);

impl FromRequest for Body {
    type Error = DigimeError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, DigimeError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            let refused = |_| Refusal::new(413, "PayloadTooLarge", "The body is too large or broke off");
            Ok(Self(body.await.map_err(refused)?))
        })
    }
}

/// Body of `oauth/authorize` and `oauth/token/reference`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AuthorizeBody {
    actions: Actions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Actions {
    pull: Pull,
}

/// What a session shall be: body of `permission-access/trigger`, and part of the bodies above.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Pull {
    scope: Option<Scope>,
    limits: Limits,
    source_fetch: Option<bool>,
    source_fetch_filter: Filter,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Limits {
    duration: Durations,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Durations {
    source_fetch: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    account: Ids,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ids {
    id: Vec<String>,
}

/// Body of `reference`.
#[derive(Debug, Deserialize)]
pub struct HandleBody {
    /// `accountId` or `cloudId`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What to name.
    pub value: String,
}

impl AuthorizeBody {
    /// What the session shall be.
    pub fn asked(self) -> Result<Asked, Refusal> {
        self.actions.pull.asked()
    }
}

impl Pull {
    /// What the session shall be.
    pub fn asked(self) -> Result<Asked, Refusal> {
        let scope = self.scope.unwrap_or_default();
        // Numbers that do not exist are outside every contract; what remains to be said here is about time.
        let times = Scope { service_groups: Vec::new(), ..scope.clone() };
        times.validate().map_err(|error| validation("scope", &error.to_string()))?;
        // PostgreSQL keeps no such character, not even escaped.
        if json!([scope, self.source_fetch_filter.account.id]).to_string().contains("\\u0000") {
            return Err(validation("body", "null characters stand for nothing here"));
        }
        let options = Options {
            source_fetch: self.source_fetch.unwrap_or(true),
            source_fetch_limit: self.limits.duration.source_fetch,
            only_accounts: self.source_fetch_filter.account.id,
        };
        Ok(Asked { scope, options })
    }
}

/// Parses a body; an empty one says nothing.
pub fn parse<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Refusal> {
    if body.is_empty() { Ok(T::default()) } else { require(body) }
}

/// Parses a body that must be there.
pub fn require<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| validation("body", &error.to_string()))
}

fn validation(field: &str, reason: &str) -> Refusal {
    Refusal::new(400, "ValidationErrors", "Parameter validation errors").field(field, reason)
}
