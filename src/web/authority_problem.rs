//! What a caller is told when the authority cannot do what was asked.

use axum::http::StatusCode;

use super::Problem;
use crate::authority::AuthorityError;

impl From<AuthorityError> for Problem {
    fn from(error: AuthorityError) -> Self {
        let text = error.to_string();
        let conflict = |code, title| Self::new(StatusCode::CONFLICT, code, title, text.clone());
        match error {
            AuthorityError::KeyUnknown(_) => Self::not_found(text),
            AuthorityError::KeyNotPublic(_) => conflict("key-not-public", "A shared secret"),
            AuthorityError::KeyIdTwice(_) | AuthorityError::KeyHeld { .. } => {
                conflict("key-held", "The key is held already")
            }
            AuthorityError::KeyRetired(_) => conflict("key-retired", "The key has retired"),
            AuthorityError::KeyAlgorithmTwice(_) => {
                conflict("key-algorithm", "One key, one algorithm")
            }
            AuthorityError::KeysTooMany { .. } => conflict("full", "No room for more"),
            AuthorityError::KeyNotPublished { .. } => {
                conflict("key-not-published", "Not everybody knows the key yet")
            }
            AuthorityError::KeyPinned(_) => {
                conflict("key-pinned", "The configuration says which key signs")
            }
            AuthorityError::KeyWithoutSuccessor(_) => {
                conflict("key-without-successor", "Nothing would sign")
            }
            AuthorityError::OnlySecretsSign => {
                conflict("only-secrets-sign", "No key that others can verify")
            }
            AuthorityError::MasterKeyMissing => conflict("master-key", "Keys cannot be kept"),
            AuthorityError::KeyId(_)
            | AuthorityError::SecretShort { .. }
            | AuthorityError::SecretWeak(_)
            | AuthorityError::KeyUnusable { .. }
            | AuthorityError::KeyKind { .. }
            | AuthorityError::KeyCannotSign(_)
            | AuthorityError::KeyNotActive { .. }
            | AuthorityError::TypeNotIssued(_)
            | AuthorityError::Order { .. } => Self::unprocessable(text),
            AuthorityError::RevocationsFull(_) | AuthorityError::FamiliesFull(_) => {
                tracing::error!(error = text, "no more is held");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "full", "No room for more", text)
            }
            AuthorityError::KeyMissing
            | AuthorityError::FingerprintKeyMissing
            | AuthorityError::MasterKeyForm
            | AuthorityError::NothingSigns
            | AuthorityError::Setting { .. }
            | AuthorityError::Crypto { .. }
            | AuthorityError::Unseal(_)
            | AuthorityError::Seal(_)
            | AuthorityError::ChangeBroken
            | AuthorityError::ClientUnusable { .. }
            | AuthorityError::IssuerUnusable { .. }
            | AuthorityError::IssuerOutOfReach { .. }
            | AuthorityError::FamilyUnreadable
            | AuthorityError::RevocationUnreadable(_) => {
                tracing::error!(error = text, "the authority cannot do what was asked");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "authority",
                    "The authority failed",
                    "it could not do what was asked; the log has the reason",
                )
            }
            AuthorityError::Store(_) => {
                tracing::error!(error = text, "the authority cannot read or write");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "store",
                    "The store failed",
                    "the change is not on the disk; what was revoked stays so until the process \
                     ends: repeat it",
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_what_conflicts_and_what_failed_are_told_apart() {
        let status = |error: AuthorityError| Problem::from(error).status().as_u16();
        assert_eq!(status(AuthorityError::KeyUnknown("k".into())), 404);
        assert_eq!(status(AuthorityError::KeyRetired("k".into())), 409);
        assert_eq!(status(AuthorityError::SecretWeak("k".into())), 422);
        assert_eq!(status(AuthorityError::ChangeBroken), 500);
        assert_eq!(status(AuthorityError::RevocationsFull(1)), 503);
    }
}
