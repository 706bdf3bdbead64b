//! What goes on without being asked: letters, spare schemas, sweeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use infra::database::Database;
use infra::spoken::OrLog as _;
use routing::revocation::{self, Revocation};
use routing::{presence, relay, rights};
use tenant::proof::ceremony;
use tenant::{AccountId, closing, flood, idempotency, jobs, provision, throttle};
use tokio::task::JoinSet;

use crate::{App, metrics, onboarding};

/// How often work that waits for the time looks whether it is known.
const COMPARED_SOON: Duration = Duration::from_millis(50);

/// Repeats a piece of work with a pause between, until the server goes away.
fn every<F, W>(tasks: &mut JoinSet<()>, app: &Arc<App>, pause: Duration, work: F)
where
    F: Fn(Arc<App>) -> W + Send + 'static,
    W: Future<Output = ()> + Send,
{
    let app = Arc::clone(app);
    tasks.spawn(async move {
        // A clock that is ahead would take for over what is to come, and much of this work takes away what is over.
        while !app.world.clock.is_compared() {
            tokio::select! {
                () = app.world.clock.pause(COMPARED_SOON) => {}
                () = app.going_away.cancelled() => return,
            }
        }
        loop {
            work(Arc::clone(&app)).await;
            tokio::select! {
                () = app.world.clock.pause(pause) => {}
                () = app.going_away.cancelled() => break,
            }
        }
    });
}

/// How often a process looks who was erased, in case the bus did not say so.
const ERASED_EVERY: Duration = Duration::from_secs(5);

/// What every process does: looks how the services are, hears who may not be here any more, and notices what the bus has lost.
pub(crate) fn health(tasks: &mut JoinSet<()>, app: &Arc<App>, database_url: String) {
    every(tasks, app, ERASED_EVERY, |app| async move {
        tenant::erasure::refresh(&app.world).await.or_log("learning who was erased");
    });
    tasks.spawn(catch_up(Arc::clone(app)));
    let app = Arc::clone(app);
    tasks.spawn(async move {
        let connect = || Database::connect(&database_url, 1);
        tokio::select! {
            () = routing::health::measure(&app.routing, connect) => {}
            () = routing::revocation::listen(&app.routing) => {}
            () = app.sockets.wait() => {}
        }
    });
}

/// Work that any number of processes may do beside each other.
pub(crate) fn shared(tasks: &mut JoinSet<()>, app: &Arc<App>) {
    every(tasks, app, Duration::from_millis(500), |app| async move {
        while jobs::run_due(&app.world).await.or_log("running jobs").is_some_and(|done| done > 0) {}
    });
    every(tasks, app, Duration::from_secs(5), |app| async move {
        tell(&app, app.billing.settle_due().await.or_log("settling subscriptions")).await;
    });
    every(tasks, app, Duration::from_millis(500), |app| async move {
        tell(&app, app.billing.work_events().await.or_log("working on events of the payment provider")).await;
    });
    every(tasks, app, Duration::from_secs(30), |app| async move {
        tell(&app, app.billing.look_afresh().await.or_log("looking at subscriptions")).await;
        app.billing.roll_up().await.or_log("rolling usage up");
        app.billing.compare_due().await.or_log("comparing meters");
        if let Some(Some(vitals)) = app.billing.vitals().await.or_log("looking how far money lags") {
            metrics::show_billing(&vitals);
        }
    });
    every(tasks, app, Duration::from_mins(5), |app| async move {
        app.billing.write_alerts().await.or_log("writing about usage and money");
    });
    every(tasks, app, Duration::from_secs(1), |app| async move {
        while app.billing.send_due().await.or_log("sending usage").is_some_and(|sent| sent.accepted > 0)
            && !app.going_away.is_cancelled()
        {}
    });
    every(tasks, app, Duration::from_secs(2), |app| async move {
        provision::refill(&app.world).await.or_log("making spare schemas");
    });
    every(tasks, app, Duration::from_secs(20), |app| async move {
        onboarding::sweep(&app.world).await.or_log("finishing signups");
        relay::sweep_all(&app.routing).await.or_log("sweeping companies");
    });
    every(tasks, app, Duration::from_mins(10), |app| async move {
        app.billing.let_closed_go().await.or_log("ending the subscriptions of closed companies");
        closing::sweep(&app.world).await.or_log("taking closed companies away");
    });
    every(tasks, app, Duration::from_secs(1), |app| async move {
        while rights::run_due(&app.world).await.or_log("making an archive").is_some_and(|done| done) {}
    });
    every(tasks, app, Duration::from_mins(1), |app| async move {
        rights::remove_expired(&app.world).await.or_log("removing old archives");
        rights::sweep_all(&app.routing).await.or_log("looking for what is over");
    });
    every(tasks, app, Duration::from_hours(1), |app| async move {
        idempotency::forget(&app.world).await.or_log("forgetting old answers");
        throttle::forget(&app.world.database, app.world.now()).await.or_log("forgetting old attempts");
        ceremony::sweep(&app.world, app.world.now()).await.or_log("sweeping away unanswered challenges");
        app.billing.forget_events().await.or_log("forgetting old events of the payment provider");
    });
}

/// Lets every server know what companies may have now.
async fn tell(app: &App, changed: Option<Vec<AccountId>>) {
    for account in changed.unwrap_or_default() {
        revocation::revoke(&app.routing, Revocation::Entitlements(account)).await;
    }
}

/// Work for the sockets of this process.
pub(crate) fn local(tasks: &mut JoinSet<()>, app: &Arc<App>) {
    tasks.spawn(beat(Arc::clone(app)));
    every(tasks, app, Duration::from_millis(700), |app| async move { relay::look_here(&app.routing).await });
    every(tasks, app, flood::SHARED_EVERY, |app| async move { app.world.flood.share(&app.world.cache).await });
    let turn = Arc::new(AtomicUsize::new(0));
    every(tasks, app, Duration::from_secs(2), move |app| {
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        async move { relay::sweep_here(&app.routing, turn).await }
    });
}

/// How often a process looks whether the bus has lost something, and says how far it has come itself.
const CAUGHT_UP_EVERY: Duration = Duration::from_millis(500);

/// Notices what the bus has lost, also of what is said while the server goes.
async fn catch_up(app: Arc<App>) {
    loop {
        relay::catch_up(&app.routing).await;
        tokio::select! {
            () = app.world.clock.pause(CAUGHT_UP_EVERY) => {}
            () = app.sockets.wait() => break,
        }
    }
}

/// Says that the agents of this process are here, for as long as their sockets are: a server that was told to go keeps them for
/// longer than a heartbeat counts.
async fn beat(app: Arc<App>) {
    loop {
        // A heartbeat of another time would count for days, or not at all.
        if app.world.clock.is_compared() {
            app.routing.presence.beat(app.world.now()).await;
        }
        tokio::select! {
            () = app.world.clock.pause(presence::BEAT) => {}
            () = app.sockets.wait() => break,
        }
    }
}
