//! Signing reports, and sending them.

use consent_crypto::{
    Unverified,
    digest::{hex, sha256},
    jws::{self, Algorithm},
};
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Keys, Receiver, Report, Signal, SignalError, receiver::answer};
use crate::{ClientError, TokenError};

const TYPE: &str = "signal-report+jwt";
const RECEIPT_TYPE: &str = "signal-report-receipt+jwt";
const MEDIA_TYPE: &str = "application/jwt";

/// A report, signed. Kept until the platform has taken it, it can be sent again: the same bytes are the same report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReport {
    /// Its name, drawn at random.
    pub id: String,
    /// The signal that it is about.
    pub signal_id: String,
    /// Where it goes.
    pub status_url: String,
    /// The report itself, a compact JWS.
    pub text: String,
}

/// What the platform says to a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTaken {
    /// How far the app is with what it owes, since this report: its own word, or that of an earlier report.
    pub state: String,
    /// What the report did: `applied`, `amendment`, `backward` or `too_late`.
    pub standing: String,
    /// The platform's signed word that it came (JWS, RS256), verified; to be kept.
    pub receipt: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    jti: &'a str,
    set_jti: &'a str,
    consent_id: &'a str,
    action: &'a str,
    #[serde(flatten)]
    report: &'a Report,
}

#[derive(Deserialize)]
struct Answer {
    state: String,
    standing: String,
    receipt: String,
}

impl Receiver {
    /// Signs a report about a signal; nothing is sent yet.
    pub fn sign(&self, signal: &Signal, report: &Report) -> Result<SignedReport, ClientError> {
        let (Some(consent_id), Some(status_url)) = (&signal.consent_id, &signal.status_url) else {
            return Err(ClientError::NothingToReport);
        };
        let id = hex(&self.ambient.random::<16>());
        let claims = Claims {
            iss: &self.parties.app_id,
            aud: &self.parties.issuer,
            iat: self.ambient.now().timestamp(),
            jti: &id,
            set_jti: &signal.id,
            consent_id,
            action: signal.kind.name(),
            report,
        };
        let header = Map::from_iter([("typ".to_owned(), Value::from(TYPE))]);
        let text = jws::sign(&self.key, &header, &claims).map_err(ClientError::Sign)?;
        Ok(SignedReport { signal_id: signal.id.clone(), status_url: status_url.clone(), text, id })
    }

    /// Sends a signed report, and verifies the platform's word that it came.
    pub async fn send(&self, report: &SignedReport) -> Result<ReportTaken, ClientError> {
        let request = self.post(&report.status_url)?.header(CONTENT_TYPE, MEDIA_TYPE);
        let answer: Answer = answer(request.body(report.text.clone())).await?;
        self.verify_receipt(&answer.receipt, report, &self.keys().await?)?;
        Ok(ReportTaken { state: answer.state, standing: answer.standing, receipt: answer.receipt })
    }

    /// Signs a report and sends it, once. Where the answer is lost, a second call makes a second report.
    pub async fn report(&self, signal: &Signal, report: &Report) -> Result<ReportTaken, ClientError> {
        self.send(&self.sign(signal, report)?).await
    }

