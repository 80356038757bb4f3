//! HTTP to the demonstration's own services: what is sent is real, and so is the socket.

use std::net::SocketAddr;
use std::time::Duration;

use crate::outbound::{
    Answer, Call, Headers, HostRule, Method, Outbound, OutboundError, Settings, Url,
};

/// Longer than any deadline of the flag table.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A client for one listener, over connections that are kept.
#[derive(Clone)]
pub struct Wire {
    outbound: Outbound,
    base: String,
    authorization: Option<String>,
}

impl Wire {
    /// A client for `address` that shows `token`, where there is one.
    pub fn to(address: SocketAddr, token: Option<&str>) -> Result<Self, OutboundError> {
        let outbound = Outbound::new(Settings {
            allowed_hosts: vec![HostRule::parse(&address.to_string())?],
            idle_connections_max: 1_024,
            // Shorter than the listener waits for a next request.
            idle_timeout_ms: 5_000,
            calls_max: 2_048,
            ..Settings::default()
        })?;
        let authorization = token.map(|token| format!("Bearer {token}"));
        Ok(Self { outbound, base: format!("http://{address}"), authorization })
    }

    /// Sends JSON, or nothing, to a path.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        etag: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer, OutboundError> {
        let mut headers = Headers::default();
        headers.append("content-type", "application/json")?;
        if let Some(authorization) = &self.authorization {
            headers.append("authorization", authorization)?;
        }
        if let Some(etag) = etag {
            headers.append("if-match", etag)?;
        }
        let call = Call {
            method,
            url: Url::configured(&format!("{}{path}", self.base))?,
            headers,
            body: body.into(),
            timeout: TIMEOUT,
            response_bytes_max: 1024 * 1024,
        };
        self.outbound.send(call).await
    }
}
