use chrono::TimeDelta;
use consent_contracts::{Controller, PostalAddress};
use consent_core::{Actor, PersonId, TypedId as _, taxonomy::OBJECT_TYPES};
use consent_crypto::{
    Keystore, SigningPurpose,
    digest::{base64url, base64url_decode, hex, sha256},
    jws::{MAX_LEN, MAX_STATEMENT_LEN},
};
use proptest::prelude::*;

use super::*;
use crate::{
    Change, Choice, Facts, Kind, Outcome, ReceiptError, ReceiptId,
    testing::{
        World, every_kind, example, fixture, jwks, named, platform_key, private_key, published_schema, typed,
    },
};

/// What the receipt says, whoever signed it.
fn payload(receipt: &str) -> Value {
    let claims = receipt.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64url_decode(claims).unwrap()).unwrap()
}

/// Other claims under a true signature of the platform.
fn signed(claims: &Value) -> String {
    typed(Algorithm::Rs256, "server-receipts", RECEIPT_TYPE, claims)
}

fn errors(receipt: &str) -> Vec<String> {
    match verify(receipt, &jwks()) {
        Err(VerifyError::Unfit(found)) => found.into_iter().map(|error| error.field).collect(),
        other => panic!("not refused for what it says: {other:?}"),
    }
}

#[test]
fn every_kind_of_receipt_is_valid_by_the_published_schema_and_verifies() {
    for (kind, mut world) in every_kind() {
        let receipt = world.receipt(kind);
        let claims = payload(&receipt);
        let against: Vec<_> =
            published_schema().iter_errors(&claims).map(|error| error.to_string()).collect();
        assert_eq!(against, [""; 0], "{kind}");
        let verdict = verify(&receipt, &jwks()).unwrap();
        assert_eq!(serde_json::to_value(&verdict.claims).unwrap(), claims, "{kind}");
        assert_eq!(verdict.claims.added.consent_access.kind, kind);
        assert_eq!(verdict.kid, platform_key().kid);
        let fields: Vec<_> = verdict.warnings.iter().map(|warning| warning.field.as_str()).collect();
        assert_eq!(fields, ["piiControllers[0].phone"], "{kind}: nothing but what was not provided");
    }
}

/// If this fails, so do receipts that people hold already: read the old form as well.
#[test]
fn receipts_that_were_once_issued_are_still_read() {
    let keys = serde_json::from_str(&fixture("receipts/keys.json")).unwrap();
    for (name, kind) in [("given", Kind::Given), ("erasure-answered", Kind::ErasureAnswered)] {
        let verdict = verify(&fixture(&format!("receipts/{name}.jwt")), &keys).unwrap();
        assert_eq!(verdict.claims.added.consent_access.kind, kind);
    }
}

#[test]
fn every_access_has_a_valid_receipt() {
    for contract in ["read", "read-raw", "write", "read-optional"] {
        let mut world = World::with(contract, &[]);
        let receipt = world.receipt(Kind::Given);
        assert!(published_schema().is_valid(&payload(&receipt)), "{contract}");
        let verdict = verify(&receipt, &jwks()).unwrap();
        let raw = verdict.claims.kantara.purposes().any(crate::Purpose::is_uncategorised);
        assert_eq!(raw, ["read-raw", "write"].contains(&contract), "{contract}");
        assert!(verdict.claims.kantara.sensitive, "{contract}: bank data, health data, or any file");
    }
}

#[test]
fn what_the_person_left_out_is_a_purpose_that_she_refused() {
    let verdict = verify(&World::new().receipt(Kind::Given), &jwks()).unwrap();
    let said: Vec<_> = verdict.claims.kantara.purposes().map(|p| (p.state, p.object_types.clone())).collect();
    let (given, refused) = (Some(Choice::Given), Some(Choice::Refused));
    let expected = [
        (given, Some(vec![201])),
        (refused, Some(vec![300])),
        (given, Some(vec![301])),
        (refused, Some(vec![500])),
        (given, Some(vec![501])),
    ];
    assert_eq!(said, expected);
    let refused = &verdict.claims.kantara.services[0].purposes[1];
    assert_eq!(refused.purpose.as_deref(), Some("Refused: the same with activities (optional)"));
    assert_eq!(refused.consent_type, "NONE - the person refused this purpose");
    assert!(!refused.third_party_disclosure, "nobody gets what was refused");
    assert_eq!(
        verdict.claims.kantara.spi_cat,
        ["6 - Health", "7 - Financial", "8 - Official ID"],
        "daily summaries, transactions, registrations"
    );
}

