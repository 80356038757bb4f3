//! A component's last hour in figures, each with the way to what it is made of.

use askama::Template;

use crate::compare::MismatchClass;
use crate::domain::Side;
use crate::flags::Flag;
use crate::ledger::{Counter, Tally};
use crate::report::{rate, wilson};
use crate::web::pages::known::{percent, thousands};

#[derive(Template)]
#[template(path = "parts/component_lately.html")]
pub(super) struct Lately {
    component: String,
    answers: String,
    by_ssot: String,
    match_rate: String,
    between: String,
    compared: String,
    differing: Vec<ClassLine>,
    accepted: String,
    legacy_failed: String,
    ssot_failed: String,
    rescued: String,
    undecided: String,
    inconclusive: String,
    not_compared: String,
}

struct ClassLine {
    class: MismatchClass,
    count: String,
}

impl Lately {
    pub fn new(flag: &Flag, hour: &Tally) -> Self {
        let count = |counter| hour.count(counter);
        let served = Side::BOTH.map(|side| count(Counter::Served(side)));
        let answers = served[0] + served[1];
        let good = count(Counter::Matched) + hour.accepted();
        let between = wilson(good, hour.conclusive()).map_or_else(String::new, |interval| {
            let (low, high) = (percent(Some(interval.low)), percent(Some(interval.high)));
            format!("between {low} and {high} at 95 % confidence")
        });
        let lines = flag.kind.classes().iter().filter_map(|class| {
            let found = count(Counter::Mismatched(*class));
            (found > 0).then(|| ClassLine { class: *class, count: thousands(found) })
        });
        let sampled = [Counter::SampledOut, Counter::ByTarget, Counter::Shed, Counter::CannotPlan];
        Self {
            component: flag.component.to_string(),
            answers: thousands(answers),
            by_ssot: percent(rate(count(Counter::Served(Side::Ssot)), answers)),
            match_rate: percent(hour.match_rate()),
            between,
            compared: thousands(hour.conclusive()),
            differing: lines.collect(),
            accepted: thousands(hour.accepted()),
            legacy_failed: thousands(hour.failures(Side::Legacy)),
            ssot_failed: thousands(hour.failures(Side::Ssot)),
            rescued: thousands(
                count(Counter::Rescued(Side::Ssot)) + count(Counter::Rescued(Side::Legacy)),
            ),
            undecided: thousands(count(Counter::Undecided)),
            inconclusive: thousands(hour.inconclusive()),
            not_compared: thousands(sampled.map(count).iter().sum()),
        }
    }
}
