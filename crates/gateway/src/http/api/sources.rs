//! What a library can be connected to.

use actix_web::web;
use consent_sources::{
    catalogue::{SOURCES, Source},
    sample,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::{Answer, Listing};
use crate::platform::Platform;

/// A connectable source.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Source)]
pub(super) struct SourceJson {
    id: i64,
    name: &'static str,
    /// Number of its service type.
    service_type: i64,
    /// Numbers of the service groups it belongs to.
    #[schema(value_type = Vec<i64>)]
    service_groups: &'static [i64],
    /// What can be connected in sandbox mode.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sample_data_sets: Vec<SampleSetJson>,
}

/// Invented data.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SampleDataSet)]
pub(super) struct SampleSetJson {
    id: String,
    name: String,
    description: String,
}

impl SourceJson {
    fn new(source: &Source, sandbox: bool) -> Self {
        let sets = if sandbox { sample::sets() } else { Vec::new() };
        let sets = sets.into_iter().filter(|set| sample::sources_in(&set.id).contains(&source.id));
        Self {
            id: source.id,
            name: source.name,
            service_type: source.service_type,
            service_groups: source.service().groups,
            sample_data_sets: sets
                .map(|set| SampleSetJson { id: set.id, name: set.name, description: set.description })
                .collect(),
        }
    }
}

/// Lists what can be connected, in sandbox mode with its sample data sets.
#[utoipa::path(
    get, path = "/api/v1/sources", tag = "library", operation_id = "listSources",
    responses((status = 200, description = "The catalogue", body = Listing<SourceJson>)),
)]
pub(super) async fn list(platform: web::Data<Platform>) -> Answer<Listing<SourceJson>> {
    let sandbox = platform.config.server.sandbox;
    Ok(web::Json(Listing::whole(SOURCES.iter().map(|source| SourceJson::new(source, sandbox)).collect())))
}
