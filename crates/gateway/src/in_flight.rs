//! Repeatable requests that this process is answering. It spares a repetition that overtakes its first the wait; what keeps
//! either from being done twice is in the database.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// The requests.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<HashSet<[u8; 32]>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Flight<'a> {
    all: &'a InFlight,
    name: [u8; 32],
}

impl InFlight {
    /// Begins a request; none while the same one is being answered.
    pub(crate) fn begin(&self, name: [u8; 32]) -> Option<Flight<'_>> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        begun.then_some(Flight { all: self, name })
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_in_flight_until_it_is_answered_or_given_up() {
        let all = InFlight::default();
        let flight = all.begin([1; 32]);
        assert!(flight.is_some() && all.begin([1; 32]).is_none());
        assert!(all.begin([2; 32]).is_some());
        drop(flight);
        assert!(all.begin([1; 32]).is_some());
    }
}
