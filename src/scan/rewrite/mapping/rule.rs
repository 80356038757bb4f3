//! One rule of a mapping.

/// The languages that are rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Modules are dotted names.
    Python,
    /// TypeScript and JavaScript; modules are paths in the tree or packages.
    Script,
}

impl Language {
    /// What stands between the parts of a module's name.
    pub const fn separator(self) -> char {
        match self {
            Self::Python => '.',
            Self::Script => '/',
        }
    }
}

/// What becomes of the uses of a name that has moved under another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uses {
    /// The file goes on calling it by the old name: `from c import W as X`.
    Keep,
    /// They take the new name, where nothing outside the file knows the old one.
    Rename,
}

/// What happens to the `await` of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Await {
    /// It stays as it is.
    Keep,
    /// The factory was asynchronous, the accessor is not.
    Drop,
    /// The accessor is asynchronous, the factory was not.
    Add,
}

/// What happens to one argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its keyword at the factory.
    pub name: Option<String>,
    /// Its place at the factory, from 0, when it is given without keyword.
    pub at: Option<usize>,
    /// What becomes of it.
    pub becomes: At,
}

/// Where an argument goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// To this keyword.
    Keyword(String),
    /// Nowhere: the accessor does not take it.
    Dropped,
}

/// How calls of a factory become calls of the accessor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallShape {
    /// What happens to the `await` before it.
    pub awaits: Await,
    /// Arguments that change; others stay as they are.
    pub arguments: Vec<Argument>,
}

impl CallShape {
    /// True when nothing but the name changes, so that a use without a call may change, too.
    pub fn is_plain(&self) -> bool {
        self.awaits == Await::Keep && self.arguments.is_empty()
    }
}

/// A module, or a name in it, that lives elsewhere now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The language of the modules.
    pub language: Language,
    /// The module that is left.
    pub from: String,
    /// The one name that moves; without it, the whole module.
    pub name: Option<String>,
    /// The module it is taken from now.
    pub to: String,
    /// What the name is called there.
    pub new_name: Option<String>,
    /// Whether modules below the old one move as well.
    pub below: bool,
    /// Whether a module stays at the old place that passes on what moved.
    pub alias: bool,
    /// What becomes of uses under the old name.
    pub uses: Uses,
    /// For a factory: how its calls become calls of the accessor.
    pub call: Option<CallShape>,
}

/// A module's new place, and the rule that says so.
#[derive(Clone, Debug)]
pub struct Moved<'m> {
    /// The new place.
    pub to: String,
    /// The rule.
    pub rule: &'m Rule,
}

impl Rule {
    /// What moves, for people.
    pub fn source(&self) -> String {
        self.joined(&self.from, self.name.as_deref())
    }

    /// Where it goes, for people.
    pub fn target(&self) -> String {
        self.joined(&self.to, self.new_name.as_deref())
    }

    fn joined(&self, module: &str, name: Option<&str>) -> String {
        let between = match self.language {
            Language::Python => ".",
            Language::Script => "#",
        };
        name.map_or_else(|| module.to_owned(), |name| format!("{module}{between}{name}"))
    }

    /// Where a rule for a whole module takes `module`.
    pub fn moved(&self, module: &str) -> Option<String> {
        let rest = module.strip_prefix(self.from.as_str())?;
        let below = self.below && rest.starts_with(self.language.separator());
        (rest.is_empty() || below).then(|| format!("{}{rest}", self.to))
    }

    /// What the name is called at its new place; for a rule of a whole module, `name` itself.
    pub fn renamed<'r>(&'r self, name: &'r str) -> &'r str {
        self.new_name.as_deref().unwrap_or(name)
    }

    /// The shape of calls, where there is more to it than a name.
    pub fn shape(&self) -> Option<&CallShape> {
        self.call.as_ref().filter(|shape| !shape.is_plain())
    }
}
