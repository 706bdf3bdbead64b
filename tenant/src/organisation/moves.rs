//! Companies come into groups and leave them, when both sides want it: one asks, the other answers.

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Id, Timestamp};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{OrganisationError, OrganisationId, join};
use crate::account::AccountId;
use crate::world::World;

/// Into a group or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into it.
    Join,
    /// Out of it.
    Leave,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Leave => "leave",
        }
    }
}

/// One of the two who must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MoveSide)]
pub enum Side {
    /// The company: its owner.
    Account,
    /// The group: any of its admins.
    Organisation,
}

impl Side {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Organisation => "organisation",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Account => Self::Organisation,
            Self::Organisation => Self::Account,
        }
    }
}

/// A move that one side has asked for.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = GroupMove)]
pub struct Move {
    /// Which company.
    pub account_id: AccountId,
    /// Its name.
    pub account_name: String,
    /// Which group.
    pub organisation_id: OrganisationId,
    /// Its name.
    pub organisation_name: String,
    /// Into it or out of it.
    pub direction: Direction,
    /// Who has asked; the other side answers.
    pub asked_by: Side,
    /// When.
    pub asked_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct MoveRow {
    account_id: Uuid,
    account_name: String,
    organisation_id: Uuid,
    organisation_name: String,
    direction: String,
    asked_by: String,
    asked_at: Timestamp,
}

impl From<MoveRow> for Move {
    fn from(row: MoveRow) -> Self {
        Self {
            account_id: Id::from_uuid(row.account_id),
            account_name: row.account_name,
            organisation_id: Id::from_uuid(row.organisation_id),
            organisation_name: row.organisation_name,
            direction: if row.direction == "join" { Direction::Join } else { Direction::Leave },
            asked_by: if row.asked_by == "account" { Side::Account } else { Side::Organisation },
            asked_at: row.asked_at,
        }
    }
}

/// The moves that wait for an answer: of one group, or of one company.
pub async fn moves(
    world: &World,
    organisation: Option<OrganisationId>,
    account: Option<AccountId>,
) -> Result<Vec<Move>, StoreError> {
    let rows: Vec<MoveRow> = world
        .database
        .orm()
        .all(sql(
            "select m.account_id, a.name as account_name, m.organisation_id, o.name as organisation_name, m.direction, m.asked_by, m.asked_at \
             from shared.organisation_move m join shared.account a on a.id = m.account_id join shared.organisation o on o.id = m.organisation_id \
             where ($1::uuid is null or m.organisation_id = $1) and ($2::uuid is null or m.account_id = $2) order by m.asked_at",
            [organisation.map(Id::uuid).into(), account.map(Id::uuid).into()],
        ))
        .await?;
    Ok(rows.into_iter().map(Move::from).collect())
}

/// Asks the other side for a move. A question about the same company that is not answered yet is replaced.
pub async fn ask(
    world: &World,
    id: OrganisationId,
    account: AccountId,
    direction: Direction,
    by: Side,
) -> Result<(), OrganisationError> {
    let asked = world
        .database
        .orm()
        .run(sql(
            "insert into shared.organisation_move (account_id, organisation_id, direction, asked_by, asked_at) \
             select a.id, o.id, $3, $4, $5 from shared.account a, shared.organisation o where a.id = $1 and o.id = $2 and a.status = 'active' \
             and (($3 = 'join' and a.organisation_id is null) or ($3 = 'leave' and a.organisation_id = o.id)) \
             on conflict (account_id) do update set organisation_id = excluded.organisation_id, direction = excluded.direction, \
             asked_by = excluded.asked_by, asked_at = excluded.asked_at",
            [
                account.uuid().into(),
                id.uuid().into(),
                direction.as_str().into(),
                by.as_str().into(),
                world.now().into(),
            ],
        ))
        .await?;
    match (asked, by, direction) {
        // Who is not in a group learns nothing of it.
        (0, Side::Account, Direction::Leave) => Err(OrganisationError::Unknown),
        (0, ..) => Err(OrganisationError::Placed),
        _ => Ok(()),
    }
}

/// Answers what the other side has asked; gives what was asked. One's own question may be taken back by saying no.
pub async fn answer(
    world: &World,
    id: OrganisationId,
    account: AccountId,
    by: Side,
    yes: bool,
) -> Result<Direction, OrganisationError> {
    #[derive(FromQueryResult)]
    struct Asked {
        direction: String,
    }
    let tx = world.database.begin("".into()).await?;
    let asked: Option<Asked> = tx
        .one(sql(
            "delete from shared.organisation_move where account_id = $1 and organisation_id = $2 and (asked_by = $3 or not $4) returning direction",
            [account.uuid().into(), id.uuid().into(), by.other().as_str().into(), yes.into()],
        ))
        .await?;
    let asked = asked.ok_or(OrganisationError::NothingAsked)?;
    let direction = if asked.direction == "join" { Direction::Join } else { Direction::Leave };
    match (yes, direction) {
        (false, _) => {}
        (true, Direction::Join) => join(&tx, account, id).await?,
        (true, Direction::Leave) => {
            tx.run(sql(
                "update shared.account set organisation_id = null where id = $1 and organisation_id = $2",
                [account.uuid().into(), id.uuid().into()],
            ))
            .await?;
        }
    }
    tx.commit().await?;
    world.directory.forget(account);
    Ok(direction)
}
