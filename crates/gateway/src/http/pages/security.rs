//! Sign-ins, password, recovery code.

use actix_web::{HttpResponse, http::StatusCode, web};
use consent_core::SignInId;
use consent_pages::{FieldError, RecoveryCode, Section, Security, SignInRow};

use super::{Known, Posted, Shown, account, html, see_other, words};
use crate::{
    flows::{self, FlowError},
    http::api::InPath,
    platform::Platform,
};

/// `GET /security`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    page(&platform, &her, StatusCode::OK, Vec::new()).await
}

/// `POST /security/password`.
pub(super) async fn change_password(
    platform: web::Data<Platform>,
    Posted { by, form }: Posted<Known>,
) -> Shown {
    let (old, new) = (form.one("oldPassword"), form.one("newPassword"));
    match flows::change_password(&platform, &by.who, old, new, by.place.address()).await {
        Ok(()) => Ok(see_other("/security?said=password")),
        Err(error) => refused(&platform, &by, error, "oldPassword", "newPassword").await,
    }
}

/// `POST /security/recovery-code`: a new one, shown this once.
pub(super) async fn new_recovery_code(
    platform: web::Data<Platform>,
    Posted { by, form }: Posted<Known>,
) -> Shown {
    match flows::new_recovery_code(&platform, &by.who, form.one("password"), by.place.address()).await {
        Ok(code) => {
            let frame = by.frame(&platform, Section::Security);
            let (code, next) = (code.expose(), "/security".to_owned());
            Ok(html(StatusCode::OK, &RecoveryCode { frame, code, welcome: false, next }))
        }
        Err(error) => refused(&platform, &by, error, "password", "password").await,
    }
}

/// `POST /security/sign-ins/{id}/end`.
pub(super) async fn end_sign_in(platform: web::Data<Platform>, Posted { by, .. }: Posted<Known>) -> Shown {
    let ended = flows::end_sign_in(&platform, &by.who, &by.place.id()?).await?;
    if ended { Ok(see_other("/security?said=ended")) } else { Err(SignInId::unknown().into()) }
}

/// Shows the page again with what was wrong: about the password she proved herself with, or about the new one.
async fn refused(
    platform: &Platform,
    her: &Known,
    error: FlowError,
    proof: &'static str,
    new: &'static str,
) -> Result<HttpResponse, super::PageError> {
    let refusal = account::about_the_person(error)?;
    let mut errors = account::errors(&refusal, proof);
    for FieldError { field, text } in &mut errors {
        if *field == "password" {
            *field = new;
        }
        if refusal.code == "WrongCredentials" {
            "This is not your password.".clone_into(text);
        }
    }
    let response = page(platform, her, refusal.status, errors).await?;
    Ok(super::with_retry_after(response, &refusal))
}

async fn page(platform: &Platform, her: &Known, status: StatusCode, errors: Vec<FieldError>) -> Shown {
    let now = platform.ambient.now();
    let all = consent_people::list_sign_ins(&platform.db, &her.person.id, now).await?;
    let row = |sign_in: consent_people::SignIn| SignInRow {
        browser: words::browser(sign_in.user_agent.as_deref()),
        since: format!("since {}", words::date(sign_in.created_at)),
        seen: format!("last seen {}", words::ago(sign_in.last_seen_at, now)),
        this_one: sign_in.id == her.who.sign_in.id,
        id: sign_in.id.to_string(),
    };
    let page = Security {
        frame: her.frame(platform, Section::Security),
        email: her.person.email.clone().unwrap_or_default(),
        sign_ins: all.into_iter().map(row).collect(),
        errors,
    };
    Ok(html(status, &page))
}
