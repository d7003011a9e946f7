//! The contract document: what an app asks for and promises, as it is handed in, shown and stored.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use consent_core::{Scope, ScopeError};
use consent_crypto::RsaPublicKey;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use crate::{
    CalendarDuration, ContractsError, Invalid,
    error::unless_any,
    text::{check_all_seen, check_length},
    uri::{check_redirect, check_web},
};

/// At most this many redirect URIs per contract.
pub const MAX_REDIRECT_URIS: usize = 10;

const MAX_PROMISES: usize = 20;
const MAX_RECIPIENTS: usize = 50;
const MAX_CRITERIA: usize = 50;

/// ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER \
    ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM \
    IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF \
    MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK \
    PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD \
    TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Whether this is a country by its two letters of ISO 3166.
pub(crate) fn is_country(code: &str) -> bool {
    COUNTRIES.split_whitespace().any(|country| country == code)
}

/// What this installation allows beyond the rules for everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether http on this machine is fine, for trying things out.
    pub sandbox: bool,
}

/// What an app asks for, why, for how long, and with which public key.
///
/// Texts and lists that are left out are empty here and refused by [`Document::validate`], so that one answer names
/// everything that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// What people know the request by, 1 to 100 characters.
    #[serde(default)]
    pub name: String,
    /// What the app may do.
    pub access: Access,
    /// Whether it may come back, or has only one session.
    pub ongoing: bool,
    /// Why it asks.
    pub purpose: Purpose,
    /// What it will do with the data, line by line.
    #[serde(default)]
    pub will: Vec<String>,
    /// What it will not do with the data, line by line.
    #[serde(default)]
    pub will_not: Vec<String>,
    /// Which data, and of which time.
    #[serde(default, deserialize_with = "strict_scope")]
    pub scope: Scope,
    /// Object types of the scope that the person may leave out.
    #[serde(default)]
    pub optional: Vec<i64>,
    /// How long the app keeps what it got.
    pub retention: Retention,
    /// Who else gets it.
    pub sharing: Sharing,
    /// Whether the app deletes on request.
    pub right_to_be_forgotten: RightToBeForgotten,
    /// On what ground of law the app handles the data.
    pub lawful_basis: LawfulBasis,
    /// Country whose law applies, ISO 3166-1 alpha-2.
    #[serde(default)]
    pub jurisdiction: String,
    /// Privacy policy.
    #[serde(default)]
    pub policy_url: String,
    /// Terms and conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms_url: Option<String>,
    /// Picture to know the app by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_url: Option<String>,
    /// How long a grant lasts (ISO 8601 duration); until somebody ends it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_for: Option<String>,
    /// Whether accounts that are connected later are covered without asking again.
    #[serde(default)]
    pub future_accounts: bool,
    /// Whether the app may close the person's whole library.
    #[serde(default)]
    pub may_delete_library: bool,
    /// The first public key, PEM (PKCS#1 or SPKI), RSA with 2048 bits.
    #[serde(default)]
    pub public_key: String,
    /// Where people may be sent back to.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where signals under this contract go once it has answered a verification; where all of the app's do when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal_endpoint: Option<String>,
}

/// What an app may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// Read mapped data of the scope.
    Read,
    /// Leave data in the person's library.
    Write,
    /// Read raw files that the scope's criteria select.
    ReadRaw,
}

/// Why an app asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Purpose {
    /// One sentence, at most 200 characters.
    #[serde(default)]
    pub summary: String,
    /// The whole story, at most 4000 characters.
    #[serde(default)]
    pub details: String,
}

/// How long an app keeps what it got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retention {
    /// ISO 8601 duration; `P0D` when nothing is kept.
    #[serde(default)]
    pub period: String,
    /// The same in words, at most 1000 characters.
    #[serde(default)]
    pub text: String,
}

/// Who else gets the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sharing {
    /// Whether anybody does.
    pub third_parties: bool,
    /// Who, by name; exactly when there are third parties.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// What they get and why, or that nobody does; at most 1000 characters.
    #[serde(default)]
    pub text: String,
}

