//! The ready-made policies beside the libraries that they follow, over every kind of token: where
//! the two answer differently, a case that cannot be matched says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossfade::authority::specimens::{Mint, corpus};
use crossfade::authority::{Authority, Direction, Profile, profile, profiles};
use crossfade::domain::{
    AuthPath as _, ComponentId, Decision, Policies, Question, RequestId, Timestamp, TokenType,
};
use crossfade::legacy::profile::{Algorithm, Key};
use crossfade::legacy::{ProfileSettings, Secret};

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_250_000);

/// By kind of token: who is the stricter one.
type Differences = BTreeMap<&'static str, Direction>;

/// Where the authority under a policy and a modelled library let in different tokens.
async fn differences(policy: &str, library: &str) -> Differences {
    let mint = Mint::seeded(1);
    let authority = Authority::in_memory(mint.settings()).expect("an authority");
    let mut policies = Policies::default();
    for kind in TokenType::ALL {
        policies.put(None, kind, profile(policy).expect("a profile").policy);
    }
    authority.policies().store(Arc::new(policies));
    let secret = Secret::new(mint.secret());
    let key = Key::read("shared", Algorithm::HS256, &secret).expect("a key");
    let mut settings = ProfileSettings::of(library, vec![key]);
    settings.issuer = Some(mint.issuer.clone());
    settings.audiences = Some(vec![mint.audience.clone()]);
    let library = settings.build().expect("a library");
    let component = ComponentId::parse("http-auth").expect("an id");
    let mut differences = Differences::new();
    for specimen in corpus(&mint, NOW) {
        let id = RequestId::new(1, 1);
        let question = Question::new(id, component.clone(), NOW, specimen.credentials);
        let ssot = authority.decide(&question).await.expect("an answer");
        let legacy = library.another_instance().answer(&question).expect("an answer");
        match (ssot, legacy) {
            (Decision::Allow(_), Decision::Deny(_)) => {
                differences.insert(specimen.kind, Direction::Looser);
            }
            (Decision::Deny(_), Decision::Allow(_)) => {
                differences.insert(specimen.kind, Direction::Stricter);
            }
            (Decision::Allow(_), Decision::Allow(_)) | (Decision::Deny(_), Decision::Deny(_)) => {}
        }
    }
    differences
}

/// Which kinds of the corpus are cases of what.
const CASES: &[(&str, &str)] = &[
    ("no `exp`", "exp_missing"),
    ("`exp` after the year 5138", "exp_huge exp_milliseconds"),
    (
        "no `sub`, or one that is empty, over-long or has control characters",
        "sub_4k sub_8k sub_blank sub_empty sub_line_break sub_missing sub_nul",
    ),
    (
        "`sub` that is empty, over-long or has control characters",
        "sub_4k sub_8k sub_blank sub_empty sub_line_break sub_nul",
    ),
    (
        "`token_type` or `type` says refresh, id or any kind that is not let in here",
        "token_type_number type_admin type_conflict type_conflict_reversed type_empty type_id \
         type_null type_refresh type_service type_unknown type_upper_case",
    ),
    ("`type` says another kind than `token_type`", "type_conflict type_null"),
    (
        "a member of header or claims twice",
        "duplicate_exp duplicate_inner duplicate_kid duplicate_sub",
    ),
    ("`kid` of a key that is not ours", "kid_empty kid_path kid_sql kid_unknown"),
    ("`kid` that is no text", "kid_integer kid_list kid_null"),
    ("a nested token (`cty: JWT`), or `cty` that is no text", "cty_jwt cty_number"),
    ("over 8 KiB, or JSON nested over the limit", "claims_deep header_deep over_8k"),
    ("HS384, HS512, RS384, RS512, ES384, PS384, PS512", "alg_hs384 alg_hs512"),
    // A library knows of no revocations, and the corpus holds none.
    ("revoked", ""),
    ("`nbf` ahead by no more than the skew tolerance", "nbf_future_2s"),
    ("`iat` or `nbf` ahead by no more than the skew tolerance", "iat_future_2s nbf_future_2s"),
    ("a quoted `exp`", "exp_string"),
    ("a quoted `nbf` that has come", "nbf_string"),
    // Within a second of an end, and no kind stands there.
    ("`exp` or `nbf` with a fraction", ""),
    ("`jti` that is no text", "jti_null jti_number"),
    ("no `jti`, or one that is no text", "jti_missing jti_null jti_number"),
    ("`iat` that is no number", "iat_null"),
    ("segments padded with `=`", "padding_claims padding_signature"),
    ("`iat` ahead", "iat_future_1h iat_future_2s iat_future_30s"),
    (
        "base64url with padding, foreign characters or unused bits set",
        "alphabet_standard junk_claims junk_signature padding_claims padding_signature \
         unused_bits zero_width",
    ),
    (
        "`crit` or `b64` in the header",
        "b64_false b64_uncritical crit_empty crit_null crit_registered crit_string crit_unknown",
    ),
    ("`crit` in the header", "crit_empty crit_null crit_registered crit_string crit_unknown"),
    ("the second in which `exp` is reached", "expired_now"),
    ("`exp` before `iat`, not yet past", "exp_before_iat"),
    (
        "`aud` that names somebody else, or is no text",
        "aud_admin aud_auth aud_backend aud_empty aud_list_empty aud_list_number aud_list_other \
         aud_localhost aud_null aud_number aud_object aud_other aud_services aud_test",
    ),
    (
        "`aud` that names somebody else, or is a list",
        "aud_admin aud_auth aud_backend aud_list_last aud_list_number aud_list_one \
         aud_list_other aud_localhost aud_number aud_other aud_services aud_test",
    ),
    ("`sub` that is no text", "sub_list sub_null sub_number"),
    ("a list in `aud` that names us beside what is no text", "aud_list_number"),
    ("`type` or `typ` says access, no `token_type`", "typ_at_jwt_only type_only"),
    ("issued more than a day ago", "age_25h"),
];

