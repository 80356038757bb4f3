//! Why a subject is served by one side, in words.

use serde::Serialize;

use super::{By, Evaluation, Facts, Flag, Serve, Snapshot, Stage};
use crate::domain::{ComponentId, Revision, SegmentId, Share, Side, Slot};

/// Who serves a subject, and which rule says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Of which component.
    pub component: ComponentId,
    /// The side that serves: `legacy` or `ssot`.
    pub side: &'static str,
    /// `stage`, `target`, `share`, `no_subject` or `required`.
    pub decided_by: &'static str,
    /// The whole story in a sentence.
    pub sentence: String,
    /// The subject's place, 0 to 9,999.
    pub slot: Option<u16>,
    /// How far the component has come.
    #[serde(flatten)]
    pub stage: Stage,
    /// Every target in the order in which they are asked.
    pub targets: Vec<ExplainedTarget>,
    /// The required component that is on legacy for this subject, if that decided.
    pub required: Option<ComponentId>,
    /// The revision of the flag.
    pub revision: Revision,
}

/// One target, and what it makes of the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedTarget {
    /// Whom it is about.
    pub segment: SegmentId,
    /// How they are served.
    pub serve: Serve,
    /// By which list the subject belongs to it: `subject`, `tenant`, `scope` or `header`.
    pub matched_by: Option<&'static str>,
    /// True for the one that decided.
    pub decided: bool,
}

impl Snapshot {
    /// Who serves whoever `facts` are of, under `flag`, and why.
    pub fn explain(&self, flag: &Flag, facts: &Facts<'_>) -> Explanation {
        let evaluation = self.evaluate(flag, facts);
        let required = match evaluation.by {
            By::Required => self.required_on_legacy(flag, facts).cloned(),
            By::Stage | By::Target(_) | By::Share | By::NoSubject => None,
        };
        let targets = (0..).zip(&flag.targets).map(|(place, target)| ExplainedTarget {
            segment: target.segment.clone(),
            serve: target.serve,
            matched_by: self
                .segment(target.segment.as_str())
                .and_then(|segment| segment.matches(facts, self.issuers())),
            decided: evaluation.by == By::Target(place),
        });
        Explanation {
            component: flag.component.clone(),
            side: evaluation.side().as_str(),
            decided_by: evaluation.by.code(),
            sentence: sentence(flag, evaluation, required.as_ref()),
            slot: evaluation.slot.map(Slot::number),
            stage: flag.stage,
            targets: targets.collect(),
            required,
            revision: flag.revision,
        }
    }
}

impl By {
    /// `stage`, `target`, `share`, `no_subject` or `required`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Target(_) => "target",
            Self::Share => "share",
            Self::NoSubject => "no_subject",
            Self::Required => "required",
        }
    }
}

fn sentence(flag: &Flag, evaluation: Evaluation, required: Option<&ComponentId>) -> String {
    let component = &flag.component;
    let side = evaluation.side();
    let stage = flag.stage;
    let compared = match evaluation.serve {
        Serve::Legacy => ", ssot is not asked",
        Serve::Ssot | Serve::Shadow => "",
    };
    match evaluation.by {
        By::Stage => format!("{component} is {stage}: {side} serves everybody{compared}"),
        By::Target(place) => {
            let segment =
                flag.targets.get(usize::from(place)).map(|target| target.segment.as_str());
            let (segment, place) = (segment.unwrap_or_default(), u16::from(place) + 1);
            format!(
                "{component} is {stage}; target {place}, {segment}, decides: {side} serves{compared}"
            )
        }
        By::Share if stage.share() == Share::ALL => {
            format!(
                "{component} is {stage}: everybody is on ssot, with a readable subject or without"
            )
        }
        By::Share => {
            let slot = evaluation.slot.map_or(0, Slot::number);
            let points = stage.share().basis_points();
            let (place, edge) = match side {
                Side::Ssot => ("below", "on ssot"),
                Side::Legacy => ("not below", "still on legacy"),
            };
            format!("{component} is {stage}: slot {slot} is {place} {points}, so {edge}")
        }
        By::NoSubject => {
            format!("{component} is {stage}, and no subject can be read: legacy serves below 100 %")
        }
        By::Required => {
            let required = required.map_or("a required component", ComponentId::as_str);
            format!(
                "{component} is {stage}, but {required}, which it requires, is on legacy for this \
                 subject: legacy serves"
            )
        }
    }
}
