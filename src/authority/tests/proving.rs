//! What is proved of a token, beside what is decided about it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::signer::Signer;
use super::super::specimens::{Expected, Mint, Specimen, corpus, crossed};
use super::foreign::{self, jwk, signed};
use super::*;
use crate::authority::Algorithm;
use crate::domain::{
    Credentials, Operation, Proof, ReasonClass, RefreshOrder, RequestParts, TokenForm,
    encode_base64url,
};

fn asked(credentials: Credentials) -> Question {
    let component = ComponentId::parse("http-auth").expect("an id");
    Question::new(RequestId::new(1, 1), component, NOW, credentials)
}

async fn proof(authority: &Authority, text: &str) -> Proof {
    authority.prove(&asked(Credentials::Token(Token::new(text)))).await
}

fn refuted(reason: Reason) -> Proof {
    Proof::Refuted(reason)
}

/// A token of our own issuer under a header and with claims of one's own.
fn made(header: &Value, change: &Value, secret: &[u8]) -> String {
    let mut claims = json!({ "iss": "issuer", "aud": "audience", "sub": "alice", "jti": "a" });
    for (name, value) in change.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    signed(header, &claims, &Signer::from_secret(secret))
}

#[tokio::test]
async fn a_good_signature_is_sound_whatever_time_audience_kind_and_form_of_claims() {
    let authority = authority();
    let header = json!({ "alg": "HS256", "kid": "one" });
    for change in [
        json!({}),
        json!({ "exp": 1 }),
        json!({ "nbf": NOW.seconds() + 9_999_999 }),
        json!({ "aud": "somebody else" }),
        json!({ "token_type": "service" }),
        json!({ "sub": "" }),
        json!({ "iat": "soon" }),
    ] {
        assert_eq!(
            proof(&authority, &made(&header, &change, SECRET)).await,
            Proof::Sound,
            "{change}"
        );
    }
    assert_eq!(proof(&authority, issued(&authority).token.reveal()).await, Proof::Sound);
}

#[tokio::test]
async fn a_bad_signature_by_the_key_that_is_named_or_by_all_that_can_be_meant_is_refuted() {
    let authority = authority();
    let other = b"another secret of thirty-two bytes";
    for header in [json!({ "alg": "HS256", "kid": "one" }), json!({ "alg": "HS256" })] {
        let forged = made(&header, &json!({}), other);
        assert_eq!(proof(&authority, &forged).await, refuted(Reason::Signature), "{header}");
        let no_issuer = made(&header, &json!({ "iss": null }), other);
        assert_eq!(proof(&authority, &no_issuer).await, Proof::Undecided, "whose is it?");
    }
    let unsigned = made(&json!({ "alg": "HS256" }), &json!({}), SECRET);
    let unsigned = &unsigned[..=unsigned.rfind('.').expect("a dot")];
    assert_eq!(proof(&authority, unsigned).await, refuted(Reason::Signature));
}

#[tokio::test]
async fn an_odd_form_hides_no_bad_signature_and_proves_no_good_one() {
    let authority = authority();
    let other = b"another secret of thirty-two bytes";
    for header in [
        json!({ "alg": "HS256", "kid": "one", "crit": ["exp"] }),
        json!({ "alg": "HS256", "kid": 1 }),
        json!({ "alg": "HS256", "cty": "JWT" }),
        json!({ "alg": "HS256", "b64": false }),
    ] {
        let good = made(&header, &json!({}), SECRET);
        assert_eq!(proof(&authority, &good).await, Proof::Undecided, "{header}");
        let forged = made(&header, &json!({}), other);
        assert_eq!(proof(&authority, &forged).await, refuted(Reason::Signature), "{header}");
    }
    let good = made(&json!({ "alg": "HS256" }), &json!({}), SECRET);
    assert_eq!(proof(&authority, &format!("{good}=")).await, Proof::Undecided, "padded");
    let forged = made(&json!({ "alg": "HS256" }), &json!({}), other);
    assert_eq!(proof(&authority, &format!("{forged}=")).await, refuted(Reason::Signature));
}

#[tokio::test]
async fn no_algorithm_is_refuted_whoever_is_named_and_another_one_where_we_are() {
    let authority = authority();
    for algorithm in ["none", "None", "nOnE", " none ", ""] {
        let header = json!({ "alg": algorithm });
        let expected =
            if algorithm.is_empty() { Proof::Undecided } else { refuted(Reason::Algorithm) };
        let unknown = made(&header, &json!({ "iss": "nobody we know" }), SECRET);
        assert_eq!(proof(&authority, &unknown).await, expected, "{algorithm:?}");
        let own = made(&header, &json!({}), SECRET);
        assert_eq!(proof(&authority, &own).await, refuted(Reason::Algorithm), "{algorithm:?}");
    }
    let missing = made(&json!({ "kid": "one" }), &json!({ "iss": "nobody" }), SECRET);
    assert_eq!(proof(&authority, &missing).await, refuted(Reason::Algorithm));
    for header in [json!({ "alg": "RS256" }), json!({ "alg": "HS384", "kid": "one" })] {
        let own = made(&header, &json!({}), SECRET);
        assert_eq!(proof(&authority, &own).await, refuted(Reason::Algorithm), "{header}");
        let unknown = made(&header, &json!({ "iss": "nobody we know" }), SECRET);
        assert_eq!(proof(&authority, &unknown).await, Proof::Undecided, "{header}");
    }
}

