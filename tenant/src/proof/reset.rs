//! A second factor that is lost together with every way around it: an admin of the person's company takes it off them, or the operator
//! does, where no admin may.
//!
//! Must be absent: who may ask for it, which is a matter of roles and of proof.

use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::{Fault, Kind};
use sea_orm::FromQueryResult;
use serde::Serialize;

use crate::jobs::{self, Job};
use crate::letters::{Post, Template};
use crate::login::{LoginId, User};
use crate::membership::AgentId;
use crate::sign_in_letters::SignIn;
use crate::world::World;

/// What was taken off, for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TakenOff {
    /// Whether there was an authenticator app.
    pub totp: bool,
    /// How many passkeys there were.
    pub passkeys: i64,
}

/// Why nothing was taken off.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// What proves a person belongs to them, and lets them in elsewhere too: no single company takes it away.
    #[error("this person is in another company too, or manages a group: their second factor is not this company's")]
    Elsewhere,
    /// There is nothing to take off.
    #[error("this person has no second factor")]
    NoFactor,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ResetError {
    fn kind(&self) -> Kind {
        match self {
            Self::Elsewhere | Self::NoFactor => Kind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Elsewhere => "login_elsewhere",
            Self::NoFactor => "no_second_factor",
            Self::Store(error) => error.code(),
        }
    }
}

/// Who takes it off.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// A company, one of its members: it must be the only one they are in.
    Company {
        /// Who they are there.
        member: AgentId,
        /// What it is called, for the letter.
        name: &'a str,
    },
    /// Who runs this installation: from an owner, or from somebody of several companies.
    Operator,
}

#[derive(FromQueryResult)]
struct Found {
    elsewhere: bool,
    totp: bool,
    passkeys: i64,
}

/// Takes the authenticator app, the passkeys and the recovery codes off somebody, ends every session of theirs, and tells them by letter.
/// All of it or nothing.
pub async fn reset(world: &World, user: &User, by: By<'_>) -> Result<TakenOff, ResetError> {
    let now = world.now();
    let (member, company) = match by {
        By::Company { member, name } => (Some(member.uuid()), Some(name.to_owned())),
        By::Operator => (None, None),
    };
    let tx = world.database.begin("".into()).await?;
    // Nobody joins another company, nor becomes a group's admin, while this is looked at: both refer to this row. Whoever is switched off
    // elsewhere counts: that company switches them on again without asking anybody.
    tx.run(sql("select id from shared.login where id = $1 for update", [user.id.uuid().into()])).await?;
    let found: Option<Found> = tx
        .one(sql(
            "select exists (select 1 from shared.membership m join shared.account a on a.id = m.account_id where m.login_id = $1 \
               and m.id <> $2::uuid and a.status not in ('deleting', 'deleted')) \
               or exists (select 1 from shared.organisation_admin o where o.login_id = $1) as elsewhere, \
             exists (select 1 from shared.totp where login_id = $1 and confirmed_at is not null) as totp, \
             (select count(*) from shared.passkey where login_id = $1) as passkeys",
            [user.id.uuid().into(), member.into()],
        ))
        .await?;
    let found = found.ok_or(ResetError::NoFactor)?;
    if found.elsewhere && member.is_some() {
        return Err(ResetError::Elsewhere);
    }
    if !found.totp && found.passkeys == 0 {
        return Err(ResetError::NoFactor);
    }
    take_off(&tx, user.id).await?;
    tx.run(sql(
        "update shared.session set revoked_at = $2 where login_id = $1 and revoked_at is null",
        [user.id.uuid().into(), now.into()],
    ))
    .await?;
    let (sender, letter) = (company.clone(), SignIn::SecondFactorTakenOff { company });
    let post = Post { to: user.email.clone(), locale: user.locale.clone(), sender, template: Template::SignIn(letter) };
    jobs::enqueue(&tx, world, &Job::SendMail(post)).await?;
    tx.commit().await?;
    Ok(TakenOff { totp: found.totp, passkeys: found.passkeys })
}

/// Everything that proves a login beside its password, and what was begun of it.
pub(crate) async fn take_off(tx: &Tx, login: LoginId) -> Result<(), StoreError> {
    for statement in [
        "delete from shared.totp where login_id = $1",
        "delete from shared.recovery_code where login_id = $1",
        "delete from shared.passkey where login_id = $1",
        "delete from shared.ceremony where login_id = $1",
    ] {
        tx.run(sql(statement, [login.uuid().into()])).await?;
    }
    Ok(())
}
