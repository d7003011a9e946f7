//! A long log of consent events, written straight into the database by the crate that keeps it.

use consent_core::{Actor, Ambient, AppId};
use consent_events::{Consent, NewConsentEvent, record};
use consent_store::Database;
use sea_orm::{ConnectionTrait as _, DbBackend};

use crate::{database::connect, error::Outcome};

/// Events of one subject: so many questions, each answered as often.
pub const EACH: usize = 100;
const QUESTIONS: usize = 10;
/// Events in one transaction.
const PART: usize = 10_000;

/// Who consents, by number.
pub fn subject(number: usize) -> String {
    format!("somebody-{number}@example.org")
}

/// What is agreed to, of two.
pub fn target(number: usize) -> String {
    format!("https://shop.example/policy/{}", number % 2)
}

/// Adds so many events to the log of an app, in a database that nobody else uses.
pub async fn fill(database: &str, app: &AppId, events: usize) -> Outcome<()> {
    let db = connect(database).await?;
    if db.get_database_backend() == DbBackend::Sqlite {
        // Only here: what is lost in a crash is made again.
        for pragma in ["foreign_keys = OFF", "synchronous = OFF", "cache_size = -2000000"] {
            db.execute_unprepared(&format!("PRAGMA {pragma}")).await?;
        }
    }
    for from in (0..events).step_by(PART) {
        add(&db, app, from..(from + PART).min(events)).await?;
        if (from / PART) % 100 == 99 {
            eprintln!("  {} of {events} events …", from + PART);
        }
    }
    // As the database's own maintenance would.
    let after = match db.get_database_backend() {
        DbBackend::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
        _ => "VACUUM (ANALYZE)",
    };
    db.execute_unprepared(after).await?;
    Ok(db.close().await?)
}

async fn add(db: &Database, app: &AppId, numbers: std::ops::Range<usize>) -> Outcome<()> {
    let tx = db.begin_write().await?;
    let events = numbers.map(event).collect();
    record(&tx, app, events, &Actor::App(app.clone()), &Ambient::system()).await?;
    Ok(tx.commit().await?)
}

fn event(number: usize) -> NewConsentEvent {
    let question = number % QUESTIONS;
    let consent = Consent::new(subject(number / EACH), target(question), Some(!number.is_multiple_of(3)));
    Consent { scope: format!("scope-{}", question / 2), ..consent }.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_subject_answers_every_question_as_often() {
        let of_first: Vec<_> = (0..EACH).map(|number| event(number).consent).collect();
        assert!(of_first.iter().all(|consent| consent.subject == subject(0)));
        let asked: BTreeSet<_> = of_first.iter().map(|consent| (&consent.target, &consent.scope)).collect();
        assert_eq!(asked.len(), QUESTIONS);
        assert_eq!(event(EACH).consent.subject, subject(1));
    }
}
