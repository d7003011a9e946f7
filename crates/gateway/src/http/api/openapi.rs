//! The description of this door, OpenAPI 3.1: made of the handlers and wire structs, and of the table of routes,
//! which knows what each path carries and what each route asks of its caller.

use std::sync::LazyLock;

use actix_web::{HttpResponse, http::Method};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, ObjectBuilder, PathItem, Ref, RefOr, Required, ResponseBuilder, Type,
        path::{Operation, ParameterBuilder, ParameterIn},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    ROUTES, accounts, activity, apps, authorizations, cases, changes, contracts, endpoints, events, files,
    grants, keys, me, notices, on_behalf, overview, people, persons, poll,
    problem::{PROBLEM_JSON, ProblemJson},
    receipts, reports, signals, sources,
};
use crate::http::{Needs, RouteInfo};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Consent Access",
        description = "Apps and their contracts, what a person is asked and answers, and her library.\n\n\
            Unknown fields are refused. What is wrong is said in `application/problem+json` (RFC 9457) with a stable \
            `code`. Lists come in pages: pass `next` of an answer as `after`. Times are RFC 3339 in UTC.",
    ),
    tags(
        (name = "registry", description = "Apps and what they ask for"),
        (name = "people", description = "Signing up, in and out"),
        (name = "consent", description = "What a person is asked, what she agreed to, and how she ends it"),
        (name = "signals", description = "What apps are told when a consent changes, and what they answer"),
        (name = "library", description = "A person's sources and files"),
        (name = "operator", description = "For whoever runs the platform"),
    ),
    paths(
        apps::register, apps::list, apps::show, apps::rotate_key, apps::suspend, apps::reinstate,
        contracts::draft, contracts::list, contracts::show, contracts::revise, contracts::publish, contracts::retire,
        keys::list, keys::add, keys::retire, grants::of_app,
        people::sign_up, people::sign_in, people::recover, people::sign_out, people::change_password,
        people::new_recovery_code, me::show, me::sign_ins, me::end_sign_in,
        authorizations::show, authorizations::approve, authorizations::decline,
        grants::list, grants::show, grants::stop, grants::resume, grants::revoke, grants::erase,
        grants::cancel_erasure, grants::shorten, events::list,
        events::of_grant, events::export, events::checkpoints, activity::list, activity::counts, activity::of_grant,
        overview::list, overview::summary, overview::revoke_everything, receipts::of_my_grant,
        receipts::list, receipts::show, receipts::of_grant, receipts::status, receipts::verify, receipts::keys,
        endpoints::show, endpoints::set, endpoints::ping, endpoints::rotate_secret, signals::list,
        signals::attempts, signals::replay, poll::poll, reports::take, signals::of_grant, reports::list,
        endpoints::show_of_contract, endpoints::ping_of_contract, endpoints::rotate_secret_of_contract,
        cases::overdue, cases::dead_letters, cases::close, cases::dispute,
        changes::show, changes::accept, changes::decline,
        accounts::list, accounts::connect, files::list, files::upload, sources::list,
        persons::invite, persons::list, files::import_for,
        on_behalf::list, on_behalf::stop, on_behalf::resume, on_behalf::revoke, on_behalf::erase,
        on_behalf::cancel_erasure, on_behalf::shorten, on_behalf::revoke_everything, notices::list,
    ),
    components(schemas(ProblemJson)),
    modifiers(&FromRoutes),
)]
struct Description;

/// What the table of routes knows.
struct FromRoutes;

impl Modify for FromRoutes {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        for route in ROUTES {
            let item = api.paths.paths.get_mut(route.path);
            if let Some(operation) = item.and_then(|item| operation(item, &route.method)) {
                complete(operation, route);
            }
        }
        let schemes = &mut api.components.get_or_insert_default().security_schemes;
        for (name, description) in [
            ("operatorToken", "The operator token, cao_…"),
            ("apiKey", "An app's API key, cak_…"),
            ("signIn", "What sign-up and sign-in answer, csi_…"),
        ] {
            let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description));
            schemes.insert(name.to_owned(), RefOr::T(SecurityScheme::Http(bearer.build())));
        }
    }
}

fn operation<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut Operation> {
    match *method {
        Method::GET => item.get.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::PUT => item.put.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        _ => None,
    }
}

fn complete(operation: &mut Operation, route: &RouteInfo) {
    let parameters = operation.parameters.get_or_insert_default();
    for name in segments(route.path) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        parameters.push(RefOr::T(parameter.build()));
    }
    let schemes = schemes(route.needs);
    operation.security = Some(schemes.iter().map(|name| SecurityRequirement::new(*name, [""; 0])).collect());
    let problem = ResponseBuilder::new()
        .description("Refused: `code` says why")
        .content(PROBLEM_JSON, Content::new(Some(Ref::from_schema_name("Problem"))));
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem.build()));
}

/// The names in braces.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// Any one of these lets a caller in.
fn schemes(needs: Needs) -> &'static [&'static str] {
    match needs {
        Needs::Person => &["signIn"],
        Needs::Operator => &["operatorToken"],
        Needs::AppKey => &["apiKey", "operatorToken"],
        Needs::Nothing
        | Needs::Signature
        | Needs::Token
        | Needs::AppToken
        | Needs::BrowserCode
        | Needs::Form
        | Needs::PersonPage
        | Needs::PersonForm => &[],
    }
}

/// The description as JSON.
#[must_use]
pub fn openapi_json() -> String {
    Description::openapi().to_pretty_json().expect("a description is text, numbers and lists")
}

/// `GET /openapi.json`.
pub(super) async fn serve() -> HttpResponse {
    static JSON: LazyLock<String> = LazyLock::new(openapi_json);
    HttpResponse::Ok().content_type("application/json").body(JSON.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn described() -> Value {
        serde_json::from_str(&openapi_json()).unwrap()
    }

    fn operations(api: &Value) -> impl Iterator<Item = (String, &Value)> {
        let paths = api["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        })
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let api = described();
        let described: BTreeSet<_> = operations(&api).map(|(name, _)| name).collect();
        let ours = ROUTES.iter().filter(|route| route.path.starts_with("/api/v1/"));
        let routes: BTreeSet<_> = ours.map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(described, routes);
        assert!(api["openapi"].as_str().unwrap().starts_with("3.1"), "{}", api["openapi"]);
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_summary_and_a_default() {
        let api = described();
        let mut names = BTreeSet::new();
        for (route, operation) in operations(&api) {
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{route}");
            assert!(operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{route}");
            assert!(operation["responses"]["default"].is_object(), "{route}");
            assert!(operation["security"].is_array(), "{route}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(api: &Value, value: &Value) {
            match value {
                Value::Object(members) => {
                    if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                        assert!(api.pointer(&target[1..]).is_some(), "{target}");
                    }
                    members.values().for_each(|member| check(api, member));
                }
                Value::Array(entries) => entries.iter().for_each(|entry| check(api, entry)),
                _ => {}
            }
        }
        let api = described();
        check(&api, &api);
    }
}
