//! Every route there is, called by whoever may not: the list comes from the table that the server is built from.

use std::collections::BTreeMap;

use consent_client::reqwest::{Method, RequestBuilder, Response, header::AUTHORIZATION};
use consent_crypto::{RsaPublicKey, digest::base64url};
use consent_gateway::http::{Needs, RouteInfo, routes};
use harness::{MockApp, Person, TestPlatform, Yes, fixture, stories};
use serde_json::{Value, json};

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
            for credential in Credential::ALL {
                let expected = match credential.opens(route.needs) {
                    Opens::Nothing(expected) => expected,
                    Opens::Something => continue,
                };
                let request = Stage::request(&platform, route, &ids);
                let request = match stage.authorization(credential) {
                    Some(value) => request.header(AUTHORIZATION, value),
                    None => request,
                };
                let answer = Seen::of(&ids.fill(route.path), request.send().await.unwrap()).await;
                assert_eq!(answer.outcome(), expected, "{route:?} with {credential:?}: {}", answer.body);
                refused += 1;
            }
        }
        assert!(refused > 500, "{refused}");
        platform.holds_the_same(&before).await;
    }

    async fn routes_that_need_nothing_bear_whatever_they_are_shown(platform: TestPlatform) {
        let stage = Stage::set(&platform).await;
        let ids = stage.ids(0, 0);
        for route in routes().into_iter().filter(|route| route.needs == Needs::Nothing) {
            for credential in Credential::ALL {
                let request = Stage::request(&platform, route, &ids);
                let request = match stage.authorization(credential) {
                    Some(value) => request.header(AUTHORIZATION, value),
                    None => request,
                };
                let answer = Seen::of(&ids.fill(route.path), request.send().await.unwrap()).await;
                let fine = if method(route) == Method::GET { 200..300 } else { 400..500 };
                assert!(fine.contains(&answer.status), "{route:?} with {credential:?}: {}", answer.status);
            }
        }
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
        assert!(tried > 60, "{tried}");
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
        assert!(shown > 30, "{shown}");
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
            "/console",
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
            // These take any bytes.
            if route.path.ends_with("/files") {
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
        for source in ["facebook", "-1", "99999999999999999999", "%ff"] {
            let path = format!("/v1.7/permission-access/sample/datasets/{source}");
            let request = stage.sends(&platform, Method::GET, &path, Actor::Signer(0));
            let answer = Seen::of(&path, request.send().await.unwrap()).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, "{}"), "no such source, no data sets");
        }
    }
}

/// What a caller may show.
#[derive(Debug, Clone, Copy)]
enum Credential {
    Nothing,
    Empty,
    Garbage,
    OtherScheme,
    OperatorToken,
    OtherOperatorToken,
    ApiKey,
    OtherApiKey,
    SignIn,
    OtherSignIn,
    Signature,
    TokenOfApp,
    TokenOfOtherApp,
    BareAccessToken,
    BareRefreshToken,
    SessionKey,
    Code,
    RecoveryCode,
}

/// What a credential does at a route.
enum Opens {
    /// It is refused, like this.
    Nothing(&'static str),
    /// It is of the kind that the route needs.
    Something,
}

impl Credential {
    const ALL: [Self; 18] = [
        Self::Nothing,
        Self::Empty,
        Self::Garbage,
        Self::OtherScheme,
        Self::OperatorToken,
        Self::OtherOperatorToken,
        Self::ApiKey,
        Self::OtherApiKey,
        Self::SignIn,
        Self::OtherSignIn,
        Self::Signature,
        Self::TokenOfApp,
        Self::TokenOfOtherApp,
        Self::BareAccessToken,
        Self::BareRefreshToken,
        Self::SessionKey,
        Self::Code,
        Self::RecoveryCode,
    ];

