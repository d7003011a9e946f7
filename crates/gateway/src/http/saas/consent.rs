//! The page on which a person says yes or no, and her answer.

use actix_web::{HttpResponse, http::StatusCode, web};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use consent_auth::RequestKind;
use consent_contracts::{Access, App, CalendarDuration, Contract, Document};
use consent_core::{AccountId, taxonomy};
use consent_grants::{Grant, Stage};
use consent_library::ShelfKind;
use consent_pages::{
    AccountChoice, Consent, ContractText, Duration, EndChoice, Link, OwnChoice, Part, Peek, Retention,
    RightToBeForgotten, Section, Sharing,
};
use consent_sources::{SourceError, catalogue};

use super::{Asked, Elsewhere, Errand, Led, decline, granted, in_default, neither, shown, unasked};
use crate::{
    flows::{self, Answer, FlowError, Holder, Opened, Survey, SurveyPart},
    http::{
        error::Refusal,
        pages::{self, Form, Known, Posted, Shown, peeked, words},
    },
    platform::Platform,
};

/// `GET /apps/saas/authorize/{request}`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    shown(&platform, &her, ask(&platform, &her).await).await
}

/// `POST /apps/saas/authorize/{request}`.
pub(super) async fn answer(platform: web::Data<Platform>, Posted { by, form }: Posted<Known>) -> Shown {
    let led = match form.one("answer") {
        "accept" => accept(&platform, &by, &form).await,
        "decline" => decline(&platform, &by).await,
        _ => Err(neither()),
    };
    shown(&platform, &by, led).await
}

async fn ask(platform: &Platform, her: &Known) -> Led {
    let asked = asked(platform, her).await?;
    let survey = flows::survey(platform, &her.who, &asked.question.client).await?;
    let ticks = Ticks::first(platform, &asked, &survey).await?;
    Ok(page(platform, her, &asked, &survey, &ticks, Trouble::None))
}

