//! What stands in her library, and whatever it says, is shown to her as words.

use consent_client::reqwest::Method;
use harness::{MockApp, Part, Person, Visit, Web, stories};
use serde_json::{Value, json};

use super::Asking;

/// Words that would be more than words if a page let them.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</title></textarea></pre></details><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% if x %}",
    "<!--",
    "]]>",
    "javascript:alert(1)",
    "&lt;script&gt;&#60;",
    "\u{202e}\u{2066}\u{200b}\u{feff}",
    "\u{fffd}\u{fffe}\u{1f469}\u{200d}\u{1f692}",
];

/// Whether a page shows these words as words.
fn is_harmless(page: &Visit, words: &str) {
    assert_eq!(page.status, 200, "{words:?}: {}", page.text());
    for tag in page.tags() {
        assert!(
            !["script", "iframe", "object", "base", "style"].contains(&tag.name.as_str()),
            "{words:?}: {tag:?}"
        );
        assert!(tag.name != "img" || tag.get("src").starts_with('/'), "{words:?}: {tag:?}");
        assert!(tag.attributes.keys().all(|name| !name.starts_with("on")), "{words:?}: {tag:?}");
    }
}

/// Transactions of this month that say such a thing wherever they can.
fn transactions(words: &str) -> String {
    let objects: Vec<Value> = (1..=3)
        .map(|n| {
            let mut object = json!({
                "id": format!("x{n}"), "createddate": 1_777_623_265_000_i64 + n, "amount": n, "currency": words,
                "merchantname": words, "description": words, "category": words,
            });
            object[words] = words.into();
            object["inner"] = json!({ words: words });
            object
        })
        .collect();
    serde_json::to_string(&objects).unwrap()
}

fn ids(page: &Visit) -> Vec<String> {
    let links = page.body.split("href=\"/library/files/").skip(1);
    links.map(|link| link.split('"').next().unwrap().to_owned()).collect()
}

async fn uploads(web: &Web<'_>, name: &str, media_type: &str, content: &str) {
    let csrf = Part::field("csrf", &web.csrf().await);
    let visit = web.uploads("/library/files", &[csrf, Part::file(name, media_type, content)]).await;
    assert_eq!(visit.status, 303, "{name}: {}", visit.text());
}

