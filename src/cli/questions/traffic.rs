//! Made-up callers and what they show.

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::mix::{Mix, Use};
use crate::authority::specimens::{self, Expected, Mint, Specimen};
use crate::domain::{Credentials, Subject, Timestamp, encode_base64url};

/// Sessions at a time for each kind that has any.
const SESSIONS: usize = 256;

/// Seconds after which a session's token is renewed; it is good for 840.
const RENEWED_S: i64 = 600;

/// One question.
#[derive(Debug)]
pub struct Asked {
    /// When it is asked.
    pub at: Timestamp,
    /// The kind of the specimen.
    pub kind: &'static str,
    /// What the strict authority must answer.
    pub ssot: Expected,
    /// The recorded line, without its line break.
    pub line: String,
}

/// An endless stream of questions; the same for the same seed, start and rate.
#[derive(Debug)]
pub struct Traffic {
    mint: Mint,
    mix: Mix,
    random: StdRng,
    start: Timestamp,
    rate: u64,
    asked: u64,
    sessions: Vec<(&'static str, Vec<Session>)>,
}

/// A caller with a token, ready to be shown.
#[derive(Debug)]
struct Session {
    since: Timestamp,
    ssot: Expected,
    /// Everything in a line but its time.
    tail: String,
}

impl Traffic {
    /// Questions from `start` on, `rate` a second.
    pub fn new(seed: u64, start: Timestamp, rate: u64) -> Self {
        // A secret in letters survives editors and environment variables.
        let seeded = Mint::seeded(seed);
        let secret = encode_base64url(seeded.secret());
        Self {
            mint: seeded.with_secret(secret.as_bytes()),
            mix: Mix::new(),
            random: StdRng::seed_from_u64(seed),
            start: Timestamp::from_micros(start.micros() / 1000 * 1000),
            rate: rate.max(1),
            asked: 0,
            sessions: Vec::new(),
        }
    }

    /// The issuer of the tokens.
    pub const fn mint(&self) -> &Mint {
        &self.mint
    }

    fn next_asked(&mut self) -> Asked {
        let millis = i64::try_from(self.asked.saturating_mul(1000) / self.rate).unwrap_or(0);
        let at = Timestamp::from_micros(self.start.micros().saturating_add(millis * 1000));
        self.asked += 1;
        let (kind, used) = self.mix.pick(self.random.random_range(0..10_000), self.random.random());
        match used {
            Use::Once => {
                let session = self.opened(kind, at);
                Asked { at, kind, line: session.line(at), ssot: session.ssot }
            }
            Use::Session => {
                let session = self.session(kind, at);
                Asked { at, kind, line: session.line(at), ssot: session.ssot.clone() }
            }
        }
    }

    /// One of the kind's sessions, renewed when it is due.
    fn session(&mut self, kind: &'static str, at: Timestamp) -> &Session {
        let known = self.sessions.iter().position(|(known, _)| *known == kind);
        let row = known.unwrap_or_else(|| {
            self.sessions.push((kind, Vec::new()));
            self.sessions.len() - 1
        });
        let place = self.random.random_range(0..SESSIONS);
        let open = self.sessions[row].1.len();
        if place >= open {
            let session = self.opened(kind, at);
            self.sessions[row].1.push(session);
            return &self.sessions[row].1[open];
        }
        if at >= self.sessions[row].1[place].since.plus_seconds(RENEWED_S) {
            self.sessions[row].1[place] = self.opened(kind, at);
        }
        &self.sessions[row].1[place]
    }

    fn opened(&mut self, kind: &'static str, at: Timestamp) -> Session {
        let number: u32 = self.random.random_range(0..1_000_000);
        let subject = format!("user-{number:06}");
        let made = Subject::parse(&subject)
            .and_then(|subject| specimens::one(&self.mint, kind, at, &subject));
        let specimen = made.expect("the mix holds kinds that there are, and the subject is short");
        Session { since: at, tail: tail(&specimen), ssot: specimen.ssot }
    }
}

impl Iterator for Traffic {
    type Item = Asked;

    fn next(&mut self) -> Option<Asked> {
        Some(self.next_asked())
    }
}

impl Session {
    fn line(&self, at: Timestamp) -> String {
        let mut line = String::with_capacity(self.tail.len() + 40);
        // Writing to a string cannot fail.
        let _ = write!(line, "{{\"at\":\"{at}\",{}", self.tail);
        line
    }
}

fn tail(specimen: &Specimen) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let note = text(specimen.kind);
    match &specimen.credentials {
        Credentials::Token(token) => {
            format!("\"token\":{},\"note\":{note}}}", text(token.reveal()))
        }
        Credentials::Request(parts) => {
            let headers = parts.headers.iter();
            let headers: Vec<String> =
                headers.map(|(name, value)| format!("[{},{}]", text(name), text(value))).collect();
            format!(
                "\"headers\":[{}],\"method\":{},\"target\":{},\"note\":{note}}}",
                headers.join(","),
                text(&parts.method),
                text(&parts.target)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(seed: u64) -> Vec<(String, &'static str)> {
        let start = Timestamp::from_seconds(1_790_000_000);
        let asked = Traffic::new(seed, start, 7).take(2_000);
        asked.map(|asked| (asked.line, asked.kind)).collect()
    }

    #[test]
    fn one_seed_asks_the_same_questions_again() {
        let signed_anew = ["rs256", "es256", "key_confusion", "ps256"];
        for ((first, kind), (second, _)) in lines(3).into_iter().zip(lines(3)) {
            if !signed_anew.iter().any(|name| kind.contains(name)) {
                assert_eq!(first, second);
            }
        }
        assert_ne!(lines(3), lines(4));
    }

    #[test]
    fn most_tokens_are_shown_more_than_once() {
        let lines = lines(5);
        let tails: std::collections::BTreeSet<_> = lines
            .iter()
            .filter_map(|(line, _)| line.split_once(',').map(|(_, tail)| tail))
            .collect();
        assert!(tails.len() < lines.len() * 2 / 3, "{}", tails.len());
    }
}
