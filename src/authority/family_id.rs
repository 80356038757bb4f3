//! The name of a session.

use crate::domain::{Timestamp, decode_base64url, encode_base64url};

const END_DIGITS: usize = 10;

/// Names a family of tokens: the second in which it ends, in ten hexadecimal digits, and 128
/// random bits in base64url. So names sort by their end, what is over is found without looking at
/// the rest, and how long a revocation must be kept is known from the name alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FamilyId(Box<str>);

impl FamilyId {
    /// A new name.
    pub(super) fn random(ends_at_s: i64) -> Self {
        let random = encode_base64url(&rand::random::<[u8; 16]>());
        Self(format!("{}{random}", end_prefix(ends_at_s)).into())
    }

    /// Reads a name; `None` when it is none of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (end, random) = text.split_at_checked(END_DIGITS)?;
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let ours = end.bytes().all(lower_hex) && decode_base64url(random)?.len() == 16;
        ours.then(|| Self(text.into()))
    }

    pub(super) const fn as_str(&self) -> &str {
        &self.0
    }

    /// When the family ends, however often it is refreshed.
    pub(super) fn ends_at(&self) -> Timestamp {
        let end = i64::from_str_radix(&self.0[..END_DIGITS], 16);
        Timestamp::from_seconds(end.unwrap_or_default())
    }
}

/// How names begin whose bearers end in this second; sorts as the moments do.
pub(super) fn end_prefix(ends_at_s: i64) -> String {
    format!("{:010x}", ends_at_s.clamp(0, 0xff_ffff_ffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_named_by_its_end_and_names_sort_by_it() {
        let (sooner, later) = (FamilyId::random(1_790_000_000), FamilyId::random(17_900_000_000));
        assert_eq!(later.ends_at(), Timestamp::from_seconds(17_900_000_000));
        assert!(sooner < later);
        assert_eq!(FamilyId::parse(sooner.as_str()), Some(sooner));
    }

    #[test]
    fn any_other_text_names_no_family_of_ours() {
        let good = FamilyId::random(1_790_000_000).as_str().to_owned();
        let odd = ["", "legacy-session", &good.to_uppercase(), &good[1..], &format!("{good}A")];
        assert!(odd.into_iter().all(|text| FamilyId::parse(text).is_none()));
    }
}
