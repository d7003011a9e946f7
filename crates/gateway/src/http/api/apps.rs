//! The registry: apps and their API keys.

use actix_web::web;
use consent_contracts::{App, Controller, NewApp, PostalAddress};
use consent_core::AppId;
use consent_crypto::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    request::{Body, Paging, Place},
    wire::{Answer, Created, Listing, Moment, created},
};
use crate::{
    http::extract::{ForApp, Operator},
    platform::Platform,
};

/// An app about to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewApp)]
pub(super) struct NewAppJson {
    /// What people know it by, 1 to 100 characters.
    #[serde(default)]
    #[schema(required, example = "Health Diary")]
    name: String,
    /// Whom people can write to about their privacy: an e-mail address.
    #[serde(default)]
    #[schema(required, example = "privacy@diary.example")]
    contact: String,
    /// Apps of one partner recognise the same person; the app's own id when absent.
    partner_id: Option<String>,
    /// What it does, at most 1000 characters.
    description: Option<String>,
    /// Its home page.
    website: Option<String>,
    /// Who is behind it by law, as consent receipts name them; they say "not provided" when absent.
    controller: Option<ControllerJson>,
}

/// Who is behind an app by law.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Controller)]
pub(super) struct ControllerJson {
    /// The name in the register of companies, or the person's own; 1 to 200 characters.
    #[serde(default)]
    #[schema(required, example = "Tidemark Health B.V.")]
    legal_name: String,
    /// Where post reaches them.
    #[serde(default)]
    #[schema(required)]
    address: PostalAddressJson,
    /// As RFC 3966 writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "tel:+31-20-555-0199")]
    phone: Option<String>,
}

/// Where post reaches somebody, with the members of schema.org's `PostalAddress`.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PostalAddress)]
pub(super) struct PostalAddressJson {
    /// Street and number, or a post box; at most 200 characters.
    #[serde(default)]
    #[schema(required, example = "Kade 14")]
    street_address: String,
    /// At most 20 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
    /// Town or city; at most 100 characters.
    #[serde(default)]
    #[schema(required, example = "Amsterdam")]
    address_locality: String,
    /// County, province or state; at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    address_region: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(required, example = "NL")]
    address_country: String,
}

/// A third-party application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = App)]
pub(super) struct AppJson {
    #[schema(value_type = String, example = "app01hf7yat00000000000000001a")]
    id: AppId,
    /// What people know it by.
    name: String,
    /// Apps of one partner recognise the same person.
    partner_id: String,
    /// Whom people can write to about their privacy.
    contact: String,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Its home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    website: Option<String>,
    /// Who is behind it by law.
    #[serde(skip_serializing_if = "Option::is_none")]
    controller: Option<ControllerJson>,
    /// `registered`, `suspended` or `closed`.
    stage: &'static str,
    /// Since when it is suspended or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Moment>,
    /// When it was registered.
    created_at: Moment,
}

/// An app, and whether it may ask.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AppShown)]
pub(super) struct AppShownJson {
    #[serde(flatten)]
    app: AppJson,
    /// Whether it has something overdue, so that it cannot ask for new consents until it has answered.
    in_default: bool,
}

/// An app with its API key, which is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AppWithKey)]
pub(super) struct AppWithKeyJson {
    #[serde(flatten)]
    app: AppJson,
    /// What the app's developer shows to manage its contracts; keep it secret.
    #[schema(example = "cak_…")]
    api_key: String,
}

impl From<NewAppJson> for NewApp {
    fn from(json: NewAppJson) -> Self {
        let NewAppJson { name, contact, partner_id, description, website, controller } = json;
        Self { name, partner_id, contact, description, website, controller: controller.map(Controller::from) }
    }
}

impl From<ControllerJson> for Controller {
    fn from(json: ControllerJson) -> Self {
        let PostalAddressJson {
            street_address,
            postal_code,
            address_locality,
            address_region,
            address_country,
        } = json.address;
        let address =
            PostalAddress { street_address, postal_code, address_locality, address_region, address_country };
        Self { legal_name: json.legal_name, address, phone: json.phone }
    }
}