/// Whether an app deletes on request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RightToBeForgotten {
    /// Whether it does.
    pub implemented: bool,
    /// How, or why not; at most 1000 characters.
    #[serde(default)]
    pub text: String,
}

/// On what ground of law an app handles data (GDPR, article 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LawfulBasis {
    /// The person's consent.
    Consent,
    /// A contract with the person.
    Contract,
    /// A duty by law.
    LegalObligation,
    /// Somebody's life.
    VitalInterests,
    /// A task in the public interest.
    PublicTask,
    /// The app's legitimate interests.
    LegitimateInterests,
}

impl Document {
    /// Refuses a document that cannot be put before people, naming every problem; returns its key.
    pub fn validate(&self, policy: &Policy) -> Result<RsaPublicKey, ContractsError> {
        let mut problems = Vec::new();
        self.check_texts(&mut problems);
        self.check_scope(&mut problems);
        self.check_durations(&mut problems);
        self.check_addresses(*policy, &mut problems);
        match RsaPublicKey::parse_pem(&self.public_key) {
            Ok(key) => unless_any(problems).map(|()| key),
            Err(error) => {
                problems.push(Invalid::new("publicKey", error.to_string()));
                Err(ContractsError::Invalid(problems))
            }
        }
    }

    /// When a grant given at `from` ends; `None` when it lasts until somebody ends it.
    #[must_use]
    pub fn grant_ends_at(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let lasting: CalendarDuration = self.grant_for.as_deref()?.parse().ok()?;
        Some(lasting.after(from))
    }

    /// What the person cannot leave out.
    #[must_use]
    pub fn required_scope(&self) -> Scope {
        self.scope.keeping(|_, _, object| !self.optional.contains(&object))
    }

    fn check_texts(&self, problems: &mut Vec<Invalid>) {
        check_length("name", &self.name, 100, problems);
        check_length("purpose.summary", &self.purpose.summary, 200, problems);
        check_length("purpose.details", &self.purpose.details, 4000, problems);
        check_promises("will", &self.will, problems);
        check_promises("willNot", &self.will_not, problems);
        check_length("retention.text", &self.retention.text, 1000, problems);
        check_length("sharing.text", &self.sharing.text, 1000, problems);
        self.check_recipients(problems);
        check_length("rightToBeForgotten.text", &self.right_to_be_forgotten.text, 1000, problems);
        if !is_country(&self.jurisdiction) {
            let reason =
                "must be a country by its two letters of ISO 3166, such as NL (the United Kingdom is GB)";
            problems.push(Invalid::new("jurisdiction", reason));
        }
        let seen =
            serde_json::to_value(Self { public_key: String::new(), ..self.clone() }).unwrap_or_default();
        let may_break = |field: &str| {
            matches!(field, "purpose.details" | "retention.text" | "sharing.text" | "rightToBeForgotten.text")
        };
        check_all_seen("", &seen, &may_break, problems);
    }

    fn check_recipients(&self, problems: &mut Vec<Invalid>) {
        let Sharing { third_parties, recipients, .. } = &self.sharing;
        let reason = match (third_parties, recipients.len()) {
            (true, 0) => "must name who gets the data, because thirdParties is true",
            (false, 1..) => "must be empty, because thirdParties is false",
            (true, n) if n > MAX_RECIPIENTS => "must have at most 50 entries; name groups of recipients",
            _ => {
                for (at, recipient) in recipients.iter().enumerate() {
                    check_length(&format!("sharing.recipients[{at}]"), recipient, 200, problems);
                }
                return;
            }
        };
        problems.push(Invalid::new("sharing.recipients", reason));
    }

