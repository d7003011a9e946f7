//! Examples of pages that ask once more.

use super::{MARKUP, RIGHT_TO_LEFT, ada, hostile, long_word, texts};
use crate::{Deed, FieldError, RevokeEverything, Section, Shorten};

pub(crate) fn deed() -> Vec<(&'static str, Deed)> {
    let locked = "You are signed in without a key to your library, and only that opens it for the app again. Sign \
                  out, and in again with your password.";
    vec![
        ("stop", stop()),
        (
            "resume-barred",
            Deed { title: "Resume sharing with Tidemark?".into(), barred: Some(locked.into()), ..stop() },
        ),
        (
            "revoke",
            Deed {
                title: "Revoke what you share with Tidemark?".into(),
                verb: "Revoke".into(),
                is_final: true,
                ..stop()
            },
        ),
        (
            "hostile",
            Deed {
                frame: hostile(Section::Console),
                title: format!("{MARKUP} {}", long_word()),
                about: RIGHT_TO_LEFT.into(),
                now: vec![MARKUP.into(), long_word()],
                app_has_to: vec![long_word(), RIGHT_TO_LEFT.into()],
                ..stop()
            },
        ),
    ]
}

fn stop() -> Deed {
    Deed {
        frame: ada(Section::Console),
        title: "Stop sharing with Tidemark?".into(),
        about: "Tidemark health diary, agreed on 22 November 2026".into(),
        now: texts([
            "From this moment on Tidemark gets nothing from your library.",
            "What it has already stays with it.",
            "You can resume at any time.",
        ]),
        app_has_to: texts([
            "Tidemark is told at once, and has 24 hours to confirm that it has stopped: until 23 November 2026, 12:00 UTC.",
        ]),
        barred: None,
        action: "/console/grants/gra01/stop".into(),
        seq: 3,
        verb: "Stop sharing".into(),
        is_final: false,
        back: "/console/grants/gra01".into(),
    }
}

pub(crate) fn shorten() -> Vec<(&'static str, Shorten)> {
    let page = || Shorten {
        frame: ada(Section::Console),
        app: "Tidemark".into(),
        about: "Tidemark health diary, agreed on 22 November 2026".into(),
        ends: "It ends by itself on 22 November 2027.".into(),
        action: "/console/grants/gra01/shorten".into(),
        seq: 3,
        min: "2026-11-22".into(),
        max: Some("2027-11-21".into()),
        until: String::new(),
        errors: vec![],
        back: "/console/grants/gra01".into(),
    };
    let wrong = |text: &str| vec![FieldError { field: "until", text: text.into() }];
    vec![
        ("first", page()),
        ("without-end", Shorten { ends: "It lasts until you end it.".into(), max: None, ..page() }),
        ("refused", Shorten { until: "2026-11-01".into(), errors: wrong("This day has passed."), ..page() }),
        (
            "hostile",
            Shorten { app: format!("{MARKUP} {}", long_word()), about: RIGHT_TO_LEFT.into(), ..page() },
        ),
    ]
}

pub(crate) fn revoke_everything() -> Vec<(&'static str, RevokeEverything)> {
    let page = || RevokeEverything {
        frame: ada(Section::Console),
        email: "ada@example.org".into(),
        tally: Some("3 active contracts and 1 stopped one".into()),
        now: texts([
            "From this moment on no app gets anything from your library, for good.",
            "Each app is told that you ended it, and has 3 days to report what it still holds and why.",
        ]),
        erase: false,
        erase_hint: "Each app, also one whose contract has ended, is told to delete what it got from you."
            .into(),
        errors: vec![],
    };
    let wrong = vec![FieldError { field: "password", text: "This is not your password.".into() }];
    vec![
        ("first", page()),
        ("nothing-shared", RevokeEverything { tally: None, ..page() }),
        ("refused", RevokeEverything { erase: true, errors: wrong, ..page() }),
    ]
}
