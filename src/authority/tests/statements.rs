//! Statements between installations: what is signed, what is trusted, and what is not mistaken
//! for what.

use serde_json::{Value, json};

use crate::authority::specimens::Mint;
use crate::authority::{
    Algorithm, Authority, AuthorityError, KeySource, Settings, Statement, StatementKeys,
};
use crate::domain::{Reason, Timestamp, Token, encode_base64url};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const TYP: &str = "crossfade-certificate+jwt";

fn header(algorithm: Algorithm, typ: &str) -> String {
    json!({ "alg": algorithm.as_str(), "kid": Mint::key_id(algorithm), "typ": typ }).to_string()
}

fn claims(change: &[(&str, Value)]) -> String {
    let mut claims = json!({
        "iss": "staging", "component": "http-auth", "iat": NOW.seconds() - 60,
        "exp": NOW.seconds() + 3600,
    });
    for (name, value) in change {
        claims[*name] = value.clone();
    }
    claims.to_string()
}

fn made(mint: &Mint, algorithm: Algorithm, typ: &str, claims: &str) -> String {
    let token = mint.token(header(algorithm, typ).as_bytes(), claims.as_bytes(), algorithm);
    token.reveal().to_owned()
}

fn trusting(mint: &Mint) -> StatementKeys {
    let mut keys = StatementKeys::default();
    keys.trust("staging", &mint.key_set(), None).expect("public keys");
    keys
}

fn verified(text: &str) -> Result<Statement, Reason> {
    trusting(&Mint::seeded(1)).verify(TYP, text, NOW)
}

fn refused(text: &str) -> Reason {
    verified(text).expect_err("refused")
}

#[test]
fn a_statement_of_a_trusted_installation_is_verified_by_its_own_keys() {
    let mint = Mint::seeded(1);
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let statement = verified(&made(&mint, algorithm, TYP, &claims(&[]))).expect("verified");
        assert_eq!((&*statement.issuer, &*statement.key_id), ("staging", Mint::key_id(algorithm)));
        assert_eq!(statement.claims["component"], "http-auth");
    }
}

#[test]
fn a_wrong_key_and_a_stranger_are_refused() {
    let other = Mint::seeded(2);
    let forged = made(&other, Algorithm::EdDsa, TYP, &claims(&[]));
    assert_eq!(refused(&forged), Reason::Signature);
    let stranger = made(&Mint::seeded(1), Algorithm::EdDsa, TYP, &claims(&[("iss", json!("x"))]));
    assert_eq!(refused(&stranger), Reason::Issuer);
    assert_eq!(StatementKeys::default().verify(TYP, &forged, NOW), Err(Reason::Issuer));
    // Keys of one installation do not speak for another.
    let mut two = trusting(&Mint::seeded(1));
    two.trust("test", &other.key_set(), None).expect("public keys");
    assert_eq!(two.verify(TYP, &forged, NOW), Err(Reason::Signature));
}

#[test]
fn the_type_is_required_and_a_token_is_no_certificate() {
    let mint = Mint::seeded(1);
    for typ in ["JWT", "at+jwt", "", "crossfade-certificate"] {
        let text = made(&mint, Algorithm::EdDsa, typ, &claims(&[]));
        assert_eq!(refused(&text), Reason::TypeHeader, "{typ}");
    }
    let bare = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, Mint::key_id(Algorithm::EdDsa));
    let bare = mint.token(bare.as_bytes(), claims(&[]).as_bytes(), Algorithm::EdDsa);
    assert_eq!(refused(bare.reveal()), Reason::TypeHeader);
}

#[test]
fn the_algorithm_is_the_keys_and_never_the_headers_choice() {
    let mint = Mint::seeded(1);
    // Signed with the public key as if it were a shared secret.
    let public = mint.key_set();
    let confused = Mint::seeded(1).with_secret(public.as_bytes());
    for kid in ["", Mint::key_id(Algorithm::EdDsa), Mint::key_id(Algorithm::Hs256)] {
        let header = json!({ "alg": "HS256", "kid": kid, "typ": TYP }).to_string();
        let text = confused.token(header.as_bytes(), claims(&[]).as_bytes(), Algorithm::Hs256);
        let reason = refused(text.reveal());
        assert!(matches!(reason, Reason::Algorithm | Reason::KeyUnknown), "{kid}: {reason:?}");
    }
    let header = json!({ "alg": "none", "typ": TYP }).to_string();
    let none = [&*header, &*claims(&[])].map(|part| encode_base64url(part.as_bytes())).join(".");
    assert_eq!(refused(&format!("{none}.")), Reason::Algorithm);
    let header = json!({ "alg": "ES256", "kid": Mint::key_id(Algorithm::EdDsa), "typ": TYP });
    let text = mint.token(header.to_string().as_bytes(), claims(&[]).as_bytes(), Algorithm::EdDsa);
    assert_eq!(refused(text.reveal()), Reason::Algorithm);
    let critical = json!({ "alg": "EdDSA", "crit": ["exp"], "typ": TYP }).to_string();
    let text = mint.token(critical.as_bytes(), claims(&[]).as_bytes(), Algorithm::EdDsa);
    assert_eq!(refused(text.reveal()), Reason::CriticalHeader);
}

