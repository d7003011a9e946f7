//! What an app sent a person here for. The code and the parameters come in the URL that the app's SDK made; from then on
//! the browser keeps them in a cookie of this one request, so that the code stands in no other address.

use actix_web::{HttpResponse, cookie::Cookie};
use consent_auth::RequestKind;
use consent_core::RequestId;
use consent_crypto::{
    Secret, SecretKind,
    digest::{base64url, base64url_decode},
};
use consent_sources::SourcesScope;
use url::form_urlencoded;

use crate::{
    flows::{OfferFilter, SampleChoice},
    http::{api::Place, pages},
    platform::Platform,
};

/// So long the browser remembers, in seconds: as long as a request is good at most.
const REMEMBERED_FOR: i64 = 60 * 60;
/// Parameters longer than this in all do not fit into a cookie, in bytes.
const LONGEST: usize = 2400;
/// The parameters that matter here (`protocol/digime.md` §13.1); others are tolerated: `lng`, as all pages are in
/// English; `autoRedirect`, as the browser always goes back by itself; `includeSampleDataOnlySources`, as a sandbox has
/// no other sources.
const KNOWN: [&str; 10] = [
    "code",
    "callback",
    "service",
    "sourceType",
    "sampleDataSet",
    "sampleDataAutoOnboard",
    "storageRef",
    "triggerQuery",
    "sourcesScope",
    "accountRef",
];

/// A page that apps send people to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// To agree to a contract.
    Authorize,
    /// To connect one more source.
    Onboard,
    /// To connect one account anew.
    Reauthorize,
    /// To go on with what was agreed.
    UserReauth,
}

impl Page {
    /// The kind of code in its URL.
    pub fn code(self) -> SecretKind {
        match self {
            Self::Authorize => SecretKind::PreauthorizationCode,
            Self::Onboard | Self::Reauthorize | Self::UserReauth => SecretKind::ReferenceCode,
        }
    }

    /// The kind of request that it answers.
    pub fn kind(self) -> RequestKind {
        match self {
            Self::Authorize => RequestKind::Authorize,
            Self::Onboard | Self::Reauthorize => RequestKind::Onboard,
            Self::UserReauth => RequestKind::Reauthorize,
        }
    }

    /// Where it stands for one request.
    pub fn path(self, request: &RequestId) -> String {
        let name = match self {
            Self::Authorize => "authorize",
            Self::Onboard => "onboard",
            Self::Reauthorize => "reauthorize",
            Self::UserReauth => "user-reauth",
        };
        format!("/apps/saas/{name}/{request}")
    }
}

/// The parameters of a URL, each at most once; those without a value count as absent.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query; none when a parameter is given twice, or there is too much.
    pub fn parse(query: &str) -> Option<Self> {
        let mut kept: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !KNOWN.contains(&&*name) || value.is_empty() {
                continue;
            }
            if kept.iter().any(|(known, _)| *known == name) {
                return None;
            }
            kept.push((name.into_owned(), value.into_owned()));
        }
        let parameters = Self(kept);
        (parameters.to_query().len() <= LONGEST).then_some(parameters)
    }

    fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// A parameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same without the code, which nothing needs any more once it is answered.
    fn without_code(&self) -> Self {
        Self(self.0.iter().filter(|(name, _)| name != "code").cloned().collect())
    }

    /// The code.
    fn code(&self) -> Option<Secret> {
        let text = self.value("code")?;
        let kinds = [SecretKind::PreauthorizationCode, SecretKind::ReferenceCode];
        kinds.into_iter().find_map(|kind| Secret::parse(kind, text).ok())
    }

    fn handle(&self, name: &str) -> Result<Option<Secret>, &'static str> {
        let parse = |text| Secret::parse(SecretKind::Handle, text).map_err(|_| "is no reference");
        self.value(name).map(parse).transpose()
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, &'static str> {
        match self.value(name) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err("must be true or false"),
        }
    }
}

/// What the parameters ask for.
#[derive(Debug)]
pub(super) struct Wishes {
    /// Where failures go, and the results of onboarding, for SDKs before generation 10.
    pub callback: Option<String>,
    /// Answer without a page; sample data only.
    pub automatic: bool,
    /// Which sample data.
    pub sample: SampleChoice,
    /// Which sources to offer.
    pub filter: OfferFilter,
    /// Whether the session starts to read.
    pub query: bool,
    /// The account to connect anew.
    pub account: Option<Secret>,
    /// The store to keep with the request.
    pub storage: Option<Secret>,
}

/// A parameter that cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misunderstood {
    /// Its name.
    pub name: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl TryFrom<&Parameters> for Wishes {
    type Error = Misunderstood;

    fn try_from(parameters: &Parameters) -> Result<Self, Misunderstood> {
        let wrong = |name| move |reason| Misunderstood { name, reason };
        let text = |name| parameters.value(name).map(str::to_owned);
        let service = parameters.value("service").map(str::parse).transpose();
        let service = service.map_err(|_| Misunderstood { name: "service", reason: "must be a number" })?;
        let push = match parameters.value("sourceType") {
            None | Some("pull") => false,
            Some("push") => true,
            Some(_) => return Err(Misunderstood { name: "sourceType", reason: "must be pull or push" }),
        };
        Ok(Self {
            callback: text("callback"),
            automatic: parameters
                .flag("sampleDataAutoOnboard", false)
                .map_err(wrong("sampleDataAutoOnboard"))?,
            sample: SampleChoice { set: text("sampleDataSet"), source: service },
            filter: OfferFilter {
                service,
                sample_set: text("sampleDataSet"),
                push,
                sources: sources(parameters).map_err(wrong("sourcesScope"))?,
            },
            query: parameters.flag("triggerQuery", true).map_err(wrong("triggerQuery"))?,
            account: parameters.handle("accountRef").map_err(wrong("accountRef"))?,
            storage: parameters.handle("storageRef").map_err(wrong("storageRef"))?,
        })
    }
}