    fn opens(self, needs: Needs) -> Opens {
        let signed = matches!(self, Self::Signature | Self::TokenOfApp | Self::TokenOfOtherApp);
        match (needs, self) {
            (Needs::Nothing, _)
            | (Needs::Person, Self::SignIn | Self::OtherSignIn)
            | (Needs::Operator | Needs::AppKey, Self::OperatorToken)
            | (Needs::AppKey, Self::ApiKey)
            | (Needs::Token, Self::TokenOfApp) => Opens::Something,
            (Needs::Signature, _) if signed => Opens::Something,
            (Needs::AppKey, Self::OtherApiKey) => Opens::Nothing("404 AppNotFound"),
            (Needs::Person | Needs::Operator | Needs::AppKey, _) => Opens::Nothing("401 Unauthorized"),
            (Needs::Token, Self::Signature) => Opens::Nothing("400 InvalidRequest"),
            (Needs::Token, Self::TokenOfOtherApp) => Opens::Nothing("401 InvalidToken"),
            (Needs::Token | Needs::Signature, _) => Opens::Nothing("400 InvalidJWT"),
            // The code stands in the address and nowhere else.
            (Needs::BrowserCode, _) => Opens::Nothing("404 page"),
        }
    }
}

/// Somebody of the right kind, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Actor {
    Nobody,
    Operator,
    App(usize),
    Person(usize),
    /// An app that signs.
    Signer(usize),
    /// An app that signs, with the token of a person.
    Holder(usize, usize),
}

/// Two persons who both said yes to both of two apps.
struct Stage<'p> {
    operator: String,
    apps: [MockApp; 2],
    people: [Person<'p>; 2],
    /// By person and app.
    yes: [[Yes; 2]; 2],
    /// By person and app: a session and a file that it lists.
    read: [[(String, String); 2]; 2],
    sign_ins: [String; 2],
    code: String,
}

