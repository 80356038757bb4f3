//! The house keeps its shape: rooms import downwards only, and each outside crate has one home.
//!
//! The floor table is the one in `docs/architecture.md`; change both together.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a room may import.
enum May {
    /// These rooms.
    See(&'static [&'static str]),
    /// Every room above it in the table.
    SeeAllBefore,
}

use May::{See, SeeAllBefore};

/// Room, and the rooms it may import.
const FLOORS: &[(&str, May)] = &[
    ("domain", See(&[])),
    ("store", See(&[])),
    ("outbound", See(&["domain", "store"])),
    ("compare", See(&["domain"])),
    ("flags", See(&["domain", "store"])),
    ("authority", See(&["domain", "store", "outbound"])),
    ("legacy", See(&["domain", "store", "outbound"])),
    ("sockets", See(&["domain", "store", "outbound"])),
    ("scan", See(&["domain"])),
    ("access", See(&["domain", "store", "outbound"])),
    ("probe", See(&["domain", "outbound"])),
    ("ledger", See(&["domain", "compare", "store"])),
    ("shadow", See(&["domain", "compare", "flags", "ledger"])),
    ("guard", See(&["domain", "compare", "flags", "ledger", "store", "outbound"])),
    ("report", See(&["domain", "store", "compare", "flags", "ledger", "guard", "scan", "probe"])),
    (
        "web",
        See(&[
            "domain",
            "compare",
            "flags",
            "authority",
            "sockets",
            "legacy",
            "ledger",
            "shadow",
            "guard",
            "report",
            "access",
        ]),
    ),
    ("config", SeeAllBefore),
    ("app", SeeAllBefore),
    ("cli", SeeAllBefore),
];

/// The rooms that the room in this place of the table may import.
fn may_see(place: usize) -> Vec<&'static str> {
    match &FLOORS[place].1 {
        See(rooms) => rooms.to_vec(),
        SeeAllBefore => FLOORS[..place].iter().map(|(name, _)| *name).collect(),
    }
}

fn place_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|(name, _)| *name == room)
}

/// Outside crate, and the rooms in which its paths may stand.
const HOMES: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("jsonwebtoken", &["authority", "legacy"]),
    ("aws_lc_rs", &["authority", "access", "web", "outbound", "report"]),
    ("reqwest", &["outbound"]),
    ("axum", &["web"]),
    ("askama", &["web"]),
    ("utoipa", &["web"]),
    ("prometheus_client", &["web"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("comfy_table", &["cli"]),
    ("console", &["cli"]),
    ("mimalloc", &[]),
    ("hyper", &["web"]),
    ("hyper_util", &["web"]),
    ("http_body_util", &["web"]),
    ("tower_http", &["web"]),
    ("tracing_subscriber", &["cli"]),
    ("toml", &["config", "flags", "legacy", "scan"]),
    ("arc_swap", &["domain", "flags", "authority", "access"]),
    ("hdrhistogram", &["ledger"]),
    ("blake3", &["domain", "flags"]),
    ("chrono", &["domain"]),
    ("argon2", &["access"]),
    ("governor", &["access"]),
    ("tokio_tungstenite", &["outbound", "web"]),
    ("zeroize", &["web"]),
    ("rustls", &["web"]),
    ("tokio_rustls", &["web"]),
    ("form_urlencoded", &["web", "access"]),
    ("ipnet", &["outbound", "web"]),
    ("ignore", &["scan"]),
    ("memchr", &["scan"]),
    ("rayon", &["scan"]),
    ("similar", &["scan"]),
    ("tree_sitter", &["scan"]),
    ("tree_sitter_python", &["scan"]),
    ("tree_sitter_typescript", &["scan"]),
    ("quick_xml", &["guard"]),
];

/// A room's own name, and the lines of code in it that are neither comments nor blank.
fn rooms() -> BTreeMap<String, Vec<(PathBuf, usize, String)>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut rooms: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).expect("inside src");
        let first = inside.iter().next().expect("a name").to_string_lossy();
        let room = first.trim_end_matches(".rs").to_owned();
        if matches!(room.as_str(), "main" | "lib") {
            continue;
        }
        let text = fs::read_to_string(&file).expect("readable source");
        for (number, line) in statements(&text) {
            rooms.entry(room.clone()).or_default().push((file.clone(), number, line));
        }
    }
    rooms
}

/// Lines that are not comments, a `use` list over several lines joined into one; each with the
/// number of its first line.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut statements: Vec<(usize, String)> = Vec::new();
    let mut open_list = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        match statements.last_mut() {
            Some((_, list)) if open_list => list.push_str(line),
            _ => statements.push((number + 1, line.to_owned())),
        }
        let begins = line.trim_start().starts_with("use ") && line.trim_end().ends_with('{');
        open_list = (open_list || begins) && !line.contains(';');
    }
    statements
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The rooms named in a line by `crate::room` or inside a `crate::{..}` list.
fn rooms_named(line: &str) -> Vec<&str> {
    let mut named = Vec::new();
    for (at, prefix) in line.match_indices("crate::") {
        let rest = &line[at + prefix.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            named.extend(list_heads(list));
        } else {
            named.extend(first_word(rest));
        }
    }
    named
}

/// The first words of a list's items; `list` begins behind its opening brace.
fn list_heads(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.extend(first_word(&list[start..at]));
                return heads;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.extend(first_word(&list[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    heads
}

fn first_word(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

/// True when `line` uses a path of the crate `name`: `name::`, not as the tail of another word.
fn uses_crate(line: &str, name: &str) -> bool {
    line.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

#[test]
fn every_room_stands_in_the_table_and_imports_only_what_it_may() {
    let mut faults = Vec::new();
    for (room, lines) in rooms() {
        let Some(place) = place_of(&room) else {
            faults.push(format!("room `{room}` is not in the floor table"));
            continue;
        };
        let may = may_see(place);
        for (file, number, line) in &lines {
            for named in rooms_named(line) {
                if named != room && !may.contains(&named) {
                    faults.push(format!(
                        "{}:{number}: {room} may not import {named}",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_has_one_direction() {
    for (place, (room, _)) in FLOORS.iter().enumerate() {
        for below in may_see(place) {
            assert!(place_of(below).is_some_and(|other| other < place), "{room} imports {below}");
        }
    }
}

#[test]
fn each_outside_crate_stays_at_home() {
    let mut faults = Vec::new();
    for (room, lines) in rooms() {
        for (file, number, line) in &lines {
            for (name, homes) in HOMES {
                if uses_crate(line, name) && !homes.contains(&room.as_str()) {
                    faults.push(format!("{}:{number}: {name} lives in {homes:?}", file.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_checks_see_what_they_look_for() {
    assert_eq!(rooms_named("use crate::web::problem;"), ["web"]);
    assert_eq!(rooms_named("use crate::{flags, ledger::Tally};"), ["flags", "ledger"]);
    let list = statements("use crate::{\n    flags::Flag,\n    web,\n};\nlet x = 1;");
    assert_eq!(rooms_named(&list[0].1), ["flags", "web"]);
    assert_eq!(list[1], (5, "let x = 1;".to_owned()));
    assert!(uses_crate("let db = sled::open(path)?;", "sled"));
    assert!(!uses_crate("let x = crate::sled::open();", "sled"));
    assert!(!uses_crate("assled::open()", "sled"));
}
