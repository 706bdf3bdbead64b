//! Sealing the secrets of visitors' identity anew, company by company: when keys are replaced, and when a company is made of an archive.

use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::{Chance, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::key::{IdentityKeyId, KeyError, place};
use crate::TenantTx;
use crate::account::Status;
use crate::data_key::{self, Resealed, Ring, Unopened};
use crate::scope::Tenant;
use crate::world::SharedWorld;

#[derive(FromQueryResult)]
struct Kept {
    id: Uuid,
    material: Vec<u8>,
}

/// Seals every secret anew that anything but its company's newest key had sealed; says how many needed it. Closed companies have theirs,
/// too: they may be restored. What nobody can open is left as it is: it holds up neither the next secret nor the next company.
pub async fn reseal_all(world: &SharedWorld) -> Result<Resealed, KeyError> {
    let mut done = Resealed::default();
    for status in [Status::Active, Status::Suspended, Status::Closed] {
        for account in world.directory.all(&world.database, status).await? {
            if let Some(tenant) = Tenant::find(world, account.id).await? {
                done += reseal(&tenant).await?;
            }
        }
    }
    Ok(done)
}

async fn reseal(tenant: &Tenant) -> Result<Resealed, KeyError> {
    let mut done = Resealed::default();
    let secrets: Vec<Kept> = {
        let tx = tenant.begin().await?;
        lasting(&tx).await?
    };
    if secrets.is_empty() {
        return Ok(done);
    }
    let keys = match Ring::to_seal(&tenant.world, tenant.id()).await {
        Ok(keys) => keys,
        Err(data_key::KeyError::Sealed(_)) => {
            tracing::warn!(account = %tenant.id(), "the company's own key cannot be opened, so its vouching keys stay as they are");
            done.unopened.extend(secrets.iter().map(|row| unopened(tenant, row)));
            return Ok(done);
        }
        Err(data_key::KeyError::Store(error)) => return Err(error.into()),
    };
    let tx = tenant.begin().await?;
    for row in lasting(&tx).await?.into_iter().filter(|row| keys.is_stale(&row.material)) {
        let place = place(IdentityKeyId::from_uuid(row.id));
        let Ok(secret) = keys.open(place, &row.material) else {
            tracing::warn!(account = %tenant.id(), key = %row.id, "a vouching key cannot be opened and stays as it is");
            done.unopened.push(unopened(tenant, &row));
            continue;
        };
        let sealed = keys.seal(&tenant.world.chance, place, &secret)?;
        tx.run(sql("update identity_key set material = $2 where id = $1", [row.id.into(), sealed.into()])).await?;
        done.anew += 1;
    }
    tx.commit().await?;
    Ok(done)
}

fn unopened(tenant: &Tenant, row: &Kept) -> Unopened {
    let which = Some(IdentityKeyId::from_uuid(row.id).to_string());
    Unopened { what: "vouching_key", of: tenant.id().to_string(), which }
}

/// The secrets that have not ended. What has ended vouches for nobody any more, whoever can open it.
async fn lasting(tx: &TenantTx) -> Result<Vec<Kept>, StoreError> {
    tx.all(sql(
        "select id, material from identity_key where algorithm = 'HS256' and (ends_at is null or ends_at > $1) for update",
        [tx.now().into()],
    ))
    .await
}

/// Seals what came along in an archive with the key of the company that was made of it. Keys that nobody can open any more end, for
/// they are those of a company that is gone or of another installation; says how many.
pub(crate) async fn bring_along(
    tx: &Tx,
    chance: &Chance,
    (before, own): (&Ring, &Ring),
    now: Timestamp,
) -> Result<u64, data_key::KeyError> {
    let all: Vec<Kept> = tx
        .all(sql(
            "select id, material from identity_key where algorithm = 'HS256' and (ends_at is null or ends_at > $1)",
            [now.into()],
        ))
        .await?;
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
