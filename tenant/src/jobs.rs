//! Jobs are letters, or lead to one, or what a company's log is owed: written in the caller's transaction, delivered at least once by any
//! worker, given up only aloud.

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::mail::MailError;
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::owed::{self, Owed};
use crate::letters::Post;
use crate::signup;
use crate::throttle::{self, Rate};
use crate::world::{SharedWorld, World};

/// Everything a worker can be asked to do. A renamed job keeps its old name here until the queue is drained.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Send a letter.
    SendMail(Post),
    /// Send a link for setting a new password, if the address has a login. Looked up by the worker: whoever asks learns nothing from how
    /// long the answer takes.
    SendResetLink {
        /// The address.
        email: String,
    },
    /// Write what a company's log is owed, if it does not stand there already.
    NoteDeed(Owed),
}

impl Job {
    const fn kind(&self) -> &'static str {
        match self {
            Self::SendMail(_) => "send_mail",
            Self::SendResetLink { .. } => "send_reset_link",
            Self::NoteDeed(_) => "note_deed",
        }
    }
}

/// Why a job did not end well.
#[derive(Debug)]
pub enum Stop {
    /// Worth another try later.
    TryAgain(String),
    /// Will never work.
    GiveUp(String),
}

/// Writes a job in the caller's transaction.
pub async fn enqueue(tx: &Tx, world: &World, job: &Job) -> Result<(), StoreError> {
    enqueue_later(tx, world, world.chance.uuid(world.now()), job, TimeDelta::zero()).await
}

/// The same with an id of the caller's, for a job that the caller does first: workers leave it alone for so long.
pub(crate) async fn enqueue_later(
    tx: &Tx,
    world: &World,
    id: Uuid,
    job: &Job,
    wait: TimeDelta,
) -> Result<(), StoreError> {
    let now = world.now();
    let payload = serde_json::to_value(job).map_err(|error| StoreError::Refused(error.to_string()))?;
    tx.run(sql(
        "insert into shared.job (id, kind, payload, run_at, created_at) values ($1, $2, $3, $4, $5)",
        [id.into(), job.kind().into(), payload.into(), (now + wait).into(), now.into()],
    ))
    .await
    .map(drop)
}

/// Takes a job away that the caller has done.
pub(crate) async fn forget(world: &World, id: Uuid) -> Result<(), StoreError> {
    world.database.orm().run(sql("delete from shared.job where id = $1", [id.into()])).await.map(drop)
}

/// How many letters one mailbox gets in a day that somebody else may have asked for, whatever they are about.
const ASKED_A_DAY: Rate = Rate::new(5, 86_400);

/// Writes a letter that a stranger may have asked for, unless its reader has had enough of them today. Whoever asks is answered the
/// same: how often an address was written to is as little theirs to learn as whether it is known.
pub async fn enqueue_asked(tx: &Tx, world: &World, post: Post) -> Result<(), StoreError> {
    let key = format!("letters:{}", post.to.to_lowercase());
    if throttle::count_in(tx, &key, ASKED_A_DAY, world.now()).await? {
        return enqueue(tx, world, &Job::SendMail(post)).await;
    }
    tracing::info!("a letter was not written: its reader has had enough of them today");
    Ok(())
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    payload: serde_json::Value,
    attempts: i32,
}

/// How often a job is tried before it is given up: with the waits below, about two days.
const TRIES: i32 = 14;

/// Takes due jobs and does them; says how many it took. A worker that dies leaves its job to others after a minute.
pub async fn run_due(world: &SharedWorld) -> Result<usize, StoreError> {
    let now = world.now();
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            "update shared.job set locked_until = $2, attempts = attempts + 1 where id in (select id from shared.job \
             where gave_up_at is null and run_at <= $1 and (locked_until is null or locked_until < $1) order by run_at limit 1 for update skip locked) \
             returning id, payload, attempts",
            [now.into(), (now + TimeDelta::minutes(1)).into()],
        ))
        .await?;
    let taken = rows.len();
    for row in rows {
        let outcome = match serde_json::from_value::<Job>(row.payload) {
            Ok(job) => perform(world, &job).await,
            // Of a newer program's: left to those who can read it.
            Err(error) => Err(Stop::TryAgain(format!("unreadable: {error}"))),
        };
        settle(world, row.id, row.attempts, outcome, now).await?;
    }
    Ok(taken)
}

async fn perform(world: &SharedWorld, job: &Job) -> Result<(), Stop> {
    match job {
        Job::SendMail(post) => world.mailer.send(&post.write()).await.map_err(|error| match error {
            MailError::Server(_) | MailError::Settings(_) => Stop::TryAgain(error.to_string()),
            MailError::Letter(_) => Stop::GiveUp(error.to_string()),
        }),
        Job::SendResetLink { email } => {
            signup::send_reset_link(world, email).await.map_err(|error| Stop::TryAgain(error.to_string()))
        }
        Job::NoteDeed(owed) => owed::write(world, owed).await.map_err(|error| Stop::TryAgain(error.to_string())),
    }
}

async fn settle(
    world: &World,
    id: Uuid,
    attempts: i32,
    outcome: Result<(), Stop>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let orm = world.database.orm();
    let statement = match outcome {
        Ok(()) => sql("delete from shared.job where id = $1", [id.into()]),
        Err(Stop::TryAgain(why)) if attempts < TRIES => {
            // 5 s, 10 s, 20 s … at most 6 h.
            let wait = TimeDelta::seconds((5_i64 << attempts.clamp(0, 20)).min(21_600));
            tracing::warn!(job.id = %id, job.attempts = attempts, why, "a job will be tried again");
            sql(
                "update shared.job set run_at = $2, locked_until = null, last_error = $3 where id = $1",
                [id.into(), (now + wait).into(), why.into()],
            )
        }
        Err(Stop::TryAgain(why) | Stop::GiveUp(why)) => {
            tracing::error!(job.id = %id, job.attempts = attempts, why, "a job was given up");
            sql(
                "update shared.job set gave_up_at = $2, locked_until = null, last_error = $3 where id = $1",
                [id.into(), now.into(), why.into()],
            )
        }
    };
    orm.run(statement).await.map(drop)
}
