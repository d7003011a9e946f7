//! The door of our own: `/api/v1`, JSON in camelCase. Unknown fields are refused, refusals are problem details, lists
//! come in pages.

mod accounts;
mod activity;
mod apps;
mod authorizations;
mod cases;
mod changes;
mod contracts;
mod endpoints;
mod events;
mod files;
mod grants;
mod keys;
mod me;
mod notices;
mod on_behalf;
mod openapi;
mod overview;
mod people;
mod persons;
mod poll;
mod problem;
mod receipts;
mod reports;
mod request;
mod signals;
mod sources;
mod wire;

pub(super) use events::exported;
pub(super) use files::{file_name, limited, media_type};
pub(super) use grants::grant_in_path;
pub use openapi::openapi_json;
pub use problem::Problem;
pub(super) use request::{Body, InPath, Place, invalid, malformed, misunderstood};

use super::{RouteInfo, routes::route};

pub(super) static ROUTES: &[RouteInfo] = &[
    route!(GET "/openapi.json", Nothing, openapi::serve),
    route!(POST "/api/v1/apps", Operator, apps::register),
    route!(GET "/api/v1/apps", Operator, apps::list),
    route!(GET "/api/v1/apps/{app}", AppKey, apps::show),
    route!(POST "/api/v1/apps/{app}/key", AppKey, apps::rotate_key),
    route!(POST "/api/v1/apps/{app}/suspend", Operator, apps::suspend),
    route!(POST "/api/v1/apps/{app}/reinstate", Operator, apps::reinstate),
    route!(GET "/api/v1/apps/{app}/grants", AppKey, grants::of_app),
    route!(GET "/api/v1/apps/{app}/grants/{grant}/receipts", AppKey, receipts::of_grant),
    route!(GET "/api/v1/apps/{app}/signal-endpoint", AppKey, endpoints::show),
    route!(PUT "/api/v1/apps/{app}/signal-endpoint", AppKey, endpoints::set),
    route!(POST "/api/v1/apps/{app}/signal-endpoint/ping", AppKey, endpoints::ping),
    route!(POST "/api/v1/apps/{app}/signal-endpoint/secret", AppKey, endpoints::rotate_secret),
    route!(GET "/api/v1/apps/{app}/signals", AppKey, signals::list),
    route!(POST "/api/v1/apps/{app}/signals/poll", AppKey, poll::poll),
    route!(GET "/api/v1/apps/{app}/signals/{signal}/attempts", AppKey, signals::attempts),
    route!(POST "/api/v1/apps/{app}/signals/{signal}/replay", AppKey, signals::replay),
    route!(POST "/api/v1/apps/{app}/signals/{signal}/reports", AppKey, reports::take),
    route!(POST "/api/v1/apps/{app}/signals/{signal}/close", Operator, cases::close),
    route!(GET "/api/v1/operator/overdue", Operator, cases::overdue),
    route!(GET "/api/v1/operator/dead-letters", Operator, cases::dead_letters),
    route!(POST "/api/v1/apps/{app}/contracts", AppKey, contracts::draft),
    route!(GET "/api/v1/apps/{app}/contracts", AppKey, contracts::list),
    route!(GET "/api/v1/apps/{app}/contracts/{contract}", AppKey, contracts::show),
    route!(PUT "/api/v1/apps/{app}/contracts/{contract}", AppKey, contracts::revise),
    route!(POST "/api/v1/apps/{app}/contracts/{contract}/publish", AppKey, contracts::publish),
    route!(POST "/api/v1/apps/{app}/contracts/{contract}/retire", AppKey, contracts::retire),
    route!(GET "/api/v1/apps/{app}/contracts/{contract}/keys", AppKey, keys::list),
    route!(POST "/api/v1/apps/{app}/contracts/{contract}/keys", AppKey, keys::add),
    route!(POST "/api/v1/apps/{app}/contracts/{contract}/keys/{kid}/retire", AppKey, keys::retire),
    route!(GET "/api/v1/apps/{app}/contracts/{contract}/signal-endpoint", AppKey, endpoints::show_of_contract),
    route!(POST "/api/v1/apps/{app}/contracts/{contract}/signal-endpoint/ping", AppKey, endpoints::ping_of_contract),
    route!(
        POST "/api/v1/apps/{app}/contracts/{contract}/signal-endpoint/secret",
        AppKey, endpoints::rotate_secret_of_contract
    ),
    route!(POST "/api/v1/people", Operator, persons::invite),
    route!(GET "/api/v1/people", Operator, persons::list),
    route!(POST "/api/v1/people/{person}/files", Operator, files::import_for),
    route!(GET "/api/v1/people/{person}/grants", Operator, on_behalf::list),
    route!(POST "/api/v1/people/{person}/revoke-everything", Operator, on_behalf::revoke_everything),
    route!(POST "/api/v1/people/{person}/grants/{grant}/stop", Operator, on_behalf::stop),
    route!(POST "/api/v1/people/{person}/grants/{grant}/resume", Operator, on_behalf::resume),
    route!(POST "/api/v1/people/{person}/grants/{grant}/revoke", Operator, on_behalf::revoke),
    route!(POST "/api/v1/people/{person}/grants/{grant}/erase", Operator, on_behalf::erase),
    route!(POST "/api/v1/people/{person}/grants/{grant}/cancel-erasure", Operator, on_behalf::cancel_erasure),
    route!(POST "/api/v1/people/{person}/grants/{grant}/shorten", Operator, on_behalf::shorten),
    route!(GET "/api/v1/operator/notices", Operator, notices::list),
    route!(POST "/api/v1/sign-up", Nothing, people::sign_up),
    route!(POST "/api/v1/sign-in", Nothing, people::sign_in),
    route!(POST "/api/v1/recover", Nothing, people::recover),
    route!(POST "/api/v1/sign-out", Person, people::sign_out),
    route!(GET "/api/v1/me", Person, me::show),
    route!(POST "/api/v1/me/password", Person, people::change_password),
    route!(POST "/api/v1/me/recovery-code", Person, people::new_recovery_code),
    route!(GET "/api/v1/me/sign-ins", Person, me::sign_ins),
    route!(DELETE "/api/v1/me/sign-ins/{signIn}", Person, me::end_sign_in),
    route!(GET "/api/v1/me/accounts", Person, accounts::list),
    route!(POST "/api/v1/me/accounts", Person, accounts::connect),
    route!(GET "/api/v1/me/files", Person, files::list),
    route!(POST "/api/v1/me/files", Person, files::upload),
    route!(GET "/api/v1/me/authorizations/{code}", Person, authorizations::show),
    route!(POST "/api/v1/me/authorizations/{code}/approve", Person, authorizations::approve),
    route!(POST "/api/v1/me/authorizations/{code}/decline", Person, authorizations::decline),
    route!(GET "/api/v1/me/grants", Person, grants::list),
    route!(GET "/api/v1/me/grants/{grant}", Person, grants::show),
    route!(POST "/api/v1/me/grants/{grant}/stop", Person, grants::stop),
    route!(POST "/api/v1/me/grants/{grant}/resume", Person, grants::resume),
    route!(POST "/api/v1/me/grants/{grant}/revoke", Person, grants::revoke),
    route!(POST "/api/v1/me/grants/{grant}/erase", Person, grants::erase),
    route!(POST "/api/v1/me/grants/{grant}/cancel-erasure", Person, grants::cancel_erasure),
    route!(POST "/api/v1/me/grants/{grant}/shorten", Person, grants::shorten),
    route!(GET "/api/v1/me/grants/{grant}/accesses", Person, activity::of_grant),
    route!(GET "/api/v1/me/grants/{grant}/events", Person, events::of_grant),
    route!(GET "/api/v1/me/grants/{grant}/receipts", Person, receipts::of_my_grant),
    route!(GET "/api/v1/me/grants/{grant}/signals", Person, signals::of_grant),
    route!(GET "/api/v1/me/grants/{grant}/signals/{signal}/reports", Person, reports::list),
    route!(POST "/api/v1/me/grants/{grant}/signals/{signal}/dispute", Person, cases::dispute),
    route!(GET "/api/v1/me/grants/{grant}/change", Person, changes::show),
    route!(POST "/api/v1/me/grants/{grant}/change/accept", Person, changes::accept),
    route!(POST "/api/v1/me/grants/{grant}/change/decline", Person, changes::decline),
    route!(GET "/api/v1/me/receipts", Person, receipts::list),
    route!(GET "/api/v1/me/receipts/{receipt}", Person, receipts::show),
    route!(GET "/api/v1/me/overview", Person, overview::list),
    route!(GET "/api/v1/me/summary", Person, overview::summary),
    route!(POST "/api/v1/me/revoke-everything", Person, overview::revoke_everything),
    route!(GET "/api/v1/me/activity", Person, activity::list),
    route!(GET "/api/v1/me/activity/counts", Person, activity::counts),
    route!(GET "/api/v1/me/events", Person, events::list),
    route!(GET "/api/v1/me/events/export", Person, events::export),
    route!(GET "/api/v1/me/checkpoints", Person, events::checkpoints),
    route!(GET "/api/v1/receipts/{receipt}/status", Nothing, receipts::status),
    route!(POST "/api/v1/receipts/verify", Nothing, receipts::verify),
    route!(GET "/api/v1/keys", Nothing, receipts::keys),
    route!(GET "/api/v1/sources", Nothing, sources::list),
];
