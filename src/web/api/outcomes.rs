//! `/v1/outcomes`: what came of people's work, by the side that served them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::{ComponentId, Side, Timestamp};
use crate::flags::Snapshot;
use crate::ledger::OutcomeSeen;
use crate::web::answers::BodyRefused;
use crate::web::api_json::take_json;
use crate::web::guard::observer;
use crate::web::{Problem, Rooms};

/// Most outcomes of one report.
const OUTCOMES_MAX: usize = 100;

/// Largest count of one outcome.
const COUNT_MAX: u64 = 1_000_000_000;

/// How old an outcome may be, in seconds.
const AGE_MAX_S: i64 = 86_400;

/// How far the clock of whoever reports may be ahead, in seconds.
const AHEAD_MAX_S: i64 = 60;

/// What came of people's work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeReport {
    /// 1 to 100 of them; all are taken in, or none.
    outcomes: Vec<OutcomeTold>,
}

/// What came of people's work on one side of a component, over some time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeTold {
    /// Which component.
    component: String,
    /// The side that served these people: `legacy` or `ssot`.
    #[schema(value_type = String)]
    side: Side,
    /// The end of that time, within the last day; now when left out.
    #[schema(value_type = Option<String>)]
    at: Option<Timestamp>,
    /// Runs that were started.
    runs_started: u64,
    /// Those of them that came to their end.
    runs_completed: u64,
    /// People who did anything.
    active_users: u64,
    /// Messages they sent.
    messages: u64,
}

// Needs: Raise.
/// Hands in business outcomes by side; the guard holds a promotion where ssot's fall behind.
///
/// On the control listener for whoever may raise; on the data listener for an API token of scope
/// `observe`, which is always asked for.
#[utoipa::path(post, path = "/v1/outcomes", tag = "guard", security(("control" = [])),
    request_body = OutcomeReport,
    responses((status = 204, description = "Taken in"), BodyRefused))]
pub async fn hand_in(
    State(rooms): State<Arc<Rooms>>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    add(&rooms, &headers, body).await
}

/// The same on the data listener.
pub async fn report(
    State(rooms): State<Arc<Rooms>>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    observer(&rooms, &extensions, &headers)?;
    add(&rooms, &headers, body).await
}

async fn add(rooms: &Rooms, headers: &HeaderMap, body: Body) -> Result<StatusCode, Problem> {
    let OutcomeReport { outcomes } = take_json(headers, body).await?;
    if !(1..=OUTCOMES_MAX).contains(&outcomes.len()) {
        let told = format!("a report has 1 to {OUTCOMES_MAX} outcomes");
        return Err(Problem::unprocessable(told));
    }
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let mut seen = Vec::with_capacity(outcomes.len());
    for (at, told) in outcomes.into_iter().enumerate() {
        let read = told.read(&snapshot, now);
        let wrong = |problem| Problem::unprocessable(format!("outcomes[{at}]: {problem}"));
        seen.push(read.map_err(wrong)?);
    }
    for (component, outcome) in seen {
        rooms.guard.outcome(&component, outcome)?;
    }
    Ok(StatusCode::NO_CONTENT)
}

impl OutcomeTold {
    /// What the guard is told, or what is wrong with it.
    fn read(
        self,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<(ComponentId, OutcomeSeen), &'static str> {
        let Self { component, side, at, runs_started, runs_completed, active_users, messages } =
            self;
        let component = ComponentId::parse(&component).ok();
        let component = component.filter(|id| snapshot.flag(id.as_str()).is_some());
        let component = component.ok_or("there is no such component")?;
        let at = at.unwrap_or(now);
        if at > now.plus_seconds(AHEAD_MAX_S) {
            return Err("`at` is in the future");
        }
        if at <= now.plus_seconds(-AGE_MAX_S) {
            return Err("`at` is more than a day ago");
        }
        if runs_completed > runs_started {
            return Err("more runs were completed than started");
        }
        if messages > 0 && active_users == 0 {
            return Err("there are messages of nobody");
        }
        if [runs_started, active_users, messages].iter().any(|count| *count > COUNT_MAX) {
            return Err("a count is at most 1000000000");
        }
        let at = at.min(now);
        let seen = OutcomeSeen { at, side, runs_started, runs_completed, active_users, messages };
        Ok((component, seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::{Stage, testing};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn told() -> OutcomeTold {
        OutcomeTold {
            component: "http-auth".to_owned(),
            side: Side::Ssot,
            at: None,
            runs_started: 10,
            runs_completed: 9,
            active_users: 3,
            messages: 12,
        }
    }

    fn read(told: OutcomeTold) -> Result<OutcomeSeen, &'static str> {
        let flag = testing::flag_at("http-auth", Stage::Shadow, Vec::new());
        let snapshot = testing::table(vec![flag], Vec::new(), &["main"]);
        told.read(&snapshot, NOW).map(|(_, seen)| seen)
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(read(told()).map(|seen| seen.at), Ok(NOW));
        let wrong = [
            OutcomeTold { component: "none".to_owned(), ..told() },
            OutcomeTold { component: "NO ID".to_owned(), ..told() },
            OutcomeTold { runs_completed: 11, ..told() },
            OutcomeTold { active_users: 0, ..told() },
            OutcomeTold { messages: COUNT_MAX + 1, ..told() },
            OutcomeTold { at: Some(NOW.plus_seconds(61)), ..told() },
            OutcomeTold { at: Some(NOW.plus_seconds(-86_400)), ..told() },
        ];
        for told in wrong {
            let shown = format!("{told:?}");
            assert!(read(told).is_err(), "{shown}");
        }
    }

    #[test]
    fn a_clock_that_is_a_little_ahead_is_put_right() {
        let ahead = OutcomeTold { at: Some(NOW.plus_seconds(5)), ..told() };
        assert_eq!(read(ahead).map(|seen| seen.at), Ok(NOW));
        let past = OutcomeTold { at: Some(NOW.plus_seconds(-60)), ..told() };
        assert_eq!(read(past).map(|seen| seen.at), Ok(NOW.plus_seconds(-60)));
    }
}
