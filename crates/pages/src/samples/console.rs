//! Examples of what a person agreed to.

use super::{MARKUP, RIGHT_TO_LEFT, ada, hostile, long_word, notice, texts};
use crate::{Console, Frame, GrantRow, Section, State, Tone};

pub(crate) fn console() -> Vec<(&'static str, Console)> {
    let empty = || Console { frame: ada(Section::Console), grants: vec![], next: None, later: false };
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
                ..empty()
            },
        ),
        (
            "later-page",
            Console {
                grants: vec![tidemark()],
                next: Some("/console?after=gra9".into()),
                later: true,
                ..empty()
            },
        ),
        ("past-the-end", Console { later: true, ..empty() }),
        ("hostile", Console { frame: hostile(Section::Console), grants: vec![broken_out()], ..empty() }),
    ]
}

fn tidemark() -> GrantRow {
    GrantRow {
        id: "gra01".into(),
        app: "Tidemark".into(),
        contract: "Tidemark health diary".into(),
        summary:
            "Keeps a diary of your health that fills itself in, and shows what your days have in common."
                .into(),
        state: State::Active,
        agreed_on: "22 November 2026".into(),
        note: "Ends on 22 November 2027".into(),
        shared: texts([
            "Banks (hb20914482)",
            "Spotify (adal1991quay)",
            "Garmin (ada.l)",
            "Files you uploaded",
        ]),
        left_out: vec![],
        future_accounts: true,
        receipt: Some("/console/receipts/6f9619ff-8b86-4d01-b42d-00cf4fc964ff".into()),
    }
}

fn fair_fare() -> GrantRow {
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
        receipt: None,
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
        receipt: None,
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
        receipt: None,
    }
}

fn old_letters() -> GrantRow {
    GrantRow {
        id: "gra05".into(),
        state: State::Erasing,
        note: "The app was told on 20 November 2026 to delete what it holds".into(),
        ..second_look()
    }
}

fn old_fares() -> GrantRow {
    GrantRow {
        id: "gra06".into(),
        state: State::Erased,
        note: "The app reported on 21 November 2026 that it has deleted it".into(),
        ..fair_fare()
    }
}

fn broken_out() -> GrantRow {
    GrantRow {
        app: format!("{MARKUP} {}", long_word()),
        contract: RIGHT_TO_LEFT.into(),
        summary: format!("{} {MARKUP}", long_word()),
        note: MARKUP.into(),
        shared: vec![long_word(), MARKUP.into(), RIGHT_TO_LEFT.into()],
        left_out: vec![MARKUP.into(), long_word()],
        ..tidemark()
    }
}
