//! Letters about usage and money, to whoever sees to it in the company: each once a period, and only the highest that applies.

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, Tx, sql};
use sea_orm::FromQueryResult;
use tenant::account::Status as AccountStatus;
use tenant::jobs::{self, Job};
use tenant::letters::{Post, Template};
use tenant::money_letters::Money;
use tenant::usage::{Meter, totals};
use tenant::{AccountId, Tenant};

use crate::catalogue::{self, Currency};
use crate::invoice;
use crate::lifecycle::{self, State};
use crate::period::charged;
use crate::service::{Billing, BillingError};
use crate::subscription::{self, Subscription};
use crate::usage::Period;

/// At how much of it, in per cent.
const THRESHOLDS: [i32; 3] = [50, 80, 100];
/// What flows in a period and has a bound.
const FLOWS: [Meter; 3] = [Meter::Conversations, Meter::Messages, Meter::AiResolutions];

#[derive(FromQueryResult)]
struct Reader {
    email: String,
    locale: String,
}

#[derive(FromQueryResult)]
struct Reached {
    threshold: i32,
}

/// Every threshold that was reached.
fn reached(used: i64, bound: i64) -> Vec<i32> {
    let (used, bound) = (i128::from(used), i128::from(bound.max(1)));
    THRESHOLDS.into_iter().filter(|threshold| used * 100 >= bound * i128::from(*threshold)).collect()
}

/// An amount for people: `12.34 USD`.
fn money(minor: i64, currency: Currency) -> String {
    format!("{}.{:02} {}", minor / 100, minor % 100, currency.as_str().to_uppercase())
}

impl Billing {
    /// Looks at every company, and writes what is to be written. Says how many letters that made.
    pub async fn write_alerts(&self) -> Result<usize, StoreError> {
        let mut written = 0;
        for account in self.world.directory.all(&self.world.database, AccountStatus::Active).await? {
            let Some(tenant) = Tenant::find(&self.world, account.id).await? else { continue };
            match self.alert(&tenant).await {
                Ok(letters) => written += letters,
                Err(error) => tracing::warn!(account = %account.id, %error, "a company could not be alerted"),
            }
        }
        Ok(written)
    }

    async fn alert(&self, tenant: &Tenant) -> Result<usize, BillingError> {
        let subscription = self.subscription(tenant).await?;
        let mut written = 0;
        if subscription.alerts.included {
            written += self.alert_usage(tenant, &subscription).await?;
        }
        if let (Some(budget), Some(preview)) = (subscription.alerts.budget_minor, self.preview_invoice(tenant).await?) {
            let seats =
                preview.lines.iter().filter(|line| line.meter.is_none()).map(|line| line.amount_minor).sum::<i64>();
            // What is owed for this period: its usage, with what a change of prices has invoiced of it. The seats on the next invoice are
            // those of the next period.
            let invoiced = invoice::used_since(&self.world, tenant.id(), preview.period_from).await?;
            let owed = preview.subtotal_minor - seats + invoiced;
            let told = |threshold: i32| Money::Budget {
                company: tenant.account.name.clone(),
                percent: threshold,
                owed: money(owed, preview.currency),
                budget: money(budget, preview.currency),
                link: self.link(),
            };
            let of = About { period: preview.period_from, subject: "budget" };
            written += self.tell_once(tenant.id(), &of, &reached(owed, budget), told).await?;
        }
        Ok(written)
    }

    async fn alert_usage(&self, tenant: &Tenant, subscription: &Subscription) -> Result<usize, BillingError> {
        let Some(offer) = catalogue::plan(&tenant.account.plan) else { return Ok(0) };
        let now = self.world.now();
        let (from, to, months) = subscription.live().map_or_else(
            || {
                let month = Period::of(now);
                (month.from(), month.to(), 1)
            },
            |contract| {
                let (from, to) =
                    charged(subscription.open_since(contract), contract.period_to, subscription.metered_from);
                (from, to, contract.terms.interval.months())
            },
        );
        let bounds: Vec<(Meter, i64)> = FLOWS
            .into_iter()
            .filter_map(|meter| {
                let included = offer.included(meter)?.saturating_mul(months.into());
                Some((meter, i64::try_from(included).unwrap_or(i64::MAX)))
            })
            .collect();
        if bounds.is_empty() {
            return Ok(0);
        }
        let tx = tenant.begin().await?;
        let used = totals(&tx, from, to).await?;
        drop(tx);
        let mut written = 0;
        for (meter, included) in bounds {
            let used = used.iter().find(|(of, _)| *of == meter).map_or(0, |(_, quantity)| *quantity);
            let told = |threshold: i32| Money::Usage {
                company: tenant.account.name.clone(),
                meter,
                percent: threshold,
                used,
                included,
                link: self.link(),
            };
            let of = About { period: from, subject: meter.as_str() };
            written += self.tell_once(tenant.id(), &of, &reached(used, included), told).await?;
        }
        Ok(written)
    }