/// A value for each segment of a path; for each, what stands for nobody's.
#[derive(Debug, Clone, Default)]
struct Ids(BTreeMap<&'static str, (String, bool)>);

impl<'p> Stage<'p> {
    async fn set(platform: &'p TestPlatform) -> Self {
        let apps = [
            MockApp::register(platform, "read", "app-1", |_| {}).await,
            MockApp::register(platform, "read", "app-2", |_| {}).await,
        ];
        let people = [platform.person("ada").await, platform.person("bob").await];
        people[0].connects(&[16]).await;
        people[1].connects(&[18]).await;
        let mut yes = Vec::new();
        let mut read = Vec::new();
        let mut sign_ins = Vec::new();
        for person in &people {
            let mut with = Vec::new();
            for app in &apps {
                let yes = person.approves(app).await;
                let (session, list) = app.reads(&yes.shared).await.unwrap();
                read.push((session.key.expose().to_owned(), list.files[0].name.clone()));
                with.push(yes);
            }
            yes.push(<[Yes; 2]>::try_from(with).unwrap());
            let listed = person.call(Method::GET, "/me/sign-ins", None).await.ok();
            sign_ins.push(listed["items"][0]["id"].as_str().unwrap().to_owned());
        }
        let [ada_a, ada_b, bob_a, bob_b] = read.try_into().unwrap();
        let code = apps[0].asks().await.url_code.expose().to_owned();
        Self {
            operator: platform.operator().token().to_owned(),
            apps,
            people,
            yes: yes.try_into().unwrap_or_else(|_| unreachable!("two persons")),
            read: [[ada_a, ada_b], [bob_a, bob_b]],
            sign_ins: sign_ins.try_into().unwrap(),
            code,
        }
    }

    /// Everything of one person and one app.
    fn ids(&self, person: usize, app: usize) -> Ids {
        let values = [
            ("app", self.apps[app].id.clone()),
            ("contract", self.apps[app].contract_id.clone()),
            ("kid", kid(app)),
            ("person", self.people[person].id.clone()),
            ("grant", self.yes[person][app].grant.clone()),
            ("signIn", self.sign_ins[person].clone()),
            ("session", self.read[person][app].0.clone()),
            ("file", self.read[person][app].1.clone()),
            ("code", self.code.clone()),
            ("source", "16".to_owned()),
        ];
        Ids(values.into_iter().map(|(name, value)| (name, (value, true))).collect())
    }

    /// Who may come in at all.
    fn actors(needs: Needs) -> Vec<Actor> {
        match needs {
            Needs::Nothing => vec![Actor::Nobody],
            Needs::Operator => vec![Actor::Operator],
            Needs::AppKey => vec![Actor::App(0), Actor::App(1)],
            Needs::Person => vec![Actor::Person(0), Actor::Person(1)],
            Needs::Signature => vec![Actor::Signer(0), Actor::Signer(1)],
            Needs::Token => [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(p, a)| Actor::Holder(p, a)).to_vec(),
            Needs::BrowserCode => vec![],
        }
    }

    fn insider(needs: Needs) -> Actor {
        *Stage::actors(needs).first().expect("no page takes a body")
    }

    /// Every mixture of ids in a path, and whether all of them are the actor's own.
    fn choices(&self, route: &RouteInfo, actor: Actor) -> Vec<(Ids, bool)> {
        let mut choices = vec![Ids::default()];
        for segment in segments(route.path) {
            let mut values: Vec<(String, bool)> = Vec::new();
            for (person, app) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let (value, _) = self.ids(person, app).0[segment].clone();
                if values.iter().all(|(known, _)| *known != value) {
                    values.push((value, owns(actor, segment, person, app)));
                }
            }
            choices =
                choices.iter().flat_map(|ids| values.iter().map(|value| ids.with(segment, value))).collect();
        }
        let all: Vec<Ids> = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(p, a)| self.ids(p, a)).into();
        let belongs = |ids: &Ids, of: &Ids| ids.0.iter().all(|(name, (value, _))| of.0[name].0 == *value);
        // Both of an operator's apps are hers, and yet a contract is in one of them.
        let paired = |ids: &Ids| all.iter().any(|of| belongs(ids, of));
        // A code is good for whoever carries it.
        let judged = segments(route.path).iter().all(|segment| *segment != "code");
        let all_hers = |ids: &Ids| ids.0.values().all(|(_, hers)| *hers);
        choices
            .into_iter()
            .filter(|_| judged)
            .map(|ids| (ids.clone(), all_hers(&ids) && paired(&ids)))
            .collect()
    }

    /// Ids and names that an actor must not come across.
    fn not_for(&self, actor: Actor) -> Vec<String> {
        let mut hidden = Vec::new();
        for (person, app) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for (segment, (value, _)) in self.ids(person, app).0 {
                let told = matches!(segment, "source" | "code" | "app" | "contract" | "kid" | "file");
                if !told && !owns(actor, segment, person, app) {
                    hidden.push(value);
                }
            }
        }
        if matches!(actor, Actor::App(_) | Actor::Signer(_) | Actor::Holder(..)) {
            hidden.extend(self.people.iter().flat_map(|person| [person.id.clone(), person.email.clone()]));
            let other = match actor {
                Actor::App(app) | Actor::Signer(app) | Actor::Holder(_, app) => 1 - app,
                _ => unreachable!(),
            };
            hidden.extend([self.apps[other].id.clone(), self.apps[other].contract_id.clone()]);
        }
        if let Actor::Person(person) = actor {
            hidden.extend([self.people[1 - person].id.clone(), self.people[1 - person].email.clone()]);
        }
        if matches!(actor, Actor::Operator | Actor::Nobody) { vec![] } else { hidden }
    }

    /// A request without credentials, with an empty JSON object where a body may go.
    fn request(platform: &TestPlatform, route: &RouteInfo, ids: &Ids) -> RequestBuilder {
        let url = format!("{}{}", platform.url, ids.fill(route.path));
        let request = platform.http().request(method(route), url);
        if matches!(method(route), Method::POST | Method::PUT) { request.json(&json!({})) } else { request }
    }

    fn sends(&self, platform: &TestPlatform, method: Method, path: &str, actor: Actor) -> RequestBuilder {
        let request = platform.http().request(method, format!("{}{path}", platform.url));
        match actor {
            Actor::Nobody => request,
            Actor::Operator => request.bearer_auth(&self.operator),
            Actor::App(app) => request.bearer_auth(&self.apps[app].api_key),
            Actor::Person(person) => request.bearer_auth(&self.people[person].token),
            Actor::Signer(app) => request.bearer_auth(self.apps[app].jwt(&[])),
            Actor::Holder(person, app) => request.bearer_auth(self.holding(app, &self.yes[person][app])),
        }
    }

    async fn ask(&self, platform: &TestPlatform, route: &RouteInfo, actor: Actor, ids: &Ids) -> Seen {
        let path = ids.fill(route.path);
        let has_body = matches!(method(route), Method::POST | Method::PUT);
        let request = self.sends(platform, method(route), &path, actor);
        let request = if has_body { request.json(&Stage::body(route.path)) } else { request };
        Seen::of(&path, request.send().await.unwrap()).await
    }

    /// What would be fine if the ids were.
    fn body(path: &str) -> Value {
        if path.ends_with("/contracts") || path.ends_with("/{contract}") {
            MockApp::document("read", "app-3", |_| {})
        } else if path.ends_with("/keys") {
            json!({ "publicKey": fixture("keys/app-3.public.pem") })
        } else {
            json!({})
        }
    }

    fn holding(&self, app: usize, yes: &Yes) -> String {
        self.apps[app].jwt(&[("access_token", yes.shared.tokens.access.value.expose())])
    }

    fn authorization(&self, credential: Credential) -> Option<String> {
        let tokens = &self.yes[0][0].shared.tokens;
        let secret = match credential {
            Credential::Nothing => return None,
            Credential::Empty => return Some("Bearer".to_owned()),
            Credential::OtherScheme => return Some(format!("Basic {}", self.people[0].token)),
            Credential::Garbage => "garbage".to_owned(),
            Credential::OperatorToken => self.operator.clone(),
            Credential::OtherOperatorToken => format!("cao_{}", base64url(&[7; 32])),
            Credential::ApiKey => self.apps[0].api_key.clone(),
            Credential::OtherApiKey => self.apps[1].api_key.clone(),
            Credential::SignIn => self.people[0].token.clone(),
            Credential::OtherSignIn => self.people[1].token.clone(),
            Credential::Signature => self.apps[0].jwt(&[]),
            Credential::TokenOfApp => self.holding(0, &self.yes[0][0]),
            Credential::TokenOfOtherApp => self.holding(0, &self.yes[0][1]),
            Credential::BareAccessToken => tokens.access.value.expose().to_owned(),
            Credential::BareRefreshToken => tokens.refresh.value.expose().to_owned(),
            Credential::SessionKey => self.read[0][0].0.clone(),
            Credential::Code => self.code.clone(),
            Credential::RecoveryCode => self.people[0].recovery_code.clone(),
        };
        Some(format!("Bearer {secret}"))
    }
}

