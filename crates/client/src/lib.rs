#![doc = include_str!("../README.md")]

mod account;
mod app;
mod authorize;
mod error;
mod read;
mod secret;
mod session;
pub mod signal;
#[cfg(test)]
mod testing;
mod token;

pub use chrono;
pub use reqwest;
pub use url::Url;

pub use account::{Account, AccountTokenStatus, Application, ContractDetails};
pub use app::{App, AppConfig};
pub use authorize::{Authorization, AuthorizeOptions, HandleKind, Reference, ReferenceOptions};
pub use error::{ClientError, TokenError};
pub use read::{
    AccountError, AccountStatus, File, FileEntry, FileHead, FileList, ObjectTypeError, ObjectTypeFault,
    SyncState, SyncStatus,
};
pub use secret::{AccessToken, AuthorizationCode, CodeVerifier, RefreshToken, SessionKey, UrlCode};
pub use session::{Session, SessionOptions};
pub use token::{Expiring, Tokens};