#[test]
fn a_no_refuses_everything_and_collects_nothing() {
    let verdict = verify(&World::new().receipt(Kind::Declined), &jwks()).unwrap();
    let claims = &verdict.claims;
    assert!(claims.kantara.purposes().all(|purpose| purpose.state == Some(Choice::Refused)));
    assert_eq!((claims.kantara.sensitive, claims.added.signatu.consent.action), (false, false));
    assert_eq!(claims.added.consent_access.grant, None);
}

#[test]
fn a_receipt_is_read_by_whoever_reads_those_of_signatu() {
    let claims = payload(&World::new().receipt(Kind::Given));
    for member in ["sub", "policyUrl", "iat", "publicKey", "iss", "jti"] {
        assert!(!claims[member].is_null(), "{member}");
    }
    assert_eq!(claims["dataController"]["org"], "Fair Fare");
    let consent = &claims["signatu"]["consent"];
    assert_eq!((consent["action"].as_bool(), &consent["subject"]), (Some(true), &claims["sub"]));
    assert_eq!((consent["id"].as_str().unwrap().len(), &consent["target"]), (64, &claims["policyUrl"]));
}

#[test]
fn an_app_that_says_who_is_behind_it_is_named_in_full() {
    let mut world = World::new();
    world.app.controller = Some(Controller {
        legal_name: "Fair Fare Ltd".to_owned(),
        address: PostalAddress {
            street_address: "1 Kerb Lane".to_owned(),
            address_locality: "Thornquay".to_owned(),
            address_country: "GB".to_owned(),
            ..PostalAddress::default()
        },
        phone: Some("tel:+44-20-7946-0018".to_owned()),
    });
    let verdict = verify(&world.receipt(Kind::Given), &jwks()).unwrap();
    assert_eq!(verdict.warnings, []);
    let controller = &verdict.claims.kantara.pii_controllers[0];
    assert_eq!(
        (controller.pii_controller.as_str(), &controller.address["addressCountry"]),
        ("Fair Fare Ltd", &json!("GB"))
    );
}

#[test]
fn the_time_is_that_of_the_event_to_the_millisecond() {
    let mut world = World::new();
    let claims = world.claims(Kind::Stopped);
    let at = world.now();
    assert_eq!(claims.kantara.consent_timestamp, u64::try_from(at.timestamp()).unwrap());
    let milliseconds = at + TimeDelta::milliseconds(123);
    assert_eq!(claims.added.consent_access.event.at, crate::moment::moment(milliseconds));
    // A clock that was set back is no reason not to issue.
    let (id, ambient) = (ReceiptId::new(&world.ambient), world.ambient.clone());
    let facts = world.hers(Change::Revoked);
    let claims = Claims::compose(&facts, id, None, ambient.now() - TimeDelta::hours(1)).unwrap();
    assert!(claims.sign(&platform_key()).is_ok());
}

#[test]
fn a_change_of_any_signed_part_is_refused() {
    let receipt = World::new().receipt(Kind::Given);
    let parts: Vec<&str> = receipt.split('.').collect();
    for part in 0..3 {
        for place in (0..parts[part].len()).step_by(parts[part].len() / 12 + 1) {
            let mut changed = parts[part].to_owned();
            let other = if &changed[place..=place] == "A" { "B" } else { "A" };
            changed.replace_range(place..=place, other);
            let mut all = parts.clone();
            all[part] = &changed;
            let refused = verify(&all.join("."), &jwks()).unwrap_err();
            assert!(!matches!(refused, VerifyError::Unfit(_)), "part {part}, byte {place}: {refused}");
        }
    }
    let mut claims = payload(&receipt);
    claims["consentAccess"]["state"] = json!("stopped");
    let claims = base64url(claims.to_string().as_bytes());
    let changed = [parts[0], &claims, parts[2]].join(".");
    assert_eq!(verify(&changed, &jwks()), Err(VerifyError::Token(JwsError::Signature)));
}

