//! What the shipped profiles get wrong, over every kind of token: the table as it was found, and
//! what it must say whatever is found.
//!
//! `tests/data/verdicts.txt` is what this prints:
//!
//! ```text
//! crossfade profiles verdicts --matrix --all > tests/data/verdicts.txt
//! ```
//!
//! All other expectations here are written by hand, from what is known about the originals; none of
//! them gets right by printing the table anew.

#[path = "verdicts/command_line.rs"]
mod command_line;
#[path = "verdicts/table.rs"]
mod table;

use std::collections::BTreeSet;

use crossfade::authority::specimens::Mint;
use crossfade::authority::{Algorithm::Hs256, Authority};
use crossfade::domain::{
    AuthPath as _, ComponentId, Credentials, Decision, Question, Reason, RequestId, Timestamp,
};
use crossfade::legacy::ProfileSettings;
use table::{Kinds, all_kinds, development, kinds, printed, production};

const CATALOGUE: [&str; 12] = [
    "core-validate",
    "core-consume",
    "http-facade",
    "unverified-decode",
    "hardcoded-key",
    "library-default",
    "remote-delegate",
    "payload-delegate",
    "ws-strict",
    "ws-ladder",
    "ws-bypass",
    "format-or-nothing",
];

const LIBRARIES: [&str; 4] = ["pyjwt-2", "python-jose", "node-jsonwebtoken", "rust-jsonwebtoken"];

/// Forgeries, each around the claims of a good token.
const FORGERIES: &str = "\
    alg_none alg_none_capital alg_none_capitals alg_none_mixed alg_empty alg_none_signed \
    alg_missing alg_null alg_number alg_list alg_lower_case alg_hs384 alg_hs512 alg_ps256 \
    alg_swapped key_confusion key_confusion_der key_confusion_rs256 key_confusion_kid \
    key_confusion_eddsa wrong_secret known_secret known_secret_short empty_secret \
    wrong_key_rs256 wrong_key_es256 wrong_key_eddsa es256_zeros es256_short es256_der \
    eddsa_zeros payload_swapped header_swapped signature_flipped signature_truncated \
    signature_empty signature_doubled kid_dev_null jwk_embedded jku_embedded jku_inside \
    x5u_embedded x5c_embedded";

/// What the core validator lets in and must not, by the rule that it does not have.
const CORE_WRONGLY_ACCEPTS: [(&str, &str); 14] = [
    ("no cap on lifetimes", "lifetime_7d lifetime_10y exp_milliseconds exp_huge"),
    ("a quoted nbf is a number", "nbf_string"),
    (
        "a missing or empty audience is fine",
        "aud_missing aud_empty aud_list_empty aud_null aud_object",
    ),
    ("any service of the company will do", "aud_admin aud_services aud_backend"),
    ("any text is a subject", "sub_empty sub_blank sub_nul sub_line_break sub_4k sub_8k"),
    ("an empty token id is one", "jti_empty"),
    (
        "permissions may be anything",
        "permissions_string permissions_object permissions_null permissions_numbers scope_list",
    ),
    ("the claim type is not looked at", "type_conflict type_null"),
    (
        "env and svc_id are not looked at",
        "env_staging env_development env_empty env_number svc_id_other svc_id_number",
    ),
    ("any text is a key id", "kid_unknown kid_empty kid_path kid_sql"),
    (
        "crit, typ and cty are not looked at",
        "crit_unknown crit_empty crit_string crit_null crit_registered typ_jose typ_logout \
         typ_dpop typ_empty typ_number typ_null cty_jwt cty_number",
    ),
    ("the last of two members counts", "duplicate_kid duplicate_sub duplicate_exp duplicate_inner"),
    (
        "base64url is decoded leniently",
        "padding_signature padding_claims alphabet_standard unused_bits junk_signature \
         junk_claims zero_width",
    ),
    ("no limit on size and depth", "over_8k header_deep claims_deep"),
];

/// Where ssot may be looser than the core validator, and why that is right.
const CORE_WRONGLY_REFUSES: [(&str, &str); 3] = [
    (
        "the legacy system knows one shared secret; ssot has keys of its own besides",
        "fresh_rs256 fresh_es256 fresh_eddsa fresh_rs256_kid fresh_es256_kid fresh_eddsa_kid",
    ),
    ("RFC 7519 §4.1.3: an audience may be a list", "aud_list_one aud_list_last"),
    (
        "one of token_type, type and an RFC 9068 typ says what a token is",
        "type_only typ_at_jwt_only",
    ),
];

