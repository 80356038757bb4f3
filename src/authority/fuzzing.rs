//! What the fuzz targets reach that nobody else needs.

use super::{Algorithm, jwk};

/// Ids and algorithms of the keys in somebody else's JWK set; `None` for what is none.
pub fn foreign_keys(bytes: &[u8]) -> Option<Vec<(String, Algorithm)>> {
    let keys = jwk::read_foreign(bytes)?;
    Some(keys.iter().map(|key| (key.id().to_owned(), key.algorithm())).collect())
}
