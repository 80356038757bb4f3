use super::*;
use crate::domain::ComponentId;
use crate::flags::{Limits, Stage};
use crate::guard::Deed;

/// Cards 1 to `count`, one a second.
fn kept(count: i64) -> Vec<DecisionCard> {
    (1..=count).map(card).collect()
}

fn card(number: i64) -> DecisionCard {
    let at = Timestamp::from_seconds(number);
    DecisionCard {
        id: format!("c{number}"),
        component: ComponentId::parse("http-auth").expect("an id"),
        at,
        found: Vec::new(),
        deed: Deed::Held,
        stage: Stage::Live,
        revision: Revision(1),
        attempt: 1,
        attempt_since: at,
        standings: Vec::new(),
        path: Vec::new(),
        limits: Limits::default(),
        samples: Vec::new(),
        without: None,
        published_after_us: None,
        unseen: 0,
    }
}

/// What a stream is told page by page, until there is no more.
fn told(kept: &[DecisionCard], mut from: CardsAfter) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let (cards, more) = next_page(&from, |before| {
            let older = kept
                .iter()
                .rev()
                .skip_while(|card| before.as_ref().is_some_and(|before| card.id != *before));
            Ok(older.skip(usize::from(before.is_some())).take(PAGE).cloned().collect())
        })
        .expect("readable");
        assert!(cards.len() <= PAGE);
        if let Some(last) = cards.last() {
            from = CardsAfter::Card(last.id.clone());
        }
        told.extend(cards.into_iter().map(|card| card.id));
        if !more {
            return told;
        }
    }
}

fn ids(numbers: std::ops::RangeInclusive<i64>) -> Vec<String> {
    numbers.map(|number| format!("c{number}")).collect()
}

#[test]
fn whoever_comes_back_is_told_every_card_once_and_the_oldest_first() {
    for count in [0, 1, 19, 20, 21, 40, 41, 100] {
        let kept = kept(count);
        assert_eq!(told(&kept, CardsAfter::Nothing), ids(1..=count), "{count}");
        for last in [1, 19, 20, 21, 40, 99].into_iter().filter(|last| *last <= count) {
            let from = CardsAfter::Card(format!("c{last}"));
            assert_eq!(told(&kept, from), ids(last + 1..=count), "{last} of {count}");
        }
    }
}

#[test]
fn whoever_names_a_line_of_the_log_is_told_the_cards_since_shortly_before_it() {
    let from = CardsAfter::line(Timestamp::from_seconds(30));
    assert_eq!(told(&kept(50), from), ids(21..=50));
}

#[test]
fn whoever_was_away_for_too_long_is_told_the_newest_thousand() {
    let kept = kept(1_200);
    assert_eq!(told(&kept, CardsAfter::Nothing), ids(201..=1_200));
    assert_eq!(told(&kept, CardsAfter::Card("unknown".to_owned())), ids(201..=1_200));
}
