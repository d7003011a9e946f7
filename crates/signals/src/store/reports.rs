//! Taking in what apps report.

use chrono::{DateTime, Utc};
use consent_core::Ambient;
use consent_crypto::digest::{hex, sha256};
use consent_store::{StoreError, Tx};
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::{locked, save};
use crate::{
    Incoming, Obligation, Proof, ReceivedReport, Report, Said, Signal, SignalsError, Standing,
    report::ReportClaims, row,
};

/// Verifies a report and keeps it whole, whatever it says; it moves what the app owes on if it goes forward. The same
/// report again gets the same answer.
///
/// What it says is the app's claim, nothing more. The caller issues the receipt about it.
pub async fn receive_report(
    tx: &Tx,
    incoming: Incoming<'_>,
    ambient: &Ambient,
) -> Result<ReceivedReport, SignalsError> {
    let now = ambient.now();
    let proof = incoming.verify(now)?;
    let claims = &proof.claims;
    let mut signal = locked(tx, &claims.set_jti).await?;
    if signal.app != *incoming.app {
        // What others were sent is not this app's to know.
        return Err(SignalsError::NotFound(signal.id));
    }
    let sha256 = hex(&sha256(incoming.jws.as_bytes()));
    if let Some(earlier) = earlier(tx, claims).await? {
        let same = earlier.jws_sha256 == sha256 && earlier.signal == signal.id;
        let jti = claims.jti.clone();
        return match received(&signal, &earlier, proof, true) {
            Some(received) if same => Ok(received),
            _ => Err(SignalsError::ReportReused(jti)),
        };
    }
    claims.check_against(&signal, now)?;
    let (standing, obligation) = apply(&mut signal, claims, now)?;
    save(tx, &signal).await?;
    let report = Report {
        jti: claims.jti.clone(),
        signal: signal.id.clone(),
        said: claims.state,
        standing,
        obligation,
        jws: incoming.jws.to_owned(),
        jws_sha256: sha256,
        received_at: now,
    };
    insert(tx, &signal, &report).await?;
    received(&signal, &report, proof, false).ok_or_else(|| nothing_owed(&signal))
}

fn apply(
    signal: &mut Signal,
    claims: &ReportClaims,
    now: DateTime<Utc>,
) -> Result<(Standing, Obligation), SignalsError> {
    let Some(duty) = &mut signal.duty else { return Err(nothing_owed(signal)) };
    let standing = duty.report(claims.state, claims.expected_completion, now);
    let counts = matches!(standing, Standing::Applied | Standing::Amendment);
    if counts && claims.state == Said::Extended {
        // There is a new deadline: whoever misses that one is told of again.
        (signal.told.complete, signal.told.backstop) = (None, None);
    }
    Ok((standing, duty.state))
}

fn nothing_owed(signal: &Signal) -> SignalsError {
    SignalsError::Refused { verb: "report on", from: signal.kind.name() }
}

async fn earlier(tx: &Tx, claims: &ReportClaims) -> Result<Option<Report>, SignalsError> {
    let key = (claims.iss.clone(), claims.jti.clone());
    let row = row::report::Entity::find_by_id(key).one(tx).await?;
    Ok(row.map(Report::try_from).transpose()?)
}

async fn insert(tx: &Tx, signal: &Signal, report: &Report) -> Result<(), SignalsError> {
    let model = row::report::ActiveModel {
        app_id: Set(signal.app.clone()),
        jti: Set(report.jti.clone()),
        set_jti: Set(report.signal.clone()),
        said: Set(report.said.name().to_owned()),
        standing: Set(report.standing.name().to_owned()),
        obligation: Set(report.obligation.name().to_owned()),
        jws: Set(report.jws.clone()),
        jws_sha256: Set(report.jws_sha256.clone()),
        received_at: Set(report.received_at),
    };
    row::report::Entity::insert(model).exec_without_returning(tx).await?;
    Ok(())
}

fn received(signal: &Signal, report: &Report, proof: Proof, repeated: bool) -> Option<ReceivedReport> {
    Some(ReceivedReport {
        jti: report.jti.clone(),
        signal: signal.id.clone(),
        kind: signal.kind,
        app: signal.app.clone(),
        grant: signal.grant.clone()?,
        contract: signal.contract.clone(),
        person: signal.person.clone(),
        said: report.said,
        standing: report.standing,
        obligation: report.obligation,
        jws_sha256: report.jws_sha256.clone(),
        received_at: report.received_at,
        repeated,
        proof,
    })
}

impl TryFrom<row::report::Model> for Report {
    type Error = StoreError;

    fn try_from(row: row::report::Model) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("signal_report", &row.jti);
        Ok(Self {
            said: Said::parse(&row.said).ok_or_else(corrupt)?,
            standing: Standing::parse(&row.standing).ok_or_else(corrupt)?,
            obligation: Obligation::parse(&row.obligation).ok_or_else(corrupt)?,
            jti: row.jti,
            signal: row.set_jti,
            jws: row.jws,
            jws_sha256: row.jws_sha256,
            received_at: row.received_at,
        })
    }
}
