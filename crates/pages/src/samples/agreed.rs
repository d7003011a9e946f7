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
        contract: question.contract,
        parts: question.parts.into_iter().map(|part| format!("{}: {}", part.name, part.from)).collect(),
        shared: texts(["Spotify (adal1991quay)", "Files you uploaded"]),
        future_accounts: true,
        duration: question.duration.text,
    }
}
