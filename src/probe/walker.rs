//! One walk, step by step.

mod asking;
mod socket;

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::frames::Line;
use super::prober::Prober;
use super::run::Run;
use super::told;
use crate::domain::{JourneyStep, Position, Provenance, Side, StepSeen, Token, TokenType};
use crate::outbound::Answer;

/// Over this, whatever a step waits for is given up.
const SLACK: Duration = Duration::from_secs(2);

/// Somebody on the way, and what he holds.
pub(super) struct Walker<'p> {
    prober: &'p Prober,
    side: Side,
    /// As whom he signs in.
    name: String,
    /// As whom he was taken, once that was told.
    subject: Option<String>,
    access: Option<Token>,
    refresh: Option<Token>,
    run: Run,
    line: Option<Line>,
    /// The socket of somebody else.
    witness: Option<Line>,
    /// True where SSOT's manager has greeted him.
    greeted: bool,
    /// Where his log was when he last looked.
    position: Option<Position>,
    came: Vec<Value>,
}

/// What came of a step.
type Outcome = Result<(), String>;

impl<'p> Walker<'p> {
    pub fn new(prober: &'p Prober, side: Side, name: &str) -> Self {
        Self {
            prober,
            side,
            name: name.to_owned(),
            subject: None,
            access: None,
            refresh: None,
            run: Run::new(),
            line: None,
            witness: None,
            greeted: false,
            position: None,
            came: Vec::new(),
        }
    }

    /// Takes a step, and tells what was seen of it.
    pub async fn take(&mut self, step: JourneyStep) -> StepSeen {
        let settings = &self.prober.settings;
        if settings.omitted.is(step, self.side) {
            let (took, provenance) = (Duration::ZERO, Provenance::default());
            return StepSeen { step, fault: None, omitted: true, took, provenance };
        }
        let mut provenance = Provenance {
            component: Some(settings.components.of(step).clone()),
            ..Provenance::default()
        };
        let limit = settings.step_time + 2 * settings.settle + SLACK;
        let begun = Instant::now();
        let stepping = Box::pin(self.step(step, &mut provenance));
        let outcome = match tokio::time::timeout(limit, stepping).await {
            Ok(outcome) => outcome,
            Err(_) => Err("it took too long".to_owned()),
        };
        let took = begun.elapsed();
        self.tell_who(step, &mut provenance);
        StepSeen { step, fault: outcome.err(), omitted: false, took, provenance }
    }

    async fn step(&mut self, step: JourneyStep, told: &mut Provenance) -> Outcome {
        match step {
            JourneyStep::Login => self.log_in(told).await,
            JourneyStep::Http => self.ask(told).await,
            JourneyStep::Session => self.ask_session(told).await,
            JourneyStep::Handshake => self.shake_hands(told).await,
            JourneyStep::Subscribe => self.subscribe(told).await,
            JourneyStep::Events => self.hear_run(told).await,
            JourneyStep::Answer => self.read_answer(told),
            JourneyStep::Refresh => self.renew(told).await,
            JourneyStep::Resume => self.come_back(told).await,
            JourneyStep::Logout => self.log_out(told).await,
            JourneyStep::Refusal => self.be_refused(told).await,
        }
    }

    /// Who walked, and with what.
    fn tell_who(&self, step: JourneyStep, told: &mut Provenance) {
        let who = self.subject.as_ref().unwrap_or(&self.name);
        told.subject.get_or_insert_with(|| who.clone());
        let (token, kind) = match step {
            JourneyStep::Refresh => (&self.refresh, TokenType::Refresh),
            JourneyStep::Login
            | JourneyStep::Http
            | JourneyStep::Session
            | JourneyStep::Handshake
            | JourneyStep::Subscribe
            | JourneyStep::Events
            | JourneyStep::Answer
            | JourneyStep::Resume
            | JourneyStep::Logout
            | JourneyStep::Refusal => (&self.access, TokenType::Access),
        };
        if let Some(token) = token {
            told.token_type.get_or_insert(kind);
            let fingerprints = &self.prober.fingerprints;
            told.token.get_or_insert_with(|| fingerprints.of_token(token).to_string());
        }
    }

    fn token(&self) -> Result<Token, String> {
        self.access.clone().ok_or_else(|| "there is no token".to_owned())
    }

    /// As whom he is known: by the authority, once it has told, or by the name that he signs in by.
    fn who(&self) -> String {
        self.subject.clone().unwrap_or_else(|| self.name.clone())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.prober.settings.data)
    }

    fn time(&self) -> Duration {
        self.prober.settings.step_time
    }
}

/// What an answer's header tells of what decided.
fn read_provenance(answer: &Answer, told: &mut Provenance) {
    if let Some(field) = answer.headers.value(super::call::PROVENANCE) {
        told::read(field, told);
    }
}
