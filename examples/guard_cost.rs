//! Prints what the guard spends on an answer, in processor time and in memory, where every answer is
//! somebody else's: a canary in which all rules are armed and both sides are compared, one answer in
//! 200 failing on either side, or none with `--healthy`.

use std::time::Duration;

use crossfade::domain::{Revision, Share};
use crossfade::flags::{Kind, Limits, Rate};
use crossfade::guard::case::{Case, Held, rule};
use crossfade::guard::simulate::{Described, beginning};
use crossfade::ledger::{Compared, Seen};

/// Answers between two rulings: fewer than there are in a hundred milliseconds under load.
const LOOK: usize = 500;
const ROUND: usize = 500_000;

/// Nanoseconds that this thread has had a processor, by the kernel's account.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

fn main() {
    let limits = Limits::default();
    let healthy = std::env::args().any(|argument| argument == "--healthy");
    let rate = Rate::from_ppm(if healthy { 0 } else { 5_000 }).unwrap_or_default();
    let described = Described {
        share: Share::from_basis_points(5_000).unwrap_or(Share::ALL),
        legacy_rate: rate,
        ssot_rate: rate,
        regression_rate: rate,
        ..Described::default()
    };
    let held = Held { limits: &limits, stage: described.stage(), kind: Kind::Auth };
    let mut case = Case::new(1, beginning(), Revision::default());
    let mut requests = described.requests(0, true);
    for round in 1..=8 {
        let seen: Vec<Seen> = requests
            .by_ref()
            .take(ROUND)
            .map(|request| {
                let mut trial = request.trial;
                if trial.compared == Compared::Not {
                    trial.compared = Compared::Harmless;
                }
                trial.legacy_took = Some(Duration::from_millis(1));
                trial.ssot_took = Some(Duration::from_millis(1));
                Seen::Answer(trial)
            })
            .collect();
        let started = cpu_ns();
        for answers in seen.chunks(LOOK) {
            let mut now = beginning();
            for answer in answers {
                case.absorb(answer, &held);
                if let Seen::Answer(trial) = answer {
                    now = trial.asked_at;
                }
            }
            std::hint::black_box(rule(&case, &held, now));
        }
        let each = (cpu_ns() - started) / ROUND as u64;
        let (answers, bytes) = (round * ROUND, case.memory_bytes());
        println!("after {answers:>8} answers: {each:>5} ns each, {bytes:>9} bytes");
    }
}
