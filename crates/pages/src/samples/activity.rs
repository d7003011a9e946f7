//! Examples of what apps fetched.

use super::{MARKUP, RIGHT_TO_LEFT, ada, hostile, long_word};
use crate::{AccessRow, Activity, Chart, Section};

pub(crate) fn activity() -> Vec<(&'static str, Activity)> {
    let empty = || Activity {
        frame: ada(Section::Activity),
        apps: vec![],
        about: None,
        chart: None,
        accesses: vec![],
        next: None,
        first: None,
    };
    let some = || Activity {
        apps: vec![("app1".into(), "Tidemark".into(), false), ("app2".into(), "Fair Fare".into(), true)],
        chart: Some(chart()),
        accesses: accesses(),
        next: Some("/console/activity?app=app2&after=17".into()),
        ..empty()
    };
    let about = Some(("Tidemark".to_owned(), "/console/grants/gra01".to_owned()));
    vec![
        ("empty", empty()),
        ("some", some()),
        ("of-one-grant", Activity { about, first: Some("/console/activity?grant=gra01".into()), ..some() }),
        ("past-the-end", Activity { accesses: vec![], first: Some("/console/activity".into()), ..some() }),
        (
            "hostile",
            Activity {
                frame: hostile(Section::Activity),
                apps: vec![(MARKUP.into(), format!("{MARKUP} {}", long_word()), true)],
                accesses: vec![broken_out()],
                ..some()
            },
        ),
    ]
}

fn chart() -> Chart {
    let mut counts = vec![0; 30];
    (counts[3], counts[4], counts[17], counts[29]) = (17, 2, 64, 38);
    let rows = [("22 November 2026", "Tidemark", "38"), ("10 November 2026", "Fair Fare", "64")];
    Chart {
        caption: "Files fetched on each of the last 30 days".into(),
        said: "121 files on 4 days; most on 10 November 2026, 64 files.".into(),
        counts,
        ends: ("24 October 2026".into(), "22 November 2026".into()),
        most: "64 files".into(),
        rows: rows.map(|(day, app, files)| [day, app, files].map(str::to_owned)).into(),
    }
}

pub(super) fn accesses() -> Vec<AccessRow> {
    let access = AccessRow {
        what: "Transactions, May 2026".into(),
        path: Some("/library/files/fil01".into()),
        app: "Tidemark".into(),
        contract: "Tidemark health diary".into(),
        grant: "/console/grants/gra01".into(),
        when: "22 November 2026, 12:03 UTC".into(),
        size: "12 KB".into(),
    };
    let gone = AccessRow {
        what: "A file that is not in your library any more".into(),
        path: None,
        ..access.clone()
    };
    vec![access, gone]
}

pub(super) fn broken_out() -> AccessRow {
    AccessRow {
        what: format!("{MARKUP} {}", long_word()),
        app: MARKUP.into(),
        contract: RIGHT_TO_LEFT.into(),
        when: long_word(),
        ..accesses().remove(0)
    }
}
