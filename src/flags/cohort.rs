//! Which slot a caller has: a keyed hash of the group's secret salt and the subject.
//!
//! The subject is read without verifying it. A forger can therefore choose another subject's
//! slot, but not the slot of the subject he wants to be: that is the subject's own.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Issuers;
use super::issuers::Person;
use crate::domain::{FingerprintKey, Presented, Reason, Slot, SubjectKey, Token};
use crate::domain::{decode_base64url, decode_leniently, encode_base64url};

/// The secret of a group. Whoever knows it can compute slots, so it never shows itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt([u8; 32]);

/// What kind of text was hashed, so that no subject can be mistaken for a token.
const OWN: u8 = 0;
const FOREIGN: u8 = 1;
const OPAQUE: u8 = 2;

impl Salt {
    /// A new random salt.
    pub fn generate() -> Self {
        Self(rand::random())
    }

    /// A salt from 32 secret bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The slot of what a caller presents; `None` when no subject can be read from it.
    ///
    /// `sub` alone for a token of our own issuers or without `iss`, else issuer and the claim that
    /// names its subjects: two issuers' "1" are two people, unless they are said to be one.
    pub fn slot(&self, presented: &Presented, issuers: &Issuers) -> Option<Slot> {
        self.key(presented, issuers).map(SubjectKey::slot)
    }

    /// What stands for the subject whose place [`Salt::slot`] is.
    pub(super) fn key(&self, presented: &Presented, issuers: &Issuers) -> Option<SubjectKey> {
        match presented {
            Presented::Nothing | Presented::Conflict => None,
            Presented::Opaque(token, reason) => self.opaque_key(token, reason),
            Presented::Jws(_, jws) => Some(self.key_of(issuers.person(jws.claims.as_ref().ok()?)?)),
        }
    }

    /// The slot of a subject of our own issuers.
    pub fn own_slot(&self, subject: &str) -> Slot {
        self.own_key(subject).slot()
    }

    /// The slot of a subject of a foreign issuer.
    pub fn foreign_slot(&self, issuer: &str, subject: &str) -> Slot {
        self.foreign_key(issuer, subject).slot()
    }

    fn own_key(&self, subject: &str) -> SubjectKey {
        self.hash(OWN, &[subject.as_bytes()])
    }

    fn foreign_key(&self, issuer: &str, subject: &str) -> SubjectKey {
        let length = (issuer.len() as u64).to_le_bytes();
        self.hash(FOREIGN, &[&length, issuer.as_bytes(), subject.as_bytes()])
    }

    /// What stands for a subject as the authority has granted it.
    /// `None` for an empty one and one that is too long to be granted.
    pub(super) fn granted_key(&self, subject: &str, issuers: &Issuers) -> Option<SubjectKey> {
        let person = issuers.granted(subject);
        person.is_nameable().then(|| self.key_of(person))
    }

    fn key_of(&self, person: Person<'_>) -> SubjectKey {
        match person {
            Person::Own(subject) => self.own_key(subject),
            Person::Foreign { issuer, subject } => self.foreign_key(issuer, subject),
        }
    }

    /// An opaque token stands for itself, however it is encoded. One that resembles a JWS names
    /// somebody to a lenient reader, so its subject counts as unreadable.
    fn opaque_key(&self, token: &Token, reason: &Reason) -> Option<SubjectKey> {
        if *reason != Reason::Segments || resembles_jws(token) {
            return None;
        }
        let fingerprint = FingerprintKey::new(self.0).of_token(token);
        Some(self.hash(OPAQUE, &[fingerprint.bytes()]))
    }

    fn hash(&self, kind: u8, parts: &[&[u8]]) -> SubjectKey {
        let mut text = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
        text.push(kind);
        for part in parts {
            text.extend_from_slice(part);
        }
        let hash = blake3::keyed_hash(&self.0, &text);
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        SubjectKey::from_hash(u64::from_le_bytes(first))
    }
}

/// True when a lenient decoder finds a JSON object where a JWS has its header.
fn resembles_jws(token: &Token) -> bool {
    let text = token.reveal();
    let Some((header, _)) = text.split_once('.') else { return false };
    let decoded = decode_leniently(header);
    decoded.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> String {
        encode_base64url(&salt.0)
    }
}

