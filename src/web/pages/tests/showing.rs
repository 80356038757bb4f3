//! Samples of the pages that show what was seen, changed and set; and odd words on every page.

use askama::Template as _;

use super::super::history::{self, Verified};
use super::super::settings::SettingsPage;
use super::super::shown::Unlock;
use super::super::{Complaint, authority, mismatch, mismatches, sockets};
use super::{HOSTILE, PLAIN, Rendered, frame, samples, tags};
use crate::compare::MismatchClass;
use crate::web::{SettingShown, SettingSource};

/// What turns a line around, breaks one, or looks like the end of what it stands in.
const ODD: [&str; 4] = [
    "evil\u{202e}gpj.exe",
    "a\u{2066}\u{2069}\u{200b}\r\n\tb",
    "'\"`\\&lt;&#x3c;script&#x3e;",
    "-->]]></textarea></title></select>",
];

/// What differed.
pub(super) fn differing(text: &str) -> Rendered {
    let frame = || frame("mismatches");
    let list = mismatches::samples::page(frame(), Complaint::typed("page", text), text);
    let empty = |any, component| mismatches::samples::empty(frame(), any, component).render();
    let one = |class, unlock, complaint| {
        mismatch::samples::page(frame(), complaint, text, (class, unlock)).render()
    };
    let (looser, stricter) = (MismatchClass::Looser, MismatchClass::Stricter);
    vec![
        ("mismatches", list.render()),
        ("mismatches-none", empty(true, "")),
        ("mismatches-filtered", empty(true, "http-auth")),
        ("mismatches-no-evidence", empty(false, "")),
        ("mismatch-looser", one(looser, Unlock::Open, Complaint::none())),
        ("mismatch-stricter", one(stricter, Unlock::Open, Complaint::typed("days", text))),
        ("mismatch-stale", one(looser, Unlock::Stale, Complaint::none())),
        ("mismatch-read", one(stricter, Unlock::Never, Complaint::none())),
    ]
}

/// What was changed and set, and how the rooms stand.
pub(super) fn recorded(text: &str) -> Rendered {
    let setting = |section: &str, name: &str, value: &str, source| SettingShown {
        section: section.to_owned(),
        name: name.to_owned(),
        value: value.to_owned(),
        source,
    };
    let all = [
        setting("", "data_dir", "data", SettingSource::File),
        setting("listen", text, text, SettingSource::Environment),
        setting("authority.keys[0]", "file", "set", SettingSource::File),
        setting("access", "fresh_min", "5", SettingSource::Default),
    ];
    let settings = |list: &[SettingShown]| SettingsPage::new(frame("settings"), list).render();
    let history = |verified| history::samples::page(frame("history"), text, verified).render();
    let no_history = |who| history::samples::empty(frame("history"), who).render();
    vec![
        ("settings", settings(&all)),
        ("settings-none", settings(&[])),
        ("history", history(None)),
        ("history-whole", history(Some(Verified::Whole(Vec::new())))),
        ("history-broken", history(Some(history::samples::broken(text)))),
        ("history-none", no_history("")),
        ("history-filtered", no_history(text)),
        ("sockets", sockets::samples::page(frame("sockets"), true).render()),
        ("sockets-none", sockets::samples::page(frame("sockets"), false).render()),
        ("authority", authority::samples::page(frame("authority"), text).render()),
        ("authority-none", authority::samples::empty(frame("authority")).render()),
    ]
}

/// The names of a page's tags, in their order.
fn shape(page: &str) -> Vec<String> {
    let names = tags(page).map(|tag| {
        let name = tag.split([' ', '\n']).next();
        name.unwrap_or_default().to_owned()
    });
    names.collect()
}

#[test]
fn odd_words_leave_every_page_as_it_is_built() {
    let plain = samples(PLAIN);
    let long = "x".repeat(20_000);
    for odd in ODD.into_iter().chain([HOSTILE, &long]) {
        for ((name, page), (_, plain)) in samples(odd).iter().zip(&plain) {
            assert_eq!(shape(page), shape(plain), "{name}: {odd:.40}");
        }
    }
}