#[tokio::test]
async fn nothing_is_proved_of_no_token_two_opaque_unreadable_and_of_unknown_keys_and_issuers() {
    let authority = authority();
    let header = json!({ "alg": "HS256" });
    for text in [
        String::new(),
        "opaque".to_owned(),
        "a.b".to_owned(),
        format!("{}.e30.AQ", encode_base64url(b"{")),
        format!("{}.{}.AQ", encode_base64url(br#"{"alg":"HS256"}"#), encode_base64url(b"[]")),
        made(&json!({ "alg": "HS256", "kid": "two" }), &json!({}), SECRET),
        made(&header, &json!({ "iss": "nobody we know" }), SECRET),
        made(&header, &json!({ "iss": ["issuer"] }), SECRET),
    ] {
        assert_eq!(proof(&authority, &text).await, Proof::Undecided, "{text}");
    }
    let two = RequestParts {
        headers: ["a.b.c", "d.e.f"]
            .map(|token| ("authorization".into(), format!("Bearer {token}").into()))
            .to_vec(),
        ..RequestParts::default()
    };
    for parts in [two, RequestParts::default()] {
        let nothing = authority.prove(&asked(Credentials::Request(parts))).await;
        assert_eq!(nothing, Proof::Undecided);
    }
}

#[tokio::test]
async fn with_more_keys_than_are_tried_a_token_that_names_none_is_not_refuted() {
    let keys = (0..5u8).map(|number| {
        let bytes = (0..32).map(|at| SECRET[at].wrapping_add(number)).collect();
        KeySource::Secret { id: format!("key-{number}"), bytes }
    });
    let many = Settings { keys: keys.collect(), ..settings() };
    let many = Authority::in_memory(many).expect("an authority");
    let other = b"another secret of thirty-two bytes";
    let unnamed = made(&json!({ "alg": "HS256" }), &json!({}), other);
    assert_eq!(proof(&many, &unnamed).await, Proof::Undecided);
    let named = made(&json!({ "alg": "HS256", "kid": "key-4" }), &json!({}), other);
    assert_eq!(proof(&many, &named).await, refuted(Reason::Signature));
}

#[tokio::test]
async fn every_way_to_take_a_token_back_refutes_it_and_no_other() {
    let header = json!({ "alg": "HS256" });
    let claims = json!({ "exp": NOW.seconds() + 60, "iat": NOW.seconds(), "fid": "a-session" });
    let text = made(&header, &claims, SECRET);
    let later = json!({ "jti": "b", "sub": "bob", "fid": "another", "iat": NOW.seconds() });
    let other = made(&header, &later, SECRET);
    for way in 0..4 {
        let authority = authority();
        assert_eq!(proof(&authority, &text).await, Proof::Sound);
        match way {
            0 => authority.revoke(&Token::new(&text), NOW).await,
            1 => authority.revoke_token_id("a", None, NOW).await,
            2 => authority.revoke_family("a-session", NOW).await,
            _ => authority.revoke_subject(&alice(), NOW.plus_seconds(1), NOW).await,
        }
        .expect("revoked");
        assert_eq!(proof(&authority, &text).await, refuted(Reason::Revoked), "way {way}");
        assert_eq!(proof(&authority, &other).await, Proof::Sound, "way {way}");
        assert!(reason(&authority, &Token::new(&text), NOW).await.is_some());
    }
}

#[tokio::test]
async fn a_revoked_token_of_an_issuer_that_is_not_ours_is_refuted_if_our_key_signed_it() {
    let authority = authority();
    let text = made(&json!({ "alg": "HS256" }), &json!({ "iss": "legacy's own name" }), SECRET);
    assert_eq!(proof(&authority, &text).await, Proof::Undecided);
    authority.revoke_token_id("a", None, NOW).await.expect("revoked");
    assert_eq!(proof(&authority, &text).await, refuted(Reason::Revoked));
}

#[tokio::test]
async fn a_foreign_issuers_token_is_proved_by_the_keys_that_are_held_and_never_by_a_call() {
    let (provider, signer, authority) = foreign::corp().await;
    let good = foreign::token("corp", "one", &signer, NOW);
    assert_eq!(proof(&authority, &good).await, Proof::Undecided, "no keys are held");
    assert_eq!(provider.calls(), 0);
    // A decision fetches them.
    assert_eq!(foreign::verdict(&authority, &good, NOW).await, "allowed");
    let calls = provider.calls();
    assert_eq!(proof(&authority, &good).await, Proof::Sound);
    let other = super::foreign::signer(Algorithm::EdDsa);
    let forged = foreign::token("corp", "one", &other, NOW);
    assert_eq!(proof(&authority, &forged).await, refuted(Reason::Signature));
    let unknown = foreign::token("corp", "two", &signer, NOW);
    assert_eq!(proof(&authority, &unknown).await, Proof::Undecided);
    let unnamed = signed(&json!({ "alg": "EdDSA" }), &foreign::claims("corp", NOW), &other);
    assert_eq!(proof(&authority, &unnamed).await, Proof::Undecided, "a newer key may have signed");
    let hmac = Signer::from_secret(jwk("one", &signer).to_string().as_bytes());
    let confused = foreign::token("corp", "one", &hmac, NOW);
    assert_eq!(proof(&authority, &confused).await, refuted(Reason::Algorithm));
    authority.revoke(&Token::new(&good), NOW).await.expect("revoked");
    assert_eq!(proof(&authority, &good).await, refuted(Reason::Revoked));
    assert_eq!(provider.calls(), calls, "nothing was fetched for a proof");
    let old = NOW.plus_seconds(400 * 86_400);
    let late = authority.prove(&foreign::question(&forged, old)).await;
    assert_eq!(late, Proof::Undecided, "the keys are too old to tell");
}

#[tokio::test]
async fn a_refresh_token_is_proved_before_it_is_used() {
    let authority = authority();
    let refresh = |text: &str| {
        Operation::Refresh(RefreshOrder {
            token: Token::new(text),
            client: None,
            idempotency_key: None,
            scopes: None,
            form: TokenForm::Compatible,
        })
    };
    let claims = json!({ "token_type": "refresh", "exp": NOW.seconds() + 60 });
    let legacys = made(&json!({ "alg": "HS256" }), &claims, SECRET);
    let proved = authority.prove_operation(&refresh(&legacys)).await;
    assert_eq!(proved, Proof::Sound);
    let forged = made(&json!({ "alg": "HS256" }), &claims, b"another secret of thirty-two bytes");
    assert_eq!(authority.prove_operation(&refresh(&forged)).await, refuted(Reason::Signature));
    assert_eq!(authority.prove_operation(&refresh("opaque")).await, Proof::Undecided);
    authority.revoke_token_id("a", None, NOW).await.expect("revoked");
    assert_eq!(authority.prove_operation(&refresh(&legacys)).await, refuted(Reason::Revoked));
}

impl Authority {
    async fn prove_operation(&self, operation: &Operation) -> Proof {
        crate::domain::TokenPath::prove(self, operation, NOW).await
    }
}

/// What a decision says of a token that was proved to be sound, if it must not say so.
fn contradicts(reason: &Reason) -> bool {
    matches!(reason.class(), ReasonClass::Signature | ReasonClass::Algorithm | ReasonClass::Key)
        && *reason != Reason::TypeHeader
        || *reason == Reason::Revoked
}

async fn faults_among(specimens: Vec<Specimen>) -> (Vec<String>, BTreeSet<&'static str>) {
    let mint = Mint::seeded(1);
    let authority = Authority::in_memory(mint.settings()).expect("an authority");
    let (mut faults, mut met) = (Vec::new(), BTreeSet::new());
    for Specimen { kind, algorithm, credentials, honest, ssot, .. } in specimens {
        let question = asked(credentials);
        let decided = authority.decide(&question).await.expect("an answer");
        let denial = match &decided {
            Decision::Allow(_) => None,
            Decision::Deny(denial) => Some(&denial.reason),
        };
        let proof = authority.prove(&question).await;
        let (name, fault) = match (&proof, denial) {
            (Proof::Sound, denial) => ("sound", denial.is_some_and(contradicts)),
            (Proof::Refuted(_), denial) => ("refuted", denial.is_none()),
            (Proof::Undecided, _) => ("undecided", honest),
        };
        met.insert(name);
        if fault {
            faults.push(format!("{kind} under {algorithm}: {proof:?}, decided {denial:?}"));
        }
        // Claims that cannot be read name no issuer, by whose keys it could be refuted.
        let bad = ssot == Expected::Deny(Reason::Signature);
        let named = question.presented().claims().is_some();
        if bad && named && !matches!(proof, Proof::Refuted(_)) {
            faults.push(format!("{kind} under {algorithm}: {proof:?} though the signature is bad"));
        }
    }
    (faults, met)
}

#[tokio::test]
async fn no_proof_contradicts_the_decision_about_any_kind_under_any_algorithm() {
    let mint = Mint::seeded(1);
    for specimens in [corpus(&mint, NOW), crossed(&mint, NOW)] {
        let (faults, met) = faults_among(specimens).await;
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert_eq!(met.into_iter().collect::<Vec<_>>(), ["refuted", "sound", "undecided"]);
    }
}
