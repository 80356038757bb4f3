//! The audit of a tree.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::calls::Calls;
use super::defined::{About, Defined, defined};
use super::equivalents::{self, Served};
use super::route::{Routes, routes};
use super::uses::Wanted;
use crate::scan::{Class, Classes, FileId, ScanError, Settings, SourceTree, parse};

/// What kind of thing a capability is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A route about tokens or sockets.
    Endpoint,
    /// A function or method about tokens.
    Operation,
    /// A method of a socket manager.
    Method,
}

impl Kind {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Operation => "operation",
            Self::Method => "method",
        }
    }
}

/// A place in the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, from the root.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
}

/// Something that the old way can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// What kind of thing it is.
    pub kind: Kind,
    /// `POST /auth/validate`, `JWTHandler.validate_token`, `peek`.
    pub name: String,
    /// Where it is defined.
    pub defined: Place,
    /// What stands in for it.
    pub served: Served,
    /// Where production code names it.
    pub production: Vec<Place>,
    /// How often tests and tooling name it.
    pub elsewhere: usize,
    /// Live calls and over how many days, where they were counted.
    pub live: Option<(u64, u32)>,
}

impl Capability {
    /// True when nothing says that anybody calls it: no production code names it, and nobody
    /// called it where calls were counted.
    pub fn is_idle(&self) -> bool {
        self.production.is_empty() && self.live.is_none_or(|(calls, _)| calls == 0)
    }
}

/// Every capability that was found.
#[derive(Debug, Default)]
pub struct Audit {
    /// By kind, then by name.
    pub capabilities: Vec<Capability>,
    /// Files that were read.
    pub files: usize,
    /// Files that were not, or not wholly.
    pub unread: usize,
}

/// Words of which the path of an endpoint must hold one.
const SUBJECTS: [&str; 13] = [
    "auth",
    "jwt",
    "token",
    "oauth",
    "ws",
    "websocket",
    "socket",
    "login",
    "logout",
    "session",
    "signin",
    "signout",
    "signup",
];

/// What one file holds.
struct Read {
    class: Class,
    routes: Routes,
    defined: Vec<Defined>,
}

/// Audits a tree.
pub fn audit(tree: &SourceTree, settings: &Settings, calls: &Calls) -> Result<Audit, ScanError> {
    let classes = Classes::of(settings)?;
    let ids: Vec<FileId> = tree.ids().collect();
    let read: Vec<Option<Read>> =
        ids.par_iter().map(|id| read(tree, *id, settings, &classes)).collect();
    let mounted: HashMap<&str, &str> = read
        .iter()
        .flatten()
        .flat_map(|file| &file.routes.mounted)
        .map(|(module, prefix)| (module.as_str(), prefix.as_str()))
        .collect();
    let mut capabilities = Vec::new();
    for (id, file) in ids.iter().zip(&read) {
        let Some(file) = file.as_ref().filter(|file| file.class == Class::Production) else {
            continue;
        };
        let path = &tree.file(*id).path;
        capabilities.extend(endpoints(path, file, &mounted));
        capabilities.extend(file.defined.iter().map(|each| definition(path, each)));
    }
    count(tree, settings, &classes, &mut capabilities);
    for capability in &mut capabilities {
        capability.live = calls.of_name_or_place(&capability.name, &capability.defined.path);
    }
    capabilities.sort_by(|a, b| (a.kind, &a.name, &a.defined).cmp(&(b.kind, &b.name, &b.defined)));
    let missed = read.iter().filter(|file| file.is_none()).count() + tree.unread().len();
    Ok(Audit { capabilities, files: tree.files().len(), unread: missed })
}

fn read(tree: &SourceTree, id: FileId, settings: &Settings, classes: &Classes) -> Option<Read> {
    let file = tree.file(id);
    let text = tree.read(id, settings).ok()?;
    let class = classes.of_file(std::path::Path::new(&*file.path), &text);
    if class != Class::Production {
        return Some(Read { class, routes: Routes::default(), defined: Vec::new() });
    }
    let syntax = parse(file.language, &text);
    let routes = routes(syntax.root_node(), &text);
    Some(Read { class, routes, defined: defined(syntax.root_node(), &text, settings) })
}

fn endpoints(path: &str, file: &Read, mounted: &HashMap<&str, &str>) -> Vec<Capability> {
    let prefix = prefix_of(path, mounted);
    let mut found = Vec::new();
    for route in &file.routes.routes {
        let full = format!("{}{}", prefix.trim_end_matches('/'), route.path);
        let mut parts = full.split(['/', '-', '_']).map(str::to_lowercase);
        let served = equivalents::of_endpoint(&route.method, &full);
        let about = parts.any(|part| {
            let single = part.strip_suffix('s').unwrap_or(&part);
            SUBJECTS.contains(&part.as_str()) || SUBJECTS.contains(&single)
        });
        if !about && served == Served::Unknown {
            continue;
        }
        found.push(Capability {
            kind: Kind::Endpoint,
            name: format!("{} {full}", route.method),
            defined: Place { path: path.to_owned(), line: route.row + 1 },
            served,
            production: Vec::new(),
            elsewhere: 0,
            live: None,
        });
    }
    found
}