/// The modelled libraries are given one shared secret, the authority has more keys.
fn is_under_another_key(kind: &str) -> bool {
    kind.starts_with("fresh_") && !kind.starts_with("fresh_hs256")
}

#[tokio::test]
async fn where_a_profile_and_its_library_differ_a_case_says_so_and_every_case_is_true() {
    let mut faults = Vec::new();
    for (policy, library) in [
        ("pyjwt-2", "pyjwt-2"),
        ("python-jose", "python-jose"),
        ("node-jsonwebtoken", "node-jsonwebtoken"),
        ("netra-core", "core-validate"),
    ] {
        let mut found = differences(policy, library).await;
        found.retain(|kind, _| !is_under_another_key(kind));
        let mut told = Differences::new();
        for case in profile(policy).expect("a profile").unmatched() {
            let known = CASES.iter().find(|(name, _)| *name == case.case);
            let Some((_, kinds)) = known else {
                faults.push(format!("{policy}: no kinds are named for {:?}", case.case));
                continue;
            };
            told.extend(kinds.split_whitespace().map(|kind| (kind, case.direction)));
        }
        for kind in found.keys().chain(told.keys()) {
            if found.get(kind) != told.get(kind) {
                let (found, told) = (found.get(kind), told.get(kind));
                faults.push(format!("{policy}: {kind} is {found:?}, told is {told:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_case_of_the_list_is_a_case_of_some_profile() {
    for (name, _) in CASES {
        let is_told = |profile: &Profile| profile.unmatched().any(|case| case.case == *name);
        assert!(profiles().iter().any(is_told), "{name}");
    }
}

/// What the program prints.
fn printed(arguments: &[&str]) -> String {
    let program = env!("CARGO_BIN_EXE_crossfade");
    let output = std::process::Command::new(program).args(arguments).output();
    let output = output.expect("the program runs");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn what_cannot_be_matched_is_told_without_a_service() {
    let text = printed(&["policy", "diff", "python-jose"]);
    let row =
        |line: &&str| line.split_whitespace().eq(["audience", "enforce", "observe", "looser"]);
    assert!(text.lines().any(|line| row(&line)), "{text}");
    let diff = printed(&["policy", "diff", "python-jose", "--json"]);
    let diff: serde_json::Value = serde_json::from_str(&diff).expect("JSON");
    let cases = diff["unmatched"].as_array().expect("cases");
    assert_eq!(cases.len(), profile("python-jose").expect("a profile").unmatched().count());
    for case in cases {
        assert!(text.contains(case["case"].as_str().expect("a case")), "{case}");
        assert!(text.contains(case["why"].as_str().expect("a reason")), "{case}");
    }
    let list = printed(&["policy", "profiles"]);
    assert!(profiles().iter().all(|profile| list.contains(profile.name)), "{list}");
}
