//! Examples of what a contract says since she agreed to it.

use super::{MARKUP, RIGHT_TO_LEFT, ada, hostile, long_word};
use crate::{ChangeAnswer, ChangeBox, ChangeLine, ContractChange, Section};

fn line(what: &str, old: Option<&str>, new: Option<&str>) -> ChangeLine {
    ChangeLine { what: what.into(), old: old.map(Into::into), new: new.map(Into::into) }
}

fn choice(value: &str, text: &str, ticked: bool) -> ChangeBox {
    ChangeBox { value: value.into(), text: text.into(), ticked }
}

pub(crate) fn contract_change() -> Vec<(&'static str, ContractChange)> {
    let both = || ContractChange {
        frame: ada(Section::Console),
        app: "Tidemark".into(),
        contract: "Tidemark health diary".into(),
        agreed_on: "22 November 2026".into(),
        action: "/console/grants/gra01hf7yat00000000000000001a/change".into(),
        once_more: false,
        answer: ChangeAnswer::Open,
        added: vec![
            line("Kinds of data", None, Some("Finance: transactions")),
            line("How long it is kept", Some("1 year"), Some("2 years")),
            line("It will also", None, Some("Show you what a hard month cost.")),
        ],
        gone: vec![line("Kinds of data", Some("Social: posts, comments"), None)],
        otherwise: vec![line("Privacy policy", Some("https://a.example/1"), Some("https://a.example/2"))],
        accounts: vec![choice("acc1", "Banks (hb20914482)", true)],
        optional: vec![choice("201", "transactions", false)],
        future_accounts: true,
        text_hash: "9f".repeat(32),
    };
    let settled = || ContractChange {
        added: vec![],
        accounts: vec![],
        optional: vec![],
        future_accounts: false,
        answer: ChangeAnswer::Nothing,
        ..both()
    };
    let why = "Tidemark has not answered in time for what it was told to do; until it has, it cannot ask for new consents.";
    vec![
        ("both", both()),
        ("once-more", ContractChange { once_more: true, ..both() }),
        ("declined", ContractChange { answer: ChangeAnswer::Declined("23 November 2026".into()), ..both() }),
        ("only-less", settled()),
        ("the-same", ContractChange { gone: vec![], otherwise: vec![], ..settled() }),
        ("in-default", ContractChange { answer: ChangeAnswer::Refused(why.into()), ..both() }),
        (
            "hostile",
            ContractChange {
                frame: hostile(Section::Console),
                app: format!("{MARKUP} {RIGHT_TO_LEFT}"),
                contract: long_word(),
                added: vec![line(MARKUP, Some(&long_word()), Some(MARKUP)), line("", None, None)],
                gone: vec![line(RIGHT_TO_LEFT, Some(RIGHT_TO_LEFT), None)],
                otherwise: vec![line(&long_word(), Some(MARKUP), Some(RIGHT_TO_LEFT))],
                accounts: vec![choice(MARKUP, &long_word(), true)],
                optional: vec![choice("1", MARKUP, false)],
                ..both()
            },
        ),
    ]
}
