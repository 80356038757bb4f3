//! What the outbox has in mind of each parcel, and whose turn it is.

use std::collections::{BTreeSet, HashMap};

use super::{Dead, OutboxError, ParcelId, WaitingParcel};
use crate::domain::Timestamp;
use crate::outbound::Url;

/// Parcels that may wait.
pub(super) const WAITING_MAX: usize = 10_000;
/// Attempts under way at a time, over all hosts.
pub(super) const ATTEMPTS_MAX: usize = 16;
/// Attempts under way at a time to one host: a silent one does not keep the others waiting.
pub(super) const ATTEMPTS_PER_HOST_MAX: usize = 4;

/// How a parcel ended, before the disk knows.
#[derive(Clone, Debug)]
pub(super) enum Settled {
    Delivered,
    Dead(Dead),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not yet on the disk.
    Arriving,
    Waiting(Timestamp),
    UnderWay,
}

/// One parcel, without what is sent.
pub(super) struct Entry {
    pub target: String,
    pub kept_at: Timestamp,
    pub expires_at: Timestamp,
    pub failures: u32,
    pub last_failure: Option<String>,
    /// It has ended, but the disk refused to note that.
    pub settled: Option<Settled>,
    place: Place,
}

impl Entry {
    pub fn new(url: &Url, kept_at: Timestamp, expires_at: Timestamp) -> Self {
        Self {
            target: format!("{}://{}:{}", url.scheme(), url.host(), url.port()),
            kept_at,
            expires_at,
            failures: 0,
            last_failure: None,
            settled: None,
            place: Place::Arriving,
        }
    }
}

/// Every parcel that has not ended.
#[derive(Default)]
pub(super) struct Queue {
    entries: HashMap<ParcelId, Entry>,
    due: BTreeSet<(Timestamp, ParcelId)>,
    under_way: HashMap<String, usize>,
}

impl Queue {
    /// Takes a place for a parcel; `false` when it has one already.
    pub fn reserve(&mut self, id: &ParcelId, entry: Entry) -> Result<bool, OutboxError> {
        match self.entries.get(id).map(|known| known.place) {
            Some(Place::Arriving) => return Err(OutboxError::Arriving),
            Some(Place::Waiting(_) | Place::UnderWay) => return Ok(false),
            None => {}
        }
        if self.entries.len() >= WAITING_MAX {
            return Err(OutboxError::Full { waiting_max: WAITING_MAX });
        }
        self.entries.insert(id.clone(), entry);
        Ok(true)
    }

    /// From now on it waits for its turn, at `due` or when it expires.
    pub fn wait(&mut self, id: &ParcelId, due: Timestamp) {
        self.leave_place(id);
        if let Some(entry) = self.entries.get_mut(id) {
            let due = due.min(entry.expires_at);
            entry.place = Place::Waiting(due);
            self.due.insert((due, id.clone()));
        }
    }

    /// It has ended, or never came.
    pub fn forget(&mut self, id: &ParcelId) {
        self.leave_place(id);
        self.entries.remove(id);
    }

    /// The next whose time has come and whose host has room.
    pub fn take_due(&mut self, now: Timestamp) -> Option<ParcelId> {
        let id = self.next().filter(|(due, _)| *due <= now)?.1.clone();
        self.leave_place(&id);
        let entry = self.entries.get_mut(&id)?;
        entry.place = Place::UnderWay;
        *self.under_way.entry(entry.target.clone()).or_default() += 1;
        Some(id)
    }

