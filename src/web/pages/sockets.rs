//! Sockets: who is connected, what reaches them, what was refused and what differed.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::figure::{FigureLine, thousands};
use super::{Frame, page};
use crate::compare::MismatchClass;
use crate::flags::{Flag, Kind};
use crate::ledger::{Counter, Tally};
use crate::sockets::{Anomaly, CloseReason, Stats};
use crate::web::guard::Signed;
use crate::web::{Rooms, SocketEvent};

#[derive(Template)]
#[template(path = "pages/sockets.html")]
pub(super) struct SocketsPage {
    pub frame: Frame,
    /// False when events can no longer be kept.
    pub keeps: bool,
    /// True once anybody has been connected or anything was published.
    pub any_evidence: bool,
    pub held: Vec<FigureLine>,
    pub moved: Vec<FigureLine>,
    pub closed: Vec<CountLine>,
    pub door: Vec<CountLine>,
    pub anomalies: Vec<CountLine>,
    pub components: Vec<ComponentLine>,
    pub legacy: LegacyLine,
}

/// A count with its code and what it means.
pub(super) struct CountLine {
    code: &'static str,
    meaning: &'static str,
    count: String,
    metric: &'static str,
}

/// What a comparison of the two managers has found of one component.
pub(super) struct ComponentLine {
    component: String,
    kind: &'static str,
    stage: &'static str,
    share: String,
    compared: String,
    match_rate: String,
    classes: Vec<ClassCount>,
}

struct ClassCount {
    code: &'static str,
    meaning: &'static str,
    count: String,
    accepted: String,
    warm: bool,
}

/// The manager that is being left.
pub(super) struct LegacyLine {
    /// What there is beside the new manager.
    pub kind: &'static str,
    pub figures: Vec<FigureLine>,
}

impl ComponentLine {
    pub fn new(flag: &Flag, total: &Tally) -> Self {
        let count = |class: &MismatchClass| ClassCount {
            code: class.code(),
            meaning: class.meaning(),
            count: thousands(total.count(Counter::Mismatched(*class))),
            accepted: thousands(total.count(Counter::Accepted(*class))),
            warm: total.count(Counter::Mismatched(*class)) > 0,
        };
        Self {
            component: flag.component.to_string(),
            kind: flag.kind.as_str(),
            stage: flag.stage.name(),
            share: flag.stage.share().to_string(),
            compared: thousands(total.conclusive()),
            match_rate: total.match_rate().map_or_else(
                || "no evidence yet".to_owned(),
                |rate| format!("{:.2} %", rate * 100.0),
            ),
            classes: flag.kind.classes().iter().map(count).collect(),
        }
    }
}

pub(super) fn held(stats: &Stats, tickets: u64) -> Vec<FigureLine> {
    vec![
        FigureLine::new(
            "open connections",
            stats.connections,
            "Sockets that are open now: those that were opened, without those that have ended.",
        )
        .at("crossfade_sockets_open")
        .made_of("#ended", "Those that have ended, by reason"),
        FigureLine::new(
            "users in memory",
            stats.users,
            "Users whose logs of events are in memory: who is connected, and who was lately.",
        )
        .at("crossfade_sockets_users"),
        FigureLine::new(
            "events in memory",
            stats.retained,
            "Events that a connection which comes back can still be given.",
        )
        .at("crossfade_sockets_events_retained"),
        FigureLine::new(
            "events on their way to the disk",
            stats.publishing,
            "Events that are acknowledged once they are there.",
        )
        .at("crossfade_sockets_events_publishing"),
        FigureLine::new(
            "tickets waiting",
            tickets,
            "One-time tickets that nobody has come for yet; each is good for half a minute.",
        )
        .at("crossfade_sockets_tickets_waiting")
        .made_of("#door", "What became of tickets"),
    ]
}

pub(super) fn moved(stats: &Stats) -> Vec<FigureLine> {
    let opened = FigureLine::new("connections opened", stats.attached, "Since the start.");
    vec![
        opened.at("crossfade_sockets_attached_total").made_of("#ended", "How they have ended"),
        FigureLine::new(
            "events accepted",
            stats.published,
            "Events that are on the disk, each once, whoever is connected.",
        )
        .at("crossfade_sockets_published_total")
        .made_of("#anomalies", "Rules of runs that they break"),
        FigureLine::new(
            "frames delivered",
            stats.delivered,
            "Events as they were written to sockets: one for each connection of a user. The next \
             number is part of it.",
        )
        .at("crossfade_sockets_delivered_total")
        .made_of("#comparison", "What was lost, repeated or misdelivered, by comparison"),
        FigureLine::new(
            "frames resumed",
            stats.replayed,
            "Of these, events from before the connection, which a client that came back was given.",
        )
        .at("crossfade_sockets_replayed_total"),
        FigureLine::new(
            "published again",
            stats.duplicates,
            "Events that came a second time under the same name, and were not given again.",
        )
        .at("crossfade_sockets_duplicates_total"),
        FigureLine::of_trouble(
            "gaps told",
            stats.gaps,
            "Times that a client which came back was told that something it missed is no longer \
             kept.",
        )
        .at("crossfade_sockets_gaps_total"),
        FigureLine::of_trouble(
            "events refused",
            stats.refused,
            "Events for which there was no room, or that the disk refused: whoever published them \
             was told.",
        )
        .at("crossfade_sockets_refused_total")
        .made_of("#door", "Why, as far as the door knows"),
    ]
}

