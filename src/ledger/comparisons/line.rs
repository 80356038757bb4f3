//! One comparison as it is written out.

use std::borrow::Cow;

use serde::Serialize;

use super::super::book::time_of;
use super::super::{Enforcement, Entry, Finding, Judgement, NotCompared, Outcome};
use crate::compare::{Observation, Verdict};
use crate::domain::{ComponentId, Decision, Question, RequestId, Side, Timestamp};

/// A line. What does not apply is left out.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    /// When it was asked or happened, in microseconds since the epoch.
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<RequestId>,
    component: &'a ComponentId,
    /// The side that served; for an undecided question the one that should have.
    #[serde(skip_serializing_if = "Option::is_none")]
    served_by: Option<&'static str>,
    /// `allowed`, `denied` or `undecided`; left out where no question was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rescued: Option<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    rescue_refused: bool,
    #[serde(skip_serializing_if = "is_false")]
    owned: bool,
    /// `undecided` or `denied`, where invariants were enforced.
    #[serde(skip_serializing_if = "Option::is_none")]
    enforcement: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legacy: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssot: Option<Answer>,
    /// `match`, `mismatch`, `accepted`, `inconclusive` or `not_compared`.
    verdict: &'static str,
    /// The class of a mismatch or an accepted difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    /// Why it is inconclusive or was not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    asked_again: bool,
}

/// What one side said.
#[derive(Debug, Serialize)]
struct Answer {
    /// `allow`, `deny` or `failed`.
    #[serde(rename = "answer")]
    said: &'static str,
    /// Why it denied, or how it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'static, str>>,
    /// How long it took; left out for a side that was taken to fail without being asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_us: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Verdict, class and why.
type Found = (&'static str, Option<&'static str>, Option<&'static str>);

impl<'a> Line<'a> {
    pub(super) fn of_entry(question: &'a Question, entry: &Entry<'_>) -> Self {
        let (verdict, class, why) = found(&entry.finding);
        Self {
            at: question.asked_at.micros(),
            request_id: Some(question.id),
            component: &question.component,
            served_by: Some(entry.served_by.as_str()),
            outcome: Some(match entry.outcome {
                Outcome::Allowed => "allowed",
                Outcome::Denied => "denied",
                Outcome::Undecided => "undecided",
            }),
            rescued: entry.rescued.map(Side::as_str),
            rescue_refused: entry.rescue_refused,
            owned: entry.owned,
            enforcement: match entry.enforcement {
                Enforcement::Nothing => None,
                Enforcement::Undecided => Some("undecided"),
                Enforcement::Denied => Some("denied"),
            },
            legacy: entry.legacy.map(Answer::of),
            ssot: entry.ssot.map(Answer::of),
            verdict,
            class,
            why,
            asked_again: matches!(entry.finding, Finding::Compared { asked_again: true, .. }),
        }
    }

    pub(super) fn of_judgement(
        component: &'a ComponentId,
        at: Timestamp,
        served: Option<Side>,
        judgement: Judgement,
    ) -> Self {
        let (verdict, class, why) = match judgement {
            Judgement::Match => ("match", None, None),
            Judgement::Differs { class, accepted } => {
                (if accepted { "accepted" } else { "mismatch" }, Some(class.code()), None)
            }
            Judgement::Inconclusive(why) => ("inconclusive", None, Some(why.code())),
        };
        Self {
            at: at.micros(),
            request_id: None,
            component,
            served_by: served.map(Side::as_str),
            outcome: None,
            rescued: None,
            rescue_refused: false,
            owned: false,
            enforcement: None,
            legacy: None,
            ssot: None,
            verdict,
            class,
            why,
            asked_again: false,
        }
    }
}

fn found(finding: &Finding<'_>) -> Found {
    match finding {
        Finding::Compared { verdict: Verdict::Match, .. } => ("match", None, None),
        Finding::Compared { verdict: Verdict::Mismatch(mismatch), accepted, .. } => {
            let verdict = if *accepted { "accepted" } else { "mismatch" };
            (verdict, Some(mismatch.class.code()), None)
        }
        Finding::Compared { verdict: Verdict::Inconclusive(why), .. } => {
            ("inconclusive", None, Some(why.code()))
        }
        Finding::NotCompared(why) => {
            let why = match why {
                NotCompared::ByStage => "by_stage",
                NotCompared::SampledOut => "sampled_out",
                NotCompared::ByTarget => "by_target",
                NotCompared::Shed => "shed",
                NotCompared::CannotPlan => "cannot_plan",
            };
            ("not_compared", None, Some(why))
        }
    }
}

impl Answer {
    fn of(observation: &Observation) -> Self {
        let (answer, reason) = match &observation.answer {
            Ok(Decision::Allow(_)) => ("allow", None),
            Ok(Decision::Deny(denial)) => ("deny", Some(denial.reason.code().into_owned().into())),
            Err(error) => ("failed", Some(Cow::Borrowed(error.code()))),
        };
        let took = time_of(Some(observation));
        let took_us = took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        Self { said: answer, reason, took_us }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::compare::{Mismatch, MismatchClass};
    use crate::domain::{Credentials, PathError, Reason, Token};

    fn question() -> Question {
        Question::new(
            RequestId::new(1, 2),
            ComponentId::parse("http-auth").expect("an id"),
            Timestamp::from_micros(1_700_000_000_000_001),
            Credentials::Token(Token::new("hush")),
        )
    }

    #[test]
    fn a_line_says_what_happened_and_shows_no_token() {
        let denied = Observation {
            answer: Ok(Decision::deny(Reason::Expired)),
            took: Duration::from_micros(42),
        };
        let failed = Observation { answer: Err(PathError::TimedOut), took: Duration::ZERO };
        let verdict = Verdict::Mismatch(Mismatch {
            class: MismatchClass::Looser,
            legacy_reason: None,
            ssot_reason: None,
        });
        let entry = Entry {
            served_by: Side::Legacy,
            outcome: Outcome::Denied,
            rescued: Some(Side::Ssot),
            rescue_refused: false,
            owned: false,
            legacy: Some(&denied),
            ssot: Some(&failed),
            enforcement: Enforcement::Undecided,
            finding: Finding::Compared { verdict: &verdict, accepted: true, asked_again: true },
        };
        let question = question();
        let line = serde_json::to_string(&Line::of_entry(&question, &entry)).expect("JSON");
        assert_eq!(
            line,
            "{\"at\":1700000000000001,\"request_id\":\"00000001-0000000002\",\
             \"component\":\"http-auth\",\"served_by\":\"legacy\",\"outcome\":\"denied\",\
             \"rescued\":\"ssot\",\"enforcement\":\"undecided\",\
             \"legacy\":{\"answer\":\"deny\",\"reason\":\"expired\",\"took_us\":42},\
             \"ssot\":{\"answer\":\"failed\",\"reason\":\"timed_out\"},\
             \"verdict\":\"accepted\",\"class\":\"looser\",\"asked_again\":true}"
        );
    }

    #[test]
    fn a_judgement_has_neither_a_question_nor_answers() {
        let component = ComponentId::parse("event-delivery").expect("an id");
        let (class, at) = (MismatchClass::EventLost, Timestamp::from_micros(5));
        let judgement = Judgement::Differs { class, accepted: false };
        let line = Line::of_judgement(&component, at, Some(Side::Ssot), judgement);
        assert_eq!(
            serde_json::to_string(&line).expect("JSON"),
            "{\"at\":5,\"component\":\"event-delivery\",\"served_by\":\"ssot\",\
             \"verdict\":\"mismatch\",\"class\":\"event_lost\"}"
        );
    }
}
