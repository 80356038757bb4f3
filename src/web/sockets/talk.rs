//! The loop that owns a socket: one task reads, writes and ends it, and nobody else does.

use std::time::Duration;

use axum::body::Bytes;
use tokio::time::{Instant, MissedTickBehavior};

use super::member::Member;
use super::pace::Pace;
use super::tunnel::{Passed, Tunnelled};
use super::wire::{Frame, Heard, Wire};
use crate::domain::BoxFuture;
use crate::sockets::{CloseReason, Outgoing};

/// Written before what was written is flushed, in bytes.
const BATCH_BYTES: usize = 16 * 1024;

/// Who is at the other end of a conversation.
pub(super) enum Party {
    /// A connection of the manager's.
    Member(Box<Member>),
    /// The same, and the legacy server behind this one.
    Tunnelled(Box<Tunnelled>),
    /// Whoever says everything back, for suites that test the protocol.
    Echo(Echo),
}

/// Says the last message back.
#[derive(Default)]
pub(super) struct Echo(Option<Frame>);

/// What is said next.
enum Next {
    Write(Frame),
    Close(CloseReason),
}

/// What happened.
enum Turn {
    Say(Next),
    Heard(Heard),
    Ping,
}

/// How a conversation is led.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// A ping is sent this often.
    pub ping_every: Duration,
    /// Messages a second that the client may send; `None` for any number.
    pub messages_per_second: Option<u32>,
}

/// Leads a conversation to its end.
pub(super) async fn talk(mut wire: Wire, mut party: Party, manners: Manners) {
    let mut pace = Pace::new(manners.messages_per_second);
    let reason = converse(&mut wire, &mut party, &mut pace, manners.ping_every).await;
    // First the manager: whoever is gone gets nothing more.
    let said = match party {
        Party::Member(member) => {
            member.end(reason);
            None
        }
        Party::Tunnelled(mut tunnelled) => {
            let said = tunnelled.said();
            tunnelled.end(reason);
            said
        }
        Party::Echo(_) => None,
    };
    match said {
        Some(said) => wire.close_as(reason, said).await,
        None => wire.close(reason).await,
    }
}

async fn converse(
    wire: &mut Wire,
    party: &mut Party,
    pace: &mut Pace,
    ping_every: Duration,
) -> CloseReason {
    let mut pinging = tokio::time::interval_at(Instant::now() + ping_every, ping_every);
    pinging.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut closed = party.closed();
    loop {
        let turn = tokio::select! {
            next = party.next() => Turn::Say(next),
            heard = wire.hear(), if party.listens() => Turn::Heard(heard),
            _ = pinging.tick() => Turn::Ping,
            reason = &mut closed => return reason,
        };
        // Whatever a turn waits for, it does not wait for longer than the connection may stay.
        let ended = tokio::select! {
            biased;
            reason = &mut closed => Err(reason),
            done = act(wire, party, pace, turn) => done,
        };
        if let Err(reason) = ended {
            return reason;
        }
    }
}

async fn act(
    wire: &mut Wire,
    party: &mut Party,
    pace: &mut Pace,
    turn: Turn,
) -> Result<(), CloseReason> {
    match turn {
        Turn::Say(Next::Close(reason)) | Turn::Heard(Heard::End(reason)) => Err(reason),
        Turn::Say(Next::Write(frame)) => write(wire, party, frame).await,
        Turn::Ping => {
            wire.feed(Frame::Ping).await?;
            wire.flush().await
        }
        Turn::Heard(heard) => {
            if !pace.take() {
                return Err(CloseReason::TooManyMessages);
            }
            party.heard(heard).await
        }
    }
}

/// Writes a frame, and those that are ready behind it, and flushes once.
async fn write(wire: &mut Wire, party: &mut Party, first: Frame) -> Result<(), CloseReason> {
    let (mut written, mut next) = (0, Some(Next::Write(first)));
    loop {
        match next {
            Some(Next::Write(frame)) => {
                written += frame.len();
                wire.feed(frame).await?;
                party.written();
            }
            Some(Next::Close(reason)) => {
                wire.flush().await?;
                return Err(reason);
            }
            None => return wire.flush().await,
        }
        next = if written < BATCH_BYTES { party.ready() } else { None };
    }
}

impl Party {
    async fn next(&mut self) -> Next {
        match self {
            Self::Member(member) => member.connection.next().await.into(),
            Self::Tunnelled(tunnelled) => tunnelled.next().await.into(),
            Self::Echo(echo) => match echo.0.take() {
                Some(frame) => Next::Write(frame),
                None => std::future::pending().await,
            },
        }
    }

    fn ready(&mut self) -> Option<Next> {
        match self {
            Self::Member(member) => member.connection.ready().map(Next::from),
            Self::Tunnelled(tunnelled) => tunnelled.ready().map(Next::from),
            Self::Echo(echo) => echo.0.take().map(Next::Write),
        }
    }

    fn written(&mut self) {
        match self {
            Self::Member(member) => member.connection.written(),
            Self::Tunnelled(tunnelled) => tunnelled.member.connection.written(),
            Self::Echo(_) => {}
        }
    }

    /// Returns when the conversation is to end.
    fn closed(&self) -> BoxFuture<'static, CloseReason> {
        match self {
            Self::Member(member) => Box::pin(member.connection.closed()),
            Self::Tunnelled(tunnelled) => Box::pin(tunnelled.member.connection.closed()),
            Self::Echo(_) => Box::pin(std::future::pending()),
        }
    }

    /// False while something must be said first.
    fn listens(&self) -> bool {
        match self {
            Self::Member(_) | Self::Tunnelled(_) => true,
            Self::Echo(echo) => echo.0.is_none(),
        }
    }

    async fn heard(&mut self, heard: Heard) -> Result<(), CloseReason> {
        match (self, heard) {
            (_, Heard::End(reason)) => Err(reason),
            (Self::Member(member), Heard::SignOfLife) => {
                member.connection.heard();
                Ok(())
            }
            (Self::Member(member), Heard::Text(text)) => member.received(&text).await,
            (Self::Member(_), Heard::Binary(_)) => Err(CloseReason::Unsupported),
            (Self::Tunnelled(tunnelled), Heard::SignOfLife) => {
                tunnelled.member.connection.heard();
                Ok(())
            }
            (Self::Tunnelled(tunnelled), Heard::Text(text)) => {
                tunnelled.received(Bytes::from(text)).await
            }
            (Self::Tunnelled(tunnelled), Heard::Binary(bytes)) => {
                tunnelled.received_bytes(bytes).await
            }
            (Self::Echo(_), Heard::SignOfLife) => Ok(()),
            (Self::Echo(echo), Heard::Text(text)) => {
                echo.0 = Some(Frame::Text(Bytes::from(text)));
                Ok(())
            }
            (Self::Echo(echo), Heard::Binary(bytes)) => {
                echo.0 = Some(Frame::Binary(bytes));
                Ok(())
            }
        }
    }
}

impl From<Outgoing> for Next {
    fn from(outgoing: Outgoing) -> Self {
        match outgoing {
            Outgoing::Text(text) => Self::Write(Frame::Text(text)),
            Outgoing::Close(reason) => Self::Close(reason),
        }
    }
}

impl From<Passed> for Next {
    fn from(passed: Passed) -> Self {
        match passed {
            Passed::Text(text) => Self::Write(Frame::Text(text)),
            Passed::Binary(bytes) => Self::Write(Frame::Binary(bytes)),
            Passed::Close(reason) => Self::Close(reason),
        }
    }
}
