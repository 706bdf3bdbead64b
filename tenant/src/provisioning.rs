//! People that a directory makes: only with addresses of domains that the company has proven, for anybody else must be asked first.

use infra::database::{Rows, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Kind};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::account::{self, Account, AccountId};
use crate::audit::owed::{self, Owed};
use crate::jobs::{self, Job};
use crate::letters::{self, Post, Template};
use crate::limits::LimitReached;
use crate::login::{self, LoginId, NewLogin};
use crate::membership::{self, AgentId, Membership, Role};
use crate::permission::Permissions;
use crate::role::Standing;
use crate::scope::Actor;
use crate::sign_in;
use crate::sign_in_letters::SignIn;
use crate::sso::domain;
use crate::world::World;

/// Why nobody was made, or somebody keeps the address they have.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// They are already here.
    #[error("this person is already a member")]
    AlreadyMember,
    /// The address is what lets them in elsewhere too: no single company gives it away.
    #[error("this person is in another company too, or manages a group: their address is not this company's to change")]
    Elsewhere,
    /// They may do more than whom a directory makes: whoever holds its key must not become them by way of a mailbox.
    #[error("this person's role is more than directories give: they change their address themselves")]
    AboveDefault,
    /// Somebody else has the address.
    #[error("this e-mail address already has a login")]
    Taken,
    /// The directory knows somebody else by this.
    #[error("somebody else of the company has this externalId")]
    ExternalTaken,
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
            Self::AlreadyMember | Self::Elsewhere | Self::Taken | Self::ExternalTaken => Kind::Conflict,
            Self::AboveDefault => Kind::Forbidden,
            Self::Limit(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::AlreadyMember => "already_member",
            Self::Elsewhere => "login_elsewhere",
            Self::AboveDefault => "role_above_default",
            Self::Taken => "email_taken",
            Self::ExternalTaken => "external_id_taken",
            Self::Limit(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::AlreadyMember
            | Self::Elsewhere
            | Self::AboveDefault
            | Self::Taken
            | Self::ExternalTaken
            | Self::Limit(_)
            | Self::Store(_) => Vec::new(),
        }
    }
}

#[derive(FromQueryResult)]
struct Known {
    id: Uuid,
    unproven: bool,
}

async fn require_own_domain(rows: &impl Rows, account: AccountId, email: &str) -> Result<(), ProvisionError> {
    if !domain::covers_in(rows, account, email).await? {
        let mut check = Check::new();
        check.refuse("userName", "domain_not_proven", "Prove the domain of this address first.");
        check.finish()?;
    }
    Ok(())
}

/// What whom a directory makes is at first.
async fn default_role(world: &World, account: AccountId) -> Result<Role, StoreError> {
    Ok(sign_in::policy(world, account).await?.sso.map_or(Role::Agent, |sso| sso.default_role))
}

/// Makes a member of the company; the login is found by its address or made without a password. They are not made at all where the
/// directory knows somebody else by this `external_id`.
pub async fn provision(
    world: &World,
    account: &Account,
    email: &str,
    name: &str,
    external_id: Option<String>,
) -> Result<AgentId, ProvisionError> {
    require_own_domain(world.database.orm(), account.id, email).await?;
    let role = default_role(world, account.id).await?;
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
    if external_id.is_some() {
        membership::set_external_id(&tx, member, external_id).await.map_err(known_already)?;
    }
    tx.commit().await?;
    world.directory.forget(account.id);
    Ok(member)
}

fn known_already(error: StoreError) -> ProvisionError {
    if error.broke("membership_external_key") { ProvisionError::ExternalTaken } else { error.into() }
}

/// Says by what the directory knows a person; by nothing any more, when it is told none. What the company's log is owed of it is written
/// with it, for the caller to pay.
pub async fn set_external_id(
    world: &World,
    member: &Membership,
    external_id: Option<String>,
    actor: &Actor,
) -> Result<Owed, ProvisionError> {
    let tx = world.database.begin("".into()).await?;
    let (target, detail) = (Some(member.id.to_string()), serde_json::json!({ "external_id": external_id }));
    membership::set_external_id(&tx, member.id, external_id).await.map_err(known_already)?;
    let owed = owed::owe(&tx, world, member.account_id, actor, "agent.updated", target, detail).await?;
    tx.commit().await?;
    world.directory.forget(member.account_id);
    Ok(owed)
}

/// Gives a person another address. The company speaks for the old one and for the new one, and nobody else for the person: so the
/// directory's word stands for the letter that is otherwise read there first. The old address is told, and every session of theirs ends.
/// Who may do more than whom directories make is not readdressed by one: a new password goes by letter to wherever the address leads.
/// What the company's log is owed of it is written with it, for the caller to pay.
pub async fn readdress(world: &World, member: &Membership, email: &str, actor: &Actor) -> Result<Owed, ProvisionError> {
    #[derive(FromQueryResult)]
    struct Before {
        email: String,
        locale: String,
        elsewhere: bool,
    }
    require_own_domain(world.database.orm(), member.account_id, email).await?;
    let default = default_role(world, member.account_id).await?;
    if Permissions::of(default).cover(&member.standing.permissions()).is_err() {
        return Err(ProvisionError::AboveDefault);
    }
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    // Nobody joins another company, nor becomes a group's admin, while this is looked at: both refer to this row. Whoever is switched off
    // elsewhere counts: that company switches them on again without asking anybody.
    tx.run(sql("select id from shared.login where id = $1 for update", [member.login_id.uuid().into()])).await?;
    let before: Option<Before> = tx
        .one(sql(
            "select l.email, l.locale, exists (select 1 from shared.membership m join shared.account a on a.id = m.account_id \
               where m.login_id = l.id and m.id <> $2 and a.status not in ('deleting', 'deleted')) \
               or exists (select 1 from shared.organisation_admin o where o.login_id = l.id) as elsewhere \
             from shared.login l where l.id = $1",
            [member.login_id.uuid().into(), member.id.uuid().into()],
        ))
        .await?;
    let before = before.filter(|before| !before.elsewhere).ok_or(ProvisionError::Elsewhere)?;
    // The address that it is now, which another request may have changed since it was asked for this.
    require_own_domain(&tx, member.account_id, &before.email).await?;
    let changed = tx
        .run(sql(
            "update shared.login set email = $2, email_verified_at = $3 where id = $1",
            [member.login_id.uuid().into(), email.into(), now.into()],
        ))
        .await;
    match changed {
        Err(error) if error.broke("login_email_key") => return Err(ProvisionError::Taken),
        other => other?,
    };
    // Links that went to the old address are void, and whoever came in by it comes in again by the new one.
    for statement in [
        "update shared.email_token set used_at = $2 where login_id = $1 and used_at is null",
        "update shared.session set revoked_at = $2 where login_id = $1 and revoked_at is null",
    ] {
        tx.run(sql(statement, [member.login_id.uuid().into(), now.into()])).await?;
    }
    let template = Template::SignIn(SignIn::EmailChanged { email: email.to_owned() });
    let sender = letters::sender_for(&tx, member.login_id).await?;
    let post = Post { to: before.email, locale: before.locale, sender, template };
    jobs::enqueue(&tx, world, &Job::SendMail(post)).await?;
    let (target, detail) = (Some(member.id.to_string()), serde_json::json!({ "email": email }));
    let owed = owed::owe(&tx, world, member.account_id, actor, "agent.updated", target, detail).await?;
    tx.commit().await?;
    world.directory.forget(member.account_id);
    Ok(owed)
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
