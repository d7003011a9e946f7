//! Signed heads, which others keep so that a chain cannot be made anew behind their backs.

use chrono::{DateTime, TimeDelta, Utc};
use consent_crypto::{JwsError, RsaPublicKey, SigningKey, SigningPurpose, Unverified, jws};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    ChainId, EventId, Head,
    event::{moment, parse_moment},
};

/// The `typ` of a signed checkpoint.
pub const CHECKPOINT_TYPE: &str = "chain-checkpoint+jwt";

/// A head, and when it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which chain it is of.
    pub chain: ChainId,
    /// How many events the chain had.
    pub seq: i64,
    /// The last of them.
    pub id: EventId,
    /// When that was.
    pub at: DateTime<Utc>,
}

/// A checkpoint as it is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The compact JWS (RFC 7515) that says so.
    pub jws: String,
}

/// What signs checkpoints, in whose name.
#[derive(Debug, Clone)]
pub struct CheckpointSigner {
    /// The claim `iss`: the address of the platform.
    pub issuer: String,
    /// The key for receipts ([`SigningPurpose::Receipts`]).
    pub key: SigningKey,
}

/// When a chain that has grown gets a checkpoint: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointInterval {
    /// After so many events.
    pub events: i64,
    /// So long after the first event that no checkpoint covers.
    pub time: TimeDelta,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    iss: String,
    iat: i64,
    chain: ChainId,
    seq: i64,
    id: EventId,
    at: String,
}

impl Checkpoint {
    /// The checkpoint of a head.
    pub(crate) fn of(head: Head, at: DateTime<Utc>) -> Self {
        Self { chain: head.chain, seq: head.seq, id: head.id, at }
    }

    /// The head that it is of.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { chain: self.chain.clone(), seq: self.seq, id: self.id.clone() }
    }

    /// Signs it: RS256, with the claims `iss`, `iat` (seconds), `chain`, `seq`, `id` and `at`. Takes about a millisecond
    /// of computing.
    pub fn sign(&self, signer: &CheckpointSigner) -> Result<String, JwsError> {
        let header: [(String, Value); 2] =
            [("typ".to_owned(), CHECKPOINT_TYPE.into()), ("kid".to_owned(), signer.key.kid.as_str().into())];
        let claims = Claims {
            iss: signer.issuer.clone(),
            iat: self.at.timestamp(),
            chain: self.chain.clone(),
            seq: self.seq,
            id: self.id.clone(),
            at: moment(self.at),
        };
        let algorithm = SigningPurpose::Receipts.algorithm();
        jws::sign_with(algorithm, &signer.key.key, &Map::from_iter(header), &claims)
    }

    /// What a signed checkpoint says, if one of these keys signed it.
    pub fn verify(jws: &str, keys: &[&RsaPublicKey]) -> Result<Self, JwsError> {
        Self::read(Self::unverified(jws)?.verify(keys)?.1.claims())
    }

    /// What a signed checkpoint says, whoever signed it.
    pub(crate) fn peek(jws: &str) -> Result<Self, JwsError> {
        Self::read(Self::unverified(jws)?.peek())
    }

    fn unverified(jws: &str) -> Result<Unverified, JwsError> {
        Unverified::parse_with(jws, CHECKPOINT_TYPE, SigningPurpose::Receipts.algorithm())
    }

    fn read(claims: &Map<String, Value>) -> Result<Self, JwsError> {
        let malformed = JwsError::Malformed("bad claims");
        let claims: Claims =
            serde_json::from_value(Value::Object(claims.clone())).map_err(|_| malformed.clone())?;
        let at = parse_moment(&claims.at).map_err(|_| malformed)?;
        Ok(Self { chain: claims.chain, seq: claims.seq, id: claims.id, at })
    }
}

#[cfg(test)]
mod tests {
    use consent_core::{PersonId, TypedId as _};

    use super::*;
    use crate::testing::{other_key, signer};

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            chain: PersonId::from_parts(0, 5).into(),
            seq: 7,
            id: EventId::of("body"),
            at: DateTime::from_timestamp_millis(1_795_348_800_120).unwrap(),
        }
    }

    #[test]
    fn what_was_signed_is_what_is_read_and_by_the_right_key_only() {
        let signer = signer();
        let jws = checkpoint().sign(&signer).unwrap();
        assert_eq!(Checkpoint::verify(&jws, &[signer.key.key.public()]), Ok(checkpoint()));
        assert_eq!(Checkpoint::peek(&jws), Ok(checkpoint()));
        assert_eq!(Checkpoint::verify(&jws, &[other_key().public()]), Err(JwsError::Signature));
    }

    #[test]
    fn a_receipt_is_no_checkpoint() {
        let key = signer().key;
        let receipt = jws::sign_with(jws::Algorithm::Rs256, &key.key, &Map::new(), &Map::new()).unwrap();
        assert!(matches!(Checkpoint::verify(&receipt, &[key.key.public()]), Err(JwsError::Type { .. })));
    }
}
