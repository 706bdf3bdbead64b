//! Whoever the company's provider has named comes in: as who they were, or for the first time.
//!
//! **Invariant.** Nobody who signed up beforehand with an address that is not theirs keeps a way in once its owner comes: the password,
//! the factors, the links and the sessions of a login whose address was never proven are void at that moment.

use infra::Timestamp;
use infra::database::{Rows as _, StoreError, Tx, sql};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::account::{self, AccountId};
use crate::login::{self, LoginId, NewLogin};
use crate::membership::{self, AgentId};
use crate::role::Standing;
use crate::sso::flow::Arrival;
use crate::sso::{Config, SsoError, domain};
use crate::world::World;

/// Who somebody is, as the provider says.
pub(super) struct Person {
    pub(super) subject: String,
    pub(super) email: String,
    pub(super) email_verified: bool,
    pub(super) name: Option<String>,
}

#[derive(FromQueryResult)]
struct Known {
    login_id: Uuid,
}

#[derive(FromQueryResult)]
struct Held {
    id: Uuid,
    email_verified_at: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Place {
    id: Uuid,
    disabled_at: Option<Timestamp>,
}

/// Lets them in.
pub(super) async fn join(world: &World, config: &Config, person: Person) -> Result<Arrival, SsoError> {
    if !person.email_verified || !domain::covers(world, config.account_id, &person.email).await? {
        return Err(SsoError::ForeignAddress);
    }
    let now = world.now();
    let account = world.directory.load(&world.database, config.account_id).await?;
    let limits = account.as_ref().map(|account| account.limits);
    let tx = world.database.begin("".into()).await?;
    // Two who come at once must not share the last seat, nor one person make two logins.
    account::hold(&tx, config.account_id).await?;
    let (login, voided) = whose(&tx, world, config, &person, now).await?;
    tx.run(sql(
        "insert into shared.sso_identity (account_id, issuer, subject, login_id, created_at, last_used_at) values ($1, $2, $3, $4, $5, $5) \
         on conflict (account_id, issuer, subject) do update set last_used_at = excluded.last_used_at",
        [
            config.account_id.uuid().into(),
            config.issuer.clone().into(),
            person.subject.clone().into(),
            login.uuid().into(),
            now.into(),
        ],
    ))
    .await?;
    let place: Option<Place> = tx
        .one(sql(
            "select id, disabled_at from shared.membership where account_id = $1 and login_id = $2",
            [config.account_id.uuid().into(), login.uuid().into()],
        ))
        .await?;
    let (member, joined) = match place {
        Some(place) if place.disabled_at.is_some() => return Err(SsoError::Disabled),
        Some(place) => (AgentId::from_uuid(place.id), false),
        None => {
            if let Some(account) = &account {
                account.may_grow()?;
            }
            let invited = invited_as(&tx, config.account_id, &person.email, now).await?;
            let standing = invited.unwrap_or_else(|| Standing::built_in(config.default_role));
            membership::seat_free(&tx, config.account_id, limits.unwrap_or_default(), now).await??;
            let member: AgentId = world.chance.id(now);
            membership::insert(&tx, member, config.account_id, login, &standing, now).await?;
            (member, true)
        }
    };
    tx.commit().await?;
    world.directory.forget(config.account_id);
    Ok(Arrival { account_id: config.account_id, login_id: login, member_id: member, joined, voided })
}

/// The login of the person: the one that this subject came to before, the one of the address, or a new one.
async fn whose(
    tx: &Tx,
    world: &World,
    config: &Config,
    person: &Person,
    now: Timestamp,
) -> Result<(LoginId, bool), StoreError> {
    let known: Option<Known> = tx
        .one(sql(
            "select login_id from shared.sso_identity where account_id = $1 and issuer = $2 and subject = $3",
            [config.account_id.uuid().into(), config.issuer.clone().into(), person.subject.clone().into()],
        ))
        .await?;
    if let Some(known) = known {
        return Ok((LoginId::from_uuid(known.login_id), false));
    }
    let held: Option<Held> = tx
        .one(sql(
            "select id, email_verified_at from shared.login where email = $1 for update",
            [person.email.clone().into()],
        ))
        .await?;
    match held {
        Some(held) => {
            let login = LoginId::from_uuid(held.id);
            let unproven = held.email_verified_at.is_none();
            if unproven {
                login::void_unproven(tx, login, now).await?;
            }
            Ok((login, unproven))
        }
        None => {
            let id: LoginId = world.chance.id(now);
            let fallback = person.email.split('@').next().unwrap_or("Agent");
            let name = person.name.as_deref().map(clean).filter(|name| !name.is_empty());
            let login = NewLogin {
                id,
                email: person.email.clone(),
                name: name.unwrap_or_else(|| fallback.to_owned()),
                password_hash: String::new(),
                locale: "en".into(),
                verified: true,
            };
            login::insert(tx, login, now).await?;
            Ok((id, false))
        }
    }
}

/// A name from elsewhere as one short line.
fn clean(name: &str) -> String {
    let line: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    line.trim().to_owned()
}

#[derive(FromQueryResult)]
struct Invited {
    role: String,
    custom_id: Option<Uuid>,
    custom_name: Option<String>,
    custom_permissions: Option<serde_json::Value>,
    custom_visibility: Option<String>,
}

/// What they were invited as, when they were; the invitation is accepted by coming.
async fn invited_as(tx: &Tx, account: AccountId, email: &str, now: Timestamp) -> Result<Option<Standing>, StoreError> {
    let row: Option<Invited> = tx
        .one(sql(
            "with taken as (update shared.invitation set accepted_at = $3 where account_id = $1 and email = $2 and accepted_at is null \
             and revoked_at is null and expires_at > $3 returning role, custom_role_id) \
             select t.role, r.id as custom_id, r.name as custom_name, r.permissions as custom_permissions, \
             r.visibility as custom_visibility from taken t left join shared.custom_role r on r.id = t.custom_role_id",
            [account.uuid().into(), email.into(), now.into()],
        ))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let custom = (row.custom_id, row.custom_name, row.custom_permissions, row.custom_visibility);
    let standing = Standing::read(&row.role, custom).map_err(|what| StoreError::Inconsistent {
        table: "shared.invitation",
        id: email.to_owned(),
        what: what.into(),
    })?;
    Ok(Some(standing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_elsewhere_is_one_short_line() {
        assert_eq!(clean(" Ana\n<b>Tea</b>\u{0} "), "Ana<b>Tea</b>");
        assert_eq!(clean(&"x".repeat(500)).len(), 80);
    }
}
