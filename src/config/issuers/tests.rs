//! Issuers as they are read, and their subjects as slots see them.

use std::collections::{HashMap, HashSet};

use futures_util::FutureExt as _;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::authority::specimens::Mint;
use crate::authority::{Authority, KeySource, Settings};
use crate::domain::{
    AuthPath as _, ComponentId, Credentials, Decision, Question, RequestId, Slot, Timestamp,
};
use crate::flags::{Issuers, Salt};

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);
const SALT: Salt = Salt::new([7; 32]);

fn read(text: &str) -> (Vec<IssuerSettings>, Vec<String>) {
    let mut faults = Faults::default();
    let settings = issuers(Section::root(toml::from_str(text).expect("TOML")), &mut faults);
    (settings, faults.into_list().iter().map(ToString::to_string).collect())
}

#[test]
fn an_issuer_is_read_with_its_defaults() {
    let (settings, faults) = read(
        r#"[corp]
        issuer = "https://corp.example"
        jwks_url = "https://corp.example/keys"
        audiences = ["crossfade"]"#,
    );
    assert!(faults.is_empty(), "{faults:?}");
    let [corp] = &settings[..] else { panic!("one issuer") };
    assert_eq!((corp.name.as_str(), corp.subject_claim), ("corp", "sub"));
    assert_eq!(corp.algorithms, [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa]);
    assert_eq!(corp.default_type, Some(TokenType::Access));
    assert!(!corp.same_subjects);
}

#[test]
fn every_setting_of_an_issuer_is_read() {
    let (settings, faults) = read(
        r#"[corp]
        issuer = "https://corp.example"
        jwks_url = "http://127.0.0.1:8080/keys"
        audiences = ["a", "b"]
        algorithms = ["ES256"]
        claims = { subject = "oid", permissions = "roles" }
        accepted_types = ["access", "service"]
        default_type = "none"
        lifetime_max_s = 3600
        stale_max_s = 7200
        same_subjects = true"#,
    );
    assert!(faults.is_empty(), "{faults:?}");
    let corp = &settings[0];
    assert_eq!((corp.subject_claim, corp.permissions_claim), ("oid", "roles"));
    assert_eq!(corp.accepted_types, [TokenType::Access, TokenType::Service]);
    assert_eq!((corp.default_type, corp.same_subjects), (None, true));
    assert_eq!((corp.lifetime_max_s, corp.stale_max_s), (3_600, 7_200));
}

#[test]
fn every_fault_of_an_issuer_is_told_at_once() {
    let (settings, faults) = read(
        r#"[corp]
        jwks_url = "/keys"
        algorithms = ["RS256", "HS256"]
        claims = { subject = "nonce", permissions = "aud", email = "mail" }
        accepted_types = ["cookie"]
        default_type = "cookie"
        lifetime_max_s = 0
        stale_max_s = 1
        same_subject = true"#,
    );
    assert!(settings.is_empty());
    let faults = faults.join("\n");
    for part in [
        "corp.issuer: is missing",
        "corp.jwks_url: ",
        "corp.audiences: is missing",
        "corp.algorithms: is a list of RS256",
        "corp.claims.subject: is one of sub, oid",
        "corp.claims.permissions: is one of permissions, scp",
        "corp.claims.email: is not a setting",
        "corp.accepted_types: is a list of access",
        "corp.default_type: is none, access",
        "corp.lifetime_max_s: is 1 to",
        "corp.stale_max_s: is 60 to",
        "corp.same_subject: is not a setting",
    ] {
        assert!(faults.contains(part), "{part} in {faults}");
    }
}

/// One foreign issuer in both rooms.
struct Both {
    authority: Authority,
    issuers: Issuers,
    mint: Mint,
}

impl Both {
    fn trusting(settings: &[IssuerSettings]) -> Self {
        let mint = Mint::seeded(3);
        // Made for this test and used nowhere else.
        let bytes = b"q8Zt3vK1yP6mWc0RbXn7LhJd2sGf9uAe".to_vec();
        let keys = vec![KeySource::Secret { id: "own".into(), bytes }];
        let issuers = settings.to_vec();
        let own = Settings { keys, issuers, ..Settings::new("issuer", "audience") };
        let issuers = Issuers {
            own: HashSet::from([own.issuer.clone()]),
            foreign: for_slots(settings).collect::<HashMap<_, _>>(),
        };
        let authority = Authority::in_memory(own).expect("an authority");
        for each in settings {
            authority.hold_keys(&each.name, &mint.key_set(), NOW);
        }
        Self { authority, issuers, mint }
    }

    /// The subject that is granted to a token with these claims, and the token's slot.
    fn subject_and_slot(&self, iss: &str, claim: &str, subject: &str) -> (String, Option<Slot>) {
        let seconds = NOW.seconds();
        let mut claims = json!({ "iss": iss, "aud": "crossfade", "sub": "of-sub", "jti": "a",
            "iat": seconds, "exp": seconds + 300, "email_verified": true });
        claims[claim] = json!(subject);
        let header = json!({ "alg": "EdDSA", "kid": Mint::key_id(Algorithm::EdDsa) }).to_string();
        let claims = claims.to_string();
        let token = self.mint.token(header.as_bytes(), claims.as_bytes(), Algorithm::EdDsa);
        let component = ComponentId::parse("http-auth").expect("an id");
        let credentials = Credentials::Token(token);
        let question = Question::new(RequestId::new(1, 1), component, NOW, credentials);
        let slot = SALT.slot(question.presented(), &self.issuers);
        match self.authority.decide(&question).now_or_never().expect("at once").expect("decided") {
            Decision::Allow(grant) => (grant.subject.expect("a subject").as_str().to_owned(), slot),
            Decision::Deny(denial) => panic!("denied: {}", denial.reason.code()),
        }
    }
}

fn issuer(name: &str, claim: usize, same_subjects: bool) -> IssuerSettings {
    let url = Url::configured("https://keys.example").expect("a url");
    let subject_claim = SUBJECT_CLAIMS[claim % SUBJECT_CLAIMS.len()];
    let settings = IssuerSettings::new(name, &format!("https://{name}"), url, "crossfade");
    IssuerSettings { subject_claim, same_subjects, ..settings }
}

proptest! {
    #[test]
    fn a_token_has_the_slot_of_the_subject_that_it_is_granted(
        subject in "[a-z0-9@.|-]{1,24}",
        claims in (0usize..11, 0usize..11),
        same in (any::<bool>(), any::<bool>()),
    ) {
        let settings = [issuer("a", claims.0, same.0), issuer("b", claims.1, same.1)];
        // A bare subject must not begin like an issuer's: that is refused.
        prop_assume!(!subject.starts_with("a|") && !subject.starts_with("b|"));
        let both = Both::trusting(&settings);
        let seen: Vec<_> = settings
            .iter()
            .map(|each| both.subject_and_slot(&each.issuer, each.subject_claim, &subject))
            .collect();
        for ((granted, slot), each) in seen.iter().zip(&settings) {
            let (expected, whose) = if each.same_subjects {
                (subject.clone(), SALT.own_slot(&subject))
            } else {
                (format!("{}|{subject}", each.name), SALT.foreign_slot(&each.issuer, &subject))
            };
            prop_assert_eq!(granted, &expected);
            prop_assert_eq!(*slot, Some(whose));
        }
        // Two people are one only where both are said to be ours.
        let one_person = seen[0].0 == seen[1].0;
        prop_assert_eq!(one_person, same.0 && same.1);
        prop_assert!(!one_person || seen[0].1 == seen[1].1);
    }
}
