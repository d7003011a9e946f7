//! All that a receipt says, and how it is signed.

use consent_crypto::{SigningKey, SigningPurpose, jws::sign_with};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Access, DataController, Finding, Findings, Kantara, ReceiptError, ReceiptId, Signatu, Ts27560,
    kantara::unread,
};

/// The `typ` of a receipt.
pub const RECEIPT_TYPE: &str = "consent-receipt+jwt";

/// All that a receipt says: Kantara's members on the top level, the registered claims of RFC 7519, and private objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// Kantara's members.
    #[serde(flatten)]
    pub kantara: Kantara,
    /// What we add.
    #[serde(flatten)]
    pub added: Added,
}

/// What we add to Kantara's members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// The platform that issued it.
    pub iss: String,
    /// The pairwise pseudonym of the person: `piiPrincipalId` again.
    pub sub: String,
    /// When it was signed, Unix seconds.
    pub iat: i64,
    /// `consentReceiptID` again.
    pub jti: ReceiptId,
    /// The controller for readers of version 1.0.
    pub data_controller: DataController,
    /// The event for readers of Signatu's receipts.
    pub signatu: Signatu,
    /// The event, the grant and the contract.
    pub consent_access: Access,
    /// The same as ISO/IEC TS 27560 has it.
    pub ts27560: Ts27560,
}

impl Claims {
    /// Reads the claims of a receipt of a platform like this one, and says what a careful reader notices.
    pub fn read(claims: &Value) -> Result<(Self, Findings), Finding> {
        let (kantara, _) = Kantara::read(claims)?;
        let added = serde_path_to_error::deserialize(claims).map_err(|error| unread(&error))?;
        let claims = Self { kantara, added };
        let findings = claims.check();
        Ok((claims, findings))
    }

    /// The receipt's name.
    #[must_use]
    pub fn id(&self) -> &ReceiptId {
        &self.added.jti
    }

    /// Signs the claims as a compact JWS: RS256, `typ` [`RECEIPT_TYPE`], `kid`. Refuses claims that a reader would
    /// refuse.
    pub fn sign(&self, key: &SigningKey) -> Result<String, ReceiptError> {
        let findings = self.check();
        if !findings.errors.is_empty() {
            return Err(ReceiptError::Unfit(findings.errors));
        }
        let header = [("typ", RECEIPT_TYPE), ("kid", key.kid.as_str())];
        let header: Map<_, _> =
            header.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect();
        sign_with(SigningPurpose::Receipts.algorithm(), &key.key, &header, self).map_err(ReceiptError::Sign)
    }
}