/// `sourcesScope` is percent-encoded twice: one layer is gone, the other goes here.
fn sources(parameters: &Parameters) -> Result<Option<SourcesScope>, &'static str> {
    let Some(text) = parameters.value("sourcesScope") else { return Ok(None) };
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8().map_err(|_| "is not UTF-8")?;
    let scope = serde_json::from_str(&decoded).map_err(
        |_| "must be JSON with dataType (a list) and organizationType, with values that are known here",
    )?;
    Ok(Some(scope))
}

/// What an app sent a person here for, as her browser remembers it.
pub(super) struct Errand {
    /// The request.
    pub request: RequestId,
    /// Its code, until it is answered.
    pub code: Option<Secret>,
    /// What the app wishes.
    pub wishes: Wishes,
    parameters: Parameters,
}

impl Errand {
    /// What the browser remembers of this request.
    pub fn of(platform: &Platform, place: &Place, request: RequestId) -> Option<Self> {
        let kept = pages::cookie_value(platform, place.request(), request.as_str())?;
        let query = String::from_utf8(base64url_decode(&kept).ok()?).ok()?;
        let parameters = Parameters::parse(&query)?;
        Some(Self {
            code: parameters.code(),
            wishes: Wishes::try_from(&parameters).ok()?,
            request,
            parameters,
        })
    }

    /// Where the person is asked.
    pub fn path(&self) -> String {
        Page::Authorize.path(&self.request)
    }

    /// Has the browser forget the code of what is answered; that it was, and where failures go, it remembers for when the
    /// form comes a second time.
    pub fn is_answered(&self, platform: &Platform, mut response: HttpResponse) -> HttpResponse {
        pages::add_cookie(&mut response, &cookie(platform, &self.request, &self.parameters.without_code()));
        response
    }
}

/// Has the browser remember the code and parameters of a request.
pub(super) fn remember(
    platform: &Platform,
    request: &RequestId,
    parameters: &Parameters,
    mut response: HttpResponse,
) -> HttpResponse {
    pages::add_cookie(&mut response, &cookie(platform, request, parameters));
    response
}

/// Encoded once more, as cookies are decoded when they are read.
fn cookie(platform: &Platform, request: &RequestId, parameters: &Parameters) -> Cookie<'static> {
    let value = base64url(parameters.to_query().as_bytes());
    pages::set_cookie(platform, request.as_str(), value, REMEMBERED_FOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(query: &str) -> Result<Wishes, Misunderstood> {
        Wishes::try_from(&Parameters::parse(query).unwrap())
    }

    #[test]
    fn what_the_sdks_send_is_understood() {
        let all = wishes(
            "code=x&sourceType=pull&service=16&sampleDataSet=ada&sampleDataAutoOnboard=true&lng=en_US&\
             includeSampleDataOnlySources=true&triggerQuery=false&sourcesScope=%257B%2522dataType%2522%253A%255B%2522\
             vaccinations%2522%255D%257D",
        )
        .unwrap();
        assert_eq!((all.filter.service, all.filter.push, all.automatic), (Some(16), false, true));
        assert!(!all.query && all.filter.sources.is_some());
        let least = wishes("code=x&service=&lng=").unwrap();
        assert_eq!((least.filter.service, least.automatic, least.query), (None, false, true));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (query, name) in [
            ("service=spotify", "service"),
            ("sourceType=both", "sourceType"),
            ("sampleDataAutoOnboard=yes", "sampleDataAutoOnboard"),
            ("triggerQuery=1", "triggerQuery"),
            ("sourcesScope=%7B", "sourcesScope"),
            ("sourcesScope=%257B%2522dataType%2522%253A%255B%2522gossip%2522%255D%257D", "sourcesScope"),
            ("accountRef=cap_x", "accountRef"),
            ("storageRef=-", "storageRef"),
        ] {
            assert_eq!(wishes(query).unwrap_err().name, name, "{query}");
        }
        assert!(Parameters::parse("service=1&service=2").is_none());
        assert!(Parameters::parse(&format!("callback={}", "x".repeat(4000))).is_none());
        assert!(Parameters::parse(&format!("unknown={}", "x".repeat(4000))).is_some());
    }

    #[test]
    fn what_is_remembered_is_what_the_url_said() {
        let query = "code=a%26b&callback=https%3A%2F%2Fapp.example%2F%3Fx%3D%C3%A9%26code%3Dc";
        let parameters = Parameters::parse(query).unwrap();
        let again = Parameters::parse(&parameters.to_query()).unwrap();
        assert_eq!(again.value("callback"), Some("https://app.example/?x=é&code=c"));
        assert_eq!(again.value("code"), Some("a&b"));
        let rest = Parameters::parse(&parameters.without_code().to_query()).unwrap();
        assert_eq!((rest.value("code"), rest.value("callback")), (None, again.value("callback")));
    }
}
