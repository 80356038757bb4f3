//! What is taken in, what is refused, and what is left after a restart.

mod certificates;
mod golden_path;
mod hostile;
mod keeping;
mod reports;

use crate::domain::Timestamp;

/// 2026-11-29T10:00:00Z.
const NOW: Timestamp = Timestamp::from_seconds(1_795_946_400);

fn report(xml: &str) -> super::TestReport {
    requiring(xml, &[])
}

fn requiring(xml: &str, required: &[&str]) -> super::TestReport {
    let required: Vec<String> = required.iter().map(|name| (*name).to_owned()).collect();
    super::read_junit(xml.as_bytes(), &required, NOW).expect("a report")
}
