//! What becomes of one imported thing.

/// An import that comes new into a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NewImport {
    /// `from module import name as alias`.
    From {
        /// The module.
        module: String,
        /// The name in it.
        name: String,
        /// What it is called here, when not that.
        alias: Option<String>,
    },
    /// `import module as alias`.
    Plain {
        /// The module.
        module: String,
        /// What it is called here, when not that.
        alias: Option<String>,
    },
}

impl NewImport {
    /// A name of a module under the name `local`.
    pub fn name(module: &str, name: &str, local: &str) -> Self {
        let alias = (name != local).then(|| local.to_owned());
        Self::From { module: module.to_owned(), name: name.to_owned(), alias }
    }

    /// A module under the one name `local`.
    pub fn module(module: &str, local: &str) -> Self {
        if let Some((package, last)) = module.rsplit_once('.') {
            return Self::name(package, last, local);
        }
        let alias = (module != local).then(|| local.to_owned());
        Self::Plain { module: module.to_owned(), alias }
    }

    /// What stands behind `import`.
    pub fn item(&self) -> String {
        let (name, alias) = match self {
            Self::From { name, alias, .. } => (name, alias),
            Self::Plain { module, alias } => (module, alias),
        };
        alias.as_ref().map_or_else(|| name.clone(), |alias| format!("{name} as {alias}"))
    }
}

/// What becomes of one imported thing.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Whether the old import stays.
    pub stays: bool,
    /// What comes in its place, or beside it.
    pub new: Vec<NewImport>,
}

impl Decision {
    /// It stays as it is.
    pub const fn stay() -> Self {
        Self { stays: true, new: Vec::new() }
    }

    /// It becomes another.
    pub fn become_(new: NewImport) -> Self {
        Self { stays: false, new: vec![new] }
    }

    /// It goes.
    pub const fn gone() -> Self {
        Self { stays: false, new: Vec::new() }
    }

    /// True when nothing changes.
    pub fn is_stay(&self) -> bool {
        self.stays && self.new.is_empty()
    }
}
