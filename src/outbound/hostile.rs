//! Typed URLs that mean harm, against a server on loopback that must not hear of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::names::Names;
use super::scripted::{Script, Server};
use super::{AddressKind, AddressRange, Answer, Call, Headers, HostRule, Method};
use super::{Outbound, OutboundError, Settings, Url};

fn call(url: Url) -> Call {
    Call {
        method: Method::Get,
        url,
        headers: Headers::default(),
        body: Bytes::new(),
        timeout: Duration::from_secs(20),
        response_bytes_max: 1_000,
    }
}

fn typed(text: &str) -> Call {
    call(Url::typed(text).expect("a url"))
}

fn configured(text: &str) -> Call {
    call(Url::configured(text).expect("a url"))
}

fn settings(host: &str, ranges: &[&str]) -> Settings {
    Settings {
        allowed_hosts: vec![HostRule::parse(&format!("http://{host}")).expect("a rule")],
        private_addresses: ranges
            .iter()
            .map(|range| AddressRange::parse(range).expect("a range"))
            .collect(),
        ..Settings::default()
    }
}

/// Sends a typed call whose host the list names.
async fn send_listed(url: &str) -> Result<Answer, OutboundError> {
    let call = typed(url);
    let outbound = Outbound::new(settings(call.url.host(), &[])).expect("a client");
    outbound.send(call).await
}

/// A resolver that gives one answer after another, and the number of its answers so far.
fn names(answers: &[&[&str]]) -> (Names, Arc<AtomicUsize>) {
    let answers: Vec<Vec<SocketAddr>> = answers
        .iter()
        .map(|answer| {
            answer.iter().map(|ip| SocketAddr::new(ip.parse().expect("an address"), 0)).collect()
        })
        .collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let names = Names::Scripted({
        let asked = Arc::clone(&asked);
        Arc::new(move |_| {
            let turn = asked.fetch_add(1, Ordering::Relaxed);
            answers[turn.min(answers.len() - 1)].clone()
        })
    });
    (names, asked)
}

fn count(outbound: &Outbound, word: &str) -> u64 {
    outbound.counts().all().find(|(code, _)| *code == word).expect("a known word").1
}

