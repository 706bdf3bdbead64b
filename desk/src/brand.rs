//! Brands: groups of inboxes and teams inside one company.

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::Check;
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::business_hours::HoursId;
use crate::look::Look;
use crate::setup::{self, Noun, SetupError};

/// Marks ids of brands.
#[derive(Debug)]
pub enum BrandKind {}
impl ids::Prefixed for BrandKind {
    const PREFIX: &'static str = "brand";
}
/// The id of a brand.
pub type BrandId = Id<BrandKind>;

/// A brand. Its inboxes and teams name it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Brand {
    /// Its id.
    pub id: BrandId,
    /// Its name; no two differ only in capitals.
    pub name: String,
    /// When it is open, where neither the team nor the inbox says so.
    pub business_hours_id: Option<HoursId>,
    /// How it looks in the chat of its inboxes.
    pub look: Look,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A brand as somebody wants it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandRequest {
    /// 1 to 80 characters; no two differ only in capitals.
    pub name: String,
    /// When it is open, where neither the team nor the inbox says so.
    #[serde(default)]
    pub business_hours_id: Option<HoursId>,
    /// How it looks in the chat of its inboxes.
    #[serde(default)]
    pub look: Look,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    business_hours_id: Option<Uuid>,
    look: serde_json::Value,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<Row> for Brand {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = BrandId::from_uuid(row.id);
        let look = serde_json::from_value(row.look).map_err(|error| StoreError::Inconsistent {
            table: "brand",
            id: id.to_string(),
            what: error.to_string(),
        })?;
        Ok(Self {
            id,
            name: row.name,
            business_hours_id: row.business_hours_id.map(Id::from_uuid),
            look,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Every brand, by name.
pub async fn list(tx: &TenantTx) -> Result<Vec<Brand>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, name, business_hours_id, look, created_at, updated_at from brand order by lower(name), id",
            [],
        ))
        .await?;
    rows.into_iter().map(Brand::try_from).collect()
}

/// One brand.
pub async fn find(tx: &TenantTx, id: BrandId) -> Result<Option<Brand>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, name, business_hours_id, look, created_at, updated_at from brand where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    row.map(Brand::try_from).transpose()
}

/// The name, and the look as it is stored.
fn checked(ask: &BrandRequest) -> Result<(String, serde_json::Value), SetupError> {
    let mut check = Check::new();
    let name = check.line("name", &ask.name, 1, 80);
    let look = ask.look.clone().checked(&mut check);
    check.finish()?;
    Ok((name, serde_json::to_value(look).map_err(|error| StoreError::Refused(error.to_string()))?))
}

/// Makes a brand.
pub async fn create(tx: &TenantTx, ask: BrandRequest) -> Result<Brand, SetupError> {
    let (name, look) = checked(&ask)?;
    setup::take_turn(tx).await?;
    if list(tx).await?.len() >= Noun::Brand.most() {
        return Err(SetupError::TooMany(Noun::Brand));
    }
    let id: BrandId = tx.id();
    tx.run(sql(
        "insert into brand (id, name, business_hours_id, created_at, updated_at, look) values ($1, $2, $3, $4, $4, $5)",
        [id.uuid().into(), name.into(), ask.business_hours_id.map(Id::uuid).into(), tx.now().into(), look.into()],
    ))
    .await
    .map_err(setup::refused)?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Brand))
}

/// Writes a brand anew.
pub async fn replace(tx: &TenantTx, id: BrandId, ask: BrandRequest) -> Result<Brand, SetupError> {
    let (name, look) = checked(&ask)?;
    setup::take_turn(tx).await?;
    tx.run(sql(
        "update brand set name = $2, business_hours_id = $3, updated_at = $4, look = $5 where id = $1",
        [id.uuid().into(), name.into(), ask.business_hours_id.map(Id::uuid).into(), tx.now().into(), look.into()],
    ))
    .await
    .map_err(setup::refused)?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Brand))
}

/// Removes a brand that nothing belongs to any more.
pub async fn remove(tx: &TenantTx, id: BrandId) -> Result<Brand, SetupError> {
    setup::take_turn(tx).await?;
    let brand = find(tx, id).await?.ok_or(SetupError::Unknown(Noun::Brand))?;
    setup::refuse_if_named(tx, Noun::Brand, id.to_string()).await?;
    tx.run(sql("delete from brand where id = $1", [id.uuid().into()])).await.map_err(setup::kept(Noun::Brand))?;
    Ok(brand)
}
