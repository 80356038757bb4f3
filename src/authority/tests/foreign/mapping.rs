//! Who a foreign token's bearer is here, and what he may do.

use super::*;

async fn with(change: impl FnOnce(&mut IssuerSettings)) -> (Provider, Signer, Authority) {
    let signer = signer(Algorithm::EdDsa);
    let provider = Provider::with(&[jwk("one", &signer)]).await;
    let mut settings = provider.settings("corp");
    change(&mut settings);
    let other = issuer("auth0", "http://127.0.0.1:9/keys");
    (provider, signer, trusting(vec![settings, other]))
}

fn subject(grant: &Grant) -> &str {
    grant.subject.as_ref().map_or("", |subject| subject.as_str())
}

#[tokio::test]
async fn a_subject_carries_its_issuers_name() {
    let (_provider, signer, authority) = corp().await;
    let grant = granted(&authority, &token_with("corp", &signer, &json!({ "sub": "a|b" }))).await;
    assert_eq!(subject(&grant), "corp|a|b");
}

#[tokio::test]
async fn another_claim_names_the_subject_where_it_is_said_to() {
    let (_provider, signer, authority) = with(|settings| settings.subject_claim = "oid").await;
    let grant = granted(&authority, &token_with("corp", &signer, &json!({ "oid": "7" }))).await;
    assert_eq!(subject(&grant), "corp|7");
    let without = token("corp", "one", &signer, NOW);
    assert_eq!(verdict(&authority, &without, NOW).await, "claim_missing:oid");
}

#[tokio::test]
async fn the_same_subjects_are_the_bare_claim_but_never_another_issuers() {
    let (_provider, signer, authority) = with(|settings| settings.same_subjects = true).await;
    let grant = granted(&authority, &token("corp", "one", &signer, NOW)).await;
    assert_eq!(subject(&grant), "1");
    for (name, reason) in [("auth0|1", "claim_type:sub"), ("auth0", "allowed"), ("x|1", "allowed")]
    {
        let text = token_with("corp", &signer, &json!({ "sub": name }));
        assert_eq!(verdict(&authority, &text, NOW).await, reason, "{name}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_confirmed_names_nobody() {
    let (_provider, signer, authority) = with(|settings| settings.subject_claim = "email").await;
    for (confirmed, reason) in [
        (json!({ "email": "a@b.example", "email_verified": true }), "allowed"),
        (json!({ "email": "a@b.example" }), "claim_type:email_verified"),
        (json!({ "email": "a@b.example", "email_verified": false }), "claim_type:email_verified"),
        (json!({ "email": "a@b.example", "email_verified": "true" }), "claim_type:email_verified"),
    ] {
        let text = token_with("corp", &signer, &confirmed);
        assert_eq!(verdict(&authority, &text, NOW).await, reason, "{confirmed}");
    }
}

#[tokio::test]
async fn permissions_are_in_the_claim_that_is_said_and_in_scope() {
    let names = async |claim: &'static str, value: Value| {
        let (_provider, signer, authority) =
            with(|settings| settings.permissions_claim = claim).await;
        let text = token_with("corp", &signer, &json!({ claim: value, "scope": "read" }));
        match ask(&authority, &text, NOW).await.expect("an answer") {
            Decision::Allow(grant) => grant.scopes.expect("scopes").to_string(),
            Decision::Deny(denial) => denial.reason.code().into_owned(),
        }
    };
    assert_eq!(names("roles", json!(["write"])).await, "read write");
    assert_eq!(names("scp", json!(["write"])).await, "read write");
    assert_eq!(names("scp", json!("write files")).await, "files read write");
    assert_eq!(names("roles", json!("write")).await, "claim_type:roles");
    assert_eq!(names("groups", json!([1])).await, "claim_type:groups");
}

#[tokio::test]
async fn a_token_must_say_its_kind_where_it_is_told_to() {
    let (_provider, signer, authority) = with(|settings| settings.default_type = None).await;
    let silent = token("corp", "one", &signer, NOW);
    assert_eq!(verdict(&authority, &silent, NOW).await, "claim_missing:token_type");
    let said = token_with("corp", &signer, &json!({ "token_type": "access" }));
    assert_eq!(verdict(&authority, &said, NOW).await, "allowed");
}
