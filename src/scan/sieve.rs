//! Tells cheaply whether a file can hold anything that a rule looks for.

use std::collections::HashMap;

use memchr::memmem::Finder;

use super::language::Language;
use super::rules;
use super::settings::Settings;

/// What a file must contain for a rule to find anything: all of it.
#[derive(Clone, Debug)]
pub(super) struct Anchor(Vec<Wanted>);

#[derive(Clone, Debug)]
enum Wanted {
    /// This text, anywhere.
    Text(String),
    /// This text as a word of a name: `ws` of `client_ws.send`, not of `news`.
    Word(String),
    /// Whatever this says of the whole file.
    Check(fn(&str) -> bool),
}

impl Anchor {
    /// One text.
    pub(super) fn one(text: &str) -> Self {
        Self(vec![Wanted::Text(text.to_owned())])
    }

    /// Several, all of them. Those that are rarer stand first.
    pub(super) fn all(texts: &[&str]) -> Self {
        Self(texts.iter().map(|text| Wanted::Text((*text).to_owned())).collect())
    }

    /// A word of a name.
    pub(super) fn word(word: &str) -> Self {
        Self(vec![Wanted::Word(word.to_owned())])
    }

    /// What stands between the stars of a pattern.
    pub(super) fn of_pattern(pattern: &str) -> Self {
        let parts = pattern.split('*').filter(|part| !part.is_empty());
        Self(parts.map(|part| Wanted::Text(part.to_owned())).collect())
    }

    /// And what this says of the whole file.
    pub(super) fn and(mut self, check: fn(&str) -> bool) -> Self {
        self.0.push(Wanted::Check(check));
        self
    }
}

/// What files of each language must contain.
pub(super) struct Sieve {
    by_language: [Anchors; 3],
}

/// The anchors of a language; a text that several want is looked for once.
#[derive(Default)]
struct Anchors {
    finders: Vec<(Finder<'static>, bool)>,
    anchors: Vec<Vec<Step>>,
}

enum Step {
    Find(usize),
    Check(fn(&str) -> bool),
}

impl Anchors {
    fn of(anchors: &[Anchor]) -> Self {
        let mut all = Self::default();
        let mut known: HashMap<(String, bool), usize> = HashMap::new();
        for anchor in anchors {
            let mut steps = Vec::new();
            for wanted in &anchor.0 {
                let (text, word) = match wanted {
                    Wanted::Text(text) => (text, false),
                    Wanted::Word(word) => (word, true),
                    Wanted::Check(check) => {
                        steps.push(Step::Check(*check));
                        continue;
                    }
                };
                let place = *known.entry((text.clone(), word)).or_insert_with(|| {
                    all.finders.push((Finder::new(text.as_bytes()).into_owned(), word));
                    all.finders.len() - 1
                });
                steps.push(Step::Find(place));
            }
            all.anchors.push(steps);
        }
        all
    }

    fn hold(&self, text: &str) -> bool {
        let mut found: Vec<Option<bool>> = vec![None; self.finders.len()];
        self.anchors.iter().any(|steps| {
            steps.iter().all(|step| match step {
                Step::Find(place) => *found[*place].get_or_insert_with(|| {
                    let (finder, word) = &self.finders[*place];
                    if *word {
                        has_word(text, finder)
                    } else {
                        finder.find(text.as_bytes()).is_some()
                    }
                }),
                Step::Check(check) => check(text),
            })
        })
    }
}

/// True when the text stands somewhere without a letter around it that would make it a part of
/// another word: `WS` of `WSClient`, not of `WSGI`.
fn has_word(text: &str, finder: &Finder<'_>) -> bool {
    let bytes = text.as_bytes();
    let word = finder.needle();
    let capital = word.first().is_some_and(u8::is_ascii_uppercase);
    let shouted = word.iter().all(u8::is_ascii_uppercase);
    finder.find_iter(bytes).any(|at| {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let end = at + word.len();
        let after = bytes.get(end);
        let goes_on = shouted
            && after.is_some_and(u8::is_ascii_uppercase)
            && !bytes.get(end + 1).is_some_and(u8::is_ascii_lowercase);
        let starts = before.is_none_or(|before| {
            if capital { !before.is_ascii_uppercase() } else { !before.is_ascii_alphanumeric() }
        });
        starts && !goes_on && after.is_none_or(|after| !after.is_ascii_lowercase())
    })
}

impl Sieve {
    pub(super) fn of(settings: &Settings) -> Self {
        let by_language =
            Language::ALL.map(|language| Anchors::of(&rules::anchors(settings, language)));
        Self { by_language }
    }

    /// True when a rule may find something in the file.
    pub(super) fn holds(&self, language: Language, text: &str) -> bool {
        self.by_language[language as usize].hold(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(anchor: Anchor, text: &str) -> bool {
        Anchors::of(&[anchor]).hold(text)
    }

    #[test]
    fn a_word_is_no_part_of_another() {
        for text in ["ws.send()", "client_ws.send", "for m in ws:", "_ws2 = 1", "x.ws"] {
            assert!(holds(Anchor::word("ws"), text), "{text}");
        }
        for text in ["news.send()", "rows", "wsgi"] {
            assert!(!holds(Anchor::word("ws"), text), "{text}");
        }
        assert!(holds(Anchor::word("WS"), "WSClient") && !holds(Anchor::word("WS"), "WSGIRequest"));
        assert!(holds(Anchor::word("Ws"), "userWs.send") && !holds(Anchor::word("Ws"), "Wsgi"));
    }

    #[test]
    fn all_parts_of_an_anchor_are_needed() {
        assert!(holds(Anchor::of_pattern("*JWT*KEY*"), "MY_JWT_KEY"));
        assert!(!holds(Anchor::of_pattern("*JWT*KEY*"), "MY_JWT"));
        assert!(!holds(Anchor::one("a").and(|text| text.len() > 3), "a"));
    }
}
