//! Any bytes as the body of every route that reads JSON: an answer always comes, it is never a
//! fault of ours, and a refusal is a problem in JSON.

#![no_main]

use std::sync::OnceLock;

use crossfade::web::{Kind, Listens, routes};
use crossfade_fuzz::doors::doors;
use libfuzzer_sys::fuzz_target;

type Door = (Listens, &'static str, &'static str);

/// Every route of the table that takes a body and is for programs, in the table's order. Doors
/// for forms refuse the media type, which is an answer, too.
fn json_doors() -> &'static [Door] {
    static DOORS: OnceLock<Vec<Door>> = OnceLock::new();
    DOORS.get_or_init(|| {
        let routes = routes().into_iter().filter(|route| route.kind == Kind::Api);
        let takes = routes.filter(|route| matches!(route.method, "POST" | "PUT"));
        takes.map(|route| (route.listener, route.method, route.path)).collect()
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&which, body)) = bytes.split_first() else { return };
    // A letter, so that seeds can be read.
    let place = usize::from(which.wrapping_sub(b'A')) % json_doors().len();
    let answer = doors().post(json_doors()[place], "application/json", body);
    let status = answer.status.as_u16();
    // 503: nobody makes tokens here.
    assert!(matches!(status, ..500 | 503), "{:?}: {answer:?}", json_doors()[place]);
    if answer.kind.contains("json") {
        serde_json::from_slice::<serde_json::Value>(&answer.body).expect("JSON");
    }
});
