//! One view, rendered for all who listen to it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use super::View;
use crate::domain::Revision;
use crate::web::Rooms;

/// No view is rendered more often than this.
const AT_LEAST: Duration = Duration::from_secs(1);

/// When nothing happens, figures are looked at this long after that.
const AT_REST: Duration = Duration::from_secs(1);

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::web) struct Part {
    /// The id of its outermost element.
    pub id: String,
    /// That element.
    pub html: String,
}

/// The boards that somebody listens to.
#[derive(Default)]
pub(super) struct Boards(Mutex<HashMap<View, Weak<Board>>>);

/// A view as it was last told.
pub(super) struct Board {
    /// Tells this board from one that was there before it.
    epoch: i64,
    told: Mutex<Told>,
    /// The number of the last round in which something had changed.
    round: watch::Sender<Revision>,
}

#[derive(Default)]
struct Told {
    /// Each part, with the round in which it last changed.
    parts: Vec<(u64, Part)>,
    /// What changed in the last round, as it is sent.
    latest: (u64, Arc<str>),
}

impl Boards {
    /// The board of a view, set up if nobody listens to it yet.
    pub fn join(&self, view: &View, rooms: &Arc<Rooms>) -> Arc<Board> {
        let mut boards = self.0.lock();
        boards.retain(|_, board| board.strong_count() > 0);
        if let Some(board) = boards.get(view).and_then(Weak::upgrade) {
            return board;
        }
        let board = Arc::new(Board::new(rooms.clock.now().micros()));
        boards.insert(view.clone(), Arc::downgrade(&board));
        tokio::spawn(keep(Arc::downgrade(&board), Arc::downgrade(rooms), view.clone()));
        board
    }
}

/// Renders a view until nobody listens to it any more.
async fn keep(board: Weak<Board>, rooms: Weak<Rooms>, view: View) {
    let Some((mut changes, mut cards)) =
        rooms.upgrade().map(|rooms| (rooms.flags.watch(), rooms.guard.watch()))
    else {
        return;
    };
    loop {
        {
            // Neither is kept from ending by whoever sleeps.
            let (Some(board), Some(rooms)) = (board.upgrade(), rooms.upgrade()) else { return };
            if let Some(rendered) = rooms.rendered(view.clone()).await {
                board.tell(rendered.parts());
            }
        }
        tokio::time::sleep(AT_LEAST).await;
        tokio::select! {
            Ok(()) = changes.changed() => {}
            Ok(()) = cards.changed() => {}
            () = tokio::time::sleep(AT_REST) => {}
        }
    }
}

impl Board {
    fn new(epoch: i64) -> Self {
        let round = watch::Sender::new(Revision(0));
        Self { epoch, told: Mutex::default(), round }
    }

    /// Wakes its holder when something has changed.
    pub fn watch(&self) -> watch::Receiver<Revision> {
        self.round.subscribe()
    }

    /// The id of an event of that round.
    pub fn id(&self, round: u64) -> String {
        format!("{}.{round}", self.epoch)
    }

    /// The round of an event's id; 0 where this board has sent no such event.
    pub fn round_of(&self, id: &str) -> u64 {
        let Some((epoch, round)) = id.split_once('.') else { return 0 };
        let is_ours = epoch.parse() == Ok(self.epoch);
        let round = round.parse().ok().filter(|round| *round <= self.round.borrow().0);
        round.filter(|_| is_ours).unwrap_or(0)
    }

    /// Takes in a new rendering.
    fn tell<'p>(&self, parts: impl Iterator<Item = &'p Part>) {
        let mut told = self.told.lock();
        let round = self.round.borrow().0 + 1;
        let mut before: HashMap<String, (u64, Part)> =
            told.parts.drain(..).map(|known| (known.1.id.clone(), known)).collect();
        let same = |known: Option<(u64, Part)>, part: &Part| match known {
            Some((since, known)) if known == *part => (since, known),
            Some(_) | None => (round, part.clone()),
        };
        told.parts = parts.map(|part| same(before.remove(&part.id), part)).collect();
        if told.parts.iter().all(|(since, _)| *since < round) {
            return;
        }
        told.latest = (round, told.since(round - 1).into());
        self.round.send_replace(Revision(round));
    }

    /// What has changed after a round, as one line of JSON, and the round up to which that tells;
    /// `None` where nothing has.
    pub fn after(&self, round: u64) -> Option<(u64, Arc<str>)> {
        let told = self.told.lock();
        let (latest, text) = &told.latest;
        match latest.checked_sub(round)? {
            0 => None,
            1 => Some((*latest, Arc::clone(text))),
            _ => Some((*latest, told.since(round).into())),
        }
    }
}

#[derive(Serialize)]
struct Changed<'p> {
    parts: Vec<&'p Part>,
}

impl Told {
    fn since(&self, round: u64) -> String {
        let parts = self.parts.iter().filter(|(since, _)| *since > round);
        let changed = Changed { parts: parts.map(|(_, part)| part).collect() };
        // JSON has no line breaks within a string, and none is put between.
        serde_json::to_string(&changed).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(texts: [&str; 2]) -> Vec<Part> {
        let part = |(id, html): (&str, &str)| Part { id: id.to_owned(), html: html.to_owned() };
        ["a", "b"].into_iter().zip(texts).map(part).collect()
    }

    fn ids(found: Option<(u64, Arc<str>)>) -> Option<(u64, Vec<String>)> {
        let (round, text) = found?;
        assert!(!text.contains('\n'));
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let parts = json["parts"].as_array().expect("parts").iter();
        Some((round, parts.map(|part| part["id"].as_str().expect("an id").to_owned()).collect()))
    }

    #[test]
    fn only_what_has_changed_is_told_and_whoever_missed_more_is_told_more() {
        let board = Board::new(7);
        assert_eq!(board.after(0), None);
        let both = || vec!["a".to_owned(), "b".to_owned()];
        for (texts, round) in
            [(["1\n", "1"], 1), (["1\n", "2"], 2), (["1\n", "2"], 2), (["3", "2"], 3)]
        {
            board.tell(parts(texts).iter());
            assert_eq!(board.round.borrow().0, round);
        }
        assert_eq!(ids(board.after(2)), Some((3, vec!["a".to_owned()])));
        assert_eq!(ids(board.after(1)), Some((3, both())));
        assert_eq!(ids(board.after(0)), Some((3, both())));
        assert_eq!(board.after(3), None);
    }

    #[test]
    fn a_listener_goes_on_from_the_events_of_this_board_alone() {
        let board = Board::new(7);
        board.tell(parts(["1", "1"]).iter());
        assert_eq!((board.round_of("7.1"), board.id(1)), (1, "7.1".to_owned()));
        for other in ["7.2", "8.1", "1", "", "7.x", "x.1"] {
            assert_eq!(board.round_of(other), 0, "{other}");
        }
    }
}
