//! A company switched off by its own owner, for a while. What the operator has switched off is not the owner's to switch on: whoever did
//! it is kept beside the state, and each looks there.

use infra::database::{Rows as _, StoreError, sql};

use crate::account::AccountId;
use crate::world::World;

/// The owner switches the company off. False when it was not on.
pub async fn by_owner(world: &World, account: AccountId) -> Result<bool, StoreError> {
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.account set status = 'suspended', suspended_by_owner = true, updated_at = $2 where id = $1 and status = 'active'",
            [account.uuid().into(), world.now().into()],
        ))
        .await?;
    world.directory.forget(account);
    Ok(touched > 0)
}

/// The owner switches it on again. False when it is not off, or was switched off by the operator.
pub async fn lift(world: &World, account: AccountId) -> Result<bool, StoreError> {
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.account set status = 'active', suspended_by_owner = false, updated_at = $2 \
             where id = $1 and status = 'suspended' and suspended_by_owner",
            [account.uuid().into(), world.now().into()],
        ))
        .await?;
    world.directory.forget(account);
    Ok(touched > 0)
}

/// The operator switches off what its owner has switched off already: from now on the owner cannot switch it on. False when there is
/// nothing to take over.
pub async fn take_over(world: &World, account: AccountId) -> Result<bool, StoreError> {
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.account set suspended_by_owner = false, updated_at = $2 \
             where id = $1 and status = 'suspended' and suspended_by_owner",
            [account.uuid().into(), world.now().into()],
        ))
        .await?;
    world.directory.forget(account);
    Ok(touched > 0)
}
