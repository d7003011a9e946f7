//! Where an app wants its signals.

use chrono::{DateTime, TimeDelta, Utc};
use consent_core::{AppId, ContractId, RowId};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    SignalsError,
    transport::{Policy, check_url},
};

/// An endpoint is asked again whether it is there after so long.
pub const VERIFIED_FOR: TimeDelta = TimeDelta::days(7);

const MAX_AUTHORIZATION: usize = 1024;

/// How signals get to an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Pushed, the token in a Standard Webhooks envelope.
    Webhook,
    /// Pushed as the token itself (RFC 8935).
    Set,
    /// Not pushed; the app polls (RFC 8936). Polling works beside the others, too.
    Poll,
}

impl Method {
    /// The word for it, which is also how it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Set => "set",
            Self::Poll => "poll",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Webhook, Self::Set, Self::Poll].into_iter().find(|method| method.name() == name)
    }
}

/// What an app's developer sets.
#[derive(Debug, Clone)]
pub enum Target {
    /// Push in an envelope; the platform makes the secret.
    Webhook {
        /// Where to.
        url: String,
    },
    /// Push the token itself.
    Set {
        /// Where to.
        url: String,
        /// The whole value of the header `Authorization`, chosen by the receiver.
        authorization: Option<SecretString>,
    },
    /// Do not push.
    Poll,
}

impl Target {
    /// Which method it is.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Webhook { .. } => Method::Webhook,
            Self::Set { .. } => Method::Set,
            Self::Poll => Method::Poll,
        }
    }

    /// Where to push.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Webhook { url } | Self::Set { url, .. } => Some(url),
            Self::Poll => None,
        }
    }

    pub(crate) fn validate(&self, policy: Policy) -> Result<(), SignalsError> {
        if let Some(url) = self.url() {
            check_url(url, policy).map_err(|problem| SignalsError::invalid("url", problem.to_string()))?;
        }
        match self {
            Self::Set { authorization: Some(value), .. } if !is_header(value.expose_secret()) => {
                let reason =
                    "must be 1 to 1024 visible ASCII characters and blanks, such as Bearer and a token";
                Err(SignalsError::invalid("authorization", reason))
            }
            _ => Ok(()),
        }
    }
}

fn is_header(value: &str) -> bool {
    (1..=MAX_AUTHORIZATION).contains(&value.len())
        && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && value.trim() == value
}

/// An endpoint about to be set.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Whose.
    pub app: AppId,
    /// For this contract alone, in place of the app's own; for all others when absent.
    pub contract: Option<ContractId>,
    /// How and where to.
    pub target: Target,
}

/// Whether signals are sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// It has not acknowledged a verification yet: nothing else is sent.
    Unverified,
    /// Signals are sent.
    Active,
    /// It said that it is no more (410): nothing is sent.
    Disabled,
}

impl EndpointState {
    /// The word for it, which is also how it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Unverified, Self::Active, Self::Disabled].into_iter().find(|state| state.name() == name)
    }

    /// It acknowledged a verification. One that was disabled has only been sent one because somebody asked for it.
    #[must_use]
    pub fn acknowledge(self) -> Self {
        Self::Active
    }

    /// It said that it is no more.
    #[must_use]
    pub fn disable(self) -> Self {
        Self::Disabled
    }

    /// Somebody wants to know whether a disabled one is back.
    #[must_use]
    pub fn ping(self) -> Self {
        match self {
            Self::Disabled | Self::Unverified => Self::Unverified,
            Self::Active => Self::Active,
        }
    }
}

/// Where an app wants its signals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: RowId,
    /// Whose.
    pub app: AppId,
    /// For which contract alone.
    pub contract: Option<ContractId>,
    /// How.
    pub method: Method,
    /// Where to.
    pub url: Option<String>,
    /// Whether signals are sent.
    pub state: EndpointState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it last acknowledged a verification.
    pub verified_at: Option<DateTime<Utc>>,
    /// Until when the secret before the present one signs too.
    pub previous_until: Option<DateTime<Utc>>,
    /// Attempts in a row that got no useful answer.
    pub failures: i32,
    /// Until when it is left alone because of them.
    pub open_until: Option<DateTime<Utc>>,
}

impl Endpoint {
    /// Whether commands are sent to it.
    #[must_use]
    pub fn is_pushed_to(&self) -> bool {
        self.method != Method::Poll && self.state == EndpointState::Active
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SANDBOX: Policy = Policy { sandbox: true };

    fn set(authorization: &str) -> Target {
        let authorization = Some(SecretString::from(authorization));
        Target::Set { url: "https://app.example/signals".to_owned(), authorization }
    }

    #[test]
    fn an_authorization_header_is_one_line_of_visible_text() {
        assert!(set("Bearer abc.def").validate(SANDBOX).is_ok());
        for wrong in ["", " Bearer x", "Bearer x\r\nhost: y", "Bearer é", &"x".repeat(1025)] {
            let error = set(wrong).validate(SANDBOX).unwrap_err().to_string();
            assert!(error.starts_with("authorization: "), "{error}");
        }
        assert!(!format!("{:?}", set("Bearer abc")).contains("abc"));
    }

    #[test]
    fn addresses_are_checked_when_they_are_set() {
        let webhook = |url: &str| Target::Webhook { url: url.to_owned() };
        assert!(webhook("https://app.example/signals").validate(Policy { sandbox: false }).is_ok());
        assert!(webhook("http://127.0.0.1:9/").validate(Policy { sandbox: false }).is_err());
        assert!(webhook("http://127.0.0.1:9/").validate(SANDBOX).is_ok());
        assert!(Target::Poll.validate(Policy { sandbox: false }).is_ok());
    }
}
