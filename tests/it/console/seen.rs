//! What she sees: searches, accesses, what apps were told and answered, receipts, and files to take away.

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use consent_events::verify_export;
use consent_gateway::worker;
use harness::{MockApp, Receiver, Web, stories};
use serde_json::{Value, json};

use super::{agreed, fetches, page_of};

stories! {
    async fn a_search_finds_by_app_contract_and_purpose_page_by_page(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        ada.connects(&[16]).await;
        let diary = platform.app("read").await;
        let shop = platform.operator().registers_app("Fair Fare").await;
        let budget = MockApp::with_contract(&platform, &shop, "read-optional", "app-2", |_| {}).await;
        for _ in 0..22 {
            ada.approves(&diary).await;
        }
        let stopped = ada.approves(&budget).await;
        ada.stops(&stopped).await;
        let web = Web::of(&platform, &ada);
        let found = async |query: &str| {
            let page = web.get(&format!("/console{query}")).await;
            assert_eq!(page.status, 200, "{query}: {}", page.text());
            page.body.matches("<li class=\"card\">").count()
        };
        assert_eq!((found("").await, found("?q=").await), (20, 20));
        assert_eq!((found("?q=FARE").await, found("?q=fair+budget").await, found("?q=fair+diary").await), (1, 1, 0));
        assert_eq!(found("?q=tidemark&state=active").await, 20);
        assert_eq!((found("?state=stopped").await, found("?q=tidemark&state=stopped").await), (1, 0));
        assert_eq!((found("?state=nonsense").await, found("?state=ended").await), (20, 0));
        assert_eq!(found("?q=%25&state=erased").await, 0, "no wild cards");
        let page = web.get("/console?q=tidemark&state=active").await;
        let next = page.body.split('"').find(|link| link.contains("after=")).unwrap().replace("&#38;", "&");
        assert!(next.contains("q=tidemark") && next.contains("state=active"), "{next}");
        assert_eq!(found(next.trim_start_matches("/console")).await, 2);
        assert!(web.get("/console?q=%3Cscript%3Ealert(1)").await.shows("Nothing fits"));

        let list = ada.call(Method::GET, "/me/overview?q=fair&limit=5", None).await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!((&list["items"][0]["id"], &list["items"][0]["stage"]), (&json!(stopped.grant), &json!("stopped")));
        assert_eq!(list["items"][0]["told"][0]["kind"], "sharing-stopped");
        assert_eq!(ada.call(Method::GET, "/me/overview?state=x", None).await.refusal(), "422 ValidationErrors");
        let summary = ada.call(Method::GET, "/me/summary", None).await.ok();
        assert_eq!(summary, json!({ "active": 22, "stopped": 1, "waiting": 1, "overdue": 0 }));
        let page = web.get("/console").await;
        assert!(page.shows("22 active 1 stopped 1 waiting for an app’s answer"), "{}", page.text());
    }

    async fn every_fetch_shows_with_app_file_and_time(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let web = Web::of(&platform, &ada);
        assert!(web.get("/console/activity").await.shows("Nothing has been fetched."));
        fetches(&platform, &app, &yes, 3).await;
        let other = MockApp::register(&platform, "read-optional", "app-2", |_| {}).await;
        ada.connects(&[17]).await;
        platform.wait(TimeDelta::days(2));
        let second = ada.approves(&other).await;
        fetches(&platform, &other, &second, 2).await;

        let page = web.get("/console/activity").await;
        assert!(page.shows("5 files on 2 days; most on 1 June 2026, 3 files."), "{}", page.text());
        assert!(page.shows("Tidemark health diary") && page.shows("Fair Fare"), "{}", page.text());
        let rows = |page: &harness::Visit| page.body.matches("/library/files/").count();
        assert_eq!(rows(&page), 5, "each leads to its file");
        let of_app = web.get(&format!("/console/activity?app={}", app.id)).await;
        assert!(rows(&of_app) == 3 && of_app.shows("3 files on 1 day"), "{}", of_app.text());
        assert_eq!(rows(&web.get(&format!("/console/activity?grant={}", second.grant)).await), 2);
        assert_eq!(web.get("/console/activity?app=nonsense").await.status, 404);
        for wrong in ["after=x", "after=%00", "grant=gra1"] {
            assert!((400..500).contains(&web.get(&format!("/console/activity?{wrong}")).await.status), "{wrong}");
        }
        let console = web.get("/console").await;
        assert!(console.shows("Last access Just now") && console.shows("Last access 2 days ago"), "{}", console.text());
        assert!(web.get(&page_of(&yes)).await.shows("What it fetched"));

        let all = ada.call(Method::GET, "/me/activity?limit=2", None).await.ok();
        assert_eq!(all["items"][0]["appId"], other.id.as_str());
        let next = format!("/me/activity?limit=2&after={}", all["next"].as_str().unwrap());
        assert_eq!(ada.call(Method::GET, &next, None).await.ok()["items"][0]["grantId"], yes.grant.as_str());
        let of_grant = ada.call(Method::GET, &format!("/me/grants/{}/accesses", yes.grant), None).await.ok();
        assert_eq!(of_grant["items"].as_array().unwrap().len(), 3);
        let counts = ada.call(Method::GET, "/me/activity/counts", None).await.ok();
        let count = |day, app: &MockApp, files| json!({ "day": day, "appId": app.id, "files": files });
        assert_eq!(counts["items"], json!([count("2026-06-03", &other, 2), count("2026-06-01", &app, 3)]));
        for wrong in ["from=x", "from=2026-06-04", "from=2020-01-01", "to=2026-02-30", "days=3"] {
            let answer = ada.call(Method::GET, &format!("/me/activity/counts?{wrong}"), None).await;
            assert_eq!(answer.refusal(), "422 ValidationErrors", "{wrong}");
        }
    }

    async fn what_an_app_answers_is_shown_as_its_word(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let receiver = Receiver::start(&platform, &app).await;
        let web = Web::of(&platform, &ada);
        let _ = ada.acts(&yes.grant, "erase").await.ok();
        let page = web.get(&page_of(&yes)).await;
        assert!(page.shows("Waits since 1 June 2026 to be told to delete what it holds"), "{}", page.text());
        platform.delivers().await;
        let page = web.get(&page_of(&yes)).await;
        assert!(page.shows("Told on 1 June 2026 to delete what it holds. It has until 4 June 2026"), "{}", page.text());
        platform.wait(TimeDelta::days(4));
        worker::sweep(&platform.inner).await.unwrap();
        let console = web.get("/console").await;
        assert!(console.shows("1 late.") && console.shows("Late: it had until 4 June 2026"), "{}", console.text());
        let asked = receiver.last().await;
        let done = receiver.report(&asked, "completed", &receiver.evidence());
        let _ = receiver.reports(&done).await.ok();
        let page = web.get(&page_of(&yes)).await;
        for shown in [
            "It says that it is done.",
            "It says that it is done, on 5 June 2026",
            "social.posts: 17 records deleted, in diary, on 5 June 2026",
            "Backups Ltd, on 5 June 2026",
            "This is the app’s own word, signed by it. Nobody has checked it.",
            "Tidemark reported: completed.",
        ] {
            assert!(page.shows(shown), "{shown} in {}", page.text());
        }
        assert!(!web.get("/console").await.shows("late."));
        let proof = page.body.split('"').find(|link| link.ends_with("/proof")).unwrap();
        let proof = web.get(proof).await;
        assert!(proof.header("content-disposition").starts_with("attachment; filename=\"proof-"));
        let proof: Value = serde_json::from_str(&proof.body).unwrap();
        assert_eq!(proof["reports"].as_array().unwrap().len(), 1);
        assert!(proof["signal"].as_str().unwrap().starts_with("ey"));
        let messages = web.get(&format!("{}/messages", page_of(&yes))).await;
        assert!(messages.shows("Received by the app on 1 June 2026"), "{}", messages.text());
    }

    async fn receipts_are_listed_verified_and_taken_away(platform: TestPlatform) {
        let (_, ada, yes) = agreed(&platform).await;
        ada.stops(&yes).await;
        let web = Web::of(&platform, &ada);
        let list = web.get("/console/receipts").await;
        assert!(list.shows("You stopped sharing with Tidemark") && list.shows("You said yes to Tidemark"));
        let of_grant = web.get(&format!("/console/receipts?grant={}", yes.grant)).await;
        assert!(of_grant.shows("About Tidemark , the latest first."), "{}", of_grant.text());
        let verify = list.body.split('"').find(|link| link.ends_with("/verify")).unwrap();
        let page = web.get(verify).await;
        assert!(page.shows("This receipt is genuine") && page.shows("Nothing in it was changed since."));
        assert!(page.shows("Stopped: the app gets nothing until you resume, since 1 June 2026"), "{}", page.text());
        let bob = platform.person("bob").await;
        let his = Web::of(&platform, &bob);
        assert_eq!(his.get(verify).await.status, 404);
        assert!(his.get("/console/receipts").await.shows("There is none yet."));
        let receipts = ada.call(Method::GET, &format!("/me/grants/{}/receipts", yes.grant), None).await.ok();
        assert_eq!(receipts["items"].as_array().unwrap().len(), 2);
    }

    async fn her_chains_can_be_taken_away_and_verified_elsewhere(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        fetches(&platform, &app, &yes, 2).await;
        platform.wait(TimeDelta::days(2));
        worker::sweep(&platform.inner).await.unwrap();
        let web = Web::of(&platform, &ada);
        for (query, chain, events) in [("", "consent", 1), ("?chain=access", "access", 2)] {
            let file = web.get(&format!("/console/activity/export{query}")).await;
            assert_eq!((file.status, file.header("content-type")), (200, "application/jsonl"));
            let same = platform.http().get(format!("{}/api/v1/me/events/export{query}", platform.url));
            let same = same.bearer_auth(&ada.token).send().await.unwrap().text().await.unwrap();
            assert_eq!(file.body, same);
            let summary = verify_export(file.body.as_bytes(), None, None).unwrap();
            assert_eq!(summary.head.unwrap().seq, events, "{chain}");
            let path = format!("/me/checkpoints?chain={chain}");
            let checkpoints = ada.call(Method::GET, &path, None).await.ok();
            assert_eq!(checkpoints["items"][0]["seq"], events, "{chain}: {checkpoints}");
        }
        for path in ["/me/events/export?chain=bob", "/me/checkpoints?chain=bob"] {
            assert_eq!(ada.call(Method::GET, path, None).await.refusal(), "422 ValidationErrors");
        }
        assert_eq!(web.get("/console/activity/export?chain=bob").await.status, 422);
    }

    async fn the_contract_and_the_history_are_there_as_they_were(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let web = Web::of(&platform, &ada);
        app.revises(&platform, "read", |document| document["purpose"]["summary"] = "Something else.".into()).await;
        let page = web.get(&format!("{}/contract", page_of(&yes))).await;
        assert!(page.shows("version 1") && !page.shows("Something else."), "{}", page.text());
        assert!(page.shows("Sell your data"), "what it will not do: {}", page.text());
        for _ in 0..13 {
            ada.stops(&yes).await;
            ada.resumes(&yes).await;
        }
        let history = format!("{}/history", page_of(&yes));
        let first = web.get(&history).await;
        assert!(first.shows("You resumed it.") && !first.shows("You said yes to Tidemark."), "{}", first.text());
        let mut page = first;
        let mut pages = 1;
        while let Some(next) = page.body.split('"').find(|link| link.contains("history?after=")).map(str::to_owned) {
            page = web.get(&next).await;
            pages += 1;
        }
        assert!(page.shows("You said yes to Tidemark.") && pages == 3, "{pages}: {}", page.text());
        assert!((400..500).contains(&web.get(&format!("{history}?after=x")).await.status));
        let events = ada.call(Method::GET, &format!("/me/grants/{}/events?limit=2", yes.grant), None).await.ok();
        assert_eq!(events["items"][0]["act"]["type"], "signalled");
        assert_eq!(events["items"][1]["act"]["type"], "resumed");
    }
}
