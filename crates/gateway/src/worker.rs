//! What happens by itself: grants expire, replaced tokens, spent nonces and old sessions are forgotten, the blobs of deleted
//! files are deleted, grants give up what their contracts give up, apps are told what changed, it is noted what they got and
//! who does not answer, which somebody is written about, and ends of chains are signed.

use std::{future, time::Duration};

use tokio::{task::JoinHandle, time};

use crate::{
    flows::{self, FlowError},
    platform::Platform,
};

/// Expiry counts at once wherever it is asked for; the sweep only makes it visible, within this time.
const EVERY: Duration = Duration::from_secs(30);

/// How often it is looked whether a contract has given something up.
const NARROW_EVERY: Duration = Duration::from_secs(2);
/// So many grants of such a contract are gone through at once.
const NARROW_AT_ONCE: u64 = 100;

/// Starts to sweep and to send signals, until the process ends.
#[must_use]
pub fn start(platform: Platform) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (told, signals) = (notices(&platform), platform.dispatcher.run(future::pending()));
        tokio::join!(sweeps(&platform), narrowings(&platform), arrivals(&platform), told, signals);
    })
}

/// Notes what arrived as soon as it did; what other processes left behind is found by the sweeps.
async fn arrivals(platform: &Platform) {
    let arrivals = platform.dispatcher.arrivals();
    loop {
        arrivals.woken().await;
        if let Err(error) = flows::note_arrivals(platform).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "arrivals could not be noted; it is tried again");
        }
    }
}

/// Writes to whom it concerns, beside everything else: a mail server that hangs delays mails alone.
async fn notices(platform: &Platform) {
    loop {
        if let Err(error) = flows::send_notices(platform).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "notices could not be sent; it is tried again");
        }
        let _ = time::timeout(EVERY, platform.notices.woken()).await;
    }
}

async fn sweeps(platform: &Platform) {
    let mut ticks = time::interval(EVERY);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // On the heap, as all that a sweep does would make the worker large.
        for (task, done) in Box::pin(tasks(platform)).await {
            if let Err(error) = done {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "a sweep could not {task}; it is tried again");
            }
        }
    }
}

async fn narrowings(platform: &Platform) {
    let mut ticks = time::interval(NARROW_EVERY);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = narrow(platform).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "grants could not be narrowed; it is tried again");
        }
    }
}

/// Goes through all grants whose contracts have given something up.
pub async fn narrow(platform: &Platform) -> Result<(), FlowError> {
    while flows::narrow_grants(platform, NARROW_AT_ONCE).await? {}
    Ok(())
}

/// One sweep. What fails keeps nothing else from being done; of several failures the first is returned.
pub async fn sweep(platform: &Platform) -> Result<(), FlowError> {
    tasks(platform).await.into_iter().try_for_each(|(_, done)| done)
}

/// Does what a sweep does, one after the other, and says what became of each.
async fn tasks(platform: &Platform) -> [(&'static str, Result<(), FlowError>); 9] {
    [
        ("note what expired", expire(platform).await),
        ("forget what is spent", flows::sweep(platform).await),
        ("delete blobs", flows::delete_doomed(platform).await),
        ("note what arrived", flows::note_arrivals(platform).await),
        ("note who does not answer", flows::escalate(platform).await),
        ("forget old signals", flows::forget_signals(platform).await),
        ("ask endpoints", flows::verify_endpoints(platform).await),
        ("sign the ends of chains", flows::sign_heads(platform).await),
        ("shorten the journal", flows::forget_journal(platform).await),
    ]
}

async fn expire(platform: &Platform) -> Result<(), FlowError> {
    while flows::expire_due(platform).await? > 0 {}
    Ok(())
}
