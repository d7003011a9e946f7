//! Finding events again (`protocol/signatu-consent-api.md` §6).

use actix_web::{HttpResponse, http::header::LINK, web};
use consent_core::Cursor;
use consent_events::{EventId, EventsError, Filter};
use serde::Deserialize;
use url::form_urlencoded;

use super::{Version, caller::Caller, error::ConsentError, event::EventJson, record::vault_in};
use crate::{
    flows::{self, ConsentSearch, Found},
    http::{
        api::{Place, invalid},
        error::Refusal,
    },
    platform::Platform,
};

/// So many events are answered at once; the protocol knows no pages, so more than most subjects ever have.
const MOST: u64 = 1000;

/// `GET consents/{event}`.
pub(super) async fn by_id(
    caller: Caller,
    place: Place,
    platform: web::Data<Platform>,
) -> Result<web::Json<EventJson>, ConsentError> {
    let event = consent_events::find(&platform.db, &caller.0.id, &event_in(&place)?).await?;
    Ok(web::Json(EventJson::new(event, Version::of(place.request().path()))))
}

/// `GET consents/token/{token}`: the newest of the app's events with this token.
pub(super) async fn by_token(
    caller: Caller,
    place: Place,
    platform: web::Data<Platform>,
) -> Result<web::Json<EventJson>, ConsentError> {
    let token = place.segment("token");
    let event = consent_events::find_by_token(&platform.db, &caller.0.id, token).await?;
    Ok(web::Json(EventJson::new(event, Version::of(place.request().path()))))
}

/// `GET consents/search`, at version 1 `GET consents`: always a list, newest first. Where there is more than is answered at
/// once, the header `Link` says where to go on.
pub(super) async fn search(
    caller: Caller,
    place: Place,
    platform: web::Data<Platform>,
) -> Result<HttpResponse, ConsentError> {
    let version = Version::of(place.request().path());
    let search = place.query::<Query>()?.understood(version, vault_in(&place)?)?;
    let Found { events, next } = flows::search_consents(&platform, &caller.0, &search).await?;
    let mut response = HttpResponse::Ok();
    if let Some(next) = next {
        let address = format!("{}{}", platform.public_url, following(place.request(), &next));
        response.insert_header((LINK, format!("<{address}>; rel=\"next\"")));
    }
    Ok(response.json(events.into_iter().map(|event| EventJson::new(event, version)).collect::<Vec<_>>()))
}

/// The id that a path names. Text that is no id names nothing.
pub(super) fn event_in(place: &Place) -> Result<EventId, EventsError> {
    place.segment("event").parse().map_err(|_| EventsError::NotFound)
}

/// What a search asks for; members that nobody knows are ignored.
#[derive(Deserialize)]
struct Query {
    subject: Option<String>,
    target: Option<String>,
    issuer: Option<String>,
    scope: Option<String>,
    source: Option<String>,
    current: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

impl Query {
    fn understood(self, version: Version, vault_id: Option<String>) -> Result<ConsentSearch, Refusal> {
        let v0 = version == Version::V0;
        let given = |text: Option<String>| text.filter(|text| v0 || !text.is_empty());
        let missing = |name: &str| invalid(name, "is missing");
        let target = given(self.target);
        if v0 && target.is_none() {
            return Err(missing("target"));
        }
        let filter = Filter {
            subject: given(self.subject).ok_or_else(|| missing("subject"))?,
            issuer: given(self.issuer),
            // Version 1 looks at the scope only beside a target.
            scope: given(self.scope).filter(|_| target.is_some()),
            target,
            vault_id,
        };
        let source = self.source.filter(|_| v0);
        check([("issuer", &filter.issuer), ("target", &filter.target), ("scope", &filter.scope)])?;
        Ok(ConsentSearch {
            filter,
            source,
            current: flag(self.current.as_deref())?,
            cursor: cursor(self.after, self.limit.as_deref())?,
        })
    }
}

/// An empty text is in no event, and must not be taken for an absent one.
fn check(texts: [(&str, &Option<String>); 3]) -> Result<(), Refusal> {
    let empty = texts.into_iter().find(|(_, text)| text.as_ref().is_some_and(String::is_empty));
    empty.map_or(Ok(()), |(name, _)| Err(invalid(name, "must not be empty; leave it out")))
}

fn flag(text: Option<&str>) -> Result<bool, Refusal> {
    match text {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(invalid("current", "must be true or false")),
    }
}

fn cursor(after: Option<String>, limit: Option<&str>) -> Result<Cursor, Refusal> {
    let read = limit.map(str::parse::<u64>).transpose();
    let limit = read.ok().map(|limit| limit.unwrap_or(MOST)).filter(|limit| (1..=MOST).contains(limit));
    let limit = limit.ok_or_else(|| invalid("limit", "must be a whole number from 1 to 1000"))?;
    Ok(Cursor { after, limit })
}

/// The path and query of the page after this one.
fn following(request: &actix_web::HttpRequest, next: &str) -> String {
    let pairs = form_urlencoded::parse(request.query_string().as_bytes());
    let others = pairs.filter(|(name, _)| name != "after");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(others).append_pair("after", next);
    format!("{}?{}", request.path(), query.finish())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn query(text: &str, version: Version) -> Result<ConsentSearch, Vec<(String, String)>> {
        let request = TestRequest::with_uri(&format!("/x?{text}")).to_http_request();
        let query: Query = Place::of(&request).query().unwrap();
        query.understood(version, None).map_err(|refusal| refusal.fields)
    }

    #[test]
    fn the_versions_ask_for_different_things() {
        let (v0, v1) = (Version::V0, Version::V1);
        let missing = |fields: Result<ConsentSearch, Vec<(String, String)>>| fields.unwrap_err()[0].0.clone();
        assert_eq!(missing(query("subject=a", v0)), "target");
        assert_eq!(missing(query("target=t", v1)), "subject");
        assert_eq!(missing(query("subject=&target=t", v1)), "subject", "an empty text is none");
        assert_eq!(missing(query("subject=a&target=t&issuer=", v0)), "issuer");
        let found = query("subject=a&scope=s&issuer=&source=x", v1).unwrap();
        assert_eq!((found.filter.scope, found.filter.issuer, found.source), (None, None, None));
        let found = query("subject=a&target=t&scope=s&source=x&current=true", v0).unwrap();
        assert_eq!((found.filter.scope.as_deref(), found.source.as_deref()), (Some("s"), Some("x")));
        assert!(found.current);
        for wrong in ["current=1", "limit=0", "limit=1001", "limit=x"] {
            assert!(query(&format!("subject=a&target=t&{wrong}"), v0).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_next_page_has_the_same_question() {
        let request =
            TestRequest::with_uri("/consent/v1/consents?subject=a%20b&after=7&limit=2").to_http_request();
        assert_eq!(following(&request, "5"), "/consent/v1/consents?subject=a+b&limit=2&after=5");
    }
}
