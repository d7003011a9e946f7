//! Examples of a person's library.

use super::{
    MARKUP, RIGHT_TO_LEFT, accounts, ada, difficult_accounts, hostile, hostile_item, hostile_offers,
    long_word, notice, offers, pairs, payments,
};
use crate::{Content, FilePage, FileRow, Frame, Library, Section, Tone};

pub(crate) fn library() -> Vec<(&'static str, Library)> {
    let empty = || Library {
        frame: Frame { sandbox: true, ..ada(Section::Library) },
        accounts: vec![],
        offers: offers(),
        files: vec![],
        later: false,
        next: None,
        largest: "2 GiB".into(),
        reading: false,
    };
    let uploaded = notice(Tone::Done, "3 files are in your library.");
    vec![
        ("empty", empty()),
        (
            "full",
            Library {
                frame: Frame { notice: uploaded, ..ada(Section::Library) },
                accounts: accounts(),
                files: files(),
                next: Some("/library?after=fil9".into()),
                ..empty()
            },
        ),
        ("later-page", Library { accounts: accounts(), files: files(), later: true, ..empty() }),
        ("past-the-end", Library { accounts: accounts(), offers: vec![], later: true, ..empty() }),
        (
            "reading",
            Library {
                frame: hostile(Section::Library),
                accounts: difficult_accounts(),
                offers: hostile_offers(),
                files: hostile_files(),
                reading: true,
                ..empty()
            },
        ),
    ]
}

pub(crate) fn file() -> Vec<(&'static str, FilePage)> {
    let facts =
        || pairs([("From", "Banks (hb20914482)"), ("Size", "22 objects"), ("Written", "22 November 2026")]);
    let transactions = || FilePage {
        frame: ada(Section::Library),
        title: "Transactions, March 2025".into(),
        facts: facts(),
        content: Content::Items { caption: "The first 3 of 22".into(), items: payments() },
        download: "/library/files/fil1/content".into(),
        delete: None,
    };
    let own = |title: &str, content| FilePage {
        title: title.into(),
        content,
        delete: Some("/library/files/fil2/delete".into()),
        ..transactions()
    };
    let csv = "date,description,amount\n2026-04-01,STANDING ORDER D PRYCELAND RENT NETMAKERS ROW,-795.00\n\
               2026-04-02,CARD PENNYWELL FOODS THORNQUAY,-35.85\n";
    vec![
        ("items", transactions()),
        ("text", own("bank.csv", Content::Text(csv.into(), true))),
        ("picture", own("harbour.jpg", Content::Picture("/assets/icon.svg".into()))),
        (
            "not-shown",
            own(
                "letter.pdf",
                Content::None("A page cannot show a PDF document. Download it to read it.".into()),
            ),
        ),
        ("no-facts", FilePage { facts: vec![], ..transactions() }),
        (
            "hostile-items",
            FilePage {
                frame: hostile(Section::Library),
                title: format!("{MARKUP} {}", long_word()),
                facts: vec![(long_word(), MARKUP.into()), (RIGHT_TO_LEFT.into(), long_word())],
                content: Content::Items {
                    caption: MARKUP.into(),
                    items: vec![hostile_item(), hostile_item()],
                },
                ..transactions()
            },
        ),
        (
            "hostile-text",
            own(RIGHT_TO_LEFT, Content::Text(format!("{MARKUP}\n{}", long_word().repeat(5)), false)),
        ),
    ]
}

fn files() -> Vec<FileRow> {
    vec![
        file_row("Transactions, May 2026", "Banks", "24 objects"),
        file_row("Plays, May 2026", "Spotify", "118 objects"),
        file_row("Sleep, May 2026", "Garmin", "31 objects"),
        file_row("statement-2026-04.csv", "Banks", "3 KB"),
        file_row("letter.pdf", "Uploaded by you", "34 KB"),
    ]
}

fn hostile_files() -> Vec<FileRow> {
    vec![
        file_row(MARKUP, &long_word(), "1,234,567 objects"),
        file_row(&long_word(), RIGHT_TO_LEFT, "2 GiB"),
        FileRow { path: "/library/files/\"><b>".into(), ..file_row(RIGHT_TO_LEFT, MARKUP, "1 object") },
    ]
}

fn file_row(title: &str, from: &str, size: &str) -> FileRow {
    FileRow {
        path: "/library/files/fil1".into(),
        title: title.into(),
        from: from.into(),
        size: size.into(),
        written: "22 November 2026".into(),
    }
}
