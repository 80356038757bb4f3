//! Where a browser may be sent after a sign-in.

/// Longest accepted path, in bytes.
const LENGTH_MAX: usize = 200;

/// Lets a path on this site through, with its query. Anything that a browser could take for
/// another site is refused: `//host`, `/\host`, a scheme, and control characters, which browsers
/// leave out before they look.
pub(super) fn checked(text: &str) -> Result<&str, String> {
    let local = text.starts_with('/')
        && text.len() <= LENGTH_MAX
        && !text.contains("//")
        && !text.contains('\\')
        && text.chars().all(|c| c.is_ascii_graphic());
    local
        .then_some(text)
        .ok_or_else(|| format!("next is a path of at most {LENGTH_MAX} characters"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_on_this_site_is_let_through() {
        for path in ["/", "/flags/http-auth", "/flags?stage=shadow&next=x#row"] {
            assert_eq!(checked(path), Ok(path));
        }
        let long = format!("/{}", "a".repeat(200));
        for odd in [
            "",
            "flags",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/a//b",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nx: y",
            " /",
            "/ä",
            "/a b",
            "/\0",
            &long,
        ] {
            assert!(checked(odd).is_err(), "{odd:?}");
        }
    }
}
