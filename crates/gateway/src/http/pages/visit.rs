//! Who visits a page, and what a form says. Forms are answered only when they carry the token of the page they were
//! on: of the sign-in, or, for somebody who is not signed in, of her browser.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, dev::Payload, error::PayloadError, http::header::HeaderValue,
    web::Bytes,
};
use consent_core::GrantId;
use consent_crypto::{
    Secret, SecretKind,
    digest::{constant_time_eq, hex, sha256},
};
use consent_grants::Grant;
use consent_pages::{Frame, Notice, Section, Tone, Who};
use consent_people::Person;
use url::form_urlencoded;

use super::{PageError, cookies, said};
use crate::{
    flows::SignedIn,
    http::{api::Place, error::Refusal, extract, urls},
    platform::Platform,
};

/// The field of every form that says from which page it comes.
pub(super) const CSRF: &str = "csrf";

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, PageError>>>>;

/// Somebody who visits a page.
pub(in crate::http) struct Visitor {
    /// What the request says.
    pub place: Place,
    /// Who it is, if she is signed in.
    pub known: Option<(SignedIn, Person)>,
    /// What ties the forms of somebody who is not signed in to her browser.
    form_key: FormKey,
}

/// What ties a form to a browser, and whether the browser has it already.
struct FormKey {
    value: String,
    new: bool,
}

/// Somebody who is signed in; others are sent to sign in.
pub(in crate::http) struct Known {
    /// What the request says.
    pub place: Place,
    /// Her sign-in.
    pub who: SignedIn,
    /// Who she is.
    pub person: Person,
}

/// A form, and who sent it.
pub(in crate::http) struct Posted<V> {
    /// Who sent it.
    pub by: V,
    /// What it says.
    pub form: Form,
}

/// The fields of a form, in the order in which they came.
pub(in crate::http) struct Form(Vec<(String, String)>);

/// Who can send forms.
pub(in crate::http) trait Sender {
    /// The token that her forms carry.
    fn csrf(&self) -> String;
}

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let platform = extract::platform(&request);
            let known = known(&platform, &request).await?;
            let form_key = FormKey::of(&platform, &request);
            Ok(Self { place: Place::of(&request), known, form_key })
        })
    }
}

impl FromRequest for Known {
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            match known(&extract::platform(&request), &request).await? {
                Some((who, person)) => Ok(Self { place: Place::of(&request), who, person }),
                None if request.method().is_safe() => {
                    let wanted = request.uri().path_and_query().map(ToString::to_string);
                    Err(PageError::SignIn { next: wanted.unwrap_or_default() })
                }
                None => Err(PageError::SignIn { next: urls::page_of(request.path()) }),
            }
        })
    }
}

impl<V> FromRequest for Posted<V>
where
    V: FromRequest<Error = PageError> + Sender + 'static,
{
    type Error = PageError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (by, body) = (V::from_request(request, payload), Bytes::from_request(request, payload));
        let request = request.clone();
        Box::pin(async move {
            let by = by.await?;
            let body = body.await.map_err(|error| match error.as_error::<PayloadError>() {
                Some(PayloadError::Overflow) => Refusal::new(413, "TooLarge", "This form is too large"),
                _ => Refusal::new(400, "FormBroken", "The form did not arrive in full; nothing was changed"),
            })?;
            let form = Form(form_urlencoded::parse(&body).into_owned().collect());
            check_form(&request, &by, form.one(CSRF))?;
            Ok(Self { by, form })
        })
    }
}

/// Refuses a form that comes from elsewhere: without the sender's token, or from another site by the browser's own word
/// (Fetch Metadata).
pub(super) fn check_form(request: &HttpRequest, by: &impl Sender, token: &str) -> Result<(), PageError> {
    if is_ours(request) && constant_time_eq(by.csrf().as_bytes(), token.as_bytes()) {
        return Ok(());
    }
    Err(Refusal::new(
        403,
        "FormExpired",
        "You have signed in or out since this page was opened. Nothing was changed; open the page again",
    )
    .into())
}

/// Whether a request comes from a page of ours, as far as the browser says (Fetch Metadata).
pub(super) fn is_ours(request: &HttpRequest) -> bool {
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_none_or(|site| site == b"same-origin")
}

/// Who is signed in by her cookie, as far as that says anything.
async fn known(platform: &Platform, request: &HttpRequest) -> Result<Option<(SignedIn, Person)>, PageError> {
    let value = cookies::value(platform, request, cookies::SIGN_IN);
    let Some(secret) = value.and_then(|value| Secret::parse(SecretKind::SignIn, &value).ok()) else {
        return Ok(None);
    };
    let Some(who) = extract::signed_in(platform, secret).await? else { return Ok(None) };
    let person = consent_people::find(&platform.db, &who.sign_in.person).await?;
    Ok(Some((who, person)))
}

impl FormKey {
    fn of(platform: &Platform, request: &HttpRequest) -> Self {
        let known = cookies::value(platform, request, cookies::FORM);
        match known.filter(|value| value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit())) {
            Some(value) => Self { value, new: false },
            None => Self { value: hex(&platform.ambient.random::<16>()), new: true },
        }
    }
}

fn token(key: &str) -> String {
    hex(&sha256(format!("form of {key}").as_bytes()))
}

impl Sender for Visitor {
    fn csrf(&self) -> String {
        token(&self.form_key.value)
    }
}

impl Sender for Known {
    fn csrf(&self) -> String {
        token(&self.who.secret.expose())
    }
}

impl Visitor {
    /// What stands around a page for somebody who signs in or up.
    pub fn frame(&self, platform: &Platform) -> Frame {
        Frame { who: None, sandbox: platform.config.server.sandbox, notice: said(&self.place) }
    }

    /// Gives her browser what its forms are checked against, unless it has it.
    pub fn remembered_in(&self, platform: &Platform, mut response: HttpResponse) -> HttpResponse {
        if self.form_key.new {
            let cookie = cookies::set(platform, cookies::FORM, self.form_key.value.clone(), 24 * 60 * 60);
            super::add_cookie(&mut response, &cookie);
        }
        response
    }
}

impl Known {
    /// What stands around a page of hers.
    pub fn frame(&self, platform: &Platform, section: Section) -> Frame {
        let name = self.person.name.clone().or_else(|| self.person.email.clone()).unwrap_or_default();
        Frame {
            who: Some(Who { name, csrf: self.csrf(), section, here: self.here(section) }),
            sandbox: platform.config.server.sandbox,
            notice: said(&self.place),
        }
    }

    /// Where an app's question stands, for whoever it is meant for.
    fn here(&self, section: Section) -> Option<String> {
        (section == Section::None).then(|| urls::page_of(self.place.request().path()))
    }

    /// The same, with a sentence about what failed.
    pub fn frame_with(&self, platform: &Platform, section: Section, failed: &str) -> Frame {
        let notice = Some(Notice { tone: Tone::Failed, text: failed.to_owned() });
        Frame { notice, ..self.frame(platform, section) }
    }

    /// The grant of hers that the query names, if it names one.
    pub async fn grant_in_query(&self, platform: &Platform) -> Result<Option<Grant>, Refusal> {
        let Some(id) = self.place.id_in_query::<GrantId>()? else { return Ok(None) };
        Ok(Some(consent_grants::find_of_person(&platform.db, &self.person.id, &id).await?))
    }
}

impl Form {
    /// A field; empty when it is not there.
    pub fn one(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Every value of a field.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box is ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.one(name) == "yes"
    }
}
