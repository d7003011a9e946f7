//! The digi.me door, generation v1.7 (`protocol/digime.md` §6).

mod accounts;
mod contract;
mod error;
mod files;
mod oauth;
mod session;
mod wire;

pub(super) use error::DigimeError;

use super::{RouteInfo, routes::route};

pub(super) static ROUTES: &[RouteInfo] = &[
    route!(GET "/jwks/oauth", Nothing, oauth::jwks),
    route!(GET "/v1.7/jwks/oauth", Nothing, oauth::jwks),
    route!(POST "/v1.7/oauth/authorize", Signature, oauth::authorize),
    route!(POST "/v1.7/oauth/token", Signature, oauth::token),
    route!(POST "/v1.7/oauth/token/reference", Signature, oauth::reference),
    route!(POST "/v1.7/reference", Signature, oauth::handle),
    route!(POST "/v1.7/permission-access/trigger", Token, session::trigger),
    route!(GET "/v1.7/permission-access/query/{session}", Token, session::list),
    route!(GET "/v1.7/permission-access/query/{session}/{file}", Token, files::read),
    route!(HEAD "/v1.7/permission-access/query/{session}/{file}", Token, files::describe),
    route!(GET "/v1.7/permission-access/accounts", Token, accounts::list),
    route!(GET "/v1.7/permission-access/contract", Signature, contract::signed),
    route!(GET "/v1.7/permission-access/contract/{contract}/{app}", Nothing, contract::public),
    route!(GET "/v1.7/permission-access/sample/datasets/{source}", Signature, accounts::samples),
];
