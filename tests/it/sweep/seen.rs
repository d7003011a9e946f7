//! An answer that has the headers and the shape that every answer of its door has.

use consent_client::reqwest::{Response, header::HeaderMap};
use harness::{Tag, Visit};
use serde_json::Value;

use super::stage::Ids;

/// An answer whose headers and shape are those of its door.
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    /// What was refused, or `sign-in` for who is sent to sign in.
    pub code: String,
}

impl Seen {
    pub async fn of(path: &str, response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let has = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!(has("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(has("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(has("x-frame-options"), "DENY", "{path}");
        // What a person keeps in her library has a policy of its own.
        let content = path.starts_with("/library/files/") && path.ends_with("/content") && status == 200;
        let directive = if content { "sandbox" } else { "frame-ancestors 'none'" };
        assert!(has("content-security-policy").contains(directive), "{path}");
        let request_id = has("x-request-id");
        assert!(
            request_id.len() == 32 && request_id.bytes().all(|b| b.is_ascii_hexdigit()),
            "{path}: {request_id}"
        );
        assert!(
            !headers.contains_key("server") && !headers.contains_key("access-control-allow-origin"),
            "{path}"
        );
        assert!(status < 500, "{path}: {status}");
        let bytes = response.bytes().await.unwrap();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let code = match status {
            400.. => refusal_code(path, status, &headers, &body),
            // What was sent is not sent again to where it leads.
            303 => signed_out_code(path, &headers, &body),
            300.. => panic!("{path}: {status}"),
            _ => String::new(),
        };
        if headers.get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8") {
            page_runs_nothing(path, &headers, &body);
        }
        Self { status, headers, body, code }
    }

    pub fn outcome(&self) -> String {
        format!("{} {}", self.status, self.code)
    }

    /// The whole refusal, but for the ids that it may repeat.
    pub fn without(&self, ids: &Ids) -> String {
        let body = ids.values().fold(self.body.clone(), |body, value| body.replace(value, "…"));
        let reference = self.headers["x-request-id"].to_str().unwrap();
        format!("{} {}", self.status, body.replace(reference, "…"))
    }
}

/// A page loads nothing foreign, runs nothing, and sends its forms here; nor does any cache keep it.
pub fn page_runs_nothing(path: &str, headers: &HeaderMap, body: &str) {
    assert_eq!(headers["cache-control"], "no-store", "{path}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    for directive in ["default-src 'none';", "form-action 'self'", "base-uri 'none';"] {
        assert!(policy.contains(directive), "{path}: {policy}");
    }
    let page = Visit { status: 200, headers: headers.clone(), bytes: Vec::new(), body: body.to_owned() };
    for tag in page.tags() {
        let Tag { name, attributes } = &tag;
        assert!(
            !["script", "style", "iframe", "object", "embed", "base"].contains(&name.as_str()),
            "{path}: {tag:?}"
        );
        for (attribute, value) in attributes {
            assert!(!attribute.starts_with("on") && attribute != "style", "{path}: {tag:?}");
            match attribute.as_str() {
                "action" | "formaction" | "src" => assert!(is_path(value), "{path}: {tag:?}"),
                "href" if is_path(value) || value.starts_with('#') => {}
                "href" => {
                    assert!(value.starts_with("https://"), "{path}: {tag:?}");
                    assert!(tag.get("rel").contains("noreferrer"), "{path}: {tag:?}");
                }
                _ => {}
            }
        }
    }
}

fn is_path(value: &str) -> bool {
    value.starts_with('/') && !value.starts_with("//") && !value.contains('\\')
}

fn signed_out_code(path: &str, headers: &HeaderMap, body: &str) -> String {
    assert_eq!(body, "", "{path}");
    let location = headers["location"].to_str().unwrap();
    if location.starts_with("/sign-in?next=%2F") { "sign-in".to_owned() } else { location.to_owned() }
}

/// The code of a refusal, once its shape is seen to be that of its door.
fn refusal_code(path: &str, status: u16, headers: &HeaderMap, body: &str) -> String {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let json = || serde_json::from_str::<Value>(body).unwrap_or_else(|_| panic!("{path}: {kind} {body}"));
    if path.starts_with("/api/") {
        assert_eq!(kind, "application/problem+json", "{path}: {body}");
        assert_eq!(headers.contains_key("www-authenticate"), status == 401, "{path}");
        if body.is_empty() {
            return String::new();
        }
        let json = json();
        assert_eq!(json["status"], status, "{path}");
        for member in ["type", "title", "code", "detail"] {
            assert!(json[member].as_str().is_some_and(|text| !text.is_empty()), "{path}: {member} of {json}");
        }
        json["code"].as_str().unwrap().to_owned()
    } else if path.starts_with("/consent/") {
        assert_eq!(kind, "application/json", "{path}: {body}");
        assert_eq!(headers.contains_key("www-authenticate"), status == 401, "{path}");
        assert_ne!(status, 400, "{path}: clients would try again for 16 seconds");
        if body.is_empty() {
            return String::new();
        }
        let error = &json()["error"];
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{path}: {body}");
        error["code"].as_str().unwrap().to_owned()
    } else if path.starts_with("/oauth/v0/") {
        assert_eq!(kind, "application/json", "{path}: {body}");
        if body.is_empty() {
            return String::new();
        }
        assert!(json()["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{path}: {body}");
        json()["error"].as_str().unwrap().to_owned()
    } else if path.starts_with("/v1") {
        assert_eq!(kind, "application/json", "{path}: {body}");
        let code = headers["x-error-code"].to_str().unwrap().to_owned();
        assert!(!headers["x-error-message"].is_empty(), "{path}");
        if !body.is_empty() {
            assert_eq!(json()["error"]["code"], code.as_str(), "{path}");
            assert!(json()["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
        }
        code
    } else {
        assert_eq!(kind, "text/html; charset=utf-8", "{path}: {body}");
        assert!(body.is_empty() || body.starts_with("<!doctype html>"), "{path}: {body}");
        "page".to_owned()
    }
}
