//! Checks an export: a file of JSON lines that somebody took away, with nothing of the platform at hand.

use std::io::{self, BufRead, Read as _};

use consent_crypto::{JwsError, RsaPublicKey, digest::hex_decode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Checker, Entry, Summary};
use crate::{Broken, ChainId, Checkpoint, EventId, chain::Walk};

/// What the first line of an export says it is.
const EXPORT_FORMAT: &str = "consent-events export";
const EXPORT_VERSION: u8 = 1;
/// The longest line of an export, in bytes.
const MAX_LINE: u64 = 1024 * 1024;

/// The first line.
#[derive(Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) v: u8,
    pub(crate) chain: ChainId,
    pub(crate) head: Option<HeadLine>,
}

impl Header {
    pub(crate) fn new(chain: ChainId, head: Option<HeadLine>) -> Self {
        Self { format: EXPORT_FORMAT.to_owned(), v: EXPORT_VERSION, chain, head }
    }
}

/// The end of the chain when it was exported.
#[derive(Serialize, Deserialize)]
pub(crate) struct HeadLine {
    pub(crate) id: EventId,
    pub(crate) seq: i64,
}

/// A line of a checkpoint.
#[derive(Serialize, Deserialize)]
pub(crate) struct CheckpointLine {
    pub(crate) checkpoint: String,
}

/// A line of an event; payload and salt (64 hexadecimal digits) are both there or both not.
#[derive(Serialize, Deserialize)]
pub(crate) struct EventLine {
    pub(crate) id: String,
    pub(crate) body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) salt: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Event(EventLine),
    Checkpoint(CheckpointLine),
}

/// An export that is not what was appended, or no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file could not be read.
    #[error("the export could not be read")]
    Read(#[from] io::Error),
    /// A line that no export has there.
    #[error("line {line} is {what}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What it is.
        what: &'static str,
    },
    /// The keys to check signatures with are no JWKS, or one of them no RSA key.
    #[error("the keys are not a JWKS of RSA keys")]
    Keys,
    /// A checkpoint that is not well-formed, or that none of the keys signed.
    #[error("the checkpoint in line {line} is not good")]
    Checkpoint {
        /// Which line, from 1.
        line: u64,
        /// Why.
        source: JwsError,
    },
    /// The chain is not whole.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// Checks an export from beginning to end, and says what is in it, or names the first bad place.
///
/// `jwks` has the keys that checkpoints have to be signed by (the platform publishes them); without it their signatures
/// are not looked at. `kept` is the id of a head that was kept: the chain has to have it.
pub fn verify_export(
    reader: impl BufRead,
    jwks: Option<&Value>,
    kept: Option<&EventId>,
) -> Result<Summary, ExportError> {
    let keys = jwks.map(keys_of).transpose()?;
    let mut lines = Lines { reader, line: 0 };
    let header = lines.header()?;
    let mut walk = Walk::along(header.chain.clone());
    if let Some(head) = header.head {
        walk.keep(head.seq, head.id);
    }
    let mut checker = Checker::new(walk, kept.cloned());
    let mut events_began = false;
    while let Some(text) = lines.next()? {
        match lines.parse(&text)? {
            Line::Event(event) => {
                events_began = true;
                lines.push(&mut checker, &event)?;
            }
            Line::Checkpoint(_) if events_began => return Err(lines.error("a checkpoint behind events")),
            Line::Checkpoint(line) => {
                let signed = signed_by(&line.checkpoint, keys.as_deref());
                let signed = signed.map_err(|source| ExportError::Checkpoint { line: lines.line, source })?;
                if signed.chain != header.chain {
                    return Err(lines.error("a checkpoint of another chain"));
                }
                checker.checkpoint(signed.seq, signed.id);
            }
        }
    }
    Ok(Summary { signatures_checked: keys.is_some(), ..checker.finish()? })
}

fn keys_of(jwks: &Value) -> Result<Vec<RsaPublicKey>, ExportError> {
    let keys = jwks["keys"].as_array().ok_or(ExportError::Keys)?;
    // Keys of other kinds may be listed as well; they sign no checkpoints.
    let rsa = keys.iter().filter(|key| key["kty"] == "RSA");
    rsa.map(|key| RsaPublicKey::parse_jwk(key).map_err(|_| ExportError::Keys)).collect()
}

fn signed_by(jws: &str, keys: Option<&[RsaPublicKey]>) -> Result<Checkpoint, JwsError> {
    match keys {
        Some(keys) => Checkpoint::verify(jws, &keys.iter().collect::<Vec<_>>()),
        None => Checkpoint::peek(jws),
    }
}

/// The lines of a file, counted.
struct Lines<R> {
    reader: R,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        let mut text = Vec::new();
        self.line += 1;
        self.reader.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut text)?;
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() as u64 > MAX_LINE {
            return Err(self.error("longer than a mebibyte"));
        }
        Ok(Some(text))
    }

    fn header(&mut self) -> Result<Header, ExportError> {
        let text = self.next()?.unwrap_or_default();
        let header: Option<Header> = serde_json::from_slice(&text).ok();
        let header = header.filter(|header| header.format == EXPORT_FORMAT);
        let header = header.ok_or_else(|| self.error("not the first line of an export"))?;
        if header.v == EXPORT_VERSION {
            Ok(header)
        } else {
            Err(self.error("of a version that is not known here"))
        }
    }

    fn parse(&self, text: &[u8]) -> Result<Line, ExportError> {
        serde_json::from_slice(text).map_err(|_| self.error("neither an event nor a checkpoint"))
    }

    fn push(&self, checker: &mut Checker, event: &EventLine) -> Result<(), ExportError> {
        let salt = event.salt.as_deref().map(hex_decode).transpose().ok().map(Option::unwrap_or_default);
        let salt = salt.and_then(|salt| <[u8; 32]>::try_from(salt).ok());
        let payload = match (&event.payload, &event.salt, &salt) {
            (None, None, _) => None,
            (Some(payload), Some(_), Some(salt)) => Some((salt, payload.as_str())),
            _ => return Err(self.error("an event with half a payload")),
        };
        Ok(checker.push(&Entry { id: &event.id, body: &event.body, payload })?)
    }

    fn error(&self, what: &'static str) -> ExportError {
        ExportError::Line { line: self.line, what }
    }
}

#[cfg(test)]
mod tests;
