//! What a person does herself where an app sends her, or in her own library, before any page is drawn.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use consent_client::{Authorization, AuthorizeOptions, HandleKind, ReferenceOptions, SessionOptions, Url};
use consent_contracts::Client;
use consent_core::{Clock, Cursor, taxonomy};
use consent_crypto::{Secret, SecretKind};
use consent_gateway::{
    flows::{self, Answer, FlowError, OfferFilter, Opened, Peeked, SampleChoice, SignedIn, Survey},
    worker,
};
use consent_library::{File, LibraryError};
use consent_people::LibraryState;
use consent_sources::Account;
use futures_util::TryStreamExt;
use harness::{MockApp, Person, Shared, TestPlatform, Yes, fixture, stories};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

async fn in_person(platform: &TestPlatform, person: &Person<'_>) -> SignedIn {
    let secret = Secret::parse(SecretKind::SignIn, &person.token).unwrap();
    let found = consent_people::find_sign_in(&platform.inner.db, &secret, platform.clock.now()).await;
    SignedIn { sign_in: found.unwrap().unwrap(), secret }
}

/// The same person without a secret that opens her library.
fn locked(who: &SignedIn) -> SignedIn {
    let mut who = who.clone();
    who.sign_in.library = LibraryState::Locked;
    who
}

async fn client(platform: &TestPlatform, app: &MockApp) -> Client {
    let id = consent_contracts::client_id(&app.id.parse().unwrap(), &app.contract_id.parse().unwrap());
    consent_contracts::find_client(&platform.inner.db, &id).await.unwrap()
}

fn code(asked: &Authorization) -> Secret {
    let text = asked.url_code.expose();
    let kinds = [SecretKind::PreauthorizationCode, SecretKind::ReferenceCode];
    kinds.into_iter().find_map(|kind| Secret::parse(kind, text).ok()).unwrap()
}

/// An app asks for a person's confirmation.
async fn asks_again(app: &MockApp, shared: &Shared) -> Authorization {
    let (access, session) = (&shared.tokens.access.value, SessionOptions::default());
    app.client.reauthorize(access, "a state", &session).await.unwrap()
}

/// What the app makes of a code.
async fn exchanges(app: &MockApp, asked: &Authorization, opened: &Opened) -> Result<Shared, String> {
    let query = format!("success=true&state=a%20state&code={}", opened.code.expose());
    let callback: Url = format!("{}?{query}", MockApp::CALLBACK).parse().unwrap();
    let code = asked.answer(&callback).unwrap();
    let tokens = app.client.exchange(&code, &asked.code_verifier).await;
    let refusal = MockApp::outcome(&tokens);
    tokens.map(|tokens| Shared { tokens, session: asked.session.clone(), callback }).map_err(|_| refusal)
}

/// What comes of opening a session.
async fn used(app: &MockApp, shared: &Shared) -> String {
    let session = SessionOptions::default();
    MockApp::outcome(&app.client.trigger(&shared.tokens.access.value, &session).await)
}

async fn accounts(platform: &TestPlatform, who: &SignedIn) -> Vec<Account> {
    let db = &platform.inner.db;
    let library = consent_library::find_library(db, &who.sign_in.person).await.unwrap();
    consent_sources::list_accounts(db, &library.id).await.unwrap()
}

/// Waits until nobody reads any account of hers.
async fn is_left_alone(platform: &TestPlatform, who: &SignedIn) {
    let now = platform.clock.now();
    while accounts(platform, who).await.iter().any(|account| account.is_being_read_at(now)) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Her acts, oldest first.
async fn acts(platform: &TestPlatform, who: &SignedIn) -> Vec<&'static str> {
    let (db, person) = (&platform.inner.db, &who.sign_in.person);
    let events = consent_events::list(db, person, &Cursor::new(None, Some(200))).await.unwrap();
    events.items.iter().map(|event| event.act.kind()).collect()
}

/// All objects that an app reads, each with the name of its type.
async fn objects(app: &MockApp, shared: &Shared) -> Vec<(String, Value)> {
    let (session, list) = app.reads(shared).await.unwrap();
    let mut all = Vec::new();
    for file in list.files {
        let fetched = app.client.fetch(&shared.tokens.access.value, &session.key, &file.name).await.unwrap();
        let objects: Vec<Value> = serde_json::from_slice(&fetched.bytes).unwrap();
        all.extend(objects.into_iter().map(|object| (file.object_type.clone().unwrap(), object)));
    }
    all
}

