//! Examples of one grant and what hangs on it.

use super::{MARKUP, RIGHT_TO_LEFT, activity, ada, console, hostile, long_word, notice, pairs, texts};
use crate::{
    EventRow, Frame, GrantPage, History, MessageRow, Messages, Mood, ReceiptRow, Receipts, ReportRow,
    Section, State, Tone, Verified,
};

pub(crate) fn grant() -> Vec<(&'static str, GrantPage)> {
    let resumed = notice(Tone::Done, "Resumed: the app may read again.");
    let stale = "Nothing was done: this has changed since you opened that page. Below is what stands now.";
    vec![
        ("active", GrantPage { frame: Frame { notice: resumed, ..ada(Section::Console) }, ..tidemark() }),
        ("stopped", GrantPage { grant: console::fair_fare(), can_shorten: false, ..tidemark() }),
        ("erasing", erasing()),
        ("new", new()),
        (
            "stale",
            GrantPage {
                frame: Frame { notice: notice(Tone::Failed, stale), ..ada(Section::Console) },
                ..erased()
            },
        ),
        ("hostile", broken_out()),
    ]
}

fn tidemark() -> GrantPage {
    GrantPage {
        frame: ada(Section::Console),
        grant: console::tidemark(),
        can_shorten: true,
        in_short: pairs([
            ("Why", "Keeps a diary of your health that fills itself in."),
            ("How long", "Again and again for one year, until 22 November 2027"),
            ("How long it is kept", "For one year"),
            ("Who else sees it", "Nobody else"),
            ("When you want it deleted", "The app deletes it when you ask"),
        ]),
        messages: vec![stopped()],
        all_messages: Some("/console/grants/gra01/messages".into()),
        accesses: activity::accesses(),
        all_accesses: Some("/console/activity?grant=gra01".into()),
        history: events(),
        all_history: Some("/console/grants/gra01/history".into()),
        receipts: rows(),
        all_receipts: Some("/console/receipts?grant=gra01".into()),
    }
}

fn new() -> GrantPage {
    GrantPage {
        messages: vec![],
        all_messages: None,
        accesses: vec![],
        all_accesses: None,
        history: events().split_off(3),
        all_history: None,
        receipts: rows().split_off(1),
        all_receipts: None,
        ..tidemark()
    }
}

fn erasing() -> GrantPage {
    let grant = crate::GrantRow {
        state: State::Erasing,
        note: "The app was told on 6 November 2026 to delete what it holds".into(),
        change: None,
        ..console::tidemark()
    };
    GrantPage { grant, can_shorten: false, messages: vec![late(), stopped()], ..tidemark() }
}

fn erased() -> GrantPage {
    let grant = crate::GrantRow {
        state: State::Erased,
        note: "The app reported on 21 November 2026 that it has deleted it".into(),
        change: None,
        ..console::tidemark()
    };
    GrantPage { grant, can_shorten: false, messages: vec![answered()], ..tidemark() }
}

fn stopped() -> MessageRow {
    MessageRow {
        told: console::told(
            Mood::Waiting,
            "Told on 22 November 2026 to stop",
            "Has until 23 November 2026, 12:00 UTC to confirm.",
        ),
        facts: pairs([
            ("Delivered", "On 22 November 2026, 12:00 UTC"),
            ("Has to confirm by", "23 November 2026, 12:00 UTC"),
        ]),
        reports: vec![],
        proof: "/console/grants/gra01/messages/1/proof".into(),
    }
}

fn late() -> MessageRow {
    MessageRow {
        told: console::told(
            Mood::Bad,
            "Told on 6 November 2026 to delete what it holds",
            "Late: it had until 20 November 2026, 12:00 UTC.",
        ),
        facts: pairs([
            ("Delivered", "Not yet: 9 attempts failed, and it is tried again"),
            ("Has to confirm by", "9 November 2026, 12:00 UTC"),
            ("Has to be done by", "20 November 2026, 12:00 UTC"),
            ("The law’s month ends", "7 December 2026"),
        ]),
        reports: vec![ReportRow {
            said: "Says that it understood, on 7 November 2026, 09:12 UTC".into(),
            facts: pairs([("Will be done by, as it says", "18 November 2026, 12:00 UTC")]),
            ..ReportRow::default()
        }],
        proof: "/console/grants/gra01/messages/2/proof".into(),
    }
}

fn answered() -> MessageRow {
    MessageRow {
        told: console::told(
            Mood::Good,
            "Told on 20 November 2026 to delete what it holds",
            "Says that it is done, except for what it lists.",
        ),
        facts: pairs([("Delivered", "On 20 November 2026, 12:00 UTC")]),
        reports: vec![ReportRow {
            said: "Says that it is done, except for what it lists, on 21 November 2026, 16:40 UTC".into(),
            aside: Some("It says the same again, and is kept beside the first report.".into()),
            facts: pairs([
                ("Done, as it says", "21 November 2026, 16:39 UTC"),
                ("Last backup gone by, as it says", "20 December 2026"),
            ]),
            removed: texts(["social.posts: 17 deleted, in diary and search index"]),
            passed_on: texts(["Backups Ltd, on 21 November 2026"]),
            kept: texts(["finance.invoices: § 147 AO, until 31 December 2036"]),
        }],
        proof: "/console/grants/gra01/messages/3/proof".into(),
    }
}

