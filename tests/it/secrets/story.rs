//! The longest story, and everything that anybody in it keeps secret.

use consent_client::{AuthorizeOptions, CodeVerifier, Session, Tokens, reqwest::Method};
use consent_core::{FileId, GrantId, LibraryId, ShelfId};
use consent_crypto::{
    DropKey, Key, KeyPurpose, Secret, SecretKind, SlotContext,
    seal::open_sealed,
    slot::{unwrap_bytes, unwrap_key},
};
use consent_gateway::flows::{self, Claimed};
use consent_library::{GrantKey, LibraryKey, Opener, SlotKind};
use harness::{HtmlForm, MockApp, Part, Person, TestPlatform, Visit, Web, Yes, fixture};
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::json;

use super::needles::Needles;

/// What she is called.
pub const NAME: &str = "Ada Planted-Lindqvist";
const NEW_PASSWORD: &str = "incorrect zebra accumulator";
const LAST_PASSWORD: &str = "inconvenient yak capacitor";
const WRONG_PASSWORD: &str = "misremembered walrus inductor";
/// Typed into forms: a password, a wrong one, and two new ones.
const TYPED: [&str; 4] = [
    "unrepeated umbrella resistor",
    "unremembered urchin rectifier",
    "unreported ukulele transistor",
    "unretrieved upholstery relay",
];
/// Stands in her own files, in the name of one, and in the samples.
const PLANTED: [&str; 8] = [
    "planted in the raw file",
    "planted in the mapped file",
    "planted-in-the-file-name",
    "planted in the last file",
    "CARD THIRD LADDER BOOKS",
    "a harbour chart gets drawn",
    "ada_on_the_quay",
    "skerrow-last-evening",
];

/// What is left of the story when it is over.
pub struct Story {
    /// What nobody else is to find anywhere.
    pub secrets: Needles,
    /// What the database may hold in clear.
    pub email: String,
    /// A grant that was stopped.
    pub grant: String,
}

/// Tells it.
pub async fn tell(platform: &TestPlatform) -> Story {
    let mut secrets = Needles::default();
    for planted in PLANTED {
        secrets.text("planted text", planted);
    }
    secrets.token("the operator token", platform.operator().token());
    let registered = platform.operator().registers_app("Tidemark").await;
    let mapped = MockApp::with_contract(platform, &registered, "read", "app-1", |_| {}).await;
    let raw = MockApp::with_contract(platform, &registered, "read-raw", "app-2", |document| {
        document["ongoing"] = true.into();
        document["scope"] = json!({ "criteria": [] });
    })
    .await;
    secrets.token("an API key", &mapped.api_key);
    secrets.pem("a private key", &mapped.private_key);
    secrets.pem("a private key", &raw.private_key);

    let mut ada = sign_up(platform, &mut secrets).await;
    ada.connects(&[1, 3]).await;
    let raw_content = format!("once upon a time, {} among other things", PLANTED[0]);
    let _ = ada.uploads(&format!("{}.txt", PLANTED[2]), "text/plain", raw_content).await.ok();
    let own = fixture("samples/own/transactions.json").replace("Third Ladder Books", PLANTED[1]);
    let _ = ada.uploads("transactions.json", "application/json", own).await.ok();

    let first = approve(&ada, &mapped, &mut secrets).await;
    let second = approve(&ada, &raw, &mut secrets).await;
    reads(&mapped, &first, &mut secrets).await;
    reads(&raw, &second, &mut secrets).await;
    mapped.client.accounts(&first.shared.tokens.access.value).await.unwrap();
    let refreshed = mapped.client.refresh(&first.shared.tokens.refresh.value).await.unwrap();
    keep_tokens(&refreshed, &mut secrets);
    let first = with_tokens(&first, refreshed);
    keep_keys(platform, &ada, &[(&mapped, &first), (&raw, &second)], &mut secrets).await;

    ada.stops(&first).await;
    assert!(mapped.reads(&first.shared).await.is_err());
    ada.resumes(&first).await;
    change_passwords(platform, &mut ada, &mut secrets).await;
    ada.revokes(&second).await;
    assert!(raw.client.refresh(&second.shared.tokens.refresh.value).await.is_err());
    let _ = ada.uploads("last.txt", "text/plain", PLANTED[3]).await.ok();
    reads(&mapped, &first, &mut secrets).await;

    goes_by_the_pages(platform, &mapped, &mut secrets).await;

    let shared = mapped.onboards(platform, &[16, 18]).await;
    keep_tokens(&shared.tokens, &mut secrets);
    keep_session(&shared.session, &mut secrets);
    Story { secrets, email: ada.email, grant: first.grant }
}