pub(super) fn legacy_figures(stats: &Stats) -> Vec<FigureLine> {
    vec![
        FigureLine::new(
            "frames of legacy's written",
            stats.legacy_written,
            "To the sockets that legacy serves.",
        )
        .at("crossfade_sockets_legacy_written_total"),
        FigureLine::new(
            "frames of legacy's held back",
            stats.legacy_swallowed,
            "Where SSOT serves: they were only compared.",
        )
        .at("crossfade_sockets_legacy_swallowed_total")
        .made_of("#comparison", "What the comparison found"),
        FigureLine::of_trouble(
            "frames that nobody knows",
            stats.uncertain,
            "Written although SSOT serves: they are no events that SSOT knows.",
        )
        .at("crossfade_sockets_uncertain_total"),
    ]
}

pub(super) fn closed(stats: &Stats) -> Vec<CountLine> {
    let line = |(reason, count): &(CloseReason, u64)| CountLine {
        code: reason.as_str(),
        meaning: close_meaning(*reason),
        count: thousands(*count),
        metric: "crossfade_sockets_closed_total",
    };
    stats.closes.iter().filter(|(_, count)| *count > 0).map(line).collect()
}

pub(super) fn anomalies(stats: &Stats) -> Vec<CountLine> {
    let line = |(anomaly, count): &(Anomaly, u64)| CountLine {
        code: anomaly.code(),
        meaning: anomaly_meaning(*anomaly),
        count: thousands(*count),
        metric: "crossfade_sockets_anomalies_total",
    };
    stats.anomalies.iter().filter(|(_, count)| *count > 0).map(line).collect()
}

fn door(rooms: &Rooms) -> Vec<CountLine> {
    let counts = SocketEvent::ALL.map(|event| (event, rooms.sockets.counts.of(event)));
    let line = |(event, count): (SocketEvent, u64)| CountLine {
        code: event.code(),
        meaning: event_meaning(event),
        count: thousands(count),
        metric: "crossfade_sockets_events_total",
    };
    counts.into_iter().filter(|(_, count)| *count > 0).map(line).collect()
}

const fn close_meaning(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Client => "the client has closed it",
        CloseReason::Gone => "the client was gone without a word",
        CloseReason::Restart => "the service restarted",
        CloseReason::Slow => "the client took frames too slowly",
        CloseReason::Idle => "nothing came from the client for too long",
        CloseReason::Expired => "the token has run out",
        CloseReason::Revoked => "the token was revoked",
        CloseReason::Unauthorized => "no valid token was shown",
        CloseReason::Forbidden => "the token, or where it came from, opens nothing here",
        CloseReason::TooManyMessages => "the client sent too many messages",
        CloseReason::TooManyConnections => "the user, or the service, had too many connections",
        CloseReason::TooLarge => "a message was larger than the limit",
        CloseReason::Unsupported => "a message was of a kind that is not taken",
        CloseReason::NotText => "a text message was not UTF-8",
        CloseReason::Protocol => "a message broke the protocol",
        CloseReason::Ended => "an operator, or the side that serves, has ended it",
        CloseReason::Unavailable => "neither side could decide, or the log could not be read",
    }
}

const fn anomaly_meaning(anomaly: Anomaly) -> &'static str {
    match anomaly {
        Anomaly::NotStarted => "the first event of a run did not start it",
        Anomaly::StartedAgain => "a run was started a second time",
        Anomaly::AfterCompleted => "an event came behind the end of its run",
        Anomaly::ToolNotExecuting => "a tool was completed that was not executing",
        Anomaly::ToolStillExecuting => "a run ended while a tool was executing",
        Anomaly::NumberSkipped => "numbers within a run are missing",
        Anomaly::NumberRepeated => "a number within a run came again",
    }
}

