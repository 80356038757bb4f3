//! Numbers in words, and words on standard output.

/// A percentage with one decimal, or a dash.
pub fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} %"))
}

/// A percentage with two decimals that is 100 only when nothing is missing, or a dash.
pub fn rate(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value < 100.0 => format!("{:.2} %", value.min(99.99)),
        Some(_) => "100 %".to_owned(),
    }
}

/// A count with its thousands apart.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Microseconds in the unit in which people read them, or a dash.
pub fn micros(value: Option<u64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value < 1_000 => format!("{value} µs"),
        Some(value) if value < 1_000_000 => {
            format!("{}.{} ms", value / 1_000, value % 1_000 / 100)
        }
        Some(value) => format!("{}.{} s", value / 1_000_000, value % 1_000_000 / 100_000),
    }
}

/// Breaks long lines between words; what goes on is indented by two more than its line.
pub fn wrap(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let hanging = " ".repeat(indent + 2);
        let mut length = 0;
        for word in line.trim_start().split(' ') {
            let letters = word.chars().count();
            if length == 0 {
                wrapped.push_str(&line[..indent]);
                length = indent;
            } else if length + 1 + letters > width {
                wrapped.push('\n');
                wrapped.push_str(&hanging);
                length = hanging.len();
            } else {
                wrapped.push(' ');
                length += 1;
            }
            wrapped.push_str(word);
            length += letters;
        }
        wrapped.push('\n');
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_100_only_when_nothing_is_missing() {
        assert_eq!(rate(Some(99.999)), "99.99 %");
        assert_eq!(rate(Some(100.0)), "100 %");
        assert_eq!(rate(None), "-");
    }

    #[test]
    fn thousands_stand_apart() {
        let counts = [0, 999, 1_000, 1_234_567].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn latencies_are_read_in_micro_or_milliseconds() {
        assert_eq!(
            [Some(7), Some(999), Some(1_250), None].map(micros),
            ["7 µs", "999 µs", "1.2 ms", "-"]
        );
    }

    #[test]
    fn long_lines_are_broken_between_words_and_go_on_indented() {
        assert_eq!(wrap("- one two three", 9), "- one two\n  three\n");
        assert_eq!(wrap("  - one two three", 11), "  - one two\n    three\n");
        assert_eq!(wrap("a\n\nincomprehensibly", 5), "a\n\nincomprehensibly\n");
    }
}
