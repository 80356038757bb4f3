//! The comparison itself.

use std::time::Duration;

use super::{Mismatch, MismatchClass, Observation};
use crate::domain::{Decision, Denial, Grant, Question, Reason, ReasonClass, Side, Timestamp};

/// Two clocks may differ by this much; a difference about time this close to a token's own
/// boundary says nothing.
const BOUNDARY: Duration = Duration::from_secs(2);

/// A cache, a clock or a revocation on its way explains a difference for about this long.
const MOMENT: Duration = Duration::from_mins(1);

/// What two observations say about each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The sides agree.
    Match,
    /// The sides differ.
    Mismatch(Mismatch),
    /// Nothing can be concluded.
    Inconclusive(Inconclusive),
}

/// Why nothing can be concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inconclusive {
    /// A time difference within two seconds of the token's boundary.
    Boundary,
    /// Gone when asked again.
    Momentary,
    /// One side could not answer.
    Failed(Side),
    /// Neither side could answer.
    BothFailed,
}

impl Inconclusive {
    /// Every reason, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Boundary,
        Self::Momentary,
        Self::Failed(Side::Legacy),
        Self::Failed(Side::Ssot),
        Self::BothFailed,
    ];

    /// The machine-readable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Boundary => "boundary",
            Self::Momentary => "momentary",
            Self::Failed(Side::Legacy) => "legacy_failed",
            Self::Failed(Side::Ssot) => "ssot_failed",
            Self::BothFailed => "both_failed",
        }
    }
}

/// Judges two observations of one question.
pub fn judge(question: &Question, legacy: &Observation, ssot: &Observation) -> Verdict {
    let (legacy, ssot) = match (&legacy.answer, &ssot.answer) {
        (Ok(legacy), Ok(ssot)) => (legacy, ssot),
        (Err(_), Ok(_)) => return Verdict::Inconclusive(Inconclusive::Failed(Side::Legacy)),
        (Ok(_), Err(_)) => return Verdict::Inconclusive(Inconclusive::Failed(Side::Ssot)),
        (Err(_), Err(_)) => return Verdict::Inconclusive(Inconclusive::BothFailed),
    };
    let mismatch = |class, legacy_reason: Option<&Denial>, ssot_reason: Option<&Denial>| {
        Verdict::Mismatch(Mismatch {
            class,
            legacy_reason: legacy_reason.map(|denial| denial.reason.clone()),
            ssot_reason: ssot_reason.map(|denial| denial.reason.clone()),
        })
    };
    match (legacy, ssot) {
        (Decision::Allow(legacy), Decision::Allow(ssot)) => match grants_differ(legacy, ssot) {
            Some(class) => mismatch(class, None, None),
            None => Verdict::Match,
        },
        (Decision::Deny(legacy), Decision::Deny(ssot)) => {
            if reasons_differ(legacy, ssot) {
                mismatch(MismatchClass::ReasonDiffers, Some(legacy), Some(ssot))
            } else {
                Verdict::Match
            }
        }
        (Decision::Deny(denial), Decision::Allow(_)) => {
            if is_at_boundary(question, &denial.reason) {
                return Verdict::Inconclusive(Inconclusive::Boundary);
            }
            mismatch(MismatchClass::Looser, Some(denial), None)
        }
        (Decision::Allow(_), Decision::Deny(denial)) => {
            if is_at_boundary(question, &denial.reason) {
                return Verdict::Inconclusive(Inconclusive::Boundary);
            }
            mismatch(MismatchClass::Stricter, None, Some(denial))
        }
    }
}

/// True when a moment could explain the difference (revocation on its way, a negative cache, a
/// clock), so that both sides should be asked once more before it counts.
pub fn worth_asking_again(question: &Question, mismatch: &Mismatch) -> bool {
    let reason = match mismatch.class {
        MismatchClass::Looser => &mismatch.legacy_reason,
        MismatchClass::Stricter => &mismatch.ssot_reason,
        MismatchClass::SubjectDiffers
        | MismatchClass::ScopesDiffer
        | MismatchClass::ClaimsDiffer
        | MismatchClass::ReasonDiffers
        | MismatchClass::Misdelivered
        | MismatchClass::EventLost
        | MismatchClass::EventRepeated
        | MismatchClass::EventReordered
        | MismatchClass::BodyDiffers
        | MismatchClass::Late
        | MismatchClass::ConnectionDiffers => return false,
    };
    reason.as_ref().is_some_and(|reason| {
        reason.class() == ReasonClass::Revocation
            || (may_be_about_time(reason) && is_near(question, MOMENT))
    })
}

