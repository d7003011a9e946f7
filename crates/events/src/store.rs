//! Where chains and what belongs to them are kept.

mod access;
mod append;
mod checkpoint;
mod consent;
mod erase;
mod export;
mod heads;
mod list;
mod payload;
mod request;
mod search;
mod statistics;
mod streams;
mod verify;

pub(crate) use self::{access::write as write_accesses, payload::state_of};
pub use self::{
    access::{count_accesses, last_accesses, list_accesses, list_accesses_of_app, list_accesses_of_grant},
    append::{Appended, NewEvent, append, append_all, append_one},
    checkpoint::{checkpoint_due, latest_checkpoint, list_checkpoints},
    consent::record,
    erase::{erase_payload, erase_payloads_of_person, erase_subject},
    export::Export,
    list::{head, list, list_of_grant, newest_of_grant},
    payload::read_payload,
    request::{Repeatable, claim_request, note_request, sweep_requests},
    search::{
        Filter, find, find_by_token, find_listed, list_consents_of_person, list_current, persons_of, search,
    },
    statistics::statistics,
    verify::verify_stored,
};

#[cfg(test)]
mod tests;
