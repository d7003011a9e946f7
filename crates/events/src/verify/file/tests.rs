use chrono::TimeDelta;
use consent_core::Actor;
use proptest::prelude::*;

use super::*;
use crate::{
    CheckpointInterval, Flaw, NewEvent, Payload, checkpoint_due, erase_payload,
    testing::{World, jwks, signer},
};

/// Four events, the second with a payload, and a checkpoint at the third.
async fn world() -> World {
    let world = World::new().await;
    world.append_some(1).await;
    let new = NewEvent::new(&world.ada, world.stopped(), &Actor::Operator);
    world.append_one(new.with_payload(Payload::because("she asked"))).await;
    world.append_some(1).await;
    let often = CheckpointInterval { events: 1, time: TimeDelta::days(1) };
    checkpoint_due(&world.db, &signer(), often, 9, &world.ambient).await.unwrap();
    world.append_some(1).await;
    world
}

fn lines(file: &str) -> Vec<String> {
    file.lines().map(str::to_owned).collect()
}

fn verify(lines: &[String]) -> Result<Summary, ExportError> {
    verify_export(lines.join("\n").as_bytes(), Some(&jwks()), None)
}

fn broken(lines: &[String]) -> (i64, Flaw) {
    match verify(lines) {
        Err(ExportError::Broken(broken)) => (broken.seq, broken.what),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_export_is_verified_with_nothing_but_the_file_and_the_keys() {
    let world = world().await;
    let file = world.export(&world.ada).await;
    let summary = verify_export(file.as_bytes(), Some(&jwks()), None).unwrap();
    let head = summary.head.clone().unwrap();
    assert_eq!((head.chain, head.seq), (world.ada.clone().into(), 4));
    assert_eq!((summary.payloads, summary.erased, summary.checkpoints), (1, 0, 1));
    assert!(summary.signatures_checked);
    assert_eq!(summary.last_at.unwrap() - summary.first_at.unwrap(), TimeDelta::milliseconds(3));

    let unsigned = verify_export(file.as_bytes(), None, Some(&head.id)).unwrap();
    assert_eq!((unsigned.signatures_checked, unsigned.kept_at), (false, Some(4)));
}

#[tokio::test]
async fn an_erased_payload_is_told_and_breaks_nothing() {
    let world = world().await;
    let second = world.all().await[1].id.clone();
    let tx = world.db.begin_write().await.unwrap();
    erase_payload(&tx, &second).await.unwrap();
    tx.commit().await.unwrap();
    let file = world.export(&world.ada).await;
    assert!(!file.contains("she asked"));
    let summary = verify_export(file.as_bytes(), None, None).unwrap();
    assert_eq!((summary.payloads, summary.erased), (0, 1));
}

#[tokio::test]
async fn an_empty_chain_has_an_export_too() {
    let world = World::new().await;
    let file = world.export(&world.ada).await;
    assert_eq!(verify_export(file.as_bytes(), None, None).unwrap(), Summary::default());
}

#[tokio::test]
async fn every_deed_in_an_export_is_named() {
    let world = world().await;
    let lines = lines(&world.export(&world.ada).await);
    // The header, the checkpoint, and the events from line 2 on.
    assert_eq!(lines.len(), 6);
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut changed = lines.clone();
        change(&mut changed);
        broken(&changed)
    };
    assert_eq!(with(&|l| l[3] = l[3].replace("stopped", "resumed")), (2, Flaw::Edited));
    assert_eq!(with(&|l| l[3] = l[3].replace("she asked", "he asked")), (2, Flaw::Payload));
    assert_eq!(with(&|l| drop(l.remove(3))), (2, Flaw::Missing));
    assert_eq!(with(&|l| l.swap(3, 4)), (2, Flaw::Reordered));
    assert_eq!(with(&|l| l.insert(3, l[2].clone())), (2, Flaw::Reordered));
    assert_eq!(with(&|l| l.truncate(5)), (4, Flaw::Truncated));
    assert_eq!(with(&|l| l.truncate(1)), (1, Flaw::Truncated));
    let none = EventId::of("");
    let last = |l: &mut Vec<String>| l[5] = format!(r#"{{"id":"{none}","body":""}}"#);
    assert_eq!(with(&last), (4, Flaw::Unreadable));
}

#[tokio::test]
async fn whoever_cuts_the_header_to_fit_is_found_out_by_checkpoint_and_kept_head() {
    let world = world().await;
    let mut lines = lines(&world.export(&world.ada).await);
    let kept = world.all().await[3].id.clone();
    lines.truncate(4);
    lines[0] = serde_json::to_string(&Header::new((&world.ada).into(), None)).unwrap();
    assert_eq!(broken(&lines), (3, Flaw::Truncated), "the checkpoint is of the third");
    lines.remove(1);
    let file = lines.join("\n");
    assert_eq!(verify(&lines).unwrap().head.unwrap().seq, 2, "nothing that is left says so");
    let lost = verify_export(file.as_bytes(), None, Some(&kept)).unwrap_err();
    assert_eq!(
        lost.to_string(),
        "the chain is broken at event 3: no event up to here is the one that the kept head names"
    );
}

#[tokio::test]
async fn a_checkpoint_that_nobody_signed_is_refused() {
    let world = world().await;
    let lines = lines(&world.export(&world.ada).await);
    let forged = lines.join("\n").replacen(".eyJ", ".eyK", 1);
    assert!(verify_export(forged.as_bytes(), Some(&jwks()), None).is_err());
    let other = serde_json::json!({"keys": [crate::testing::other_key().public().jwk("RS256", "k", "sig")]});
    let refused = verify_export(lines.join("\n").as_bytes(), Some(&other), None).unwrap_err();
    assert!(matches!(refused, ExportError::Checkpoint { line: 2, source: JwsError::Signature }));
    for wrong in [serde_json::json!({}), serde_json::json!({"keys": [{"kty": "RSA"}]})] {
        let refused = verify_export("".as_bytes(), Some(&wrong), None);
        assert!(matches!(refused, Err(ExportError::Keys)));
    }
}

#[tokio::test]
async fn what_is_no_export_is_refused_with_its_line() {
    let world = world().await;
    let lines = lines(&world.export(&world.ada).await);
    let refused = |file: &str| verify_export(file.as_bytes(), None, None).unwrap_err().to_string();
    assert_eq!(refused(""), "line 1 is not the first line of an export");
    assert_eq!(refused(&lines[2..].join("\n")), "line 1 is not the first line of an export");
    let newer = lines[0].replace(r#""v":1"#, r#""v":2"#);
    assert_eq!(refused(&newer), "line 1 is of a version that is not known here");
    let half = lines.join("\n").replace(r#","salt":"#, r#","sugar":"#);
    assert_eq!(refused(&half), "line 4 is an event with half a payload");
    let late = [&lines[..], &lines[1..2]].concat().join("\n");
    assert_eq!(refused(&late), "line 7 is a checkpoint behind events");
    let foreign = [lines[0].replace(world.ada.as_str(), "per00000000000000000000000009"), lines[1].clone()];
    assert_eq!(refused(&foreign.join("\n")), "line 2 is a checkpoint of another chain");
    assert_eq!(refused(&format!("{}\nnonsense", lines[0])), "line 2 is neither an event nor a checkpoint");
    let long = format!("{}\n{}", lines[0], "x".repeat(1_100_000));
    assert_eq!(refused(&long), "line 2 is longer than a mebibyte");
}

#[tokio::test]
async fn a_chain_longer_than_a_page_is_exported_whole() {
    let world = World::new().await;
    let new = (0..1203).map(|_| NewEvent::new(&world.ada, world.stopped(), &Actor::Clock)).collect();
    let tx = world.db.begin_write().await.unwrap();
    crate::append_all(&tx, new, &world.ambient).await.unwrap();
    tx.commit().await.unwrap();
    let file = world.export(&world.ada).await;
    assert_eq!(verify_export(file.as_bytes(), None, None).unwrap().head.unwrap().seq, 1203);
}

proptest! {
    #[test]
    fn reading_anything_at_all_never_panics(lines: Vec<String>) {
        let _ = verify_export(lines.join("\n").as_bytes(), None, None);
        let header = r#"{"format":"consent-events export","v":1,"chain":"per00000000000000000000000009","head":null}"#;
        let _ = verify_export(format!("{header}\n{}", lines.join("\n")).as_bytes(), None, None);
    }
}
