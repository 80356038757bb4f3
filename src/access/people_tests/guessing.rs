//! Somebody guesses one operator's password, at a hundred tries a second.

use super::*;

/// Ten seconds of guessing, with the clock moving, from some addresses in turn. Returns how many
/// guesses were compared with the hash.
async fn attack(town: &Town, addresses: u8) -> u64 {
    let before = town.people.passwords_compared();
    for try_number in 0..1_000_u32 {
        let address = u8::try_from(try_number % u32::from(addresses)).expect("small");
        town.guess("ada", elsewhere(address)).await;
        later(Duration::from_millis(10)).await;
    }
    town.people.passwords_compared() - before
}

#[tokio::test(start_paused = true)]
async fn one_address_has_five_guesses_and_the_owner_gets_in() {
    let (town, known) = Town::with_ada().await;
    assert_eq!(attack(&town, 1).await, 5);
    town.sign_in("ada", home(known.device.as_ref())).await.expect("a known browser is let in");
    town.sign_in("ada", home(None)).await.expect("so is a new one from another address");
    let same_address = town.sign_in("ada", elsewhere(0)).await;
    assert_eq!(refused(&same_address), Some(Refusal::TooMany { retry_after_s: 590 }));
    let device = known.device.as_ref().map(Secret::reveal);
    let beside = Origin { device, ..elsewhere(0) };
    town.sign_in("ada", beside).await.expect("a known browser even beside the attacker");
}

#[tokio::test(start_paused = true)]
async fn two_hundred_addresses_have_five_guesses_each_and_the_owner_gets_in() {
    let (town, known) = Town::with_ada().await;
    assert_eq!(attack(&town, 200).await, 1_000, "all of them, within the burst");
    assert_eq!(attack(&town, 200).await, 0, "and then none for ten minutes");
    town.sign_in("ada", home(known.device.as_ref())).await.expect("a known browser is let in");
    town.sign_in("ada", home(None)).await.expect("so is a new one from another address");
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_guesses_holds_up_a_new_browser_and_never_a_known_one() {
    let (town, known) = Town::with_ada().await;
    let town = Arc::new(town);
    let busy = town.people.house.passwords.busy_with_strangers().await;
    let crowd: Vec<_> = (0..200)
        .map(|number| {
            let town = Arc::clone(&town);
            tokio::spawn(async move { town.guess("ada", elsewhere(number)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let stranger = town.sign_in("ada", home(None)).await;
    assert_eq!(refused(&stranger), Some(Refusal::TooMany { retry_after_s: 1 }));
    town.sign_in("ada", home(known.device.as_ref())).await.expect("another lane");
    drop(busy);
    let mut counts = std::collections::BTreeMap::new();
    for guess in crowd {
        let refusal = guess.await.expect("no panic");
        *counts.entry(refusal.code()).or_insert(0) += 1;
    }
    // Seventeen have places; the others are sent away with their tries.
    assert_eq!(counts, [("too_many", 183), ("wrong_password", 17)].into());
    town.sign_in("ada", home(None)).await.expect("as soon as a place is free");
}

#[tokio::test(start_paused = true)]
async fn a_known_browser_has_ten_guesses_then_one_a_minute() {
    let (town, known) = Town::with_ada().await;
    for _ in 0..10 {
        let guess = town.guess("ada", home(known.device.as_ref())).await;
        assert_eq!(guess, Refusal::WrongPassword);
    }
    let guess = town.guess("ada", home(known.device.as_ref())).await;
    assert_eq!(guess, Refusal::TooMany { retry_after_s: 60 });
    town.sign_in("ada", home(None)).await.expect("a stranger's tries are others");
}

#[tokio::test(start_paused = true)]
async fn a_browser_known_for_one_account_is_a_stranger_to_others() {
    let (town, _) = Town::with_ada().await;
    let bob = town.settle("bob", Role::Viewer).await;
    let mut tries = 0;
    while town.guess("ada", home(bob.device.as_ref())).await == Refusal::WrongPassword {
        tries += 1;
    }
    assert_eq!(tries, 5);
}

#[tokio::test(start_paused = true)]
async fn a_success_forgives_mistakes() {
    let (town, _) = Town::with_ada().await;
    for _ in 0..4 {
        for _ in 0..4 {
            assert_eq!(town.guess("ada", home(None)).await, Refusal::WrongPassword);
        }
        town.sign_in("ada", home(None)).await.expect("the fifth try");
    }
}
