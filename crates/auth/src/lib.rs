#![doc = include_str!("../README.md")]

mod app_token;
mod code;
mod error;
mod family;
mod handle;
mod nonce;
mod request;
mod row;
mod store;
mod token;

pub use app_token::{APP_TOKEN_FOR, AppTokenOwner, AppTokens};
pub use code::{ClaimedCode, NewCode};
pub use error::AuthError;
pub use family::FamilyHint;
pub use handle::HandleKind;
pub use request::{AuthorizationRequest, Decision, IDLE as REQUEST_IDLE, NewRequest, RequestKind};
pub use store::{
    claim_code, close_codes_of, close_families_of, decide, family_of, find_answered, find_app_token,
    find_handle, find_request, grant_of_code, grant_of_refresh, has_unused_code, id_of_code,
    issue_app_tokens, issue_code, issue_pair, joined_pair, keep_storage, make_handle, migrations, note_use,
    open_request, pair_columns, refresh, refresh_app_tokens, retired_pairs, revoke_family, spend_nonce,
    start_family, sweep_app_tokens, sweep_nonces, withdraw_codes,
};
pub use token::{IssuedPair, Lifetimes, Pair, Refreshed};
