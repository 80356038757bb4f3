//! The client.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::counts::OutboundCounts;
use super::gate::Gate;
use super::names::{JudgedNames, Names};
use super::{AddressRange, Answer, Call, Headers, HostRule, OutboundError, Trust, Url};

/// Limits of the client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Hosts that may be called; loopback is no exception. Empty: nobody.
    pub allowed_hosts: Vec<HostRule>,
    /// Ranges that are not public and that typed URLs may reach all the same. Empty: none.
    pub private_addresses: Vec<AddressRange>,
    /// Time for name, connection and TLS handshake, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Idle connections kept per host.
    pub idle_connections_max: usize,
    /// How long an idle connection is kept, in milliseconds.
    pub idle_timeout_ms: u64,
    /// Calls under way at a time, over all hosts; more are [`OutboundError::Busy`].
    pub calls_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            private_addresses: Vec::new(),
            connect_timeout_ms: 1_000,
            idle_connections_max: 64,
            idle_timeout_ms: 15_000,
            calls_max: 1_024,
        }
    }
}

/// The one client that leaves the house. Clones share connections and limits.
///
/// Proxies named in the environment are not used: a call with a token goes to the host that was
/// allowed, and to nobody else.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// One client for each [`Trust`]: a typed call must not ride on a connection that was made,
    /// and judged, for a configured one.
    configured: reqwest::Client,
    typed: reqwest::Client,
    /// Speaks HTTP/1.1 alone: a connection that becomes a socket carries nothing else.
    sockets: reqwest::Client,
    allowed: Arc<[HostRule]>,
    gate: Gate,
    under_way: Arc<Semaphore>,
    counts: Arc<OutboundCounts>,
}

impl Outbound {
    /// Builds the client. The error is [`OutboundError::Setup`].
    pub fn new(settings: Settings) -> Result<Self, OutboundError> {
        Self::with_names(settings, Names::System)
    }

    pub(super) fn with_names(settings: Settings, names: Names) -> Result<Self, OutboundError> {
        let counts = Arc::new(OutboundCounts::default());
        let gate = Gate::new(settings.private_addresses.clone());
        let judged = |trust, names| JudgedNames {
            names,
            gate: gate.clone(),
            trust,
            timeout: Duration::from_millis(settings.connect_timeout_ms),
            counts: Arc::clone(&counts),
        };
        let configured = build(client(&settings, judged(Trust::Configured, names.clone())))?;
        let sockets = client(&settings, judged(Trust::Configured, names.clone())).http1_only();
        let sockets = build(sockets)?;
        let typed = build(client(&settings, judged(Trust::Typed, names)))?;
        let under_way = settings.calls_max.clamp(1, Semaphore::MAX_PERMITS);
        let under_way = Arc::new(Semaphore::new(under_way));
        let allowed = settings.allowed_hosts.into();
        Ok(Self { configured, typed, sockets, allowed, gate, under_way, counts })
    }

    /// Checks a target against the list without calling it, and its address when it is written
    /// as one. What a name leads to is judged when it is called.
    pub fn check(&self, url: &Url) -> Result<(), OutboundError> {
        if self.allowed.iter().any(|rule| rule.allows(url)) {
            return self.gate.judge_literal(url);
        }
        let host = format!("{}:{}", url.host(), url.port());
        Err(OutboundError::HostNotAllowed { scheme: url.scheme(), host })
    }

    /// What was refused since the start.
    pub fn counts(&self) -> &OutboundCounts {
        &self.counts
    }

    /// Makes one call, once: nothing is repeated or followed.
    pub async fn send(&self, call: Call) -> Result<Answer, OutboundError> {
        let (timeout, max) = (call.timeout, call.response_bytes_max);
        let exchange = async {
            let (_permit, mut response) = self.response(call).await?;
            let status = response.status().as_u16();
            let headers = Headers::from_library(std::mem::take(response.headers_mut()));
            let body = read_body(response, max).await?;
            Ok(Answer { status, headers, body })
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(OutboundError::TimedOut))
    }

    /// Like [`send`](Self::send), for a caller who only wants to know whether it arrived: the
    /// body of the answer is not read and stays empty.
    pub(super) async fn send_only(&self, call: Call) -> Result<Answer, OutboundError> {
        let exchange = async |call| {
            let (_permit, mut response) = self.response(call).await?;
            let status = response.status().as_u16();
            let headers = Headers::from_library(std::mem::take(response.headers_mut()));
            Ok(Answer { status, headers, body: Bytes::new() })
        };
        tokio::time::timeout(call.timeout, exchange(call))
            .await
            .unwrap_or(Err(OutboundError::TimedOut))
    }