async fn sign_up<'p>(platform: &'p TestPlatform, secrets: &mut Needles) -> Person<'p> {
    let ada = platform.person("planted-ada").await;
    secrets.text("a password", Person::PASSWORD);
    secrets.token("a sign-in", &ada.token);
    keep_recovery_code(&ada.recovery_code, secrets);
    let body = json!({ "email": "planted-eve@example.org", "password": Person::PASSWORD, "name": NAME });
    let _ = platform.call(Method::POST, "/api/v1/sign-up", None, Some(&body)).await.ok();
    ada
}

/// Approves by hand, to see all that passes.
async fn approve(ada: &Person<'_>, app: &MockApp, secrets: &mut Needles) -> Yes {
    let options = AuthorizeOptions { state: "a state".to_owned(), ..AuthorizeOptions::default() };
    let asked = app.client.authorize(&options).await.unwrap();
    secrets.token("a preauthorization code", asked.url_code.expose());
    let (grant, callback) =
        ada.answers(&asked, &json!({ "ownFiles": true, "accounts": accounts(ada).await })).await;
    let code = asked.answer(&callback).unwrap();
    secrets.token("a code", code.expose());
    secrets.text("a verifier", asked.code_verifier.expose());
    let wrong = CodeVerifier::from("x".repeat(43));
    assert!(app.client.exchange(&code, &wrong).await.is_err());
    let tokens = app.client.exchange(&code, &asked.code_verifier).await.unwrap();
    assert!(app.client.exchange(&code, &asked.code_verifier).await.is_err());
    keep_tokens(&tokens, secrets);
    keep_session(&asked.session, secrets);
    Yes { grant, shared: harness::Shared { tokens, session: asked.session.clone(), callback } }
}

async fn accounts(ada: &Person<'_>) -> Vec<String> {
    let list = ada.call(Method::GET, "/me/accounts", None).await.ok();
    let accounts = list["items"].as_array().expect("a list");
    accounts.iter().map(|account| account["id"].as_str().expect("an id").to_owned()).collect()
}

async fn reads(app: &MockApp, yes: &Yes, secrets: &mut Needles) {
    let (session, list) = app.reads(&yes.shared).await.unwrap();
    keep_session(&session, secrets);
    assert!(!list.files.is_empty());
    for file in list.files.iter().take(3) {
        app.client.fetch(&yes.shared.tokens.access.value, &session.key, &file.name).await.unwrap();
    }
}

async fn change_passwords(platform: &TestPlatform, ada: &mut Person<'_>, secrets: &mut Needles) {
    for password in [NEW_PASSWORD, LAST_PASSWORD, WRONG_PASSWORD] {
        secrets.text("a password", password);
    }
    let body = json!({ "oldPassword": Person::PASSWORD, "newPassword": NEW_PASSWORD });
    let changed = ada.call(Method::POST, "/me/password", Some(&body)).await;
    assert_eq!(changed.status, 204);
    assert_eq!(ada.signs_in(WRONG_PASSWORD).await.status, 401);
    let _ = ada.signs_in(NEW_PASSWORD).await.ok();
    secrets.token("a sign-in", &ada.token);
    let body = json!({ "password": NEW_PASSWORD });
    let made = ada.call(Method::POST, "/me/recovery-code", Some(&body)).await.ok();
    let code = made["recoveryCode"].as_str().unwrap();
    keep_recovery_code(code, secrets);
    let body = json!({ "email": ada.email, "recoveryCode": code, "newPassword": LAST_PASSWORD });
    let recovered = platform.call(Method::POST, "/api/v1/recover", None, Some(&body)).await.ok();
    recovered["token"].as_str().unwrap().clone_into(&mut ada.token);
    secrets.token("a sign-in", &ada.token);
}

