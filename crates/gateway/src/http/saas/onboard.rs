//! An app asks for one more source.

use actix_web::{http::StatusCode, web};
use consent_auth::{AuthorizationRequest, RequestKind};
use consent_core::AccountId;
use consent_pages::{Offer, Onboard, Section};

use super::{
    Asked, Elsewhere, Errand, Led, Page, arrive::onboarded, decline, neither, said_again, shown, unasked,
};
use crate::{
    flows::{self, FlowError, SampleChoice},
    http::pages::{Form, Known, Posted, Shown, offer_of, source_of},
    platform::Platform,
};

/// `GET /apps/saas/onboard/{request}`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    shown(&platform, &her, ask(&platform, &her).await).await
}

/// `POST /apps/saas/onboard/{request}`.
pub(super) async fn answer(platform: web::Data<Platform>, Posted { by, form }: Posted<Known>) -> Shown {
    let led = match form.one("answer") {
        "connect" => connect(&platform, &by, &form).await,
        "decline" => decline(&platform, &by).await,
        _ => Err(neither()),
    };
    shown(&platform, &by, led).await
}

async fn ask(platform: &Platform, her: &Known) -> Led {
    let asked = Asked::of(platform, her, &[RequestKind::Onboard]).await?;
    let client = Some(&asked.question.client);
    let offers = flows::offers(platform, client, &her.who, &asked.errand.wishes.filter).await?;
    let shared = shared_accounts(platform, &asked).await?;
    let page = Onboard {
        frame: her.frame(platform, Section::None),
        asking: asked.asking(),
        action: Page::Onboard.path(&asked.errand.request),
        offers: offers.into_iter().map(|offer| shared_or_not(offer, &shared)).collect(),
    };
    Ok(asked.page(StatusCode::OK, &page))
}

/// The accounts that the grant covers already.
async fn shared_accounts(platform: &Platform, asked: &Asked) -> Result<Vec<AccountId>, Elsewhere> {
    let Some(grant) = &asked.question.grant else { return Ok(Vec::new()) };
    let shared = flows::shared_accounts(platform, grant).await?;
    Ok(shared.into_iter().map(|account| account.id).collect())
}

/// A source that is connected and not shared with this app can still be chosen.
fn shared_or_not(offer: flows::Offer, shared: &[AccountId]) -> Offer {
    let covered = offer.connected.as_ref().is_some_and(|account| shared.contains(account));
    Offer { connected: covered, ..offer_of(offer) }
}

async fn connect(platform: &Platform, her: &Known, form: &Form) -> Led {
    let source = source_of(form)?;
    let asked = match Asked::of(platform, her, &[RequestKind::Onboard]).await {
        Ok(asked) => asked,
        Err(Elsewhere::Answered(errand)) => return connected_before(platform, her, source, errand).await,
        Err(elsewhere) => return Err(elsewhere),
    };
    let choice = SampleChoice { set: Some(form.one("sampleDataSet").to_owned()), source: Some(source) };
    match flows::onboard(platform, &her.who, asked.code()?, &choice, asked.errand.wishes.query).await {
        Ok((request, account)) => {
            let response = onboarded(asked.callback(), &request, &account.reference);
            Ok(asked.errand.is_answered(platform, response))
        }
        Err(error @ (FlowError::Sources(_) | FlowError::Choice { .. })) => Err(asked.failed(error)),
        Err(error) => Err(unasked(platform, asked.errand, error).await),
    }
}

/// A form that comes twice brings the browser back to the app once more.
async fn connected_before(platform: &Platform, her: &Known, source: i64, errand: Box<Errand>) -> Led {
    let library = consent_library::find_library(&platform.db, &her.person.id).await?;
    let accounts = consent_sources::list_accounts(&platform.db, &library.id).await?;
    let Some(account) = accounts.into_iter().rfind(|account| account.source_id == source) else {
        return Err(Elsewhere::Answered(errand));
    };
    let again = |request: &AuthorizationRequest, target: &str| onboarded(target, request, &account.reference);
    said_again(platform, her, errand, again).await
}
