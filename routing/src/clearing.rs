//! What becomes of facts in the outbox once they were told.
//!
//! What is on the bus for certain stays for a while, so that a process that alone has lost the bus finds it, and is then removed. What the
//! bus did not take, or may have lost, is left to whoever reaches it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use infra::database::StoreError;
use infra::spoken::OrLog as _;
use tenant::lane::{Lane, LanePart};
use tenant::{AccountId, Tenant, outbox};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;
use uuid::Uuid;

use crate::Routing;
use crate::realtime::KEPT;

/// How often published facts are looked through.
pub(crate) const SETTLE_EVERY: Duration = Duration::from_secs(1);
/// A bus that was unwell for so many looks in a row has not taken what was said just before, either.
const UNWELL: u32 = 2;
/// How many companies are written to in one transaction.
const TOGETHER: usize = 16;

/// Facts by their company.
type Facts = BTreeMap<AccountId, Vec<Uuid>>;

/// What was said between two looks.
#[derive(Debug)]
struct Said {
    /// The number of the connection to the bus.
    over: u64,
    /// When the second look was.
    at: Instant,
    facts: Facts,
}

/// What this process has told of late.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// Since the last look, over this connection.
    fresh: Facts,
    over: u64,
    /// Before it, oldest first.
    kept: VecDeque<Said>,
    /// What is to be left to others.
    left: Facts,
    unwell: u32,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Due {
    /// Said over this connection, and long enough ago.
    said: Facts,
    over: u64,
    /// Not taken by the bus, or perhaps lost by it.
    left: Facts,
}

fn add(to: &mut Facts, from: Facts) {
    for (account, mut ids) in from {
        to.entry(account).or_default().append(&mut ids);
    }
}

impl Published {
    /// Something is about to be said over this connection.
    pub(crate) fn speaks(&mut self, over: u64) {
        if self.fresh.is_empty() {
            self.over = over;
        }
    }

    /// The bus has taken these.
    pub(crate) fn put(&mut self, account: AccountId, ids: Vec<Uuid>) {
        self.fresh.entry(account).or_default().extend(ids);
    }

    /// The bus has not taken these.
    pub(crate) fn leave(&mut self, account: AccountId, ids: Vec<Uuid>) {
        self.left.entry(account).or_default().extend(ids);
    }

    /// Whether there is nothing to look through.
    pub(crate) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.kept.is_empty() && self.left.is_empty()
    }

    /// Looks through it: what was said long enough ago is to be removed. What was in the client's hands when a connection broke is
    /// gone, and what a bus that hangs was given may be.
    pub(crate) fn look(&mut self, now: Instant, over: u64, is_well: bool) -> Option<Due> {
        self.unwell = if is_well { 0 } else { self.unwell.saturating_add(1) };
        self.close(now);
        let mut due = Due { over, left: std::mem::take(&mut self.left), said: Facts::new() };
        let hangs = self.unwell == UNWELL;
        let (doubtful, kept): (VecDeque<Said>, VecDeque<Said>) =
            std::mem::take(&mut self.kept).into_iter().partition(|said| hangs || said.over != over);
        self.kept = kept;
        for said in doubtful {
            add(&mut due.left, said.facts);
        }
        while self.kept.front().is_some_and(|said| now.saturating_duration_since(said.at) >= KEPT) {
            if let Some(said) = self.kept.pop_front() {
                add(&mut due.said, said.facts);
            }
        }
        (!due.said.is_empty() || !due.left.is_empty()).then_some(due)
    }

    /// Everything, at the end.
    pub(crate) fn rest(mut self, over: u64) -> Due {
        self.close(Instant::now());
        let mut due = Due { over, left: self.left, said: Facts::new() };
        for said in self.kept {
            add(if said.over == over { &mut due.said } else { &mut due.left }, said.facts);
        }
        due
    }

    fn close(&mut self, now: Instant) {
        if !self.fresh.is_empty() {
            self.kept.push_back(Said { over: self.over, at: now, facts: std::mem::take(&mut self.fresh) });
        }
    }
}

/// Does what is due. What cannot be done is made up for by the sweep, which publishes it again: listeners drop doubles by number. So
/// none of it need be durable.
pub(crate) async fn clear(routing: Routing, mut all: Receiver<Due>) {
    let (mut removing, mut leaving) = (Deed::Remove.begin(&routing), Deed::Leave.begin(&routing));
    while let Some(due) = all.recv().await {
        let Due { mut said, over, mut left } = due;
        // An echo says that the bus has it all; that of the next connection would say nothing of this one.
        let is_certain =
            !said.is_empty() && routing.switchboard.flush().await && over == routing.switchboard.connection();
        if !is_certain {
            add(&mut left, std::mem::take(&mut said));
        }
        for (account, ids) in &left {
            // The sockets here have heard it.
            routing.switchboard.remember(*account, ids);
            routing.switchboard.settled(*account, ids);
        }
        leaving.write(&routing, left).await;
        let settled = said.clone();
        removing.write(&routing, said).await;
        for (account, ids) in settled {
            routing.switchboard.settled(account, &ids);
        }
    }
}

