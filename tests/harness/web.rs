//! A browser's HTTP side without a browser: keeps cookies, reads forms out of pages, and sends them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use consent_client::{
    Url,
    reqwest::{Method, RequestBuilder, Response, header::HeaderMap},
};

use crate::{Person, TestPlatform};

/// What stands between the parts of an upload.
const BOUNDARY: &str = "----of-these-stories";

/// Somebody's browser, as far as the server sees it. Goes nowhere by itself: redirects are followed when asked for.
pub struct Web<'p> {
    platform: &'p TestPlatform,
    cookies: Mutex<BTreeMap<String, String>>,
    says: Vec<(String, String)>,
}

/// An answer that a browser got.
#[derive(Debug, Clone)]
pub struct Visit {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its content.
    pub bytes: Vec<u8>,
    /// The same as text.
    pub body: String,
}

/// A form on a page, as a browser would send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HtmlForm {
    /// Where it goes.
    pub action: String,
    /// Whether it takes files.
    pub takes_files: bool,
    /// What is filled in and ticked, in the order of the page; no buttons.
    pub fields: Vec<(String, String)>,
    /// The buttons that say something, by name and value.
    pub buttons: Vec<(String, String)>,
}

/// A start tag of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name, in lower case.
    pub name: String,
    /// Its attributes, decoded; empty for one without a value.
    pub attributes: BTreeMap<String, String>,
}

/// A part of an upload.
#[derive(Debug, Clone)]
pub struct Part {
    head: String,
    content: Vec<u8>,
}

impl<'p> Web<'p> {
    /// The cookie of a sign-in.
    pub const SIGN_IN: &'static str = "consent-sign-in";

    /// A browser that has never been here.
    #[must_use]
    pub fn new(platform: &'p TestPlatform) -> Self {
        Self { platform, cookies: Mutex::default(), says: Vec::new() }
    }

    /// A browser in which a person is signed in.
    #[must_use]
    pub fn of(platform: &'p TestPlatform, person: &Person<'_>) -> Self {
        Self::new(platform).with_cookie(Self::SIGN_IN, &person.token)
    }

    /// The same browser, with a further header on every request.
    #[must_use]
    pub fn saying(&self, header: &str, value: &str) -> Self {
        let mut says = self.says.clone();
        says.push((header.to_owned(), value.to_owned()));
        Self { platform: self.platform, cookies: Mutex::new(self.cookies().clone()), says }
    }

    /// The same browser, with another cookie.
    #[must_use]
    pub fn with_cookie(self, name: &str, value: &str) -> Self {
        self.keep(name, value);
        self
    }

    /// Keeps a cookie, wherever it comes from.
    pub fn keep(&self, name: &str, value: &str) {
        self.cookies().insert(name.to_owned(), value.to_owned());
    }

    /// Forgets a cookie.
    pub fn forget(&self, name: &str) {
        self.cookies().remove(name);
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies().get(name).cloned()
    }

    /// All cookies, by name.
    #[must_use]
    pub fn all_cookies(&self) -> BTreeMap<String, String> {
        self.cookies().clone()
    }

    fn cookies(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request with her cookies, not sent yet.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url =
            if path.starts_with('/') { format!("{}{path}", self.platform.url) } else { path.to_owned() };
        let mut request = self.platform.http().request(method, url);
        for (header, value) in &self.says {
            request = request.header(header, value);
        }
        let cookies: Vec<_> = self.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    /// Sends a request and keeps the cookies that come back.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub async fn sends(&self, request: RequestBuilder) -> Visit {
        let visit = Visit::of(request.send().await.expect("an answer")).await;
        for line in visit.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
            let (name, value) = pair.split_once('=').expect("a name and a value");
            if attributes.to_ascii_lowercase().contains("max-age=0") {
                self.forget(name);
            } else {
                self.keep(name, value);
            }
        }
        visit
    }

    /// Opens a path or a URL of the platform.
    pub async fn get(&self, path: &str) -> Visit {
        self.sends(self.request(Method::GET, path)).await
    }

    /// Sends these fields to a path.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Visit {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, *value)).collect();
        let request = self.request(Method::POST, path).header("content-type", HtmlForm::URLENCODED);
        self.sends(request.body(urlencoded(fields))).await
    }

    /// Sends a form.
    pub async fn submits(&self, form: &HtmlForm) -> Visit {
        let fields: Vec<_> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(&form.action, &fields).await
    }

    /// Sends an upload of these parts.
    pub async fn uploads(&self, path: &str, parts: &[Part]) -> Visit {
        let request = self.request(Method::POST, path).header("content-type", Part::content_type());
        self.sends(request.body(Part::body(parts))).await
    }

    /// Opens a page and sends its one form to `action`, changed.
    ///
    /// # Panics
    ///
    /// When the page has no such form.
    pub async fn fills(&self, page: &str, action: &str, change: impl FnOnce(HtmlForm) -> HtmlForm) -> Visit {
        let form = self.get(page).await.form(action);
        self.submits(&change(form)).await
    }

    /// Goes where an answer leads, as long as that is here.
    pub async fn follows(&self, mut visit: Visit) -> Visit {
        for _ in 0..10 {
            match visit.location() {
                Some(path) if path.starts_with('/') => visit = self.get(&path).await,
                _ => return visit,
            }
        }
        panic!("goes round in circles");
    }

    /// Signs in on the page for it.
    pub async fn signs_in(&self, email: &str, password: &str) -> Visit {
        let typed = |form: HtmlForm| form.with("email", email).with("password", password);
        self.fills("/sign-in", "/sign-in", typed).await
    }

    /// The token that the forms on a page of hers carry.
    ///
    /// # Panics
    ///
    /// When nobody is signed in.
    pub async fn csrf(&self) -> String {
        self.get("/security").await.form("/sign-out").value("csrf").expect("a token").to_owned()
    }
}