impl TryFrom<String> for Salt {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = decode_base64url(&text).ok_or("a salt is base64url")?;
        Ok(Self(bytes.try_into().map_err(|_| "a salt has 32 bytes")?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::domain::{Credentials, Share};
    use crate::flags::ForeignIssuer;

    const SALT: Salt = Salt::new([7; 32]);

    fn presented(token: &str) -> Presented {
        Credentials::Token(Token::new(token)).presented()
    }

    fn slot(token: &str) -> Option<Slot> {
        SALT.slot(&presented(token), &issuers())
    }

    fn granted(subject: &str) -> Option<Slot> {
        SALT.granted_key(subject, &issuers()).map(SubjectKey::slot)
    }

    fn issuers() -> Issuers {
        let known = |name: &str, subject_claim, same_subjects| {
            let name = name.to_owned();
            (format!("https://{name}"), ForeignIssuer { name, subject_claim, same_subjects })
        };
        Issuers {
            own: HashSet::from(["https://us".to_owned()]),
            foreign: HashMap::from([known("corp", "oid", false), known("old", "user_id", true)]),
        }
    }

    fn jws(claims: &str) -> String {
        format!("e30.{}.AQ", encode_base64url(claims.as_bytes()))
    }

    #[test]
    fn our_own_subject_has_one_slot_with_our_issuer_or_without() {
        let alice = Some(SALT.own_slot("alice"));
        assert_eq!(slot(&jws(r#"{"sub":"alice"}"#)), alice);
        assert_eq!(slot(&jws(r#"{"iss":"https://us","sub":"alice","exp":1}"#)), alice);
        assert_ne!(slot(&jws(r#"{"sub":"bob"}"#)), alice);
    }

    #[test]
    fn two_issuers_subjects_of_one_name_are_two_people() {
        let a = slot(&jws(r#"{"iss":"https://a","sub":"1"}"#));
        assert_eq!(a, Some(SALT.foreign_slot("https://a", "1")));
        assert_ne!(a, slot(&jws(r#"{"iss":"https://b","sub":"1"}"#)));
        assert_ne!(a, slot(&jws(r#"{"sub":"1"}"#)));
        assert_ne!(SALT.foreign_slot("ab", "c"), SALT.foreign_slot("a", "bc"));
    }

    #[test]
    fn a_trusted_issuers_subject_is_in_the_claim_that_it_is_granted_by() {
        let corp = slot(&jws(r#"{"iss":"https://corp","sub":"x","oid":"1"}"#));
        assert_eq!(corp, Some(SALT.foreign_slot("https://corp", "1")));
        assert_eq!(corp, granted("corp|1"));
        assert_eq!(slot(&jws(r#"{"iss":"https://corp","sub":"x"}"#)), None);
        let merged = slot(&jws(r#"{"iss":"https://old","sub":"x","user_id":"1"}"#));
        assert_eq!(merged, Some(SALT.own_slot("1")));
        assert_eq!(merged, granted("1"));
        assert_eq!(granted("old|1"), Some(SALT.own_slot("old|1")));
        assert_eq!(granted("else|1"), Some(SALT.own_slot("else|1")));
    }

    #[test]
    fn a_subject_that_cannot_be_read_has_no_slot() {
        for claims in [
            "{}",
            r#"{"sub":""}"#,
            r#"{"sub":1}"#,
            r#"{"sub":null}"#,
            r#"{"sub":"a","sub":"b"}"#,
            r#"{"sub":"a","iss":1}"#,
            "not json",
        ] {
            assert_eq!(slot(&jws(claims)), None, "{claims}");
        }
        assert_eq!(slot(&format!("{}=", jws(r#"{"sub":"a"}"#)).replace(".AQ=", "=.AQ")), None);
        assert_eq!(SALT.slot(&Presented::Nothing, &issuers()), None);
        assert_eq!(SALT.slot(&Presented::Conflict, &issuers()), None);
    }

    #[test]
    fn an_opaque_token_stands_for_itself_and_what_resembles_a_jws_for_nobody() {
        assert!(slot("0123456789abcdef").is_some());
        assert!(slot("ya29.opaque").is_some());
        assert_ne!(slot("0123456789abcdef"), slot("0123456789abcdeF"));
        for claims in
            ["eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0", "e30.e30.AQ.AQ.AQ", " eyJ9.x", "e!30.x"]
        {
            assert_eq!(slot(claims), None, "{claims}");
        }
        assert_eq!(slot(&"a".repeat(9000)), None);
    }

    #[test]
    fn a_salt_reads_back_what_it_wrote_and_does_not_show_itself() {
        let text = serde_json::to_string(&SALT).expect("json");
        assert_eq!(serde_json::from_str::<Salt>(&text).expect("a salt"), SALT);
        assert_eq!(format!("{SALT:?}"), "Salt(..)");
        assert_ne!(Salt::generate(), Salt::generate());
    }

    proptest! {
        #[test]
        fn a_growing_share_never_lets_go_of_a_subject(
            subject in "[a-z]{1,20}", small in 0u16..=10_000, large in 0u16..=10_000,
        ) {
            let (small, large) = (small.min(large), small.max(large));
            let share = |points| Share::from_basis_points(points).expect("a share");
            let slot = SALT.own_slot(&subject);
            prop_assert!(!slot.is_below(share(small)) || slot.is_below(share(large)));
        }
    }
}
