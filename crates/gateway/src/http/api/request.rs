//! What a caller says. None of these extractors refuses anything by itself: handlers look into them after another one
//! has proved who is calling, so that nobody learns what is wrong with a request who may not make it.

use std::{convert::Infallible, fmt, future::ready, net::IpAddr, pin::Pin, str::FromStr};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_LENGTH, USER_AGENT},
    web::Bytes,
};
use consent_auth::AuthError;
use consent_contracts::ContractsError;
use consent_core::{AccountId, AppId, ContractId, Cursor, FileId, GrantId, PersonId, RequestId, SignInId};
use consent_people::PeopleError;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value, error::Category};
use utoipa::IntoParams;

use crate::http::{error::Refusal, extract};

/// Everything but the body: path, query, headers, address.
pub(in crate::http) struct Place(HttpRequest);

/// Something that a path names.
pub(in crate::http) trait InPath: FromStr {
    /// The name of the segment.
    const SEGMENT: &str;

    /// Text that is no id names nothing.
    fn unknown() -> Refusal;
}

impl InPath for AppId {
    const SEGMENT: &str = "app";

    fn unknown() -> Refusal {
        ContractsError::UnknownApp.into()
    }
}

impl InPath for ContractId {
    const SEGMENT: &str = "contract";

    fn unknown() -> Refusal {
        ContractsError::UnknownContract.into()
    }
}

impl InPath for GrantId {
    const SEGMENT: &str = "grant";

    fn unknown() -> Refusal {
        Refusal::new(404, "GrantNotFound", "there is no such grant")
    }
}

impl InPath for PersonId {
    const SEGMENT: &str = "person";

    fn unknown() -> Refusal {
        PeopleError::UnknownPerson.into()
    }
}

impl InPath for AccountId {
    const SEGMENT: &str = "account";

    fn unknown() -> Refusal {
        Refusal::new(404, "AccountNotFound", "there is no such account")
    }
}

impl InPath for FileId {
    const SEGMENT: &str = "file";

    fn unknown() -> Refusal {
        Refusal::new(404, "FileNotFound", "there is no such file")
    }
}

impl InPath for RequestId {
    const SEGMENT: &str = "request";

    fn unknown() -> Refusal {
        AuthError::UnknownRequest.into()
    }
}

impl InPath for SignInId {
    const SEGMENT: &str = "signIn";

    fn unknown() -> Refusal {
        Refusal::new(404, "SignInNotFound", "there is no such sign-in")
    }
}

/// Where a list goes on, and how much of it.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// `next` of the page before; the first page without it.
    after: Option<String>,
    /// At most this many entries; 50 without it.
    #[serde(default, deserialize_with = "whole_number")]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

impl FromRequest for Place {
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.clone())))
    }
}

impl Place {
    /// What a request says.
    pub fn of(request: &HttpRequest) -> Self {
        Self(request.clone())
    }

    /// The request itself, for its cookies.
    pub fn request(&self) -> &HttpRequest {
        &self.0
    }

    /// What the path names.
    pub fn id<T: InPath>(&self) -> Result<T, Refusal> {
        self.segment(T::SEGMENT).parse().map_err(|_| T::unknown())
    }

    /// A segment of the path.
    pub fn segment(&self, name: &str) -> &str {
        self.0.match_info().get(name).unwrap_or_default()
    }

    /// The parameters of the query, each at most once.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let mut members = Map::new();
        for (name, value) in url::form_urlencoded::parse(self.0.query_string().as_bytes()) {
            if members.insert(name.to_string(), value.into()).is_some() {
                return Err(invalid(&name, "is given twice; leave one out"));
            }
        }
        from_value(Value::Object(members))
    }

    /// One parameter of the query; what else there is does not matter.
    pub fn query_value(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.0.query_string().as_bytes());
        pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
    }

    /// What a parameter of the query names, called like the segment of a path would be; none where it is left empty.
    pub fn id_in_query<T: InPath>(&self) -> Result<Option<T>, Refusal> {
        let given = self.query_value(T::SEGMENT).filter(|id| !id.is_empty());
        given.map(|id| id.parse().map_err(|_| T::unknown())).transpose()
    }

    /// Where a list goes on, for lists without other parameters.
    pub fn cursor(&self) -> Result<Cursor, Refusal> {
        let Paging { after, limit } = self.query()?;
        cursor(after, limit)
    }

    /// The network address of the caller.
    pub fn address(&self) -> IpAddr {
        extract::address(&self.0)
    }

    /// What the caller's program calls itself.
    pub fn user_agent(&self) -> Option<String> {
        Some(self.0.headers().get(USER_AGENT)?.to_str().ok()?.to_owned())
    }

    /// The media type of the body, without parameters.
    pub fn media_type(&self) -> String {
        self.0.content_type().to_ascii_lowercase()
    }

    /// How long the body is, if the caller says so.
    pub fn content_length(&self) -> Option<u64> {
        self.0.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }
}

/// Where a list goes on.
pub(super) fn cursor(after: Option<String>, limit: Option<u64>) -> Result<Cursor, Refusal> {
    let plain = |after: &String| after.len() <= 100 && after.bytes().all(|b| b.is_ascii_graphic());
    if !after.as_ref().is_none_or(plain) {
        return Err(invalid("after", "is no cursor of this list; pass `next` of the page before"));
    }
    Ok(Cursor::new(after, limit))
}

/// Parameters of a query are text, numbers too.
pub(super) fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| serde::de::Error::custom("must be a whole number"))
}

/// The body, read and not yet understood.
pub(in crate::http) struct Body {
    media_type: String,
    bytes: Result<Bytes, Refusal>,
}