/// Somebody else does all that with her browser, page by page.
async fn goes_by_the_pages(platform: &TestPlatform, app: &MockApp, secrets: &mut Needles) {
    for password in TYPED {
        secrets.text("a typed password", password);
    }
    let email = "planted-pat@example.org";
    let web = Web::new(platform);
    let form = web.get("/sign-up").await.form("/sign-up");
    keep_what_the_browser_has(&web, &form, secrets);
    let typed = form.with("name", NAME).with("email", email).with("password", TYPED[0]);
    keep_shown_code(&web.submits(&typed).await, secrets);
    let web = Web::new(platform);
    assert_eq!(web.signs_in(email, TYPED[1]).await.status, 401);
    assert_eq!(web.signs_in(email, TYPED[0]).await.status, 303);
    keep_what_the_browser_has(&web, &web.get("/security").await.form("/sign-out"), secrets);

    let csrf = Part::field("csrf", &web.csrf().await);
    let now = platform.inner.ambient.now().timestamp_millis() - 60_000;
    let bought = json!([{
        "id": "p1", "createddate": now, "amount": 1, "currency": "EUR", "merchantname": PLANTED[1],
    }]);
    let files = [
        csrf,
        Part::file(&format!("{}.txt", PLANTED[2]), "text/plain", PLANTED[0]),
        Part::file("transactions.json", "application/json", bought.to_string()),
    ];
    assert_eq!(web.uploads("/library/files", &files).await.status, 303);
    let library = web.get("/library").await;
    assert!(library.shows(PLANTED[2]), "who looks does find");
    for tag in library.tags().iter().filter(|tag| tag.get("href").starts_with("/library/files/")) {
        for page in ["", "/content", "/delete"] {
            assert_eq!(web.get(&format!("{}{page}", tag.get("href"))).await.status, 200);
        }
    }

    let options = AuthorizeOptions { state: "a state".to_owned(), ..AuthorizeOptions::default() };
    let asked = app.client.authorize(&options).await.unwrap();
    secrets.token("a preauthorization code", asked.url_code.expose());
    let page = web.get(asked.consent_url(&[("triggerQuery", "true")]).as_str()).await.location().unwrap();
    let question = web.get(&page).await;
    assert!(question.shows(PLANTED[1]), "she has a look before she decides");
    keep_what_the_browser_has(&web, &question.form(&page), secrets);
    let yes = web.submits(&question.form(&page).pressing("answer", "accept")).await;
    let again = web.submits(&question.form(&page).pressing("answer", "accept")).await;
    for answer in [yes, again.clone()] {
        secrets.token("a code", asked.answer(&answer.back_at_the_app()).unwrap().expose());
    }
    let code = asked.answer(&again.back_at_the_app()).unwrap();
    keep_tokens(&app.client.exchange(&code, &asked.code_verifier).await.unwrap(), secrets);
    keep_session(&asked.session, secrets);
    secrets.text("a verifier", asked.code_verifier.expose());

    for (old, new) in [(TYPED[1], TYPED[2]), (TYPED[0], TYPED[2])] {
        let typed = |form: HtmlForm| form.with("oldPassword", old).with("newPassword", new);
        web.fills("/security", "/security/password", typed).await;
    }
    let typed = |form: HtmlForm| form.with("password", TYPED[2]);
    let code = keep_shown_code(&web.fills("/security", "/security/recovery-code", typed).await, secrets);
    web.fills("/security", "/sign-out", |form| form).await;
    let form = web.get("/recover").await.form("/recover").with("email", email).with("recoveryCode", &code);
    assert_eq!(web.submits(&form.with("password", TYPED[3])).await.status, 303);
    keep_what_the_browser_has(&web, &web.get("/security").await.form("/sign-out"), secrets);
}

/// Her cookies, and what a form of hers carries.
fn keep_what_the_browser_has(web: &Web<'_>, form: &HtmlForm, secrets: &mut Needles) {
    secrets.text("the token of a form", form.value("csrf").expect("a token"));
    for (name, value) in web.all_cookies() {
        match name.as_str() {
            Web::SIGN_IN => secrets.token("a sign-in", &value),
            _ => secrets.text("a cookie", &value),
        }
    }
}

/// The recovery code on a page.
fn keep_shown_code(page: &Visit, secrets: &mut Needles) -> String {
    let text = page.text();
    let code = text.split(' ').find(|word| word.len() > 30 && word.contains('-'));
    let code = code.unwrap_or_else(|| panic!("no recovery code: {text}")).to_owned();
    keep_recovery_code(&code, secrets);
    code
}

fn keep_recovery_code(code: &str, secrets: &mut Needles) {
    secrets.text("a recovery code", code);
    secrets.text("a recovery code", &code.replace('-', ""));
}

fn keep_tokens(tokens: &Tokens, secrets: &mut Needles) {
    secrets.token("an access token", tokens.access.value.expose());
    secrets.token("a refresh token", tokens.refresh.value.expose());
}

fn keep_session(session: &Session, secrets: &mut Needles) {
    secrets.token("a session key", session.key.expose());
}

fn with_tokens(yes: &Yes, tokens: Tokens) -> Yes {
    let mut yes = yes.clone();
    yes.shared.tokens = tokens;
    yes
}

