//! Meters: what usage events are counted by.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Books;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// How events become a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Formula {
    Sum,
    Count,
    Last,
}

impl Formula {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Count => "count",
            Self::Last => "last",
        }
    }
}

/// A meter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Meter {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) event_name: String,
    pub(crate) formula: Formula,
    /// Which field of an event names the customer.
    pub(crate) customer_key: String,
    /// Which field of an event is the number.
    pub(crate) value_key: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) deactivated: Option<i64>,
}

impl Kept for Meter {
    const WHAT: &'static str = "meter";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Books {
    pub(crate) fn create_meter(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&[
            "display_name",
            "event_name",
            "default_aggregation",
            "customer_mapping",
            "value_settings",
            "event_time_window",
        ])?;
        let event_name = form.need("event_name")?;
        if let Some(other) =
            self.meters.iter().find(|meter| meter.event_name == event_name && meter.deactivated.is_none())
        {
            let message = format!("An active meter with the event name `{event_name}` exists already: {}", other.id);
            return Err(Refusal::coded("event_name", "resource_already_exists", &message));
        }
        let formula = match form.part("default_aggregation").need("formula")?.as_str() {
            "sum" => Formula::Sum,
            "count" => Formula::Count,
            "last" => Formula::Last,
            _ => return Err(Refusal::invalid("default_aggregation[formula]", "Invalid formula")),
        };
        let mapping = form.part("customer_mapping");
        mapping.choice("type", &["by_id"])?;
        let customer_key = mapping.text("event_payload_key")?.unwrap_or_else(|| "stripe_customer_id".to_owned());
        let value_key = form.part("value_settings").text("event_payload_key")?.unwrap_or_else(|| "value".to_owned());
        let display_name = form.need("display_name")?;
        let (id, now) = (self.new_id("mtr"), self.now);
        self.meters.put(Meter {
            id: id.clone(),
            display_name,
            event_name,
            formula,
            customer_key,
            value_key,
            created: now,
            updated: now,
            deactivated: None,
        });
        let body = self.meter_json(self.meters.get(&id, "id")?);
        self.tell("billing.meter.created", now, body.clone());
        Ok(body)
    }

    pub(crate) fn update_meter(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(&["display_name"])?;
        let name = form.text("display_name")?;
        self.change_meter(id, "billing.meter.updated", |meter, _| {
            meter.display_name = name.unwrap_or_else(|| meter.display_name.clone());
        })
    }

    pub(crate) fn deactivate_meter(&mut self, id: &str) -> Result<Value, Refusal> {
        if self.prices.iter().any(|price| price.active && price.meter.as_deref() == Some(id)) {
            return Err(Refusal::bad("You cannot deactivate a meter that is attached to active prices."));
        }
        self.change_meter(id, "billing.meter.deactivated", |meter, now| meter.deactivated = Some(now))
    }

    pub(crate) fn reactivate_meter(&mut self, id: &str) -> Result<Value, Refusal> {
        self.change_meter(id, "billing.meter.reactivated", |meter, _| meter.deactivated = None)
    }

    fn change_meter(&mut self, id: &str, kind: &str, change: impl FnOnce(&mut Meter, i64)) -> Result<Value, Refusal> {
        let now = self.now;
        let meter = self.meters.get_mut(id, "id")?;
        change(meter, now);
        meter.updated = now;
        let body = self.meter_json(self.meters.get(id, "id")?);
        self.tell(kind, now, body.clone());
        Ok(body)
    }
}
