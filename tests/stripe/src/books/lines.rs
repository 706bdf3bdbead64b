//! The lines of an invoice: what is paid for, how much of it, and what is taken off. Pure reading of the books.

use serde::{Deserialize, Serialize};

use super::Books;
use super::catalogue::{Price, Scheme, Tier};
use super::item::InvoiceItem;
use crate::money::{Rate, part, spoken};

/// What an invoice is made of. Lines follow from it, and from what the meters say when they are drawn up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Part {
    /// So many of something, for a period ahead.
    Licensed { item: String, price: String, quantity: i64, from: i64, to: i64 },
    /// A trial of something, for nothing.
    Trial { item: String, price: String, quantity: i64, from: i64, to: i64 },
    /// What a meter has counted, in a period that is over.
    Metered { item: String, price: String, from: i64, to: i64 },
    /// An amount that has waited.
    Waiting(Box<InvoiceItem>),
}

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) amount: i64,
    pub(crate) description: String,
    /// Which discount takes how much off.
    pub(crate) discounts: Vec<(String, i64)>,
    pub(crate) discountable: bool,
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) quantity: i64,
    pub(crate) price: Option<String>,
    pub(crate) unit: Option<Rate>,
    pub(crate) proration: bool,
    pub(crate) item: Option<String>,
    pub(crate) invoice_item: Option<String>,
}

impl Line {
    pub(crate) fn off(&self) -> i64 {
        self.discounts.iter().map(|(_, amount)| amount).sum()
    }
}

/// A quantity at one rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Portion {
    pub(crate) quantity: i64,
    pub(crate) unit: Option<Rate>,
    pub(crate) amount: i64,
    /// Which tier, from 1; none without tiers.
    pub(crate) tier: Option<usize>,
}

/// What a quantity costs, tier by tier.
pub(crate) fn portions(scheme: &Scheme, quantity: i64) -> Vec<Portion> {
    match scheme {
        Scheme::PerUnit(rate) => {
            vec![Portion { quantity, unit: Some(*rate), amount: rate.times(quantity), tier: None }]
        }
        Scheme::Volume(tiers) => {
            let holds = |tier: &&Tier| tier.up_to.is_none_or(|end| quantity <= end);
            let found = tiers.iter().find(holds);
            found.map(|tier| portion(tier, quantity, None)).into_iter().collect()
        }
        Scheme::Graduated(tiers) => {
            let mut portions = Vec::new();
            let mut below = 0;
            for (number, tier) in tiers.iter().enumerate() {
                let end = tier.up_to.unwrap_or(i64::MAX).min(quantity);
                let here = (end - below).max(0);
                // The first tier's flat amount is due without any use, as at Stripe.
                if here > 0 || number == 0 {
                    portions.push(portion(tier, here, Some(number + 1)));
                }
                below = tier.up_to.unwrap_or(i64::MAX);
                if below >= quantity {
                    break;
                }
            }
            portions
        }
    }
}

fn portion(tier: &Tier, quantity: i64, number: Option<usize>) -> Portion {
    let unit = tier.unit.unwrap_or_default();
    let flat = tier.flat.unwrap_or_default().times(1);
    let unit_shown = tier.flat.is_none().then_some(unit);
    Portion { quantity, unit: unit_shown, amount: unit.times(quantity) + flat, tier: number }
}

/// The amount without its lines.
pub(crate) fn cost(scheme: &Scheme, quantity: i64) -> i64 {
    portions(scheme, quantity).iter().map(|portion| portion.amount).sum()
}

impl Books {
    /// What a metered price has to count, in `[from, to)`.
    pub(crate) fn counted(&self, customer: &str, price: &Price, from: i64, to: i64) -> i64 {
        let meter = price.meter.as_deref().and_then(|id| self.meters.find(id));
        meter.map_or(0, |meter| self.usage.total(meter, customer, from, to, i64::MAX).max(0))
    }

    /// Draws up the lines, with discounts taken off.
    pub(crate) fn lines(&self, stub: &str, customer: &str, parts: &[Part], discounts: &[String]) -> Vec<Line> {
        let mut lines = Vec::new();
        for part in parts {
            match part {
                Part::Licensed { item, price, quantity, from, to } => {
                    self.price_line(&mut lines, (item.as_str(), price.as_str()), *quantity, (*from, *to));
                }
                Part::Trial { item, price, quantity, from, to } => {
                    lines.push(self.trial_line((item.as_str(), price.as_str()), *quantity, (*from, *to)));
                }
                Part::Metered { item, price, from, to } => {
                    let quantity = self.prices.find(price).map_or(0, |price| self.counted(customer, price, *from, *to));
                    self.price_line(&mut lines, (item.as_str(), price.as_str()), quantity, (*from, *to));
                }
                Part::Waiting(item) => lines.push(waiting_line(item)),
            }
        }
        for (number, line) in lines.iter_mut().enumerate() {
            line.id = format!("il_{stub}{number:04}");
        }
        self.take_off(&mut lines, discounts);
        lines
    }

