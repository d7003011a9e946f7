//! Two persons, two apps, and everything that either of them could show at a door.

use std::collections::BTreeMap;

use consent_client::{
    AuthorizeOptions, HandleKind, ReferenceOptions, SessionOptions, Url,
    reqwest::{Method, RequestBuilder, header::AUTHORIZATION},
};
use consent_crypto::{RsaPublicKey, digest::base64url};
use consent_gateway::http::{Needs, RouteInfo};
use harness::{MockApp, Part, Person, TestPlatform, Web, Yes, fixture, urlencoded};
use serde_json::{Value, json};

use super::seen::Seen;

/// What a caller may show.
#[derive(Debug, Clone, Copy)]
pub enum Credential {
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
    EndedSignIn,
    Signature,
    TokenOfApp,
    TokenOfOtherApp,
    BareAccessToken,
    BareRefreshToken,
    SessionKey,
    Code,
    RecoveryCode,
    LogToken,
}

/// How a caller shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In the header `Authorization`.
    Bearer,
    /// In the cookie of a sign-in.
    Cookie,
}

impl Credential {
    pub const ALL: [Self; 20] = [
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
        Self::EndedSignIn,
        Self::Signature,
        Self::TokenOfApp,
        Self::TokenOfOtherApp,
        Self::BareAccessToken,
        Self::BareRefreshToken,
        Self::SessionKey,
        Self::Code,
        Self::RecoveryCode,
        Self::LogToken,
    ];

    /// How a route refuses it; nothing when it is of the kind that the route needs.
    pub fn refused(self, carrier: Carrier, needs: Needs) -> Option<&'static str> {
        match carrier {
            Carrier::Bearer => self.refused_as_bearer(needs),
            Carrier::Cookie => self.refused_as_cookie(needs),
        }
    }

    fn refused_as_bearer(self, needs: Needs) -> Option<&'static str> {
        let signed = matches!(self, Self::Signature | Self::TokenOfApp | Self::TokenOfOtherApp);
        match (needs, self) {
            (Needs::Nothing, _)
            | (Needs::Person, Self::SignIn | Self::OtherSignIn)
            | (Needs::Operator | Needs::AppKey, Self::OperatorToken)
            | (Needs::AppKey, Self::ApiKey)
            | (Needs::AppToken, Self::ApiKey | Self::OtherApiKey | Self::LogToken)
            | (Needs::Token, Self::TokenOfApp) => None,
            (Needs::Signature, _) if signed => None,
            (Needs::AppKey, Self::OtherApiKey) => Some("404 AppNotFound"),
            (Needs::Token, Self::Signature) => Some("400 InvalidRequest"),
            (Needs::Token, Self::TokenOfOtherApp) => Some("401 InvalidToken"),
            (needs, _) => Some(refusal_of_nobody(needs)),
        }
    }

    /// A cookie opens pages and nothing else; and a form wants more than a cookie.
    fn refused_as_cookie(self, needs: Needs) -> Option<&'static str> {
        match (needs, self) {
            (Needs::Nothing, _) | (Needs::PersonPage, Self::SignIn | Self::OtherSignIn) => None,
            (Needs::PersonForm, Self::SignIn | Self::OtherSignIn) => Some("403 page"),
            (needs, _) => Some(refusal_of_nobody(needs)),
        }
    }
}

/// What somebody hears who shows nothing.
fn refusal_of_nobody(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => unreachable!("nobody is refused"),
        Needs::Person | Needs::Operator | Needs::AppKey | Needs::AppToken => "401 Unauthorized",
        Needs::Token | Needs::Signature => "400 InvalidJWT",
        // The code stands in the address and nowhere else.
        Needs::BrowserCode => "404 page",
        Needs::Form => "403 page",
        Needs::PersonPage | Needs::PersonForm => "303 sign-in",
    }
}

/// Somebody of the right kind, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    Nobody,
    Operator,
    App(usize),
    Person(usize),
    /// The browser of a person.
    Browser(usize),
    /// An app that signs.
    Signer(usize),
    /// An app that signs, with the token of a person.
    Holder(usize, usize),
}

