//! Code that goes in circles or nests as deep as nobody writes it: it is read, and it ends.

use crate::scan::category::Category;
use crate::scan::trial::{holds, scanned};

/// Deep and long enough to run out of this stack where each level takes some of it.
const NESTED: usize = 500;
const LONG: usize = 1_200;
const STACK_BYTES: usize = 512 * 1024;

/// A text many times.
fn times(count: usize, text: &str) -> String {
    text.repeat(count)
}

/// Enough lines for a text not to be taken for a packed one.
fn spaced(text: String) -> String {
    let lines = times(text.len() / 200, "\n");
    text + &lines
}

/// Both languages, each with one thing at the end that is still to be found.
fn survives(python: &str, script: &str) {
    let key = "\nimport os\nKEY = os.getenv('JWT_SECRET')\n";
    let files = [
        ("deep.py", spaced(format!("import jwt, websockets\n{python}{key}"))),
        (
            "deep.ts",
            spaced(format!("{script}\nconst key = process.env.JWT_SECRET; // atob WebSocket\n")),
        ),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).stack_size(STACK_BYTES);
    let scan = pool.build().expect("threads").install(|| scanned(&files));
    let keys = scan.findings.iter().filter(|found| found.category == Category::KeyRead);
    let paths: Vec<&str> = keys.map(|found| &*found.path).collect();
    let begin = &python[..python.len().min(40)];
    assert_eq!(paths, ["deep.py", "deep.ts"], "{begin} {:?}", scan.unread);
}

#[test]
fn names_that_are_made_of_themselves_lead_nowhere() {
    holds(
        &[(
            "a.py",
            r#"
import os
import jwt

def circles(a, b, token, ws):
    a = a + b
    b = b + a
    c = d
    d = c
    e = e + e
    f = f.f
    g = g[g]
    h = h(h)
    i = {**i, "verify": i}
    j = lambda: j()
    yield os.environ[a], os.getenv(b), os.getenv(c), os.environ.get(d), os.getenv(e + e)
    yield os.getenv(f), os.environ[g], os.getenv(h), os.getenv(f"{a}{e}")
    yield jwt.decode(token, e, **i)  # finds: verified-decode
    yield f.send(h), g.accept(), c.close(), j.decode(e)
    k = "JWT_" + k
    yield os.getenv("JWT_SECRET" + k)  # finds: key-read
    ws = ws or c
"#,
        )],
        &[Category::KeyRead, Category::VerifiedDecode, Category::UnverifiedDecode],
    );
    holds(
        &[(
            "a.ts",
            r"
let a = a + b, b = b + a, c = d, d = c, e = `${e}${e}`, f = f.f, g = g[g], h = h(h);
const { i } = i;
const j = { ...j, token: j };
localStorage.getItem(a + b + c + d + e);
localStorage.getItem(h);
localStorage[g];
process.env[a], process.env[e], process.env[f], process.env[i];
a.split('.').map(atob); // finds: hand-parse
new URLSearchParams(j);
const k = k.split('.'), l = atob(k[1]); // finds: hand-parse
localStorage.getItem('token' + e); // finds: storage-token-read
",
        )],
        &[Category::KeyRead, Category::StorageTokenRead, Category::HandParse],
    );
}

#[test]
fn names_that_are_bound_in_circles_many_times_take_no_longer_for_it() {
    let round = "    ws = other or third or ws\n    other = third or ws\n    third = ws or other\n";
    let circle = times(40, round);
    let send = "    await ws.send('x')\n    sockets[1] = third\n";
    let script = "ws = other || third; other = third || ws; third = ws || other;\n";
    survives(
        &format!("async def f(sockets):\n{circle}{send}"),
        &format!("let ws, other, third;\n{}ws.send('x'); third.close();", times(40, script)),
    );
}

#[test]
fn a_name_that_is_set_and_used_many_times_takes_no_longer_for_it() {
    let sum = format!("a{}", times(LONG, " + a"));
    let round = "    if a:\n        a = a.split('.')\n    else:\n        a = b64decode(a[1])\n";
    let python = format!("def f(a):\n{}    b64decode({sum})\n", times(3, round));
    let script = "if (a) { a = a.split('.'); } else { a = atob(a[1]); }\n";
    let script = format!("let a = new URLSearchParams({{ token }});\n{}", times(3, script));
    survives(&(python + "    return a\n"), &format!("{script}atob({sum});\n"));
}

#[test]
fn expressions_nest_deep() {
    for (open, inner, close) in [
        ("(", "a", ")"),
        ("[", "a", "]"),
        ("f(", "a", ")"),
        ("", "a", "[0]"),
        ("", "a", "()"),
        ("", "a", ".split('.')[1]"),
        ("not ", "a", ""),
        ("{'a': ", "a", "}"),
        ("x if y else (", "z", ")"),
        ("lambda token: (", "z", ")"),
        ("f'?token={", "z", "}'"),
    ] {
        // The grammar of Python loses its way in texts that nest deeper.
        let nested = if open.starts_with("f'") { 50 } else { NESTED };
        let deep = format!("{}{inner}{}", times(nested, open), times(nested, close));
        let python = format!("jwt.decode(t, {deep})\nb = {deep}\n{deep} = 1\n");
        let open = open.replace("not ", "!").replace("x if y else", "x ? y :");
        let open = open.replace("lambda token:", "(token) =>").replace("f'?token={", "`?token=${");
        let close = close.replace("}'", "}`");
        let deep = format!("{}{inner}{}", times(NESTED, &open), times(NESTED, &close));
        let script = format!("jwt.verify(t, {deep});\nb = {deep};\natob({deep});\n");
        survives(&python, &script);
    }
}

#[test]
fn expressions_are_long() {
    for part in [".b", " + b", "().b", "[b]", " + '?token=' + b", " = b", ", b", " if b else c"] {
        let long = format!("a{}", times(LONG, part));
        let python = format!("b = {long}\n");
        let script = format!(
            "b = {};\nmodule.exports = b{};\n",
            long.replace(" if b else c", " || b"),
            times(LONG, ".c")
        );
        survives(&python, &script);
    }
}

#[test]
fn blocks_and_types_nest_deep() {
    let blocks: Vec<String> = (0..400).map(|depth| times(depth, " ") + "if a:\n").collect();
    let blocks = blocks.concat();
    let python = format!("{blocks}{}b = os.environ['x']\n", times(400, " "));
    let typed = format!("ws: {}WebSocket{} = None\n", times(NESTED, "Dict["), times(NESTED, "]"));
    let script = format!("{}atob(x){}", times(NESTED, "if (a) {"), times(NESTED, "}"));
    let union = format!("let ws: WebSocket{};\n", times(NESTED, " | Array<WebSocket>"));
    survives(&(typed + &python), &(union + &script));
}
