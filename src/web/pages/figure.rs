//! A number that says what it is made of when it is opened.

/// A number of a page: opened in place, without a script, it says what it counts and where it comes
/// from.
pub struct FigureLine {
    /// What it is, in a few words.
    pub label: &'static str,
    /// The number, grouped by thousands.
    pub value: String,
    /// What it counts, in a sentence.
    pub meaning: String,
    /// Its name at `/metrics`; empty where it is not there.
    pub metric: String,
    /// Where its parts are: address and words.
    pub parts: Option<(String, String)>,
    /// True for a number that should be nought and is not.
    pub warm: bool,
}

impl FigureLine {
    /// A number that only says how things are.
    pub fn new(label: &'static str, value: u64, meaning: impl Into<String>) -> Self {
        let (value, meaning) = (thousands(value), meaning.into());
        Self { label, value, meaning, metric: String::new(), parts: None, warm: false }
    }

    /// A number that should be nought.
    pub fn of_trouble(label: &'static str, value: u64, meaning: impl Into<String>) -> Self {
        Self { warm: value > 0, ..Self::new(label, value, meaning) }
    }

    /// The same with its name at `/metrics`.
    #[must_use]
    pub fn at(self, metric: impl Into<String>) -> Self {
        Self { metric: metric.into(), ..self }
    }

    /// The same with the way to its parts.
    #[must_use]
    pub fn made_of(self, href: impl Into<String>, text: impl Into<String>) -> Self {
        Self { parts: Some((href.into(), text.into())), ..self }
    }
}

/// A number with its thousands apart: `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        let told = [0, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(told, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn only_trouble_that_there_is_stands_out() {
        assert!(!FigureLine::of_trouble("gaps", 0, "").warm);
        assert!(FigureLine::of_trouble("gaps", 1, "").warm);
        assert!(!FigureLine::new("gaps", 1, "").warm);
    }
}
