//! How far the rules about claims go.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::*;
use crate::authority::claims::{Checked, Tolerance, check};
use crate::authority::header::Typ;
use crate::authority::rules::Rules;
use crate::authority::{OBSERVED_MAX, profiles, specimens::Mint};
use crate::domain::{
    Members, Mode, Policies, Policy, Rule, RuleSet, TokenType, encode_base64url, parse_strict,
};

/// Ours.
static ISSUERS: LazyLock<Vec<String>> = LazyLock::new(|| vec!["issuer".into()]);

const IDP: Option<&str> = Some("idp");

fn rules<'a>(name: Option<&'a str>, accepted: &'a [TokenType], ours: &'a [String]) -> Rules<'a> {
    Rules {
        name,
        issuers: &ISSUERS,
        audiences: ours,
        environment: Some("production"),
        environment_required: false,
        service_id: Some("service"),
        tolerance: Tolerance { expiry_s: 0, skew_s: 5, lifetime_max_s: 3_600 },
        subject_bytes_max: 255,
        accepted_types: accepted,
        default_type: None,
        subject_claim: "sub",
        subject_prefix: None,
        reserved_prefixes: &[],
        permissions_claim: "permissions",
    }
}

fn members(claims: &Map<String, Value>) -> Members {
    let text = serde_json::to_vec(claims).expect("JSON");
    parse_strict(&text, Reason::ClaimsJson).expect("an object")
}

/// What becomes of a token of our own issuer under one policy for every kind.
fn held(claims: &Members, typ: Typ, policy: Policy) -> Result<Checked, Reason> {
    let mut policies = Policies::default();
    for kind in TokenType::ALL {
        policies.put(None, kind, policy);
    }
    let (accepted, ours) = ([TokenType::Access, TokenType::Admin], ["audience".to_owned()]);
    check(claims, typ, &rules(None, &accepted, &ours), &policies, NOW)
}

fn off() -> Policy {
    Rule::ALL.into_iter().fold(Policy::STRICT, |policy, rule| policy.with(rule, Mode::Off))
}

/// The claims of a token that breaks no rule.
fn good() -> Map<String, Value> {
    let now = NOW.seconds();
    let claims = json!({
        "exp": now + 600, "iat": now - 60, "nbf": now - 60, "iss": "issuer", "aud": "audience",
        "sub": "alice", "jti": "1", "token_type": "access", "env": "production",
        "svc_id": "service", "permissions": ["read"], "scope": "write",
    });
    claims.as_object().expect("an object").clone()
}

/// Claims of which each is as it should be or wrong in one of many ways.
fn any_claims() -> impl Strategy<Value = Map<String, Value>> {
    let now = NOW.seconds();
    let wrong: [(&str, Vec<Value>); 13] = [
        (
            "exp",
            vec![json!(now - 1), json!(now + 86_400), json!(1e15), json!("9"), json!(now - 90)],
        ),
        ("iat", vec![json!(now + 60), json!(now + 3), json!("1"), json!(-1), json!(now + 700)]),
        ("nbf", vec![json!(now + 60), json!(now + 3), json!("1"), json!([])]),
        ("iss", vec![json!("other"), json!(["issuer"]), json!(7)]),
        ("aud", vec![json!("other"), json!(["other"]), json!(["audience", 7]), json!([])]),
        ("sub", vec![json!(""), json!(7), json!("a\u{0}")]),
        ("jti", vec![json!(""), json!(7)]),
        ("token_type", vec![json!("refresh"), json!("admin"), json!("odd"), json!(7)]),
        ("type", vec![json!("refresh"), json!("admin"), json!("access"), json!(null)]),
        ("env", vec![json!("staging"), json!(7)]),
        ("svc_id", vec![json!("other"), json!(7)]),
        ("permissions", vec![json!("read"), json!(["read", 7])]),
        ("scope", vec![json!(["write"])]),
    ];
    let changes = wrong.map(|(name, values)| {
        // Mostly good, or no token would ever be let in.
        let value = prop_oneof![
            12 => Just(None),
            1 => Just(Some(None)),
            3 => select(values).prop_map(|value| Some(Some(value))),
        ];
        value.prop_map(move |value| (name, value))
    });
    Vec::from(changes).prop_map(|changes| {
        let mut claims = good();
        for (name, change) in changes {
            match change {
                None => {}
                Some(None) => drop(claims.remove(name)),
                Some(Some(value)) => drop(claims.insert(name.to_owned(), value)),
            }
        }
        claims
    })
}

