//! Signing up, in and out, and back in with the recovery code.

use actix_web::{HttpResponse, http::StatusCode, web};
use consent_crypto::{Secret, SecretKind};
use consent_pages::{Asking, FieldError, Recover, RecoveryCode, SignIn, SignUp};

use super::{Known, Posted, Sender, Shown, Visitor, add_cookie, cookies, html, see_other, sentence};
use crate::{
    flows::{self, FlowError, NewPassword, SignedIn},
    http::{error::Refusal, saas, urls},
    platform::Platform,
};

/// Where somebody goes who came for nothing else.
const HOME: &str = "/console";

/// `GET /sign-in`.
pub(super) async fn sign_in_page(platform: web::Data<Platform>, visitor: Visitor) -> Shown {
    let next = next(&visitor);
    Ok(match visitor.known {
        Some(_) => go_on(next.as_deref()),
        None => show_sign_in(&platform, &visitor, next, "", None).await,
    })
}

/// `POST /sign-in`.
pub(super) async fn sign_in(platform: web::Data<Platform>, Posted { by, form }: Posted<Visitor>) -> Shown {
    let (email, next) = (form.one("email"), urls::local(form.one("next")));
    let (address, user_agent) = (by.place.address(), by.place.user_agent());
    match flows::sign_in(&platform, email, form.one("password"), address, user_agent).await {
        Ok(signed_in) => Ok(welcome(&platform, &signed_in, go_on(next.as_deref()))),
        Err(error) => {
            let refusal = about_the_person(error)?;
            Ok(show_sign_in(&platform, &by, next, email, Some(&refusal)).await)
        }
    }
}

async fn show_sign_in(
    platform: &Platform,
    visitor: &Visitor,
    next: Option<String>,
    email: &str,
    refusal: Option<&Refusal>,
) -> HttpResponse {
    let (asking, targets) = asking(platform, visitor, next.as_deref()).await;
    let page = SignIn {
        frame: visitor.frame(platform),
        csrf: visitor.csrf(),
        asking,
        next,
        email: email.to_owned(),
        error: refusal.map(|refusal| sentence(&refusal.message)),
    };
    answer(platform, visitor, &page, refusal, &targets)
}

/// `GET /sign-up`.
pub(super) async fn sign_up_page(platform: web::Data<Platform>, visitor: Visitor) -> Shown {
    let next = next(&visitor);
    Ok(match visitor.known {
        Some(_) => go_on(next.as_deref()),
        None => show_sign_up(&platform, &visitor, next, ["", ""], None).await,
    })
}

/// `POST /sign-up`.
pub(super) async fn sign_up(platform: web::Data<Platform>, Posted { by, form }: Posted<Visitor>) -> Shown {
    let (name, email, next) = (form.one("name").trim(), form.one("email"), urls::local(form.one("next")));
    if by.known.is_some() {
        // The page with the recovery code was loaded again.
        return Ok(see_other("/security?said=signed-up"));
    }
    let new = NewPassword { email, password: form.one("password") };
    let given_name = (!name.is_empty()).then(|| name.to_owned());
    let (address, user_agent) = (by.place.address(), by.place.user_agent());
    match flows::sign_up(&platform, new, given_name, address, user_agent).await {
        Ok(made) => {
            let page = RecoveryCode {
                frame: by.frame(&platform),
                code: made.recovery_code.expose(),
                welcome: true,
                next: next.unwrap_or_else(|| HOME.to_owned()),
            };
            Ok(welcome(&platform, &made.signed_in, html(StatusCode::OK, &page)))
        }
        Err(error) => {
            let refusal = about_the_person(error)?;
            Ok(show_sign_up(&platform, &by, next, [name, email], Some(&refusal)).await)
        }
    }
}

async fn show_sign_up(
    platform: &Platform,
    visitor: &Visitor,
    next: Option<String>,
    [name, email]: [&str; 2],
    refusal: Option<&Refusal>,
) -> HttpResponse {
    let (asking, targets) = asking(platform, visitor, next.as_deref()).await;
    let page = SignUp {
        frame: visitor.frame(platform),
        csrf: visitor.csrf(),
        asking,
        next,
        name: name.to_owned(),
        email: email.to_owned(),
        errors: refusal.map(|refusal| errors(refusal, "email")).unwrap_or_default(),
    };
    answer(platform, visitor, &page, refusal, &targets)
}

/// `GET /recover`.
pub(super) async fn recover_page(platform: web::Data<Platform>, visitor: Visitor) -> Shown {
    let next = next(&visitor);
    Ok(show_recover(&platform, &visitor, next, "", None).await)
}

