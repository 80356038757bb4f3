//! Every kind of token, put to the authority and to profiles.

use std::time::Duration;

use super::outcome::Outcome;
use crate::authority::specimens::{Expected, Mint, Specimen, corpus};
use crate::authority::{Authority, AuthorityError};
use crate::compare::{Observation, Verdict, judge};
use crate::domain::{AuthPath as _, ComponentId, Question, RequestId, Timestamp};
use crate::domain::{Decision, IdError};
use crate::legacy::profile::{Algorithm, Key};
use crate::legacy::{LegacyError, ProfileSettings, Secret};

/// The moment at which every question is asked: neither a table nor a test looks at the clock.
pub const MOMENT: Timestamp = Timestamp::from_micros(1_790_000_000_250_000);

/// From one seed come the same tokens again.
pub const SEED: u64 = 1;

/// Verdicts over all kinds, for some profiles.
pub struct Table {
    /// One row a kind.
    pub rows: Vec<Row>,
    /// One column a profile.
    pub columns: Vec<Column>,
}

/// A kind, and what the authority says to it.
pub struct Row {
    /// What is presented.
    pub specimen: Specimen,
    /// The authority's answer.
    pub ssot: Observation,
}

/// A profile, and what it says to every kind.
pub struct Column {
    /// The catalogue number, where there is one.
    pub number: Option<String>,
    /// The profile's name.
    pub name: String,
    /// As many as there are rows.
    pub cells: Vec<Cell>,
}

/// One profile's answer to one kind.
pub struct Cell {
    /// The answer.
    pub legacy: Observation,
    /// What it comes to beside the authority's.
    pub verdict: Verdict,
}

/// A profile that is to be judged.
pub struct Candidate {
    /// The catalogue number, where there is one.
    pub number: Option<String>,
    /// How to build it; keys are added here.
    pub settings: ProfileSettings,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The authority cannot be built.
    #[error("the authority cannot be set up: {0}")]
    Authority(#[from] AuthorityError),
    /// A profile cannot be built.
    #[error(transparent)]
    Legacy(#[from] LegacyError),
    /// The component's name is none.
    #[error(transparent)]
    Component(#[from] IdError),
}

impl Table {
    /// Asks both sides about every kind. Each profile is new to each kind, so that nothing is
    /// remembered from one to the next.
    pub async fn judged(candidates: Vec<Candidate>) -> Result<Self, TableError> {
        let mint = Mint::seeded(SEED);
        let authority = Authority::in_memory(mint.settings())?;
        let component = ComponentId::parse("http-auth")?;
        let mut rows = Vec::new();
        let mut questions = Vec::new();
        for (number, specimen) in (0..).zip(corpus(&mint, MOMENT)) {
            let id = RequestId::new(0, number);
            let credentials = specimen.credentials.clone();
            let question = Question::new(id, component.clone(), MOMENT, credentials);
            let answer = authority.decide(&question).await;
            rows.push(Row { specimen, ssot: Observation { answer, took: Duration::ZERO } });
            questions.push(question);
        }
        let mut columns = Vec::new();
        for candidate in candidates {
            columns.push(candidate.column(&mint, &questions, &rows)?);
        }
        Ok(Self { rows, columns })
    }

    /// The kinds to which the authority does not answer what it must.
    pub fn unfaithful(&self) -> impl Iterator<Item = &'static str> {
        let wrong = |row: &&Row| match (&row.ssot.answer, &row.specimen.ssot) {
            (Ok(Decision::Allow(_)), Expected::Allow) => false,
            (Ok(Decision::Deny(denial)), Expected::Deny(reason)) => denial.reason != *reason,
            (Ok(_) | Err(_), Expected::Allow | Expected::Deny(_)) => true,
        };
        self.rows.iter().filter(wrong).map(|row| row.specimen.kind)
    }
}

impl Candidate {
    /// The legacy system knows one shared secret; so does every profile here.
    fn column(
        mut self,
        mint: &Mint,
        questions: &[Question],
        rows: &[Row],
    ) -> Result<Column, TableError> {
        let secret = Secret::new(mint.secret());
        self.settings.keys = vec![Key::read("shared", Algorithm::HS256, &secret)?];
        let mut cells = Vec::new();
        for (question, row) in questions.iter().zip(rows) {
            let answer = self.settings.clone().build()?.answer(question);
            let legacy = Observation { answer, took: Duration::ZERO };
            let verdict = judge(question, &legacy, &row.ssot);
            cells.push(Cell { legacy, verdict });
        }
        Ok(Column { number: self.number, name: self.settings.profile, cells })
    }
}

impl Column {
    /// How many kinds come to this.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.cells.iter().filter(|cell| cell.outcome() == outcome).count()
    }

    /// Number and name.
    pub fn title(&self) -> String {
        match &self.number {
            Some(number) => format!("{number} {}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Cell {
    /// What the two answers come to.
    pub const fn outcome(&self) -> Outcome {
        Outcome::of(&self.verdict)
    }
}