stories! {
    async fn whatever_a_file_says_is_words(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let web = Web::of(&platform, &ada);
        let raw = MockApp::register(&platform, "read-raw", "app-2", |document| document["scope"] = json!({})).await;
        for words in HOSTILE {
            uploads(&web, "transactions.json", "application/json", &transactions(words)).await;
            let name = words.replace(['/', '\\', '"'], "_");
            uploads(&web, &name, "text/csv", &format!("{words};{words}\n")).await;
            let list = json!([{ words.to_owned(): [words, 1] }]).to_string();
            uploads(&web, "list.json", "application/json", &list).await;
            uploads(&web, "page.html", "text/html", words).await;
        }
        let library = web.get("/library").await;
        is_harmless(&library, "the list");
        let all = ids(&library);
        assert!(all.len() > 4 * HOSTILE.len() - 5, "{}", all.len());
        for id in all {
            is_harmless(&web.get(&format!("/library/files/{id}")).await, &id);
            is_harmless(&web.get(&format!("/library/files/{id}/delete")).await, &id);
        }
        for app in [platform.app("read").await, raw] {
            let asking = Asking::of(&platform, &ada, app).await;
            let shown = asking.web.get(&asking.page).await;
            is_harmless(&shown, "a peek");
            assert!(shown.body.contains("<details"), "there is something to see");
        }
    }

    async fn whatever_an_app_or_a_person_is_called_is_words(platform: TestPlatform) {
        for (number, words) in HOSTILE.iter().enumerate() {
            let web = Web::new(&platform);
            let email = format!("x{number}@example.org");
            let typed = |form: harness::HtmlForm| {
                form.with("name", words).with("email", &email).with("password", Person::PASSWORD)
            };
            let visit = web.fills("/sign-up", "/sign-up", typed).await;
            is_harmless(&visit, words);
            let app = json!({ "name": words, "contact": "a@b.example", "description": words });
            let app = platform.operator().call(Method::POST, "/apps", Some(&app)).await;
            if app.status == 422 {
                continue;
            }
            let app = app.ok();
            let app = MockApp::with_contract(&platform, &app, "read-optional", "app-1", |document| {
                document["name"] = (*words).into();
                document["purpose"] = json!({ "summary": words, "details": format!("{words}\n\n{words}") });
                document["will"] = json!([words]);
                document["willNot"] = json!([words]);
                document["sharing"] = json!({ "thirdParties": true, "recipients": [words], "text": words });
            });
            let app = app.await;
            let connected = web.fills("/library", "/library/accounts", |form| form.with("source", "17")).await;
            assert_eq!(connected.status, 303);
            let page = super::arrives(&web, &app.asks().await.consent_url(&[])).await;
            is_harmless(&web.get(&page).await, words);
            is_harmless(&web.get(&format!("{page}/add")).await, words);
            web.fills(&page, &page, |form| form.pressing("answer", "accept")).await.back_at_the_app();
            let console = web.get("/console").await;
            is_harmless(&console, words);
            let stop = console.tags().into_iter().find(|tag| tag.get("href").ends_with("/stop")).unwrap();
            let grant = stop.get("href").trim_end_matches("/stop");
            for part in ["", "/stop", "/revoke", "/erase", "/shorten", "/contract", "/history", "/messages"] {
                is_harmless(&web.get(&format!("{grant}{part}")).await, words);
            }
            let agent = Web::new(&platform).saying("user-agent", "\"><img src=x onerror=alert(1)>");
            agent.signs_in(&email, Person::PASSWORD).await;
            is_harmless(&web.get("/security").await, words);
        }
    }

    async fn a_list_of_one_and_twenty_is_counted_in_words(platform: TestPlatform) {
        let web = Web::of(&platform, &platform.person("ada").await);
        let list: Vec<u8> = (0..21).collect();
        let content = json!([{ "name": "a", "one": [1], "many": list }]).to_string();
        uploads(&web, "list.json", "application/json", &content).await;
        let id = ids(&web.get("/library").await).remove(0);
        let shown = web.get(&format!("/library/files/{id}")).await;
        assert!(shown.shows("1 entry") && shown.shows("21 entries"), "{}", shown.text());
    }

    async fn a_deleted_file_is_gone_from_everywhere(platform: TestPlatform) {
        let (ada, eve) = (platform.person("ada").await, platform.person("eve").await);
        let app = MockApp::register(&platform, "read-raw", "app-1", |document| {
            document["ongoing"] = true.into();
            document["scope"] = json!({});
        });
        let app = app.await;
        let web = Web::of(&platform, &ada);
        uploads(&web, "keep.txt", "text/plain", "kept").await;
        uploads(&web, "gone.txt", "text/plain", "gone").await;
        let yes = ada.approves(&app).await;
        let (session, list) = app.reads(&yes.shared).await.unwrap();
        assert_eq!(list.files.len(), 2);
        let library = web.get("/library").await;
        let gone = library.tags().into_iter().zip(1..).find_map(|(tag, _)| {
            let id = tag.get("href").strip_prefix("/library/files/")?.to_owned();
            library.body.contains(&format!("{id}\" dir=\"auto\">gone.txt")).then_some(id)
        });
        let gone = gone.unwrap();
        let path = format!("/library/files/{gone}/delete");
        let form = web.get(&path).await.form(&path);

        let hers = Web::of(&platform, &eve);
        assert_eq!(hers.get(&path).await.status, 404);
        let stolen = form.clone().with("csrf", &hers.csrf().await);
        assert_eq!(hers.submits(&stolen).await.status, 404);
        assert_eq!(platform.rows("file").await, 2);

        let visit = web.submits(&form).await;
        assert_eq!((visit.status, visit.location().as_deref()), (303, Some("/library?said=deleted")));
        for page in ["", "/content", "/delete"] {
            assert_eq!(web.get(&format!("/library/files/{gone}{page}")).await.status, 404);
        }
        assert_eq!(web.submits(&form).await.status, 404, "twice");
        let left = web.get("/library").await;
        assert!(left.shows("keep.txt") && !left.shows("gone.txt"));
        assert_eq!((platform.rows("file").await, platform.rows("doomed_blob").await), (1, 0));
        let access = &yes.shared.tokens.access.value;
        for file in &list.files {
            let fetched = app.client.fetch(access, &session.key, &file.name).await;
            let expected = if file.name.contains(&gone) { "404 FileNotFound" } else { "ok" };
            assert_eq!(MockApp::outcome(&fetched), expected);
        }
        assert_eq!(app.reads(&yes.shared).await.unwrap().1.files.len(), 1);
    }

    async fn what_a_source_brought_is_not_hers_to_delete(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let web = Web::of(&platform, &ada);
        let id = ids(&web.get("/library").await).remove(0);
        let shown = web.get(&format!("/library/files/{id}")).await;
        assert!(!shown.body.contains("/delete"), "it is not offered");
        let before = platform.contents().await;
        let csrf = web.csrf().await;
        let refused = web.post(&format!("/library/files/{id}/delete"), &[("csrf", &csrf)]).await;
        assert_eq!((refused.status, refused.location()), (422, None), "{}", refused.text());
        platform.holds_the_same(&before).await;
        assert_eq!(web.get(&format!("/library/files/{id}")).await.status, 200);
        let asked = web.get(&format!("/library/files/{id}/delete")).await;
        assert_ne!(asked.status, 200, "who cannot is not asked whether to: {}", asked.text());
    }
}
