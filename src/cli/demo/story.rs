//! Tells the story: moves the flag, breaks ssot, rolls back, and looks at the numbers meanwhile.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::acts::{ACTS, Act, Does};
use super::control::{Control, MoveError};
use super::mix::Component;
use super::reading::{Reading, Since};
use super::show::Show;
use super::stand::Stand;
use super::switch::Health;
use super::traffic::Traffic;
use crate::domain::{Share, Side};
use crate::ledger::Counter;

/// Answers after the rollback's acknowledgement that are looked at while ssot is still broken.
const FIRST_ANSWERS: u64 = 20;

/// How often the numbers are read.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How far an act has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not begun.
    Ahead,
    /// Under way.
    Now,
    /// Over.
    Done,
}

/// An act in the table.
#[derive(Debug)]
pub struct Row {
    /// The act.
    pub act: &'static Act,
    /// How far it has come.
    pub progress: Progress,
    /// Part of traffic that ssot is to serve, as the flag table says.
    pub share: Share,
    /// What was counted in it.
    pub since: Since,
}

/// Everything that there is to see at one moment.
#[derive(Debug)]
pub struct Scene {
    /// The acts.
    pub rows: Vec<Row>,
    /// Since the first request.
    pub elapsed: Duration,
    /// Of the whole story.
    pub length: Duration,
    /// The component that is moved.
    pub hero: Reading,
    /// The component that stays in shadow.
    pub other: Reading,
}

/// What was seen right after the rollback, while ssot was still broken.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Proof {
    /// The flag's revision since the rollback.
    pub revision: u64,
    /// Answers to requests sent after the rollback was acknowledged.
    pub first_answers: u64,
    /// Of these, by legacy.
    pub by_legacy: u64,
    /// Rescues among them: answers that were still ssot's to give.
    pub rescued: u64,
}

/// Tells the story to a show.
pub struct Story<'s> {
    stand: &'s Stand,
    traffic: &'s Arc<Traffic>,
    control: Control,
    scene: Scene,
    started: Instant,
    /// The numbers as they were when the present act began.
    act_began: Reading,
    /// The numbers just before ssot was broken.
    healthy: Option<Reading>,
    proof: Option<Proof>,
}

/// What is to be told at the end.
#[derive(Debug, Default)]
pub struct Noted {
    /// The numbers just before ssot was broken.
    pub healthy: Option<Reading>,
    /// What was seen right after the rollback.
    pub proof: Option<Proof>,
}

impl<'s> Story<'s> {
    /// A story that begins now.
    pub fn new(
        stand: &'s Stand,
        traffic: &'s Arc<Traffic>,
        control: Control,
        length: Duration,
    ) -> Self {
        let ahead = |act| Row {
            act,
            progress: Progress::Ahead,
            share: Share::NONE,
            since: Since::default(),
        };
        let hero = Reading::of(&stand.rooms, Component::HttpAuth);
        let scene = Scene {
            rows: ACTS.iter().map(ahead).collect(),
            elapsed: Duration::ZERO,
            length,
            other: Reading::of(&stand.rooms, Component::SocketAuth),
            hero: hero.clone(),
        };
        let started = Instant::now();
        Self {
            stand,
            traffic,
            control,
            scene,
            started,
            act_began: hero,
            healthy: None,
            proof: None,
        }
    }

    /// What there is to see at the end, and what was seen on the way.
    pub fn end(self) -> (Scene, Noted) {
        (self.scene, Noted { healthy: self.healthy, proof: self.proof })
    }

    /// All acts, one after another.
    pub async fn tell(&mut self, show: &mut Show) -> Result<(), MoveError> {
        let mut end = self.started;
        for (number, act) in ACTS.iter().enumerate() {
            end += act.length(self.scene.length);
            self.begin(number, act).await?;
            show.act(&self.scene, number);
            if act.does == Does::Break {
                let half = end - act.length(self.scene.length) / 2;
                self.play(number, half, show).await;
                self.stand.switch.turn(Health::Hangs);
            }
            self.play(number, end, show).await;
            self.scene.rows[number].progress = Progress::Done;
        }
        Ok(())
    }

    /// Reads the numbers until the end of an act.
    async fn play(&mut self, number: usize, end: Instant, show: &mut Show) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        while Instant::now() < end {
            tokio::select! {
                _ = look.tick() => {}
                () = tokio::time::sleep_until(end) => {}
            }
            self.look(number);
            show.look(&self.scene);
        }
    }

    /// Reads the numbers for the last time.
    pub fn settle(&mut self) {
        let begun = |row: &Row| row.progress != Progress::Ahead;
        if let Some(last) = self.scene.rows.iter().rposition(begun) {
            self.look(last);
        }
    }

    /// Reads the numbers of the present act.
    fn look(&mut self, number: usize) {
        let scene = &mut self.scene;
        scene.elapsed = self.started.elapsed();
        scene.hero = Reading::of(&self.stand.rooms, Component::HttpAuth);
        scene.other = Reading::of(&self.stand.rooms, Component::SocketAuth);
        scene.rows[number].since = scene.hero.since(&self.act_began);
        scene.rows[number].share = scene.hero.share;
    }

    async fn begin(&mut self, number: usize, act: &'static Act) -> Result<(), MoveError> {
        match act.does {
            Does::Begin => {}
            Does::Advance(stage, share) => {
                let note = format!("the demo moves on to {}", act.name);
                self.control.advance(stage, share, &note).await?;
                self.traffic.begin_leg().await;
            }
            Does::Break => {
                self.healthy = Some(Reading::of(&self.stand.rooms, Component::HttpAuth));
                self.stand.switch.turn(Health::Panics);
            }
            Does::RollBack => self.roll_back().await?,
        }
        self.scene.hero = Reading::of(&self.stand.rooms, Component::HttpAuth);
        if number > 0 {
            // What was sent before the move belongs to the act before it.
            self.scene.rows[number - 1].since = self.scene.hero.since(&self.act_began);
            self.act_began = self.scene.hero.clone();
        }
        self.scene.rows[number].progress = Progress::Now;
        self.look(number);
        Ok(())
    }

    /// Presses the button while ssot hangs, and looks at the very next answers before it is
    /// mended. Rescues are counted before their answer is sent: once everything sent earlier is
    /// answered, a further rescue would be one of a request sent after the acknowledgement.
    async fn roll_back(&mut self) -> Result<(), MoveError> {
        let revision = self.control.roll_back("ssot hangs").await?;
        self.traffic.begin_leg().await;
        let rescued = || {
            let reading = Reading::of(&self.stand.rooms, Component::HttpAuth);
            reading.count(Counter::Rescued(Side::Ssot))
        };
        let before = rescued();
        self.traffic.wait_for(Component::HttpAuth, FIRST_ANSWERS).await;
        let leg = self.traffic.leg(Component::HttpAuth);
        self.proof = Some(Proof {
            revision,
            first_answers: leg.answered,
            by_legacy: leg.by_legacy,
            rescued: rescued() - before,
        });
        self.stand.switch.turn(Health::Fine);
        Ok(())
    }
}