    fn verify_receipt(&self, text: &str, report: &SignedReport, keys: &Keys) -> Result<(), TokenError> {
        let token = Unverified::parse_with(text, RECEIPT_TYPE, Algorithm::Rs256)?;
        let verified = keys.verify(token).map_err(|error| match error {
            SignalError::Jws(error) => TokenError::Jws(error),
            _ => TokenError::UnknownKey(String::new()),
        })?;
        let digest = hex(&sha256(report.text.as_bytes()));
        let expected = [
            ("iss", &self.parties.issuer),
            ("aud", &self.parties.app_id),
            ("report_sha256", &digest),
            ("set_jti", &report.signal_id),
        ];
        let wrong = expected
            .into_iter()
            .find(|(name, value)| verified.claims().get(*name) != Some(&value.as_str().into()));
        wrong.map_or(Ok(()), |(name, _)| Err(TokenError::Claim(name)))
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use serde_json::json;
    use wiremock::{
        Mock, Request, Respond, ResponseTemplate,
        matchers::{header, method, path},
    };

    use super::*;
    use crate::{
        signal::{
            ErasureMethod, Evidence, Exception, Kind, Recipient, Removed,
            testing::{APP_KEY, Platform, claims, rs256, signal},
        },
        testing::server_key,
    };

    /// A platform that takes reports; `changed` is how its receipts are wrong.
    struct Takes {
        changed: Option<(&'static str, Value)>,
    }

    impl Respond for Takes {
        fn respond(&self, request: &Request) -> ResponseTemplate {
            let mut claims = json!({
                "iss": "https://consent.example", "aud": "app1", "set_jti": signal().id,
                "report_sha256": hex(&sha256(&request.body)),
            });
            if let Some((name, value)) = &self.changed {
                claims[name] = value.clone();
            }
            let receipt = rs256(&server_key(), &json!({"typ": RECEIPT_TYPE, "kid": "k1"}), &claims);
            let body = json!({"state": "completed", "standing": "applied", "receipt": receipt});
            ResponseTemplate::new(200).set_body_json(body)
        }
    }

    async fn takes(platform: &Platform, changed: Option<(&'static str, Value)>) {
        Mock::given(method("POST"))
            .and(path("/reports"))
            .and(header("authorization", "Bearer cak_secret"))
            .and(header("content-type", MEDIA_TYPE))
            .respond_with(Takes { changed })
            .mount(platform.server())
            .await;
    }

    fn evidence(platform: &Platform) -> Evidence {
        let at = platform.now();
        let day = NaiveDate::from_ymd_opt(2036, 12, 31).unwrap();
        Evidence {
            categories: vec![Removed {
                category: "social.posts".to_owned(),
                removed: 17,
                method: ErasureMethod::KeyDestroyed,
                systems: vec!["main database".to_owned()],
                at,
            }],
            backups_gone_by: Some(day),
            recipients: vec![Recipient { name: "Hosting Ltd".to_owned(), told_at: at }],
            exceptions: vec![Exception {
                category: "invoices".to_owned(),
                ground: "GDPR 17(3)(b)".to_owned(),
                retained_until: day,
            }],
            log_sha256: None,
        }
    }

    #[test]
    fn a_report_is_signed_in_the_words_of_the_protocol() {
        let platform = Platform::new();
        let report = Report::partial(platform.now(), evidence(&platform));
        let signed = platform.receiver.sign(&signal(), &report).unwrap();
        let token = Unverified::parse_typed(&signed.text, TYPE).unwrap();
        let key = consent_crypto::RsaPrivateKey::parse_pem(APP_KEY).unwrap();
        let claims = token.verify(&[key.public()]).unwrap().1.into_claims();
        let expected = json!({
            "iss": "app1", "aud": "https://consent.example", "iat": 1_780_315_200, "jti": signed.id,
            "set_jti": signal().id, "consent_id": "gra1", "action": "erasure-requested", "state": "partial",
            "completed_at": "2026-06-01T12:00:00Z",
            "evidence": {
                "categories": [{
                    "category": "social.posts", "removed": 17, "method": "key_destroyed",
                    "systems": ["main database"], "at": "2026-06-01T12:00:00Z",
                }],
                "backups_gone_by": "2036-12-31",
                "recipients": [{"name": "Hosting Ltd", "told_at": "2026-06-01T12:00:00Z"}],
                "exceptions": [{
                    "category": "invoices", "ground": "GDPR 17(3)(b)", "retained_until": "2036-12-31",
                }],
            },
        });
        assert_eq!(Value::Object(claims), expected);
    }

    #[test]
    fn every_state_has_what_goes_with_it_and_nothing_else() {
        let at = Platform::new().now();
        let when = json!("2026-06-01T12:00:00Z");
        for (report, expected) in [
            (Report::accepted(at), json!({"state": "accepted", "expected_completion": when})),
            (Report::in_progress(None), json!({"state": "in_progress"})),
            (Report::completed(at, None), json!({"state": "completed", "completed_at": when})),
            (Report::refused("GDPR 17(3)(b)"), json!({"state": "refused", "ground": "GDPR 17(3)(b)"})),
            (
                Report::extended(at, "many systems"),
                json!({"state": "extended", "expected_completion": when, "reason": "many systems"}),
            ),
        ] {
            assert_eq!(report.state(), expected["state"]);
            assert_eq!(json!(report), expected);
        }
    }

    #[test]
    fn a_verification_asks_for_no_report() {
        let platform = Platform::new();
        let verification =
            Signal { kind: Kind::Verification, consent_id: None, status_url: None, ..signal() };
        let error = platform.receiver.sign(&verification, &Report::in_progress(None)).unwrap_err();
        assert!(matches!(error, ClientError::NothingToReport), "{error}");
    }

    #[tokio::test]
    async fn a_report_is_sent_to_where_the_signal_says_and_its_receipt_is_verified() {
        let platform = Platform::started().await;
        takes(&platform, None).await;
        let mut claims = claims();
        let event = &mut claims["events"]["https://consent.example/event-type/erasure-requested"];
        event["status_url"] = json!(platform.at_path("/reports"));
        let told = platform.receiver.set(&platform.set(&claims), &platform.keys).unwrap();
        let done = Report::completed(platform.now(), Some(Evidence::default()));
        let signed = platform.receiver.sign(&told, &done).unwrap();
        let taken = platform.receiver.send(&signed).await.unwrap();
        assert_eq!((taken.state.as_str(), taken.standing.as_str()), ("completed", "applied"));
        assert_eq!(platform.receiver.send(&signed).await.unwrap(), taken, "the same bytes again");
    }

    #[tokio::test]
    async fn a_receipt_of_another_report_is_none() {
        for (name, value) in [
            ("iss", json!("https://other.example")),
            ("aud", json!("app2")),
            ("report_sha256", json!("00")),
            ("set_jti", json!("another")),
        ] {
            let platform = Platform::started().await;
            takes(&platform, Some((name, value))).await;
            let told = Signal { status_url: Some(platform.at_path("/reports")), ..signal() };
            let error = platform.receiver.report(&told, &Report::in_progress(None)).await.unwrap_err();
            assert!(
                matches!(error, ClientError::Untrusted(TokenError::Claim(wrong)) if wrong == name),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_refusal_names_the_field() {
        let platform = Platform::started().await;
        let problem = json!({
            "type": "about:blank", "status": 422, "code": "ValidationErrors", "detail": "the report is wrong",
            "errors": [{"field": "evidence", "reason": "is missing"}],
        });
        let answer = ResponseTemplate::new(422).set_body_json(problem);
        Mock::given(path("/reports")).respond_with(answer).mount(platform.server()).await;
        let told = Signal { status_url: Some(platform.at_path("/reports")), ..signal() };
        let error = platform.receiver.report(&told, &Report::in_progress(None)).await.unwrap_err();
        assert_eq!((error.status(), error.code()), (Some(422), Some("ValidationErrors")));
        assert!(error.to_string().contains("evidence: is missing"), "{error}");
    }
}
