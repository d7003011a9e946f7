//! Examples of every page: everyday ones, empty ones, refused ones, and texts that try to break out.

pub(crate) mod account;
pub(crate) mod activity;
pub(crate) mod agreed;
pub(crate) mod ask;
pub(crate) mod change;
pub(crate) mod consent;
pub(crate) mod console;
pub(crate) mod deed;
pub(crate) mod grant;
pub(crate) mod library;
pub(crate) mod message;
pub(crate) mod receipt;

use crate::{AccountRow, Asking, Frame, Item, Notice, Offer, Reading, Section, Tone, Who};

/// Markup, quotes, and what else ends up in names.
const MARKUP: &str = r#"<b>and</b> "quotes" & 'ticks' </p><script>alert(1)</script>"#;

/// Text that runs from right to left, with a number in it.
const RIGHT_TO_LEFT: &str = "מפתח היומן 2026 يوميات الصحة";

/// A word that no line can hold.
fn long_word() -> String {
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
        .repeat(3)
        .chars()
        .take(200)
        .collect()
}

/// Nobody signed in, on a server that means it.
fn outside() -> Frame {
    Frame::default()
}

/// Ada, in this section.
fn ada(section: Section) -> Frame {
    Frame { who: Some(who("Ada Lindqvist", section)), ..Frame::default() }
}

/// Somebody with too much of a name, in the sandbox, just after something failed.
fn hostile(section: Section) -> Frame {
    Frame {
        who: Some(who(&format!("{RIGHT_TO_LEFT} {MARKUP} {}", long_word()), section)),
        sandbox: true,
        notice: notice(Tone::Failed, &format!("{MARKUP} {}", long_word())),
    }
}

fn who(name: &str, section: Section) -> Who {
    let here =
        (section == Section::None).then(|| "/apps/saas/authorize/req01hf7yat00000000000000001a".into());
    Who { name: name.into(), csrf: "c5f0e3b1".into(), section, here }
}

#[expect(clippy::unnecessary_wraps, reason = "as the frame has it")]
fn notice(tone: Tone, text: &str) -> Option<Notice> {
    Some(Notice { tone, text: text.into() })
}

/// Some texts, owned.
fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).into()
}

/// Some words and values, owned.
fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(word, value)| (word.to_owned(), value.to_owned())).into()
}

fn tidemark() -> Asking {
    Asking {
        app: "Tidemark".into(),
        contract: "Tidemark health diary".into(),
        returns_to: "https://tidemark.example".into(),
    }
}

fn hostile_asking() -> Asking {
    Asking {
        app: format!("{MARKUP} {RIGHT_TO_LEFT}"),
        contract: long_word(),
        returns_to: format!("https://{}.example", "subdomain.".repeat(24)),
    }
}

fn item(title: &str, when: &str, facts: Vec<(String, String)>) -> Item {
    Item { title: title.into(), when: Some(when.into()), facts }
}

fn hostile_item() -> Item {
    Item {
        title: format!("{MARKUP} {}", long_word()),
        when: None,
        facts: vec![
            (long_word(), long_word()),
            (MARKUP.into(), RIGHT_TO_LEFT.into()),
            (String::new(), String::new()),
        ],
    }
}

fn payments() -> Vec<Item> {
    vec![
        item(
            "D Pryceland, 795.00 GBP",
            "1 May 2026",
            pairs([("Category", "Rent"), ("Account", "Everyday account")]),
        ),
        item("Pennywell Foods, 35.85 GBP", "30 April 2026", pairs([("Category", "Groceries")])),
        item("Third Ladder Books, 8.99 GBP", "28 April 2026", vec![]),
    ]
}

fn account(id: &str, source: &str, name: &str, count: &str, reading: Reading) -> AccountRow {
    AccountRow {
        id: id.into(),
        source: source.into(),
        name: Some(name.into()),
        sample: true,
        count: count.into(),
        reading,
    }
}

fn accounts() -> Vec<AccountRow> {
    vec![
        account("acc1", "Banks", "hb20914482", "16 files", Reading::Done("read 3 minutes ago".into())),
        account("acc2", "Spotify", "adal1991quay", "17 files", Reading::Done("read 2 days ago".into())),
        account("acc3", "Garmin", "ada.l", "31 files", Reading::Done("read on 22 November 2026".into())),
    ]
}

/// One account in each state, some with names that try to break out.
fn difficult_accounts() -> Vec<AccountRow> {
    let why = "The source did not answer. It is tried again in an hour.";
    vec![
        account("acc1", "Banks", "hb20914482", "3 files so far", Reading::Now),
        account("acc2", "Spotify", "adal1991quay", "17 files", Reading::Failed(why.into())),
        AccountRow { name: None, sample: false, ..account("acc3", "Garmin", "", "No files", Reading::Never) },
        account("acc4", &long_word(), MARKUP, "1,234,567 files", Reading::Failed(MARKUP.into())),
        account("acc5", MARKUP, RIGHT_TO_LEFT, "1 file", Reading::Done(long_word())),
    ]
}

fn offer(source: i64, name: &str, has: &str, connected: bool) -> Offer {
    Offer {
        source,
        name: name.into(),
        has: has.into(),
        sample_set: "ada".into(),
        sample_name: "Ada Lindqvist’s invented year".into(),
        connected,
    }
}

fn offers() -> Vec<Offer> {
    vec![
        offer(16, "Spotify", "Entertainment: plays, playlists, followed artists", false),
        offer(17, "Banks", "Finance: transactions", true),
        offer(18, "Garmin", "Health and fitness: activities, daily summaries, sleep", false),
        offer(
            255,
            "Cerner",
            "Medical: diagnoses, vaccinations, allergies, prescriptions, measurements, letters",
            false,
        ),
    ]
}

fn hostile_offers() -> Vec<Offer> {
    vec![
        Offer {
            sample_set: MARKUP.into(),
            sample_name: MARKUP.into(),
            ..offer(1, &long_word(), MARKUP, false)
        },
        Offer { sample_name: RIGHT_TO_LEFT.into(), ..offer(2, RIGHT_TO_LEFT, &long_word(), true) },
    ]
}