/// Even under the platform's own signature a receipt has to say the same everywhere.
#[test]
fn a_receipt_that_contradicts_itself_is_refused() {
    let claims = payload(&World::new().receipt(Kind::Given));
    let other_id = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
    for (pointer, value, field) in [
        ("/version", json!("KI-CR-v1.0.0"), "version"),
        ("/sensitive", json!(true), "spiCat"),
        ("/sub", json!("somebody else"), "sub"),
        ("/jti", json!(other_id), "jti"),
        ("/iss", json!("https://other.example"), "consentAccess.statusUrl"),
        ("/consentTimestamp", json!(1), "consentTimestamp"),
        ("/iat", json!(1), "iat"),
        ("/services/0/purposes/0/primaryPurpose", json!(false), "services"),
        ("/services/0/purposes/1/state", json!("given"), "consentAccess.grant.leftOut"),
        ("/services/0/purposes/1/state", json!("perhaps"), "services[0].purposes[1].state"),
        ("/services/0/purposes/0/state", json!("refused"), "services[0].purposes[0].state"),
        ("/services/0/purposes/0/piiCategory", json!(["3 - Biometric"]), "spiCat"),
        ("/dataController/org", json!("Other"), "dataController.org"),
        ("/signatu/consent/action", json!(false), "signatu.consent"),
        ("/consentAccess/v", json!(2), "consentAccess.v"),
        ("/consentAccess/state", json!("stopped"), "consentAccess.state"),
        ("/consentAccess/kind", json!("declined"), "consentAccess.grant"),
        ("/consentAccess/kind", json!("gone"), "consentAccess.kind"),
        ("/consentAccess/event/id", json!("abc"), "consentAccess.event.id"),
        ("/consentAccess/event/previous", json!("abc"), "consentAccess.event.previous"),
        ("/consentAccess/event/at", json!("2026-06-01"), "consentAccess.event.at"),
        ("/consentAccess/event/state", json!("ConsentWithdrawn"), "consentAccess.event.state"),
        ("/consentAccess/contract/textHash", json!("abc"), "consentAccess.contract.textHash"),
        ("/consentAccess/contract/id", json!("app1"), "consentAccess.contract.id"),
        ("/consentAccess/grant/agreedAt", json!("then"), "consentAccess.grant"),
        ("/ts27560/receipt_id", json!(other_id), "ts27560.receipt_id"),
        ("/ts27560/schema_version", json!("1"), "ts27560.schema_version"),
        ("/ts27560/record/header/record_id", json!("x"), "ts27560.record.header.record_id"),
        ("/ts27560/record/pii_processing", json!([]), "ts27560.record.pii_processing"),
        ("/ts27560/record/parties", json!([]), "ts27560.record.parties"),
        ("/ts27560/record/events", json!([]), "ts27560.record.events"),
        ("/ts27560/record/events/0/event_state", json!("ConsentRefused"), "ts27560.record.events"),
    ] {
        let mut changed = claims.clone();
        *changed.pointer_mut(pointer).unwrap() = value.clone();
        if pointer == "/sensitive" {
            changed["spiCat"] = json!([]);
        }
        let found = errors(&signed(&changed));
        assert!(found.iter().any(|found| found == field), "{pointer} {value}: {found:?}");
    }
}

