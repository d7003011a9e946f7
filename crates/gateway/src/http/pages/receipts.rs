//! A consent receipt, to look at, to print and to keep.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    web,
};
use consent_core::Cursor;
use consent_pages::{ReceiptErasure, ReceiptPurpose, ReceiptRow, Receipts, Section, Verified};
use consent_receipts::{Claims, Reader, Receipt, State, Status, Verdict, View};
use serde_json::json;

use super::{Known, Shown, html, words};
use crate::{
    http::{error::Refusal, urls},
    platform::Platform,
};

/// So many receipts stand on one page.
const PAGE: u64 = 25;

/// `GET /console/receipts`: her receipts, the latest first; all of them, or those about a grant.
pub(super) async fn list(platform: web::Data<Platform>, her: Known) -> Shown {
    let (db, person) = (&platform.db, &her.person.id);
    let grant = her.grant_in_query(&platform).await?;
    let after = her.place.query_value("after");
    let later = after.is_some();
    let cursor = Cursor::new(after, Some(PAGE));
    let (page, about) = match &grant {
        Some(grant) => {
            let app = consent_contracts::find_app(db, &grant.app).await?.name;
            let page = consent_receipts::list_of_grant(db, person, &grant.id, &cursor).await?;
            (page, Some((app, urls::grant(&grant.id))))
        }
        None => (consent_receipts::list_of_person(db, person, &cursor).await?, None),
    };
    let of = grant.as_ref().map(|grant| grant.id.as_str()).unwrap_or_default();
    let here = |after: String| urls::with_query("/console/receipts", &[("grant", of), ("after", &after)]);
    let page = Receipts {
        frame: her.frame(&platform, Section::Receipts),
        about,
        receipts: rows(&platform, &page.items),
        next: page.next.map(here),
        later,
    };
    Ok(html(StatusCode::OK, &page))
}

/// Receipts in a list. One that does not verify is listed all the same: its own page says why.
pub(super) fn rows(platform: &Platform, receipts: &[Receipt]) -> Vec<ReceiptRow> {
    let keys = platform.public_keys();
    let row = |receipt: &Receipt| ReceiptRow {
        title: match consent_receipts::verify(&receipt.jws, &keys) {
            Ok(verdict) => View::of(&verdict.claims, Reader::Owner).title,
            Err(_) => "A receipt that cannot be verified".to_owned(),
        },
        when: words::date_and_time(receipt.event_at),
        path: format!("/console/receipts/{}", receipt.id),
    };
    receipts.iter().map(row).collect()
}

/// `GET /console/receipts/{receipt}/verify`: whether it is genuine, as anybody would check it.
pub(super) async fn verify(platform: web::Data<Platform>, her: Known) -> Shown {
    let receipt = hers(&platform, &her).await?;
    let status = consent_receipts::status(&platform.db, &receipt.id, platform.ambient.now()).await?;
    let verdict = consent_receipts::verify(&receipt.jws, &platform.public_keys());
    let mut page = Verified {
        frame: her.frame(&platform, Section::Receipts),
        title: String::new(),
        refused: None,
        checked: Vec::new(),
        notes: Vec::new(),
        holds_now: holds(status),
        back: format!("/console/receipts/{}", receipt.id),
    };
    match verdict {
        Ok(verdict) => {
            page.title = View::of(&verdict.claims, Reader::Owner).said;
            page.checked = checked(&verdict);
            page.notes = verdict.warnings.iter().map(ToString::to_string).collect();
        }
        Err(refused) => page.refused = Some(super::sentence(&refused.to_string())),
    }
    Ok(html(StatusCode::OK, &page))
}

fn checked(verdict: &Verdict) -> Vec<String> {
    let Verdict { kid, claims, .. } = verdict;
    let mut lines = vec![
        format!("{} signed it, with the key {kid}, which is published.", claims.added.iss),
        "Nothing in it was changed since.".to_owned(),
        "What it says fits together.".to_owned(),
    ];
    if claims.added.consent_access.erasure.is_some() {
        lines.push("The app’s own report is in it, signed with the key of the app.".to_owned());
    }
    lines
}

fn holds(status: Status) -> String {
    let state = match status.state {
        State::Active => "Active: the app gets what was agreed to",
        State::Stopped => "Stopped: the app gets nothing until you resume",
        State::Refused => "Refused: the app gets nothing",
        State::Expired => "Over, because its time ran out",
        State::Revoked => "Over for good",
        State::Erasing => "Over for good; the app was told to delete what it holds",
        State::Erased => "Over for good; the app reported what it deleted",
    };
    format!("{state}, since {}", words::date_and_time(status.as_of))
}

/// `GET /console/receipts/{receipt}`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    let receipt = hers(&platform, &her).await?;
    let claims = verified(&platform, &receipt)?;
    let path = format!("/console/receipts/{}", receipt.id);
    let View { title, said, facts, purposes, controller, erasure, proof, status_url } =
        View::of(&claims, Reader::Owner);
    let page = consent_pages::Receipt {
        frame: her.frame(&platform, Section::Receipts),
        back: match &receipt.grant {
            Some(grant) => urls::grant(grant),
            None => "/console/receipts".to_owned(),
        },
        title,
        said,
        facts,
        purposes: purposes
            .into_iter()
            .map(|purpose| ReceiptPurpose {
                text: purpose.text,
                is_given: purpose.is_given,
                data: purpose.data,
                ends: purpose.ends,
                shared_with: purpose.shared_with,
            })
            .collect(),
        controller,
        erasure: erasure.map(|erasure| ReceiptErasure {
            said: erasure.said,
            facts: erasure.facts,
            removed: erasure.removed,
            kept: erasure.kept,
        }),
        proof,
        status_url,
        downloads: vec![
            ("Verify it".to_owned(), format!("{path}/verify")),
            ("Download the signed receipt".to_owned(), format!("{path}/signed")),
            ("Download it as JSON".to_owned(), format!("{path}/json")),
        ],
    };
    Ok(html(StatusCode::OK, &page))
}

/// `GET /console/receipts/{receipt}/signed`: what `consent-access receipt verify` takes.
pub(super) async fn signed(platform: web::Data<Platform>, her: Known) -> Shown {
    let receipt = hers(&platform, &her).await?;
    let name = format!("receipt-{}.jwt", receipt.id);
    Ok(download("application/jwt", &name, receipt.jws))
}

/// `GET /console/receipts/{receipt}/json`: what it says, and the signed text beside it.
pub(super) async fn as_json(platform: web::Data<Platform>, her: Known) -> Shown {
    let receipt = hers(&platform, &her).await?;
    let claims = verified(&platform, &receipt)?;
    let json = json!({ "receipt": receipt.jws, "claims": claims });
    let text = serde_json::to_string_pretty(&json).unwrap_or_default();
    Ok(download("application/json", &format!("receipt-{}.json", receipt.id), text))
}

async fn hers(platform: &Platform, her: &Known) -> Result<Receipt, Refusal> {
    Ok(consent_receipts::find_of_person(&platform.db, &her.person.id, &her.place.id()?).await?)
}

/// What the receipt says, checked as anybody would check it.
fn verified(platform: &Platform, receipt: &Receipt) -> Result<Claims, Refusal> {
    let verdict = consent_receipts::verify(&receipt.jws, &platform.public_keys());
    verdict.map(|verdict| verdict.claims).map_err(|error| Refusal::internal(&error))
}

pub(super) fn download(media_type: &str, name: &str, content: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(content)
}