fn created(object: &Value) -> Option<i64> {
    object["createddate"].as_i64()
}

/// First and last moment of some objects.
fn moments(objects: &[(String, Value)]) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let moments = || objects.iter().filter_map(|(_, object)| created(object));
    let moment = |millis: Option<i64>| DateTime::from_timestamp_millis(millis?);
    moment(moments().min()).zip(moment(moments().max()))
}

/// A survey shows just what the app then gets: as many files, of the same time, and the latest objects of each type.
async fn shows_what_is_shared(app: &MockApp, shared: &Shared, survey: &Survey) {
    let all = objects(app, shared).await;
    let (_, list) = app.reads(shared).await.unwrap();
    assert_eq!(survey.files, list.files.len());
    assert_eq!(survey.parts.iter().map(|part| part.files).sum::<usize>(), survey.files);
    assert_eq!(survey.holders.iter().map(|holder| holder.files).sum::<usize>(), survey.files);
    assert_eq!(survey.span, moments(&all));
    for part in &survey.parts {
        let mut shown: Vec<_> = part.peek.iter().map(object).collect();
        let kind = taxonomy::object_type(part.object_type.unwrap()).unwrap().reference;
        let mut latest: Vec<_> = all.iter().filter(|(of, _)| of == kind).map(|(_, object)| object).collect();
        latest.sort_by_key(|object| created(object));
        let latest = latest.iter().rev().take(3).map(|object| created(object));
        assert_eq!(shown.iter().map(created).collect::<Vec<_>>(), latest.collect::<Vec<_>>(), "{kind}");
        shown.retain(|object| !all.contains(&(kind.to_owned(), object.clone())));
        assert!(shown.is_empty(), "{shown:?} is not shared");
    }
}

fn object(peeked: &Peeked) -> Value {
    match peeked {
        Peeked::Object(object) => object.clone().into(),
        Peeked::File(_) => panic!("a mapped file"),
    }
}

