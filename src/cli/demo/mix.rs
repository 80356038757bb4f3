//! Who asks for what: a few thousand people, most of them honest.
//!
//! From one seed come the same people, the same keys and the same order of tokens; only the
//! times in them follow the clock.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::authority::specimens::{Mint, one};
use crate::domain::{ComponentId, Credentials, Subject, Timestamp, Token};

/// Different people.
const PEOPLE: usize = 3_000;

/// Tokens that are revoked before the first request, and shown again and again.
const REVOKED: usize = 60;

/// One request in so many is a WebSocket handshake.
const HANDSHAKE_EVERY: u32 = 10;

/// Not a kind of specimen: one of the tokens revoked on both sides.
const REVOKED_KIND: &str = "revoked";

/// HTTP requests: weight and kind.
///
/// Not in here, although callers send it: our audience in a *list*. Legacy refuses it and ssot
/// rightly does not (RFC 7519 §4.1.3), which is a security alarm by its direction; and as legacy
/// has one word for all its refusals, it could not be accepted without accepting every forgery.
const REQUESTS: &[(u32, &str)] = &[
    // Honest, and let in by both.
    (640, "fresh_hs256"),
    (40, "bearer"),
    (20, "env_missing"),
    (20, "email_missing"),
    (20, "claim_unknown"),
    (10, "permissions_empty"),
    (6, "sub_email"),
    (6, "sub_unicode"),
    (6, "sub_auth0"),
    (6, "sub_digits"),
    // Late, mistaken or hostile, and refused by both.
    (60, "expired_1m"),
    (25, "expired_5h"),
    (15, REVOKED_KIND),
    (12, "type_refresh"),
    (10, "no_credentials"),
    (8, "aud_list_other"),
    (8, "alg_none"),
    (6, "wrong_secret"),
    (5, "text_opaque"),
    (4, "payload_swapped"),
    (4, "known_secret"),
    (3, "key_confusion_eddsa"),
    // At the boundary, where two clocks may disagree: nothing follows.
    (4, "exp_in_2s"),
    (4, "iat_future_2s"),
    // Let in by legacy, refused by ssot, and written down as accepted.
    (30, "aud_missing"),
    (12, "aud_services"),
    // Differences that somebody has to look at.
    (6, "env_staging"),
    (4, "lifetime_7d"),
    (3, "scope_string"),
    (3, "padding_signature"),
];

/// WebSocket handshakes, whose legacy validator does not verify: weight and kind. Every other one
/// comes with the token of the latest HTTP request of such a kind, as from a page that has but one.
const HANDSHAKES: &[(u32, &str)] = &[
    (850, "fresh_hs256"),
    (90, "expired_1m"),
    (20, "text_null"),
    (15, "alg_none"),
    (15, "payload_swapped"),
    (10, "wrong_secret"),
];

/// A component that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// The hero of the story.
    HttpAuth,
    /// Stays in shadow, and shows what a validator does that does not verify.
    SocketAuth,
}

impl Component {
    /// Both, in the order of the final account.
    pub const ALL: [Self; 2] = [Self::HttpAuth, Self::SocketAuth];

    /// Its id as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpAuth => "http-auth",
            Self::SocketAuth => "socket-auth",
        }
    }

    /// Its id.
    pub fn id(self) -> ComponentId {
        ComponentId::parse(self.as_str()).expect("both are ids")
    }
}

/// A request on its way: of whom it is asked, and its body.
pub struct Asking {
    /// The component.
    pub component: Component,
    /// The JSON of a question.
    pub body: Vec<u8>,
}

/// The stream of requests.
pub struct Mix {
    chance: StdRng,
    mint: Mint,
    people: Vec<Subject>,
    revoked: Vec<Token>,
    /// The body of the latest HTTP request with a token that is shown at handshakes, too.
    shown: Option<Vec<u8>>,
}

impl Mix {
    /// The mix of a seed, with its tokens signed under `secret`.
    pub fn seeded(seed: u64, secret: &str) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let people = (0..PEOPLE).filter_map(|_| Subject::parse(&person(&mut chance))).collect();
        let mint = Mint::seeded(seed).with_secret(secret.as_bytes());
        Self { chance, mint, people, revoked: Vec::new(), shown: None }
    }

    /// Fresh tokens that are to be revoked on both sides before the first request.
    pub fn make_revoked(&mut self, now: Timestamp) -> Vec<Token> {
        let people = self.people.iter().take(REVOKED);
        let tokens = people.filter_map(|person| {
            match one(&self.mint, "fresh_hs256", now, person)?.credentials {
                Credentials::Token(token) => Some(token),
                Credentials::Request(_) => None,
            }
        });
        self.revoked = tokens.collect();
        self.revoked.clone()
    }

    /// The next request, with a token that is made now.
    pub fn next(&mut self, now: Timestamp) -> Asking {
        let (component, kinds) = if self.chance.random_range(0..HANDSHAKE_EVERY) == 0 {
            (Component::SocketAuth, HANDSHAKES)
        } else {
            (Component::HttpAuth, REQUESTS)
        };
        if component == Component::SocketAuth
            && self.chance.random_bool(0.5)
            && let Some(body) = self.shown.clone()
        {
            return Asking { component, body };
        }
        let kind = self.pick(kinds);
        let body = match self.credentials(kind, now) {
            Credentials::Token(token) => {
                let body = json!({ "token": token.reveal() });
                if HANDSHAKES.iter().any(|(_, shown)| *shown == kind) {
                    self.shown = Some(body.to_string().into_bytes());
                }
                body
            }
            Credentials::Request(parts) => {
                let headers: Vec<Value> =
                    parts.headers.iter().map(|(name, value)| json!([name, value])).collect();
                json!({ "headers": headers, "method": parts.method, "target": parts.target })
            }
        };
        Asking { component, body: body.to_string().into_bytes() }
    }

    fn pick(&mut self, kinds: &[(u32, &'static str)]) -> &'static str {
        let all = kinds.iter().map(|(weight, _)| weight).sum();
        let mut place = self.chance.random_range(0..all);
        for (weight, kind) in kinds {
            if place < *weight {
                return kind;
            }
            place -= weight;
        }
        REVOKED_KIND
    }

    fn credentials(&mut self, kind: &str, now: Timestamp) -> Credentials {
        let person = self.chance.random_range(0..self.people.len());
        if let Some(specimen) = one(&self.mint, kind, now, &self.people[person]) {
            return specimen.credentials;
        }
        let revoked = self.revoked.get(person % self.revoked.len().max(1));
        Credentials::Token(revoked.cloned().unwrap_or_else(|| Token::new("")))
    }
}

/// A subject as identity providers make them.
fn person(chance: &mut StdRng) -> String {
    let (high, low): (u64, u64) = (chance.random(), chance.random());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn every_kind_of_the_mix_exists_and_one_of_them_is_the_revoked_token() {
        let mix = Mix::seeded(1, SECRET);
        for (_, kind) in REQUESTS.iter().chain(HANDSHAKES) {
            let known = one(&mix.mint, kind, NOW, &mix.people[0]).is_some();
            assert_eq!(known, *kind != REVOKED_KIND, "{kind}");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_requests_and_another_one_does_not() {
        let bodies = |seed| {
            let mut mix = Mix::seeded(seed, SECRET);
            mix.make_revoked(NOW);
            (0..500).map(|_| mix.next(NOW).body).collect::<Vec<_>>()
        };
        assert_eq!(bodies(1), bodies(1));
        assert_ne!(bodies(1), bodies(2));
    }
}
