//! Every committed input keeps every promise; what once broke one stays here.

use std::{fs, panic, path::Path};

use consent_fuzz::CHECKS;

#[test]
fn every_seed_passes_its_check() {
    let mut failed = Vec::new();
    for (target, check) in CHECKS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
        let seeds: Vec<_> = fs::read_dir(&folder).unwrap().map(|seed| seed.unwrap().path()).collect();
        assert!(!seeds.is_empty(), "{target} has no seeds");
        // What is cut short is read as well.
        for seed in seeds {
            let data = fs::read(&seed).unwrap();
            for data in [&data[..], &data[..data.len() / 2]] {
                if panic::catch_unwind(|| check(data)).is_err() {
                    failed.push((seed.clone(), data.len()));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_target_is_there_to_be_run() {
    let manifest = include_str!("../targets/Cargo.toml");
    for (target, _) in CHECKS {
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), CHECKS.len());
}