/// `POST /recover`.
pub(super) async fn recover(platform: web::Data<Platform>, Posted { by, form }: Posted<Visitor>) -> Shown {
    let (email, next) = (form.one("email"), urls::local(form.one("next")));
    let (address, user_agent) = (by.place.address(), by.place.user_agent());
    let refusal = match Secret::parse(SecretKind::RecoveryCode, form.one("recoveryCode")) {
        Ok(code) => {
            let new = NewPassword { email, password: form.one("password") };
            match flows::recover(&platform, &code, new, address, user_agent).await {
                Ok(signed_in) => return Ok(welcome(&platform, &signed_in, go_on(next.as_deref()))),
                Err(error) => recovery_refusal(about_the_person(error)?),
            }
        }
        Err(_) => Refusal::new(422, "ValidationErrors", "There is something to correct")
            .field("recoveryCode", "This is no recovery code; look for a letter that was misread"),
    };
    Ok(show_recover(&platform, &by, next, email, Some(&refusal)).await)
}

/// Which of the two is wrong stays unsaid.
fn recovery_refusal(refusal: Refusal) -> Refusal {
    if refusal.code != "WrongCredentials" {
        return refusal;
    }
    refusal.field("recoveryCode", "This code and this e-mail address do not belong together")
}

async fn show_recover(
    platform: &Platform,
    visitor: &Visitor,
    next: Option<String>,
    email: &str,
    refusal: Option<&Refusal>,
) -> HttpResponse {
    let (_, targets) = asking(platform, visitor, next.as_deref()).await;
    let page = Recover {
        frame: visitor.frame(platform),
        csrf: visitor.csrf(),
        next,
        email: email.to_owned(),
        errors: refusal.map(|refusal| errors(refusal, "email")).unwrap_or_default(),
    };
    answer(platform, visitor, &page, refusal, &targets)
}

/// `POST /sign-out`.
pub(super) async fn sign_out(platform: web::Data<Platform>, Posted { by, form }: Posted<Known>) -> Shown {
    flows::sign_out(&platform, &by.who).await?;
    let mut response = match urls::local(form.one("next")) {
        Some(next) => see_other(&urls::sign_in(&next)),
        None => see_other("/sign-in?said=signed-out"),
    };
    add_cookie(&mut response, &cookies::remove(&platform, cookies::SIGN_IN));
    Ok(response)
}

/// Keeps somebody signed in with this browser.
fn welcome(platform: &Platform, signed_in: &SignedIn, mut response: HttpResponse) -> HttpResponse {
    let seconds = platform.sign_in_policy().longest_for.num_seconds();
    let cookie = cookies::set(platform, cookies::SIGN_IN, signed_in.secret.expose(), seconds);
    add_cookie(&mut response, &cookie);
    response
}

/// Where she wanted to go, now that she is signed in.
fn go_on(next: Option<&str>) -> HttpResponse {
    see_other(next.unwrap_or(HOME))
}

fn next(visitor: &Visitor) -> Option<String> {
    urls::local(&visitor.place.query_value("next")?)
}

/// The app that sent her, if that is why she is here, and where the page after the next may lead.
async fn asking(platform: &Platform, visitor: &Visitor, next: Option<&str>) -> (Option<Asking>, Vec<String>) {
    let Some(next) = next else { return (None, Vec::new()) };
    saas::asking(platform, &visitor.place, next)
        .await
        .map_or_else(|| (None, Vec::new()), |(asking, targets)| (Some(asking), targets))
}

/// What she can mend herself; other failures are not about what she typed.
pub(super) fn about_the_person(error: FlowError) -> Result<Refusal, Refusal> {
    let refusal = Refusal::from(error);
    if refusal.status.is_client_error() || refusal.retry_after.is_some() { Ok(refusal) } else { Err(refusal) }
}

/// What is wrong with each field; what concerns none of them stands beside `otherwise`.
pub(super) fn errors(refusal: &Refusal, otherwise: &'static str) -> Vec<FieldError> {
    const FIELDS: [&str; 6] = ["name", "email", "password", "recoveryCode", "oldPassword", "newPassword"];
    let named = |field: &str| FIELDS.into_iter().find(|known| *known == field).unwrap_or(otherwise);
    if refusal.fields.is_empty() {
        return vec![FieldError { field: otherwise, text: sentence(&refusal.message) }];
    }
    let entries = refusal.fields.iter();
    entries.map(|(field, reason)| FieldError { field: named(field), text: sentence(reason) }).collect()
}

/// The page, as it is or with what was wrong; its form may lead to `targets` in the end.
fn answer(
    platform: &Platform,
    visitor: &Visitor,
    page: &impl consent_pages::Page,
    refusal: Option<&Refusal>,
    targets: &[String],
) -> HttpResponse {
    let shown = match refusal {
        Some(refusal) => super::with_retry_after(html(refusal.status, page), refusal),
        None => html(StatusCode::OK, page),
    };
    visitor.remembered_in(platform, saas::may_lead_to(shown, targets))
}