impl Visit {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a whole answer").to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Self { status, headers, bytes, body }
    }

    /// A header; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where the browser is sent.
    #[must_use]
    pub fn location(&self) -> Option<String> {
        self.headers.get("location").map(|value| value.to_str().expect("ASCII").to_owned())
    }

    /// Where the browser is sent, which must be with 303 and to another site.
    ///
    /// # Panics
    ///
    /// When it is not.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "that there is one may be all that matters")]
    pub fn back_at_the_app(&self) -> Url {
        assert_eq!(self.status, 303, "{}", self.text());
        self.location().expect("a location").parse().expect("a URL")
    }

    /// The value of a query parameter of the address that the browser is sent to.
    #[must_use]
    #[track_caller]
    pub fn told(&self, name: &str) -> Option<String> {
        let url = self.back_at_the_app();
        let mut values = url.query_pairs().filter(|(known, _)| known == name).map(|(_, value)| value);
        let value = values.next().map(std::borrow::Cow::into_owned);
        assert!(values.next().is_none(), "{name} is told once: {url}");
        value
    }

    /// The lines that set cookies.
    #[must_use]
    pub fn set_cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all("set-cookie").iter();
        lines.map(|line| line.to_str().expect("ASCII").to_owned()).collect()
    }

    /// The start tags of the page, in order.
    #[must_use]
    pub fn tags(&self) -> Vec<Tag> {
        tags(&self.body).into_iter().map(|(_, tag)| tag).collect()
    }

    /// What people read on the page: without tags, entities decoded, white space as one space.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut rest = self.body.as_str();
        while let Some((before, behind)) = rest.split_once('<') {
            text.push_str(&decoded(before));
            text.push(' ');
            rest = behind.split_once('>').map_or("", |(_, rest)| rest);
        }
        text.push_str(&decoded(rest));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether people read this on the page.
    #[must_use]
    pub fn shows(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    /// The forms of the page that change something, in order; searches are none of them.
    #[must_use]
    pub fn forms(&self) -> Vec<HtmlForm> {
        let (mut forms, mut searching): (Vec<HtmlForm>, bool) = Default::default();
        for (at, tag) in tags(&self.body) {
            if tag.name == "form" {
                searching = tag.get("role") == "search" && tag.get("method") == "get";
            }
            if searching {
                continue;
            }
            if tag.name == "form" {
                assert_eq!(tag.get("method"), "post", "forms change something");
                let takes_files = tag.get("enctype") == "multipart/form-data";
                let action = tag.get("action").to_owned();
                forms.push(HtmlForm { action, takes_files, fields: Vec::new(), buttons: Vec::new() });
            }
            let inside =
                self.body[..at].rfind("<form").is_some_and(|begin| !self.body[begin..at].contains("</form>"));
            let Some(form) = forms.last_mut().filter(|_| inside && !tag.get("name").is_empty()) else {
                continue;
            };
            let pair = (tag.get("name").to_owned(), tag.get("value").to_owned());
            match (tag.name.as_str(), tag.get("type")) {
                ("button", _) => form.buttons.push(pair),
                ("input", "checkbox") if !tag.attributes.contains_key("checked") => {}
                ("input", "file") => {}
                ("input", _) => form.fields.push(pair),
                (other, _) => panic!("what does a browser do with {other}?"),
            }
        }
        forms
    }

    /// The first form of the page that goes to this path.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn form(&self, action: &str) -> HtmlForm {
        let forms = self.forms();
        let found = forms.iter().find(|form| form.action == action).cloned();
        found.unwrap_or_else(|| panic!("no form for {action}, {}: {forms:?}\n{}", self.status, self.text()))
    }
}

impl HtmlForm {
    const URLENCODED: &'static str = "application/x-www-form-urlencoded";

