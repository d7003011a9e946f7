use serde_json::{Value, json};

use super::*;
use crate::document::tests::sample;

/// The sample document with some members written otherwise.
fn with(changes: &[(&str, Value)]) -> Document {
    let mut document = serde_json::to_value(sample("read-optional")).unwrap();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    serde_json::from_value(document).unwrap()
}

fn fields(changes: &[Change]) -> Vec<Field> {
    changes.iter().map(|change| change.field).collect()
}

/// Widened, narrowed, reworded: the members of each.
fn between(old: &Document, new: &Document) -> [Vec<Field>; 3] {
    let Difference { widened, narrowed, reworded } = Difference::between(old, new);
    [widened, narrowed, reworded].map(|changes| fields(&changes))
}

fn social(objects: &[i64]) -> Value {
    let objects: Vec<_> = objects.iter().map(|id| json!({ "id": id })).collect();
    json!([{ "id": 1, "serviceTypes": [{ "id": 1, "serviceObjectTypes": objects }] }])
}

const NOTHING: [Vec<Field>; 3] = [vec![], vec![], vec![]];

#[test]
fn a_text_does_not_differ_from_itself() {
    for name in ["read", "read-optional", "read-raw", "write"] {
        assert_eq!(Difference::between(&sample(name), &sample(name)), Difference::default());
    }
}

#[test]
fn what_machines_need_is_no_part_of_it() {
    let mut other = sample("read");
    other.public_key = "another".to_owned();
    other.redirect_uris.clear();
    other.signal_endpoint = Some("https://app.example/signals".to_owned());
    assert!(Difference::between(&sample("read"), &other).is_empty());
}

/// Each member alone: old value, new value, where the line goes on the way there and on the way back.
#[test]
fn each_member_has_its_place() {
    use Field as F;
    const W: usize = 0;
    const N: usize = 1;
    const R: usize = 2;
    let cases: &[(&str, Value, Value, F, usize, usize)] = &[
        ("/name", json!("a"), json!("b"), F::Name, R, R),
        ("/ongoing", json!(false), json!(true), F::Ongoing, W, N),
        ("/purpose/summary", json!("a"), json!("b"), F::PurposeSummary, W, W),
        ("/purpose/details", json!("a"), json!("b"), F::PurposeDetails, W, W),
        ("/will", json!(["a"]), json!(["a", "b"]), F::Will, W, N),
        ("/willNot", json!(["a"]), json!(["b", "a"]), F::WillNot, N, W),
        ("/scope/serviceGroups", social(&[1, 2]), social(&[7, 2, 1]), F::Data, W, N),
        ("/scope/timeRanges", json!([{ "last": "3m" }]), json!([{ "last": "1y" }]), F::Times, W, N),
        ("/scope/timeRanges", json!([{ "last": "3m" }]), json!([]), F::Times, W, N),
        ("/scope/timeRanges", json!([{ "last": "12m" }]), json!([{ "last": "1y" }]), F::Times, R, R),
        ("/retention/period", json!("P1M"), json!("P1Y"), F::RetentionPeriod, W, N),
        ("/retention/period", json!("P12M"), json!("P1Y"), F::RetentionPeriod, R, R),
        ("/retention/period", json!("P30D"), json!("P1M"), F::RetentionPeriod, W, W),
        ("/retention/text", json!("a"), json!("b"), F::RetentionText, R, R),
        ("/rightToBeForgotten/implemented", json!(false), json!(true), F::RightToBeForgotten, R, W),
        ("/rightToBeForgotten/text", json!("a"), json!("b"), F::RightToBeForgottenText, R, R),
        ("/lawfulBasis", json!("consent"), json!("publicTask"), F::LawfulBasis, W, W),
        ("/jurisdiction", json!("NL"), json!("US"), F::Jurisdiction, W, W),
        ("/policyUrl", json!("https://a.example"), json!("https://b.example"), F::PolicyUrl, R, R),
        ("/termsUrl", json!(null), json!("https://b.example"), F::TermsUrl, R, R),
        ("/logoUrl", json!(null), json!("https://b.example"), F::LogoUrl, R, R),
        ("/grantFor", json!("P6M"), json!("P1Y"), F::GrantFor, W, N),
        ("/grantFor", json!("P6M"), json!(null), F::GrantFor, W, N),
        ("/futureAccounts", json!(false), json!(true), F::FutureAccounts, W, N),
        ("/mayDeleteLibrary", json!(false), json!(true), F::MayDeleteLibrary, W, N),
    ];
    for (pointer, old, new, field, there, back) in cases {
        let base = |value: &Value| with(&[("/optional", json!([])), (*pointer, value.clone())]);
        let (old, new) = (base(old), base(new));
        for (from, to, place) in [(&old, &new, *there), (&new, &old, *back)] {
            let mut expected = NOTHING;
            expected[place] = vec![*field];
            assert_eq!(between(from, to), expected, "{pointer}");
        }
    }
}

#[test]
fn who_else_gets_it_is_named_one_by_one() {
    let shared = |names: &[&str], text: &str| {
        let sharing = json!({ "thirdParties": !names.is_empty(), "recipients": names, "text": text });
        with(&[("/sharing", sharing)])
    };
    let (none, one, other) = (shared(&[], "a"), shared(&["A"], "a"), shared(&["B"], "b"));
    assert_eq!(between(&none, &one), [vec![Field::ThirdParties, Field::Recipient], vec![], vec![]]);
    assert_eq!(between(&one, &none), [vec![], vec![Field::ThirdParties, Field::Recipient], vec![]]);
    let swapped = [vec![Field::Recipient, Field::SharingText], vec![Field::Recipient], vec![]];
    assert_eq!(between(&one, &other), swapped, "what others get it for is asked about");
    assert_eq!(between(&none, &shared(&[], "b")), [vec![], vec![], vec![Field::SharingText]]);
}

