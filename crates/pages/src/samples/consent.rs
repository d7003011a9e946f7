//! Examples of the question itself.

use super::{
    MARKUP, RIGHT_TO_LEFT, ada, hostile, hostile_asking, hostile_item, item, long_word, pairs, payments,
    texts, tidemark,
};
use crate::{
    AccountChoice, Asking, Consent, ContractText, Duration, EndChoice, Frame, Link, OwnChoice, Part, Peek,
    Retention, RightToBeForgotten, Section, Sharing,
};

pub(crate) fn consent() -> Vec<(&'static str, Consent)> {
    vec![
        ("ongoing", diary()),
        ("optional-parts", travel_budget()),
        ("once-raw", letter_reader()),
        ("write-only", clinic_letters()),
        ("empty-library", empty_library()),
        ("still-reading", still_reading()),
        ("changed", Consent { changed: true, ..diary() }),
        ("refused", refused()),
        ("may-delete-library", Consent { may_delete_library: true, ..diary() }),
        ("hostile", broken_out()),
        ("everything-at-its-most", at_its_most()),
    ]
}

fn diary() -> Consent {
    Consent {
        frame: ada(Section::None),
        action: "/apps/saas/consent".into(),
        add: "/apps/saas/consent/add".into(),
        changed: false,
        errors: vec![],
        asking: tidemark(),
        wants: "wants to read".into(),
        reads: true,
        tally: Some("64 files from 3 sources, 9 March 2025 to today".into()),
        parts: vec![
            part(201, "transactions", "Finance, from Banks", "15 files", Some(peek(payments()))),
            part(406, "plays", "Entertainment, from Spotify", "15 files", Some(peek(plays()))),
            part(403, "playlists", "Entertainment, from Spotify", "1 file", None),
            part(303, "sleep", "Health and fitness, from Garmin", "15 files", None),
            Part { count: None, ..part(105, "diagnoses", "Medical, from Cerner", "", None) },
        ],
        accounts: vec![
            choice("acc1", "Banks", "hb20914482", "15 files"),
            choice("acc2", "Spotify", "adal1991quay", "17 files"),
            choice("acc3", "Garmin", "ada.l", "31 files"),
        ],
        own_files: Some(OwnChoice { count: "1 file".into(), ticked: true }),
        future_accounts: None,
        duration: Duration {
            text: "Until you end it".into(),
            ends: Some(EndChoice { min: "2026-11-23".into(), max: None, value: String::new() }),
        },
        may_delete_library: false,
        before: None,
        contract: ContractText {
            text_hash: "3b7c0a5f9e21d4486fb0c7a2e95d138846aa01f7c3de5b92704c1e8fd6a3b590".into(),
            description: Some("Tidemark is a diary for people who want to know themselves better, made by nine of them.".into()),
            website: Some(link("tidemark.example", "https://tidemark.example")),
            partner: Some("tidemark-medical".into()),
            contact: "privacy@tidemark.example".into(),
            version: 1,
            summary: "Keeps a diary of your health that fills itself in, and shows what your days have in common.".into(),
            details: texts([
                "Tidemark puts what you already have in one place: your medical record, your walks and nights of sleep, \
                 and the small things around them, such as what you spent, what you listened to and what you wrote. It \
                 draws them on one time line, so that you and your doctor can see whether a new medicine changed your \
                 sleep or a hard month showed in your blood pressure.",
                "Tidemark finds patterns and shows them to you. It does not diagnose, and it decides nothing about you.",
            ]),
            will: texts([
                "Show your own data to you, on one time line, and nobody else unless you export it yourself.",
                "Look for patterns between your health and your days, and tell you in plain words what it found.",
                "Fetch new data once a day while this consent is active.",
                "Keep your diary encrypted, on servers in the Netherlands.",
            ]),
            will_not: texts([
                "Sell your data, or show you advertising because of it.",
                "Give your data to insurers, banks or employers.",
                "Decide anything about you automatically, or score you.",
                "Use your data to train models for others.",
            ]),
            period: "Of any time".into(),
            retention: Retention {
                period: "For one year".into(),
                text: "Each entry of your diary is deleted one year after we received it. If you erase this consent, \
                       everything is deleted within 72 hours."
                    .into(),
            },
            sharing: Sharing {
                recipients: vec![],
                text: "Nobody but you sees your diary. Our own staff cannot read it without your help.".into(),
            },
            right_to_be_forgotten: RightToBeForgotten {
                implemented: true,
                text: "Erase deletes your diary and everything we derived from it within 72 hours. Backups follow within \
                       30 days."
                    .into(),
            },
            lawful_basis: "your consent (GDPR, article 6 (1) a)".into(),
            jurisdiction: "the Netherlands".into(),
            policy: link("tidemark.example/privacy", "https://tidemark.example/privacy"),
            terms: Some(link("tidemark.example/terms", "https://tidemark.example/terms")),
        },
    }
}

