//! Addresses that apps hand in: pages people are sent to, and endpoints the server calls.
//!
//! The rules look at the text as it was written, because redirect URIs are compared letter by letter later; `url` only
//! confirms that it is an address.

use url::Url;

use crate::{Invalid, Policy};

const MAX_LENGTH: usize = 2000;

/// Refuses what is neither https nor, in the sandbox, http on this machine.
pub(crate) fn check_web(field: &str, uri: &str, policy: Policy, problems: &mut Vec<Invalid>) {
    let reason = common(uri).or_else(|| match scheme(uri) {
        Some("https") => authority_of_https(uri),
        Some("http") => loopback(uri, policy),
        _ => Some("must begin with https://"),
    });
    problems.extend(reason.map(|reason| Invalid::new(field, reason)));
}

/// Refuses what an answer with a code must not be sent to.
pub(crate) fn check_redirect(field: &str, uri: &str, policy: Policy, problems: &mut Vec<Invalid>) {
    let reason = common(uri).or_else(|| match scheme(uri) {
        Some("https") => authority_of_https(uri),
        Some("http") => loopback(uri, policy),
        Some(scheme) if scheme.starts_with("digime-ca") || is_private_use(scheme) => private_use(uri),
        _ => Some(
            "must be https, a scheme that begins with digime-ca, or a private scheme with a dot such as org.example.diary",
        ),
    });
    problems.extend(reason.map(|reason| Invalid::new(field, reason)));
}

fn common(uri: &str) -> Option<&'static str> {
    if uri.is_empty() {
        Some("must not be empty; give an address that begins with https://")
    } else if uri.len() > MAX_LENGTH {
        Some("must have at most 2000 characters; shorten it")
    } else if !uri.bytes().all(|b| b.is_ascii_graphic()) {
        Some("has spaces or characters beyond ASCII; percent-encode them")
    } else if uri.contains('\\') {
        Some("has a backslash; use /")
    } else if uri.contains('#') {
        Some("must not have a fragment; leave out # and what follows")
    } else if uri.contains('*') {
        Some("must not have a wildcard; list every address in full")
    } else if authority(uri).is_some_and(|authority| authority.contains('@')) {
        Some("must not have a user name or password; leave out what stands before @")
    } else if Url::parse(uri).is_err() {
        Some("is not an address; write it in full, such as https://diary.example/callback")
    } else {
        None
    }
}

fn scheme(uri: &str) -> Option<&str> {
    uri.split_once(':').map(|(scheme, _)| scheme)
}

/// What stands between `//` and the path.
fn authority(uri: &str) -> Option<&str> {
    let (_, behind) = uri.split_once(':')?;
    behind.strip_prefix("//")?.split(['/', '?']).next()
}

fn authority_of_https(uri: &str) -> Option<&'static str> {
    let authority = authority(uri).unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((address, _)) => address.trim_matches(|c: char| c.is_ascii_hexdigit() || c == ':' || c == '.'),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let named = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    (authority.is_empty() || authority.starts_with(':') || !named)
        .then_some("must begin with https:// and a host name of letters, digits, dots and hyphens")
}

fn loopback(uri: &str, policy: Policy) -> Option<&'static str> {
    if !policy.sandbox {
        return Some("must be https; http is for the sandbox only");
    }
    let port = authority(uri).and_then(|authority| {
        ["127.0.0.1:", "[::1]:", "localhost:"].iter().find_map(|host| authority.strip_prefix(host))
    });
    let given = port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (!given)
        .then_some("http must stay on this machine, with its port, such as http://127.0.0.1:3000/callback")
}

/// A reversed domain name (RFC 8252 §7.1), which no browser gives a meaning of its own.
fn is_private_use(scheme: &str) -> bool {
    scheme.contains('.') && scheme.split('.').all(|label| !label.is_empty())
}

fn private_use(uri: &str) -> Option<&'static str> {
    let scheme = scheme(uri).unwrap_or_default();
    let lower = scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
    (!lower).then_some("must have its scheme in lower case")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect_is_fine(uri: &str, sandbox: bool) -> bool {
        let mut problems = vec![];
        check_redirect("redirectUris[0]", uri, Policy { sandbox }, &mut problems);
        problems.is_empty()
    }

    #[test]
    fn redirects_go_to_https_and_to_schemes_of_apps() {
        for fine in [
            "https://diary.example/callback",
            "https://diary.example:8443/callback?from=consent",
            "https://diary.example",
            "digime-ca://callback",
            "digime-ca-app01hf7yat00000000000000001a://auth",
            "org.example.diary:/callback",
            "org.example.diary://callback",
        ] {
            assert!(redirect_is_fine(fine, false), "{fine}");
        }
    }

    #[test]
    fn redirects_go_nowhere_else() {
        for wrong in [
            "",
            "diary.example/callback",
            "/callback",
            "https:diary.example",
            "https:///diary.example",
            "https://:443/callback",
            "https://diary.example/callback#part",
            "https://user@diary.example/",
            "https://@diary.example/",
            "https://user:secret@diary.example/",
            "https://*.diary.example/callback",
            "https://diary.example\\@other.example/",
            "https://diary.example/a b",
            "https://diärchen.example/",
            "HTTPS://diary.example/",
            "http://diary.example:80/",
            "javascript:alert(1)",
            "data:text/html,hello",
            "diary:/callback",
            "..:/callback",
            "Org.example.diary:/callback",
            "org.example.diary://user@callback",
        ] {
            assert!(!redirect_is_fine(wrong, true), "{wrong}");
        }
        assert!(!redirect_is_fine(&format!("https://diary.example/{}", "a".repeat(2000)), false));
    }

    #[test]
    fn http_stays_on_this_machine_with_a_port_and_in_the_sandbox() {
        for uri in ["http://127.0.0.1:3000/callback", "http://[::1]:3000/", "http://localhost:80/cb?x=1"] {
            assert!(redirect_is_fine(uri, true) && !redirect_is_fine(uri, false), "{uri}");
        }
        for wrong in [
            "http://127.0.0.1/callback",
            "http://localhost/",
            "http://127.0.0.1:0/",
            "http://127.1:80/",
            "http://localhost.example:80/",
            "http://127.0.0.1:3000@other.example/",
        ] {
            assert!(!redirect_is_fine(wrong, true), "{wrong}");
        }
    }

    #[test]
    fn pages_and_endpoints_have_no_schemes_of_their_own() {
        let mut problems = vec![];
        check_web("policyUrl", "https://diary.example/privacy", Policy { sandbox: false }, &mut problems);
        assert_eq!(problems, []);
        check_web("policyUrl", "org.example.diary:/privacy", Policy { sandbox: true }, &mut problems);
        assert_eq!(problems, [Invalid::new("policyUrl", "must begin with https://")]);
    }
}
