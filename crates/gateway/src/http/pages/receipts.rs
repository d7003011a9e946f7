//! A consent receipt, to look at, to print and to keep.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    web,
};
use consent_pages::{ReceiptErasure, ReceiptPurpose, Section};
use consent_receipts::{Claims, Reader, Receipt, View};
use serde_json::json;

use super::{Known, Shown, html};
use crate::{http::error::Refusal, platform::Platform};

/// `GET /console/receipts/{receipt}`.
pub(super) async fn show(platform: web::Data<Platform>, her: Known) -> Shown {
    let receipt = hers(&platform, &her).await?;
    let claims = verified(&platform, &receipt)?;
    let path = format!("/console/receipts/{}", receipt.id);
    let View { title, said, facts, purposes, controller, erasure, proof, status_url } =
        View::of(&claims, Reader::Owner);
    let page = consent_pages::Receipt {
        frame: her.frame(&platform, Section::Console),
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

fn download(media_type: &str, name: &str, content: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(content)
}
