//! Asking for signals (RFC 8936): the second road, good after an outage and for who has no address of her own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Keys, Receiver, Signal, SignalError, receiver::answer};
use crate::ClientError;

/// What is asked, and what is said about what came before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Poll {
    /// At most so many; as many as the platform hands out when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_events: Option<u32>,
    /// Whether to be answered at once; else the platform waits for a while until there is something.
    pub return_immediately: bool,
    /// Names of signals that were stored: they do not come again.
    pub ack: Vec<String>,
    /// Names of signals that could not be taken, and why.
    pub set_errs: BTreeMap<String, SetError>,
}

/// Why a signal could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetError {
    /// A code of RFC 8935, section 2.4.
    pub err: String,
    /// In words.
    pub description: String,
}

impl From<&SignalError> for SetError {
    fn from(error: &SignalError) -> Self {
        Self { err: error.code().to_owned(), description: error.to_string() }
    }
}

/// What came.
#[derive(Debug, Clone, Default)]
pub struct Polled {
    /// Signals, each verified, in the order in which they were made.
    pub signals: Vec<Signal>,
    /// What is none, by the name it was given.
    pub refused: BTreeMap<String, SignalError>,
    /// Whether there is more.
    pub more_available: bool,
}

impl Polled {
    /// The next question, which acknowledges all of this: to be asked once it is stored.
    #[must_use]
    pub fn stored(&self) -> Poll {
        Poll {
            ack: self.signals.iter().map(|signal| signal.id.clone()).collect(),
            set_errs: self.refused.iter().map(|(id, error)| (id.clone(), error.into())).collect(),
            return_immediately: true,
            ..Poll::default()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    sets: BTreeMap<String, String>,
    #[serde(default)]
    more_available: bool,
}

impl Receiver {
    /// Asks for signals, and verifies what comes.
    pub async fn poll(&self, poll: &Poll, keys: &Keys) -> Result<Polled, ClientError> {
        let to = self.at(&format!("api/v1/apps/{}/signals/poll", self.parties.app_id));
        let came: Answer = answer(self.post(to.as_str())?.json(poll)).await?;
        let mut polled = Polled { more_available: came.more_available, ..Polled::default() };
        for (name, set) in came.sets {
            match self.set(&set, keys).and_then(|signal| named(signal, &name)) {
                Ok(signal) => polled.signals.push(signal),
                Err(error) => drop(polled.refused.insert(name, error)),
            }
        }
        Ok(polled)
    }
}

/// A signal under another name would be acknowledged as something else.
fn named(signal: Signal, name: &str) -> Result<Signal, SignalError> {
    if signal.id == name { Ok(signal) } else { Err(SignalError::Hint("name")) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wiremock::{
        Mock, ResponseTemplate,
        matchers::{body_json, header, path},
    };

    use super::*;
    use crate::signal::testing::{Platform, claims};

    async fn answers(platform: &Platform, question: Value, sets: Value) {
        let answer = ResponseTemplate::new(200).set_body_json(json!({"sets": sets, "moreAvailable": false}));
        Mock::given(path("/api/v1/apps/app1/signals/poll"))
            .and(header("authorization", "Bearer cak_secret"))
            .and(body_json(question))
            .respond_with(answer)
            .mount(platform.server())
            .await;
    }

    #[tokio::test]
    async fn what_came_is_verified_and_what_was_stored_is_acknowledged() {
        let platform = Platform::started().await;
        let (claims, mut foreign) = (claims(), claims());
        foreign["aud"] = json!("app2");
        let id = claims["jti"].as_str().unwrap();
        let sets = json!({
            id: platform.set(&claims), "foreign": platform.set(&foreign), "renamed": platform.set(&claims),
        });
        let first = json!({"returnImmediately": true, "ack": [], "setErrs": {}});
        answers(&platform, first, sets).await;
        let poll = Poll { return_immediately: true, ..Poll::default() };
        let polled = platform.receiver.poll(&poll, &platform.keys).await.unwrap();
        assert_eq!(polled.signals.iter().map(|signal| signal.id.as_str()).collect::<Vec<_>>(), [id]);
        assert_eq!(polled.refused["foreign"], SignalError::Claim("aud"));
        assert_eq!(polled.refused["renamed"], SignalError::Hint("name"));

        let says = |error: &SignalError| json!({"err": error.code(), "description": error.to_string()});
        let errors = json!({
            "foreign": says(&SignalError::Claim("aud")), "renamed": says(&SignalError::Hint("name")),
        });
        assert_eq!(errors["foreign"]["err"], "invalid_audience");
        answers(&platform, json!({"returnImmediately": true, "ack": [id], "setErrs": errors}), json!({}))
            .await;
        let nothing = platform.receiver.poll(&polled.stored(), &platform.keys).await.unwrap();
        assert!(nothing.signals.is_empty() && nothing.refused.is_empty());
    }
}
