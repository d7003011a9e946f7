#![doc = include_str!("../README.md")]

mod deadline;
mod delivery;
mod dispatcher;
mod endpoint;
pub mod envelope;
mod error;
mod escalation;
mod id;
mod obligation;
mod poll;
mod report;
mod row;
pub mod set;
mod signal;
mod store;
#[cfg(test)]
mod testing;
pub mod transport;

pub use deadline::{Deadlines, Terms, calendar_months};
pub use delivery::{Delivery, Lease, Outcome, Plan, Schedule, Tries};
pub use dispatcher::{Dispatcher, Equipment, Limits, Wake};
pub use endpoint::{Endpoint, EndpointState, Method, NewEndpoint, Target, VERIFIED_FOR};
pub use envelope::WebhookSecret;
pub use error::SignalsError;
pub use escalation::{Escalation, Moment};
pub use id::{NotASignalId, SignalId};
pub use obligation::{Duty, Obligation, Said, Standing};
pub use poll::{PollAnswer, PollRequest, SetErr};
pub use report::{
    ErasureMethod, Evidence, Exception, Incoming, Proof, ReceivedReport, Recipient, Removed, Report,
    ReportClaims, TYPE as REPORT_TYPE,
};
pub use signal::{Enqueued, InitiatingEntity, Issuer, Kind, NewSignal, Signal};
pub use store::{
    Arrived, Attempt, Owing, SetEndpoint, arrived, attempts, close, dead_letters, dispute,
    due_for_verification, endpoint_for, enqueue, enqueue_verification, escalate, find, find_by_id,
    find_endpoint, forget, is_in_default, list_endpoints, list_of_app, list_of_grant, list_of_person,
    migrations, newest_of_grant, note_arrived, overdue, owing_of_person, poll, receive_report,
    remove_endpoint, replay, reports, reports_on, rotate_secret, set_endpoint, standing_of_grants,
    to_escalate,
};
pub use transport::{Attempted, Policy, Transport};
