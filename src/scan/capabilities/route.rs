//! Routes of `FastAPI`, Starlette and Express, as they stand in one file.

use std::collections::HashMap;

use tree_sitter::Node;

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `WEBSOCKET`, or `*` for all.
    pub method: String,
    /// With the prefix of its router, where that is set in the same file.
    pub path: String,
    /// The line, from 0.
    pub row: usize,
}

/// What one file says about routes.
#[derive(Debug, Default)]
pub struct Routes {
    /// Its routes.
    pub routes: Vec<Route>,
    /// Files, by the end of their path, whose routes get a prefix here.
    pub mounted: Vec<(String, String)>,
}

const METHODS: [&str; 8] =
    ["get", "post", "put", "patch", "delete", "head", "options", "websocket"];

/// Reads the routes of a file.
pub fn routes(root: Node<'_>, text: &str) -> Routes {
    let mut found = Routes::default();
    let mut prefixes: HashMap<String, String> = HashMap::new();
    let mut modules: HashMap<String, String> = HashMap::new();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        match node.kind() {
            "assignment" | "variable_declarator" => prefix(node, text, &mut prefixes),
            "import_from_statement" | "import_statement" => imported(node, text, &mut modules),
            "call" | "call_expression" => call(node, text, &prefixes, &modules, &mut found),
            _ => {}
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

/// `router = APIRouter(prefix="/auth")`.
fn prefix(node: Node<'_>, text: &str, prefixes: &mut HashMap<String, String>) {
    let name = node.child_by_field_name("left").or_else(|| node.child_by_field_name("name"));
    let value = node.child_by_field_name("right").or_else(|| node.child_by_field_name("value"));
    let call = value.filter(|value| value.kind() == "call");
    let prefix = call.and_then(|call| keyword(call, "prefix", text));
    if let (Some(name), Some(prefix)) = (name, prefix) {
        prefixes.insert(text[name.byte_range()].to_owned(), prefix);
    }
}

/// The module that each imported name comes from; under `name.` the module that it may be itself.
fn imported(node: Node<'_>, text: &str, modules: &mut HashMap<String, String>) {
    let source =
        node.child_by_field_name("module_name").or_else(|| node.child_by_field_name("source"));
    let from = source.map(|source| module_path(&text[source.byte_range()]));
    let mut open = vec![node];
    while let Some(next) = open.pop() {
        let mut cursor = next.walk();
        for child in next.named_children(&mut cursor).filter(|child| Some(*child) != source) {
            if matches!(child.kind(), "import_clause" | "named_imports") {
                open.push(child);
                continue;
            }
            let name = child.child_by_field_name("name").unwrap_or(child);
            let local = child.child_by_field_name("alias").unwrap_or(name);
            let local = text[local.byte_range()].to_owned();
            let own = module_path(&text[name.byte_range()]);
            let (from, below) = match &from {
                Some(from) if from.is_empty() => (own.clone(), own),
                Some(from) => (from.clone(), format!("{from}/{own}")),
                None => (own.clone(), own),
            };
            modules.insert(format!("{local}."), below);
            modules.insert(local, from);
        }
    }
}

/// A module as the end of a path: `a/b` for `a.b`, `..a.b`, `"../a/b.js"` and `"@/a/b"`.
fn module_path(module: &str) -> String {
    let bare = module.trim_matches(['"', '\'']);
    let script = bare != module;
    let bare = bare.trim_start_matches(['.', '/', '@', '~']);
    let bare = bare.strip_suffix(".js").or_else(|| bare.strip_suffix(".ts")).unwrap_or(bare);
    if script { bare.to_owned() } else { bare.replace('.', "/") }
}

fn call(
    node: Node<'_>,
    text: &str,
    prefixes: &HashMap<String, String>,
    modules: &HashMap<String, String>,
    found: &mut Routes,
) {
    let Some(function) = node.child_by_field_name("function") else { return };
    let words = &text[function.byte_range()];
    let (object, name) = words.rsplit_once('.').unwrap_or(("", words));
    let first = positional(node, 0).and_then(|argument| string(argument, text));
    let row = node.start_position().row;
    let prefix = || prefixes.get(object).map(String::as_str).unwrap_or_default();
    let mut add = |method: &str, path: &str| {
        let path = format!("{}{path}", prefix());
        if path.starts_with('/') {
            found.routes.push(Route { method: method.to_ascii_uppercase(), path, row });
        }
    };
    match (name, first) {
        ("include_router" | "mount" | "use" | "register_blueprint", first) => {
            let router = positional(node, usize::from(first.is_some()));
            let at = first.or_else(|| keyword(node, "prefix", text));
            if let (Some(router), Some(at)) = (router, at) {
                let words = &text[router.byte_range()];
                let module = match words.split_once('.') {
                    Some((module, _)) => modules.get(&format!("{module}.")),
                    None => modules.get(words),
                };
                found.mounted.extend(module.map(|module| (module.clone(), at)));
            }
        }
        (verb, Some(path)) if !object.is_empty() && METHODS.contains(&verb) && is_route(node) => {
            add(verb, &path);
        }
        ("add_api_route" | "Route" | "api_route" | "route", Some(path)) => {
            let methods = keyword_node(node, "methods", text);
            let methods = methods.map(|methods| strings(methods, text)).unwrap_or_default();
            for method in &methods {
                add(method, &path);
            }
            if methods.is_empty() {
                add(if name == "route" || name == "api_route" { "*" } else { "GET" }, &path);
            }
        }
        ("WebSocketRoute" | "add_api_websocket_route" | "websocket_route", Some(path)) => {
            add("WEBSOCKET", &path);
        }
        _ => {}
    }
}

/// A decorator in Python; in scripts, a call with a handler behind the path.
fn is_route(call: Node<'_>) -> bool {
    if call.kind() == "call" {
        return call.parent().is_some_and(|parent| parent.kind() == "decorator");
    }
    let handler = positional(call, 1).map(|handler| handler.kind().to_owned());
    handler.is_some_and(|kind| {
        matches!(
            kind.as_str(),
            "arrow_function"
                | "function_expression"
                | "identifier"
                | "member_expression"
                | "array"
                | "call_expression"
        )
    })
}

fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    let Some(list) = call.child_by_field_name("arguments") else { return Vec::new() };
    let mut cursor = list.walk();
    list.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

fn positional(call: Node<'_>, place: usize) -> Option<Node<'_>> {
    let mut given = arguments(call).into_iter().filter(|given| given.kind() != "keyword_argument");
    given.nth(place)
}

fn keyword_node<'t>(call: Node<'t>, name: &str, text: &str) -> Option<Node<'t>> {
    let named = |given: &Node<'t>| {
        given.kind() == "keyword_argument"
            && given.child_by_field_name("name").is_some_and(|n| &text[n.byte_range()] == name)
    };
    arguments(call).into_iter().find(named)?.child_by_field_name("value")
}

