//! The rows of `shared.invoice`.

use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::{Chance, Timestamp};
use sea_orm::FromQueryResult;
use tenant::AccountId;
use tenant::page::{Cursor, Page};
use tenant::world::World;
use uuid::Uuid;

use super::{Invoice, InvoiceId, InvoiceStatus, Line};
use crate::catalogue::Currency;
use crate::gateway::Provider;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    provider: String,
    provider_id: String,
    number: Option<String>,
    status: String,
    currency: String,
    subtotal_minor: i64,
    tax_minor: Option<i64>,
    total_minor: i64,
    paid_minor: i64,
    period_from: Timestamp,
    period_to: Timestamp,
    lines: serde_json::Value,
    hosted_url: Option<String>,
    pdf_url: Option<String>,
    issued_at: Timestamp,
}

impl TryFrom<Row> for Invoice {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = InvoiceId::from_uuid(row.id);
        let bad = |what: &str| StoreError::Inconsistent {
            table: "shared.invoice",
            id: id.to_string(),
            what: what.to_owned(),
        };
        let lines: Vec<Line> = serde_json::from_value(row.lines).map_err(|_| bad("unreadable lines"))?;
        Ok(Self {
            id,
            provider: Provider::parse(&row.provider).ok_or_else(|| bad("an unknown provider"))?,
            provider_id: row.provider_id,
            number: row.number,
            status: InvoiceStatus::parse(&row.status).ok_or_else(|| bad("an unknown status"))?,
            currency: Currency::parse(&row.currency).ok_or_else(|| bad("an unknown currency"))?,
            subtotal_minor: row.subtotal_minor,
            tax_minor: row.tax_minor,
            total_minor: row.total_minor,
            paid_minor: row.paid_minor,
            period_from: row.period_from,
            period_to: row.period_to,
            lines,
            hosted_url: row.hosted_url,
            pdf_url: row.pdf_url,
            issued_at: row.issued_at,
        })
    }
}

/// A company's invoices, newest first.
pub async fn list(
    world: &World,
    account: AccountId,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Page<Invoice>, StoreError> {
    let (at, id) = Cursor::parts(cursor.as_ref());
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            "select id, provider, provider_id, number, status, currency, subtotal_minor, tax_minor, total_minor, paid_minor, \
               period_from, period_to, lines, hosted_url, pdf_url, issued_at from shared.invoice \
             where account_id = $1 and ($2::timestamptz is null or (issued_at, id) < ($2, $3)) \
             order by issued_at desc, id desc limit $4",
            [account.uuid().into(), at.into(), id.into(), (limit + 1).into()],
        ))
        .await?;
    Page::cut(rows, limit, |row| Cursor::new(row.issued_at, row.id)).try_map(Invoice::try_from)
}

/// One of a company's invoices.
pub async fn find(world: &World, account: AccountId, id: InvoiceId) -> Result<Option<Invoice>, StoreError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "select id, provider, provider_id, number, status, currency, subtotal_minor, tax_minor, total_minor, paid_minor, \
               period_from, period_to, lines, hosted_url, pdf_url, issued_at from shared.invoice where account_id = $1 and id = $2",
            [account.uuid().into(), id.uuid().into()],
        ))
        .await?;
    row.map(Invoice::try_from).transpose()
}

#[derive(FromQueryResult)]
struct Url {
    hosted_url: Option<String>,
}

/// Where the oldest unpaid invoice of a company can be paid.
pub async fn to_pay(world: &World, account: AccountId) -> Result<Option<String>, StoreError> {
    let row: Option<Url> = world
        .database
        .orm()
        .one(sql(
            "select hosted_url from shared.invoice where account_id = $1 and status = 'open' and total_minor > paid_minor \
             order by issued_at limit 1",
            [account.uuid().into()],
        ))
        .await?;
    Ok(row.and_then(|row| row.hosted_url))
}

