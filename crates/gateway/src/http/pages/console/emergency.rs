//! Everything ends at once.

use actix_web::{http::StatusCode, web};
use consent_pages::{FieldError, RevokeEverything, Section};

use crate::{
    flows::{self, FlowError},
    http::pages::{Known, Posted, Shown, account, html, see_other, with_retry_after, words},
    platform::Platform,
};

/// `GET /console/revoke-everything`: asks for her password.
pub(in crate::http::pages) async fn revoke_everything_page(
    platform: web::Data<Platform>,
    her: Known,
) -> Shown {
    page(&platform, &her, StatusCode::OK, false, Vec::new()).await
}

/// `POST /console/revoke-everything`.
pub(in crate::http::pages) async fn revoke_everything(
    platform: web::Data<Platform>,
    Posted { by, form }: Posted<Known>,
) -> Shown {
    let (password, erase) = (form.one("password"), form.is_ticked("erase"));
    match flows::revoke_everything(&platform, &by.who, password, erase, by.place.address()).await {
        Ok(_) if erase => Ok(see_other("/console?said=erasing-everything")),
        Ok(_) => Ok(see_other("/console?said=revoked-everything")),
        Err(error) => refused(&platform, &by, error, erase).await,
    }
}

async fn refused(platform: &Platform, her: &Known, error: FlowError, erase: bool) -> Shown {
    let refusal = account::about_the_person(error)?;
    let mut errors = account::errors(&refusal, "password");
    if refusal.code == "WrongCredentials" {
        for error in &mut errors {
            "This is not your password. Nothing was revoked.".clone_into(&mut error.text);
        }
    }
    let response = page(platform, her, refusal.status, erase, errors).await?;
    Ok(with_retry_after(response, &refusal))
}

async fn page(
    platform: &Platform,
    her: &Known,
    status: StatusCode,
    erase: bool,
    errors: Vec<FieldError>,
) -> Shown {
    let now = platform.ambient.now();
    let tally = consent_grants::tally_of_person(&platform.db, &her.person.id, now).await?;
    let (revoke, erasure) =
        (platform.config.signals.deadlines().revoke, platform.config.signals.deadlines().erase);
    let page = RevokeEverything {
        frame: her.frame(platform, Section::Console),
        email: her.person.email.clone().unwrap_or_default(),
        tally: match (tally.active, tally.stopped) {
            (0, 0) => None,
            (active, 0) => Some(words::count(active, "active contract")),
            (0, stopped) => Some(words::count(stopped, "stopped contract")),
            (active, stopped) => Some(format!(
                "{} and {}",
                words::count(active, "active contract"),
                words::count(stopped, "stopped one")
            )),
        },
        now: vec![
            "From this moment on no app gets anything from your library, for good. All of it ends, or, if something \
             goes wrong, none of it."
                .to_owned(),
            format!(
                "Each app is told that you ended it, and has {} to report that it has stopped using what rests on your yes.",
                words::span(revoke.complete_within)
            ),
            "Your library, your accounts and your files stay as they are. To share again, start from an app.".to_owned(),
            "If you fear that somebody knows your password, change it afterwards under Security.".to_owned(),
        ],
        erase,
        erase_hint: format!(
            "Each app, also one whose contract has ended before, is told to delete what it got from you, and has {} to \
             report it.",
            words::span(erasure.complete_within)
        ),
        errors,
    };
    Ok(html(status, &page))
}
