//! What the guard has seen of a component: the certificate in words, and how each rule stands.

use askama::Template;

use crate::domain::Timestamp;
use crate::guard::GuardView;
use crate::report::percent_text;
use crate::web::pages::Moment;
use crate::web::pages::known::{Meter, rule_name, thousands, way};

#[derive(Template)]
#[template(path = "parts/component_evidence.html")]
pub(super) struct Evidence {
    meter: Meter,
    /// The certificate in a sentence.
    certificate: String,
    attempt: u32,
    attempt_since: Moment,
    step_since: Moment,
    answers: String,
    rules: Vec<RuleLine>,
    resting: Vec<String>,
}

struct RuleLine {
    name: &'static str,
    seen: String,
    finds: Option<String>,
    /// How far it is on its way to act, in percent; `None` where nothing is added up.
    way: Option<u8>,
}

impl Evidence {
    pub fn new(view: &GuardView, now: Timestamp) -> Self {
        let (armed, resting): (Vec<_>, Vec<_>) =
            view.standings.iter().partition(|standing| standing.unarmed.is_none());
        let rules = armed.into_iter().map(|standing| RuleLine {
            name: rule_name(standing.rule),
            seen: standing.seen.clone(),
            finds: standing.finds.clone(),
            way: standing.value.zip(standing.acts_at).map(|(value, at)| way(value, at)),
        });
        let resting = resting.into_iter().map(|standing| {
            let why = standing.unarmed.as_deref().unwrap_or_default();
            format!("{}: {why}", rule_name(standing.rule))
        });
        Self {
            meter: Meter::of(view),
            certificate: certificate(view),
            attempt: view.attempt,
            attempt_since: Moment::new(view.attempt_since, now),
            step_since: Moment::new(view.step_since, now),
            answers: thousands(view.answers),
            rules: rules.collect(),
            resting: resting.collect(),
        }
    }
}

/// The certificate as one says it.
pub(super) fn certificate(view: &GuardView) -> String {
    let certificate = &view.certificate;
    let (below, sure) = (percent_text(certificate.below), percent_text(certificate.confidence));
    let (clean, failed) =
        (certificate.subjects.saturating_sub(certificate.failed), certificate.failed);
    let with_failed =
        if failed > 0 { format!(", {} failed", thousands(failed)) } else { String::new() };
    match certificate.clean_subjects_missing {
        0 => format!(
            "Error rate below {below} at {sure} confidence over {} clean subjects{with_failed}.",
            thousands(clean)
        ),
        missing => format!(
            "Not yet certified: error rate below {below} at {sure} confidence takes {} more clean \
             subjects, if none fails; {} are clean so far{with_failed}.",
            thousands(missing),
            thousands(clean)
        ),
    }
}
