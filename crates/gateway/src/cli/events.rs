//! `events`: chains that somebody took away.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use consent_events::{EventId, ExportError, Summary, verify_export};
use serde_json::{Value, json};

use super::{CliError, jwks::key_set, say};

const NOTES: &str = "\
FILE is an exported chain, one JSON object a line: a header, checkpoints, events. Every event's id is the SHA-256 of its
body, which names the event before it; so a change, a gap and another order all show. Three things are only found with
something that the platform does not hold alone:
  --head ID     the id of an event that was kept earlier: the chain must still have it
  --jwks FROM   the platform's published keys, a file or an address: the checkpoints must be signed by one of them
  payloads      what was erased can no longer be compared, and is counted as erased

Exit code: 0 the chain is whole, 1 it is not or could not be read, 2 wrong use. The first bad place is named:
  edited missing reordered unlinked foreign untimely truncated rewritten lost unreadable payload

Examples:
  consent-access events verify chain.jsonl
  consent-access events verify chain.jsonl --jwks jwks.json --head 7d503b3f8089…
  zcat chain.jsonl.gz | consent-access events verify - --json";

/// What can be done about chains.
#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// Checks that an exported chain is whole, or names the first bad place
    #[command(after_help = NOTES)]
    Verify {
        /// The export; - reads standard input
        file: PathBuf,
        /// Keys that checkpoints must be signed by (a JWK set): a file, or an https or http address; without them
        /// signatures are not checked
        #[arg(long, value_name = "FILE|URL")]
        jwks: Option<String>,
        /// Id of an event that was kept (64 hexadecimal digits), which the chain must have
        #[arg(long, value_name = "ID")]
        head: Option<String>,
        /// Prints one JSON object instead of sentences
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: EventsCommand) -> Result<(), CliError> {
    let EventsCommand::Verify { file, jwks, head, json } = command;
    let head = head.as_deref().map(parse_head).transpose()?;
    let jwks = match jwks {
        Some(from) => Some(key_set(&from).await?),
        None => None,
    };
    let found = verify_export(open(&file)?, jwks.as_ref(), head.as_ref());
    if json {
        say(&told_as_json(&found).to_string())?;
    }
    let summary = found?;
    if json { Ok(()) } else { say(&told(&summary)) }
}

fn parse_head(text: &str) -> Result<EventId, CliError> {
    text.parse().map_err(|_| CliError::usage(format!("--head {text:?} is not 64 hexadecimal digits")))
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, CliError> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).map_err(CliError::because(format!("{} cannot be read", path.display())))?;
    Ok(Box::new(BufReader::new(file)))
}

fn told(summary: &Summary) -> String {
    let Some(head) = &summary.head else { return "the chain is whole: it has no events".to_owned() };
    let mut lines = vec![format!("the chain {} is whole: events 1 to {}", head.chain, head.seq)];
    if let (Some(first), Some(last)) = (summary.first_at, summary.last_at) {
        lines.push(format!("from {} to {}", first.to_rfc3339(), last.to_rfc3339()));
    }
    lines.push(format!("head {}", head.id));
    lines.push(format!("payloads: {} as committed to, {} erased", summary.payloads, summary.erased));
    let signatures =
        if summary.signatures_checked { "signatures good" } else { "signatures not checked (--jwks)" };
    lines.push(format!("checkpoints: {}, {signatures}", summary.checkpoints));
    lines.extend(summary.kept_at.map(|seq| format!("the kept head is event {seq}")));
    lines.join("\n")
}