/// Every mandatory field of the table in TS 27560 is there, and its absence is noticed.
#[test]
fn the_mandatory_fields_of_ts_27560_are_there() {
    let claims = payload(&World::new().receipt(Kind::Given));
    let processing = "/ts27560/record/pii_processing/0";
    let fields = [
        ("/ts27560", &["schema_version", "receipt_id", "created"][..]),
        ("/ts27560/record/header", &["schema_version", "record_id", "pii_principal_id"]),
        (
            processing,
            &[
                "privacy_notice",
                "language",
                "purpose",
                "lawful_basis",
                "pii_information",
                "pii_controllers",
                "storage_locations",
                "retention_period",
                "jurisdiction",
                "recipient_third_parties",
                "withdrawal_method",
            ],
        ),
        ("/ts27560/record/pii_processing/0/pii_information/0", &["pii_type"]),
        (
            "/ts27560/record/parties/0",
            &["party_id", "party_name", "party_address", "party_contact", "party_type"],
        ),
        (
            "/ts27560/record/events/0",
            &["event_time", "validity_duration", "entity_id", "event_type", "event_state"],
        ),
    ];
    for (object, members) in fields {
        for member in members {
            let mut without = claims.clone();
            let removed = without.pointer_mut(object).unwrap().as_object_mut().unwrap().remove(*member);
            assert!(removed.is_some_and(|value| value != json!("") && !value.is_null()), "{object}/{member}");
            assert!(errors(&signed(&without))[0].starts_with("ts27560"), "{object}/{member}");
        }
    }
}

#[test]
fn only_a_published_key_of_the_right_kind_is_believed() {
    let mut world = World::new();
    let claims = world.claims(Kind::Given);
    let stranger = named(private_key("app-2.private"));
    let forged = claims.sign(&stranger).unwrap();
    assert_eq!(verify(&forged, &jwks()), Err(VerifyError::UnknownKey { kid: stranger.kid.clone() }));
    // Under the name of a published key.
    let renamed = consent_crypto::SigningKey { kid: platform_key().kid, key: stranger.key };
    let forged = claims.sign(&renamed).unwrap();
    assert_eq!(verify(&forged, &jwks()), Err(VerifyError::Token(JwsError::Signature)));
    let genuine = claims.sign(&platform_key()).unwrap();
    let mut keys = jwks();
    keys["keys"][0]["alg"] = json!("PS512");
    assert!(matches!(verify(&genuine, &keys), Err(VerifyError::UnknownKey { .. })));
    keys["keys"][0] = json!({ "kid": platform_key().kid, "kty": "EC" });
    assert!(matches!(verify(&genuine, &keys), Err(VerifyError::Keys(_))));
    assert!(matches!(verify(&genuine, &json!([])), Err(VerifyError::Keys(_))));
}

#[test]
fn a_token_of_another_kind_is_no_receipt() {
    let claims = payload(&World::new().receipt(Kind::Given));
    let other = typed(Algorithm::Rs256, "server-receipts", "JWT", &claims);
    assert!(matches!(verify(&other, &jwks()), Err(VerifyError::Token(JwsError::Type { .. }))));
    let other = typed(Algorithm::Ps512, "server-receipts", RECEIPT_TYPE, &json!({}));
    assert_eq!(verify(&other, &jwks()), Err(VerifyError::Algorithm { found: "PS512".to_owned() }));
    assert_eq!(errors(&signed(&json!({}))).len(), 1);
    let refused = verify(&signed(&example()), &jwks()).unwrap_err().to_string();
    assert!(refused.contains("missing field `iss`"), "the official example is no receipt of ours: {refused}");
}

#[test]
fn old_receipts_verify_with_the_published_old_key() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path();
    let put = |name: &str, pem: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = keys.join(name);
        std::fs::write(&path, fixture(&format!("keys/{pem}.pem"))).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    let mut world = World::new();
    let ambient = world.ambient.clone();
    for (name, pem) in [
        ("tokens-1.pem", "server-tokens"),
        ("certificates-1.pem", "server-certificates"),
        ("signals-1.pem", "server-signals"),
        ("receipts-1.pem", "server-receipts"),
    ] {
        put(name, pem);
    }
    let before = Keystore::open_or_create(keys, &ambient).unwrap();
    let old = world.claims(Kind::Given).sign(before.signing(SigningPurpose::Receipts)).unwrap();
    put("receipts-2.pem", "app-2.private");
    let after = Keystore::open_or_create(keys, &ambient).unwrap();
    let new = world.claims(Kind::Stopped).sign(after.signing(SigningPurpose::Receipts)).unwrap();
    let published = after.jwks(SigningPurpose::Receipts);
    let kids = [&old, &new].map(|receipt| verify(receipt, &published).unwrap().kid);
    assert_ne!(kids[0], kids[1]);
    assert!(matches!(
        verify(&new, &before.jwks(SigningPurpose::Receipts)),
        Err(VerifyError::UnknownKey { .. })
    ));
}

