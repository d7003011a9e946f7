//! Checks that a chain is whole.

use consent_core::PersonId;

use crate::{Event, EventId};

/// The end of a chain. Whoever keeps one can tell later whether the chain still holds what it held then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose chain it is.
    pub person: PersonId,
    /// How many events the chain has.
    pub seq: i64,
    /// The last of them.
    pub id: EventId,
}

/// A chain that is not what was appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the chain is broken at event {seq}: {what}")]
pub struct Broken {
    /// The place of the first event that is not right.
    pub seq: i64,
    /// What is wrong there.
    pub what: Flaw,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The event's id is not the hash of what it says.
    #[error("it was edited")]
    Edited,
    /// The event is not there, though later ones are.
    #[error("it is missing")]
    Missing,
    /// The event comes later, or a second time.
    #[error("events are out of order")]
    Reordered,
    /// The event does not continue the one before it.
    #[error("it does not follow the event before it")]
    Unlinked,
    /// The event belongs to another person's chain.
    #[error("it belongs to another chain")]
    Foreign,
    /// The event is not later than the one before it.
    #[error("it is not later than the event before it")]
    Untimely,
    /// The chain ends before the head that was kept.
    #[error("the chain was cut off here, before the head that was kept")]
    Truncated,
    /// The chain is sound and not the one whose head was kept.
    #[error("it is not the event that the kept head names")]
    Rewritten,
}

/// Checks a whole chain from its first event, and gives its head; a chain without events has none.
///
/// Soundness alone does not show that events are missing at the end, or that somebody made the whole chain anew: that
/// takes a head kept elsewhere and [`verify_chain_against`].
pub fn verify_chain<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Option<Head>, Broken> {
    walk(events, None)
}

/// Checks a whole chain like [`verify_chain`], and that it still begins with the chain whose head was kept.
pub fn verify_chain_against<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    kept: &Head,
) -> Result<Head, Broken> {
    let head = walk(events, Some(kept))?;
    let cut_after = head.as_ref().map_or(0, |head| head.seq);
    head.filter(|head| head.seq >= kept.seq).ok_or(Broken { seq: cut_after + 1, what: Flaw::Truncated })
}

fn walk<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    kept: Option<&Head>,
) -> Result<Option<Head>, Broken> {
    let mut events = events.into_iter();
    let mut last: Option<&Event> = None;
    while let Some(event) = events.next() {
        let seq = last.map_or(1, |last| last.seq + 1);
        let what = match flaw_of(event, last) {
            // A later event stands where this one should: it was moved, unless it is gone.
            Some(Flaw::Missing) if events.any(|later| later.seq == seq) => Some(Flaw::Reordered),
            None => kept.and_then(|kept| flaw_against(event, kept)),
            flaw => flaw,
        };
        if let Some(what) = what {
            return Err(Broken { seq, what });
        }
        last = Some(event);
    }
    Ok(last.map(|last| Head { person: last.person.clone(), seq: last.seq, id: last.id.clone() }))
}

/// What is wrong with an event behind `last`.
fn flaw_of(event: &Event, last: Option<&Event>) -> Option<Flaw> {
    let seq = last.map_or(1, |last| last.seq + 1);
    if EventId::of(&event.body()) != event.id {
        Some(Flaw::Edited)
    } else if last.is_some_and(|last| last.person != event.person) {
        Some(Flaw::Foreign)
    } else if event.seq > seq {
        Some(Flaw::Missing)
    } else if event.seq < seq {
        Some(Flaw::Reordered)
    } else if event.previous.as_ref() != last.map(|last| &last.id) {
        Some(Flaw::Unlinked)
    } else if last.is_some_and(|last| last.created_at >= event.created_at) {
        Some(Flaw::Untimely)
    } else {
        None
    }
}

