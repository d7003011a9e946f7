//! What a receipt says in words, for pages, print and the command line.

use crate::{
    Access, ActorKind, Alteration, Choice, Claims, ConsentState, Erasure, Kind, Outcome, PiiController,
    Purpose, State, moment::in_words,
};

/// Whom a receipt is shown to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The person herself: "you".
    Owner,
    /// Anybody else: "the person".
    Anybody,
}

/// What a receipt says in words: plain strings and lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// A few words: "You said yes to Tidemark".
    pub title: String,
    /// What happened, in a sentence.
    pub said: String,
    /// When, what, under which contract: words and values.
    pub facts: Vec<(String, String)>,
    /// What it was about, the main purpose first.
    pub purposes: Vec<PurposeView>,
    /// Who answers for the data: words and values.
    pub controller: Vec<(String, String)>,
    /// What the app answered to a wish to be forgotten.
    pub erasure: Option<ErasureView>,
    /// How it is proved: ids, hashes, keys.
    pub proof: Vec<(String, String)>,
    /// Where anybody may ask what holds now.
    pub status_url: String,
}

/// One purpose in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurposeView {
    /// What for.
    pub text: String,
    /// Whether the person agreed.
    pub is_given: bool,
    /// Categories of data.
    pub data: Vec<String>,
    /// When it ends, and how long data is kept.
    pub ends: String,
    /// Who else gets it; absent when nobody does.
    pub shared_with: Option<String>,
}

/// What an app answered to a wish to be forgotten, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureView {
    /// "You asked on …; Tidemark answered on … that it deleted everything."
    pub said: String,
    /// The app's key and the hash of its report.
    pub facts: Vec<(String, String)>,
    /// What it says it removed, line by line.
    pub removed: Vec<String>,
    /// What it says it keeps, and why.
    pub kept: Vec<String>,
}

impl View {
    /// The receipt in words.
    #[must_use]
    pub fn of(claims: &Claims, reader: Reader) -> Self {
        let access = &claims.added.consent_access;
        let title = title(access, reader);
        Self {
            said: format!("{title}, on {}.", in_words(&access.event.at)),
            title,
            facts: facts(claims),
            purposes: claims.kantara.purposes().map(PurposeView::of).collect(),
            controller: claims.kantara.pii_controllers.first().map(controller).unwrap_or_default(),
            erasure: access.erasure.as_ref().map(|erasure| ErasureView::of(erasure, access, reader)),
            proof: proof(claims),
            status_url: access.status_url.clone(),
        }
    }
}

/// Who did it: the person, the app, somebody at the platform, or time.
fn who(access: &Access, reader: Reader) -> String {
    match access.event.actor {
        ActorKind::Person => person(reader).to_owned(),
        ActorKind::App => access.app.name.clone(),
        ActorKind::Operator => format!("An operator of {}", access.platform),
        ActorKind::Clock => "The passing of time".to_owned(),
    }
}

fn person(reader: Reader) -> &'static str {
    match reader {
        Reader::Owner => "You",
        Reader::Anybody => "The person",
    }
}

fn title(access: &Access, reader: Reader) -> String {
    let (who, app) = (who(access, reader), &access.app.name);
    match access.kind {
        Kind::Given => {
            let again = if access.event.state == ConsentState::RenewedConsentGiven { " again" } else { "" };
            format!("{who} said yes to {app}{again}")
        }
        Kind::Declined => format!("{who} said no to {app}"),
        Kind::Stopped => format!("{who} stopped sharing with {app}"),
        Kind::Resumed => format!("{who} resumed sharing with {app}"),
        Kind::Changed => format!("{who} changed what is shared with {app}: it {}", ways(&access.changed)),
        Kind::Expired => format!("Sharing with {app} ended by itself, because its time ran out"),
        Kind::Revoked => format!("{who} ended sharing with {app} for good"),
        Kind::ErasureAsked => format!("{who} asked {app} to delete everything it holds"),
        Kind::ErasureCancelled => {
            format!("{who} let {app} keep what it holds; sharing stays ended")
        }
        Kind::ErasureAnswered => match reader {
            Reader::Owner => format!("{app} answered your wish to be forgotten"),
            Reader::Anybody => format!("{app} answered the person's wish to be forgotten"),
        },
    }
}

fn ways(ways: &[Alteration]) -> String {
    let word = |way: &Alteration| match way {
        Alteration::Shortened => "ends earlier",
        Alteration::Extended => "ends later",
        Alteration::Narrowed => "covers less",
        Alteration::Widened => "covers more",
    };
    ways.iter().map(word).collect::<Vec<_>>().join(" and ")
}