    /// When the next attempt is due; `None` while one must end first.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.next().map(|(due, _)| *due)
    }

    pub fn entry(&mut self, id: &ParcelId) -> Option<&mut Entry> {
        self.entries.get_mut(id)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn under_way(&self) -> usize {
        self.under_way.values().sum()
    }

    pub fn oldest(&self) -> Option<Timestamp> {
        self.entries.values().map(|entry| entry.kept_at).min()
    }

    /// How many there are whose ids begin with `prefix`, and when the oldest of them came.
    pub fn of_purpose(&self, prefix: &str) -> (usize, Option<Timestamp>) {
        let of = self.entries.iter().filter(|(id, _)| id.as_str().starts_with(prefix));
        of.fold((0, None), |(count, oldest), (_, entry)| {
            let older = oldest.map_or(entry.kept_at, |oldest: Timestamp| oldest.min(entry.kept_at));
            (count + 1, Some(older))
        })
    }

    /// Those that wait, the next first.
    pub fn waiting(&self, limit: usize) -> Vec<WaitingParcel> {
        let entries =
            self.due.iter().filter_map(|(due, id)| Some((due, id, self.entries.get(id)?)));
        let shown = entries.map(|(due, id, entry)| WaitingParcel {
            id: id.clone(),
            target: entry.target.clone(),
            kept_at: entry.kept_at,
            expires_at: entry.expires_at,
            due_at: *due,
            failures: entry.failures,
            last_failure: entry.last_failure.clone(),
        });
        shown.take(limit).collect()
    }

    fn next(&self) -> Option<&(Timestamp, ParcelId)> {
        if self.under_way() >= ATTEMPTS_MAX {
            return None;
        }
        self.due.iter().find(|(_, id)| {
            let target = self.entries.get(id).map(|entry| &entry.target);
            let busy = target.and_then(|target| self.under_way.get(target));
            busy.is_none_or(|busy| *busy < ATTEMPTS_PER_HOST_MAX)
        })
    }

    fn leave_place(&mut self, id: &ParcelId) {
        let Some(entry) = self.entries.get(id) else { return };
        match entry.place {
            Place::Arriving => {}
            Place::Waiting(due) => {
                self.due.remove(&(due, id.clone()));
            }
            Place::UnderWay => {
                let left = self.under_way.get(&entry.target).map_or(0, |busy| busy - 1);
                if left == 0 {
                    self.under_way.remove(&entry.target);
                } else {
                    self.under_way.insert(entry.target.clone(), left);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn queue(parcels: &[(&str, &str)]) -> Queue {
        let mut queue = Queue::default();
        for (id, host) in parcels {
            let url = Url::configured(&format!("https://{host}/")).expect("a url");
            let id = ParcelId::parse(id).expect("an id");
            assert_eq!(queue.reserve(&id, Entry::new(&url, at(1), at(100))), Ok(true));
            queue.wait(&id, at(1));
        }
        queue
    }

    #[test]
    fn a_host_with_enough_under_way_lets_the_others_pass() {
        let mut parcels: Vec<_> = ["a1", "a2", "a3", "a4", "a5"].map(|id| (id, "a")).into();
        parcels.push(("b1", "b"));
        let mut queue = queue(&parcels);
        let taken: Vec<_> = std::iter::from_fn(|| queue.take_due(at(1))).collect();
        assert_eq!(
            taken.iter().map(ParcelId::as_str).collect::<Vec<_>>(),
            ["a1", "a2", "a3", "a4", "b1"]
        );
        assert_eq!((queue.next_due(), queue.under_way()), (None, 5));
        queue.forget(&taken[0]);
        assert_eq!(queue.take_due(at(1)).as_ref().map(ParcelId::as_str), Some("a5"));
    }

    #[test]
    fn so_many_are_under_way_and_no_more() {
        let names: Vec<_> = (0..20).map(|number| format!("p{number}")).collect();
        let parcels: Vec<_> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
        let mut queue = queue(&parcels);
        assert_eq!(std::iter::from_fn(|| queue.take_due(at(1))).count(), ATTEMPTS_MAX);
    }

    #[test]
    fn nothing_waits_longer_than_it_is_worth() {
        let mut queue = queue(&[("a", "a")]);
        let id = queue.take_due(at(1)).expect("a parcel");
        queue.wait(&id, at(500));
        assert_eq!(queue.next_due(), Some(at(100)));
    }

    #[test]
    fn there_is_room_for_so_many_and_one_that_ends_makes_room() {
        let mut queue = Queue::default();
        let url = Url::configured("https://a/").expect("a url");
        let entry = || Entry::new(&url, at(1), at(2));
        let id = |number| ParcelId::parse(&format!("p{number}")).expect("an id");
        for number in 0..WAITING_MAX {
            assert_eq!(queue.reserve(&id(number), entry()), Ok(true));
        }
        let full = Err(OutboxError::Full { waiting_max: WAITING_MAX });
        assert_eq!(queue.reserve(&id(WAITING_MAX), entry()), full);
        queue.forget(&id(0));
        assert_eq!(queue.reserve(&id(WAITING_MAX), entry()), Ok(true));
    }

    #[test]
    fn a_parcel_on_its_way_to_the_disk_is_not_acknowledged_twice() {
        let mut queue = queue(&[("a", "a")]);
        let url = Url::configured("https://a/").expect("a url");
        let [a, b] = ["a", "b"].map(|id| ParcelId::parse(id).expect("an id"));
        assert_eq!(queue.reserve(&a, Entry::new(&url, at(1), at(2))), Ok(false));
        assert_eq!(queue.reserve(&b, Entry::new(&url, at(1), at(2))), Ok(true));
        let again = queue.reserve(&b, Entry::new(&url, at(1), at(2)));
        assert_eq!(again, Err(OutboxError::Arriving));
    }
}
