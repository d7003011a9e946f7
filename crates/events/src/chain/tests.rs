use chrono::{DateTime, TimeDelta};
use consent_core::{Actor, ContractId, GrantId, PersonId, TypedId};
use proptest::prelude::*;

use super::*;
use crate::{Act, ChainId};

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
    let (chain, id) = (person(1), EventId::of(""));
    Event { id, chain, seq, previous, act, actor: Actor::Clock, commitment: None, created_at: at }.named().0
}

fn person(number: u128) -> ChainId {
    PersonId::from_parts(0, number).into()
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
    events[1] = events[1].clone().named().0;
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
    events[1].chain = person(2);
    events[1] = events[1].clone().named().0;
    assert_eq!(flaw(&events), Some((2, Flaw::Foreign)));
    let kept = Head { chain: person(2), ..head_of(&chain(2, 1)) };
    assert_eq!(flaw_against(&chain(2, 1), &kept), Some((1, Flaw::Foreign)));
}

#[test]
fn an_event_that_is_not_later_is_named() {
    let mut events = chain(2, 1);
    events[1].created_at = events[0].created_at;
    events[1] = events[1].clone().named().0;
    assert_eq!(flaw(&events), Some((2, Flaw::Untimely)));
}

#[test]
fn a_ledger_may_have_two_events_of_one_moment_and_none_that_goes_back() {
    let mut events = chain(2, 1);
    for event in &mut events {
        event.chain = ChainId::Access(PersonId::from_parts(0, 1));
    }
    events[0] = events[0].clone().named().0;
    events[1].previous = Some(events[0].id.clone());
    for (millis, expected) in [(0, None), (-1, Some((2, Flaw::Untimely)))] {
        events[1].created_at = events[0].created_at + TimeDelta::milliseconds(millis);
        events[1] = events[1].clone().named().0;
        assert_eq!(flaw(&events), expected);
    }
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
