//! Archives that were asked for: who asked, how far they are, and for how long they can be fetched. The file itself is in the store of
//! files, under the company's id and sealed with its key.

use std::pin::pin;

use chrono::{DateTime, TimeDelta, Utc};
use infra::blob::BlobError;
use infra::database::{Rows as _, StoreError, sql};
use infra::spoken::OrLog as _;
use infra::{Fault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use uuid::Uuid;

use crate::account::AccountId;
use crate::membership::AgentId;
use crate::scope::ContactId;
use crate::seal::Place;
use crate::world::World;

mod kept;

pub use kept::kept_bytes;

/// Marks ids of exports.
#[derive(Debug)]
pub enum ExportKind {}
impl ids::Prefixed for ExportKind {
    const PREFIX: &'static str = "export";
}
/// The id of an export.
pub type ExportId = Id<ExportKind>;

/// How long an archive can be fetched.
pub const KEPT: TimeDelta = TimeDelta::days(7);
/// How long a link to it lives.
pub const LINK: TimeDelta = TimeDelta::minutes(15);
/// Who makes one says so again in this time, or somebody else does it.
const HELD: TimeDelta = TimeDelta::seconds(60);
/// How often one is tried.
const TRIES: i32 = 3;

/// What an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportHolds {
    /// Everything of the company.
    Account,
    /// Everything of one contact.
    Contact,
}

impl ExportHolds {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Contact => "contact",
        }
    }
}

/// Where an export stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportStatus {
    /// Nobody has begun.
    Waiting,
    /// Being written.
    Working,
    /// Can be fetched.
    Ready,
    /// Could not be made; ask for another.
    Failed,
    /// Removed because its time was over.
    Expired,
    /// Removed before that: by hand, or because somebody in it was erased.
    Withdrawn,
}

impl ExportStatus {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Waiting, "waiting"),
        (Self::Working, "working"),
        (Self::Ready, "ready"),
        (Self::Failed, "failed"),
        (Self::Expired, "expired"),
        (Self::Withdrawn, "withdrawn"),
    ];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(status, _)| *status)
    }
}

/// An archive that was asked for.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct DataExport {
    /// Its id.
    pub id: ExportId,
    /// What it holds.
    pub holds: ExportHolds,
    /// Whose data, for an export of one contact.
    pub contact_id: Option<ContactId>,
    /// Who asked for it. Nobody else can fetch it.
    pub requested_by: AgentId,
    /// Where it stands.
    pub status: ExportStatus,
    /// How much of it is written, in percent.
    pub percent: u8,
    /// How many bytes it has, once it is ready.
    pub bytes: Option<i64>,
    /// The SHA-256 that its last 64 bytes repeat, once it is ready.
    pub sha256: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was ready.
    pub ready_at: Option<DateTime<Utc>>,
    /// Until when it can be fetched.
    pub expires_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(crate) account_id: AccountId,
    /// How often it was begun. Whoever has lost it to another one finds another number in the row.
    #[serde(skip)]
    pub(crate) attempt: i32,
}

impl DataExport {
    /// Where its file is. Each attempt has its own: one that comes late does not write over what another one has finished.
    pub fn path(&self) -> String {
        self.path_of(self.attempt)
    }

    fn path_of(&self, attempt: i32) -> String {
        format!("{}/exports/{}-{attempt}", self.account_id, self.id)
    }

    /// Removes its file, and what attempts before left.
    pub async fn remove_files(&self, world: &World) -> Result<(), BlobError> {
        for attempt in 1..=self.attempt {
            world.blobs.remove(&self.path_of(attempt)).await?;
        }
        Ok(())
    }

    /// What it is sealed for: it opens as this export only.
    pub fn place(&self) -> Place {
        Place::new("export", self.id.uuid())
    }

    /// What the file is called when it is fetched.
    pub fn file_name(&self) -> String {
        format!("frontdesk-{}-{}.zip", self.holds.as_str(), self.created_at.format("%Y-%m-%d"))
    }

    /// Whose company it is.
    pub fn account(&self) -> AccountId {
        self.account_id
    }
}

