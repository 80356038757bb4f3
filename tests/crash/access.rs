//! Killed at any moment, who may do what stays as it was acknowledged, and what may be used once
//! is used once.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crossfade::access::{
    Access, Caller, LinkAction, Name, Origin, Pass, Permission, Role, Scope, Scopes, Secret,
    Settings,
};
use crossfade::domain::{Clock as _, FingerprintKey, SystemClock};
use crossfade::store::Store;
use serde::{Deserialize, Serialize};

use super::kit::{TIME_MAX, acknowledge, directory, run_and_kill};

const CHILD: &str = "access::the_child_lets_people_in_until_it_is_killed";
const KILLS: u32 = 20;
const TOLD_MIN: usize = 1500;
const PASSWORD: &str = "a password for the crash";

/// What the child tells: before it takes something away, and after it was acknowledged.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    /// What it is about: `token`, `session`, `setup`, `link`, `approval`.
    what: String,
    /// The secret, or the id.
    key: String,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Step {
    /// Acknowledged: it is there.
    Made,
    /// About to be used up, revoked or ended.
    Begun,
    /// Acknowledged: it is used up, revoked or ended.
    Over,
}

#[test]
fn a_kill_at_any_moment_gives_nobody_back_what_was_taken_or_used() {
    let dir = tempfile::tempdir().expect("a folder");
    let started = Instant::now();
    let mut known: BTreeMap<(String, String), Step> = BTreeMap::new();
    let (mut kills, mut told) = (0, 0);
    while kills < KILLS || told < TOLD_MIN {
        assert!(started.elapsed() < TIME_MAX, "too slow: {kills} kills, {told} told");
        for line in run_and_kill(dir.path(), CHILD) {
            let Told { what, key, step } = serde_json::from_str(&line).expect("told");
            let last = known.entry((what, key)).or_insert(step);
            *last = step.max(*last);
            told += 1;
        }
        kills += 1;
        check(dir.path(), &known);
    }
    let over = known.values().filter(|step| **step == Step::Over).count();
    let took = started.elapsed().as_secs_f32();
    println!(
        "{kills} kills, {} things made, {over} of them taken or used, {took:.1} s",
        known.len()
    );
}

/// Opens the room as a new process does, and looks at everything that is known.
fn check(dir: &Path, known: &BTreeMap<(String, String), Step>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let access = open(dir).await;
        for ((what, key), step) in known {
            let there = is_there(&access, what, key);
            match step {
                Step::Made => assert!(there, "{what} {key} is lost"),
                Step::Over => assert!(!there, "{what} {key} is back"),
                // Not acknowledged: either is right.
                Step::Begun => {}
            }
        }
    });
}

/// Whether the holder of a secret would be let in by it.
fn is_there(access: &Access, what: &str, key: &str) -> bool {
    match what {
        "token" => access.tokens.admit(key).is_ok(),
        "session" => access.people.session(key).is_some(),
        "setup" => access.people.link_for(&Secret::new(key)).is_ok(),
        "link" => access.links.look(&Secret::new(key)).is_ok(),
        "approval" => access.approvals.list().expect("a list").iter().any(|open| open.id == key),
        "operator" => access.people.list().iter().any(|view| view.name.as_str() == key),
        other => panic!("what is {other}?"),
    }
}

async fn open(dir: &Path) -> Access {
    let store = Store::open(dir).expect("the store");
    let key = FingerprintKey::new([5; 32]);
    let clock = Arc::new(SystemClock);
    Access::open(&store, Settings::default(), Vec::new(), key, clock).await.expect("the room")
}

/// Does nothing unless the test above has started it.
#[test]
fn the_child_lets_people_in_until_it_is_killed() {
    let Some(dir) = directory(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let access = Arc::new(open(&dir).await);
        let people = tokio::spawn(live_as_operators(Arc::clone(&access)));
        let machines = tokio::spawn(live_as_tokens(access));
        people.await.expect("no panic");
        machines.await.expect("no panic");
    });
}

