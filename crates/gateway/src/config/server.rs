//! `[server]`: where it listens, how it is reached, where it keeps things.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZero,
    path::PathBuf,
    thread::available_parallelism,
};

use serde::{Deserialize, Deserializer, de::Error as _};
use url::{Host, Url};

use super::{Network, Span, error::Objection, text};

/// `[server]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    #[serde(deserialize_with = "text::parsed")]
    pub listen: SocketAddr,
    /// Base of all URLs we make, without a slash at the end; none: made of the address that is listened on.
    #[serde(deserialize_with = "origin")]
    pub public_url: Option<String>,
    /// What it calls itself towards people.
    pub name: String,
    /// Folder of whatever the server keeps.
    pub data_dir: PathBuf,
    /// Whether this is for trying out.
    pub sandbox: bool,
    /// Whose word about a request's origin is believed.
    pub trusted_proxies: Vec<Network>,
    /// How long the process may go on after it was told to stop.
    pub drain_for: Span,
    /// Threads that answer requests; 0: one for each core.
    pub workers: usize,
}

impl Server {
    /// How many threads answer requests.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        let cores = || available_parallelism().map_or(1, NonZero::get);
        if self.workers == 0 { cores() } else { self.workers }
    }

    /// Whether the word of a peer with this address about a request's origin is believed.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// Base of all URLs we make, for a server that listens on `bound`.
    pub(super) fn public_url(&self, bound: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", reachable(bound)))
    }

    pub(super) fn check(&self) -> Result<(), Objection> {
        Objection::unless(!self.data_dir.as_os_str().is_empty(), "server.data_dir", "expected a folder")?;
        let named = (1..=100).contains(&self.name.trim().chars().count());
        Objection::unless(named, "server.name", "expected 1 to 100 characters")?;
        match &self.public_url {
            _ if self.sandbox => Ok(()),
            Some(url) => Objection::unless(
                url.starts_with("https://") || is_loopback(url),
                "server.public_url",
                "must be https, as tokens travel over it; http is for this machine (127.0.0.1, localhost) or a sandbox",
            ),
            None => Objection::unless(
                self.listen.ip().is_loopback(),
                "server.public_url",
                "is needed when server.listen is open to other machines: the https URL that they use",
            ),
        }
    }
}

/// An address that a client on this machine can use: nobody can call "any address".
fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

fn is_loopback(url: &str) -> bool {
    let url = Url::parse(url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Scheme, host and port of a URL that has nothing else; none if it is empty.
fn origin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let url: Option<Url> = text::optional(deserializer)?;
    let Some(url) = url else { return Ok(None) };
    let origin = url.origin().ascii_serialization();
    let alone = url.as_str().strip_suffix('/') == Some(origin.as_str());
    if matches!(url.scheme(), "http" | "https") && alone {
        return Ok(Some(origin));
    }
    Err(D::Error::custom(
        "expected http or https, a host and perhaps a port, as \"https://consent.example.org\"",
    ))
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{refused, with};

    #[test]
    fn the_public_url_is_an_origin_without_slash_at_the_end() {
        for (given, kept) in [
            ("https://consent.example.org/", "https://consent.example.org"),
            ("https://Consent.Example.org:443", "https://consent.example.org"),
            ("https://consent.example.org:8443", "https://consent.example.org:8443"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
        ] {
            let config = with(&format!("server.public_url = {given:?}"));
            assert_eq!(config.public_url(config.server.listen), kept);
        }
        for wrong in ["consent.example.org", "ftp://a.example", "https://a.example/b", "https://a@a.example"]
        {
            let why = refused(&format!("server.public_url = {wrong:?}"));
            assert!(why.starts_with("server.public_url (from test.toml): "), "{why}");
        }
    }

    #[test]
    fn other_machines_get_https_unless_this_is_a_sandbox() {
        let http = "server.public_url = \"http://consent.example.org\"";
        assert!(refused(http).contains("must be https"));
        assert!(with(&format!("{http}\nserver.sandbox = true")).server.sandbox);
        let open = "server.listen = \"0.0.0.0:8080\"";
        assert!(refused(open).contains("is needed"));
        let sandbox = with(&format!("{open}\nserver.sandbox = true"));
        assert_eq!(sandbox.public_url(sandbox.server.listen), "http://127.0.0.1:8080");
        assert!(
            with(&format!("{open}\nserver.public_url = \"https://a.example\"")).server.worker_count() > 0
        );
    }

    #[test]
    fn proxies_are_networks() {
        let config = with("server.trusted_proxies = [\"10.0.0.0/8\"]");
        assert!(config.server.trusted_proxies[0].contains("10.1.1.1".parse().unwrap()));
        assert!(refused("server.trusted_proxies = [\"here\"]").contains("\"here\" is no network"));
    }
}
