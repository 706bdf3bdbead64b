//! Secrets at rest: sealed with XChaCha20-Poly1305 under a key from the installation's secret, and bound to the place they lie in.
//!
//! A sealed text says which key it was sealed with, so a secret of the installation can be replaced while everything sealed with the
//! one before can still be opened. It opens in its own place only: copied to another row, or to another use, it is no good.
//!
//! Must be absent: what the secrets are for, and any logging. Everything in here is a secret or looks like one.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use infra::{Chance, Fault, Kind};
use sha2::Sha256;
use uuid::Uuid;

/// The first byte of everything sealed in this way.
const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 24;
/// Authenticates; the cipher appends it.
const TAG: usize = 16;

/// Where a sealed secret lies. It opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What for, like `totp`. Never changed once used.
    purpose: &'static str,
    /// Whose: the row it is in, or the company.
    owner: Uuid,
}

impl Place {
    /// The place of the secret that `owner` has for `purpose`.
    pub const fn new(purpose: &'static str, owner: Uuid) -> Self {
        Self { purpose, owner }
    }

    fn bind(self, header: &[u8]) -> Vec<u8> {
        [header, self.purpose.as_bytes(), &[0], self.owner.as_bytes()].concat()
    }
}

/// What is there cannot be opened: it was sealed with another secret, for another place, or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed secret cannot be opened")]
pub struct Unsealable;

impl Fault for Unsealable {
    fn kind(&self) -> Kind {
        Kind::Internal
    }
    fn code(&self) -> &'static str {
        "internal"
    }
}

/// One key, with the name it is found by.
#[derive(Clone)]
struct Named {
    id: [u8; KEY_ID],
    cipher: XChaCha20Poly1305,
}

impl Named {
    /// Stretches what is secret into a key and a name for it. The name tells nothing of the key.
    fn stretch(secret: &[u8]) -> Result<Self, Unsealable> {
        let spread = Hkdf::<Sha256>::new(Some(b"frontdesk:seal"), secret);
        let (mut key, mut id) = ([0_u8; 32], [0_u8; KEY_ID]);
        spread.expand(b"key", &mut key).map_err(|_| Unsealable)?;
        spread.expand(b"id", &mut id).map_err(|_| Unsealable)?;
        Ok(Self { id, cipher: XChaCha20Poly1305::new(&Key::from(key)) })
    }
}

/// Seals with the newest key, and opens with any that it has.
#[derive(Clone)]
pub struct Sealer {
    newest: Named,
    older: Vec<Named>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer of {} keys", self.older.len() + 1)
    }
}

impl Sealer {
    /// Seals with a key from the present secret; opens what was sealed with it or with one of those before it.
    pub fn new<'a>(
        secret: impl AsRef<[u8]>,
        before: impl IntoIterator<Item = &'a (impl AsRef<[u8]> + ?Sized + 'a)>,
    ) -> Result<Self, Unsealable> {
        let newest = Named::stretch(secret.as_ref())?;
        let older = before.into_iter().map(|old| Named::stretch(old.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { newest, older })
    }

    /// Seals a secret for its place.
    pub fn seal(&self, chance: &Chance, place: Place, plain: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let mut nonce = [0_u8; NONCE];
        chance.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(1 + KEY_ID + NONCE + plain.len() + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.newest.id);
        let aad = place.bind(&sealed);
        let payload = Payload { msg: plain, aad: &aad };
        let locked = self.newest.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| Unsealable)?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&locked);
        Ok(sealed)
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (header, rest) = sealed.split_at_checked(1 + KEY_ID).ok_or(Unsealable)?;
        let (nonce, locked) = rest.split_first_chunk::<NONCE>().ok_or(Unsealable)?;
        let key = self.find(header).ok_or(Unsealable)?;
        let aad = place.bind(header);
        key.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: locked, aad: &aad }).map_err(|_| Unsealable)
    }

    /// Whether it was sealed with an older key, and should be sealed anew when there is a chance.
    pub fn is_stale(&self, sealed: &[u8]) -> bool {
        let newest = sealed.first() == Some(&VERSION) && sealed.get(1..=KEY_ID) == Some(self.newest.id.as_slice());
        !newest
    }

    fn find(&self, header: &[u8]) -> Option<&Named> {
        let (version, id) = header.split_first()?;
        if *version != VERSION {
            return None;
        }
        std::iter::once(&self.newest).chain(&self.older).find(|key| key.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of at least thirty-two characters";
    const NEXT: &str = "the next secret, which also has thirty-two characters";

    fn only(secret: &str) -> Sealer {
        Sealer::new(secret, &[] as &[&str]).unwrap()
    }

    fn place() -> Place {
        Place::new("totp", Uuid::from_u128(7))
    }

    #[test]
    fn what_is_sealed_is_opened_in_its_place_and_nowhere_else() {
        let (keys, chance) = (only(SECRET), Chance::seeded(1));
        let sealed = keys.seal(&chance, place(), b"tea at five").unwrap();
        assert_eq!(keys.open(place(), &sealed).unwrap(), b"tea at five");
        assert!(!sealed.windows(3).any(|three| three == b"tea"));
        for elsewhere in [Place::new("totp", Uuid::from_u128(8)), Place::new("sso", Uuid::from_u128(7))] {
            assert_eq!(keys.open(elsewhere, &sealed), Err(Unsealable));
        }
        assert_eq!(only(NEXT).open(place(), &sealed), Err(Unsealable));
        assert_ne!(keys.seal(&chance, place(), b"tea at five").unwrap(), sealed, "the same words look different");
    }

    #[test]
    fn a_changed_bit_anywhere_is_noticed_and_so_is_every_cut() {
        let keys = only(SECRET);
        let sealed = keys.seal(&Chance::seeded(2), place(), b"word").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.open(place(), &changed), Err(Unsealable), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(keys.open(place(), &sealed[..length]), Err(Unsealable), "cut to {length}");
        }
    }

    #[test]
    fn a_secret_that_was_replaced_still_opens_what_it_sealed() {
        let (before, after) = (only(SECRET), Sealer::new(NEXT, [SECRET]).unwrap());
        let chance = Chance::seeded(3);
        let old = before.seal(&chance, place(), b"word").unwrap();
        assert_eq!(after.open(place(), &old).unwrap(), b"word");
        assert!(after.is_stale(&old) && !before.is_stale(&old));
        let new = after.seal(&chance, place(), b"word").unwrap();
        assert!(!after.is_stale(&new) && after.is_stale(b""));
        assert_eq!(before.open(place(), &new), Err(Unsealable));
    }

    #[test]
    fn nothing_is_shown_of_a_sealer() {
        assert_eq!(format!("{:?}", Sealer::new(NEXT, [SECRET]).unwrap()), "Sealer of 2 keys");
    }
}
