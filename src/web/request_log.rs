//! One line a request, as JSON: what was asked, who answered, what and how fast.
//!
//! Lines are gathered in memory and written every 100 ms or 64 KiB by a thread of their own, so
//! that a request pays for formatting and nothing else. When the writer cannot keep up, lines
//! are dropped and counted. No token, header value or path ever stands in a line.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::domain::{ComponentId, RequestId, Revision, Side, Slot, Timestamp};

/// Written as soon as this much is gathered, in bytes.
const BATCH: usize = 64 * 1024;

/// Never gathered beyond this, in bytes.
const GATHERED_MAX: usize = 4 * 1024 * 1024;

/// Written at the latest after this.
const INTERVAL: Duration = Duration::from_millis(100);

/// One request about a token.
#[derive(Debug)]
pub struct RequestLine<'a> {
    /// When the question was asked.
    pub asked_at: Timestamp,
    /// Names the request.
    pub id: RequestId,
    /// `decide` or `forward_auth`.
    pub route: &'static str,
    /// Whose traffic.
    pub component: &'a ComponentId,
    /// The HTTP status.
    pub status: u16,
    /// `allow`, a reason code, or `undecided`.
    pub answer: &'a str,
    /// Who answered.
    pub by: Side,
    /// The side in whose place it answered.
    pub rescued: Option<Side>,
    /// Denied by SSOT's proof, in the place of what legacy would have answered.
    pub enforced: bool,
    /// The subject's place.
    pub slot: Option<Slot>,
    /// The flag's revision.
    pub revision: Revision,
    /// From the question to the answer.
    pub took: Duration,
}

/// Lines written and dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestLogStats {
    /// Lines gathered.
    pub lines: u64,
    /// Lines dropped because the writer could not keep up or failed.
    pub dropped: u64,
}

/// Gathers lines and writes them out.
pub struct RequestLog {
    gathered: Mutex<Gathered>,
    wake: Condvar,
    dropped: AtomicU64,
    enabled: bool,
}

#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    lines: u64,
    lines_in_batch: u64,
    second: i64,
    /// `2026-01-31T12:00:00`, of `second`.
    second_text: String,
    closed: bool,
}

impl std::fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestLog").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl RequestLog {
    /// A log that writes nothing.
    pub fn off() -> Arc<Self> {
        Arc::new(Self::with(false))
    }

    /// A log onto `out`, written by a thread that ends with [`RequestLog::close`].
    pub fn onto(out: impl Write + Send + 'static) -> (Arc<Self>, std::thread::JoinHandle<()>) {
        let log = Arc::new(Self::with(true));
        let writer = Arc::clone(&log);
        (log, std::thread::spawn(move || writer.write_until_closed(out)))
    }

    fn with(enabled: bool) -> Self {
        Self {
            gathered: Mutex::default(),
            wake: Condvar::new(),
            dropped: AtomicU64::new(0),
            enabled,
        }
    }

    /// Gathers one line.
    pub fn record(&self, line: &RequestLine<'_>) {
        if !self.enabled {
            return;
        }
        let mut gathered = self.gathered.lock();
        if gathered.bytes.len() > GATHERED_MAX {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        gathered.append(line);
        if gathered.bytes.len() >= BATCH {
            self.wake.notify_one();
        }
    }

    /// Writes what is gathered and ends the thread.
    pub fn close(&self) {
        self.gathered.lock().closed = true;
        self.wake.notify_one();
    }

    /// Lines so far.
    pub fn stats(&self) -> RequestLogStats {
        let lines = self.gathered.lock().lines;
        RequestLogStats { lines, dropped: self.dropped.load(Ordering::Relaxed) }
    }

    fn write_until_closed(&self, mut out: impl Write) {
        let mut batch = Vec::with_capacity(2 * BATCH);
        loop {
            let (lines, closed) = {
                let mut gathered = self.gathered.lock();
                if gathered.bytes.len() < BATCH && !gathered.closed {
                    self.wake.wait_for(&mut gathered, INTERVAL);
                }
                std::mem::swap(&mut gathered.bytes, &mut batch);
                (std::mem::take(&mut gathered.lines_in_batch), gathered.closed)
            };
            if out.write_all(&batch).and_then(|()| out.flush()).is_err() {
                self.dropped.fetch_add(lines, Ordering::Relaxed);
            }
            batch.clear();
            if closed {
                return;
            }
        }
    }
}

