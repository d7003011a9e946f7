//! Sessions, and how much a session is to deliver.

use consent_core::Scope;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{AccessToken, App, ClientError, SessionKey, app::agent};

/// A short window in which files may be read.
#[derive(Debug, Clone, Deserialize)]
pub struct Session {
    /// Names the session.
    pub key: SessionKey,
    /// Its end, ms since the epoch.
    pub expiry: i64,
}

/// What a session is to deliver; by default all that the contract covers, fetched afresh.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// Less than the contract covers.
    pub scope: Option<Scope>,
    /// `false`: only what the library already has.
    pub source_fetch: Option<bool>,
    /// Fetch from these accounts only (wire ids); from all when empty.
    pub source_fetch_accounts: Vec<String>,
    /// Seconds that fetching from sources may take at most; 0 is no limit.
    pub source_fetch_limit: Option<u64>,
}

impl SessionOptions {
    /// The members on the wire; none where nothing was asked for.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut insert = |name: &str, value| members.insert(name.to_owned(), value);
        if let Some(scope) = &self.scope {
            insert("scope", json!(scope));
        }
        if let Some(wanted) = self.source_fetch {
            insert("sourceFetch", wanted.into());
        }
        if !self.source_fetch_accounts.is_empty() {
            insert("sourceFetchFilter", json!({"account": {"id": self.source_fetch_accounts}}));
        }
        if let Some(seconds) = self.source_fetch_limit {
            insert("limits", json!({"duration": {"sourceFetch": seconds}}));
        }
        members
    }

    /// The body of the calls that carry these options under `actions.pull`.
    pub(crate) fn as_actions(&self) -> Value {
        let members = self.members();
        let mut body = json!({"agent": agent()});
        if !members.is_empty() {
            body["actions"] = json!({"pull": members});
        }
        body
    }
}

impl App {
    /// Opens a new session for the person behind the token.
    pub async fn trigger(
        &self,
        access: &AccessToken,
        options: &SessionOptions,
    ) -> Result<Session, ClientError> {
        #[derive(Deserialize)]
        struct Answer {
            session: Session,
        }
        let mut body = options.members();
        body.insert("agent".to_owned(), agent());
        let claims = [("access_token", access.expose())];
        let answer: Answer =
            self.post_json("v1.7/permission-access/trigger", &claims, Some(&body.into())).await?;
        Ok(answer.session)
    }
}

#[cfg(test)]
mod tests {
    use wiremock::{
        Mock, ResponseTemplate,
        matchers::{body_json, method, path},
    };

    use super::*;
    use crate::testing::Fake;

    #[test]
    fn options_stand_under_pull_only_where_something_is_asked_for() {
        assert_eq!(SessionOptions::default().as_actions(), json!({"agent": agent()}));
        let stored = SessionOptions { source_fetch: Some(false), ..SessionOptions::default() };
        assert_eq!(stored.as_actions()["actions"], json!({"pull": {"sourceFetch": false}}));
    }

    #[tokio::test]
    async fn a_session_is_asked_for_in_the_words_of_the_protocol() {
        let fake = Fake::start().await;
        let scope = json!({"timeRanges": [{"last": "3m"}]});
        let body = json!({
            "agent": agent(),
            "scope": scope,
            "sourceFetch": false,
            "sourceFetchFilter": {"account": {"id": ["19_x"]}},
            "limits": {"duration": {"sourceFetch": 5}},
        });
        Mock::given(method("POST"))
            .and(path("/v1.7/permission-access/trigger"))
            .and(body_json(body))
            .respond_with(
                ResponseTemplate::new(200).set_body_json(json!({"session": {"key": "k", "expiry": 7}})),
            )
            .mount(&fake.server)
            .await;
        let options = SessionOptions {
            scope: Some(serde_json::from_value(scope).unwrap()),
            source_fetch: Some(false),
            source_fetch_accounts: vec!["19_x".to_owned()],
            source_fetch_limit: Some(5),
        };
        let session = fake.app.trigger(&"token".into(), &options).await.unwrap();
        assert_eq!((session.key.expose(), session.expiry), ("k", 7));
        assert_eq!(fake.claims().await[0]["access_token"], "token");
    }
}
