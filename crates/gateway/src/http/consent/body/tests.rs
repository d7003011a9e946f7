use proptest::prelude::*;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::*;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// What a body says, or the fields that are wrong.
fn read_as(
    media_type: &str,
    body: &str,
    version: Version,
    vault: Option<&str>,
) -> Result<Posted, (u16, Vec<String>)> {
    let body = Body::of(media_type, body.as_bytes());
    read(body, version, vault).map_err(|refusal| {
        (refusal.status.as_u16(), refusal.fields.into_iter().map(|(field, _)| field).collect())
    })
}

fn refused(json: &Value, version: Version) -> String {
    let (status, fields) = read_as(JSON, &json.to_string(), version, None).unwrap_err();
    assert_eq!(status, 422, "{json}");
    fields.concat()
}

#[test]
fn every_wrong_member_is_named_with_its_place() {
    let event = |name: &str, value: Value| {
        let mut event = json!({ "subject": "ada", "target": "t", "action": true });
        event[name] = value;
        event
    };
    for (name, value) in [
        ("subject", Value::Null),
        ("target", json!(1)),
        ("action", json!("true")),
        ("action", json!(1)),
        ("type", json!("OTHER")),
        ("type", json!("iab")),
        ("refreshAt", json!("tomorrow")),
        ("refreshAt", json!("9999-12-31T23:59:59-23:59")),
        ("scope", json!({})),
        ("vaultId", json!([])),
    ] {
        assert_eq!(refused(&event(name, value.clone()), Version::V0), name);
        let list = json!([event("more", json!(1)), event(name, value)]);
        assert_eq!(refused(&list, Version::V1), format!("[1].{name}"));
    }
    assert_eq!(refused(&event("metadata", json!({ "cookie": 1 })), Version::V1), "metadata.cookie");
    assert_eq!(refused(&json!({ "subject": "ada", "target": "t" }), Version::V0), "action");
    assert_eq!(refused(&json!(["ada", "t", true]), Version::V0), "[0]", "a list is no event");
    let twice = r#"{"subject":"ada","subject":"bob","target":"t","action":true}"#;
    assert_eq!(read_as(JSON, twice, Version::V0, None).unwrap_err(), (422, vec!["subject".to_owned()]));
}

#[test]
fn an_empty_text_is_none_in_version_1_and_itself_in_version_0() {
    let event = json!({
        "subject": "ada", "target": "t", "action": "", "issuer": "", "scope": "", "refreshAt": "", "type": "",
    });
    let read = read_as(JSON, &event.to_string(), Version::V1, None).unwrap();
    assert_eq!(read.events, [Consent::new("ada", "t", None)]);
    assert_eq!(refused(&event, Version::V0), "action");
    let event = json!({ "subject": "ada", "target": "t", "action": null, "issuer": "" });
    let read = read_as(JSON, &event.to_string(), Version::V0, None).unwrap();
    assert_eq!(read.events[0].issuer.as_deref(), Some(""), "which the log refuses");
}

#[test]
fn a_form_says_action_in_words() {
    for (text, action) in [("true", Some(true)), ("false", Some(false)), ("", None), ("null", None)] {
        let form = format!("subject=ada+b&target=t%26u&action={text}&scope=s&more=x");
        let read = read_as(FORM, &form, Version::V0, None).unwrap();
        let expected = Consent { scope: "s".to_owned(), ..Consent::new("ada b", "t&u", action) };
        assert_eq!((read.events, read.is_list), (vec![expected], false));
    }
    for (form, field) in [
        ("target=t&action=true", "subject"),
        ("subject=a&target=t", "action"),
        ("subject=a&target=t&action=yes", "action"),
        ("subject=a&subject=b&target=t&action=true", "subject"),
        ("subject=%ff&target=t&action=true", "body"),
        ("subject=a&target=t&action=true&metadata=x", "metadata"),
    ] {
        let wrong = read_as(FORM, form, Version::V0, None).unwrap_err();
        assert_eq!(wrong, (422, vec![field.to_owned()]), "{form}");
    }
}

