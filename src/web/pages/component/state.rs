//! Where a component is, and what stands against it.

use askama::Template;

use crate::domain::Timestamp;
use crate::flags::Flag;
use crate::web::pages::Moment;
use crate::web::pages::words::cause_words;

#[derive(Template)]
#[template(path = "parts/component_state.html")]
pub(super) struct State {
    stage: &'static str,
    share: String,
    points: u16,
    revision: u64,
    phase: u8,
    kind: &'static str,
    requires: Vec<String>,
    required_by: Vec<String>,
    means: &'static str,
    changed: Moment,
    by: String,
    latch: Option<Mark>,
    hold: Option<Mark>,
}

/// A latch or a hold.
struct Mark {
    at: Moment,
    why: String,
    until: Option<Moment>,
    is_over: bool,
}

impl State {
    pub fn new(flag: &Flag, required_by: Vec<String>, now: Timestamp) -> Self {
        let latch = flag.latch.as_ref().map(|latch| Mark {
            at: Moment::new(latch.at, now),
            why: cause_words(&latch.cause),
            until: Some(Moment::new(latch.until, now)),
            is_over: latch.until <= now,
        });
        let hold = flag.hold.as_ref().map(|hold| Mark {
            at: Moment::new(hold.at, now),
            why: cause_words(&hold.cause),
            until: None,
            is_over: true,
        });
        Self {
            stage: flag.stage.name(),
            share: flag.stage.share().to_string(),
            points: flag.stage.share().basis_points(),
            revision: flag.revision.0,
            phase: u8::from(flag.phase),
            kind: flag.kind.as_str(),
            requires: flag.requires.iter().map(ToString::to_string).collect(),
            required_by,
            means: means(flag.stage.name()),
            changed: Moment::new(flag.changed_at, now),
            by: cause_words(&flag.cause),
            latch,
            hold,
        }
    }
}

/// What a stage means for whoever asks.
pub(super) fn means(stage: &str) -> &'static str {
    match stage {
        "off" => "Legacy serves; SSOT is not asked.",
        "shadow" => "Legacy serves; SSOT is asked afterwards and compared.",
        "canary" => "SSOT serves a share, legacy the rest; both are asked and compared.",
        "live" => "SSOT serves everybody; legacy stands by, and a sample is compared.",
        "sealed" => "SSOT serves everybody without a net; a small sample is compared.",
        _ => "SSOT serves everybody; legacy is no longer asked.",
    }
}
