//! Spans of time as people type them.

use std::time::Duration;

/// Reads `90d`, `12h`, `30m` or `45s`.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no span of time: write 90d, 12h, 30m or 45s");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err(wrong()),
    };
    let count: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    if count == 0 {
        return Err(wrong());
    }
    Ok(Duration::from_secs(u64::from(count) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(parse_span("90d"), Ok(Duration::from_hours(24 * 90)));
        assert_eq!(parse_span("15m"), Ok(Duration::from_mins(15)));
        for wrong in ["", "90", "d", "-1d", "0h", "1w", "1.5h", "9ü"] {
            assert!(parse_span(wrong).is_err(), "{wrong:?}");
        }
    }
}