#[test]
fn an_erasure_answered_is_verified_twice_and_offline() {
    for (outcome, state) in
        [(Outcome::Completed, "erased"), (Outcome::Partial, "erased"), (Outcome::Refused, "revoked")]
    {
        let mut world = World::new();
        let change = Change::ErasureAnswered(Box::new(world.answer(outcome)));
        let (id, now) = (ReceiptId::new(&world.ambient), world.now());
        let by = Actor::App(world.app.id.clone());
        let claims = Claims::compose(&world.facts(change, by), id, None, now).unwrap();
        let receipt = claims.sign(&platform_key()).unwrap();
        let verdict = verify(&receipt, &jwks()).unwrap();
        assert_eq!(verdict.claims.added.consent_access.state.name(), state);
        let lines = verdict.lines().join("\n");
        assert!(
            lines.contains("Fair Fare answered on 29 May 2026")
                || lines.contains("Fair Fare answered on 1 June 2026"),
            "{lines}"
        );
        assert!(lines.contains("removed: transactions: 1204 (deleted)"), "{lines}");
        // Without the key of signals the signal is covered by the receipt alone, which is said.
        let mut keys = jwks();
        keys["keys"].as_array_mut().unwrap().truncate(1);
        let warnings = verify(&receipt, &keys).unwrap().warnings;
        assert!(
            warnings.iter().any(|warning| warning.field == "consentAccess.erasure.signal"),
            "{warnings:?}"
        );
    }
}

#[test]
fn an_erasure_fails_when_anything_of_the_apps_report_is_altered() {
    let mut world = World::new();
    let claims = payload(&world.receipt(Kind::ErasureAnswered));
    let other_report =
        typed(Algorithm::Ps512, "app-2.private", crate::REPORT_TYPE, &world.report_claims(Outcome::Partial));
    let other_key = private_key("app-2.private").public().jwk("PS512", "k", "sig");
    let jws = claims["consentAccess"]["erasure"]["report"]["jws"].as_str().unwrap().to_owned();
    let report = "consentAccess.erasure.report";
    for (member, value, field) in [
        ("report/jws", json!(other_report), report),
        ("report/jws", json!(jws[..jws.len() - 8].to_owned()), report),
        ("report/sha256", json!("00"), "consentAccess.erasure.report.sha256"),
        ("report/key", other_key, report),
        ("report/thumbprint", json!("x"), report),
        ("report/algorithm", json!("none"), report),
        ("report/algorithm", json!("RS256"), report),
        ("outcome", json!("completed"), "consentAccess.erasure.report, state"),
        ("outcome", json!("refused"), "consentAccess.state"),
        ("signal", json!(jws), "consentAccess.erasure.signal"),
    ] {
        let mut changed = claims.clone();
        let place = format!("/consentAccess/erasure/{member}");
        *changed.pointer_mut(&place).unwrap() = value.clone();
        let found = errors(&signed(&changed));
        assert!(found.iter().any(|found| found == field), "{member} {value}: {found:?}");
    }
}

/// A report of the app's that was made for something else does not become this answer.
#[test]
fn a_report_about_something_else_is_no_answer() {
    for (member, value) in [
        ("state", json!("completed")),
        ("set_jti", json!("another")),
        ("set_jti", Value::Null),
        ("consent_id", json!("another")),
        ("aud", json!("https://other.example")),
        ("aud", json!(["https://other.example"])),
        ("iss", json!("another")),
    ] {
        let mut world = World::new();
        let mut report = world.report_claims(Outcome::Partial);
        report[member] = value.clone();
        let mut answer = world.answer(Outcome::Partial);
        answer.report = typed(Algorithm::Ps512, "app-1.private", crate::REPORT_TYPE, &report);
        let (id, now) = (ReceiptId::new(&world.ambient), world.now());
        let facts = world.hers(Change::ErasureAnswered(Box::new(answer)));
        let refused = Claims::compose(&facts, id, None, now).unwrap().sign(&platform_key()).unwrap_err();
        let ReceiptError::Unfit(found) = refused else { panic!("{refused}") };
        assert!(found[0].field.ends_with(member), "{member} {value}: {found:?}");
    }
}