stories! {
    async fn a_survey_shows_what_an_app_will_get(platform: TestPlatform) {
        let ranged = |document: &mut Value| {
            document["scope"]["timeRanges"] = json!([{ "from": 1_760_000_000, "to": 1_770_000_000 }]);
        };
        let (app, ada) = (platform.app("read").await, platform.person("ada").await);
        let short = MockApp::register(&platform, "read", "app-2", ranged).await;
        let transactions = fixture("samples/own/transactions.json");
        let _ = ada.uploads("bank.json", "application/json", transactions).await.ok();
        ada.connects(&[16, 18, 255]).await;
        let who = in_person(&platform, &ada).await;
        for app in [&app, &short] {
            let survey = flows::survey(&platform.inner, &who, &client(&platform, app).await).await.unwrap();
            let shared = ada.approves(app).await.shared;
            shows_what_is_shared(app, &shared, &survey).await;
            let types: Vec<_> = survey.parts.iter().filter_map(|part| part.object_type).collect();
            let expected = [1, 2, 7, 104, 105, 106, 107, 109, 111, 201, 300, 301, 303, 403, 406, 407, 500, 501];
            assert_eq!(types, expected, "in the order of the contract");
            assert_eq!(survey.parts[0].service_types, [1, 4], "photos are asked for from two services");
            let names: Vec<_> = survey.holders.iter().map(|holder| holder.name.is_some()).collect();
            assert_eq!(names, [true, true, true, false], "three accounts, and what she put there herself");
            assert!(survey.holders[3].account.is_none() && survey.holders.iter().all(|holder| !holder.reading));
        }
    }

    async fn a_survey_for_raw_files_shows_what_they_say_of_themselves(platform: TestPlatform) {
        let app = platform.app("read-raw").await;
        let ada = platform.person("ada").await;
        ada.connects(&[255]).await;
        let _ = ada.uploads("notes.csv", "text/csv", "a;b").await.ok();
        let _ = ada.uploads("photo.jpg", "image/jpeg", "not asked for").await.ok();
        let who = in_person(&platform, &ada).await;
        let survey = flows::survey(&platform.inner, &who, &client(&platform, &app).await).await.unwrap();
        let [part] = &survey.parts[..] else { panic!("{survey:?}") };
        let shown: Vec<_> = part
            .peek
            .iter()
            .map(|peeked| match peeked {
                Peeked::File(metadata) => metadata.file_name.clone().unwrap(),
                Peeked::Object(_) => panic!("a raw file"),
            })
            .collect();
        assert_eq!(shown, ["notes.csv", "peak-flow-diary.csv", "letter-2025-06.pdf"]);
        assert_eq!((survey.files, part.files, part.object_type), (3, 3, None));
        assert_eq!(survey.span.unwrap().0, "2025-06-12T09:30:00Z".parse::<DateTime<Utc>>().unwrap());
        let files: Vec<_> = survey.holders.iter().map(|holder| holder.files).collect();
        assert_eq!(files, [2, 1]);
    }

    async fn who_only_writes_asks_for_nothing_and_who_is_locked_sees_nothing(platform: TestPlatform) {
        let (read, write) = (platform.app("read").await, platform.app("write").await);
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let who = in_person(&platform, &ada).await;
        let survey = flows::survey(&platform.inner, &who, &client(&platform, &write).await).await.unwrap();
        assert!(survey.parts.is_empty() && survey.holders.is_empty() && survey.span.is_none());
        let seen = flows::survey(&platform.inner, &locked(&who), &client(&platform, &read).await).await;
        assert!(matches!(seen, Err(FlowError::Locked)));
        // An empty library is surveyed too.
        let eve = in_person(&platform, &platform.person("eve").await).await;
        let survey = flows::survey(&platform.inner, &eve, &client(&platform, &read).await).await.unwrap();
        assert_eq!((survey.files, survey.holders.len(), survey.span), (0, 1, None));
        assert!(survey.parts.iter().all(|part| part.files == 0 && part.peek.is_empty()));
    }

    async fn what_is_offered_is_what_the_contract_asks_for(platform: TestPlatform) {
        let (app, write) = (platform.app("read-optional").await, platform.app("write").await);
        let ada = platform.person("ada").await;
        ada.connects(&[17]).await;
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let (client, write) = (client(&platform, &app).await, client(&platform, &write).await);
        let offered = async |client: Option<&Client>, filter: OfferFilter| {
            let offers = flows::offers(inner, client, &who, &filter).await.unwrap();
            offers.into_iter().map(|offer| (offer.source.id, offer.connected.is_some())).collect::<Vec<_>>()
        };
        let all = OfferFilter::default;
        let sources: Vec<_> = offered(None, all()).await.into_iter().map(|(id, _)| id).collect();
        assert_eq!(sources, [1, 3, 16, 17, 18, 25, 255]);
        assert_eq!(offered(Some(&client), all()).await, [(17, true), (18, false), (25, false)]);
        assert!(offered(Some(&write), all()).await.is_empty());
        let only = OfferFilter { service: Some(18), sample_set: Some("ada".to_owned()), ..all() };
        assert_eq!(offered(Some(&client), only).await, [(18, false)]);
        for nothing in [
            OfferFilter { service: Some(16), ..all() },
            OfferFilter { sample_set: Some("nobody".to_owned()), ..all() },
            OfferFilter { push: true, ..all() },
            OfferFilter { sources: Some(r#"{"organizationType":"hospital"}"#.parse().unwrap()), ..all() },
        ] {
            assert!(offered(Some(&client), nothing.clone()).await.is_empty(), "{nothing:?}");
        }
        let hospital = OfferFilter { sources: Some(r#"{"dataType":["documents"]}"#.parse().unwrap()), ..all() };
        assert_eq!(offered(None, hospital).await, [(255, false)]);
    }

    async fn what_she_agreed_to_before_comes_with_the_question(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let who = in_person(&platform, &ada).await;
        let first = flows::question(&platform.inner, &who, &code(&app.asks().await)).await.unwrap();
        assert!(first.grant.is_none() && first.before.is_none());
        let yes = ada.approves(&app).await;
        eve.approves(&app).await;
        ada.revokes(&yes).await;
        let next = flows::question(&platform.inner, &who, &code(&app.asks().await)).await.unwrap();
        assert!(next.grant.is_none());
        assert_eq!(next.before.unwrap().id.as_str(), yes.grant);
        let asked = asks_again(&app, &yes.shared).await;
        let again = flows::question(&platform.inner, &who, &code(&asked)).await.unwrap();
        assert_eq!(again.grant.unwrap().id.as_str(), yes.grant);
        let other = app.another_contract(&platform, "read-optional", "app-1", |_| {}).await;
        let token = Some(yes.shared.tokens.access.value.clone());
        let options = AuthorizeOptions { state: "s".to_owned(), access_token: token, ..AuthorizeOptions::default() };
        let asked = other.client.authorize(&options).await.unwrap();
        let elsewhere = flows::question(&platform.inner, &who, &code(&asked)).await.unwrap();
        assert!(elsewhere.grant.is_none() && elsewhere.before.is_none(), "of another contract");
    }

    async fn a_confirmed_grant_goes_on_with_new_tokens_and_the_old_ones_are_dead(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let session = app.reads(&yes.shared).await.unwrap().0;
        let asked = asks_again(&app, &yes.shared).await;
        assert!(matches!(flows::confirm(inner, &locked(&who), &code(&asked), true).await, Err(FlowError::Locked)));
        let refused = flows::approve(inner, &who, &code(&asked), Answer::default()).await;
        assert!(matches!(refused, Err(FlowError::WrongKind)), "the grant has not ended");

        let opened = flows::confirm(inner, &who, &code(&asked), true).await.unwrap();
        assert_eq!(opened.grant.id.as_str(), yes.grant);
        assert_eq!(used(&app, &yes.shared).await, "401 InvalidToken");
        let refreshed = app.client.refresh(&yes.shared.tokens.refresh.value).await;
        assert_eq!(MockApp::outcome(&refreshed), "401 InvalidToken");
        let new = exchanges(&app, &asked, &opened).await.unwrap();
        assert_eq!(app.lists(&new, &asked.session).await.unwrap().files.len(), 17);
        let old = app.client.list(&new.tokens.access.value, &session.key).await;
        assert_eq!(MockApp::outcome(&old), "404 SessionInvalid");
        assert_eq!(app.reads(&new).await.unwrap().1.files.len(), 17);
        assert_eq!((platform.rows("consent_grant").await, platform.rows("token_pair").await), (1, 1));
        assert_eq!(acts(&platform, &who).await, ["granted", "reauthorized"]);

        // Without its query the session stays where it is.
        let asked = asks_again(&app, &new).await;
        let opened = flows::confirm(inner, &who, &code(&asked), false).await.unwrap();
        let last = exchanges(&app, &asked, &opened).await.unwrap();
        let list = app.client.list(&last.tokens.access.value, &asked.session.key).await.unwrap();
        assert_eq!(list.status.state, consent_client::SyncState::Pending);
    }

    async fn a_stopped_grant_is_confirmed_and_stays_stopped(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let yes = ada.approves(&app).await;
        ada.stops(&yes).await;
        let who = in_person(&platform, &ada).await;
        let asked = asks_again(&app, &yes.shared).await;
        let opened = flows::confirm(&platform.inner, &who, &code(&asked), true).await.unwrap();
        let new = exchanges(&app, &asked, &opened).await.unwrap();
        assert_eq!(used(&app, &new).await, "403 GrantStopped");
        ada.resumes(&yes).await;
        assert_eq!(app.reads(&new).await.unwrap().1.files.len(), 17);
    }

    async fn a_grant_that_has_ended_is_not_confirmed_but_given_anew(platform: TestPlatform) {
        let app = platform.app("read").await;
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let yes = ada.approves(&app).await;
        ada.revokes(&yes).await;
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let asked = asks_again(&app, &yes.shared).await;
        assert!(matches!(flows::confirm(inner, &who, &code(&asked), true).await, Err(FlowError::Ended)));
        let eve = in_person(&platform, &eve).await;
        for refused in [
            flows::confirm(inner, &eve, &code(&asked), true).await,
            flows::approve(inner, &eve, &code(&asked), Answer::default()).await,
        ] {
            assert!(matches!(refused, Err(FlowError::Auth(consent_auth::AuthError::UnknownRequest))));
        }
        let opened = flows::approve(inner, &who, &code(&asked), Answer::default()).await.unwrap();
        assert_ne!(opened.grant.id.as_str(), yes.grant);
        assert_eq!(used(&app, &exchanges(&app, &asked, &opened).await.unwrap()).await, "ok");

        let declined = asks_again(&app, &yes.shared).await;
        flows::decline(inner, &who, &code(&declined)).await.unwrap();
        assert_eq!(acts(&platform, &who).await, ["granted", "revoked", "signalled", "granted", "declined"]);
    }

    async fn a_confirmation_sent_twice_is_one_and_the_first_code_used_ends_the_other(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let yes = ada.approves(&app).await;
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let asked = asks_again(&app, &yes.shared).await;
        let first = flows::confirm(inner, &who, &code(&asked), true).await.unwrap();
        let second = flows::confirm(inner, &who, &code(&asked), true).await.unwrap();
        let new = exchanges(&app, &asked, &second).await.unwrap();
        assert_eq!(exchanges(&app, &asked, &first).await.unwrap_err(), "400 InvalidGrant");
        assert_eq!(used(&app, &new).await, "ok");
        assert!(flows::confirm(inner, &who, &code(&asked), true).await.is_err(), "the code was used");
        assert_eq!(acts(&platform, &who).await, ["granted", "reauthorized"]);
    }

    async fn a_source_is_read_as_soon_as_it_is_connected(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let who = in_person(&platform, &ada).await;
        let account = flows::connect_sample(&platform.inner, &who, "ada", 16).await.unwrap();
        assert!(account.is_being_read_at(platform.clock.now()));
        is_left_alone(&platform, &who).await;
        let [read] = &accounts(&platform, &who).await[..] else { panic!("one account") };
        assert_eq!((read.finished_at, platform.rows("file").await), (Some(platform.clock.now()), 17));
        // Reading it again brings nothing new.
        platform.wait(TimeDelta::minutes(1));
        flows::read_now(&platform.inner, &who, &account.id).await.unwrap();
        is_left_alone(&platform, &who).await;
        let [read] = &accounts(&platform, &who).await[..] else { panic!("one account") };
        assert_eq!((read.finished_at, platform.rows("file").await), (Some(platform.clock.now()), 17));
        let denied = flows::read_now(&platform.inner, &locked(&who), &account.id).await;
        assert!(matches!(denied, Err(FlowError::Locked)));
        let eve = in_person(&platform, &platform.person("eve").await).await;
        assert!(flows::read_now(&platform.inner, &eve, &account.id).await.is_err());
    }

    async fn one_more_account_is_shared_once_however_often_it_is_chosen(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let yes = ada.approves(&app).await;
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let choice = SampleChoice { set: Some("ada".to_owned()), source: Some(16) };
        for (query, state) in
            [(true, consent_client::SyncState::Completed), (false, consent_client::SyncState::Pending)]
        {
            let options = ReferenceOptions { state: Some("s".to_owned()), ..ReferenceOptions::default() };
            let asked = app.client.reference(&yes.shared.tokens.access.value, &options).await.unwrap();
            let code = Secret::parse(SecretKind::ReferenceCode, asked.url_code.expose()).unwrap();
            let (request, account) = flows::onboard(inner, &who, &code, &choice, query).await.unwrap();
            assert_eq!((request.state.as_deref(), account.source_id), (Some("s"), 16));
            is_left_alone(&platform, &who).await;
            let list = app.client.list(&yes.shared.tokens.access.value, &asked.session.key).await.unwrap();
            assert_eq!(list.status.state, state);
            assert!(flows::onboard(inner, &who, &code, &choice, query).await.is_err(), "she answers once");
        }
        assert_eq!(platform.rows("account").await, 1);
        assert_eq!(acts(&platform, &who).await, ["granted", "onboarded"]);
        let asked = app.asks().await;
        let wrong = flows::onboard(inner, &who, &code(&asked), &choice, true).await;
        assert!(matches!(wrong, Err(FlowError::WrongKind)));
    }

    async fn an_account_that_cannot_be_read_any_more_is_renewed(platform: TestPlatform) {
        let app = platform.app("read").await;
        let other = app.another_contract(&platform, "read", "app-1", |_| {}).await;
        let ada = platform.person("ada").await;
        ada.connects(&[16, 18]).await;
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let [spotify, garmin] = &accounts(&platform, &who).await[..] else { panic!("two accounts") };
        let yes = ada.approves_with(&app, &json!({ "accounts": [spotify.id] })).await;
        let problem = r#"{"code":"ServiceAuthorizationError","statusCode":511,"message":"x","reauth":true}"#;
        platform.inner.db.execute_unprepared(&format!("UPDATE account SET problem = '{problem}'")).await.unwrap();
        let reference = async || {
            let access = &yes.shared.tokens.access.value;
            app.client.reference(access, &ReferenceOptions::default()).await.unwrap()
        };
        let handle = async |app: &MockApp, name: &str| {
            let handle = app.client.handle(HandleKind::Account, name).await.unwrap();
            Secret::parse(SecretKind::Handle, &handle).unwrap()
        };
        let asked = reference().await;
        let code = Secret::parse(SecretKind::ReferenceCode, asked.url_code.expose()).unwrap();
        let cloud = app.client.handle(HandleKind::Cloud, &spotify.entity_id).await.unwrap();
        for foreign in [
            handle(&app, &garmin.entity_id).await,
            handle(&other, &spotify.entity_id).await,
            handle(&app, "19_nobody").await,
            Secret::parse(SecretKind::Handle, &cloud).unwrap(),
        ] {
            let refused = flows::renew_account(inner, &who, &code, &foreign).await;
            assert!(matches!(refused, Err(FlowError::Auth(consent_auth::AuthError::UnknownHandle))));
        }
        let request = flows::question(inner, &who, &code).await.unwrap().request;
        let named = handle(&app, &spotify.entity_id).await;
        let (account, name) = flows::account_named(inner, &who, &request, &named).await.unwrap();
        assert_eq!(account.id, spotify.id);
        assert!(account.problem.is_some_and(|problem| problem.reauth) && name.is_some());
        let (_, name) = flows::account_named(inner, &locked(&who), &request, &named).await.unwrap();
        assert_eq!(name, None);
        flows::renew_account(inner, &who, &code, &named).await.unwrap();
        is_left_alone(&platform, &who).await;
        let [renewed, _] = &accounts(&platform, &who).await[..] else { panic!("two accounts") };
        assert_eq!(renewed.problem, None);
        let list = app.client.list(&yes.shared.tokens.access.value, &asked.session.key).await.unwrap();
        assert_eq!(list.files.len(), 17);

        // Its other public name will do as well, for an hour.
        let asked = reference().await;
        let code = Secret::parse(SecretKind::ReferenceCode, asked.url_code.expose()).unwrap();
        flows::renew_account(inner, &who, &code, &handle(&app, &spotify.reference).await).await.unwrap();
        is_left_alone(&platform, &who).await;
        platform.wait(TimeDelta::hours(1));
        let asked = reference().await;
        let code = Secret::parse(SecretKind::ReferenceCode, asked.url_code.expose()).unwrap();
        assert!(flows::renew_account(inner, &who, &code, &named).await.is_err(), "the handle is too old");
    }

    async fn a_store_that_a_request_names_is_kept_with_the_grant(platform: TestPlatform) {
        let app = platform.app("read").await;
        let ada = platform.person("ada").await;
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let handle = async |kind, value: &str| {
            Secret::parse(SecretKind::Handle, &app.client.handle(kind, value).await.unwrap()).unwrap()
        };
        let asked = app.asks().await;
        let account = handle(HandleKind::Account, "19_x").await;
        assert!(flows::keep_storage(inner, &code(&asked), &account).await.is_err());
        flows::keep_storage(inner, &code(&asked), &handle(HandleKind::Cloud, "store-1").await).await.unwrap();
        let question = flows::question(inner, &who, &code(&asked)).await.unwrap();
        assert_eq!(question.request.storage.as_deref(), Some("store-1"));
        let opened = flows::approve(inner, &who, &code(&asked), Answer::default()).await.unwrap();
        let kept = consent_grants::find_by_id(&inner.db, &opened.grant.id).await.unwrap();
        assert_eq!(kept.storage.as_deref(), Some("store-1"));
        let late = flows::keep_storage(inner, &code(&asked), &handle(HandleKind::Cloud, "store-2").await).await;
        assert!(late.is_err(), "it is answered");
    }

    async fn she_looks_into_her_library_newest_first(platform: TestPlatform) {
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        for name in ["one.txt", "two.txt", "three.txt"] {
            let _ = ada.uploads(name, "text/plain", format!("this is {name}")).await.ok();
            platform.wait(TimeDelta::seconds(1));
        }
        let page = flows::my_files(inner, &who, &Cursor::new(None, Some(2))).await.unwrap();
        let next = flows::my_files(inner, &who, &Cursor::new(page.next.clone(), Some(2))).await.unwrap();
        assert_eq!(next.next, None);
        let files: Vec<_> = page.items.iter().chain(&next.items).collect();
        let names: Vec<_> =
            files.iter().map(|mine| mine.metadata.as_ref().unwrap().file_name.as_deref().unwrap()).collect();
        assert_eq!(names, ["three.txt", "two.txt", "one.txt"]);
        let shut = flows::my_files(inner, &locked(&who), &Cursor::default()).await.unwrap();
        assert!(shut.items.len() == 3 && shut.items.iter().all(|mine| mine.metadata.is_none()));
        let wrong = flows::my_files(inner, &who, &Cursor::new(Some("x".to_owned()), None)).await;
        assert!(matches!(wrong, Err(FlowError::Library(LibraryError::Cursor))));

        let id = &files[1].file.id;
        let opened = flows::my_file(inner, &who, id).await.unwrap();
        let pieces: Vec<_> = opened.read(inner).await.unwrap().try_collect().await.unwrap();
        assert_eq!(pieces.concat(), b"this is two.txt");
        assert!(opened.account.is_none() && opened.metadata.mimetype == "text/plain");
        assert!(matches!(flows::my_file(inner, &locked(&who), id).await, Err(FlowError::Locked)));
        let eve = in_person(&platform, &eve).await;
        assert!(flows::my_files(inner, &eve, &Cursor::default()).await.unwrap().items.is_empty());
        let unknown = |error| matches!(error, FlowError::Library(LibraryError::NoFile(_)));
        assert!(unknown(flows::my_file(inner, &eve, id).await.unwrap_err()));
        assert!(unknown(flows::delete_file(inner, &eve, id).await.unwrap_err()));

        ada.connects(&[16]).await;
        let page = flows::my_files(inner, &who, &Cursor::default()).await.unwrap();
        let of_source = page.items.iter().find(|mine| mine.account.is_some()).unwrap();
        assert_eq!(of_source.account.as_ref().unwrap().source_id, 16);
    }

    async fn a_file_that_was_superseded_is_hers_to_see_no_more(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let old = flows::my_files(inner, &who, &Cursor::default()).await.unwrap().items.remove(0).file.id;
        let supersede = format!("UPDATE file SET superseded_at = updated_at WHERE id = '{old}'");
        inner.db.execute_unprepared(&supersede).await.unwrap();
        let gone = flows::my_file(inner, &who, &old).await;
        assert!(matches!(gone, Err(FlowError::Library(LibraryError::NoFile(_)))));
        assert_eq!(flows::my_files(inner, &who, &Cursor::default()).await.unwrap().items.len(), 16);
    }

    async fn a_file_she_deletes_is_gone_for_her_and_every_app(platform: TestPlatform) {
        let app = raw_app(&platform).await;
        let ada = platform.person("ada").await;
        ada.connects(&[255]).await;
        let _ = ada.uploads("notes.csv", "text/csv", "a;b").await.ok();
        let Yes { shared, .. } = ada.approves(&app).await;
        let (session, list) = app.reads(&shared).await.unwrap();
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let (own, brought) = own_and_brought(&platform, &who).await;
        assert!(list.files.iter().any(|file| file.name == own.name));
        let kept = flows::delete_file(inner, &who, &brought.id).await;
        assert!(matches!(kept, Err(FlowError::Choice { .. })), "that would come back with the next reading");
        flows::delete_file(inner, &locked(&who), &own.id).await.unwrap();
        let fetched = app.client.fetch(&shared.tokens.access.value, &session.key, &own.name).await;
        assert_eq!(MockApp::outcome(&fetched), "404 FileNotFound");
        assert!(inner.blobs.get(&own.library, &own.id).await.is_err(), "its bytes are gone");
        assert_eq!(platform.rows("doomed_blob").await, 0);
        for gone in [flows::delete_file(inner, &who, &own.id).await, flows::my_file(inner, &who, &own.id).await.map(|_| ())] {
            assert!(matches!(gone, Err(FlowError::Library(LibraryError::NoFile(_)))));
        }
        let (_, list) = app.reads(&shared).await.unwrap();
        assert!(list.files.iter().all(|file| file.name != own.name));
    }

    async fn the_blob_of_a_deleted_file_is_not_forgotten_by_a_crash(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        for name in ["one.txt", "two.txt"] {
            let _ = ada.uploads(name, "text/plain", name).await.ok();
        }
        let (who, inner) = (in_person(&platform, &ada).await, &platform.inner);
        let files = flows::my_files(inner, &who, &Cursor::default()).await.unwrap().items;
        for mine in &files {
            // The process ends between the transaction and the blob store.
            let tx = inner.db.begin_write().await.unwrap();
            consent_library::delete_file(&tx, &mine.file).await.unwrap();
            tx.commit().await.unwrap();
            assert!(inner.blobs.get(&mine.file.library, &mine.file.id).await.is_ok());
        }
        assert_eq!((platform.rows("file").await, platform.rows("doomed_blob").await), (0, 2));
        // One of them is gone already: the process ended before it could say so.
        inner.blobs.delete(&files[0].file.library, &files[0].file.id).await.unwrap();
        for _ in 0..2 {
            worker::sweep(inner).await.unwrap();
        }
        assert_eq!(platform.rows("doomed_blob").await, 0);
        for mine in &files {
            assert!(inner.blobs.get(&mine.file.library, &mine.file.id).await.is_err());
        }
    }
}

/// An app that reads raw files for as long as it may.
async fn raw_app(platform: &TestPlatform) -> MockApp {
    MockApp::register(platform, "read-raw", "app-1", |document| document["ongoing"] = true.into()).await
}

/// A file that she put there herself, and one that a source brought.
async fn own_and_brought(platform: &TestPlatform, who: &SignedIn) -> (File, File) {
    let files = flows::my_files(&platform.inner, who, &Cursor::default()).await.unwrap().items;
    let (own, brought): (Vec<_>, Vec<_>) = files.into_iter().partition(|mine| mine.account.is_none());
    (own[0].file.clone(), brought[0].file.clone())
}

mod slowly {
    use super::*;

    stories! {
        with |config| config.sandbox.sample_pace = "200ms".parse().unwrap();

        async fn reading_in_her_name_ends_with_her_sign_in(platform: TestPlatform) {
            let (app, ada) = (platform.app("read").await, platform.person("ada").await);
            let who = in_person(&platform, &ada).await;
            let account = flows::connect_sample(&platform.inner, &who, "ada", 18).await.unwrap();
            // Nobody else begins meanwhile.
            flows::read_now(&platform.inner, &who, &account.id).await.unwrap();
            while platform.rows("file").await == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let client = client(&platform, &app).await;
            let survey = flows::survey(&platform.inner, &who, &client).await.unwrap();
            assert!(survey.holders[0].reading);
            flows::sign_out(&platform.inner, &who).await.unwrap();
            is_left_alone(&platform, &who).await;
            let [left] = &accounts(&platform, &who).await[..] else { panic!("one account") };
            assert_eq!(left.finished_at, None);
            assert!(platform.rows("file").await < 45);
        }

        async fn reading_in_her_name_ends_after_five_minutes(platform: TestPlatform) {
            let ada = platform.person("ada").await;
            let who = in_person(&platform, &ada).await;
            flows::connect_sample(&platform.inner, &who, "ada", 18).await.unwrap();
            while platform.rows("file").await == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            platform.wait(TimeDelta::minutes(5));
            let files = platform.rows("file").await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert!(platform.rows("file").await - files <= 12, "at most the page that was on its way");
            let [left] = &accounts(&platform, &who).await[..] else { panic!("one account") };
            assert_eq!(left.finished_at, None);
        }
    }
}

mod outside_the_sandbox {
    use super::*;

    stories! {
        with |config| config.server.sandbox = false;

        async fn nothing_is_offered(platform: TestPlatform) {
            let ada = platform.person("ada").await;
            let who = in_person(&platform, &ada).await;
            let offers = flows::offers(&platform.inner, None, &who, &OfferFilter::default()).await.unwrap();
            assert!(offers.is_empty());
        }
    }
}
