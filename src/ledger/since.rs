//! What a component's comparisons came to since some minute, beyond the hour that is in memory.

use std::collections::BTreeMap;

use super::keeping::minute_of;
use super::{Book, Keeper, LedgerError, Tally};

impl Keeper {
    /// Counts of the minutes from `from` on, in minutes since the epoch: those in memory, and of
    /// those before them the ones that are kept, which is two days. Reads the disk.
    pub fn since(&self, book: &Book, from: i64) -> Result<Tally, LedgerError> {
        let (in_memory_from, mut tally) = book.minutes_since(from);
        // Where two rows tell of the same minute, the later one is right.
        let mut kept: BTreeMap<i64, (u64, Tally)> = BTreeMap::new();
        for row in self.minutes.scan_from("", &format!("{from:012}/")) {
            let (key, stored) = row?;
            let number = minute_of(&key).ok_or(LedgerError::Key(key))?;
            if in_memory_from.is_some_and(|oldest| number >= oldest) {
                break;
            }
            let Some(counts) = stored.value.0.get(book.component()) else { continue };
            let known = kept.entry(number).or_default();
            if stored.revision > known.0 {
                *known = (stored.revision, counts.clone());
            }
        }
        for (_, counts) in kept.values() {
            tally.absorb(counts);
        }
        Ok(tally)
    }
}

impl Book {
    /// The oldest minute in memory, and the counts of those from `from` on.
    fn minutes_since(&self, from: i64) -> (Option<i64>, Tally) {
        let pages = self.pages();
        let mut tally = Tally::default();
        for minute in pages.minutes.iter().filter(|minute| minute.number >= from) {
            tally.absorb(&minute.tally);
        }
        (pages.minutes.front().map(|minute| minute.number), tally)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{
        ComponentId, Credentials, FingerprintKey, Question, RequestId, Side, Timestamp, Token,
    };
    use crate::ledger::{
        Counter, Enforcement, Entry, Finding, Keeper, Ledger, NotCompared, Outcome, Round,
    };
    use crate::store::Store;

    fn served(ledger: &Ledger, component: &ComponentId, minute: i64) {
        let at = Timestamp::from_seconds(minute * 60);
        let credentials = Credentials::Token(Token::new("x"));
        let question = Question::new(RequestId::new(1, 1), component.clone(), at, credentials);
        let entry = Entry {
            served_by: Side::Legacy,
            outcome: Outcome::Allowed,
            rescued: None,
            rescue_refused: false,
            owned: false,
            enforcement: Enforcement::Nothing,
            legacy: None,
            ssot: None,
            finding: Finding::NotCompared(NotCompared::SampledOut),
        };
        ledger.book(component).record(&question, &entry);
    }

    #[tokio::test]
    async fn minutes_that_left_memory_are_counted_from_the_disk_and_none_twice() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let ledger = Ledger::new(FingerprintKey::new([1; 32]));
        let keeper = Keeper::new(&store);
        let [a, b] = ["a", "b"].map(|id| ComponentId::parse(id).expect("an id"));
        for minute in 1000..1200 {
            served(&ledger, &a, minute);
            served(&ledger, &b, minute);
            served(&ledger, &b, minute);
            keeper.write(&ledger, Round::Minutes).await.expect("written");
        }
        let since = |id: &ComponentId, from| {
            let tally = keeper.since(&ledger.book(id), from).expect("counted");
            tally.count(Counter::SampledOut)
        };
        for (from, minutes) in [(1000, 200), (1001, 199), (1150, 50), (1199, 1), (1200, 0)] {
            assert_eq!((since(&a, from), since(&b, from)), (minutes, 2 * minutes), "from {from}");
        }
    }
}
