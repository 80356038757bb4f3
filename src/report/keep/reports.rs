//! Makes reports: for whoever asks, by the schedule, and when a component leaves a stage.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::super::document::{Document, Occasion};
use super::super::draw::{Sources, Wish};
use super::super::{Period, ReportError, Scope};
use super::archive::{Archive, Entry, Mark, text_of};
use super::exits::{exit_of, is_settled, period};
use super::schedule::ScheduleLine;
use super::seal::{Claims, Form, Seal, Signer, digest, sealed_json};
use crate::domain::{Clock, Revision, Timestamp};
use crate::store::Store;

/// It is looked this often whether a report is due.
const INTERVAL: Duration = Duration::from_secs(1);

/// It is looked this often whether one is too old.
const PRUNE_EVERY: Duration = Duration::from_mins(1);

/// Reports that are drawn up at the same time, at most: each reads much of the disk.
const DRAWN_AT_ONCE: usize = 2;

/// Lines of the history that are looked through at once.
const LINES: usize = 100;

/// Where it stands up to which revision the history was looked through.
const LOG_MARK: &str = "log";

/// How long reports are kept, and when they are due by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Older ones are removed.
    pub keep_days: u32,
    /// The oldest beyond so many are removed.
    pub keep_max: u32,
    /// When reports are due by themselves.
    pub schedule: Vec<ScheduleLine>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { keep_days: 400, keep_max: 500, schedule: Vec::new() }
    }
}

/// Makes and keeps reports.
pub struct Reports {
    sources: Arc<Sources>,
    archive: Arc<Archive>,
    settings: Settings,
    signer: Signer,
    clock: Arc<dyn Clock>,
    drawing: Semaphore,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    made: AtomicU64,
    failed: AtomicU64,
    removed: AtomicU64,
}

