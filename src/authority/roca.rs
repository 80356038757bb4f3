//! RSA keys whose primes can be computed from the public part (CVE-2017-15361).
//!
//! A library of a chip maker chose primes of the form k·M + (65537^a mod M), M a product of small
//! primes. The modulus, too, is then a power of 65537 modulo each of them, which one modulus in
//! some hundred million is by chance.

/// Small primes that divide every M of the weak library.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// What the weak primes are powers of.
const GENERATOR: u32 = 65_537;

/// True for a modulus, its highest byte first, of the weak kind.
pub(super) fn is_weak(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| is_power(remainder(modulus, prime), prime))
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime)
}

/// True when `number` is a power of the generator modulo `prime`.
fn is_power(number: u32, prime: u32) -> bool {
    let mut power = 1;
    for _ in 1..prime {
        if power == number {
            return true;
        }
        power = power * (GENERATOR % prime) % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_of_the_generator_is_weak_and_its_neighbours_are_not() {
        // 65537^3, far below any M.
        let cube = 281_487_861_809_153_u64.to_be_bytes();
        assert!(is_weak(&cube));
        assert!(is_weak(&[1]));
        assert!(!is_weak(&281_487_861_809_155_u64.to_be_bytes()));
        assert!(!is_weak(&[0]));
    }
}
