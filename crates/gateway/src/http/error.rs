//! Facts become statuses and codes, once, for all doors. The matches are exhaustive: a new fact does not compile until
//! somebody decides.

use actix_web::http::StatusCode;
use consent_auth::AuthError;
use consent_contracts::ContractsError;
use consent_events::EventsError;
use consent_grants::{GrantError, Verb};
use consent_library::LibraryError;
use consent_people::PeopleError;
use consent_receipts::ReceiptError;
use consent_sessions::SessionError;
use consent_signals::SignalsError;
use consent_sources::SourceError;
use consent_store::StoreError;

use crate::flows::FlowError;

/// Why a request was refused, before it takes the shape of its door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable, for programs.
    pub code: &'static str,
    /// For people; says what to do.
    pub message: String,
    /// Fields and what is wrong with each.
    pub fields: Vec<(String, String)>,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code, message: message.into(), fields: Vec::new(), retry_after: None }
    }

    pub(super) fn field(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        self.fields.push((field.into(), reason.into()));
        self
    }

    pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a request failed: {}", chain(error));
        Self::new(500, "InternalServerError", "The server failed to do this; nothing was changed")
    }
}

/// The messages of an error and its causes, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl From<FlowError> for Refusal {
    fn from(error: FlowError) -> Self {
        let message = error.to_string();
        match error {
            FlowError::Contracts(error) => error.into(),
            FlowError::People(error) => error.into(),
            FlowError::Grants(error) => error.into(),
            FlowError::Auth(error) => error.into(),
            FlowError::Library(error) => error.into(),
            FlowError::Sources(error) => error.into(),
            FlowError::Sessions(error) => error.into(),
            FlowError::Events(error) => error.into(),
            FlowError::Receipts(error) => error.into(),
            FlowError::Signals(error) => error.into(),
            FlowError::Store(error) => error.into(),
            FlowError::Password(consent_crypto::PasswordError::Busy) => Self {
                retry_after: Some(5),
                ..Self::new(503, "Busy", "Too many people are signing in; try again in a few seconds")
            },
            FlowError::Password(error) => Self::internal(&error),
            FlowError::Seal(error) => Self::internal(&error),
            FlowError::Journal(error) => Self::internal(&error),
            FlowError::Scope(_) => Self::new(400, "ScopeOutOfBounds", message),
            FlowError::RedirectUri(_) => Self::new(400, "InvalidRedirectUri", message),
            FlowError::WrongKind => Self::new(400, "InvalidContractDataRequest", message),
            FlowError::OneOff => Self::new(403, "InsufficientScope", message),
            FlowError::Stopped => Self::new(403, "GrantStopped", message),
            FlowError::Ended => Self::new(409, "GrantEnded", message),
            FlowError::Locked => Self::new(403, "LibraryLocked", message),
            FlowError::SandboxOnly => Self::new(403, "SandboxOnly", message),
            FlowError::Choice { field, reason } => {
                Self::new(422, "ValidationErrors", message).field(field, reason)
            }
        }
    }
}

impl From<ContractsError> for Refusal {
    fn from(error: ContractsError) -> Self {
        let message = error.to_string();
        match error {
            ContractsError::UnknownApp => Self::new(404, "AppNotFound", message),
            ContractsError::UnknownContract => Self::new(404, "ContractNotFound", message),
            ContractsError::UnknownClient => Self::new(400, "InvalidClient", message),
            ContractsError::NotPublished { .. } => Self::new(404, "InvalidContractId", message),
            ContractsError::AppClosed { .. } => Self::new(403, "InvalidConsentAccessApplication", message),
            ContractsError::Invalid(problems) => {
                let fields = problems.into_iter().map(|problem| (problem.field, problem.reason)).collect();
                Self { fields, ..Self::new(422, "ValidationErrors", "Parameter validation errors") }
            }
            ContractsError::Refused { .. } => Self::new(409, "ContractRefused", message),
            ContractsError::KeyTaken => Self::new(409, "KeyTaken", message),
            ContractsError::KeyUnknown => Self::new(404, "KeyNotFound", message),
            ContractsError::LastKey => Self::new(409, "LastKey", message),
            ContractsError::Store(error) => error.into(),
        }
    }
}

impl From<PeopleError> for Refusal {
    fn from(error: PeopleError) -> Self {
        let message = error.to_string();
        match error {
            PeopleError::UnknownPerson => Self::new(404, "PersonNotFound", message),
            PeopleError::EmailTaken => {
                Self::new(409, "EmailTaken", message).field("email", "this address is taken")
            }
            PeopleError::Invalid { field, reason } => {
                Self::new(422, "ValidationErrors", message).field(field, reason)
            }
            PeopleError::NotActive => Self::new(403, "PersonNotActive", message),
            PeopleError::TooSoon { retry_after } => Self {
                retry_after: Some(retry_after.as_secs()),
                ..Self::new(429, "TooManyRequests", message)
            },
            PeopleError::WrongPassword => {
                Self::new(401, "WrongCredentials", "The e-mail address or the password is wrong")
            }
            PeopleError::Store(error) => error.into(),
        }
    }
}

