//! What a request costs in things that can be counted.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpStream},
};

use serde_json::Value;

use super::Bench;
use crate::{
    door::text,
    error::{Outcome, failure},
    load::{Bodies, bytes, count, drive},
    report::Figure,
    stage::{Stage, beside, payloads},
};

/// So many requests of a kind.
const NUMBER: usize = 100;
/// What is counted, as the counting platform names it and as it is printed.
const COUNTED: [(&str, &str); 7] = [
    ("statements", "statements"),
    ("rsa_verified", "RSA signatures checked"),
    ("rsa_signed", "RSA signatures made"),
    ("rsa_sealed", "keys sealed with RSA"),
    ("x25519_opened", "keys opened with X25519"),
    ("allocations", "allocations"),
    ("bytes_allocated", "bytes allocated"),
];

impl Bench<'_> {
    /// On a platform of its own, which is built with counters.
    pub(super) async fn counts(&self) -> Outcome<Figure> {
        let bin = beside("counted")?;
        let stage = Stage::set_up(&bin, self.stage.engine).await?;
        let address = fs::read_to_string(stage.data().join("counters"))?.parse()?;
        let mut figure = Figure::new(
            "counts",
            "What is counted",
            "Of one request each, the mean of 100, one after the other, on the same platform built with counters. Beginning \
             and committing a transaction are no statements. Everything that is allocated counts, the web server's part \
             and the database library's too.",
        );
        let reader = &stage.reader;
        let lists = reader.reading(NUMBER, |_| reader.list_path())?;
        cost(&stage, address, &mut figure, "list of 50 files", lists).await?;
        let fetches = reader.reading(NUMBER, |at| reader.file_path(at))?;
        cost(&stage, address, &mut figure, "fetch of 10 KB", fetches).await?;
        let codes = stage.codes(NUMBER).await?;
        let exchanges = stage.asking_for_tokens(NUMBER, |at| stage.exchanging(&codes[at]))?;
        let tokens = cost(&stage, address, &mut figure, "code to tokens", exchanges).await?;
        let refreshes = stage.asking_for_tokens(NUMBER, |at| {
            vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", tokens[at].clone())]
        })?;
        cost(&stage, address, &mut figure, "refresh", refreshes).await?;
        Ok(figure)
    }
}

/// One row of what these requests cost each; the refresh tokens among the answers.
async fn cost(
    stage: &Stage<'_>,
    counters: SocketAddr,
    figure: &mut Figure,
    what: &str,
    requests: Vec<Vec<u8>>,
) -> Outcome<Vec<String>> {
    let number = requests.len();
    let before = so_far(counters)?;
    let load = drive(&stage.server, requests, 1, Bodies::Keep).await?;
    let after = so_far(counters)?;
    let mut said = Vec::new();
    for (name, words) in COUNTED {
        let counted = after[name].as_u64().zip(before[name].as_u64()).map(|(after, before)| after - before);
        let counted = counted.ok_or_else(|| failure(format!("{name} is not counted")))?;
        let each = bytes(counted) / count(number);
        if each >= 0.005 {
            let digits = usize::from(each < 100.0 && each.fract() > 0.005);
            said.push(format!("{each:.digits$} {words}"));
        }
    }
    figure.row(what, said.join(", "));
    let is_tokens = load.bodies.first().is_some_and(|body| body.starts_with(b"{\"token\""));
    if !is_tokens {
        return Ok(Vec::new());
    }
    payloads(&load)?.iter().map(|said| text(&said["refresh_token"], "value")).collect()
}

fn so_far(counters: SocketAddr) -> Outcome<Value> {
    let mut line = String::new();
    BufReader::new(TcpStream::connect(counters)?).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}