impl From<Controller> for ControllerJson {
    fn from(controller: Controller) -> Self {
        let PostalAddress { street_address, postal_code, address_locality, address_region, address_country } =
            controller.address;
        let address = PostalAddressJson {
            street_address,
            postal_code,
            address_locality,
            address_region,
            address_country,
        };
        Self { legal_name: controller.legal_name, address, phone: controller.phone }
    }
}

impl From<App> for AppJson {
    fn from(app: App) -> Self {
        Self {
            id: app.id,
            name: app.name,
            partner_id: app.partner_id,
            contact: app.contact,
            description: app.description,
            website: app.website,
            controller: app.controller.map(ControllerJson::from),
            stage: app.stage.name(),
            since: app.stage.since().map(Moment::from),
            created_at: app.created_at.into(),
        }
    }
}

impl AppWithKeyJson {
    fn new(app: App, key: &Secret) -> Self {
        Self { app: app.into(), api_key: key.expose() }
    }
}

/// Registers an app.
#[utoipa::path(
    post, path = "/api/v1/apps", tag = "registry", operation_id = "registerApp",
    request_body = NewAppJson, responses((status = 201, description = "Registered", body = AppWithKeyJson)),
)]
pub(super) async fn register(
    _: Operator,
    body: Body,
    platform: web::Data<Platform>,
) -> Created<AppWithKeyJson> {
    let new: NewAppJson = body.json()?;
    let tx = platform.db.begin_write().await?;
    let (app, key) =
        consent_contracts::register_app(&tx, new.into(), &platform.policy(), &platform.ambient).await?;
    tx.commit().await?;
    Ok(created(AppWithKeyJson::new(app, &key)))
}

/// Lists all apps, oldest first.
#[utoipa::path(
    get, path = "/api/v1/apps", tag = "registry", operation_id = "listApps",
    params(Paging), responses((status = 200, description = "A page of apps", body = Listing<AppJson>)),
)]
pub(super) async fn list(
    _: Operator,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<AppJson>> {
    let page = consent_contracts::list_apps(&platform.db, &place.cursor()?).await?;
    Ok(web::Json(page.into()))
}

/// Shows an app.
#[utoipa::path(
    get, path = "/api/v1/apps/{app}", tag = "registry", operation_id = "showApp",
    responses((status = 200, description = "The app", body = AppShownJson)),
)]
pub(super) async fn show(caller: ForApp, platform: web::Data<Platform>) -> Answer<AppShownJson> {
    let in_default = consent_signals::is_in_default(&platform.db, &caller.app.id).await?;
    Ok(web::Json(AppShownJson { app: caller.app.into(), in_default }))
}

/// Gives an app a new API key.
///
/// The old one is void at once.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/key", tag = "registry", operation_id = "rotateApiKey",
    responses((status = 200, description = "The app with its new key", body = AppWithKeyJson)),
)]
pub(super) async fn rotate_key(caller: ForApp, platform: web::Data<Platform>) -> Answer<AppWithKeyJson> {
    let tx = platform.db.begin_write().await?;
    let key = consent_contracts::rotate_api_key(&tx, &caller.app.id, &platform.ambient).await?;
    tx.commit().await?;
    Ok(web::Json(AppWithKeyJson::new(caller.app, &key)))
}

/// Shuts an app for a while.
///
/// It gets no data and asks nobody until it is reinstated.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/suspend", tag = "registry", operation_id = "suspendApp",
    responses((status = 200, description = "Suspended", body = AppJson)),
)]
pub(super) async fn suspend(_: Operator, place: Place, platform: web::Data<Platform>) -> Answer<AppJson> {
    let id: AppId = place.id()?;
    let tx = platform.db.begin_write().await?;
    let app = consent_contracts::suspend_app(&tx, &id, &platform.ambient).await?;
    tx.commit().await?;
    Ok(web::Json(app.into()))
}

/// Opens a suspended app again.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/reinstate", tag = "registry", operation_id = "reinstateApp",
    responses((status = 200, description = "Registered again", body = AppJson)),
)]
pub(super) async fn reinstate(_: Operator, place: Place, platform: web::Data<Platform>) -> Answer<AppJson> {
    let id: AppId = place.id()?;
    let tx = platform.db.begin_write().await?;
    let app = consent_contracts::reinstate_app(&tx, &id).await?;
    tx.commit().await?;
    Ok(web::Json(app.into()))
}
