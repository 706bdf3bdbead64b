//! Invoices: the copies we keep of them, and the lines they are made of.

pub mod discount;
pub mod lines;
pub mod proration;
mod store;

use chrono::{DateTime, Utc};
use infra::{Id, ids};
use serde::{Deserialize, Serialize};

use crate::catalogue::{Currency, TierAmount};
use crate::gateway::Provider;
use tenant::usage::Meter;

pub use store::{Copy, find, keep, list, to_pay};
pub(crate) use store::{kept_lines, used_since};

/// Marks ids of invoices.
#[derive(Debug)]
pub enum InvoiceKind {}
impl ids::Prefixed for InvoiceKind {
    const PREFIX: &'static str = "inv";
}
/// The id of an invoice.
pub type InvoiceId = Id<InvoiceKind>;

/// How an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InvoiceStatus)]
pub enum InvoiceStatus {
    /// It is being made up.
    Draft,
    /// It is to be paid.
    Open,
    /// It has been.
    Paid,
    /// It was a mistake.
    Void,
    /// Nobody expects it to be paid any more.
    Uncollectible,
}

impl InvoiceStatus {
    const ALL: [Self; 5] = [Self::Draft, Self::Open, Self::Paid, Self::Void, Self::Uncollectible];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Uncollectible => "uncollectible",
        }
    }

    /// From what was stored or sent.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InvoiceLineKind)]
pub enum LineKind {
    /// Seats of a plan for a period.
    Seats,
    /// What was used of a meter.
    Usage,
    /// Seats that were paid and are not needed for the rest of the period.
    UnusedSeats,
    /// Seats for the rest of the period.
    RemainingSeats,
    /// What was left over before.
    Credit,
    /// Less, by a coupon.
    Discount,
    /// Anything else that the provider has put there.
    Other,
}

/// One line, with everything that explains its amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = InvoiceLine)]
pub struct Line {
    /// What it is about.
    pub kind: LineKind,
    /// The plan, when it is about one.
    pub plan: Option<String>,
    /// The meter, when it is about usage.
    pub meter: Option<Meter>,
    /// How many, or how much.
    pub quantity: Option<i64>,
    /// How much of it is included and free; for usage.
    pub included: Option<u64>,
    /// One of them, in millionths of the smallest unit; for seats, and for usage where the provider has a line for each step.
    pub unit_micros: Option<i64>,
    /// What fell into which step of the price; for usage.
    pub tiers: Vec<TierAmount>,
    /// What it comes to, in the smallest unit of the currency.
    pub amount_minor: i64,
    /// From when.
    pub from: DateTime<Utc>,
    /// To when.
    pub to: DateTime<Utc>,
    /// The provider's own words, for lines that came from there.
    pub description: Option<String>,
}

/// An invoice.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Invoice {
    /// Its id.
    pub id: InvoiceId,
    /// Who has issued it.
    pub provider: Provider,
    /// Its name at the provider.
    #[serde(skip)]
    pub provider_id: String,
    /// Its number, once it has one.
    pub number: Option<String>,
    /// How it stands.
    pub status: InvoiceStatus,
    /// In which currency.
    pub currency: Currency,
    /// Before taxes.
    pub subtotal_minor: i64,
    /// Taxes; null while nobody has computed them.
    pub tax_minor: Option<i64>,
    /// All together.
    pub total_minor: i64,
    /// What has been paid of it.
    pub paid_minor: i64,
    /// From when.
    pub period_from: DateTime<Utc>,
    /// To when.
    pub period_to: DateTime<Utc>,
    /// Line by line.
    pub lines: Vec<Line>,
    /// Where it can be read and paid in a browser; null for ours, which the lines tell.
    pub hosted_url: Option<String>,
    /// Where it can be downloaded.
    pub pdf_url: Option<String>,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
}