const fn event_meaning(event: SocketEvent) -> &'static str {
    match event {
        SocketEvent::Accepted => "handshakes that were let in",
        SocketEvent::Malformed => "no handshake, or one that cannot be read",
        SocketEvent::Origin => "from a page that may not",
        SocketEvent::Subprotocol => "subprotocols that cannot be answered",
        SocketEvent::Ticket => "tickets that are not known, or another page's",
        SocketEvent::Denied => "no token that opens the door",
        SocketEvent::Undecided => "neither side could decide",
        SocketEvent::ByServer => "legacy's server, which serves, took no socket",
        SocketEvent::TooMany => "too many connections, over all or of the user",
        SocketEvent::TooOften => "the address, or the user, asked too often",
        SocketEvent::Unavailable => "the manager took nobody, or could not read its log",
        SocketEvent::TicketMade => "tickets made",
        SocketEvent::TicketRedeemed => "tickets redeemed",
        SocketEvent::TicketExpired => "tickets that nobody came for",
        SocketEvent::Renewed => "fresh tokens on open sockets that let them stay",
        SocketEvent::NotRenewed => "fresh tokens on open sockets that do not",
        SocketEvent::Forwarded => "clients' messages on their way to the backend",
        SocketEvent::NotForwarded => "clients' messages for which there was no backend or no room",
        SocketEvent::EventRefused => "events that were refused for what is wrong with them",
        SocketEvent::LegacyNotAsked => "events that legacy was not asked about: too many waited",
        SocketEvent::NotFed => "events of legacy's server that SSOT could not be given",
        SocketEvent::EventUnkept => "events for which there was no room, or that the disk refused",
    }
}

fn components(rooms: &Rooms) -> Vec<ComponentLine> {
    let snapshot = rooms.flags.snapshot();
    let flags = snapshot.sorted().into_iter();
    let of_sockets = flags.filter(|flag| matches!(flag.kind, Kind::Connections | Kind::Events));
    of_sockets
        .map(|flag| ComponentLine::new(flag, &rooms.ledger.book(&flag.component).total()))
        .collect()
}

/// `GET /sockets`: who is connected, what reaches them, what was refused.
pub async fn sockets(State(rooms): State<Arc<Rooms>>, signed: Signed) -> Response {
    let door_to = &rooms.sockets;
    let stats = door_to.manager.stats();
    let tickets = u64::try_from(door_to.tickets_waiting()).unwrap_or(u64::MAX);
    let door = door(&rooms);
    let kind = match &door_to.old {
        None => "There is none: this manager alone serves.",
        Some(old) if old.tunnel.is_some() => {
            "A server of its own, reached through a tunnel: what it writes is read on its way."
        }
        Some(_) => "A manager that is asked beside this one.",
    };
    let shown = SocketsPage {
        frame: Frame::of(&rooms, &signed, "sockets"),
        keeps: stats.keeps,
        any_evidence: stats.attached > 0 || stats.published > 0 || !door.is_empty(),
        held: held(&stats, tickets),
        moved: moved(&stats),
        closed: closed(&stats),
        door,
        anomalies: anomalies(&stats),
        components: components(&rooms),
        legacy: LegacyLine { kind, figures: legacy_figures(&stats) },
    };
    page(StatusCode::OK, &shown)
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::flags::Stage;
    use crate::flags::testing::flag_at;

    pub fn page(frame: Frame, any_evidence: bool) -> SocketsPage {
        let stats = Stats {
            connections: 1_204,
            attached: 90_000,
            published: 1_200_300,
            gaps: 2,
            closes: vec![(CloseReason::Client, 88_000), (CloseReason::Slow, 3)],
            anomalies: vec![(Anomaly::NumberSkipped, 4)],
            keeps: any_evidence,
            ..Stats::default()
        };
        let events =
            Flag { kind: Kind::Events, ..flag_at("event-delivery", Stage::Shadow, vec![]) };
        let mut total = Tally::default();
        total.add(Counter::Matched);
        total.add(Counter::Mismatched(MismatchClass::EventLost));
        let shown = |lines: Vec<CountLine>| if any_evidence { lines } else { Vec::new() };
        SocketsPage {
            frame,
            keeps: stats.keeps,
            any_evidence,
            held: held(&stats, 3),
            moved: moved(&stats),
            closed: shown(closed(&stats)),
            door: Vec::new(),
            anomalies: shown(anomalies(&stats)),
            components: if any_evidence {
                vec![ComponentLine::new(&events, &total)]
            } else {
                vec![]
            },
            legacy: LegacyLine { kind: "There is none.", figures: legacy_figures(&stats) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_can_happen_only_what_has_happened_is_listed() {
        let stats = Stats {
            closes: vec![(CloseReason::Client, 1_500), (CloseReason::Slow, 0)],
            anomalies: vec![(Anomaly::NotStarted, 0)],
            ..Stats::default()
        };
        let lines = closed(&stats);
        assert_eq!((lines.len(), &*lines[0].count, lines[0].code), (1, "1,500", "client"));
        assert!(anomalies(&stats).is_empty());
        let gaps = |stats: &Stats| moved(stats).iter().any(|figure| figure.warm);
        assert!(!gaps(&stats) && gaps(&Stats { gaps: 1, ..stats }));
    }
}
