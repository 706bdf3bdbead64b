//! How a brand looks in the chat of its inboxes. What it leaves out is as the inbox and the company have it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use infra::validate::Check;
use serde::{Deserialize, Serialize};

/// How large a picture may be, in characters of its address: every page with the chat loads it.
const LARGEST_LOGO: usize = 32 * 1024;
/// Kinds of pictures, with how a file of each begins. None that could hold a script.
const KINDS: [(&str, &[u8]); 3] = [
    ("data:image/png;base64,", b"\x89PNG\r\n\x1a\n"),
    ("data:image/jpeg;base64,", b"\xff\xd8\xff"),
    ("data:image/webp;base64,", b"RIFF"),
];

/// A brand's look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BrandLook)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The name visitors read instead of the company's, at most 80 characters.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The colour instead of the inbox's, like `#1f6feb`.
    #[serde(default)]
    pub color: Option<String>,
    /// A picture beside the name: a PNG, JPEG or WebP as a `data:` address of at most 32 KiB.
    #[serde(default)]
    pub logo: Option<String>,
}

/// Whether it is a colour as pages write it, like `#1f6feb`.
pub(crate) fn is_color(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit())
}

impl Look {
    /// Within bounds; an empty text is none.
    pub(crate) fn checked(self, check: &mut Check) -> Self {
        let some = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let display_name = some(self.display_name).map(|name| check.line("look/display_name", &name, 1, 80));
        let color = some(self.color).map(|color| color.to_lowercase());
        if color.as_ref().is_some_and(|color| !is_color(color)) {
            check.refuse("look/color", "color_invalid", "A colour like #1f6feb.");
        }
        let logo = some(self.logo);
        if logo.as_ref().is_some_and(|logo| logo.len() > LARGEST_LOGO) {
            check.refuse("look/logo", "logo_too_large", "At most 32 KiB.");
        } else if logo.as_ref().is_some_and(|logo| !is_picture(logo)) {
            check.refuse("look/logo", "logo_invalid", "A PNG, JPEG or WebP as a data: address.");
        }
        Self { display_name, color, logo }
    }
}

fn is_picture(address: &str) -> bool {
    let kind = KINDS.iter().find_map(|(head, begins)| Some((address.strip_prefix(head)?, begins)));
    kind.is_some_and(|(rest, begins)| STANDARD.decode(rest).is_ok_and(|bytes| bytes.starts_with(begins)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(look: Look) -> bool {
        let mut check = Check::new();
        look.checked(&mut check);
        check.finish().is_err()
    }

    #[test]
    fn a_picture_is_what_it_says_it_is() {
        let png = format!("data:image/png;base64,{}", STANDARD.encode(b"\x89PNG\r\n\x1a\nrest"));
        let logo = |logo: &str| Look { logo: Some(logo.to_owned()), ..Look::default() };
        assert!(!faults(logo(&png)));
        assert!(faults(logo(&png.replace("png", "jpeg"))), "a PNG that says it is a JPEG");
        assert!(faults(logo("data:image/svg+xml;base64,PHN2Zz4=")), "what may hold a script");
        assert!(faults(logo("https://example.com/logo.png")), "what tells somebody who looks");
        assert!(faults(logo(&format!("data:image/png;base64,{}", "A".repeat(LARGEST_LOGO)))));
    }

    #[test]
    fn an_empty_text_is_none() {
        let mut check = Check::new();
        let look = Look { display_name: Some(" ".into()), color: Some(String::new()), logo: None };
        assert_eq!(look.checked(&mut check), Look::default());
        assert!(faults(Look { color: Some("red".into()), ..Look::default() }));
    }
}
