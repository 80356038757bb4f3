use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::authority::Algorithm;
use crate::authority::specimens::{Mint, kinds, one};

/// Letters of tokens, and some that are none.
const LETTERS: &[char] = &['A', 'B', 'Q', 'g', 'w', '0', '9', '-', '_', '.', '=', '+', '/', ' '];

/// Objects of odd claims, as a pattern.
const CLAIMS: &str = r#"\{("(exp|iat|nbf|sub|aud)":[0-9eE.\[\]"-]{1,9},?){0,5}\}"#;

static WORLD: LazyLock<(Mint, Authority)> = LazyLock::new(|| {
    let mint = Mint::seeded(6);
    let authority = Authority::in_memory(mint.settings()).expect("an authority");
    (mint, authority)
});

fn judged(authority: &Authority, token: &str) -> Option<Reason> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(reason(authority, &Token::new(token), NOW))
}

proptest! {
    #[test]
    fn a_changed_token_is_never_let_in(
        kind in prop::sample::select(vec!["fresh_hs256", "fresh_es256_kid", "fresh_eddsa"]),
        place in any::<prop::sample::Index>(),
        letter in prop::sample::select(LETTERS),
        insert in any::<bool>(),
    ) {
        let (mint, authority) = &*WORLD;
        let fresh = one(mint, kind, NOW, &alice()).expect("a kind").credentials;
        let Credentials::Token(token) = fresh else { panic!("a bare token") };
        prop_assert_eq!(judged(authority, token.reveal()), None);
        let place = place.index(token.reveal().len());
        let (before, after) = token.reveal().split_at(place);
        let kept = if insert { after } else { &after[1..] };
        let changed = format!("{before}{letter}{kept}");
        prop_assume!(changed != token.reveal());
        prop_assert!(judged(authority, &changed).is_some());
    }

    #[test]
    fn no_text_is_let_in_or_breaks_the_authority(text in ".{0,200}") {
        prop_assert!(judged(&WORLD.1, &text).is_some());
    }

    #[test]
    fn no_claims_break_the_authority(claims in CLAIMS) {
        let (mint, authority) = &*WORLD;
        let token = mint.token(br#"{"alg":"HS256"}"#, claims.as_bytes(), Algorithm::Hs256);
        prop_assert!(judged(authority, token.reveal()).is_some());
    }
}

#[test]
fn every_kind_can_be_made_for_anybody() {
    let mint = Mint::seeded(8);
    for subject in ["a", "\u{202e}\"", &"x".repeat(4096)] {
        let subject = Subject::parse(subject).expect("a subject");
        for kind in kinds() {
            assert!(one(&mint, kind, NOW, &subject).is_some(), "{kind}");
        }
    }
}
