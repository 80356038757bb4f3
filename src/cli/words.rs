//! Names, roles and ids on the command line.

use crate::access::{Name, Role, Scope};
use crate::domain::ComponentId;

/// The id of a component.
pub fn component(text: &str) -> Result<ComponentId, String> {
    ComponentId::parse(text).map_err(|error| error.to_string())
}

/// A name of an operator or token.
pub fn name(text: &str) -> Result<Name, String> {
    let wrong = "a name is 1 to 64 of a-z, 0-9, ., _, - and @, a letter or digit first";
    Name::parse(text).ok_or_else(|| wrong.to_owned())
}

/// A role.
pub fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| format!("roles are {}", Role::ALL.map(Role::as_str).join(", ")))
}

/// A scope of a token.
pub fn scope(text: &str) -> Result<Scope, String> {
    let known = || format!("scopes are {}", Scope::ALL.map(Scope::as_str).join(", "));
    Scope::parse(&text.replace('-', "_")).ok_or_else(known)
}

/// An id that the service has shown; it becomes part of a path.
pub fn id(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let good = (1..=64).contains(&text.len()) && text.chars().all(plain);
    good.then(|| text.to_owned()).ok_or_else(|| "an id has letters, digits, - and _".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_part_of_a_path_has_no_path_in_it() {
        for wrong in ["..", "a/b", "a?b", "a%2fb", ""] {
            assert!(id(wrong).is_err() && name(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(scope("roll-back"), Ok(Scope::RollBack));
    }
}
