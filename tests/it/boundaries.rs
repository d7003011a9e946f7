//! The map of the workspace as data, compared with what the crates really do. A new edge is a one-line change here.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Every crate and the crates it may use; packages put `consent-` in front.
const MAY_USE: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("crypto", &["core"]),
    ("store", &["core"]),
    ("people", &["core", "store", "crypto"]),
    ("contracts", &["core", "store", "crypto"]),
    ("events", &["core", "store", "crypto"]),
    ("grants", &["core", "store", "contracts"]),
    ("auth", &["core", "store", "crypto", "contracts", "grants"]),
    ("library", &["core", "store", "crypto"]),
    ("sources", &["core", "store", "crypto", "library"]),
    ("sessions", &["core", "store", "crypto", "grants", "library"]),
    ("signals", &["core", "store", "crypto"]),
    ("receipts", &["core", "store", "crypto", "contracts", "grants"]),
    ("notices", &["core", "store"]),
    ("pages", &["core"]),
    ("client", &["core", "crypto"]),
    (
        "gateway",
        &[
            "core",
            "store",
            "crypto",
            "people",
            "contracts",
            "events",
            "grants",
            "auth",
            "library",
            "sources",
            "sessions",
            "signals",
            "receipts",
            "notices",
            "pages",
            "client",
        ],
    ),
    ("bench", &["gateway", "client", "core", "crypto", "events", "store"]),
    ("fuzz", &["core", "crypto", "contracts", "receipts", "sources", "gateway"]),
    ("tests", &["gateway", "client", "core", "crypto", "store"]),
];

/// Packages from outside that have one home, tests included.
const HOMES: &[(&[&str], &[&str])] = &[
    (&["crypto"], &["rsa", "aes-gcm", "hpke", "rcgen", "argon2", "sha2"]),
    // The limits that figures are held against are measured on the cipher library itself.
    (&["crypto", "bench"], &["aws-lc-rs"]),
    (&["gateway", "bench", "fuzz"], &["actix-web", "figment", "clap"]),
    (&["notices"], &["lettre"]),
    (&["pages"], &["askama"]),
    (&["tests"], &["fantoccini", "hyper-util"]),
];

