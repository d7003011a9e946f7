#![doc = include_str!("../README.md")]

mod code;
mod error;
mod family;
mod handle;
mod nonce;
mod request;
mod row;
mod store;
mod token;

pub use code::{ClaimedCode, NewCode};
pub use error::AuthError;
pub use family::FamilyHint;
pub use handle::HandleKind;
pub use request::{AuthorizationRequest, Decision, IDLE as REQUEST_IDLE, NewRequest, RequestKind};
pub use store::{
    claim_code, close_codes_of, close_families_of, decide, family_of, find_answered, find_handle,
    find_request, grant_of_code, grant_of_refresh, has_unused_code, id_of_code, issue_code, issue_pair,
    joined_pair, keep_storage, make_handle, migrations, note_use, open_request, pair_columns, refresh,
    retired_pairs, revoke_family, spend_nonce, start_family, sweep_nonces, withdraw_codes,
};
pub use token::{IssuedPair, Lifetimes, Pair, Refreshed};