/// What can go wrong with one.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No such export here.
    #[error("no such export")]
    Unknown,
    /// It is not ready, or not any more.
    #[error("this export cannot be fetched now")]
    NotReady,
    /// Another one of the whole company is being made.
    #[error("an export of the whole account is being made already")]
    Busy,
    /// The plan's room for files is taken.
    #[error("the plan keeps {0} bytes of files, and they are used: remove an archive, or wait until one has run out")]
    StorageFull(u64),
    /// The link is of another export or person, or its time is over.
    #[error("this link is not good, or not any more: ask for another")]
    BadLink,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ExportError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown | Self::BadLink => Kind::NotFound,
            Self::NotReady | Self::Busy | Self::StorageFull(_) => Kind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "export_unknown",
            Self::NotReady => "export_not_ready",
            Self::Busy => "export_busy",
            Self::StorageFull(_) => "storage_full",
            Self::BadLink => "download_link_invalid",
            Self::Store(error) => error.code(),
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    account_id: Uuid,
    holds: String,
    subject_id: Option<Uuid>,
    requested_by: Uuid,
    status: String,
    rows_done: i64,
    rows_about: i64,
    bytes: Option<i64>,
    sha256: Option<String>,
    created_at: Timestamp,
    ready_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    attempts: i32,
}

impl TryFrom<Row> for DataExport {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = ExportId::from_uuid(row.id);
        let bad = || StoreError::Inconsistent {
            table: "shared.data_export",
            id: id.to_string(),
            what: "an unknown status".into(),
        };
        let status = ExportStatus::parse(&row.status).ok_or_else(bad)?;
        let percent = match status {
            ExportStatus::Waiting => 0,
            ExportStatus::Working => percent(row.rows_done, row.rows_about),
            ExportStatus::Ready | ExportStatus::Failed | ExportStatus::Expired | ExportStatus::Withdrawn => 100,
        };
        Ok(Self {
            id,
            holds: if row.holds == "account" { ExportHolds::Account } else { ExportHolds::Contact },
            contact_id: row.subject_id.map(Id::from_uuid),
            requested_by: Id::from_uuid(row.requested_by),
            status,
            percent,
            bytes: row.bytes,
            sha256: row.sha256,
            created_at: row.created_at,
            ready_at: row.ready_at,
            expires_at: row.expires_at,
            account_id: Id::from_uuid(row.account_id),
            attempt: row.attempts,
        })
    }
}

/// Never all of it before it is: how much there is, is known only about.
fn percent(done: i64, about: i64) -> u8 {
    let part = done.saturating_mul(100) / about.max(done).max(1);
    u8::try_from(part.clamp(0, 99)).unwrap_or(99)
}

/// The columns of [`Row`], with `$head` before and `$tail` behind them.
macro_rules! export {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            "id, account_id, holds, subject_id, requested_by, status, rows_done, rows_about, bytes, sha256, created_at, ready_at, expires_at, attempts",
            $tail
        )
    };
}

/// Asks for one. Of the whole company there is one at a time. None while the plan's room for files is taken: the first one is always
/// made, however large it becomes, so that nobody's data is held back.
pub async fn ask(
    world: &World,
    account: AccountId,
    by: AgentId,
    contact: Option<ContactId>,
    room: Option<u64>,
) -> Result<DataExport, ExportError> {
    if let Some(room) = room {
        let kept = u64::try_from(kept_bytes(world, account).await?).unwrap_or(0);
        if kept > 0 && kept >= room {
            return Err(ExportError::StorageFull(room));
        }
    }
    let holds = if contact.is_some() { ExportHolds::Contact } else { ExportHolds::Account };
    let now = world.now();
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            export!(
                "insert into shared.data_export (id, account_id, holds, subject_id, requested_by, status, created_at) \
                 select $1, $2, $3, $4, $5, 'waiting', $6 where $4::uuid is not null or not exists ( \
                 select 1 from shared.data_export where account_id = $2 and holds = 'account' and status in ('waiting', 'working')) returning ",
                ""
            ),
            [
                world.chance.uuid(now).into(),
                account.uuid().into(),
                holds.as_str().into(),
                contact.map(Id::uuid).into(),
                by.uuid().into(),
                now.into(),
            ],
        ))
        .await?;
    Ok(DataExport::try_from(row.ok_or(ExportError::Busy)?)?)
}

/// The company's exports, newest first.
pub async fn list(world: &World, account: AccountId) -> Result<Vec<DataExport>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            export!(
                "select ",
                " from shared.data_export where account_id = $1 order by created_at desc, id desc limit 100"
            ),
            [account.uuid().into()],
        ))
        .await?;
    rows.into_iter().map(DataExport::try_from).collect()
}

/// One of them.
pub async fn find(world: &World, account: AccountId, id: ExportId) -> Result<DataExport, ExportError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            export!("select ", " from shared.data_export where id = $1 and account_id = $2"),
            [id.uuid().into(), account.uuid().into()],
        ))
        .await?;
    Ok(DataExport::try_from(row.ok_or(ExportError::Unknown)?)?)
}

