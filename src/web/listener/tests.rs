//! Listeners over real sockets.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::routing::get;
use parking_lot::Mutex;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use ListenerEvent::{
    Accepted, CutAtDrain, HeadMalformed, HeadTooLarge, IdleClosed, ReloadFailed, Reloaded,
    SlowHead, TlsFailed, TlsSlow, TooManyFromAddress,
};

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(20);
const LIMITS: Limits = Limits {
    connections_max: 100,
    connections_per_address_max: 100,
    head_bytes_max: 8_192,
    head_time: LONG,
    handshake_time: LONG,
    drain_time: LONG,
};
const GET: &str = "GET / HTTP/1.1\r\nhost: test\r\n";

/// A listener that answers with the address of its peer.
struct Served {
    address: SocketAddr,
    counts: Arc<ListenerCounts>,
    tls: Option<Arc<Tls>>,
    /// Told when a request begins to wait.
    begun: Arc<Notify>,
    /// The places of a connection that somebody has taken over.
    taken_over: Arc<Mutex<Option<ConnectionPlaces>>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Served {
    async fn with(limits: Limits, certificate: Option<CertificateFiles>) -> Self {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let plain = ListenerSettings::plain(any_port, limits);
        let listener = Listener::bind(ListenerSettings { certificate, ..plain }).await;
        let listener = listener.expect("bound");
        let (address, counts, tls) = (listener.address(), listener.counts(), listener.tls());
        let answer = |Extension(peer): Extension<Peer>| async move { peer.0.to_string() };
        let begun = Arc::new(Notify::new());
        let told = Arc::clone(&begun);
        let waits = move || {
            told.notify_one();
            std::future::pending::<()>()
        };
        let taken_over = Arc::new(Mutex::new(None));
        let keeps = Arc::clone(&taken_over);
        let takes = |Extension(places): Extension<ConnectionPlaces>| async move {
            *keeps.lock() = Some(places);
        };
        let router = Router::new().route("/", get(answer)).route("/waits", get(waits));
        let router = router.route("/takes", get(takes));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(listener.serve(router, stopped));
        Self { address, counts, tls, begun, taken_over, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    async fn shake_hands(&self, client: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::new(client)).connect(name, self.connect().await).await
    }

    /// Waits until an event has been counted so often.
    async fn counted(&self, event: ListenerEvent, times: u64) {
        let waiting = async {
            while self.counts.of(event) < times {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(LONG, waiting).await;
        assert!(waited.is_ok(), "{} was counted {}", event.code(), self.counts.of(event));
        assert_eq!(self.counts.of(event), times, "{}", event.code());
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.expect("the listener ends");
    }
}

/// Writes, then reads until the end: the answer, or what there is of one.
async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &str) -> String {
    // The service may answer and close before it has read everything.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(LONG, reading).await.expect("the connection ends");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the answer to a request with these header lines.
async fn status(served: &Served, lines: &str) -> String {
    let request = format!("{GET}connection: close\r\n{lines}\r\n");
    let answer = say(served.connect().await, &request).await;
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("permitted");
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Writes a new certificate and its key; gives back the certificate.
fn write_pair(dir: &Path) -> CertificateDer<'static> {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    write_private(&dir.join("chain.pem"), &pair.cert.pem());
    write_private(&dir.join("key.pem"), &pair.signing_key.serialize_pem());
    pair.cert.der().clone()
}

fn files(dir: &Path) -> CertificateFiles {
    CertificateFiles::new(dir.join("chain.pem"), dir.join("key.pem"), read)
}

fn client(
    trusts: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(trusts.clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[tokio::test]
async fn tls_is_served_and_who_speaks_plain_http_to_it_is_closed() {
    let dir = TempDir::new().expect("a directory");
    let certificate = write_pair(dir.path());
    let served = Served::with(LIMITS, Some(files(dir.path()))).await;
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let stream = served.shake_hands(client(&certificate, version)).await.expect("shaken");
        let answer = say(stream, &format!("{GET}connection: close\r\n\r\n")).await;
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
    }
    let answer = say(served.connect().await, &format!("{GET}\r\n")).await;
    assert!(!answer.contains("HTTP"), "{answer}");
    served.counted(TlsFailed, 1).await;
    served.counted(Accepted, 3).await;
    served.stop().await;
}

#[tokio::test]
async fn only_http_1_1_is_agreed_on() {
    let dir = TempDir::new().expect("a directory");
    let certificate = write_pair(dir.path());
    let served = Served::with(LIMITS, Some(files(dir.path()))).await;
    let mut both = client(&certificate, &rustls::version::TLS13);
    both.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = served.shake_hands(both).await.expect("shaken");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    drop(stream);
    let mut only_h2 = client(&certificate, &rustls::version::TLS13);
    only_h2.alpn_protocols = vec![b"h2".to_vec()];
    assert!(served.shake_hands(only_h2).await.is_err());
    served.stop().await;
}

#[tokio::test]
async fn a_changed_certificate_is_taken_and_a_broken_one_is_not() {
    let dir = TempDir::new().expect("a directory");
    let first = write_pair(dir.path());
    let served = Served::with(LIMITS, Some(files(dir.path()))).await;
    let tls = served.tls.clone().expect("TLS");
    let tls13 = &rustls::version::TLS13;
    let mut old = served.shake_hands(client(&first, tls13)).await.expect("shaken");

    tls.reload_if_changed();
    served.counted(Reloaded, 0).await;

    let second = write_pair(dir.path());
    tls.reload_if_changed();
    served.counted(Reloaded, 1).await;
    assert!(served.shake_hands(client(&first, tls13)).await.is_err(), "the first is gone");
    assert!(served.shake_hands(client(&second, tls13)).await.is_ok());

    let other = TempDir::new().expect("a directory");
    write_pair(other.path());
    std::fs::copy(other.path().join("key.pem"), dir.path().join("key.pem")).expect("copied");
    tls.reload_if_changed();
    tls.reload_if_changed();
    served.counted(ReloadFailed, 1).await;
    assert!(served.shake_hands(client(&second, tls13)).await.is_ok(), "the old pair stays");

    std::fs::remove_file(dir.path().join("chain.pem")).expect("removed");
    tls.reload_if_changed();
    served.counted(ReloadFailed, 2).await;
    tls.reload();
    served.counted(ReloadFailed, 3).await;

    let third = write_pair(dir.path());
    tls.reload();
    served.counted(Reloaded, 2).await;
    assert!(served.shake_hands(client(&third, tls13)).await.is_ok());

    old.write_all(format!("{GET}connection: close\r\n\r\n").as_bytes()).await.expect("written");
    let mut answer = String::new();
    let _ = old.read_to_string(&mut answer).await;
    assert!(answer.ends_with("127.0.0.1"), "an open connection goes on: {answer}");
    served.stop().await;
}

#[test]
fn a_pair_that_does_not_fit_is_told_with_its_files_and_no_secret() {
    let dir = TempDir::new().expect("a directory");
    let path = |name: &str| dir.path().join(name);
    write_pair(dir.path());
    let key = std::fs::read_to_string(path("key.pem")).expect("read");
    let chain = std::fs::read_to_string(path("chain.pem")).expect("read");
    write_pair(dir.path());
    let fits = |chain_text: &str, key_text: &str| {
        write_private(&path("chain.pem"), chain_text);
        write_private(&path("key.pem"), key_text);
        files(dir.path()).check().map_err(|error| format!("{error} {error:?}"))
    };
    assert_eq!(fits(&chain, &key), Ok(()));
    let new_key = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    for (chain, key, about) in [
        (chain.as_str(), new_key.as_str(), "does not fit"),
        (&chain, "", "no key"),
        (&chain, &chain, "no key"),
        ("", &key, "no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key, "does not fit"),
        (&"x".repeat(300_000), &key, "more than"),
    ] {
        let error = fits(chain, key).expect_err("a fault");
        assert!(error.contains(about) && error.contains(".pem"), "{error}");
        assert!(!error.contains("PRIVATE"), "{error}");
    }
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_closed_and_counted() {
    let dir = TempDir::new().expect("a directory");
    write_pair(dir.path());
    let limits = Limits { handshake_time: SHORT, ..LIMITS };
    let served = Served::with(limits, Some(files(dir.path()))).await;
    // The first bytes of a handshake that never goes on.
    assert_eq!(say(served.connect().await, "\x16\x03\x01\x02\0\x01").await, "");
    assert_eq!(say(served.connect().await, "").await, "");
    served.counted(TlsSlow, 2).await;
    served.stop().await;
}

#[tokio::test]
async fn a_handshake_does_not_hold_up_a_stop() {
    let dir = TempDir::new().expect("a directory");
    write_pair(dir.path());
    let served = Served::with(LIMITS, Some(files(dir.path()))).await;
    let stream = served.connect().await;
    served.counted(Accepted, 1).await;
    let counts = Arc::clone(&served.counts);
    served.stop().await;
    assert_eq!(counts.of(CutAtDrain), 0);
    drop(stream);
}

#[tokio::test]
async fn an_address_that_holds_as_many_connections_as_it_may_gets_no_further_one() {
    let served = Served::with(Limits { connections_per_address_max: 2, ..LIMITS }, None).await;
    let (first, second) = (served.connect().await, served.connect().await);
    served.counted(Accepted, 2).await;
    assert_eq!(say(served.connect().await, "").await, "");
    served.counted(TooManyFromAddress, 1).await;
    let answer = say(first, &format!("{GET}connection: close\r\n\r\n")).await;
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
    // Its place is free as soon as the listener's side has ended, too.
    let again = async { while status(&served, "").await != "200" {} };
    tokio::time::timeout(LONG, again).await.expect("a place is free");
    drop(second);
    served.stop().await;
}

#[tokio::test]
async fn whoever_takes_a_connection_over_holds_its_place_and_is_waited_for() {
    let limits = Limits { connections_per_address_max: 1, drain_time: SHORT, ..LIMITS };
    let served = Served::with(limits, None).await;
    let take = "GET /takes HTTP/1.1\r\nhost: test\r\nupgrade: x\r\nconnection: close\r\n\r\n";
    let answer = say(served.connect().await, take).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(say(served.connect().await, "").await, "", "there is no second place");
    served.taken_over.lock().take();
    let again = async { while status(&served, "").await != "200" {} };
    tokio::time::timeout(LONG, again).await.expect("a place is free");
    // Once more, and held over the end: it is cut.
    let again = async { while !say(served.connect().await, take).await.contains("200") {} };
    tokio::time::timeout(LONG, again).await.expect("taken over");
    let (counts, held) = (Arc::clone(&served.counts), Arc::clone(&served.taken_over));
    served.stop().await;
    assert!(held.lock().is_some());
    assert_eq!(counts.of(CutAtDrain), 1);
}

#[tokio::test]
async fn proxies_and_this_machine_may_hold_any_number_of_connections() {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let limits = Limits { connections_per_address_max: 1, ..LIMITS };
    let uncounted = TrustedProxies::default().with_loopback();
    let settings = ListenerSettings { uncounted, ..ListenerSettings::plain(any_port, limits) };
    let listener = Listener::bind(settings).await.expect("bound");
    let places = AddressPlaces::new(1);
    for address in ["127.0.0.1:1", "127.0.0.2:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        let peer = Peer::of(address.parse().expect("an address"));
        let held = [listener.admit(peer, &places), listener.admit(peer, &places)];
        assert!(held.iter().all(Option::is_some), "{address}");
    }
    let peer = Peer::of("192.0.2.1:1".parse().expect("an address"));
    let held = [listener.admit(peer, &places), listener.admit(peer, &places)];
    assert!(held[0].is_some() && held[1].is_none());
}

#[tokio::test]
async fn a_head_that_does_not_end_and_a_connection_without_one_are_told_apart() {
    let served = Served::with(Limits { head_time: SHORT, ..LIMITS }, None).await;
    assert_eq!(say(served.connect().await, "GET / HTTP/1.1\r\nhost:").await, "");
    served.counted(SlowHead, 1).await;
    assert_eq!(say(served.connect().await, "").await, "");
    served.counted(IdleClosed, 1).await;
    let answer = say(served.connect().await, &format!("{GET}\r\n")).await;
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
    served.counted(IdleClosed, 2).await;
    let answer = say(served.connect().await, &format!("{GET}\r\nGET /")).await;
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
    served.counted(SlowHead, 2).await;
    served.stop().await;
}

#[tokio::test]
async fn a_head_may_have_a_hundred_fields_and_as_many_bytes_as_configured_and_not_one_more() {
    let served = Served::with(LIMITS, None).await;
    // `host` and `connection` are two.
    let fields = |count: usize| "a: b\r\n".repeat(count - 2);
    assert_eq!(status(&served, &fields(HEADER_FIELDS_MAX)).await, "200");
    assert_eq!(status(&served, &fields(HEADER_FIELDS_MAX + 1)).await, "431");
    served.counted(HeadTooLarge, 1).await;
    let others = GET.len() + "connection: close\r\n".len() + "a: \r\n".len() + "\r\n".len();
    let bytes = |count: usize| format!("a: {}\r\n", "b".repeat(count - others));
    assert_eq!(status(&served, &bytes(8_192)).await, "200");
    assert_eq!(status(&served, &bytes(8_193)).await, "431");
    served.counted(HeadTooLarge, 2).await;
    served.stop().await;
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_answered_and_counted() {
    let served = Served::with(LIMITS, None).await;
    let tls_hello = "\x16\x03\x01\x02\0\x01\0\x01\u{7c}\x03\x03";
    for text in ["GET /\0 HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n", tls_hello] {
        let answer = say(served.connect().await, text).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{text:?}: {answer}");
    }
    served.counted(HeadMalformed, 3).await;
    served.stop().await;
}

#[tokio::test]
async fn what_is_open_at_the_end_of_the_drain_time_is_cut_and_counted() {
    let served = Served::with(Limits { drain_time: SHORT, ..LIMITS }, None).await;
    let mut waiting = served.connect().await;
    waiting.write_all(b"GET /waits HTTP/1.1\r\nhost: test\r\n\r\n").await.expect("written");
    served.begun.notified().await;
    let counts = Arc::clone(&served.counts);
    served.stop().await;
    assert_eq!(counts.of(CutAtDrain), 1);
}