impl Gathered {
    fn append(&mut self, line: &RequestLine<'_>) {
        self.lines += 1;
        self.lines_in_batch += 1;
        let second = line.asked_at.seconds();
        if second != self.second || self.second_text.is_empty() {
            let mut text = line.asked_at.rfc3339();
            text.truncate("2026-01-31T12:00:00".len());
            (self.second, self.second_text) = (second, text);
        }
        let millis = line.asked_at.micros().rem_euclid(1_000_000).unsigned_abs() / 1000;
        // Every value is a number, a slug or a reason code: nothing in it needs escaping. Pieces
        // are put together by hand: the formatting machinery stood out in a profile.
        let out = &mut self.bytes;
        let mut put = |pieces: &[&str]| {
            for piece in pieces {
                out.extend_from_slice(piece.as_bytes());
            }
        };
        let mut digits = [Digits::default(); 5];
        put(&[r#"{"ts":""#, &self.second_text, ".", digits[0].write(1000 + millis, 1), "Z"]);
        put(&[r#"","msg":"request","request_id":""#, line.id.as_str()]);
        put(&[r#"","route":""#, line.route, r#"","component":""#, line.component.as_str()]);
        put(&[r#"","status":"#, digits[1].write(line.status.into(), 0)]);
        put(&[r#","answer":""#, line.answer, r#"","by":""#, line.by.as_str(), "\""]);
        if let Some(side) = line.rescued {
            put(&[r#","rescued":""#, side.as_str(), "\""]);
        }
        if line.enforced {
            put(&[r#","enforced":true"#]);
        }
        if let Some(slot) = line.slot {
            put(&[r#","slot":"#, digits[2].write(slot.number().into(), 0)]);
        }
        let micros = u64::try_from(line.took.as_micros()).unwrap_or(u64::MAX);
        put(&[r#","revision":"#, digits[3].write(line.revision.0, 0)]);
        put(&[r#","took_us":"#, digits[4].write(micros, 0), "}\n"]);
    }
}

/// Room for the decimal digits of one number.
#[derive(Clone, Copy, Default)]
struct Digits([u8; 20]);

impl Digits {
    /// The digits of `number` without the first `skipped`.
    fn write(&mut self, mut number: u64, skipped: usize) -> &str {
        let mut start = self.0.len();
        loop {
            start -= 1;
            self.0[start] = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        std::str::from_utf8(&self.0[start + skipped..]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn line(component: &ComponentId) -> RequestLine<'_> {
        RequestLine {
            asked_at: Timestamp::from_micros(1_700_000_000_012_345),
            id: RequestId::new(1, 2),
            route: "decide",
            component,
            status: 200,
            answer: "claim_missing:exp",
            by: Side::Ssot,
            rescued: Some(Side::Legacy),
            enforced: true,
            slot: Some(Slot::from_hash(42)),
            revision: Revision(7),
            took: Duration::from_micros(31),
        }
    }

    #[test]
    fn every_line_is_json_and_all_are_written_at_the_end() {
        let page = Page::default();
        let (log, writer) = RequestLog::onto(page.clone());
        let component = ComponentId::parse("http-auth").expect("an id");
        for _ in 0..1000 {
            log.record(&line(&component));
        }
        log.close();
        writer.join().expect("the writer ends");
        let text = String::from_utf8(page.0.lock().clone()).expect("UTF-8");
        assert_eq!(text.lines().count(), 1000);
        let first: serde_json::Value =
            serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        assert_eq!(first["ts"], "2023-11-14T22:13:20.012Z");
        assert_eq!((&first["slot"], &first["took_us"]), (&42.into(), &31.into()));
        assert_eq!(first["enforced"], true);
        assert_eq!(log.stats(), RequestLogStats { lines: 1000, dropped: 0 });
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 7, 10, 123_456_789, u64::MAX] {
            assert_eq!(Digits::default().write(number, 0), number.to_string());
        }
        assert_eq!(Digits::default().write(1_007, 1), "007");
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let (log, writer) = RequestLog::onto(Full);
        let component = ComponentId::parse("http-auth").expect("an id");
        log.record(&line(&component));
        log.close();
        writer.join().expect("the writer ends");
        assert_eq!(log.stats().dropped, 1);
    }
}
