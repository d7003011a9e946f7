#![doc = include_str!("../README.md")]

mod access;
mod act;
mod chain;
mod chain_id;
mod checkpoint;
mod consent;
mod error;
mod event;
mod ledger;
mod migrations;
mod payload;
mod row;
mod statistics;
mod store;
#[cfg(test)]
mod testing;
mod verify;

pub use access::{Access, AccessCount, NewAccess};
pub use act::{Act, Change};
pub use chain::{Broken, Flaw, Head, verify_chain, verify_chain_against};
pub use chain_id::{ChainId, NotAChain};
pub use checkpoint::{CHECKPOINT_TYPE, Checkpoint, CheckpointInterval, CheckpointSigner, SignedCheckpoint};
pub use consent::{Consent, ConsentEvent, ConsentType, DEFAULT_SCOPE, NewConsentEvent, NotAToken, Token};
pub use error::EventsError;
pub use event::{Event, EventId, NotAnEvent};
pub use ledger::Ledger;
pub use migrations::migrations;
pub use payload::{Commitment, NotACommitment, Payload, PayloadState};
pub use statistics::{Overall, ScopeStatistics, Statistics};
pub use store::{
    Appended, Export, Filter, NewEvent, Repeatable, append, append_all, append_one, checkpoint_due,
    claim_request, count_accesses, erase_payload, erase_payloads_of_person, erase_subject, find,
    find_by_token, find_listed, head, last_accesses, latest_checkpoint, list, list_accesses,
    list_accesses_of_app, list_accesses_of_grant, list_checkpoints, list_consents_of_person, list_current,
    list_of_grant, newest_of_grant, note_request, persons_of, read_payload, record, search, statistics,
    sweep_requests, verify_stored,
};
pub use verify::{ExportError, Summary, verify_export};
