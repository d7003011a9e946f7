//! Requests as bytes, signed and ready to be sent.

use std::{num::NonZero, thread};

use consent_client::App;

use crate::error::{Outcome, failure};

/// Claims of one request beside those that every request has.
pub type Claims = Vec<(&'static str, String)>;

/// So many JWTs with a nonce of their own each, signed by the app on all cores; good for five minutes.
pub fn sign(app: &App, number: usize, claims: impl Fn(usize) -> Claims + Sync) -> Outcome<Vec<String>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let part = number.div_ceil(threads).max(1);
    let signed = |numbers: std::ops::Range<usize>| -> Outcome<Vec<String>> {
        numbers
            .map(|number| {
                let mut all = app.claims();
                all.extend(claims(number).into_iter().map(|(name, value)| (name.to_owned(), value.into())));
                Ok(app.signed(&all)?)
            })
            .collect()
    };
    thread::scope(|scope| {
        let signed = &signed;
        let running: Vec<_> = (0..number)
            .step_by(part)
            .map(|from| scope.spawn(move || signed(from..(from + part).min(number))))
            .collect();
        let mut all = Vec::new();
        for part in running {
            all.extend(part.join().map_err(|_| failure("a signing thread panicked"))??);
        }
        Ok(all)
    })
}

/// `GET path` with a bearer token.
pub fn get(path: &str, bearer: &str, accept: &str) -> Vec<u8> {
    let head = "host: 127.0.0.1\r\nuser-agent: consent-bench";
    format!("GET {path} HTTP/1.1\r\n{head}\r\naccept: {accept}\r\nauthorization: Bearer {bearer}\r\n\r\n")
        .into()
}

/// `POST path` of JSON, or of nothing, with a bearer token.
pub fn post(path: &str, bearer: &str, json: &str) -> Vec<u8> {
    with_json("POST", path, bearer, json)
}

/// `PUT path` of JSON with a bearer token.
pub fn put(path: &str, bearer: &str, json: &str) -> Vec<u8> {
    with_json("PUT", path, bearer, json)
}

fn with_json(method: &str, path: &str, bearer: &str, json: &str) -> Vec<u8> {
    let head = "host: 127.0.0.1\r\nuser-agent: consent-bench\r\naccept: application/json";
    let kind = if json.is_empty() { "" } else { "content-type: application/json\r\n" };
    let length = json.len();
    format!(
        "{method} {path} HTTP/1.1\r\n{head}\r\nauthorization: Bearer {bearer}\r\n{kind}\
         content-length: {length}\r\n\r\n{json}"
    )
    .into()
}

/// The head of a `POST path` of so many bytes of no particular kind.
pub fn upload(path: &str, bearer: &str, length: usize) -> Vec<u8> {
    let head = "host: 127.0.0.1\r\nuser-agent: consent-bench\r\ncontent-type: application/octet-stream";
    format!(
        "POST {path} HTTP/1.1\r\n{head}\r\nauthorization: Bearer {bearer}\r\ncontent-length: {length}\r\n\r\n"
    )
    .into()
}

/// `GET path` as a browser with these cookies.
pub fn browse(path: &str, cookies: &str) -> Vec<u8> {
    let head = "host: 127.0.0.1\r\nuser-agent: consent-bench\r\naccept: text/html";
    format!("GET {path} HTTP/1.1\r\n{head}\r\ncookie: {cookies}\r\n\r\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_how_long_its_body_is() {
        let text = String::from_utf8(post("/x", "jwt", "{}")).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\n") && text.ends_with("content-length: 2\r\n\r\n{}"));
        assert!(!String::from_utf8(post("/x", "jwt", "")).unwrap().contains("content-type"));
    }
}
