//! What a component's comparisons came to since some minute.

use super::counts::Counts;
use super::{Book, Grain, Keeper, LedgerError, Tally};

impl Keeper {
    /// Counts of the minutes from `from` on, in minutes since the epoch: of the open ones and of
    /// those that are kept, which is 30 days. Reads the disk.
    pub fn since(&self, book: &Book, from: i64) -> Result<Tally, LedgerError> {
        let span = (from, i64::MAX);
        let (mut tally, open) = book.beside_open(span, || {
            let mut kept = Tally::default();
            let add = |_, counts: Counts| kept.absorb(&counts.tally);
            self.past.each(book.component(), span, Grain::Minute, add).map(|()| kept)
        })?;
        for (_, counts) in open {
            tally.absorb(&counts.tally);
        }
        Ok(tally)
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
