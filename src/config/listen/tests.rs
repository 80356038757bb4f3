//! What `[listen]` and `[tls]` accept, and what they say when they do not.

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;
use crate::web::TargetHeader::{XForwardedUri, XOriginalUri};

/// Both sections, and the faults in them.
fn read(text: &str, folder: &Path) -> (Listen, Vec<String>) {
    let mut faults = Faults::default();
    let mut root = Section::root(toml::from_str(text).expect("TOML"));
    let (section, tls) = (root.section("listen", &mut faults), root.section("tls", &mut faults));
    let listen = listen(section, tls, folder, &mut faults);
    root.end(&mut faults);
    (listen, faults.into_list().iter().map(ToString::to_string).collect())
}

fn fine(text: &str, folder: &Path) -> Listen {
    let (listen, faults) = read(text, folder);
    assert_eq!(faults, Vec::<String>::new(), "{text}");
    listen
}

/// A directory with a pair that fits, another key, and a key that others can read.
fn pairs() -> TempDir {
    let dir = TempDir::new().expect("a directory");
    let write = |name: &str, text: &str, mode| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("permitted");
    };
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    let key = pair.signing_key.serialize_pem();
    write("chain.pem", &pair.cert.pem(), 0o644);
    write("key.pem", &key, 0o600);
    write("shown.pem", &key, 0o644);
    let other = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    write("other.pem", &other, 0o600);
    dir
}

const PAIR: &str = "certificate = \"chain.pem\"\nkey = \"key.pem\"";

#[test]
fn without_a_word_all_listeners_are_on_loopback_and_open() {
    let listen = fine("", Path::new("."));
    assert_eq!(listen.data.address.to_string(), "127.0.0.1:8080");
    assert_eq!(listen.control.address.to_string(), "127.0.0.1:8081");
    let metrics = listen.metrics.expect("a metrics listener");
    assert_eq!(metrics.address.to_string(), "127.0.0.1:8082");
    assert_eq!(listen.data_access, DataAccess::Open);
    assert_eq!(listen.public_url, None);
    assert_eq!(listen.target_headers.0, [XOriginalUri, XForwardedUri]);
    assert!(!listen.trusted_proxies.contains([127, 0, 0, 1].into()));
    assert!(listen.data.uncounted.contains([127, 0, 0, 1].into()));
    assert_eq!(listen.data.limits.connections_per_address_max, 1_000);
    assert_eq!(listen.control.limits.connections_per_address_max, 100);
}

#[test]
fn what_is_said_is_what_listeners_are_bound_with() {
    let dir = pairs();
    let text = format!(
        "[listen]\ndata = \"0.0.0.0:1\"\ndata_access = \"token\"\ncontrol = \"0.0.0.0:2\"\n\
         metrics = \"off\"\npublic_url = \"https://Crossfade.example/\"\n\
         trusted_proxies = [\"10.0.0.0/8\"]\ntarget_headers = [\"x-forwarded-uri\"]\n\
         connections_per_address_max = 7\ncontrol_connections_per_address_max = 3\n\
         handshake_ms = 500\n[tls.control]\n{PAIR}"
    );
    let listen = fine(&text, dir.path());
    assert_eq!(listen.data_access, DataAccess::Token);
    assert!(listen.metrics.is_none() && listen.data.certificate.is_none());
    assert!(listen.control.certificate.is_some());
    let url = listen.public_url.expect("a URL");
    assert_eq!((url.origin().as_str(), url.is_https()), ("https://crossfade.example", true));
    assert!(listen.trusted_proxies.contains([10, 1, 1, 1].into()));
    assert!(listen.data.uncounted.contains([10, 1, 1, 1].into()));
    assert_eq!(listen.target_headers.0, [XForwardedUri]);
    assert_eq!(listen.data.limits.connections_per_address_max, 7);
    assert_eq!(listen.control.limits.connections_per_address_max, 3);
    assert_eq!(listen.data.limits.handshake_time, Duration::from_millis(500));
}