    /// The head of the answer. The permit lives as long as the call.
    async fn response(
        &self,
        call: Call,
    ) -> Result<(SemaphorePermit<'_>, reqwest::Response), OutboundError> {
        let client = match call.url.trust() {
            Trust::Configured => &self.configured,
            Trust::Typed => &self.typed,
        };
        self.respond(client, call).await
    }

    /// The head of the answer to a call that asks for another protocol. Only configured URLs ask.
    pub(super) async fn upgrade(&self, call: Call) -> Result<reqwest::Response, OutboundError> {
        if call.url.trust() != Trust::Configured {
            return Err(OutboundError::BadUrl("a socket's url comes from the configuration"));
        }
        let (_permit, response) = self.respond(&self.sockets, call).await?;
        Ok(response)
    }

    async fn respond(
        &self,
        client: &reqwest::Client,
        call: Call,
    ) -> Result<(SemaphorePermit<'_>, reqwest::Response), OutboundError> {
        self.check(&call.url).inspect_err(|error| self.count(error))?;
        let busy = |_| OutboundError::Busy;
        let permit =
            self.under_way.try_acquire().map_err(busy).inspect_err(|error| self.count(error))?;
        let request = client
            .request(call.method.to_library(), call.url.to_library())
            .headers(call.headers.into_library())
            .body(call.body);
        let response = request.send().await.map_err(|error| OutboundError::from_library(&error))?;
        Ok((permit, response))
    }

    /// Counts a refusal before the name is looked up; the resolver counts its own.
    fn count(&self, error: &OutboundError) {
        match error {
            OutboundError::HostNotAllowed { .. } => self.counts.host(),
            OutboundError::AddressRefused { kind, .. } => self.counts.address(*kind),
            OutboundError::Busy => self.counts.busy(),
            OutboundError::Setup(_)
            | OutboundError::BadUrl(_)
            | OutboundError::BadHostRule(_)
            | OutboundError::BadAddressRange(_)
            | OutboundError::BadHeader { .. }
            | OutboundError::Unreachable(_)
            | OutboundError::TimedOut
            | OutboundError::Interrupted
            | OutboundError::TooLarge { .. } => {}
        }
    }
}

