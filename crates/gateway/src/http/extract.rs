//! Extractors prove who is calling; what a handler receives is proof, not a string.

use std::{future::Future, net::IpAddr, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use consent_contracts::App;
use consent_core::AppId;
use consent_crypto::{JwsError, Secret, SecretKind, Unverified, digest::sha256};
use serde_json::{Map, Value};

use super::{api::Problem, digime::DigimeError, error::Refusal};
use crate::{
    flows::{self, Access, Caller, Claimed, SignedIn, Standing, Wants},
    platform::Platform,
};

type Extracting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>>>>;

/// So far a request's timestamp may be from ours, in ms.
const CLOCK_SKEW: i64 = 5 * 60 * 1000;

/// The platform, wherever a handler runs.
pub(super) fn platform(request: &HttpRequest) -> web::Data<Platform> {
    request.app_data::<web::Data<Platform>>().expect("every app is built with its platform").clone()
}

/// A request that a contract key signed (`protocol/digime.md` §2).
#[derive(Debug)]
pub struct Signed {
    /// Who signed.
    pub caller: Caller,
    /// What was signed.
    pub claims: Claims,
    standing: Standing,
}

impl Signed {
    /// What the access token among the claims allows.
    pub async fn access(self, platform: &Platform) -> Result<Access, Refusal> {
        self.claims.token(SecretKind::AccessToken, "access_token")?;
        Ok(Access::check(platform, self.caller, self.standing).await?)
    }
}

/// A signed request that carries a living access token of an active grant.
#[derive(Debug)]
pub struct WithToken(pub Access);

/// The claims of a verified request.
#[derive(Debug)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// A claim that may be absent; refused when it is no text.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid_request(name, "must be text")),
        }
    }

    /// A claim that must be there.
    pub fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.text(name)?.ok_or_else(|| invalid_request(name, "is missing"))
    }

    /// A token that must be there; one that is no token at all is refused like a dead one.
    pub fn token(&self, kind: SecretKind, name: &'static str) -> Result<Secret, Refusal> {
        Secret::parse(kind, self.required(name)?).map_err(|_| invalid_token(name))
    }
}

pub(super) fn invalid_request(field: &'static str, reason: &str) -> Refusal {
    Refusal::new(400, "InvalidRequest", format!("{field} {reason}")).field(field, reason)
}

pub(super) fn invalid_token(name: &str) -> Refusal {
    Refusal::new(401, "InvalidToken", format!("The token ({name}) is invalid"))
}

impl FromRequest for Signed {
    type Error = DigimeError;
    type Future = Extracting<Self, DigimeError>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(signed(&request).await?) })
    }
}

impl FromRequest for WithToken {
    type Error = DigimeError;
    type Future = Extracting<Self, DigimeError>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(signed(&request).await?.access(&platform(&request)).await?)) })
    }
}

async fn signed(request: &HttpRequest) -> Result<Signed, Refusal> {
    let platform = platform(request);
    let jwt = bearer(request)
        .ok_or_else(|| invalid_jwt("send Authorization: Bearer with a JWT signed by the contract key"))?;
    let unverified = Unverified::parse(jwt).map_err(|error| jwt_refusal(&error))?;
    let client_id = match unverified.peek().get("client_id") {
        Some(Value::String(client_id)) => client_id.clone(),
        _ => return Err(invalid_request("client_id", "is missing")),
    };
    let secret = |kind, text: Option<&str>| text.and_then(|text| Secret::parse(kind, text).ok());
    let path = request.match_info();
    let claimed = Claimed {
        client_id: &client_id,
        token: secret(SecretKind::AccessToken, unverified.peek().get("access_token").and_then(Value::as_str)),
        session: secret(SecretKind::Session, path.get("session")),
        wants: match (path.get("session"), path.get("file")) {
            (_, Some(name)) => Wants::File(name),
            (Some(_), None) => Wants::List,
            (None, None) => Wants::Nothing,
        },
    };
    let (client, standing) = flows::look_up(&platform, claimed).await?;
    let now = platform.ambient.now();
    let keys: Vec<_> = client.keys_at(now).map(|key| &key.public).collect();
    let (index, verified) = unverified.verify(&keys).map_err(|error| jwt_refusal(&error))?;
    let kid = client.keys_at(now).nth(index).map(|key| key.kid.clone()).unwrap_or_default();
    let claims = Claims(verified.into_claims());
    let nonce = claims.required("nonce")?;
    if nonce.len() != 32 || !nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(invalid_request("nonce", "must be 32 letters and digits"));
    }
    check_timestamp(claims.0.get("timestamp"), now.timestamp_millis())?;
    let same = sha256(format!("{} {} {jwt}", request.method(), request.path()).as_bytes());
    let reads = request.method().is_safe();
    if !platform.read_nonces.admit(&client.contract.id, nonce, same, reads, now) {
        return Err(consent_auth::AuthError::UsedNonce.into());
    }
    let nonce = nonce.to_owned();
    Ok(Signed { caller: Caller { client, kid, nonce }, claims, standing })
}

