//! Every kind of answer is read by the typed client that Frontdesk uses: what it cannot parse is written wrongly here.

use std::collections::HashMap;
use std::time::Duration;

use futures::TryStreamExt as _;
use stripe::{Client, ClientBuilder, RequestStrategy, StripeError};
use stripe_billing::BillingMeterEventAdjustmentType;
use stripe_billing::billing_meter::{ListBillingMeter, RetrieveBillingMeter};
use stripe_billing::billing_meter_event::CreateBillingMeterEvent;
use stripe_billing::billing_meter_event_adjustment::{
    CreateBillingMeterEventAdjustment, CreateBillingMeterEventAdjustmentCancel,
};
use stripe_billing::billing_meter_event_summary::{
    ListIdBillingMeterEventSummary, ListIdBillingMeterEventSummaryValueGroupingWindow,
};
use stripe_billing::billing_portal_configuration::ListBillingPortalConfiguration;
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::invoice::{
    CreatePreviewInvoice, CreatePreviewInvoiceSubscriptionDetails, CreatePreviewInvoiceSubscriptionDetailsItems,
    ListInvoice, PayInvoice, RetrieveInvoice, VoidInvoiceInvoice,
};
use stripe_billing::invoice_item::ListInvoiceItem;
use stripe_billing::subscription::{
    CancelSubscription, ListSubscription, ListSubscriptionStatus, RetrieveSubscription, UpdateSubscription,
    UpdateSubscriptionItems,
};
use stripe_billing::subscription_item::ListSubscriptionItem;
use stripe_billing::test_helpers_test_clock::{AdvanceTestHelpersTestClock, CreateTestHelpersTestClock};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, ExpireCheckoutSession, ListCheckoutSession,
    RetrieveCheckoutSession,
};
use stripe_checkout::{CheckoutSessionMode, CheckoutSessionStatus};
use stripe_core::customer::{CreateCustomer, DeleteCustomer, RetrieveCustomer, SearchCustomer, UpdateCustomer};
use stripe_core::event::ListEvent;
use stripe_product::coupon::{CreateCoupon, RetrieveCoupon};
use stripe_product::price::{ListPrice, RetrievePrice};
use stripe_product::product::{CreateProduct, ListProduct, UpdateProduct};
use stripe_product::promotion_code::ListPromotionCode;
use stripe_standin::{Down, Faults};

use crate::scene::{DAY, NOW, Scene, id};