/// An invoice before it has an id of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Who has issued it.
    pub provider: Provider,
    /// Its name there.
    pub provider_id: String,
    /// Its number, once it has one.
    pub number: Option<String>,
    /// How it stands.
    pub status: InvoiceStatus,
    /// In which currency.
    pub currency: Currency,
    /// Before taxes.
    pub subtotal_minor: i64,
    /// Taxes.
    pub tax_minor: Option<i64>,
    /// All together.
    pub total_minor: i64,
    /// What has been paid of it.
    pub paid_minor: i64,
    /// What is to be paid of it still, after credit.
    pub open_minor: i64,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// From when.
    pub period_from: Timestamp,
    /// To when.
    pub period_to: Timestamp,
    /// Line by line.
    pub lines: Vec<Line>,
    /// Where it can be read and paid.
    pub hosted_url: Option<String>,
    /// Where it can be downloaded.
    pub pdf_url: Option<String>,
    /// When it was made.
    pub issued_at: Timestamp,
}

/// Keeps a copy, in the place of an earlier one of the same invoice.
pub async fn keep(tx: &Tx, chance: &Chance, account: AccountId, copy: Copy, now: Timestamp) -> Result<(), StoreError> {
    let lines = serde_json::to_value(&copy.lines).map_err(|error| StoreError::Refused(error.to_string()))?;
    tx.run(sql(
        "insert into shared.invoice as i (id, account_id, provider, provider_id, number, status, currency, subtotal_minor, tax_minor, \
           total_minor, paid_minor, period_from, period_to, lines, hosted_url, pdf_url, issued_at, updated_at, open_minor, paid_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) \
         on conflict (provider_id) do update set number = $5, status = $6, subtotal_minor = $8, tax_minor = $9, total_minor = $10, \
           paid_minor = $11, period_from = $12, period_to = $13, lines = $14, hosted_url = $15, pdf_url = $16, updated_at = $18, \
           open_minor = $19, paid_at = $20 \
         where i.account_id = $2",
        [
            chance.uuid(now).into(),
            account.uuid().into(),
            copy.provider.as_str().into(),
            copy.provider_id.into(),
            copy.number.into(),
            copy.status.as_str().into(),
            copy.currency.as_str().into(),
            copy.subtotal_minor.into(),
            copy.tax_minor.into(),
            copy.total_minor.into(),
            copy.paid_minor.into(),
            copy.period_from.into(),
            copy.period_to.into(),
            lines.into(),
            copy.hosted_url.into(),
            copy.pdf_url.into(),
            copy.issued_at.into(),
            now.into(),
            copy.open_minor.into(),
            copy.paid_at.into(),
        ],
    ))
    .await
    .map(drop)
}

#[derive(FromQueryResult)]
struct Lines {
    lines: serde_json::Value,
}

/// The lines of the copy that is kept of an invoice, if it stood there as it does now. `None` also for what cannot be read: it is asked
/// for anew.
pub(crate) async fn kept_lines(
    world: &World,
    account: AccountId,
    told: &Copy,
) -> Result<Option<Vec<Line>>, StoreError> {
    let row: Option<Lines> = world
        .database
        .orm()
        .one(sql(
            "select lines from shared.invoice where account_id = $1 and provider_id = $2 and status = $3 and total_minor = $4",
            [
                account.uuid().into(),
                told.provider_id.clone().into(),
                told.status.as_str().into(),
                told.total_minor.into(),
            ],
        ))
        .await?;
    Ok(row.and_then(|row| serde_json::from_value(row.lines).ok()))
}

#[derive(FromQueryResult)]
struct Amount {
    minor: i64,
}

/// What the provider has invoiced already of what was used from an instant on: prices were changed before the period was over.
pub(crate) async fn used_since(world: &World, account: AccountId, from: Timestamp) -> Result<i64, StoreError> {
    let row: Option<Amount> = world
        .database
        .orm()
        .one(sql(
            "select coalesce(sum((line ->> 'amount_minor')::bigint), 0)::bigint as minor \
             from shared.invoice i cross join lateral jsonb_array_elements(i.lines) line \
             where i.account_id = $1 and i.provider = 'stripe' and i.status not in ('draft', 'void') and i.issued_at >= $2 \
             and line ->> 'kind' = 'usage' and (line ->> 'from')::timestamptz >= $2",
            [account.uuid().into(), from.into()],
        ))
        .await?;
    Ok(row.map_or(0, |row| row.minor))
}