    fn check_scope(&self, problems: &mut Vec<Invalid>) {
        problems.extend(self.scope.validate().err().map(|error| invalid_scope(&error)));
        let Scope { service_groups, time_ranges, criteria } = &self.scope;
        let mut refuse_any = |field: &str, given: bool, reason: &str| {
            if given {
                problems.push(Invalid::new(field, reason));
            }
        };
        match self.access {
            Access::Read => {
                let reason = "must list at least one service group with its service types and object types";
                refuse_any("scope.serviceGroups", service_groups.is_empty(), reason);
                refuse_any(
                    "scope.criteria",
                    !criteria.is_empty(),
                    "select raw files; leave them out for access read",
                );
            }
            Access::ReadRaw => {
                let reason = "select mapped data; leave them out for access readRaw";
                refuse_any("scope.serviceGroups", !service_groups.is_empty(), reason);
                refuse_any("scope.criteria", criteria.len() > MAX_CRITERIA, "must have at most 50 entries");
            }
            Access::Write => {
                let reason = "select data to read; leave them out for access write";
                refuse_any("scope.serviceGroups", !service_groups.is_empty(), reason);
                refuse_any("scope.timeRanges", !time_ranges.is_empty(), reason);
                refuse_any("scope.criteria", !criteria.is_empty(), reason);
            }
        }
        refuse_any("scope.timeRanges", time_ranges.len() > MAX_CRITERIA, "must have at most 50 entries");
        self.check_optional(problems);
    }

    fn check_optional(&self, problems: &mut Vec<Invalid>) {
        let offered: BTreeSet<i64> = self.scope.mapped().map(|(_, _, object)| object).collect();
        let mut named = BTreeSet::new();
        for (at, object) in self.optional.iter().enumerate() {
            let reason = if !offered.contains(object) {
                format!("object type {object} is not in the scope; add it there or leave it out here")
            } else if !named.insert(object) {
                format!("object type {object} is listed twice; leave one out")
            } else {
                continue;
            };
            problems.push(Invalid::new(format!("optional[{at}]"), reason));
        }
    }

    fn check_durations(&self, problems: &mut Vec<Invalid>) {
        if let Err(error) = self.retention.period.parse::<CalendarDuration>() {
            problems.push(Invalid::new("retention.period", error.to_string()));
        }
        let reason = self.grant_for.as_deref().and_then(|text| match text.parse::<CalendarDuration>() {
            Ok(lasting) if lasting.is_zero() => {
                Some("must not be zero; leave it out for a grant without an end".to_owned())
            }
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        });
        problems.extend(reason.map(|reason| Invalid::new("grantFor", reason)));
    }

    fn check_addresses(&self, policy: Policy, problems: &mut Vec<Invalid>) {
        check_web("policyUrl", &self.policy_url, policy, problems);
        let others = [
            ("termsUrl", &self.terms_url),
            ("logoUrl", &self.logo_url),
            ("signalEndpoint", &self.signal_endpoint),
        ];
        for (field, uri) in others {
            if let Some(uri) = uri {
                check_web(field, uri, policy, problems);
            }
        }
        if !(1..=MAX_REDIRECT_URIS).contains(&self.redirect_uris.len()) {
            let reason = "must have 1 to 10 entries; list where people come back to, in full";
            problems.push(Invalid::new("redirectUris", reason));
        }
        for (at, uri) in self.redirect_uris.iter().take(MAX_REDIRECT_URIS).enumerate() {
            let field = format!("redirectUris[{at}]");
            if self.redirect_uris[..at].contains(uri) {
                problems.push(Invalid::new(field, "is listed twice; leave one out"));
            } else {
                check_redirect(&field, uri, policy, problems);
            }
        }
    }
}

fn check_promises(field: &str, lines: &[String], problems: &mut Vec<Invalid>) {
    if !(1..=MAX_PROMISES).contains(&lines.len()) {
        problems
            .push(Invalid::new(field, "must have 1 to 20 lines; say in plain words what people can rely on"));
    }
    for (at, line) in lines.iter().take(MAX_PROMISES).enumerate() {
        check_length(&format!("{field}[{at}]"), line, 500, problems);
    }
}