fn client(scene: &Scene) -> Client {
    ClientBuilder::new(scene.standin.key())
        .url(scene.standin.url())
        .request_strategy(RequestStrategy::Retry(3))
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_catalogue_is_read() {
    let scene = Scene::open().await;
    let client = client(&scene);
    let product = CreateProduct::new("Pro")
        .id("pro")
        .metadata(HashMap::from([("plan".to_owned(), "pro".to_owned())]))
        .send(&client)
        .await
        .unwrap();
    assert_eq!(product.metadata["plan"], "pro");
    assert_eq!(UpdateProduct::new("pro").name("Pro 2").send(&client).await.unwrap().name, "Pro 2");
    assert_eq!(ListProduct::new().active(true).send(&client).await.unwrap().data.len(), 3);
    let price =
        RetrievePrice::new(scene.messages.clone()).expand(vec!["tiers".to_owned()]).send(&client).await.unwrap();
    assert_eq!(price.tiers.unwrap()[1].unit_amount_decimal.as_deref(), Some("0.5"));
    assert_eq!(price.recurring.unwrap().meter.as_deref(), Some(scene.meter.as_str()));
    assert_eq!(ListPrice::new().lookup_keys(vec!["seat".to_owned()]).send(&client).await.unwrap().data.len(), 1);
    let meter = RetrieveBillingMeter::new(scene.meter.clone()).send(&client).await.unwrap();
    assert_eq!(
        (meter.event_name.as_str(), ListBillingMeter::new().send(&client).await.unwrap().data.len()),
        ("messages", 1)
    );
    let coupon = CreateCoupon::new().id("TEN").percent_off(12.5).send(&client).await.unwrap();
    assert_eq!((coupon.percent_off, coupon.valid), (Some(12.5), true));
    RetrieveCoupon::new("TEN").send(&client).await.unwrap();
    scene.act("POST", "/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=TEN&code=SPRING");
    let codes = ListPromotionCode::new().code("spring").send(&client).await.unwrap();
    assert_eq!(codes.data.len(), 0);
    assert_eq!(ListPromotionCode::new().code("SPRING").send(&client).await.unwrap().data[0].code, "SPRING");
}

#[tokio::test]
async fn subscriptions_and_invoices_are_read_in_every_state() {
    let scene = Scene::open().await;
    let client = client(&scene);
    scene.act("POST", "/v1/coupons", "id=TEN&percent_off=10&duration=forever");
    let customer = scene.customer(true);
    let made = scene.subscribe(&customer, "discounts[0][coupon]=TEN&automatic_tax[enabled]=true");
    let (sub, seats) = (id(&made), id(&made["items"]["data"][0]));
    scene.use_messages(&customer, "a", 1_500, NOW);
    let read = RetrieveSubscription::new(sub.clone())
        .expand(
            ["latest_invoice.payments", "customer", "default_payment_method", "discounts", "items.data.price.tiers"]
                .map(String::from)
                .to_vec(),
        )
        .send(&client)
        .await
        .unwrap();
    assert_eq!(read.items.data.len(), 2);
    assert_eq!(read.items.data[0].quantity, Some(2));
    assert_eq!(read.items.data[1].quantity, None);
    let change =
        UpdateSubscriptionItems { id: Some(seats.clone()), quantity: Some(5), ..UpdateSubscriptionItems::new() };
    scene.pass(10 * DAY);
    UpdateSubscription::new(sub.clone()).items(vec![change]).cancel_at_period_end(false).send(&client).await.unwrap();
    assert!(!ListInvoiceItem::new().customer(customer.clone()).send(&client).await.unwrap().data.is_empty());
    let item = CreatePreviewInvoiceSubscriptionDetailsItems {
        id: Some(seats),
        quantity: Some(7),
        ..CreatePreviewInvoiceSubscriptionDetailsItems::new()
    };
    let details = CreatePreviewInvoiceSubscriptionDetails {
        items: Some(vec![item]),
        ..CreatePreviewInvoiceSubscriptionDetails::new()
    };
    let preview = CreatePreviewInvoice::new()
        .customer(customer.clone())
        .subscription(sub.clone())
        .subscription_details(details)
        .send(&client)
        .await
        .unwrap();
    assert!(preview.lines.data.len() > 3 && preview.total > 0);
    // Draft, open after a failure, paid.
    scene.standin.give_card(&customer, false).unwrap();
    scene.pass(21 * DAY + 60);
    let drafts = ListInvoice::new().customer(customer.clone()).send(&client).await.unwrap();
    assert_eq!(drafts.data[0].status.as_ref().unwrap().as_str(), "draft");
    scene.pass(3_600);
    let latest = drafts.data[0].id.clone().unwrap();
    let failed = RetrieveInvoice::new(latest.clone())
        .expand(vec!["payments".to_owned(), "customer".to_owned()])
        .send(&client)
        .await
        .unwrap();
    assert_eq!((failed.status.unwrap().as_str(), failed.attempt_count), ("open", 1));
    let declined = PayInvoice::new(latest.clone()).send(&client).await.unwrap_err();
    assert!(
        matches!(&declined, StripeError::Stripe(error, 402) if error.decline_code.as_deref() == Some("generic_decline")),
        "{declined}"
    );
    scene.standin.give_card(&customer, true).unwrap();
    let paid = RetrieveInvoice::new(latest.clone()).send(&client).await.unwrap();
    assert!(paid.hosted_invoice_url.unwrap().starts_with("http://") && paid.invoice_pdf.is_some());
    assert!(VoidInvoiceInvoice::new(latest).send(&client).await.is_err());
    assert_eq!(ListSubscriptionItem::new(sub.clone()).send(&client).await.unwrap().data.len(), 2);
    CancelSubscription::new(sub).send(&client).await.unwrap();
    let all =
        ListSubscription::new().customer(customer).status(ListSubscriptionStatus::All).send(&client).await.unwrap();
    assert_eq!(all.data[0].status.as_str(), "canceled");
}

#[tokio::test]
async fn lists_are_walked_to_their_end() {
    let scene = Scene::open().await;
    let client = client(&scene);
    let customer = scene.customer(true);
    for _ in 0..23 {
        scene.subscribe(&customer, "");
    }
    let all: Vec<_> =
        ListInvoice::new().customer(customer).limit(5).paginate().stream(&client).try_collect().await.unwrap();
    assert_eq!(all.len(), 23);
    let events: Vec<_> = ListEvent::new().limit(100).paginate().stream(&client).try_collect().await.unwrap();
    assert_eq!(events.len(), scene.standin.events().len());
}

#[tokio::test]
async fn usage_and_its_summaries_are_read() {
    let scene = Scene::open().await;
    let client = client(&scene);
    let customer = scene.customer(true);
    let hour = NOW - NOW % 3_600;
    for number in 0..30 {
        let payload =
            HashMap::from([("stripe_customer_id".to_owned(), customer.clone()), ("value".to_owned(), "3".to_owned())]);
        let event = CreateBillingMeterEvent::new("messages", payload)
            .identifier(format!("e{number}"))
            .timestamp(hour - number * 3_600 - 1);
        assert_eq!(event.send(&client).await.unwrap().identifier, format!("e{number}"));
    }
    let summaries = ListIdBillingMeterEventSummary::new(scene.meter.clone(), customer.clone(), hour, hour - 40 * 3_600)
        .value_grouping_window(ListIdBillingMeterEventSummaryValueGroupingWindow::Hour)
        .limit(7);
    let all: Vec<_> = summaries.paginate().stream(&client).try_collect().await.unwrap();
    assert_eq!((all.len(), all.iter().map(|summary| summary.aggregated_value).sum::<f64>()), (30, 90.0));
    let cancel = CreateBillingMeterEventAdjustmentCancel { identifier: Some("e1".to_owned()) };
    CreateBillingMeterEventAdjustment::new("messages", BillingMeterEventAdjustmentType::Cancel)
        .cancel(cancel)
        .send(&client)
        .await
        .unwrap();
    let again = CreateBillingMeterEvent::new(
        "messages",
        HashMap::from([("stripe_customer_id".to_owned(), customer), ("value".to_owned(), "3".to_owned())]),
    );
    let refused = again.identifier("e2").send(&client).await.unwrap_err();
    assert!(
        matches!(&refused, StripeError::Stripe(error, 400) if error.message.as_deref() == Some("An event already exists with identifier e2.")),
        "{refused}"
    );
}

#[tokio::test]
async fn the_hosted_pages_are_offered() {
    let scene = Scene::open().await;
    let client = client(&scene);
    let customer = CreateCustomer::new().email("a@b.example").name("A").send(&client).await.unwrap();
    let account = HashMap::from([("account".to_owned(), "7".to_owned())]);
    UpdateCustomer::new(customer.id.clone()).name("B").metadata(account).send(&client).await.unwrap();
    let found = async |query: &str| SearchCustomer::new(query).send(&client).await.unwrap().data.len();
    assert_eq!((found("metadata['account']:'7'").await, found("metadata['account']:'8'").await), (1, 0));
    let seats = CreateCheckoutSessionLineItems {
        price: Some(scene.seats.clone()),
        quantity: Some(2),
        ..CreateCheckoutSessionLineItems::new()
    };
    let ask = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Subscription)
        .customer(customer.id.as_str())
        .success_url("http://shop.example/")
        .line_items(vec![seats]);
    let session = ask.send(&client).await.unwrap();
    let page = session.url.clone().unwrap();
    assert!(page.contains("/c/pay/cs_test_"));
    let (_, _, _) = scene
        .http(
            "GET",
            page.split("127.0.0.1").nth(1).and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap(),
            "",
            "",
        )
        .await
        .unwrap();
    scene.standin.buy(session.id.as_str(), "4242424242424242", "").unwrap();
    let done = RetrieveCheckoutSession::new(session.id.clone())
        .expand(vec!["line_items".to_owned(), "subscription".to_owned(), "invoice".to_owned()])
        .send(&client)
        .await
        .unwrap();
    assert_eq!(done.line_items.unwrap().data[0].amount_total, 2_000);
    let other = ask.send(&client).await.unwrap();
    let open = ListCheckoutSession::new().customer(customer.id.as_str()).status(CheckoutSessionStatus::Open);
    let open = open.send(&client).await.unwrap().data;
    assert_eq!(open.iter().map(|session| session.id.as_str()).collect::<Vec<_>>(), [other.id.as_str()]);
    assert_eq!(ExpireCheckoutSession::new(other.id).send(&client).await.unwrap().status.unwrap().as_str(), "expired");
    let portal = CreateBillingPortalSession::new()
        .customer(customer.id.as_str())
        .return_url("http://shop.example/")
        .send(&client)
        .await
        .unwrap();
    assert!(portal.url.contains("/p/session/"));
    assert_eq!(ListBillingPortalConfiguration::new().send(&client).await.unwrap().data.len(), 1);
    DeleteCustomer::new(customer.id.clone()).send(&client).await.unwrap();
    RetrieveCustomer::new(customer.id).send(&client).await.unwrap();
    let clock = CreateTestHelpersTestClock::new(NOW).send(&client).await.unwrap();
    AdvanceTestHelpersTestClock::new(clock.id, NOW + DAY).send(&client).await.unwrap();
}

#[tokio::test]
async fn the_typed_client_tries_again_where_that_helps_and_nothing_is_done_twice() {
    let scene = Scene::open().await;
    let client = client(&scene);
    scene.standin.set_faults(Faults { too_many: 200, broken: 200, lost: 200, ..Faults::default() });
    let mut made = 0;
    for number in 0..60 {
        made += usize::from(CreateCustomer::new().name(format!("c{number}")).send(&client).await.is_ok());
    }
    scene.standin.set_faults(Faults::default());
    let all: Vec<_> =
        stripe_core::customer::ListCustomer::new().limit(100).paginate().stream(&client).try_collect().await.unwrap();
    let names: std::collections::BTreeSet<_> = all.iter().filter_map(|customer| customer.name.clone()).collect();
    assert_eq!(names.len(), all.len());
    assert!(made >= 40 && made <= all.len(), "{made} of {}", all.len());
    scene.standin.set_faults(Faults { down: Some(Down::Refuse), ..Faults::default() });
    assert!(CreateCustomer::new().name("x").send(&client).await.is_err());
}