fn grants_differ(legacy: &Grant, ssot: &Grant) -> Option<MismatchClass> {
    fn differ<T: PartialEq>(legacy: Option<&T>, ssot: Option<&T>) -> bool {
        legacy.zip(ssot).is_some_and(|(legacy, ssot)| legacy != ssot)
    }
    if differ(legacy.subject.as_ref(), ssot.subject.as_ref()) {
        Some(MismatchClass::SubjectDiffers)
    } else if differ(legacy.scopes.as_ref(), ssot.scopes.as_ref()) {
        Some(MismatchClass::ScopesDiffer)
    } else if differ(legacy.token_type.as_ref(), ssot.token_type.as_ref())
        || differ(legacy.email.as_ref(), ssot.email.as_ref())
    {
        Some(MismatchClass::ClaimsDiffer)
    } else {
        None
    }
}

/// Reasons are compared when both sides tell theirs in the words of the house: a remote path's
/// own vocabulary cannot differ from ours in a way that means something.
fn reasons_differ(legacy: &Denial, ssot: &Denial) -> bool {
    let told = |denial: &Denial| {
        denial.disclosed && !matches!(denial.reason, Reason::Foreign(_) | Reason::Unspecified)
    };
    told(legacy) && told(ssot) && legacy.reason != ssot.reason
}

fn is_at_boundary(question: &Question, reason: &Reason) -> bool {
    may_be_about_time(reason) && is_near(question, BOUNDARY)
}

/// An untold reason may be about anything, time included.
const fn may_be_about_time(reason: &Reason) -> bool {
    match reason.class() {
        ReasonClass::Time | ReasonClass::Unspecified => true,
        ReasonClass::Extraction
        | ReasonClass::Form
        | ReasonClass::Algorithm
        | ReasonClass::Key
        | ReasonClass::Signature
        | ReasonClass::Claims
        | ReasonClass::Issuer
        | ReasonClass::Audience
        | ReasonClass::Purpose
        | ReasonClass::Everybody
        | ReasonClass::Revocation => false,
    }
}

