//! What would be denied if the rules that are only observed were enforced.
//!
//! Kept in memory, for whoever is about to enforce a rule: since this start, or since the rule was
//! last changed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde_json::Value;

use super::Authority;
use super::claims::Checked;
use crate::domain::{Members, Rule, RuleSet, Timestamp, TokenType};

/// Most rows that are kept; what would be one more is counted in [`Observed::other`].
pub const OBSERVED_MAX: usize = 1_000;

/// Longest name of a client in a row, in bytes.
const CLIENT_BYTES_MAX: usize = 64;

/// The client of a token that names none.
const NO_CLIENT: &str = "-";

/// Tokens of one issuer, kind and client that broke one rule and were let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedRow {
    /// The configured name of a foreign issuer; `None` for our own.
    pub issuer: Option<String>,
    /// The kind of token.
    pub kind: TokenType,
    /// The rule they broke.
    pub rule: Rule,
    /// `client_id`, else `azp`, cut to 64 bytes; `-` where a token has neither.
    pub client: String,
    /// How many decisions.
    pub count: u64,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
}

/// Everything that would be denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The rows, the most frequent first.
    pub rows: Vec<ObservedRow>,
    /// Decisions that found no room for a row of their own.
    pub other: u64,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    issuer: Option<Box<str>>,
    kind: TokenType,
    rule: Rule,
    client: Box<str>,
}

struct Seen {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

#[derive(Default)]
struct Rows {
    rows: HashMap<Key, Seen>,
    other: u64,
}

/// Counts what would be denied. Touched only by tokens that break something.
#[derive(Default)]
pub(super) struct Observer {
    rows: Mutex<Rows>,
    totals: [AtomicU64; Rule::ALL.len()],
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer(..)")
    }
}

impl Observer {
    /// Counts a token that was let in although it breaks what is observed.
    pub(super) fn note(
        &self,
        issuer: Option<&str>,
        checked: &Checked,
        claims: &Members,
        now: Timestamp,
    ) {
        let client = client(claims);
        let mut rows = self.rows.lock();
        for rule in checked.broken.iter() {
            self.totals[rule as usize].fetch_add(1, Ordering::Relaxed);
            let issuer = issuer.map(Into::into);
            rows.count(Key { issuer, kind: checked.kind, rule, client: client.clone() }, now);
        }
    }
}

impl Rows {
    fn count(&mut self, key: Key, now: Timestamp) {
        let is_full = self.rows.len() >= OBSERVED_MAX;
        match self.rows.get_mut(&key) {
            Some(seen) => {
                seen.count += 1;
                seen.last = now;
            }
            None if is_full => self.other += 1,
            None => {
                self.rows.insert(key, Seen { count: 1, first: now, last: now });
            }
        }
    }
}

/// Who a token was issued to, as it says itself.
fn client(claims: &Members) -> Box<str> {
    let named = |name| claims.get(name).and_then(Value::as_str).filter(|name| !name.is_empty());
    let client = named("client_id").or_else(|| named("azp")).unwrap_or(NO_CLIENT);
    let cut = &client[..client.floor_char_boundary(CLIENT_BYTES_MAX)];
    cut.replace(char::is_control, " ").into()
}

impl Authority {
    /// What would be denied if it were not only observed, since the start or the last
    /// [`Authority::forget_observed`].
    pub fn observed(&self) -> Observed {
        let rows = self.observed.rows.lock();
        let row = |(key, seen): (&Key, &Seen)| ObservedRow {
            issuer: key.issuer.as_deref().map(str::to_owned),
            kind: key.kind,
            rule: key.rule,
            client: key.client.to_string(),
            count: seen.count,
            first_seen: seen.first,
            last_seen: seen.last,
        };
        let other = rows.other;
        let mut rows: Vec<ObservedRow> = rows.rows.iter().map(row).collect();
        rows.sort_by(|a, b| {
            let place = |row: &ObservedRow| (row.issuer.clone(), row.kind, row.rule);
            let order = b.count.cmp(&a.count).then_with(|| place(a).cmp(&place(b)));
            order.then_with(|| a.client.cmp(&b.client))
        });
        Observed { rows, other }
    }

    /// Forgets what was seen of some rules for one issuer and kind: they have changed.
    pub fn forget_observed(&self, issuer: Option<&str>, kind: TokenType, rules: RuleSet) {
        let mut rows = self.observed.rows.lock();
        rows.rows.retain(|key, _| {
            key.issuer.as_deref() != issuer || key.kind != kind || !rules.contains(key.rule)
        });
    }

    /// How many decisions each rule would have turned into a denial since the start.
    pub fn observed_totals(&self) -> impl Iterator<Item = (Rule, u64)> {
        let total = |rule: Rule| self.observed.totals[rule as usize].load(Ordering::Relaxed);
        Rule::ALL.into_iter().map(move |rule| (rule, total(rule)))
    }
}