fn travel_budget() -> Consent {
    let left_out = |part: Part| Part { optional: true, ticked: false, ..part };
    Consent {
        frame: Frame { sandbox: true, ..ada(Section::None) },
        asking: asking("Fair Fare", "Fair Fare travel budget", "https://fairfare.example"),
        tally: Some("17 files from 2 sources, 22 November 2025 to today".into()),
        parts: vec![
            part(201, "transactions", "Finance, from Banks", "7 files", Some(peek(payments()))),
            Part { optional: true, ..part(300, "activities", "Health and fitness, from Garmin", "10 files", None) },
            left_out(part(500, "vehicle tests", "Vehicles, from DVLA", "2 files", Some(peek(vehicle_tests())))),
            left_out(Part { count: None, ..part(501, "vehicle registrations", "Vehicles, from DVLA", "", None) }),
        ],
        accounts: vec![
            choice("acc1", "Banks", "hb20914482", "7 files"),
            choice("acc3", "Garmin", "ada.l", "10 files"),
            AccountChoice { ticked: false, name: None, ..choice("acc5", "DVLA", "", "2 files") },
        ],
        own_files: None,
        future_accounts: Some(false),
        duration: Duration {
            text: "For one year, until 22 November 2027".into(),
            ends: Some(EndChoice {
                min: "2026-11-23".into(),
                max: Some("2027-11-22".into()),
                value: "2027-03-31".into(),
            }),
        },
        before: Some("You share under an earlier version of this contract since 1 September 2026.".into()),
        contract: ContractText {
            description: None,
            partner: None,
            contact: "data@fairfare.example".into(),
            version: 3,
            summary: "Works out what getting around costs you, and whether the train or a shared car would be cheaper."
                .into(),
            period: "From the last year".into(),
            retention: Retention {
                period: "For six months".into(),
                text: "We keep the sums and the transactions about travelling for six months, so that you can compare. \
                       Then they are deleted."
                    .into(),
            },
            sharing: Sharing {
                recipients: texts(["Kerb & Crank, the repair shop you choose in the app"]),
                text: "Your repair shop sees the test results of your car, and only if you send them your report. Nobody \
                       else gets anything."
                    .into(),
            },
            website: None,
            terms: None,
            ..diary().contract
        },
        ..diary()
    }
}

fn letter_reader() -> Consent {
    Consent {
        asking: asking("Second Look", "Second Look letter reader", "https://secondlook.example"),
        wants: "wants to read".into(),
        tally: Some("3 files from 1 source, 2 June 2025 to 14 May 2026".into()),
        parts: vec![Part {
            object_type: None,
            ..part(0, "PDF documents and CSV tables", "Files as they came, from Cerner", "3 files", None)
        }],
        accounts: vec![choice("acc4", "Cerner", "lindqvist-a", "3 files")],
        own_files: None,
        duration: Duration { text: "Once: for an hour from now".into(), ends: None },
        contract: ContractText {
            summary: "Explains one medical letter or table of measurements to you in everyday words.".into(),
            period: "From the last two years".into(),
            sharing: Sharing {
                recipients: texts(["Northfold Nursing, whose nurses write the explanations"]),
                text: "The nurse who writes your explanation works for Northfold Nursing and reads your document on our \
                       screens. They keep no copy."
                    .into(),
            },
            jurisdiction: "Ireland".into(),
            ..diary().contract
        },
        ..diary()
    }
}

fn clinic_letters() -> Consent {
    Consent {
        asking: asking("Brightwater Clinic", "Brightwater Clinic letters", "https://brightwater.example"),
        wants: "wants to put data into your library".into(),
        reads: false,
        tally: None,
        parts: vec![],
        accounts: vec![],
        own_files: None,
        contract: ContractText {
            summary: "Puts your letters and test results from Brightwater Clinic into your own library.".into(),
            will: texts(["Leave a copy of each letter about you in your library within one day of signing it."]),
            will_not: texts(["Read anything in your library."]),
            right_to_be_forgotten: RightToBeForgotten {
                implemented: false,
                text: "You can delete the copies in your library at any time. The clinic’s own record has to be kept by \
                       law and is not part of this consent."
                    .into(),
            },
            ..diary().contract
        },
        ..diary()
    }
}

fn empty_library() -> Consent {
    let parts = diary().parts.into_iter().map(|part| Part { count: None, peek: None, ..part }).collect();
    Consent {
        frame: Frame { sandbox: true, ..ada(Section::None) },
        tally: None,
        parts,
        accounts: vec![],
        own_files: None,
        ..diary()
    }
}

fn still_reading() -> Consent {
    let accounts = vec![
        AccountChoice { reading: true, ..choice("acc1", "Banks", "hb20914482", "2 files so far") },
        choice("acc2", "Spotify", "adal1991quay", "17 files"),
    ];
    Consent { accounts, future_accounts: Some(true), ..diary() }
}

