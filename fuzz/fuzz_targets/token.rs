//! Any bytes as a token, in every place where one may be, and any header and claims rightly
//! signed: the authority never panics, and lets in nothing that was not signed for it.

#![no_main]

use std::collections::HashSet;
use std::sync::OnceLock;

use crossfade::authority::{Algorithm, Authority, specimens};
use crossfade::domain::{
    AuthPath as _, ComponentId, Credentials, Decision, Grant, Jws, Question, RequestId,
    RequestParts, Token, decode_base64url, encode_base64url,
};
use crossfade_fuzz::{NOW, mint, wait};
use libfuzzer_sys::fuzz_target;

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| Authority::in_memory(mint().settings()).expect("an authority"))
}

fn decide(credentials: Credentials) -> Option<Grant> {
    let component = ComponentId::parse("http-auth").expect("an id");
    let question = Question::new(RequestId::new(1, 1), component, NOW, credentials);
    match wait(authority().decide(&question)).expect("an answer") {
        Decision::Allow(grant) => Some(grant),
        Decision::Deny(denial) => {
            assert!(!denial.reason.code().is_empty());
            None
        }
    }
}

/// What was signed with the keys that are the same in every process: the seeds hold some of it.
fn known() -> &'static HashSet<String> {
    static KNOWN: OnceLock<HashSet<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let specimens = specimens::crossed(mint(), NOW);
        let tokens = specimens.iter().filter(|one| one.honest).filter_map(|one| {
            let presented = one.credentials.presented();
            Some(signed(presented.token()?.reveal()).to_owned())
        });
        tokens.collect()
    })
}

fn signed(token: &str) -> &str {
    token.rsplit_once('.').map_or("", |(signed, _)| signed)
}

fn header(name: &str, value: String) -> Credentials {
    let headers = vec![(name.into(), value.into_boxed_str())];
    Credentials::Request(RequestParts { headers, ..RequestParts::default() })
}

/// Allowed at most when it is a known token, and then by every door.
fn as_it_is(text: &str) {
    let token = Token::new(text);
    if let Ok(jws) = Jws::decode(&token) {
        let (signed, signature) = jws.split(&token);
        assert_eq!(format!("{signed}.{signature}"), text);
    }
    let own = decide(Credentials::Token(token));
    let protocol = format!("jwt.{}", encode_base64url(text.as_bytes()));
    let by_protocol = decide(header("sec-websocket-protocol", protocol));
    assert_eq!(own.is_some(), by_protocol.is_some());
    let by_bearer = decide(header("authorization", format!("Bearer {text}")));
    let trimmed = text.trim_matches(' ');
    if trimmed == text {
        assert_eq!(own.is_some(), by_bearer.is_some());
    }
    if own.is_some() || by_bearer.is_some() {
        assert!(known().contains(signed(trimmed)), "let in, and never signed");
    }
    // Whatever stands in the headers may be anything.
    let raw = decide(header("authorization", text.to_owned()));
    let raw = raw.or_else(|| decide(header("sec-websocket-protocol", text.to_owned())));
    assert!(raw.is_none() || holds_a_known_token(text), "let in, and never signed");
}

fn holds_a_known_token(value: &str) -> bool {
    let bearer = value.split_once(' ').map_or("", |(_, token)| token.trim_matches(' '));
    let offers = value.split(',').filter_map(|item| item.trim().strip_prefix("jwt."));
    let offered = offers.filter_map(decode_base64url).filter_map(|b| String::from_utf8(b).ok());
    let all: Vec<String> = offered.chain([bearer.to_owned()]).collect();
    all.iter().any(|token| known().contains(signed(token)))
}

/// A header and claims of any bytes under a good signature: what is let in has a subject, an end
/// ahead, and the algorithm it was signed with.
fn as_signed(algorithm: Algorithm, bytes: &[u8]) {
    let place = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, claims) = bytes.split_at(place);
    let claims = claims.get(1..).unwrap_or_default();
    let token = mint().token(header, claims, algorithm);
    let Some(grant) = decide(Credentials::Token(token)) else { return };
    let subject = grant.subject.expect("a subject");
    assert!(!subject.as_str().trim().is_empty());
    assert!(!subject.as_str().contains(char::is_control));
    assert!(grant.expires_at.expect("an end") > NOW);
    let header: serde_json::Value = serde_json::from_slice(header).expect("a header in JSON");
    assert_eq!(header["alg"], algorithm.as_str());
    assert!(header.get("crit").is_none() && header.get("b64").is_none());
    let claims: serde_json::Value = serde_json::from_slice(claims).expect("claims in JSON");
    assert_eq!(claims["iss"], mint().issuer);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&how, rest)) = bytes.split_first() else { return };
    // A letter, so that seeds can be read: `t` a token, a digit an algorithm.
    match how.checked_sub(b'0').map(usize::from) {
        // RSA takes a thousand times as long as the others, and the claims are the same.
        Some(place) if place < Algorithm::ALL.len() => {
            let algorithm = Algorithm::ALL[place];
            let public_key_is_slow = algorithm.as_str().ends_with("S256")
                && !matches!(algorithm, Algorithm::Hs256 | Algorithm::Es256);
            as_signed(if public_key_is_slow { Algorithm::Hs256 } else { algorithm }, rest);
        }
        Some(_) | None => as_it_is(&String::from_utf8_lossy(rest)),
    }
});
