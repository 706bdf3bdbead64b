//! Random bytes of the system, for secrets and passwords.

use std::fmt::Write;
use std::fs::File;
use std::io::Read;

use crate::outcome::{Context, Outcome};

/// That many random bytes in hexadecimal.
pub(crate) fn random_hex(bytes: usize) -> Outcome<String> {
    let mut chance = vec![0; bytes];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut chance))
        .doing(|| "read random bytes from /dev/urandom".to_owned())?;
    Ok(chance.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_secrets_differ_and_have_the_asked_length() {
        let (one, other) = (random_hex(32).unwrap(), random_hex(32).unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