fn events() -> Vec<EventRow> {
    let event = |said: &str, when: &str| EventRow { said: said.into(), when: when.into(), reason: None };
    vec![
        event("You resumed it.", "22 November 2026, 12:30 UTC"),
        EventRow {
            reason: Some("She asked by telephone, and answered the questions we agreed on.".into()),
            ..event("An operator of this server stopped it for you.", "22 November 2026, 12:00 UTC")
        },
        event("Tidemark was told.", "22 November 2026, 12:00 UTC"),
        event("You said yes to Tidemark.", "22 November 2026, 09:27 UTC"),
    ]
}

fn rows() -> Vec<ReceiptRow> {
    let row = |title: &str, when: &str| ReceiptRow {
        title: title.into(),
        when: when.into(),
        path: "/console/receipts/6f9619ff-8b86-4d01-b42d-00cf4fc964ff".into(),
    };
    vec![
        row("You stopped sharing with Tidemark", "22 November 2026, 12:00 UTC"),
        row("You said yes to Tidemark", "22 November 2026, 09:27 UTC"),
    ]
}

fn broken_out() -> GrantPage {
    let words = || vec![MARKUP.to_owned(), long_word(), RIGHT_TO_LEFT.to_owned()];
    GrantPage {
        frame: hostile(Section::Console),
        grant: console::broken_out(),
        in_short: vec![(MARKUP.into(), long_word()), (long_word(), RIGHT_TO_LEFT.into())],
        messages: vec![MessageRow {
            told: console::told(Mood::Bad, MARKUP, &long_word()),
            facts: vec![(MARKUP.into(), MARKUP.into())],
            reports: vec![ReportRow {
                said: MARKUP.into(),
                aside: Some(long_word()),
                facts: vec![(long_word(), MARKUP.into())],
                removed: words(),
                passed_on: words(),
                kept: words(),
            }],
            proof: "/console/grants/gra01/messages/2/proof".into(),
        }],
        history: vec![EventRow {
            said: MARKUP.into(),
            when: long_word(),
            reason: Some(RIGHT_TO_LEFT.into()),
        }],
        receipts: vec![ReceiptRow { title: MARKUP.into(), when: long_word(), path: "/console".into() }],
        accesses: vec![activity::broken_out()],
        ..tidemark()
    }
}

pub(crate) fn history() -> Vec<(&'static str, History)> {
    let some = || History {
        frame: ada(Section::Console),
        app: "Tidemark".into(),
        back: "/console/grants/gra01".into(),
        events: events(),
        next: Some("/console/grants/gra01/history?after=3".into()),
    };
    vec![
        ("some", some()),
        ("past-the-end", History { events: vec![], next: None, ..some() }),
        ("hostile", History { app: format!("{MARKUP} {}", long_word()), next: None, ..some() }),
    ]
}

pub(crate) fn messages() -> Vec<(&'static str, Messages)> {
    let some = || Messages {
        frame: ada(Section::Console),
        app: "Tidemark".into(),
        back: "/console/grants/gra01".into(),
        messages: vec![answered(), late(), stopped()],
        next: Some("/console/grants/gra01/messages?after=3".into()),
    };
    vec![
        ("some", some()),
        ("past-the-end", Messages { messages: vec![], next: None, ..some() }),
        ("hostile", Messages { app: format!("{MARKUP} {}", long_word()), next: None, ..some() }),
    ]
}

pub(crate) fn receipts() -> Vec<(&'static str, Receipts)> {
    let empty = || Receipts {
        frame: ada(Section::Receipts),
        about: None,
        receipts: vec![],
        next: None,
        later: false,
    };
    let about = (format!("{MARKUP} {}", long_word()), "/console/grants/gra01".to_owned());
    vec![
        ("empty", empty()),
        ("some", Receipts { receipts: rows(), next: Some("/console/receipts?after=1".into()), ..empty() }),
        ("of-one", Receipts { receipts: rows(), about: Some(about), later: true, ..empty() }),
        ("past-the-end", Receipts { later: true, ..empty() }),
    ]
}

pub(crate) fn verified() -> Vec<(&'static str, Verified)> {
    let genuine = || Verified {
        frame: ada(Section::Receipts),
        title: "You said yes to Tidemark".into(),
        refused: None,
        checked: texts([
            "https://consent.example signed it, with its published key NzbLsXh8uDCcd.",
            "Nothing in it was changed since.",
        ]),
        notes: texts(["piiControllers[0].phone: was not provided"]),
        holds_now: "Stopped, since 22 November 2026".into(),
        back: "/console/receipts/6f9619ff-8b86-4d01-b42d-00cf4fc964ff".into(),
    };
    vec![
        ("genuine", genuine()),
        ("refused", Verified { refused: Some("the signature does not fit".into()), ..genuine() }),
        ("hostile", Verified { title: MARKUP.into(), notes: vec![long_word(), MARKUP.into()], ..genuine() }),
    ]
}
