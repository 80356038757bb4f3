//! With what a browser comes back (RFC 6749 §4.1.2, RFC 9207).

/// Longest code that is passed on, in bytes.
const CODE_MAX: usize = 4_096;

/// The query with which the provider sends a browser back.
#[derive(Clone, Copy, Default)]
pub struct ProviderAnswer<'a> {
    /// What is exchanged for the tokens.
    pub code: Option<&'a str>,
    /// What the sign-in began with.
    pub state: Option<&'a str>,
    /// Who answers.
    pub iss: Option<&'a str>,
    /// Why there is no code.
    pub error: Option<&'a str>,
}

impl<'a> ProviderAnswer<'a> {
    /// The code, once nothing speaks against it; else what does. An answer of another issuer is
    /// a mix-up (RFC 9207 §1), whatever else is in it.
    pub(super) fn code(
        &self,
        issuer: &str,
        issuer_required: bool,
    ) -> Result<&'a str, &'static str> {
        match self.iss {
            Some(iss) if iss != issuer => return Err("another issuer answers"),
            None if issuer_required => return Err("the answer names no issuer"),
            Some(_) | None => {}
        }
        if self.error.is_some() {
            return Err("the provider says no");
        }
        let code = self.code.ok_or("the answer holds no code")?;
        let fits = !code.is_empty() && code.len() <= CODE_MAX && code.is_ascii();
        fits.then_some(code).ok_or("the code is empty, too long or not ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://provider.example";

    #[test]
    fn an_answer_of_another_issuer_or_without_a_code_is_none() {
        let good = ProviderAnswer { code: Some("c"), ..ProviderAnswer::default() };
        let named = ProviderAnswer { iss: Some(ISSUER), ..good };
        assert_eq!(good.code(ISSUER, false), Ok("c"));
        assert_eq!(named.code(ISSUER, true), Ok("c"));
        let long = "c".repeat(CODE_MAX + 1);
        for odd in [
            ProviderAnswer { iss: Some("https://provider.example/"), ..good },
            ProviderAnswer { error: Some("access_denied"), ..named },
            ProviderAnswer { code: None, ..named },
            ProviderAnswer { code: Some(""), ..named },
            ProviderAnswer { code: Some(&long), ..named },
        ] {
            assert!(odd.code(ISSUER, false).is_err());
        }
        assert!(good.code(ISSUER, true).is_err());
    }
}
