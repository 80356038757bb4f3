//! Where to go after signing in.

/// The path if it is one of this place, else `/`. Browsers read `//host` and `/\host` as another
/// place, and drop tabs and line breaks before they look.
pub fn local_path(text: &str) -> &str {
    let plain = |c: char| c.is_ascii_graphic() && !r#"\"<>"#.contains(c);
    let second = text.chars().nth(1);
    let local = text.starts_with('/') && second != Some('/') && text.len() <= 500;
    if local && text.chars().all(plain) { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_place_are_followed() {
        for good in ["/", "/operators", "/flags/http-auth?a=b"] {
            assert_eq!(local_path(good), good);
        }
        let long = format!("/{}", "a".repeat(500));
        for bad in [
            "",
            "operators",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\nb",
            "/ä",
            "/a\"b",
            &long,
        ] {
            assert_eq!(local_path(bad), "/", "{bad:?}");
        }
    }
}
