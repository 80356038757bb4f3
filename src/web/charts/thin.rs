//! Fewer points that look the same.

/// Makes of many points at most `most`, of each stretch of them its lowest and its highest, so
/// that no spike is lost. A gap that fills a whole stretch stays one; a shorter one would be too
/// narrow to see.
pub fn thin<T: Copy>(points: &[(T, Option<f64>)], most: usize) -> Vec<(T, Option<f64>)> {
    if points.len() <= most {
        return points.to_vec();
    }
    let stretches = (most / 2).max(1);
    points.chunks(points.len().div_ceil(stretches)).flat_map(extremes).collect()
}

/// The lowest and the highest of a stretch, in their order; its first point where it is all gap.
fn extremes<T: Copy>(stretch: &[(T, Option<f64>)]) -> Vec<(T, Option<f64>)> {
    let known =
        || stretch.iter().enumerate().filter_map(|(place, (_, value))| Some((place, (*value)?)));
    let low = known().min_by(|a, b| a.1.total_cmp(&b.1));
    let high = known().max_by(|a, b| a.1.total_cmp(&b.1));
    let mut places = match (low, high) {
        (Some((low, _)), Some((high, _))) => vec![low.min(high), low.max(high)],
        _ => vec![0],
    };
    places.dedup();
    places.into_iter().filter_map(|place| stretch.get(place)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_spike_among_thousands_survives() {
        let points: Vec<_> =
            (0..10_000_u32).map(|at| (at, Some(if at == 7_777 { 99.0 } else { 1.0 }))).collect();
        let thinned = thin(&points, 240);
        assert!(thinned.len() <= 240, "{}", thinned.len());
        assert!(thinned.contains(&(7_777, Some(99.0))));
        assert!(thinned.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn long_gaps_stay_and_few_points_are_left_alone() {
        let points: Vec<_> =
            (0..1_000_u32).map(|at| (at, (!(400..600).contains(&at)).then_some(1.0))).collect();
        let thinned = thin(&points, 100);
        assert!(thinned.iter().any(|(at, value)| value.is_none() && (400..600).contains(at)));
        assert_eq!(thin(&points[..100], 100), points[..100]);
        assert!(thin(&points, 0).len() <= 2, "never endless");
    }
}
