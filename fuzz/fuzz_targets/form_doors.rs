//! Any bytes as the form that is posted to each door that reads one: an answer always comes, and
//! it is never a fault of ours.

#![no_main]

use crossfade::web::Listens;
use crossfade_fuzz::doors::doors;
use libfuzzer_sys::fuzz_target;

/// The doors that read a form before they know who has sent it, or to learn that: one row each.
/// Pages behind a session share the parser.
const FORMS: &[(Listens, &str, &str)] = &[
    (Listens::Control, "POST", "/setup/look"),
    (Listens::Control, "POST", "/setup"),
    (Listens::Control, "POST", "/act/look"),
    (Listens::Control, "POST", "/act/confirm"),
    (Listens::Data, "POST", "/oauth/token"),
    (Listens::Data, "POST", "/oauth/introspect"),
    (Listens::Data, "POST", "/oauth/revoke"),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&which, body)) = bytes.split_first() else { return };
    // A letter, so that seeds can be read.
    let place = usize::from(which.wrapping_sub(b'A')) % FORMS.len();
    let answer = doors().post(FORMS[place], "application/x-www-form-urlencoded", body);
    // 503: nobody makes tokens here.
    assert!(matches!(answer.status.as_u16(), ..500 | 503), "{:?}: {answer:?}", FORMS[place]);
});
