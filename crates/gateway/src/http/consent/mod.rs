//! The consent event API (`protocol/signatu-consent-api.md`): an app's log of who agreed to what, as Signatu's clients speak
//! to it, and the token endpoint beside it.
//!
//! There are two versions over one log: an event recorded at one is found at the other. Version 1 takes JSON only, counts an
//! empty text as none, knows no token, and searches without a target. **Bad input is refused with 422 in both**, although
//! the vendor's version 1 says 400: clients repeat a request six times after a 400, for 16 seconds, and give up at once
//! after a 422. Nothing at these doors answers 400, and nothing answers 5xx once an event is stored.

mod body;
mod caller;
mod cors;
mod error;
mod event;
mod find;
mod receipt;
mod record;
mod statistics;
mod token;

pub(super) use cors::share_across_origins;
pub(super) use error::{is_below, refuse};

use super::{RouteInfo, routes::route};

/// Which version of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V0,
    V1,
}

impl Version {
    /// The version that a path is of.
    fn of(path: &str) -> Self {
        if path.starts_with("/consent/v0/") { Self::V0 } else { Self::V1 }
    }

    /// What its paths begin with.
    fn base(self) -> &'static str {
        match self {
            Self::V0 => "/consent/v0",
            Self::V1 => "/consent/v1",
        }
    }
}

pub(super) static ROUTES: &[RouteInfo] = &[
    route!(POST "/oauth/v0/token", Nothing, token::issue),
    route!(POST "/consent/v0/consents", AppToken, record::record),
    route!(GET "/consent/v0/consents/search", AppToken, find::search),
    route!(GET "/consent/v0/consents/statistics", AppToken, statistics::show),
    route!(GET "/consent/v0/consents/token/{token}", AppToken, find::by_token),
    route!(GET "/consent/v0/consents/{event}", AppToken, find::by_id),
    route!(GET "/consent/v0/consents/{event}/receipt", AppToken, receipt::show),
    route!(POST "/consent/v0/vaults/{vault}/consents", AppToken, record::record),
    route!(GET "/consent/v0/vaults/{vault}/consents/search", AppToken, find::search),
    route!(POST "/consent/v1/consents", AppToken, record::record),
    route!(GET "/consent/v1/consents", AppToken, find::search),
    route!(GET "/consent/v1/consents/statistics", AppToken, statistics::show),
    route!(GET "/consent/v1/consents/{event}", AppToken, find::by_id),
    route!(GET "/consent/v1/consents/{event}/receipt", AppToken, receipt::show),
    route!(POST "/consent/v1/vaults/{vault}/consents", AppToken, record::record),
    route!(GET "/consent/v1/vaults/{vault}/consents", AppToken, find::search),
];