    /// The first value of a field.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a field.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The same form with another value in a field.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        self.without(name).also(name, value)
    }

    /// The same form with one more value in a field.
    #[must_use]
    pub fn also(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same form without a field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// The same form, sent with a button of its own.
    ///
    /// # Panics
    ///
    /// When it has no such button.
    #[must_use]
    #[track_caller]
    pub fn pressing(self, name: &str, value: &str) -> Self {
        let button = (name.to_owned(), value.to_owned());
        assert!(self.buttons.contains(&button), "{button:?} of {:?}", self.buttons);
        self.also(name, value)
    }
}

impl Tag {
    /// An attribute; empty when it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

impl Part {
    /// A field.
    #[must_use]
    pub fn field(name: &str, value: &str) -> Self {
        let head = format!("content-disposition: form-data; name=\"{name}\"");
        Self { head, content: value.as_bytes().to_vec() }
    }

    /// A file, its name encoded as browsers do (HTML, "multipart/form-data encoding algorithm").
    #[must_use]
    pub fn file(name: &str, media_type: &str, content: impl Into<Vec<u8>>) -> Self {
        let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        let media_type =
            if media_type.is_empty() { String::new() } else { format!("\r\ncontent-type: {media_type}") };
        let head = format!("content-disposition: form-data; name=\"file\"; filename=\"{name}\"{media_type}");
        Self { head, content: content.into() }
    }

    /// A part with headers of the teller's own making.
    #[must_use]
    pub fn raw(head: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { head: head.to_owned(), content: content.into() }
    }

    /// The media type of an upload.
    #[must_use]
    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// The body of an upload.
    #[must_use]
    pub fn body(parts: &[Self]) -> Vec<u8> {
        let mut body = Self::beginning(parts);
        body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        body
    }

    /// The body of an upload without its end.
    #[must_use]
    pub fn beginning(parts: &[Self]) -> Vec<u8> {
        let mut body = Vec::new();
        for part in parts {
            body.extend(format!("--{BOUNDARY}\r\n{}\r\n\r\n", part.head).into_bytes());
            body.extend(&part.content);
            body.extend(b"\r\n");
        }
        body
    }
}

/// A body as forms send it.
#[must_use]
pub fn urlencoded<'f>(fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> String {
    let mut url: Url = "http://form.invalid/".parse().expect("a URL");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// The start tags of a page, and where each begins. Enough for pages that are well formed.
fn tags(html: &str) -> Vec<(usize, Tag)> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(next) = html[at..].find('<') {
        let begin = at + next;
        at = begin + 1;
        if !html[at..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let named = html[at..].find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or_default();
        let name = html[at..at + named].to_ascii_lowercase();
        at += named;
        let mut attributes = BTreeMap::new();
        loop {
            let rest = html[at..].trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            at = html.len() - rest.len();
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
            let attribute = rest[..end].to_ascii_lowercase();
            at += end;
            let Some(value) = html[at..].strip_prefix('=') else {
                attributes.insert(attribute, String::new());
                continue;
            };
            let value = value.strip_prefix('"').expect("values stand in double quotes");
            let (value, _) = value.split_once('"').expect("an end");
            at += 1 + value.len() + 2;
            assert!(attributes.insert(attribute, decoded(value)).is_none(), "twice in {name}");
        }
        tags.push((begin, Tag { name, attributes }));
    }
    tags
}

/// Text without entities.
fn decoded(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, behind)) = rest.split_once('&') {
        text.push_str(before);
        let (entity, behind) = behind.split_once(';').expect("every & begins an entity");
        text.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            number => {
                let number = number.strip_prefix('#').expect("a known entity");
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                code.ok().and_then(char::from_u32).expect("a character")
            }
        });
        rest = behind;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Visit {
        let (bytes, body) = (body.as_bytes().to_vec(), body.to_owned());
        Visit { status: 200, headers: HeaderMap::new(), bytes, body }
    }

    #[test]
    fn a_form_says_what_a_browser_would_send() {
        let page = page(
            "<!doctype html><p>a &lt;b&gt;&#38;&#x26;</p><form class=\"x\" method=\"post\" action=\"/a?b&amp;c\">\
             <input type=\"hidden\" name=\"csrf\" value=\"&#34;1\">\
             <input type=\"checkbox\" name=\"box\" value=\"1\" checked>\
             <input type=\"checkbox\" name=\"box\" value=\"2\"><input type=file name=\"no\"></form>"
                .replace("type=file", "type=\"file\"")
                .as_str(),
        );
        let form = page.form("/a?b&c");
        let expected = [("csrf", "\"1"), ("box", "1")];
        assert_eq!(form.fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(page.text(), "a <b>&&");
        assert_eq!(form.with("box", "3").values("box"), ["3"]);
        assert_eq!(urlencoded([("a", "b &=+ü")]), "a=b+%26%3D%2B%C3%BC");
    }
}
