//! What apps and the operator were written, for the operator to read.

use actix_web::web;
use consent_core::{AppId, GrantId, NoticeId};
use consent_notices::Notice;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    request::{Paging, Place},
    wire::{Answer, Listing, Moment},
};
use crate::{http::extract::Operator, platform::Platform};

/// Something that somebody is told by mail, because an app does not do what it has to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notice)]
pub(super) struct NoticeJson {
    #[schema(value_type = String, example = "not01hf7yat00000000000000001a")]
    id: NoticeId,
    /// `app`: its address for questions about privacy; `operator`.
    audience: &'static str,
    #[schema(value_type = String)]
    app_id: AppId,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    grant_id: Option<GrantId>,
    /// The `jti` of the signal that it is about.
    signal_id: String,
    /// `delivery-dead`, `ack-missed`, `complete-missed` or `backstop-near`.
    moment: String,
    subject: String,
    /// Plain text.
    body: String,
    /// When it was written.
    created_at: Moment,
    /// `waiting`, `sending`, `sent` or `given_up`; without a mail server it waits.
    state: &'static str,
    /// When it was sent or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Moment>,
    /// Why the last attempt was in vain.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl From<Notice> for NoticeJson {
    fn from(notice: Notice) -> Self {
        Self {
            id: notice.id,
            audience: notice.audience.name(),
            app_id: notice.app,
            grant_id: notice.grant,
            signal_id: notice.signal,
            moment: notice.moment,
            subject: notice.subject,
            body: notice.body,
            created_at: notice.created_at.into(),
            state: notice.state.name(),
            ended_at: notice.ended_at.map(Moment::from),
            problem: notice.problem,
        }
    }
}

/// Lists what apps and the operator were written, oldest first.
#[utoipa::path(
    get, path = "/api/v1/operator/notices", tag = "operator", operation_id = "listNotices",
    params(Paging), responses((status = 200, description = "A page of notices", body = Listing<NoticeJson>)),
)]
pub(super) async fn list(
    _: Operator,
    place: Place,
    platform: web::Data<Platform>,
) -> Answer<Listing<NoticeJson>> {
    let page = consent_notices::list(&platform.db, &place.cursor()?).await?;
    Ok(web::Json(page.into()))
}
