//! One log: what people decide is in it, and a no that an app posts ends the yes that it is about.

use consent_client::reqwest::Method;
use consent_core::PersonId;
use consent_events::{ChainId, verify_stored};
use futures_util::future::join;
use harness::{MockApp, Person, Receiver, TestPlatform, Yes, stories};
use serde_json::{Value, json};

use super::{Log, refusal, text, texts};

const PATH: &str = "/consent/v0/consents";

/// An app, a person who said yes to it, and how its log has that.
struct Agreed<'p> {
    app: MockApp,
    ada: Person<'p>,
    yes: Yes,
    log: Log<'p>,
    /// The event of the yes.
    given: Value,
}

async fn agreed(platform: &TestPlatform) -> Agreed<'_> {
    let (app, ada, yes) = harness::agreed(platform).await;
    let log = Log { platform, app: app.id.clone(), bearer: app.api_key.clone() };
    let subject = platform.inner.pseudonym(&app.id, &ada.id.parse().unwrap());
    let found = log.finds(&format!("/consent/v1/consents?subject={subject}")).await;
    assert_eq!(found.len(), 1, "{found:?}");
    Agreed { app, ada, yes, log, given: found[0].clone() }
}

impl Agreed<'_> {
    /// Her yes as the app would take it back.
    fn no(&self) -> Value {
        let mut no = json!({ "action": false });
        for member in ["subject", "target", "scope"] {
            no[member] = self.given[member].clone();
        }
        no
    }

    fn with(&self, member: &str, value: impl Into<Value>) -> Value {
        let mut no = self.no();
        no[member] = value.into();
        no
    }

    /// What the log says of her now, asked in every way.
    async fn current(&self) -> Value {
        let text = |member: &str| text(&self.given[member]);
        let base = format!("subject={}&target={}&scope={}", text("subject"), text("target"), text("scope"));
        let mut said = Vec::new();
        for more in ["", "&issuer="] {
            let issuer = if more.is_empty() { String::new() } else { format!("{more}{}", text("issuer")) };
            let found = self.log.finds(&format!("{PATH}/search?{base}{issuer}&current=true")).await;
            assert_eq!(found.len(), 1, "{issuer}");
            said.push(found[0]["action"].clone());
        }
        assert_eq!(said[0], said[1], "whoever is asked about the issuer hears the same");
        said.remove(0)
    }

    async fn stage(&self) -> String {
        let grant = self.ada.call(Method::GET, &format!("/me/grants/{}", self.yes.grant), None).await.ok();
        text(&grant["stage"])
    }

    /// The acts of her chain, which holds together.
    async fn acts(&self, platform: &TestPlatform) -> Vec<String> {
        let chain = ChainId::Person(self.ada.id.parse::<PersonId>().unwrap());
        verify_stored(&platform.inner.db, chain, None).await.unwrap();
        let events = self.ada.call(Method::GET, "/me/events", None).await.ok();
        events["items"].as_array().unwrap().iter().map(|event| text(&event["act"]["type"])).collect()
    }
}

