//! Counts over an app's log (`protocol/signatu-consent-api.md` §8). `consent-events` says what each counts.

use actix_web::web;
use consent_core::AppId;
use consent_events::{ScopeStatistics, Statistics};
use serde::{Deserialize, Serialize};

use super::{Version, caller::Caller, error::ConsentError};
use crate::{http::api::Place, platform::Platform};

/// The counts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatisticsJson {
    client_id: AppId,
    overall: OverallJson,
    scopes: Vec<ScopeJson>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OverallJson {
    count: i64,
    yes: i64,
    no: i64,
    no_action: i64,
    changes: ChangesJson,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangesJson {
    user_changes: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScopeJson {
    target: String,
    scope: String,
    events: i64,
    yes: i64,
    no: i64,
    /// `null` where nobody decided.
    opt_out_rate: Option<f64>,
    opt_in_rate: Option<f64>,
}

#[derive(Deserialize)]
struct Query {
    #[serde(rename = "vaultId")]
    vault_id: Option<String>,
}

/// `GET consents/statistics`: of the calling app, or of one vault of it.
pub(super) async fn show(
    caller: Caller,
    place: Place,
    platform: web::Data<Platform>,
) -> Result<web::Json<StatisticsJson>, ConsentError> {
    let Query { vault_id } = place.query()?;
    let v1 = Version::of(place.request().path()) == Version::V1;
    let vault_id = vault_id.filter(|text| !(v1 && text.is_empty()));
    let statistics = consent_events::statistics(&platform.db, &caller.0.id, vault_id.as_deref()).await?;
    Ok(web::Json(StatisticsJson::new(caller.0.id, statistics)))
}

impl StatisticsJson {
    fn new(client_id: AppId, Statistics { overall, scopes }: Statistics) -> Self {
        let overall = OverallJson {
            count: overall.count,
            yes: overall.yes,
            no: overall.no,
            no_action: overall.no_action,
            changes: ChangesJson { user_changes: overall.user_changes },
        };
        Self { client_id, overall, scopes: scopes.into_iter().map(ScopeJson::from).collect() }
    }
}

impl From<ScopeStatistics> for ScopeJson {
    fn from(scope: ScopeStatistics) -> Self {
        Self {
            opt_out_rate: scope.opt_out_rate(),
            opt_in_rate: scope.opt_in_rate(),
            target: scope.target,
            scope: scope.scope,
            events: scope.events,
            yes: scope.yes,
            no: scope.no,
        }
    }
}