/// Takes facts of one company out of its outbox, outside any lane.
pub(crate) async fn remove(tenant: &Tenant, ids: Vec<Uuid>) -> Result<(), StoreError> {
    Deed::Remove.run(tenant, ids).await
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Remove,
    Leave,
}

impl Deed {
    fn begin(self, routing: &Routing) -> Lanes {
        let statement = match self {
            Self::Remove => outbox::REMOVE,
            Self::Leave => outbox::LEAVE,
        };
        let lanes = routing.world.sites.all().map(|site| {
            let lane = site.pipeline.clone().map(|options| Lane::relaxed(options, statement));
            (site.name.clone(), lane)
        });
        Lanes { deed: self, lanes: lanes.collect() }
    }

    async fn run(self, tenant: &Tenant, ids: Vec<Uuid>) -> Result<(), StoreError> {
        let tx = tenant.begin().await?;
        match self {
            Self::Remove => outbox::remove(&tx, ids).await?,
            Self::Leave => outbox::leave(&tx, ids).await?,
        }
        tx.commit().await
    }

    const fn doing(self) -> &'static str {
        match self {
            Self::Remove => "removing published facts",
            Self::Leave => "leaving facts to others",
        }
    }
}

/// A lane to each database that has lanes.
struct Lanes {
    deed: Deed,
    lanes: Vec<(Option<Arc<str>>, Option<Lane>)>,
}

impl Lanes {
    async fn write(&mut self, routing: &Routing, facts: Facts) {
        let mut all = Vec::with_capacity(facts.len());
        for (account, ids) in facts {
            if let Some(Some(tenant)) = Tenant::find(&routing.world, account).await.or_log("finding a company")
                && !tenant.account.moving
            {
                all.push((tenant, ids));
            }
        }
        let deed = self.deed;
        for (name, lane) in &mut self.lanes {
            let here = all.extract_if(.., |(tenant, _)| tenant.account.database == *name).collect();
            write_here(deed, lane.as_mut(), here).await;
        }
    }
}

/// The same for companies of one database.
async fn write_here(deed: Deed, lane: Option<&mut Lane>, mut parts: Vec<(Tenant, Vec<Uuid>)>) {
    let Some(lane) = lane else {
        for (tenant, ids) in parts {
            deed.run(&tenant, ids).await.or_log(deed.doing());
        }
        return;
    };
    while !parts.is_empty() {
        let some = parts.drain(..parts.len().min(TOGETHER));
        let some = some.map(|(tenant, ids)| LanePart { tenant, values: vec![Box::new(ids)] });
        lane.write(some.collect()).await.or_log(deed.doing());
    }
}

#[cfg(test)]
mod tests {
    use infra::Id;

    use super::*;

    fn company() -> AccountId {
        Id::from_uuid(Uuid::from_u128(1))
    }

    fn of(facts: &Facts) -> Vec<u128> {
        facts.values().flatten().map(Uuid::as_u128).collect()
    }

    /// Something is said over this connection.
    fn says(published: &mut Published, over: u64, fact: u128) {
        published.speaks(over);
        published.put(company(), vec![Uuid::from_u128(fact)]);
    }

    #[test]
    fn what_is_on_the_bus_stays_for_a_while_and_is_then_removed() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut published = Published::default();
        assert!(published.is_empty());
        says(&mut published, 1, 1);
        for second in 0..5 {
            assert!(published.look(at(second), 1, true).is_none(), "after {second} s");
            if second == 2 {
                says(&mut published, 1, 2);
            }
        }
        let due = published.look(at(5), 1, true).unwrap();
        assert_eq!((of(&due.said), of(&due.left)), (vec![1], vec![]));
        let due = published.look(at(8), 1, true).unwrap();
        assert_eq!((of(&due.said), of(&due.left)), (vec![2], vec![]));
        assert!(published.is_empty());
    }

    #[test]
    fn what_the_bus_did_not_take_or_may_have_lost_is_left_to_others_at_once() {
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut published = Published::default();
        says(&mut published, 1, 1);
        published.leave(company(), vec![Uuid::from_u128(2)]);
        let due = published.look(at(0), 1, true).unwrap();
        assert_eq!((of(&due.said), of(&due.left)), (vec![], vec![2]));
        says(&mut published, 2, 3);
        let due = published.look(at(1), 2, true).unwrap();
        assert_eq!((of(&due.said), of(&due.left)), (vec![], vec![1]), "its connection has broken");
        // One bad moment says nothing.
        assert!(published.look(at(2), 2, false).is_none());
        says(&mut published, 2, 4);
        let due = published.look(at(3), 2, false).unwrap();
        assert_eq!((of(&due.said), of(&due.left)), (vec![], vec![3, 4]), "the bus hangs");
        says(&mut published, 2, 5);
        says(&mut published, 3, 6);
        let due = published.rest(2);
        assert_eq!((of(&due.said), of(&due.left)), (vec![5, 6], vec![]), "what is said together is of one connection");
    }
}
