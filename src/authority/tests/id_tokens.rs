//! ID tokens of a foreign provider, whose keys are on a real socket.

use std::sync::Arc;

use aws_lc_rs::signature::KeyPair as _;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::super::signer::Signer;
use super::super::{Algorithm, IdClaims, IdToken, IdTokenRefusal, IdTokenSettings, IdTokens};
use super::NOW;
use crate::domain::{Timestamp, encode_base64url};
use crate::outbound::scripted::{Script, Server};
use crate::outbound::{HostRule, Outbound, Settings, Url};

const ISSUER: &str = "https://provider.example";
const NONCE: &str = "nonce-of-this-sign-in";
const HOUR_S: i64 = 3_600;

pub(super) fn signer(algorithm: Algorithm) -> Signer {
    let kept = Signer::generate(algorithm).expect("a key");
    Signer::from_der(algorithm, &kept).expect("the same key")
}

pub(super) fn jwk(id: &str, signer: &Signer) -> Value {
    let text = |bytes: &[u8]| encode_base64url(bytes);
    match signer {
        Signer::Hmac(..) => json!({ "kid": id, "kty": "oct", "k": text(&[7; 32]) }),
        Signer::Rsa(pair) | Signer::RsaPss(pair) => {
            let public = pair.public_key();
            let n = public.modulus().big_endian_without_leading_zero();
            let e = public.exponent().big_endian_without_leading_zero();
            let alg = signer.algorithm().as_str();
            json!({ "kid": id, "kty": "RSA", "use": "sig", "alg": alg, "n": text(n), "e": text(e) })
        }
        Signer::Ec(pair) => {
            let point = pair.public_key().as_ref();
            let (x, y) = (text(&point[1..33]), text(&point[33..]));
            json!({ "kid": id, "kty": "EC", "crv": "P-256", "x": x, "y": y })
        }
        Signer::Ed(pair) => {
            let x = text(pair.public_key().as_ref());
            json!({ "kid": id, "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x })
        }
    }
}

/// A provider whose key set can be changed, and which can be asked.
struct Provider {
    server: Server,
    keys: Arc<Mutex<Vec<Value>>>,
    tokens: IdTokens,
}

impl Provider {
    async fn with(keys: Vec<Value>) -> Self {
        let keys = Arc::new(Mutex::new(keys));
        let published = Arc::clone(&keys);
        let script = Script::chosen(move |_| {
            Script::answer(200, &json!({ "keys": *published.lock() }).to_string())
        });
        let server = Server::start(script).await;
        let allowed_hosts = vec![HostRule::parse("127.0.0.1").expect("a rule")];
        let outbound =
            Outbound::new(Settings { allowed_hosts, ..Settings::default() }).expect("a client");
        let settings = IdTokenSettings::new(ISSUER, "crossfade");
        let tokens = IdTokens::new(settings, outbound).expect("settings");
        Self { server, keys, tokens }
    }

    fn keys_at(&self) -> Url {
        Url::configured(&self.server.url("/keys")).expect("a url")
    }

    async fn verify(&self, text: &str, now: Timestamp) -> Result<IdClaims, IdTokenRefusal> {
        let keys_at = self.keys_at();
        self.tokens.verify(IdToken { text, nonce: NONCE, keys_at: &keys_at }, now).await
    }

    async fn code(&self, text: &str, now: Timestamp) -> String {
        self.verify(text, now).await.expect_err("refused").code().into_owned()
    }

    fn calls(&self) -> usize {
        self.server.requests().len()
    }
}

fn claims(now: Timestamp) -> Value {
    json!({
        "iss": ISSUER, "aud": "crossfade", "sub": "248289761001", "nonce": NONCE,
        "iat": now.seconds(), "exp": now.seconds() + 300, "preferred_username": "ada",
    })
}

pub(super) fn signed(header: &Value, claims: &Value, signer: &Signer) -> String {
    let part = |value: &Value| encode_base64url(value.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = signer.sign(message.as_bytes()).expect("a signature");
    format!("{message}.{}", encode_base64url(&signature))
}

fn token_at(id: &str, signer: &Signer, now: Timestamp) -> String {
    signed(&json!({ "alg": signer.algorithm().as_str(), "kid": id }), &claims(now), signer)
}

async fn one_provider() -> (Provider, Signer) {
    let signer = signer(Algorithm::EdDsa);
    (Provider::with(vec![jwk("one", &signer)]).await, signer)
}

#[tokio::test]
async fn tokens_of_every_accepted_algorithm_are_believed() {
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
        let signer = signer(algorithm);
        let provider = Provider::with(vec![jwk("one", &signer)]).await;
        let claims = provider.verify(&token_at("one", &signer, NOW), NOW).await.expect("claims");
        assert_eq!(claims.subject, "248289761001");
        assert_eq!(claims.claims["preferred_username"], "ada");
        assert!(!format!("{claims:?}").contains("ada"));
    }
}

#[tokio::test]
async fn each_wrong_claim_is_refused_under_its_own_code() {
    let (provider, signer) = one_provider().await;
    let seconds = NOW.seconds();
    for (change, code) in [
        (json!({ "iss": "https://provider.example/" }), "issuer"),
        (json!({ "aud": "somebody-else" }), "audience"),
        (json!({ "aud": ["crossfade", "other"] }), "authorized_party"),
        (json!({ "aud": ["crossfade", "other"], "azp": "other" }), "authorized_party"),
        (json!({ "azp": "other" }), "authorized_party"),
        (json!({ "exp": seconds }), "expired"),
        (json!({ "exp": null }), "claim_type:exp"),
        (json!({ "iat": seconds + 7 }), "issued_in_future"),
        (json!({ "nbf": seconds + 7 }), "not_yet_valid"),
        (json!({ "exp": seconds + 100_000 }), "lifetime_too_long"),
        (json!({ "nonce": "of-another-sign-in" }), "nonce"),
        (json!({ "nonce": null }), "nonce"),
        (json!({ "sub": "" }), "claim_empty:sub"),
        (json!({ "sub": "x".repeat(256) }), "claim_type:sub"),
    ] {
        let mut claims = claims(NOW);
        for (name, value) in change.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let token = signed(&json!({ "alg": "EdDSA", "kid": "one" }), &claims, &signer);
        assert_eq!(provider.code(&token, NOW).await, code, "{change}");
    }
}

#[tokio::test]
async fn several_audiences_are_fine_when_the_token_was_issued_to_us() {
    let (provider, signer) = one_provider().await;
    let mut claims = claims(NOW);
    claims["aud"] = json!(["other", "crossfade"]);
    claims["azp"] = json!("crossfade");
    let token = signed(&json!({ "alg": "EdDSA" }), &claims, &signer);
    assert!(provider.verify(&token, NOW).await.is_ok());
}

#[tokio::test]
async fn no_token_chooses_how_it_is_verified() {
    let (provider, signer) = one_provider().await;
    let claims = claims(NOW);
    let with = |header: Value| signed(&header, &claims, &signer);
    for (header, code) in [
        (json!({ "alg": "none" }), "algorithm"),
        (json!({ "alg": "HS256", "kid": "one" }), "algorithm"),
        (json!({ "alg": "RS256", "kid": "one" }), "key_unknown"),
        (json!({ "alg": "EdDSA", "crit": ["x"] }), "critical_header"),
        (json!({ "alg": "EdDSA", "typ": "at+jwt" }), "type_header"),
        (json!({ "alg": "EdDSA", "typ": "logout+jwt" }), "type_header"),
    ] {
        assert_eq!(provider.code(&with(header.clone()), NOW).await, code, "{header}");
    }
    let unsigned = with(json!({ "alg": "EdDSA" }));
    let unsigned = unsigned.rsplit_once('.').expect("three segments").0;
    assert_eq!(provider.code(&format!("{unsigned}."), NOW).await, "signature");
    assert_eq!(provider.code("a.b", NOW).await, "segments");
}

#[tokio::test]
async fn a_shared_secret_in_a_key_set_is_passed_over() {
    let secret = Signer::from_secret(&[7; 32]);
    let signer = signer(Algorithm::EdDsa);
    let odd = json!({ "kid": "odd", "kty": "RSA", "n": "AQAB", "e": "AQAB" });
    let provider = Provider::with(vec![jwk("secret", &secret), odd, jwk("one", &signer)]).await;
    assert_eq!(provider.code(&token_at("secret", &secret, NOW), NOW).await, "algorithm");
    assert!(provider.verify(&token_at("one", &signer, NOW), NOW).await.is_ok());
    let error = IdTokens::new(
        IdTokenSettings { algorithms: vec![Algorithm::Hs256], ..IdTokenSettings::new("i", "c") },
        Outbound::new(Settings::default()).expect("a client"),
    );
    assert!(error.is_err());
}

#[tokio::test]
async fn an_unknown_key_causes_one_call_a_minute() {
    let (provider, old) = one_provider().await;
    let new = signer(Algorithm::Es256);
    assert!(provider.verify(&token_at("one", &old, NOW), NOW).await.is_ok());
    provider.keys.lock().push(jwk("two", &new));
    let soon = NOW.plus_seconds(59);
    assert_eq!(provider.code(&token_at("two", &new, soon), soon).await, "key_unknown");
    let later = NOW.plus_seconds(60);
    assert!(provider.verify(&token_at("two", &new, later), later).await.is_ok());
    for _ in 0..5 {
        assert_eq!(provider.code(&token_at("three", &new, later), later).await, "key_unknown");
    }
    assert_eq!(provider.calls(), 2);
}

#[tokio::test]
async fn keys_that_are_withdrawn_verify_for_an_hour_at_most() {
    let (provider, signer) = one_provider().await;
    assert!(provider.verify(&token_at("one", &signer, NOW), NOW).await.is_ok());
    *provider.keys.lock() = vec![jwk("two", &self::signer(Algorithm::EdDsa))];
    let later = NOW.plus_seconds(HOUR_S);
    assert_eq!(provider.code(&token_at("one", &signer, later), later).await, "key_unknown");
}

#[tokio::test]
async fn the_last_keys_hold_for_a_day_while_the_provider_is_down() {
    let (provider, signer) = one_provider().await;
    let keys_at = provider.keys_at();
    assert!(provider.verify(&token_at("one", &signer, NOW), NOW).await.is_ok());
    let Provider { server, tokens, .. } = provider;
    server.stop().await;
    let verify = async |now: Timestamp| {
        let text = token_at("one", &signer, now);
        tokens.verify(IdToken { text: &text, nonce: NONCE, keys_at: &keys_at }, now).await
    };
    assert!(verify(NOW.plus_seconds(23 * HOUR_S)).await.is_ok());
    let refusal = verify(NOW.plus_seconds(24 * HOUR_S)).await.expect_err("too old");
    assert!(matches!(refusal, IdTokenRefusal::KeysUnavailable(_)), "{refusal}");
}

#[tokio::test]
async fn a_key_set_over_the_cap_or_of_nothing_usable_is_none() {
    let long = json!({ "kid": "x".repeat(70_000), "kty": "OKP" });
    for keys in [vec![long], vec![], vec![json!({ "kty": "oct", "k": "AAAA" })]] {
        let provider = Provider::with(keys).await;
        let token = token_at("one", &signer(Algorithm::EdDsa), NOW);
        assert_eq!(provider.code(&token, NOW).await, "keys_unavailable");
    }
}
