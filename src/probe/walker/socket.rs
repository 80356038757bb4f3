//! The steps over a socket.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Outcome, Walker};
use crate::domain::{JourneyStep, Provenance, Side, Token};
use crate::outbound::Method;
use crate::probe::call::{self, Filling, Request};
use crate::probe::frames::{self, Line, Next, Shaken};
use crate::probe::run;
use crate::probe::settings::RunStep;
use crate::probe::told;

/// Most frames of a run that are kept.
const FRAMES_MAX: usize = 1_000;

/// What writes where SSOT does.
const SSOT_PATH: &str = "manager";

impl Walker<'_> {
    pub(super) async fn shake_hands(&mut self, told: &mut Provenance) -> Outcome {
        let token = self.token()?;
        self.line = Some(self.open(&token, "", told).await?);
        let witness = self.prober.settings.subjects.witness.clone();
        let of_witness = |why| format!("the witness cannot sign in: {why}");
        let mut ignored = Provenance::default();
        let pair = self.tokens_of(&witness, &mut ignored).await.map_err(of_witness)?;
        let opened = self.open(&pair.access, "", &mut ignored).await;
        self.witness = Some(opened.map_err(|why| format!("the witness: {why}"))?);
        Ok(())
    }

    async fn open(
        &self,
        token: &Token,
        query: &str,
        told: &mut Provenance,
    ) -> Result<Line, String> {
        let at = (&self.prober.outbound, &*self.prober.settings.data);
        match Line::open(at, token, query, self.time()).await? {
            Shaken::Open(line) => {
                if let Some(field) = &line.provenance {
                    told::read(field, told);
                }
                Ok(line)
            }
            Shaken::Refused(status) => Err(format!("the handshake is answered {status}")),
        }
    }

    /// Is greeted, and says which run it listens to.
    pub(super) async fn subscribe(&mut self, told: &mut Provenance) -> Outcome {
        let (until, settle) = (Instant::now() + self.time(), self.prober.settings.settle);
        let run = self.run.id.clone();
        let line = self.line.as_mut().ok_or("there is no socket")?;
        let position = greeting(line, until).await?;
        self.greeted = position.is_some();
        self.position = position;
        line.say(&json!({ "type": "subscribe", "run_id": run })).await?;
        line.say(&json!({ "type": "ping" })).await?;
        // Legacy's own servers do not answer pings.
        let until = if self.greeted { until } else { Instant::now() + settle };
        loop {
            match line.next(until).await {
                Next::Frame(frame) => match frames::kind(&frame) {
                    Some("pong") => return Ok(()),
                    Some("error") => {
                        let code = frame["code"].as_str().unwrap_or("error");
                        return Err(format!("the subscription is refused: {code}"));
                    }
                    Some(_) | None => {}
                },
                Next::Nothing if self.greeted => {
                    return Err("nothing answers a ping behind the subscription".to_owned());
                }
                Next::Nothing => {
                    told.side = Some(Side::Legacy);
                    return Ok(());
                }
                Next::Ended(code) => return Err(ended("behind the subscription", code)),
            }
        }
    }

    /// Starts a run, and hears what comes of it until nothing more does.
    pub(super) async fn hear_run(&mut self, told: &mut Provenance) -> Outcome {
        let (until, settle) = (Instant::now() + self.time(), self.prober.settings.settle);
        self.begin_run().await?;
        let line = self.line.as_mut().ok_or("there is no socket")?;
        let mut came: Vec<Value> = Vec::new();
        let mut quiet_at = until;
        loop {
            match line.next(quiet_at).await {
                Next::Frame(frame) if self.run.has(&frame) && came.len() < FRAMES_MAX => {
                    came.push(frame);
                    let last = came.iter().any(|frame| run::place(frame) == Some(4));
                    quiet_at = if last { (Instant::now() + settle).min(until) } else { until };
                }
                Next::Frame(_) => {}
                Next::Nothing => break,
                Next::Ended(code) => return Err(ended("during the run", code)),
            }
        }
        if let Some(side) = run::writer_of(&came) {
            told.side = Some(side);
            told.path = (side == Side::Ssot).then(|| SSOT_PATH.to_owned());
        }
        let positions = came.iter().filter_map(frames::position);
        self.position = positions.max_by_key(|at| at.after).or(self.position);
        run::judge(&came)?;
        self.came = came;
        self.nobody_else_heard(settle).await
    }

    async fn begin_run(&self) -> Outcome {
        let who = self.who();
        let RunStep::Trigger(call) = &self.prober.settings.run else {
            return self.publish(&self.run.events(&who)).await;
        };
        let token = self.token()?;
        let filling = Filling { subject: &who, token: token.reveal(), run_id: &self.run.id };
        let begun = call.send(&self.prober.outbound, filling, self.time()).await;
        begun.map(drop).map_err(|why| format!("the run is not begun: {why}"))
    }

    async fn publish(&self, body: &Value) -> Outcome {
        let mut request = Request::new(Method::Post, self.url("/v1/events"));
        if let Some(door) = &self.prober.settings.door_token {
            request.bearer(door);
        }
        request.json(body);
        let answer = request.send(&self.prober.outbound, self.time()).await?;
        if answer.status == 200 {
            return Ok(());
        }
        Err(format!("not published: {}", call::refusal(&answer)))
    }

    /// What is one user's reaches nobody else.
    async fn nobody_else_heard(&mut self, settle: std::time::Duration) -> Outcome {
        let Some(witness) = self.witness.as_mut() else { return Ok(()) };
        let until = Instant::now() + settle;
        loop {
            match witness.next(until).await {
                Next::Frame(frame) if self.run.has(&frame) => {
                    let kind = frames::kind(&frame).unwrap_or("an event").to_owned();
                    return Err(format!("{kind} arrived on a socket of somebody else"));
                }
                Next::Frame(_) => {}
                Next::Nothing | Next::Ended(_) => return Ok(()),
            }
        }
    }

    pub(super) fn read_answer(&mut self, told: &mut Provenance) -> Outcome {
        if let Some(side) = run::writer_of(&self.came) {
            told.side = Some(side);
            told.path = (side == Side::Ssot).then(|| SSOT_PATH.to_owned());
        }
        let answer = run::answer(&self.came).ok_or("the last event carries no answer")?;
        let own = matches!(self.prober.settings.run, RunStep::Publish);
        if own && *answer != run::ANSWER {
            return Err("the last event carries another answer than was sent".to_owned());
        }
        Ok(())
    }

    /// Cuts the socket, and has what was missed meanwhile when it is back.
    pub(super) async fn come_back(&mut self, told: &mut Provenance) -> Outcome {
        self.line = None;
        let (own, who) = (matches!(self.prober.settings.run, RunStep::Publish), self.who());
        // Only what SSOT writes has a place in a log.
        let by_legacy = run::writer_of(&self.came) == Some(Side::Legacy);
        let from = self.position.filter(|_| self.greeted && !by_legacy);
        let own = own && !self.prober.settings.omitted.is(JourneyStep::Events, self.side);
        if own && from.is_some() {
            self.publish(&self.run.missed(&who)).await?;
        }
        // Where nothing can be published, the last event that arrived is what was missed.
        let missed = u64::from(!own && !self.came.is_empty());
        let after = from.map(|at| (at.epoch, at.after.0.saturating_sub(missed)));
        let query = after.map(|(epoch, after)| format!("epoch={epoch}&after={after}"));
        let token = self.token()?;
        let mut line = self.open(&token, &query.unwrap_or_default(), told).await?;
        let until = Instant::now() + self.time();
        greeting(&mut line, until).await?;
        if own && from.is_none() {
            // Whoever has no place in a log gets what comes from now on.
            self.publish(&self.run.missed(&who)).await?;
        }
        if own || (missed > 0 && from.is_some()) {
            let side = self.missed_arrives(&mut line, own, until).await?;
            told.side = Some(side);
            told.path = (side == Side::Ssot).then(|| SSOT_PATH.to_owned());
        }
        self.line = Some(line);
        Ok(())
    }

    /// It comes once, and nothing that had come before comes again.
    async fn missed_arrives(
        &self,
        line: &mut Line,
        own: bool,
        until: Instant,
    ) -> Result<Side, String> {
        let (missed, mut writer) = (self.run.missed_id(), None);
        let mut quiet_at = until;
        loop {
            match line.next(quiet_at).await {
                Next::Frame(frame) if frames::kind(&frame) == Some("gap") => {
                    return Err("the place in the log is no longer known".to_owned());
                }
                Next::Frame(frame) if self.run.has(&frame) => {
                    let name = frames::field(&frame, "event_id").and_then(Value::as_str);
                    let is_it = if own {
                        name.is_none_or(|name| name == missed) && run::place(&frame).is_none()
                    } else {
                        run::place(&frame) == Some(4)
                    };
                    if !is_it {
                        return Err("what had arrived before arrives again".to_owned());
                    }
                    if writer.replace(frames::writer(&frame)).is_some() {
                        return Err("what was missed arrives twice".to_owned());
                    }
                    quiet_at = Instant::now() + self.prober.settings.settle;
                }
                Next::Frame(_) => {}
                Next::Ended(code) => return Err(ended("after coming back", code)),
                Next::Nothing => {
                    return writer.ok_or_else(|| "what was missed does not arrive".to_owned());
                }
            }
        }
    }
}

/// Waits for the greeting; gives back the place in the log that SSOT's own tells. What comes
/// before it is kept.
async fn greeting(
    line: &mut Line,
    until: Instant,
) -> Result<Option<crate::domain::Position>, String> {
    let mut early = Vec::new();
    loop {
        match line.next(until).await {
            Next::Frame(frame) => match frames::kind(&frame) {
                Some("connection_established" | "session_created") => {
                    line.early = early;
                    return Ok(frames::position(&frame));
                }
                Some(_) | None if early.len() < FRAMES_MAX => early.push(frame),
                Some(_) | None => return Err("frames come and no greeting".to_owned()),
            },
            Next::Ended(code) => return Err(ended("instead of a greeting", code)),
            Next::Nothing => return Err("no greeting comes".to_owned()),
        }
    }
}

fn ended(when: &str, code: Option<u16>) -> String {
    match code {
        Some(code) => format!("the socket was closed {when} ({code})"),
        None => format!("the socket was cut {when}"),
    }
}