fn keyword(call: Node<'_>, name: &str, text: &str) -> Option<String> {
    keyword_node(call, name, text).and_then(|value| string(value, text))
}

fn string(node: Node<'_>, text: &str) -> Option<String> {
    if node.kind() != "string" {
        return None;
    }
    let mut cursor = node.walk();
    let content = node
        .named_children(&mut cursor)
        .find(|n| matches!(n.kind(), "string_content" | "string_fragment"));
    Some(content.map(|content| text[content.byte_range()].to_owned()).unwrap_or_default())
}

fn strings(list: Node<'_>, text: &str) -> Vec<String> {
    let mut cursor = list.walk();
    list.named_children(&mut cursor).filter_map(|item| string(item, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Language, parse};

    fn of(language: Language, text: &str) -> (Vec<String>, Vec<(String, String)>) {
        let tree = parse(language, text);
        let found = routes(tree.root_node(), text);
        let routes = found.routes.iter().map(|route| format!("{} {}", route.method, route.path));
        (routes.collect(), found.mounted)
    }

    #[test]
    fn routes_of_fastapi_and_starlette_are_read_with_their_prefix() {
        let text = r#"
from routes import auth
from routes.jwt import router as jwt_router
router = APIRouter(prefix="/auth", tags=["x"])
@router.post("/validate")
async def validate(): cache.get("/not/a/route")
@router.websocket("/ws")
async def ws(): ...
@app.api_route("/verify", methods=["GET", "POST"])
def verify(): ...
routes = [Route("/me", me), WebSocketRoute("/sock", sock), Route("/x", x, methods=["PUT"])]
app.include_router(jwt_router, prefix="/api/v1/jwt")
app.include_router(auth.router, prefix="/api")
# @router.get("/comment")
"#;
        let (routes, mounted) = of(Language::Python, text);
        assert_eq!(
            routes,
            [
                "POST /auth/validate",
                "WEBSOCKET /auth/ws",
                "GET /verify",
                "POST /verify",
                "GET /me",
                "WEBSOCKET /sock",
                "PUT /x"
            ]
        );
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(mounted, [pair("routes/jwt", "/api/v1/jwt"), pair("routes/auth", "/api")]);
    }

    #[test]
    fn routes_of_express_are_read_and_other_gets_are_not() {
        let text = r#"
import authRouter from "./routes/auth";
app.get("/auth/me", (req, res) => 1);
router.post('/login', limit, handler);
map.get("/auth/none");
axios.get("/auth/called", { a: 1 });
app.use("/api", authRouter);
"#;
        let (routes, mounted) = of(Language::Tsx, text);
        assert_eq!(routes, ["GET /auth/me", "POST /login"]);
        assert_eq!(mounted, [("routes/auth".to_owned(), "/api".to_owned())]);
    }
}
