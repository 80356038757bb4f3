//! How much of what was found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::category::Category;
use super::class::Class;
use super::finding::Finding;

/// Categories whose findings are copies of the authority or the manager: a place that can be
/// deleted once nobody calls it. In the order in which they name a place that is several.
pub const COPIES: [Category; 9] = [
    Category::Validator,
    Category::VerifiedDecode,
    Category::UnverifiedDecode,
    Category::Encode,
    Category::HandParse,
    Category::FrontendDecode,
    Category::SocketManager,
    Category::FactoryDefinition,
    Category::SocketSend,
];

/// Findings that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// What they are.
    pub category: Category,
    /// What their files are for.
    pub class: Class,
    /// The service that they belong to; empty for none.
    pub service: String,
    /// They are in the canonical module, where they may be.
    pub canonical: bool,
    /// How many.
    pub count: u64,
}

impl Count {
    /// True for copies in production code outside the canonical module.
    pub const fn is_rival(&self) -> bool {
        self.category.is_rival() && matches!(self.class, Class::Production) && !self.canonical
    }
}

/// Counts findings that are alike, in the order of categories.
pub fn counts<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Vec<Count> {
    let mut alike: BTreeMap<(Category, Class, &str, bool), u64> = BTreeMap::new();
    for each in findings {
        *alike.entry((each.category, each.class, &each.service, each.canonical)).or_default() += 1;
    }
    let count = |((category, class, service, canonical), count): ((_, _, &str, _), _)| Count {
        category,
        class,
        service: service.to_owned(),
        canonical,
        count,
    };
    alike.into_iter().map(count).collect()
}

/// Categories that are shown together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Copies of the authority.
    Tokens,
    /// Copies of the manager.
    Sockets,
    /// Ways to either that are to go.
    Imports,
    /// What is no copy of anything.
    Apart,
}

impl Group {
    /// Every one, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Tokens, Self::Sockets, Self::Imports, Self::Apart];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Sockets => "sockets",
            Self::Imports => "imports",
            Self::Apart => "counted alone, no copies",
        }
    }

    /// The group of a category.
    pub const fn of(category: Category) -> Self {
        match category {
            Category::JwtImport
            | Category::VerifiedDecode
            | Category::UnverifiedDecode
            | Category::Encode
            | Category::HandParse
            | Category::Validator
            | Category::KeyRead
            | Category::FrontendDecode
            | Category::StorageTokenRead
            | Category::UrlToken => Self::Tokens,
            Category::SocketManager
            | Category::ManagerAlias
            | Category::FactoryDefinition
            | Category::SocketSend
            | Category::SocketAccept
            | Category::SocketClose
            | Category::SocketReceive => Self::Sockets,
            Category::LegacyImport | Category::UnresolvableImport => Self::Imports,
            Category::Delegate
            | Category::SocketManagerNamesake
            | Category::AccessorUse
            | Category::EventEmission => Self::Apart,
        }
    }

    /// Its categories, in the order of tables.
    pub fn categories(self) -> impl Iterator<Item = Category> {
        Category::ALL.into_iter().filter(move |category| Self::of(*category) == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::made_up::finding;

    #[test]
    fn findings_are_counted_by_what_they_are_and_where() {
        let mut canonical = finding(Category::Encode, "auth/a.py", "issue", "jwt.encode(x)");
        canonical.canonical = true;
        let one = finding(Category::Encode, "app/a.py", "make", "jwt.encode(x)");
        let two = finding(Category::Encode, "app/b.py", "make", "jwt.encode(y)");
        let counts = counts([&one, &canonical, &two]);
        let told: Vec<_> = counts.iter().map(|each| (each.canonical, each.count)).collect();
        assert_eq!(told, [(false, 2), (true, 1)]);
        assert!(counts[0].is_rival() && !counts[1].is_rival());
    }

    #[test]
    fn what_stands_apart_is_no_rival_and_every_copy_is_one() {
        for category in Category::ALL {
            assert_eq!(Group::of(category) == Group::Apart, !category.is_rival(), "{category}");
        }
        assert!(COPIES.iter().all(|category| category.is_rival()));
    }
}
