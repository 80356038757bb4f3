use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::authority::{Algorithm, AuthorityError, MasterKey, Revoked};
use crate::domain::{TokioClock, decode_base64url, encode_base64url};
use crate::store::{FaultSwitch, Store};

fn kept() -> Settings {
    Settings { master_key: Some(MasterKey::new([3; 32])), ..settings() }
}

pub(super) async fn opened(store: &Store, now: Timestamp) -> Authority {
    let clock = Arc::new(TokioClock::starting_at(now));
    Authority::open(kept(), store, clock).await.expect("an authority")
}

#[tokio::test]
async fn a_revoked_token_is_refused_from_then_on() {
    let authority = authority();
    let (token, other) = (issued(&authority).token, issued(&authority).token);
    let expires_at = NOW.plus_seconds(900).seconds();
    let done = Revoked::Done { expires_at: Timestamp::from_seconds(expires_at) };
    assert_eq!(authority.revoke(&token, NOW).await.expect("revoked"), done);
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::Revoked));
    assert_eq!(reason(&authority, &other, NOW).await, None);
}

#[tokio::test]
async fn a_revoked_token_stays_revoked_over_a_restart_until_it_has_expired() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let authority = opened(&store, NOW).await;
    let token = issued(&authority).token;
    authority.revoke(&token, NOW).await.expect("revoked");
    drop((authority, store));

    let store = Store::open(dir.path()).expect("a store again");
    let authority = opened(&store, NOW).await;
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::Revoked));
    drop((authority, store));

    let store = Store::open(dir.path()).expect("a store again");
    let authority = opened(&store, NOW.plus_seconds(900)).await;
    assert_eq!(authority.revoked_count(), 0);
}

#[tokio::test]
async fn what_has_expired_is_forgotten_on_disk_as_well() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let authority = opened(&store, NOW).await;
    authority.revoke(&issued(&authority).token, NOW).await.expect("revoked");
    assert_eq!(authority.purge(NOW.plus_seconds(899)).await.expect("purged"), 0);
    assert_eq!(authority.purge(NOW.plus_seconds(900)).await.expect("purged"), 1);
    drop(authority);
    let authority = opened(&store, NOW).await;
    assert_eq!(authority.revoked_count(), 0);
}

#[tokio::test]
async fn a_refusing_disk_is_an_error_and_the_token_is_refused_all_the_same() {
    let dir = TempDir::new().expect("a folder");
    let faults = FaultSwitch::new();
    let store = Store::open_with(dir.path(), faults.clone()).expect("a store");
    let authority = opened(&store, NOW).await;
    let token = issued(&authority).token;
    faults.refuse();
    let refused = authority.revoke(&token, NOW).await;
    assert!(matches!(refused, Err(AuthorityError::Store(_))));
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::Revoked));
    faults.heal();
    authority.revoke(&token, NOW).await.expect("written this time");
    drop(authority);
    let authority = opened(&store, NOW).await;
    assert_eq!(reason(&authority, &token, NOW).await, Some(Reason::Revoked));
}

/// The order of the curve P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The other valid signature that everybody can make from an ES256 token's own: (r, n - s).
fn with_the_other_signature(token: &Token) -> Token {
    let (signed, signature) = token.reveal().rsplit_once('.').expect("a JWS");
    let mut signature = decode_base64url(signature).expect("base64url");
    let mut borrow = 0;
    for (digit, order) in signature[32..].iter_mut().zip(ORDER).rev() {
        let difference = i16::from(order) - i16::from(*digit) - borrow;
        borrow = i16::from(difference < 0);
        *digit = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    Token::new(&format!("{signed}.{}", encode_base64url(&signature)))
}

#[tokio::test]
async fn a_revoked_token_does_not_come_back_under_another_signature() {
    let generated = Settings { generated_algorithm: Algorithm::Es256, ..Settings::new("i", "a") };
    let authority = Authority::in_memory(generated).expect("opened");
    let token = issued(&authority).token;
    let twin = with_the_other_signature(&token);
    assert_ne!(token, twin);
    assert_eq!(reason(&authority, &twin, NOW).await, None);
    authority.revoke(&token, NOW).await.expect("revoked");
    assert_eq!(reason(&authority, &twin, NOW).await, Some(Reason::Revoked));
}

#[tokio::test]
async fn there_is_nothing_to_revoke_in_what_would_be_refused_anyway() {
    let authority = authority();
    let token = issued(&authority).token;
    let stranger = Authority::in_memory(Settings::new("issuer", "audience")).expect("opened");
    let late = NOW.plus_seconds(900);
    let nothing = |reason| Revoked::Nothing(reason);
    let answers = [
        (issued(&stranger).token, NOW, Reason::Algorithm),
        (Token::new("garbage"), NOW, Reason::Segments),
        (Token::new(&format!("{}=", token.reveal())), NOW, Reason::Encoding),
        (token, late, Reason::Expired),
    ];
    for (token, now, reason) in answers {
        assert_eq!(authority.revoke(&token, now).await.expect("answered"), nothing(reason));
    }
    assert_eq!(authority.revoked_count(), 0);
}
