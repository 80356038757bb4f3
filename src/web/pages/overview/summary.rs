//! The whole in one sentence.

use askama::Template;

use super::attention::Due;
use crate::flags::Flag;
use crate::web::pages::known::Known;

/// Names that are listed of one kind; the rest is a count.
const FEW: usize = 5;

#[derive(Template)]
#[template(path = "parts/overview_summary.html")]
pub(super) struct Summary {
    class: &'static str,
    /// The sentence.
    text: String,
    /// What belongs to it.
    details: Vec<Detail>,
    /// How many components there are, and in how many of them SSOT serves.
    serves: String,
    revision: u64,
    problem: Option<String>,
}

/// Components that ask for somebody for the same reason.
struct Detail {
    due: Due,
    names: Vec<String>,
    /// How many more there are.
    more: usize,
}

impl Detail {
    fn of(due: Due, found: &[(Due, String)]) -> Option<Self> {
        let mut names: Vec<String> =
            found.iter().filter(|(of, _)| *of == due).map(|(_, name)| name.clone()).collect();
        let more = names.len().saturating_sub(FEW);
        names.truncate(FEW);
        (!names.is_empty()).then_some(Self { due, names, more })
    }

    /// Class and sentence when there is nothing graver.
    fn headline(&self) -> (&'static str, String) {
        let all = components(self.names.len() + self.more);
        match self.due {
            Due::Alarm => ("hot", "Security alarm: SSOT lets in whom legacy refuses".to_owned()),
            Due::RolledBack => ("hot", format!("{all} rolled back")),
            Due::Wary => ("warm", format!("The guard holds {all}")),
            Due::Held => ("warm", format!("{all} held")),
        }
    }
}

impl Summary {
    pub fn of<'f>(
        all: impl Iterator<Item = (&'f Flag, &'f Known)>,
        revision: u64,
        problem: Option<String>,
    ) -> Self {
        let (mut count, mut serving, mut found) = (0, 0, Vec::new());
        for (flag, known) in all {
            count += 1;
            serving += usize::from(flag.stage.ssot_serves());
            let name = || flag.component.to_string();
            found.extend(Due::of(flag, known).into_iter().map(|due| (due, name())));
        }
        let details: Vec<Detail> =
            Due::ALL.into_iter().filter_map(|due| Detail::of(due, &found)).collect();
        let (class, text) = match details.first() {
            Some(worst) => worst.headline(),
            None if count == 0 => ("calm", "No components yet".to_owned()),
            None => ("good", "Nothing stands against anything".to_owned()),
        };
        let serves = format!("SSOT serves in {serving} of {}", components(count));
        Self { class, text, details, serves, revision, problem }
    }
}

fn components(count: usize) -> String {
    if count == 1 { "1 component".to_owned() } else { format!("{count} components") }
}
