//! A family: all pairs of tokens that go back to one code. Its row outlives the tokens, so that a dead token still names
//! the grant it was for, and a stolen one is recognised.

use chrono::{DateTime, Utc};
use consent_core::{ContractId, GrantId};
use consent_crypto::Digest;

/// What a token of a known family says about its holder, dead or alive. A hint: it opens nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyHint {
    /// The family.
    pub digest: Digest,
    /// The grant its tokens are or were for.
    pub grant: GrantId,
    /// The contract they were issued under.
    pub contract: ContractId,
    /// When the family was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}
