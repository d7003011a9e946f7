//! One consent with all that belongs to it, for the tests of this crate.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use consent_contracts::{App, AppStage, Contract, Document, Status, text_hash};
use consent_core::{
    Actor, Ambient, PersonId, TypedId as _,
    testing::{TestClock, ambient},
};
use consent_crypto::{
    RsaPrivateKey, SigningKey,
    digest::{hex, sha256},
    jws::{Algorithm, sign_with},
};
use consent_grants::{Choices, Grant, Stage};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::{
    Alteration, Answer, CONSENT_PAGE, Change, Claims, EventFacts, Exception, Facts, Issuer, Kind, Outcome,
    REPORT_TYPE, ReceiptId, Removed, change::KINDS,
};

pub(crate) fn fixture(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../../fixtures/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The official example of Kantara.
pub(crate) fn example() -> Value {
    serde_json::from_str(&fixture("receipts/kantara-cr-v1.1.example.json")).unwrap()
}

/// The published schema of Kantara.
pub(crate) fn published_schema() -> &'static Validator {
    static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
        let schema = serde_json::from_str(&fixture("receipts/kantara-cr-v1.1.schema.json")).unwrap();
        jsonschema::draft4::new(&schema).unwrap()
    });
    &SCHEMA
}

pub(crate) fn private_key(name: &str) -> RsaPrivateKey {
    RsaPrivateKey::parse_pem(&fixture(&format!("keys/{name}.pem"))).unwrap()
}

/// The key that signs receipts.
pub(crate) fn platform_key() -> SigningKey {
    named(private_key("server-receipts"))
}

pub(crate) fn named(key: RsaPrivateKey) -> SigningKey {
    SigningKey { kid: key.public().thumbprint(), key }
}

/// What the platform publishes: the keys of receipts and of signals.
pub(crate) fn jwks() -> Value {
    let keys = ["server-receipts", "server-signals"].map(|name| {
        let key = named(private_key(name));
        key.key.public().jwk("RS256", &key.kid, "sig")
    });
    json!({ "keys": keys })
}

/// One consent of Ada's, as flows know it.
pub(crate) struct World {
    pub clock: TestClock,
    pub ambient: Ambient,
    pub issuer: Issuer,
    pub person: PersonId,
    pub app: App,
    pub contract: Contract,
    pub grant: Grant,
    events: i64,
}

impl World {
    /// A yes to the travel budget, with activities (300) and vehicle tests (500) left out.
    pub fn new() -> Self {
        Self::with("read-optional", &[300, 500])
    }

    pub fn with(contract: &str, left_out: &[i64]) -> Self {
        let document = serde_json::from_str(&fixture(&format!("contracts/{contract}.json"))).unwrap();
        Self::about(document, left_out)
    }

    pub fn about(document: Document, left_out: &[i64]) -> Self {
        let clock = TestClock::new();
        let ambient = ambient(&clock, 5);
        let (app, person) = (app(&ambient), ambient.new_id::<PersonId>());
        let contract = Contract {
            id: ambient.new_id(),
            app_id: app.id.clone(),
            version: 1,
            status: Status::Published { at: ambient.now() },
            text_hash: text_hash(&app, &document),
            document,
            created_at: ambient.now(),
        };
        let grant = grant(&app, &contract, &person, left_out, &ambient);
        let issuer = Issuer {
            name: "Example Consent".to_owned(),
            url: "https://consent.example".to_owned(),
            jwks_url: "https://consent.example/api/v1/keys".to_owned(),
        };
        Self { clock, ambient, issuer, person, app, contract, grant, events: 0 }
    }