impl From<GrantError> for Refusal {
    fn from(error: GrantError) -> Self {
        let message = error.to_string();
        match error {
            GrantError::NotFound(_) => Self::new(404, "GrantNotFound", message),
            GrantError::Refused { verb: Verb::Use, .. } => Self::new(
                401,
                "InvalidToken",
                "The token (access_token) is invalid: the grant it was for has ended",
            ),
            GrantError::Refused { .. } => Self::new(409, "GrantRefused", message),
            GrantError::NotShorter { .. } => Self::new(422, "ValidationErrors", message)
                .field("until", "must be later than now and earlier than the end that it has"),
            GrantError::Cursor => Self::new(422, "ValidationErrors", message)
                .field("after", "must be what the page before gave as next"),
            GrantError::Store(error) => error.into(),
        }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        let message = error.to_string();
        match error {
            AuthError::UnknownRequest => Self::new(404, "INVALID_CODE", message),
            AuthError::AlreadyDecided => Self::new(409, "INVALID_CODE", message),
            AuthError::UnknownCode | AuthError::UsedCode | AuthError::WrongVerifier => {
                Self::new(400, "InvalidGrant", message)
            }
            AuthError::UnknownToken | AuthError::Reused => {
                Self::new(401, "InvalidToken", "The token (access_token) is invalid")
            }
            AuthError::UsedNonce => {
                Self::new(400, "InvalidRequest", message).field("nonce", "draw a new one for every request")
            }
            AuthError::UnknownHandle => Self::new(404, "InvalidReference", message),
            AuthError::Damaged => Self::internal(&error),
            AuthError::Store(error) => error.into(),
        }
    }
}

impl From<LibraryError> for Refusal {
    fn from(error: LibraryError) -> Self {
        let message = error.to_string();
        match error {
            LibraryError::NoLibrary => Self::new(409, "NoLibrary", message),
            LibraryError::NoShelf(_) | LibraryError::NoFile(_) => Self::new(404, "FileNotFound", message),
            LibraryError::Cursor => Self::new(422, "ValidationErrors", message)
                .field("after", "must be what the page before gave as next"),
            LibraryError::Shut => Self::new(403, "LibraryLocked", message),
            LibraryError::NotSharing => Self::new(403, "GrantStopped", message),
            LibraryError::Upload(_) => {
                Self::new(400, "UploadBroken", "The upload broke off; nothing was kept")
            }
            LibraryError::Damaged(_) | LibraryError::Seal(_) | LibraryError::Blobs(_) => {
                Self::internal(&error)
            }
            LibraryError::Store(error) => error.into(),
        }
    }
}

impl From<SourceError> for Refusal {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        match error {
            SourceError::UnknownSource(_) => Self::new(404, "SourceNotFound", message),
            SourceError::UnknownSample { .. } => Self::new(404, "SampleNotFound", message),
            SourceError::UnknownAccount(_) => Self::new(404, "AccountNotFound", message),
            SourceError::LeaseLost => Self::new(409, "AccountBusy", message),
            SourceError::Credentials => Self::internal(&error),
            SourceError::Store(error) => error.into(),
        }
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        let message = error.to_string();
        match error {
            SessionError::Unknown => Self::new(404, "SessionInvalid", message),
            SessionError::NoFile => Self::new(404, "FileNotFound", message),
            SessionError::Malformed => Self::internal(&error),
            SessionError::Library(error) => error.into(),
            SessionError::Store(error) => error.into(),
        }
    }
}

impl From<EventsError> for Refusal {
    fn from(error: EventsError) -> Self {
        let message = error.to_string();
        match error {
            EventsError::Cursor => {
                Self::new(422, "ValidationErrors", message).field("after", "not a cursor of this list")
            }
            EventsError::Invalid { field, reason } => {
                Self::new(422, "ValidationErrors", message).field(field, reason)
            }
            EventsError::NotFound => Self::new(404, "EventNotFound", message),
            EventsError::Broken(_) | EventsError::Unsigned(_) | EventsError::Unrecorded(_) => {
                Self::internal(&error)
            }
            EventsError::Store(error) => error.into(),
        }
    }
}

impl From<ReceiptError> for Refusal {
    fn from(error: ReceiptError) -> Self {
        let message = error.to_string();
        match error {
            ReceiptError::NotFound(_) => Self::new(404, "ReceiptNotFound", message),
            ReceiptError::Cursor => Self::new(422, "ValidationErrors", message)
                .field("after", "must be what the page before gave as next"),
            ReceiptError::Issued
            | ReceiptError::Mismatch(_)
            | ReceiptError::Unfit(_)
            | ReceiptError::Sign(_) => Self::internal(&error),
            ReceiptError::Store(error) => error.into(),
        }
    }
}

impl From<SignalsError> for Refusal {
    fn from(error: SignalsError) -> Self {
        let message = error.to_string();
        match error {
            SignalsError::NotFound(_) => Self::new(404, "SignalNotFound", message),
            SignalsError::Foreign(_) => Self::new(409, "SignalOfAnotherApp", message),
            SignalsError::NoEndpoint => Self::new(404, "SignalEndpointNotFound", message),
            SignalsError::Invalid { field, reason } => {
                Self::new(422, "ValidationErrors", message).field(&field, reason)
            }
            SignalsError::Unsigned(source) => Self::new(401, "InvalidReport", format!("{message}: {source}")),
            SignalsError::ReportReused(_) => Self::new(409, "ReportReused", message),
            SignalsError::Refused { .. } => Self::new(409, "SignalRefused", message),
            SignalsError::Cursor => Self::new(422, "ValidationErrors", message)
                .field("after", "must be what the page before gave as next"),
            SignalsError::NotRising { .. }
            | SignalsError::Secret
            | SignalsError::Sign(_)
            | SignalsError::Client(_) => Self::internal(&error),
            SignalsError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}
