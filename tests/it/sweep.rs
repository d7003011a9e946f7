//! Every route there is, called by whoever may not: the list comes from the table that the server is built from.

mod seen;
mod stage;

use std::collections::{BTreeMap, BTreeSet};

use consent_client::{
    Url,
    reqwest::{Method, RequestBuilder},
};
use consent_gateway::http::{Needs, RouteInfo, routes};
use harness::{Part, Person, Web, stories, urlencoded};
use seen::Seen;
use serde_json::json;
use stage::{Actor, Carrier, Credential, Stage, method, segments};

#[test]
fn the_routes_and_what_each_needs() {
    let line = |route: &&RouteInfo| {
        format!("{:<12}{:<7}{}\n", format!("{:?}", route.needs), route.method.as_str(), route.path)
    };
    insta::assert_snapshot!(routes().iter().map(line).collect::<String>());
}

stories! {
    async fn no_route_lets_anybody_in_with_something_else_than_it_needs(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let ids = stage.ids(0, 0);
        let before = platform.contents().await;
        let mut refused = 0;
        for route in routes() {
            for (carrier, credential) in everything_to_show() {
                let Some(expected) = credential.refused(carrier, route.needs) else { continue };
                let request = Stage::request(&platform, route, &ids);
                let request = stage.showing(request, carrier, credential);
                let answer = Seen::of(&ids.fill(route.path), request.send().await.unwrap()).await;
                let outcome = answer.outcome();
                assert_eq!(outcome, expected, "{route:?} with {credential:?} as {carrier:?}: {}", answer.body);
                refused += 1;
            }
        }
        assert!(refused > 2500, "{refused}");
        platform.holds_the_same(&before).await;
    }

    async fn routes_that_need_nothing_bear_whatever_they_are_shown(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let ids = stage.ids(0, 0);
        for route in routes().into_iter().filter(|route| route.needs == Needs::Nothing) {
            for (carrier, credential) in everything_to_show() {
                let request = Stage::request(&platform, route, &ids);
                let request = stage.showing(request, carrier, credential);
                let answer = Seen::of(&ids.fill(route.path), request.send().await.unwrap()).await;
                let known = carrier == Carrier::Cookie
                    && matches!(credential, Credential::SignIn | Credential::OtherSignIn);
                let expected = match route.path {
                    // Whoever is signed in has no use for these.
                    "/" | "/sign-in" | "/sign-up" if known => 303..304,
                    _ if method(route) == Method::GET => 200..300,
                    _ => 400..500,
                };
                assert!(
                    expected.contains(&answer.status),
                    "{route:?} with {credential:?} as {carrier:?}: {}",
                    answer.status
                );
            }
        }
    }

    async fn whoever_has_to_sign_in_comes_back_to_what_she_wanted_to_see(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let ids = stage.ids(0, 0);
        let pages: BTreeSet<String> = routes()
            .into_iter()
            .filter(|route| route.needs == Needs::PersonPage)
            .map(|route| ids.fill(route.path))
            .collect();
        let mut wrong = Vec::new();
        for route in routes() {
            if !matches!(route.needs, Needs::PersonPage | Needs::PersonForm) {
                continue;
            }
            let path = ids.fill(route.path);
            let answer = Stage::request(&platform, route, &ids).send().await.unwrap();
            assert_eq!(answer.status(), 303, "{route:?}");
            let location = answer.headers()["location"].to_str().unwrap();
            let url = Url::parse(&platform.url).unwrap().join(location).unwrap();
            assert_eq!((url.path(), url.query_pairs().count()), ("/sign-in", 1), "{route:?}");
            let (name, next) = url.query_pairs().next().unwrap();
            assert_eq!(name, "next");
            // A page itself; for a form, the page that it stands on.
            let fine = if route.needs == Needs::PersonPage { *next == path } else { pages.contains(&*next) };
            if !fine && route.path != "/sign-out" {
                wrong.push(format!("{route:?} leads to {next}"));
            }
            let head = platform.http().head(format!("{}{path}", platform.url)).send().await.unwrap();
            let status = if route.needs == Needs::PersonPage || pages.contains(&path) { 303 } else { 405 };
            assert_eq!(head.status(), status, "{route:?}");
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn a_form_counts_only_with_the_token_of_its_page_and_from_there(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let ids = stage.ids(0, 0);
        let visitor = Web::new(&platform);
        let visited = visitor.get("/sign-in").await.form("/sign-in");
        let (visitors, hers, others) = (visited.value("csrf").unwrap(), stage.csrf(0), stage.csrf(1));
        let stranger = Web::new(&platform).get("/sign-in").await.form("/sign-in");
        let strangers = stranger.value("csrf").unwrap();
        let before = platform.contents().await;
        let mut refused = 0;
        for route in routes() {
            let (web, right) = match route.needs {
                Needs::Form => (&visitor, visitors),
                Needs::PersonForm => (&stage.webs[0], hers),
                _ => continue,
            };
            let path = ids.fill(route.path);
            let wrong = [visitors, hers, others, strangers, "", "0", &stage.people[0].token];
            let wrong = wrong.into_iter().filter(|token| *token != right).map(|token| (Some(token), None));
            let sites = ["cross-site", "same-site", "none", "", "SAME-ORIGIN"];
            let elsewhere = sites.map(|site| (Some(right), Some(site)));
            for (token, site) in wrong.chain(elsewhere).chain([(None, None)]) {
                let web = site.map(|site| web.saying("sec-fetch-site", site));
                let web = web.as_ref().unwrap_or(if route.needs == Needs::Form { &visitor } else { &stage.webs[0] });
                let answer = Seen::of(&path, filled(web, route, &path, token).send().await.unwrap()).await;
                assert_eq!(answer.outcome(), "403 page", "{route:?} with {token:?} from {site:?}");
                refused += 1;
            }
            // With the right token it is about something else, if it is about anything.
            let web = web.saying("sec-fetch-site", "same-origin");
            if route.path == "/sign-in" {
                let answer = Seen::of(&path, filled(&web, route, &path, Some(right)).send().await.unwrap()).await;
                assert_ne!(answer.status, 403, "{route:?}");
            }
        }
        assert!(refused > 200, "{refused}");
        // The attempt to sign in with nothing was counted.
        let grown = platform.contents().await.grown_since(&before);
        assert!(grown.iter().all(|(table, _)| table.contains("attempt")), "{grown:?}");
    }

    async fn forms_that_are_too_large_or_none_at_all_are_refused(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let ids = stage.ids(0, 0);
        let visitor = Web::new(&platform);
        let visited = visitor.get("/sign-in").await.form("/sign-in");
        let before = platform.contents().await;
        let mut tried = 0;
        for route in routes() {
            let (web, right) = match route.needs {
                Needs::Form => (&visitor, visited.value("csrf").unwrap()),
                Needs::PersonForm => (&stage.webs[0], stage.csrf(0)),
                _ => continue,
            };
            let path = ids.fill(route.path);
            let takes_files = route.path.ends_with("/files");
            let huge = format!("{}&more={}", urlencoded([("csrf", right)]), "x".repeat(300 * 1024));
            let json = json!({ "csrf": right, "answer": "accept" }).to_string();
            let parts = Part::body(&[Part::field("more", "x"), Part::field("csrf", right)]);
            for (kind, body, expected) in [
                ("application/x-www-form-urlencoded", huge, if takes_files { 400 } else { 413 }),
                ("application/json", json, if takes_files { 400 } else { 403 }),
                ("text/plain", "\0\u{ff}%zz&&&=&".to_owned(), if takes_files { 400 } else { 403 }),
                ("multipart/form-data", "--x\r\n".to_owned(), if takes_files { 400 } else { 403 }),
                ("multipart/form-data; boundary=x", "--x\r\n".to_owned(), if takes_files { 400 } else { 403 }),
                (&Part::content_type(), String::from_utf8(parts).unwrap(), 403),
            ] {
                let request = web.request(Method::POST, &path).header("content-type", kind).body(body);
                // The answer may overtake the body.
                let Ok(response) = request.send().await else { continue };
                let answer = Seen::of(&path, response).await;
                assert_eq!(answer.outcome(), format!("{expected} page"), "{route:?} {kind}");
                tried += 1;
            }
        }
        assert!(tried > 80, "{tried}");
        platform.holds_the_same(&before).await;
    }

    async fn nobody_reaches_what_is_the_others(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let before = platform.contents().await;
        let mut tried = 0;
        for route in routes().into_iter().filter(|route| !segments(route.path).is_empty()) {
            for actor in Stage::actors(route.needs) {
                for (ids, all_hers) in stage.choices(route, actor) {
                    if all_hers {
                        continue;
                    }
                    let foreign = stage.ask(&platform, route, actor, &ids).await;
                    assert!(
                        (400..500).contains(&foreign.status),
                        "{route:?} {actor:?} {ids:?}: {}",
                        foreign.status
                    );
                    let nowhere = stage.ask(&platform, route, actor, &ids.nowhere()).await;
                    assert_eq!(
                        foreign.without(&ids),
                        nowhere.without(&ids.nowhere()),
                        "{route:?} {actor:?} {ids:?}"
                    );
                    tried += 1;
                }
            }
        }
        assert!(tried > 110, "{tried}");
        platform.holds_the_same(&before).await;
    }

    async fn what_is_hers_is_there_and_mentions_nothing_of_the_others(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let mut shown = 0;
        for route in routes().into_iter().filter(|route| method(route) == Method::GET) {
            for actor in Stage::actors(route.needs) {
                for (ids, all_hers) in stage.choices(route, actor) {
                    if !all_hers {
                        continue;
                    }
                    let answer = stage.ask(&platform, route, actor, &ids).await;
                    assert_eq!(answer.status, 200, "{route:?} {actor:?} {ids:?}: {}", answer.body);
                    for secret in stage.not_for(actor) {
                        assert!(
                            !answer.body.contains(&secret),
                            "{route:?} {actor:?}: {secret} in {}",
                            answer.body
                        );
                    }
                    shown += 1;
                }
            }
        }
        assert!(shown > 60, "{shown}");
        for (number, web) in stage.webs.iter().enumerate() {
            let path = stage.ids(number, 0).fill("/library/files/{file}/content");
            assert_eq!(web.get(&path).await.body, Stage::words_of(number), "who looks does find");
        }
    }

    async fn a_yes_covers_only_accounts_of_her_own(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let (ada, bob) = (&stage.people[0], &stage.people[1]);
        let mine = account(ada).await;
        for hers in [account(bob).await, "acc01hf7yat00000000000000001a".to_owned(), "acc".to_owned()] {
            let asked = stage.apps[0].asks().await;
            let question = ada.on(Method::GET, &asked, "", None).await.ok();
            let before = platform.contents().await;
            let answer = json!({ "textHash": question["textHash"], "accounts": [mine, hers] });
            let answer = ada.on(Method::POST, &asked, "/approve", Some(&answer)).await;
            assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.json);
            platform.holds_the_same(&before).await;
        }
    }

    async fn unknown_paths_and_methods_are_refused_in_the_shape_of_their_door(platform: TestPlatform) {
        for path in [
            "/nothing",
            "/consoles",
            "/console/",
            "/console/grants",
            "/library/",
            "/library/files/",
            "/security/sign-ins",
            "/sign-in/",
            "/Sign-In",
            "/assets/",
            "/assets/..%2f..%2fetc%2fpasswd",
            "/apps/saas/",
            "/apps/saas/nothing",
            "/api/",
            "/api/v1",
            "/api/v1/",
            "/api/v1/nothing",
            "/api/v2/apps",
            "/api/v1/apps/",
            "/api/v1//apps",
            "/api/v1/me/files/../../../etc/passwd/x",
            "/consent/v0/",
            "/consent/v0/consents/",
            "/consent/v1/nothing",
            "/consent/v1/vaults",
            "/consent/v2/consents",
            "/oauth/v0/",
            "/v1.7/",
            "/v1.7/nothing",
            "/v1.7/oauth",
            "/v1/",
            "/v1.9/oauth/token",
            "/v1.7/permission-access/query/",
            "/v1.7/permission-access/query/a/b/c",
            "/%00",
            "/%ff",
            "/é",
        ] {
            for method in [Method::GET, Method::POST, Method::HEAD, Method::DELETE] {
                let request = platform.http().request(method.clone(), format!("{}{path}", platform.url));
                let answer = Seen::of(path, request.send().await.unwrap()).await;
                assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
            }
        }
        let mut paths: BTreeMap<&str, Vec<(Method, Needs)>> = BTreeMap::new();
        for route in routes() {
            paths.entry(route.path).or_default().push((method(route), route.needs));
        }
        for (path, known) in paths {
            let has = |method: &Method| known.iter().any(|(known, _)| known == method);
            let heads =
                known.iter().any(|(method, needs)| *method == Method::GET && *needs != Needs::BrowserCode);
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                if has(&method) || (method == Method::HEAD && heads) {
                    continue;
                }
                let path = path.replace(['{', '}'], "");
                let request = platform.http().request(method.clone(), format!("{}{path}", platform.url));
                let answer = Seen::of(&path, request.send().await.unwrap()).await;
                assert_eq!(answer.status, 405, "{method} {path}: {}", answer.body);
                let allowed = answer.headers["allow"].to_str().unwrap().to_owned();
                assert!(known.iter().all(|(known, _)| allowed.contains(known.as_str())), "{path}: {allowed}");
                assert!(!allowed.contains(method.as_str()), "{path}: {allowed}");
            }
        }
    }

    async fn the_headers_of_what_one_may_get_can_be_asked_for_alone(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        for route in routes().into_iter().filter(|route| method(route) == Method::GET) {
            for actor in Stage::actors(route.needs) {
                for (ids, _) in stage.choices(route, actor).into_iter().filter(|(_, all_hers)| *all_hers) {
                    let path = ids.fill(route.path);
                    let head = stage.sends(&platform, Method::HEAD, &path, actor).send().await.unwrap();
                    assert_eq!(head.status(), 200, "{route:?}");
                    let headers = head.headers().clone();
                    assert!(head.bytes().await.unwrap().is_empty(), "{route:?}");
                    let get = stage.sends(&platform, Method::GET, &path, actor).send().await.unwrap();
                    assert_eq!(headers.get("content-type"), get.headers().get("content-type"), "{route:?}");
                }
            }
        }
        // A visit may use up a code, and whoever only looks at a link must not.
        let asked = stage.apps[0].asks().await;
        let url = asked.consent_url(&[
            ("sampleDataSet", "ada"),
            ("service", "16"),
            ("sampleDataAutoOnboard", "true"),
        ]);
        let before = platform.contents().await;
        assert_eq!(platform.http().head(url.clone()).send().await.unwrap().status(), 405);
        platform.holds_the_same(&before).await;
        assert_eq!(platform.http().get(url).send().await.unwrap().status(), 303);
    }

    async fn bodies_that_are_too_large_or_no_json_are_refused_in_the_shape_of_their_door(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let ids = stage.ids(0, 0);
        let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(300 * 1024));
        let before = platform.contents().await;
        let mut tried = (0, 0);
        for route in routes().into_iter().filter(|route| matches!(method(route), Method::POST | Method::PUT))
        {
            // These take any bytes, and forms are forms.
            if route.path.ends_with("/files")
                || route.path.ends_with("/reports")
                || matches!(route.needs, Needs::Form | Needs::PersonForm) {
                continue;
            }
            let actor = Stage::insider(route.needs);
            let path = ids.fill(route.path);
            if takes_a_body(route) {
                for (body, statuses) in [
                    (huge.as_str(), &[413][..]),
                    ("{", &[400, 422]),
                    ("\u{0}", &[400, 422]),
                    ("{\"a\":", &[400, 422]),
                    ("nul", &[400, 422]),
                    ("[[[[[[[[", &[400, 422]),
                ] {
                    let request = stage.sends(&platform, method(route), &path, actor);
                    let request = request.header("content-type", "application/json").body(body.to_owned());
                    let answer = Seen::of(&path, request.send().await.unwrap()).await;
                    assert!(
                        statuses.contains(&answer.status),
                        "{route:?} {:.20}: {} {}",
                        body,
                        answer.status,
                        answer.body
                    );
                    tried.0 += 1;
                }
            }
            // Whoever may not come in is told so, whatever the body is; the answer may overtake it.
            if route.needs != Needs::Nothing {
                let request = platform.http().request(method(route), format!("{}{path}", platform.url));
                if let Ok(answer) = request.body("x".repeat(300 * 1024)).send().await {
                    let answer = Seen::of(&path, answer).await;
                    assert!(matches!(answer.status, 400 | 401), "{route:?}: {}", answer.status);
                    tried.1 += 1;
                }
            }
        }
        assert!(tried.0 > 80 && tried.1 > 10, "{tried:?}");
        platform.holds_the_same(&before).await;
    }

    async fn queries_and_paths_that_cannot_be_read_are_refused_in_the_shape_of_their_door(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let (app, contract) = (&stage.apps[0].id, &stage.apps[0].contract_id);
        let session = &stage.yes[0][0].shared.session.key;
        let session = session.expose();
        for (path, actor) in [
            (format!("/api/v1/apps/{app}/contracts?limit=%ff"), Actor::App(0)),
            (format!("/api/v1/apps/{app}/contracts/%ff"), Actor::App(0)),
            (format!("/api/v1/apps/%ff/contracts/{contract}"), Actor::App(0)),
            ("/api/v1/me/grants/%00".to_owned(), Actor::Person(0)),
            ("/api/v1/me/grants/%2e%2e".to_owned(), Actor::Person(0)),
            (format!("/api/v1/me/grants/{}", "g".repeat(8000)), Actor::Person(0)),
            ("/api/v1/me/authorizations/%ff".to_owned(), Actor::Person(0)),
            ("/v1.7/permission-access/query/%ff".to_owned(), Actor::Holder(0, 0)),
            ("/v1.7/permission-access/query/%00".to_owned(), Actor::Holder(0, 0)),
            (format!("/v1.7/permission-access/query/{session}/%ff"), Actor::Holder(0, 0)),
            (format!("/v1.7/permission-access/query/{session}/..%2f..%2fetc%2fpasswd"), Actor::Holder(0, 0)),
            (format!("/v1.7/permission-access/query/{session}/%00"), Actor::Holder(0, 0)),
            ("/v1.7/permission-access/contract/%ff/%fe".to_owned(), Actor::Nobody),
            ("/apps/saas/authorize?code=%ff".to_owned(), Actor::Nobody),
            ("/apps/saas/authorize?code=a&code=b".to_owned(), Actor::Nobody),
            ("/apps/saas/onboard?code=%3Cscript%3Ealert(1)%3C/script%3E".to_owned(), Actor::Nobody),
        ] {
            let request = stage.sends(&platform, Method::GET, &path, actor);
            let answer = Seen::of(&path, request.send().await.unwrap()).await;
            assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
            assert!(!answer.body.contains("<script>"), "{path}: {}", answer.body);
        }
        for (path, fine) in [
            ("/library?after=%00", false),
            ("/library?after=%ff", false),
            ("/library?after=fil1'--", false),
            ("/console?after=%00", false),
            ("/console?after=%ff", false),
            ("/console?after=' OR 1=1", false),
            ("/console?said=%00", true),
            ("/library?said=%3Cscript%3E", true),
            ("/console?said=stopped&said=revoked", true),
            ("/library/files/%00", false),
            ("/library/files/%2e%2e", false),
            ("/library/files/%2e%2e%2f%2e%2e%2fetc%2fpasswd/content", false),
            ("/console/grants/%ff/revoke", false),
            ("/apps/saas/authorize/%00", false),
            ("/apps/saas/authorize/req1;consent-sign-in=x", false),
            ("/apps/saas/user-reauth/%0d%0aset-cookie:a=b", false),
        ] {
            let request = stage.sends(&platform, Method::GET, path, Actor::Browser(0));
            let answer = Seen::of(path, request.send().await.unwrap()).await;
            let expected = if fine { 200..300 } else { 400..500 };
            assert!(expected.contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
        }
        for source in ["facebook", "-1", "99999999999999999999", "%ff"] {
            let path = format!("/v1.7/permission-access/sample/datasets/{source}");
            let request = stage.sends(&platform, Method::GET, &path, Actor::Signer(0));
            let answer = Seen::of(&path, request.send().await.unwrap()).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, "{}"), "no such source, no data sets");
        }
    }
}

