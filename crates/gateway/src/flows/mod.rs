//! Where domains meet: each function here is one decision, one transaction, read top to bottom.

mod authorize;
mod consent;
mod error;
mod files;
mod grant;
mod import;
mod people;
mod read;
mod sandbox;
mod sync;
mod tokens;

pub use authorize::{
    Asked, AuthorizeRequest, Caller, ReferenceRequest, Waiting, authorize, find_request, name, reauthorize,
    reference,
};
pub use consent::{Answer, Opened, Question, approve, decline, question};
pub use error::FlowError;
pub use files::{Download, open_file, watch};
pub use grant::{expire_due, resume, revoke, stop};
pub use import::{Imported, import};
pub use people::{
    NewPassword, SignedIn, SignedUp, change_password, end_sign_in, new_recovery_code, open_library, recover,
    sign_in, sign_out, sign_up,
};
pub use read::{Access, Triggered, accounts, file_list, trigger};
pub use sandbox::{SampleChoice, auto_authorize, auto_onboard, connect_sample};
pub use tokens::{Tokens, exchange, refresh, sweep};