/// The question, if a contract is to be agreed to: the first time, or anew because what was agreed has ended.
pub(super) async fn asked(platform: &Platform, her: &Known) -> Result<Asked, Elsewhere> {
    let asked = Asked::of(platform, her, &[RequestKind::Authorize, RequestKind::Reauthorize]).await?;
    let open = |grant: &Grant| grant.stage_at(platform.ambient.now()).is_open();
    if asked.question.request.kind == RequestKind::Reauthorize
        && asked.question.grant.as_ref().is_some_and(open)
    {
        return Err(asked.failed(FlowError::WrongKind));
    }
    match flows::refuse_in_default(&platform.db, &asked.question.client.app).await {
        Ok(()) => Ok(asked),
        Err(FlowError::InDefault { app }) => {
            let frame = her.frame(platform, Section::None);
            let page = in_default(frame, &app, &asked.question.request, asked.callback());
            Err(Elsewhere::Sent(Box::new(page)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn accept(platform: &Platform, her: &Known, form: &Form) -> Led {
    let asked = match asked(platform, her).await {
        Ok(asked) => asked,
        Err(Elsewhere::Answered(errand)) => return accept_again(platform, her, errand).await,
        Err(elsewhere) => return Err(elsewhere),
    };
    let answer = match read_answer(&asked, form) {
        Ok(answer) => answer,
        Err(problem) => return ask_again(platform, her, form, Trouble::Wrong(problem)).await,
    };
    if shares_nothing(&asked.question.client.contract.document, &answer) {
        let app = &asked.question.client.app.name;
        let problem = format!(
            "Nothing is ticked, so {app} would get nothing. Tick an account or your own files, connect a source, or decline."
        );
        return ask_again(platform, her, form, Trouble::Wrong(problem)).await;
    }
    match flows::approve(platform, &her.who, asked.code()?, answer).await {
        Ok(opened) => go_back(platform, &asked.errand, &opened).await,
        Err(FlowError::Choice { field: "textHash", .. }) => {
            ask_again(platform, her, form, Trouble::Changed).await
        }
        Err(FlowError::Sources(SourceError::UnknownAccount(_))) => {
            let problem = "One of the accounts is not connected any more. Choose again.".to_owned();
            ask_again(platform, her, form, Trouble::Wrong(problem)).await
        }
        Err(error @ FlowError::Choice { .. }) => {
            ask_again(platform, her, form, Trouble::Wrong(pages::sentence_of(error))).await
        }
        Err(error) => Err(unasked(platform, asked.errand, error).await),
    }
}

/// A form that comes twice brings the browser back to the app once more, with a code that works.
async fn accept_again(platform: &Platform, her: &Known, errand: Box<Errand>) -> Led {
    match flows::open_again(platform, &her.who, &errand.request).await {
        Ok(opened) => go_back(platform, &errand, &opened).await,
        Err(_) => Err(Elsewhere::Answered(errand)),
    }
}

async fn go_back(platform: &Platform, errand: &Errand, opened: &Opened) -> Led {
    let account = newest_account(platform, &opened.grant).await?;
    Ok(errand.is_answered(platform, granted(opened, account.as_deref())))
}

/// What the app calls the account that joined last, of those that are shared.
async fn newest_account(platform: &Platform, grant: &Grant) -> Result<Option<String>, Refusal> {
    let shared = flows::shared_accounts(platform, grant).await?.into_iter();
    Ok(shared.max_by_key(|account| account.number).map(|account| account.reference))
}

/// The answer that a form gives; a sentence about what cannot be understood.
fn read_answer(asked: &Asked, form: &Form) -> Result<Answer, String> {
    let document = &asked.question.client.contract.document;
    let accounts = form.all("account").map(str::parse::<AccountId>).collect::<Result<_, _>>();
    let included: Vec<&str> = form.all("part").collect();
    let left_out = document.optional.iter().filter(|object| !included.contains(&object.to_string().as_str()));
    Ok(Answer {
        accounts: accounts.map_err(|_| "Choose the accounts again.".to_owned())?,
        own_files: form.is_ticked("ownFiles"),
        left_out: left_out.copied().collect(),
        future_accounts: form.is_ticked("futureAccounts"),
        ends_at: end_of(form.one("ends"))?,
        text_hash: Some(form.one("textHash").to_owned()),
        without_query: !asked.errand.wishes.query,
    })
}

/// Whether a yes to a reading contract would be about nothing, now and later.
fn shares_nothing(document: &Document, answer: &Answer) -> bool {
    let something = !answer.accounts.is_empty() || answer.own_files || answer.future_accounts;
    document.access != Access::Write && !something
}

/// The end of a day that was chosen (UTC).
fn end_of(day: &str) -> Result<Option<DateTime<Utc>>, String> {
    if day.is_empty() {
        return Ok(None);
    }
    let day: NaiveDate = day.parse().map_err(|_| "Write the last day as year-month-day.".to_owned())?;
    let next = day.checked_add_days(Days::new(1)).ok_or("Choose an earlier last day.")?;
    Ok(Some(next.and_time(NaiveTime::MIN).and_utc()))
}

/// What is ticked and typed.
struct Ticks {
    accounts: Vec<String>,
    own_files: bool,
    parts: Vec<i64>,
    future_accounts: bool,
    ends: String,
}

impl Ticks {
    /// What stands on the page at first: as she chose the last time; without a last time, everything that was asked for
    /// and nothing that is optional.
    async fn first(platform: &Platform, asked: &Asked, survey: &Survey) -> Result<Self, Refusal> {
        let useful = survey.holders.iter().filter(|holder| holder.files > 0 || holder.reading);
        let accounts = useful.filter_map(|holder| holder.account.as_ref());
        let Some(before) = &asked.question.before else {
            return Ok(Self {
                accounts: accounts.map(|account| account.id.to_string()).collect(),
                own_files: true,
                parts: Vec::new(),
                future_accounts: false,
                ends: String::new(),
            });
        };
        let shared = |shelf| before.choices.shelves.contains(shelf);
        let joined_since = |account: &consent_sources::Account| account.created_at > before.created_at;
        let kept = accounts.filter(|account| shared(&account.shelf) || joined_since(account));
        let shelves = consent_library::shelves(&platform.db, &before.library).await?;
        let agreed = consent_contracts::find_version(&platform.db, &before.contract, before.version).await?;
        Ok(Self {
            accounts: kept.map(|account| account.id.to_string()).collect(),
            own_files: shelves.iter().any(|shelf| shelf.kind == ShelfKind::Own && shared(&shelf.id)),
            parts: included_before(&asked.question.client.contract, &agreed, before),
            future_accounts: before.choices.future_accounts,
            ends: String::new(),
        })
    }

    fn of(form: &Form) -> Self {
        Self {
            accounts: form.all("account").map(str::to_owned).collect(),
            own_files: form.is_ticked("ownFiles"),
            parts: form.all("part").filter_map(|part| part.parse().ok()).collect(),
            future_accounts: form.is_ticked("futureAccounts"),
            ends: form.one("ends").to_owned(),
        }
    }
}

/// The optional parts that she shared the last time.
fn included_before(now: &Contract, agreed: &Contract, before: &Grant) -> Vec<i64> {
    let agreed: Vec<i64> = agreed.document.scope.mapped().map(|(.., object)| object).collect();
    let optional = now.document.optional.iter().copied();
    optional.filter(|object| agreed.contains(object) && !before.choices.left_out.contains(object)).collect()
}

/// Why the page comes again.
enum Trouble {
    None,
    /// The contract says something else by now.
    Changed,
    /// Something in the answer; a sentence.
    Wrong(String),
}

/// The page once more, as the contract stands now, with what she chose.
async fn ask_again(platform: &Platform, her: &Known, form: &Form, trouble: Trouble) -> Led {
    let asked = asked(platform, her).await?;
    let survey = flows::survey(platform, &her.who, &asked.question.client).await?;
    Ok(page(platform, her, &asked, &survey, &Ticks::of(form), trouble))
}

fn page(
    platform: &Platform,
    her: &Known,
    asked: &Asked,
    survey: &Survey,
    ticks: &Ticks,
    trouble: Trouble,
) -> HttpResponse {
    let now = platform.ambient.now();
    let question = &asked.question;
    let (app, contract) = (&question.client.app, &question.client.contract);
    let document = &contract.document;
    let (status, changed, errors) = match trouble {
        Trouble::None => (StatusCode::OK, false, Vec::new()),
        Trouble::Changed => (StatusCode::CONFLICT, true, Vec::new()),
        Trouble::Wrong(problem) => (StatusCode::UNPROCESSABLE_ENTITY, false, vec![problem]),
    };
    let own = survey.holders.iter().find(|holder| holder.account.is_none() && holder.files > 0);
    let page = Consent {
        frame: her.frame(platform, Section::None),
        action: asked.errand.path(),
        add: format!("{}/add", asked.errand.path()),
        changed,
        errors,
        asking: asked.asking(),
        contract: contract_text(app, contract),
        wants: wants(document).to_owned(),
        reads: document.access != Access::Write,
        tally: tally(survey, now),
        parts: survey.parts.iter().map(|part| part_row(part, document, ticks)).collect(),
        accounts: survey.holders.iter().filter_map(|holder| account_choice(holder, ticks)).collect(),
        own_files: own
            .map(|own| OwnChoice { count: words::count(own.files as u64, "file"), ticked: ticks.own_files }),
        future_accounts: document.future_accounts.then_some(ticks.future_accounts),
        duration: duration(platform, document, &ticks.ends, now),
        may_delete_library: document.may_delete_library,
        before: question.before.as_ref().map(|before| already(before, now)),
    };
    asked.page(status, &page)
}

/// What an app asks for, and what it promises, in words.
pub(in crate::http) fn contract_text(app: &App, contract: &Contract) -> ContractText {
    let document = &contract.document;
    ContractText {
        description: app.description.clone(),
        website: app.website.as_deref().map(|url| link("Web site", url)),
        partner: (app.partner_id != app.id.as_str()).then(|| app.partner_id.clone()),
        contact: app.contact.clone(),
        version: contract.version,
        summary: document.purpose.summary.clone(),
        details: paragraphs(&document.purpose.details),
        will: document.will.clone(),
        will_not: document.will_not.clone(),
        period: period(document),
        retention: Retention {
            period: retention(&document.retention.period),
            text: document.retention.text.clone(),
        },
        sharing: Sharing {
            recipients: document.sharing.recipients.clone(),
            text: document.sharing.text.clone(),
        },
        right_to_be_forgotten: RightToBeForgotten {
            implemented: document.right_to_be_forgotten.implemented,
            text: document.right_to_be_forgotten.text.clone(),
        },
        lawful_basis: words::lawful_basis(document.lawful_basis),
        jurisdiction: words::country(&document.jurisdiction),
        policy: link("Privacy policy", &document.policy_url),
        terms: document.terms_url.as_deref().map(|url| link("Terms and conditions", url)),
        text_hash: contract.text_hash.clone(),
    }
}

/// Of which time, and whether what comes later belongs to it.
fn period(document: &Document) -> String {
    let of = words::period(&document.scope);
    if document.ongoing { format!("{of}, and what comes while you share") } else { of }
}

fn link(text: &str, url: &str) -> Link {
    Link { text: text.to_owned(), url: url.to_owned() }
}

fn wants(document: &Document) -> &'static str {
    match document.access {
        Access::Write => "wants to put data into your library",
        Access::Read | Access::ReadRaw => "wants to read",
    }
}

fn paragraphs(text: &str) -> Vec<String> {
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(str::to_owned).collect()
}

/// `38 files from 3 sources, 12 March 2025 to today`.
fn tally(survey: &Survey, now: DateTime<Utc>) -> Option<String> {
    if survey.files == 0 {
        return None;
    }
    let holders = survey.holders.iter().filter(|holder| holder.files > 0);
    let sources = holders.clone().filter(|holder| holder.account.is_some()).count();
    let own = holders.clone().any(|holder| holder.account.is_none());
    let mut from = Vec::new();
    if sources > 0 {
        from.push(words::count(sources as u64, "source"));
    }
    if own {
        from.push("your uploads".to_owned());
    }
    let files = format!("{} from {}", words::count(survey.files as u64, "file"), words::listed(&from));
    let Some((first, last)) = survey.span else { return Some(files) };
    Some(match (first.date_naive(), last.date_naive()) {
        (first_day, last_day) if first_day == last_day => format!("{files}, {}", words::date(first)),
        (_, last_day) if last_day == now.date_naive() => format!("{files}, {} to today", words::date(first)),
        _ => format!("{files}, {} to {}", words::date(first), words::date(last)),
    })
}

fn part_row(part: &SurveyPart, document: &Document, ticks: &Ticks) -> Part {
    let name = match part.object_type {
        Some(id) => words::object_type(id),
        None => words::files_asked_for(&document.scope),
    };
    let named = |ids: &[i64], name: fn(i64) -> Option<&'static str>| {
        let names: Vec<_> = ids.iter().filter_map(|id| name(*id)).map(str::to_owned).collect();
        words::listed(&names)
    };
    let groups = named(&part.service_groups, |id| taxonomy::service_group(id).map(|known| known.name));
    let services = named(&part.service_types, source_name);
    Part {
        object_type: part.object_type,
        name,
        from: if groups.is_empty() {
            "Your library".to_owned()
        } else {
            format!("{groups}, from {services}")
        },
        count: (part.files > 0).then(|| words::count(part.files as u64, "file")),
        optional: part.object_type.is_some_and(|id| document.optional.contains(&id)),
        ticked: part.object_type.is_some_and(|id| ticks.parts.contains(&id)),
        peek: (!part.peek.is_empty()).then(|| Peek {
            caption: match part.peek.len() {
                1 => "The latest one".to_owned(),
                shown => format!("The latest {shown}"),
            },
            items: part.peek.iter().map(peeked).collect(),
        }),
    }
}

/// What a service is called where people connect it.
pub(in crate::http) fn source_name(service_type: i64) -> Option<&'static str> {
    let source = catalogue::SOURCES.iter().find(|source| source.service_type == service_type);
    let known = || taxonomy::service_type(service_type).map(|known| known.name);
    source.map(|source| source.name).or_else(known)
}

fn account_choice(holder: &Holder, ticks: &Ticks) -> Option<AccountChoice> {
    let account = holder.account.as_ref()?;
    let id = account.id.to_string();
    Some(AccountChoice {
        ticked: ticks.accounts.contains(&id),
        id,
        source: account.source().name.to_owned(),
        name: holder.name.clone(),
        count: words::count(holder.files as u64, "file"),
        reading: holder.reading,
    })
}

fn duration(platform: &Platform, document: &Document, chosen: &str, now: DateTime<Utc>) -> Duration {
    if !document.ongoing {
        let lasting = words::lasting(platform.session_for());
        return Duration { text: format!("Once: for {lasting} at most from now"), ends: None };
    }
    let end = document.grant_ends_at(now);
    let text = match (end, &document.grant_for) {
        (Some(end), Some(lasting)) => {
            format!("Again and again for {}, until {}", in_words(lasting), words::date(end))
        }
        _ => "Again and again, until you end it".to_owned(),
    };
    let day = |at: DateTime<Utc>| at.date_naive().to_string();
    let ends = EndChoice {
        min: day(now),
        max: end.map(day),
        value: if chosen.parse::<NaiveDate>().is_ok() { chosen.to_owned() } else { String::new() },
    };
    Duration { text, ends: Some(ends) }
}

pub(in crate::http) fn retention(period: &str) -> String {
    let zero = period.parse().is_ok_and(|period: CalendarDuration| period.is_zero());
    if zero { "Not at all".to_owned() } else { format!("For {}", in_words(period)) }
}

fn in_words(period: &str) -> String {
    period.parse().map_or_else(|_| period.to_owned(), |period: CalendarDuration| period.to_string())
}

/// That she agreed to this contract before, and what became of it.
fn already(before: &Grant, now: DateTime<Utc>) -> String {
    let since = words::date(before.created_at);
    let then = match before.stage_at(now) {
        Stage::Active => format!(
            "You share under this contract since {since}. A new yes stands beside the old one, and each is stopped or \
             revoked by itself."
        ),
        Stage::Stopped { .. } => format!(
            "You agreed to this contract on {since} and have stopped it. You can resume it in your console instead."
        ),
        Stage::Expired { .. } | Stage::Revoked { .. } | Stage::Erasing { .. } | Stage::Erased { .. } => {
            format!("You agreed to this contract on {since}; that has ended.")
        }
    };
    format!("{then} What is ticked here is what you chose the last time.")
}
