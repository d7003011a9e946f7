//! Persons, as an operator sees them.

use actix_web::web;
use consent_core::PersonId;
use consent_people::Person;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    request::{Body, Place, cursor, whole_number},
    wire::{Answer, Created, Listing, Moment, created},
};
use crate::{http::extract::Operator, platform::Platform};

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Invitation)]
pub(super) struct InviteJson {
    email: String,
}

/// A person, as an operator sees her.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Person)]
pub(super) struct PersonJson {
    #[schema(value_type = String, example = "per01hf7yat00000000000000001a")]
    id: PersonId,
    /// A throw-away person has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// `invited`, `active` or `closed`.
    stage: &'static str,
    /// Whether she was made by automatic onboarding in a sandbox.
    throwaway: bool,
    /// When she was invited or signed up.
    created_at: Moment,
}

/// Which persons.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PeopleQuery {
    /// Only the person with this e-mail address.
    email: Option<String>,
    /// `next` of the page before; the first page without it.
    after: Option<String>,
    /// At most this many entries; 50 without it.
    #[serde(default, deserialize_with = "whole_number")]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

impl From<Person> for PersonJson {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            email: person.email,
            stage: person.stage.as_str(),
            throwaway: person.throwaway,
            created_at: person.created_at.into(),
        }
    }
}

/// Invites somebody.
///
/// She has no password and no library until she signs up with this e-mail address. Inviting her again changes
/// nothing.
#[utoipa::path(
    post, path = "/api/v1/people", tag = "operator", operation_id = "invite", request_body = InviteJson,
    responses((status = 201, description = "Invited", body = PersonJson)),
)]
pub(super) async fn invite(_: Operator, body: Body, platform: web::Data<Platform>) -> Created<PersonJson> {
    let InviteJson { email } = body.json()?;
    let tx = platform.db.begin_write().await?;
    let person = consent_people::invite(&tx, &email, &platform.ambient).await?;
    tx.commit().await?;
    Ok(created(person.into()))
}

/// Lists all persons, oldest first, or the one with an e-mail address.
#[utoipa::path(
    get, path = "/api/v1/people", tag = "operator", operation_id = "listPeople",
    params(PeopleQuery), responses((status = 200, description = "A page of persons", body = Listing<PersonJson>)),
)]
pub(super) async fn list(
    _: Operator,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<PersonJson>> {
    let PeopleQuery { email, after, limit } = place.query()?;
    let cursor = cursor(after, limit)?;
    if let Some(email) = email {
        let found = consent_people::find_by_email(&platform.db, &email).await?;
        return Ok(web::Json(Listing::whole(found.into_iter().map(PersonJson::from).collect())));
    }
    let page = consent_people::list(&platform.db, &cursor).await?;
    Ok(web::Json(page.into()))
}
