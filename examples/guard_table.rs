//! Prints how soon R1 and R2 roll back, beside the figures of the method; `--quick` with a tenth of
//! the runs.
//!
//! Legacy fails 0.5 %, and so does SSOT while it is healthy; limits are the defaults with nothing but
//! R1 and R2 armed. A cell is the mean and the 95th percentile of the subjects whom SSOT serves from
//! the moment it becomes worse until the rollback, and the mean and the 99th percentile of those it
//! fails. The figures of the method are for a probability of 5e-4 for each of the two rules and one
//! attempt; here it is 3e-4 for R1 and 4e-4 for R2, as no component of this kind delivers events, and
//! the first attempt has 6/π² of each.

use std::process::ExitCode;

use crossfade::domain::{Share, Side};
use crossfade::flags::{Kind, Limits, Rate};
use crossfade::guard::simulate::{Described, GuardJudge, Spread, beginning, on_all_processors};

/// Share in basis points, healthy SSOT requests before, and for regressions to 2, 5, 10 and 50 % the
/// figures of the method: mean, p95, mean harmed, p99 harmed.
const CELLS: [(u16, u64, [[u32; 4]; 4]); 7] = [
    (100, 0, [[1555, 3197, 31, 70], [205, 424, 10, 18], [65, 140, 7, 10], [7, 13, 3, 5]]),
    (500, 0, [[1634, 3226, 33, 65], [216, 442, 11, 19], [67, 143, 7, 11], [7, 13, 3, 5]]),
    (500, 25_000, [[2879, 4767, 58, 102], [439, 726, 22, 32], [144, 244, 14, 20], [19, 29, 9, 12]]),
    (2500, 0, [[2217, 4415, 44, 93], [249, 497, 12, 21], [72, 152, 7, 11], [7, 13, 3, 5]]),
    (
        2500,
        25_000,
        [[3862, 6412, 78, 140], [481, 800, 24, 36], [153, 261, 15, 20], [19, 29, 9, 12]],
    ),
    (5000, 0, [[2715, 5414, 54, 110], [253, 512, 13, 22], [73, 149, 7, 11], [7, 14, 3, 5]]),
    (
        5000,
        25_000,
        [[4978, 8400, 100, 170], [490, 833, 25, 38], [151, 255, 15, 21], [19, 28, 9, 12]],
    ),
];

const REGRESSIONS: [u32; 4] = [20_000, 50_000, 100_000, 500_000];

/// What must hold at shares of 5 and 50 %: regression in parts per million, late, p95, mean.
const TARGETS: [(u32, bool, f64, Option<f64>); 4] = [
    (50_000, false, 600.0, Some(275.0)),
    (500_000, false, 16.0, None),
    (50_000, true, 900.0, None),
    (500_000, true, 33.0, None),
];

fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (runs, healthy_runs) = if quick { (200, 400) } else { (2_000, 4_000) };
    println!("{runs} runs a cell; in brackets the figures of the method");
    let mut good = true;
    for (points, onset, figures) in CELLS {
        for (ppm, figures) in REGRESSIONS.into_iter().zip(figures) {
            good &= cell(points, onset, ppm, figures, runs);
        }
    }
    for points in [500, 5_000] {
        good &= healthy(points, healthy_runs);
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn limits() -> Limits {
    Limits {
        divergence: None,
        slow_ms: None,
        latency_percent: None,
        harm_max: None,
        failover_max: None,
        ..Limits::default()
    }
}

fn described(points: u16, onset: u64, ppm: u32) -> Described {
    Described {
        share: Share::from_basis_points(points).unwrap_or(Share::ALL),
        regression_rate: Rate::from_ppm(ppm).unwrap_or_default(),
        onset,
        ..Described::default()
    }
}

/// The rollback of one run, if there is one within so many requests: whether SSOT was worse by then,
/// the subjects since then, and whom it has failed.
fn run(
    described: &Described,
    limits: &Limits,
    number: u32,
    requests: usize,
) -> Option<(bool, f64, f64)> {
    let (stage, known) = (described.stage(), described.known());
    let mut judge = GuardJudge::new(limits, stage, Kind::Auth, beginning(), known);
    let (mut subjects, mut harmed) = (0.0, 0.0);
    for request in described.requests(number, true).take(requests) {
        if request.worse && request.trial.arm == Side::Ssot {
            subjects += 1.0;
            harmed += f64::from(u8::from(request.trial.served.is_failure()));
        }
        if judge.see(&request.trial).is_some() {
            return Some((request.worse, subjects, harmed));
        }
    }
    None
}

fn cell(points: u16, onset: u64, ppm: u32, figures: [u32; 4], runs: u32) -> bool {
    let (described, limits) = (described(points, onset, ppm), limits());
    let all = on_all_processors(runs, |number| run(&described, &limits, number, usize::MAX));
    let early = all.iter().flatten().filter(|(worse, _, _)| !worse).count();
    let hits = || all.iter().flatten().filter(|(worse, _, _)| *worse);
    let subjects = Spread::of(hits().map(|hit| hit.1).collect());
    let harmed = Spread::of(hits().map(|hit| hit.2).collect());
    let late = onset > 0;
    let target = TARGETS
        .iter()
        .find(|target| (points == 500 || points == 5_000) && target.0 == ppm && target.1 == late);
    let good = early == 0
        && target.is_none_or(|(_, _, p95, mean)| {
            subjects.p95 <= *p95 && mean.is_none_or(|mean| subjects.mean <= mean)
        });
    let [mean, p95, mean_harmed, p99_harmed] = figures;
    println!(
        "share {:>4} %  {}  to {:>4} %: mean {:>6.0} ({mean:>4})  p95 {:>6.0} ({p95:>4})  harmed \
         {:>4.0} ({mean_harmed:>3})  p99 {:>4.0} ({p99_harmed:>3})  early {early}{}{}",
        f64::from(points) / 100.0,
        if late { "after 25,000" } else { "at the shift" },
        f64::from(ppm) / 1e4,
        subjects.mean,
        subjects.p95,
        harmed.mean,
        harmed.p99,
        if target.is_some() { "  target" } else { "" },
        if good { "" } else { ": MISSED" },
    );
    good
}

fn healthy(points: u16, runs: u32) -> bool {
    let (described, limits) = (described(points, u64::MAX, 5_000), limits());
    let all = on_all_processors(runs, |number| run(&described, &limits, number, 100_000));
    let rollbacks = all.iter().flatten().count();
    println!(
        "share {:>4} %  healthy: {rollbacks} false rollbacks in {runs} runs of 100,000 requests",
        f64::from(points) / 100.0
    );
    rollbacks == 0
}
