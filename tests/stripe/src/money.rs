//! Amounts: whole cents, and prices of a unit in fractions of a cent (Stripe keeps twelve places).

/// Fractions of a cent in a cent.
const SCALE: i128 = 1_000_000_000_000;
const PLACES: usize = 12;

/// The price of a unit, exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Rate(i128);

impl Rate {
    pub(crate) fn cents(cents: i64) -> Self {
        Self(i128::from(cents) * SCALE)
    }

    /// From `12`, `0.05` or `-1.5`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || part.len() > PLACES || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let padded = format!("{part:0<PLACES$}");
        let whole: i128 = whole.parse().ok()?;
        Some(Self(sign * (whole.checked_mul(SCALE)? + padded.parse::<i128>().ok()?)))
    }

    /// So many units, in whole cents; half a cent is rounded away from zero.
    pub(crate) fn times(self, units: i64) -> i64 {
        share(self.0 * i128::from(units), 1, SCALE)
    }

    /// In whole cents, when it is.
    pub(crate) fn whole(self) -> Option<i64> {
        if self.0 % SCALE == 0 { i64::try_from(self.0 / SCALE).ok() } else { None }
    }

    /// As Stripe writes it: without zeros at the end.
    pub(crate) fn text(self) -> String {
        let (whole, part) = (self.0 / SCALE, (self.0 % SCALE).abs());
        let sign = if self.0 < 0 && whole == 0 { "-" } else { "" };
        let text = format!("{sign}{whole}.{part:012}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A part of an amount, like the seconds left of a month: `amount × part ÷ whole`, half rounded away from zero.
pub(crate) fn part(amount: i64, part: i64, whole: i64) -> i64 {
    share(i128::from(amount), i128::from(part), i128::from(whole.max(1)))
}

fn share(amount: i128, part: i128, whole: i128) -> i64 {
    let product = amount * part;
    let rounded = (product.abs() + whole / 2) / whole * product.signum();
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}

/// For people: `$12.50`, `¥12.50`, `€12.50`.
pub(crate) fn spoken(amount: i64, currency: &str) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let symbol = match currency {
        "usd" => "$",
        "eur" => "€",
        "cny" | "jpy" => "¥",
        "gbp" => "£",
        _ => "",
    };
    let cents = amount.unsigned_abs();
    if currency == "jpy" {
        return format!("{sign}{symbol}{cents}");
    }
    format!("{sign}{symbol}{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousandth_of_a_cent_is_not_lost_before_it_is_multiplied() {
        let rate = Rate::parse("0.005").unwrap();
        assert_eq!((rate.times(99), rate.times(100), rate.times(299)), (0, 1, 1));
        assert_eq!((rate.times(300), rate.times(-100)), (2, -1));
        assert_eq!(Rate::parse("0.5").unwrap().times(1), 1);
        for text in ["0.005", "12", "-1.5", "-0.25"] {
            assert_eq!(Rate::parse(text).unwrap().text(), text);
        }
        assert!(["", ".", "a", "1.1234567890123"].iter().all(|text| Rate::parse(text).is_none()));
    }

    #[test]
    fn the_parts_of_an_amount_are_rounded_to_the_nearest_cent() {
        assert_eq!((part(1_000, 1, 3), part(1_000, 2, 3), part(-1_000, 2, 3)), (333, 667, -667));
        assert_eq!((part(1, 1, 2), part(-1, 1, 2), part(0, 5, 0)), (1, -1, 0));
        assert_eq!((spoken(-1250, "usd"), spoken(5, "cny")), ("-$12.50".to_owned(), "¥0.05".to_owned()));
    }
}