/// Takes the next one that nobody is at. One whose makers have died as often as one is tried is given up.
pub async fn take(world: &World) -> Result<Option<DataExport>, StoreError> {
    let now = world.now();
    world
        .database
        .orm()
        .run(sql(
            "update shared.data_export set status = 'failed', locked_until = null \
             where status = 'working' and locked_until < $1 and attempts >= $2",
            [now.into(), TRIES.into()],
        ))
        .await?;
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            export!(
                "update shared.data_export set status = 'working', attempts = attempts + 1, locked_until = $2, rows_done = 0 \
                 where id = (select id from shared.data_export where status in ('waiting', 'working') \
                 and (locked_until is null or locked_until < $1) order by created_at limit 1 for update skip locked) returning ",
                ""
            ),
            [now.into(), (now + HELD).into()],
        ))
        .await?;
    row.map(DataExport::try_from).transpose()
}

/// Says how far it is, and that somebody is at it. False when it is not wanted any more, or another one has taken it.
pub async fn progress(world: &World, ask: &DataExport, done: u64, about: u64) -> Result<bool, StoreError> {
    let number = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.data_export set rows_done = $2, rows_about = $3, locked_until = $4 \
             where id = $1 and attempts = $5 and status = 'working'",
            [
                ask.id.uuid().into(),
                number(done).into(),
                number(about).into(),
                (world.now() + HELD).into(),
                ask.attempt.into(),
            ],
        ))
        .await?;
    Ok(touched > 0)
}

/// It goes on while something takes long of which nobody can say how far it is.
pub async fn hold<T>(world: &World, ask: &DataExport, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        match timeout(HELD.to_std().unwrap_or_default() / 4, &mut work).await {
            Ok(done) => return done,
            Err(_) => drop(progress(world, ask, 99, 100).await.or_log("holding on to an export")),
        }
    }
}

/// Its file is in its place. False when it is not wanted any more, or another one has taken it.
pub async fn finish(world: &World, ask: &DataExport, bytes: u64, sha256: String) -> Result<bool, StoreError> {
    let now = world.now();
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.data_export set status = 'ready', bytes = $2, sha256 = $3, ready_at = $4, expires_at = $5, locked_until = null \
             where id = $1 and attempts = $6 and status = 'working'",
            [
                ask.id.uuid().into(),
                i64::try_from(bytes).unwrap_or(i64::MAX).into(),
                sha256.into(),
                now.into(),
                (now + KEPT).into(),
                ask.attempt.into(),
            ],
        ))
        .await?;
    Ok(touched > 0)
}

/// It could not be made this time; after some tries it counts as failed.
pub async fn fail(world: &World, ask: &DataExport) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "update shared.data_export set status = case when attempts >= $2 then 'failed' else 'waiting' end, locked_until = $3 \
             where id = $1 and attempts = $4 and status = 'working'",
            [ask.id.uuid().into(), TRIES.into(), (world.now() + TimeDelta::seconds(5)).into(), ask.attempt.into()],
        ))
        .await
        .map(drop)
}

/// Takes it back, whatever it is doing; its file is the caller's to remove.
pub async fn withdraw(world: &World, account: AccountId, id: ExportId) -> Result<DataExport, ExportError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            export!(
                "update shared.data_export set status = case when status in ('failed', 'expired') then status else 'withdrawn' end, \
                 locked_until = null where id = $1 and account_id = $2 returning ",
                ""
            ),
            [id.uuid().into(), account.uuid().into()],
        ))
        .await?;
    Ok(DataExport::try_from(row.ok_or(ExportError::Unknown)?)?)
}

/// Takes back everything that may hold this contact: exports of them, and of the whole company. Gives them, to remove their files.
pub async fn withdraw_of(world: &World, account: AccountId, contact: Uuid) -> Result<Vec<DataExport>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            export!(
                "update shared.data_export set status = 'withdrawn', locked_until = null where account_id = $1 \
                 and (subject_id = $2 or holds = 'account') and status in ('waiting', 'working', 'ready') returning ",
                ""
            ),
            [account.uuid().into(), contact.into()],
        ))
        .await?;
    rows.into_iter().map(DataExport::try_from).collect()
}

/// Marks those whose time is over, and gives them, to remove their files.
pub async fn expire(world: &World) -> Result<Vec<DataExport>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            export!("update shared.data_export set status = 'expired' where status = 'ready' and expires_at < $1 returning ", ""),
            [world.now().into()],
        ))
        .await?;
    rows.into_iter().map(DataExport::try_from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_done_before_it_is() {
        assert_eq!(
            [percent(0, 100), percent(50, 100), percent(100, 100), percent(500, 100), percent(0, 0)],
            [0, 50, 99, 99, 0]
        );
    }
}
