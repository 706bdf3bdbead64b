//! The API's ids as text and as the database holds them.

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Crockford base 32, lower case, 26 characters for 128 bits.
pub fn encode(number: u128) -> String {
    let digit = |place: u32| usize::try_from((number >> (place * 5)) & 31).ok().and_then(|digit| ALPHABET.get(digit));
    (0..26_u32).rev().filter_map(digit).map(|byte| char::from(*byte)).collect()
}

/// `conv_01h4…` and the like; `None` for anything else.
pub fn decode(text: &str) -> Option<Uuid> {
    let (_, digits) = text.rsplit_once('_')?;
    if digits.len() != 26 {
        return None;
    }
    let digit = |byte: u8| {
        Some(match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'h' => byte - b'a' + 10,
            b'j' | b'k' => byte - b'j' + 18,
            b'm' | b'n' => byte - b'm' + 20,
            b'p'..=b't' => byte - b'p' + 22,
            b'v'..=b'z' => byte - b'v' + 27,
            _ => return None,
        })
    };
    let number = digits.bytes().try_fold(0_u128, |number, byte| Some((number << 5) | u128::from(digit(byte)?)));
    number.map(Uuid::from_u128)
}

/// An id as the API writes it.
pub fn conversation(id: Uuid) -> String {
    format!("conv_{}", encode(id.as_u128()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_the_way_there_and_back() {
        for number in [0, 1, u128::MAX, 0x0189_7c5e_1234_7000_8000_0123_4567_89ab] {
            let id = Uuid::from_u128(number);
            assert_eq!(decode(&conversation(id)), Some(id));
        }
        for letter in ALPHABET {
            let text = format!("msg_0000000000000000000000000{}", char::from(*letter));
            let place = ALPHABET.iter().position(|other| other == letter).unwrap();
            assert_eq!(decode(&text).unwrap().as_u128(), place as u128);
        }
        for bad in [
            "",
            "conv_",
            "conv_01h455vb4pex5vsknk084sn02",
            "conv_01h455vb4pex5vsknk084sn0iq",
            "01h455vb4pex5vsknk084sn02q",
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
