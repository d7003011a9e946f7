//! Whoever has to act because an app does not answer is written to.

mod words;

use consent_contracts::ContractsError;
use consent_notices::{Attempt, Audience, Claimed, Mail, Mailer, NewNotice};
use consent_signals::{Escalation, Moment};
use consent_store::Tx;
use futures_util::future::try_join_all;

use self::words::Words;
use super::FlowError;
use crate::platform::Platform;

/// So many are handed to the mail server beside each other.
const AT_ONCE: u64 = 8;

/// Writes to whom it concerns that a deadline went by or is near, in the transaction that notes it.
pub(super) async fn write_notices(
    platform: &Platform,
    tx: &Tx,
    escalation: &Escalation,
) -> Result<(), FlowError> {
    let app = match consent_contracts::find_app(tx, &escalation.app).await {
        Err(ContractsError::UnknownApp) => return Ok(()),
        found => found?,
    };
    let signal = consent_signals::find_by_id(tx, &escalation.signal).await?;
    let words = Words { platform, app: &app, signal: &signal, escalation };
    for audience in audiences(escalation.moment) {
        let new = NewNotice {
            audience: *audience,
            app: app.id.clone(),
            grant: escalation.grant.clone(),
            signal: escalation.signal.to_string(),
            moment: name(escalation.moment),
            subject: words.subject(),
            body: words.body(*audience),
        };
        let id = consent_notices::write(tx, new, &platform.ambient).await?;
        if platform.mailer.is_none() {
            let audience = audience.name();
            tracing::warn!(
                notice.id = %id, app.id = %app.id,
                "notice {id} to the {audience} is kept for the operator to read: mail.server is not set"
            );
        }
    }
    Ok(())
}

/// Who is told (protocol page of signals, §3.8).
fn audiences(moment: Moment) -> &'static [Audience] {
    match moment {
        Moment::DeliveryDead | Moment::AckMissed => &[Audience::App],
        Moment::CompleteMissed => &[Audience::App, Audience::Operator],
        Moment::BackstopNear => &[Audience::Operator],
    }
}

fn name(moment: Moment) -> &'static str {
    match moment {
        Moment::DeliveryDead => "delivery-dead",
        Moment::AckMissed => "ack-missed",
        Moment::CompleteMissed => "complete-missed",
        Moment::BackstopNear => "backstop-near",
    }
}

/// Hands everything that is due to the mail server, and notes what became of it. Without one it does nothing.
pub async fn send_notices(platform: &Platform) -> Result<(), FlowError> {
    let Some(mailer) = &platform.mailer else { return Ok(()) };
    while consent_notices::is_any_due(&platform.db, platform.ambient.now()).await? {
        let tx = platform.db.begin_write().await?;
        let claimed = consent_notices::claim(&tx, AT_ONCE, &platform.ambient).await?;
        tx.commit().await?;
        if claimed.is_empty() {
            return Ok(());
        }
        try_join_all(claimed.iter().map(|claimed| send(platform, mailer, claimed))).await?;
    }
    Ok(())
}

async fn send(platform: &Platform, mailer: &Mailer, claimed: &Claimed) -> Result<(), FlowError> {
    let notice = &claimed.notice;
    let (attempt, problem) = match address(platform, claimed).await? {
        Some(to) => {
            let (id, subject, body) = (notice.id.as_str(), notice.subject.as_str(), notice.body.as_str());
            mailer.send(Mail { id, to: &to, subject, body, at: notice.created_at }).await
        }
        None => (Attempt::Refused, Some("there is nobody to write to".to_owned())),
    };
    let tx = platform.db.begin_write().await?;
    consent_notices::conclude(&tx, claimed, attempt, problem.as_deref(), &platform.ambient).await?;
    tx.commit().await?;
    let (id, audience) = (&notice.id, notice.audience.name());
    match problem {
        None => tracing::info!(notice.id = %id, "sent notice {id} to the {audience}"),
        Some(problem) => {
            tracing::warn!(notice.id = %id, problem, "notice {id} to the {audience} was not sent");
        }
    }
    Ok(())
}

/// As it is now: whoever mended it wants what waits to go there.
async fn address(platform: &Platform, claimed: &Claimed) -> Result<Option<String>, FlowError> {
    if claimed.notice.audience == Audience::Operator {
        return Ok(Some(platform.config.mail.operator.clone()));
    }
    match consent_contracts::find_app(&platform.db, &claimed.notice.app).await {
        Err(ContractsError::UnknownApp) => Ok(None),
        found => Ok(Some(found?.contact)),
    }
}
