//! What apps were told and whether they obeyed, in words. What an app reports is its claim, and is said as one.

use chrono::{DateTime, Utc};
use consent_pages::{MessageRow, Mood, ReportRow, Told};
use consent_signals::{
    Delivery, Duty, Exception, Kind, Obligation, Removed, Report, ReportClaims, Said, Signal, Standing,
};

use crate::http::pages::words;

/// What an app was told and how far it is with it, in a line.
pub(super) fn told(signal: &Signal, now: DateTime<Utc>) -> Told {
    let (mood, answer) = answer(signal, now);
    let since = words::date(signal.action_at);
    let what = command(signal.kind);
    let said = if has_arrived(&signal.delivery) || has_answered(signal) {
        format!("Told on {since} {what}")
    } else {
        format!("Waits since {since} to be told {what}")
    };
    Told { mood, said, answer }
}

/// The same with deadlines, reports, and where the proof is.
pub(super) fn message(signal: &Signal, reports: &[Report], path: &str, now: DateTime<Utc>) -> MessageRow {
    let reports = reports.iter().filter(|report| report.signal == signal.id);
    MessageRow {
        told: told(signal, now),
        facts: facts(signal),
        reports: reports.map(reported).collect(),
        proof: format!("{path}/messages/{}/proof", signal.id),
    }
}

fn command(kind: Kind) -> &'static str {
    match kind {
        Kind::SharingStopped => "to stop",
        Kind::SharingResumed => "that it may read again",
        Kind::ConsentRevoked => "that you ended it",
        Kind::ConsentExpired => "that its time is over",
        Kind::ErasureRequested => "to delete what it holds",
        Kind::ErasureCancelled => "that it need not delete what it holds",
        Kind::ScopeNarrowed => "to delete what it may not have any more",
        Kind::Verification => "where it takes messages",
    }
}

fn has_arrived(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Delivered | Delivery::Fetched)
}

fn has_answered(signal: &Signal) -> bool {
    let silent = [Obligation::Open, Obligation::Overdue, Obligation::Superseded];
    signal.duty.is_some_and(|duty| !silent.contains(&duty.state))
}

fn answer(signal: &Signal, now: DateTime<Utc>) -> (Mood, String) {
    match (&signal.duty, &signal.delivery) {
        (Some(Duty { state: Obligation::Superseded, .. }), _) | (_, Delivery::Cancelled) => {
            (Mood::Plain, "A later message took its place.".to_owned())
        }
        (Some(duty), delivery) if duty.state == Obligation::Open && !has_arrived(delivery) => {
            let until = words::date_and_time(duty.ack_by);
            let (mood, why) = undelivered(delivery);
            (mood, format!("{why} It has until {until} to confirm."))
        }
        (Some(duty), delivery) if duty.state == Obligation::Overdue && !has_arrived(delivery) => {
            let (mood, late) = owed(duty, now);
            (mood, format!("{late} {}", undelivered(delivery).1))
        }
        (Some(duty), _) => owed(duty, now),
        (None, delivery) if has_arrived(delivery) => (Mood::Plain, "It has the message.".to_owned()),
        (None, delivery) => {
            let (mood, why) = undelivered(delivery);
            (if mood == Mood::Waiting { Mood::Plain } else { mood }, why.to_owned())
        }
    }
}

fn owed(duty: &Duty, now: DateTime<Utc>) -> (Mood, String) {
    let (confirm, done) = (words::date_and_time(duty.ack_by), words::date_and_time(duty.done_by()));
    match duty.state {
        Obligation::Open => (Mood::Waiting, format!("It has until {confirm} to confirm.")),
        Obligation::Accepted => {
            (Mood::Waiting, format!("It says that it understood, and has until {done} to be done."))
        }
        Obligation::InProgress => {
            (Mood::Waiting, format!("It says that it has begun, and has until {done} to be done."))
        }
        Obligation::Completed => (Mood::Good, "It says that it is done.".to_owned()),
        Obligation::Partial => (Mood::Good, "It says that it is done, except for what it lists.".to_owned()),
        Obligation::Refused => (Mood::Bad, "It refuses, and says on which ground.".to_owned()),
        Obligation::Extended => (Mood::Waiting, format!("It asked for more time, until {done}.")),
        Obligation::Overdue if now < duty.done_by() => {
            (Mood::Bad, format!("Late: it had until {confirm} to confirm."))
        }
        Obligation::Overdue => (Mood::Bad, format!("Late: it had until {done} to be done.")),
        Obligation::Superseded => (Mood::Plain, "A later message took its place.".to_owned()),
        Obligation::Closed => (Mood::Good, "This is settled.".to_owned()),
        Obligation::Disputed => (Mood::Bad, "What it answered is contested.".to_owned()),
    }
}

