//! Business hours: when somebody answers. Teams, inboxes and brands name them.

use chrono::{DateTime, TimeDelta, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{FieldFault, Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::assignment_policy::Warning;
use crate::hours::{Calendar, Span, Timetable};
use crate::setup::{self, Noun, SetupError};

/// Marks ids of business hours.
#[derive(Debug)]
pub enum HoursKind {}
impl ids::Prefixed for HoursKind {
    const PREFIX: &'static str = "hours";
}
/// The id of business hours.
pub type HoursId = Id<HoursKind>;

/// The longest time for which a schedule is told.
const LONGEST_SCHEDULE: TimeDelta = TimeDelta::days(62);

/// Business hours.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BusinessHours {
    /// Their id.
    pub id: HoursId,
    /// Their name; no two differ only in capitals.
    pub name: String,
    /// When it is open.
    #[schema(value_type = Timetable)]
    pub calendar: Calendar,
    /// What will not work as somebody may hope.
    pub warnings: Vec<Warning>,
    /// When they were made.
    pub created_at: DateTime<Utc>,
    /// When they were last changed.
    pub updated_at: DateTime<Utc>,
}

/// Business hours as somebody wants them.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessHoursRequest {
    /// 1 to 80 characters; no two differ only in capitals.
    pub name: String,
    /// When it is open.
    pub calendar: Timetable,
}

impl BusinessHoursRequest {
    fn checked(self) -> Result<(String, Calendar), SetupError> {
        let mut check = Check::new();
        let name = check.line("name", &self.name, 1, 80);
        match Calendar::new(self.calendar) {
            Ok(calendar) => {
                check.finish()?;
                Ok((name, calendar))
            }
            Err(faults) => {
                let mut all = check.finish().err().map_or_else(Vec::new, |invalid| invalid.0);
                let below = |fault: FieldFault| FieldFault { pointer: format!("/calendar{}", fault.pointer), ..fault };
                all.extend(faults.into_iter().map(below));
                Err(Invalid(all).into())
            }
        }
    }
}

impl BusinessHours {
    /// When it is open between two instants.
    pub fn schedule(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Span>, Invalid> {
        let mut check = Check::new();
        if to <= from || to - from > LONGEST_SCHEDULE {
            check.refuse("to", "schedule_out_of_range", "After `from`, by at most 62 days.");
        }
        check.finish()?;
        Ok(self.calendar.open_spans(from, to))
    }
}

fn warnings(calendar: &Calendar, now: Timestamp) -> Vec<Warning> {
    if calendar.is_open(now) || calendar.next_opening(now).is_some() {
        return Vec::new();
    }
    let text = "It is not open on any day of the coming two years.";
    vec![Warning::new("never_open", text.into())]
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    calendar: serde_json::Value,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    fn read(self, now: Timestamp) -> Result<BusinessHours, StoreError> {
        let row = self;
        let id = HoursId::from_uuid(row.id);
        let calendar: Calendar = setup::read("business_hours", &id, row.calendar)?;
        Ok(BusinessHours {
            id,
            name: row.name,
            warnings: warnings(&calendar, now),
            calendar,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// All business hours, by name.
pub async fn list(tx: &TenantTx) -> Result<Vec<BusinessHours>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql("select id, name, calendar, created_at, updated_at from business_hours order by lower(name), id", []))
        .await?;
    rows.into_iter().map(|row| row.read(tx.now())).collect()
}

/// One of them.
pub async fn find(tx: &TenantTx, id: HoursId) -> Result<Option<BusinessHours>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, name, calendar, created_at, updated_at from business_hours where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    row.map(|row| row.read(tx.now())).transpose()
}

/// Makes business hours.
pub async fn create(tx: &TenantTx, ask: BusinessHoursRequest) -> Result<BusinessHours, SetupError> {
    let (name, calendar) = ask.checked()?;
    setup::take_turn(tx).await?;
    if list(tx).await?.len() >= Noun::BusinessHours.most() {
        return Err(SetupError::TooMany(Noun::BusinessHours));
    }
    let id: HoursId = tx.id();
    tx.run(sql(
        "insert into business_hours (id, name, calendar, created_at, updated_at) values ($1, $2, $3, $4, $4)",
        [id.uuid().into(), name.into(), setup::stored(&calendar)?.into(), tx.now().into()],
    ))
    .await
    .map_err(setup::refused)?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::BusinessHours))
}

/// Writes business hours anew.
pub async fn replace(tx: &TenantTx, id: HoursId, ask: BusinessHoursRequest) -> Result<BusinessHours, SetupError> {
    let (name, calendar) = ask.checked()?;
    setup::take_turn(tx).await?;
    tx.run(sql(
        "update business_hours set name = $2, calendar = $3, updated_at = $4 where id = $1",
        [id.uuid().into(), name.into(), setup::stored(&calendar)?.into(), tx.now().into()],
    ))
    .await
    .map_err(setup::refused)?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::BusinessHours))
}

/// Removes business hours that nothing names any more.
pub async fn remove(tx: &TenantTx, id: HoursId) -> Result<BusinessHours, SetupError> {
    setup::take_turn(tx).await?;
    let hours = find(tx, id).await?.ok_or(SetupError::Unknown(Noun::BusinessHours))?;
    tx.run(sql("delete from business_hours where id = $1", [id.uuid().into()]))
        .await
        .map_err(setup::kept(Noun::BusinessHours))?;
    Ok(hours)
}