#[test]
fn every_crate_uses_only_the_crates_below_it() {
    let mut wrong = Vec::new();
    for (name, dependencies) in packages() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!("{name} is not on the map"));
            continue;
        };
        // A test may look up: it builds after everything.
        for dependency in dependencies.iter().filter(|dependency| dependency["kind"] != "dev") {
            let below = dependency["name"].as_str().and_then(|name| name.strip_prefix("consent-"));
            wrong.extend(below.filter(|b| !allowed.contains(b)).map(|b| format!("{name} uses {b}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn ciphers_web_servers_and_templates_have_one_home_each() {
    let mut wrong = Vec::new();
    for (name, dependencies) in packages() {
        for dependency in dependencies.iter().filter_map(|dependency| dependency["name"].as_str()) {
            let homes = HOMES.iter().find(|(_, kept)| kept.contains(&dependency));
            let at_home = homes.is_none_or(|(homes, _)| homes.contains(&name.as_str()));
            wrong.extend((!at_home).then(|| format!("{name} uses {dependency}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_owner_is_said_to_be_open_only_where_its_row_is_locked() {
    refuse_outside("OpenOwner::locked(", without_tests, |path| {
        path == Path::new("crates/core/src/lock.rs")
            || path.starts_with("crates/people/src")
            || path.starts_with("crates/grants/src")
    });
}

#[test]
fn only_stores_speak_of_rows() {
    refuse_outside("row::", without_tests, |path| {
        path.components().any(|part| part.as_os_str() == "store.rs" || part.as_os_str() == "store")
    });
}

#[test]
fn the_clock_of_the_machine_is_read_in_one_place() {
    for reading in ["Utc::now(", "SystemTime::now("] {
        refuse_outside(reading, str::to_owned, |path| path == Path::new("crates/core/src/ambient.rs"));
    }
}

/// The timing of private-key operations of `rsa` tells about the key (RUSTSEC-2023-0071), so it only reads keys, and
/// nothing that would compute with it for us is built in.
#[test]
fn rsa_is_computed_by_aws_lc_alone() {
    let all = tree(&[]);
    assert!(all.iter().any(|package| package.starts_with("sqlx-postgres ")), "{all:#?}");
    assert!(all.iter().all(|package| !package.starts_with("sqlx-mysql ")), "{all:#?}");
    let users = tree(&["--invert", "rsa", "--depth", "1"]);
    let names: Vec<_> = users.iter().filter_map(|package| package.split(' ').next()).collect();
    assert_eq!(names, ["rsa", "consent-crypto"]);
    for computing in
        ["rsa::pss", "rsa::oaep", "rsa::pkcs1v15", "rsa::traits", "rsa::RsaPrivateKey", "rsa::hazmat"]
    {
        refuse_outside(computing, str::to_owned, |_| false);
    }
}

#[test]
fn a_name_that_only_ends_alike_and_a_comment_are_no_mention() {
    assert!(mentions("use crate::row::Entity;", "row::"));
    assert!(mentions("    row::Entity", "row::"));
    assert!(!mentions("arrow::Array\n    // row::Entity", "row::"));
    assert_eq!(without_tests("fn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n"), "fn a() {}\n\n");
}

/// The packages of the workspace without `consent-`, and what each depends on.
fn packages() -> Vec<(String, Vec<Value>)> {
    let cargo = env!("CARGO");
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let mut metadata: Value = serde_json::from_slice(&metadata.stdout).expect("cargo writes JSON");
    let Value::Array(packages) = metadata["packages"].take() else { panic!("cargo lists packages") };
    assert!(!packages.is_empty(), "the workspace has packages");
    let plain = |mut package: Value| {
        let name = package["name"].as_str().and_then(|name| name.strip_prefix("consent-"));
        let name = name.unwrap_or_else(|| panic!("{} begins with consent-", package["name"])).to_owned();
        let Value::Array(dependencies) = package["dependencies"].take() else {
            panic!("a list of dependencies")
        };
        (name, dependencies)
    };
    packages.into_iter().map(plain).collect()
}

/// What `cargo tree` lists of what is built into the server, a package a line.
fn tree(arguments: &[&str]) -> Vec<String> {
    let all = ["tree", "--package", "consent-gateway", "--edges", "normal", "--prefix", "none"];
    let tree = Command::new(env!("CARGO")).args(all).args(arguments).current_dir(root()).output();
    let tree = tree.expect("cargo starts");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8(tree.stdout).expect("cargo writes text").lines().map(str::to_owned).collect()
}

/// Fails for every source file outside of `home` that mentions `word`, once `part` has cut it down.
fn refuse_outside(word: &str, part: fn(&str) -> String, home: impl Fn(&Path) -> bool) {
    let mut sources = Vec::new();
    for folder in ["crates", "tests"] {
        collect(&root().join(folder), &mut sources);
    }
    let mut wrong = Vec::new();
    for path in sources {
        let text = part(&fs::read_to_string(&path).expect("a source is text"));
        let path = path.strip_prefix(root()).expect("below the root").to_owned();
        // This file is full of such words.
        if mentions(&text, word) && !home(&path) && !path.ends_with("boundaries.rs") {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "{word} in {wrong:#?}");
}

/// Whether a line that is not a comment has the word, and not as the end of a longer one.
fn mentions(text: &str, word: &str) -> bool {
    let in_line = |line: &str| {
        line.match_indices(word)
            .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
    };
    text.lines().filter(|line| !line.trim_start().starts_with("//")).any(in_line)
}

/// A file up to the tests at its bottom.
fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace")
}
