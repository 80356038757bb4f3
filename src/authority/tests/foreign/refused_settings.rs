//! Issuers that are refused at the start.

use super::*;

fn refusal(issuers: Vec<IssuerSettings>) -> String {
    let built = Authority::in_memory(Settings { issuers, ..settings() });
    built.and_then(|authority| authority.reaching(&outbound())).expect_err("refused").to_string()
}

fn changed(change: impl FnOnce(&mut IssuerSettings)) -> String {
    let mut settings = issuer("corp", "https://127.0.0.1/keys");
    change(&mut settings);
    refusal(vec![settings])
}

#[test]
fn two_issuers_of_one_name_or_of_ours_do_not_start() {
    let one = issuer("one", "https://127.0.0.1/keys");
    let same = IssuerSettings { name: "two".into(), ..one.clone() };
    let why = refusal(vec![one.clone(), same]);
    assert_eq!(why, r#"issuer "two": issuer: belongs to another issuer already"#);
    let twice = IssuerSettings { issuer: "https://other.example".into(), ..one.clone() };
    assert!(refusal(vec![one, twice]).contains("its name belongs to another"));
    let why = changed(|settings| settings.issuer = "issuer".into());
    assert_eq!(why, r#"issuer "corp": issuer: is our own, whose keys are not fetched"#);
    let many = (0..33).map(|n| issuer(&format!("i{n}"), "https://127.0.0.1/keys")).collect();
    assert!(refusal(many).contains("at most 32"));
}

#[test]
fn keys_come_over_https_or_from_this_machine() {
    let with = |url: &str| {
        let issuers = vec![issuer("corp", url)];
        Authority::in_memory(Settings { issuers, ..settings() }).map(|_| ())
    };
    for url in ["http://corp.example/keys", "http://10.0.0.1/keys", "http://localhost.example/k"] {
        let why = with(url).expect_err("refused").to_string();
        assert!(why.contains("jwks_url: is https"), "{url}: {why}");
    }
    for url in [
        "https://corp.example/keys",
        "http://127.0.0.1:1/k",
        "http://[::1]/k",
        "http://localhost/k",
    ] {
        assert!(with(url).is_ok(), "{url}");
    }
}

#[test]
fn keys_at_a_host_that_may_not_be_called_do_not_start() {
    let why = refusal(vec![issuer("corp", "https://169.254.169.254/keys")]);
    assert!(why.starts_with(r#"issuer "corp": its keys cannot be fetched: "#), "{why}");
}

#[test]
fn each_impossible_setting_is_named() {
    assert!(changed(|it| it.name = "A|b".into()).contains("name"));
    assert!(changed(|it| it.issuer = String::new()).contains("issuer:"));
    assert!(changed(|it| it.audiences = Vec::new()).contains("audiences:"));
    assert!(changed(|it| it.algorithms = Vec::new()).contains("algorithms:"));
    assert!(changed(|it| it.algorithms.push(Algorithm::Hs256)).contains("algorithms:"));
    assert!(changed(|it| it.subject_claim = "nonce").contains("claims.subject:"));
    assert!(changed(|it| it.permissions_claim = "aud").contains("claims.permissions:"));
    assert!(changed(|it| it.accepted_types = Vec::new()).contains("accepted_types:"));
    let service = crate::domain::TokenType::Service;
    assert!(changed(|it| it.default_type = Some(service)).contains("default_type:"));
    assert!(changed(|it| it.lifetime_max_s = 0).contains("lifetime_max_s:"));
    assert!(changed(|it| it.stale_max_s = 0).contains("stale_max_s:"));
}
