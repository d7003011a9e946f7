//! Connecting sources and uploading files while an app waits for an answer.

use actix_web::{HttpResponse, http::StatusCode, web};
use consent_contracts::Access;
use consent_pages::{AddData, Section};

use super::{Asked, Led, consent::asked, shown};
use crate::{
    flows,
    http::pages::{
        Form, Known, Posted, Shown, account_row, connect_from, html, offer_of, receive, see_other, words,
    },
    platform::Platform,
};

/// `GET /apps/saas/authorize/{request}/add`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    shown(&platform, &her, ask(&platform, &her).await).await
}

async fn ask(platform: &Platform, her: &Known) -> Led {
    let asked = asked(platform, her).await?;
    page(platform, her, &asked, None).await
}

async fn page(platform: &Platform, her: &Known, asked: &Asked, failed: Option<String>) -> Led {
    let (client, now) = (&asked.question.client, platform.ambient.now());
    let survey = flows::survey(platform, &her.who, client).await?;
    let offers = flows::offers(platform, Some(client), &her.who, &asked.errand.wishes.filter).await?;
    let mut frame = match &failed {
        Some(failed) => her.frame_with(platform, Section::None, failed),
        None => her.frame(platform, Section::None),
    };
    if let Some(notice) =
        frame.notice.as_mut().filter(|_| her.place.query_value("said").as_deref() == Some("uploaded"))
    {
        let own = survey.holders.iter().find(|holder| holder.account.is_none());
        let fit = words::count(own.map_or(0, |own| own.files as u64), "file");
        notice.text =
            format!("{} Of what you uploaded, {fit} fit what {} asks for.", notice.text, client.app.name);
    }
    let accounts = survey.holders.into_iter().filter_map(|holder| {
        let account = holder.account?;
        Some(account_row(&account, holder.name, holder.files as u64, now))
    });
    let path = asked.errand.path();
    let page = AddData {
        frame,
        asking: asked.asking(),
        accounts: accounts.collect(),
        offers: offers.into_iter().map(offer_of).collect(),
        uploads: client.contract.document.access != Access::Write,
        connect: format!("{path}/accounts"),
        upload: format!("{path}/files"),
        back: path,
    };
    let status = if failed.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(html(status, &page))
}

/// `POST /apps/saas/authorize/{request}/accounts`: connects a sample source.
pub(super) async fn connect(platform: web::Data<Platform>, Posted { by, form }: Posted<Known>) -> Shown {
    shown(&platform, &by, connect_one(&platform, &by, &form).await).await
}

async fn connect_one(platform: &Platform, her: &Known, form: &Form) -> Led {
    let asked = asked(platform, her).await?;
    connect_from(platform, her, form).await?;
    Ok(back_with(&asked, "connected"))
}

/// `POST /apps/saas/authorize/{request}/files`: takes files in.
pub(super) async fn upload(platform: web::Data<Platform>, her: Known, payload: web::Payload) -> Shown {
    shown(&platform, &her, take_in(&platform, &her, payload).await).await
}

async fn take_in(platform: &Platform, her: &Known, payload: web::Payload) -> Led {
    let asked = asked(platform, her).await?;
    let outcome = receive(platform, her, payload).await?;
    match outcome.failure() {
        None => Ok(back_with(&asked, "uploaded")),
        Some(failure) => page(platform, her, &asked, Some(failure)).await,
    }
}

fn back_with(asked: &Asked, said: &str) -> HttpResponse {
    see_other(&format!("{}/add?said={said}", asked.errand.path()))
}
