//! Chance that is the same on every machine: whole numbers alone.

/// A stream of numbers (`SplitMix64`: Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Chance(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// The stream of this seed and number.
    pub const fn of(seed: u64, stream: u64) -> Self {
        Self(mixed(seed ^ mixed(stream.wrapping_add(GOLDEN))))
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mixed(self.0)
    }

    /// True with a probability of so many parts per million.
    pub const fn happens(&mut self, ppm: u32) -> bool {
        // The upper half of the product of 32 bits with a million: even to 2 parts in 10^10.
        ((self.bits() >> 32) * 1_000_000) >> 32 < ppm as u64
    }

    /// One of `count` numbers, from 0.
    pub const fn below(&mut self, count: u64) -> u64 {
        ((self.bits() as u128 * count as u128) >> 64) as u64
    }
}

/// Spreads bits over all places.
pub const fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_happens_as_often_as_it_should() {
        let mut chance = Chance::of(1, 1);
        let count = (0..100_000).filter(|_| chance.happens(50_000)).count();
        assert!((4_700..5_300).contains(&count), "{count}");
        assert!(!chance.happens(0) && chance.happens(1_000_000));
        assert!((0..1000).all(|_| chance.below(7) < 7));
    }

    #[test]
    fn the_same_seed_gives_the_same_stream_everywhere() {
        let mut chance = Chance::of(42, 0);
        assert_eq!(
            [chance.bits(), chance.bits()],
            [14_585_004_453_952_745_724, 963_425_209_539_481_646]
        );
    }
}
