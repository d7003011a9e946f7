//! One file: sealed for the contract's key, streamed, watched until its last byte (`protocol/digime.md` §8).

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    body::SizedStream,
    http::header::{CONTENT_TYPE, HttpDate, LAST_MODIFIED},
    web,
};
use consent_crypto::digest::base64url;
use serde_json::json;

use super::DigimeError;
use crate::{
    flows::{self, Download},
    http::extract::WithToken,
    platform::Platform,
};

/// `GET permission-access/query/{session}/{file}`.
pub(super) async fn read(
    platform: web::Data<Platform>,
    WithToken(access): WithToken,
) -> Result<HttpResponse, DigimeError> {
    let download = flows::open_file(&platform, &access).await?;
    let (mut response, length) = (headers(&download), download.length);
    let body = download.body(&platform, &access).await?;
    Ok(response.body(SizedStream::new(length, Box::pin(body))))
}

/// `HEAD permission-access/query/{session}/{file}`: the same headers without the body.
pub(super) async fn describe(
    platform: web::Data<Platform>,
    WithToken(access): WithToken,
) -> Result<HttpResponse, DigimeError> {
    let download = flows::open_file(&platform, &access).await?;
    let nothing = futures_util::stream::empty::<Result<web::Bytes, std::io::Error>>();
    Ok(headers(&download).body(SizedStream::new(download.length, nothing)))
}

fn headers(download: &Download) -> HttpResponseBuilder {
    let metadata = json!({ "metadata": download.metadata, "size": download.size });
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, "application/octet-stream"))
        .insert_header(("x-metadata", base64url(metadata.to_string().as_bytes())))
        .insert_header((LAST_MODIFIED, HttpDate::from(std::time::SystemTime::from(download.updated_at))));
    response
}
