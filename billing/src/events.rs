//! What the provider tells us unasked. Each event is kept once, acknowledged when it is durable, and is done in the transaction of
//! its effect: a look at the company it is about. What it says is not kept: it names people, and may come after they were forgotten.

use chrono::TimeDelta;
use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Kind};
use sea_orm::FromQueryResult;
use tenant::AccountId;

use crate::failpoint;
use crate::service::{Billing, BillingError};
use crate::stripe::{SignatureError, Told};
use crate::subscription;

/// How often an event about nobody we know is looked at again: a customer's first event may be quicker than we are.
const STRANGER_TRIES: i32 = 6;
/// For how long an event is known again: longer than the provider can send it.
const KNOWN_AGAIN: TimeDelta = TimeDelta::days(35);

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Nobody sends events here.
    #[error("no payment provider is set up")]
    NoProvider,
    /// It is not the provider's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for EventError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoProvider => Kind::NotFound,
            Self::Signature(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::NoProvider => "not_found",
            Self::Signature(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

#[derive(FromQueryResult)]
struct Pending {
    id: String,
    kind: String,
    customer: Option<String>,
    attempts: i32,
}

/// What an event is a reason for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// To look at the customer.
    Look,
    /// To compare meters.
    Compare,
    /// For nothing.
    None,
}

fn reason(kind: &str) -> Reason {
    let looks = ["customer.", "checkout.session.", "invoice.", "subscription_schedule."];
    if looks.iter().any(|start| kind.starts_with(start)) {
        Reason::Look
    } else if kind.starts_with("v1.billing.meter.") {
        Reason::Compare
    } else {
        Reason::None
    }
}

impl Billing {
    /// Takes an event. When it returns, the event is durable.
    pub async fn receive(&self, body: &str, signature: &str) -> Result<(), EventError> {
        let stripe = self.gateway.stripe().ok_or(EventError::NoProvider)?;
        let now = self.world.now();
        let told = stripe.verify(body, signature, now)?;
        let (state, note) = judge(&told, stripe.is_live());
        let kept = self
            .world
            .database
            .orm()
            .run(sql(
                "insert into shared.stripe_event (id, kind, livemode, api_version, customer, state, note, try_at, received_at) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (id) do nothing",
                [
                    told.id.into(),
                    told.kind.into(),
                    told.live.into(),
                    told.api_version.into(),
                    told.customer.into(),
                    state.into(),
                    note.into(),
                    now.into(),
                ],
            ))
            .await?;
        if kept > 0 {
            failpoint::pass("event-stored");
        }
        Ok(())
    }

    /// Forgets events that are over and cannot come again. Says how many.
    pub async fn forget_events(&self) -> Result<u64, StoreError> {
        let before = self.world.now() - KNOWN_AGAIN;
        let orm = self.world.database.orm();
        orm.run(sql("delete from shared.stripe_event where state <> 'pending' and received_at < $1", [before.into()]))
            .await
    }

    /// Does what pending events are a reason for. Says whose entitlements have changed.
    pub async fn work_events(&self) -> Result<Vec<AccountId>, StoreError> {
        let Some(stripe) = self.gateway.stripe() else { return Ok(Vec::new()) };
        let due: Vec<Pending> = self
            .world
            .database
            .orm()
            .all(sql(
                "select id, kind, customer, attempts from shared.stripe_event where state = 'pending' and try_at <= $1 \
                 order by try_at limit 200",
                [self.world.now().into()],
            ))
            .await?;
        let mut changed = Vec::new();
        let mut asked: Vec<String> = Vec::new();
        for event in due {
            let Some(customer) = event.customer else {
                match reason(&event.kind) {
                    Reason::Look => self.look_everywhere_soon(&event.id, &event.kind).await?,
                    Reason::Compare | Reason::None => self.compare_soon(&event.id).await?,
                }
                continue;
            };
            if reason(&event.kind) != Reason::Look || asked.contains(&customer) {
                continue;
            }
            asked.push(customer.clone());
            let account = subscription::of_customer(&self.world, &customer).await?;
            let Some(account) = account else {
                self.nobodys(&event.id, event.attempts).await?;
                continue;
            };
            match self.look_at(stripe, account).await {
                Ok(Some(true)) => changed.push(account),
                Ok(Some(false) | None) => {}
                Err(BillingError::Store(error)) => return Err(error),
                Err(error) => tracing::warn!(%account, %error, "an event waits"),
            }
        }
        Ok(changed)
    }

    /// An event about somebody we do not know: another installation's, or one that is quicker than our own note of the customer. Whom
    /// we note later than this is looked at because nobody has been yet.
    async fn nobodys(&self, id: &str, attempts: i32) -> Result<(), StoreError> {
        if attempts < STRANGER_TRIES {
            return self.postpone(&[id.to_owned()], "about nobody we know").await;
        }
        self.world
            .database
            .orm()
            .run(sql(
                "update shared.stripe_event set state = 'ignored', note = 'about nobody we know', done_at = $2 where id = $1",
                [id.into(), self.world.now().into()],
            ))
            .await
            .map(drop)
    }

    /// Something has happened to somebody, and nobody can read to whom: everybody is looked at, at the pace of such looks.
    async fn look_everywhere_soon(&self, id: &str, kind: &str) -> Result<(), StoreError> {
        tracing::warn!(event = id, kind, "whom an event is about cannot be read: everybody is looked at");
        let now = self.world.now();
        let tx = self.world.database.begin("".into()).await?;
        tx.run(sql("update shared.subscription set look_wanted_at = $1 where customer is not null", [now.into()]))
            .await?;
        tx.run(sql(
            "update shared.stripe_event set state = 'done', note = 'about somebody who cannot be read', done_at = $2 \
             where id = $1 and state = 'pending'",
            [id.into(), now.into()],
        ))
        .await?;
        tx.commit().await
    }

    /// Meters are to be compared now: Stripe has counted something otherwise than it had said.
    async fn compare_soon(&self, id: &str) -> Result<(), StoreError> {
        let now = self.world.now();
        let tx = self.world.database.begin("".into()).await?;
        tx.run(sql("update shared.subscription set checked_at = null where provider = 'stripe'", [])).await?;
        tx.run(sql(
            "update shared.stripe_event set state = 'done', done_at = $2 where id = $1 and state = 'pending'",
            [id.into(), now.into()],
        ))
        .await?;
        tx.commit().await
    }
}

/// Whether an event is worked on, and if not, why.
fn judge(told: &Told, live: bool) -> (&'static str, Option<&'static str>) {
    if told.live != live {
        return ("ignored", Some("of the other mode"));
    }
    match (reason(&told.kind), &told.customer) {
        (Reason::Look, None) if told.nobody => ("ignored", Some("about nobody")),
        (Reason::Look, _) | (Reason::Compare, None) => ("pending", None),
        (Reason::Compare, Some(_)) | (Reason::None, _) => ("ignored", Some("of a kind that changes nothing here")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: &str, live: bool, customer: Option<&str>) -> Told {
        Told {
            id: "evt_1".into(),
            kind: kind.into(),
            live,
            api_version: None,
            customer: customer.map(ToOwned::to_owned),
            nobody: false,
        }
    }

    #[test]
    fn an_event_of_the_other_mode_has_no_effect() {
        assert_eq!(judge(&told("invoice.paid", true, Some("cus_1")), false).0, "ignored");
        assert_eq!(judge(&told("invoice.paid", false, Some("cus_1")), false).0, "pending");
    }

    #[test]
    fn what_changes_nothing_is_kept_and_left() {
        assert_eq!(judge(&told("product.created", false, None), false).0, "ignored");
        assert_eq!(judge(&told("v1.billing.meter.error_report_triggered", false, None), false).0, "pending");
        assert_eq!(judge(&told("invoice.paid", false, None), false).0, "pending", "it is about somebody");
        let stranger = Told { nobody: true, ..told("checkout.session.completed", false, None) };
        assert_eq!(judge(&stranger, false).0, "ignored");
    }
}
