//! Buying, changing and ending at Stripe: customers, checkout, changes with their preview, the payment page.

use std::collections::HashMap;

use infra::Timestamp;
use stripe::{RequestStrategy, StripeRequest as _};
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::invoice::{
    CreatePreviewInvoice, CreatePreviewInvoiceSubscriptionDetails, CreatePreviewInvoiceSubscriptionDetailsItems,
    CreatePreviewInvoiceSubscriptionDetailsProrationBehavior,
};
use stripe_billing::subscription::{
    CancelSubscription, MigrateSubscription, MigrateSubscriptionBillingMode, MigrateSubscriptionBillingModeType,
    RetrieveSubscription, UpdateSubscription, UpdateSubscriptionItems, UpdateSubscriptionPaymentBehavior,
    UpdateSubscriptionProrationBehavior,
};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAutomaticTax, CreateCheckoutSessionCustomerUpdate,
    CreateCheckoutSessionCustomerUpdateAddress, CreateCheckoutSessionCustomerUpdateName,
    CreateCheckoutSessionLineItems, CreateCheckoutSessionSubscriptionData,
    CreateCheckoutSessionSubscriptionDataBillingMode, CreateCheckoutSessionSubscriptionDataBillingModeType,
    CreateCheckoutSessionTaxIdCollection, ExpireCheckoutSession, ListCheckoutSession,
};
use stripe_checkout::{CheckoutSessionMode, CheckoutSessionStatus};
use stripe_core::Customer;
use stripe_core::customer::{CreateCustomer, ListCustomer, SearchCustomer};
use tenant::AccountId;

use super::Stripe;
use super::error::said;
use super::look::lines_of;
use super::names::{Names, Part, price_key};
use crate::catalogue::Offer;
use crate::gateway::GatewayError;
use crate::invoice::Line;
use crate::subscription::{Contract, Terms};

/// Who buys.
#[derive(Debug, Clone)]
pub struct Buyer {
    /// The company.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Where its invoices go.
    pub email: String,
}

/// What a change would bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worth {
    /// Given back, and charged.
    pub lines: Vec<Line>,
    /// What would be charged at once: with taxes, and less what was left over of before.
    pub due_minor: i64,
    /// What would be left over for the next invoices.
    pub left_minor: i64,
}

/// One thing on the way to an item of a subscription.
struct Item {
    id: Option<String>,
    price: Option<String>,
    quantity: Option<u64>,
    deleted: bool,
}

impl Stripe {
    /// A company's name at Stripe; makes it known there first if need be.
    pub async fn customer(&self, buyer: &Buyer) -> Result<String, GatewayError> {
        if let Some(known) = self.known(buyer).await? {
            return Ok(known);
        }
        // Each try is one of its own: what Stripe has answered to the one before is no answer to this one.
        let customer = CreateCustomer::new()
            .name(buyer.name.clone())
            .email(buyer.email.clone())
            .metadata(HashMap::from([("account_id".to_owned(), buyer.account.to_string())]))
            .send(&self.client)
            .await
            .map_err(said)?;
        Ok(customer.id.as_str().to_owned())
    }

    /// What an earlier try has made without our hearing of it. The list has what was made just now; what somebody else of the
    /// company has made is found by the search, which is about a minute late.
    async fn known(&self, buyer: &Buyer) -> Result<Option<String>, GatewayError> {
        let name = |customer: Customer| customer.id.as_str().to_owned();
        let listed =
            ListCustomer::new().email(buyer.email.as_str()).limit(100).send(&self.client).await.map_err(said)?;
        if let Some(found) = listed.data.into_iter().find(|found| is_of(found, buyer.account)) {
            return Ok(Some(name(found)));
        }
        let query = format!("metadata['account_id']:'{}'", buyer.account);
        let found = match SearchCustomer::new(query).limit(10).send(&self.client).await.map_err(said) {
            Ok(page) => page.data,
            Err(GatewayError::Away(why)) => return Err(GatewayError::Away(why)),
            // Not every country has the search.
            Err(error) => {
                tracing::info!(%error, "customers cannot be searched");
                Vec::new()
            }
        };
        Ok(found.into_iter().find(|found| is_of(found, buyer.account)).map(name))
    }

