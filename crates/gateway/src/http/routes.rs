//! One table of routes for each door builds the service and feeds the sweep test.

use std::{collections::BTreeMap, future::ready};

use actix_web::{
    HttpRequest, HttpResponse, Resource, Route,
    error::{InternalError, QueryPayloadError},
    guard,
    http::{
        Method,
        header::{ALLOW, HeaderValue},
    },
    web,
};

use super::{api, consent, digime, error::Refusal, pages};

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// A request signed with a contract key.
    Signature,
    /// A signed request that carries a living access token.
    Token,
    /// A signed-in person.
    Person,
    /// The operator token.
    Operator,
    /// An app's API key, or the operator token.
    AppKey,
    /// An app's API key, or a token that it got for it, of whichever app: it sees what is its own.
    AppToken,
    /// A code that a browser carries.
    BrowserCode,
    /// The token of the page a form was on; nobody needs to be signed in.
    Form,
    /// A browser in which a person is signed in; others are sent to sign in.
    PersonPage,
    /// The same, with a form that carries the token of the page it was on.
    PersonForm,
}

/// A route.
pub struct RouteInfo {
    /// Its method.
    pub method: Method,
    /// Its path, with `{names}` for parameters.
    pub path: &'static str,
    /// What it asks of its caller.
    pub needs: Needs,
    /// Makes the handler.
    pub make: fn() -> Route,
}

impl std::fmt::Debug for RouteInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({:?})", self.method, self.path, self.needs)
    }
}

/// Writes one line of a table of routes.
macro_rules! route {
    ($method:ident $path:literal, $needs:ident, $handler:expr) => {
        $crate::http::RouteInfo {
            method: actix_web::http::Method::$method,
            path: $path,
            needs: $crate::http::Needs::$needs,
            make: || {
                let (method, needs) = (actix_web::http::Method::$method, $crate::http::Needs::$needs);
                $crate::http::routes::answering(method, needs).to($handler)
            },
        }
    };
}
pub(crate) use route;

/// A route for a method, to be given its handler. Where one may GET, one may ask for the headers alone (HEAD), unless
/// a visit uses up what it carries.
pub(crate) fn answering(method: Method, needs: Needs) -> Route {
    if answers_head(&method, needs) {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::method(method)
    }
}

fn answers_head(method: &Method, needs: Needs) -> bool {
    *method == Method::GET && needs != Needs::BrowserCode
}

/// Mounts every route; methods that a path does not have are refused with 405.
///
/// The router tries one path after the other, so those with the same beginning are behind it together.
pub(super) fn mount(cfg: &mut web::ServiceConfig, routes: &[&'static RouteInfo]) {
    let mut beginnings: BTreeMap<&str, BTreeMap<&str, Vec<&RouteInfo>>> = BTreeMap::new();
    for route in routes {
        let (beginning, rest) = route.path.split_at(end_of_first_segment(route.path));
        beginnings.entry(beginning).or_default().entry(rest).or_default().push(route);
    }
    for (beginning, mut paths) in beginnings {
        if let Some(routes) = paths.remove("") {
            cfg.service(resource(beginning, routes));
        }
        if !paths.is_empty() {
            let resources = paths.into_iter().map(|(rest, routes)| resource(rest, routes));
            cfg.service(resources.fold(web::scope(beginning), actix_web::Scope::service));
        }
    }
}

fn end_of_first_segment(path: &str) -> usize {
    path.match_indices('/').nth(1).map_or(path.len(), |(at, _)| at)
}

fn resource(path: &str, mut routes: Vec<&RouteInfo>) -> Resource {
    // A route for HEAD itself goes before one for GET that answers both.
    routes.sort_by_key(|route| route.method != Method::HEAD);
    let allow = allowed(&routes);
    let refuse = move |request: HttpRequest| ready(method_not_allowed(&request, &allow));
    let resource =
        routes.into_iter().fold(web::resource(path), |resource, route| resource.route((route.make)()));
    resource.default_service(web::to(refuse))
}

/// The methods of one path, for the header `Allow`.
fn allowed(routes: &[&RouteInfo]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    methods.extend(routes.iter().any(|route| answers_head(&route.method, route.needs)).then_some("HEAD"));
    methods.sort_unstable();
    methods.dedup();
    methods.join(", ")
}

pub(super) async fn not_found(request: HttpRequest) -> HttpResponse {
    shaped(&request, Refusal::new(404, "NotFound", "There is nothing at this path"))
}

fn method_not_allowed(request: &HttpRequest, allow: &str) -> HttpResponse {
    let message = format!("This path does not have this method; it has {allow}");
    let mut response = shaped(request, Refusal::new(405, "MethodNotAllowed", message));
    if let Ok(value) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

/// What a query that cannot be read gets.
pub(super) fn malformed_query(error: QueryPayloadError, request: &HttpRequest) -> actix_web::Error {
    let refusal = Refusal::new(400, "ValidationErrors", "The query cannot be read; give each parameter once");
    InternalError::from_response(error, shaped(request, refusal)).into()
}

/// A refusal in the shape that the clients of this path expect.
fn shaped(request: &HttpRequest, refusal: Refusal) -> HttpResponse {
    let path = request.path();
    if path.starts_with("/api/") {
        api::Problem(refusal).respond()
    } else if consent::is_below(path) {
        consent::refuse(path, refusal)
    } else if path.starts_with("/v1") {
        digime::DigimeError(refusal).respond()
    } else {
        pages::message(refusal.status, "Not here", &refusal.message)
    }
}