fn client(settings: &Settings, names: JudgedNames) -> reqwest::ClientBuilder {
    #[expect(clippy::disallowed_methods, reason = "the client's one home")]
    reqwest::Client::builder()
        .user_agent(concat!("crossfade/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .dns_resolver(names)
        .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
        .pool_max_idle_per_host(settings.idle_connections_max)
        .pool_idle_timeout(Duration::from_millis(settings.idle_timeout_ms))
}

fn build(client: reqwest::ClientBuilder) -> Result<reqwest::Client, OutboundError> {
    client.build().map_err(|error| OutboundError::Setup(error.without_url().to_string()))
}

async fn read_body(mut response: reqwest::Response, max: usize) -> Result<Bytes, OutboundError> {
    let too_large = OutboundError::TooLarge { max };
    if response.content_length().is_some_and(|length| length > max as u64) {
        return Err(too_large);
    }
    let mut body = BytesMut::new();
    let library = |error: reqwest::Error| OutboundError::from_library(&error);
    while let Some(chunk) = response.chunk().await.map_err(library)? {
        if chunk.len() > max - body.len() {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use super::super::Method;
    use super::super::scripted::{Script, Server};
    use super::*;

    fn outbound() -> Outbound {
        let allowed_hosts = vec![HostRule::parse("127.0.0.1").expect("a rule")];
        // Longer than any call: under paused time a call then always ends by its own time-out.
        let connect_timeout_ms = 3_600_000;
        Outbound::new(Settings { allowed_hosts, connect_timeout_ms, ..Settings::default() })
            .expect("a client")
    }

    fn call(url: &str) -> Call {
        Call {
            method: Method::Get,
            url: Url::configured(url).expect("a url"),
            headers: Headers::default(),
            body: Bytes::new(),
            timeout: Duration::from_secs(20),
            response_bytes_max: 1_000,
        }
    }

    async fn answer_to(script: Script) -> Result<Answer, OutboundError> {
        let server = Server::start(script).await;
        outbound().send(call(&server.url("/"))).await
    }

    #[tokio::test]
    async fn an_answer_comes_back_whatever_its_status() {
        let answer = answer_to(Script::answer(503, "[]")).await.expect("an answer");
        assert_eq!((answer.status, &*answer.body), (503, b"[]".as_slice()));
    }

    #[tokio::test]
    async fn the_house_names_itself_and_sends_what_the_call_says() {
        let server = Server::start(Script::answer(200, "")).await;
        let mut headers = Headers::default();
        headers.append("x-one", "1").expect("a header");
        let call = Call {
            method: Method::Post,
            headers,
            body: Bytes::from_static(b"body"),
            ..call(&server.url("/a?b=c"))
        };
        outbound().send(call).await.expect("an answer");
        let seen = server.requests().concat();
        assert!(seen.starts_with("POST /a?b=c HTTP/1.1\r\n"), "{seen}");
        assert!(seen.contains(concat!("user-agent: crossfade/", env!("CARGO_PKG_VERSION"))));
        assert!(seen.contains("x-one: 1\r\n") && seen.ends_with("\r\n\r\nbody"), "{seen}");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let other = Server::start(Script::answer(200, "")).await;
        let location = format!("location: {}\r\n", other.url("/"));
        let answer = answer_to(Script::answer_with(302, &location, "")).await.expect("an answer");
        assert_eq!(answer.status, 302);
        assert!(other.requests().is_empty());
    }

    // Paused time moves on as soon as nothing else can: only the server's silence ends these.
    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answers_is_timed_out() {
        assert_eq!(answer_to(Script::Hang).await.err(), Some(OutboundError::TimedOut));
    }

    #[tokio::test]
    async fn a_connection_that_closes_early_is_interrupted() {
        let half = Script::Raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".into());
        for script in [Script::Close, half] {
            assert_eq!(answer_to(script).await.err(), Some(OutboundError::Interrupted));
        }
    }

    #[tokio::test]
    async fn what_is_not_http_is_interrupted() {
        let garbage = Script::Raw("220 mail.example ESMTP\r\n".into());
        assert_eq!(answer_to(garbage).await.err(), Some(OutboundError::Interrupted));
    }

    #[tokio::test]
    async fn reading_stops_at_the_cap_announced_or_not() {
        let too_large = Some(OutboundError::TooLarge { max: 1_000 });
        let announced = Script::answer(200, &"x".repeat(1_001));
        assert_eq!(answer_to(announced).await.err(), too_large);
        assert_eq!(answer_to(Script::Endless).await.err(), too_large);
        let just = answer_to(Script::answer(200, &"x".repeat(1_000))).await.expect("an answer");
        assert_eq!(just.body.len(), 1_000);
    }

    #[tokio::test]
    async fn nobody_at_the_port_is_unreachable_and_nothing_was_sent() {
        let url = Server::start(Script::Close).await.stop().await;
        let error = outbound().send(call(&url)).await.expect_err("nobody there");
        assert_eq!(error, OutboundError::Unreachable("connection refused"));
        assert!(error.nothing_was_sent());
    }

    #[tokio::test]
    async fn a_host_that_is_not_listed_is_never_called() {
        let server = Server::start(Script::answer(200, "")).await;
        let nobody = Outbound::new(Settings::default()).expect("a client");
        let error = nobody.send(call(&server.url("/?token=secret"))).await.expect_err("not listed");
        assert!(matches!(error, OutboundError::HostNotAllowed { .. }));
        assert!(!error.to_string().contains("secret"));
        assert!(server.requests().is_empty());
    }

    #[tokio::test]
    async fn calls_over_the_limit_are_refused_at_once() {
        let server = Server::start(Script::Hang).await;
        let settings = Settings { calls_max: 1, ..Settings::default() };
        let loopback = HostRule::parse("127.0.0.1").expect("a rule");
        let outbound = Outbound::new(Settings { allowed_hosts: vec![loopback], ..settings })
            .expect("a client");
        let first = tokio::spawn({
            let (outbound, call) = (outbound.clone(), call(&server.url("/")));
            async move { outbound.send(call).await }
        });
        server.first_request().await;
        let second = outbound.send(call(&server.url("/"))).await;
        assert_eq!(second.err(), Some(OutboundError::Busy));
        first.abort();
    }
}