/// Good tokens whose issuer's clock is two seconds ahead: ssot lets them in, the core does not,
/// and so close to the boundary nothing follows from it.
const TWO_SECONDS_AHEAD: [&str; 2] = ["iat_future_2s", "nbf_future_2s"];

#[test]
fn the_table_is_the_one_that_was_checked_in() {
    let found = printed(&["profiles", "verdicts", "--matrix", "--all"]);
    let expected = include_str!("data/verdicts.txt");
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected, "see the top of this file");
    }
    assert_eq!(found, expected, "see the top of this file");
}

#[test]
fn the_counts_in_the_documentation_are_the_programs() {
    let text = printed(&["profiles", "verdicts", "--all", "--format", "markdown"]);
    let documented = include_str!("../docs/legacy-profiles.md");
    for row in text.lines().filter(|line| line.starts_with('|')) {
        assert!(documented.lines().any(|line| line == row), "{row}");
    }
}

#[test]
fn a_hundred_kinds_and_more_are_put_to_all_profiles_and_each_gets_one_verdict() {
    let table = production();
    let known: Kinds = crossfade::authority::specimens::kinds().map(str::to_owned).collect();
    assert_eq!(table.kinds(), known);
    assert!(known.len() >= 100);
    let names: BTreeSet<&str> = CATALOGUE.iter().chain(&LIBRARIES).copied().collect();
    assert_eq!(table.counts.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
    for (profile, counts) in &table.counts {
        let counts = counts.as_object().expect("counts").values();
        let sum: u64 = counts.map(|count| count.as_u64().expect("a count")).sum();
        assert_eq!(usize::try_from(sum), Ok(known.len()), "{profile}");
    }
}

#[test]
fn every_verdict_goes_the_way_its_answers_go() {
    for table in [production(), development()] {
        for (profile, rows) in &table.differences {
            for (kind, row) in rows {
                let allow = (&row["legacy"]["allow"], &row["ssot"]["allow"]);
                let way = match row["verdict"].as_str().expect("a verdict") {
                    "looser" => (false, true),
                    "stricter" => (true, false),
                    "subject_differs" | "scopes_differ" | "claims_differ" => (true, true),
                    "reason_differs" => (false, false),
                    "inconclusive" => continue,
                    other => panic!("{other}"),
                };
                assert_eq!((allow.0 == true, allow.1 == true), way, "{profile}: {kind}");
            }
        }
    }
}

#[test]
fn payload_delegate_lets_nobody_in() {
    for table in [production(), development()] {
        assert_eq!(table.accepted("payload-delegate"), Kinds::new());
    }
}

#[test]
fn format_or_nothing_lets_everybody_in() {
    for table in [production(), development()] {
        assert_eq!(table.accepted("format-or-nothing"), table.kinds());
    }
}

#[test]
fn unverified_decode_lets_every_forgery_in_whose_claims_are_good() {
    let accepted = production().wrongly_accepted("unverified-decode");
    assert_eq!(&kinds(FORGERIES) - &accepted, Kinds::new());
    // It looks at an end and an e-mail address, and believes both.
    for kind in ["exp_missing", "expired_1s", "iat_future_1h", "email_missing"] {
        assert!(!production().accepted("unverified-decode").contains(kind), "{kind}");
    }
}

#[test]
fn nothing_that_verifies_signatures_lets_a_forgery_in() {
    for (table, verifying) in [
        (production(), &["ws-ladder"][..]),
        // Outside production the ladder lets everybody in before it looks.
        (development(), &[]),
    ] {
        let core = CATALOGUE
            .iter()
            .filter(|name| !["unverified-decode", "format-or-nothing", "ws-ladder"].contains(name));
        for profile in core.chain(verifying) {
            let accepted = &table.accepted(profile) & &kinds(FORGERIES);
            assert_eq!(accepted, Kinds::new(), "{profile}");
        }
    }
    // Made with the right secret, under algorithms that a library allows unless told otherwise.
    for profile in LIBRARIES {
        let accepted = &production().accepted(profile) & &kinds(FORGERIES);
        assert_eq!(accepted, kinds("alg_hs384 alg_hs512"), "{profile}");
    }
}

#[test]
fn hardcoded_key_lets_no_kind_in_and_only_the_known_secret_gets_past_its_signature() {
    let table = production();
    assert_eq!(table.accepted("hardcoded-key"), Kinds::new());
    // The forgery carries an audience, and any audience is refused: that comes after signatures.
    let reason = |kind: &str| table.differences["hardcoded-key"][kind]["legacy"]["reason"].clone();
    assert_eq!(reason("known_secret"), "audience");
    // Honest tokens do not get as far.
    for kind in table.honest() {
        let denied = reason(&kind);
        assert!(denied == "signature" || denied == "algorithm", "{kind}: {denied}");
    }
}

#[tokio::test]
async fn hardcoded_key_lets_a_forgery_in_that_has_no_audience() {
    crossfade::authority::install_crypto();
    let mint = Mint::seeded(1);
    let honest = Authority::in_memory(mint.settings()).expect("an authority");
    let forger = Mint::seeded(2).with_secret(b"test-secret-key");
    let token = forger.token(br#"{"alg":"HS256"}"#, br#"{"sub":"admin"}"#, Hs256);
    let component = ComponentId::parse("http-auth").expect("an id");
    let asked_at = Timestamp::from_seconds(1_790_000_000);
    let credentials = Credentials::Token(token);
    let question = Question::new(RequestId::new(1, 1), component, asked_at, credentials);
    let path = ProfileSettings::of("hardcoded-key", Vec::new()).build().expect("a path");
    assert!(path.answer(&question).expect("an answer").is_allow());
    let ssot = honest.decide(&question).await.expect("an answer");
    assert_eq!(ssot, Decision::deny(Reason::Signature));
}

#[test]
fn library_default_lets_nobody_in_who_has_an_audience() {
    let table = production();
    let without = kinds("aud_missing aud_null aud_empty aud_list_empty aud_object claims_empty");
    assert_eq!(table.accepted("library-default"), without);
}

#[test]
fn core_validate_lets_in_what_it_has_no_rule_for_and_nothing_else() {
    let expected = all_kinds(&CORE_WRONGLY_ACCEPTS);
    assert_eq!(production().wrongly_accepted("core-validate"), expected);
    assert_eq!(production().of_verdict("core-validate", "stricter"), expected);
}

#[test]
fn core_validate_refuses_good_tokens_for_three_reasons_and_for_clocks() {
    let table = production();
    let looser = all_kinds(&CORE_WRONGLY_REFUSES);
    assert_eq!(table.of_verdict("core-validate", "looser"), looser);
    let ahead: Kinds = TWO_SECONDS_AHEAD.map(str::to_owned).into();
    assert_eq!(table.wrongly_refused("core-validate"), &looser | &ahead);
    assert_eq!(table.of_verdict("core-validate", "inconclusive"), ahead);
    // Both sides refuse a key id that is no text, and what comes from far ahead or long ago.
    for kind in ["kid_integer", "iat_future_30s", "nbf_future_30s", "expired_1s", "age_25h"] {
        assert!(!table.accepted("core-validate").contains(kind), "{kind}");
    }
}

#[test]
fn core_consume_reads_a_quoted_exp_and_knows_one_audience_more() {
    let expected = &all_kinds(&CORE_WRONGLY_ACCEPTS) | &kinds("exp_string aud_auth");
    assert_eq!(production().wrongly_accepted("core-consume"), expected);
    assert_eq!(
        production().wrongly_refused("core-consume"),
        production().wrongly_refused("core-validate")
    );
}

#[test]
fn http_facade_answers_as_its_core_does() {
    let accepted = |profile| production().accepted(profile);
    assert_eq!(accepted("http-facade"), accepted("core-validate"));
}

#[test]
fn outside_production_the_core_knows_the_audiences_of_development() {
    let more = |profile| &development().accepted(profile) - &production().accepted(profile);
    for profile in ["core-validate", "http-facade"] {
        assert_eq!(more(profile), kinds("aud_auth aud_test aud_localhost"));
    }
    assert_eq!(more("core-consume"), kinds("aud_test aud_localhost"));
}

#[test]
fn remote_delegate_looks_at_one_header_and_nowhere_else() {
    let more = kinds("bearer_twice_different bearer_alice_protocol_bob bearer_good_protocol_bad");
    let table = production();
    let core = table.wrongly_accepted("core-validate");
    assert_eq!(table.wrongly_accepted("remote-delegate"), &core | &more);
    let core = table.wrongly_refused("core-validate");
    assert_eq!(table.wrongly_refused("remote-delegate"), &core | &kinds("protocol_base64url"));
}

#[test]
fn ws_strict_reads_any_spelling_of_its_subprotocols_and_one_spelling_of_bearer() {
    let table = production();
    let more = kinds(
        "protocol_raw protocol_padded protocol_bearer_raw protocol_bearer \
         protocol_jwt_auth_prefix bearer_twice_different bearer_alice_protocol_bob \
         bearer_good_protocol_bad",
    );
    let fewer = kinds("bearer_lower_case bearer_upper_case");
    // In production the bypass does not exist.
    for profile in ["ws-strict", "ws-bypass"] {
        let core = table.wrongly_accepted("core-validate");
        assert_eq!(table.wrongly_accepted(profile), &core | &more, "{profile}");
        let core = table.wrongly_refused("core-validate");
        assert_eq!(table.wrongly_refused(profile), &core | &fewer, "{profile}");
    }
}

#[test]
fn ws_ladder_lets_nobody_in_in_production_and_everybody_as_one_user_elsewhere() {
    assert_eq!(production().accepted("ws-ladder"), Kinds::new());
    let table = development();
    assert_eq!(table.accepted("ws-ladder"), table.kinds());
    assert_eq!(table.of_verdict("ws-ladder", "subject_differs"), table.honest());
    for row in table.differences["ws-ladder"].values() {
        assert_eq!(row["legacy"]["subject"], "demo-user-001");
    }
}

#[test]
fn ws_bypass_believes_a_forgery_beside_a_header_with_test_in_its_name() {
    let (bypass, strict) =
        (development().accepted("ws-bypass"), development().accepted("ws-strict"));
    assert_eq!(&bypass - &strict, kinds("test_mode_forged latest_version_forged"));
    assert_eq!(&strict - &bypass, Kinds::new());
    let row = &development().differences["ws-bypass"]["latest_version_forged"];
    assert_eq!(row["legacy"]["subject"], "admin");
    let widened = development().of_verdict("ws-bypass", "scopes_differ");
    assert!(widened.contains("test_mode_good"), "{widened:?}");
}

#[test]
fn libraries_at_their_defaults_disagree_where_their_sources_say() {
    // In the order of LIBRARIES: whether each lets the kind in.
    let rows = [
        ("expired_now", [false, true, false, true]),
        ("expired_30s", [false, false, false, true]),
        ("expired_90s", [false, false, false, false]),
        ("nbf_future_1h", [false, false, false, true]),
        ("exp_missing", [true, true, true, false]),
        ("iss_missing", [false, false, false, true]),
        ("aud_missing", [false, true, false, true]),
        ("iss_list", [false, false, false, true]),
        ("iat_future_1h", [false, true, true, true]),
        ("exp_string", [true, true, false, false]),
        ("crit_unknown", [false, true, true, true]),
        ("sub_number", [false, false, true, true]),
        ("jti_number", [false, false, true, true]),
    ];
    for (kind, expected) in rows {
        let accepts = |profile: &str| production().accepted(profile).contains(kind);
        assert_eq!(LIBRARIES.map(accepts), expected, "{kind}");
    }
}

#[test]
fn ssot_is_looser_for_named_kinds_only() {
    let keys = CORE_WRONGLY_REFUSES[0].1;
    let core = all_kinds(&CORE_WRONGLY_REFUSES);
    for table in [production(), development()] {
        let looser = |profile: &str| table.of_verdict(profile, "looser");
        for profile in ["core-validate", "core-consume", "http-facade"] {
            assert_eq!(looser(profile), core, "{profile}");
        }
        // A token in a subprotocol is not in the one header that it looks at.
        assert_eq!(looser("remote-delegate"), &core | &kinds("protocol_base64url"));
        // RFC 9110 §11.1: a scheme may be written in any case.
        let cased = &core | &kinds("bearer_lower_case bearer_upper_case");
        assert_eq!(looser("ws-strict"), cased);
        assert_eq!(looser("ws-bypass"), cased);
        // Not every user has an e-mail address.
        assert_eq!(looser("unverified-decode"), kinds("email_missing"));
        assert_eq!(looser("format-or-nothing"), Kinds::new());
        for profile in LIBRARIES {
            assert_eq!(looser(profile), kinds(keys), "{profile}");
        }
    }
    // These refuse every good token; close to a boundary that says nothing.
    for profile in ["hardcoded-key", "library-default", "payload-delegate", "ws-ladder"] {
        let table = production();
        assert_eq!(table.wrongly_refused(profile), table.honest(), "{profile}");
        let named =
            &table.of_verdict(profile, "looser") | &table.of_verdict(profile, "inconclusive");
        assert_eq!(named, table.honest(), "{profile}");
    }
}