/// Whether what stands in a segment belongs to the actor; `person` and `app` say whose it is.
fn owns(actor: Actor, segment: &str, person: usize, app: usize) -> bool {
    match (actor, segment) {
        (Actor::Operator | Actor::Nobody, _) | (_, "source") => true,
        (Actor::App(mine) | Actor::Signer(mine), _) => mine == app,
        (Actor::Person(mine), _) => mine == person,
        (Actor::Holder(holder, _), "file") => holder == person,
        (Actor::Holder(holder, mine), _) => (holder, mine) == (person, app),
    }
}

impl Ids {
    fn with(&self, segment: &'static str, (value, hers): &(String, bool)) -> Self {
        let mut ids = self.clone();
        ids.0.insert(segment, (value.clone(), *hers));
        ids
    }

    fn fill(&self, path: &str) -> String {
        self.0
            .iter()
            .fold(path.to_owned(), |path, (name, (value, _))| path.replace(&format!("{{{name}}}"), value))
    }

    /// The same with ids of the right form that nobody has, where they are not the actor's own.
    fn nowhere(&self) -> Self {
        let nobodys = |name: &str| match name {
            "app" => "app01hf7yat00000000000000001a".to_owned(),
            "contract" => "con01hf7yat00000000000000001a".to_owned(),
            "grant" => "gra01hf7yat00000000000000001a".to_owned(),
            "person" => "per01hf7yat00000000000000001a".to_owned(),
            "signIn" => "sig01hf7yat00000000000000001a".to_owned(),
            "session" => format!("cas_{}", base64url(&[7; 32])),
            "file" => "18_1_1_7_2_D202001_1.0.0.json".to_owned(),
            "kid" => base64url(&[7; 32]),
            other => panic!("what is a {other} that nobody has?"),
        };
        let each = self.0.iter().map(|(name, (value, hers))| {
            let value = if *hers { value.clone() } else { nobodys(name) };
            (*name, (value, *hers))
        });
        Self(each.collect())
    }
}

