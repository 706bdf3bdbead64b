//! People that a directory makes: only with addresses of domains that the company has proven, for anybody else must be asked first.

use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Kind};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::account::{self, Account};
use crate::limits::LimitReached;
use crate::login::{self, LoginId, NewLogin};
use crate::membership::{self, AgentId, Membership, Role};
use crate::role::Standing;
use crate::sign_in;
use crate::sso::domain;
use crate::world::World;

/// Why nobody was made.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// They are already here.
    #[error("this person is already a member")]
    AlreadyMember,
    /// No seat is free.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ProvisionError {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(error) => error.kind(),
            Self::AlreadyMember => Kind::Conflict,
            Self::Limit(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::AlreadyMember => "already_member",
            Self::Limit(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::AlreadyMember | Self::Limit(_) | Self::Store(_) => Vec::new(),
        }
    }
}

#[derive(FromQueryResult)]
struct Known {
    id: Uuid,
    unproven: bool,
}

/// Makes a member of the company; the login is found by its address or made without a password.
pub async fn provision(world: &World, account: &Account, email: &str, name: &str) -> Result<AgentId, ProvisionError> {
    if !domain::covers(world, account.id, email).await? {
        let mut check = Check::new();
        check.refuse("userName", "domain_not_proven", "Prove the domain of this address first.");
        check.finish()?;
    }
    let policy = sign_in::policy(world, account.id).await?;
    let role = policy.sso.map_or(Role::Agent, |sso| sso.default_role);
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    account::hold(&tx, account.id).await?;
    membership::seat_free(&tx, account.id, account.limits, now).await??;
    let known: Option<Known> = tx
        .one(sql(
            "select id, email_verified_at is null as unproven from shared.login where email = $1 for update",
            [email.to_owned().into()],
        ))
        .await?;
    let login = match known {
        Some(known) => {
            let id = LoginId::from_uuid(known.id);
            if known.unproven {
                // Whoever signed up with the address before its owner came does not become a member by that.
                login::void_unproven(&tx, id, now).await?;
            }
            id
        }
        None => {
            let id: LoginId = world.chance.id(now);
            let fallback = email.split('@').next().unwrap_or("Agent");
            let login = NewLogin {
                id,
                email: email.to_owned(),
                name: if name.is_empty() { fallback.to_owned() } else { name.to_owned() },
                password_hash: String::new(),
                locale: account.locale.clone(),
                // The company speaks for the addresses of its domain.
                verified: true,
            };
            login::insert(&tx, login, now).await?;
            id
        }
    };
    let member: AgentId = world.chance.id(now);
    match membership::insert(&tx, member, account.id, login, &Standing::built_in(role), now).await {
        Err(error) if error.broke("membership_account_login_key") => return Err(ProvisionError::AlreadyMember),
        other => other?,
    }
    tx.commit().await?;
    world.directory.forget(account.id);
    Ok(member)
}

/// Gives a person another name, if this company is their only one: a directory speaks for its own company's people.
pub async fn rename(world: &World, member: &Membership, name: &str) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "update shared.login set name = $2 where id = $1 and not exists (select 1 from shared.membership where login_id = $1 and account_id <> $3)",
            [member.login_id.uuid().into(), name.into(), member.account_id.uuid().into()],
        ))
        .await?;
    world.directory.forget(member.account_id);
    Ok(())
}
