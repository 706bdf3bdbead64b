//! Typed ids: `UUIDv7` in the database, [TypeID](https://github.com/jetify-com/typeid) text in the API (`conv_01h455vb4pex5vsknk084sn02q`).

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A kind of thing that has ids.
pub trait Prefixed {
    /// What stands before the underscore.
    const PREFIX: &'static str;
}

/// The id of one `E`. Ids of different things do not mix.
pub struct Id<E> {
    uuid: Uuid,
    kind: PhantomData<fn() -> E>,
}

impl<E> Id<E> {
    /// Wraps what the database holds.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// What the database holds.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }

    /// The 26 characters after the prefix.
    pub fn suffix(self) -> String {
        encode(self.uuid)
    }
}

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct NotAnId;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Crockford base 32, lower case, 26 characters for 128 bits.
pub fn encode(uuid: Uuid) -> String {
    let number = uuid.as_u128();
    (0..26_u32)
        .rev()
        .map(|place| {
            let digit = usize::try_from((number >> (place * 5)) & 31).unwrap_or(0);
            char::from(ALPHABET.get(digit).copied().unwrap_or(b'0'))
        })
        .collect()
}

/// The reverse of [`encode`]; `None` for anything that `encode` would not have written.
pub fn decode(text: &str) -> Option<Uuid> {
    if text.len() != 26 || text.as_bytes().first().is_none_or(|first| !(b'0'..=b'7').contains(first)) {
        return None;
    }
    let mut number = 0_u128;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        number = (number << 5) | u128::try_from(digit).ok()?;
    }
    Some(Uuid::from_u128(number))
}

impl<E: Prefixed> fmt::Display for Id<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", E::PREFIX, encode(self.uuid))
    }
}

impl<E: Prefixed> fmt::Debug for Id<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: Prefixed> FromStr for Id<E> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let rest = text.strip_prefix(E::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or(NotAnId)?;
        decode(rest).map(Self::from_uuid).ok_or(NotAnId)
    }
}

impl<E: Prefixed> Serialize for Id<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, E: Prefixed> Deserialize<'de> for Id<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<E: Prefixed> utoipa::PartialSchema for Id<E> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", E::PREFIX)))
            .examples([serde_json::json!(format!("{}_01h455vb4pex5vsknk084sn02q", E::PREFIX))])
            .into()
    }
}

impl<E: Prefixed> utoipa::ToSchema for Id<E> {
    fn name() -> std::borrow::Cow<'static, str> {
        let mut letters = E::PREFIX.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        format!("{}{}Id", first.unwrap_or_default(), letters.as_str()).into()
    }
}

impl<E> Clone for Id<E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<E> Copy for Id<E> {}
impl<E> PartialEq for Id<E> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<E> Eq for Id<E> {}
impl<E> PartialOrd for Id<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<E> Ord for Id<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<E> std::hash::Hash for Id<E> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_typeid_specification_round_trips() {
        let uuid: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        assert_eq!(encode(uuid), "01h455vb4pex5vsknk084sn02q");
        assert_eq!(decode("01h455vb4pex5vsknk084sn02q"), Some(uuid));
        assert_eq!(encode(Uuid::max()), "7zzzzzzzzzzzzzzzzzzzzzzzzz");
    }

    #[test]
    fn what_encode_never_writes_is_refused() {
        for text in [
            "",
            "8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "01H455VB4PEX5VSKNK084SN02Q",
            "01h455vb4pex5vsknk084sn02",
            "01h455vb4pex5vsknk084sn02l",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
