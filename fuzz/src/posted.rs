//! Consent events as apps post them: whatever comes is recorded as it says, or refused in a way that no client repeats.

use actix_web::test::TestRequest;
use serde_json::Value;

use crate::{
    input::Input,
    stage::{Answer, Stage, with_stage},
};

const ADDRESSES: [&str; 4] = [
    "/consent/v0/consents",
    "/consent/v1/consents",
    "/consent/v0/vaults/a/consents",
    "/consent/v1/vaults/a/consents",
];
const KINDS: [&str; 3] =
    ["application/json", "application/x-www-form-urlencoded", "application/JSON; charset=utf-8"];

/// The first two bytes choose address and media type, the rest is the body.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let (address, kind) = (input.one_of(&ADDRESSES), input.one_of(&KINDS));
    let body = input.rest();
    with_stage(|stage| {
        let answer = posts(stage, address, kind, body);
        let expected = [200, 413, 415, 422].contains(&answer.status);
        assert!(expected, "{answer:?}");
        let answered: Value = serde_json::from_str(&answer.body).expect("JSON, whatever it is");
        if answer.status != 200 {
            return assert!(answered["error"]["message"].is_string(), "{answer:?}");
        }
        let again = posts(stage, address, kind, body);
        assert_eq!(again.status, 200, "what was taken once is taken twice: {again:?}");
        let again: Value = serde_json::from_str(&again.body).expect("JSON");
        match (&answered, &again) {
            (Value::Array(first), Value::Array(second)) => {
                assert_eq!(first.len(), second.len());
                first.iter().zip(second).for_each(|(first, second)| recorded(stage, address, first, second));
            }
            (first, second) => {
                says_what_was_sent(kind, body, first);
                recorded(stage, address, first, second);
            }
        }
        stage.is_worn();
    });
}

/// An event is found again as it was answered, and one that says the same differs in nothing else.
fn recorded(stage: &Stage, address: &str, event: &Value, same: &Value) {
    let version = &address[.."/consent/v0".len()];
    let id = event["id"].as_str().expect("an id");
    let found =
        stage.send(bearing(stage, TestRequest::get().uri(&format!("{version}/consents/{id}"))), vec![], &[]);
    assert_eq!(serde_json::from_str::<Value>(&found.body).expect("JSON"), *event);
    let own = ["id", "token", "createdAt"];
    assert_ne!(event["id"], same["id"]);
    assert!(event["createdAt"].as_str() < same["createdAt"].as_str(), "{event} {same}");
    let members = |event: &Value| {
        let mut members = event.as_object().expect("an object").clone();
        members.retain(|name, _| !own.contains(&name.as_str()));
        members
    };
    assert_eq!(members(event), members(same));
}

/// Subject and target are echoed to the byte.
fn says_what_was_sent(kind: &str, body: &[u8], event: &Value) {
    if kind != KINDS[1]
        && let Ok(sent) = serde_json::from_slice::<Value>(body)
    {
        assert_eq!((&sent["subject"], &sent["target"]), (&event["subject"], &event["target"]));
    }
}

fn posts(stage: &Stage, address: &str, kind: &str, body: &[u8]) -> Answer {
    let request = bearing(stage, TestRequest::post().uri(address)).insert_header(("content-type", kind));
    stage.send(request, vec![Ok(body.to_vec().into())], &[])
}

fn bearing(stage: &Stage, request: TestRequest) -> TestRequest {
    request.insert_header(("authorization", format!("Bearer {}", stage.api_key)))
}