#[test]
fn a_proxy_that_speaks_tls_may_stand_before_the_control_listener() {
    let beyond = "[listen]\ncontrol = \"10.0.0.1:2\"\ncontrol_behind_tls_proxy = true\ntrusted_proxies = [\"10.0.0.9\"]\n";
    let told = format!("{beyond}public_url = \"https://crossfade.example\"");
    assert!(fine(&told, Path::new(".")).control.certificate.is_none());
    // On the machine itself the proxy needs no word of its own.
    fine("[listen]\npublic_url = \"https://crossfade.example\"", Path::new("."));
}

#[test]
fn each_fault_is_told_at_its_place_with_what_would_be_right() {
    let dir = pairs();
    let tls = |certificate: &str, key: &str| {
        format!("[tls.data]\ncertificate = \"{certificate}\"\nkey = \"{key}\"")
    };
    for (text, expected) in [
        ("[listen]\nmetrics = \"of\"", "listen.metrics: is an address and port, not \"of\""),
        ("[listen]\ndata = \"off\"", "listen.data: is an address and port, not \"off\""),
        ("[listen]\ndata = \"0.0.0.0:1\"", "listen.data_access: is missing: beyond loopback say"),
        ("[listen]\ndata_access = \"closed\"", "listen.data_access: unknown variant `closed`"),
        ("[listen]\ncontrol = \"10.0.0.1:2\"", "listen.control: is beyond loopback without TLS"),
        (
            "[listen]\ncontrol = \"10.0.0.1:2\"\ncontrol_behind_tls_proxy = true\ntrusted_proxies = [\"10.0.0.9\"]",
            "listen.public_url: is missing",
        ),
        (
            &format!("[listen]\ncontrol = \"[::]:2\"\n[tls.control]\n{PAIR}"),
            "listen.public_url: is missing",
        ),
        (
            &format!("[listen]\npublic_url = \"http://127.0.0.1:8081\"\n[tls.control]\n{PAIR}"),
            "listen.public_url: is plain http, but",
        ),
        (
            "[listen]\npublic_url = \"https://crossfade.example/control\"",
            "listen.public_url: has more than a scheme, a host and a port: it is an origin",
        ),
        ("[listen]\ntrusted_proxies = [\"0.0.0.0/0\"]", "listen.trusted_proxies: 0.0.0.0/0 trusts"),
        ("[listen]\ntrusted_proxies = \"10.0.0.0/8\"", "listen.trusted_proxies: invalid type"),
        (
            "[listen]\ntarget_headers = [\"x-url\"]",
            "listen.target_headers: unknown variant `x-url`",
        ),
        (
            "[listen]\ntarget_headers = [\"x-original-uri\", \"x-original-uri\"]",
            "listen.target_headers: names x-original-uri twice",
        ),
        (
            "[listen]\nconnections_per_address_max = 0",
            "listen.connections_per_address_max: is 1 to",
        ),
        ("[listen]\nhandshake_ms = 1", "listen.handshake_ms: is 100 to 60000, not 1"),
        ("[listen]\ntls = true", "listen.tls: is not a setting"),
        (&format!("[tls.public]\n{PAIR}"), "tls.public: is not a setting"),
        (
            &format!("[listen]\nmetrics = \"off\"\n[tls.metrics]\n{PAIR}"),
            "tls.metrics: has no listener: listen.metrics is off",
        ),
        ("[tls.data]\ncertificate = \"chain.pem\"", "tls.data.key: is missing"),
        (&tls("missing.pem", "key.pem"), "tls.data.certificate: cannot read "),
        (&tls("key.pem", "key.pem"), "tls.data.certificate: "),
        (&tls("chain.pem", "missing.pem"), "tls.data.key: cannot read "),
        (&tls("chain.pem", "shown.pem"), "tls.data.key: others can read "),
        (&tls("chain.pem", "other.pem"), "tls.data.key: "),
        (&tls("chain.pem", "chain.pem"), "tls.data.key: "),
    ] {
        let (_, faults) = read(text, dir.path());
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        assert!(faults[0].starts_with(expected), "{text}: {faults:?}");
    }
}