fn any_typ() -> impl Strategy<Value = Typ> {
    select(vec![Typ::Jwt, Typ::Jwt, Typ::Missing, Typ::AccessToken, Typ::Other])
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let modes = proptest::array::uniform12(select(vec![Mode::Off, Mode::Observe, Mode::Enforce]));
    modes.prop_map(|modes| {
        let pairs = Rule::ALL.into_iter().zip(modes);
        pairs.fold(Policy::STRICT, |policy, (rule, mode)| policy.with(rule, mode))
    })
}

/// The looser of the two modes of every rule.
fn looser(one: Policy, other: &Policy) -> Policy {
    let lower = |policy: Policy, rule| policy.with(rule, policy.mode(rule).min(other.mode(rule)));
    Rule::ALL.into_iter().fold(one, lower)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_a_policy_lets_in_a_looser_one_lets_in(
        claims in any_claims(), typ in any_typ(), one in any_policy(), other in any_policy(),
    ) {
        let claims = members(&claims);
        for tight in [one, Policy::STRICT] {
            if held(&claims, typ, tight).is_ok() {
                prop_assert!(held(&claims, typ, looser(tight, &other)).is_ok());
                for profile in profiles() {
                    let policy = looser(tight, &profile.policy);
                    prop_assert!(held(&claims, typ, policy).is_ok(), "{}", profile.name);
                }
            }
        }
    }

    #[test]
    fn to_observe_decides_as_off_does_and_counts_what_enforcing_would_deny(
        claims in any_claims(), typ in any_typ(), policy in any_policy(),
    ) {
        let claims = members(&claims);
        let unwatched = Rule::ALL.into_iter().fold(policy, |policy, rule| {
            let seen = policy.mode(rule) == Mode::Observe;
            if seen { policy.with(rule, Mode::Off) } else { policy }
        });
        match (held(&claims, typ, policy), held(&claims, typ, unwatched)) {
            (Ok(watched), Ok(unwatched)) => {
                prop_assert_eq!(&watched.grant, &unwatched.grant);
                prop_assert!(unwatched.broken.is_empty());
                for rule in Rule::ALL {
                    let is_watched = policy.mode(rule) == Mode::Observe;
                    let enforced = held(&claims, typ, policy.with(rule, Mode::Enforce));
                    let counted = watched.broken.contains(rule);
                    prop_assert_eq!(counted, is_watched && enforced.is_err(), "{}", rule);
                }
            }
            (Err(watched), Err(unwatched)) => prop_assert_eq!(watched, unwatched),
            (watched, unwatched) => panic!("{watched:?}, {unwatched:?}"),
        }
    }

    #[test]
    fn no_policy_lets_in_what_has_no_end_no_subject_or_is_of_another_kind(
        claims in any_claims(), typ in any_typ(),
    ) {
        if let Ok(checked) = held(&members(&claims), typ, off()) {
            let exp = claims.get("exp").and_then(Value::as_i64).expect("a number");
            prop_assert!(exp > NOW.seconds());
            let iat = claims.get("iat").and_then(Value::as_u64);
            prop_assert!(iat.is_none_or(|iat| i64::try_from(iat).is_ok_and(|iat| iat <= exp)));
            prop_assert_eq!(claims.get("sub"), Some(&json!("alice")));
            for name in ["token_type", "type"] {
                let fine = [None, Some("access"), Some("admin")];
                let said = claims.get(name).map(|value| value.as_str().unwrap_or("no text"));
                prop_assert!(fine.contains(&said));
            }
            prop_assert!(checked.broken.is_empty());
        }
    }

    #[test]
    fn the_policies_of_other_issuers_and_kinds_do_not_matter(
        claims in any_claims(), typ in any_typ(), one in any_policy(), other in any_policy(),
    ) {
        let claims = members(&claims);
        let (accepted, ours) = ([TokenType::Access, TokenType::Admin], ["audience".to_owned()]);
        for issuer in [None, IDP] {
            let answer = |policies: &Policies| {
                let rules = rules(issuer, &accepted, &ours);
                check(&claims, typ, &rules, policies, NOW).map(|checked| checked.broken)
            };
            let said = ["token_type", "type"].map(|name| claims.get(name));
            let readable = said.iter().flatten().all(|value| value.is_string());
            let said = said[0].or(said[1]).filter(|_| readable).and_then(Value::as_str);
            let kind = said.and_then(TokenType::parse).unwrap_or(TokenType::Access);
            let mut alone = Policies::default();
            alone.put(issuer, kind, one);
            let mut beside = alone.clone();
            beside.put(if issuer.is_none() { IDP } else { None }, kind, other);
            for different in TokenType::ALL.into_iter().filter(|different| *different != kind) {
                beside.put(issuer, different, other);
            }
            prop_assert_eq!(answer(&alone), answer(&beside));
        }
    }
}

