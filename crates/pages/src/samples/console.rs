//! Examples of what a person agreed to.

use super::{MARKUP, RIGHT_TO_LEFT, ada, hostile, long_word, notice, pairs, texts};
use crate::{Console, Frame, GrantRow, Mood, Section, State, Summary, Told, Tone};

pub(crate) fn console() -> Vec<(&'static str, Console)> {
    let empty = || Console {
        frame: ada(Section::Console),
        summary: None,
        words: String::new(),
        states: states(""),
        grants: vec![],
        next: None,
        first: None,
    };
    let some =
        || Console { summary: Some(Summary { active: 1, stopped: 1, waiting: 2, overdue: 1 }), ..empty() };
    let stopped = notice(Tone::Done, "Stopped. Fair Fare gets nothing until you resume.");
    vec![
        ("empty", empty()),
        (
            "every-state",
            Console {
                frame: Frame { notice: stopped, sandbox: true, ..ada(Section::Console) },
                grants: vec![
                    fair_fare(),
                    tidemark(),
                    second_look(),
                    brightwater(),
                    old_letters(),
                    old_fares(),
                ],
                ..some()
            },
        ),
        (
            "later-page",
            Console {
                summary: Some(Summary { active: 1, ..Summary::default() }),
                grants: vec![tidemark()],
                next: Some("/console?after=gra9".into()),
                first: Some("/console".into()),
                ..empty()
            },
        ),
        ("nothing-fits", Console { words: "diary <b>".into(), states: states("stopped"), ..some() }),
        ("past-the-end", Console { first: Some("/console".into()), ..some() }),
        (
            "hostile",
            Console {
                frame: hostile(Section::Console),
                words: MARKUP.into(),
                grants: vec![broken_out()],
                ..some()
            },
        ),
    ]
}

fn states(chosen: &str) -> Vec<(String, String, bool)> {
    let states = pairs([("", "All"), ("active", "Active"), ("stopped", "Stopped"), ("ended", "Ended")]);
    states.into_iter().map(|(value, name)| (value.clone(), name, value == chosen)).collect()
}

pub(super) fn told(mood: Mood, said: &str, answer: &str) -> Told {
    Told { mood, said: said.into(), answer: answer.into() }
}

pub(super) fn tidemark() -> GrantRow {
    GrantRow {
        id: "gra01".into(),
        app: "Tidemark".into(),
        contract: "Tidemark health diary".into(),
        summary:
            "Keeps a diary of your health that fills itself in, and shows what your days have in common."
                .into(),
        state: State::Active,
        agreed_on: "22 November 2026".into(),
        note: "Ends by itself on 22 November 2027".into(),
        shared: texts([
            "Banks (hb20914482)",
            "Spotify (adal1991quay)",
            "Garmin (ada.l)",
            "Files you uploaded",
        ]),
        left_out: vec![],
        future_accounts: true,
        last_access: "3 minutes ago".into(),
        told: vec![],
        change: Some("/console/grants/gra01/change".into()),
    }
}

pub(super) fn fair_fare() -> GrantRow {
    GrantRow {
        id: "gra02".into(),
        app: "Fair Fare".into(),
        contract: "Fair Fare travel budget".into(),
        summary:
            "Works out what getting around costs you, and whether the train or a shared car would be cheaper."
                .into(),
        state: State::Stopped,
        agreed_on: "1 September 2026".into(),
        note: "Stopped since 22 November 2026".into(),
        shared: texts(["Banks (hb20914482)"]),
        left_out: texts(["activities", "vehicle tests"]),
        future_accounts: false,
        last_access: "2 days ago".into(),
        told: vec![told(
            Mood::Waiting,
            "Told on 22 November 2026 to stop",
            "Has until 23 November 2026, 12:00 UTC to confirm.",
        )],
        change: None,
    }
}

fn second_look() -> GrantRow {
    GrantRow {
        id: "gra03".into(),
        app: "Second Look".into(),
        contract: "Second Look letter reader".into(),
        summary: "Explains one medical letter or table of measurements to you in everyday words.".into(),
        state: State::Expired,
        agreed_on: "3 May 2026".into(),
        note: "Ended by itself on 10 May 2026".into(),
        shared: texts(["Cerner (lindqvist-a)"]),
        left_out: vec![],
        future_accounts: false,
        last_access: "on 9 May 2026".into(),
        told: vec![told(
            Mood::Plain,
            "Told on 10 May 2026 that it has ended",
            "A later message took its place.",
        )],
        change: None,
    }
}

fn brightwater() -> GrantRow {
    GrantRow {
        id: "gra04".into(),
        app: "Brightwater Clinic".into(),
        contract: "Brightwater Clinic letters".into(),
        summary: "Puts your letters and test results from Brightwater Clinic into your own library.".into(),
        state: State::Revoked,
        agreed_on: "14 February 2026".into(),
        note: "Revoked on 2 March 2026".into(),
        shared: vec![],
        left_out: vec![],
        future_accounts: false,
        last_access: "Never".into(),
        told: vec![told(Mood::Good, "Told on 2 March 2026 that you ended it", "Says that it is done.")],
        change: None,
    }
}

fn old_letters() -> GrantRow {
    GrantRow {
        id: "gra05".into(),
        state: State::Erasing,
        note: "The app was told on 6 November 2026 to delete what it holds".into(),
        told: vec![told(
            Mood::Bad,
            "Told on 6 November 2026 to delete what it holds",
            "Late: it had until 20 November 2026, 12:00 UTC.",
        )],
        ..second_look()
    }
}

fn old_fares() -> GrantRow {
    GrantRow {
        id: "gra06".into(),
        state: State::Erased,
        note: "The app reported on 21 November 2026 that it has deleted it".into(),
        told: vec![told(
            Mood::Good,
            "Told on 20 November 2026 to delete what it holds",
            "Says that it is done.",
        )],
        ..fair_fare()
    }
}

pub(super) fn broken_out() -> GrantRow {
    GrantRow {
        app: format!("{MARKUP} {}", long_word()),
        contract: RIGHT_TO_LEFT.into(),
        summary: format!("{} {MARKUP}", long_word()),
        note: MARKUP.into(),
        shared: vec![long_word(), MARKUP.into(), RIGHT_TO_LEFT.into()],
        left_out: vec![MARKUP.into(), long_word()],
        told: vec![told(Mood::Bad, MARKUP, &long_word()), told(Mood::Plain, RIGHT_TO_LEFT, MARKUP)],
        ..tidemark()
    }
}
