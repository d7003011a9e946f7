//! Authorization requests, tokens, handles, and the keys that sign what the server says
//! (`protocol/digime.md` §§2, 3, 6.1).

use actix_web::{HttpResponse, web};
use consent_auth::HandleKind;
use consent_crypto::{CodeChallenge, Secret, SecretKind, SigningPurpose, jws};
use consent_sessions::Session;
use serde_json::{Map, Value, json};

use super::{
    DigimeError,
    wire::{self, AuthorizeBody, Body, HandleBody},
};
use crate::{
    flows::{self, AuthorizeRequest, ReferenceRequest, Tokens, Waiting},
    http::{
        error::Refusal,
        extract::{Claims, Signed, invalid_request, invalid_token},
        urls,
    },
    platform::Platform,
};

type Answer = Result<HttpResponse, DigimeError>;

/// `GET /jwks/oauth`: the keys, current one first, each with the `pem` member that the SDKs need.
pub(super) async fn jwks(platform: web::Data<Platform>) -> HttpResponse {
    HttpResponse::Ok().json(platform.keys.jwks(SigningPurpose::Tokens))
}

/// `POST oauth/authorize`: keeps a request for consent.
pub(super) async fn authorize(platform: web::Data<Platform>, signed: Signed, Body(body): Body) -> Answer {
    let request = authorize_request(&signed.claims, wire::parse::<AuthorizeBody>(&body)?)?;
    let waiting = flows::authorize(&platform, &signed.caller, request).await?;
    Ok(waiting_answer(&platform, &waiting, &json!({ "preauthorization_code": waiting.code.expose() }))?)
}

fn authorize_request(claims: &Claims, body: AuthorizeBody) -> Result<AuthorizeRequest, Refusal> {
    for (name, only) in [("response_type", "code"), ("response_mode", "query")] {
        if claims.text(name)?.is_some_and(|value| value != only) {
            return Err(invalid_request(name, &format!("must be {only}")));
        }
    }
    Ok(AuthorizeRequest {
        redirect_uri: claims.required("redirect_uri")?.to_owned(),
        state: state(claims)?,
        challenge: challenge(claims)?,
        access_token: match claims.text("access_token")? {
            Some(_) => Some(claims.token(SecretKind::AccessToken, "access_token")?),
            None => None,
        },
        asked: body.asked()?,
    })
}

/// The app's own text, as far as a database can keep it.
fn state(claims: &Claims) -> Result<Option<String>, Refusal> {
    match claims.text("state")? {
        Some(state) if state.len() > 4096 => Err(invalid_request("state", "has more than 4096 bytes")),
        Some(state) if state.contains('\0') => Err(invalid_request("state", "has a null character")),
        state => Ok(state.map(str::to_owned)),
    }
}

/// PKCE with S256, and nothing less (RFC 7636 §4.3).
fn challenge(claims: &Claims) -> Result<CodeChallenge, Refusal> {
    if claims.required("code_challenge_method")? != "S256" {
        return Err(invalid_request("code_challenge_method", "must be S256"));
    }
    let text = claims.required("code_challenge")?;
    CodeChallenge::parse(text)
        .map_err(|_| invalid_request("code_challenge", "must be 43 characters of base64url"))
}

/// `POST oauth/token`: a code or a refresh token becomes tokens.
pub(super) async fn token(platform: web::Data<Platform>, signed: Signed) -> Answer {
    let Signed { caller, claims, .. } = &signed;
    let tokens = match claims.required("grant_type")? {
        "authorization_code" => {
            let code = Secret::parse(SecretKind::AuthorizationCode, claims.required("code")?)
                .map_err(|_| consent_auth::AuthError::UnknownCode)?;
            flows::exchange(&platform, caller, &code, claims.required("code_verifier")?).await?
        }
        "refresh_token" => {
            let token = claims.token(SecretKind::RefreshToken, "refresh_token")?;
            let refreshed = flows::refresh(&platform, caller, &token).await;
            refreshed.map_err(|error| refresh_refusal(error.into()))?
        }
        _ => {
            let expected = "expected authorization_code or refresh_token";
            return Err(Refusal::new(
                400,
                "InvalidGrant",
                format!("grant_type is not supported; {expected}"),
            )
            .into());
        }
    };
    let payload = token_payload(&platform, caller.client.app.partner_id.as_str(), &tokens);
    Ok(HttpResponse::Ok().json(json!({ "token": say(&platform, &payload)? })))
}