/// Why a message has not arrived.
fn undelivered(delivery: &Delivery) -> (Mood, &'static str) {
    match delivery {
        Delivery::Queued { due_at: None } => {
            (Mood::Waiting, "The app has named no address for messages, and has not come for this one yet.")
        }
        Delivery::Queued { .. } | Delivery::Delivering { .. } => {
            (Mood::Waiting, "The message is on its way.")
        }
        Delivery::Waiting { .. } => (Mood::Waiting, "It was not reached yet; it is tried again."),
        Delivery::Rejected { .. } => (Mood::Bad, "It did not take the message; it is tried again."),
        Delivery::Gone { .. } | Delivery::Dead { .. } => (Mood::Bad, "It cannot be reached."),
        Delivery::Delivered | Delivery::Fetched | Delivery::Cancelled => (Mood::Plain, ""),
    }
}

fn facts(signal: &Signal) -> Vec<(String, String)> {
    let mut facts = vec![("Message", arrival(signal))];
    if let Some(duty) = signal.duty.filter(|duty| duty.state != Obligation::Superseded) {
        facts.push(("To be confirmed by", words::date_and_time(duty.ack_by)));
        facts.push(("To be done by", words::date_and_time(duty.done_by())));
        if let Some(end) = duty.law_ends_at() {
            facts.push(("Time the law gives", format!("Until {}", words::date(end))));
        }
        if let Some(at) = duty.expected_at.filter(|_| duty.state.is_owed()) {
            facts.push(("Done by, as it says", words::date_and_time(at)));
        }
    }
    facts.into_iter().map(|(word, value)| (word.to_owned(), value)).collect()
}

fn arrival(signal: &Signal) -> String {
    let at = words::date_and_time(signal.delivery_since);
    match &signal.delivery {
        Delivery::Delivered => format!("Received by the app on {at}"),
        Delivery::Fetched => format!("Fetched by the app on {at}"),
        Delivery::Cancelled => "Not sent, as a later one took its place".to_owned(),
        _ if signal.attempts == 0 => "Not sent yet".to_owned(),
        _ => format!("Not received after {}", words::count(signal.attempts.unsigned_abs().into(), "attempt")),
    }
}

fn reported(report: &Report) -> ReportRow {
    let said = match report.said {
        Said::Accepted => "It says that it understood",
        Said::InProgress => "It says that it has begun",
        Said::Completed => "It says that it is done",
        Said::Partial => "It says that it is done, except for what it lists",
        Said::Refused => "It says that it will not do it",
        Said::Extended => "It says that it needs more time",
    };
    let row = ReportRow {
        said: format!("{said}, on {}", words::date_and_time(report.received_at)),
        aside: aside(report.standing).map(str::to_owned),
        ..ReportRow::default()
    };
    // It was read when it was taken in.
    report.claims().map(|claims| claimed(claims, row.clone())).unwrap_or(row)
}

fn aside(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Applied => None,
        Standing::Amendment => Some("This adds to what it said before."),
        Standing::Backward => Some("This goes behind what it said before, and changes nothing."),
        Standing::TooLate => Some("This came when the time was over, and changes nothing."),
    }
}

fn claimed(claims: ReportClaims, row: ReportRow) -> ReportRow {
    let evidence = claims.evidence.unwrap_or_default();
    let facts = [
        ("Why", claims.reason),
        ("Ground", claims.ground),
        ("To be done by", claims.expected_completion.map(words::date_and_time)),
        ("Done", claims.completed_at.map(words::date_and_time)),
        ("Last backup gone by", evidence.backups_gone_by.map(words::day)),
        ("Hash of its own log", evidence.log_sha256),
    ];
    let facts = facts.into_iter().filter_map(|(word, value)| Some((word.to_owned(), value?)));
    let told = |to: consent_signals::Recipient| format!("{}, on {}", to.name, words::date(to.told_at));
    ReportRow {
        facts: facts.collect(),
        removed: evidence.categories.iter().map(removed).collect(),
        passed_on: evidence.recipients.into_iter().map(told).collect(),
        kept: evidence.exceptions.iter().map(kept).collect(),
        ..row
    }
}

fn removed(removed: &Removed) -> String {
    let how = removed.method.name().replace('_', " ");
    let (what, systems) = (words::count(removed.removed, "record"), words::listed(&removed.systems));
    format!("{}: {what} {how}, in {systems}, on {}", removed.category, words::date(removed.at))
}

fn kept(kept: &Exception) -> String {
    let until = words::day(kept.retained_until);
    format!("{}: {}, until {until}", kept.category, kept.ground)
}
