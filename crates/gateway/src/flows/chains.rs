//! The ends of chains are signed, for their persons to keep.

use super::FlowError;
use crate::platform::Platform;

/// So many heads are signed before they are kept in one transaction; about a tenth of a second of computing.
const AT_ONCE: u64 = 100;

/// Signs the heads of all chains that are due, as `[events]` says.
pub async fn sign_heads(platform: &Platform) -> Result<(), FlowError> {
    let (signer, interval) = (platform.checkpoint_signer(), platform.config.events.interval());
    let due = || consent_events::checkpoint_due(&platform.db, &signer, interval, AT_ONCE, &platform.ambient);
    while due().await? == AT_ONCE {}
    Ok(())
}
