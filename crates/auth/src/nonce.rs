//! A nonce is good once (`keys.md` §3). Requests that change something spend theirs in the same transaction.

use chrono::TimeDelta;

/// How long a spent nonce is remembered; longer than a request's timestamp is accepted.
pub(crate) const MEMORY: TimeDelta = TimeDelta::minutes(15);
