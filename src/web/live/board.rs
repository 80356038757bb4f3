//! One view, rendered for all who listen to it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use super::{Numbered, View};
use crate::domain::Revision;
use crate::web::Rooms;

/// No view is rendered more often than this.
const AT_LEAST: Duration = Duration::from_secs(1);

/// When nothing happens, figures are looked at this long after that.
const AT_REST: Duration = Duration::from_secs(1);

/// Figures alone take each listener no more bytes a second than this: after a heavy round they are
/// looked at later. A change of the table or a decision of the guard does not wait for that.
const BYTES_PER_SECOND: usize = 16 * 1024;

/// Later than this figures are never looked at.
const AT_REST_MAX: Duration = Duration::from_secs(10);

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
    told: Mutex<Told>,
    /// The number of the last rendering in which something had changed.
    latest: watch::Sender<Revision>,
}

#[derive(Default)]
struct Told {
    /// Each part, with the rendering in which it last changed.
    parts: Vec<(u64, Part)>,
    /// What the last rendering changed, as it is sent to whoever had the one before.
    news: News,
}

#[derive(Default)]
struct News {
    /// The last rendering that changed something, and the one before it.
    number: u64,
    before: u64,
    text: Arc<str>,
}

impl Boards {
    /// The board of a view, set up if nobody listens to it yet.
    pub fn join(&self, view: &View, rooms: &Arc<Rooms>) -> Arc<Board> {
        let mut boards = self.0.lock();
        boards.retain(|_, board| board.strong_count() > 0);
        if let Some(board) = boards.get(view).and_then(Weak::upgrade) {
            return board;
        }
        let board = Arc::new(Board::new());
        // Whoever has just opened the page has that before him.
        if let Some(kept) = rooms.live.views.kept(view) {
            board.tell(&kept);
        }
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
        let mut bytes = 0;
        {
            // Neither is kept from ending by whoever sleeps.
            let (Some(board), Some(rooms)) = (board.upgrade(), rooms.upgrade()) else { return };
            if let Some(rendered) = rooms.rendered(view.clone()).await {
                bytes = board.tell(&rendered);
            }
        }
        tokio::time::sleep(AT_LEAST).await;
        tokio::select! {
            Ok(()) = changes.changed() => {}
            Ok(()) = cards.changed() => {}
            () = tokio::time::sleep(rest_after(bytes)) => {}
        }
    }
}

/// How long figures rest after a round of so many bytes, beside what every round rests.
fn rest_after(bytes: usize) -> Duration {
    let millis = u64::try_from(bytes.saturating_mul(1_000) / BYTES_PER_SECOND).unwrap_or(u64::MAX);
    Duration::from_millis(millis).saturating_sub(AT_LEAST).clamp(AT_REST, AT_REST_MAX)
}

impl Board {
    fn new() -> Self {
        Self { told: Mutex::default(), latest: watch::Sender::new(Revision(0)) }
    }

    /// Wakes its holder when something has changed.
    pub fn watch(&self) -> watch::Receiver<Revision> {
        self.latest.subscribe()
    }

    /// Takes in a rendering; how many bytes it is to tell.
    fn tell(&self, rendered: &Numbered) -> usize {
        self.take(rendered.number, rendered.rendered.parts())
    }

    fn take<'p>(&self, number: u64, parts: impl Iterator<Item = &'p Part>) -> usize {
        let mut told = self.told.lock();
        if number <= told.news.number {
            return 0;
        }
        let mut before: HashMap<String, (u64, Part)> =
            told.parts.drain(..).map(|known| (known.1.id.clone(), known)).collect();
        let same = |known: Option<(u64, Part)>, part: &Part| match known {
            Some((since, known)) if known == *part => (since, known),
            Some(_) | None => (number, part.clone()),
        };
        told.parts = parts.map(|part| same(before.remove(&part.id), part)).collect();
        if told.parts.iter().all(|(since, _)| *since < number) {
            return 0;
        }
        let text: Arc<str> = told.since(number - 1).into();
        let bytes = text.len();
        told.news = News { number, before: told.news.number, text };
        self.latest.send_replace(Revision(number));
        bytes
    }

    /// What has changed since a rendering, as one line of JSON, and the rendering up to which that
    /// tells; `None` where nothing has.
    pub fn after(&self, seen: u64) -> Option<(u64, Arc<str>)> {
        let told = self.told.lock();
        let News { number, before, text } = &told.news;
        if seen >= *number {
            None
        } else if seen >= *before {
            Some((*number, Arc::clone(text)))
        } else {
            Some((*number, told.since(seen).into()))
        }
    }
}

#[derive(Serialize)]
struct Changed<'p> {
    parts: Vec<&'p Part>,
}

impl Told {
    fn since(&self, seen: u64) -> String {
        let parts = self.parts.iter().filter(|(since, _)| *since > seen);
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
        let (number, text) = found?;
        assert!(!text.contains('\n'));
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let parts = json["parts"].as_array().expect("parts").iter();
        Some((number, parts.map(|part| part["id"].as_str().expect("an id").to_owned()).collect()))
    }

    #[test]
    fn only_what_has_changed_is_told_and_whoever_missed_more_is_told_more() {
        let board = Board::new();
        assert_eq!(board.after(0), None);
        let both = || vec!["a".to_owned(), "b".to_owned()];
        // Numbers are those of all views, so that some are left out.
        for (number, texts, latest) in [
            (3, ["1\n", "1"], 3),
            (5, ["1\n", "2"], 5),
            (6, ["1\n", "2"], 5),
            (9, ["3", "2"], 9),
            (9, ["4", "4"], 9),
        ] {
            board.take(number, parts(texts).iter());
            assert_eq!(board.latest.borrow().0, latest);
        }
        for seen in [5, 6, 8] {
            assert_eq!(ids(board.after(seen)), Some((9, vec!["a".to_owned()])), "{seen}");
        }
        for seen in [0, 3, 4] {
            assert_eq!(ids(board.after(seen)), Some((9, both())), "{seen}");
        }
        assert_eq!((board.after(9), board.after(10)), (None, None));
    }

    #[test]
    fn figures_rest_the_longer_the_more_there_was_to_tell() {
        let rest = |bytes| rest_after(bytes).as_millis();
        assert_eq!([0, 1_000, 32 * 1024].map(rest), [1_000; 3]);
        assert_eq!([64 * 1024, usize::MAX].map(rest), [3_000, 10_000]);
    }
}
