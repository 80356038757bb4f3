//! No token, key or secret ever lands in a log, an answer, a page or the disk. What comes in by a
//! new door is looked for as soon as the door has its row in `corpus/doors.rs`.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossfade::authority::KeySource;
use crossfade::domain::{Credentials, Token, encode_base64url};
use serde_json::json;

use super::kit::{Behaviour, CONTROL, World, log};
use super::knocking::{COMPONENT, DOORS};

/// Tokens that are planted: let in, denied for their claims, denied for their signature, broken.
const KINDS: &[&str] = &[
    "fresh_hs256",
    "fresh_rs256",
    "fresh_es256",
    "fresh_eddsa",
    "aud_missing",
    "expired_5h",
    "env_staging",
    "type_refresh",
    "payload_swapped",
    "alg_none_signed",
    "padding_signature",
    "segments_4",
    "over_8k",
];

/// Requests to the data listener that put a token, `{token}`, where none belongs: method, target,
/// header lines, body.
const MISPLACED: &[(&str, &str, &str, &str)] = &[
    ("GET", "/v1/forward-auth/http-auth/x?token={token}", "", ""),
    ("GET", "/v1/forward-auth/{token}", "", ""),
    ("GET", "/{token}", "", ""),
    ("GET", "/healthz?access_token={token}", "cookie: token={token}\r\n", ""),
    ("GET", "/v1/forward-auth/http-auth", "x-original-uri: /?jwt={token}\r\n", ""),
    ("GET", "/v1/forward-auth/http-auth", "x-crossfade-token: {token}\r\n", ""),
    ("GET", "/v1/forward-auth/http-auth", "authorization: Basic {token}\r\n", ""),
    ("GET", "/ws?token={token}", "", ""),
    ("GET", "/ws", "sec-websocket-protocol: jwt.{token}\r\n", ""),
    ("GET", "/ws", "origin: {token}\r\n", ""),
    ("POST", "/v1/socket-ticket", "authorization: Bearer {token}.x\r\n", ""),
    ("POST", "/v1/socket-ticket", "authorization: Bearer {token}\r\norigin: {token}\r\n", ""),
    ("POST", "/v1/events", JSON, "{token}"),
    ("POST", "/v1/events", JSON, r#"{"{token}":1}"#),
    ("POST", "/v1/events", JSON, r#"{"events":["{token}"]}"#),
    ("POST", "/v1/events", JSON, r#"{"type":"{token}","user_id":"a","payload":{}}"#),
    ("POST", "/v1/decide/{token}", JSON, r#"{"token":"x"}"#),
    ("POST", "/v1/decide/http-auth", JSON, "{token}"),
    ("POST", "/v1/decide/http-auth", JSON, r#"{"{token}":1}"#),
    ("POST", "/v1/decide/http-auth", JSON, r#"{"token":["{token}"]}"#),
    ("POST", "/v1/decide/http-auth", JSON, r#"{"token":"{token}"#),
    ("POST", "/v1/decide/http-auth", JSON, r#"{"token":"x","method":"{token}"}"#),
    ("POST", "/v1/decide/http-auth", JSON, r#"{"headers":{"authorization":"{token}"}}"#),
    ("POST", "/v1/decide/http-auth", "content-type: {token}\r\n", "{token}"),
];

const JSON: &str = "content-type: application/json\r\n";

/// What people and programs read on the control listener: target and accepted type.
const SHOWN: &[(&str, &str)] = &[
    ("/v1/report", "application/json"),
    ("/v1/report", "text/html"),
    ("/v1/report", "text/markdown"),
    ("/v1/flags", "*/*"),
    ("/v1/flags/http-auth/history", "*/*"),
    ("/v1/access-log", "*/*"),
    ("/v1/tokens", "*/*"),
    ("/v1/approvals", "*/*"),
    ("/openapi.json", "*/*"),
];

/// Texts of a token that must be nowhere: the whole, and each long segment.
fn traces(token: &str) -> Vec<String> {
    let segments = token.split('.').filter(|segment| segment.len() > 20);
    // An unsigned part is everybody's: the header says nothing.
    let telling = segments.filter(|segment| !segment.starts_with("eyJhbGci") || segment.len() > 60);
    telling.map(str::to_owned).chain([token.to_owned()]).collect()
}

/// Every form in which a secret could be written.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex = secret.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let texts = [hex.to_uppercase(), hex, STANDARD.encode(secret), encode_base64url(secret)];
    texts.into_iter().map(String::into_bytes).chain([secret.to_vec()]).collect()
}

/// Secrets of the service itself, each in every form: the shared one, private keys, the master
/// key, the control token.
fn own_secrets(world: &World) -> Vec<Vec<u8>> {
    let mut secrets = vec![world.mint.secret().to_vec(), vec![9; 32], CONTROL.as_bytes().to_vec()];
    for source in world.mint.key_sources() {
        match source {
            KeySource::Secret { bytes, .. } => secrets.push(bytes),
            KeySource::Pem { text, .. } => {
                let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
                let der = STANDARD.decode(body).expect("base64");
                // Its end is the private part, or belongs to it; its beginning is everybody's.
                secrets.push(der[der.len() / 2..].to_vec());
                secrets.push(der);
            }
            KeySource::Jwk { .. } => {}
        }
    }
    secrets.iter().flat_map(|secret| forms(secret)).collect()
}

pub fn files_below(folder: &Path) -> Vec<Vec<u8>> {
    let mut contents = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            contents.extend(files_below(&path));
        } else {
            contents.push(fs::read(&path).expect("readable"));
        }
    }
    contents
}

/// Sends a token through every door and to every wrong place; gives back all answers.
async fn planted(world: &World, token: &str) -> String {
    let mut shown = String::new();
    for door in DOORS {
        for component in [COMPONENT, "http-auth"] {
            let Some(sent) = (door.carry)(&Credentials::Token(Token::new(token))) else { continue };
            let target = sent.target.replace(COMPONENT, component);
            shown += &world.data(sent.method, &target, &sent.headers, &sent.body).await.whole();
        }
    }
    for (method, target, headers, body) in MISPLACED {
        let [target, headers, body] =
            [target, headers, body].map(|text| text.replace("{token}", token));
        shown += &world.data(method, &target, &headers, &body).await.whole();
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_lands_in_an_answer_a_page_a_log_or_a_file() {
    let world = World::start().await;
    world.move_to("http-auth", &[json!({ "stage": "shadow" })]).await;
    let mut traced = Vec::new();
    let mut shown = String::new();
    for kind in KINDS {
        let token = world.token(kind, "alice");
        shown += &planted(&world, &token).await;
        traced.extend(traces(&token));
    }
    world.legacy.behave(Behaviour::Crash);
    let token = world.token("fresh_hs256", "mallory");
    shown += &planted(&world, &token).await;
    traced.extend(traces(&token));
    world.tally("http-auth").await;
    for (target, accept) in SHOWN {
        let accept = format!("accept: {accept}\r\n");
        let reply = world.control("GET", target, &accept, "").await;
        assert_eq!(reply.status, 200, "{target}");
        shown += &reply.whole();
    }
    shown += &world.metrics("GET", "/metrics").await.whole();
    let secrets = own_secrets(&world);
    let (dir, _) = world.stop().await;
    let files = files_below(dir.path());
    assert!(files.iter().any(|file| file.len() > 1000), "there is something to search");
    let log = log();
    assert!(log.len() > 1000, "there is something to search");
    let places = [("an answer", shown.into_bytes()), ("the log", log.into_bytes())];
    let places: Vec<_> =
        places.into_iter().chain(files.into_iter().map(|file| ("a file", file))).collect();
    let traced = traced.into_iter().map(String::into_bytes).map(|trace| ("a token", trace));
    for (what, trace) in traced.chain(secrets.into_iter().map(|secret| ("a secret", secret))) {
        for (place, content) in &places {
            assert!(
                !contains(content, &trace),
                "{what} is in {place}: {}",
                around(content, &trace)
            );
        }
    }
}

/// What stands around a planted text that was found, for the message.
fn around(content: &[u8], trace: &[u8]) -> String {
    let found = content.windows(trace.len()).position(|window| window == trace).unwrap_or(0);
    let end = content.len().min(found + trace.len() + 60);
    String::from_utf8_lossy(&content[found.saturating_sub(200)..end]).into_owned()
}

pub fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return false };
    let mut rest = haystack;
    while let Some(place) = rest.iter().position(|byte| byte == first) {
        if rest[place..].starts_with(needle) {
            return true;
        }
        rest = &rest[place + 1..];
    }
    false
}
