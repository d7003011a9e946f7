//! Links to the pages of a request: whatever stands in them, nobody is sent anywhere but to a page of ours or
//! to where the app registered, and no page holds what was not meant for it.

use actix_web::{
    http::{Uri, header::CONTENT_SECURITY_POLICY},
    test::TestRequest,
};
use consent_crypto::digest::base64url;
use url::Url;

use crate::{
    input::Input,
    stage::{Answer, REDIRECT_URIS, STATE, Stage, with_stage},
};

const PAGES: [&str; 4] = ["authorize", "onboard", "reauthorize", "user-reauth"];

/// The first byte chooses the page and what happens there, the rest is the query; `{authorize}`, `{onboard}`,
/// `{reauth}`, `{account}` and `{storage}` stand for codes that are good.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let choice = input.byte();
    with_stage(|stage| {
        let query = filled(stage, input.rest());
        let page = PAGES[usize::from(choice % 4)];
        if choice & 0x10 == 0 {
            comes(stage, page, &query, choice);
        } else {
            // As if the browser had been told to remember this.
            remembers(stage, page, &query, choice);
        }
    });
}

fn filled(stage: &Stage, query: &[u8]) -> Vec<u8> {
    let mut query = query.to_vec();
    for (name, code) in &stage.codes {
        while let Some(at) = query.windows(name.len()).position(|part| part == name.as_bytes()) {
            query.splice(at..at + name.len(), code.bytes());
        }
    }
    query
}

fn comes(stage: &mut Stage, page: &str, query: &[u8], choice: u8) {
    let url = [b"/apps/saas/", page.as_bytes(), b"?", query].concat();
    // Others do not get as far as the routes.
    let Ok(url) = Uri::try_from(url) else { return };
    let sign_in = stage.sign_in();
    let cookies = if choice & 0x20 == 0 { vec![sign_in.as_str()] } else { vec![] };
    let answer = stage.send(TestRequest::get().uri(&url.to_string()), vec![], &cookies);
    harmless(&answer);
    let Some(next) = answer.location().filter(|next| next.starts_with('/')) else {
        return used_up(stage, &answer);
    };
    assert!(next.starts_with(&format!("/apps/saas/{page}/")), "{next}");
    let kept: Vec<_> = answer.cookies().collect();
    assert_eq!(kept.len(), 1, "the code goes into a cookie");
    assert!(!next.contains("cap_") && !next.contains("crf_"), "a code in an address: {next}");
    looks(stage, next, &[&sign_in, kept[0]], choice);
}

fn remembers(stage: &mut Stage, page: &str, query: &[u8], choice: u8) {
    let sign_in = stage.sign_in();
    let code = stage.codes[usize::from(choice >> 2) % 3].clone();
    let first = match code.0 {
        "{authorize}" => "authorize",
        "{onboard}" => "onboard",
        _ => "user-reauth",
    };
    let url = format!("/apps/saas/{first}?code={}", code.1);
    let answer = stage.send(TestRequest::get().uri(&url), vec![], &[]);
    let Some(request) = answer.location().and_then(|next| next.rsplit('/').next()) else { return };
    let kept = format!("consent-{request}={}", base64url(query));
    looks(stage, &format!("/apps/saas/{page}/{request}"), &[&sign_in, &kept], choice);
}

/// The pages behind the link, and what their forms lead to.
fn looks(stage: &mut Stage, path: &str, cookies: &[&str], choice: u8) {
    let page = stage.send(TestRequest::get().uri(path), vec![], cookies);
    harmless(&page);
    if path.starts_with("/apps/saas/authorize/") {
        harmless(&stage.send(TestRequest::get().uri(&format!("{path}/add")), vec![], cookies));
    }
    // Whoever is not signed in reads who asks, and signs in first.
    let stranger = stage.send(TestRequest::get().uri(path), vec![], &cookies[1..]);
    harmless(&stranger);
    let sign_in = stranger.location().expect("nobody is signed in").to_owned();
    assert!(sign_in.starts_with("/sign-in?next="), "{sign_in}");
    harmless(&stage.send(TestRequest::get().uri(&sign_in), vec![], &cookies[1..]));
    let said = match choice >> 6 {
        1 => "decline",
        2 => "accept",
        3 => "connect",
        _ => return,
    };
    let shown = page.body.split_once("name=\"textHash\" value=\"").map_or("", |(_, rest)| &rest[..64]);
    let form = format!(
        "csrf={}&answer={said}&textHash={shown}&ownFiles=yes&source=16&sampleDataSet=ada",
        stage.csrf
    );
    let request = TestRequest::post().uri(path);
    let request = request.insert_header(("content-type", "application/x-www-form-urlencoded"));
    let answer = stage.send(request, vec![Ok(form.into())], cookies);
    harmless(&answer);
    used_up(stage, &answer);
}

fn used_up(stage: &mut Stage, answer: &Answer) {
    let Some(location) = answer.location() else { return };
    if location.contains("code=") {
        // With a new grant earlier tokens may end.
        stage.is_used_up();
    } else if location.contains("success=true") || location.contains("CANCEL") {
        stage.renew_codes();
    }
}

fn harmless(answer: &Answer) {
    assert!(answer.status < 500, "{answer:?}");
    assert!(!answer.body.contains("<script") && !answer.body.contains("javascript:"), "{}", answer.body);
    if let Some(location) = answer.location() {
        assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location}");
        assert!(is_ours(location) || is_registered(location), "{location}");
    }
    let policy = answer.headers.get(CONTENT_SECURITY_POLICY).expect("every answer has one");
    let policy = policy.to_str().expect("plain text");
    let (_, targets) = policy.split_once("form-action ").expect("forms are bound");
    for target in targets.split(';').next().unwrap_or_default().split(' ') {
        let known = ["'self'", "http://127.0.0.1:9999", "https://app.example", "digime-ca-app01:"];
        assert!(known.contains(&target), "forms may lead to {target}");
    }
}

fn is_ours(location: &str) -> bool {
    let here = Url::parse("http://127.0.0.1:8080/").expect("an address");
    location.starts_with('/') && here.join(location).is_ok_and(|url| url.origin() == here.origin())
}

/// A registered address with parameters added, and the state as it was.
fn is_registered(location: &str) -> bool {
    let rest = REDIRECT_URIS.iter().find_map(|uri| {
        let uri = Url::parse(uri).expect("an address");
        let rest = location.strip_prefix(uri.as_str())?;
        rest.starts_with(if uri.query().is_some() { '&' } else { '?' }).then_some(&rest[1..])
    });
    let Some(rest) = rest else { return false };
    let pairs: Vec<_> = url::form_urlencoded::parse(rest.as_bytes()).collect();
    let known = ["success", "state", "code", "accountReference", "errorCode"];
    for (name, value) in &pairs {
        assert!(known.contains(&&**name) && pairs.iter().filter(|(other, _)| other == name).count() == 1);
        assert!(name != "state" || value == STATE, "{value}");
    }
    pairs.iter().any(|(name, _)| name == "success")
}
