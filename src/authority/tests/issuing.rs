use super::*;
use crate::authority::{Algorithm, AuthorityError};
use crate::domain::{Jws, TokenType};

fn header_member(token: &Token, name: &str) -> Option<String> {
    let header = Jws::decode(token).expect("a JWS").header.expect("a header");
    header.get(name).map(|value| value.as_str().expect("text").to_owned())
}

#[tokio::test]
async fn an_issued_token_is_let_in_as_its_subject_with_its_scopes() {
    for algorithm in Algorithm::ALL {
        let generated = Settings { generated_algorithm: algorithm, ..Settings::new("i", "a") };
        let authority = Authority::in_memory(generated).expect("opened");
        let issued = issued(&authority);
        let grant = grant(&authority, &issued.token).await;
        assert_eq!(grant.subject, Some(alice()));
        assert_eq!(grant.scopes, Some(Scopes::parse("write read")));
        assert_eq!(grant.token_type, Some(TokenType::Access));
        assert_eq!(grant.expires_at, Some(issued.expires_at));
        assert_eq!(header_member(&issued.token, "alg").as_deref(), Some(algorithm.as_str()));
    }
}

#[test]
fn two_tokens_never_share_a_token_id() {
    let authority = authority();
    let (first, second) = (issued(&authority), issued(&authority));
    assert_ne!(first.token_id, second.token_id);
    assert_eq!(first.token_id.len(), 22, "128 bits in base64url");
}

#[test]
fn a_key_for_choosy_verifiers_leaves_its_name_out() {
    let authority = authority();
    assert_eq!(header_member(&issued(&authority).token, "kid").as_deref(), Some("one"));
    let plain = Settings { keys_without_kid: vec!["one".into()], ..settings() };
    let authority = Authority::in_memory(plain).expect("opened");
    assert_eq!(header_member(&issued(&authority).token, "kid"), None);
}

#[tokio::test]
async fn a_service_token_is_issued_and_not_let_in_as_access() {
    let authority = authority();
    let order =
        Order { token_type: TokenType::Service, ..Order::access(alice(), Scopes::default(), 60) };
    let token = authority.issue(&order, NOW).expect("a token").token;
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::TokenType));
}

#[test]
fn an_impossible_order_is_refused() {
    let authority = authority();
    let order = || Order::access(alice(), Scopes::default(), 60);
    let refused = |order: Order| authority.issue(&order, NOW).expect_err("refused");
    let part = |error| match error {
        AuthorityError::Order { part, .. } => part,
        other => panic!("{other}"),
    };
    assert_eq!(part(refused(Order { lifetime_s: 0, ..order() })), "lifetime");
    assert_eq!(part(refused(Order { lifetime_s: 86_401, ..order() })), "lifetime");
    assert_eq!(part(refused(Order { audience: Some("other".into()), ..order() })), "audience");
    let blank = Subject::parse(" ").expect("not empty");
    assert_eq!(part(refused(Order { subject: blank, ..order() })), "subject");
    assert!(matches!(
        refused(Order { token_type: TokenType::Refresh, ..order() }),
        AuthorityError::TypeNotIssued(TokenType::Refresh)
    ));
    assert!(matches!(
        refused(Order { key_id: Some("two".into()), ..order() }),
        AuthorityError::KeyUnknown(id) if id == "two"
    ));
}
