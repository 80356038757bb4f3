//! Histograms as short text: what a kept minute or hour holds of a side's latency.
//!
//! Answers are counted in places. Up to 255 µs each microsecond has one; from there on each
//! doubling of the time is divided into 128 of them. Written are the places that are not empty,
//! in their order: how far each is from the one before it, and its count, both in Elias' gamma
//! code (as many zero bits as the number has bits after its first, then the number), filled up
//! with zero bits, in base64. Most of both are small: a place takes about five bits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

use super::Latency;

/// Places of one microsecond each.
const EXACT: u64 = 256;

/// Places of one doubling above them.
const OF_DOUBLING: u64 = 128;

/// Doublings from 256 µs to the longest time that is told apart.
const DOUBLINGS: u64 = 18;

/// The place in which a time is counted.
pub(super) fn place_of(micros: u64) -> u64 {
    if micros < EXACT {
        return micros;
    }
    let doubling = u64::from(micros.ilog2() - EXACT.ilog2() + 1);
    EXACT + (doubling - 1) * OF_DOUBLING + (micros >> doubling) - OF_DOUBLING
}

/// The longest time that is counted in a place.
pub(super) const fn longest_of(place: u64) -> u64 {
    if place < EXACT {
        return place;
    }
    let doubling = (place - EXACT) / OF_DOUBLING + 1;
    let within = (place - EXACT) % OF_DOUBLING + OF_DOUBLING;
    ((within + 1) << doubling) - 1
}

/// The text of a histogram; empty when nothing was recorded.
pub(super) fn pack(latency: &Latency) -> String {
    let mut bits = Writing::default();
    let mut before = 0;
    for (micros, count) in latency.recorded() {
        let place = place_of(micros);
        bits.number(place - before);
        bits.number(count.into());
        before = place;
    }
    STANDARD_NO_PAD.encode(bits.end())
}

/// The histogram of a text; `None` when it is not the text of one.
pub(super) fn unpack(text: &str) -> Option<Latency> {
    let bytes = STANDARD_NO_PAD.decode(text).ok()?;
    let mut bits = Reading { bytes: &bytes, window: 0, filled: 0 };
    let mut recorded = Vec::with_capacity(bytes.len());
    let mut place = 0_u64;
    while !bits.is_at_end() {
        place += bits.number()?;
        let count = u32::try_from(bits.number()?).ok()?;
        if place >= EXACT + DOUBLINGS * OF_DOUBLING {
            return None;
        }
        recorded.push((longest_of(place), count));
    }
    // The longest first: the histogram then grows once.
    recorded.reverse();
    Some(Latency::from(recorded))
}

/// Bits on their way into bytes, the first one highest.
#[derive(Default)]
struct Writing {
    bytes: Vec<u8>,
    bits: u64,
    /// How many bits wait.
    waiting: u32,
}

impl Writing {
    /// Adds a number from 1 to 2^32 - 1.
    fn number(&mut self, number: u64) {
        let tail = number.ilog2();
        self.push(0, tail);
        self.push(number, tail + 1);
    }

    fn push(&mut self, bits: u64, width: u32) {
        self.bits = (self.bits << width) | bits;
        self.waiting += width;
        while self.waiting >= 8 {
            self.waiting -= 8;
            self.bytes.push(u8::try_from((self.bits >> self.waiting) & 255).unwrap_or_default());
        }
    }

    fn end(mut self) -> Vec<u8> {
        if self.waiting > 0 {
            self.push(0, 8 - self.waiting);
        }
        self.bytes
    }
}

/// Bits on their way out of bytes.
struct Reading<'a> {
    bytes: &'a [u8],
    /// The next bits, the first one highest; zeros where there are no more.
    window: u64,
    filled: u32,
}

impl Reading<'_> {
    fn fill(&mut self) {
        while self.filled <= 56
            && let Some((byte, rest)) = self.bytes.split_first()
        {
            self.window |= u64::from(*byte) << (56 - self.filled);
            self.filled += 8;
            self.bytes = rest;
        }
    }

    fn skip(&mut self, width: u32) {
        self.window <<= width;
        self.filled -= width;
    }

    /// Whether only what fills up the last byte is left.
    fn is_at_end(&mut self) -> bool {
        self.fill();
        self.window == 0 && self.filled < 8
    }

    fn number(&mut self) -> Option<u64> {
        self.fill();
        let tail = self.window.leading_zeros();
        if tail > 31 || tail > self.filled {
            return None;
        }
        self.skip(tail);
        self.fill();
        if tail >= self.filled {
            return None;
        }
        let number = self.window >> (63 - tail);
        self.skip(tail + 1);
        Some(number)
    }
}

/// Writes a histogram as its text, for `#[serde(with)]`.
pub(super) fn serialize<S: Serializer>(latency: &Latency, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&pack(latency))
}

/// Reads it back.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Latency, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(from)?;
    unpack(&text).ok_or_else(|| D::Error::custom("is not a packed histogram"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn recorded(micros: &[u64]) -> Latency {
        let mut latency = Latency::default();
        for micros in micros {
            latency.record(Duration::from_micros(*micros));
        }
        latency
    }

    #[test]
    fn places_are_those_of_the_histogram() {
        for micros in [1, 255, 256, 257, 511, 512, 515, 516, 1_000_003, 59_999_999, 60_000_000] {
            let summary = recorded(&[micros]).summary();
            assert_eq!(summary.max_us, Some(longest_of(place_of(micros))), "{micros} µs");
        }
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        // No base64; a place without a count; more zeros than a number may have; a number that is
        // cut short; a place that there is not; zeros beyond the last byte.
        for text in ["!", "gA", "AAAAAAAB", "AB", "AAC//8A", "wAA"] {
            assert!(unpack(text).is_none(), "{text}");
        }
        assert_eq!(unpack("").map(|empty| empty.summary().count), Some(0));
    }

    proptest! {
        #[test]
        fn a_histogram_comes_back_as_it_was(micros in prop::collection::vec(0_u64..70_000_000, 0..200)) {
            let latency = recorded(&micros);
            let back = unpack(&pack(&latency)).expect("a histogram");
            prop_assert_eq!(back.summary(), latency.summary());
            prop_assert!(back.recorded().eq(latency.recorded()));
        }
    }
}
