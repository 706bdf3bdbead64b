//! Sealing the secrets of visitors' identity anew, company by company: when keys are replaced, and when a company is made of an archive.

use infra::database::{Rows as _, Tx, sql};
use infra::{Chance, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::key::{IdentityKeyId, KeyError, place};
use crate::account::Status;
use crate::data_key::{self, Ring};
use crate::scope::Tenant;
use crate::world::SharedWorld;

#[derive(FromQueryResult)]
struct Kept {
    id: Uuid,
    material: Vec<u8>,
}

/// Seals every secret anew that anything but its company's newest key had sealed; says how many needed it. Closed companies have theirs,
/// too: they may be restored.
pub async fn reseal_all(world: &SharedWorld) -> Result<usize, KeyError> {
    let mut anew = 0;
    for status in [Status::Active, Status::Suspended, Status::Closed] {
        for account in world.directory.all(&world.database, status).await? {
            if let Some(tenant) = Tenant::find(world, account.id).await? {
                anew += reseal(&tenant).await?;
            }
        }
    }
    Ok(anew)
}

async fn reseal(tenant: &Tenant) -> Result<usize, KeyError> {
    let secrets: Vec<Kept> = {
        let tx = tenant.begin().await?;
        tx.all(sql("select id, material from identity_key where algorithm = 'HS256' limit 1", [])).await?
    };
    if secrets.is_empty() {
        return Ok(0);
    }
    let keys = Ring::to_seal(&tenant.world, tenant.id()).await?;
    let tx = tenant.begin().await?;
    let all: Vec<Kept> =
        tx.all(sql("select id, material from identity_key where algorithm = 'HS256' for update", [])).await?;
    let mut anew = 0;
    for row in all.into_iter().filter(|row| keys.is_stale(&row.material)) {
        let place = place(IdentityKeyId::from_uuid(row.id));
        let secret = keys.open(place, &row.material)?;
        let sealed = keys.seal(&tenant.world.chance, place, &secret)?;
        tx.run(sql("update identity_key set material = $2 where id = $1", [row.id.into(), sealed.into()])).await?;
        anew += 1;
    }
    tx.commit().await?;
    Ok(anew)
}

/// Seals what came along in an archive with the key of the company that was made of it. Keys that nobody can open any more end, for
/// they are those of a company that is gone or of another installation; says how many.
pub(crate) async fn bring_along(
    tx: &Tx,
    chance: &Chance,
    (before, own): (&Ring, &Ring),
    now: Timestamp,
) -> Result<u64, data_key::KeyError> {
    let all: Vec<Kept> = tx.all(sql("select id, material from identity_key where algorithm = 'HS256'", [])).await?;
    let mut ended = 0;
    for row in all {
        let place = place(IdentityKeyId::from_uuid(row.id));
        let statement = match before.open(place, &row.material) {
            Ok(secret) => {
                let sealed = own.seal(chance, place, &secret)?;
                sql("update identity_key set material = $2 where id = $1", [row.id.into(), sealed.into()])
            }
            Err(_) => {
                ended += 1;
                sql(
                    "update identity_key set ends_at = least(coalesce(ends_at, $2), $2) where id = $1",
                    [row.id.into(), now.into()],
                )
            }
        };
        tx.run(statement).await?;
    }
    Ok(ended)
}