/// The refusal names the token that was presented.
fn refresh_refusal(refusal: Refusal) -> Refusal {
    if refusal.code == "InvalidToken" { invalid_token("refresh_token") } else { refusal }
}

fn token_payload(platform: &Platform, partner: &str, tokens: &Tokens) -> Value {
    let Tokens { issued, grant, person } = tokens;
    let subject = platform.pseudonym(partner, person);
    json!({
        "access_token": { "value": issued.access.expose(), "expires_on": issued.pair.access_expires_at.timestamp() },
        "refresh_token": { "value": issued.refresh.expose(), "expires_on": issued.pair.refresh_expires_at.timestamp() },
        "consentid": grant,
        "identifier": { "id": subject },
        "sub": subject,
        "token_type": "Bearer",
    })
}

/// `POST oauth/token/reference`: keeps a request to add or reauthorise an account, or, with PKCE, to confirm who it is.
pub(super) async fn reference(platform: web::Data<Platform>, signed: Signed, Body(body): Body) -> Answer {
    let body = wire::parse::<AuthorizeBody>(&body)?;
    let waiting = if signed.claims.text("code_challenge")?.is_some() {
        let request = authorize_request(&signed.claims, body)?;
        flows::reauthorize(&platform, &signed.caller, request).await?
    } else {
        let request = ReferenceRequest {
            redirect_uri: signed.claims.required("redirect_uri")?.to_owned(),
            state: state(&signed.claims)?,
            asked: body.asked()?,
        };
        let access = signed.access(&platform).await?;
        flows::reference(&platform, &access, request).await?
    };
    let expires_on = (platform.ambient.now() + consent_auth::REQUEST_IDLE).timestamp();
    let payload =
        json!({ "reference_code": waiting.code.expose(), "expires_on": expires_on, "token_type": "Bearer" });
    Ok(waiting_answer(&platform, &waiting, &payload)?)
}

/// `POST reference`: a handle for an account or a store, so that its id never stands in a browser's address bar.
pub(super) async fn handle(platform: web::Data<Platform>, signed: Signed, Body(body): Body) -> Answer {
    let HandleBody { kind, value } = wire::require(&body)?;
    let kind =
        HandleKind::parse(&kind).ok_or_else(|| invalid_request("type", "must be accountId or cloudId"))?;
    if value.is_empty() || value.len() > 200 || value.contains('\0') {
        return Err(invalid_request("value", "must have 1 to 200 bytes, none of them null").into());
    }
    let handle = flows::name(&platform, &signed.caller, kind, &value).await?;
    Ok(HttpResponse::Ok().json(json!({ "id": handle.expose() })))
}

fn waiting_answer(platform: &Platform, waiting: &Waiting, payload: &Value) -> Result<HttpResponse, Refusal> {
    let session = session_json(&waiting.session, &waiting.session_key);
    Ok(HttpResponse::Ok().json(json!({ "token": say(platform, payload)?, "session": session })))
}

/// A session on the wire; `expiry` counts milliseconds.
pub(super) fn session_json(session: &Session, key: &Secret) -> Value {
    json!({ "key": key.expose(), "expiry": session.expires_at.timestamp_millis() })
}

/// What the server says, signed; `jku` and `kid` lead to the key.
fn say(platform: &Platform, payload: &Value) -> Result<String, Refusal> {
    let signing = platform.keys.signing(SigningPurpose::Tokens);
    let mut header = Map::new();
    header.insert("jku".to_owned(), urls::jwks(platform).into());
    header.insert("kid".to_owned(), signing.kid.as_str().into());
    jws::sign(&signing.key, &header, payload)
        .map_err(|_| Refusal::new(500, "InternalServerError", "The token could not be signed"))
}
