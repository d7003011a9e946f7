//! What a contract says since she agreed to it: the page of the difference, and her answer.

mod lines;

use actix_web::{HttpResponse, http::StatusCode, web};
use consent_contracts::{App, Contract};
use consent_core::AccountId;
use consent_grants::Grant;
use consent_pages::{ChangeAnswer, ChangeBox, ContractChange, Section};

use self::lines::lines;
use super::{Known, Posted, Shown, html, see_other, sentence_of, words};
use crate::{
    flows::{self, FlowError},
    http::{api::grant_in_path, error::Refusal, urls},
    platform::Platform,
};

/// `GET /console/grants/{grant}/change`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    Ok(page(&platform, &her, &grant, false).await?)
}

/// `POST /console/grants/{grant}/change`.
pub(super) async fn answer(platform: web::Data<Platform>, Posted { by, form }: Posted<Known>) -> Shown {
    let grant = grant_in_path(&platform, &by.who, &by.place).await?;
    let text_hash = form.one("textHash").to_owned();
    let (said, answered) = match form.one("answer") {
        "accept" => {
            let accounts = form.all("account").map(str::parse::<AccountId>).collect::<Result<_, _>>();
            let include = form.all("include").map(str::parse::<i64>).collect::<Result<_, _>>();
            let (Ok(accounts), Ok(include)) = (accounts, include) else {
                return Err(Refusal::new(422, "ValidationErrors", "Choose again").into());
            };
            let future_accounts = form.is_ticked("futureAccounts");
            let yes = flows::ChangeAnswer { text_hash, accounts: Some(accounts), include, future_accounts };
            ("widened", Box::pin(flows::accept_change(&platform, &by.who, &grant.id, yes)).await)
        }
        "decline" => ("unchanged", flows::decline_change(&platform, &by.who, &grant.id, &text_hash).await),
        _ => return Err(Refusal::new(422, "ValidationErrors", "Say yes or no").into()),
    };
    match answered {
        Ok(_) => Ok(see_other(&format!("/console?said={said}"))),
        Err(FlowError::ContractChanged) => Ok(page(&platform, &by, &grant, true).await?),
        Err(error) => Err(error.into()),
    }
}

async fn page(
    platform: &Platform,
    her: &Known,
    grant: &Grant,
    once_more: bool,
) -> Result<HttpResponse, Refusal> {
    let status = if once_more { StatusCode::CONFLICT } else { StatusCode::OK };
    let page = match flows::contract_change(platform, grant).await? {
        Some(change) => difference(platform, her, grant, change).await?,
        None => nothing(platform, her, grant).await?,
    };
    Ok(html(status, &ContractChange { once_more, ..page }))
}

/// What the contract says since she agreed to it.
async fn difference(
    platform: &Platform,
    her: &Known,
    grant: &Grant,
    change: flows::ContractChange,
) -> Result<ContractChange, Refusal> {
    let named = flows::named_accounts(platform, &her.who).await?;
    let name = |id: &AccountId| named.iter().find(|(account, _)| account.id == *id)?.1.as_deref();
    let accounts = change.accounts.iter().map(|account| ChangeBox {
        value: account.id.to_string(),
        text: words::account(account, name(&account.id)),
        ticked: true,
    });
    let optional = change.optional.iter().map(|id| ChangeBox {
        value: id.to_string(),
        text: words::object_type(*id),
        ticked: false,
    });
    Ok(ContractChange {
        answer: answerable(platform, &change).await?,
        accounts: accounts.collect(),
        optional: optional.collect(),
        future_accounts: change.future_accounts,
        text_hash: change.current.text_hash,
        added: lines(&change.difference.widened),
        gone: lines(&change.difference.narrowed),
        otherwise: lines(&change.difference.reworded),
        ..same(platform, her, grant, change.app, change.agreed)
    })
}

/// What there is to answer.
async fn answerable(platform: &Platform, change: &flows::ContractChange) -> Result<ChangeAnswer, Refusal> {
    if change.difference.widened.is_empty() {
        return Ok(ChangeAnswer::Nothing);
    }
    match flows::refuse_in_default(&platform.db, &change.app).await {
        Err(error @ FlowError::InDefault { .. }) => return Ok(ChangeAnswer::Refused(sentence_of(error))),
        checked => checked?,
    }
    Ok(match change.declined_at {
        Some(at) => ChangeAnswer::Declined(words::date(at)),
        None => ChangeAnswer::Open,
    })
}

/// The page where the contract says what she agreed to, or nobody may ask her.
async fn nothing(platform: &Platform, her: &Known, grant: &Grant) -> Result<ContractChange, Refusal> {
    let app = consent_contracts::find_app(&platform.db, &grant.app).await?;
    let agreed = consent_contracts::find_version(&platform.db, &grant.contract, grant.version).await?;
    Ok(same(platform, her, grant, app, agreed))
}

fn same(platform: &Platform, her: &Known, grant: &Grant, app: App, agreed: Contract) -> ContractChange {
    ContractChange {
        frame: her.frame(platform, Section::Console),
        app: app.name,
        contract: agreed.document.name,
        agreed_on: words::date(grant.created_at),
        action: format!("{}/change", urls::grant(&grant.id)),
        once_more: false,
        answer: ChangeAnswer::Nothing,
        added: vec![],
        gone: vec![],
        otherwise: vec![],
        accounts: vec![],
        optional: vec![],
        future_accounts: false,
        text_hash: String::new(),
    }
}
