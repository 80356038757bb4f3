use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::*;
use crate::authority::specimens::Mint;
use crate::authority::{Algorithm, AuthorityError, MasterKey};
use crate::domain::{FingerprintKey, TokioClock, encode_base64url};
use crate::store::Store;

fn with_keys(keys: Vec<KeySource>) -> Result<Authority, AuthorityError> {
    Authority::in_memory(Settings { keys, ..settings() })
}

fn refusal(source: KeySource) -> AuthorityError {
    with_keys(vec![source]).expect_err("refused")
}

async fn opened(settings: Settings, store: &Store) -> Result<Authority, AuthorityError> {
    Authority::open(settings, store, Arc::new(TokioClock::starting_at(NOW))).await
}

#[tokio::test]
async fn a_generated_key_is_kept_sealed_and_found_again() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let bare = || Settings::new("issuer", "audience");
    let sealed = |byte| Settings { master_key: Some(MasterKey::new([byte; 32])), ..bare() };
    let token = {
        let authority = opened(sealed(1), &store).await.expect("opened");
        issued(&authority).token
    };
    let authority = opened(sealed(1), &store).await.expect("opened again");
    assert_eq!(reason(&authority, &token, NOW).await, None);
    assert!(matches!(opened(sealed(2), &store).await, Err(AuthorityError::Unseal(_))));
    assert!(matches!(opened(bare(), &store).await, Err(AuthorityError::KeyMissing)));
}

#[tokio::test]
async fn without_a_master_key_nothing_secret_is_kept() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let bare = opened(Settings::new("issuer", "audience"), &store).await;
    assert!(matches!(bare, Err(AuthorityError::KeyMissing)));
    let configured = opened(settings(), &store).await;
    assert!(matches!(configured, Err(AuthorityError::FingerprintKeyMissing)));
    let both = Settings { fingerprint_key: Some(FingerprintKey::new([1; 32])), ..settings() };
    assert!(opened(both, &store).await.is_ok());
}

#[test]
fn weak_secrets_are_refused_with_the_reason() {
    let secret = |text: &str| KeySource::Secret { id: "k".into(), bytes: text.into() };
    assert!(matches!(
        refusal(secret("secret")),
        AuthorityError::SecretShort { id, bytes: 6 } if id == "k"
    ));
    let known = "test-secret-key-for-the-whole-test-suite";
    assert!(matches!(refusal(secret(known)), AuthorityError::SecretWeak(_)));
    let jwk = format!(r#"{{"kty":"oct","kid":"k","k":"{}"}}"#, encode_base64url(&[7; 32]));
    assert!(matches!(refusal(KeySource::Jwk { text: jwk }), AuthorityError::SecretWeak(_)));
}

#[test]
fn a_key_text_of_another_algorithm_is_refused() {
    let mint = Mint::seeded(3);
    for source in mint.key_sources() {
        let KeySource::Pem { algorithm, text, .. } = source else { continue };
        // An RSA key is for the algorithm that is said.
        let is_rsa = |one| matches!(one, Algorithm::Rs256 | Algorithm::Ps256);
        let fits = |other| other == algorithm || is_rsa(other) && is_rsa(algorithm);
        for other in Algorithm::ALL.into_iter().filter(|other| !fits(*other)) {
            let id = "k".to_owned();
            let wrong = KeySource::Pem { id, algorithm: other, text: text.clone() };
            assert!(matches!(refusal(wrong), AuthorityError::KeyUnusable { .. }), "{other}");
        }
    }
}

#[test]
fn a_text_that_is_no_key_is_refused() {
    let pem = |text: &str| KeySource::Pem {
        id: "k".into(),
        algorithm: Algorithm::EdDsa,
        text: text.into(),
    };
    let begin = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let twice = begin.repeat(2);
    for text in ["", "key", begin, &twice, "-----BEGIN PRIVATE KEY-----\nAAAA"] {
        assert!(matches!(refusal(pem(text)), AuthorityError::KeyUnusable { .. }), "{text}");
    }
    for text in ["", "[]", "{}", r#"{"keys":[]}"#, r#"{"kty":"EC","crv":"P-521"}"#] {
        let refused = refusal(KeySource::Jwk { text: text.into() });
        let named = matches!(&refused, AuthorityError::KeyKind { kind, .. } if kind == "P-521");
        assert!(named || matches!(refused, AuthorityError::KeyUnusable { .. }), "{text}");
    }
}

#[test]
fn a_public_key_that_is_too_small_or_off_its_curve_is_refused() {
    let all_ones = |bytes| encode_base64url(&vec![0xff; bytes]);
    let small = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, all_ones(128));
    let point = all_ones(32);
    let off = format!(r#"{{"kty":"EC","crv":"P-256","x":"{point}","y":"{point}"}}"#);
    let short = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, all_ones(31));
    for text in [small, off, short] {
        let shown = text.clone();
        let refused = refusal(KeySource::Jwk { text });
        assert!(matches!(refused, AuthorityError::KeyUnusable { .. }), "{shown}");
    }
}

