//! What happened meanwhile, as lines down the chart.

use super::number::Across;
use super::scale::across;
use super::words::{Fineness, cut, moment};
use super::{Chart, MARKS_MAX, Mark, MarkKind};

/// Room that the words beside a mark take, as a part of the width.
const WORDS: f64 = 0.25;

/// Most characters beside a mark; the whole text is in its title and in the list.
const WORDS_MAX: usize = 22;

/// Most characters of a mark's text.
const TEXT_MAX: usize = 120;

/// A mark with its place.
pub struct Placed<'c> {
    /// Where.
    pub x: Across,
    /// The part of its class names.
    pub kind: &'static str,
    /// Its outline, around its middle.
    pub shape: &'static str,
    /// When, in words.
    pub at: String,
    /// What happened.
    pub text: String,
    /// Its first words, where there is room for them.
    pub words: Option<String>,
    /// True where they stand on its left.
    pub left: bool,
    /// Where more of it is told.
    pub href: Option<&'c str>,
}

/// The latest marks of the span, oldest first, and how many earlier ones are left out.
pub fn placed(chart: &Chart) -> (Vec<Placed<'_>>, usize) {
    let inside = |mark: &&Mark| (chart.span.from..=chart.span.to).contains(&mark.at);
    let mut marks: Vec<&Mark> = chart.marks.iter().filter(inside).collect();
    marks.sort_by_key(|mark| mark.at);
    let left_out = marks.len().saturating_sub(MARKS_MAX);
    let marks = marks.split_off(left_out);
    let places: Vec<f64> = marks.iter().map(|mark| across(chart.span, mark.at).0).collect();
    let drawn = marks.iter().enumerate().map(|(number, mark)| {
        let side = side(&places, number);
        Placed {
            x: across(chart.span, mark.at),
            kind: mark.kind.as_str(),
            shape: shape(mark.kind),
            at: moment(mark.at, Fineness::DayAndMinutes),
            text: cut(&mark.text, TEXT_MAX),
            words: side.map(|_| cut(&mark.text, WORDS_MAX)),
            left: side == Some(Side::Left),
            href: mark.href.as_deref().filter(|href| is_local(href)),
        }
    });
    (drawn.collect(), left_out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// On which side of a mark its words have room; what is on the left of the middle has its words
/// on the right, and the other way round.
fn side(places: &[f64], number: usize) -> Option<Side> {
    let here = *places.get(number)?;
    let before = number.checked_sub(1).and_then(|before| places.get(before));
    let after = places.get(number + 1);
    // A neighbour may need the room between them for its own words.
    if here > 0.5 {
        let room = here - before.copied().unwrap_or(0.0);
        let needed = if before.is_some_and(|before| *before <= 0.5) { 2.0 * WORDS } else { WORDS };
        (room >= needed).then_some(Side::Left)
    } else {
        let room = after.copied().unwrap_or(1.0) - here;
        let needed = if after.is_some_and(|after| *after > 0.5) { 2.0 * WORDS } else { WORDS };
        (room >= needed).then_some(Side::Right)
    }
}

/// Only to places of this house: a path, or a part of this page.
fn is_local(href: &str) -> bool {
    let path = href.starts_with('/') && !href.starts_with("//") && !href.contains('\\');
    path || href.starts_with('#') || href.starts_with('?')
}

fn shape(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Raised => "M0-6L6 5H-6z",
        MarkKind::Lowered => "M0 6L6-5H-6z",
        MarkKind::RolledBack => "M-6-4L-4-6L0-2L4-6L6-4L2 0L6 4L4 6L0 2L-4 6L-6 4L-2 0z",
        MarkKind::Held => "M-5-6H-1V6H-5zM1-6H5V6H1z",
        MarkKind::Released => "M-4-6L6 0L-4 6z",
        MarkKind::Other => "M0-5L5 0L0 5L-5 0z",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_where_there_is_room() {
        let sides = |places: &[f64]| {
            let side = |number| match side(places, number) {
                None => '-',
                Some(Side::Left) => '<',
                Some(Side::Right) => '>',
            };
            (0..places.len()).map(side).collect::<String>()
        };
        assert_eq!(sides(&[0.1]), ">");
        assert_eq!(sides(&[0.9]), "<");
        assert_eq!(sides(&[0.1, 0.12, 0.9]), "-><", "the first two stand too close");
        assert_eq!(sides(&[0.1, 0.9]), "><");
        assert_eq!(sides(&[0.4, 0.6]), "--");
    }

    #[test]
    fn marks_lead_nowhere_else() {
        let local = ["/history?at=3", "#c3", "?span=1h"];
        assert!(local.into_iter().all(is_local));
        let foreign = ["javascript:alert(1)", "//elsewhere", "https://elsewhere", "/\\elsewhere"];
        assert!(!foreign.into_iter().any(is_local));
    }
}
