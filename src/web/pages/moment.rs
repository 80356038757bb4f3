//! Times as people read them.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::Timestamp;

/// A time: near ones as a distance, far ones as a date, and always the exact one to point at.
#[derive(Template)]
#[template(
    source = r#"{% if let Some(at) = at %}<time datetime="{{ at }}" title="{{ at }}">{{ text }}</time>{% else %}never{% endif %}"#,
    ext = "html"
)]
pub struct Moment {
    at: Option<Timestamp>,
    text: String,
}

impl HtmlSafe for Moment {}

impl Moment {
    /// A time as seen at `now`.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at: Some(at), text: text(at, now) }
    }

    /// The same of a time that may not have come; then `never`.
    pub fn or_never(at: Option<Timestamp>, now: Timestamp) -> Self {
        at.map_or(Self { at: None, text: String::new() }, |at| Self::new(at, now))
    }
}

/// The words alone: `3 min ago`, `in 2 h`, `2027-01-13`.
pub fn text(at: Timestamp, now: Timestamp) -> String {
    let distance_s = at.distance(now).as_secs();
    let length = match distance_s {
        0..60 if at > now => return "in a moment".to_owned(),
        0..60 => return "just now".to_owned(),
        60..7_200 => format!("{} min", distance_s / 60),
        7_200..172_800 => format!("{} h", distance_s / 3_600),
        // The date of an RFC 3339 time.
        _ => return at.rfc3339().split('T').next().unwrap_or_default().to_owned(),
    };
    if at > now { format!("in {length}") } else { format!("{length} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_times_are_distances_and_far_ones_dates() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let read = |seconds| text(now.plus_seconds(seconds), now);
        assert_eq!([read(-5), read(-119), read(7_200)], ["just now", "1 min ago", "in 2 h"]);
        assert_eq!(read(-172_800), "2027-01-13");
    }
}
