//! What a receipt says that Kantara has no member for: the private object `consentAccess`, and the members with which
//! readers of Signatu's receipts find their way (`protocol/signatu-consent-api.md` §7).

use consent_contracts::Access as Rights;
use consent_core::{AppId, ContractId, GrantId};
use serde::{Deserialize, Serialize};

use crate::{ActorKind, Alteration, ConsentState, Erasure, Kind, ReceiptId, State};

/// The version of this format; what was once written keeps its meaning.
pub(crate) const FORMAT: u8 = 1;

/// The private object `consentAccess`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// 1, the version of this object.
    pub v: u8,
    /// What happened.
    pub kind: Kind,
    /// What holds after it.
    pub state: State,
    /// The event that says so.
    pub event: Event,
    /// What the platform calls itself.
    pub platform: String,
    /// The app.
    pub app: AppNamed,
    /// What it asked for.
    pub contract: ContractNamed,
    /// The person's yes; absent when she said no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantNamed>,
    /// In which ways the consent was changed; empty unless it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Alteration>,
    /// Where anybody may ask what holds now.
    pub status_url: String,
    /// The receipt before this one about the same grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<ReceiptId>,
    /// What the app answered to a wish to be forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Erasure>,
}

/// An event of the person's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id: SHA-256 of its body, 64 hexadecimal digits.
    pub id: String,
    /// The id of the event before it; `null` for the first.
    pub previous: Option<String>,
    /// When, RFC 3339 with milliseconds.
    pub at: String,
    /// Who did it.
    pub actor: ActorKind,
    /// The state after it, as ISO/IEC TS 27560 calls it.
    pub state: ConsentState,
}

/// An app by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppNamed {
    /// Its id.
    pub id: AppId,
    /// Its name, as people read it.
    pub name: String,
}

/// A contract by id, version and text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractNamed {
    /// Its id.
    pub id: ContractId,
    /// The version that was agreed to.
    pub version: i32,
    /// Its name, as people read it.
    pub name: String,
    /// SHA-256 of the text that was shown, 64 hexadecimal digits.
    pub text_hash: String,
    /// What the app may do.
    pub access: Rights,
}

/// A grant: the record of a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantNamed {
    /// Its id.
    pub id: GrantId,
    /// How often it was changed, from 1.
    pub seq: i64,
    /// When she said yes.
    pub agreed_at: String,
    /// When it ends by itself; absent when somebody has to end it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// Optional object types that she left out.
    pub left_out: Vec<i64>,
    /// Whether accounts connected later are covered.
    pub future_accounts: bool,
}

/// The controller, where receipts of version 1.0 have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataController {
    /// Its name.
    pub org: String,
}

/// The private object `signatu`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signatu {
    /// The event, as Signatu's log tells it.
    pub consent: SignatuConsent,
}

/// An event as Signatu's log tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatuConsent {
    /// The event's id, 64 hexadecimal digits.
    pub id: String,
    /// Whose consent it is: the pairwise pseudonym.
    pub subject: String,
    /// Who asked: the app's web site, or its name.
    pub issuer: String,
    /// What was agreed to: the privacy policy.
    pub target: String,
    /// Which part of it: the contract.
    pub scope: String,
    /// Whether sharing is agreed to after the event.
    pub action: bool,
}
