//! Warns of accepted differences before they end: two weeks ahead, three days ahead, and at the
//! end. Once each, as long as the process runs.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::{ComponentId, Timestamp};
use crate::flags::{AcceptedDifference, Snapshot};

/// How far the end of an accepted difference has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Warning {
    TwoWeeks,
    ThreeDays,
    Ended,
}

impl Warning {
    fn due(difference: &AcceptedDifference, now: Timestamp) -> Option<Self> {
        const DAY: Duration = Duration::from_hours(24);
        if difference.expires_at <= now {
            return Some(Self::Ended);
        }
        let left = difference.expires_at.since(now);
        if left <= DAY * 3 {
            Some(Self::ThreeDays)
        } else {
            (left <= DAY * 14).then_some(Self::TwoWeeks)
        }
    }
}

/// An accepted difference with its end: a new end is warned of anew.
type Place = (ComponentId, String, Timestamp);

/// What has been warned of.
#[derive(Debug, Default)]
pub(super) struct ExpiryWatch(HashMap<Place, Warning>);

impl ExpiryWatch {
    /// Logs what has become due, and forgets what is no longer accepted.
    pub(super) fn look(&mut self, snapshot: &Snapshot, now: Timestamp) {
        for ((component, name, expires_at), owner, warning) in self.news(snapshot, now) {
            match warning {
                Warning::TwoWeeks | Warning::ThreeDays => tracing::warn!(
                    %component, accepted.name = name, accepted.owner = owner, %expires_at,
                    "an accepted difference ends soon"
                ),
                Warning::Ended => tracing::warn!(
                    %component, accepted.name = name, accepted.owner = owner, %expires_at,
                    "an accepted difference has ended: what it covered are mismatches again"
                ),
            }
        }
    }

    /// What has become due since the last look.
    fn news(&mut self, snapshot: &Snapshot, now: Timestamp) -> Vec<(Place, String, Warning)> {
        let mut kept = HashMap::new();
        let mut news = Vec::new();
        for flag in snapshot.sorted() {
            for difference in &flag.accepted {
                let Some(warning) = Warning::due(difference, now) else { continue };
                let name = difference.name.clone();
                let place = (flag.component.clone(), name, difference.expires_at);
                if self.0.get(&place).is_none_or(|known| *known < warning) {
                    news.push((place.clone(), difference.owner.clone(), warning));
                }
                kept.insert(place, warning);
            }
        }
        self.0 = kept;
        news
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tempfile::TempDir;

    use super::*;
    use crate::domain::{Clock, TokioClock};
    use crate::flags::testing::open_in;
    use crate::flags::{Cause, Flags, Move, Seed, SettingsPatch};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const DAY: i64 = 86_400;

    async fn accepting(flags: &Flags, ends_in: i64) {
        let difference = AcceptedDifference {
            name: "audience".to_owned(),
            class: "stricter".to_owned(),
            legacy_reason: None,
            ssot_reason: None,
            claim_shape: None,
            max_per_hour: None,
            owner: "ops".to_owned(),
            reason: "old clients".to_owned(),
            expires_at: NOW.plus_seconds(ends_in),
        };
        let patch = SettingsPatch { accepted: Some(vec![difference]), ..SettingsPatch::default() };
        let cause = Cause::Operator { name: "ada".to_owned(), note: "why".to_owned() };
        let id = ComponentId::parse("http-auth").expect("an id");
        flags.apply(&id, Move::Settings(patch), None, cause).await.expect("set");
    }

    #[tokio::test]
    async fn each_threshold_is_warned_of_once_and_a_new_end_anew() {
        let dir = TempDir::new().expect("a folder");
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at(NOW));
        let seeds = Seed::parse_all("[component.http-auth]\nkind = \"auth\"\nphase = 1\n", "t");
        let flags = open_in(dir.path(), seeds.expect("seeds"), clock).await;
        accepting(&flags, 20 * DAY).await;
        let mut watching = ExpiryWatch::default();
        let mut told = |flags: &Flags, seconds: i64| {
            let news = watching.news(&flags.snapshot(), NOW.plus_seconds(seconds));
            news.into_iter().map(|(_, _, warning)| warning).collect::<Vec<_>>()
        };
        assert_eq!(told(&flags, 0), []);
        assert_eq!(told(&flags, 6 * DAY), [Warning::TwoWeeks]);
        assert_eq!(told(&flags, 6 * DAY + 60), []);
        assert_eq!(told(&flags, 17 * DAY), [Warning::ThreeDays]);
        assert_eq!(told(&flags, 20 * DAY), [Warning::Ended]);
        assert_eq!(told(&flags, 21 * DAY), []);
        accepting(&flags, 22 * DAY).await;
        assert_eq!(told(&flags, 21 * DAY), [Warning::ThreeDays], "renewed for a day");
    }
}
