//! The whole in one sentence.

use askama::Template;

use crate::flags::Flag;
use crate::ledger::Counter;
use crate::web::pages::known::{Health, Known};

#[derive(Template)]
#[template(path = "parts/overview_summary.html")]
pub(super) struct Summary {
    class: &'static str,
    /// The sentence.
    text: String,
    /// What belongs to it.
    details: Vec<String>,
    revision: u64,
    problem: Option<String>,
}

impl Summary {
    pub fn of<'f>(
        all: impl Iterator<Item = (&'f Flag, &'f Known)>,
        revision: u64,
        problem: Option<String>,
    ) -> Self {
        let (mut count, mut serving) = (0, 0);
        let (mut alarms, mut backs, mut holds, mut wary) = (vec![], vec![], vec![], vec![]);
        for (flag, known) in all {
            count += 1;
            serving += usize::from(flag.stage.ssot_serves());
            let name = flag.component.to_string();
            let mut classes = flag.kind.classes().iter().filter(|class| class.is_alarm());
            if classes.any(|class| known.hour.count(Counter::Mismatched(*class)) > 0) {
                alarms.push(name.clone());
            }
            if flag.latch.is_some() {
                backs.push(name.clone());
            }
            if flag.hold.is_some() {
                holds.push(name.clone());
            }
            match known.meter.health {
                Health::Holds | Health::Trips => wary.push(name),
                Health::Unwatched | Health::Waits | Health::Cleared => {}
            }
        }
        let told = |list: &[String], what: &str| {
            (!list.is_empty()).then(|| format!("{what}: {}", listed(list)))
        };
        let details = [
            told(&alarms, "security alarms within the hour"),
            told(&backs, "rolled back, not released"),
            told(&wary, "the guard holds"),
            told(&holds, "held"),
        ];
        let (class, text) =
            match (alarms.is_empty(), backs.is_empty(), wary.is_empty(), holds.is_empty()) {
                (false, ..) => {
                    ("hot", "Security alarm: SSOT lets in whom legacy refuses".to_owned())
                }
                (_, false, ..) => ("hot", format!("{} rolled back", components(backs.len()))),
                (.., false, _) => ("warm", format!("The guard holds {}", components(wary.len()))),
                (.., false) => ("warm", format!("{} held", components(holds.len()))),
                _ if count == 0 => ("calm", "No components yet".to_owned()),
                _ => ("good", "Nothing stands against anything".to_owned()),
            };
        let serves = format!("SSOT serves in {serving} of {}", components(count));
        let details = details.into_iter().flatten().chain([serves]).collect();
        Self { class, text, details, revision, problem }
    }
}

fn components(count: usize) -> String {
    if count == 1 { "1 component".to_owned() } else { format!("{count} components") }
}

/// The first few names.
fn listed(names: &[String]) -> String {
    const FEW: usize = 5;
    let shown = names.iter().take(FEW).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(FEW) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
