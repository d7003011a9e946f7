//! Why a flow did not happen. Nothing of it did.

use consent_auth::AuthError;
use consent_contracts::ContractsError;
use consent_core::OutOfBounds;
use consent_events::EventsError;
use consent_grants::GrantError;
use consent_library::LibraryError;
use consent_notices::NoticeError;
use consent_people::PeopleError;
use consent_receipts::ReceiptError;
use consent_sessions::SessionError;
use consent_signals::SignalsError;
use consent_sources::SourceError;
use consent_store::StoreError;

/// Why a flow did not happen.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The registry refused.
    #[error(transparent)]
    Contracts(#[from] ContractsError),
    /// The person or her sign-in.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The grant.
    #[error(transparent)]
    Grants(#[from] GrantError),
    /// The request, code or token.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The library.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The source.
    #[error(transparent)]
    Sources(#[from] SourceError),
    /// The session.
    #[error(transparent)]
    Sessions(#[from] SessionError),
    /// The chain of events.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// The receipt.
    #[error(transparent)]
    Receipts(#[from] ReceiptError),
    /// The signal.
    #[error(transparent)]
    Signals(#[from] SignalsError),
    /// The notice.
    #[error(transparent)]
    Notices(#[from] NoticeError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password was not judged.
    #[error(transparent)]
    Password(#[from] consent_crypto::PasswordError),
    /// The session asks for more than the contract gives.
    #[error(transparent)]
    Scope(#[from] OutOfBounds),
    /// The shut journal could not be written, so that nothing was shut.
    #[error("the shut journal could not be written")]
    Journal(#[source] std::io::Error),
    /// A file could not be sealed for its receiver.
    #[error("the file could not be sealed")]
    Seal(#[from] consent_crypto::SealError),
    /// The redirect URI is not registered with the contract.
    #[error("the redirect_uri {0} is not registered with this contract")]
    RedirectUri(String),
    /// The contract is of another kind than the call needs.
    #[error("this contract does not allow this call")]
    WrongKind,
    /// The contract is for one session only.
    #[error("this contract is for one-off access; a new consent is needed")]
    OneOff,
    /// The person paused the grant.
    #[error("the person has stopped this contract; it can be resumed")]
    Stopped,
    /// The grant has ended, which only a new consent mends.
    #[error("this consent has ended; a new one is needed")]
    Ended,
    /// The contract says something else than what she was shown.
    #[error("the contract has changed since you read it; read it again")]
    ContractChanged,
    /// The contract asks for nothing beyond what she agreed to.
    #[error("this contract asks for nothing that you have not agreed to")]
    NoChangeWaiting,
    /// The app did not do in time what it was told.
    #[error(
        "{app} has not answered in time for what it was told to do; until it has, it cannot ask for new consents"
    )]
    InDefault {
        /// What the app is called.
        app: String,
    },
    /// The person is signed in without a secret that opens her library.
    #[error("sign in with your password: this sign-in does not open your library")]
    Locked,
    /// Only in sandbox mode.
    #[error("this exists in sandbox mode only")]
    SandboxOnly,
    /// A consent event that this app may not record.
    #[error("{field}: {reason}")]
    Posted {
        /// The field, with its place where several events were posted.
        field: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The same request is being answered; it is not known yet with what.
    #[error("the same request is being worked on; ask again in a moment")]
    InFlight,
    /// Somebody decided the other way at the same moment.
    #[error("this was decided otherwise at the same moment; look at what holds now and ask again")]
    Overtaken,
    /// Nobody's credentials, or void ones.
    #[error("the credentials are unknown or no longer valid")]
    UnknownCredentials,
    /// The person chose something that the contract does not offer.
    #[error("{field}: {reason}")]
    Choice {
        /// The field of the answer.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<sea_orm::DbErr> for FlowError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
