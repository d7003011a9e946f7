//! Signals for apps that fetch them (RFC 8936).

use std::time::Duration;

use actix_web::web;
use consent_signals::{PollAnswer, PollRequest};
use tokio::time::{Instant, sleep};

use super::{request::Body, wire::Answer};
use crate::{http::extract::ForApp, platform::Platform};

/// How long an answer to who polls may be waited for.
const POLL_FOR: Duration = Duration::from_secs(20);
/// And how often it is looked whether there is one.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// Hands out signals to an app that polls (RFC 8936), and takes its acknowledgements.
///
/// With `returnImmediately` false the answer waits for up to 20 seconds until there is something.
#[utoipa::path(
    post, path = "/api/v1/apps/{app}/signals/poll", tag = "signals", operation_id = "pollSignals",
    request_body = Object,
    responses((status = 200, description = "`sets` by their names, and `moreAvailable`", body = Object)),
)]
pub(super) async fn poll(caller: ForApp, body: Body, platform: web::Data<Platform>) -> Answer<PollAnswer> {
    let mut request: PollRequest = body.json_if_any()?;
    let until = Instant::now() + POLL_FOR;
    let schedule = platform.config.signals.schedule();
    loop {
        let tx = platform.db.begin_write().await?;
        let answer =
            consent_signals::poll(&tx, &caller.app.id, &request, &schedule, &platform.ambient).await?;
        tx.commit().await?;
        if !request.ack.is_empty() {
            platform.dispatcher.arrivals().wake();
        }
        let waits = answer.sets.is_empty() && request.wanted() > 0 && !request.return_immediately;
        if !waits || Instant::now() >= until {
            return Ok(web::Json(answer));
        }
        // What was acknowledged is.
        request = PollRequest { max_events: request.max_events, ..PollRequest::default() };
        sleep(POLL_EVERY).await;
    }
}
