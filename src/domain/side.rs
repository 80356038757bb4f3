//! The two sides, and how traffic is divided between them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the two ways to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The path we are leaving.
    Legacy,
    /// The single source of truth.
    Ssot,
}

impl Side {
    /// Both sides, in the order in which they are shown.
    pub const BOTH: [Self; 2] = [Self::Legacy, Self::Ssot];

    /// The side that is not this one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Legacy => Self::Ssot,
            Self::Ssot => Self::Legacy,
        }
    }

    /// `legacy` or `ssot`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Ssot => "ssot",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Part of traffic, in basis points: 0 is nobody, 10,000 is everybody.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

impl Share {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everybody, readable subject or not.
    pub const ALL: Self = Self(10_000);

    /// `None` above 10,000 basis points.
    pub const fn from_basis_points(points: u16) -> Option<Self> {
        if points <= 10_000 { Some(Self(points)) } else { None }
    }

    /// Basis points, 0 to 10,000.
    pub const fn basis_points(self) -> u16 {
        self.0
    }

    /// Reads a percentage with at most two decimals: `0.5`, `12.34%`, `100`.
    pub fn parse_percent(text: &str) -> Option<Self> {
        let digits = text.trim().trim_end_matches('%').trim_end();
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || fraction.len() > 2 {
            return None;
        }
        if !plain(whole) || !plain(fraction) || (digits.ends_with('.')) {
            return None;
        }
        let hundredths: u16 = format!("{fraction:0<2}").parse().ok()?;
        let points = whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(hundredths)?;
        Self::from_basis_points(points)
    }
}

impl TryFrom<u16> for Share {
    type Error = String;
    fn try_from(points: u16) -> Result<Self, String> {
        Self::from_basis_points(points)
            .ok_or_else(|| format!("a share is 0 to 10000 basis points, not {points}"))
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> u16 {
        share.0
    }
}

impl fmt::Display for Share {
    /// As a percentage: `0.5 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match rest {
            0 => write!(f, "{whole} %"),
            rest if rest % 10 == 0 => write!(f, "{whole}.{} %", rest / 10),
            rest => write!(f, "{whole}.{rest:02} %"),
        }
    }
}

/// A subject's fixed place, 0 to 9,999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Slot(u16);

impl Slot {
    /// Spreads a 64-bit hash over the slots (the bias of the remainder is under 1e-15).
    pub const fn from_hash(hash: u64) -> Self {
        Self((hash % 10_000) as u16)
    }

    /// True when `share` covers this slot. A growing share never lets go of a slot it covers.
    pub const fn is_below(self, share: Share) -> bool {
        self.0 < share.0
    }

    /// 0 to 9,999.
    pub const fn number(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_share_reads_back_as_the_percentage_it_shows(points in 0u16..=10_000) {
            let share = Share::from_basis_points(points).expect("in range");
            prop_assert_eq!(Share::parse_percent(&share.to_string()), Some(share));
        }

        #[test]
        fn a_growing_share_never_evicts(hash: u64, small in 0u16..=10_000, more in 0u16..=10_000) {
            let slot = Slot::from_hash(hash);
            let grown = Share(small.saturating_add(more).min(10_000));
            prop_assert!(!slot.is_below(Share(small)) || slot.is_below(grown));
        }
    }

    #[test]
    fn a_percentage_that_is_not_one_is_refused() {
        for odd in ["", "%", "101", "100.01", "1.234", "-1", "1e2", ".5", "1.", "1,5", "+1"] {
            assert_eq!(Share::parse_percent(odd), None, "{odd:?}");
        }
        assert_eq!(Share::parse_percent("0.5%"), Share::from_basis_points(50));
    }
}