    fn link(&self) -> String {
        format!("{}/portal/billing", self.world.public_url)
    }

    /// Writes the letter for the highest threshold, unless it was written before.
    async fn tell_once(
        &self,
        account: AccountId,
        about: &About<'_>,
        reached: &[i32],
        letter: impl Fn(i32) -> Money,
    ) -> Result<usize, StoreError> {
        let Some(highest) = reached.last() else { return Ok(0) };
        let now = self.world.now();
        let tx = self.world.database.begin("".into()).await?;
        let new: Vec<Reached> = tx
            .all(sql(
                "insert into shared.billing_alert (account_id, period_from, subject, threshold, sent_at) \
                 select $1, $2, $3, threshold, $5 from unnest($4::integer[]) threshold on conflict do nothing returning threshold",
                [
                    account.uuid().into(),
                    about.period.into(),
                    about.subject.into(),
                    reached.to_vec().into(),
                    now.into(),
                ],
            ))
            .await?;
        let is_new = new.iter().any(|row| row.threshold == *highest);
        let written = if is_new { self.tell(&tx, account, &letter(*highest)).await? } else { 0 };
        tx.commit().await?;
        Ok(written)
    }

    /// Writes to everybody who may see to it.
    async fn tell(&self, tx: &Tx, account: AccountId, letter: &Money) -> Result<usize, StoreError> {
        let readers: Vec<Reader> = tx
            .all(sql(
                "select l.email, l.locale from shared.membership m join shared.login l on l.id = m.login_id \
                 where m.account_id = $1 and m.role in ('owner', 'admin') and m.disabled_at is null order by m.created_at limit 20",
                [account.uuid().into()],
            ))
            .await?;
        for reader in &readers {
            let post = Post {
                to: reader.email.clone(),
                locale: reader.locale.clone(),
                sender: None,
                template: Template::Money(letter.clone()),
            };
            jobs::enqueue(tx, &self.world, &Job::SendMail(post)).await?;
        }
        Ok(readers.len())
    }

    /// Tells of a payment that failed, of what has stopped for it, and that all is well again.
    pub(crate) async fn tell_of(&self, tx: &Tx, before: State, after: &Subscription) -> Result<(), StoreError> {
        let company = subscription::company(tx, after.account_id).await?;
        let link = self.link();
        let letter = match (before, after.state) {
            (before, after) if before == after => return Ok(()),
            (_, State::Grace) => {
                let until = after.payment_failed_at.unwrap_or_else(|| self.world.now()) + lifecycle::GRACE;
                Money::PaymentFailed { company, until: day(until), link }
            }
            (_, State::Restricted) => Money::Restricted { company, link },
            (State::Grace | State::Restricted, State::Active) => Money::Recovered { company, link },
            (_, State::Free | State::Trialing | State::Active | State::Ended) => return Ok(()),
        };
        self.tell(tx, after.account_id, &letter).await.map(drop)
    }
}

/// What a letter is about, so that it is written once.
struct About<'a> {
    period: Timestamp,
    subject: &'a str,
}

fn day(at: Timestamp) -> String {
    at.format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_reached_when_it_is_used_up_and_not_before() {
        assert_eq!(reached(499, 1_000), Vec::<i32>::new());
        assert_eq!(reached(500, 1_000), [50]);
        assert_eq!(reached(999, 1_000), [50, 80]);
        assert_eq!(reached(5_000, 1_000), [50, 80, 100]);
        assert_eq!(reached(-5, 1_000), Vec::<i32>::new());
    }

    #[test]
    fn money_is_written_with_its_currency() {
        assert_eq!(money(1_234, Currency::Usd), "12.34 USD");
    }
}
