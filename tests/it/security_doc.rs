//! `docs/security.md` names tests. Each of them exists, and no threat is passed over in silence.

use std::{collections::BTreeSet, fs, path::Path};

/// Threats are numbered up to this.
const LAST: u32 = 30;

#[test]
fn every_test_that_the_security_page_names_exists() {
    let page = page();
    let named = named_in(&page);
    assert!(named.len() > 90, "{}", named.len());
    let missing: Vec<_> = named.into_iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_threat_is_answered_by_tests_or_said_to_be_unanswered() {
    let page = page();
    let (answered, rest) = page.split_once("\n## Not yet").expect("a list of what is not there yet");
    let (unanswered, _) = rest.split_once("\n## ").expect("a section after it");
    let mut told = BTreeSet::new();
    for line in answered.lines() {
        let cells = line.strip_prefix("| ").and_then(|line| line.split_once(" |"));
        if let Some((Ok(number), row)) = cells.map(|(number, row)| (number.parse::<u32>(), row)) {
            assert!(!named_in(row).is_empty(), "{number} has tests");
            told.insert(number);
        }
    }
    for entry in unanswered.lines().filter_map(|line| line.strip_prefix("- **")) {
        told.extend(entry.split([',', '*']).next().and_then(|number| number.parse::<u32>().ok()));
    }
    assert_eq!(told, (1..=LAST).collect());
}

#[test]
fn a_name_is_a_file_and_a_test_in_it() {
    assert_eq!(named_in("`a::b_1` `a::B` `a` `--a::b` a::c\n`d::e::f`"), ["a::b_1", "d::e::f"]);
    assert!(exists("security_doc::a_name_is_a_file_and_a_test_in_it"));
    assert!(!exists("security_doc::a_name_is_a_file_and_a_test_in"));
    assert!(!exists("boundaries::a_name_is_a_file_and_a_test_in_it"));
}

fn page() -> String {
    fs::read_to_string(root().join("docs/security.md")).expect("the page")
}

/// Whatever stands as code and has the form of a path to a function.
fn named_in(text: &str) -> Vec<&str> {
    let plain = |name: &&str| name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b':'));
    text.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).filter(plain).collect()
}

/// Whether a file of the stories, or of a crate, has a function of this name.
fn exists(name: &str) -> bool {
    let (modules, test) = name.rsplit_once("::").expect("a module");
    let path = modules.replace("::", "/");
    let (first, rest) = path.split_once('/').unwrap_or((&path, "lib"));
    let homes = [
        format!("tests/it/{path}.rs"),
        format!("crates/{first}/src/{rest}.rs"),
        format!("crates/{first}/src/{rest}/tests.rs"),
    ];
    let has = |home: &String| {
        let source = fs::read_to_string(root().join(home));
        source.is_ok_and(|source| source.contains(&format!("fn {test}(")))
    };
    homes.iter().any(has)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace")
}
