//! What happens by itself: grants expire, replaced tokens, spent nonces and old sessions are forgotten, the blobs of deleted
//! files are deleted, apps are told what changed, it is noted who does not answer, and ends of chains are signed.

use std::{future, time::Duration};

use tokio::{task::JoinHandle, time};

use crate::{
    flows::{self, FlowError},
    platform::Platform,
};

/// Expiry counts at once wherever it is asked for; the sweep only makes it visible, within this time.
const EVERY: Duration = Duration::from_secs(30);

/// Starts to sweep and to send signals, until the process ends.
#[must_use]
pub fn start(platform: Platform) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::join!(sweeps(&platform), platform.dispatcher.run(future::pending()));
    })
}

async fn sweeps(platform: &Platform) {
    let mut ticks = time::interval(EVERY);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = sweep(platform).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "a sweep failed; it is tried again");
        }
    }
}

/// One sweep.
pub async fn sweep(platform: &Platform) -> Result<(), FlowError> {
    while flows::expire_due(platform).await? > 0 {}
    flows::sweep(platform).await?;
    flows::delete_doomed(platform).await?;
    flows::escalate(platform).await?;
    flows::verify_endpoints(platform).await?;
    flows::sign_heads(platform).await?;
    flows::forget_journal(platform).await
}
