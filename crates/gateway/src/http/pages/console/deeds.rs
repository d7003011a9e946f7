//! What she does with a grant: a page that says what it means, then the deed, if the grant is still as that page showed it.

mod meaning;
mod shorten;

use actix_web::{http::StatusCode, web};
use chrono::{DateTime, Utc};
use consent_core::GrantId;
use consent_grants::{Grant, Stage};
use consent_pages::{Deed as DeedPage, Frame, Notice, Section, Tone};
use consent_people::LibraryState;

pub(super) use self::shorten::can_shorten;
pub(in crate::http::pages) use self::shorten::{shorten, shorten_page};
use super::{grant, state};
use crate::{
    flows::{self, Acted, Deed},
    http::{
        api::grant_in_path,
        error::Refusal,
        pages::{Form, Known, Posted, Shown, html, see_other, words},
        urls,
    },
    platform::Platform,
};

/// Two handlers for each deed: the page that asks, and the deed.
macro_rules! deeds {
    ($($page:ident, $act:ident, $deed:ident, $path:literal;)+) => {$(
        #[doc = concat!("`GET /console/grants/{grant}/", $path, "`: asks once more.")]
        pub(in crate::http::pages) async fn $page(platform: web::Data<Platform>, her: Known) -> Shown {
            ask(&platform, &her, Deed::$deed).await
        }

        #[doc = concat!("`POST /console/grants/{grant}/", $path, "`.")]
        pub(in crate::http::pages) async fn $act(
            platform: web::Data<Platform>,
            Posted { by, form }: Posted<Known>,
        ) -> Shown {
            act(&platform, &by, &form, Deed::$deed).await
        }
    )+};
}

deeds! {
    stop_page, stop, Stop, "stop";
    resume_page, resume, Resume, "resume";
    revoke_page, revoke, Revoke, "revoke";
    erase_page, erase, Erase, "erase";
    cancel_erasure_page, cancel_erasure, KeepAfterAll, "cancel-erasure";
}

async fn ask(platform: &Platform, her: &Known, deed: Deed) -> Shown {
    let grant = grant_in_path(platform, &her.who, &her.place).await?;
    let now = platform.ambient.now();
    if !is_possible(deed, &grant, now) {
        return impossible(platform, her, grant).await;
    }
    let about = About::of(platform, &grant).await?;
    Ok(html(StatusCode::OK, &about.page(platform, her, deed, &grant)))
}

async fn act(platform: &Platform, her: &Known, form: &Form, deed: Deed) -> Shown {
    let id: GrantId = her.place.id()?;
    match flows::act(platform, &her.who, &id, form.one("seq").parse().ok(), deed).await? {
        Acted::Done(grant) | Acted::Already(grant) => {
            Ok(see_other(&format!("{}?said={}", urls::grant(&grant.id), said(deed))))
        }
        Acted::Changed(grant) => stale(platform, her, grant).await,
    }
}

/// By which word the next page knows what was done.
fn said(deed: Deed) -> &'static str {
    match deed {
        Deed::Stop => "stopped",
        Deed::Resume => "resumed",
        Deed::Revoke => "revoked",
        Deed::Erase => "erasing",
        Deed::KeepAfterAll => "kept",
        Deed::Shorten(_) => "shortened",
    }
}

fn is_possible(deed: Deed, grant: &Grant, now: DateTime<Utc>) -> bool {
    let stage = grant.stage_at(now);
    match deed {
        Deed::Stop => stage == Stage::Active,
        Deed::Resume => matches!(stage, Stage::Stopped { .. }),
        Deed::Revoke => stage.is_open(),
        Deed::Erase => stage.erase(now).is_ok(),
        Deed::KeepAfterAll => matches!(stage, Stage::Erasing { .. }),
        Deed::Shorten(_) => can_shorten(grant, now),
    }
}

/// A link to something that cannot be done: the grant as it stands.
async fn impossible(platform: &Platform, her: &Known, grant: Grant) -> Shown {
    let (_, note) = state(&grant, platform.ambient.now());
    let text = format!("That cannot be done as it stands now. {note}.");
    let frame = noticed(platform, her, Tone::Note, text);
    grant::page(platform, her, grant, StatusCode::OK, frame).await
}

/// A form from a page that is out of date: the grant as it stands.
async fn stale(platform: &Platform, her: &Known, grant: Grant) -> Shown {
    let (_, note) = state(&grant, platform.ambient.now());
    let text = format!(
        "Nothing was done: this has changed since you opened that page. What stands now: {}.",
        note.trim_end_matches('.')
    );
    let frame = noticed(platform, her, Tone::Failed, text);
    grant::page(platform, her, grant, StatusCode::CONFLICT, frame).await
}

fn noticed(platform: &Platform, her: &Known, tone: Tone, text: String) -> Frame {
    Frame { notice: Some(Notice { tone, text }), ..her.frame(platform, Section::Console) }
}

/// What a page that asks is about.
struct About {
    app: String,
    /// As in `Tidemark health diary, agreed on 22 November 2026`.
    contract: String,
}

impl About {
    async fn of(platform: &Platform, grant: &Grant) -> Result<Self, Refusal> {
        let app = consent_contracts::find_app(&platform.db, &grant.app).await?.name;
        let found = consent_contracts::find_version(&platform.db, &grant.contract, grant.version).await?;
        let contract = format!("{}, agreed on {}", found.document.name, words::date(grant.created_at));
        Ok(Self { app, contract })
    }

    fn page(self, platform: &Platform, her: &Known, deed: Deed, grant: &Grant) -> DeedPage {
        let (now, app) = (platform.ambient.now(), &self.app);
        let is_open = grant.stage_at(now).is_open();
        let words = match deed {
            Deed::Stop => meaning::stopping(platform, app),
            Deed::Resume => meaning::resuming(app),
            Deed::Revoke | Deed::Shorten(_) => meaning::revoking(platform, app),
            Deed::Erase => meaning::erasing(platform, app, is_open),
            Deed::KeepAfterAll => meaning::keeping(platform, app),
        };
        let locked = deed == Deed::Resume && her.who.sign_in.library == LibraryState::Locked;
        let back = urls::grant(&grant.id);
        DeedPage {
            frame: her.frame(platform, Section::Console),
            title: words.title,
            about: self.contract,
            now: words.now,
            app_has_to: words.app_has_to,
            barred: locked.then(|| LOCKED.to_owned()),
            action: format!("{back}/{}", words.path),
            seq: grant.seq,
            verb: words.verb.to_owned(),
            is_final: matches!(deed, Deed::Revoke | Deed::Erase),
            back,
        }
    }
}

/// Why somebody who came without her password cannot resume.
const LOCKED: &str = "This sign-in does not hold the key to your library, and only that opens it for the app again. Sign \
                      out, and in again with your password. Stopping, revoking and erasing need no key.";
