//! Examples of signing up, in and out.

use super::{MARKUP, RIGHT_TO_LEFT, ada, hostile, hostile_asking, long_word, notice, outside, tidemark};
use crate::{FieldError, Frame, Recover, RecoveryCode, Section, Security, SignIn, SignInRow, SignUp, Tone};

const CSRF: &str = "c5f0e3b1";

pub(crate) fn sign_in() -> Vec<(&'static str, SignIn)> {
    let empty = || SignIn {
        frame: outside(),
        csrf: CSRF.into(),
        next: None,
        asking: None,
        email: String::new(),
        error: None,
    };
    vec![
        ("empty", empty()),
        (
            "for-an-app",
            SignIn {
                frame: Frame { sandbox: true, ..outside() },
                next: Some("/apps/saas/consent?code=a+b&lng=en".into()),
                asking: Some(tidemark()),
                ..empty()
            },
        ),
        (
            "refused",
            SignIn {
                email: "ada@thornquay.example".into(),
                error: Some("E-mail address and password do not fit together. Please try again.".into()),
                ..empty()
            },
        ),
        (
            "hostile",
            SignIn {
                next: Some(format!("/\"><b>{MARKUP}")),
                asking: Some(hostile_asking()),
                email: format!("\"><script>{}", long_word()),
                error: Some(format!("{MARKUP} {RIGHT_TO_LEFT} {}", long_word())),
                ..empty()
            },
        ),
    ]
}

pub(crate) fn sign_up() -> Vec<(&'static str, SignUp)> {
    let empty = || SignUp {
        frame: outside(),
        csrf: CSRF.into(),
        next: None,
        asking: None,
        name: String::new(),
        email: String::new(),
        errors: vec![],
    };
    vec![
        ("empty", empty()),
        ("for-an-app", SignUp { next: Some("/console".into()), asking: Some(tidemark()), ..empty() }),
        (
            "refused",
            SignUp {
                name: "Ada Lindqvist".into(),
                email: "ada(at)thornquay.example".into(),
                errors: vec![
                    wrong("email", "This is not an e-mail address. It looks like name@place.example."),
                    wrong("password", "The password is too short. It needs at least 10 characters."),
                ],
                ..empty()
            },
        ),
        (
            "hostile",
            SignUp {
                asking: Some(hostile_asking()),
                name: format!("\"><b>{RIGHT_TO_LEFT}"),
                email: long_word(),
                errors: vec![
                    wrong("name", MARKUP),
                    wrong("email", &long_word()),
                    wrong("password", RIGHT_TO_LEFT),
                ],
                ..empty()
            },
        ),
    ]
}

pub(crate) fn recover() -> Vec<(&'static str, Recover)> {
    let empty =
        || Recover { frame: outside(), csrf: CSRF.into(), next: None, email: String::new(), errors: vec![] };
    vec![
        ("empty", empty()),
        (
            "refused",
            Recover {
                next: Some("/console".into()),
                email: "ada@thornquay.example".into(),
                errors: vec![
                    wrong("recoveryCode", "This recovery code does not fit this e-mail address."),
                    wrong("password", "The password is too short. It needs at least 10 characters."),
                ],
                ..empty()
            },
        ),
    ]
}

pub(crate) fn recovery_code() -> Vec<(&'static str, RecoveryCode)> {
    let welcome = || RecoveryCode {
        frame: ada(Section::None),
        code: "9K4Q-D7M2-XVR8-TPN3-HBWC-6ZFJ-A5YE-GS0T".into(),
        welcome: true,
        next: "/console".into(),
    };
    vec![
        ("welcome", welcome()),
        ("renewed", RecoveryCode { frame: ada(Section::Security), welcome: false, ..welcome() }),
        ("hostile", RecoveryCode { frame: hostile(Section::Security), code: long_word(), ..welcome() }),
    ]
}

pub(crate) fn security() -> Vec<(&'static str, Security)> {
    let quiet = || Security {
        frame: ada(Section::Security),
        email: "ada@thornquay.example".into(),
        sign_ins: vec![sign_in_row("sig1", "Firefox on Linux", true)],
        errors: vec![],
    };
    let changed = notice(Tone::Done, "Your password is changed. All other sign-ins have ended.");
    vec![
        ("one-sign-in", quiet()),
        (
            "several-sign-ins",
            Security {
                frame: Frame { notice: changed, ..ada(Section::Security) },
                sign_ins: vec![
                    sign_in_row("sig1", "Firefox on Linux", true),
                    sign_in_row("sig2", "Safari on iPhone", false),
                    sign_in_row("sig3", "An unknown browser", false),
                ],
                ..quiet()
            },
        ),
        (
            "refused",
            Security {
                errors: vec![
                    wrong("oldPassword", "This is not your password."),
                    wrong("newPassword", "The new password is too short. It needs at least 10 characters."),
                ],
                ..quiet()
            },
        ),
        (
            "code-refused",
            Security { errors: vec![wrong("password", "This is not your password.")], ..quiet() },
        ),
        (
            "hostile",
            Security {
                frame: hostile(Section::Security),
                email: format!("{}@{MARKUP}", long_word()),
                sign_ins: vec![sign_in_row("sig1", MARKUP, true), sign_in_row("sig2", &long_word(), false)],
                errors: vec![wrong("password", &long_word())],
            },
        ),
    ]
}

fn wrong(field: &'static str, text: &str) -> FieldError {
    FieldError { field, text: text.into() }
}

fn sign_in_row(id: &str, browser: &str, this_one: bool) -> SignInRow {
    SignInRow {
        id: id.into(),
        browser: browser.into(),
        since: "since 12 March 2026".into(),
        seen: if this_one { "last seen just now" } else { "last seen 3 days ago" }.into(),
        this_one,
    }
}