/// True when one of the token's own times is within `distance` of the question.
fn is_near(question: &Question, distance: Duration) -> bool {
    let Some(claims) = question.presented().claims() else { return false };
    ["exp", "nbf", "iat"].iter().any(|name| {
        let moment = claims.get(name).and_then(serde_json::Value::as_f64);
        moment
            .and_then(Timestamp::from_seconds_f64)
            .is_some_and(|moment| moment.distance(question.asked_at) <= distance)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ComponentId, Credentials, PathError, RequestId, Scopes, Subject, Token, TokenType,
        encode_base64url,
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn question(claims: &str) -> Question {
        let token = format!("e30.{}.AQ", encode_base64url(claims.as_bytes()));
        Question::new(
            RequestId::new(1, 1),
            ComponentId::parse("http-auth").expect("an id"),
            NOW,
            Credentials::Token(Token::new(&token)),
        )
    }

    fn seen(answer: Result<Decision, PathError>) -> Observation {
        Observation { answer, took: Duration::ZERO }
    }

    fn allow(subject: &str, scopes: &str) -> Observation {
        seen(Ok(Decision::Allow(Grant {
            subject: Subject::parse(subject),
            scopes: Some(Scopes::parse(scopes)),
            token_type: Some(TokenType::Access),
            expires_at: None,
            email: None,
        })))
    }

    fn deny(reason: Reason) -> Observation {
        seen(Ok(Decision::deny(reason)))
    }

    fn class(legacy: &Observation, ssot: &Observation) -> Option<MismatchClass> {
        match judge(&question("{}"), legacy, ssot) {
            Verdict::Match => None,
            Verdict::Mismatch(mismatch) => Some(mismatch.class),
            Verdict::Inconclusive(why) => panic!("{why:?}"),
        }
    }

    #[test]
    fn a_difference_has_a_direction() {
        let (yes, no) = (allow("a", "read"), deny(Reason::Signature));
        assert_eq!(class(&no, &yes), Some(MismatchClass::Looser));
        assert_eq!(class(&yes, &no), Some(MismatchClass::Stricter));
        assert_eq!(class(&yes, &yes), None);
        assert_eq!(class(&no, &no), None);
    }

    #[test]
    fn the_subject_weighs_more_than_scopes_and_scopes_more_than_the_type() {
        let base = allow("a", "read");
        assert_eq!(class(&base, &allow("b", "write")), Some(MismatchClass::SubjectDiffers));
        assert_eq!(class(&base, &allow("a", "write")), Some(MismatchClass::ScopesDiffer));
        let refresh = seen(Ok(Decision::Allow(Grant {
            subject: Subject::parse("a"),
            scopes: Some(Scopes::parse("read")),
            token_type: Some(TokenType::Refresh),
            expires_at: None,
            email: None,
        })));
        assert_eq!(class(&base, &refresh), Some(MismatchClass::ClaimsDiffer));
    }

    #[test]
    fn what_a_side_does_not_tell_is_not_compared() {
        let silent = seen(Ok(Decision::Allow(Grant {
            subject: None,
            scopes: None,
            token_type: None,
            expires_at: None,
            email: None,
        })));
        assert_eq!(class(&silent, &allow("a", "read")), None);
        let undisclosed =
            seen(Ok(Decision::Deny(Denial { reason: Reason::Expired, disclosed: false })));
        assert_eq!(class(&undisclosed, &deny(Reason::Signature)), None);
        assert_eq!(class(&deny(Reason::foreign("nope")), &deny(Reason::Signature)), None);
        assert_eq!(
            class(&deny(Reason::Expired), &deny(Reason::Signature)),
            Some(MismatchClass::ReasonDiffers)
        );
    }

    #[test]
    fn a_failure_is_never_a_mismatch() {
        let failed = seen(Err(PathError::TimedOut));
        let verdicts = [
            (&failed, &deny(Reason::Expired), Inconclusive::Failed(Side::Legacy)),
            (&allow("a", ""), &failed, Inconclusive::Failed(Side::Ssot)),
            (&failed, &failed, Inconclusive::BothFailed),
        ];
        for (legacy, ssot, why) in verdicts {
            assert_eq!(judge(&question("{}"), legacy, ssot), Verdict::Inconclusive(why));
        }
    }

    #[test]
    fn a_time_difference_at_the_boundary_says_nothing() {
        for (exp, boundary) in [(1_000_001, true), (999_998, true), (999_997, false)] {
            let asked = question(&format!("{{\"exp\":{exp}}}"));
            let verdict = judge(&asked, &deny(Reason::Expired), &allow("a", ""));
            let inconclusive = verdict == Verdict::Inconclusive(Inconclusive::Boundary);
            assert_eq!(inconclusive, boundary, "exp {exp}");
        }
        let asked = question("{\"exp\":1000001}");
        let verdict = judge(&asked, &deny(Reason::Signature), &allow("a", ""));
        assert!(matches!(verdict, Verdict::Mismatch(_)), "a signature has no boundary");
    }

    #[test]
    fn only_what_a_moment_can_explain_is_asked_again() {
        let looser = |reason| Mismatch {
            class: MismatchClass::Looser,
            legacy_reason: Some(reason),
            ssot_reason: None,
        };
        let near = question("{\"iat\":1000030}");
        let far = question("{\"iat\":900000}");
        assert!(worth_asking_again(&near, &looser(Reason::IssuedInFuture)));
        assert!(!worth_asking_again(&far, &looser(Reason::IssuedInFuture)));
        assert!(worth_asking_again(&far, &looser(Reason::Revoked)));
        assert!(!worth_asking_again(&near, &looser(Reason::Signature)));
    }
}