fn tell(what: &str, key: &str, step: Step) {
    acknowledge(&Told { what: what.to_owned(), key: key.to_owned(), step });
}

fn machine() -> Pass {
    let now = SystemClock.now();
    Caller::machine().permit(Permission::Administer, now).expect("the machine may")
}

/// A name that no process before has used.
fn fresh_name() -> Name {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Name::parse(&format!("n{}-{number}", std::process::id())).expect("a name")
}

/// Adds an operator, has him set up, sign out, and goes.
async fn live_as_operators(access: Arc<Access>) {
    let origin = Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "crash", device: None };
    let approver = signed_in(&access, fresh_name(), &origin).await;
    for number in 0_u32.. {
        let name = fresh_name();
        let link = access.people.add(&machine(), name.clone(), Role::Admin).await.expect("added");
        tell("operator", name.as_str(), Step::Made);
        tell("setup", link.secret.reveal(), Step::Made);
        tell("setup", link.secret.reveal(), Step::Begun);
        let password = Secret::new(PASSWORD);
        let session = access.people.set_up(&link.secret, None, &password, &origin).await;
        let session = session.expect("set up").secret;
        tell("setup", link.secret.reveal(), Step::Over);
        tell("session", session.reveal(), Step::Made);
        let caller = access.people.session(session.reveal()).expect("signed in").caller;
        let action = LinkAction::RollBack { component: "http-auth".to_owned() };
        let link = access.links.make(&caller, action, None).await.expect("a link").secret;
        tell("link", link.reveal(), Step::Made);
        let what = serde_json::Value::Null;
        let asked = access.approvals.ask(&caller, "x".to_owned(), what, "y".to_owned()).await;
        let approval = asked.expect("asked").id;
        tell("approval", &approval, Step::Made);
        tell("link", link.reveal(), Step::Begun);
        access.take_link(&link).await.expect("taken");
        tell("link", link.reveal(), Step::Over);
        tell("approval", &approval, Step::Begun);
        if number % 2 == 0 {
            access.approvals.reject(&caller, &approval).await.expect("rejected");
        } else {
            access.approve(&approver, &approval).await.expect("approved");
            assert!(access.approve(&approver, &approval).await.is_err(), "approved twice");
        }
        tell("approval", &approval, Step::Over);
        tell("session", session.reveal(), Step::Begun);
        access.people.sign_out(session.reveal()).await.expect("signed out");
        tell("session", session.reveal(), Step::Over);
        tell("operator", name.as_str(), Step::Begun);
        access.people.remove(&machine(), &name).await.expect("removed");
        tell("operator", name.as_str(), Step::Over);
    }
}

/// An admin who has just set a password.
async fn signed_in(access: &Access, name: Name, origin: &Origin<'_>) -> Caller {
    let link = access.people.add(&machine(), name, Role::Admin).await.expect("added");
    let password = Secret::new(PASSWORD);
    let session = access.people.set_up(&link.secret, None, &password, origin).await;
    let cookie = session.expect("set up").secret;
    access.people.session(cookie.reveal()).expect("signed in").caller
}

/// Makes tokens, and revokes every second one.
async fn live_as_tokens(access: Arc<Access>) {
    let scopes = Scopes::new(vec![Scope::Read]).expect("scopes");
    for number in 0_u32.. {
        let (name, until) = (fresh_name(), SystemClock.now().plus_seconds(86_400));
        let made = access.tokens.make(&machine(), name.clone(), scopes.clone(), until).await;
        let secret = made.expect("made").secret;
        tell("token", secret.reveal(), Step::Made);
        if number % 2 == 0 {
            tell("token", secret.reveal(), Step::Begun);
            access.tokens.revoke(&machine(), &name).await.expect("revoked");
            tell("token", secret.reveal(), Step::Over);
        }
    }
}
