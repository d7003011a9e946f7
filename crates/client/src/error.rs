//! What can go wrong, by what an app can do about it.

use consent_crypto::{JwsError, KeyError, OpenError};
use reqwest::{Response, header::HeaderMap};
use serde::Deserialize;

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server said no, and why.
    #[error("the server refused ({status} {code}): {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable code, such as `InvalidToken`.
        code: String,
        /// A sentence for developers.
        message: String,
        /// What the server's operator finds this refusal by.
        reference: Option<String>,
    },
    /// The person did not consent, or something went wrong on the pages; the browser came back with this code.
    #[error("the browser came back without consent: {0}")]
    Declined(String),
    /// No answer, or half of one. The address is left out, as it may hold a session key.
    #[error("the server could not be reached")]
    Transport(#[source] reqwest::Error),
    /// An answer that the protocol does not know.
    #[error("the server does not follow the protocol: {0}")]
    Protocol(String),
    /// A token that is not shown to come from the server.
    #[error("the server's token is not trusted")]
    Untrusted(#[from] TokenError),
    /// A file that is not sealed for this app's key.
    #[error("the file does not open with this app's private key")]
    Sealed(#[source] OpenError),
    /// A file that is compressed, which this client never asks for.
    #[error("the file is compressed with {0}, which this client does not undo")]
    Compressed(String),
    /// An address outside the server.
    #[error("not an address of this server: {0}")]
    Address(String),
    /// A private key that cannot be used.
    #[error("the app's private key cannot be used")]
    Key(#[source] KeyError),
    /// The private key did not sign.
    #[error("the request could not be signed")]
    Sign(#[source] JwsError),
    /// A webhook secret that is none.
    #[error("the webhook's secret cannot be used; it is whsec_ and 32 bytes in base64")]
    WebhookSecret,
    /// A signal that asks for no report, as a verification.
    #[error("the signal asks for no report")]
    NothingToReport,
}

/// Why a token of the server is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a token, or a signature that the named key did not make.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// Its keys are said to be somewhere else than on the server.
    #[error("its keys are said to be at {0:?}, which is not the server")]
    ForeignKeys(String),
    /// The server does not publish the key it names.
    #[error("the server publishes no key {0:?}")]
    UnknownKey(String),
    /// The key it names cannot be used.
    #[error("the server's key cannot be used")]
    Key(#[source] KeyError),
    /// Not valid yet, or no longer.
    #[error("it is not valid now")]
    NotNow,
    /// A claim is missing or not what it should be.
    #[error("its claim {0} is not what it should be")]
    Claim(&'static str),
}

impl ClientError {
    /// The server's code, if it refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The HTTP status, if the server refused.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl From<reqwest::Error> for ClientError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}

#[derive(Deserialize)]
struct Body {
    error: Fault,
}

#[derive(Deserialize)]
struct Fault {
    code: String,
    message: String,
    reference: Option<String>,
}

/// The same in the shape of `/api/v1` (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Deserialize)]
struct FieldError {
    field: String,
    reason: String,
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let fields = problem.errors.into_iter().map(|error| format!("{}: {}", error.field, error.reason));
        let message = [problem.detail].into_iter().chain(fields).collect::<Vec<_>>().join("; ");
        Self { code: problem.code, message, reference: None }
    }
}

impl Fault {
    /// What the body says, in either shape.
    fn from_body(body: &[u8]) -> Option<Self> {
        let fault = serde_json::from_slice(body).map(|body: Body| body.error);
        fault.or_else(|_| serde_json::from_slice(body).map(|problem: Problem| problem.into())).ok()
    }

    /// Where the body is missing, as in the answer to HEAD, the headers say the same.
    fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
        Some(Self {
            code: text("x-error-code")?,
            message: text("x-error-message").unwrap_or_default(),
            reference: text("x-error-reference"),
        })
    }
}

/// The response, if it is one of success.
pub(crate) async fn accepted(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let in_headers = Fault::from_headers(response.headers());
    let in_body = Fault::from_body(&response.bytes().await?);
    let Some(Fault { code, message, reference }) = in_body.or(in_headers) else {
        return Err(ClientError::Protocol(format!("{status} without an error code")));
    };
    Err(ClientError::Refused { status: status.as_u16(), code, message, reference })
}

#[cfg(test)]
mod tests {
    use consent_core::Ambient;
    use reqwest::Method;
    use serde_json::json;
    use wiremock::{Mock, ResponseTemplate, matchers::any};

    use super::*;
    use crate::{
        App,
        testing::{Fake, config},
    };

    async fn refused_with(answer: ResponseTemplate) -> ClientError {
        let fake = Fake::start().await;
        Mock::given(any()).respond_with(answer).mount(&fake.server).await;
        let response = fake.app.call(Method::GET, "v1.7/storage", None, &[], None).await.unwrap();
        accepted(response).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_refusal_carries_what_the_server_said() {
        let body = json!({"error": {"code": "InvalidToken", "message": "It is expired", "reference": "abc"}});
        let error = refused_with(ResponseTemplate::new(401).set_body_json(body)).await;
        assert_eq!(error.to_string(), "the server refused (401 InvalidToken): It is expired");
        assert_eq!((error.status(), error.code()), (Some(401), Some("InvalidToken")));
        assert!(
            matches!(error, ClientError::Refused { reference: Some(reference), .. } if reference == "abc")
        );
    }

    #[tokio::test]
    async fn a_refusal_without_a_body_is_read_from_the_headers() {
        let answer = ResponseTemplate::new(404).insert_header("X-Error-Code", "SessionInvalid");
        assert_eq!(refused_with(answer).await.code(), Some("SessionInvalid"));
    }

    #[tokio::test]
    async fn an_answer_of_something_else_is_not_taken_for_a_refusal() {
        for status in [302, 502] {
            let answer =
                ResponseTemplate::new(status).insert_header("location", "/").set_body_string("<html>");
            let error = refused_with(answer).await;
            assert!(matches!(error, ClientError::Protocol(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_gone_is_named_without_its_address() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let app = App::new(config(&format!("http://{closed}/")), Ambient::system()).unwrap();
        let error = app.list(&"token".into(), &"session-1".into()).await.unwrap_err();
        assert!(matches!(error, ClientError::Transport(_)), "{error}");
        assert!(!format!("{error:?}").contains("session-1"));
    }
}
