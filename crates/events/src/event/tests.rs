use consent_core::{AppId, ContractId, FileId, GrantId, SessionId, TypedId};
use proptest::prelude::*;

use super::*;
use crate::{Access, Change};

fn grant() -> GrantId {
    GrantId::from_parts(0, 1)
}

fn app() -> AppId {
    AppId::from_parts(0, 2)
}

fn contract() -> ContractId {
    ContractId::from_parts(0, 3)
}

fn granted() -> Act {
    Act::Granted { grant: grant(), app: app(), contract: contract(), version: 4, text_hash: [0xab; 32] }
}

fn accessed() -> Act {
    Act::Accessed(Access {
        grant: grant(),
        contract: contract(),
        version: 4,
        session: Some(SessionId::from_parts(0, 6)),
        file: FileId::from_parts(0, 7),
        object_type: Some(401),
        text_hash: [0xab; 32],
        bytes: 10_240,
    })
}

fn of_signals() -> [Act; 7] {
    let signal = || "01926f0c-0000-7000-8000-000000000001".to_owned();
    [
        Act::Signalled { grant: grant(), signal: signal(), set_hash: [1; 32], kid: "k".to_owned() },
        Act::Delivered { grant: grant(), signal: signal() },
        Act::Undelivered { grant: grant(), signal: signal() },
        Act::Reported {
            grant: grant(),
            signal: signal(),
            report: "r-1".to_owned(),
            report_hash: [2; 32],
            state: "completed".to_owned(),
        },
        Act::Overdue { grant: grant(), signal: signal() },
        Act::Disputed { grant: grant(), signal: signal() },
        Act::Closed { grant: grant(), signal: signal() },
    ]
}

fn every_act() -> Vec<Act> {
    let simple = [
        Act::stopped,
        Act::resumed,
        Act::resume_asked,
        Act::revoked,
        Act::expired,
        Act::onboarded,
        Act::reauthorized,
        Act::erasing,
        Act::erased,
        Act::erasure_cancelled,
    ];
    let changes = [Change::EndShortened, Change::ScopeNarrowed, Change::ScopeWidened];
    let declined = Act::Declined { app: app(), contract: contract(), version: 4, text_hash: [0xab; 32] };
    let recorded = [None, Some(grant())].map(|grant| Act::ConsentRecorded { app: app(), grant });
    let mut acts = vec![granted(), declined, accessed()];
    acts.extend(simple.into_iter().map(|act| act(&grant(), &contract())));
    acts.extend(changes.map(|what| Act::Changed {
        grant: grant(),
        contract: contract(),
        what,
        from: 1,
        to: 2,
    }));
    acts.extend(of_signals());
    acts.extend(recorded);
    acts
}

fn every_actor() -> [Actor; 4] {
    [Actor::Person(PersonId::from_parts(0, 5)), Actor::App(app()), Actor::Operator, Actor::Clock]
}

fn every_chain() -> [ChainId; 3] {
    let person = PersonId::from_parts(0, 5);
    let subject = ChainId::Subject { app: app(), digest: [0xcd; 32] };
    [ChainId::Person(person.clone()), ChainId::Access(person), subject]
}

fn event(act: Act, actor: Actor) -> Event {
    Event {
        id: EventId::of(""),
        chain: PersonId::from_parts(0, 5).into(),
        seq: 1,
        previous: None,
        act,
        actor,
        commitment: None,
        created_at: DateTime::from_timestamp_millis(1_795_348_800_120).unwrap(),
    }
    .named()
    .0
}

/// If this fails, so does every chain that was ever written: make a new version instead.
#[test]
fn the_format_is_what_the_readme_says() {
    let event = event(granted(), every_actor()[0].clone());
    let body = concat!(
        r#"{"act":{"app":"app00000000000000000000000002","contract":"con00000000000000000000000003","#,
        r#""grant":"gra00000000000000000000000001","#,
        r#""textHash":"abababababababababababababababababababababababababababababababab","#,
        r#""type":"granted","version":4},"#,
        r#""actor":{"id":"per00000000000000000000000005","kind":"person"},"#,
        r#""at":"2026-11-22T12:00:00.120Z","person":"per00000000000000000000000005","#,
        r#""previous":null,"seq":1,"v":1}"#,
    );
    assert_eq!(event.body(), body);
    assert_eq!(event.id.as_str(), "7d503b3f808976f9efca42839d1148c9b9d2d3fb57cc3c89aa4cd628d940a8b6");
}

