//! What each deed means, in words: what happens at once, what the app has to do and by when.

use std::time::Duration;

use chrono::TimeDelta;
use consent_signals::Terms;

use crate::{http::pages::words, platform::Platform};

/// What a page that asks says.
pub(super) struct Words {
    /// The question.
    pub title: String,
    /// What happens at once.
    pub now: Vec<String>,
    /// What the app has to do, and by when.
    pub app_has_to: Vec<String>,
    /// What the button says.
    pub verb: &'static str,
    /// The last segment of the path that the form is sent to.
    pub path: &'static str,
}

pub(super) fn stopping(platform: &Platform, app: &str) -> Words {
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

pub(super) fn resuming(app: &str) -> Words {
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

pub(super) fn revoking(platform: &Platform, app: &str) -> Words {
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

pub(super) fn erasing(platform: &Platform, app: &str, is_open: bool) -> Words {
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

pub(super) fn keeping(platform: &Platform, app: &str) -> Words {
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

fn by(platform: &Platform, within: Duration) -> String {
    let now = platform.ambient.now();
    words::date_and_time(
        TimeDelta::from_std(within).ok().and_then(|within| now.checked_add_signed(within)).unwrap_or(now),
    )
}
