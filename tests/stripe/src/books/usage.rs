//! Usage events: taken at once, counted later, and forgotten by identifier after a day.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Books;
use super::meter::{Formula, Meter};
use crate::calendar::{DAY, HOUR};
use crate::form::Form;
use crate::refusal::Refusal;

/// One usage event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) identifier: String,
    pub(crate) meter: String,
    pub(crate) customer: String,
    pub(crate) value: i64,
    pub(crate) timestamp: i64,
    pub(crate) received: i64,
    /// Why it does not count.
    pub(crate) void: Option<String>,
}

/// All usage events.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) records: Vec<Record>,
    /// By whose identifier; the newest of a name.
    taken: HashMap<String, usize>,
    /// Where the events of a customer are, by meter.
    #[serde(skip)]
    places: HashMap<(String, String), Vec<usize>>,
    #[serde(skip)]
    placed: usize,
}

impl Usage {
    /// The newest event with an identifier.
    pub(crate) fn named(&self, identifier: &str) -> Option<&Record> {
        self.records.get(*self.taken.get(identifier)?)
    }

    pub(crate) fn named_mut(&mut self, identifier: &str) -> Option<&mut Record> {
        self.records.get_mut(*self.taken.get(identifier)?)
    }

    pub(crate) fn add(&mut self, record: Record) {
        self.taken.insert(record.identifier.clone(), self.records.len());
        self.records.push(record);
        self.place();
    }

    /// Brings the index up to date: it is not kept on disk.
    pub(crate) fn place(&mut self) {
        for (at, record) in self.records.iter().enumerate().skip(self.placed) {
            self.places.entry((record.meter.clone(), record.customer.clone())).or_default().push(at);
        }
        self.placed = self.records.len();
    }

    /// What counts, of one customer by one meter, in `[from, to)`, as far as it was received by an instant.
    fn of(&self, meter: &str, customer: &str, from: i64, to: i64, seen: i64) -> impl Iterator<Item = &Record> {
        let places = self.places.get(&(meter.to_owned(), customer.to_owned()));
        let records = places.into_iter().flatten().filter_map(move |at| self.records.get(*at));
        records.filter(move |record| {
            record.void.is_none() && (from..to).contains(&record.timestamp) && record.received <= seen
        })
    }

    /// One number for a stretch of time.
    pub(crate) fn total(&self, meter: &Meter, customer: &str, from: i64, to: i64, seen: i64) -> i64 {
        let records = self.of(&meter.id, customer, from, to, seen);
        match meter.formula {
            Formula::Sum => records.map(|record| record.value).sum(),
            Formula::Count => i64::try_from(records.count()).unwrap_or(i64::MAX),
            Formula::Last => records.max_by_key(|record| record.timestamp).map_or(0, |record| record.value),
        }
    }
}

/// How far from now an event may lie.
const PAST: i64 = 35 * DAY;
const FUTURE: i64 = 300;

impl Books {
    /// Takes an event. `reject` is why it will not count after all, though the answer says it was taken.
    pub(crate) fn create_meter_event(&mut self, form: &Form, reject: Option<&str>) -> Result<Value, Refusal> {
        form.only(&["event_name", "identifier", "payload", "timestamp"])?;
        let name = form.need("event_name")?;
        let meter =
            self.meters.iter().filter(|meter| meter.event_name == name).max_by_key(|meter| meter.deactivated.is_none());
        let meter = meter
            .ok_or_else(|| Refusal::invalid("event_name", &format!("No active meter found for event name {name}")))?;
        if meter.deactivated.is_some() {
            return Err(Refusal::coded("event_name", "archived_meter", "The meter for this event name is archived."));
        }
        let payload = form.map("payload")?;
        let customer = payload.get(&meter.customer_key).cloned().ok_or_else(|| {
            Refusal::invalid(
                "payload",
                &format!("Customer mapping key {} is missing from payload.", meter.customer_key),
            )
        })?;
        let value = match (meter.formula, payload.get(&meter.value_key)) {
            (Formula::Count, None) => 1,
            (_, Some(text)) => text
                .parse::<i64>()
                .map_err(|_| Refusal::invalid("payload", &format!("Invalid value for {}: {text}", meter.value_key)))?,
            (_, None) => {
                let message = format!("Value key {} is missing from payload.", meter.value_key);
                return Err(Refusal::invalid("payload", &message));
            }
        };
        let (meter, now) = (meter.id.clone(), self.time_of(&customer));
        let timestamp = form.int("timestamp")?.unwrap_or(now);
        if timestamp < now - PAST {
            let message = "The timestamp must be within the past 35 calendar days.";
            return Err(Refusal::coded("timestamp", "timestamp_too_far_in_past", message));
        }
        if timestamp > now + FUTURE {
            let message = "The timestamp must be at most 5 minutes in the future.";
            return Err(Refusal::coded("timestamp", "timestamp_in_future", message));
        }
        let identifier = match form.text("identifier")? {
            Some(text) if text.chars().count() > 100 => {
                return Err(Refusal::invalid("identifier", "Invalid string: must be at most 100 characters"));
            }
            Some(text) => text,
            None => self.new_id("mtre"),
        };
        if self.usage.named(&identifier).is_some_and(|taken| taken.received > now - DAY) {
            let message = format!("An event already exists with identifier {identifier}.");
            return Err(Refusal::invalid("identifier", &message));
        }
        let unknown = self.customers.find(&customer).is_none().then_some("meter_event_customer_not_found");
        let void = reject.or(unknown).map(str::to_owned);
        if let Some(code) = &void {
            self.report(&meter, code, &identifier, now);
        }
        let body = json!({
            "object": "billing.meter_event", "created": now, "event_name": name, "identifier": identifier,
            "livemode": self.habits.livemode, "payload": payload, "timestamp": timestamp,
        });
        self.usage.add(Record { identifier, meter, customer, value, timestamp, received: now, void });
        Ok(body)
    }

