//! Cookies: names, and the attributes that all of them have.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};

use crate::platform::Platform;

/// Holds the secret of a sign-in.
pub(in crate::http) const SIGN_IN: &str = "sign-in";
/// Ties the forms of somebody who is not signed in to her browser.
pub(super) const FORM: &str = "form";

/// What a cookie of ours is called. Under TLS the prefix makes browsers refuse it from anywhere but this very host,
/// over anything but TLS (RFC 6265bis §4.1.3.2).
fn full_name(platform: &Platform, name: &str) -> String {
    let prefix = if platform.is_secure() { "__Host-" } else { "" };
    format!("{prefix}consent-{name}")
}

/// The value of a cookie, if the browser sent it.
pub(in crate::http) fn value(platform: &Platform, request: &HttpRequest, name: &str) -> Option<String> {
    Some(request.cookie(&full_name(platform, name))?.value().to_owned())
}

/// A cookie that no script reads and no foreign form carries; top-level links do, which is how apps send people here.
pub(in crate::http) fn set(platform: &Platform, name: &str, value: String, seconds: i64) -> Cookie<'static> {
    Cookie::build(full_name(platform, name), value)
        .path("/")
        .secure(platform.is_secure())
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(seconds))
        .finish()
}

/// The same, over.
pub(in crate::http) fn remove(platform: &Platform, name: &str) -> Cookie<'static> {
    set(platform, name, String::new(), 0)
}
