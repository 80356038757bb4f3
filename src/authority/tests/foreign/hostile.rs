//! Who must not get in by way of a foreign issuer.

use super::super::super::specimens::Mint;
use super::super::issued;
use super::*;
use crate::domain::{TokenType, encode_base64url};

#[tokio::test]
async fn no_token_chooses_how_it_is_verified() {
    let (_provider, signer, authority) = corp().await;
    let claims = claims("corp", NOW);
    for (header, reason) in [
        (json!({ "alg": "none" }), "algorithm"),
        (json!({ "alg": "HS256", "kid": "one" }), "algorithm"),
        (json!({ "alg": "HS256", "kid": "one", "typ": "JWT" }), "algorithm"),
        (json!({ "alg": "ES256", "kid": "one" }), "key_unknown"),
        (json!({ "alg": "EdDSA", "kid": 1 }), "key_id_type"),
        (json!({ "alg": "EdDSA", "kid": "one", "crit": ["x"] }), "critical_header"),
        (json!({ "alg": "EdDSA", "kid": "one", "zip": "DEF" }), "critical_header"),
        (json!({ "alg": "EdDSA", "kid": "one", "enc": "A256GCM" }), "critical_header"),
        (json!({ "alg": "EdDSA", "kid": "one", "typ": "logout+jwt" }), "type_header"),
        (json!({ "alg": "EdDSA", "kid": "two", "jwk": jwk("two", &signer) }), "key_unknown"),
        (json!({ "alg": "EdDSA", "kid": "one" }), "allowed"),
        (json!({ "alg": "EdDSA", "kid": "one", "typ": "at+jwt" }), "allowed"),
        (json!({ "alg": "EdDSA" }), "allowed"),
    ] {
        let text = signed(&header, &claims, &signer);
        assert_eq!(verdict(&authority, &text, NOW).await, reason, "{header}");
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_trusted_opens_nothing_though_its_key_is_published() {
    let (ed, ec) = (signer(Algorithm::EdDsa), signer(Algorithm::Es256));
    let provider = Provider::with(&[jwk("one", &ed), jwk("one", &ec)]).await;
    let settings =
        IssuerSettings { algorithms: vec![Algorithm::Es256], ..provider.settings("corp") };
    let authority = trusting(vec![settings]);
    assert_eq!(verdict(&authority, &token("corp", "one", &ed, NOW), NOW).await, "algorithm");
    assert_eq!(verdict(&authority, &token("corp", "one", &ec, NOW), NOW).await, "allowed");
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let rsa = signer(Algorithm::Rs256);
    let published = jwk("one", &rsa);
    let provider = Provider::with(std::slice::from_ref(&published)).await;
    let authority = trusting(vec![provider.settings("corp")]);
    assert_eq!(verdict(&authority, &token("corp", "one", &rsa, NOW), NOW).await, "allowed");
    for secret in [published.to_string().as_bytes(), rsa.public().expect("a public part")] {
        let hmac = Signer::from_secret(secret);
        let text = token("corp", "one", &hmac, NOW);
        assert_eq!(verdict(&authority, &text, NOW).await, "algorithm");
    }
}

#[tokio::test]
async fn two_issuers_with_one_key_id_are_not_taken_for_each_other() {
    let (a, b) = (signer(Algorithm::EdDsa), signer(Algorithm::EdDsa));
    let at_a = Provider::with(&[jwk("one", &a)]).await;
    let at_b = Provider::with(&[jwk("one", &b)]).await;
    let authority = trusting(vec![at_a.settings("a"), at_b.settings("b")]);
    for (name, signer, expected) in
        [("a", &a, "allowed"), ("b", &b, "allowed"), ("a", &b, "signature"), ("b", &a, "signature")]
    {
        let text = token(name, "one", signer, NOW);
        assert_eq!(verdict(&authority, &text, NOW).await, expected, "{name}");
    }
}

#[tokio::test]
async fn no_issuer_speaks_for_us_and_our_keys_do_not_speak_for_it() {
    let mint = Mint::seeded(1);
    let foreign = signer(Algorithm::EdDsa);
    let mut published = jwk("one", &foreign);
    // Under the very id of our own key.
    published["kid"] = json!(Mint::key_id(Algorithm::EdDsa));
    let provider = Provider::with(&[published]).await;
    let settings = Settings { issuers: vec![provider.settings("corp")], ..mint.settings() };
    let authority = Authority::in_memory(settings).expect("built");
    let authority = authority.reaching(&outbound()).expect("allowed hosts");
    let kid = Mint::key_id(Algorithm::EdDsa);
    let mut ours = claims("corp", NOW);
    ours["iss"] = json!(mint.issuer);
    let header = json!({ "alg": "EdDSA", "kid": kid });
    assert_eq!(verdict(&authority, &signed(&header, &ours, &foreign), NOW).await, "signature");
    let theirs = claims("corp", NOW).to_string();
    let by_us = mint.token(header.to_string().as_bytes(), theirs.as_bytes(), Algorithm::EdDsa);
    assert_eq!(verdict(&authority, by_us.reveal(), NOW).await, "signature");
    let of_both = theirs.replacen('{', r#"{"iss":"netra-auth-service","#, 1);
    let by_us = mint.token(header.to_string().as_bytes(), of_both.as_bytes(), Algorithm::EdDsa);
    assert_eq!(verdict(&authority, by_us.reveal(), NOW).await, "duplicate_member");
    let by_them = signed(&header, &claims("corp", NOW), &foreign);
    assert_eq!(verdict(&authority, &by_them, NOW).await, "allowed");
}

#[tokio::test]
async fn a_token_of_two_issuers_or_of_an_odd_one_is_nobodys() {
    let (_provider, signer, authority) = corp().await;
    let one = claims("corp", NOW).to_string();
    let doubled = one.replacen('{', r#"{"iss":"issuer","#, 1);
    for (claims, reason) in [
        (doubled, "algorithm"),
        (one.replace("https://corp.example", "https://corp.example/"), "algorithm"),
        (one.replace("https://corp.example", "HTTPS://corp.example"), "algorithm"),
        (one.replace(r#""https://corp.example""#, r#"["https://corp.example"]"#), "algorithm"),
    ] {
        let message = format!(
            "{}.{}",
            encode_base64url(br#"{"alg":"EdDSA","kid":"one"}"#),
            encode_base64url(claims.as_bytes())
        );
        let signature = signer.sign(message.as_bytes()).expect("a signature");
        let text = format!("{message}.{}", encode_base64url(&signature));
        assert_eq!(verdict(&authority, &text, NOW).await, reason, "{claims}");
    }
}

#[tokio::test]
async fn an_odd_key_set_is_read_as_far_as_it_makes_sense() {
    let (one, two) = (signer(Algorithm::EdDsa), signer(Algorithm::EdDsa));
    let secret = Signer::from_secret(&[7; 32]);
    let keys = [
        jwk("one", &one),
        jwk("one", &two),
        jwk("secret", &secret),
        json!({ "kid": "small", "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
        json!({ "kid": "enc", "kty": "OKP", "crv": "Ed25519", "use": "enc", "x": "AA" }),
        json!("no key"),
    ];
    let provider = Provider::with(&keys).await;
    let authority = trusting(vec![provider.settings("corp")]);
    for signer in [&one, &two] {
        let text = token("corp", "one", signer, NOW);
        assert_eq!(verdict(&authority, &text, NOW).await, "allowed", "one id, two keys");
    }
    let text = token("corp", "secret", &secret, NOW);
    assert_eq!(verdict(&authority, &text, NOW).await, "algorithm");
    assert_eq!(only(&authority, NOW).keys, 2);
}

#[tokio::test]
async fn an_issuer_vouches_for_its_kinds_of_token_only() {
    let (_provider, signer, authority) = corp().await;
    let with = |change| token_with("corp", &signer, &change);
    for (change, reason) in [
        (json!({ "token_type": "access" }), "allowed"),
        (json!({ "token_type": "service" }), "token_type"),
        (json!({ "type": "refresh" }), "token_type"),
        (json!({ "at_hash": "x" }), "token_type"),
        (json!({ "events": {} }), "token_type"),
        (json!({ "typ": "ID" }), "token_type"),
        (json!({ "typ": "Bearer" }), "allowed"),
        (json!({ "token_use": "id" }), "token_type"),
        (json!({ "token_use": "access" }), "allowed"),
    ] {
        assert_eq!(verdict(&authority, &with(change.clone()), NOW).await, reason, "{change}");
    }
    let service = with(json!({ "token_type": "service" }));
    let wanted = question(&service, NOW).wanting(TokenType::Service);
    match authority.decide(&wanted).await.expect("an answer") {
        Decision::Deny(denial) => assert_eq!(denial.reason.code(), "token_type"),
        Decision::Allow(_) => panic!("a service that nobody trusts"),
    }
}

#[tokio::test]
async fn each_wrong_claim_is_refused_under_its_own_code() {
    let (_provider, signer, authority) = corp().await;
    let seconds = NOW.seconds();
    for (change, reason) in [
        (json!({ "aud": "audience" }), "audience"),
        (json!({ "aud": ["other", "crossfade"] }), "allowed"),
        (json!({ "exp": seconds }), "expired"),
        (json!({ "iat": seconds + 7 }), "issued_in_future"),
        (json!({ "exp": seconds + 100_000 }), "lifetime_too_long"),
        (json!({ "sub": "" }), "claim_empty:sub"),
        (json!({ "sub": 1 }), "claim_type:sub"),
        (json!({ "sub": "a\nb" }), "claim_type:sub"),
        (json!({ "jti": "" }), "claim_empty:jti"),
    ] {
        let text = token_with("corp", &signer, &change);
        assert_eq!(verdict(&authority, &text, NOW).await, reason, "{change}");
    }
}

#[tokio::test]
async fn a_foreign_token_that_we_take_back_is_refused() {
    let (_provider, signer, authority) = corp().await;
    let text = token("corp", "one", &signer, NOW);
    let unheard = authority.revoke(&Token::new(&text), NOW).await.expect("no disk");
    assert!(matches!(unheard, super::super::super::Revoked::Nothing(_)), "no keys are held yet");
    assert_eq!(verdict(&authority, &text, NOW).await, "allowed");
    let own = issued(&authority);
    authority.revoke(&Token::new(&text), NOW).await.expect("no disk");
    assert_eq!(verdict(&authority, &text, NOW).await, "revoked");
    let other = token_with("corp", &signer, &json!({ "jti": "b" }));
    assert_eq!(verdict(&authority, &other, NOW).await, "allowed");
    assert_eq!(verdict(&authority, own.token.reveal(), NOW).await, "allowed");
    let forged = token("corp", "one", &self::signer(Algorithm::EdDsa), NOW);
    authority.revoke(&Token::new(&forged), NOW).await.expect("no disk");
    assert_eq!(authority.revoked_count(), 1, "forgeries take up no room");
}

#[tokio::test]
async fn we_make_no_token_in_the_name_of_a_foreign_issuers_subject() {
    let (_provider, _signer, authority) = corp().await;
    for (name, made) in [("corp|1", false), ("corps|1", true), ("corp", true)] {
        let subject = crate::domain::Subject::parse(name).expect("a subject");
        let order = crate::authority::Order::access(subject, crate::domain::Scopes::default(), 900);
        assert_eq!(authority.issue(&order, NOW).is_ok(), made, "{name}");
    }
}

#[tokio::test]
async fn a_foreign_refresh_token_opens_no_session_of_ours_whatever_the_policy() {
    use crate::domain::{
        Mode, Operation, Outcome, Policies, Policy, RefreshOrder, Rule, TokenForm, TokenPath as _,
    };
    let (_provider, signer, authority) = corp().await;
    let mut policies = Policies::default();
    let lenient = Rule::ALL.into_iter().fold(Policy::STRICT, |all, rule| all.with(rule, Mode::Off));
    for kind in TokenType::ALL {
        policies.put(None, kind, lenient);
    }
    authority.policies().store(std::sync::Arc::new(policies));
    let text = token_with("corp", &signer, &json!({ "type": "refresh", "token_type": "refresh" }));
    let order = RefreshOrder {
        token: crate::domain::Token::new(&text),
        client: None,
        idempotency_key: None,
        scopes: None,
        form: TokenForm::Own,
    };
    let outcome = authority.perform(&Operation::Refresh(order), NOW).await.expect("an outcome");
    assert!(matches!(outcome, Outcome::Denied(_)));
    assert_eq!(authority.family_count(), 0);
}

#[tokio::test]
async fn what_a_foreign_token_says_of_sessions_is_not_about_ours() {
    let (_provider, signer, authority) = corp().await;
    authority.revoke_family("f", NOW).await.expect("revoked");
    let text = token_with("corp", &signer, &json!({ "fid": "f" }));
    assert_eq!(verdict(&authority, &text, NOW).await, "allowed");
    let token = crate::domain::Token::new(&text);
    assert_eq!(authority.introspection(&token).and_then(|facts| facts.family), None);
}