#[tokio::test]
async fn no_spelling_of_an_inner_address_is_called() {
    let server = Server::start(Script::answer(200, "")).await;
    for (host, kind) in [
        ("127.0.0.1", AddressKind::Loopback),
        ("127.0.0.1.", AddressKind::Loopback),
        ("127.1", AddressKind::Loopback),
        ("127.0.1", AddressKind::Loopback),
        ("2130706433", AddressKind::Loopback),
        ("0x7f000001", AddressKind::Loopback),
        ("0X7F.1", AddressKind::Loopback),
        ("0177.0.0.1", AddressKind::Loopback),
        ("017700000001", AddressKind::Loopback),
        ("0x7f.0.0x0.01", AddressKind::Loopback),
        ("%31%32%37.0.0.1", AddressKind::Loopback),
        ("\u{ff11}\u{ff12}\u{ff17}.0.0.1", AddressKind::Loopback),
        ("127\u{3002}0\u{3002}0\u{3002}1", AddressKind::Loopback),
        ("[::1]", AddressKind::Loopback),
        ("[0:0:0:0:0:0:0:1]", AddressKind::Loopback),
        ("[::ffff:127.0.0.1]", AddressKind::Loopback),
        ("[::FFFF:7F00:1]", AddressKind::Loopback),
        ("[::127.0.0.1]", AddressKind::Loopback),
        ("[64:ff9b::7f00:1]", AddressKind::Loopback),
        ("[2002:7f00:1::]", AddressKind::Loopback),
        ("0", AddressKind::Unspecified),
        ("0.0.0.0", AddressKind::Unspecified),
        ("[::]", AddressKind::Unspecified),
        ("169.254.169.254", AddressKind::LinkLocal),
        ("2852039166", AddressKind::LinkLocal),
        ("[::ffff:a9fe:a9fe]", AddressKind::LinkLocal),
        ("[fe80::1]", AddressKind::LinkLocal),
        ("10.0.0.1", AddressKind::Private),
        ("[fd00:ec2::254]", AddressKind::LinkLocal),
        ("100.100.100.200", AddressKind::LinkLocal),
        ("255.255.255.255", AddressKind::Broadcast),
    ] {
        let error = send_listed(&format!("http://{host}:{}/", server.port())).await.err();
        let is = |error: &OutboundError| match error {
            OutboundError::AddressRefused { kind: found, .. } => *found == kind,
            _ => false,
        };
        assert!(error.as_ref().is_some_and(is), "{host}: {error:?}");
        assert!(error.is_some_and(|error| error.nothing_was_sent()));
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_name_of_this_machine_is_refused_when_it_is_looked_up() {
    let server = Server::start(Script::answer(200, "")).await;
    for name in ["localhost", "LOCALHOST", "LocalHost"] {
        let error =
            send_listed(&format!("http://{name}:{}/?token=secret", server.port())).await.err();
        let expected =
            OutboundError::AddressRefused { host: "localhost".into(), kind: AddressKind::Loopback };
        assert!(!expected.to_string().contains("secret"));
        assert_eq!(error, Some(expected), "{name}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_name_with_a_dot_at_its_end_is_another_name() {
    let outbound = Outbound::new(settings("localhost", &["127.0.0.0/8"])).expect("a client");
    let error = outbound.send(typed("http://localhost.:9/")).await.err();
    assert!(matches!(error, Some(OutboundError::HostNotAllowed { .. })), "{error:?}");
    assert_eq!(count(&outbound, "host_not_allowed"), 1);
}

#[test]
fn a_user_name_that_looks_like_a_host_is_not_taken() {
    for odd in [
        "http://auth.example@127.0.0.1/",
        "http://auth.example:443@127.0.0.1/",
        "http://auth.example%2f@127.0.0.1/",
        "http://a:b@auth.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://[fe80::1%25eth0]/",
        "http://256.1.1.1/",
        "http://1.2.3.4.5/",
        "//127.0.0.1/",
    ] {
        assert!(Url::typed(odd).is_err(), "{odd}");
    }
    // These read differently in a careless parser; here the host is what is called.
    for (odd, host) in [
        ("http://auth.example\\@127.0.0.1/", "auth.example"),
        ("http://auth.example#@127.0.0.1/", "auth.example"),
        ("http://auth.example?@127.0.0.1/", "auth.example"),
        ("http:\\\\127.1/", "127.0.0.1"),
        ("http:127.1/", "127.0.0.1"),
        ("\t http://127.\n1/", "127.0.0.1"),
    ] {
        assert_eq!(Url::typed(odd).expect("a url").host(), host, "{odd}");
    }
}

#[tokio::test]
async fn an_open_range_lets_a_typed_url_in() {
    let server = Server::start(Script::answer(204, "")).await;
    let outbound = Outbound::new(settings("127.0.0.1", &["127.0.0.1/32"])).expect("a client");
    let answer = outbound.send(typed(&server.url("/"))).await.expect("an answer");
    assert_eq!(answer.status, 204);
}

#[tokio::test]
async fn a_redirect_to_an_inner_address_is_only_an_answer() {
    let inner = Server::start(Script::answer(200, "")).await;
    let location = format!("location: http://127.0.0.1:{}/\r\n", inner.port());
    let server = Server::start(Script::answer_with(307, &location, "")).await;
    let (names, _) = names(&[&["127.0.0.1"]]);
    let settings = settings("hooks.example", &["127.0.0.1/32"]);
    let outbound = Outbound::with_names(settings, names).expect("a client");
    let url = format!("http://hooks.example:{}/", server.port());
    assert_eq!(outbound.send(typed(&url)).await.expect("an answer").status, 307);
    assert!(inner.requests().is_empty());
}

#[tokio::test]
async fn a_name_that_moves_inside_is_refused_at_its_next_connection() {
    let server = Server::start(Script::answer(200, "")).await;
    // 127.0.0.1 is open here and plays the public address.
    let (names, asked) = names(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let settings = settings("moving.example", &["127.0.0.1/32"]);
    let outbound = Outbound::with_names(settings, names).expect("a client");
    let url = format!("http://moving.example:{}/", server.port());
    outbound.send(typed(&url)).await.expect("an answer");
    assert_eq!(asked.load(Ordering::Relaxed), 1, "judged and connected from one look-up");
    let error = outbound.send(typed(&url)).await.expect_err("moved inside");
    let kind = AddressKind::Loopback;
    assert_eq!(error, OutboundError::AddressRefused { host: "moving.example".into(), kind });
    assert!(error.nothing_was_sent());
    assert_eq!((server.requests().len(), count(&outbound, "loopback")), (1, 1));
}

#[tokio::test]
async fn only_the_good_ones_of_a_name_s_addresses_are_connected_to() {
    let server = Server::start(Script::answer(200, "")).await;
    let (names, _) = names(&[&["169.254.169.254", "127.0.0.1", "10.0.0.1"]]);
    let settings = settings("mixed.example", &["127.0.0.1/32"]);
    let outbound = Outbound::with_names(settings, names).expect("a client");
    let url = format!("http://mixed.example:{}/", server.port());
    outbound.send(typed(&url)).await.expect("an answer");
    assert_eq!((count(&outbound, "link_local"), count(&outbound, "private")), (1, 1));
}

#[tokio::test]
async fn a_typed_call_does_not_ride_on_a_configured_call_s_connection() {
    let server = Server::start(Script::Kept).await;
    let (names, asked) = names(&[&["127.0.0.1"]]);
    let outbound = Outbound::with_names(settings("inside.example", &[]), names).expect("a client");
    let url = format!("http://inside.example:{}/", server.port());
    outbound.send(configured(&url)).await.expect("an answer");
    outbound.send(configured(&url)).await.expect("an answer");
    assert_eq!(asked.load(Ordering::Relaxed), 1, "the connection is kept");
    let error = outbound.send(typed(&url)).await.err();
    assert!(matches!(error, Some(OutboundError::AddressRefused { .. })), "{error:?}");
    assert_eq!((server.requests().len(), asked.load(Ordering::Relaxed)), (2, 2));
}

#[tokio::test]
async fn a_configured_name_does_not_lead_to_the_metadata_service() {
    let (names, _) = names(&[&["169.254.169.254"]]);
    let outbound = Outbound::with_names(settings("auth.example", &[]), names).expect("a client");
    let error = outbound.send(configured("http://auth.example/")).await.err();
    let kind = AddressKind::LinkLocal;
    assert_eq!(error, Some(OutboundError::AddressRefused { host: "auth.example".into(), kind }));
}

#[tokio::test]
async fn a_name_without_addresses_is_unreachable() {
    let (names, _) = names(&[&[]]);
    let outbound = Outbound::with_names(settings("auth.example", &[]), names).expect("a client");
    let error = outbound.send(typed("http://auth.example/")).await.expect_err("nobody there");
    assert!(matches!(error, OutboundError::Unreachable(_)), "{error:?}");
}