stories! {
    async fn a_persons_yes_is_an_event_of_the_app(platform: TestPlatform) {
        let all = agreed(&platform).await;
        assert_eq!((&all.given["action"], &all.given["scope"]), (&json!(true), &json!(all.app.contract_id)));
        let events = all.ada.call(Method::GET, "/me/events", None).await.ok();
        assert_eq!(events["items"][0]["id"], all.given["id"], "one link is both");
        let path = format!("{PATH}/{}/receipt", text(&all.given["id"]));
        assert!(text(&all.log.get(&path).await.ok()["receipt"]).starts_with("ey"));
        for (verb, action) in [("stop", false), ("resume", true), ("revoke", false)] {
            let _ = all.ada.acts(&all.yes.grant, verb).await.ok();
            assert_eq!(all.current().await, action, "{verb}");
        }
    }

    async fn a_no_that_the_app_posts_revokes(platform: TestPlatform) {
        let all = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &all.app).await;
        assert_eq!(all.app.tries(&all.yes.shared).await, "ok");
        let posted = all.log.records(&all.with("source", "https://app.example/settings")).await;
        assert_eq!((&posted["action"], &posted["source"]), (&json!(false), &json!("https://app.example/settings")));
        assert_eq!(all.app.tries(&all.yes.shared).await, "401 InvalidToken");
        assert_eq!((all.stage().await, all.current().await), ("revoked".to_owned(), json!(false)));

        platform.delivers().await;
        let told = receiver.last().await;
        assert_eq!((told.kind.as_str(), &told.event["consent_id"]), ("consent-revoked", &json!(all.yes.grant)));
        let receipts = all.ada.call(Method::GET, "/me/receipts", None).await.ok();
        let receipts = receipts["items"].as_array().unwrap();
        assert_eq!(texts(receipts, "kind"), ["revoked", "given"]);
        let body = json!({ "receipt": receipts[0]["receipt"] });
        let verdict = platform.call(Method::POST, "/api/v1/receipts/verify", None, Some(&body)).await.ok();
        assert_eq!(verdict["valid"], true);

        assert_eq!(all.acts(&platform).await, ["granted", "revoked", "signalled"]);
        let events = all.ada.call(Method::GET, "/me/events", None).await.ok();
        let link = &events["items"][1];
        assert_eq!((&link["id"], &link["createdAt"]), (&posted["id"], &posted["createdAt"]), "one link is both");
        assert_eq!(link["actor"], json!({ "kind": "app", "id": all.app.id }));

        let before = platform.rows("signal").await;
        let again = all.log.records(&all.no()).await;
        assert_ne!(again["id"], posted["id"], "a second no is recorded");
        assert_eq!(platform.rows("signal").await, before, "and changes nothing");
        let acts = all.acts(&platform).await;
        assert_eq!(acts.last().unwrap(), "consentRecorded", "it is in her chain too: {acts:?}");
    }

    async fn a_stopped_grant_is_revoked_the_same_way_and_so_are_two(platform: TestPlatform) {
        let all = agreed(&platform).await;
        all.ada.stops(&all.yes).await;
        let second = all.ada.approves(&all.app).await;
        let before = platform.rows("consent_event").await;
        let _ = all.log.records(&all.no()).await;
        assert_eq!(platform.rows("consent_event").await, before + 1, "the app said no once");
        for grant in [&all.yes.grant, &second.grant] {
            let grant = all.ada.call(Method::GET, &format!("/me/grants/{grant}"), None).await.ok();
            assert_eq!(grant["stage"], "revoked");
        }
        assert_eq!(all.app.tries(&second.shared).await, "401 InvalidToken");
        let acts = all.acts(&platform).await;
        assert_eq!(acts.iter().filter(|act| *act == "revoked").count(), 2, "{acts:?}");
    }

    async fn only_the_person_says_yes_to_a_contract(platform: TestPlatform) {
        let all = agreed(&platform).await;
        let before = platform.contents().await;
        for action in [json!(true), Value::Null] {
            for subject in [text(&all.given["subject"]), "somebody".to_owned()] {
                let mut claim = all.with("action", action.clone());
                claim["subject"] = subject.into();
                for path in [PATH, "/consent/v1/consents", "/consent/v1/vaults/a/consents"] {
                    assert_eq!(refusal(&all.log.post(path, &claim).await), "422 scope", "{claim}");
                }
                let list = json!([all.no(), claim]);
                assert_eq!(refusal(&all.log.post(PATH, &list).await), "422 [1].scope");
            }
        }
        platform.holds_the_same(&before).await;
        assert_eq!((all.stage().await, all.current().await), ("active".to_owned(), json!(true)));
        all.ada.revokes(&all.yes).await;
        assert_eq!(refusal(&all.log.post(PATH, &all.with("action", true)).await), "422 scope");
        assert_eq!(all.current().await, false);
    }

    async fn a_no_that_misses_its_grant_by_a_name_is_refused(platform: TestPlatform) {
        let all = agreed(&platform).await;
        let before = platform.contents().await;
        let policy = text(&all.given["target"]);
        for (no, field) in [
            (all.with("target", format!("{policy}/")), "target"),
            (all.with("issuer", "somebody else"), "issuer"),
        ] {
            assert_eq!(refusal(&all.log.post(PATH, &no).await), format!("422 {field}"));
        }
        let half = json!([all.no(), { "subject": "x", "action": true }]);
        assert_eq!(all.log.post(PATH, &half).await.status, 422);
        platform.holds_the_same(&before).await;
        assert_eq!(all.app.tries(&all.yes.shared).await, "ok");
        let _ = all.log.records(&all.with("issuer", all.given["issuer"].clone())).await;
        assert_eq!(all.stage().await, "revoked");
    }

    async fn a_no_about_something_else_ends_nothing(platform: TestPlatform) {
        let all = agreed(&platform).await;
        let other = MockApp::register(&platform, "read", "app-2", |_| {}).await;
        let others = Log { platform: &platform, app: other.id.clone(), bearer: other.api_key.clone() };
        let _ = others.records(&all.no()).await;
        let _ = others.records(&all.with("action", true)).await;
        for no in [all.with("scope", "default"), all.with("scope", other.contract_id.as_str()), all.with("subject", "x")] {
            let _ = all.log.records(&no).await;
        }
        assert_eq!((all.stage().await, all.current().await), ("active".to_owned(), json!(true)));
        assert_eq!(all.app.tries(&all.yes.shared).await, "ok");
        let acts = all.acts(&platform).await;
        assert_eq!(acts, ["granted", "consentRecorded", "consentRecorded"], "what the app says of her is in her chain");
    }

    async fn a_repeated_no_revokes_once(platform: TestPlatform) {
        let all = agreed(&platform).await;
        let list = json!([all.no(), all.no()]);
        for _ in 0..2 {
            let request = all.log.request(Method::POST, PATH).header("idempotency-key", "once").json(&list);
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
        let acts = all.acts(&platform).await;
        assert_eq!(acts, ["granted", "revoked", "consentRecorded", "signalled"]);
    }

    async fn whoever_ends_it_first_there_is_one_end(platform: TestPlatform) {
        let all = agreed(&platform).await;
        let no = all.no();
        let (hers, its) = join(all.ada.acts(&all.yes.grant, "revoke"), all.log.post(PATH, &no)).await;
        assert_eq!(its.status, 200, "{its:?}");
        assert!(matches!(hers.status, 200 | 409), "{hers:?}");
        let acts = all.acts(&platform).await;
        assert_eq!(acts.iter().filter(|act| *act == "revoked").count(), 1, "{acts:?}");
        assert_eq!(platform.rows("signal").await, 1);
        assert_eq!(all.current().await, false);
    }
}