fn refused() -> Consent {
    Consent {
        errors: texts([
            "Tick at least one account, or decline.",
            "The day on which it ends has to be between 23 November 2026 and 22 November 2027.",
        ]),
        accounts: diary()
            .accounts
            .into_iter()
            .map(|account| AccountChoice { ticked: false, ..account })
            .collect(),
        ..travel_budget()
    }
}

fn broken_out() -> Consent {
    let hostile_lines = || vec![MARKUP.into(), RIGHT_TO_LEFT.into(), long_word()];
    Consent {
        frame: hostile(Section::None),
        changed: true,
        errors: hostile_lines(),
        asking: hostile_asking(),
        tally: Some(MARKUP.into()),
        parts: vec![
            Part {
                optional: true,
                ..part(1, MARKUP, &long_word(), "9,999,999 files", Some(peek(vec![hostile_item()])))
            },
            part(2, &long_word(), RIGHT_TO_LEFT, &long_word(), None),
        ],
        accounts: vec![
            choice("\"><b>", MARKUP, &long_word(), "1 file"),
            choice("acc2", &long_word(), MARKUP, MARKUP),
        ],
        future_accounts: Some(true),
        may_delete_library: true,
        before: Some(MARKUP.into()),
        contract: ContractText {
            description: Some(MARKUP.into()),
            website: Some(link(&long_word(), "https://tidemark.example/\"><b>")),
            partner: Some(long_word()),
            contact: long_word(),
            version: i32::MAX,
            summary: format!("{} {MARKUP}", long_word()),
            details: hostile_lines(),
            will: hostile_lines(),
            will_not: hostile_lines(),
            retention: Retention { period: MARKUP.into(), text: long_word() },
            sharing: Sharing { recipients: hostile_lines(), text: long_word() },
            right_to_be_forgotten: RightToBeForgotten { implemented: true, text: long_word() },
            lawful_basis: long_word(),
            jurisdiction: MARKUP.into(),
            ..diary().contract
        },
        ..diary()
    }
}

fn at_its_most() -> Consent {
    let line =
        |number: usize| format!("Promise {number}: {}", "we do what we say and say what we do. ".repeat(5));
    let account =
        |number: usize| choice(&format!("acc{number}"), "Banks", &format!("account-{number}"), "120 files");
    Consent {
        frame: Frame { sandbox: true, ..ada(Section::None) },
        changed: true,
        errors: texts(["Tick at least one account, or decline."]),
        parts: (1..=30)
            .map(|number| Part {
                optional: true,
                ..part(number, "transactions", "Finance, from Banks", "15 files", Some(peek(payments())))
            })
            .collect(),
        accounts: (1..=30).map(account).collect(),
        future_accounts: Some(true),
        may_delete_library: true,
        before: Some("You share under this contract already.".into()),
        contract: ContractText {
            details: (1..=12).map(line).collect(),
            will: (1..=20).map(line).collect(),
            will_not: (1..=20).map(line).collect(),
            sharing: Sharing {
                recipients: (1..=12).map(|n| format!("Recipient number {n} and partners")).collect(),
                ..diary().contract.sharing
            },
            ..diary().contract
        },
        ..diary()
    }
}

fn link(text: &str, url: &str) -> Link {
    Link { text: text.into(), url: url.into() }
}

fn asking(app: &str, contract: &str, returns_to: &str) -> Asking {
    Asking { app: app.into(), contract: contract.into(), returns_to: returns_to.into() }
}

fn part(object_type: i64, name: &str, from: &str, count: &str, peek: Option<Peek>) -> Part {
    Part {
        object_type: Some(object_type),
        name: name.into(),
        from: from.into(),
        count: Some(count.into()),
        optional: false,
        ticked: true,
        peek,
    }
}

fn choice(id: &str, source: &str, name: &str, count: &str) -> AccountChoice {
    AccountChoice {
        id: id.into(),
        source: source.into(),
        name: Some(name.into()),
        count: count.into(),
        reading: false,
        ticked: true,
    }
}

fn peek(items: Vec<crate::Item>) -> Peek {
    Peek { caption: format!("The latest {}", items.len()), items }
}

fn plays() -> Vec<crate::Item> {
    vec![
        item("Goodnight to the Gatepost", "30 May 2026", pairs([("Artist", "Gravel Tangerine")])),
        item(
            "Shoelace Anthem",
            "30 May 2026",
            pairs([("Artist", "Gravel Tangerine"), ("Album", "Uphill Is Optional")]),
        ),
    ]
}

fn vehicle_tests() -> Vec<crate::Item> {
    vec![item("Passed, 48,210 miles", "11 May 2026", pairs([("Advice", "Front brake pads wearing thin")]))]
}