fn facts(claims: &Claims) -> Vec<(String, String)> {
    let access = &claims.added.consent_access;
    let contract = &access.contract;
    let agreed = access.grant.as_ref().map(|grant| in_words(&grant.agreed_at));
    let ends = access.grant.as_ref().and_then(|grant| grant.ends_at.as_deref()).map(in_words);
    let ends = ends.filter(|_| access.state.is_open());
    let sensitive = &claims.kantara.spi_cat;
    let facts = [
        ("State after it", Some(state(access.state).to_owned())),
        ("Contract", Some(format!("{}, version {}", contract.name, contract.version))),
        ("Agreed on", agreed),
        ("Ends by itself on", ends),
        ("Asked by way of", Some(claims.kantara.collection_method.clone())),
        ("Known to the app as", Some(claims.added.sub.clone())),
        ("Sensitive data", Some(if sensitive.is_empty() { "None".to_owned() } else { sensitive.join(", ") })),
        ("Law of", Some(claims.kantara.jurisdiction.clone())),
        ("Privacy policy", Some(claims.kantara.policy_url.clone())),
    ];
    given(facts)
}

fn state(state: State) -> &'static str {
    match state {
        State::Active => "Active: the app gets what was agreed to",
        State::Stopped => "Stopped: the app gets nothing until sharing is resumed",
        State::Refused => "Refused: the app gets nothing",
        State::Expired => "Expired: over, because its time ran out",
        State::Revoked => "Revoked: over for good",
        State::Erasing => "Over for good; the app was told to delete what it holds",
        State::Erased => "Over for good; the app reported what it deleted",
    }
}

fn proof(claims: &Claims) -> Vec<(String, String)> {
    let access = &claims.added.consent_access;
    given([
        ("Receipt", Some(claims.added.jti.to_string())),
        ("Follows receipt", access.follows.as_ref().map(ToString::to_string)),
        ("Issued by", Some(format!("{} ({})", access.platform, claims.added.iss))),
        ("Keys of the issuer", claims.kantara.public_key.clone()),
        ("Event", Some(access.event.id.clone())),
        ("Event before it", access.event.previous.clone()),
        ("Hash of the text shown", Some(access.contract.text_hash.clone())),
        ("Contract", Some(access.contract.id.to_string())),
        ("Grant", access.grant.as_ref().map(|grant| grant.id.to_string())),
    ])
}

fn controller(controller: &PiiController) -> Vec<(String, String)> {
    let address: Vec<_> = controller.address.values().filter_map(|line| line.as_str()).collect();
    given([
        ("Name", Some(controller.pii_controller.clone())),
        ("Contact", Some(controller.contact.clone())),
        ("E-mail", Some(controller.email.clone())),
        ("Address", Some(address.join(", "))),
        ("Telephone", Some(controller.phone.trim_start_matches("tel:").to_owned())),
        ("Web site", controller.pii_controller_url.clone()),
    ])
}

fn given<const N: usize>(facts: [(&str, Option<String>); N]) -> Vec<(String, String)> {
    facts.into_iter().filter_map(|(word, value)| Some((word.to_owned(), value?))).collect()
}

impl PurposeView {
    fn of(purpose: &Purpose) -> Self {
        Self {
            text: purpose.purpose.clone().unwrap_or_default(),
            is_given: purpose.state != Some(Choice::Refused),
            data: purpose.pii_category.clone(),
            ends: purpose.termination.clone(),
            shared_with: purpose.third_party_name.clone().filter(|_| purpose.third_party_disclosure),
        }
    }
}

impl ErasureView {
    fn of(erasure: &Erasure, access: &Access, reader: Reader) -> Self {
        let did = match erasure.outcome {
            Outcome::Completed => "that it deleted everything it held",
            Outcome::Partial => "that it deleted what it held, with the exceptions below",
            Outcome::Refused => "that it deletes nothing, for the reasons below",
        };
        let said = format!(
            "{} asked on {}; {} answered on {} {did}. The app signed that, and its signature is kept here.",
            person(reader),
            in_words(&erasure.asked_at),
            access.app.name,
            in_words(&erasure.answered_at),
        );
        let facts = given([
            ("The app's key", Some(erasure.report.thumbprint.clone())),
            ("Hash of its report", Some(erasure.report.sha256.clone())),
        ]);
        let removed = erasure.removed.iter();
        let removed = removed.map(|one| format!("{}: {} ({})", one.category, one.count, one.method));
        let kept = erasure.exceptions.iter().map(|one| match &one.until {
            Some(until) => format!("{}: {}, until {until}", one.category, one.ground),
            None => format!("{}: {}", one.category, one.ground),
        });
        Self { said, facts, removed: removed.collect(), kept: kept.collect() }
    }
}