#[test]
fn facts_that_do_not_belong_together_make_no_receipt() {
    let mut world = World::new();
    let (id, now) = (ReceiptId::new(&world.ambient), world.now());
    let stopped = world.hers(Change::Stopped);
    let refused = |facts: &Facts<'_>| {
        matches!(Claims::compose(facts, id.clone(), None, now), Err(ReceiptError::Mismatch(_)))
    };
    assert!(!refused(&stopped));
    assert!(refused(&Facts { change: Change::Resumed, ..stopped.clone() }));
    assert!(refused(&Facts { change: Change::Declined, ..stopped.clone() }));
    assert!(refused(&Facts { grant: None, ..stopped.clone() }));
    let other = World::with("read", &[]);
    assert!(refused(&Facts { person: &PersonId::from_parts(0, 77), ..stopped.clone() }));
    assert!(refused(&Facts {
        contract: &consent_contracts::Contract { version: 2, ..other.contract },
        ..stopped
    }));
}

#[test]
fn the_longest_contract_has_a_receipt_that_can_be_read() {
    let mut world = World::new();
    let document = &mut world.contract.document;
    let group = |object: &consent_core::taxonomy::ObjectType| consent_core::ServiceGroup {
        id: object.groups[0],
        service_types: vec![consent_core::ServiceType {
            id: 1,
            service_object_types: vec![consent_core::ServiceObjectType { id: object.id }],
        }],
    };
    document.scope.service_groups = OBJECT_TYPES.iter().map(group).collect();
    document.optional = OBJECT_TYPES.iter().map(|object| object.id).collect();
    document.sharing.recipients = vec!["😴".repeat(200); 50];
    document.sharing.text = "😴".repeat(1000);
    document.retention.text = "😴".repeat(1000);
    document.right_to_be_forgotten.text = "😴".repeat(1000);
    document.purpose.summary = "😴".repeat(200);
    document.policy_url = format!("https://fairfare.example/{}", "p".repeat(1900));
    world.grant.choices.left_out = vec![];
    let receipt = world.receipt(Kind::ErasureAnswered);
    let room = MAX_STATEMENT_LEN - receipt.len();
    assert!(room > 3 * MAX_LEN, "{room} bytes are left for a long report and what is said of it");
    assert!(verify(&receipt, &jwks()).is_ok());
}

#[test]
fn a_receipt_is_found_in_what_people_keep() {
    let receipt = World::new().receipt(Kind::Given);
    for text in [format!(" {receipt}\n"), json!({ "receipt": receipt, "more": 1 }).to_string()] {
        assert!(verify(&text, &jwks()).is_ok());
    }
    for text in ["", " ", "{", "{}", r#"{"receipt":1}"#] {
        assert_eq!(verify(text, &jwks()), Err(VerifyError::Form), "{text}");
    }
    assert!(matches!(verify("hello", &jwks()), Err(VerifyError::Token(JwsError::Malformed(_)))));
    let long = "a".repeat(MAX_STATEMENT_LEN + 1);
    assert_eq!(verify(&long, &jwks()), Err(VerifyError::TooLong));
}

