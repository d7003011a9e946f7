//! An app answers for a signal: what it says is kept whole, moves what it owes, and ends in a proof for the person.

use consent_contracts::App;
use consent_core::Actor;
use consent_crypto::{RsaPublicKey, SigningPurpose, jws};
use consent_events::Act;
use consent_grants::{Grant, Stage};
use consent_receipts::{Answer, Change, Exception, Outcome, Removed};
use consent_signals::{
    Incoming, Kind, Proof, ReceivedReport, Said, Signal, SignalId, SignalsError, Standing,
};
use consent_store::Tx;
use serde_json::json;

use super::{
    By, FlowError,
    record::{Happened, hash_bytes, record},
};
use crate::platform::Platform;

/// `typ` of what the platform signs about a report.
const RECEIPT_OF_REPORT: &str = "signal-report-receipt+jwt";

/// A report that was taken in.
#[derive(Debug)]
pub struct Taken {
    /// What it changed.
    pub report: ReceivedReport,
    /// The platform's word that it came, and what it led to: a compact JWS (RS256). The same for the same report.
    pub receipt: String,
}

/// Takes in what an app says about a signal that it was sent: the report, the event about it, and where it ends an
/// erasure the receipt that proves it, together or not at all.
pub async fn take_report(
    platform: &Platform,
    app: &App,
    about: &SignalId,
    text: &str,
) -> Result<Taken, FlowError> {
    let signal = consent_signals::find(&platform.db, &app.id, about).await?;
    let keys = keys_of(platform, &signal).await?;
    let keys: Vec<_> = keys.iter().collect();
    let tx = platform.db.begin_write().await?;
    if let Some(grant) = &signal.grant {
        consent_grants::hold(&tx, grant).await?;
    }
    let incoming = Incoming { app: &app.id, keys: &keys, audience: &platform.public_url, jws: text };
    let report = match consent_signals::receive_report(&tx, incoming, &platform.ambient).await {
        // Nobody learns here which signals others were sent.
        Err(SignalsError::NotFound(_)) => return Err(another_signal()),
        Ok(report) if report.signal != *about => return Err(another_signal()),
        taken => taken?,
    };
    if !report.repeated {
        note(platform, &tx, &signal, &report, text, &keys).await?;
    }
    tx.commit().await?;
    let receipt = receipt_of(platform, &report)?;
    Ok(Taken { report, receipt })
}

fn another_signal() -> FlowError {
    let reason = "is not the signal that this address is for".to_owned();
    SignalsError::Invalid { field: "set_jti".to_owned(), reason }.into()
}

/// The keys that may sign for the contract of a signal now.
async fn keys_of(platform: &Platform, signal: &Signal) -> Result<Vec<RsaPublicKey>, FlowError> {
    let Some(contract) = &signal.contract else { return Ok(Vec::new()) };
    let keys = consent_contracts::list_keys(&platform.db, &signal.app, contract).await?;
    let now = platform.ambient.now();
    Ok(keys.into_iter().filter(|key| key.may_sign_at(now)).map(|key| key.public).collect())
}

/// Writes into the person's chain what was reported, and what that means for the grant.
async fn note(
    platform: &Platform,
    tx: &Tx,
    signal: &Signal,
    report: &ReceivedReport,
    text: &str,
    keys: &[&RsaPublicKey],
) -> Result<(), FlowError> {
    let actor = Actor::App(report.app.clone());
    let grant = consent_grants::find_by_id(tx, &report.grant).await?;
    let reported = Act::Reported {
        grant: report.grant.clone(),
        signal: report.signal.to_string(),
        report: report.jti.clone(),
        report_hash: hash_bytes(&report.jws_sha256)?,
        state: report.said.name().to_owned(),
    };
    let happened = Happened::new(reported, By::from(&actor));
    let outcome = outcome_of(report).filter(|_| matches!(grant.stage, Stage::Erasing { .. }));
    let Some(outcome) = outcome else {
        return record(platform, tx, &grant, happened).await;
    };
    let answer = Change::ErasureAnswered(Box::new(answer(signal, report, outcome, text, keys)));
    if outcome == Outcome::Refused {
        // She may ask again, and contest the refusal; what she ended stays ended.
        let grant = consent_grants::keep_after_all(tx, &grant.id, &platform.ambient).await?;
        return record(platform, tx, &grant, happened.receipt(answer)).await;
    }
    record(platform, tx, &grant, happened).await?;
    let grant: Grant = consent_grants::note_erased(tx, &grant.id, &platform.ambient).await?;
    let erased = Happened::new(Act::erased(&grant.id, &grant.contract), By::from(&actor));
    record(platform, tx, &grant, erased.receipt(answer)).await
}

/// What a report says about an erasure, if it is the last word.
fn outcome_of(report: &ReceivedReport) -> Option<Outcome> {
    if report.kind != Kind::ErasureRequested || report.standing != Standing::Applied {
        return None;
    }
    match report.said {
        Said::Completed => Some(Outcome::Completed),
        Said::Partial => Some(Outcome::Partial),
        Said::Refused => Some(Outcome::Refused),
        Said::Accepted | Said::InProgress | Said::Extended => None,
    }
}

/// What the receipt says: the report whole, with the key that it was verified with.
fn answer(
    signal: &Signal,
    report: &ReceivedReport,
    outcome: Outcome,
    text: &str,
    keys: &[&RsaPublicKey],
) -> Answer {
    let Proof { algorithm, key, claims } = report.proof.clone();
    let evidence = claims.evidence.unwrap_or_default();
    let refused =
        claims.ground.map(|ground| Exception { category: "everything".to_owned(), ground, until: None });
    let kept = evidence.exceptions.into_iter().map(|kept| Exception {
        category: kept.category,
        ground: kept.ground,
        until: Some(kept.retained_until.to_string()),
    });
    let removed = evidence.categories.into_iter().map(|removed| Removed {
        category: removed.category,
        count: removed.removed,
        method: removed.method.name().to_owned(),
    });
    Answer {
        asked_at: signal.action_at,
        answered_at: report.received_at,
        outcome,
        removed: removed.collect(),
        exceptions: kept.chain(refused).collect(),
        report: text.to_owned(),
        algorithm,
        key: keys[key].clone(),
        signal: signal.jws.clone(),
    }
}

fn receipt_of(platform: &Platform, report: &ReceivedReport) -> Result<String, FlowError> {
    let signing = platform.keys.signing(SigningPurpose::Receipts);
    let header = json!({ "typ": RECEIPT_OF_REPORT, "kid": signing.kid });
    let claims = json!({
        "iss": platform.public_url,
        "aud": report.app,
        "iat": report.received_at.timestamp(),
        "report_jti": report.jti,
        "report_sha256": report.jws_sha256,
        "set_jti": report.signal,
        "consent_id": report.grant,
        "state": report.said.name(),
        "standing": report.standing.name(),
        "obligation": report.obligation.name(),
    });
    let header = header.as_object().cloned().unwrap_or_default();
    let algorithm = SigningPurpose::Receipts.algorithm();
    let signed = jws::sign_with(algorithm, &signing.key, &header, &claims);
    signed.map_err(|error| SignalsError::Sign(error).into())
}