#[test]
fn what_could_be_left_out_and_cannot_any_more_is_asked_for() {
    let optional =
        |ids: &[i64]| with(&[("/scope/serviceGroups", social(&[1, 2])), ("/optional", json!(ids))]);
    assert_eq!(between(&optional(&[1]), &optional(&[])), [vec![Field::Optional], vec![], vec![]]);
    assert_eq!(between(&optional(&[]), &optional(&[1])), [vec![], vec![], vec![Field::Optional]]);
    let gone = with(&[("/scope/serviceGroups", social(&[2])), ("/optional", json!([]))]);
    assert_eq!(between(&optional(&[1]), &gone), [vec![], vec![Field::Data], vec![]], "gone as a whole");
    assert_eq!(between(&gone, &optional(&[1])), [vec![Field::Data], vec![], vec![]], "new as a whole");
}

#[test]
fn another_access_is_asked_for_and_takes_the_one_before() {
    let (read, raw, write) = (sample("read"), sample("read-raw"), sample("write"));
    for (old, new) in [(&read, &raw), (&raw, &read), (&read, &write), (&raw, &write)] {
        let [widened, narrowed, _] = between(old, new);
        assert!(widened.contains(&Field::Access) && narrowed.contains(&Field::Access));
        assert!(!widened.contains(&Field::Times) && !widened.contains(&Field::Files), "{widened:?}");
    }
    let [widened, narrowed, _] = between(&write, &read);
    assert!(
        widened.contains(&Field::Access) && !narrowed.contains(&Field::Access),
        "nothing of hers is freed"
    );
}

#[test]
fn the_way_back_mirrors_the_way_there() {
    let data = [social(&[1]), social(&[1, 2]), social(&[2, 7])];
    let times =
        [json!([]), json!([{ "last": "1m" }]), json!([{ "last": "30d" }]), json!([{ "from": 5, "to": 9 }])];
    let documents: Vec<_> = data
        .iter()
        .flat_map(|data| times.iter().map(move |times| (data, times)))
        .map(|(data, times)| {
            with(&[
                ("/scope", json!({ "serviceGroups": data, "timeRanges": times })),
                ("/optional", json!([])),
            ])
        })
        .collect();
    for (one, other) in documents.iter().flat_map(|one| documents.iter().map(move |other| (one, other))) {
        let (there, back) = (Difference::between(one, other), Difference::between(other, one));
        assert_eq!(fields(&there.narrowed).len(), fields(&back.widened).len());
        let turned = |change: &Change| Change {
            field: change.field,
            old: change.new.clone(),
            new: change.old.clone(),
        };
        let mirrored: Vec<_> = back.widened.iter().map(turned).collect();
        assert!(there.narrowed.iter().all(|change| mirrored.contains(change)), "{there:?} {back:?}");
        let [widened, ..] = [there.widened];
        let within = other.scope.mapped().all(|(g, s, o)| one.scope.covers(g, s, o))
            && other.scope.times_within(&one.scope);
        assert_eq!(widened.is_empty(), within);
    }
}

#[test]
fn what_was_given_up_in_between_is_asked_for_anew() {
    let plays = |objects: &[i64], kept: &str| {
        with(&[
            ("/scope/serviceGroups", social(objects)),
            ("/optional", json!([])),
            ("/retention/period", json!(kept)),
        ])
    };
    let (first, second, third) = (plays(&[1, 2], "P1Y"), plays(&[1], "P1M"), plays(&[1, 2], "P6M"));
    let whole = Difference::of(&[&first, &second, &third]);
    assert_eq!(fields(&whole.widened), [Field::Data, Field::RetentionPeriod]);
    assert_eq!(whole.widened[0].new, Some(json!({ "serviceGroup": 1, "serviceType": 1, "objectType": 2 })));
    assert_eq!((&whole.widened[1].old, &whole.widened[1].new), (&Some(json!("P1M")), &Some(json!("P6M"))));
    assert_eq!(whole.narrowed, []);
    assert_eq!(fields(&Difference::of(&[&first, &third]).narrowed), [Field::RetentionPeriod]);
    assert!(Difference::of(&[&first]).is_empty() && Difference::of(&[]).is_empty());
}

#[test]
fn only_what_was_still_held_is_taken() {
    let plays =
        |objects: &[i64]| with(&[("/scope/serviceGroups", social(objects)), ("/optional", json!([]))]);
    let (all, one, none) = (plays(&[1, 2]), plays(&[1]), plays(&[7]));
    let taken = |texts: &[&Document]| {
        let taken = Difference::narrowed_by_last(texts);
        taken
            .iter()
            .map(|change| change.old.clone().unwrap()["objectType"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(taken(&[&all, &one]), [2]);
    assert_eq!(taken(&[&all, &one, &none]), [1], "2 was given up before");
    assert_eq!(
        taken(&[&all, &one, &all, &one]),
        [0_i64; 0],
        "what came back waits for a yes, so nothing goes"
    );
    assert_eq!(taken(&[&all]), [0_i64; 0]);
    let narrowed = Difference::narrowed_by_last(&[&all, &one]);
    assert!(narrowed.iter().all(Change::leaves_data_outside));
}
