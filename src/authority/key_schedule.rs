//! When keys are relieved, for whoever keeps an eye on them.

use super::{Authority, KeyState, KeyView};
use crate::domain::Timestamp;

/// What comes next for the keys, as things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySchedule {
    /// How long a new key is published before it signs, in seconds.
    pub publish_s: i64,
    /// How long a kept key signs before the next one takes over by itself, in seconds; 0 is never.
    pub rotate_every_s: i64,
    /// The key that the configuration has chosen; then nothing goes by itself.
    pub pinned: Option<String>,
    /// The next key that may sign, and from when on.
    pub next: Option<(String, Timestamp)>,
    /// When the key that signs is relieved by itself; `None` where nobody relieves it but a person.
    pub due_at: Option<Timestamp>,
}

impl Authority {
    /// What comes next for the keys.
    pub fn key_schedule(&self) -> KeySchedule {
        let (rules, keys) = (&self.keys.rules, self.keys());
        let of = |state| keys.iter().filter(move |key: &&KeyView| key.state == state);
        let next = of(KeyState::Next).filter_map(|key| Some((key.published_at?, key.id.clone())));
        let next = next.min().map(|(at, id)| (id, at.plus_seconds(rules.publish_s)));
        let since = of(KeyState::Active).filter_map(|key| key.active_at).max();
        let goes_by_itself = rules.rotate_every_s > 0 && rules.pinned.is_none();
        KeySchedule {
            publish_s: rules.publish_s,
            rotate_every_s: rules.rotate_every_s,
            pinned: rules.pinned.clone(),
            next,
            due_at: since
                .filter(|_| goes_by_itself)
                .map(|since| since.plus_seconds(rules.rotate_every_s)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{Algorithm, Settings};

    #[tokio::test]
    async fn a_key_signs_once_it_was_published_long_enough_and_is_relieved_when_that_is_configured()
    {
        let settings = Settings { key_publish_s: 60, ..Settings::new("us", "api") };
        let authority = Authority::in_memory(settings).expect("an authority");
        let schedule = authority.key_schedule();
        assert_eq!((schedule.next, schedule.due_at, schedule.publish_s), (None, None, 60));
        let now = Timestamp::from_seconds(1_800_000_000);
        let made = authority.generate_key(Algorithm::EdDsa, now).await.expect("a key");
        let next = authority.key_schedule().next;
        assert_eq!(next, Some((made.id, now.plus_seconds(60))));
    }
}
