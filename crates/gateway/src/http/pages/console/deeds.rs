//! What she does with a grant: a page that says what it means, then the deed, if the grant is still as that page showed it.

use actix_web::{http::StatusCode, web};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use consent_core::GrantId;
use consent_grants::{Grant, GrantError, Stage};
use consent_pages::{Deed as DeedPage, FieldError, Frame, Notice, Section, Shorten, Tone};
use consent_people::LibraryState;
use consent_signals::Terms;

use super::{grant, state};
use crate::{
    flows::{self, Acted, Deed, FlowError},
    http::{
        api::grant_in_path,
        error::Refusal,
        pages::{Form, Known, Posted, Shown, html, see_other, words},
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
            Ok(see_other(&format!("{}?said={}", grant::path_of(&grant), said(deed))))
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
            Deed::Stop => stopping(platform, app),
            Deed::Resume => resuming(app),
            Deed::Revoke | Deed::Shorten(_) => revoking(platform, app),
            Deed::Erase => erasing(platform, app, is_open),
            Deed::KeepAfterAll => keeping(platform, app),
        };
        let locked = deed == Deed::Resume && her.who.sign_in.library == LibraryState::Locked;
        let back = grant::path_of(grant);
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

/// What a page that asks says.
struct Words {
    title: String,
    now: Vec<String>,
    app_has_to: Vec<String>,
    verb: &'static str,
    path: &'static str,
}

fn stopping(platform: &Platform, app: &str) -> Words {
    let terms = platform.config.signals.deadlines().stop;
    Words {
        title: format!("Stop sharing with {app}?"),
        now: vec![
            format!(
                "From this moment on {app} gets nothing from your library. What it is just fetching is cut off."
            ),
            "What it has already stays with it, to be used as the contract says.".to_owned(),
            "You can resume at any time, and nothing is lost by a pause.".to_owned(),
        ],
        app_has_to: vec![confirm(platform, app, terms), late()],
        verb: "Stop sharing",
        path: "stop",
    }
}

fn resuming(app: &str) -> Words {
    Words {
        title: format!("Resume sharing with {app}?"),
        now: vec![
            format!("From this moment on {app} may read again what you agreed to, and what has come since."),
            "Nothing else changes: the same data, and the same end.".to_owned(),
        ],
        app_has_to: vec![format!("Nothing. {app} is told that it may read again.")],
        verb: "Resume sharing",
        path: "resume",
    }
}

fn revoking(platform: &Platform, app: &str) -> Words {
    let terms = platform.config.signals.deadlines().revoke;
    Words {
        title: format!("Revoke what you share with {app}?"),
        now: vec![
            format!("From this moment on {app} gets nothing from your library, for good."),
            "What it has already is not deleted by this; the contract says how long it may keep it."
                .to_owned(),
            format!("To share again, start from {app}: you will be asked anew."),
            "If you only want a pause, stop it instead: you can resume that at any time.".to_owned(),
        ],
        app_has_to: vec![
            confirm(platform, app, terms),
            done(platform, "stopped using what rests on your yes", terms),
            late(),
        ],
        verb: "Revoke",
        path: "revoke",
    }
}

fn erasing(platform: &Platform, app: &str, is_open: bool) -> Words {
    let terms = platform.config.signals.deadlines().erase;
    let shut = format!("From this moment on {app} gets nothing from your library, for good.");
    let told = [
        format!("{app} is told to delete what it got from you, and to tell whoever it gave it to."),
        "Until it has answered you can take this back. What is deleted by then stays deleted.".to_owned(),
    ];
    Words {
        title: format!("Have {app} delete what it holds?"),
        now: is_open.then_some(shut).into_iter().chain(told).collect(),
        app_has_to: vec![
            confirm(platform, app, terms),
            done(platform, "deleted it, and what the law makes it keep", terms),
            "Its answer is signed, and becomes a receipt that you can keep and anybody can check.".to_owned(),
            late(),
        ],
        verb: "Erase",
        path: "erase",
    }
}

fn keeping(platform: &Platform, app: &str) -> Words {
    Words {
        title: format!("Let {app} keep what it holds after all?"),
        now: vec![
            format!(
                "{app} is told that it need not delete what it has. It still gets nothing from your library."
            ),
            "What it has deleted by now stays deleted.".to_owned(),
            "You can ask for it again at any time.".to_owned(),
        ],
        app_has_to: vec![confirm(platform, app, platform.config.signals.deadlines().stop)],
        verb: "Take it back",
        path: "cancel-erasure",
    }
}

fn confirm(platform: &Platform, app: &str, terms: Terms) -> String {
    let (span, until) = (words::span(terms.ack_within), by(platform, terms.ack_within));
    format!("{app} is told at once, and has {span} to confirm that it understood: until {until}.")
}

fn done(platform: &Platform, what: &str, terms: Terms) -> String {
    let (span, until) = (words::span(terms.complete_within), by(platform, terms.complete_within));
    format!("It has {span} to report that it has {what}: until {until}.")
}

fn late() -> String {
    "If it does not answer in time, you see it in your console as late.".to_owned()
}

fn by(platform: &Platform, within: std::time::Duration) -> String {
    let now = platform.ambient.now();
    words::date_and_time(
        TimeDelta::from_std(within).ok().and_then(|within| now.checked_add_signed(within)).unwrap_or(now),
    )
}

/// Whether there is a last day that makes it end sooner.
pub(super) fn can_shorten(grant: &Grant, now: DateTime<Utc>) -> bool {
    grant.stage_at(now).is_open() && last_choice(grant).is_none_or(|last| last >= now.date_naive())
}

/// The latest last day that makes it end sooner; none where it has no end.
fn last_choice(grant: &Grant) -> Option<NaiveDate> {
    let last_moment = grant.expires_at? - TimeDelta::milliseconds(1);
    last_moment.date_naive().checked_sub_days(Days::new(1))
}

/// `GET /console/grants/{grant}/shorten`: asks for the last day.
pub(in crate::http::pages) async fn shorten_page(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    if !can_shorten(&grant, platform.ambient.now()) {
        return impossible(&platform, &her, grant).await;
    }
    shorten_form(&platform, &her, &grant, "", None).await
}

/// `POST /console/grants/{grant}/shorten`.
pub(in crate::http::pages) async fn shorten(
    platform: web::Data<Platform>,
    Posted { by, form }: Posted<Known>,
) -> Shown {
    let grant = grant_in_path(&platform, &by.who, &by.place).await?;
    let typed = form.one("until");
    let until = match end_of(typed) {
        Ok(until) => until,
        Err(problem) => return shorten_form(&platform, &by, &grant, typed, Some(problem)).await,
    };
    match flows::act(&platform, &by.who, &grant.id, form.one("seq").parse().ok(), Deed::Shorten(until)).await
    {
        Ok(Acted::Done(grant) | Acted::Already(grant)) => {
            Ok(see_other(&format!("{}?said=shortened", grant::path_of(&grant))))
        }
        Ok(Acted::Changed(grant)) => stale(&platform, &by, grant).await,
        Err(FlowError::Grants(GrantError::NotShorter { ends })) => {
            let problem = not_shorter(until, ends, platform.ambient.now());
            shorten_form(&platform, &by, &grant, typed, Some(problem)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The end of a day that was typed (UTC); a sentence about what is wrong with it.
fn end_of(day: &str) -> Result<DateTime<Utc>, String> {
    let day: NaiveDate = day
        .trim()
        .parse()
        .map_err(|_| "Write the last day as year-month-day, such as 2027-01-31.".to_owned())?;
    let next = day.checked_add_days(Days::new(1)).ok_or("Choose an earlier last day.")?;
    Ok(next.and_time(NaiveTime::MIN).and_utc())
}

fn not_shorter(until: DateTime<Utc>, ends: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    match ends {
        Some(ends) if until > now => {
            format!("That is not sooner: it ends by itself {}. Choose an earlier last day.", words::end(ends))
        }
        _ => "This day has passed. Choose today or a later day; to end it at once, revoke it.".to_owned(),
    }
}

async fn shorten_form(
    platform: &Platform,
    her: &Known,
    grant: &Grant,
    typed: &str,
    problem: Option<String>,
) -> Shown {
    let About { app, contract } = About::of(platform, grant).await?;
    let back = grant::path_of(grant);
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Shorten {
        frame: her.frame(platform, Section::Console),
        app,
        about: contract,
        ends: match grant.expires_at {
            Some(end) => format!("It ends by itself {}.", words::end(end)),
            None => "It lasts until you end it.".to_owned(),
        },
        action: format!("{back}/shorten"),
        seq: grant.seq,
        min: platform.ambient.now().date_naive().to_string(),
        max: last_choice(grant).map(|day| day.to_string()),
        until: typed.chars().take(40).collect(),
        errors: problem.into_iter().map(|text| FieldError { field: "until", text }).collect(),
        back,
    };
    Ok(html(status, &page))
}
