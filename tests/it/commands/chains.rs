//! A chain that somebody took away and that somebody else had in hand.

use consent_core::PersonId;
use consent_crypto::digest::{hex, sha256};
use consent_events::Export;
use harness::{TestPlatform, agreed, stories};
use serde_json::{Value, json};

use super::Desk;

/// The chain of a person, as a file: a header and a line for each event.
async fn exported(platform: &TestPlatform, person: &str) -> Vec<String> {
    let person: PersonId = person.parse().unwrap();
    let mut export = Export::begin(&platform.inner.db, &person).await.unwrap();
    let mut text = String::new();
    while let Some(piece) = export.next().await.unwrap() {
        text.push_str(&piece);
    }
    text.lines().map(str::to_owned).collect()
}

/// What the command finds, and what it ends with.
fn judged(desk: &Desk, lines: &[String], kept: Option<&str>) -> (i32, Value, String) {
    desk.write("chain.jsonl", &(lines.join("\n") + "\n"));
    let words = ["events", "verify", "chain.jsonl"].into_iter();
    let words: Vec<_> = words.chain(kept.into_iter().flat_map(|id| ["--head", id])).collect();
    let found: Value =
        serde_json::from_str(&desk.run(words.iter().copied().chain(["--json"])).stdout).unwrap();
    let told = desk.run(words);
    (told.code, found, told.stdout + &told.stderr)
}

/// Puts another body into an event, with an id that fits it.
fn forged(line: &str, from: &str, to: &str) -> String {
    let mut event: Value = serde_json::from_str(line).unwrap();
    let body = event["body"].as_str().unwrap().replacen(from, to, 1);
    event["id"] = hex(&sha256(body.as_bytes())).into();
    event["body"] = body.into();
    event.to_string()
}

stories! {
    async fn an_exported_chain_that_somebody_tampered_with_is_named_by_its_flaw(platform: TestPlatform) {
        let (_, ada, yes) = agreed(&platform).await;
        ada.stops(&yes).await;
        ada.resumes(&yes).await;
        ada.revokes(&yes).await;
        let whole = exported(&platform, &ada.id).await;
        let last = whole.len() - 1;
        assert!(last >= 5, "events: {last}");
        let header: Value = serde_json::from_str(&whole[0]).unwrap();
        let head = header["head"]["id"].as_str().unwrap().to_owned();

        let desk = Desk::new();
        let (code, found, told) = judged(&desk, &whole, Some(&head));
        assert_eq!((code, &found["whole"], &found["events"]), (0, &json!(true), &json!(last)), "{told}");
        assert!(told.contains(&format!("is whole: events 1 to {last}")), "{told}");

        // The header is told the same lie, as whoever edits the file would.
        let headed = |id: &str, seq: usize| header_with(&header, id, seq);
        let edited = replaced(&whole, 2, whole[2].replacen("person", "nobody", 1));
        let relinked = replaced(&whole, 2, forged(&whole[2], "person", "nobody"));
        let removed = [&whole[..2], &whole[3..]].concat();
        let swapped = [&whole[..2], &[whole[3].clone(), whole[2].clone()], &whole[4..]].concat();
        let cut = whole[..last].to_vec();
        let cut_and_headed = replaced(&cut, 0, headed(&id_in(&cut[last - 1]), last - 1));
        let ends_otherwise = forged(&whole[last], "person", "nobody");
        let rewritten = replaced(&whole, last, ends_otherwise.clone());
        let rewritten = replaced(&rewritten, 0, headed(&id_in(&ends_otherwise), last));
        let doubled = [&whole[..3], &whole[2..]].concat();
        for (what, lines, kept, flaw, event) in [
            ("edited", &edited, None, "edited", 2),
            ("edited, with a fitting id", &relinked, None, "unlinked", 3),
            ("removed", &removed, None, "missing", 2),
            ("swapped", &swapped, None, "reordered", 2),
            ("twice", &doubled, None, "reordered", 3),
            ("cut", &cut, None, "truncated", last),
            // Named is the first place at which nothing stands any more.
            ("cut, with a fitting header", &cut_and_headed, Some(&head), "lost", last),
            ("ends otherwise, with a fitting header", &rewritten, Some(&head), "lost", last + 1),
        ] {
            let (code, found, told) = judged(&desk, lines, kept.map(String::as_str));
            assert_eq!((code, &found["whole"]), (1, &json!(false)), "{what}: {told}");
            assert_eq!((&found["flaw"], &found["event"]), (&json!(flaw), &json!(event)), "{what}: {told}");
            assert!(told.contains(&format!("the chain is broken at event {event}: ")), "{what}: {told}");
        }
        let (code, _, told) = judged(&desk, &cut_and_headed, None);
        assert_eq!(code, 0, "who kept no head cannot know what is gone from the end: {told}");
    }
}

/// The id in the line of an event.
fn id_in(line: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap();
    event["id"].as_str().unwrap().to_owned()
}

fn replaced(lines: &[String], at: usize, line: String) -> Vec<String> {
    let mut lines = lines.to_vec();
    lines[at] = line;
    lines
}

fn header_with(header: &Value, id: &str, seq: usize) -> String {
    let mut header = header.clone();
    header["head"] = json!({ "id": id, "seq": seq });
    header.to_string()
}
