//! The path of a line.

use std::fmt::Write;

use super::number::{Across, Number, float};

/// Width of the lines' part in units of a path, whatever the screen.
const WIDTH: f64 = 1000.0;

/// Units of a path in a pixel upright.
const UPRIGHT: f64 = 2.0;

/// A point of a line; without a height where it is interrupted.
pub type Place = (Across, Option<f64>);

/// The `d` of a path (SVG 2 §9.3), each point told by its distance from the one before: whole
/// numbers, so that nothing adds up. A point between two gaps is a dot: a line of no length has
/// round ends.
pub fn path(points: &[Place]) -> String {
    let mut path = String::new();
    for stretch in points.split(|(_, y)| y.is_none()).filter(|stretch| !stretch.is_empty()) {
        let mut before: Option<(f64, f64)> = None;
        for (x, y) in stretch {
            let here = ((x.0 * WIDTH).round(), (y.unwrap_or_default() * UPRIGHT).round());
            // Writing to a string cannot fail.
            let _ = match before {
                None => write!(path, "M{} {}l", Number(here.0), Number(here.1)),
                Some((x, y)) => write!(path, "{} {} ", Number(here.0 - x), Number(here.1 - y)),
            };
            before = Some(here);
        }
        if stretch.len() == 1 {
            path.push_str("0 0");
        }
        path.truncate(path.trim_end().len());
    }
    path
}

/// The points that carry the line's shape: at most `most`, evenly, and always the last one.
pub fn shaped(points: &[Place], most: usize) -> Vec<(Across, Number)> {
    let known: Vec<_> = points.iter().filter_map(|(x, y)| Some((*x, Number((*y)?)))).collect();
    if known.len() <= most {
        return known;
    }
    let apart = 1.0 / float(most.max(1));
    let mut shaped: Vec<(Across, Number)> = Vec::new();
    // From the last one backwards.
    for point in known.into_iter().rev() {
        if shaped.last().is_none_or(|last| last.0.0 - point.0.0 >= apart) {
            shaped.push(point);
        }
    }
    shaped.truncate(most);
    shaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f64, y: Option<f64>) -> Place {
        (Across(x), y)
    }

    #[test]
    fn gaps_interrupt_the_line_and_a_lone_point_is_a_dot() {
        let points = [
            point(0.0, Some(10.0)),
            point(0.1, Some(20.25)),
            point(0.2, None),
            point(0.5, Some(1.0)),
            point(0.6, None),
            point(0.7, None),
        ];
        assert_eq!(path(&points), "M0 20l100 21M500 2l0 0");
        assert_eq!(path(&[]), "");
    }

    #[test]
    fn the_last_point_always_carries_the_shape() {
        let points: Vec<_> =
            (0..100_u32).map(|at| point(f64::from(at) / 100.0, Some(1.0))).collect();
        let shaped = shaped(&points, 5);
        assert_eq!(shaped.len(), 5);
        assert_eq!(shaped.first().map(|(x, _)| x.to_string()).as_deref(), Some("99%"));
    }
}
