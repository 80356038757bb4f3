//! What the handlers know about the network around them.

use std::sync::Arc;

use super::client_address::TrustedProxies;
use super::listener::ListenerCounts;
use super::public_url::PublicUrl;

/// The network as the configuration tells it, and what the listeners counted.
#[derive(Debug)]
pub struct Network {
    /// Proxies that are believed about their callers.
    pub trusted_proxies: TrustedProxies,
    /// Headers that forward-auth believes about the original path and query.
    pub target_headers: TargetHeaders,
    /// Who may ask questions about tokens.
    pub data_access: DataAccess,
    /// Where browsers reach the control listener.
    pub public_url: PublicUrl,
    /// The listeners by name.
    pub listeners: Vec<(&'static str, Arc<ListenerCounts>)>,
}

/// Who may ask questions about tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataAccess {
    /// Everybody who reaches the data listener.
    Open,
    /// Whoever has an API token with the scope `decide`.
    Token,
}

/// A header in which a proxy tells the original path and query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetHeader {
    /// `X-Original-URI`, as nginx configurations commonly name it.
    XOriginalUri,
    /// `X-Forwarded-Uri`, as Traefik and Caddy name it.
    XForwardedUri,
}

impl TargetHeader {
    /// Its name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XOriginalUri => "x-original-uri",
            Self::XForwardedUri => "x-forwarded-uri",
        }
    }
}

/// Headers that tell the original path and query, in the order in which they are believed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct TargetHeaders(pub Vec<TargetHeader>);

impl Default for TargetHeaders {
    fn default() -> Self {
        Self(vec![TargetHeader::XOriginalUri, TargetHeader::XForwardedUri])
    }
}
