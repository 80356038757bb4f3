//! Files that nobody wrote: whatever the imports, what comes out parses, a second run finds
//! nothing, and what is not an import stays byte for byte.

use std::fs;

use crossfade::scan::rewrite::{Change, Mapping, Options, rewrite};
use crossfade::scan::{Language, Settings, parse};
use proptest::prelude::*;

const MAPPING: &str = r#"
[[rewrite.import]]
from = "p.old"
name = "X"
to = "p.new"
as = "W"
[[rewrite.import]]
from = "p.old"
name = "Y"
to = "q.new"
[[rewrite.import]]
from = "p.gone"
to = "p.here"
[[rewrite.import]]
from = "old"
to = "new"
[[rewrite.call]]
from = "p.old"
name = "create"
to = "p.new"
as = "access"
[[rewrite.call.argument]]
name = "ctx"
at = 0
as = "user"
[[rewrite.call.argument]]
name = "mode"
drop = true
"#;

fn name() -> impl Strategy<Value = String> {
    const NAMES: &[&str] =
        &["X", "Y", "Z", "create", "X as A", "Y as B", "create as C", "old", "W"];
    prop::sample::select(NAMES).prop_map(str::to_owned)
}

fn from() -> impl Strategy<Value = String> {
    const MODULES: &[&str] = &["p.old", "p.gone", "p", "old", ".old", ".", "q", ".gone"];
    (prop::sample::select(MODULES), prop::collection::vec(name(), 1..5), 0..5).prop_map(
        |(module, names, shape)| match shape {
            0 => format!("from {module} import ({})", names.join(",  ")),
            1 => format!(
                "from {module} import (\n        {},\n    )  # end",
                names.join(",\n        ")
            ),
            2 => format!("from {module} import ({}  # one\n    )", names.join(",  # x\n        ")),
            3 => format!("from {module} import {}", names.join(", \\\n        ")),
            _ => format!("from {module} import {}", names.join(", ")),
        },
    )
}

fn line() -> impl Strategy<Value = String> {
    const PLAIN: &[&str] = &[
        "import p.old",
        "import p.old as o",
        "import p.gone",
        "import os, p.gone as g, old",
        "old.X()",
        "p.old.X",
        "p.gone.f(p.other)",
        "create(ctx, mode=1)",
        "create(1, 2)",
        "A = X",
        "Y = Y",
        "x = [X for X in Y]",
        "later(create)",
        "'p.old.X'",
        "# p.old.X",
        "o.create(ctx=1)",
        "print('p.gone')",
        "create(create(1))",
        "g.x = old",
    ];
    prop_oneof![from(), prop::sample::select(PLAIN).prop_map(str::to_owned)]
}

fn block() -> impl Strategy<Value = String> {
    const HEADS: &[&str] = &["", "if 1:", "def f(X=1):", "class K:", "async def h():"];
    (prop::sample::select(HEADS), prop::collection::vec(line(), 1..4)).prop_map(|(head, lines)| {
        if head.is_empty() {
            return lines.join("\n");
        }
        format!("{head}\n    {}", lines.join("\n    "))
    })
}

fn file() -> impl Strategy<Value = String> {
    (prop::collection::vec(block(), 1..6), any::<bool>()).prop_map(|(blocks, windows)| {
        let text = blocks.join("\n") + "\n";
        if windows { text.replace('\n', "\r\n") } else { text }
    })
}

fn sound(text: &str) -> bool {
    !parse(Language::Python, text).root_node().has_error()
}

/// The lines that hold none of the words that move. A `pass` may come: it stands where a block would
/// have become empty, and no made-up file has one.
fn untouched(text: &str) -> Vec<&str> {
    let moved = [
        "old", "gone", "new", "here", "X", "Y", "W", "create", "access", "import", "mode", "Z", ")",
    ];
    text.split_inclusive('\n')
        .filter(|line| line.trim() != "pass" && !moved.iter().any(|word| line.contains(word)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_out_parses_and_a_second_run_finds_nothing(text in file(), strings in any::<bool>()) {
        prop_assume!(sound(&text));
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("p");
        fs::create_dir(&place).expect("made");
        fs::write(place.join("a.py"), &text).expect("written");
        let mapping = Mapping::parse(MAPPING).expect("proven");
        let run = || rewrite(folder.path(), &Settings::default(), &mapping, Options { strings });
        let first = run().expect("walked");
        for change in &first.changes {
            change.write(folder.path()).expect("written");
        }
        let after = fs::read_to_string(place.join("a.py")).expect("UTF-8");
        prop_assert!(sound(&after), "{after}");
        let broken = first.refusals.iter().any(|left| left.why.code() == "broken");
        prop_assert!(!broken, "{text}");
        prop_assert_eq!(untouched(&text), untouched(&after));
        let second = run().expect("walked");
        let diffs: Vec<u8> = second.changes.iter().flat_map(Change::diff).collect();
        prop_assert!(diffs.is_empty(), "{text}\n->\n{after}\n->\n{}", String::from_utf8_lossy(&diffs));
    }
}
