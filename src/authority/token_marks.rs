//! Whether a token that was let in still stands, for whoever keeps a door open behind it.

use serde_json::Value;

use crate::domain::{Fingerprint, Jws, Subject, Timestamp, Token};

use super::{Authority, claims};

/// What a revocation of a token could name: keyed hashes, and when it was issued. Not the token.
#[derive(Clone, Debug)]
pub struct TokenMarks {
    token: Option<Fingerprint>,
    token_id: Option<Fingerprint>,
    family: Option<Fingerprint>,
    subject: Fingerprint,
    issued_at: Option<Timestamp>,
}

impl Authority {
    /// What could be revoked of a token that was let in as `subject`. Believes the token: to be
    /// asked only after a decision has let it in.
    pub fn marks_of(&self, token: &Token, subject: &Subject) -> TokenMarks {
        let subject = self.subject_mark(subject);
        let bare =
            TokenMarks { token: None, token_id: None, family: None, subject, issued_at: None };
        let Ok(jws) = Jws::decode(token) else { return bare };
        let token = Some(self.identity(token, &jws));
        let Ok(members) = &jws.claims else { return TokenMarks { token, ..bare } };
        TokenMarks {
            token,
            token_id: members.get("jti").and_then(Value::as_str).map(|id| self.token_id_mark(id)),
            family: self.own_family(members).map(|id| self.family_mark(id)),
            issued_at: claims::moment(members, "iat").ok().flatten(),
            ..bare
        }
    }

    /// True when the token was revoked meanwhile: itself, its id, its session, or all of its
    /// subject from before a moment.
    pub fn was_revoked(&self, marks: &TokenMarks, now: Timestamp) -> bool {
        let mut all = [&marks.token, &marks.token_id, &marks.family].into_iter().flatten();
        all.any(|mark| self.revocations.holds(mark))
            || self
                .revocations
                .issued_before(&marks.subject)
                .is_some_and(|before| self.precedes(marks.issued_at, before, now))
    }

    /// Grows with every revocation: whoever has looked at this number and then at all that
    /// stands need not look again while it is the same.
    pub fn revocations_seen(&self) -> u64 {
        self.revocations.changes()
    }
}