#[test]
fn every_profile_is_as_loose_as_the_strict_one_or_looser() {
    for profile in profiles() {
        assert_eq!(Policy::STRICT.looser_than(&profile.policy).count(), 0, "{}", profile.name);
    }
}

/// One rule broken, and what enforcing it says.
const BREAKS: [(Rule, &str, &str, &str); 16] = [
    (Rule::Issuer, "iss", "null", "claim_missing:iss"),
    (Rule::Issuer, "iss", "\"other\"", "issuer"),
    (Rule::Audience, "aud", "null", "claim_missing:aud"),
    (Rule::Audience, "aud", "[\"other\"]", "audience"),
    (Rule::NotBefore, "nbf", "\"1\"", "claim_type:nbf"),
    (Rule::NotBefore, "nbf", "1790000100", "not_yet_valid"),
    (Rule::IssuedAt, "iat", "null", "claim_missing:iat"),
    (Rule::IssuedAt, "iat", "1790000100", "issued_in_future"),
    (Rule::Lifetime, "exp", "1790090000", "lifetime_too_long"),
    (Rule::TokenType, "token_type", "null", "claim_missing:token_type"),
    (Rule::TokenType, "type", "\"admin\"", "token_type"),
    (Rule::Environment, "env", "\"staging\"", "environment"),
    (Rule::ServiceId, "svc_id", "\"other\"", "environment"),
    (Rule::TokenId, "jti", "\"\"", "claim_empty:jti"),
    (Rule::Permissions, "permissions", "\"read\"", "claim_type:permissions"),
    (Rule::Permissions, "scope", "[]", "claim_type:scope"),
];

#[test]
fn each_rule_is_let_off_watched_and_enforced_by_itself() {
    for (rule, name, value, reason) in BREAKS {
        let mut claims = good();
        match serde_json::from_str(value).expect("JSON") {
            Value::Null => claims.remove(name),
            value => claims.insert(name.to_owned(), value),
        };
        let claims = members(&claims);
        let under = |mode| held(&claims, Typ::Jwt, Policy::STRICT.with(rule, mode));
        assert_eq!(under(Mode::Enforce).expect_err("denied").code(), reason, "{name}: {value}");
        assert!(under(Mode::Off).expect("allowed").broken.is_empty(), "{name}: {value}");
        let broken = under(Mode::Observe).expect("allowed").broken;
        assert_eq!(broken.iter().collect::<Vec<_>>(), [rule], "{name}: {value}");
    }
}

#[test]
fn the_type_in_the_header_is_policy_like_any_claim() {
    let claims = members(&good());
    let denied = Some(Reason::TypeHeader);
    assert_eq!(held(&claims, Typ::Other, Policy::STRICT).err(), denied);
    let lax = Policy::STRICT.with(Rule::TypeHeader, Mode::Off);
    assert!(held(&claims, Typ::Other, lax).is_ok());
    let by_rfc_9068 = Policy::STRICT.with(Rule::AccessTokenTyp, Mode::Enforce);
    assert_eq!(held(&claims, Typ::Jwt, by_rfc_9068).err(), denied);
    assert_eq!(held(&claims, Typ::Missing, by_rfc_9068).err(), denied);
    assert!(held(&claims, Typ::AccessToken, by_rfc_9068).is_ok());
}

#[test]
fn of_permissions_that_are_not_looked_at_what_can_be_read_is_granted() {
    let mut claims = good();
    claims.insert("permissions".into(), json!(["read", 7, "list"]));
    claims.insert("scope".into(), json!(7));
    let checked = held(&members(&claims), Typ::Jwt, off()).expect("allowed");
    assert_eq!(checked.grant.scopes, Some(Scopes::parse("list read")));
}