/// The prefix that some other file gives to the routes of this one: by the longest end of its path.
fn prefix_of<'m>(path: &str, mounted: &HashMap<&str, &'m str>) -> &'m str {
    let bare = path.rsplit_once('.').map_or(path, |(bare, _)| bare);
    let bare =
        bare.strip_suffix("/__init__").or_else(|| bare.strip_suffix("/index")).unwrap_or(bare);
    let mut end = bare;
    loop {
        match (mounted.get(end), end.split_once('/')) {
            (Some(prefix), _) => return prefix,
            (None, Some((_, shorter))) => end = shorter,
            (None, None) => return "",
        }
    }
}

fn definition(path: &str, each: &Defined) -> Capability {
    let (kind, served) = match each.about {
        About::Tokens => (Kind::Operation, equivalents::of_operation(&each.name)),
        About::Sockets => (Kind::Method, equivalents::of_method(&each.name)),
    };
    let name =
        each.class.as_ref().map_or_else(|| each.name.clone(), |c| format!("{c}.{}", each.name));
    let defined = Place { path: path.to_owned(), line: each.row + 1 };
    Capability { kind, name, defined, served, production: Vec::new(), elsewhere: 0, live: None }
}

/// What a capability is named by where it is used.
fn called(capability: &Capability) -> &str {
    match capability.kind {
        Kind::Endpoint => capability.name.split_once(' ').map_or("", |(_, path)| path),
        Kind::Operation | Kind::Method => {
            capability.name.rsplit('.').next().unwrap_or(&capability.name)
        }
    }
}

fn count(tree: &SourceTree, settings: &Settings, classes: &Classes, found: &mut [Capability]) {
    let mut wanted = Wanted::default();
    for capability in found.iter() {
        let name = called(capability);
        match capability.kind {
            Kind::Endpoint if wanted.paths.iter().all(|(path, _)| path != name) => {
                wanted.add_path(name);
            }
            Kind::Endpoint => {}
            Kind::Operation | Kind::Method => {
                wanted.names.insert(name.to_owned());
            }
        }
    }
    let ids: Vec<FileId> = tree.ids().collect();
    let uses: Vec<_> = ids
        .par_iter()
        .filter_map(|id| {
            let file = tree.file(*id);
            let text = tree.read(*id, settings).ok()?;
            let syntax = parse(file.language, &text);
            let class = classes.of_file(std::path::Path::new(&*file.path), &text);
            let uses = wanted.uses(syntax.root_node(), &text);
            let owned = uses.into_iter().map(|(name, rows)| (name.to_owned(), rows));
            Some((file.path.to_string(), class, owned.collect::<BTreeMap<_, _>>()))
        })
        .collect();
    for capability in found {
        let name = called(capability).to_owned();
        for (path, class, uses) in &uses {
            for row in uses.get(&name).into_iter().flatten() {
                let place = Place { path: path.clone(), line: row + 1 };
                if place == capability.defined {
                    continue;
                }
                if *class == Class::Production {
                    capability.production.push(place);
                } else {
                    capability.elsewhere += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn audited(files: &[(&str, &str)], calls: &str) -> Vec<Capability> {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let place = folder.path().join(path);
            fs::create_dir_all(place.parent().expect("a folder")).expect("made");
            fs::write(place, text).expect("written");
        }
        let settings = Settings::default();
        let tree = SourceTree::walk(folder.path(), &settings).expect("walked");
        let calls = Calls::read(calls).expect("read");
        audit(&tree, &settings, &calls).expect("audited").capabilities
    }

    const ROUTES: &str = "router = APIRouter()\n@router.post('/validate')\ndef v(): ...\n\
                          @router.post('/create-token')\ndef c(): ...\n@router.get('/magic-token')\n\
                          def m(): ...\n";
    const MAIN: &str = "from routes.auth import router\napp.include_router(router, prefix='/auth')\n\
         @app.get('/items')\ndef items(): ...\n";

    #[test]
    fn endpoints_are_told_by_what_stands_in_for_them_and_by_who_calls_them() {
        let client = "fetch(`${base}/auth/validate`);";
        let test = "client.post('/auth/create-token')\n";
        let found = audited(
            &[
                ("routes/auth.py", ROUTES),
                ("main.py", MAIN),
                ("ui/a.ts", client),
                ("tests/test_a.py", test),
            ],
            "{\"name\":\"GET /auth/magic-token\",\"calls\":3,\"days\":14}",
        );
        let shown: Vec<_> = found
            .iter()
            .map(|each| (each.name.as_str(), each.served.code(), each.is_idle(), each.elsewhere))
            .collect();
        assert_eq!(
            shown,
            [
                ("GET /auth/magic-token", "unknown", false, 0),
                ("POST /auth/create-token", "nothing", true, 1),
                ("POST /auth/validate", "same", false, 0),
            ]
        );
    }

    #[test]
    fn methods_and_operations_are_told_and_test_doubles_are_not() {
        let text = "class WebSocketManager:\n  def send_to_user(self): ...\n  def dance(self): ...\n\
                    class JWTHandler:\n  def validate_token(self): ...\n";
        let double = "class WebSocketManager:\n  def send_to_user(self): ...\n";
        let user = "manager.send_to_user(1)\n";
        let found =
            audited(&[("app/m.py", text), ("app/u.py", user), ("tests/test_m.py", double)], "");
        let shown: Vec<_> = found
            .iter()
            .map(|each| (each.name.as_str(), each.served.code(), each.is_idle()))
            .collect();
        assert_eq!(
            shown,
            [
                ("JWTHandler.validate_token", "by", true),
                ("WebSocketManager.dance", "unknown", true),
                ("WebSocketManager.send_to_user", "by", false),
            ]
        );
    }
}
