//! Stop, resume, shorten, revoke, erase: once, twice, too late, and from two tabs.

use chrono::TimeDelta;
use consent_client::reqwest::Method;
use harness::{HtmlForm, Person, TestPlatform, Web, Yes, stories};
use serde_json::Value;

use super::{agreed, page_of};

/// The kinds of acts in her chain that are her own doing.
async fn acts(ada: &Person<'_>) -> Vec<String> {
    ada.acts_on_record().await
}

async fn form(web: &Web<'_>, yes: &Yes, verb: &str) -> HtmlForm {
    let page = format!("{}/{verb}", page_of(yes));
    web.get(&page).await.form(&page)
}

async fn grant(ada: &Person<'_>, yes: &Yes) -> Value {
    ada.call(Method::GET, &format!("/me/grants/{}", yes.grant), None).await.ok()
}

/// Sends a form and reads the page that it leads to.
async fn sends(web: &Web<'_>, form: &HtmlForm) -> harness::Visit {
    let visit = web.submits(form).await;
    assert_eq!(visit.status, 303, "{}", visit.text());
    web.follows(visit).await
}

async fn nothing_was_done(platform: &TestPlatform, web: &Web<'_>, form: &HtmlForm, stands: &str) {
    let before = platform.contents().await;
    let visit = web.submits(form).await;
    assert_eq!(visit.status, 409, "{}", visit.text());
    assert!(
        visit.shows("Nothing was done: this has changed since you opened that page."),
        "{}",
        visit.text()
    );
    assert!(visit.shows(stands), "{stands} in {}", visit.text());
    platform.holds_the_same(&before).await;
}

