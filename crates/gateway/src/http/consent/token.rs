//! Tokens of an app itself (RFC 6749 §4.4 and §6; `protocol/signatu-consent-api.md` §9): `client_id` is the app's id,
//! `client_secret` its API key. Vendors' clients send JSON, others the form of the RFC.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    web,
};
use consent_auth::{APP_TOKEN_FOR, AuthError};
use consent_contracts::ContractsError;
use consent_crypto::{Secret, SecretKind, digest::base64url_decode};
use serde_json::{Map, Value, json};

use super::body::pairs;
use crate::{
    flows::{self, AppGrant, FlowError},
    http::{
        api::{Body, Place},
        error::Refusal,
    },
    platform::Platform,
};

/// The scope that this API needs, and the one that vendors' clients expect beside it.
const SCOPE: &str = "consent DEFAULT";

/// A refusal as RFC 6749 §5.2 has it.
#[derive(Debug)]
pub(super) struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: String,
    /// Whether to ask for HTTP Basic, which is how the credentials came.
    basic: bool,
}

/// What was sent, by name.
struct Parameters {
    named: BTreeMap<String, String>,
    basic: bool,
}

/// `POST /oauth/v0/token`.
pub(super) async fn issue(
    place: Place,
    body: Body,
    platform: web::Data<Platform>,
) -> Result<HttpResponse, OAuthError> {
    let parameters = Parameters::read(place.request(), body)?;
    let (id, key) = parameters.credentials()?;
    check_scope(parameters.text("scope"))?;
    let grant = parameters.grant()?;
    let issued = flows::app_tokens(&platform, id, &key, &grant).await;
    let tokens = issued.map_err(|error| OAuthError::of(error, parameters.basic))?;
    Ok(HttpResponse::Ok().insert_header(("pragma", "no-cache")).json(json!({
        "access_token": tokens.access.expose(),
        "token_type": "Bearer",
        "expires_in": APP_TOKEN_FOR.num_seconds(),
        "scope": SCOPE,
        "refresh_token": tokens.refresh.expose(),
    })))
}

impl Parameters {
    fn read(request: &HttpRequest, body: Body) -> Result<Self, OAuthError> {
        let (media_type, bytes) = body.into_parts()?;
        let mut named = match media_type.as_str() {
            "application/x-www-form-urlencoded" => pairs(&bytes)?,
            "application/json" => texts(&bytes)?,
            _ => return Err(invalid("send a form (application/x-www-form-urlencoded) or JSON")),
        };
        let basic = basic(request)?;
        if let Some((id, secret)) = &basic {
            let others = [("client_id", id), ("client_secret", secret)];
            for (name, value) in others {
                // A client must not use more than one way to authenticate (§2.3); its id may stand in both places.
                if named.insert(name.to_owned(), value.clone()).is_some_and(|said| said != *value) {
                    return Err(invalid("credentials came both in the body and in the header Authorization"));
                }
            }
        }
        Ok(Self { named, basic: basic.is_some() })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.named.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.text(name).ok_or_else(|| invalid(&format!("{name} is missing")))
    }

    fn credentials(&self) -> Result<(&str, Secret), OAuthError> {
        let (id, secret) = (self.required("client_id")?, self.required("client_secret")?);
        let key = Secret::parse(SecretKind::ApiKey, secret);
        Ok((id, key.map_err(|_| OAuthError::of(FlowError::UnknownCredentials, self.basic))?))
    }

    fn grant(&self) -> Result<AppGrant, OAuthError> {
        match self.required("grant_type")? {
            "client_credentials" => Ok(AppGrant::ClientCredentials),
            "refresh_token" => {
                let token = Secret::parse(SecretKind::LogRefreshToken, self.required("refresh_token")?);
                token.map(AppGrant::RefreshToken).map_err(|_| dead_token())
            }
            _ => Err(refused(
                400,
                "unsupported_grant_type",
                "grant_type must be client_credentials or refresh_token",
            )),
        }
    }
}

/// The members of a JSON object that are texts.
fn texts(bytes: &[u8]) -> Result<BTreeMap<String, String>, OAuthError> {
    let object: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|_| invalid("the body is not a JSON object"))?;
    let texts = object.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    });
    Ok(texts.collect())
}

/// HTTP Basic: id and secret, each encoded as in a form (RFC 6749 §2.3.1).
fn basic(request: &HttpRequest) -> Result<Option<(String, String)>, OAuthError> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, text)) = header.and_then(|header| header.split_once(' ')) else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let broken =
        || OAuthError { basic: true, ..refused(401, "invalid_client", "HTTP Basic that cannot be read") };
    let url_safe = text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
    let bytes = base64url_decode(&url_safe).map_err(|_| broken())?;
    let text = String::from_utf8(bytes).map_err(|_| broken())?;
    let (id, secret) = text.split_once(':').ok_or_else(broken)?;
    let decoded = |side: &str| percent_encoding::percent_decode_str(side).decode_utf8_lossy().into_owned();
    Ok(Some((decoded(id), decoded(secret))))
}

/// Any of the scopes there are, in any order.
fn check_scope(scope: Option<&str>) -> Result<(), OAuthError> {
    let known = |scope: &str| SCOPE.split(' ').any(|known| known == scope);
    if scope.unwrap_or_default().split_whitespace().all(known) {
        return Ok(());
    }
    Err(refused(400, "invalid_scope", "the scopes here are consent and DEFAULT"))
}

fn invalid(description: &str) -> OAuthError {
    refused(400, "invalid_request", description)
}

fn dead_token() -> OAuthError {
    refused(400, "invalid_grant", "the refresh token is unknown, was used before, or is over")
}

fn refused(status: u16, error: &'static str, description: impl Into<String>) -> OAuthError {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    OAuthError { status, error, description: description.into(), basic: false }
}

impl OAuthError {
    fn of(error: FlowError, basic: bool) -> Self {
        match error {
            FlowError::UnknownCredentials => {
                let who = "client_id must be an app's id and client_secret its API key";
                Self { basic, ..refused(401, "invalid_client", who) }
            }
            FlowError::Contracts(error @ ContractsError::AppClosed { .. }) => {
                refused(400, "unauthorized_client", error.to_string())
            }
            FlowError::Auth(AuthError::UnknownToken) => dead_token(),
            error => Refusal::from(error).into(),
        }
    }
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        let error = if refusal.status.is_server_error() { "server_error" } else { "invalid_request" };
        let status = match refusal.status {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        Self { status, error, description: refusal.message, basic: false }
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.error)
    }
}

impl ResponseError for OAuthError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.basic {
            response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"consent\""));
        }
        response.json(json!({ "error": self.error, "error_description": self.description }))
    }
}
