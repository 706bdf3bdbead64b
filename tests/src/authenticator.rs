//! An authenticator app: knows a secret, and what its code is at a moment.

use infra::Timestamp;
use totp_rs::{Builder, Secret};

/// The code of a moment for the secret that was typed into the app.
///
/// # Panics
/// When it is no secret.
pub fn authenticator_code(secret: &str, at: Timestamp) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(at.timestamp()).unwrap()).to_string()
}