    /// Closes every page of a company's on which something could still be bought.
    pub async fn close_pages(&self, customer: &str, account: AccountId) -> Result<(), GatewayError> {
        let open = ListCheckoutSession::new()
            .customer(customer)
            .status(CheckoutSessionStatus::Open)
            .limit(100)
            .send(&self.client)
            .await
            .map_err(said)?;
        let ours = account.to_string();
        let pages = open.data.into_iter().filter(|page| page.client_reference_id.as_deref() == Some(ours.as_str()));
        for page in pages.map(|page| page.id).collect::<Vec<_>>() {
            match ExpireCheckoutSession::new(page).send(&self.client).await.map_err(said) {
                Ok(_) => {}
                // It was paid, or over, just before.
                Err(GatewayError::Refused(why)) => tracing::info!(customer, why, "a page cannot be closed any more"),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The page where a plan is bought. A trial that still lasts goes on before the first payment.
    pub async fn checkout(
        &self,
        names: &Names,
        customer: &str,
        account: AccountId,
        (offer, terms): (&Offer, Terms),
        trial_ends_at: Option<Timestamp>,
        back: &str,
    ) -> Result<String, GatewayError> {
        let mut items = Vec::new();
        for (part, price) in prices(names, offer, terms)? {
            let mut item = CreateCheckoutSessionLineItems::new();
            item.price = Some(price);
            item.quantity = (part == Part::Seats).then_some(terms.seats.into());
            items.push(item);
        }
        let mut data = CreateCheckoutSessionSubscriptionData::new();
        data.metadata = Some(HashMap::from([("account_id".to_owned(), account.to_string())]));
        data.trial_end = trial_ends_at.map(|end| end.timestamp());
        // In the other mode what a meter had counted before its price changes is on no invoice.
        data.billing_mode = Some(CreateCheckoutSessionSubscriptionDataBillingMode::new(
            CreateCheckoutSessionSubscriptionDataBillingModeType::Flexible,
        ));
        let mut learnt = CreateCheckoutSessionCustomerUpdate::new();
        learnt.address = Some(CreateCheckoutSessionCustomerUpdateAddress::Auto);
        learnt.name = Some(CreateCheckoutSessionCustomerUpdateName::Auto);
        let session = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Subscription)
            .customer(customer)
            .client_reference_id(account.to_string())
            .line_items(items)
            .subscription_data(data)
            .allow_promotion_codes(true)
            .automatic_tax(CreateCheckoutSessionAutomaticTax::new(true))
            .customer_update(learnt)
            .tax_id_collection(CreateCheckoutSessionTaxIdCollection::new(true))
            .success_url(format!("{back}?checkout=done"))
            .cancel_url(format!("{back}?checkout=cancelled"))
            .send(&self.client)
            .await
            .map_err(said)?;
        session.url.ok_or_else(|| GatewayError::Unreadable("a checkout without an address".into()))
    }

    /// Brings a subscription of before to the mode in which a change of its prices invoices what its meters have counted. Changes nothing
    /// of what is paid, and nothing at all where it is in that mode already.
    pub async fn make_flexible(&self, subscription: &str) -> Result<(), GatewayError> {
        let present = RetrieveSubscription::new(subscription).send(&self.client).await.map_err(said)?;
        if present.billing_mode.type_.as_str() != "classic" {
            return Ok(());
        }
        let mode = MigrateSubscriptionBillingMode::new(MigrateSubscriptionBillingModeType::Flexible);
        MigrateSubscription::new(subscription, mode).send(&self.client).await.map_err(said).map(drop)
    }

    /// Changes what was bought. Its subscription is in the flexible mode, or what was used before another price is on no invoice.
    pub async fn change(
        &self,
        names: &Names,
        contract: &Contract,
        offer: &Offer,
        terms: Terms,
    ) -> Result<(), GatewayError> {
        let items = self.items(names, contract, offer, terms).await?;
        let items: Vec<UpdateSubscriptionItems> = items
            .into_iter()
            .map(|item| {
                let mut update = UpdateSubscriptionItems::new();
                update.id = item.id;
                update.price = item.price;
                update.quantity = item.quantity;
                update.deleted = item.deleted.then_some(true);
                update
            })
            .collect();
        UpdateSubscription::new(contract.provider_id.as_str())
            .items(items)
            .proration_behavior(UpdateSubscriptionProrationBehavior::AlwaysInvoice)
            // A card that does not pay for more does not get more.
            .payment_behavior(UpdateSubscriptionPaymentBehavior::ErrorIfIncomplete)
            .send(&self.client)
            .await
            .map_err(said)
            .map(drop)
    }

    /// What a change would bring.
    pub async fn preview(
        &self,
        names: &Names,
        contract: &Contract,
        customer: &str,
        offer: &Offer,
        terms: Terms,
    ) -> Result<Worth, GatewayError> {
        let items = self.items(names, contract, offer, terms).await?;
        let items: Vec<CreatePreviewInvoiceSubscriptionDetailsItems> = items
            .into_iter()
            .map(|item| {
                let mut preview = CreatePreviewInvoiceSubscriptionDetailsItems::new();
                preview.id = item.id;
                preview.price = item.price;
                preview.quantity = item.quantity;
                preview.deleted = item.deleted.then_some(true);
                preview
            })
            .collect();
        let mut details = CreatePreviewInvoiceSubscriptionDetails::new();
        details.items = Some(items);
        details.proration_behavior = Some(CreatePreviewInvoiceSubscriptionDetailsProrationBehavior::AlwaysInvoice);
        let invoice = CreatePreviewInvoice::new()
            .customer(customer)
            .subscription(contract.provider_id.as_str())
            .subscription_details(details)
            .send(&self.client)
            .await
            .map_err(said)?;
        // Until the invoice is final, Stripe does not always say what would be left.
        let balance = invoice.ending_balance.unwrap_or(invoice.starting_balance + invoice.total);
        Ok(Worth { lines: lines_of(names, &invoice), due_minor: invoice.amount_due, left_minor: (-balance).max(0) })
    }

    /// Lets a subscription end with its period, or go on. Asked once: who repeats it, as often as need be, is the caller.
    pub async fn cancel(&self, subscription: &str, at_end: bool) -> Result<(), GatewayError> {
        let update = UpdateSubscription::new(subscription).cancel_at_period_end(at_end);
        let once = update.customize().request_strategy(RequestStrategy::Once);
        once.send(&self.client).await.map_err(said).map(drop)
    }

    /// Ends a subscription now. What was used is invoiced; what was paid for the rest of the period is not given back. Asked once.
    pub async fn end(&self, subscription: &str) -> Result<(), GatewayError> {
        let end = CancelSubscription::new(subscription).invoice_now(true).prorate(false);
        let once = end.customize().request_strategy(RequestStrategy::Once);
        once.send(&self.client).await.map_err(said).map(drop)
    }

    /// The page where cards, addresses and tax numbers are seen to.
    pub async fn portal(&self, customer: &str, back: &str) -> Result<String, GatewayError> {
        let session = CreateBillingPortalSession::new()
            .customer(customer)
            .return_url(back)
            .send(&self.client)
            .await
            .map_err(said)?;
        Ok(session.url)
    }

    /// The items that a change makes of the present ones.
    async fn items(
        &self,
        names: &Names,
        contract: &Contract,
        offer: &Offer,
        terms: Terms,
    ) -> Result<Vec<Item>, GatewayError> {
        let present =
            RetrieveSubscription::new(contract.provider_id.as_str()).send(&self.client).await.map_err(said)?;
        let mut wanted = prices(names, offer, terms)?;
        let mut items = Vec::new();
        for item in &present.items.data {
            let part = item.price.metadata.get("frontdesk_part").and_then(|part| Part::parse(part));
            let price = part.and_then(|part| take(&mut wanted, part));
            items.push(Item {
                id: Some(item.id.as_str().to_owned()),
                quantity: (part == Some(Part::Seats)).then_some(terms.seats.into()),
                deleted: price.is_none(),
                // A subscriber of before keeps the price they have, unless plan or rhythm change.
                price: price.filter(|price| *price != item.price.id.as_str()).filter(|_| !same(contract, offer, terms)),
            });
        }
        items.extend(wanted.into_iter().map(|(part, price)| Item {
            id: None,
            price: Some(price),
            quantity: (part == Part::Seats).then_some(terms.seats.into()),
            deleted: false,
        }));
        Ok(items)
    }
}

/// Whether a customer was made for a company.
fn is_of(customer: &Customer, account: AccountId) -> bool {
    let metadata = customer.metadata.as_ref();
    metadata.and_then(|metadata| metadata.get("account_id")).is_some_and(|id| *id == account.to_string())
}

fn same(contract: &Contract, offer: &Offer, terms: Terms) -> bool {
    contract.plan == offer.id && contract.terms.interval == terms.interval
}

fn take(wanted: &mut Vec<(Part, String)>, part: Part) -> Option<String> {
    let place = wanted.iter().position(|(wanted, _)| *wanted == part)?;
    Some(wanted.swap_remove(place).1)
}

/// Every part of a plan with its price's name.
fn prices(names: &Names, offer: &Offer, terms: Terms) -> Result<Vec<(Part, String)>, GatewayError> {
    let price = offer
        .price(terms.currency, terms.interval)
        .ok_or_else(|| GatewayError::NotSynced(format!("a price of {}", offer.id)))?;
    let usage = price.metered.iter().map(|metered| Part::Usage(metered.meter));
    [Part::Seats]
        .into_iter()
        .chain(usage)
        .map(|part| Ok((part, names.of(&price_key(offer.id, part, terms.currency, terms.interval))?.to_owned())))
        .collect()
}