fn token_of(mint: &Mint, change: impl FnOnce(&mut Map<String, Value>)) -> Token {
    let now = NOW.seconds();
    let claims = json!({
        "exp": now + 600, "iat": now, "iss": mint.issuer, "aud": mint.audience, "sub": "alice",
        "jti": "1", "token_type": "access", "type": "access",
    });
    let mut claims = claims.as_object().expect("an object").clone();
    change(&mut claims);
    let claims = serde_json::to_vec(&claims).expect("JSON");
    mint.token(br#"{"alg":"HS256","typ":"JWT"}"#, &claims, crate::authority::Algorithm::Hs256)
}

fn watching(mint: &Mint, rule: Rule) -> Authority {
    let authority = Authority::in_memory(mint.settings()).expect("an authority");
    let mut policies = Policies::default();
    policies.put(None, TokenType::Access, Policy::STRICT.with(rule, Mode::Observe));
    authority.policies().store(Arc::new(policies));
    authority
}

#[tokio::test]
async fn what_would_be_denied_is_listed_by_client_until_it_is_forgotten() {
    let mint = Mint::seeded(3);
    let authority = watching(&mint, Rule::Audience);
    let by = |client: Option<Value>| {
        token_of(&mint, |claims| {
            claims.remove("aud");
            client.map(|client| claims.insert("client_id".into(), client));
        })
    };
    let long = format!("shop\n{}", "ä".repeat(200));
    for client in
        [Some(json!("shop")), Some(json!("shop")), Some(json!(7)), None, Some(json!(long))]
    {
        assert_eq!(reason(&authority, &by(client), NOW).await, None);
    }
    assert_eq!(reason(&authority, &token_of(&mint, |_| ()), NOW).await, None);
    let observed = authority.observed();
    let rows: Vec<_> = observed.rows.iter().map(|row| (row.client.as_str(), row.count)).collect();
    assert_eq!(rows[..2], [("-", 2), ("shop", 2)]);
    assert!(rows[2].0.starts_with("shop ää") && rows[2].0.len() <= 64, "{rows:?}");
    assert_eq!((observed.rows.len(), observed.other), (3, 0));
    let row = &observed.rows[0];
    assert_eq!((&row.issuer, row.kind, row.rule), (&None, TokenType::Access, Rule::Audience));
    assert_eq!((row.first_seen, row.last_seen), (NOW, NOW));
    let total = |authority: &Authority| {
        let mut totals = authority.observed_totals();
        totals.find(|(rule, _)| *rule == Rule::Audience).map(|(_, count)| count)
    };
    assert_eq!(total(&authority), Some(5));
    let mut audience = RuleSet::default();
    audience.insert(Rule::Audience);
    authority.forget_observed(IDP, TokenType::Access, audience);
    authority.forget_observed(None, TokenType::Service, audience);
    authority.forget_observed(None, TokenType::Access, RuleSet::default());
    assert_eq!(authority.observed().rows.len(), 3);
    authority.forget_observed(None, TokenType::Access, audience);
    assert!(authority.observed().rows.is_empty());
    assert_eq!(total(&authority), Some(5), "the metric only grows");
}

#[tokio::test]
async fn there_are_so_many_rows_and_what_finds_none_is_counted() {
    let mint = Mint::seeded(3);
    let authority = watching(&mint, Rule::TokenId);
    for number in 0..OBSERVED_MAX + 7 {
        let token = token_of(&mint, |claims| {
            claims.remove("jti");
            claims.insert("azp".into(), json!(format!("client-{number}")));
        });
        assert_eq!(reason(&authority, &token, NOW).await, None);
    }
    let observed = authority.observed();
    assert_eq!((observed.rows.len(), observed.other), (OBSERVED_MAX, 7));
}

#[tokio::test]
async fn what_is_denied_for_another_reason_is_not_listed() {
    let mint = Mint::seeded(3);
    let authority = watching(&mint, Rule::Audience);
    let token = token_of(&mint, |claims| drop(claims.remove("aud")));
    authority.revoke(&token, NOW).await.expect("revoked");
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::Revoked));
    let expired = token_of(&mint, |claims| {
        claims.remove("aud");
        claims.insert("exp".into(), json!(NOW.seconds()));
    });
    assert_eq!(reason(&authority, &expired, NOW).await, Some(Reason::Expired));
    assert!(authority.observed().rows.is_empty());
}

#[tokio::test]
async fn what_makes_a_token_a_token_is_not_switched_off() {
    let mint = Mint::seeded(3);
    let authority = Authority::in_memory(mint.settings()).expect("an authority");
    let mut policies = Policies::default();
    for kind in TokenType::ALL {
        policies.put(None, kind, off());
    }
    authority.policies().store(Arc::new(policies));
    let token = token_of(&mint, |_| ());
    assert_eq!(reason(&authority, &token, NOW).await, None);
    let claims = token.reveal().split('.').nth(1).expect("claims").to_owned();
    for (header, expected) in [
        (r#"{"alg":"none"}"#, Reason::Algorithm),
        (r#"{"alg":"HS256","crit":["exp"]}"#, Reason::CriticalHeader),
        (r#"{"alg":"HS256","cty":"JWT"}"#, Reason::TypeHeader),
        (r#"{"alg":"HS256","kid":"nobody's"}"#, Reason::KeyUnknown),
        (r#"{"alg":"HS256","alg":"HS256"}"#, Reason::DuplicateMember),
        (r#"{"alg":"HS256"}"#, Reason::Signature),
    ] {
        let head = encode_base64url(header.as_bytes());
        let forged = Token::new(&format!("{head}.{claims}.{}", encode_base64url(&[7; 32])));
        assert_eq!(reason(&authority, &forged, NOW).await, Some(expected), "{header}");
    }
}
