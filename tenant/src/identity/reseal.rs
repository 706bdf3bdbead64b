//! Sealing the secrets of visitors' identity anew, company by company, when the installation's own secret is replaced.

use infra::database::{Rows as _, sql};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::key::{IdentityKeyId, KeyError, place};
use crate::account::Status;
use crate::scope::Tenant;
use crate::world::SharedWorld;

#[derive(FromQueryResult)]
struct Kept {
    id: Uuid,
    material: Vec<u8>,
}

/// Seals every secret anew that an older key had sealed; says how many needed it. Closed companies have theirs, too: they may be
/// restored.
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
    let (world, tx) = (&tenant.world, tenant.begin().await?);
    let all: Vec<Kept> =
        tx.all(sql("select id, material from identity_key where algorithm = 'HS256' for update", [])).await?;
    let mut anew = 0;
    for row in all.into_iter().filter(|row| world.sealer.is_stale(&row.material)) {
        let place = place(IdentityKeyId::from_uuid(row.id));
        let secret = world.sealer.open(place, &row.material)?;
        let sealed = world.sealer.seal(&world.chance, place, &secret)?;
        tx.run(sql("update identity_key set material = $2 where id = $1", [row.id.into(), sealed.into()])).await?;
        anew += 1;
    }
    tx.commit().await?;
    Ok(anew)
}
