//! The words that a name is made of.

/// `getCurrentUser_id` is `get`, `current`, `user`, `id`.
pub(super) fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let next_is_low = letters.peek().is_some_and(char::is_ascii_lowercase);
        let starts = letter.is_ascii_uppercase()
            && (last.is_ascii_lowercase()
                || last.is_ascii_digit()
                || (last.is_ascii_uppercase() && next_is_low));
        if letter.is_ascii_alphanumeric() {
            if starts || !last.is_ascii_alphanumeric() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(letter.to_ascii_lowercase());
            }
        }
        last = letter;
    }
    words
}

/// True when a key or parameter of this name holds a token of a user.
pub(super) fn is_token_name(name: &str) -> bool {
    let words = words_of(name);
    let other = ["csrf", "xsrf", "max", "count", "limit", "type", "url"];
    words.iter().any(|word| word == "token" || word == "jwt")
        && !words.iter().any(|word| other.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_falls_into_words_at_capitals_and_signs() {
        assert_eq!(words_of("getCurrentUser_id"), ["get", "current", "user", "id"]);
        assert_eq!(words_of("parseJWTToken"), ["parse", "jwt", "token"]);
        assert_eq!(words_of("_decode-jwt.v2"), ["decode", "jwt", "v2"]);
    }

    #[test]
    fn a_token_is_a_word_of_its_own() {
        for name in ["token", "auth_token", "accessToken", "netra-jwt", "app:jwt_token"] {
            assert!(is_token_name(name), "{name}");
        }
        for name in ["tokenizer", "max_tokens", "csrf_token", "XSRF-TOKEN", "theme"] {
            assert!(!is_token_name(name), "{name}");
        }
    }
}
