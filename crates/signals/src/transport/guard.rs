//! Resolves names, and lets through only addresses that may be called.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::Policy;

/// Looks names up. A trait, so that a test can have a name move.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The addresses of a host.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The machine's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let addresses = tokio::net::lookup_host((host, 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

tokio::task_local! {
    /// Where the attempt of this task leaves the address that it was sent to, for the record.
    pub(super) static SEEN: Arc<Mutex<Option<IpAddr>>>;
}

/// A name that has an address which may not be called.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the name resolves to {0}, which may not be called")]
pub(super) struct Refusal(pub(super) IpAddr);

/// Stands between the client and the resolver. The client connects to what comes out here and to nothing else, and it
/// asks anew for every connection, so a name cannot move between check and call.
pub(super) struct Guard {
    policy: Policy,
    resolver: Arc<dyn Resolver>,
}

impl Guard {
    pub(super) fn new(policy: Policy, resolver: Arc<dyn Resolver>) -> Self {
        Self { policy, resolver }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, resolver) = (self.policy, self.resolver.clone());
        let seen = SEEN.try_with(Arc::clone).ok();
        Box::pin(async move {
            let addresses = resolver.resolve(name.as_str()).await?;
            // One bad address is enough: who mixes them is testing the walls.
            if let Some(ip) = addresses.iter().find(|ip| !policy.admits_for(name.as_str(), **ip)) {
                return Err(Refusal(*ip).into());
            }
            if let (Some(seen), Some(ip)) = (seen, addresses.first())
                && let Ok(mut seen) = seen.lock()
            {
                *seen = Some(*ip);
            }
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}
