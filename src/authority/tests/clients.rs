use super::sessions::{begin, begun, claims, compatible};
use super::*;
use crate::authority::{AuthorityError, ClientGrant, ClientRefusal, ConfiguredClient};
use crate::domain::{TokenForm, TokenType};

const CLIENT_SECRET: &str = "a-secret-of-the-shop-that-is-long-enough";

fn shop() -> ConfiguredClient {
    ConfiguredClient {
        name: "shop".into(),
        secret: CLIENT_SECRET.into(),
        grants: vec![ClientGrant::ClientCredentials],
        scopes: Scopes::parse("orders:read orders:write"),
        audience: None,
        service: Some("shop-backend".into()),
    }
}

fn with(clients: Vec<ConfiguredClient>) -> Result<Authority, AuthorityError> {
    Authority::in_memory(Settings { clients, ..compatible() })
}

#[test]
fn a_client_is_known_by_its_name_and_secret_together() {
    let till = ConfiguredClient { name: "till".into(), secret: "x".repeat(32), ..shop() };
    let authority = with(vec![shop(), till]).expect("opened");
    let client = authority.client("shop", CLIENT_SECRET).expect("the shop");
    assert!(client.may(ClientGrant::ClientCredentials) && !client.may(ClientGrant::Revoke));
    let strangers = [
        ("shop", "x".repeat(32)),
        ("till", CLIENT_SECRET.into()),
        ("nobody", CLIENT_SECRET.into()),
        ("shop", String::new()),
        ("", CLIENT_SECRET.into()),
        ("shop", "x".repeat(100_000)),
        ("shop ", CLIENT_SECRET.into()),
    ];
    for (name, secret) in strangers {
        assert_eq!(authority.client(name, &secret).expect_err("refused"), ClientRefusal);
    }
}

#[test]
fn a_client_that_cannot_be_registered_is_refused_at_the_start_without_its_secret() {
    let odd = [
        ConfiguredClient { secret: "Xy7!short".into(), ..shop() },
        ConfiguredClient { name: "a b".into(), ..shop() },
        ConfiguredClient { name: String::new(), ..shop() },
        ConfiguredClient { service: Some(String::new()), ..shop() },
        ConfiguredClient { audience: Some("elsewhere".into()), ..shop() },
    ];
    for client in odd {
        let secret = client.secret.clone();
        let shown = format!("{client:?}");
        let error = with(vec![client]).expect_err("refused");
        assert!(matches!(error, AuthorityError::ClientUnusable { .. }));
        assert!(!format!("{shown} {error} {error:?}").contains(&secret));
    }
    assert!(matches!(with(vec![shop(), shop()]), Err(AuthorityError::ClientUnusable { .. })));
}

#[tokio::test]
async fn a_client_gets_a_service_token_in_either_form() {
    let authority = with(vec![shop()]).expect("opened");
    let client = authority.client("shop", CLIENT_SECRET).expect("the shop");
    for (form, issuer, audience) in [
        (TokenForm::Own, "issuer", "audience"),
        (TokenForm::Compatible, "netra-auth-service", "netra-services"),
    ] {
        let issued = authority.client_credentials(&client, None, form, NOW).expect("issued");
        let facts = authority.introspection(&issued.token).expect("a token");
        assert_eq!(facts.issuer.as_deref(), Some(issuer));
        assert_eq!(facts.audiences, [audience]);
        assert_eq!(facts.client_id.as_deref(), Some("shop"));
        assert_eq!(facts.subject.as_deref(), Some("shop"));
        assert_eq!(facts.token_type, Some(TokenType::Service));
        assert_eq!(facts.scopes, Scopes::parse("orders:read orders:write"));
        assert_eq!(facts.expires_at, Some(issued.expires_at));
        let service = claims(&issued.token).get("service").map(ToString::to_string);
        assert_eq!(service.as_deref(), Some("\"shop-backend\""));
        assert_eq!(reason(&authority, &issued.token, NOW).await, Some(Reason::TokenType));
        let component = ComponentId::parse("http-auth").expect("an id");
        let credentials = Credentials::Token(issued.token);
        let question = Question::new(RequestId::new(1, 1), component, NOW, credentials);
        let question = question.wanting(TokenType::Service);
        assert!(authority.decide(&question).await.expect("an answer").is_allow());
    }
}

#[test]
fn a_client_gets_no_more_scopes_than_it_may_ask_for() {
    let authority = with(vec![shop()]).expect("opened");
    let client = authority.client("shop", CLIENT_SECRET).expect("the shop");
    let ask = |scopes| {
        let scopes = Scopes::parse(scopes);
        authority.client_credentials(&client, Some(&scopes), TokenForm::Own, NOW)
    };
    let fewer = ask("orders:read").expect("issued");
    let facts = authority.introspection(&fewer.token).expect("a token");
    assert_eq!(facts.scopes, Scopes::parse("orders:read"));
    assert!(matches!(ask("admin"), Err(AuthorityError::Order { part: "scopes", .. })));
}

#[tokio::test]
async fn introspection_tells_what_a_token_says() {
    let authority = authority();
    let pair = begin(&authority, begun(Some("shop"))).await;
    let facts = authority.introspection(&pair.access).expect("a token");
    assert_eq!(facts.subject.as_deref(), Some("alice"));
    assert_eq!(facts.issued_at, Some(Timestamp::from_seconds(NOW.seconds())));
    assert_eq!(facts.expires_at, pair.grant.expires_at);
    assert_eq!(facts.not_before, None);
    assert_eq!(facts.email.as_deref(), Some("alice@example.com"));
    assert!(facts.token_id.is_some() && facts.family.is_some());
    assert_eq!(authority.introspection(&Token::new("opaque")), None);
}