    /// Tells that an event did not count.
    fn report(&mut self, meter: &str, code: &str, identifier: &str, at: i64) {
        let time = |at: i64| {
            let instant = chrono::DateTime::from_timestamp(at, 0).unwrap_or_default();
            instant.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
        };
        let related = json!({
            "id": meter, "object": "billing.meter", "type": "billing.meter", "url": format!("/v1/billing/meters/{meter}"),
        });
        let details = json!({
            "developer_message_summary": "There is 1 invalid event",
            "reason": { "error_count": 1, "error_types": [ {
                "code": code, "error_count": 1,
                "sample_errors": [ { "error_message": code.replace('_', " "), "request": { "identifier": identifier } } ],
            } ] },
            "validation_start": time(at - 10), "validation_end": time(at),
        });
        self.tell_thin("v1.billing.meter.error_report_triggered", at, &related, &details);
    }

    /// Takes an event back, within a day.
    pub(crate) fn adjust_meter_event(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&["event_name", "type", "cancel"])?;
        let name = form.need("event_name")?;
        form.choice("type", &["cancel"])?.ok_or_else(|| Refusal::missing("type"))?;
        let identifier = form.part("cancel").need("identifier")?;
        let meters: Vec<&str> =
            self.meters.iter().filter(|meter| meter.event_name == name).map(|meter| meter.id.as_str()).collect();
        let record = self.usage.named(&identifier).filter(|record| meters.contains(&record.meter.as_str()));
        let record = record.ok_or_else(|| {
            Refusal::coded(
                "cancel[identifier]",
                "resource_missing",
                &format!("No event found with identifier {identifier}."),
            )
        })?;
        if record.received <= self.time_of(&record.customer) - DAY {
            let message = "You can only cancel events that were received in the last 24 hours.";
            return Err(Refusal::invalid("cancel[identifier]", message));
        }
        if let Some(record) = self.usage.named_mut(&identifier) {
            record.void = Some("canceled".to_owned());
        }
        Ok(json!({
            "object": "billing.meter_event_adjustment", "cancel": { "identifier": identifier }, "event_name": name,
            "livemode": self.habits.livemode, "status": "pending", "type": "cancel",
        }))
    }

    /// The summaries of a meter for a customer, newest first.
    pub(crate) fn meter_summaries(&self, id: &str, form: &Form) -> Result<Vec<Value>, Refusal> {
        let meter = self.meters.get(id, "id")?;
        let customer = form.need("customer")?;
        self.customers.get(&customer, "customer")?;
        let need = |name: &str| form.int(name)?.ok_or_else(|| Refusal::missing(name));
        let (from, to) = (need("start_time")?, need("end_time")?);
        let window = form.choice("value_grouping_window", &["hour", "day"])?;
        let step = match window.as_deref() {
            Some("hour") => HOUR,
            Some(_) => DAY,
            None => 60,
        };
        for (name, at) in [("start_time", from), ("end_time", to)] {
            if at % step != 0 {
                let word = if step == HOUR {
                    "hour"
                } else if step == DAY {
                    "UTC day"
                } else {
                    "minute"
                };
                return Err(Refusal::invalid(name, &format!("`{name}` must be aligned with {word} boundaries.")));
            }
        }
        if to <= from {
            return Err(Refusal::invalid("end_time", "`end_time` must be after `start_time`."));
        }
        let width = if window.is_some() { step } else { to - from };
        let seen = self.time_of(&customer) - self.habits.summary_lag;
        let windows = (0..(to - from) / width).map(|number| from + number * width);
        let summary = |start: i64| {
            let end = start + width;
            let any = self.usage.of(&meter.id, &customer, start, end, seen).next().is_some();
            any.then(|| {
                let value = self.usage.total(meter, &customer, start, end, seen);
                self.summary_json(meter, &customer, start, end, value)
            })
        };
        let mut found: Vec<Value> = windows.filter_map(summary).collect();
        if window.is_none() && found.is_empty() {
            found.push(self.summary_json(meter, &customer, from, to, 0));
        }
        found.reverse();
        Ok(found)
    }
}
