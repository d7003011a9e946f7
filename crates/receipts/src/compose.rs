//! Makes the claims of a receipt from what the flow knows.

mod purposes;
mod record;

use chrono::{DateTime, Utc};
use consent_contracts::App;
use consent_grants::Grant;
use serde_json::{Map, Value};

use self::purposes::{Part, parts};
use crate::{
    Access, ActorKind, Added, AppNamed, Change, Choice, Claims, ContractNamed, DataController, Erasure,
    Event, Facts, GrantNamed, Kantara, Kind, PiiController, Purpose, ReceiptError, ReceiptId, Service,
    Signatu, SignatuConsent, State, access::FORMAT, consistency::status_url, kantara::VERSION,
    moment::moment,
};

/// What stands where the app's owner did not say.
pub(crate) const NOT_PROVIDED: &str = "not provided";

impl Claims {
    /// The claims of a receipt with this name, made now, that follows `follows` about the same grant.
    pub fn compose(
        facts: &Facts<'_>,
        id: ReceiptId,
        follows: Option<ReceiptId>,
        now: DateTime<Utc>,
    ) -> Result<Self, ReceiptError> {
        facts.check()?;
        let parts = parts(facts);
        let kantara = kantara(facts, &id, &parts);
        let access = access(facts, &id, follows);
        // A clock that was set back does not make a receipt older than its event.
        let made = now.max(facts.event.at);
        let added = Added {
            iss: facts.issuer.url.clone(),
            sub: facts.pseudonym.to_owned(),
            iat: made.timestamp(),
            data_controller: DataController { org: legal_name(facts.app).to_owned() },
            signatu: signatu(facts),
            ts27560: record::ts27560(facts, &access, &id, &parts, made),
            consent_access: access,
            jti: id,
        };
        Ok(Self { kantara, added })
    }
}

fn kantara(facts: &Facts<'_>, id: &ReceiptId, parts: &[Part]) -> Kantara {
    let document = &facts.contract.document;
    let purposes: Vec<Purpose> = parts.iter().map(|part| part.purpose(facts)).collect();
    let given = purposes.iter().filter(|purpose| purpose.state == Some(Choice::Given));
    let mut spi_cat: Vec<String> = given.flat_map(Purpose::sensitive_categories).cloned().collect();
    spi_cat.sort();
    spi_cat.dedup();
    Kantara {
        version: VERSION.to_owned(),
        jurisdiction: document.jurisdiction.clone(),
        consent_timestamp: u64::try_from(facts.event.at.timestamp()).unwrap_or_default(),
        collection_method: facts.collection_method.to_owned(),
        consent_receipt_id: id.to_string(),
        public_key: Some(facts.issuer.jwks_url.clone()),
        language: Some(facts.language.to_owned()),
        pii_principal_id: facts.pseudonym.to_owned(),
        pii_controllers: vec![controller(facts.app)],
        policy_url: document.policy_url.clone(),
        services: vec![Service { service: document.name.clone(), purposes }],
        sensitive: !spi_cat.is_empty(),
        spi_cat,
    }
}

/// The app; where its owner did not say, the receipt says that.
pub(crate) fn controller(app: &App) -> PiiController {
    let phone = app.controller.as_ref().and_then(|controller| controller.phone.clone());
    PiiController {
        pii_controller: legal_name(app).to_owned(),
        on_behalf: Some(false),
        contact: format!("Privacy contact of {}", app.name),
        address: address(app),
        email: app.contact.clone(),
        phone: phone.unwrap_or_else(|| NOT_PROVIDED.to_owned()),
        pii_controller_url: app.website.clone(),
    }
}

fn legal_name(app: &App) -> &str {
    app.controller.as_ref().map_or(&app.name, |controller| &controller.legal_name)
}

fn address(app: &App) -> Map<String, Value> {
    let given = app.controller.as_ref().and_then(|controller| serde_json::to_value(&controller.address).ok());
    match given {
        Some(Value::Object(address)) => address,
        _ => unknown_address(),
    }
}

fn unknown_address() -> Map<String, Value> {
    [("streetAddress".to_owned(), NOT_PROVIDED.into())].into_iter().collect()
}

fn access(facts: &Facts<'_>, id: &ReceiptId, follows: Option<ReceiptId>) -> Access {
    let (kind, state) = (facts.change.kind(), facts.state());
    let actor = ActorKind::from(&facts.event.actor);
    Access {
        v: FORMAT,
        kind,
        state,
        event: Event {
            id: facts.event.id.clone(),
            previous: facts.event.previous.clone(),
            at: moment(facts.event.at),
            actor,
            state: kind.consent_state(state, actor, follows.is_some()),
        },
        platform: facts.issuer.name.clone(),
        app: AppNamed { id: facts.app.id.clone(), name: facts.app.name.clone() },
        contract: ContractNamed {
            id: facts.contract.id.clone(),
            version: facts.contract.version,
            name: facts.contract.document.name.clone(),
            text_hash: facts.text_hash().to_owned(),
            access: facts.contract.document.access,
        },
        grant: facts.grant.map(|grant| granted(grant, facts)),
        changed: match &facts.change {
            Change::Changed(ways) => ways.clone(),
            _ => vec![],
        },
        status_url: status_url(&facts.issuer.url, id.as_str()),
        follows,
        erasure: match &facts.change {
            Change::ErasureAnswered(answer) => Some(Erasure::from(answer.as_ref())),
            _ => None,
        },
    }
}

fn granted(grant: &Grant, facts: &Facts<'_>) -> GrantNamed {
    // Only what the contract marks optional can be left out; what an older text did is not this receipt's.
    let optional = &facts.contract.document.optional;
    let mut left_out: Vec<i64> =
        facts.left_out().iter().copied().filter(|object| optional.contains(object)).collect();
    left_out.sort_unstable();
    left_out.dedup();
    GrantNamed {
        id: grant.id.clone(),
        seq: grant.seq,
        agreed_at: moment(grant.created_at),
        ends_at: grant.expires_at.map(moment),
        left_out,
        future_accounts: grant.choices.future_accounts,
    }
}

fn signatu(facts: &Facts<'_>) -> Signatu {
    let consent = SignatuConsent {
        id: facts.event.id.clone(),
        subject: facts.pseudonym.to_owned(),
        issuer: facts.app.website.clone().unwrap_or_else(|| facts.app.name.clone()),
        target: facts.contract.document.policy_url.clone(),
        scope: facts.contract.id.to_string(),
        action: facts.state() == State::Active,
    };
    Signatu { consent }
}

/// Whether she said no to the whole.
fn is_declined(facts: &Facts<'_>) -> bool {
    facts.change.kind() == Kind::Declined
}
