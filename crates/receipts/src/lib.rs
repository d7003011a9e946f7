#![doc = include_str!("../README.md")]

mod access;
mod categories;
mod change;
mod claims;
mod compose;
mod consistency;
mod erasure;
mod error;
mod facts;
mod finding;
mod id;
mod kantara;
mod logged;
mod moment;
mod receipt;
mod record;
mod row;
mod store;
#[cfg(test)]
mod testing;
mod verify;
mod view;

pub use access::{
    Access, AppNamed, ContractNamed, DataController, Event, GrantNamed, Signatu, SignatuConsent,
};
pub use change::{ActorKind, Alteration, Change, Choice, ConsentState, Kind, State};
pub use claims::{Added, Claims, RECEIPT_TYPE};
pub use erasure::{Answer, Erasure, Exception, Outcome, REPORT_TYPE, Removed, SignedReport};
pub use error::{ReceiptError, VerifyError};
pub use facts::{CONSENT_API, CONSENT_PAGE, EventFacts, Facts, Issuer};
pub use finding::{Finding, Findings};
pub use id::{NotAReceiptId, ReceiptId};
pub use kantara::{Kantara, PiiController, Purpose, Service, VERSION};
pub use logged::{Logged, LoggedBy};
pub use receipt::{Receipt, Status};
pub use record::{Header, Party, PiiInformation, Processing, Record, RecordEvent, Ts27560};
pub use store::{
    find_of_app, find_of_person, issue, list_of_grant, list_of_grant_for_app, list_of_person, migrations,
    status,
};
pub use verify::{Verdict, verify};
pub use view::{ErasureView, PurposeView, Reader, View};
