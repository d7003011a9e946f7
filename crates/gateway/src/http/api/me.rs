//! Who is signed in, and where.

use actix_web::{HttpResponse, web};
use consent_core::{PersonId, SignInId};
use consent_people::SignIn;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Problem,
    request::{InPath, Place},
    wire::{Answer, Listing, Moment},
};
use crate::{flows, http::extract::Person, platform::Platform};

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Me)]
pub(super) struct MeJson {
    #[schema(value_type = String)]
    id: PersonId,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// What to call her.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// When she was invited or signed up.
    created_at: Moment,
    /// `open` when this sign-in opens her library, otherwise `locked`.
    library: &'static str,
}

/// Her being signed in with one browser or program.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignInEntry)]
pub(super) struct SignInJson {
    #[schema(value_type = String)]
    id: SignInId,
    /// Whether it is the one that asks.
    current: bool,
    /// `open` when it opens her library, otherwise `locked`.
    library: &'static str,
    /// What the browser calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    created_at: Moment,
    /// To the minute.
    last_seen_at: Moment,
    /// When it ends unless it is used before.
    expires_at: Moment,
}

impl SignInJson {
    fn new(sign_in: SignIn, current: &SignInId) -> Self {
        Self {
            current: sign_in.id == *current,
            id: sign_in.id,
            library: sign_in.library.as_str(),
            user_agent: sign_in.user_agent,
            created_at: sign_in.created_at.into(),
            last_seen_at: sign_in.last_seen_at.into(),
            expires_at: sign_in.expires_at.into(),
        }
    }
}

/// Shows who is signed in.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "people", operation_id = "showMe",
    responses((status = 200, description = "Who is signed in", body = MeJson)),
)]
pub(super) async fn show(who: Person, platform: web::Data<Platform>) -> Answer<MeJson> {
    let sign_in = who.0.sign_in;
    let person = consent_people::find(&platform.db, &sign_in.person).await?;
    Ok(web::Json(MeJson {
        id: person.id,
        email: person.email,
        name: person.name,
        created_at: person.created_at.into(),
        library: sign_in.library.as_str(),
    }))
}

/// Lists where she is signed in, last seen first.
#[utoipa::path(
    get, path = "/api/v1/me/sign-ins", tag = "people", operation_id = "listSignIns",
    responses((status = 200, description = "All sign-ins", body = Listing<SignInJson>)),
)]
pub(super) async fn sign_ins(who: Person, platform: web::Data<Platform>) -> Answer<Listing<SignInJson>> {
    let (now, mine) = (platform.ambient.now(), &who.0.sign_in);
    let all = consent_people::list_sign_ins(&platform.db, &mine.person, now).await?;
    let entries = all.into_iter().map(|sign_in| SignInJson::new(sign_in, &mine.id)).collect();
    Ok(web::Json(Listing::whole(entries)))
}

/// Ends one of her sign-ins.
#[utoipa::path(
    delete, path = "/api/v1/me/sign-ins/{signIn}", tag = "people", operation_id = "endSignIn",
    responses((status = 204, description = "Ended")),
)]
pub(super) async fn end_sign_in(
    who: Person,
    place: Place,
    platform: web::Data<Platform>,
) -> Result<HttpResponse, Problem> {
    let ended = flows::end_sign_in(&platform, &who.0, &place.id()?).await?;
    if ended { Ok(HttpResponse::NoContent().finish()) } else { Err(SignInId::unknown().into()) }
}
