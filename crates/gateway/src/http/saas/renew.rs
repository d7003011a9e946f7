//! An app asks to connect one account anew.

use actix_web::{HttpResponse, http::StatusCode, web};
use consent_auth::{AuthError, RequestKind};
use consent_crypto::Secret;
use consent_pages::{RenewAccount, Section};

use super::{Asked, Elsewhere, Led, Page, back, decline, neither, said_again, shown, unasked};
use crate::{
    flows::{self, FlowError},
    http::pages::{Known, Posted, Shown, account_row},
    platform::Platform,
};

/// `GET /apps/saas/reauthorize/{request}`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    shown(&platform, &her, ask(&platform, &her).await).await
}

/// `POST /apps/saas/reauthorize/{request}`.
pub(super) async fn answer(platform: web::Data<Platform>, Posted { by, form }: Posted<Known>) -> Shown {
    let led = match form.one("answer") {
        "accept" => renew(&platform, &by).await,
        "decline" => decline(&platform, &by).await,
        _ => Err(neither()),
    };
    shown(&platform, &by, led).await
}

async fn ask(platform: &Platform, her: &Known) -> Led {
    let asked = Asked::of(platform, her, &[RequestKind::Onboard]).await?;
    let named = flows::account_named(platform, &her.who, &asked.question.request, account_ref(&asked)?).await;
    let (account, name) = named.map_err(|error| asked.failed(error))?;
    let files = consent_library::count_files(&platform.db, &account.library, &account.shelf).await?;
    let page = RenewAccount {
        frame: her.frame(platform, Section::None),
        asking: asked.asking(),
        action: Page::Reauthorize.path(&asked.errand.request),
        account: account_row(&account, name, files, platform.ambient.now()),
    };
    Ok(asked.page(StatusCode::OK, &page))
}

async fn renew(platform: &Platform, her: &Known) -> Led {
    let asked = match Asked::of(platform, her, &[RequestKind::Onboard]).await {
        Ok(asked) => asked,
        Err(Elsewhere::Answered(errand)) => {
            return said_again(platform, her, errand, |_, target| renewed(target)).await;
        }
        Err(elsewhere) => return Err(elsewhere),
    };
    match flows::renew_account(platform, &her.who, asked.code()?, account_ref(&asked)?).await {
        Ok(_) => Ok(asked.errand.is_answered(platform, renewed(asked.callback()))),
        Err(error @ (FlowError::Sources(_) | FlowError::Auth(AuthError::UnknownHandle))) => {
            Err(asked.failed(error))
        }
        Err(error) => Err(unasked(platform, asked.errand, error).await),
    }
}

/// Sends the browser back to the app (`protocol/digime.md` §13.2).
fn renewed(target: &str) -> HttpResponse {
    back(target, &[("success", Some("true"))])
}

fn account_ref(asked: &Asked) -> Result<&Secret, Elsewhere> {
    asked.errand.wishes.account.as_ref().ok_or_else(|| asked.failed(FlowError::WrongKind))
}