/// Every key that opens something, opened by hand.
async fn keep_keys(
    platform: &TestPlatform,
    ada: &Person<'_>,
    grants: &[(&MockApp, &Yes)],
    secrets: &mut Needles,
) {
    let (db, now) = (&platform.inner.db, platform.inner.ambient.now());
    for purpose in
        [KeyPurpose::Pepper, KeyPurpose::Deduplication, KeyPurpose::Unattended, KeyPurpose::Sandbox]
    {
        secrets.bytes("a key of the server", platform.inner.keys.key(purpose).expose());
    }
    for file in std::fs::read_dir(platform.inner.config.keys_dir()).unwrap() {
        let pem = std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
        secrets.pem("a key of the server", &pem);
    }
    let token = Secret::parse(SecretKind::SignIn, &ada.token).unwrap();
    let sign_in = consent_people::find_sign_in(db, &token, now).await.unwrap().unwrap();
    let (holder, opener) = (sign_in.id.as_str(), Opener::Secret(&token));
    let key: LibraryKey =
        consent_library::open_slot(db, SlotKind::SignIn, holder, opener, now).await.unwrap();
    secrets.bytes("a library key", key.key().expose());
    let library = consent_library::find_library(db, &sign_in.person).await.unwrap().id;
    keep_shelves(platform, &library, key.key(), secrets).await;
    for (app, yes) in grants {
        let grant: GrantId = yes.grant.parse().unwrap();
        let token = Secret::parse(SecretKind::AccessToken, yes.shared.tokens.access.value.expose()).unwrap();
        let client = format!("{}_{}", app.id, app.contract_id);
        let claimed = Claimed { client_id: &client, token: Some(token.clone()), ..Claimed::default() };
        let (_, standing) = flows::look_up(&platform.inner, claimed).await.unwrap();
        let pair = standing.pair.unwrap();
        assert_eq!(pair.grant, grant);
        let (holder, opener) = (pair.id.as_str(), Opener::Secret(&token));
        let key: GrantKey =
            consent_library::open_slot(db, SlotKind::Access, holder, opener, now).await.unwrap();
        secrets.bytes("a grant key", key.key().expose());
    }
}

async fn keep_shelves(platform: &TestPlatform, library: &LibraryId, key: &Key, secrets: &mut Needles) {
    let query = format!(
        "SELECT id, read_wrapped, connect_wrapped, drop_wrapped FROM shelf WHERE library_id = '{library}'"
    );
    let shelves = query_all(platform, &query).await;
    assert_eq!(shelves.len(), 3);
    for row in shelves {
        let id: ShelfId = row.try_get_by_index::<String>(0).unwrap().parse().unwrap();
        let wrapped = |column| row.try_get_by_index::<Vec<u8>>(column).unwrap();
        let place = |kind| SlotContext {
            kind,
            library: library.as_str(),
            row: id.as_str(),
            owner: library.as_str(),
            not_after: None,
        };
        let read = unwrap_key(key, &place("shelf_read"), &wrapped(1)).unwrap();
        let connect = unwrap_key(key, &place("shelf_connect"), &wrapped(2)).unwrap();
        let drop = unwrap_bytes(&read, &place("shelf_drop"), &wrapped(3)).unwrap();
        secrets.bytes("the read key of a shelf", read.expose());
        secrets.bytes("the connect key of a shelf", connect.expose());
        secrets.bytes("the drop key of a shelf", &drop);
        keep_files(platform, library, &id, &DropKey::from_slice(&drop).unwrap(), secrets).await;
    }
}

async fn keep_files(
    platform: &TestPlatform,
    library: &LibraryId,
    shelf: &ShelfId,
    drop: &DropKey,
    secrets: &mut Needles,
) {
    let files =
        query_all(platform, &format!("SELECT id, sealed_key FROM file WHERE shelf_id = '{shelf}'")).await;
    assert!(!files.is_empty());
    for row in files {
        let id: FileId = row.try_get_by_index::<String>(0).unwrap().parse().unwrap();
        let sealed: Vec<u8> = row.try_get_by_index(1).unwrap();
        let place = [library.as_str().as_bytes(), shelf.as_str().as_bytes(), id.as_str().as_bytes()];
        secrets.bytes("the key of a file", &open_sealed(drop, &place, &sealed).unwrap());
    }
}

async fn query_all(platform: &TestPlatform, query: &str) -> Vec<QueryResult> {
    let db = &platform.inner.db;
    db.query_all_raw(Statement::from_string(db.get_database_backend(), query)).await.unwrap()
}