impl Reports {
    /// The reports that are kept in `store`; new ones come from `sources` and are signed by
    /// `signer`.
    pub fn open(
        store: &Store,
        sources: Sources,
        settings: Settings,
        signer: Signer,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            sources: Arc::new(sources),
            archive: Arc::new(Archive::open(store)),
            settings,
            signer,
            clock,
            drawing: Semaphore::new(DRAWN_AT_ONCE),
            counts: Counts::default(),
        }
    }

    /// The settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Draws up a report and keeps nothing.
    pub async fn draw(&self, wish: Wish) -> Result<Document, ReportError> {
        let _permit = self.drawing.acquire().await.map_err(|_| ReportError::Ending)?;
        let (sources, now) = (Arc::clone(&self.sources), self.clock.now());
        let drawn = tokio::task::spawn_blocking(move || sources.draw(wish, now));
        drawn.await.map_err(|_| ReportError::Ending)?
    }

    /// Draws up a report and keeps it.
    pub async fn make(&self, wish: Wish) -> Result<Entry, ReportError> {
        self.make_noting(wish, None).await
    }

    async fn make_noting(
        &self,
        wish: Wish,
        mark: Option<(&str, Mark)>,
    ) -> Result<Entry, ReportError> {
        let kept = async {
            let document = self.draw(wish).await?;
            self.archive.keep(document, &self.signer, mark).await
        };
        let kept = kept.await;
        let count = if kept.is_ok() { &self.counts.made } else { &self.counts.failed };
        count.fetch_add(1, Ordering::Relaxed);
        kept
    }

    /// Kept reports, newest first, before the one of an id; at most `limit`.
    pub async fn list(
        &self,
        before: Option<String>,
        limit: usize,
    ) -> Result<Vec<Entry>, ReportError> {
        self.reading(move |archive| archive.list(before.as_deref(), limit)).await
    }

    /// A kept report, and its text in canonical JSON.
    pub async fn read(&self, id: &str) -> Result<(Entry, String), ReportError> {
        let id = id.to_owned();
        self.reading(move |archive| archive.read(&id)).await
    }

    /// A kept report, as a value and as its text in canonical JSON.
    pub async fn document(&self, id: &str) -> Result<(Entry, Document, String), ReportError> {
        let id = id.to_owned();
        let whole = self.reading(move |archive| {
            let (entry, text) = archive.read(&id)?;
            Ok((entry, read_document(&text)?, text))
        });
        whole.await
    }

    /// How many reports are kept, and their bytes.
    pub async fn size(&self) -> Result<(usize, usize), ReportError> {
        self.reading(Archive::size).await
    }

    async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Archive) -> Result<T, ReportError> + Send + 'static,
    ) -> Result<T, ReportError> {
        let archive = Arc::clone(&self.archive);
        let reading = tokio::task::spawn_blocking(move || read(&archive));
        reading.await.map_err(|_| ReportError::Ending)?
    }

    /// Removes a kept report.
    pub async fn remove(&self, id: &str) -> Result<(), ReportError> {
        self.archive.remove(id).await
    }

    /// The JSON of a report that is not kept, sealed.
    pub fn json_of(&self, document: &Document) -> Result<String, ReportError> {
        let text = text_of(document)?;
        let seal = self.seal(Form::Json, &text, document);
        Ok(sealed_json(&text, &seal))
    }

    /// The seal of a text that shows a report.
    pub fn seal(&self, form: Form, text: &str, document: &Document) -> Seal {
        let named = (&*document.installation, document.id.as_deref());
        let claims = Claims::of(form, digest(text.as_bytes()), named, self.clock.now());
        Seal::of(&claims, &self.signer)
    }

    /// How many reports were made, could not be made, and were removed by age or number, since the
    /// start.
    pub fn counts(&self) -> [(&'static str, u64); 3] {
        let Counts { made, failed, removed } = &self.counts;
        [("made", made), ("failed", failed), ("removed", removed)]
            .map(|(what, count)| (what, count.load(Ordering::Relaxed)))
    }

    /// Makes what is due, until a stop is asked for.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_failing = false;
        let mut pruned_at = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let seen = self.see_to_all(&mut pruned_at).await;
            match &seen {
                Ok(()) if is_failing => tracing::info!("reports are made again"),
                Err(error) if !is_failing => tracing::error!(%error, "reports are not made"),
                Ok(()) | Err(_) => {}
            }
            is_failing = seen.is_err();
        }
    }

    async fn see_to_all(&self, pruned_at: &mut Option<Timestamp>) -> Result<(), ReportError> {
        let now = self.clock.now();
        for line in &self.settings.schedule {
            self.see_to_line(line, now).await?;
        }
        self.see_to_exits(now).await?;
        if pruned_at.is_none_or(|at| now.since(at) >= PRUNE_EVERY) {
            *pruned_at = Some(now);
            let oldest = now.plus_seconds(-i64::from(self.settings.keep_days) * 86_400);
            let keep_max = usize::try_from(self.settings.keep_max).unwrap_or(usize::MAX);
            let removed = self.archive.prune(oldest, keep_max).await?;
            self.counts.removed.fetch_add(removed, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn see_to_line(&self, line: &ScheduleLine, now: Timestamp) -> Result<(), ReportError> {
        let key = format!("schedule/{line}");
        let last = match self.archive.mark(&key)? {
            Some(Mark::Due(last)) => Some(last),
            Some(Mark::Revision(_)) | None => None,
        };
        let Some(due) = line.due(last, now) else { return Ok(()) };
        if last.is_none() {
            // The first one is due at the next moment, not at once.
            return Ok(self.archive.set_mark(&key, Mark::Due(due)).await?);
        }
        let wish = Wish {
            scope: line.scope.clone(),
            period: Period::last(line.period, due),
            by: "schedule".to_owned(),
            occasion: Occasion::Schedule { line: line.to_string() },
        };
        let mark = Mark::Due(due);
        let made = self.make_noting(wish, Some((&key, mark))).await;
        self.told(made, (&key, mark)).await
    }

    /// Looks through what is new in the history.
    async fn see_to_exits(&self, now: Timestamp) -> Result<(), ReportError> {
        let flags = Arc::clone(&self.sources.flags);
        let newest = *flags.watch_log().borrow();
        let seen = match self.archive.mark(LOG_MARK)? {
            Some(Mark::Revision(seen)) => seen,
            Some(Mark::Due(_)) | None => {
                // What was before the first start is nobody's exit.
                let mark = Mark::Revision(newest);
                return Ok(self.archive.set_mark(LOG_MARK, mark).await?);
            }
        };
        if newest <= seen {
            return Ok(());
        }
        let reader = Arc::clone(&flags);
        let lines =
            tokio::task::spawn_blocking(move || reader.history_after(seen, newest, LINES)).await;
        let lines = lines.map_err(|_| ReportError::Ending)??;
        let mut passed: Option<Revision> = None;
        for line in lines {
            let mark = Mark::Revision(line.revision);
            let Some(what) = exit_of(&line) else {
                passed = Some(line.revision);
                continue;
            };
            if !is_settled(&line, &self.sources.guard, now)? {
                break;
            }
            let wish = Wish {
                scope: Scope::Component(line.component.clone()),
                period: period(&flags, &line, now)?,
                by: "crossfade".to_owned(),
                occasion: Occasion::StageExit {
                    component: line.component.clone(),
                    revision: line.revision,
                    what: what.to_owned(),
                },
            };
            let made = self.make_noting(wish, Some((LOG_MARK, mark))).await;
            self.told(made, (LOG_MARK, mark)).await?;
            passed = None;
        }
        match passed {
            Some(revision) => Ok(self.archive.set_mark(LOG_MARK, Mark::Revision(revision)).await?),
            None => Ok(()),
        }
    }

    /// Goes on after a report that cannot be made; what the disk refuses is tried again.
    async fn told(
        &self,
        made: Result<Entry, ReportError>,
        (key, mark): (&str, Mark),
    ) -> Result<(), ReportError> {
        match made {
            Ok(entry) => {
                let (id, occasion) = (&entry.id, entry.occasion.words());
                tracing::info!(report.id = %id, report.occasion = occasion, "a report is kept");
                Ok(())
            }
            Err(error @ (ReportError::Store(_) | ReportError::Ending)) => Err(error),
            Err(error) => {
                tracing::error!(%error, report.mark = key, "a report that was due is left out");
                Ok(self.archive.set_mark(key, mark).await?)
            }
        }
    }
}

/// A report from its JSON.
fn read_document(text: &str) -> Result<Document, ReportError> {
    serde_json::from_str(text).map_err(|error| ReportError::Text(error.to_string()))
}
