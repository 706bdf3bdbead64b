//! Test clocks: customers who live by a time of their own.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Books;
use crate::calendar::DAY;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shelf::Kept;

/// A clock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TestClock {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) frozen: i64,
    pub(crate) created: i64,
}

impl Kept for TestClock {
    const WHAT: &'static str = "testclock";
    fn id(&self) -> &str {
        &self.id
    }
}

impl Books {
    pub(crate) fn create_clock(&mut self, form: &Form) -> Result<Value, Refusal> {
        form.only(&["frozen_time", "name"])?;
        let frozen = form.int("frozen_time")?.ok_or_else(|| Refusal::missing("frozen_time"))?;
        let clock = TestClock { id: self.new_id("clock"), name: form.text("name")?, frozen, created: self.now };
        let (body, at) = (self.clock_json(&clock), self.now);
        self.clocks.put(clock);
        self.tell("test_helpers.test_clock.created", at, body.clone());
        Ok(body)
    }

    pub(crate) fn advance_clock(&mut self, id: &str, form: &Form) -> Result<Value, Refusal> {
        form.only(&["frozen_time"])?;
        let to = form.int("frozen_time")?.ok_or_else(|| Refusal::missing("frozen_time"))?;
        let clock = self.clocks.get_mut(id, "id")?;
        if to < clock.frozen {
            return Err(Refusal::invalid("frozen_time", "A test clock can only be advanced."));
        }
        clock.frozen = to;
        self.settle();
        let (body, at) = (self.clock_json(self.clocks.get(id, "id")?), self.now);
        self.tell("test_helpers.test_clock.ready", at, body.clone());
        Ok(body)
    }

    /// A clock goes, and its customers with it.
    pub(crate) fn delete_clock(&mut self, id: &str) -> Result<Value, Refusal> {
        self.clocks.get(id, "id")?;
        let own = self.customers.iter().filter(|customer| customer.test_clock.as_deref() == Some(id));
        for customer in own.map(|customer| customer.id.clone()).collect::<Vec<_>>() {
            self.delete_customer(&customer)?;
        }
        self.clocks.remove(id);
        Ok(json!({ "id": id, "object": "test_helpers.test_clock", "deleted": true }))
    }

    /// When a clock is taken away by itself.
    pub(crate) fn clock_ends(clock: &TestClock) -> i64 {
        clock.created + 30 * DAY
    }
}
