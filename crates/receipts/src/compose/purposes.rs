//! One purpose for what the contract needs, and one for each object type that may be left out.

use std::collections::{BTreeMap, BTreeSet};

use consent_contracts::{Access, CalendarDuration, Document, LawfulBasis};
use consent_core::taxonomy;

use super::is_declined;
use crate::{
    Choice, Facts, Purpose,
    categories::{NOTHING, UNCATEGORISED, categories_of},
};

/// A purpose, before it is spelled for Kantara and for TS 27560.
pub(crate) struct Part {
    /// What for, in words.
    pub text: String,
    /// Whether the person agreed.
    pub state: Choice,
    /// Whether it is what the contract is for.
    pub is_main: bool,
    /// Its data: object types by number, each with its categories.
    pub objects: BTreeMap<i64, BTreeSet<&'static str>>,
    /// What it is about where object types do not say it.
    pub otherwise: &'static str,
}

/// The main purpose, then each optional object type in the order of its number.
pub(crate) fn parts(facts: &Facts<'_>) -> Vec<Part> {
    let document = &facts.contract.document;
    let mut objects: BTreeMap<i64, BTreeSet<&'static str>> = BTreeMap::new();
    for (group, _, object) in document.scope.mapped() {
        objects.entry(object).or_default().extend(categories_of(group, object));
    }
    let (optional, needed) =
        objects.into_iter().partition::<BTreeMap<_, _>, _>(|(object, _)| document.optional.contains(object));
    let main = Part {
        text: document.purpose.summary.clone(),
        state: if is_declined(facts) { Choice::Refused } else { Choice::Given },
        is_main: true,
        objects: needed,
        otherwise: if document.access == Access::Read { NOTHING } else { UNCATEGORISED },
    };
    let optional = optional.into_iter().map(|(object, categories)| {
        let left_out = is_declined(facts) || facts.left_out().contains(&object);
        let state = if left_out { Choice::Refused } else { Choice::Given };
        let text = match state {
            Choice::Given => format!("The same, also with {} (optional)", name_of(object)),
            Choice::Refused => format!("Refused: the same with {} (optional)", name_of(object)),
        };
        Part { text, state, is_main: false, objects: [(object, categories)].into(), otherwise: NOTHING }
    });
    [main].into_iter().chain(optional).collect()
}

/// What people call an object type.
pub(crate) fn name_of(object: i64) -> String {
    taxonomy::object_type(object)
        .map_or_else(|| format!("object type {object}"), |known| known.name.to_owned())
}

impl Part {
    /// Its categories of data.
    pub fn categories(&self) -> Vec<String> {
        let all: BTreeSet<&str> = self.objects.values().flatten().copied().collect();
        let all = if all.is_empty() { BTreeSet::from([self.otherwise]) } else { all };
        all.into_iter().map(str::to_owned).collect()
    }

    /// As Kantara has it.
    pub fn purpose(&self, facts: &Facts<'_>) -> Purpose {
        let document = &facts.contract.document;
        let disclosed = self.is_disclosed(document);
        Purpose {
            purpose: Some(self.text.clone()),
            purpose_category: purpose_categories(document, disclosed),
            consent_type: match self.state {
                Choice::Given => "EXPLICIT".to_owned(),
                Choice::Refused => "NONE - the person refused this purpose".to_owned(),
            },
            pii_category: self.categories(),
            primary_purpose: Some(self.is_main),
            termination: self.termination(facts),
            third_party_disclosure: disclosed,
            third_party_name: disclosed.then(|| self.recipients(document)),
            state: Some(self.state),
            object_types: Some(self.objects.keys().copied().collect()),
        }
    }

    /// Whether others get this data; nobody gets what was refused.
    pub fn is_disclosed(&self, document: &Document) -> bool {
        document.sharing.third_parties && self.state == Choice::Given
    }

    /// Told in full once: a receipt with thirty optional parts would otherwise be too long to be read.
    fn recipients(&self, document: &Document) -> String {
        if self.is_main {
            document.sharing.recipients.join("; ")
        } else {
            "As for the main purpose".to_owned()
        }
    }

    fn termination(&self, facts: &Facts<'_>) -> String {
        match self.state {
            Choice::Refused => "Never began: the person refused this purpose".to_owned(),
            Choice::Given if !self.is_main => "As for the main purpose".to_owned(),
            Choice::Given => format!("{} {}", ends(facts), keeps(&facts.contract.document)),
        }
    }
}

/// When sharing ends.
fn ends(facts: &Facts<'_>) -> String {
    if !facts.state().is_open() {
        return "Sharing has ended.".to_owned();
    }
    match facts.grant.and_then(|grant| grant.expires_at) {
        Some(at) => {
            format!("Sharing ends on {}, or when the person ends it.", at.format("%-d %B %Y at %H:%M UTC"))
        }
        None => "Sharing ends when the person ends it.".to_owned(),
    }
}

/// How long the app keeps what it got.
fn keeps(document: &Document) -> String {
    let period = document.retention.period.parse::<CalendarDuration>();
    let period = period.map_or_else(|_| document.retention.period.clone(), |period| period.to_string());
    format!("What was received is kept for {period}: {}", document.retention.text)
}

/// Categories of the working group's list, from the ground of law and from whether others get the data.
fn purpose_categories(document: &Document, disclosed: bool) -> Vec<String> {
    let ground = match document.lawful_basis {
        LawfulBasis::Consent => "1 - Core Function",
        LawfulBasis::Contract => "2 - Contracted Service",
        LawfulBasis::LegalObligation => "12 - Legally Required Data Retention",
        LawfulBasis::PublicTask => "13 - Required by Law Enforcement or Government",
        LawfulBasis::VitalInterests => "14 - Protecting Your Health",
        LawfulBasis::LegitimateInterests => "15 - Protecting Our Interests",
    };
    let shared = disclosed.then_some("10 - Third Party Sharing for Core Function");
    [ground].into_iter().chain(shared).map(str::to_owned).collect()
}
