//! Examples of pages that say one thing.

use super::{MARKUP, RIGHT_TO_LEFT, ada, hostile, long_word, notice, outside, pairs, texts};
use crate::{Choice, Frame, Home, Message, Section, Tone};

pub(crate) fn home() -> Vec<(&'static str, Home)> {
    let signed_out = notice(Tone::Done, "You are signed out.");
    vec![
        ("outside", Home { frame: outside() }),
        ("sandbox", Home { frame: Frame { sandbox: true, notice: signed_out, ..outside() } }),
        ("signed-in", Home { frame: ada(Section::None) }),
    ]
}

pub(crate) fn message() -> Vec<(&'static str, Message)> {
    vec![
        (
            "not-found",
            Message {
                frame: outside(),
                title: "There is nothing here".into(),
                text: "The address may be mistyped, or what was here has been deleted.".into(),
                links: vec![],
            },
        ),
        (
            "answered",
            Message {
                frame: ada(Section::None),
                title: "You have answered already".into(),
                text: "This question was answered a moment ago. Go back to the app, or see what you share."
                    .into(),
                links: pairs([("See what you share", "/console"), ("Open your library", "/library")]),
            },
        ),
        (
            "hostile",
            Message {
                frame: hostile(Section::None),
                title: format!("{MARKUP} {}", long_word()),
                text: format!("{RIGHT_TO_LEFT} {} {MARKUP}", long_word()),
                links: vec![(long_word(), "/?a=\"><b>".into()), (RIGHT_TO_LEFT.into(), "/b".into())],
            },
        ),
    ]
}

pub(crate) fn choice() -> Vec<(&'static str, Choice)> {
    vec![
        (
            "revoke",
            Choice {
                frame: ada(Section::Console),
                title: "Revoke what you share with Tidemark?".into(),
                consequences: texts([
                    "Tidemark gets nothing more from your library, from this moment on.",
                    "Tidemark is told that you revoked. What it already has stays there until it is deleted as \
                     agreed: one year after it was received.",
                    "You cannot undo this. Tidemark can ask you again.",
                ]),
                action: "/console/grants/gra01/revoke".into(),
                verb: "Revoke".into(),
                back: "/console".into(),
            },
        ),
        (
            "delete-file",
            Choice {
                frame: ada(Section::Library),
                title: "Delete letter.pdf?".into(),
                consequences: texts(["The file is deleted from your library. There is no copy."]),
                action: "/library/files/fil01/delete".into(),
                verb: "Delete".into(),
                back: "/library/files/fil01".into(),
            },
        ),
        (
            "hostile",
            Choice {
                frame: hostile(Section::Console),
                title: format!("{MARKUP} {RIGHT_TO_LEFT} {}?", long_word()),
                consequences: vec![long_word(), MARKUP.into(), RIGHT_TO_LEFT.into()],
                action: "/console/grants/\"><b>/revoke".into(),
                verb: "Disconnect everything from everywhere at once".into(),
                back: "/console".into(),
            },
        ),
    ]
}