#[test]
fn the_verdict_is_told_in_plain_words_and_to_programs() {
    let verdict = verify(&World::new().receipt(Kind::Stopped), &jwks()).unwrap();
    let lines = verdict.lines();
    assert_eq!(
        lines[0],
        "Genuine: https://consent.example signed this receipt, and nothing was changed since."
    );
    assert_eq!(lines[3], "The person stopped sharing with Fair Fare, on 1 June 2026, 12:01:00.123 UTC.");
    let text = lines.join("\n");
    for part in [
        "State after it       Stopped: the app gets nothing until sharing is resumed",
        "given    Works out what getting around costs you",
        "refused  Refused: the same with activities (optional)",
        "What holds now: https://consent.example/api/v1/receipts/",
        "Note: piiControllers[0].phone: \"not provided\" is no telephone number",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let json = verdict.json();
    assert_eq!(
        (json["valid"].as_bool(), &json["receipt"]["consentAccess"]["kind"]),
        (Some(true), &json!("stopped"))
    );
    let refused = verify("hello", &jwks()).unwrap_err().json();
    assert_eq!((refused["valid"].as_bool(), refused["errors"].as_array().unwrap().len()), (Some(false), 1));
}

#[test]
fn what_an_app_wrote_does_not_move_the_cursor() {
    let mut world = World::new();
    let mut answer = world.answer(Outcome::Completed);
    answer.removed[0].category = "a\u{1b}[2Jb\u{202e}c\nGenuine".to_owned();
    let (id, now) = (ReceiptId::new(&world.ambient), world.now());
    let facts = world.hers(Change::ErasureAnswered(Box::new(answer)));
    let receipt = Claims::compose(&facts, id, None, now).unwrap().sign(&platform_key()).unwrap();
    let lines = verify(&receipt, &jwks()).unwrap().lines();
    let removed = lines.iter().find(|line| line.contains("removed")).unwrap();
    assert_eq!(removed, "  removed: a\u{fffd}[2Jb\u{fffd}c\u{fffd}Genuine: 1204 (deleted)");
}

#[test]
fn who_reads_decides_between_you_and_the_person() {
    let mut world = World::new();
    let said = |claims: &Claims, reader| View::of(claims, reader).title;
    let stopped = world.claims(Kind::Stopped);
    assert_eq!(said(&stopped, Reader::Owner), "You stopped sharing with Fair Fare");
    let (id, now) = (ReceiptId::new(&world.ambient), world.now());
    let by_operator = Claims::compose(&world.facts(Change::Revoked, Actor::Operator), id, None, now).unwrap();
    assert_eq!(
        said(&by_operator, Reader::Owner),
        "An operator of Example Consent ended sharing with Fair Fare for good"
    );
    let changed = World::new().claims(Kind::Changed);
    assert_eq!(
        said(&changed, Reader::Anybody),
        "The person changed what is shared with Fair Fare: it ends earlier and covers less"
    );
}

#[test]
fn a_count_that_the_app_did_not_report_is_noticed() {
    let mut world = World::new();
    let mut answer = world.answer(Outcome::Completed);
    answer.removed[0].count += 1;
    let (id, now) = (ReceiptId::new(&world.ambient), world.now());
    let facts = world.hers(Change::ErasureAnswered(Box::new(answer)));
    let receipt = Claims::compose(&facts, id, None, now).unwrap().sign(&platform_key()).unwrap();
    let warnings = verify(&receipt, &jwks()).unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.field == "consentAccess.erasure.removed"), "{warnings:?}");
}

#[test]
fn the_proof_is_the_hash_of_the_report_as_it_came() {
    let mut world = World::new();
    let claims = world.claims(Kind::ErasureAnswered);
    let erasure = claims.added.consent_access.erasure.unwrap();
    assert_eq!(erasure.report.sha256, hex(&sha256(erasure.report.jws.as_bytes())));
    assert_eq!(erasure.report.key["kty"], "RSA");
    assert!(erasure.report.key.get("pem").is_none());
}

proptest! {
    #[test]
    fn verifying_any_text_never_panics(text: String, inner: String) {
        let _ = verify(&text, &jwks());
        let _ = verify(&json!({ "receipt": inner }).to_string(), &json!({ "keys": [text] }));
        let _ = verify(&format!("{}.{}.{}", base64url(b"{}"), base64url(inner.as_bytes()), text), &jwks());
    }

    /// Claims with something else in any one place are read or refused; never do they end the process.
    #[test]
    fn reading_any_claims_never_panics(place: prop::sample::Index, text: String, number: i64, kind in 0..5) {
        let mut claims = serde_json::to_value(World::new().claims(Kind::ErasureAnswered)).unwrap();
        let places = pointers("", &claims);
        let value = match kind {
            0 => json!(text),
            1 => json!(number),
            2 => json!(null),
            3 => json!([text]),
            _ => json!({ text: number }),
        };
        *claims.pointer_mut(&places[place.index(places.len())]).unwrap() = value;
        if let Ok((claims, _)) = Claims::read(&claims) {
            let _ = View::of(&claims, Reader::Owner);
        }
    }
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
