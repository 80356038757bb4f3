//! A switch between the shadow and ssot: breaks it on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::domain::{Answering, AuthPath, BoxFuture, Decision, PathError, Proof, Question};

/// What ssot does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Answers.
    Fine,
    /// Panics.
    Panics,
    /// Never answers.
    Hangs,
}

/// Turned by the story, felt by the next question.
#[derive(Debug, Default)]
pub struct Switch(AtomicU8);

impl Switch {
    /// From now on ssot is like this.
    pub fn turn(&self, health: Health) {
        self.0.store(health as u8, Ordering::SeqCst);
    }

    fn health(&self) -> Health {
        match self.0.load(Ordering::SeqCst) {
            1 => Health::Panics,
            2 => Health::Hangs,
            // The only other value that `turn` stores.
            _ => Health::Fine,
        }
    }
}

/// A path that can be broken.
pub struct Breakable {
    /// The path itself.
    pub path: Arc<dyn AuthPath>,
    /// What breaks it.
    pub switch: Arc<Switch>,
}

impl AuthPath for Breakable {
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        match self.switch.health() {
            Health::Fine => self.path.decide(question),
            // A panic like any other, without the message that the hook would write over the
            // screen.
            Health::Panics => Box::pin(async { std::panic::resume_unwind(Box::new("on purpose")) }),
            Health::Hangs => Box::pin(std::future::pending()),
        }
    }

    /// What does not answer does not prove either.
    fn prove<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Proof> {
        match self.switch.health() {
            Health::Fine => self.path.prove(question),
            Health::Panics => Box::pin(async { std::panic::resume_unwind(Box::new("on purpose")) }),
            Health::Hangs => Box::pin(std::future::pending()),
        }
    }

    fn verifies(&self) -> bool {
        self.path.verifies()
    }

    fn probe<'a>(&'a self, question: &'a Question) -> Option<Answering<'a>> {
        match self.switch.health() {
            Health::Fine => self.path.probe(question),
            Health::Panics | Health::Hangs => Some(self.decide(question)),
        }
    }
}
