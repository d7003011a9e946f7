//! One attempt over HTTP, to an address that apps choose: it must reach them, and nothing behind our own walls.

mod address;
mod guard;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use consent_crypto::{Sha256Stream, digest::hex};
use reqwest::{
    Client, Response,
    header::{RETRY_AFTER, USER_AGENT},
    redirect,
};
use serde::Deserialize;
use tokio::time::timeout_at;
use url::Host;

use crate::{Outcome, SignalsError};

pub use address::{Policy, UrlProblem, check_url, is_public};
pub use guard::{Resolver, SystemResolver};

use guard::{Guard, Refusal, SEEN};

/// How long an attempt may take and how much of an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first look-up to the last byte of the answer.
    pub timeout: Duration,
    /// So many bytes of the answer are read, and no more.
    pub answer_bytes: usize,
}

impl Default for Limits {
    /// 20 s and 64 KiB.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(20), answer_bytes: 64 * 1024 }
    }
}

/// What is sent.
pub struct Message {
    /// Where to.
    pub url: String,
    /// With which headers; they may hold a secret.
    pub headers: Vec<(&'static str, String)>,
    /// And which body.
    pub body: String,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message([REDACTED])")
    }
}

/// What is kept of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    /// The name that was called; none where the address is none.
    pub host: Option<String>,
    /// What it resolved to, and what was connected to or refused.
    pub ip: Option<IpAddr>,
    /// How long it took.
    pub took: Duration,
    /// The status of the answer; none without one.
    pub status: Option<u16>,
    /// SHA-256 of what was read of the answer's body, 64 hexadecimal digits.
    pub answer_sha256: Option<String>,
    /// What went wrong, in a word: `address`, `refused`, `connect`, `timeout`, `broken`, or the error of RFC 8935
    /// that the receiver named.
    pub problem: Option<String>,
    /// What it means.
    pub outcome: Outcome,
}

/// Sends; cheap to clone.
///
/// Follows no redirects, keeps no connections and no cookies, asks no proxy. Names are resolved for every attempt, and
/// only an address that was checked is connected to.
#[derive(Debug, Clone)]
pub struct Transport {
    client: Client,
    policy: Policy,
    limits: Limits,
}

impl Transport {
    /// A transport that resolves names with `resolver`.
    pub fn new(policy: Policy, resolver: Arc<dyn Resolver>, limits: Limits) -> Result<Self, SignalsError> {
        let client = Client::builder()
            .dns_resolver(Arc::new(Guard::new(policy, resolver)))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .connect_timeout(limits.timeout)
            .timeout(limits.timeout)
            .build()
            .map_err(SignalsError::Client)?;
        Ok(Self { client, policy, limits })
    }

    /// What apps may give as an address.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Makes one attempt. `now` is only for a `Retry-After` that names a date.
    ///
    /// A status line decides: what the receiver said stands, even if the body behind it never ends, breaks off or is
    /// too long. What was read of it is digested.
    pub async fn send(&self, message: Message, now: DateTime<Utc>) -> Attempted {
        let began = Instant::now();
        let seen = Arc::new(Mutex::new(None));
        let mut attempted = SEEN.scope(seen.clone(), self.try_to_send(message, now)).await;
        attempted.took = began.elapsed();
        let seen = seen.lock().map_or(None, |seen| *seen);
        attempted.ip = attempted.ip.or(seen);
        attempted
    }

    async fn try_to_send(&self, message: Message, now: DateTime<Utc>) -> Attempted {
        let Ok(url) = check_url(&message.url, self.policy) else {
            return failed(None, None, "address");
        };
        let host = url.host_str().map(str::to_owned);
        // A client asks no resolver about an address that is written out.
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        if let Some(ip) = literal.filter(|ip| !self.policy.admits(*ip)) {
            return failed(host, Some(ip), "refused");
        }
        let deadline = tokio::time::Instant::now() + self.limits.timeout;
        let mut request = self.client.post(url).header(USER_AGENT, "consent-access").body(message.body);
        for (name, value) in message.headers {
            request = request.header(name, value);
        }
        match timeout_at(deadline, request.send()).await {
            Err(_) => failed(host, literal, "timeout"),
            Ok(Err(error)) => refused(host.as_deref(), literal, &error),
            Ok(Ok(response)) => self.answered(host, response, deadline, now).await,
        }
    }

    async fn answered(
        &self,
        host: Option<String>,
        response: Response,
        deadline: tokio::time::Instant,
        now: DateTime<Utc>,
    ) -> Attempted {
        let status = response.status().as_u16();
        let ip = response.remote_addr().map(|address| address.ip());
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|text| retry_after(text, now));
        let answer = read_answer(response, self.limits.answer_bytes, deadline).await;
        let problem = set_error(&answer);
        let mut digest = Sha256Stream::new();
        digest.update(&answer);
        Attempted {
            host,
            ip,
            took: Duration::ZERO,
            status: Some(status),
            answer_sha256: Some(hex(&digest.finish())),
            outcome: Outcome::of(status, problem.is_some(), after),
            problem: problem.filter(|_| status == 400),
        }
    }
}

/// What came of the body, at most `cap` bytes, until it ended or broke off or there was no more time.
async fn read_answer(mut response: Response, cap: usize, deadline: tokio::time::Instant) -> Vec<u8> {
    let mut answer = Vec::new();
    while answer.len() < cap {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) => answer.extend_from_slice(&chunk[..chunk.len().min(cap - answer.len())]),
            _ => break,
        }
    }
    answer
}

/// The error code of RFC 8935, section 2.3, that an answer's body holds; only what looks like one is kept.
fn set_error(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct SetErrorBody {
        err: String,
    }
    let SetErrorBody { err } = serde_json::from_slice(answer).ok()?;
    let is_code = (1..=64).contains(&err.len()) && err.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_code.then_some(err)
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text.trim()).ok()?;
    (at.with_timezone(&Utc) - now).to_std().ok()
}

fn refused(host: Option<&str>, literal: Option<IpAddr>, error: &reqwest::Error) -> Attempted {
    let host = host.map(str::to_owned);
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(Refusal(ip)) = error.downcast_ref() {
            return failed(host, Some(*ip), "refused");
        }
        cause = error.source();
    }
    let problem = if error.is_timeout() {
        "timeout"
    } else if error.is_builder() {
        "address"
    } else if error.is_connect() {
        "connect"
    } else {
        "broken"
    };
    failed(host, literal, problem)
}

fn failed(host: Option<String>, ip: Option<IpAddr>, problem: &str) -> Attempted {
    Attempted {
        host,
        ip,
        took: Duration::ZERO,
        status: None,
        answer_sha256: None,
        problem: Some(problem.to_owned()),
        outcome: Outcome::Retry { after: None },
    }
}

#[cfg(test)]
mod tests;