/// Whatever anybody can show, in every way.
fn everything_to_show() -> impl Iterator<Item = (Carrier, Credential)> {
    let ways = [Carrier::Bearer, Carrier::Cookie];
    ways.into_iter().flat_map(|carrier| Credential::ALL.map(|credential| (carrier, credential)))
}

/// A form with a token, if any, and with what it would take to do something.
fn filled(web: &Web<'_>, route: &RouteInfo, path: &str, token: Option<&str>) -> RequestBuilder {
    let request = web.request(Method::POST, path);
    if route.path.ends_with("/files") {
        let token = token.map(|token| Part::field("csrf", token));
        let parts: Vec<_> = token.into_iter().chain([Part::file("a.txt", "text/plain", "text")]).collect();
        return request.header("content-type", Part::content_type()).body(Part::body(&parts));
    }
    let fields = [
        ("answer", "accept"),
        ("email", "eve@example.org"),
        ("name", "Eve"),
        ("password", Person::PASSWORD),
        ("oldPassword", Person::PASSWORD),
        ("newPassword", "another good password"),
        ("source", "17"),
        ("sampleDataSet", "ada"),
    ];
    let fields = token.map(|token| ("csrf", token)).into_iter().chain(fields);
    request.header("content-type", "application/x-www-form-urlencoded").body(urlencoded(fields))
}

/// Whether a route looks into its body at all.
fn takes_a_body(route: &RouteInfo) -> bool {
    let verbs = [
        "key",
        "suspend",
        "reinstate",
        "publish",
        "sign-out",
        "decline",
        "stop",
        "resume",
        "revoke",
        "erase",
        "cancel-erasure",
        "ping",
        "secret",
        "replay",
        "token",
    ];
    let last = route.path.rsplit('/').next().unwrap_or_default();
    !verbs.contains(&last) && !route.path.ends_with("{contract}/retire")
}

async fn account(person: &Person<'_>) -> String {
    let accounts = person.call(Method::GET, "/me/accounts", None).await.ok();
    accounts["items"][0]["id"].as_str().unwrap().to_owned()
}
