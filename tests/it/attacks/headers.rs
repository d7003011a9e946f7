//! What every answer carries, whoever asks and whatever comes of it.

use consent_client::reqwest::{Method, header::HeaderMap};
use harness::{Engine, HtmlForm, MockApp, Person, Place, TestPlatform, Visit, Web, stories};

const NEW: &str = "another good password";

/// The headers of an answer, without what differs from one to the next.
fn headers(visit: &Visit) -> String {
    let new = ["x-request-id", "x-error-reference", "date", "content-length"];
    let mut lines: Vec<_> = visit
        .headers
        .iter()
        .filter(|(name, _)| !new.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", without_secret(name.as_str(), value.to_str().unwrap())))
        .collect();
    lines.sort_unstable();
    format!("{}\n{}\n", visit.status, lines.join("\n"))
}

fn without_secret(name: &str, value: &str) -> String {
    match (name, value.split_once('='), value.split_once(';')) {
        ("set-cookie", Some((name, _)), Some((_, attributes))) => format!("{name}=…;{attributes}"),
        _ => value.to_owned(),
    }
}

fn hsts(headers: &HeaderMap) -> bool {
    headers.contains_key("strict-transport-security")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_headers_of_each_kind_of_answer_behind_tls() {
    let place = Place::new(Engine::Sqlite).await.expect("SQLite is built in");
    let public = [("CONSENT_SERVER__PUBLIC_URL", "https://consent.example.org")];
    let process = place.start(env!("CARGO_BIN_EXE_gateway-under-test"), &["--sandbox"], &public).unwrap();
    let platform = TestPlatform::at(&process, &place).await;
    let ada = platform.person("ada").await;
    let kept = ada.uploads("diary.txt", "text/plain", "dear diary").await.ok();
    let file = kept["files"][0]["id"].as_str().unwrap();
    let web = Web::new(&platform);
    let form = web.get("/sign-in").await;
    let typed = form.form("/sign-in").with("email", &ada.email).with("password", Person::PASSWORD);
    let wrong = web.submits(&typed.clone().with("password", NEW)).await;
    let signed_in = web.submits(&typed).await;
    let mut all = Vec::new();
    for (what, visit) in [
        ("a page", form),
        ("a form that was wrong", wrong),
        ("a form that was right", signed_in),
        ("a form from elsewhere", Web::new(&platform).post("/sign-in", &[]).await),
        ("a page of hers", web.get("/console").await),
        ("a file of hers", web.get(&format!("/library/files/{file}/content")).await),
        ("no page", web.get("/nothing").await),
        ("a wrong link", web.get("/apps/saas/authorize?code=x").await),
        ("a query that cannot be read", web.get("/apps/saas/authorize?code=x&code=y").await),
        ("a wrong method", web.sends(web.request(Method::PUT, "/console")).await),
        ("nobody", Web::new(&platform).get("/console").await),
        ("the style sheet", web.get("/assets/style.css").await),
        ("the API", web.get("/api/v1/sources").await),
        ("a refusal of the API", web.get("/api/v1/me").await),
        ("a refusal of digi.me's door", web.get("/v1.7/permission-access/accounts").await),
        ("keys", web.get("/jwks/oauth").await),
        ("health", web.get("/healthz").await),
    ] {
        assert!(hsts(&visit.headers), "{what}");
        all.push(format!("== {what}\n{}", headers(&visit)));
    }
    insta::assert_snapshot!(all.join("\n"));
}

stories! {
    async fn no_form_is_answered_with_a_redirect_that_repeats_it(platform: TestPlatform) {
        let app = platform.app("read").await;
        let web = Web::new(&platform);
        let typed = |form: HtmlForm| form.with("email", "ada@example.org").with("password", Person::PASSWORD);
        let mut answers =
            vec![web.fills("/sign-up", "/sign-up", |form| typed(form).with("name", "Ada")).await];
        let shown = answers[0].text();
        let code = shown.split_whitespace().find(|word| word.matches('-').count() > 3).unwrap().to_owned();
        answers.push(web.fills("/security", "/sign-out", |form| form).await);
        answers.push(web.fills("/sign-in", "/sign-in", typed).await);
        let source = |form: &HtmlForm| form.value("source") == Some("16");
        let add = web.get("/library").await.forms().into_iter().find(source).unwrap();
        answers.push(web.submits(&add).await);
        for answer in ["accept", "decline"] {
            let asked = app.asks().await;
            let page = web.get(asked.consent_url(&[]).as_str()).await;
            answers.push(page.clone());
            let page = page.location().unwrap();
            answers.push(web.fills(&page, &page, |form| form.pressing("answer", answer)).await);
        }
        for verb in ["/stop", "/resume"] {
            let body = web.get("/console").await.body;
            let page = body.split('"').find(|link| link.ends_with(verb)).unwrap().to_owned();
            answers.push(web.fills(&page, &page, |form| form).await);
        }
        let body = web.get("/console").await.body;
        let stop = body.split('"').find(|link| link.ends_with("/stop")).unwrap();
        let page = stop.replace("/stop", "/revoke");
        answers.push(web.fills(&page, &page, |form| form).await);
        let everything = "/console/revoke-everything";
        let proves = |form: HtmlForm| form.with("password", Person::PASSWORD);
        answers.push(web.fills(everything, everything, proves).await);
        let change = |form: HtmlForm| form.with("oldPassword", Person::PASSWORD).with("newPassword", NEW);
        answers.push(web.fills("/security", "/security/password", change).await);
        let other = Web::new(&platform);
        let recovers = |form: HtmlForm| {
            form.with("email", "ada@example.org").with("recoveryCode", &code).with("password", NEW)
        };
        answers.push(other.fills("/recover", "/recover", recovers).await);
        let statuses: Vec<_> = answers.iter().map(|visit| visit.status).collect();
        assert_eq!(statuses, [200, 303, 303, 303, 303, 303, 303, 303, 303, 303, 303, 303, 303, 303]);
        for visit in &answers {
            let leads_on = visit.location().unwrap_or_default();
            assert!(!leads_on.contains(NEW) && !leads_on.contains(&code), "{leads_on}");
            assert!(!leads_on.contains(&Person::PASSWORD.replace(' ', "+")), "{leads_on}");
            assert!(visit.bytes.is_empty() || visit.status == 200);
        }
        let app_got = answers
            .iter()
            .filter(|visit| visit.location().is_some_and(|to| to.starts_with(MockApp::CALLBACK)));
        assert_eq!(app_got.count(), 2);
    }
}