fn invalid_scope(error: &ScopeError) -> Invalid {
    let field = match error {
        ScopeError::Last => "scope",
        ScopeError::TimeRange { path }
        | ScopeError::Unknown { path, .. }
        | ScopeError::Empty { path, .. } => path,
    };
    let reason = error.to_string();
    let reason = reason.strip_prefix(field).and_then(|reason| reason.strip_prefix(": ")).unwrap_or(&reason);
    Invalid::new(field, reason)
}

/// A scope of which every member is understood: a misspelt limit would otherwise be no limit.
fn strict_scope<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
    let given = Value::deserialize(deserializer)?;
    let scope: Scope = serde_json::from_value(given.clone()).map_err(D::Error::custom)?;
    let understood = serde_json::to_value(&scope).map_err(D::Error::custom)?;
    match unknown_member("scope", &given, &understood) {
        Some(member) => Err(D::Error::custom(format!("unknown field `{member}`"))),
        None => Ok(scope),
    }
}

/// A member that was given, says something and did not arrive.
fn unknown_member(path: &str, given: &Value, understood: &Value) -> Option<String> {
    match (given, understood) {
        (Value::Object(given), Value::Object(understood)) => given.iter().find_map(|(name, member)| {
            let path = format!("{path}.{name}");
            match understood.get(name) {
                Some(understood) => unknown_member(&path, member, understood),
                None if member.is_null() || member.as_array().is_some_and(Vec::is_empty) => None,
                None => Some(path),
            }
        }),
        (Value::Array(given), Value::Array(understood)) => {
            given.iter().zip(understood).enumerate().find_map(|(at, (given, understood))| {
                unknown_member(&format!("{path}[{at}]"), given, understood)
            })
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    const STRICT: Policy = Policy { sandbox: false };

    /// A document that is fine, as `fixtures/contracts/<name>.json` has it.
    pub(crate) fn sample(name: &str) -> Document {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures");
        let text = std::fs::read_to_string(format!("{folder}/contracts/{name}.json")).unwrap();
        let mut document: Document = serde_json::from_str(&text).unwrap();
        document.public_key = std::fs::read_to_string(format!("{folder}/keys/app-1.public.pem")).unwrap();
        document.redirect_uris = vec!["https://app.example/callback".to_owned()];
        document
    }

    fn problems(document: &Document, policy: Policy) -> Vec<Invalid> {
        match document.validate(&policy) {
            Ok(_) => vec![],
            Err(ContractsError::Invalid(problems)) => problems,
            Err(other) => panic!("{other}"),
        }
    }

    /// The fields that are wrong after a change to a document that was fine.
    fn wrong_after(name: &str, change: impl FnOnce(&mut Document)) -> Vec<String> {
        let mut document = sample(name);
        change(&mut document);
        problems(&document, STRICT).into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn the_documents_of_the_walk_throughs_are_fine() {
        for name in ["read", "write", "read-raw", "read-optional"] {
            assert_eq!(problems(&sample(name), STRICT), [], "{name}");
        }
    }

    #[test]
    fn a_document_survives_being_stored() {
        for name in ["read", "write", "read-raw", "read-optional"] {
            let document = sample(name);
            let value = serde_json::to_value(&document).unwrap();
            assert_eq!(serde_json::from_value::<Document>(value).unwrap(), document);
        }
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let empty: Document = serde_json::from_value(json!({
            "access": "read", "ongoing": true, "purpose": {}, "retention": {}, "sharing": {"thirdParties": true},
            "rightToBeForgotten": {"implemented": false}, "lawfulBasis": "consent",
        }))
        .unwrap();
        let fields: Vec<_> = problems(&empty, STRICT).into_iter().map(|problem| problem.field).collect();
        let expected = [
            "name",
            "purpose.summary",
            "purpose.details",
            "will",
            "willNot",
            "retention.text",
            "sharing.text",
            "sharing.recipients",
            "rightToBeForgotten.text",
            "jurisdiction",
            "scope.serviceGroups",
            "retention.period",
            "policyUrl",
            "redirectUris",
            "publicKey",
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_misspelt_member_is_refused_wherever_it_stands() {
        let refused = |change: fn(&mut Value)| {
            let mut value = serde_json::to_value(sample("read-optional")).unwrap();
            change(&mut value);
            serde_json::from_value::<Document>(value).unwrap_err().to_string()
        };
        assert!(refused(|v| v["purpouse"] = json!("x")).contains("unknown field `purpouse`"));
        assert!(refused(|v| v["retention"]["perod"] = json!("P1Y")).contains("unknown field `perod`"));
        assert!(refused(|v| v["scope"]["timeRange"] = json!([{"last": "1y"}])).contains("`scope.timeRange`"));
        assert!(
            refused(|v| v["scope"]["timeRanges"][0]["form"] = json!(1))
                .contains("`scope.timeRanges[0].form`")
        );
        assert!(refused(|v| v["lawfulBasis"] = json!("whim")).contains("unknown variant `whim`"));
        assert!(refused(|v| v["access"] = json!("readraw")).contains("unknown variant `readraw`"));
    }

    #[test]
    fn members_that_say_nothing_are_fine() {
        let mut value = serde_json::to_value(sample("read")).unwrap();
        value["scope"]["criteria"] = json!([]);
        value["termsUrl"] = Value::Null;
        value["grantFor"] = Value::Null;
        assert!(serde_json::from_value::<Document>(value).is_ok());
    }

    #[test]
    fn each_access_has_the_scope_that_fits_it() {
        let mapped = sample("read").scope;
        let raw: Scope = serde_json::from_value(json!({"criteria": [{"last": "1y"}]})).unwrap();
        let with_raw = |d: &mut Document| d.scope.criteria.clone_from(&raw.criteria);
        let with_mapped = |d: &mut Document| d.scope.service_groups.clone_from(&mapped.service_groups);
        assert_eq!(wrong_after("read", with_raw), ["scope.criteria"]);
        assert_eq!(wrong_after("read", |d| d.scope = Scope::default()), ["scope.serviceGroups"]);
        assert_eq!(wrong_after("read-raw", |d| d.scope = Scope::default()), [""; 0]);
        assert_eq!(wrong_after("read-raw", with_mapped), ["scope.serviceGroups"]);
        assert_eq!(wrong_after("write", with_mapped), ["scope.serviceGroups"]);
        assert_eq!(wrong_after("write", with_raw), ["scope.criteria"]);
    }

    #[test]
    fn numbers_outside_the_taxonomy_are_named_where_they_stand() {
        let mut document = sample("read");
        document.scope.service_groups[0].service_types[0].id = 4711;
        assert_eq!(
            problems(&document, STRICT),
            [Invalid::new("scope.serviceGroups[0].serviceTypes[0]", "service type 4711 does not exist here")]
        );
    }

    #[test]
    fn only_what_is_asked_for_can_be_optional() {
        assert_eq!(wrong_after("read", |d| d.optional = vec![1, 304]), ["optional[1]"]);
        assert_eq!(wrong_after("read", |d| d.optional = vec![1, 1]), ["optional[1]"]);
        let document = sample("read-optional");
        let left_out = document.optional[0];
        assert!(document.scope.mapped().any(|(_, _, object)| object == left_out));
        assert!(document.required_scope().mapped().all(|(_, _, object)| object != left_out));
    }

    #[test]
    fn promises_are_lines_that_say_something() {
        assert_eq!(wrong_after("read", |d| d.will.clear()), ["will"]);
        assert_eq!(wrong_after("read", |d| d.will_not = vec!["x".to_owned(); 21]), ["willNot"]);
        assert_eq!(wrong_after("read", |d| d.will[0] = " ".to_owned()), ["will[0]"]);
        assert_eq!(wrong_after("read", |d| d.will_not[0] = "x".repeat(501)), ["willNot[0]"]);
        assert_eq!(wrong_after("read", |d| d.will[0] = "a\nb".to_owned()), ["will[0]"]);
        assert_eq!(wrong_after("read", |d| d.purpose.details = "a\n\nb".to_owned()), [""; 0]);
    }

    #[test]
    fn hidden_characters_are_found_everywhere() {
        assert_eq!(wrong_after("read", |d| d.purpose.summary = "a\0".to_owned()), ["purpose.summary"]);
        let tagged = json!({"criteria": [{"metadata": {"tags": ["a\0"]}}]});
        let change = |d: &mut Document| d.scope = serde_json::from_value(tagged).unwrap();
        assert_eq!(wrong_after("read-raw", change), ["scope.criteria[0].metadata.tags[0]"]);
    }

    #[test]
    fn third_parties_have_names_and_nobody_else_does() {
        let nobody = |d: &mut Document| {
            d.sharing = Sharing { third_parties: true, recipients: vec![], text: "T.".into() }
        };
        assert_eq!(wrong_after("read", nobody), ["sharing.recipients"]);
        let someone = |d: &mut Document| {
            d.sharing = Sharing { third_parties: false, recipients: vec!["Ann".into()], text: "T.".into() };
        };
        assert_eq!(wrong_after("read", someone), ["sharing.recipients"]);
    }

    #[test]
    fn durations_and_countries_are_real() {
        assert_eq!(wrong_after("read", |d| d.retention.period = "1 year".into()), ["retention.period"]);
        assert_eq!(wrong_after("read", |d| d.retention.period = "P0D".into()), [""; 0]);
        assert_eq!(wrong_after("read", |d| d.grant_for = Some("P0D".into())), ["grantFor"]);
        assert_eq!(wrong_after("read", |d| d.grant_for = Some("P1Y".into())), [""; 0]);
        for wrong in ["", "nl", "UK", "XX", "NL NO"] {
            assert_eq!(wrong_after("read", |d| d.jurisdiction = wrong.into()), ["jurisdiction"], "{wrong}");
        }
    }

    #[test]
    fn a_grant_ends_when_the_document_says() {
        let mut document = sample("read");
        document.grant_for = None;
        assert_eq!(document.grant_ends_at(DateTime::UNIX_EPOCH), None);
        document.grant_for = Some("P1Y".to_owned());
        let end = document.grant_ends_at(DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(end.to_rfc3339(), "1971-01-01T00:00:00+00:00");
    }

    #[test]
    fn the_key_is_one_that_files_can_be_sealed_for() {
        let private = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/keys/app-1.private.pem");
        let private = std::fs::read_to_string(private).unwrap();
        for wrong in ["", "no key", &private] {
            assert_eq!(wrong_after("read", |d| d.public_key = wrong.to_owned()), ["publicKey"]);
        }
    }

    #[test]
    fn http_on_this_machine_is_for_the_sandbox() {
        let mut document = sample("read");
        document.redirect_uris = vec!["http://127.0.0.1:3000/callback".to_owned()];
        document.signal_endpoint = Some("http://localhost:3000/signals".to_owned());
        assert_eq!(problems(&document, Policy { sandbox: true }), []);
        assert_eq!(problems(&document, STRICT).len(), 2);
    }

    #[test]
    fn redirects_are_one_to_ten_and_each_once() {
        let uris = |n: usize| (0..n).map(|i| format!("https://app.example/{i}")).collect::<Vec<_>>();
        assert_eq!(wrong_after("read", |d| d.redirect_uris = uris(10)), [""; 0]);
        assert_eq!(wrong_after("read", |d| d.redirect_uris = uris(11)), ["redirectUris"]);
        assert_eq!(wrong_after("read", |d| d.redirect_uris = vec![]), ["redirectUris"]);
        assert_eq!(
            wrong_after("read", |d| d.redirect_uris = [uris(1), uris(1)].concat()),
            ["redirectUris[1]"]
        );
    }
}
