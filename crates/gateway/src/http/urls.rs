//! The URLs we make.

use consent_core::GrantId;
use url::{Url, form_urlencoded};

use crate::platform::Platform;

/// Where the keys that sign server tokens are published.
pub(super) fn jwks(platform: &Platform) -> String {
    format!("{}/jwks/oauth", platform.public_url)
}

/// An app's redirect URI with query parameters added behind those it has.
pub(super) fn back_to_app(redirect_uri: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let Ok(mut url) = Url::parse(redirect_uri) else { return redirect_uri.to_owned() };
    let given = parameters.iter().filter_map(|(name, value)| value.map(|value| (*name, value)));
    url.query_pairs_mut().extend_pairs(given);
    url.into()
}

/// Where somebody signs in who wants to go on to `next`, a path of ours.
pub(super) fn sign_in(next: &str) -> String {
    let path = "/sign-in?".to_owned();
    form_urlencoded::Serializer::for_suffix(path, "/sign-in?".len()).append_pair("next", next).finish()
}

/// A path to go to after signing in, if it is one of ours that a person may want: nobody is sent elsewhere.
pub(super) fn local(next: &str) -> Option<String> {
    let here = Url::parse("http://here.invalid/").ok()?;
    let url = here.join(next).ok()?;
    let ours = ["/console", "/library", "/security", "/apps/saas"];
    let known = ours.iter().any(|root| {
        let rest = url.path().strip_prefix(root);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    (next.starts_with('/') && url.origin() == here.origin() && known).then(|| match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    })
}

/// The page on which the form of a path stands, which is where to go after signing in again.
pub(super) fn page_of(path: &str) -> String {
    if path.starts_with("/apps/saas/") {
        let forms = ["/accounts", "/files"];
        return match forms.iter().find_map(|form| path.strip_suffix(form)) {
            Some(question) => format!("{question}/add"),
            None => path.to_owned(),
        };
    }
    let mut segments = path.split('/').skip(1);
    match [(); 3].map(|()| segments.next().unwrap_or_default()) {
        ["console", "grants", grant] => format!("/console/grants/{grant}"),
        ["console", "revoke-everything", _] => path.to_owned(),
        [section, ..] => format!("/{section}"),
    }
}

/// The page of one of a person's grants.
pub(super) fn grant(id: &GrantId) -> String {
    format!("/console/grants/{id}")
}

/// A path with a query of what is not empty.
pub(super) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let given: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
    if given.is_empty() {
        return path.to_owned();
    }
    let path = format!("{path}?");
    let length = path.len();
    form_urlencoded::Serializer::for_suffix(path, length).extend_pairs(given).finish()
}

/// Scheme and host of a web address; the scheme of an app's own.
pub(super) fn origin(uri: &str) -> String {
    let Ok(url) = Url::parse(uri) else { return String::new() };
    match url.origin() {
        origin @ url::Origin::Tuple(..) => origin.ascii_serialization(),
        url::Origin::Opaque(_) => format!("{}:", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_redirect_uri_stays() {
        let url = back_to_app(
            "https://app.example/cb?a=1%202",
            &[("success", Some("true")), ("state", Some("x y&z")), ("no", None)],
        );
        assert_eq!(url, "https://app.example/cb?a=1%202&success=true&state=x+y%26z");
        assert_eq!(back_to_app("digime-ca-x://auth", &[("code", Some("c"))]), "digime-ca-x://auth?code=c");
    }

    #[test]
    fn people_see_where_the_answer_goes_and_no_more() {
        assert_eq!(origin("https://diary.example/callback?x=1"), "https://diary.example");
        assert_eq!(origin("http://127.0.0.1:3000/callback"), "http://127.0.0.1:3000");
        assert_eq!(origin("digime-ca-app01://auth"), "digime-ca-app01:");
        assert_eq!(origin("org.example.diary:/callback"), "org.example.diary:");
    }

    #[test]
    fn after_signing_in_people_stay_here() {
        for ours in ["/console", "/apps/saas/authorize/req1?a=b", "/library/files/fil1", "/security?said=x"] {
            assert_eq!(local(ours).as_deref(), Some(ours));
        }
        for other in [
            "",
            "/",
            "//evil.example/console",
            "/\\evil.example/console",
            "https://evil.example/console",
            "console",
            "/sign-out",
            "/api/v1/me",
            "/console/../api/v1/me",
            "/console/%2e%2e/api",
            "/consoles",
            "javascript:alert(1)",
            "/\t/evil.example/console",
        ] {
            assert_eq!(local(other), None, "{other}");
        }
    }

    #[test]
    fn a_form_leads_back_to_its_page() {
        assert_eq!(page_of("/console/grants/gra1/stop"), "/console/grants/gra1");
        assert_eq!(page_of("/console/revoke-everything"), "/console/revoke-everything");
        assert_eq!(with_query("/console", &[("q", "a b&c"), ("after", "")]), "/console?q=a+b%26c");
        assert_eq!(with_query("/console", &[("q", "")]), "/console");
        assert_eq!(page_of("/library/files"), "/library");
        assert_eq!(page_of("/apps/saas/authorize/req1"), "/apps/saas/authorize/req1");
        assert_eq!(page_of("/apps/saas/authorize/req1/files"), "/apps/saas/authorize/req1/add");
        assert_eq!(sign_in("/console?a=b"), "/sign-in?next=%2Fconsole%3Fa%3Db");
    }
}
