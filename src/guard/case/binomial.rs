//! Tails of the binomial distribution, for counts that may have been halved.

/// The probability of at least `failed` of `trials` where each fails with probability `p`.
pub fn at_least(failed: f64, trials: f64, p: f64) -> f64 {
    let (failed, trials) = (failed.round(), trials.round());
    if failed <= 0.0 {
        return 1.0;
    }
    if p <= 0.0 || failed > trials {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    // From the edge outwards, on the side where terms fall: none is lost because the first is tiny.
    if failed > trials * p {
        upwards(failed, trials, p).min(1.0)
    } else {
        (1.0 - downwards(failed - 1.0, trials, p)).max(0.0)
    }
}

/// The probability of at most `failed` of `trials`.
pub fn at_most(failed: f64, trials: f64, p: f64) -> f64 {
    1.0 - at_least(failed.round() + 1.0, trials, p)
}

fn upwards(from: f64, trials: f64, p: f64) -> f64 {
    let (mut k, mut term, mut sum) = (from, term_at(from, trials, p), 0.0);
    while k <= trials && term > sum * 1e-12 {
        sum += term;
        term *= (trials - k) / (k + 1.0) * (p / (1.0 - p));
        k += 1.0;
    }
    sum
}

fn downwards(from: f64, trials: f64, p: f64) -> f64 {
    let (mut k, mut term, mut sum) = (from, term_at(from, trials, p), 0.0);
    while k >= 0.0 && term > sum * 1e-12 {
        sum += term;
        term *= k / (trials - k + 1.0) * ((1.0 - p) / p);
        k -= 1.0;
    }
    sum
}

fn term_at(k: f64, trials: f64, p: f64) -> f64 {
    (ln_choose(trials, k) + k * p.ln() + (trials - k) * (-p).ln_1p()).exp()
}

fn ln_choose(n: f64, k: f64) -> f64 {
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

/// Stirling's series, from 8 upwards; below by recursion. Right to ten digits.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 8.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series =
        inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        near(at_least(0.0, 10.0, 0.3), 1.0);
        near(at_least(10.0, 10.0, 0.5), 1.0 / 1024.0);
        near(at_least(3.0, 10.0, 0.3), 0.617_217_213_6);
        near(at_least(600.0, 1000.0, 0.5), 1.364_232_3e-10);
        assert!(at_least(5.0, 1000.0, 0.5) > 0.999_999);
    }

    #[test]
    fn a_tail_far_from_the_mean_is_nearly_nothing_or_nearly_all() {
        assert!(at_least(1.0, 1e6, 0.5) > 0.999_999);
        assert!(at_least(126.0, 25_000.0, 0.5) > 0.999_999);
        assert!(at_most(125.0, 25_000.0, 0.5) < 1e-9);
        assert!(at_least(24_000.0, 25_000.0, 0.5) < 1e-9);
        assert!(at_most(0.0, 0.0, 1.0) >= 1.0);
    }

    #[test]
    fn at_most_and_at_least_leave_nothing_between_them() {
        for failed in 0..=20 {
            let failed = f64::from(failed);
            let whole = at_most(failed, 20.0, 0.3) + at_least(failed + 1.0, 20.0, 0.3);
            assert!((whole - 1.0).abs() < 1e-9);
        }
    }
}