#[test]
fn version_1_takes_json_only() {
    let form = "subject=ada&target=t&action=true";
    assert_eq!(read_as(FORM, form, Version::V1, None).unwrap_err().0, 415);
    assert_eq!(read_as("text/plain", form, Version::V0, None).unwrap_err().0, 415);
}

#[test]
fn the_vault_of_the_path_counts() {
    let event = json!({ "subject": "ada", "target": "t", "action": true, "vaultId": "one" }).to_string();
    for (path, vault) in [(None, Some("one")), (Some("one"), Some("one"))] {
        let read = read_as(JSON, &event, Version::V1, path).unwrap();
        assert_eq!(read.events[0].vault_id.as_deref(), vault);
    }
    assert_eq!(read_as(JSON, &event, Version::V1, Some("two")).unwrap_err().1, ["vaultId"]);
}

#[test]
fn more_than_a_thousand_events_are_too_many() {
    let event = json!({ "subject": "ada", "target": "t", "action": true });
    let list = |len| Value::from(vec![event.clone(); len]).to_string();
    let read = read_as(JSON, &list(1000), Version::V0, None).unwrap();
    assert_eq!((read.events.len(), read.is_list), (1000, true));
    assert_eq!(read_as(JSON, &list(1001), Version::V0, None).unwrap_err().1, ["body"]);
    assert_eq!(read_as(JSON, "[]", Version::V0, None).unwrap().events, []);
}

fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("(?s).{1,20}").expect("a pattern")
}

proptest! {
    #[test]
    fn a_form_and_json_of_the_same_event_say_the_same(
        subject in text(), target in text(),
        issuer in proptest::option::of(text()), source in proptest::option::of(text()),
        scope in proptest::option::of(text()), delegate in proptest::option::of(text()),
        action in proptest::option::of(any::<bool>()),
        kind in proptest::option::of(prop_oneof![Just("IAB"), Just("COOKIE"), Just("CUSTOM")]),
        metadata in proptest::option::of(proptest::collection::btree_map(text(), text(), 0..3)),
        millis in proptest::option::of(0_i64..4_000_000_000_000),
        vault in proptest::option::of(text()),
    ) {
        let refresh = millis.and_then(DateTime::from_timestamp_millis).map(moment);
        let texts = [
            ("subject", Some(subject)), ("target", Some(target)), ("issuer", issuer), ("source", source),
            ("scope", scope), ("delegate", delegate), ("type", kind.map(str::to_owned)),
            ("refreshAt", refresh), ("vaultId", vault),
        ];
        let mut json = json!({ "action": action, "metadata": metadata });
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("action", action.map_or("null", |yes| if yes { "true" } else { "false" }));
        if let Some(metadata) = &metadata {
            form.append_pair("metadata", &json!(metadata).to_string());
        }
        for (name, value) in texts.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            json[*name] = value.as_str().into();
            form.append_pair(name, value);
        }
        let of_json = read_as(JSON, &json.to_string(), Version::V0, None).unwrap();
        let of_form = read_as(FORM, &form.finish(), Version::V0, None).unwrap();
        prop_assert_eq!(&of_json.events, &of_form.events);
        let of_v1 = read_as(JSON, &json.to_string(), Version::V1, None).unwrap();
        prop_assert_eq!(of_v1.events, of_form.events);
    }

    #[test]
    fn whatever_is_posted_is_read_or_refused(body in ".{0,60}", form: bool, v0: bool) {
        let version = if v0 { Version::V0 } else { Version::V1 };
        if let Err((status, _)) = read_as(if form { FORM } else { JSON }, &body, version, None) {
            prop_assert!(matches!(status, 400 | 415 | 422), "{}", status);
        }
    }
}
