//! She has a grant end sooner: on which day is asked, and then done like the other deeds.

use actix_web::{http::StatusCode, web};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use consent_grants::{Grant, GrantError};
use consent_pages::{FieldError, Section, Shorten};

use super::{About, impossible, stale};
use crate::{
    flows::{self, Acted, Deed, FlowError},
    http::{
        api::grant_in_path,
        pages::{Known, Posted, Shown, html, see_other, words},
        urls,
    },
    platform::Platform,
};

/// Whether there is a last day that makes it end sooner.
pub(in crate::http::pages::console) fn can_shorten(grant: &Grant, now: DateTime<Utc>) -> bool {
    grant.stage_at(now).is_open() && last_choice(grant).is_none_or(|last| last >= now.date_naive())
}

/// The latest last day that makes it end sooner; none where it has no end.
fn last_choice(grant: &Grant) -> Option<NaiveDate> {
    let last_moment = grant.expires_at? - TimeDelta::milliseconds(1);
    last_moment.date_naive().checked_sub_days(Days::new(1))
}

/// `GET /console/grants/{grant}/shorten`: asks for the last day.
pub(in crate::http::pages) async fn shorten_page(platform: web::Data<Platform>, her: Known) -> Shown {
    let grant = grant_in_path(&platform, &her.who, &her.place).await?;
    if !can_shorten(&grant, platform.ambient.now()) {
        return impossible(&platform, &her, grant).await;
    }
    shorten_form(&platform, &her, &grant, "", None).await
}

/// `POST /console/grants/{grant}/shorten`.
pub(in crate::http::pages) async fn shorten(
    platform: web::Data<Platform>,
    Posted { by, form }: Posted<Known>,
) -> Shown {
    let grant = grant_in_path(&platform, &by.who, &by.place).await?;
    let typed = form.one("until");
    let until = match end_of(typed) {
        Ok(until) => until,
        Err(problem) => return shorten_form(&platform, &by, &grant, typed, Some(problem)).await,
    };
    match flows::act(&platform, &by.who, &grant.id, form.one("seq").parse().ok(), Deed::Shorten(until)).await
    {
        Ok(Acted::Done(grant) | Acted::Already(grant)) => {
            Ok(see_other(&format!("{}?said=shortened", urls::grant(&grant.id))))
        }
        Ok(Acted::Changed(grant)) => stale(&platform, &by, grant).await,
        Err(FlowError::Grants(GrantError::NotShorter { ends })) => {
            let problem = not_shorter(until, ends, platform.ambient.now());
            shorten_form(&platform, &by, &grant, typed, Some(problem)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The end of a day that was typed (UTC); a sentence about what is wrong with it.
fn end_of(day: &str) -> Result<DateTime<Utc>, String> {
    let day: NaiveDate = day
        .trim()
        .parse()
        .map_err(|_| "Write the last day as year-month-day, such as 2027-01-31.".to_owned())?;
    let next = day.checked_add_days(Days::new(1)).ok_or("Choose an earlier last day.")?;
    Ok(next.and_time(NaiveTime::MIN).and_utc())
}

fn not_shorter(until: DateTime<Utc>, ends: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    match ends {
        Some(ends) if until > now => {
            format!("That is not sooner: it ends by itself {}. Choose an earlier last day.", words::end(ends))
        }
        _ => "This day has passed. Choose today or a later day; to end it at once, revoke it.".to_owned(),
    }
}

async fn shorten_form(
    platform: &Platform,
    her: &Known,
    grant: &Grant,
    typed: &str,
    problem: Option<String>,
) -> Shown {
    let About { app, contract } = About::of(platform, grant).await?;
    let back = urls::grant(&grant.id);
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Shorten {
        frame: her.frame(platform, Section::Console),
        app,
        about: contract,
        ends: match grant.expires_at {
            Some(end) => format!("It ends by itself {}.", words::end(end)),
            None => "It lasts until you end it.".to_owned(),
        },
        action: format!("{back}/shorten"),
        seq: grant.seq,
        min: platform.ambient.now().date_naive().to_string(),
        max: last_choice(grant).map(|day| day.to_string()),
        until: typed.chars().take(40).collect(),
        errors: problem.into_iter().map(|text| FieldError { field: "until", text }).collect(),
        back,
    };
    Ok(html(status, &page))
}
