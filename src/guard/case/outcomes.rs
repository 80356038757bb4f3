//! R9: people get less done on SSOT: fewer runs come to their end, or fewer messages are sent. It
//! holds a promotion and rolls nothing back.

use serde::{Deserialize, Serialize};

use crate::domain::Side;
use crate::ledger::OutcomeSeen;

/// Started runs, or active people, of each side below which nothing is concluded.
const ENOUGH: u64 = 100;

/// The evidence of R9, since the step began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// What came of people's work on legacy.
    pub legacy: Sum,
    /// Likewise on SSOT.
    pub ssot: Sum,
}

/// Sums over all that was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Runs that were started.
    pub runs_started: u64,
    /// Those that came to their end.
    pub runs_completed: u64,
    /// People who did anything, summed over the reports.
    pub active_users: u64,
    /// Messages they sent.
    pub messages: u64,
}

impl Outcomes {
    /// Takes in a report.
    pub const fn observe(&mut self, seen: &OutcomeSeen) {
        let sum = match seen.side {
            Side::Legacy => &mut self.legacy,
            Side::Ssot => &mut self.ssot,
        };
        sum.runs_started = sum.runs_started.saturating_add(seen.runs_started);
        sum.runs_completed = sum.runs_completed.saturating_add(seen.runs_completed);
        sum.active_users = sum.active_users.saturating_add(seen.active_users);
        sum.messages = sum.messages.saturating_add(seen.messages);
    }

    /// Why a promotion should wait; `None` while nothing speaks against it.
    pub fn complaint(&self, drop_percent: u32) -> Option<String> {
        let (legacy, ssot) = (&self.legacy, &self.ssot);
        let worse = |ssot: (u64, u64), legacy: (u64, u64)| {
            let enough = ssot.1 >= ENOUGH && legacy.1 >= ENOUGH;
            // ssot / n < legacy / m × (100 − drop) / 100, without dividing.
            let kept = u128::from(100 - drop_percent.min(100));
            let left = u128::from(ssot.0) * u128::from(legacy.1) * 100;
            enough && left < u128::from(legacy.0) * u128::from(ssot.1) * kept
        };
        let runs = (ssot.runs_completed, ssot.runs_started);
        let legacy_runs = (legacy.runs_completed, legacy.runs_started);
        if worse(runs, legacy_runs) {
            let of = |(done, all): (u64, u64)| format!("{done} of {all}");
            return Some(format!(
                "{} runs were completed on ssot, {} on legacy",
                of(runs),
                of(legacy_runs)
            ));
        }
        let messages = (ssot.messages, ssot.active_users);
        let legacy_messages = (legacy.messages, legacy.active_users);
        worse(messages, legacy_messages).then(|| {
            let of =
                |(messages, users): (u64, u64)| format!("{messages} messages of {users} users");
            format!("{} on ssot, {} on legacy", of(messages), of(legacy_messages))
        })
    }
}
