//! One stream: news when there is some, a sign of life otherwise, until its end.

use std::convert::Infallible;
use std::fmt::Display;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::stream;
use tokio::sync::watch;

use super::Place;
use crate::domain::Revision;
use crate::web::stopped;

/// A stream without news sends a comment this often, so that nobody in between takes it for dead,
/// and so that a client that went away is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How soon a client should come back, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum News {
    /// Everything is told.
    Told,
    /// There is more to tell at once.
    More,
    /// It cannot go on.
    Over,
}

/// What a stream follows, and what it tells.
pub(in crate::web) struct Follow {
    /// Its place.
    pub place: Place,
    /// Wakes it.
    pub wake: watch::Receiver<Revision>,
    /// Wakes it, too, for what is told beside changes of the table.
    pub also: Option<watch::Receiver<u64>>,
    /// Whether its client may still listen.
    pub may_still: Box<dyn Fn() -> bool + Send>,
    /// Writes what is new up to a revision.
    pub news: Box<Tell>,
}

type Tell = dyn FnMut(Revision, &mut String) -> News + Send;

struct Following {
    follow: Follow,
    /// True when news may be there without a wake-up.
    due: bool,
    begun: bool,
}

/// Writes one event; neither `id` nor `data` has line breaks.
pub(in crate::web) fn write_event(text: &mut String, id: impl Display, name: &str, data: &str) {
    let id = id.to_string();
    for piece in ["id: ", &id, "\nevent: ", name, "\ndata: ", data, "\n\n"] {
        text.push_str(piece);
    }
}

impl Follow {
    /// The stream as an answer.
    pub fn into_response(self) -> Response {
        let following = Following { follow: self, due: true, begun: false };
        let pieces = stream::unfold(following, |mut following| async move {
            let piece = following.next().await?;
            Some((Ok::<_, Infallible>(Bytes::from(piece)), following))
        });
        let mut response = Response::new(Body::from_stream(pieces));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // nginx would keep events back until its buffer is full.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }
}

impl Following {
    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            let mut text = String::new();
            if !std::mem::replace(&mut self.begun, true) {
                text = format!("retry: {RETRY_MS}\n\n");
            }
            let alive = self.due || self.woken().await?;
            if *self.follow.place.ending.borrow() || !(self.follow.may_still)() {
                return None;
            }
            if alive {
                let up_to = *self.follow.wake.borrow_and_update();
                if let Some(also) = &mut self.follow.also {
                    also.mark_unchanged();
                }
                match (self.follow.news)(up_to, &mut text) {
                    News::Told => {
                        self.follow.place.note(up_to);
                        self.due = false;
                    }
                    News::More => self.due = true,
                    News::Over => return None,
                }
            } else {
                text.push_str(": nothing new\n\n");
            }
            if !text.is_empty() {
                return Some(text);
            }
        }
    }

    /// True for news, false when it is time for a sign of life, `None` at the end.
    async fn woken(&mut self) -> Option<bool> {
        let Follow { place, wake, also, .. } = &mut self.follow;
        tokio::select! {
            biased;
            () = stopped(&mut place.ending) => None,
            changed = wake.changed() => changed.ok().map(|()| true),
            () = changed(also) => Some(true),
            () = tokio::time::sleep(KEEP_ALIVE) => Some(false),
        }
    }
}

/// Returns when there is news; never, where nothing can bring any.
async fn changed(also: &mut Option<watch::Receiver<u64>>) {
    if let Some(receiver) = also
        && receiver.changed().await.is_ok()
    {
        return;
    }
    // A sender that is gone has nothing more to tell.
    *also = None;
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::web::{Listens, Streams};

    /// A stream that tells the revision it is woken with, and what its test needs to move it.
    struct Desk {
        streams: Streams,
        wake: watch::Sender<Revision>,
        also: watch::Sender<u64>,
        allowed: watch::Sender<bool>,
    }

    impl Desk {
        fn new() -> Self {
            let (streams, wake) = (Streams::default(), watch::Sender::new(Revision(1)));
            Self { streams, wake, also: watch::Sender::new(0), allowed: watch::Sender::new(true) }
        }

        fn body(&self) -> Body {
            let allowed = self.allowed.subscribe();
            let follow = Follow {
                place: self.streams.enter(Listens::Data).expect("a place"),
                wake: self.wake.subscribe(),
                also: Some(self.also.subscribe()),
                may_still: Box::new(move || *allowed.borrow()),
                news: Box::new(|up_to, text| {
                    write_event(text, up_to, "message", "{}");
                    News::Told
                }),
            };
            follow.into_response().into_body()
        }
    }

    async fn piece(body: &mut Body) -> Option<String> {
        let frame = body.frame().await?.expect("a piece").into_data().expect("data");
        Some(String::from_utf8(frame.to_vec()).expect("text"))
    }

    fn event(id: u64) -> String {
        format!("id: {id}\nevent: message\ndata: {{}}\n\n")
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_begins_with_news_and_shows_that_it_lives_when_there_is_none() {
        let desk = Desk::new();
        let mut body = desk.body();
        let first = format!("retry: 2000\n\n{}", event(1));
        assert_eq!(piece(&mut body).await, Some(first));
        let asked = tokio::time::Instant::now();
        assert_eq!(piece(&mut body).await.as_deref(), Some(": nothing new\n\n"));
        assert_eq!(asked.elapsed(), KEEP_ALIVE);
    }

    #[tokio::test(start_paused = true)]
    async fn changes_that_a_client_was_too_slow_for_are_told_as_one() {
        let desk = Desk::new();
        let mut body = desk.body();
        piece(&mut body).await;
        for revision in 2..=1000 {
            desk.wake.send_replace(Revision(revision));
        }
        assert_eq!(piece(&mut body).await, Some(event(1000)));
        // The same revision again is news: something was published beside it.
        desk.wake.send_replace(Revision(1000));
        assert_eq!(piece(&mut body).await, Some(event(1000)));
        assert!(piece(&mut body).await.expect("a piece").starts_with(':'));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_told_beside_the_table_wakes_a_stream_as_well() {
        let mut desk = Desk::new();
        let mut body = desk.body();
        piece(&mut body).await;
        desk.also.send_replace(1);
        assert_eq!(piece(&mut body).await, Some(event(1)));
        assert!(piece(&mut body).await.expect("a piece").starts_with(':'), "it is told once");
        // Whoever told it is gone: the stream goes on without.
        desk.also = watch::Sender::new(0);
        assert!(piece(&mut body).await.expect("a piece").starts_with(':'));
        desk.wake.send_replace(Revision(2));
        assert_eq!(piece(&mut body).await, Some(event(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_with_the_service_and_with_the_right_to_listen() {
        let desk = Desk::new();
        let (mut body, mut refused) = (desk.body(), desk.body());
        piece(&mut body).await;
        piece(&mut refused).await;
        desk.allowed.send_replace(false);
        assert_eq!(piece(&mut refused).await, None, "at the next sign of life at the latest");
        desk.allowed.send_replace(true);
        desk.streams.end();
        assert_eq!(piece(&mut body).await, None);
        assert_eq!(piece(&mut desk.body()).await, None, "none begins any more");
    }

    #[tokio::test]
    async fn a_client_that_goes_away_leaves_its_place() {
        let desk = Desk::new();
        let mut body = desk.body();
        piece(&mut body).await;
        assert_eq!(desk.streams.open(Listens::Data), 1);
        drop(body);
        assert_eq!(desk.streams.open(Listens::Data), 0);
    }
}
