//! From a name to the addresses that are connected to.
//!
//! The client connects to exactly the addresses that were judged here; nobody looks the name up a
//! second time, so an answer that changes in between changes nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::counts::OutboundCounts;
use super::gate::Gate;
use super::{AddressKind, Trust};

/// Addresses of one name that are looked at; more are not tried.
const ADDRESSES_MAX: usize = 64;

/// Where names are looked up.
#[derive(Clone)]
pub(super) enum Names {
    /// The system's resolver.
    System,
    /// What a test says.
    #[cfg(test)]
    Scripted(Arc<Script>),
}

#[cfg(test)]
pub(super) type Script = dyn Fn(&str) -> Vec<SocketAddr> + Send + Sync;

impl Names {
    async fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        match self {
            // The client puts the URL's port in place of 0.
            Self::System => {
                Ok(tokio::net::lookup_host((name, 0)).await?.take(ADDRESSES_MAX).collect())
            }
            #[cfg(test)]
            Self::Scripted(script) => Ok(script(name)),
        }
    }
}

/// The resolver of one client: looks up and judges.
#[derive(Clone)]
pub(super) struct JudgedNames {
    pub names: Names,
    pub gate: Gate,
    pub trust: Trust,
    pub timeout: Duration,
    pub counts: Arc<OutboundCounts>,
}

/// A name behind which nothing but refused addresses stands.
#[derive(Debug, thiserror::Error)]
#[error("{host} is {kind}")]
pub(super) struct Refused {
    pub host: String,
    pub kind: AddressKind,
}

impl JudgedNames {
    async fn resolve(self, name: Name) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
        let found = tokio::time::timeout(self.timeout, self.names.look_up(name.as_str())).await??;
        let mut refused = None;
        let mut open = Vec::with_capacity(found.len());
        for address in found {
            match self.gate.judge(self.trust, address.ip()) {
                Ok(()) => open.push(address),
                Err(kind) => {
                    self.counts.address(kind);
                    refused = Some(kind);
                }
            }
        }
        match refused {
            Some(kind) if open.is_empty() => {
                Err(Box::new(Refused { host: name.as_str().to_owned(), kind }))
            }
            Some(_) | None => Ok(Box::new(open.into_iter())),
        }
    }
}

impl Resolve for JudgedNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(self.clone().resolve(name))
    }
}