#[test]
fn an_entry_of_the_ledger_is_what_the_readme_says() {
    let [_, access, _] = every_chain();
    let entry = Event { chain: access, ..event(accessed(), Actor::App(app())) };
    let body = concat!(
        r#"{"act":{"bytes":10240,"contract":"con00000000000000000000000003","#,
        r#""file":"fil00000000000000000000000007","grant":"gra00000000000000000000000001","objectType":401,"#,
        r#""session":"ses00000000000000000000000006","#,
        r#""textHash":"abababababababababababababababababababababababababababababababab","#,
        r#""type":"accessed","version":4},"actor":{"id":"app00000000000000000000000002","kind":"app"},"#,
        r#""at":"2026-11-22T12:00:00.120Z","chain":"access:per00000000000000000000000005","#,
        r#""previous":null,"seq":1,"v":1}"#,
    );
    assert_eq!(entry.body(), body);
    assert_eq!(
        EventId::of(body).as_str(),
        "423b6f78b8aa5eb3e347bc2e6da5ad9b0ac67011d9fe762a734f4f7710388897"
    );
}

#[test]
fn what_is_written_in_order_is_canonical() {
    let Act::Accessed(access) = accessed() else { unreachable!("it is one") };
    let raw = Access { session: None, object_type: None, bytes: 1 << 48, ..access.clone() };
    for access in [access, raw] {
        let body = event(Act::Accessed(access), Actor::App(app())).body();
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(canonical_json(&value).unwrap(), body.as_bytes());
    }
}

#[test]
fn a_committed_payload_is_what_the_readme_says() {
    let salt = std::array::from_fn(|n| u8::try_from(n).unwrap());
    let commitment = Commitment::of(&salt, r#"{"reason":"she asked by telephone"}"#);
    let event = Event {
        seq: 2,
        previous: Some(event(granted(), every_actor()[0].clone()).id),
        commitment: Some(commitment),
        created_at: DateTime::from_timestamp_millis(1_795_348_800_121).unwrap(),
        ..event(Act::revoked(&grant(), &contract()), Actor::Operator)
    };
    let body = concat!(
        r#"{"act":{"contract":"con00000000000000000000000003","#,
        r#""grant":"gra00000000000000000000000001","type":"revoked"},"actor":{"kind":"operator"},"#,
        r#""at":"2026-11-22T12:00:00.121Z","#,
        r#""commitment":"f916d4777a3c7b4d8a6fa18b7130fa0fa9479d9d38ef31e45239c41386ee8552","#,
        r#""person":"per00000000000000000000000005","#,
        r#""previous":"7d503b3f808976f9efca42839d1148c9b9d2d3fb57cc3c89aa4cd628d940a8b6","seq":2,"v":1}"#,
    );
    let (event, found) = event.named();
    assert_eq!(found, body);
    assert_eq!(event.id.as_str(), "1b4e353adf8885aa3dc42fcdf574eb386849ef7287c9fd49ba08bbc5a5aea13d");
}

#[test]
fn every_act_of_every_actor_in_every_chain_is_read_as_it_was_written() {
    let commitments = [None, Some(Commitment::of(&[3; 32], "{}"))];
    for act in every_act() {
        for actor in every_actor() {
            for (chain, commitment) in every_chain().into_iter().zip(commitments.into_iter().cycle()) {
                let event = Event { chain, commitment, ..event(act.clone(), actor.clone()) }.named().0;
                assert_eq!(Event::parse(event.id.clone(), &event.body()), Ok(event.clone()));
                assert!(event.body().contains(&format!(r#""type":"{}""#, act.kind())));
            }
        }
    }
}

#[test]
fn a_body_with_anything_more_less_or_other_is_no_event() {
    let event = event(granted(), Actor::Operator);
    let body = event.body();
    let changes = [
        (r#""v":1"#, r#""v":2"#),
        (r#","v":1"#, ""),
        (r#""v":1"#, r#""v":1,"note":"x""#),
        (r#""version":4"#, r#""version":4,"note":"x""#),
        (r#""version":4"#, r#""version":4.5"#),
        (r#""kind":"operator""#, r#""kind":"person""#),
        (r#""kind":"operator""#, r#""kind":"operator","id":"app00000000000000000000000002""#),
        ("granted", "ganted"),
        ("gra0", "con0"),
        (r#""abab"#, r#""ab"#),
        (".120Z", "Z"),
        (".120Z", ".120+00:00"),
        (r#""person":"#, r#""chain":"#),
        (r#""person":"#, r#""chain":"access:per00000000000000000000000005","person":"#),
        (r#""person":"per00000000000000000000000005","#, ""),
        (r#""previous""#, r#""commitment":"ab","previous""#),
    ];
    for (from, to) in changes {
        let changed = body.replace(from, to);
        assert_ne!(changed, body, "{from}");
        assert_eq!(Event::parse(event.id.clone(), &changed), Err(NotAnEvent), "{changed}");
    }
}

proptest! {
    #[test]
    fn parsing_anything_at_all_never_panics(body: String) {
        let _ = Event::parse(EventId::of(&body), &body);
    }
}
