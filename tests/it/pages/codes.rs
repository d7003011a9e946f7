//! The code in the address is the one thing that lets a browser in, once, where it is meant for, and it stays out of
//! sight.

use chrono::TimeDelta;
use consent_client::{ReferenceOptions, SessionOptions};
use consent_crypto::{Secret, SecretKind, digest::base64url};
use harness::{MockApp, Web, stories};

use super::{Asking, arrives, failure, nothing_was_granted};

stories! {
    async fn a_code_that_is_none_gets_a_page(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        let yes = ada.approves(&app).await;
        let access = &yes.shared.tokens.access.value;
        let web = Web::of(&platform, &ada);
        let made_up = |kind| Secret::generate(kind, &platform.inner.ambient).expose();
        let asked = app.asks().await;
        let reference = app.client.reference(access, &ReferenceOptions::default()).await.unwrap();
        let expired = app.asks().await;
        platform.wait(TimeDelta::minutes(10));
        let used = Asking::of(&platform, &ada, platform.app("read").await).await;
        used.declines().await.back_at_the_app();
        let before = platform.contents().await;
        let unknown = made_up(SecretKind::PreauthorizationCode);
        let unknown_reference = made_up(SecretKind::ReferenceCode);
        let (asked, reference) = (asked.url_code.expose(), reference.url_code.expose());
        let mut links = vec![
            ("authorize", 404, unknown.as_str()),
            ("onboard", 404, unknown_reference.as_str()),
            ("authorize", 404, expired.url_code.expose()),
            ("authorize", 409, used.asked.url_code.expose()),
            ("authorize", 404, reference),
            ("authorize", 404, ""),
            ("authorize", 404, "\0"),
            ("authorize", 404, &ada.token),
            ("authorize", 404, "<script>alert(1)</script>"),
        ];
        links.extend(["onboard", "reauthorize", "user-reauth"].map(|page| (page, 404, asked)));
        for (page, status, code) in links {
            for auto in ["", "&sampleDataAutoOnboard=true"] {
                let query = harness::urlencoded([("code", code)]);
                let visit = web.get(&format!("/apps/saas/{page}?{query}{auto}")).await;
                assert_eq!((visit.status, visit.location()), (status, None), "{page} {code}");
                assert!(visit.shows("Go back to the app"), "{}", visit.text());
                assert!(visit.set_cookies().is_empty() && (code.is_empty() || !visit.body.contains(code)));
            }
        }
        platform.holds_the_same(&before).await;
    }

    async fn a_code_is_good_on_its_own_page_alone(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        let yes = ada.approves(&app).await;
        let access = &yes.shared.tokens.access.value;
        let web = Web::of(&platform, &ada);
        let options = ReferenceOptions { state: Some("a state".to_owned()), ..ReferenceOptions::default() };
        let onboard = app.client.reference(access, &options).await.unwrap();
        let confirm = app.client.reauthorize(access, "a state", &SessionOptions::default()).await.unwrap();
        let before = platform.contents().await;
        for (page, code) in [
            ("user-reauth", onboard.url_code.expose()),
            ("onboard", confirm.url_code.expose()),
            ("reauthorize", confirm.url_code.expose()),
            ("reauthorize", onboard.url_code.expose()),
        ] {
            for auto in ["", "&sampleDataAutoOnboard=true"] {
                let visit = web.get(&format!("/apps/saas/{page}?code={code}{auto}")).await;
                let expected = ("INITIALIZE_CHECK_FAIL".to_owned(), "a state".to_owned());
                assert_eq!(failure(&visit, MockApp::CALLBACK), expected, "{page}");
                assert!(visit.set_cookies().is_empty());
            }
        }
        // The page of one request is not that of another kind.
        let (onboard, confirm) =
            (arrives(&web, &onboard.onboard_url(&[])).await, arrives(&web, &confirm.consent_url(&[])).await);
        let (onboard, confirm) = (onboard.rsplit('/').next().unwrap(), confirm.rsplit('/').next().unwrap());
        for (page, request) in [
            ("authorize", onboard),
            ("user-reauth", onboard),
            ("reauthorize", onboard),
            ("authorize", confirm),
            ("reauthorize", confirm),
        ] {
            let visit = web.get(&format!("/apps/saas/{page}/{request}")).await;
            assert_eq!(failure(&visit, MockApp::CALLBACK).0, "INITIALIZE_CHECK_FAIL", "{page}");
            let form = [("csrf", web.csrf().await), ("answer", "accept".to_owned())];
            let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
            let visit = web.post(&format!("/apps/saas/{page}/{request}"), &form).await;
            assert!(visit.location().is_none_or(|to| to.contains("success=false")), "{page}: {visit:?}");
        }
        platform.holds_the_same(&before).await;
    }

    async fn one_request_for_confirmation_does_not_connect_a_source(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        let yes = ada.approves(&app).await;
        let web = Web::of(&platform, &ada);
        let access = &yes.shared.tokens.access.value;
        let confirm = app.client.reauthorize(access, "a state", &SessionOptions::default()).await.unwrap();
        let page = arrives(&web, &confirm.consent_url(&[])).await;
        let onboard = format!("/apps/saas/onboard/{}", page.rsplit('/').next().unwrap());
        let before = platform.contents().await;
        let visit = web.get(&onboard).await;
        assert_eq!(failure(&visit, MockApp::CALLBACK).0, "INITIALIZE_CHECK_FAIL", "as every other page says");
        let csrf = web.csrf().await;
        let fields =
            [("csrf", csrf.as_str()), ("answer", "connect"), ("source", "16"), ("sampleDataSet", "ada")];
        assert!(web.post(&onboard, &fields).await.location().is_none_or(|to| to.contains("success=false")));
        platform.holds_the_same(&before).await;
    }

    async fn a_question_is_open_only_in_the_browser_that_came_with_its_code(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        let asking = Asking::of(&platform, &ada, app).await;
        let name = format!("consent-{}", asking.page.rsplit('/').next().unwrap());
        let unknown = Secret::generate(SecretKind::PreauthorizationCode, &platform.inner.ambient).expose();
        let web = Web::of(&platform, &ada);
        let csrf = web.csrf().await;
        let before = platform.contents().await;
        for forged in [
            None,
            Some(String::new()),
            Some("x".to_owned()),
            Some("code=".to_owned()),
            Some(format!("code={unknown}")),
            Some(format!("code={0}&code={0}", asking.asked.url_code.expose())),
            Some(format!("Code={}", asking.asked.url_code.expose())),
            Some(ada.token.clone()),
        ] {
            match &forged {
                Some(value) => web.keep(&name, &base64url(value.as_bytes())),
                None => web.forget(&name),
            }
            for path in [asking.page.clone(), format!("{}/add", asking.page)] {
                let visit = web.get(&path).await;
                assert_eq!((visit.status, visit.location()), (404, None), "{forged:?}");
                assert!(!visit.shows("Tidemark"), "{forged:?}");
            }
            for answer in ["accept", "decline"] {
                let visit = web.post(&asking.page, &[("csrf", &csrf), ("answer", answer)]).await;
                assert_eq!((visit.status, visit.location()), (404, None), "{forged:?} {answer}");
            }
        }
        platform.holds_the_same(&before).await;
        nothing_was_granted(&platform).await;
    }

    async fn the_code_of_one_question_answers_no_other(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        let one = Asking::of(&platform, &ada, app.at(&platform)).await;
        let other = Asking::of(&platform, &ada, app).await;
        let name = format!("consent-{}", one.page.rsplit('/').next().unwrap());
        let csrf = one.web.csrf().await;
        one.web.keep(&name, &base64url(format!("code={}", other.asked.url_code.expose()).as_bytes()));
        let before = platform.contents().await;
        assert_eq!(one.web.get(&one.page).await.status, 404);
        for page in ["authorize", "onboard", "reauthorize", "user-reauth"] {
            let path = one.page.replace("authorize", page);
            for answer in ["accept", "decline"] {
                let visit = one.web.post(&path, &[("csrf", &csrf), ("answer", answer)]).await;
                assert!(visit.status >= 400 && visit.location().is_none(), "{page} {answer}: {:?}", visit.location());
            }
        }
        platform.holds_the_same(&before).await;
    }

    async fn a_forged_wish_leads_to_no_other_address(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        for callback in ["https%3A%2F%2Fevil.example", "//evil.example", "javascript:alert(1)"] {
            let asking = Asking::of(&platform, &ada, app.at(&platform)).await;
            let name = format!("consent-{}", asking.page.rsplit('/').next().unwrap());
            let code = asking.asked.url_code.expose();
            asking.web.keep(&name, &base64url(format!("code={code}&callback={callback}").as_bytes()));
            let page = asking.web.get(&asking.page).await;
            assert!(!page.body.contains("evil") && !page.header("content-security-policy").contains("evil"));
            failure(&asking.declines().await, MockApp::CALLBACK);
        }
    }

    async fn no_code_stands_where_somebody_could_read_it(platform: TestPlatform) {
        let (ada, app) = (platform.person("ada").await, platform.app("read").await);
        ada.connects(&[16]).await;
        let asking = Asking::of(&platform, &ada, app).await;
        let (web, page) = (&asking.web, &asking.page);
        let came = web.get(asking.asked.consent_url(&[]).as_str()).await;
        let mut seen = vec![came.clone(), web.get(page).await, web.get(&format!("{page}/add")).await];
        let csrf = web.csrf().await;
        seen.push(web.post(page, &[("csrf", &csrf), ("answer", "nonsense")]).await);
        seen.push(web.post(page, &[("csrf", &csrf), ("answer", "accept"), ("textHash", "x")]).await);
        let connect = [("csrf", csrf.as_str()), ("source", "17"), ("sampleDataSet", "ada")];
        seen.push(web.post(&format!("{page}/accounts"), &connect).await);
        let yes = asking.accepts().await;
        seen.extend([web.get(page).await, web.get("/console").await]);
        let code = asking.asked.url_code.expose();
        let given = asking.asked.answer(&yes.back_at_the_app()).unwrap();
        for visit in &seen {
            assert!(!visit.body.contains(code) && !visit.body.contains(given.expose()), "{}", visit.text());
            let location = visit.location().unwrap_or_default();
            assert!(!location.contains(code) && !location.contains(given.expose()), "{location}");
        }
        assert!(!yes.location().unwrap().contains(code));
        assert!(yes.set_cookies().iter().all(|line| !line.contains(given.expose())));
        let kept: Vec<_> = came.set_cookies();
        let encoded = base64url(format!("code={code}").as_bytes());
        assert!(kept.len() == 1 && kept[0].contains("HttpOnly"), "in its own cookie alone");
        assert!(kept[0].contains(&encoded[..encoded.len() - 2]), "{kept:?}");
    }
}
