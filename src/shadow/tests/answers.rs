//! Two sides that say what they are told to, and the questions of many people.

use std::sync::atomic::AtomicUsize;

use super::*;
use crate::domain::{AuthPath, encode_base64url};
use crate::ledger::{Book, Seen, Trial};

/// A side that always says the same until it is told otherwise, and counts how often it is asked.
pub(super) struct Answers {
    pub answer: Mutex<Result<Decision, PathError>>,
    pub verifies: bool,
    pub proof: Proof,
    pub asked: AtomicUsize,
}

impl Answers {
    pub fn new(answer: Result<Decision, PathError>) -> Self {
        let (answer, asked) = (Mutex::new(answer), AtomicUsize::new(0));
        Self { answer, verifies: true, proof: Proof::Undecided, asked }
    }

    pub fn say(&self, answer: Result<Decision, PathError>) {
        *self.answer.lock() = answer;
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl AuthPath for Answers {
    fn decide<'a>(&'a self, _question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(self.answer.lock().clone()))
    }

    fn prove<'a>(&'a self, _question: &'a Question) -> BoxFuture<'a, Proof> {
        Box::pin(std::future::ready(self.proof.clone()))
    }

    fn verifies(&self) -> bool {
        self.verifies
    }
}

/// The component [`ASKED`] between two sides, at a stage, everything compared that may be.
pub(super) struct Between {
    pub world: World,
    pub ssot: Arc<Answers>,
    pub book: Arc<Book>,
}

impl Between {
    pub async fn at(stage: Stage, legacy: Answers, ssot: Answers) -> Self {
        let ssot = Arc::new(ssot);
        let both = Paths { legacy: Arc::new(legacy), ssot: Arc::clone(&ssot) as _ };
        let lanes = (vec![(id(ASKED), both)], None);
        let world = World::with(Stage::Off, Scripted::default(), Scripted::default(), lanes).await;
        let book = world.ledger.book(&id(ASKED));
        let between = Self { world, ssot, book };
        let sample = Some(Some(Share::ALL));
        between.set(SettingsPatch { sample, ..SettingsPatch::default() }).await;
        let on_the_way = [Stage::Canary(Share::ALL), Stage::Live, Stage::Sealed];
        for step in on_the_way.into_iter().filter(|step| *step < stage).chain([stage]) {
            if step != Stage::Shadow {
                between.change(Move::To(step)).await;
            }
        }
        between
    }

    pub async fn set(&self, patch: SettingsPatch) {
        self.change(Move::Settings(patch)).await;
    }

    async fn change(&self, change: Move) {
        let cause = Cause::Operator { name: "ada".to_owned(), note: "test".to_owned() };
        self.world.flags.apply(&id(ASKED), change, None, cause).await.expect("changed");
    }

    /// Puts a question, and waits for what happens behind the caller's back.
    pub async fn ask(&self, question: Question) -> crate::shadow::Served {
        let served = self.world.shadow.decide(question).await.expect("served");
        self.world.shadow.idle().await;
        served
    }

    /// What was shown since the last time.
    pub fn shown(&self) -> Vec<Trial> {
        trials(&self.book)
    }

    /// The one answer that was shown since the last time.
    pub fn one(&self) -> Trial {
        let shown = self.shown();
        assert_eq!(shown.len(), 1, "{shown:?}");
        shown[0]
    }

    pub fn count(&self, counter: Counter) -> u64 {
        self.book.total().count(counter)
    }
}

pub(super) fn trials(book: &Book) -> Vec<Trial> {
    let mut seen = Vec::new();
    book.take_seen(&mut seen);
    let trial = |seen| match seen {
        Seen::Answer(trial) => trial,
        Seen::Delivery(_) | Seen::Walk(_) | Seen::Outcome(_) => panic!("no answer"),
    };
    seen.into_iter().map(trial).collect()
}

/// What somebody asks so many seconds from now, with a token that names him.
pub(super) fn asks(person: u32, in_seconds: i64) -> Question {
    let claims = format!("{{\"sub\":\"person-{person}\"}}");
    let token = format!("e30.{}.AQ", encode_base64url(claims.as_bytes()));
    let credentials = Credentials::Token(Token::new(&token));
    Question::new(RequestId::new(1, 1), id(ASKED), NOW.plus_seconds(in_seconds), credentials)
}
