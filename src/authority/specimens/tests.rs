use std::collections::BTreeSet;

use super::*;
use crate::authority::Authority;
use crate::domain::{
    AuthPath as _, ComponentId, Credentials, Decision, Question, RequestId, Subject, Timestamp,
};

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_250_000);

async fn answer(authority: &Authority, specimen: &Specimen) -> Decision {
    let component = ComponentId::parse("http-auth").expect("an id");
    let id = RequestId::new(1, 1);
    let question = Question::new(id, component, NOW, specimen.credentials.clone());
    authority.decide(&question).await.expect("an answer")
}

#[tokio::test]
async fn the_authority_answers_every_kind_as_the_kind_says() {
    let mint = Mint::seeded(1);
    let authority = Authority::in_memory(mint.settings()).expect("an authority");
    let mut faults = Vec::new();
    for specimen in corpus(&mint, NOW) {
        let answered = match answer(&authority, &specimen).await {
            Decision::Allow(_) => Expected::Allow,
            Decision::Deny(denial) => Expected::Deny(denial.reason),
        };
        if answered != specimen.ssot {
            faults.push(format!("{}: {answered:?}, not {:?}", specimen.kind, specimen.ssot));
        }
        assert_eq!(specimen.honest, specimen.ssot == Expected::Allow, "{}", specimen.kind);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn the_authority_answers_every_kind_under_every_algorithm_as_the_kind_says() {
    let mint = Mint::seeded(1);
    let authority = Authority::in_memory(mint.settings()).expect("an authority");
    let mut faults = Vec::new();
    for specimen in crossed(&mint, NOW) {
        let answered = match answer(&authority, &specimen).await {
            Decision::Allow(_) => Expected::Allow,
            Decision::Deny(denial) => Expected::Deny(denial.reason),
        };
        if answered != specimen.ssot {
            let Specimen { kind, algorithm, ssot, .. } = &specimen;
            faults.push(format!("{kind} under {algorithm}: {answered:?}, not {ssot:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn crossed_kinds_have_a_name_each_and_are_presented_differently() {
    let mint = Mint::seeded(1);
    let specimens = crossed(&mint, NOW);
    let mut names = BTreeSet::new();
    let mut texts = BTreeSet::new();
    let mut faults = Vec::new();
    for specimen in &specimens {
        let Specimen { kind, algorithm, .. } = specimen;
        if !names.insert((*kind, algorithm.as_str())) || !texts.insert(shown(specimen)) {
            faults.push(format!("{kind} under {algorithm}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn there_are_at_least_130_kinds_and_no_two_of_one_name() {
    let names: Vec<_> = kinds().collect();
    let unique: BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
    assert!(names.len() >= 130, "{}", names.len());
}

#[test]
fn every_kind_is_presented_differently() {
    let mint = Mint::seeded(1);
    let shown: BTreeSet<String> = corpus(&mint, NOW).iter().map(shown).collect();
    assert_eq!(shown.len(), kinds().count());
}

fn shown(specimen: &Specimen) -> String {
    match &specimen.credentials {
        Credentials::Token(token) => token.reveal().to_owned(),
        Credentials::Request(parts) => format!("{} {:?}", parts.target, parts.headers),
    }
}

#[test]
fn one_seed_makes_the_same_tokens_again() {
    let make = || one(&Mint::seeded(9), "fresh_hs256", NOW, &subject()).expect("a kind");
    let (Credentials::Token(first), Credentials::Token(second)) =
        (make().credentials, make().credentials)
    else {
        panic!("not a bare token");
    };
    assert_eq!(first.reveal(), second.reveal());
}

#[tokio::test]
async fn a_specimen_speaks_for_the_subject_it_was_made_for() {
    let mint = Mint::seeded(2);
    let authority = Authority::in_memory(mint.settings()).expect("an authority");
    let specimen = one(&mint, "bearer", NOW, &subject()).expect("a kind");
    let Decision::Allow(grant) = answer(&authority, &specimen).await else { panic!("denied") };
    assert_eq!(grant.subject, Some(subject()));
    assert!(one(&mint, "no such kind", NOW, &subject()).is_none());
}

fn subject() -> Subject {
    Subject::parse("quote\" and \\ slash").expect("a subject")
}
