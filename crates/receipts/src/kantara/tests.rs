use serde_json::json;

use super::*;
use crate::testing::{example, published_schema};

fn with(pointer: &str, value: Value) -> Value {
    let mut changed = example();
    *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is there")) = value;
    changed
}

fn errors(claims: &Value) -> Vec<String> {
    match Kantara::read(claims) {
        Ok((_, found)) => found.errors.into_iter().map(|error| error.field).collect(),
        Err(unread) => vec![unread.field],
    }
}

#[test]
fn the_official_example_is_read_with_what_is_odd_about_it() {
    let (read, found) = Kantara::read(&example()).unwrap();
    assert_eq!((read.purposes().count(), read.spi_cat.len()), (4, 2));
    assert_eq!(found.errors, []);
    let fields: Vec<_> = found.warnings.iter().map(|warning| warning.field.as_str()).collect();
    assert_eq!(
        fields,
        ["publicKey", "piiControllers[0].phone", "services[0].purposes[2].thirdPartyName"],
        "{found:?}"
    );
    let mut round = serde_json::to_value(&read).unwrap();
    assert_eq!(round["consentReceiptID"].take(), example()["consentReceiptID"]);
}

#[test]
fn what_the_schema_lets_through_is_looked_at_again() {
    let controller = "/piiControllers/0";
    let purpose = "/services/0/purposes/0";
    for (pointer, value, field) in [
        ("/version".to_owned(), json!("KI-CR-v1.0.0"), "version"),
        ("/consentTimestamp".to_owned(), json!(1_510_592_400_000_u64), "consentTimestamp"),
        ("/jurisdiction".to_owned(), json!(" "), "jurisdiction"),
        ("/collectionMethod".to_owned(), json!(""), "collectionMethod"),
        ("/consentReceiptID".to_owned(), json!(""), "consentReceiptID"),
        ("/piiPrincipalId".to_owned(), json!(""), "piiPrincipalId"),
        ("/policyUrl".to_owned(), json!(""), "policyUrl"),
        ("/services".to_owned(), json!([]), "services"),
        ("/services/0/purposes".to_owned(), json!([]), "services[0].purposes"),
        ("/piiControllers".to_owned(), json!([]), "piiControllers"),
        ("/spiCat".to_owned(), json!([]), "spiCat"),
        ("/publicKey".to_owned(), json!("-----BEGIN RSA PRIVATE KEY-----"), "publicKey"),
        (format!("{controller}/piiController"), json!(""), "piiControllers[0].piiController"),
        (format!("{purpose}/consentType"), json!(""), "services[0].purposes[0].consentType"),
        (format!("{purpose}/thirdPartyName"), json!(""), "services[0].purposes[0].thirdPartyName"),
    ] {
        let changed = with(&pointer, value);
        assert!(published_schema().is_valid(&changed), "{pointer}: the schema lets it through");
        assert_eq!(errors(&changed), [field]);
    }
}

#[test]
fn the_other_spelling_of_the_policy_is_read_and_not_written() {
    let mut other = example();
    let policy = other.as_object_mut().unwrap().remove("policyUrl").unwrap();
    other["policyURL"] = policy.clone();
    assert!(!published_schema().is_valid(&other));
    let (read, found) = Kantara::read(&other).unwrap();
    assert_eq!(found.errors, []);
    assert_eq!(serde_json::to_value(&read).unwrap()["policyUrl"], policy);
}

#[test]
fn members_that_nobody_knows_are_ignored() {
    let mut more = example();
    more["iss"] = json!("https://other.example");
    more["services"][0]["purposes"][0]["state"] = json!({ "of": "their own" });
    more["services"][0]["purposes"][0]["objectTypes"] = json!("none");
    let (read, found) = Kantara::read(&more).unwrap();
    assert_eq!((found.errors, read.purposes().next().unwrap().state), (vec![], None));
}

/// Every member of the example, taken away or replaced by something of another kind.
#[test]
fn whatever_the_schema_refuses_is_refused() {
    let replacements =
        [json!(null), json!(true), json!(-1), json!(1.5), json!("text"), json!([]), json!([1]), json!({})];
    let mut refused = 0;
    for pointer in pointers("", &example()) {
        let replaced = replacements.iter().map(|value| with(&pointer, value.clone()));
        for changed in replaced.chain([without(&pointer)]) {
            if !published_schema().is_valid(&changed) {
                refused += 1;
                assert!(!errors(&changed).is_empty(), "{pointer} in {changed}");
            }
        }
    }
    assert!(refused > 300, "{refused} changes were refused");
}

fn without(pointer: &str) -> Value {
    let mut changed = example();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match changed.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.remove(name)),
        Value::Array(entries) => drop(entries.remove(name.parse().unwrap())),
        other => panic!("{other} has no members"),
    }
    changed
}

fn pointers(prefix: &str, value: &Value) -> Vec<String> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(entries) => {
            entries.iter().enumerate().map(|(at, entry)| (at.to_string(), entry)).collect()
        }
        _ => vec![],
    };
    let below = members.into_iter().flat_map(|(name, member)| {
        let path = format!("{prefix}/{name}");
        [path.clone()].into_iter().chain(pointers(&path, member)).collect::<Vec<_>>()
    });
    below.collect()
}