stories! {
    async fn each_deed_is_asked_about_and_then_done(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let web = Web::of(&platform, &ada);
        for (verb, question, said, outcome) in [
            ("stop", "has 24 hours to confirm", "Stopped: from now on the app gets nothing", "403 GrantStopped"),
            ("resume", "may read again what you agreed to", "Resumed: the app may read again.", "ok"),
            ("revoke", "for good", "Revoked: the app gets nothing any more.", "401 InvalidToken"),
            ("erase", "It has 14 days to report that it has deleted it", "The app is told to delete", "401 InvalidToken"),
            ("cancel-erasure", "It still gets nothing", "It still gets nothing.", "401 InvalidToken"),
        ] {
            let before = app.tries(&yes.shared).await;
            let asked = web.get(&format!("{}/{verb}", page_of(&yes))).await;
            assert!(asked.shows(question), "{verb}: {}", asked.text());
            assert_eq!(app.tries(&yes.shared).await, before, "asking is not doing");
            let page = sends(&web, &asked.form(&format!("{}/{verb}", page_of(&yes)))).await;
            assert!(page.status == 200 && page.shows(said), "{verb}: {}", page.text());
            assert_eq!(app.tries(&yes.shared).await, outcome, "{verb}");
        }
        let done = ["granted", "stopped", "resumed", "revoked", "erasing", "erasureCancelled"];
        assert_eq!(acts(&ada).await, done);
    }

    async fn the_same_form_twice_is_one_deed(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let web = Web::of(&platform, &ada);
        for (verb, outcome) in [("stop", "403 GrantStopped"), ("resume", "ok"), ("erase", "401 InvalidToken")] {
            let form = form(&web, &yes, verb).await;
            let (one, other) = tokio::join!(web.submits(&form), web.submits(&form));
            assert_eq!((one.status, other.status), (303, 303), "{}{}", one.text(), other.text());
            assert_eq!(one.location(), other.location());
            let before = platform.contents().await;
            assert_eq!(web.submits(&form).await.location(), one.location(), "a third time, later");
            platform.holds_the_same(&before).await;
            assert_eq!(app.tries(&yes.shared).await, outcome);
        }
        assert_eq!(acts(&ada).await, ["granted", "stopped", "resumed", "erasing"]);
    }

    async fn a_page_that_is_out_of_date_does_nothing_and_says_what_stands(platform: TestPlatform) {
        let (_, ada, yes) = agreed(&platform).await;
        let web = Web::of(&platform, &ada);
        let mut old = Vec::new();
        for verb in ["stop", "revoke", "erase", "shorten"] {
            old.push(form(&web, &yes, verb).await);
        }
        let old_stop = old.remove(0);
        ada.stops(&yes).await;
        ada.resumes(&yes).await;
        let stop = form(&web, &yes, "stop").await;
        for form in old {
            nothing_was_done(&platform, &web, &form.with("until", "2026-06-02"), "What stands now: Lasts until you end it.").await;
        }
        let before = platform.contents().await;
        for seq in ["", "x", "-1", "99999999999999999999"] {
            let visit = web.submits(&stop.clone().with("seq", seq)).await;
            assert_eq!(visit.status, 409, "{seq}");
        }
        assert_eq!(web.submits(&old_stop).await.status, 409, "it was stopped once, and is not now");
        platform.holds_the_same(&before).await;
        let _ = sends(&web, &stop).await;
        assert_eq!(acts(&ada).await, ["granted", "stopped", "resumed", "stopped"]);
    }

    async fn of_two_tabs_that_do_opposite_things_the_first_one_counts(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let (here, there) = (Web::of(&platform, &ada), Web::of(&platform, &ada));
        ada.stops(&yes).await;
        let (resume, revoke) = (form(&here, &yes, "resume").await, form(&there, &yes, "revoke").await);
        let (one, other) = tokio::join!(here.submits(&resume), there.submits(&revoke));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{}\n{}", one.text(), other.text());
        let stands = if one.status == 303 { "ok" } else { "401 InvalidToken" };
        assert_eq!(app.tries(&yes.shared).await, stands);
        assert_eq!(acts(&ada).await.len(), 3);
    }

    async fn a_grant_whose_time_ran_out_meanwhile_is_not_stopped(platform: TestPlatform) {
        let ada = platform.person("ada").await;
        let app = harness::MockApp::register(&platform, "read", "app-1", |document| document["grantFor"] = "P7D".into());
        let yes = ada.approves(&app.await).await;
        let web = Web::of(&platform, &ada);
        let stop = form(&web, &yes, "stop").await;
        platform.wait(TimeDelta::days(7));
        assert!(web.get("/console").await.shows("Expired"), "which also notes that she was seen");
        nothing_was_done(&platform, &web, &stop, "Ended by itself").await;
        let asked = web.get(&format!("{}/stop", page_of(&yes))).await;
        assert!(asked.status == 200 && asked.shows("That cannot be done as it stands now."), "{}", asked.text());
        assert!(asked.forms().iter().all(|form| !form.action.contains(&yes.grant)));
    }

    async fn an_end_is_moved_forward_and_never_back(platform: TestPlatform) {
        let (app, ada, yes) = agreed(&platform).await;
        let web = Web::of(&platform, &ada);
        let shorten = async |day: &str| {
            let form = form(&web, &yes, "shorten").await;
            web.submits(&form.with("until", day)).await
        };
        let before = platform.contents().await;
        for (day, why) in [
            ("", "Write the last day as year-month-day"),
            ("tomorrow", "Write the last day as year-month-day"),
            ("2026-02-31", "Write the last day as year-month-day"),
            ("2026-05-31", "This day has passed."),
            ("+262142-12-31", "Choose an earlier last day."),
        ] {
            let visit = shorten(day).await;
            assert_eq!(visit.status, 422, "{day}: {}", visit.text());
            assert!(visit.shows(why), "{day}: {}", visit.text());
        }
        platform.holds_the_same(&before).await;
        let page = web.follows(shorten("2026-06-20").await).await;
        assert!(page.shows("It ends sooner now.") && page.shows("Ends by itself at the end of 20 June 2026"));
        for day in ["2026-06-20", "2026-06-21", "2027-01-01"] {
            let visit = shorten(day).await;
            assert_eq!(visit.status, 422, "{day}");
            assert!(visit.shows("That is not sooner: it ends by itself at the end of 20 June 2026."), "{}", visit.text());
        }
        let form = form(&web, &yes, "shorten").await.with("until", "2026-06-01");
        assert_eq!((web.submits(&form).await.status, web.submits(&form).await.status), (303, 303), "twice");
        assert_eq!(grant(&ada, &yes).await["expiresAt"], "2026-06-02T00:00:00.000Z");
        assert_eq!(app.tries(&yes.shared).await, "ok");
        platform.wait(TimeDelta::days(1));
        assert_eq!(app.tries(&yes.shared).await, "401 InvalidToken");
        assert_eq!(acts(&ada).await, ["granted", "changed", "changed"]);
    }

    async fn what_is_somebody_elses_or_nothing_is_not_there(platform: TestPlatform) {
        let (_, ada, yes) = agreed(&platform).await;
        let bob = platform.person("bob").await;
        let (hers, his) = (Web::of(&platform, &ada), Web::of(&platform, &bob));
        let (csrf, before) = (his.csrf().await, platform.contents().await);
        let seq = form(&hers, &yes, "stop").await.value("seq").unwrap().to_owned();
        for grant in [yes.grant.as_str(), "gra01hf7yat00000000000000001a", "gra", "..%2f.."] {
            for page in ["", "/contract", "/history", "/messages", "/stop", "/resume", "/revoke", "/erase", "/shorten"] {
                let visit = his.get(&format!("/console/grants/{grant}{page}")).await;
                assert_eq!(visit.status, 404, "{grant}{page}: {}", visit.text());
            }
            for list in ["activity", "receipts"] {
                assert_eq!(his.get(&format!("/console/{list}?grant={grant}")).await.status, 404, "{grant}");
            }
            for verb in ["stop", "resume", "revoke", "erase", "cancel-erasure", "shorten"] {
                let fields = [("csrf", csrf.as_str()), ("seq", seq.as_str()), ("until", "2026-06-20")];
                let visit = his.post(&format!("/console/grants/{grant}/{verb}"), &fields).await;
                assert_eq!(visit.status, 404, "{grant}/{verb}: {}", visit.text());
            }
            for path in ["accesses", "events", "receipts", "signals"] {
                let answer = bob.call(Method::GET, &format!("/me/grants/{grant}/{path}"), None).await;
                assert_eq!(answer.status, 404, "{grant}/{path}");
            }
        }
        let stop = form(&hers, &yes, "stop").await.with("csrf", &csrf);
        assert_eq!(hers.submits(&stop).await.status, 403, "a token of somebody else");
        platform.holds_the_same(&before).await;
    }
}
