//! Business hours: when somebody answers. Teams, inboxes and brands name them.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::Check;
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::assignment_policy::Warning;
use crate::setup::{self, Noun, SetupError};

/// Marks ids of business hours.
#[derive(Debug)]
pub enum HoursKind {}
impl ids::Prefixed for HoursKind {
    const PREFIX: &'static str = "hours";
}
/// The id of business hours.
pub type HoursId = Id<HoursKind>;

/// How many slots a day may have.
const MOST_SLOTS: usize = 10;
/// How many special days there may be.
const MOST_SPECIAL: usize = 400;

/// From when to when. An end that is not after the beginning is on the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HoursSlot)]
pub struct Slot {
    /// `HH:MM`, from 00:00 to 23:59.
    #[schema(example = "09:00")]
    pub from: String,
    /// `HH:MM`, up to 24:00. Not after `from`: on the next day.
    #[schema(example = "17:30")]
    pub to: String,
}

/// The slots that begin on each day of the week.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = WeeklyHours)]
pub struct Weekly {
    /// Monday.
    pub mon: Vec<Slot>,
    /// Tuesday.
    pub tue: Vec<Slot>,
    /// Wednesday.
    pub wed: Vec<Slot>,
    /// Thursday.
    pub thu: Vec<Slot>,
    /// Friday.
    pub fri: Vec<Slot>,
    /// Saturday.
    pub sat: Vec<Slot>,
    /// Sunday.
    pub sun: Vec<Slot>,
}

/// A day that is not as its weekday: a holiday, or a day with other hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecialDay {
    /// Which day.
    pub date: NaiveDate,
    /// What it is called, at most 80 characters.
    #[serde(default)]
    pub name: String,
    /// What begins on it instead; nothing when it is closed.
    #[serde(default)]
    pub slots: Vec<Slot>,
}

/// When it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HoursCalendar)]
pub struct Calendar {
    /// The IANA name of the time zone.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// An ordinary week.
    #[serde(default)]
    pub weekly: Weekly,
    /// Days that are different; at most 400, each once.
    #[serde(default)]
    pub special: Vec<SpecialDay>,
}

impl Weekly {
    fn days(&self) -> [(&'static str, &Vec<Slot>); 7] {
        [
            ("mon", &self.mon),
            ("tue", &self.tue),
            ("wed", &self.wed),
            ("thu", &self.thu),
            ("fri", &self.fri),
            ("sat", &self.sat),
            ("sun", &self.sun),
        ]
    }
}

impl Calendar {
    fn check(&self, check: &mut Check) {
        check.line("calendar/time_zone", &self.time_zone, 1, 64);
        for (day, slots) in self.weekly.days() {
            check_slots(check, &format!("calendar/weekly/{day}"), slots);
        }
        if self.special.len() > MOST_SPECIAL {
            check.refuse("calendar/special", "too_many", "At most 400.");
        }
        for (place, day) in self.special.iter().enumerate().take(MOST_SPECIAL) {
            check.line(&format!("calendar/special/{place}/name"), &day.name, 0, 80);
            check_slots(check, &format!("calendar/special/{place}/slots"), &day.slots);
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        if self.weekly.days().iter().all(|(_, slots)| slots.is_empty()) {
            let text = "No day of the week has hours: it is never open, but on special days that have some.";
            vec![Warning::new("never_open", text.into())]
        } else {
            Vec::new()
        }
    }
}

fn check_slots(check: &mut Check, field: &str, slots: &[Slot]) {
    if slots.len() > MOST_SLOTS {
        check.refuse(field, "too_many", "At most 10 a day.");
    }
    for (place, slot) in slots.iter().enumerate().take(MOST_SLOTS) {
        for (end, text) in [("from", &slot.from), ("to", &slot.to)] {
            let good = NaiveTime::parse_from_str(text, "%H:%M").is_ok() || (end == "to" && text == "24:00");
            if !good {
                check.refuse(&format!("{field}/{place}/{end}"), "time_invalid", "A time like 09:30.");
            }
        }
    }
}

/// Business hours.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BusinessHours {
    /// Their id.
    pub id: HoursId,
    /// Their name; no two differ only in capitals.
    pub name: String,
    /// When it is open.
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
    pub calendar: Calendar,
}

impl BusinessHoursRequest {
    fn checked(self) -> Result<Self, SetupError> {
        let mut check = Check::new();
        let name = check.line("name", &self.name, 1, 80);
        self.calendar.check(&mut check);
        check.finish()?;
        Ok(Self { name, ..self })
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    calendar: serde_json::Value,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<Row> for BusinessHours {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = HoursId::from_uuid(row.id);
        let calendar: Calendar = setup::read("business_hours", &id, row.calendar)?;
        Ok(Self {
            id,
            name: row.name,
            warnings: calendar.warnings(),
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
    rows.into_iter().map(BusinessHours::try_from).collect()
}

/// One of them.
pub async fn find(tx: &TenantTx, id: HoursId) -> Result<Option<BusinessHours>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, name, calendar, created_at, updated_at from business_hours where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    row.map(BusinessHours::try_from).transpose()
}

/// Makes business hours.
pub async fn create(tx: &TenantTx, ask: BusinessHoursRequest) -> Result<BusinessHours, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    if list(tx).await?.len() >= Noun::BusinessHours.most() {
        return Err(SetupError::TooMany(Noun::BusinessHours));
    }
    let id: HoursId = tx.id();
    tx.run(sql(
        "insert into business_hours (id, name, calendar, created_at, updated_at) values ($1, $2, $3, $4, $4)",
        [id.uuid().into(), ask.name.into(), setup::stored(&ask.calendar)?.into(), tx.now().into()],
    ))
    .await
    .map_err(setup::refused)?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::BusinessHours))
}

/// Writes business hours anew.
pub async fn replace(tx: &TenantTx, id: HoursId, ask: BusinessHoursRequest) -> Result<BusinessHours, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    tx.run(sql(
        "update business_hours set name = $2, calendar = $3, updated_at = $4 where id = $1",
        [id.uuid().into(), ask.name.into(), setup::stored(&ask.calendar)?.into(), tx.now().into()],
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
