//! An app asks to go on with what was agreed, because its tokens have run out.

use actix_web::{http::StatusCode, web};
use consent_auth::RequestKind;
use consent_grants::Grant;
use consent_pages::{Confirm, Section};

use super::{Asked, Elsewhere, Led, Page, decline, errand, granted, neither, shown, unasked};
use crate::{
    flows::{self, FlowError},
    http::pages::{Known, Posted, Shelves, Shown, see_other, words},
    platform::Platform,
};

/// `GET /apps/saas/user-reauth/{request}`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    shown(&platform, &her, ask(&platform, &her).await).await
}

/// `POST /apps/saas/user-reauth/{request}`.
pub(super) async fn answer(platform: web::Data<Platform>, Posted { by, form }: Posted<Known>) -> Shown {
    let led = match form.one("answer") {
        "accept" => accept(&platform, &by).await,
        "decline" => decline(&platform, &by).await,
        _ => Err(neither()),
    };
    shown(&platform, &by, led).await
}

async fn ask(platform: &Platform, her: &Known) -> Led {
    let asked = Asked::of(platform, her, &[RequestKind::Reauthorize]).await?;
    let grant = agreed(platform, &asked)?;
    let contract = consent_contracts::find_version(&platform.db, &grant.contract, grant.version).await?;
    let page = Confirm {
        frame: her.frame(platform, Section::None),
        asking: asked.asking(),
        action: Page::UserReauth.path(&asked.errand.request),
        summary: contract.document.purpose.summary,
        agreed_on: words::date(grant.created_at),
        ends_on: grant.expires_at.map(words::date),
        shared: Shelves::of(platform, her).await?.shared(grant),
    };
    Ok(asked.page(StatusCode::OK, &page))
}

/// What goes on; when it has ended, the contract is put before her anew.
fn agreed<'a>(platform: &Platform, asked: &'a Asked) -> Result<&'a Grant, Elsewhere> {
    let open = |grant: &&Grant| grant.stage_at(platform.ambient.now()).is_open();
    let grant = asked.question.grant.as_ref().filter(open);
    grant.ok_or_else(|| Elsewhere::Sent(Box::new(see_other(&asked.errand.path()))))
}

async fn accept(platform: &Platform, her: &Known) -> Led {
    let errand = errand(platform, her).await?;
    let confirmed = match &errand.code {
        Some(code) => flows::confirm(platform, &her.who, code, errand.wishes.query).await,
        None => flows::open_again(platform, &her.who, &errand.request).await,
    };
    match confirmed {
        Ok(opened) => Ok(errand.is_answered(platform, granted(&opened, None))),
        // It ended while she looked at the page.
        Err(FlowError::Ended) => Ok(see_other(&errand.path())),
        Err(error) => Err(unasked(platform, errand, error).await),
    }
}
