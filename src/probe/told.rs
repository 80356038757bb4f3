//! What an answer tells of what decided.

use crate::domain::{ComponentId, Provenance, Revision, Side};

/// Reads a structured field such as `ssot;component="http-auth";revision=3;path="authority"`.
/// What it does not tell, or tells in another way, stays as it is.
pub(super) fn read(field: &str, into: &mut Provenance) {
    let mut parts = field.split(';').map(str::trim);
    let Some(side) = parts.next().and_then(side) else { return };
    into.side = Some(side);
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        let value = value.trim_matches('"');
        match name {
            "component" => {
                if let Ok(id) = ComponentId::parse(value) {
                    into.component = Some(id);
                }
            }
            "revision" => into.revision = value.parse().ok().map(Revision),
            "path" if !value.is_empty() => into.path = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// Reads a side's name.
pub(super) fn side(text: &str) -> Option<Side> {
    Side::BOTH.into_iter().find(|side| side.as_str() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_tells_what_decided_and_nonsense_tells_nothing() {
        let mut told = Provenance::default();
        read("legacy;component=\"http-auth\";revision=12;path=\"remote\"", &mut told);
        assert_eq!((told.side, told.revision), (Some(Side::Legacy), Some(Revision(12))));
        assert_eq!(told.component.as_ref().map(ComponentId::as_str), Some("http-auth"));
        assert_eq!(told.path.as_deref(), Some("remote"));
        let before = told.clone();
        for odd in ["", "somebody;revision=1", "1"] {
            read(odd, &mut told);
            assert_eq!(told, before, "{odd:?}");
        }
    }
}
