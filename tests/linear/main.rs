//! The flag table is linearizable, whoever changes it, and whenever the service is killed.
//!
//! Writers change flags by compare-and-set over HTTP and readers read them, while the service is
//! killed with SIGKILL and started again, throughout. Every call is written down with the moments
//! at which it was made and answered. At the end the service's own log of changes gives the one
//! order in which the changes took place, and the question is whether that order explains every
//! answer: each change happened between its call and its answer, each reader saw the latest change
//! of the moment, nothing acknowledged is missing, no revision names two rows.
//!
//! One thing is permitted, and counted: a *lowered* exposure serves before it is on the disk. A
//! reader may have seen one that was not acknowledged yet and that a kill then took away.

mod judge;
mod service;
mod story;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use rand::RngExt as _;

use judge::judge;
use service::Service;
use story::{COMPONENTS, Call, read_for_a_while, write_for_a_while};

const KILLS: u32 = 20;
const ACKNOWLEDGED_MIN: usize = 200;
const WRITERS: usize = 6;
const READERS: usize = 3;
const TIME_MAX: Duration = Duration::from_mins(3);

#[test]
fn the_order_of_the_log_explains_every_answer_through_kills() {
    let dir = tempfile::tempdir().expect("a folder");
    let service = Arc::new(RwLock::new(Service::start(dir.path())));
    let over = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let people: Vec<_> = (0..WRITERS + READERS)
        .map(|number| {
            let (service, over) = (Arc::clone(&service), Arc::clone(&over));
            std::thread::spawn(move || {
                if number < WRITERS {
                    write_for_a_while(number, &service, &over)
                } else {
                    read_for_a_while(&service, || over.load(Ordering::Relaxed))
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    for _ in 0..KILLS {
        assert!(started.elapsed() < TIME_MAX, "too slow");
        let lived = Duration::from_millis(rand::rng().random_range(50..400));
        let end = Instant::now() + lived;
        seen.extend(read_for_a_while(&service, || Instant::now() >= end));
        // Whoever is calling meets the kill; nobody calls a port that may be somebody else's.
        service.read().kill();
        *service.write() = Service::start(dir.path());
    }
    over.store(true, Ordering::Relaxed);
    let people = people.into_iter().flat_map(|person| person.join().expect("no panic"));
    let calls: Vec<Call> = people.chain(seen).collect();
    let service = service.read();
    let mut acknowledged = 0;
    for component in COMPONENTS {
        let of_it = || calls.iter().filter(|call| call.component == *component);
        let found = judge(&service.log_of(component), &of_it().collect::<Vec<_>>());
        println!("{component}: {found}");
        acknowledged += found.acknowledged;
    }
    println!("{KILLS} kills, {acknowledged} changes acknowledged, {:?}", started.elapsed());
    assert!(acknowledged >= ACKNOWLEDGED_MIN, "only {acknowledged}: the story is too short");
}