impl FromRequest for Body {
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Infallible>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = request.content_type().to_ascii_lowercase();
        let limit = extract::platform(request).config.limits.json_bytes;
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|error| match error.as_error::<PayloadError>() {
                Some(PayloadError::Overflow) => too_large(limit),
                _ => Refusal::new(400, "BodyBroken", "The body did not arrive in full; nothing was changed"),
            });
            Ok(Self { media_type, bytes })
        })
    }
}

impl Body {
    /// A body that came in full.
    #[cfg(test)]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self { media_type: media_type.to_owned(), bytes: Ok(Bytes::copy_from_slice(bytes)) }
    }

    /// The JSON that the body is.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        let bytes = self.bytes?;
        if self.media_type != "application/json" {
            let message = "The body must be JSON; send it with Content-Type: application/json";
            return Err(Refusal::new(415, "UnsupportedMediaType", message));
        }
        from_slice(&bytes)
    }

    /// The same where a body may be left out.
    pub fn json_if_any<T: DeserializeOwned + Default>(self) -> Result<T, Refusal> {
        if self.bytes.as_ref().is_ok_and(Bytes::is_empty) { Ok(T::default()) } else { self.json() }
    }

    /// The bytes, as far as they came.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or_default()
    }

    /// The media type without parameters, and the bytes.
    pub fn into_parts(self) -> Result<(String, Bytes), Refusal> {
        Ok((self.media_type, self.bytes?))
    }

    /// The text that the body is, whatever its media type.
    pub fn text(self) -> Result<String, Refusal> {
        let text = String::from_utf8(self.bytes?.to_vec());
        text.map_err(|_| Refusal::new(400, "BodyBroken", "The body is not text (UTF-8)"))
    }
}

/// More than the limit came, or was announced.
pub(super) fn too_large(limit: impl fmt::Display) -> Refusal {
    Refusal::new(413, "PayloadTooLarge", format!("The body is too large: this server accepts {limit}"))
}

/// A field breaks a rule.
pub(in crate::http) fn invalid(field: &str, reason: &str) -> Refusal {
    Refusal::new(422, "ValidationErrors", format!("{field}: {reason}")).field(field, reason)
}

fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // A list would pass for an object whose members come in order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(invalid("body", "must be an object; begin it with {"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(misunderstood)?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// The same for JSON that was parsed already.
pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value).map_err(misunderstood)
}

/// What JSON that does not fit is refused with; names the field by its path.
pub(in crate::http) fn misunderstood(error: serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let path = error.path().to_string();
    let error = error.into_inner();
    if error.classify() != Category::Data {
        return malformed(&error);
    }
    let reason = error.to_string();
    if path != "." {
        return invalid(&path, &reason);
    }
    match reason.split('`').collect::<Vec<_>>()[..] {
        ["missing field ", field, _] => invalid(field, "is missing"),
        ["duplicate field ", field, _] => invalid(field, "is given twice; leave one out"),
        _ => invalid("body", &reason),
    }
}

/// What is no JSON.
pub(in crate::http) fn malformed(error: &serde_json::Error) -> Refusal {
    Refusal::new(400, "MalformedJson", format!("The body is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only parsed")]
        name: String,
        #[expect(dead_code, reason = "only parsed")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only parsed")]
        id: u8,
    }

    fn refused(json: &str) -> (u16, Vec<(String, String)>) {
        let refusal = from_slice::<Outer>(json.as_bytes()).unwrap_err();
        (refusal.status.as_u16(), refusal.fields)
    }

    #[test]
    fn a_wrong_field_is_named_with_its_place() {
        let named = |json: &str| {
            let (status, fields) = refused(json);
            assert_eq!(status, 422, "{json}");
            fields[0].0.clone()
        };
        assert_eq!(named(r#"{"inner": []}"#), "name");
        assert_eq!(named(r#"{"name": 1, "inner": []}"#), "name");
        assert_eq!(named(r#"{"name": "a", "inner": [{"id": 1}, {"id": 256}]}"#), "inner[1].id");
        assert_eq!(named(r#"{"name": "a", "inner": [{}]}"#), "inner[0]");
        assert_eq!(named(r#"{"name": "a", "inner": [], "more": 1}"#), "more");
        assert_eq!(named(r#"{"name": "a", "name": "b", "inner": []}"#), "name");
        assert_eq!(named(r#"["a", []]"#), "body");
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_line() {
        for json in ["", "{", "{\"name\": }", "{} {}", "\u{0}", "nul"] {
            assert_eq!(refused(json).0, if json == "{} {}" { 422 } else { 400 }, "{json:?}");
        }
        let deep = "{\"a\":".repeat(10_000);
        let refusal = from_slice::<Value>(deep.as_bytes()).unwrap_err();
        assert!(refusal.message.contains("line 1 column"), "{}", refusal.message);
        assert_eq!(from_slice::<Value>(b"{} {}").unwrap_err().code, "MalformedJson");
    }

    #[test]
    fn paging_is_text_that_becomes_numbers() {
        let Paging { after, limit } = from_value(json!({ "after": "a", "limit": "7" })).unwrap();
        assert_eq!(cursor(after, limit).unwrap(), Cursor { after: Some("a".to_owned()), limit: 7 });
        let refusal = from_value::<Paging>(json!({ "limit": "many" })).unwrap_err();
        assert_eq!(refusal.fields, [("limit".to_owned(), "must be a whole number".to_owned())]);
        assert!(cursor(Some("a\0".to_owned()), None).is_err());
    }
}
