//! Random lives of sessions against the rules in their simplest words.

use proptest::prelude::*;

use super::sessions::{begin, begun, claims, perform, refresh_token};
use super::*;
use crate::domain::{Members, Operation, RefreshOrder, Revocation, TokenForm, TokenPath};

const CLIENTS: [Option<&str>; 2] = [None, Some("shop")];

#[derive(Clone, Debug)]
enum Deed {
    /// Somebody shows the refresh token that is `back` before the newest.
    Refresh { back: usize, client: usize, key: u8, wide: bool },
    /// Time passes.
    Wait(i64),
    /// The session is revoked.
    RevokeSession,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let refresh = (0..3_usize, 0..2_usize, 0..2_u8, proptest::bool::weighted(0.1))
        .prop_map(|(back, client, key, wide)| Deed::Refresh { back, client, key, wide });
    let deed = prop_oneof![
        20 => refresh,
        8 => (0..12_i64).prop_map(Deed::Wait),
        1 => Just(Deed::Wait(8 * 86_400)),
        1 => Just(Deed::RevokeSession),
    ];
    proptest::collection::vec(deed, 1..40)
}

/// A session in plain words.
struct Model {
    alive: bool,
    bound: Option<&'static str>,
    /// The number of the token that is not used yet.
    newest: usize,
    /// How the one before was used: when, by whom, under which key.
    used: Option<(Timestamp, Option<&'static str>, u8)>,
    newest_at: Timestamp,
    ends_at: Timestamp,
}

impl Model {
    /// What is due; `Ok` with the number of the token that the caller gets.
    fn refresh(
        &mut self,
        shown: (usize, Timestamp),
        client: Option<&'static str>,
        key: u8,
        wide: bool,
        now: Timestamp,
    ) -> Result<usize, Reason> {
        let (number, issued_at) = shown;
        let issued_at = Timestamp::from_seconds(issued_at.seconds());
        if now >= issued_at.plus_seconds(7 * 86_400).min(self.ends_at) {
            return Err(Reason::Expired);
        }
        if !self.alive {
            return Err(Reason::Revoked);
        }
        let first = number == self.newest;
        let retry = number + 1 == self.newest
            && self.used.is_some_and(|(at, by, under)| {
                let window = if client.is_some() { 10 } else { 2 };
                (by, under) == (client, key) && now < at.plus_seconds(window)
            });
        if !first && !retry {
            self.alive = false;
            return Err(Reason::Replayed);
        }
        if self.bound.is_some() && self.bound != client {
            return Err(Reason::Client);
        }
        if wide {
            return Err(Reason::Scope);
        }
        if first {
            self.used = Some((now, client, key));
            self.newest += 1;
            self.newest_at = now;
        }
        Ok(self.newest)
    }
}

async fn live(bound: Option<&'static str>, deeds: Vec<Deed>) {
    let authority = authority();
    let pair = begin(&authority, begun(bound)).await;
    let mut tokens = vec![(refresh_token(&pair), NOW)];
    let mut said: Vec<Members> = vec![claims(&tokens[0].0)];
    let ends_at = Timestamp::from_seconds(NOW.seconds()).plus_seconds(30 * 86_400);
    let mut model = Model { alive: true, bound, newest: 0, used: None, newest_at: NOW, ends_at };
    let mut now = NOW;
    for deed in deeds {
        match deed {
            Deed::Wait(seconds) => now = now.plus_seconds(seconds),
            Deed::RevokeSession => {
                let id = said[0].get("fid").and_then(|id| id.as_str()).expect("a session");
                let revocation = Revocation::Family(id.to_owned());
                TokenPath::revoke(&authority, &revocation, now).await.expect("revoked");
                model.alive = false;
            }
            Deed::Refresh { back, client, key, wide } => {
                let number = tokens.len().saturating_sub(1 + back);
                let order = RefreshOrder {
                    token: tokens[number].0.clone(),
                    client: CLIENTS[client].map(str::to_owned),
                    idempotency_key: Some(key.to_string()),
                    scopes: wide.then(|| Scopes::parse("read everything")),
                    form: TokenForm::Own,
                };
                let shown = (number, tokens[number].1);
                let due = model.refresh(shown, CLIENTS[client], key, wide, now);
                let done = perform(&authority, Operation::Refresh(order), now).await;
                match (done, due) {
                    (Ok(pair), Ok(number)) => {
                        let token = refresh_token(&pair);
                        if number == tokens.len() {
                            said.push(claims(&token));
                            tokens.push((token, model.newest_at));
                        } else {
                            assert_eq!(claims(&token), said[number], "the same successor");
                        }
                        assert!(reason(&authority, &pair.access, now).await.is_none());
                    }
                    (Err(reason), Err(due)) => assert_eq!(reason, due),
                    (done, due) => panic!("{due:?} is due, {:?} came", done.map(|_| ())),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_session_lives_by_the_rules_whatever_is_done_to_it(
        bound in 0..2_usize,
        deeds in deeds(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(live(CLIENTS[bound], deeds));
    }
}
