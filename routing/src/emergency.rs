//! Who hears of the emergency plan: everybody at once when it changes, and whoever connects.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use desk::EmergencyNotice;
use desk::emergency::{self, Emergency};
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use tenant::{AccountId, Tenant};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::Routing;
use crate::realtime::{ServerFrame, Topic};

/// How many companies are kept in mind before those nobody asks about go.
const KEPT: usize = 1_000;
/// How long a newcomer waits for the plan. Without it, they are told when it changes.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// The last reading of a plan, and when it began.
type Reading = Arc<Mutex<Option<(Instant, Emergency)>>>;

/// Readings of plans, shared by those who come together: a crowd asks the database twice at most.
#[derive(Default)]
pub(crate) struct Plans(std::sync::Mutex<HashMap<AccountId, Reading>>);

impl Plans {
    fn reading(&self, account: AccountId) -> Reading {
        let mut readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if readings.len() >= KEPT {
            readings.retain(|_, reading| Arc::strong_count(reading) > 1);
        }
        Arc::clone(readings.entry(account).or_default())
    }

    /// As it stands after this call. What was read before would be as good only if no other server had changed it since, and
    /// the change would have been told before this newcomer listened.
    async fn read(&self, tenant: &Tenant) -> Result<Emergency, StoreError> {
        let arrived = Instant::now();
        let reading = self.reading(tenant.id());
        let mut last = reading.lock().await;
        if let Some((began, plan)) = last.as_ref()
            && *began >= arrived
        {
            return Ok(plan.clone());
        }
        let began = Instant::now();
        let plan = emergency::find(&tenant.begin().await?).await?;
        *last = Some((began, plan.clone()));
        Ok(plan)
    }
}

fn frame(notice: &EmergencyNotice) -> String {
    ServerFrame::Emergency { emergency: notice }.encode()
}

/// Tells all agents and visitors of a company how its plan stands now. Kept in no outbox: who misses it is told when they
/// connect again, and reads it with the next session.
pub async fn tell(routing: &Routing, account: AccountId, plan: Emergency) {
    let frame = Bytes::from(frame(&plan.notice()));
    let frames = [(Topic::Agents(account), frame.clone()), (Topic::Visitors(account), frame)];
    routing.switchboard.say_all(account, &frames).await;
}

/// What a newcomer is told: nothing, where nobody has ever written a plan.
pub(crate) async fn greet(routing: &Routing, tenant: &Tenant) -> Option<String> {
    let plan = timeout(READ_WITHIN, routing.plans.read(tenant)).await.ok()?.or_log("reading an emergency plan")?;
    plan.updated_at.is_some().then(|| frame(&plan.notice()))
}
