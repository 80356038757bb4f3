//! V01 to V06.

use serde_json::{Value, json};

use crate::domain::{Decision, Reason, Token, encode_base64url};
use crate::legacy::ProfileSettings;
use crate::legacy::profile::ProfilePath;
use crate::legacy::testing::{
    NOW, SECRET, answer, claims, keys, path, question, reason, sign, sign_text, subject, token,
};

/// Fails when a token made with one of these changes is refused.
fn accepts(path: &ProfilePath, changes: &[Value]) {
    for change in changes {
        let found = answer(path, &token(change));
        assert!(found.is_allow(), "{change}: {found:?}");
    }
}

/// Fails when a token made with one of these changes is not refused for that reason.
fn refuses(path: &ProfilePath, changes: &[(Value, Reason)]) {
    for (change, why) in changes {
        let found = answer(path, &token(change));
        assert_eq!(reason(&found), Some(why), "{change}");
    }
}

fn seconds(from_now: i64) -> i64 {
    NOW.seconds() + from_now
}

/// What the core validators agree on, whether they should or not.
fn is_soft_where_the_core_is(path: &ProfilePath) {
    accepts(
        path,
        &[
            json!({"jti": "s0"}),
            json!({"jti": "s1", "aud": null}),
            json!({"jti": "s11", "aud": {}}),
            json!({"jti": "s2", "aud": "netra-admin"}),
            json!({"jti": "s3", "aud": "netra-services"}),
            json!({"jti": "s4", "env": "staging", "svc_id": "other"}),
            json!({"jti": "s5", "type": "refresh"}),
            json!({"jti": "s6", "exp": seconds(315_360_000)}),
            json!({"jti": "s7", "sub": ""}),
            json!({"jti": ""}),
            json!({"jti": "s8", "permissions": "admin"}),
            json!({"jti": "s9", "nbf": seconds(-5).to_string()}),
            json!({"jti": "s10", "exp": 1_800_000_600.5}),
        ],
    );
    for (number, header) in [
        json!({"alg": "HS256", "crit": ["unknown"], "unknown": 1}),
        json!({"alg": "HS256", "typ": "JWE"}),
        json!({"alg": "HS256", "kid": "whatever"}),
    ]
    .iter()
    .enumerate()
    {
        let found = answer(path, &sign(header, &claims(&json!({"jti": format!("h{number}")}))));
        assert!(found.is_allow(), "{header}");
    }
}

/// What a strict validator accepts, or refuses for another reason.
fn is_hard_where_the_core_is(path: &ProfilePath) {
    refuses(
        path,
        &[
            (json!({"aud": ["netra-platform"]}), Reason::Audience),
            (json!({"aud": ["netra-platform", "other"]}), Reason::Audience),
            (json!({"exp": seconds(-5)}), Reason::Expired),
            (json!({"exp": seconds(0)}), Reason::Expired),
            (json!({"iat": seconds(5)}), Reason::IssuedInFuture),
            (json!({"nbf": seconds(5)}), Reason::NotYetValid),
            (json!({"iat": seconds(-86_401)}), Reason::TooOld),
            (json!({"iat": null}), Reason::ClaimMissing("iat")),
            (json!({"jti": null}), Reason::ClaimMissing("jti")),
            (json!({"sub": 7}), Reason::ClaimType("sub")),
            (json!({"iss": "somebody"}), Reason::Issuer),
            (json!({"token_type": "refresh"}), Reason::TokenType),
            (json!({"token_type": null}), Reason::TokenType),
            (json!({"aud": "somebody"}), Reason::Audience),
        ],
    );
    let numbered = sign(&json!({"alg": "HS256", "kid": 7}), &claims(&json!({})));
    assert_eq!(reason(&answer(path, &numbered)), Some(&Reason::KeyIdType));
    let unencoded = sign(&json!({"alg": "HS256", "b64": false}), &claims(&json!({})));
    assert_eq!(reason(&answer(path, &unencoded)), Some(&Reason::CriticalHeader));
    for alg in ["none", "HS512", "hs256"] {
        let odd = sign(&json!({"alg": alg}), &claims(&json!({})));
        assert_eq!(reason(&answer(path, &odd)), Some(&Reason::Algorithm), "{alg}");
    }
    // Passes the first look at the header, and then the key is of another kind.
    let rs256 = sign(&json!({"alg": "RS256"}), &claims(&json!({})));
    assert_eq!(reason(&answer(path, &rs256)), Some(&Reason::Algorithm));
}

