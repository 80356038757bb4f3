//! Who serves a subject, before it walks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::call::{self, Request};
use super::told;
use crate::domain::{ComponentId, Side, Token};
use crate::outbound::{Method, Outbound};

/// A subject's place at one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where.
    pub component: ComponentId,
    /// The side that serves it there.
    pub side: Side,
    /// Whether other subjects may be served by the other side.
    pub divided: bool,
}

/// How it is known who serves a subject.
#[derive(Clone)]
pub enum Placing {
    /// By what answers tell: it is not known before.
    Unknown,
    /// By `POST /v1/flags/{component}/explain`.
    Asked(Control),
    /// By the flag table itself.
    Known(PlacesOf),
}

/// Who serves a subject, component by component.
pub type PlacesOf = Arc<dyn Fn(&str) -> Vec<Placed> + Send + Sync>;

impl fmt::Debug for Placing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "Unknown",
            Self::Asked(_) => "Asked",
            Self::Known(_) => "Known",
        })
    }
}

/// The control listener, and who asks there.
#[derive(Clone, Debug)]
pub struct Control {
    /// Its address, without a slash at its end.
    pub url: String,
    /// An API token that may read.
    pub token: Token,
}

impl Placing {
    /// The places of a subject. Error: why they are not known.
    pub(super) async fn of(
        &self,
        subject: &str,
        components: &[ComponentId],
        (outbound, time): (&Outbound, Duration),
    ) -> Result<Vec<Placed>, String> {
        match self {
            Self::Unknown => Ok(Vec::new()),
            Self::Known(known) => Ok(known(subject)),
            Self::Asked(control) => {
                let mut places = Vec::new();
                for component in components {
                    places.extend(control.explain(component, subject, (outbound, time)).await?);
                }
                Ok(places)
            }
        }
    }
}

impl Control {
    /// `None` for a component that the deployment does not have.
    async fn explain(
        &self,
        component: &ComponentId,
        subject: &str,
        (outbound, time): (&Outbound, Duration),
    ) -> Result<Option<Placed>, String> {
        let url = format!("{}/v1/flags/{component}/explain", self.url);
        let mut request = Request::new(Method::Post, url);
        request.bearer(&self.token);
        request.json(&json!({ "subject": subject }));
        let answer = request.send(outbound, time).await?;
        match answer.status {
            200 => {
                let placed = placed(component, &call::json(&answer));
                placed.map(Some).ok_or_else(|| format!("{component} is explained in other words"))
            }
            404 => Ok(None),
            _ => Err(format!("{component} is not explained: {}", call::refusal(&answer))),
        }
    }
}

fn placed(component: &ComponentId, explained: &Value) -> Option<Placed> {
    let side = told::side(explained["side"].as_str()?)?;
    let by_stage = explained["decided_by"].as_str()? == "stage";
    let divided = !by_stage || explained["targets"].as_array().is_some_and(|all| !all.is_empty());
    Some(Placed { component: component.clone(), side, divided })
}

/// True where a side serves somebody as far as it serves anybody: at every component that is
/// divided, and at one at least.
pub(super) fn fits(places: &[Placed], side: Side) -> bool {
    let mut divided = places.iter().filter(|place| place.divided);
    divided.all(|place| place.side == side) && places.iter().any(|place| place.side == side)
}

/// Why no subject is on a side, after those that were tried.
pub(super) fn nobody(places: &[Placed], side: Side, tried: usize) -> String {
    if places.iter().all(|place| !place.divided) {
        let all = places.iter().map(|place| place.component.as_str()).collect::<Vec<_>>();
        return format!("{} serves everybody at {}", side.other(), all.join(", "));
    }
    let missed = places.iter().filter(|place| place.divided && place.side != side);
    let missed = missed.map(|place| place.component.as_str()).collect::<Vec<_>>().join(", ");
    format!(
        "none of {tried} subjects is on {side} wherever somebody is (the last one not at {missed}): \
         name some, and target them"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, side: Side, divided: bool) -> Placed {
        Placed { component: ComponentId::parse(name).expect("an id"), side, divided }
    }

    #[test]
    fn a_subject_is_on_a_side_where_it_is_wherever_somebody_can_be() {
        let (legacy, ssot) = (Side::Legacy, Side::Ssot);
        let canary = [place("a", ssot, true), place("b", legacy, false)];
        assert!(fits(&canary, ssot), "nobody could be on ssot at b");
        assert!(!fits(&canary, legacy));
        let split = [place("a", ssot, true), place("b", legacy, true)];
        assert!(!fits(&split, ssot) && !fits(&split, legacy));
        let live = [place("a", ssot, false)];
        assert!(fits(&live, ssot) && !fits(&live, legacy));
        assert!(!fits(&[], ssot));
    }

    #[test]
    fn why_nobody_is_there_is_told_in_words() {
        let live = [place("a", Side::Ssot, false), place("b", Side::Ssot, false)];
        assert_eq!(nobody(&live, Side::Legacy, 1), "ssot serves everybody at a, b");
        let canary = [place("a", Side::Legacy, true)];
        let told = nobody(&canary, Side::Ssot, 500);
        assert!(told.contains("500 subjects") && told.contains("not at a"), "{told}");
    }

    #[test]
    fn an_explanation_is_read_by_its_side_and_by_whether_others_are_elsewhere() {
        let id = ComponentId::parse("a").expect("an id");
        let read = |json: Value| placed(&id, &json);
        let by_stage = json!({ "side": "legacy", "decided_by": "stage", "targets": [] });
        assert_eq!(read(by_stage), Some(place("a", Side::Legacy, false)));
        let by_share = json!({ "side": "ssot", "decided_by": "share", "targets": [] });
        assert_eq!(read(by_share), Some(place("a", Side::Ssot, true)));
        let live = json!({ "side": "ssot", "decided_by": "stage", "targets": [{}] });
        assert_eq!(read(live), Some(place("a", Side::Ssot, true)));
        assert_eq!(read(json!({ "side": "else" })), None);
    }
}
