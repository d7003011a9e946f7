//! Forms with files: whatever arrives, what the answer says is kept is in the library, and nothing else.

use actix_web::{error::PayloadError, test::TestRequest};
use bytes::Bytes;

use crate::{
    input::Input,
    stage::{Pieces, with_stage},
};

/// A byte that says how the body ends, the pieces in which it arrives, a line for its media type, the body;
/// `{csrf}` stands for the token of the page.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let (ends, mut cuts) = (input.byte(), Input(input.line()));
    let content_type = input.line().to_vec();
    with_stage(|stage| {
        let body = filled(input.rest(), &stage.csrf);
        let mut pieces: Pieces =
            cuts.pieces(&body).into_iter().map(|p| Ok(Bytes::copy_from_slice(p))).collect();
        if ends % 8 == 7 {
            pieces.push(Err(PayloadError::Incomplete(None)));
        }
        let Ok(content_type) = actix_web::http::header::HeaderValue::from_bytes(&content_type) else {
            return;
        };
        let request = TestRequest::post().uri("/library/files").insert_header(("content-type", content_type));
        let (records, sealed) = stage.files();
        assert_eq!(records, sealed, "before");
        let sign_in = stage.sign_in();
        let answer = stage.send(request, pieces, &[&sign_in]);
        let (kept, (records_now, sealed_now)) = (kept(answer.status, &answer.body), stage.files());
        assert!(answer.status < 500, "{answer:?}");
        assert_eq!(records_now, sealed_now, "a half-written file");
        let new = records_now - records;
        // One file of the form may become several in the library.
        assert!(new >= kept && (new == 0) == (kept == 0), "{kept} reported, {new} kept: {answer:?}");
        assert!(answer.status != 303 || answer.location() == Some("/library?said=uploaded"));
        if new > 0 {
            stage.is_worn();
        }
    });
}

fn filled(body: &[u8], csrf: &str) -> Vec<u8> {
    let name = b"{csrf}";
    match body.windows(name.len()).position(|part| part == name) {
        Some(at) => [&body[..at], csrf.as_bytes(), &body[at + name.len()..]].concat(),
        None => body.to_vec(),
    }
}

/// How many files the answer says were kept, at least.
fn kept(status: u16, page: &str) -> usize {
    let said = || page.split_once("Kept so far: ")?.1.split(' ').next()?.parse().ok();
    if status == 303 { 1 } else { said().unwrap_or(0) }
}