/// Every way to write one signature, and a payload whose last `sub` counts.
fn reads_any_encoding(path: &ProfilePath, jti: impl Fn(usize) -> String) {
    let spellings: [fn(&str) -> String; 4] = [
        |token| format!("{token}="),
        |token| format!("{token}===="),
        |token| {
            let (head, tail) = token.split_at(token.len() - 3);
            format!("{head}!!!!{tail}")
        },
        // 32 bytes are 43 characters: two bits of the last one are unused.
        |token| {
            let (head, last) = token.split_at(token.len() - 1);
            let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let place = alphabet.find(last).expect("a letter");
            format!("{head}{}", &alphabet[place + 1..place + 2])
        },
    ];
    for (number, spell) in spellings.iter().enumerate() {
        let spelled = spell(&token(&json!({"jti": jti(number)})));
        assert!(answer(path, &spelled).is_allow(), "spelling {number}");
    }
    let payload = claims(&json!({"jti": jti(9)})).to_string().replacen('{', r#"{"sub":"eve","#, 1);
    let twice = sign_text(r#"{"alg":"HS256"}"#, &payload, SECRET);
    assert_eq!(subject(&answer(path, &twice)), Some("alice"));
}

#[test]
fn core_validate_is_soft_about_audience_lifetime_encoding_and_shapes() {
    let path = path("core-validate");
    is_soft_where_the_core_is(&path);
    reads_any_encoding(&path, |number| format!("e{number}"));
    refuses(
        &path,
        &[
            (json!({"exp": seconds(600).to_string()}), Reason::ClaimType("exp")),
            (json!({"aud": "netra-auth"}), Reason::Audience),
        ],
    );
}

#[test]
fn core_validate_refuses_listed_audiences_and_small_skews() {
    is_hard_where_the_core_is(&path("core-validate"));
}

#[test]
fn core_validate_merges_its_reasons_and_refuses_forgeries() {
    let path = path("core-validate");
    let forged = sign_text(r#"{"alg":"HS256"}"#, &claims(&json!({})).to_string(), b"other");
    let Decision::Deny(denial) = answer(&path, &forged) else { panic!("a deny") };
    assert_eq!((denial.reason, denial.disclosed), (Reason::Signature, false));
    assert_eq!(reason(&answer(&path, "mock_a.b.c")), Some(&Reason::Segments));
    for odd in ["a", "a.b", "a.b.c.d"] {
        assert_eq!(reason(&answer(&path, odd)), Some(&Reason::Segments));
    }
}

#[test]
fn core_validate_accepts_development_audiences_outside_production() {
    let mut settings = ProfileSettings::of("core-validate", keys());
    settings.production = false;
    let path = settings.build().expect("a path");
    accepts(&path, &[json!({"aud": "test"}), json!({"aud": "localhost"})]);
}

#[test]
fn core_validate_remembers_a_refusal_after_its_cause_is_gone() {
    let early = token(&json!({"iat": seconds(2)}));
    let (warm, cold) = (path("core-validate"), path("core-validate"));
    let now = question(&early);
    let later = now.asked_again_at(NOW.plus_seconds(3));
    assert!(!warm.answer(&now).expect("an answer").is_allow());
    assert!(!warm.answer(&later).expect("an answer").is_allow());
    assert!(cold.answer(&later).expect("an answer").is_allow());
    let past_cache = now.asked_again_at(NOW.plus_seconds(61));
    assert!(warm.answer(&past_cache).expect("an answer").is_allow());
}

#[test]
fn core_validate_looks_at_exp_again_when_it_remembers() {
    let path = path("core-validate");
    let now = question(&token(&json!({"exp": seconds(30)})));
    assert!(path.answer(&now).expect("an answer").is_allow());
    let after = path.answer(&now.asked_again_at(NOW.plus_seconds(30))).expect("an answer");
    assert_eq!(reason(&after), Some(&Reason::Expired));
}

#[test]
fn core_validate_forgets_a_revocation_when_the_token_is_spelled_anew() {
    let path = path("core-validate");
    let text = token(&json!({}));
    assert!(path.revoke(&Token::new(&text)));
    assert_eq!(reason(&answer(&path, &text)), Some(&Reason::Revoked));
    assert!(answer(&path, &format!("{text}=")).is_allow());
}

#[test]
fn core_consume_accepts_what_core_validate_does_and_a_quoted_exp() {
    let path = path("core-consume");
    is_soft_where_the_core_is(&path);
    reads_any_encoding(&path, |number| format!("e{number}"));
    accepts(
        &path,
        &[
            json!({"jti": "c1", "exp": seconds(600).to_string()}),
            json!({"jti": "c2", "aud": "netra-auth"}),
        ],
    );
}

#[test]
fn core_consume_refuses_what_core_validate_does_and_a_second_use() {
    let path = path("core-consume");
    is_hard_where_the_core_is(&path);
    let once = token(&json!({"jti": "once"}));
    assert!(answer(&path, &once).is_allow());
    assert_eq!(reason(&answer(&path, &once)), Some(&Reason::Replayed));
    assert!(answer(&path.another_instance(), &once).is_allow());
    let nameless = token(&json!({"jti": ""}));
    assert!(answer(&path, &nameless).is_allow() && answer(&path, &nameless).is_allow());
}

#[test]
fn core_consume_can_be_set_to_refresh_tokens() {
    let mut settings = ProfileSettings::of("core-consume", keys());
    settings.token_type = Some("refresh".into());
    let path = settings.build().expect("a path");
    accepts(&path, &[json!({"token_type": "refresh"})]);
    refuses(&path, &[(json!({"jti": "2"}), Reason::TokenType)]);
}

#[test]
fn http_facade_accepts_on_one_instance_what_another_has_revoked() {
    let (here, text) = (path("http-facade"), token(&json!({})));
    let there = here.another_instance();
    assert!(here.revoke(&Token::new(&text)));
    assert_eq!(reason(&answer(&here, &text)), Some(&Reason::Revoked));
    assert!(answer(&there, &text).is_allow());
    is_soft_where_the_core_is(&here);
}

#[test]
fn http_facade_refuses_what_its_core_does_and_shares_its_cache() {
    let here = path("http-facade");
    is_hard_where_the_core_is(&here);
    let now = question(&token(&json!({"iat": seconds(2)})));
    assert!(!here.answer(&now).expect("an answer").is_allow());
    let later = now.asked_again_at(NOW.plus_seconds(3));
    assert!(!here.another_instance().answer(&later).expect("an answer").is_allow());
    assert_eq!(here.profile().failure.status, Some(200));
}

#[test]
fn unverified_decode_accepts_whatever_decodes() {
    let path = path("unverified-decode");
    let forged = sign_text(r#"{"alg":"HS256"}"#, &claims(&json!({})).to_string(), b"other");
    assert!(answer(&path, &forged).is_allow());
    let claims =
        encode_base64url(claims(&json!({"sub": "admin", "aud": 7})).to_string().as_bytes());
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS999"}"#, "{}"] {
        let header = encode_base64url(header.as_bytes());
        let found = answer(&path, &format!("{header}.{claims}.nonsense"));
        assert_eq!(subject(&found), Some("admin"));
    }
    accepts(&path, &[json!({"iat": seconds(59)}), json!({"iss": null, "token_type": "refresh"})]);
}

#[test]
fn unverified_decode_refuses_a_good_token_without_an_email() {
    refuses(
        &path("unverified-decode"),
        &[
            (json!({"email": null}), Reason::ClaimMissing("email")),
            (json!({"exp": seconds(-1)}), Reason::Expired),
            (json!({"iat": seconds(61)}), Reason::IssuedInFuture),
        ],
    );
}

#[test]
fn hardcoded_key_accepts_forgeries_with_the_key_that_everybody_knows() {
    let path = ProfileSettings::of("hardcoded-key", Vec::new()).build().expect("a path");
    for changes in [json!({"aud": null}), json!({"aud": null, "iss": "eve", "exp": null})] {
        let claims = claims(&changes).to_string();
        let forged = sign_text(r#"{"alg":"HS256"}"#, &claims, b"test-secret-key");
        assert!(answer(&path, &forged).is_allow(), "{changes}");
    }
    assert!(!format!("{:?}", path.profile()).contains("test-secret-key"));
}

#[test]
fn hardcoded_key_refuses_every_real_token() {
    let path = path("hardcoded-key");
    assert_eq!(reason(&answer(&path, &token(&json!({})))), Some(&Reason::Signature));
    let real = sign_text(r#"{"alg":"HS256"}"#, &claims(&json!({})).to_string(), b"test-secret-key");
    assert_eq!(reason(&answer(&path, &real)), Some(&Reason::Audience));
}

#[test]
fn library_default_accepts_any_issuer_and_a_token_without_an_end() {
    accepts(
        &path("library-default"),
        &[
            json!({"aud": null, "iss": "somebody"}),
            json!({"aud": null, "exp": null, "sub": null, "jti": null}),
            json!({"aud": "", "token_type": "refresh"}),
            json!({"aud": [], "exp": seconds(600).to_string()}),
        ],
    );
}

#[test]
fn library_default_refuses_every_real_token_for_its_audience() {
    refuses(
        &path("library-default"),
        &[
            (json!({}), Reason::Audience),
            (json!({"aud": ["netra-platform"]}), Reason::Audience),
            (json!({"aud": null, "iat": seconds(5)}), Reason::IssuedInFuture),
        ],
    );
}