fn flaw_against(event: &Event, kept: &Head) -> Option<Flaw> {
    if event.person != kept.person {
        Some(Flaw::Foreign)
    } else if event.seq == kept.seq && event.id != kept.id {
        Some(Flaw::Rewritten)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use consent_core::{Actor, ContractId, GrantId, TypedId};
    use proptest::prelude::*;

    use super::*;
    use crate::Act;

    /// A chain whose events differ from those of a chain with another `story`.
    fn chain(len: i64, story: u128) -> Vec<Event> {
        let mut events: Vec<Event> = vec![];
        for seq in 1..=len {
            let act = Act::stopped(&GrantId::from_parts(0, story), &ContractId::from_parts(0, 1));
            let previous = events.last().map(|last| last.id.clone());
            events.push(link(seq, previous, act));
        }
        events
    }

    fn link(seq: i64, previous: Option<EventId>, act: Act) -> Event {
        let at = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(seq);
        Event::link(PersonId::from_parts(0, 1), seq, previous, (act, Actor::Clock), at)
    }

    /// The event with the id that what it says now gives.
    fn rehashed(event: Event) -> Event {
        Event { id: EventId::of(&event.body()), ..event }
    }

    fn flaw(events: &[Event]) -> Option<(i64, Flaw)> {
        verify_chain(events).err().map(|broken| (broken.seq, broken.what))
    }

    fn flaw_against(events: &[Event], kept: &Head) -> Option<(i64, Flaw)> {
        verify_chain_against(events, kept).err().map(|broken| (broken.seq, broken.what))
    }

    fn head_of(events: &[Event]) -> Head {
        verify_chain(events).unwrap().unwrap()
    }

    #[test]
    fn a_chain_without_events_is_sound_and_has_no_head() {
        assert_eq!(verify_chain(&[]), Ok(None));
        assert_eq!(flaw_against(&[], &head_of(&chain(2, 1))), Some((1, Flaw::Truncated)));
    }

    #[test]
    fn an_edited_event_is_named() {
        let mut events = chain(3, 1);
        events[1].act = Act::revoked(&GrantId::from_parts(0, 1), &ContractId::from_parts(0, 1));
        assert_eq!(flaw(&events), Some((2, Flaw::Edited)));
    }

    #[test]
    fn an_edited_event_with_a_fitting_id_no_longer_carries_the_next() {
        let mut events = chain(3, 1);
        events[1].actor = Actor::Operator;
        events[1] = rehashed(events[1].clone());
        assert_eq!(flaw(&events), Some((3, Flaw::Unlinked)));
    }

    #[test]
    fn a_missing_event_is_named() {
        let mut events = chain(3, 1);
        events.remove(1);
        assert_eq!(flaw(&events), Some((2, Flaw::Missing)));
        assert_eq!(flaw(&chain(3, 1)[1..]), Some((1, Flaw::Missing)));
    }

    #[test]
    fn events_out_of_order_and_repeated_ones_are_named() {
        let mut events = chain(4, 1);
        events.swap(1, 2);
        assert_eq!(flaw(&events), Some((2, Flaw::Reordered)));
        let mut events = chain(4, 1);
        events.insert(2, events[1].clone());
        assert_eq!(flaw(&events), Some((3, Flaw::Reordered)));
    }

    #[test]
    fn an_event_of_somebody_else_is_named() {
        let mut events = chain(2, 1);
        events[1].person = PersonId::from_parts(0, 2);
        events[1] = rehashed(events[1].clone());
        assert_eq!(flaw(&events), Some((2, Flaw::Foreign)));
        let kept = Head { person: PersonId::from_parts(0, 2), ..head_of(&chain(2, 1)) };
        assert_eq!(flaw_against(&chain(2, 1), &kept), Some((1, Flaw::Foreign)));
    }

    #[test]
    fn an_event_that_is_not_later_is_named() {
        let mut events = chain(2, 1);
        events[1].created_at = events[0].created_at;
        events[1] = rehashed(events[1].clone());
        assert_eq!(flaw(&events), Some((2, Flaw::Untimely)));
    }

    #[test]
    fn a_chain_that_was_cut_off_or_written_anew_does_not_fit_a_kept_head() {
        let events = chain(4, 1);
        let kept = head_of(&events[..3]);
        assert_eq!(verify_chain_against(&events, &kept).unwrap(), head_of(&events));
        assert_eq!(verify_chain_against(&events[..3], &kept).unwrap(), kept);
        assert_eq!(flaw_against(&events[..2], &kept), Some((3, Flaw::Truncated)));
        assert_eq!(flaw(&events[..2]), None);
        assert_eq!(flaw_against(&chain(4, 2), &kept), Some((3, Flaw::Rewritten)));
    }

    #[test]
    fn what_is_wrong_can_be_read_aloud() {
        let broken = Broken { seq: 7, what: Flaw::Edited };
        assert_eq!(broken.to_string(), "the chain is broken at event 7: it was edited");
    }

    proptest! {
        #[test]
        fn a_sound_chain_has_its_last_event_as_head(len in 1_i64..30) {
            let events = chain(len, 1);
            let head = head_of(&events);
            prop_assert_eq!((head.seq, &head.id), (len, &events.last().unwrap().id));
        }

        #[test]
        fn any_one_change_anywhere_is_found_at_its_place(len in 2_i64..30, at in 0_usize..30, how in 0..5) {
            let mut events = chain(len, 1);
            let at = at % events.len();
            let place = i64::try_from(at).unwrap() + 1;
            match how {
                0 => events[at].actor = Actor::Operator,
                1 => events[at].created_at += TimeDelta::milliseconds(1),
                2 => events[at].seq += 1,
                3 => events[at].previous = Some(EventId::of("")),
                _ => events[at].id = EventId::of(""),
            }
            prop_assert_eq!(flaw(&events), Some((place, Flaw::Edited)));
        }

        #[test]
        fn no_other_order_of_the_events_is_sound(order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let events = chain(8, 1);
            let shuffled: Vec<Event> = order.iter().map(|at| events[*at].clone()).collect();
            let first = order.iter().enumerate().find(|(place, at)| place != *at);
            let expected = first.map(|(place, _)| (i64::try_from(place).unwrap() + 1, Flaw::Reordered));
            prop_assert_eq!(flaw(&shuffled), expected);
        }

        #[test]
        fn any_events_taken_out_are_missed(keep in prop::collection::vec(any::<bool>(), 8)) {
            let events = chain(8, 1);
            let kept: Vec<Event> = events.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(e, _)| e.clone()).collect();
            let gone = keep.iter().position(|keep| !keep).map(|at| i64::try_from(at).unwrap() + 1);
            let more = gone.is_some_and(|gone| kept.iter().any(|event| event.seq > gone));
            prop_assert_eq!(flaw(&kept), gone.filter(|_| more).map(|gone| (gone, Flaw::Missing)));
            let cut = gone.map(|gone| (gone, if more { Flaw::Missing } else { Flaw::Truncated }));
            prop_assert_eq!(flaw_against(&kept, &head_of(&events)), cut);
        }
    }
}
