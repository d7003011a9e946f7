//! The URLs we make.

use url::Url;

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
}
