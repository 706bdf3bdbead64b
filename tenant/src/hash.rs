//! Hashes of secrets at rest. The secrets carry 256 random bits, so a plain hash is enough (no dictionary to try).

use sha2::{Digest, Sha256};

/// SHA-256.
pub(crate) fn sha256(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Equality that takes the same time wherever the difference is.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(left, right).into()
}
