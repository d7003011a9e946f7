//! Examples of contracts as they were agreed to: those of the question.

use super::{ada, consent, texts};
use crate::{Agreed, Consent, Section};

pub(crate) fn agreed() -> Vec<(&'static str, Agreed)> {
    let wanted = ["ongoing", "write-only", "hostile"];
    let questions = consent::consent().into_iter().filter(|(name, _)| wanted.contains(name));
    questions.map(|(name, question)| (name, of(question))).collect()
}

fn of(question: Consent) -> Agreed {
    Agreed {
        frame: ada(Section::Console),
        back: "/console/grants/gra01".into(),
        agreed_on: "22 November 2026".into(),
        asking: question.asking,
        description: question.description,
        website: question.website,
        partner: question.partner,
        contact: question.contact,
        version: question.version,
        summary: question.summary,
        details: question.details,
        will: question.will,
        will_not: question.will_not,
        period: question.period,
        parts: question.parts.into_iter().map(|part| format!("{}: {}", part.name, part.from)).collect(),
        shared: texts(["Spotify (adal1991quay)", "Files you uploaded"]),
        future_accounts: true,
        duration: question.duration.text,
        retention: question.retention,
        sharing: question.sharing,
        right_to_be_forgotten: question.right_to_be_forgotten,
        lawful_basis: question.lawful_basis,
        jurisdiction: question.jurisdiction,
        policy: question.policy,
        terms: question.terms,
        text_hash: question.text_hash,
    }
}
