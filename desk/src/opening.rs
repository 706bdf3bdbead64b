//! Whether a line is open: by the hours of its team, else of its inbox, else of the inbox's brand. Where none are set, it is.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::TenantTx;
use uuid::Uuid;

use crate::hours::Calendar;
use crate::inbox::{Inbox, InboxId};
use crate::start::Start;
use crate::team::{self, Team, TeamId};

/// Whether it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = OpeningHours)]
pub struct Opening {
    /// Whether it is open now. Where no hours are set, it always is.
    pub open: bool,
    /// When it opens next; null while it is open, and when it is not known.
    pub opens_at: Option<DateTime<Utc>>,
}

/// The hours of a company, by what they hold for.
#[derive(Debug, Clone, Default)]
pub struct Hours {
    teams: HashMap<TeamId, Uuid>,
    inboxes: HashMap<InboxId, Uuid>,
    calendars: HashMap<Uuid, Calendar>,
}

#[derive(FromQueryResult)]
struct Row {
    kind: String,
    id: Uuid,
    hours_id: Uuid,
}

#[derive(FromQueryResult)]
struct CalendarRow {
    id: Uuid,
    calendar: serde_json::Value,
}

impl Hours {
    /// Reads them.
    pub async fn load(tx: &TenantTx) -> Result<Self, StoreError> {
        let mut hours = Self::default();
        let calendars: Vec<CalendarRow> = tx.all(sql("select id, calendar from business_hours", [])).await?;
        if calendars.is_empty() {
            return Ok(hours);
        }
        for row in calendars {
            // What an older program let pass and this one cannot read is open, rather than closed for ever.
            match serde_json::from_value(row.calendar) {
                Ok(calendar) => drop(hours.calendars.insert(row.id, calendar)),
                Err(error) => tracing::error!(%error, hours = %row.id, "business hours cannot be read"),
            }
        }
        let rows: Vec<Row> = tx
            .all(sql(
                "select 'team' as kind, id, business_hours_id as hours_id from team where business_hours_id is not null \
                 union all select 'inbox', i.id, coalesce(i.business_hours_id, b.business_hours_id) from inbox i \
                 left join brand b on b.id = i.brand_id where coalesce(i.business_hours_id, b.business_hours_id) is not null",
                [],
            ))
            .await?;
        for row in rows {
            if row.kind == "team" {
                hours.teams.insert(Id::from_uuid(row.id), row.hours_id);
            } else {
                hours.inboxes.insert(Id::from_uuid(row.id), row.hours_id);
            }
        }
        Ok(hours)
    }

    /// Whether a team's line is open to who came in by this inbox; without a team, the inbox itself.
    pub fn opening(&self, team: Option<TeamId>, inbox: InboxId, now: Timestamp) -> Opening {
        let Some(calendar) = self.calendar(team, inbox) else {
            return Opening { open: true, opens_at: None };
        };
        let open = calendar.is_open(now);
        Opening { open, opens_at: if open { None } else { calendar.next_opening(now) } }
    }

    /// Whether it is open at this moment to somebody who begins so: by the hours of the line in which they stand if no rule says
    /// otherwise.
    pub fn open_to(&self, start: &Start, inbox: &Inbox, at: Timestamp) -> bool {
        let calendar = self.calendar(start.team_id.or(inbox.team_id), inbox.id);
        calendar.is_none_or(|calendar| calendar.is_open(at))
    }

    /// The hours that hold.
    fn calendar(&self, team: Option<TeamId>, inbox: InboxId) -> Option<&Calendar> {
        let named = team.and_then(|team| self.teams.get(&team)).or_else(|| self.inboxes.get(&inbox));
        named.and_then(|id| self.calendars.get(id))
    }
}

/// A team that a visitor may choose before the chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = WidgetTeam)]
pub struct OfferedTeam {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it is open now.
    pub open: bool,
    /// How many wait for it now.
    pub waiting: i64,
}

/// What a visitor finds at the door of an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Door {
    /// Whom they may choose, in order; none when there is nothing to choose.
    pub teams: Vec<OfferedTeam>,
    /// Whether it is open.
    pub hours: Opening,
}

/// Reads what a visitor finds at the door of an inbox.
pub async fn door(tx: &TenantTx, inbox: &Inbox) -> Result<Door, StoreError> {
    #[derive(FromQueryResult)]
    struct Line {
        team_id: Uuid,
        waiting: i64,
    }
    let hours = Hours::load(tx).await?;
    let offered: Vec<Team> = team::list(tx).await?.into_iter().filter(|team| team.is_offered_in(inbox)).collect();
    let mut waiting = HashMap::new();
    if !offered.is_empty() {
        let lines: Vec<Line> = tx
            .all(sql(
                "select team_id, count(*) as waiting from queue_entry where team_id is not null and not patient group by team_id",
                [],
            ))
            .await?;
        waiting.extend(lines.into_iter().map(|line| (line.team_id, line.waiting)));
    }
    let teams = offered.into_iter().map(|team| OfferedTeam {
        open: hours.opening(Some(team.id), inbox.id, tx.now()).open,
        waiting: waiting.get(&team.id.uuid()).copied().unwrap_or_default(),
        id: team.id,
        name: team.name,
        description: team.description,
    });
    Ok(Door { teams: teams.collect(), hours: hours.opening(None, inbox.id, tx.now()) })
}
