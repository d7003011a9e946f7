use chrono::TimeDelta;
use consent_core::{AppId, PersonId};
use consent_crypto::{
    JwsError, RsaPrivateKey,
    jws::{Algorithm, sign_with},
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::{
    Enqueued, Incoming, Kind, Moment, Obligation, ReceivedReport, Said, SignalsError, Standing,
    calendar_months, close, dispute, receive_report, reports,
    set::millis,
    testing::{Consent, Desk, ISSUER, app_key, escalate_due},
};

/// A command, and the app that answers it.
struct Case {
    desk: Desk,
    consent: Consent,
    sent: Enqueued,
}

impl Case {
    async fn of(kind: Kind) -> Self {
        let desk = Desk::new().await;
        let consent = desk.consent(&desk.app().await).await;
        let sent = desk.enqueue(&consent, kind).await;
        Self { desk, consent, sent }
    }

    /// The claims of a report, with these changed; `null` takes one out.
    fn claims(&self, jti: &str, state: &str, more: &Value) -> Value {
        let mut claims = json!({
            "iss": self.consent.app,
            "aud": ISSUER,
            "iat": self.desk.now().timestamp(),
            "jti": jti,
            "set_jti": self.sent.id,
            "consent_id": self.consent.grant,
            "action": self.sent.kind.name(),
            "state": state,
        });
        for (name, value) in more.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        claims
    }

    async fn receive(&self, jws: &str) -> Result<ReceivedReport, SignalsError> {
        self.receive_from(&self.consent.app, jws).await
    }

    async fn receive_from(&self, app: &AppId, jws: &str) -> Result<ReceivedReport, SignalsError> {
        let key = app_key(1);
        let tx = self.desk.tx().await;
        let incoming = Incoming { app, keys: &[key.public()], audience: ISSUER, jws };
        let received = receive_report(&tx, incoming, &self.desk.ambient).await?;
        tx.commit().await.unwrap();
        Ok(received)
    }

    async fn say(&self, jti: &str, state: &str, more: Value) -> Result<ReceivedReport, SignalsError> {
        self.receive(&signed(&self.claims(jti, state, &more))).await
    }

    /// The field that a report is refused for.
    async fn refused(&self, state: &str, more: Value) -> String {
        match self.say("refused", state, more).await {
            Err(SignalsError::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    fn done(&self) -> Value {
        json!({"completed_at": millis(self.desk.now()), "evidence": self.evidence()})
    }

    fn evidence(&self) -> Value {
        json!({
            "categories": [{
                "category": "social.posts",
                "removed": 120,
                "method": "deleted",
                "systems": ["main database", "search index"],
                "at": millis(self.desk.now()),
            }],
            "backups_gone_by": "2026-07-01",
            "recipients": [{"name": "Hosting Ltd", "told_at": millis(self.desk.now())}],
            "log_sha256": "ab".repeat(32),
        })
    }

    fn partly(&self) -> Value {
        let mut done = self.done();
        done["evidence"]["exceptions"] = json!([
            {"category": "invoices", "ground": "GDPR 17(3)(b)", "retained_until": "2036-12-31"}
        ]);
        done
    }

    async fn owed(&self) -> Obligation {
        self.desk.find(&self.sent.id).await.duty.unwrap().state
    }
}

fn signed(claims: &Value) -> String {
    signed_with(Algorithm::Ps512, &app_key(1), claims)
}

fn signed_with(algorithm: Algorithm, key: &RsaPrivateKey, claims: &Value) -> String {
    let header = json!({"typ": "signal-report+jwt"});
    sign_with(algorithm, key, header.as_object().unwrap(), claims).unwrap()
}

fn in_days(case: &Case, days: i64) -> Value {
    json!({"expected_completion": millis(case.desk.now() + TimeDelta::days(days))})
}

#[tokio::test]
async fn an_erasure_is_reported_step_by_step_until_it_is_closed() {
    let case = Case::of(Kind::ErasureRequested).await;
    let accepted = case.say("r1", "accepted", in_days(&case, 7)).await.unwrap();
    assert_eq!((accepted.standing, accepted.obligation), (Standing::Applied, Obligation::Accepted));
    assert_eq!((accepted.said, &accepted.grant), (Said::Accepted, &case.consent.grant));
    assert_eq!(accepted.person, Some(case.consent.person.clone()));
    let duty = case.desk.find(&case.sent.id).await.duty.unwrap();
    assert_eq!(duty.expected_at, Some(case.desk.now() + TimeDelta::days(7)));
    case.desk.advance(TimeDelta::days(1));
    case.say("r2", "in_progress", json!({})).await.unwrap();
    case.desk.advance(TimeDelta::days(1));
    let jws = signed(&case.claims("r3", "completed", &case.done()));
    case.receive(&jws).await.unwrap();
    assert_eq!(case.owed().await, Obligation::Completed);
    let kept = reports(&case.desk.db, &case.sent.id).await.unwrap();
    assert_eq!(
        kept.iter().map(|report| report.said).collect::<Vec<_>>(),
        [Said::Accepted, Said::InProgress, Said::Completed]
    );
    assert_eq!(kept[2].jws, jws, "kept whole");
    let evidence = kept[2].claims().unwrap().evidence.unwrap();
    assert_eq!((evidence.categories[0].removed, evidence.recipients[0].name.as_str()), (120, "Hosting Ltd"));
    let tx = case.desk.tx().await;
    close(&tx, &case.sent.id, &case.desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(case.owed().await, Obligation::Closed);
}

#[tokio::test]
async fn both_algorithms_are_taken_and_no_other_key_or_kind_of_token() {
    let case = Case::of(Kind::ConsentRevoked).await;
    let claims = case.claims("r1", "accepted", &in_days(&case, 1));
    let foreign = signed_with(Algorithm::Ps512, &app_key(2), &claims);
    assert!(matches!(case.receive(&foreign).await, Err(SignalsError::Unsigned(JwsError::Signature))));
    let header = json!({"typ": "JWT"});
    let other = sign_with(Algorithm::Ps512, &app_key(1), header.as_object().unwrap(), &claims).unwrap();
    assert!(matches!(case.receive(&other).await, Err(SignalsError::Unsigned(JwsError::Type { .. }))));
    assert!(matches!(case.receive("nonsense").await, Err(SignalsError::Unsigned(JwsError::Malformed(_)))));
    let long = "a".repeat(33_000);
    assert!(matches!(case.receive(&long).await, Err(SignalsError::Unsigned(JwsError::TooLong))));
    assert_eq!(case.owed().await, Obligation::Open, "nothing changed");
    assert!(reports(&case.desk.db, &case.sent.id).await.unwrap().is_empty());
    case.receive(&signed_with(Algorithm::Rs256, &app_key(1), &claims)).await.unwrap();
    assert_eq!(case.owed().await, Obligation::Accepted);
}

#[tokio::test]
async fn the_same_report_again_gets_the_same_answer_and_another_under_its_name_none() {
    let case = Case::of(Kind::ErasureRequested).await;
    let jws = signed(&case.claims("r1", "accepted", &in_days(&case, 7)));
    let first = case.receive(&jws).await.unwrap();
    case.say("r2", "completed", case.done()).await.unwrap();
    case.desk.advance(TimeDelta::hours(1));
    let again = case.receive(&jws).await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!(ReceivedReport { repeated: false, ..again }, first, "as it was said then");
    assert_eq!(case.owed().await, Obligation::Completed);
    let other = case.say("r1", "in_progress", json!({})).await;
    assert!(matches!(other, Err(SignalsError::ReportReused(jti)) if jti == "r1"));
    assert_eq!(reports(&case.desk.db, &case.sent.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_goes_backward_is_kept_and_what_says_it_again_is_an_amendment() {
    let case = Case::of(Kind::ErasureRequested).await;
    case.say("r1", "completed", case.done()).await.unwrap();
    let backward = case.say("r2", "accepted", in_days(&case, 3)).await.unwrap();
    assert_eq!((backward.standing, backward.obligation), (Standing::Backward, Obligation::Completed));
    let mut more = case.done();
    more["evidence"]["categories"][0]["removed"] = json!(121);
    let amended = case.say("r3", "completed", more).await.unwrap();
    assert_eq!((amended.standing, amended.obligation), (Standing::Amendment, Obligation::Completed));
    let kept = reports(&case.desk.db, &case.sent.id).await.unwrap();
    assert_eq!(
        kept.iter().map(|report| report.standing.name()).collect::<Vec<_>>(),
        ["applied", "backward", "amendment"]
    );
    let refused = case.desk.db.execute_unprepared("UPDATE signal_report SET jws = 'x'").await;
    assert!(format!("{refused:?}").contains("never change"));
}

#[tokio::test]
async fn another_app_s_signal_and_an_unknown_one_are_told_apart() {
    let case = Case::of(Kind::ConsentRevoked).await;
    let other = case.desk.app().await;
    let claims = case.claims("r1", "accepted", &in_days(&case, 1));
    let mut theirs = claims.clone();
    theirs["iss"] = json!(other);
    let foreign = case.receive_from(&other, &signed(&theirs)).await;
    assert!(matches!(foreign, Err(SignalsError::NotFound(id)) if id == case.sent.id));
    let mut unknown = claims.clone();
    unknown["set_jti"] = json!("019e8319-0e00-7000-8000-000000000001");
    assert!(matches!(case.receive(&signed(&unknown)).await, Err(SignalsError::NotFound(_))));
    assert!(
        matches!(case.receive_from(&other, &signed(&claims)).await, Err(SignalsError::Invalid { field, .. }) if field == "iss")
    );
    assert_eq!(case.owed().await, Obligation::Open);
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused_by_name() {
    let case = Case::of(Kind::ErasureRequested).await;
    let (now, minute) = (case.desk.now(), TimeDelta::minutes(1));
    let week = in_days(&case, 7);
    let with = |name: &str, value: Value| {
        let mut more = week.clone();
        more[name] = value;
        more
    };
    for (name, value) in [
        ("aud", json!("https://other.example")),
        ("iat", json!((now + minute * 6).timestamp())),
        ("iat", json!((now - minute * 6).timestamp())),
        ("jti", json!("")),
        ("jti", json!("x".repeat(129))),
        ("jti", json!("a b")),
        ("consent_id", json!("gra00000000000000000000000001")),
        ("action", json!("consent-revoked")),
        ("expected_completion", Value::Null),
        ("expected_completion", json!(millis(now - TimeDelta::days(1)))),
        ("expected_completion", json!(millis(now + TimeDelta::days(400)))),
        ("completed_at", json!(millis(now))),
        ("evidence", case.evidence()),
        ("ground", json!("GDPR 17(3)(b)")),
        ("reason", json!("two\nlines")),
        ("reason", json!(" ")),
    ] {
        assert_eq!(case.refused("accepted", with(name, value)).await, name);
    }
    for (name, value) in
        [("state", json!("obeyed")), ("email", json!("ada@example.org")), ("iat", json!("now"))]
    {
        assert!(case.refused("accepted", with(name, value)).await.contains(name), "{name}");
    }
    assert!(!case.refused("accepted", with("set_jti", Value::Null)).await.is_empty());
    assert_eq!(case.owed().await, Obligation::Open);
}

#[tokio::test]
async fn an_erasure_is_not_completed_without_evidence() {
    let case = Case::of(Kind::ErasureRequested).await;
    let now = millis(case.desk.now());
    assert_eq!(case.refused("completed", json!({"completed_at": now})).await, "evidence");
    assert_eq!(case.refused("partial", json!({"completed_at": now})).await, "evidence");
    assert_eq!(case.refused("completed", json!({"evidence": case.evidence()})).await, "completed_at");
    let with = |pointer: &str, value: Value| {
        let mut done = case.done();
        *done.pointer_mut(pointer).unwrap() = value;
        done
    };
    let later = json!(millis(case.desk.now() + TimeDelta::hours(1)));
    for (pointer, value, field) in [
        ("/evidence/categories", json!([]), "evidence.categories"),
        ("/evidence/categories/0/category", json!(""), "evidence.categories[0].category"),
        ("/evidence/categories/0/systems", json!([]), "evidence.categories[0].systems"),
        ("/evidence/categories/0/at", later.clone(), "evidence.categories[0].at"),
        ("/evidence/categories/0/method", json!("hidden"), "evidence.categories[0].method"),
        ("/evidence/categories/0/removed", json!(-1), "evidence.categories[0].removed"),
        ("/evidence/recipients/0/told_at", later.clone(), "evidence.recipients[0].told_at"),
        ("/evidence/log_sha256", json!("AB"), "evidence.log_sha256"),
        ("/evidence/backups_gone_by", json!("soon"), "evidence.backups_gone_by"),
        ("/completed_at", later, "completed_at"),
    ] {
        assert_eq!(case.refused("completed", with(pointer, value)).await, field);
    }
    assert_eq!(case.refused("completed", case.partly()).await, "evidence.exceptions");
    assert_eq!(case.refused("partial", case.done()).await, "evidence.exceptions");
    let mut no_ground = case.partly();
    no_ground["evidence"]["exceptions"][0]["ground"] = json!("");
    assert_eq!(case.refused("partial", no_ground).await, "evidence.exceptions[0].ground");
    assert_eq!(case.owed().await, Obligation::Open);
    case.say("r1", "partial", case.partly()).await.unwrap();
    assert_eq!(case.owed().await, Obligation::Partial);
}

#[tokio::test]
async fn a_stop_needs_no_evidence_and_a_refusal_a_ground() {
    let stop = Case::of(Kind::SharingStopped).await;
    let done = json!({"completed_at": millis(stop.desk.now())});
    assert_eq!(stop.say("r1", "completed", done).await.unwrap().obligation, Obligation::Completed);
    let revoke = Case::of(Kind::ConsentRevoked).await;
    assert_eq!(revoke.refused("refused", json!({})).await, "ground");
    revoke.say("r1", "refused", json!({"ground": "contract, GDPR 6(1)(b)"})).await.unwrap();
    let tx = revoke.desk.tx().await;
    dispute(&tx, &revoke.sent.id, &revoke.desk.ambient).await.unwrap();
    tx.commit().await.unwrap();
    let done = json!({"completed_at": millis(revoke.desk.now())});
    assert_eq!(revoke.say("r2", "completed", done).await.unwrap().obligation, Obligation::Completed);
    let resumed = Case::of(Kind::SharingResumed).await;
    let nothing = resumed.say("r1", "accepted", in_days(&resumed, 1)).await;
    assert!(matches!(nothing, Err(SignalsError::Refused { .. })), "nothing is owed");
}

#[tokio::test]
async fn more_time_is_for_erasures_with_a_reason_within_the_first_month() {
    let case = Case::of(Kind::ErasureRequested).await;
    let ends = calendar_months(case.desk.now(), 3);
    let extended = |until| json!({"expected_completion": millis(until), "reason": "many requests"});
    let no_reason = json!({"expected_completion": millis(ends)});
    assert_eq!(case.refused("extended", no_reason).await, "reason");
    let longer = extended(ends + TimeDelta::milliseconds(1));
    assert_eq!(case.refused("extended", longer).await, "expected_completion");
    // Its own deadline has gone by: that was told, and an extension may still be announced.
    case.desk.advance(TimeDelta::days(15));
    let sweep = async || {
        let tx = case.desk.tx().await;
        let told = escalate_due(&tx, 10, &case.desk.ambient).await.unwrap();
        tx.commit().await.unwrap();
        told.into_iter().map(|told| told.moment).collect::<Vec<_>>()
    };
    assert_eq!(sweep().await, [Moment::AckMissed, Moment::CompleteMissed]);
    case.say("r1", "extended", extended(ends)).await.unwrap();
    assert_eq!(case.owed().await, Obligation::Extended);
    case.desk.advance(TimeDelta::days(30));
    assert_eq!(sweep().await, []);
    case.desk.advance(ends - TimeDelta::days(5) - case.desk.now());
    assert_eq!(sweep().await, [Moment::BackstopNear]);
    case.desk.advance(TimeDelta::days(5));
    assert_eq!(sweep().await, [Moment::CompleteMissed], "the new deadline is told of as well");
    assert_eq!(case.owed().await, Obligation::Overdue);
    let late = Case::of(Kind::ErasureRequested).await;
    late.desk.advance(TimeDelta::days(40));
    let received = late.say("r1", "extended", extended(late.desk.now() + TimeDelta::days(1))).await.unwrap();
    assert_eq!((received.standing, received.obligation), (Standing::TooLate, Obligation::Open));
    let stop = Case::of(Kind::SharingStopped).await;
    assert_eq!(stop.refused("extended", extended(stop.desk.now() + TimeDelta::days(1))).await, "state");
}

#[tokio::test]
async fn an_overdue_app_that_answers_is_overdue_again_when_time_is_up() {
    let case = Case::of(Kind::ErasureRequested).await;
    let sweep = async || {
        let tx = case.desk.tx().await;
        let told = escalate_due(&tx, 10, &case.desk.ambient).await.unwrap();
        tx.commit().await.unwrap();
        told.len()
    };
    case.desk.advance(TimeDelta::days(15));
    assert_eq!(sweep().await, 2);
    case.say("r1", "accepted", in_days(&case, 3)).await.unwrap();
    assert_eq!(case.owed().await, Obligation::Accepted);
    assert_eq!(
        (sweep().await, case.owed().await),
        (0, Obligation::Overdue),
        "told before, and overdue all the same"
    );
    case.say("r2", "completed", case.done()).await.unwrap();
    assert_eq!((sweep().await, case.owed().await), (0, Obligation::Completed));
}

#[tokio::test]
async fn a_report_about_what_was_superseded_is_kept_without_effect() {
    let case = Case::of(Kind::SharingStopped).await;
    case.desk.enqueue(&case.consent, Kind::ConsentRevoked).await;
    let done = json!({"completed_at": millis(case.desk.now())});
    let received = case.say("r1", "completed", done).await.unwrap();
    assert_eq!((received.standing, received.obligation), (Standing::Backward, Obligation::Superseded));
    let nobody: PersonId = case.desk.ambient.new_id();
    assert_ne!(received.person, Some(nobody));
}
