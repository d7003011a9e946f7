//! Examples of receipts.

use super::{MARKUP, RIGHT_TO_LEFT, ada, hostile, long_word, pairs, texts};
use crate::{Receipt, ReceiptErasure, ReceiptPurpose, Section};

pub(crate) fn receipt() -> Vec<(&'static str, Receipt)> {
    vec![
        ("given", given()),
        ("erasure-answered", erasure_answered()),
        ("nothing-to-download", Receipt { downloads: vec![], ..given() }),
        ("hostile", broken_out()),
    ]
}

fn given() -> Receipt {
    Receipt {
        frame: ada(Section::Receipts),
        back: "/console/grants/gra02".into(),
        title: "You said yes to Fair Fare".into(),
        said: "You said yes to Fair Fare, on 1 June 2026, 12:01:00.123 UTC.".into(),
        facts: pairs([
            ("State after it", "Active: the app gets what was agreed to"),
            ("Contract", "Fair Fare travel budget, version 1"),
            ("Agreed on", "1 June 2026, 12:01:00.000 UTC"),
            ("Ends by itself on", "1 June 2027, 12:01:00.000 UTC"),
            ("Known to the app as", "5mQxg0Vn4Gf0C1Yz"),
            ("Sensitive data", "6 - Health, 7 - Financial"),
            ("Law of", "GB"),
            ("Privacy policy", "https://fairfare.example/privacy"),
        ]),
        purposes: vec![
            ReceiptPurpose {
                text: "Works out what getting around costs you.".into(),
                is_given: true,
                data: texts(["7 - Financial"]),
                ends: "Sharing ends on 1 June 2027 at 12:01 UTC, or when the person ends it. What was received is kept for 6 months.".into(),
                shared_with: Some("Kerb & Crank, the repair shop you choose in the app".into()),
            },
            ReceiptPurpose {
                text: "Refused: the same with activities (optional)".into(),
                is_given: false,
                data: texts(["6 - Health"]),
                ends: "Never began: the person refused this purpose".into(),
                shared_with: None,
            },
        ],
        controller: pairs([
            ("Name", "Fair Fare Ltd"),
            ("Contact", "Privacy contact of Fair Fare"),
            ("E-mail", "privacy@fairfare.example"),
            ("Address", "not provided"),
            ("Telephone", "not provided"),
        ]),
        erasure: None,
        proof: pairs([
            ("Receipt", "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"),
            ("Issued by", "Consent Access (https://consent.example)"),
            ("Keys of the issuer", "https://consent.example/api/v1/keys"),
            ("Event", "7d503b3f808976f9efca42839d1148c9b9d2d3fb57cc3c89aa4cd628d940a8b6"),
        ]),
        status_url: "https://consent.example/api/v1/receipts/6f9619ff-8b86-4d01-b42d-00cf4fc964ff/status".into(),
        downloads: pairs([
            ("Download the signed receipt", "/console/receipts/6f9619ff-8b86-4d01-b42d-00cf4fc964ff/receipt.jwt"),
            ("Download as JSON", "/console/receipts/6f9619ff-8b86-4d01-b42d-00cf4fc964ff/receipt.json"),
        ]),
    }
}

fn erasure_answered() -> Receipt {
    Receipt {
        title: "Fair Fare answered your wish to be forgotten".into(),
        said: "Fair Fare answered your wish to be forgotten, on 4 June 2026, 09:30:00.000 UTC.".into(),
        facts: pairs([
            ("State after it", "Over for good; the app reported what it deleted"),
            ("Contract", "Fair Fare travel budget, version 1"),
            ("Agreed on", "1 March 2026, 12:01:00.000 UTC"),
        ]),
        erasure: Some(ReceiptErasure {
            said: "You asked on 1 June 2026, 12:00:00.000 UTC; Fair Fare answered on 4 June 2026, 09:30:00.000 UTC that it deleted what it held, with the exceptions below.".into(),
            facts: pairs([("The app's key", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")]),
            removed: texts(["transactions: 1204 (deleted)"]),
            kept: texts(["invoices: GDPR 17(3)(b), tax law, until 2033-12-31"]),
        }),
        ..given()
    }
}

fn broken_out() -> Receipt {
    let all = || vec![(MARKUP.to_owned(), long_word()), (long_word(), MARKUP.to_owned())];
    let lines = || vec![MARKUP.to_owned(), RIGHT_TO_LEFT.to_owned(), long_word()];
    let purpose = |is_given| ReceiptPurpose {
        text: format!("{MARKUP} {}", long_word()),
        is_given,
        data: lines(),
        ends: MARKUP.into(),
        shared_with: Some(format!("{RIGHT_TO_LEFT} {MARKUP}")),
    };
    Receipt {
        frame: hostile(Section::Receipts),
        title: format!("{MARKUP} {}", long_word()),
        said: format!("{RIGHT_TO_LEFT} {MARKUP}"),
        facts: all(),
        purposes: vec![purpose(true), purpose(false)],
        controller: all(),
        erasure: Some(ReceiptErasure { said: MARKUP.into(), facts: all(), removed: lines(), kept: vec![] }),
        proof: all(),
        status_url: format!("https://consent.example/{MARKUP}/{}", long_word()),
        ..given()
    }
}