/// An answer that has the headers and the shape that every answer of its door has.
struct Seen {
    status: u16,
    headers: consent_client::reqwest::header::HeaderMap,
    body: String,
    code: String,
}

impl Seen {
    async fn of(path: &str, response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let has = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!(has("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(has("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(has("x-frame-options"), "DENY", "{path}");
        assert!(has("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        let request_id = has("x-request-id");
        assert!(
            request_id.len() == 32 && request_id.bytes().all(|b| b.is_ascii_hexdigit()),
            "{path}: {request_id}"
        );
        assert!(
            !headers.contains_key("server") && !headers.contains_key("access-control-allow-origin"),
            "{path}"
        );
        assert!(status < 500, "{path}: {status}");
        let bytes = response.bytes().await.unwrap();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let code = if status < 400 { String::new() } else { refusal_code(path, status, &headers, &body) };
        Self { status, headers, body, code }
    }

    fn outcome(&self) -> String {
        format!("{} {}", self.status, self.code)
    }

    /// The whole refusal, but for the ids that it may repeat.
    fn without(&self, ids: &Ids) -> String {
        let body = ids.0.values().fold(self.body.clone(), |body, (value, _)| body.replace(value, "…"));
        let reference = self.headers["x-request-id"].to_str().unwrap();
        format!("{} {}", self.status, body.replace(reference, "…"))
    }
}

/// The code of a refusal, once its shape is seen to be that of its door.
fn refusal_code(
    path: &str,
    status: u16,
    headers: &consent_client::reqwest::header::HeaderMap,
    body: &str,
) -> String {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let json = || serde_json::from_str::<Value>(body).unwrap_or_else(|_| panic!("{path}: {kind} {body}"));
    if path.starts_with("/api/") {
        assert_eq!(kind, "application/problem+json", "{path}: {body}");
        assert_eq!(headers.contains_key("www-authenticate"), status == 401, "{path}");
        if body.is_empty() {
            return String::new();
        }
        let json = json();
        assert_eq!(json["status"], status, "{path}");
        for member in ["type", "title", "code", "detail"] {
            assert!(json[member].as_str().is_some_and(|text| !text.is_empty()), "{path}: {member} of {json}");
        }
        json["code"].as_str().unwrap().to_owned()
    } else if path.starts_with("/v1") {
        assert_eq!(kind, "application/json", "{path}: {body}");
        let code = headers["x-error-code"].to_str().unwrap().to_owned();
        assert!(!headers["x-error-message"].is_empty(), "{path}");
        if !body.is_empty() {
            assert_eq!(json()["error"]["code"], code.as_str(), "{path}");
            assert!(json()["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{path}");
        }
        code
    } else {
        assert_eq!(kind, "text/html; charset=utf-8", "{path}: {body}");
        assert!(body.is_empty() || body.starts_with("<!doctype html>"), "{path}: {body}");
        "page".to_owned()
    }
}

/// The method as the client spells it: it is built on another version of `http` than the server.
fn method(route: &RouteInfo) -> Method {
    Method::from_bytes(route.method.as_str().as_bytes()).unwrap()
}

/// The names in braces.
fn segments(path: &'static str) -> Vec<&'static str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
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
        "token",
    ];
    let last = route.path.rsplit('/').next().unwrap_or_default();
    !verbs.contains(&last) && !route.path.ends_with("{contract}/retire")
}

async fn account(person: &Person<'_>) -> String {
    let accounts = person.call(Method::GET, "/me/accounts", None).await.ok();
    accounts["items"][0]["id"].as_str().unwrap().to_owned()
}

fn kid(app: usize) -> String {
    let pem = fixture(&format!("keys/app-{}.public.pem", app + 1));
    RsaPublicKey::parse_pem(&pem).unwrap().thumbprint()
}