    fn price_line(&self, lines: &mut Vec<Line>, (item, price): (&str, &str), quantity: i64, (from, to): (i64, i64)) {
        let Some(price) = self.prices.find(price) else { return };
        let product = self.products.find(&price.product).map_or("", |product| product.name.as_str());
        for portion in portions(&price.scheme, quantity) {
            let at = portion.unit.map_or_else(
                || format!("flat at {}", spoken(portion.amount, &price.currency)),
                |unit| match unit.whole() {
                    Some(cents) => format!("at {}", spoken(cents, &price.currency)),
                    None => format!("at {} cents", unit.text()),
                },
            );
            let every = price.interval.map_or("", |interval| interval.unit.as_str());
            let tier = portion.tier.map_or(String::new(), |number| format!("Tier {number} "));
            lines.push(Line {
                id: String::new(),
                amount: portion.amount,
                description: format!("{} × {product} ({tier}{at} / {every})", portion.quantity),
                discounts: Vec::new(),
                discountable: true,
                from,
                to,
                quantity: portion.quantity,
                price: Some(price.id.clone()),
                unit: portion.unit,
                proration: false,
                item: Some(item.to_owned()),
                invoice_item: None,
            });
        }
    }

    fn trial_line(&self, (item, price): (&str, &str), quantity: i64, (from, to): (i64, i64)) -> Line {
        let product = self.prices.find(price).and_then(|price| self.products.find(&price.product));
        Line {
            id: String::new(),
            amount: 0,
            description: format!("Trial period for {}", product.map_or("", |product| product.name.as_str())),
            discounts: Vec::new(),
            discountable: true,
            from,
            to,
            quantity,
            price: Some(price.to_owned()),
            unit: Some(Rate::default()),
            proration: false,
            item: Some(item.to_owned()),
            invoice_item: None,
        }
    }

    /// Takes discounts off, line by line.
    fn take_off(&self, lines: &mut [Line], discounts: &[String]) {
        for id in discounts {
            let Some(coupon) = self.discounts.find(id).and_then(|discount| self.coupons.find(&discount.coupon)) else {
                continue;
            };
            let mut left = coupon.amount.as_ref().map_or(0, |(amount, _)| *amount);
            for line in lines.iter_mut().filter(|line| line.discountable && line.amount > 0) {
                let product =
                    line.price.as_deref().and_then(|id| self.prices.find(id)).map(|price| price.product.clone());
                if !coupon.products.is_empty() && !product.is_some_and(|product| coupon.products.contains(&product)) {
                    continue;
                }
                let remaining = line.amount - line.off();
                let off = match coupon.percent {
                    Some(hundredths) => part(remaining, hundredths, 10_000),
                    None => remaining.min(left),
                };
                left -= if coupon.percent.is_some() { 0 } else { off };
                if off > 0 {
                    line.discounts.push((id.clone(), off));
                }
            }
        }
    }
}

fn waiting_line(item: &InvoiceItem) -> Line {
    Line {
        id: String::new(),
        amount: item.amount,
        description: item.description.clone(),
        discounts: Vec::new(),
        discountable: item.discountable,
        from: item.from,
        to: item.to,
        quantity: item.quantity,
        price: item.price.clone(),
        unit: item.unit,
        proration: item.proration,
        item: item.subscription_item.clone(),
        invoice_item: Some(item.id.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(up_to: Option<i64>, unit: &str, flat: Option<i64>) -> Tier {
        Tier { up_to, unit: Rate::parse(unit), flat: flat.map(Rate::cents) }
    }

    #[test]
    fn graduated_tiers_cost_each_unit_where_it_lies() {
        let scheme = Scheme::Graduated(vec![
            tier(Some(1_000), "0", None),
            tier(Some(2_000), "2", None),
            tier(None, "1.5", None),
        ]);
        let cost = |quantity| cost(&scheme, quantity);
        assert_eq!((cost(0), cost(1_000), cost(1_001), cost(2_000), cost(2_001)), (0, 0, 2, 2_000, 2_002));
        let quantities: Vec<i64> = portions(&scheme, 2_500).iter().map(|portion| portion.quantity).collect();
        assert_eq!(quantities, [1_000, 1_000, 500]);
        assert_eq!(portions(&scheme, 0).len(), 1);
    }

    #[test]
    fn volume_tiers_cost_all_units_where_the_last_one_lies_and_flat_amounts_once() {
        let volume = Scheme::Volume(vec![tier(Some(10), "5", None), tier(None, "3", Some(100))]);
        assert_eq!((cost(&volume, 10), cost(&volume, 11)), (50, 133));
        let flat = Scheme::Graduated(vec![tier(Some(5), "0", Some(500)), tier(None, "1", None)]);
        assert_eq!((cost(&flat, 0), cost(&flat, 7)), (500, 502));
    }
}
