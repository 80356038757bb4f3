//! One WebSocket: messages in, frames out, within bounds.

use std::time::Duration;

use axum::body::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes, error::ProtocolError};

use crate::sockets::CloseReason;

/// How long a close frame may take to be written, and then the client to answer it.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// What is read and thrown away of a client that does not hear that it was closed, in bytes.
const IGNORED_MAX: usize = 256 * 1024;

/// A WebSocket.
pub(super) struct Wire {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    write_time: Duration,
    /// What comes in can no longer be read as frames.
    lost: bool,
}

/// What comes in.
#[derive(Debug)]
pub(super) enum Heard {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A ping or a pong.
    SignOfLife,
    /// Nothing comes any more.
    End(CloseReason),
}

/// What goes out.
#[derive(Debug)]
pub(super) enum Frame {
    /// A text message.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A ping, to hear whether somebody is still there.
    Ping,
}

impl Frame {
    /// Bytes of it.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes.len(),
            Self::Ping => 0,
        }
    }
}

impl Wire {
    pub fn new(socket: WebSocketStream<TokioIo<Upgraded>>, write_time: Duration) -> Self {
        Self { socket, write_time, lost: false }
    }

    /// What comes next. Nothing is lost when the wait is given up.
    pub async fn hear(&mut self) -> Heard {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => Heard::Text(text),
            Some(Ok(Message::Binary(bytes))) => Heard::Binary(bytes),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Heard::SignOfLife,
            Some(Ok(Message::Close(_))) | None => Heard::End(CloseReason::Client),
            Some(Err(error)) => {
                self.lost = true;
                Heard::End(ended_by(&error))
            }
        }
    }

    /// Hands a frame over; it is written at the next [`Wire::flush`] at the latest. Waits while
    /// the client takes nothing: there is never more than one frame behind what it takes.
    pub async fn feed(&mut self, frame: Frame) -> Result<(), CloseReason> {
        let message = match frame {
            Frame::Text(bytes) => {
                Message::Text(Utf8Bytes::try_from(bytes).map_err(|_| CloseReason::Unavailable)?)
            }
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Ping => Message::Ping(Bytes::new()),
        };
        in_time(self.write_time, self.socket.feed(message)).await
    }

    /// Writes what was handed over.
    pub async fn flush(&mut self) -> Result<(), CloseReason> {
        in_time(self.write_time, self.socket.flush()).await
    }

    /// Says why, hears the client out for a moment, and ends.
    pub async fn close(self, reason: CloseReason) {
        self.close_as(reason, (reason.code(), reason.as_str().to_owned())).await;
    }

    /// The same in somebody else's words.
    pub async fn close_as(mut self, reason: CloseReason, (code, text): (u16, String)) {
        let said = match reason {
            // There is nobody to say it to.
            CloseReason::Gone => return,
            // The answer to the client's close frame is on its way already.
            CloseReason::Client => self.flush_within(CLOSE_TIME).await,
            _ => {
                let frame = CloseFrame { code: code.into(), reason: text.into() };
                let closing = self.socket.send(Message::Close(Some(frame)));
                matches!(tokio::time::timeout(CLOSE_TIME, closing).await, Ok(Ok(())))
            }
        };
        if said {
            let _ended = tokio::time::timeout(CLOSE_TIME, self.hear_out()).await;
        }
    }

    async fn flush_within(&mut self, time: Duration) -> bool {
        matches!(tokio::time::timeout(time, self.socket.flush()).await, Ok(Ok(())))
    }

    /// Messages that crossed the close frame are read: a connection that is closed with something
    /// unread takes back what was said.
    async fn hear_out(&mut self) {
        if !self.lost {
            while let Some(Ok(_)) = self.socket.next().await {}
            return;
        }
        let stream = self.socket.get_mut();
        let (mut ignored, mut buffer) = (0, [0; 4096]);
        if stream.shutdown().await.is_err() {
            return;
        }
        while ignored < IGNORED_MAX {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(read) => ignored += read,
            }
        }
    }
}

async fn in_time(
    time: Duration,
    writing: impl Future<Output = Result<(), Error>>,
) -> Result<(), CloseReason> {
    match tokio::time::timeout(time, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(ended_by(&error)),
        Err(_) => Err(CloseReason::Slow),
    }
}

/// What a failure of the socket says about its end.
fn ended_by(error: &Error) -> CloseReason {
    match error {
        Error::Capacity(_) => CloseReason::TooLarge,
        Error::Utf8(_) => CloseReason::NotText,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => CloseReason::Gone,
        Error::Protocol(_) | Error::AttackAttempt => CloseReason::Protocol,
        Error::ConnectionClosed | Error::AlreadyClosed => CloseReason::Client,
        Error::WriteBufferFull(_) => CloseReason::Slow,
        Error::Io(_) | Error::Tls(_) | Error::Url(_) | Error::Http(_) | Error::HttpFormat(_) => {
            CloseReason::Gone
        }
    }
}