/// Two persons who both said yes to both of two apps, which ask each of them for more.
pub struct Stage<'p> {
    operator: String,
    pub apps: [MockApp; 2],
    pub people: [Person<'p>; 2],
    /// Their browsers, which came with the codes of all that is asked.
    pub webs: [Web<'p>; 2],
    /// By person: what her forms carry.
    csrf: [String; 2],
    /// By person and app.
    pub yes: [[Yes; 2]; 2],
    /// By person and app: what stands in the paths.
    values: [[BTreeMap<&'static str, String>; 2]; 2],
    ended: String,
    code: String,
    log_token: String,
}

/// A value for each segment of a path; for each, whether it is the actor's own.
#[derive(Debug, Clone, Default)]
pub struct Ids(BTreeMap<&'static str, (String, bool)>);

/// Words that only the library of this person has.
fn words_of(person: usize) -> String {
    format!("words-that-are-only-hers-{person}")
}

impl<'p> Stage<'p> {
    pub async fn set(platform: &'p TestPlatform) -> Self {
        let apps = [
            MockApp::register(platform, "read", "app-1", with_endpoint).await,
            MockApp::register(platform, "read", "app-2", with_endpoint).await,
        ];
        for app in &apps {
            let (path, polls) =
                (format!("/api/v1/apps/{}/signal-endpoint", app.id), json!({ "method": "poll" }));
            let _ = platform.call(Method::PUT, &path, Some(&app.api_key), Some(&polls)).await.ok();
        }
        let mut people = [platform.person("ada").await, platform.person("bob").await];
        let ended = people[0].token.clone();
        let _ = people[0].signs_in(Person::PASSWORD).await.ok();
        assert_eq!(platform.call(Method::POST, "/api/v1/sign-out", Some(&ended), None).await.status, 204);
        let webs = [Web::of(platform, &people[0]), Web::of(platform, &people[1])];
        people[0].connects(&[16]).await;
        people[1].connects(&[18]).await;
        let mut all = Vec::new();
        for (number, person) in people.iter().enumerate() {
            let hers = of_person(number, person).await;
            for app in &apps {
                let yes = person.approves(app).await;
                person.stops(&yes).await;
                person.resumes(&yes).await;
                let mut values = hers.clone();
                values.extend(told(person, &yes).await);
                let (session, list) = app.reads(&yes.shared).await.unwrap();
                values.insert("grant", yes.grant.clone());
                values.insert("session", session.key.expose().to_owned());
                values.insert("file", list.files[0].name.clone());
                values.insert("app", app.id.clone());
                values.insert("contract", app.contract_id.clone());
                values.extend(asks(app, &yes, &webs[number]).await);
                values.extend(recorded(platform, app, number).await);
                all.push((yes, values));
            }
        }
        let [first, second, third, fourth] = <[_; 4]>::try_from(all).unwrap_or_else(|_| unreachable!());
        let code = apps[0].asks().await.url_code.expose().to_owned();
        let log_token = log_token(platform, &apps[0]).await;
        Self {
            operator: platform.operator().token().to_owned(),
            csrf: [webs[0].csrf().await, webs[1].csrf().await],
            apps,
            people,
            webs,
            yes: [[first.0, second.0], [third.0, fourth.0]],
            values: [[first.1, second.1], [third.1, fourth.1]],
            ended,
            code,
            log_token,
        }
    }

    /// Everything of one person and one app.
    pub fn ids(&self, person: usize, app: usize) -> Ids {
        let mut values = self.values[person][app].clone();
        values.insert("kid", kid(app));
        values.insert("code", self.code.clone());
        values.insert("source", "16".to_owned());
        values.insert("vault", "a-vault".to_owned());
        Ids(values.into_iter().map(|(name, value)| (name, (value, true))).collect())
    }

    /// Who may come in at all.
    pub fn actors(needs: Needs) -> Vec<Actor> {
        match needs {
            Needs::Nothing => vec![Actor::Nobody],
            Needs::Operator => vec![Actor::Operator],
            Needs::AppKey | Needs::AppToken => vec![Actor::App(0), Actor::App(1)],
            Needs::Person => vec![Actor::Person(0), Actor::Person(1)],
            Needs::Signature => vec![Actor::Signer(0), Actor::Signer(1)],
            Needs::Token => [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(p, a)| Actor::Holder(p, a)).to_vec(),
            Needs::PersonPage | Needs::PersonForm => vec![Actor::Browser(0), Actor::Browser(1)],
            Needs::BrowserCode | Needs::Form => vec![],
        }
    }

    pub fn insider(needs: Needs) -> Actor {
        *Stage::actors(needs).first().expect("somebody may come in")
    }

    /// Every mixture of ids in a path, and whether all of them are the actor's own.
    pub fn choices(&self, route: &RouteInfo, actor: Actor) -> Vec<(Ids, bool)> {
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

    /// Ids, names and words that an actor must not come across.
    pub fn not_for(&self, actor: Actor) -> Vec<String> {
        let mut hidden = Vec::new();
        for (person, app) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for (segment, (value, _)) in self.ids(person, app).0 {
                let told =
                    matches!(segment, "source" | "vault" | "code" | "app" | "contract" | "kid" | "file");
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
        if let Actor::Person(person) | Actor::Browser(person) = actor {
            let other = &self.people[1 - person];
            hidden.extend([other.id.clone(), other.email.clone(), words_of(1 - person)]);
            hidden.extend([self.csrf[1 - person].clone(), self.people[person].token.clone()]);
        }
        if matches!(actor, Actor::Operator | Actor::Nobody) { vec![] } else { hidden }
    }

    /// Words that she must come across on her own page for a file.
    pub fn words_of(person: usize) -> String {
        words_of(person)
    }

    /// A request without credentials, with an empty body of the kind that the route takes.
    pub fn request(platform: &TestPlatform, route: &RouteInfo, ids: &Ids) -> RequestBuilder {
        let url = format!("{}{}", platform.url, ids.fill(route.path));
        with_body(route, platform.http().request(method(route), url), &[], &json!({}))
    }

    pub fn sends(&self, platform: &TestPlatform, method: Method, path: &str, actor: Actor) -> RequestBuilder {
        let request = platform.http().request(method.clone(), format!("{}{path}", platform.url));
        match actor {
            Actor::Nobody => request,
            Actor::Operator => request.bearer_auth(&self.operator),
            Actor::App(app) => request.bearer_auth(&self.apps[app].api_key),
            Actor::Person(person) => request.bearer_auth(&self.people[person].token),
            Actor::Browser(person) => self.webs[person].request(method, path),
            Actor::Signer(app) => request.bearer_auth(self.apps[app].jwt(&[])),
            Actor::Holder(person, app) => request.bearer_auth(self.holding(app, &self.yes[person][app])),
        }
    }

    pub async fn ask(&self, platform: &TestPlatform, route: &RouteInfo, actor: Actor, ids: &Ids) -> Seen {
        let path = ids.fill(route.path);
        let request = self.sends(platform, method(route), &path, actor);
        let fields = match actor {
            Actor::Browser(person) => vec![("csrf", self.csrf[person].as_str())],
            _ => vec![],
        };
        let request = with_body(route, request, &fields, &body(route.path));
        Seen::of(&path, request.send().await.unwrap()).await
    }

    /// What a person's forms carry.
    pub fn csrf(&self, person: usize) -> &str {
        &self.csrf[person]
    }

    fn holding(&self, app: usize, yes: &Yes) -> String {
        self.apps[app].jwt(&[("access_token", yes.shared.tokens.access.value.expose())])
    }

    /// The request with a credential, shown as this carrier does.
    pub fn showing(
        &self,
        request: RequestBuilder,
        carrier: Carrier,
        credential: Credential,
    ) -> RequestBuilder {
        let secret = self.secret(credential);
        match (carrier, credential) {
            (_, Credential::Nothing) => request,
            (Carrier::Bearer, Credential::Empty) => request.header(AUTHORIZATION, "Bearer"),
            (Carrier::Bearer, Credential::OtherScheme) => {
                request.header(AUTHORIZATION, format!("Basic {secret}"))
            }
            (Carrier::Bearer, _) => request.bearer_auth(secret),
            // Under another name it is no sign-in.
            (Carrier::Cookie, Credential::OtherScheme) => {
                request.header("cookie", format!("sign-in={secret}"))
            }
            (Carrier::Cookie, _) => {
                let asked = self.webs[0].all_cookies();
                let asked = asked.iter().filter(|(name, _)| *name != Web::SIGN_IN);
                let mut cookies: Vec<_> = asked.map(|(name, value)| format!("{name}={value}")).collect();
                cookies.push(format!("{}={secret}", Web::SIGN_IN));
                request.header("cookie", cookies.join("; "))
            }
        }
    }

    fn secret(&self, credential: Credential) -> String {
        let tokens = &self.yes[0][0].shared.tokens;
        match credential {
            Credential::Nothing | Credential::Empty => String::new(),
            Credential::Garbage => "garbage".to_owned(),
            Credential::OperatorToken => self.operator.clone(),
            Credential::OtherOperatorToken => format!("cao_{}", base64url(&[7; 32])),
            Credential::ApiKey => self.apps[0].api_key.clone(),
            Credential::OtherApiKey => self.apps[1].api_key.clone(),
            Credential::SignIn | Credential::OtherScheme => self.people[0].token.clone(),
            Credential::OtherSignIn => self.people[1].token.clone(),
            Credential::EndedSignIn => self.ended.clone(),
            Credential::Signature => self.apps[0].jwt(&[]),
            Credential::TokenOfApp => self.holding(0, &self.yes[0][0]),
            Credential::TokenOfOtherApp => self.holding(0, &self.yes[0][1]),
            Credential::BareAccessToken => tokens.access.value.expose().to_owned(),
            Credential::BareRefreshToken => tokens.refresh.value.expose().to_owned(),
            Credential::SessionKey => self.values[0][0]["session"].clone(),
            Credential::Code => self.code.clone(),
            Credential::RecoveryCode => self.people[0].recovery_code.clone(),
            Credential::LogToken => self.log_token.clone(),
        }
    }
}

/// Signals under the contract go to a place of its own, when that has answered.
fn with_endpoint(document: &mut Value) {
    document["signalEndpoint"] = "http://127.0.0.1:9/signals".into();
}

/// What one person has, whatever app asks.
async fn of_person(number: usize, person: &Person<'_>) -> BTreeMap<&'static str, String> {
    let sign_ins = person.call(Method::GET, "/me/sign-ins", None).await.ok();
    let accounts = person.call(Method::GET, "/me/accounts", None).await.ok();
    let words = words_of(number);
    let uploaded = person.uploads(&format!("{words}.txt"), "text/plain", words.as_str()).await.ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    [
        ("person", person.id.clone()),
        ("signIn", text(&sign_ins["items"][0]["id"])),
        ("account", text(&accounts["items"][0]["id"])),
        ("ownFile", text(&uploaded["files"][0]["id"])),
    ]
    .into()
}

/// What an app was told of a grant, and what the person has to show for it.
async fn told(person: &Person<'_>, yes: &Yes) -> BTreeMap<&'static str, String> {
    let signals = person.call(Method::GET, &format!("/me/grants/{}/signals", yes.grant), None).await.ok();
    let receipts = person.call(Method::GET, "/me/receipts?limit=1", None).await.ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    [("signal", text(&signals["items"][0]["id"])), ("receipt", text(&receipts["items"][0]["id"]))].into()
}

/// What an app recorded about somebody: one event for each person that there is.
async fn recorded(platform: &TestPlatform, app: &MockApp, person: usize) -> BTreeMap<&'static str, String> {
    let subject = format!("somebody-{person}");
    let event = json!({ "subject": subject, "target": "https://app.example/policy", "action": true });
    let path = "/consent/v0/consents";
    let event = platform.call(Method::POST, path, Some(&app.api_key), Some(&event)).await.ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    [("event", text(&event["id"])), ("token", text(&event["token"]))].into()
}

/// A token that an app got for its API key.
async fn log_token(platform: &TestPlatform, app: &MockApp) -> String {
    let body = json!({
        "grant_type": "client_credentials", "client_id": app.id, "client_secret": app.api_key,
    });
    let tokens = platform.call(Method::POST, "/oauth/v0/token", None, Some(&body)).await.ok();
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// An app asks for everything that an app can ask a person for; her browser comes with each of the codes.
async fn asks(app: &MockApp, yes: &Yes, web: &Web<'_>) -> BTreeMap<&'static str, String> {
    let access = &yes.shared.tokens.access.value;
    let state = "a state";
    let consent = AuthorizeOptions { state: state.to_owned(), ..AuthorizeOptions::default() };
    let consent = app.client.authorize(&consent).await.unwrap();
    let onboard = app.client.reference(access, &ReferenceOptions::default()).await.unwrap();
    let account = &app.client.accounts(access).await.unwrap()[0].id;
    let handle = app.client.handle(HandleKind::Account, account).await.unwrap();
    let renew = app.client.reference(access, &ReferenceOptions::default()).await.unwrap();
    let confirm = app.client.reauthorize(access, state, &SessionOptions::default()).await.unwrap();
    [
        ("consent", arrives(web, &consent.consent_url(&[])).await),
        ("onboard", arrives(web, &onboard.onboard_url(&[])).await),
        ("renew", arrives(web, &renew.reauthorize_url(&handle)).await),
        ("confirm", arrives(web, &confirm.consent_url(&[])).await),
    ]
    .into()
}

/// A browser comes to a page with a code; returns the id of the request.
async fn arrives(web: &Web<'_>, url: &Url) -> String {
    let visit = web.get(url.as_str()).await;
    let path = visit.location().unwrap();
    assert!(path.starts_with("/apps/saas/"), "{path}");
    path.rsplit('/').next().unwrap().to_owned()
}

/// Gives a request the body that its route takes.
fn with_body(
    route: &RouteInfo,
    request: RequestBuilder,
    fields: &[(&str, &str)],
    json: &Value,
) -> RequestBuilder {
    let is_form = matches!(route.needs, Needs::Form | Needs::PersonForm);
    match method(route) {
        Method::POST | Method::PUT if !is_form => request.json(json),
        Method::POST if route.path.ends_with("/files") => {
            let parts: Vec<_> = fields.iter().map(|(name, value)| Part::field(name, value)).collect();
            let file = Part::file("a.txt", "text/plain", "some text");
            request
                .header("content-type", Part::content_type())
                .body(Part::body(&[parts, vec![file]].concat()))
        }
        Method::POST => {
            let kind = "application/x-www-form-urlencoded";
            request.header("content-type", kind).body(urlencoded(fields.iter().copied()))
        }
        _ => request,
    }
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

/// Whether what stands in a segment belongs to the actor; `person` and `app` say whose it is.
fn owns(actor: Actor, segment: &str, person: usize, app: usize) -> bool {
    match (actor, segment) {
        (Actor::Operator | Actor::Nobody, _) | (_, "source" | "vault") => true,
        (Actor::App(mine) | Actor::Signer(mine), _) => mine == app,
        (Actor::Person(mine) | Actor::Browser(mine), _) => mine == person,
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

    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|(value, _)| value.as_str())
    }

    /// A path with the values in it.
    pub fn fill(&self, path: &'static str) -> String {
        let named = path.split('/').map(|segment| {
            let name = name_of(segment).map(|name| kind_of(path, name));
            match name.and_then(|name| self.0.get(name)) {
                Some((value, _)) => value.as_str(),
                None => segment,
            }
        });
        let path_and_query = [named.collect::<Vec<_>>().join("/"), query(path).to_owned()];
        path_and_query.concat()
    }

    /// The same with ids of the right form that nobody has, where they are not the actor's own.
    pub fn nowhere(&self) -> Self {
        let nobodys = |name: &str| match name {
            "app" => "app01hf7yat00000000000000001a".to_owned(),
            "contract" => "con01hf7yat00000000000000001a".to_owned(),
            "grant" => "gra01hf7yat00000000000000001a".to_owned(),
            "person" => "per01hf7yat00000000000000001a".to_owned(),
            "signIn" => "sig01hf7yat00000000000000001a".to_owned(),
            "account" => "acc01hf7yat00000000000000001a".to_owned(),
            "ownFile" => "fil01hf7yat00000000000000001a".to_owned(),
            "consent" | "onboard" | "renew" | "confirm" => "req01hf7yat00000000000000001a".to_owned(),
            "signal" => "0192f0c1-2b1a-7cc0-8a1c-0a1b2c3d4e5f".to_owned(),
            "receipt" => "6f9619ff-8b86-4d01-b42d-00cf4fc964ff".to_owned(),
            "event" => "0".repeat(64),
            "token" => "ZZZZZ9".to_owned(),
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

/// What a search cannot do without.
fn query(path: &str) -> &'static str {
    let searches =
        path == "/consent/v1/consents" || path.ends_with("/{vault}/consents") || path.ends_with("/search");
    if searches { "?subject=nobody&target=nothing" } else { "" }
}

/// The method as the client spells it: it is built on another version of `http` than the server.
pub fn method(route: &RouteInfo) -> Method {
    Method::from_bytes(route.method.as_str().as_bytes()).unwrap()
}

/// What the names in braces stand for.
pub fn segments(path: &'static str) -> Vec<&'static str> {
    path.split('/').filter_map(name_of).map(|name| kind_of(path, name)).collect()
}

fn name_of(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Some names stand for one thing here and for another there.
fn kind_of(path: &str, name: &'static str) -> &'static str {
    match name {
        "file" if path.starts_with("/library/") => "ownFile",
        "request" if path.starts_with("/apps/saas/authorize/") => "consent",
        "request" if path.starts_with("/apps/saas/onboard/") => "onboard",
        "request" if path.starts_with("/apps/saas/reauthorize/") => "renew",
        "request" if path.starts_with("/apps/saas/user-reauth/") => "confirm",
        name => name,
    }
}

fn kid(app: usize) -> String {
    let pem = fixture(&format!("keys/app-{}.public.pem", app + 1));
    RsaPublicKey::parse_pem(&pem).unwrap().thumbprint()
}
