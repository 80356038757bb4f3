//! Numbers in SVG.

use std::fmt;

/// A coordinate: one decimal at most, never `-0`, never anything but a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round();
        // Adding zero takes the sign from a negative one.
        let rounded = if tenths.is_finite() { tenths / 10.0 + 0.0 } else { 0.0 };
        write!(f, "{rounded}")
    }
}

/// A place across the chart, from 0.0 to 1.0, in per cent.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Across(pub f64);

impl fmt::Display for Across {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Number(self.0 * 100.0))
    }
}

/// `count` as a number that can be divided.
pub fn float(count: usize) -> f64 {
    // What a chart counts is far below four thousand million.
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinate_is_short_and_always_a_number() {
        let read = |number| Number(number).to_string();
        assert_eq!([read(12.0), read(12.345), read(-0.01)], ["12", "12.3", "0"]);
        assert_eq!([read(f64::NAN), read(f64::INFINITY)], ["0", "0"]);
        assert_eq!(Across(0.125).to_string(), "12.5%");
    }
}