    /// The facts of the next change, a minute later.
    pub fn facts(&mut self, change: Change, actor: Actor) -> Facts<'_> {
        self.clock.advance(TimeDelta::minutes(1));
        self.events += 1;
        self.grant.seq += 1;
        self.grant.stage = stage_after(change.kind(), self.now(), self.grant.stage);
        let hash = |seq: i64| hex(&sha256(&seq.to_be_bytes()));
        let event = EventFacts {
            id: hash(self.events),
            previous: (self.events > 1).then(|| hash(self.events - 1)),
            seq: self.events,
            at: self.now() + TimeDelta::milliseconds(123),
            actor,
        };
        let grant = (change.kind() != Kind::Declined).then_some(&self.grant);
        Facts {
            issuer: &self.issuer,
            person: &self.person,
            pseudonym: "5mQxg0Vn4Gf0C1Yz",
            app: &self.app,
            contract: &self.contract,
            grant,
            change,
            event,
            collection_method: CONSENT_PAGE,
            language: "en",
        }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    /// The facts of a change that the person herself makes.
    pub fn hers(&mut self, change: Change) -> Facts<'_> {
        let ada = Actor::Person(self.person.clone());
        self.facts(change, ada)
    }

    /// What a receipt of this kind says.
    pub fn claims(&mut self, kind: Kind) -> Claims {
        let change = self.change(kind);
        let ambient = self.ambient.clone();
        let actor = match kind {
            Kind::Expired => Actor::Clock,
            Kind::ErasureAnswered => Actor::App(self.app.id.clone()),
            _ => Actor::Person(self.person.clone()),
        };
        let id = ReceiptId::new(&ambient);
        let follows = (kind != Kind::Declined && kind != Kind::Given).then(|| ReceiptId::new(&ambient));
        Claims::compose(&self.facts(change, actor), id, follows, ambient.now()).unwrap()
    }

    /// A signed receipt of this kind.
    pub fn receipt(&mut self, kind: Kind) -> String {
        self.claims(kind).sign(&platform_key()).unwrap()
    }

    pub fn change(&self, kind: Kind) -> Change {
        match kind {
            Kind::Given => Change::Given,
            Kind::Declined => Change::Declined,
            Kind::Stopped => Change::Stopped,
            Kind::Resumed => Change::Resumed,
            Kind::Changed => Change::Changed(vec![Alteration::Shortened, Alteration::Narrowed]),
            Kind::Expired => Change::Expired,
            Kind::Revoked => Change::Revoked,
            Kind::ErasureAsked => Change::ErasureAsked,
            Kind::ErasureCancelled => Change::ErasureCancelled,
            Kind::ErasureAnswered => Change::ErasureAnswered(Box::new(self.answer(Outcome::Partial))),
        }
    }

    /// What the app answers to the wish to be forgotten.
    pub fn answer(&self, outcome: Outcome) -> Answer {
        let signal = typed(
            Algorithm::Rs256,
            "server-signals",
            "secevent+jwt",
            &json!({
                "iss": self.issuer.url, "aud": self.app.id, "jti": "0f9ee2a3-4f8d-4e0c-a4a5-6d1f32a0b4a7",
            }),
        );
        let report = typed(Algorithm::Ps512, "app-1.private", REPORT_TYPE, &self.report_claims(outcome));
        let exception = Exception {
            category: "invoices".to_owned(),
            ground: "GDPR 17(3)(b): tax law".to_owned(),
            until: Some("2033-12-31".to_owned()),
        };
        Answer {
            asked_at: self.now() - TimeDelta::days(3),
            answered_at: self.now(),
            outcome,
            removed: vec![Removed {
                category: "transactions".to_owned(),
                count: 1204,
                method: "deleted".to_owned(),
            }],
            exceptions: vec![exception],
            report,
            algorithm: Algorithm::Ps512,
            key: private_key("app-1.private").public().clone(),
            signal,
        }
    }

    pub fn report_claims(&self, outcome: Outcome) -> Value {
        json!({
            "iss": self.app.id, "aud": self.issuer.url, "set_jti": "0f9ee2a3-4f8d-4e0c-a4a5-6d1f32a0b4a7",
            "consent_id": self.grant.id, "action": "erasure-requested", "state": outcome.name(),
            "evidence": { "categories": [{ "category": "transactions", "removed": 1204, "method": "deleted" }] },
        })
    }
}

/// A compact JWS of a type, with the thumbprint of its key.
pub(crate) fn typed(algorithm: Algorithm, key: &str, typ: &str, claims: &Value) -> String {
    let key = named(private_key(key));
    let header: Map<String, Value> =
        [("typ".to_owned(), typ.into()), ("kid".to_owned(), key.kid.clone().into())].into_iter().collect();
    sign_with(algorithm, &key.key, &header, claims).unwrap()
}

/// Every kind of receipt, each of a consent of its own.
pub(crate) fn every_kind() -> impl Iterator<Item = (Kind, World)> {
    KINDS.into_iter().map(|kind| (kind, World::new()))
}

fn app(ambient: &Ambient) -> App {
    let id = ambient.new_id::<consent_core::AppId>();
    App {
        partner_id: id.to_string(),
        id,
        name: "Fair Fare".to_owned(),
        contact: "privacy@fairfare.example".to_owned(),
        description: None,
        website: Some("https://fairfare.example/".to_owned()),
        controller: None,
        stage: AppStage::Registered,
        created_at: ambient.now(),
    }
}

fn grant(app: &App, contract: &Contract, person: &PersonId, left_out: &[i64], ambient: &Ambient) -> Grant {
    Grant {
        id: ambient.new_id(),
        person: person.clone(),
        library: consent_core::LibraryId::from_parts(0, 1),
        app: app.id.clone(),
        contract: contract.id.clone(),
        version: 1,
        text_hash: contract.text_hash.clone(),
        choices: Choices { left_out: left_out.to_vec(), ..Choices::default() },
        stage: Stage::Active,
        seq: 0,
        epoch: 0,
        storage: None,
        created_at: ambient.now(),
        expires_at: contract.document.grant_ends_at(ambient.now()),
        resume_asked_at: None,
    }
}

fn stage_after(kind: Kind, at: DateTime<Utc>, before: Stage) -> Stage {
    match kind {
        Kind::Given | Kind::Resumed => Stage::Active,
        Kind::Declined | Kind::Changed => before,
        Kind::Stopped => Stage::Stopped { at },
        Kind::Expired => Stage::Expired { at },
        Kind::Revoked | Kind::ErasureAsked | Kind::ErasureCancelled | Kind::ErasureAnswered => {
            Stage::Revoked { at }
        }
    }
}
