//! Walks as JSON lines for machines, and as tables for people.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use crate::cli::exit::say;
use crate::cli::listing::table_of;
use crate::domain::{Journey, StepSeen};

/// How walks are shown.
pub(super) enum Show {
    /// A line a step and a line a walk.
    Lines,
    /// A table a walk.
    Tables,
}

impl Show {
    pub fn new(json: bool) -> Self {
        if json || !std::io::stdout().is_terminal() { Self::Lines } else { Self::Tables }
    }

    pub fn journey(&mut self, number: u32, journey: &Journey) {
        match self {
            Self::Lines => {
                for seen in &journey.steps {
                    say(step_line(number, journey, seen));
                }
                say(walk_line(number, journey));
            }
            Self::Tables => table(number, journey),
        }
    }
}

fn step_line(number: u32, journey: &Journey, seen: &StepSeen) -> Value {
    let mut line = json!({
        "event": "step",
        "walk": number,
        "walked_on": journey.side,
        "step": seen.step,
        "result": result(seen),
        "fault": seen.fault,
        "took_us": micros(seen.took),
    });
    if let (Some(line), Ok(Value::Object(told))) =
        (line.as_object_mut(), serde_json::to_value(&seen.provenance))
    {
        line.extend(told);
    }
    line
}

fn walk_line(number: u32, journey: &Journey) -> Value {
    let end = journey.end();
    let fault = end.step().and_then(|step| {
        journey.steps.iter().find(|seen| seen.step == step).and_then(|seen| seen.fault.clone())
    });
    json!({
        "event": "walk",
        "walk": number,
        "walked_on": journey.side,
        "begun_at": journey.begun_at,
        "result": end.as_str(),
        "step": end.step(),
        "fault": fault.or_else(|| journey.unplaced.clone()),
        "took_us": micros(journey.took()),
        "places": journey.places,
    })
}

fn table(number: u32, journey: &Journey) {
    let (side, end) = (journey.side, journey.end());
    say(format_args!("walk {number} on {side}: {}", end.as_str()));
    if let Some(why) = &journey.unplaced {
        say(format_args!("  {why}"));
        return;
    }
    let mut table = table_of(["step", "", "took", "by", "component", "revision", "path", "what"]);
    for seen in &journey.steps {
        let told = &seen.provenance;
        let text = |value: Option<String>| value.unwrap_or_default();
        table.add_row([
            seen.step.to_string(),
            result(seen).to_owned(),
            format!("{:.1} ms", seen.took.as_secs_f64() * 1e3),
            text(told.side.map(|side| side.to_string())),
            text(told.component.as_ref().map(ToString::to_string)),
            text(told.revision.map(|revision| revision.to_string())),
            text(told.path.clone()),
            text(seen.fault.clone()),
        ]);
    }
    say(&table);
}

const fn result(seen: &StepSeen) -> &'static str {
    match (&seen.fault, seen.omitted) {
        (Some(_), _) => "failed",
        (None, true) => "omitted",
        (None, false) => "passed",
    }
}

fn micros(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{JourneyStep, Provenance, Side, Timestamp};

    #[test]
    fn a_line_tells_the_step_and_what_decided() {
        let seen = StepSeen {
            step: JourneyStep::Http,
            fault: Some("denied: expired".to_owned()),
            omitted: false,
            took: Duration::from_millis(2),
            provenance: Provenance { side: Some(Side::Ssot), ..Provenance::default() },
        };
        let journey = Journey {
            side: Side::Ssot,
            begun_at: Timestamp::from_seconds(0),
            steps: vec![seen],
            places: Vec::new(),
            unplaced: None,
        };
        let step = step_line(3, &journey, &journey.steps[0]);
        assert_eq!((&step["step"], &step["side"]), (&json!("http"), &json!("ssot")));
        assert_eq!((&step["result"], &step["took_us"]), (&json!("failed"), &json!(2000)));
        let walk = walk_line(3, &journey);
        assert_eq!((&walk["result"], &walk["step"]), (&json!("failed"), &json!("http")));
        assert_eq!(walk["fault"], "denied: expired");
    }
}