#[test]
fn times_are_checked() {
    let at = |seconds: i64| json!(NOW.seconds() + seconds);
    let of = |change: &[(&str, Value)]| {
        verified(&made(&Mint::seeded(1), Algorithm::EdDsa, TYP, &claims(change))).map(drop)
    };
    assert_eq!(of(&[("exp", at(0))]), Err(Reason::Expired));
    assert_eq!(of(&[("exp", at(1))]), Ok(()));
    assert_eq!(of(&[("iat", at(5))]), Ok(()));
    assert_eq!(of(&[("iat", at(6))]), Err(Reason::IssuedInFuture));
    assert_eq!(of(&[("nbf", at(60))]), Err(Reason::NotYetValid));
    assert_eq!(of(&[("exp", at(32 * 86_400))]), Err(Reason::LifetimeTooLong));
    assert_eq!(of(&[("exp", json!("never"))]), Err(Reason::ClaimType("exp")));
    assert_eq!(of(&[("iat", Value::Null)]), Err(Reason::ClaimType("iat")));
    let ageless = format!(r#"{{"iss":"staging","iat":{}}}"#, NOW.seconds());
    let ageless = verified(&made(&Mint::seeded(1), Algorithm::EdDsa, TYP, &ageless));
    assert_eq!(ageless, Err(Reason::ClaimMissing("exp")));
}

#[test]
fn whatever_is_changed_in_a_statement_breaks_it() {
    let text = made(&Mint::seeded(1), Algorithm::EdDsa, TYP, &claims(&[]));
    let parts: Vec<&str> = text.split('.').collect();
    let tampered = claims(&[("component", json!("socket-auth"))]);
    let tampered = format!("{}.{}.{}", parts[0], encode_base64url(tampered.as_bytes()), parts[2]);
    assert_eq!(refused(&tampered), Reason::Signature);
    for place in (0..text.len()).step_by(7) {
        let mut bytes = text.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("text");
        assert!(verified(&changed).is_err(), "at {place}");
    }
    let twice = claims(&[]).replacen('{', r#"{"component":"x","#, 1);
    assert_eq!(
        refused(&made(&Mint::seeded(1), Algorithm::EdDsa, TYP, &twice)),
        Reason::DuplicateMember
    );
    for odd in ["", "a.b", "a.b.c.d", "..", &format!("{text}."), &format!(" {text}")] {
        assert!(verified(odd).is_err(), "{odd:?}");
    }
}

#[test]
fn only_public_keys_are_trusted() {
    let mint = Mint::seeded(1);
    let secret = r#"{"kty":"oct","k":"cThadDN2SzF5UDZtV2MwUmJYbjdMaEpkMnNHZjl1QWU"}"#;
    let private = mint.key_sources().into_iter().find_map(|source| match source {
        KeySource::Pem { algorithm: Algorithm::EdDsa, text, .. } => Some(text),
        KeySource::Pem { .. } | KeySource::Secret { .. } | KeySource::Jwk { .. } => None,
    });
    let private = private.expect("a private key");
    let mut keys = StatementKeys::default();
    for (text, algorithm, about) in [
        (secret, None, "private or shared"),
        (&*private, Some(Algorithm::EdDsa), "private or shared"),
        (&*private, None, "say its `algorithm`"),
    ] {
        let refused = keys.trust("staging", text, algorithm).expect_err("refused").to_string();
        assert!(refused.contains(about), "{refused}");
    }
    assert!(keys.is_empty());
    keys.trust("staging", &mint.key_set(), None).expect("trusted");
    assert!(keys.trust("staging", &Mint::seeded(2).key_set(), None).is_err(), "named twice");
}

fn authority(keys: Vec<KeySource>) -> Authority {
    let settings = Settings { keys, ..Settings::new("issuer", "audience") };
    Authority::in_memory(settings).expect("an authority")
}

#[tokio::test]
async fn what_one_authority_signs_another_trusts_and_nobody_takes_for_a_token() {
    let mint = Mint::seeded(1);
    let authority = Authority::in_memory(mint.settings()).expect("an authority");
    let claims: Value = serde_json::from_str(&claims(&[])).expect("claims");
    let text = authority.sign_statement(TYP, &claims).expect("signed");
    let mut trusted = StatementKeys::default();
    trusted.trust("staging", &authority.jwks(), None).expect("public keys");
    let statement = trusted.verify(TYP, &text, NOW).expect("verified");
    assert_eq!(Value::Object(statement.claims), claims);
    let reason = super::reason(&authority, &Token::new(&text), NOW).await;
    assert_eq!(reason, Some(Reason::TypeHeader));
}

#[test]
fn a_statement_is_never_signed_with_a_shared_secret() {
    let secret =
        KeySource::Secret { id: "s".into(), bytes: b"q8Zt3vK1yP6mWc0RbXn7LhJd2sGf9uAe".to_vec() };
    let refused = authority(vec![secret]).sign_statement(TYP, &json!({}));
    assert!(matches!(refused, Err(AuthorityError::OnlySecretsSign)), "{refused:?}");
    // Where the secret signs tokens and a key pair is there too, the pair signs statements.
    let mint = Mint::seeded(1);
    let both = Authority::in_memory(Settings {
        signing_key: Some(Mint::key_id(Algorithm::Hs256).into()),
        ..mint.settings()
    });
    let text = both.expect("an authority").sign_statement(TYP, &json!({})).expect("signed");
    let header = crate::domain::decode_base64url(text.split('.').next().expect("a header"));
    let header: Value = serde_json::from_slice(&header.expect("bytes")).expect("JSON");
    assert_ne!(header["alg"], "HS256");
    assert_eq!(header["typ"], TYP);
}