fn check_timestamp(timestamp: Option<&Value>, now: i64) -> Result<(), Refusal> {
    let millis =
        timestamp.and_then(Value::as_f64).ok_or_else(|| invalid_request("timestamp", "must be a number"))?;
    // Exact for every moment that can be near ours.
    #[expect(clippy::cast_precision_loss, reason = "moments of this era have fewer than 53 bits")]
    let distance = (millis - now as f64).abs();
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    if distance <= CLOCK_SKEW as f64 {
        return Ok(());
    }
    Err(invalid_request(
        "timestamp",
        "is more than five minutes from this server's clock; it counts milliseconds",
    ))
}

fn invalid_jwt(reason: &str) -> Refusal {
    Refusal::new(400, "InvalidJWT", reason.to_owned())
}

fn jwt_refusal(error: &JwsError) -> Refusal {
    invalid_jwt(&error.to_string())
}

/// What the header `Authorization` carries as a bearer token.
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whoever signed in, by her token as bearer.
#[derive(Debug)]
pub struct Person(pub SignedIn);

impl FromRequest for Person {
    type Error = Problem;
    type Future = Extracting<Self, Problem>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let refused = || {
                unauthorized("sign in at POST /api/v1/sign-in and send the token as Authorization: Bearer")
            };
            let platform = platform(&request);
            let text = bearer(&request).ok_or_else(refused)?;
            let secret = Secret::parse(SecretKind::SignIn, text).map_err(|_| refused())?;
            Ok(Self(signed_in(&platform, secret).await?.ok_or_else(refused)?))
        })
    }
}

/// Who holds this secret of a sign-in, which counts as being seen.
pub(super) async fn signed_in(platform: &Platform, secret: Secret) -> Result<Option<SignedIn>, Refusal> {
    let now = platform.ambient.now();
    let Some(sign_in) = consent_people::find_sign_in(&platform.db, &secret, now).await? else {
        return Ok(None);
    };
    if sign_in.is_untouched_at(now) {
        let tx = platform.db.begin_write().await?;
        consent_people::touch(&tx, &sign_in, &platform.sign_in_policy(), &platform.ambient).await?;
        tx.commit().await?;
    }
    Ok(Some(SignedIn { sign_in, secret }))
}

/// Whoever holds the operator token.
#[derive(Debug)]
pub struct Operator;

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Extracting<Self, Problem>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if is_operator(&request) {
                Ok(Self)
            } else {
                Err(unauthorized("send the operator token as Authorization: Bearer").into())
            }
        })
    }
}

fn is_operator(request: &HttpRequest) -> bool {
    let token = bearer(request).and_then(|text| Secret::parse(SecretKind::OperatorToken, text).ok());
    token.is_some_and(|token| platform(request).operator_is(&token))
}

/// Whoever may act for the app in the path (`{app}`): its API key, or the operator token.
#[derive(Debug)]
pub struct ForApp {
    /// The app.
    pub app: App,
}

impl FromRequest for ForApp {
    type Error = Problem;
    type Future = Extracting<Self, Problem>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let platform = platform(&request);
            let refused =
                || unauthorized("send the app's API key, or the operator token, as Authorization: Bearer");
            let text = bearer(&request).ok_or_else(refused)?;
            let id: Option<AppId> = request.match_info().get("app").and_then(|id| id.parse().ok());
            let unknown = || Refusal::from(consent_contracts::ContractsError::UnknownApp);
            if is_operator(&request) {
                let app = consent_contracts::find_app(&platform.db, &id.ok_or_else(unknown)?).await?;
                return Ok(Self { app });
            }
            let key = Secret::parse(SecretKind::ApiKey, text).map_err(|_| refused())?;
            let app =
                consent_contracts::find_app_by_key(&platform.db, &key).await.map_err(
                    |error| match error {
                        consent_contracts::ContractsError::UnknownApp => refused(),
                        error => error.into(),
                    },
                )?;
            // Another app's existence is not this one's to know.
            if id.as_ref() == Some(&app.id) { Ok(Self { app }) } else { Err(unknown().into()) }
        })
    }
}

fn unauthorized(how: &str) -> Refusal {
    Refusal::new(401, "Unauthorized", format!("Not signed in: {how}"))
}

/// The network address of the caller: that of the connection, or what a trusted proxy says it is.
pub(super) fn address(request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |address| address.ip());
    let server = &platform(request).config.server;
    if !server.trusts(peer) {
        return peer;
    }
    // Lines of the same name are one list, in which every proxy writes behind what it got: the last entry that no trusted
    // one wrote is the caller.
    let lines: Vec<_> = request.headers().get_all("x-forwarded-for").collect();
    let lists = lines.iter().rev().map(|line| line.to_str().unwrap_or("unreadable"));
    let hops = lists.flat_map(|list| list.rsplit(',')).map_while(|hop| hop.trim().parse().ok());
    hops.into_iter().find(|hop: &IpAddr| !server.trusts(*hop)).unwrap_or(peer)
}
