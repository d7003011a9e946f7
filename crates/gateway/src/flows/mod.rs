//! Where domains meet: each function here is one decision, one transaction, read top to bottom.

mod act;
mod activity;
mod app_tokens;
mod arrivals;
mod authorize;
mod chains;
mod change;
mod chase;
mod confirm;
mod connect;
mod consent;
mod consent_log;
mod endpoints;
mod error;
mod files;
mod grant;
mod import;
mod in_default;
mod mine;
mod narrow;
mod notices;
mod offers;
mod on_behalf;
mod overview;
mod people;
mod publish;
mod read;
mod record;
mod renew;
mod report;
mod revoke_everything;
mod sandbox;
mod settle;
mod shelves;
mod standing;
mod survey;
mod sync;
mod tokens;

pub use act::{Acted, Deed, act};
pub use activity::{Accesses, accesses, count_accesses, export_chain, last_accesses};
pub use app_tokens::{AppGrant, app_of_bearer, app_tokens};
pub use arrivals::{forget_signals, note_arrivals};
pub use authorize::{
    Asked, AuthorizeRequest, Caller, ReferenceRequest, Waiting, authorize, find_request, keep_storage, name,
    reauthorize, reference,
};
pub use chains::sign_heads;
pub use change::{ChangeAnswer, ContractChange, accept_change, contract_change, decline_change};
pub use chase::escalate;
pub use confirm::confirm;
pub use connect::{SampleChoice, connect_sample, onboard};
pub use consent::{Answer, Opened, Question, approve, decline, open_again, question};
pub use consent_log::{ConsentSearch, Found, Posted, record_consents, search_consents};
pub use endpoints::{ping_endpoint, rotate_signal_secret, set_endpoint, verify_endpoints};
pub use error::FlowError;
pub use files::{Download, open_file, watch};
pub use grant::{By, erase, expire_due, forget_journal, keep_after_all, resume, revoke, shorten, stop};
pub use import::{Imported, import};
pub use in_default::refuse_in_default;
pub use mine::{MyFile, MyOpened, delete_doomed, delete_file, my_file, my_files, my_files_named};
pub use narrow::narrow_grants;
pub use notices::send_notices;
pub use offers::{Offer, OfferFilter, offers};
pub use on_behalf::{GivenReason, Reason, ask_to_resume, given_reason};
pub use overview::{
    Overview, Parties, Search, Standing as GrantStanding, Summary, overviews, search, summary,
};
pub use people::{
    NewPassword, SignedIn, SignedUp, change_password, end_sign_in, new_recovery_code, open_library, recover,
    sign_in, sign_out, sign_up,
};
pub use publish::{Published, draft, publish, revise};
pub use read::{Access, Triggered, accounts, file_list, trigger};
pub use renew::{account_named, renew_account};
pub use report::{Taken, take_report};
pub use revoke_everything::{end_everything, revoke_everything};
pub use sandbox::{auto_authorize, auto_onboard};
pub use settle::{close_case, dispute, signal_of_grant};
pub use shelves::named_accounts;
pub use standing::{Claimed, Standing, Wants, look_up};
pub use survey::{Holder, Peeked, Survey, SurveyPart, survey};
pub use sync::{read_now, shared_accounts};
pub use tokens::{Tokens, exchange, refresh, sweep};
