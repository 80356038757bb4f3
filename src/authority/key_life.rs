//! What a key has been through.

use serde::{Deserialize, Serialize};

use super::Algorithm;
use crate::domain::Timestamp;

/// Where a key stands. It only moves on: nothing comes back from retirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published and verifies, so that everybody knows it before it signs.
    Next,
    /// Signs, or may be told to.
    Active,
    /// Verifies what it has signed, and signs no more.
    Retiring,
    /// Neither signs nor verifies; its private part is destroyed.
    Retired,
}

impl KeyState {
    /// All of them, in the order in which a key passes through them.
    pub const ALL: [Self; 4] = [Self::Next, Self::Active, Self::Retiring, Self::Retired];

    /// The state in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }
}

/// A key's state and how it came to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Life {
    pub(super) state: KeyState,
    pub(super) made_at: Option<Timestamp>,
    pub(super) published_at: Option<Timestamp>,
    pub(super) active_at: Option<Timestamp>,
    pub(super) retiring_at: Option<Timestamp>,
    pub(super) verifies_until: Option<Timestamp>,
    pub(super) retired_at: Option<Timestamp>,
    pub(super) revoked: bool,
}

impl Life {
    /// Of a key of which nothing is known but that it is in use.
    pub(super) const ACTIVE: Self = Self {
        state: KeyState::Active,
        made_at: None,
        published_at: None,
        active_at: None,
        retiring_at: None,
        verifies_until: None,
        retired_at: None,
        revoked: false,
    };

    /// Of a key that is published from now on.
    pub(super) const fn next(now: Timestamp) -> Self {
        let (made_at, published_at) = (Some(now), Some(now));
        Self { state: KeyState::Next, made_at, published_at, ..Self::ACTIVE }
    }

    /// Of a key that verifies until somebody retires it, and never signs.
    pub(super) const fn verifying(now: Timestamp) -> Self {
        Self { state: KeyState::Retiring, retiring_at: Some(now), ..Self::next(now) }
    }

    pub(super) const fn active(self, now: Timestamp) -> Self {
        Self { state: KeyState::Active, active_at: Some(now), ..self }
    }

    pub(super) const fn retiring(self, now: Timestamp, until: Timestamp) -> Self {
        let (retiring_at, verifies_until) = (Some(now), Some(until));
        Self { state: KeyState::Retiring, retiring_at, verifies_until, ..self }
    }

    pub(super) const fn retired(self, now: Timestamp) -> Self {
        Self { state: KeyState::Retired, retired_at: Some(now), ..self }
    }

    /// True when the last token that it may have signed is dead.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.state == KeyState::Retiring && self.verifies_until.is_some_and(|until| until <= now)
    }
}

/// A key as its keepers see it; nothing here is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent answers about one key")]
pub struct KeyView {
    /// Its name, the `kid` of its tokens.
    pub id: String,
    /// Its one algorithm.
    pub algorithm: Algorithm,
    /// Where it stands.
    pub state: KeyState,
    /// True when it is one of the configuration, false when it is kept here.
    pub configured: bool,
    /// True for the one key that signs unless an order chooses.
    pub signs: bool,
    /// True when its private part is at hand.
    pub private: bool,
    /// When it was made or imported; configured keys do not say.
    pub made_at: Option<Timestamp>,
    /// Since when it verifies and, with a public part, is in the JWK set.
    pub published_at: Option<Timestamp>,
    /// Since when it signs or signed.
    pub active_at: Option<Timestamp>,
    /// Since when it signs no more.
    pub retiring_at: Option<Timestamp>,
    /// Until when it verifies; a retiring key without it verifies until somebody retires it.
    pub verifies_until: Option<Timestamp>,
    /// Since when it does not verify.
    pub retired_at: Option<Timestamp>,
    /// True when it was retired at once, with every token that it had signed.
    pub revoked: bool,
}

/// What came of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key that signs from now on.
    pub active: KeyView,
    /// The keys that it relieves.
    pub retiring: Vec<KeyView>,
}
