//! How often each kind of question is asked.

use crate::authority::specimens;

/// How a kind is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Shown again and again, as long as the session lasts.
    Session,
    /// Made for one question.
    Once,
}

/// Kinds with a weight of their own, in 10,000. What is missing from 10,000 is shared by all
/// other kinds.
pub const MIX: &[(&str, u16, Use)] = &[
    ("fresh_hs256", 4_600, Use::Session),
    ("bearer", 3_200, Use::Session),
    ("bearer_lower_case", 300, Use::Session),
    ("protocol_base64url", 500, Use::Session),
    ("fresh_hs256_kid", 200, Use::Session),
    ("sub_unicode", 40, Use::Session),
    ("scope_string", 30, Use::Session),
    ("aud_list_one", 30, Use::Session),
    ("fresh_rs256", 20, Use::Session),
    ("fresh_es256", 10, Use::Session),
    ("fresh_eddsa", 10, Use::Session),
    ("expired_30s", 120, Use::Once),
    ("expired_5h", 150, Use::Once),
    ("bearer_expired", 150, Use::Once),
    ("no_credentials", 120, Use::Once),
    ("type_refresh", 40, Use::Once),
    ("env_staging", 30, Use::Once),
    ("wrong_secret", 30, Use::Once),
    ("exp_in_2s", 20, Use::Once),
    ("iat_future_2s", 20, Use::Once),
];

/// The same as a ladder that a number climbs.
#[derive(Debug)]
pub(super) struct Mix {
    others: Vec<&'static str>,
}

impl Mix {
    pub(super) fn new() -> Self {
        let weighted = |kind: &&str| MIX.iter().any(|(known, ..)| known == kind);
        Self { others: specimens::kinds().filter(|kind| !weighted(kind)).collect() }
    }

    /// The kind for two random numbers, the first below 10,000.
    pub(super) fn pick(&self, mut place: u16, other: u64) -> (&'static str, Use) {
        for (kind, weight, used) in MIX {
            if place < *weight {
                return (kind, *used);
            }
            place -= weight;
        }
        let count = self.others.len().max(1) as u64;
        let place = usize::try_from(other % count).unwrap_or(0);
        (self.others.get(place).copied().unwrap_or("fresh_hs256"), Use::Once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_leave_room_for_all_other_kinds() {
        let total: u16 = MIX.iter().map(|(_, weight, _)| weight).sum();
        assert!((9_000..9_800).contains(&total), "{total}");
        let known: Vec<_> = specimens::kinds().collect();
        for (kind, ..) in MIX {
            assert!(known.contains(kind), "{kind}");
        }
        let mix = Mix::new();
        assert_eq!(mix.others.len(), known.len() - MIX.len());
        assert_eq!(mix.pick(0, 0), ("fresh_hs256", Use::Session));
        assert_eq!(mix.pick(9_999, 0).1, Use::Once);
    }
}
