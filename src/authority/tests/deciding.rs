use super::*;
use crate::domain::encode_base64url;

/// The seconds and the fraction of a second at which a decision is asked for.
const fn at(seconds: i64, micros: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000 + micros)
}

#[tokio::test]
async fn a_token_ends_at_the_start_of_its_last_second() {
    let authority = authority();
    let token = issued(&authority).token;
    let end = NOW.seconds() + 900;
    assert_eq!(reason(&authority, &token, at(end - 1, 999_999)).await, None);
    assert_eq!(reason(&authority, &token, at(end, 0)).await, Some(Reason::Expired));
}

#[tokio::test]
async fn the_tolerance_moves_the_end_by_as_many_seconds() {
    let authority =
        Authority::in_memory(Settings { expiry_tolerance_s: 30, ..settings() }).expect("opened");
    let token = issued(&authority).token;
    let end = NOW.seconds() + 930;
    assert_eq!(reason(&authority, &token, at(end - 1, 999_999)).await, None);
    assert_eq!(reason(&authority, &token, at(end, 0)).await, Some(Reason::Expired));
}

#[tokio::test]
async fn a_token_from_the_future_is_taken_as_far_as_clocks_differ() {
    let authority = authority();
    let token = issued(&authority).token;
    let start = NOW.seconds();
    assert_eq!(reason(&authority, &token, at(start - 5, 0)).await, None);
    assert_eq!(reason(&authority, &token, at(start - 6, 0)).await, Some(Reason::IssuedInFuture));
}

#[tokio::test]
async fn a_required_environment_is_missed() {
    let mut bound = settings();
    bound.environment = Some("production".into());
    bound.environment_required = true;
    let bound = Authority::in_memory(bound).expect("opened");
    let free = issued(&authority()).token;
    assert_eq!(reason(&bound, &free, NOW).await, Some(Reason::ClaimMissing("env")));
    let own = issued(&bound).token;
    assert_eq!(reason(&bound, &own, NOW).await, None);
}

#[tokio::test]
async fn of_two_faults_the_earlier_rule_is_the_reason() {
    let authority = authority();
    let token = issued(&authority).token;
    let claims = encode_base64url(b"[]");
    let mut segments: Vec<&str> = token.reveal().split('.').collect();
    segments[1] = &claims;
    let forged = Token::new(&segments.join("."));
    assert_eq!(reason(&authority, &forged, NOW).await, Some(Reason::Signature));
    let none = encode_base64url(br#"{"alg":"none","crit":[],"typ":"JOSE"}"#);
    segments[0] = &none;
    let unsigned = Token::new(&segments.join("."));
    assert_eq!(reason(&authority, &unsigned, NOW).await, Some(Reason::Algorithm));
}

#[test]
fn the_answer_is_there_at_once() {
    let authority = authority();
    let component = ComponentId::parse("http-auth").expect("an id");
    let credentials = Credentials::Token(issued(&authority).token);
    let question = Question::new(RequestId::new(1, 1), component, NOW, credentials);
    let future = std::pin::pin!(authority.decide(&question));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::future::Future::poll(future, &mut context).is_ready());
}