fn told_as_json(found: &Result<Summary, ExportError>) -> Value {
    match found {
        Ok(summary) => json!({
            "whole": true,
            "chain": summary.head.as_ref().map(|head| head.chain.to_string()),
            "events": summary.head.as_ref().map_or(0, |head| head.seq),
            "head": summary.head.as_ref().map(|head| head.id.as_str()),
            "firstAt": summary.first_at.map(|at| at.to_rfc3339()),
            "lastAt": summary.last_at.map(|at| at.to_rfc3339()),
            "payloads": summary.payloads,
            "erased": summary.erased,
            "checkpoints": summary.checkpoints,
            "signaturesChecked": summary.signatures_checked,
            "keptAt": summary.kept_at,
        }),
        Err(error @ ExportError::Broken(broken)) => json!({
            "whole": false,
            "event": broken.seq,
            "flaw": broken.what.code(),
            "message": error.to_string(),
        }),
        Err(error) => json!({ "whole": false, "message": error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain of one event, the example of the crate's README.
    const EXPORT: &str = concat!(
        r#"{"format":"consent-events export","v":1,"chain":"per00000000000000000000000005","#,
        r#""head":{"id":"7d503b3f808976f9efca42839d1148c9b9d2d3fb57cc3c89aa4cd628d940a8b6","seq":1}}"#,
        "\n",
        r#"{"id":"7d503b3f808976f9efca42839d1148c9b9d2d3fb57cc3c89aa4cd628d940a8b6","#,
        r#""body":"{\"act\":{\"app\":\"app00000000000000000000000002\",\"contract\":\"con00000000000000000000000003\","#,
        r#"\"grant\":\"gra00000000000000000000000001\",\"textHash\":"#,
        r#"\"abababababababababababababababababababababababababababababababab\",\"type\":\"granted\",\"version\":4},"#,
        r#"\"actor\":{\"id\":\"per00000000000000000000000005\",\"kind\":\"person\"},"#,
        r#"\"at\":\"2026-11-22T12:00:00.120Z\",\"person\":\"per00000000000000000000000005\","#,
        r#"\"previous\":null,\"seq\":1,\"v\":1}"}"#,
        "\n",
    );

    async fn verify(export: &str, head: Option<&str>) -> Result<(), CliError> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("chain.jsonl");
        std::fs::write(&file, export).unwrap();
        run(EventsCommand::Verify { file, jwks: None, head: head.map(str::to_owned), json: false }).await
    }

    async fn refusal(export: &str, head: Option<&str>) -> (String, std::process::ExitCode) {
        let error = verify(export, head).await.unwrap_err();
        (error.to_string(), error.exit_code())
    }

    #[test]
    fn a_whole_chain_is_told_in_sentences() {
        let summary = verify_export(EXPORT.as_bytes(), None, None).unwrap();
        let expected = "the chain per00000000000000000000000005 is whole: events 1 to 1\n\
            from 2026-11-22T12:00:00.120+00:00 to 2026-11-22T12:00:00.120+00:00\n\
            head 7d503b3f808976f9efca42839d1148c9b9d2d3fb57cc3c89aa4cd628d940a8b6\n\
            payloads: 0 as committed to, 0 erased\n\
            checkpoints: 0, signatures not checked (--jwks)";
        assert_eq!(told(&summary), expected);
        assert_eq!(told(&Summary::default()), "the chain is whole: it has no events");
    }

    #[tokio::test]
    async fn the_first_bad_place_is_named_and_the_exit_code_tells_failure_from_wrong_use() {
        assert!(verify(EXPORT, None).await.is_ok());
        let (message, exit) = refusal(&EXPORT.replace("granted", "revoked"), None).await;
        assert_eq!(message, "the chain is broken at event 1: it was edited");
        assert_eq!(format!("{exit:?}"), format!("{:?}", std::process::ExitCode::from(1)));
        let (message, _) = refusal(EXPORT, Some(&"0".repeat(64))).await;
        assert!(message.ends_with("no event up to here is the one that the kept head names"), "{message}");
        let (message, exit) = refusal(EXPORT, Some("7d50")).await;
        assert_eq!(message, "--head \"7d50\" is not 64 hexadecimal digits");
        assert_eq!(format!("{exit:?}"), format!("{:?}", std::process::ExitCode::from(2)));
    }

    #[test]
    fn programs_get_the_flaw_in_one_word() {
        let cut = verify_export(EXPORT.lines().next().unwrap().as_bytes(), None, None);
        let told = told_as_json(&cut);
        assert_eq!(
            (&told["whole"], &told["event"], &told["flaw"]),
            (&json!(false), &json!(1), &json!("truncated"))
        );
        let whole = told_as_json(&verify_export(EXPORT.as_bytes(), None, None));
        assert_eq!((&whole["whole"], &whole["events"]), (&json!(true), &json!(1)));
    }
}