#[tokio::test]
async fn an_rsa_key_in_pkcs_1_is_the_same_as_in_pkcs_8() {
    let mint = Mint::seeded(5);
    let rsa = mint.key_sources().into_iter().find_map(|source| match source {
        KeySource::Pem { algorithm: Algorithm::Rs256, text, .. } => Some(text),
        KeySource::Pem { .. } | KeySource::Secret { .. } | KeySource::Jwk { .. } => None,
    });
    let body: String = rsa.expect("a key").lines().filter(|line| !line.starts_with('-')).collect();
    let wrapped = STANDARD.decode(body).expect("base64");
    // A PKCS #8 header of 26 bytes stands before the key itself.
    let text = format!(
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n",
        STANDARD.encode(&wrapped[26..])
    );
    let key = KeySource::Pem { id: "k".into(), algorithm: Algorithm::Rs256, text };
    let unwrapped = Authority::in_memory(Settings {
        keys: vec![key],
        keys_without_kid: vec!["k".into()],
        ..mint.settings()
    });
    let token = issued(&unwrapped.expect("opened")).token;
    let authority = Authority::in_memory(mint.settings()).expect("opened");
    assert_eq!(reason(&authority, &token, NOW).await, None);
}

#[test]
fn two_keys_of_one_name_are_refused() {
    let twice = with_keys(vec![secret("one"), secret("one")]);
    assert!(matches!(twice, Err(AuthorityError::KeyIdTwice(id)) if id == "one"));
}

#[test]
fn a_signing_key_must_exist_and_be_private() {
    let unknown = Settings { signing_key: Some("two".into()), ..settings() };
    assert!(matches!(Authority::in_memory(unknown), Err(AuthorityError::KeyUnknown(_))));
    let public = with_keys(vec![KeySource::Jwk { text: vectors::ED25519_PUBLIC.into() }]);
    let public = public.expect("a public key can verify");
    let order = Order::access(alice(), Scopes::default(), 60);
    assert!(matches!(public.issue(&order, NOW), Err(AuthorityError::NothingSigns)));
}

#[tokio::test]
async fn a_token_without_a_key_id_is_tried_with_four_keys_of_its_algorithm() {
    let numbered = |number: u8| {
        let bytes: Vec<u8> = SECRET.iter().map(|byte| byte.wrapping_add(number)).collect();
        KeySource::Secret { id: format!("k{number}"), bytes }
    };
    let keys: Vec<_> = (0..5).map(numbered).collect();
    let ids: Vec<_> = (0..5).map(|number| format!("k{number}")).collect();
    let many = Settings { keys, keys_without_kid: ids, ..settings() };
    let authority = Authority::in_memory(many).expect("opened");
    for (number, expected) in [(3, None), (4, Some(Reason::Signature))] {
        let key_id = Some(format!("k{number}"));
        let order = Order { key_id, ..Order::access(alice(), Scopes::default(), 60) };
        let token = authority.issue(&order, NOW).expect("a token").token;
        assert_eq!(reason(&authority, &token, NOW).await, expected, "key {number}");
    }
}
