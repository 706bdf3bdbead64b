//! Passwords: argon2id (RFC 9106) at the crate's recommended cost, off the async threads and few at a time.

use std::sync::LazyLock;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use infra::database::StoreError;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many are hashed at once in a process: a login flood must not take the processors from the chats.
const AT_ONCE: u8 = 2;
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(AT_ONCE.into()));

/// What an unknown address is compared with, so that it takes as long as a known one.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password").unwrap_or_default());

fn hash_now(password: &str) -> Option<String> {
    Argon2::default().hash_password(password.as_bytes()).ok().map(|hash| hash.to_string())
}

fn failed() -> StoreError {
    StoreError::Refused("password hashing failed".into())
}

/// Waits for a turn, but not for long: a queue that nobody leaves would outlive its callers.
async fn turn() -> Result<SemaphorePermit<'static>, StoreError> {
    match tokio::time::timeout(std::time::Duration::from_secs(3), TURNS.acquire()).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(StoreError::Unavailable("too many passwords at once".into())),
    }
}

/// Every turn there is, for as long as it is kept: what a flood of passwords does to everybody else, without the flood.
pub async fn take_every_turn() -> Result<SemaphorePermit<'static>, StoreError> {
    TURNS.acquire_many(AT_ONCE.into()).await.map_err(|_| failed())
}

/// The hash to keep.
pub async fn hash(password: String) -> Result<String, StoreError> {
    let _permit = turn().await?;
    tokio::task::spawn_blocking(move || hash_now(&password)).await.ok().flatten().ok_or_else(failed)
}

/// Whether the password fits. `None` takes as long and says no.
pub async fn fits(password: String, hash: Option<String>) -> Result<bool, StoreError> {
    let _permit = turn().await?;
    tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let fits = argon2::PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        fits && known
    })
    .await
    .map_err(|_| failed())
}

/// Refuses what is too short to be safe, too long to be honest, or guessed first.
pub fn check(check: &mut infra::validate::Check, field: &str, password: &str, email: &str) {
    let length = password.chars().count();
    let common = [
        "password",
        "12345678",
        "123456789",
        "1234567890",
        "qwertyuiop",
        "11111111",
        "password1",
        "iloveyou",
        "88888888",
        "00000000",
    ];
    let lower = password.to_lowercase();
    if length < 8 {
        check.refuse(field, "password_too_short", "At least 8 characters.");
    } else if length > 200 {
        check.refuse(field, "password_too_long", "At most 200 characters.");
    } else if common.contains(&lower.as_str()) || lower == email {
        check.refuse(field, "password_weak", "This password is among the first that are tried.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let kept = hash("correct horse".into()).await.unwrap();
        assert!(kept.starts_with("$argon2id$"));
        assert!(fits("correct horse".into(), Some(kept.clone())).await.unwrap());
        assert!(!fits("wrong horse".into(), Some(kept)).await.unwrap());
        assert!(!fits("nobody has this password".into(), None).await.unwrap());
    }
}
