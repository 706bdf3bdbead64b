//! Invitations: a colleague's address, a role, and a link that works for a week.

use chrono::{DateTime, TimeDelta, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::{self, Account, AccountId};
use crate::hash::sha256;
use crate::jobs;
use crate::letters::{Post, Template};
use crate::limits::LimitReached;
use crate::login::{self, LoginId, NewLogin, User};
use crate::membership::{self, AgentId, Role};
use crate::password;
use crate::role::{CustomRole, Standing};
use crate::world::World;

/// Marks ids of invitations.
#[derive(Debug)]
pub enum InvitationKind {}
impl ids::Prefixed for InvitationKind {
    const PREFIX: &'static str = "invt";
}
/// The id of an invitation.
pub type InvitationId = Id<InvitationKind>;

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationStatus {
    /// Sent.
    Pending,
    /// They came.
    Accepted,
    /// Taken back.
    Revoked,
    /// Too old.
    Expired,
}

/// An invitation, as admins see it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// To whom.
    pub email: String,
    /// As what.
    pub role: Role,
    /// As what, when it is a role that the company made.
    pub custom_role: Option<CustomRole>,
    /// Where it stands.
    pub status: InvitationStatus,
    /// Until when the link works.
    pub expires_at: DateTime<Utc>,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    account_id: Uuid,
    email: String,
    role: String,
    expires_at: Timestamp,
    accepted_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    created_at: Timestamp,
    custom_id: Option<Uuid>,
    custom_name: Option<String>,
    custom_permissions: Option<serde_json::Value>,
    custom_visibility: Option<String>,
}

/// The columns of [`Row`], with `$tail` behind them.
macro_rules! select_invitation {
    ($tail:literal) => {
        concat!(
            "select i.id, i.account_id, i.email, i.role, i.expires_at, i.accepted_at, i.revoked_at, i.created_at, r.id as custom_id, \
             r.name as custom_name, r.permissions as custom_permissions, r.visibility as custom_visibility \
             from shared.invitation i left join shared.custom_role r on r.id = i.custom_role_id ",
            $tail
        )
    };
}

impl Row {
    fn read(self, now: Timestamp) -> Result<(AccountId, Invitation), StoreError> {
        let id = InvitationId::from_uuid(self.id);
        let custom = (self.custom_id, self.custom_name, self.custom_permissions, self.custom_visibility);
        let standing = Standing::read(&self.role, custom).map_err(|what| StoreError::Inconsistent {
            table: "shared.invitation",
            id: id.to_string(),
            what: what.into(),
        })?;
        let status = match (self.accepted_at, self.revoked_at) {
            (Some(_), _) => InvitationStatus::Accepted,
            (None, Some(_)) => InvitationStatus::Revoked,
            (None, None) if self.expires_at <= now => InvitationStatus::Expired,
            (None, None) => InvitationStatus::Pending,
        };
        let invitation = Invitation {
            id,
            email: self.email,
            role: standing.role,
            custom_role: standing.custom,
            status,
            expires_at: self.expires_at,
            created_at: self.created_at,
        };
        Ok((AccountId::from_uuid(self.account_id), invitation))
    }
}

/// Why nobody was invited, or did not get in.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// They are already here.
    #[error("this person is already a member")]
    AlreadyMember,
    /// The link is unknown, used, taken back or too old.
    #[error("this link is not valid any more")]
    Unknown,
    /// The password is not the one of the existing login.
    #[error("the e-mail address or the password is wrong")]
    Credentials,
    /// No seat is free.
    #[error(transparent)]
    Limit(#[from] LimitReached),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for InvitationError {
    fn kind(&self) -> Kind {
        match self {
            Self::AlreadyMember => Kind::Conflict,
            Self::Unknown => Kind::NotFound,
            Self::Credentials => Kind::Unauthenticated,
            Self::Limit(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::AlreadyMember => "already_member",
            Self::Unknown => "link_invalid",
            Self::Credentials => "credentials_invalid",
            Self::Limit(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// How long the link works.
const LIFETIME: TimeDelta = TimeDelta::days(7);

#[derive(FromQueryResult)]
struct Already {
    member: bool,
}

/// Invites somebody and sends the letter. A pending invitation of the same address is replaced by the new one. The second
/// value is the secret in the letter's link: never shown to the one who invites.
pub async fn invite(
    world: &World,
    account: &Account,
    by: AgentId,
    inviter: &str,
    email: &str,
    standing: Standing,
) -> Result<(Invitation, String), InvitationError> {
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    // Two admins inviting at once must not share the last seat.
    account::hold(&tx, account.id).await?;
    tx.run(sql(
        "update shared.invitation set revoked_at = $3 where account_id = $1 and email = $2 and accepted_at is null and revoked_at is null",
        [account.id.uuid().into(), email.into(), now.into()],
    ))
    .await?;
    let already: Option<Already> = tx
        .one(sql(
            "select exists (select 1 from shared.membership m join shared.login l on l.id = m.login_id where m.account_id = $1 and l.email = $2) as member",
            [account.id.uuid().into(), email.into()],
        ))
        .await?;
    if already.is_some_and(|already| already.member) {
        return Err(InvitationError::AlreadyMember);
    }
    membership::seat_free(&tx, account.id, account.limits, now).await??;
    let (id, secret) = (world.chance.id::<InvitationKind>(now), world.chance.secret());
    let (role, custom) = standing.parts();
    tx.run(sql(
        "insert into shared.invitation (id, account_id, email, role, token_hash, invited_by, expires_at, created_at, custom_role_id) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            id.uuid().into(),
            account.id.uuid().into(),
            email.into(),
            role.into(),
            sha256(&secret).into(),
            by.uuid().into(),
            (now + LIFETIME).into(),
            now.into(),
            custom.into(),
        ],
    ))
    .await?;
    let link = format!("{}/login/invite?token={secret}", world.public_url);
    let template = Template::Invite { company: account.name.clone(), inviter: inviter.to_owned(), link };
    let (to, locale, sender) = (email.to_owned(), account.locale.clone(), Some(account.name.clone()));
    jobs::enqueue_asked(&tx, world, Post { to, locale, sender, template }).await?;
    tx.commit().await?;
    Ok((
        Invitation {
            id,
            email: email.to_owned(),
            role: standing.role,
            custom_role: standing.custom,
            status: InvitationStatus::Pending,
            expires_at: now + LIFETIME,
            created_at: now,
        },
        secret,
    ))
}

/// The company's invitations, newest first.
pub async fn list(world: &World, account: AccountId) -> Result<Vec<Invitation>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            select_invitation!("where i.account_id = $1 order by i.created_at desc limit 200"),
            [account.uuid().into()],
        ))
        .await?;
    rows.into_iter().map(|row| row.read(world.now()).map(|(_, invitation)| invitation)).collect()
}

/// Takes an invitation back; false when the company has no such open one.
pub async fn revoke(world: &World, account: AccountId, id: InvitationId) -> Result<bool, StoreError> {
    let now = world.now();
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.invitation set revoked_at = $3 where id = $1 and account_id = $2 and accepted_at is null and revoked_at is null",
            [id.uuid().into(), account.uuid().into(), now.into()],
        ))
        .await?;
    Ok(touched > 0)
}

/// The pending invitation of a link, its company, and whether the address already has a login.
pub async fn by_token(world: &World, secret: &str) -> Result<(AccountId, Invitation, bool), InvitationError> {
    let row: Option<Row> =
        world.database.orm().one(sql(select_invitation!("where i.token_hash = $1"), [sha256(secret).into()])).await?;
    let (account, invitation) = row.ok_or(InvitationError::Unknown)?.read(world.now())?;
    if invitation.status != InvitationStatus::Pending {
        return Err(InvitationError::Unknown);
    }
    let known = login::find_by_email(world, &invitation.email).await?.is_some();
    Ok((account, invitation, known))
}

/// Lets the invited person in: with the password of their login, or with a new login. The link proves their address.
pub async fn accept(
    world: &World,
    secret: &str,
    name: Option<String>,
    password: String,
) -> Result<(AccountId, AgentId, LoginId), InvitationError> {
    let (account, invitation, _) = by_token(world, secret).await?;
    let known: Option<User> = login::find_by_email(world, &invitation.email).await?;
    let new_hash = match &known {
        Some(user) => {
            if !password::fits(password, user.known_hash()).await? {
                return Err(InvitationError::Credentials);
            }
            None
        }
        None => Some(password::hash(password).await?),
    };
    let now = world.now();
    let limits = world.directory.load(&world.database, account).await?.map(|account| account.limits);
    let tx = world.database.begin("".into()).await?;
    // Two who come at once must not share the last seat.
    account::hold(&tx, account).await?;
    membership::seat_kept(&tx, account, limits.unwrap_or_default()).await??;
    let won = tx
        .run(sql(
            "update shared.invitation set accepted_at = $2 where id = $1 and accepted_at is null and revoked_at is null and expires_at > $2",
            [invitation.id.uuid().into(), now.into()],
        ))
        .await?;
    if won == 0 {
        return Err(InvitationError::Unknown);
    }
    let login_id = match (known, new_hash) {
        (Some(user), _) => user.id,
        (None, hash) => {
            let id: LoginId = world.chance.id(now);
            let fallback = invitation.email.split('@').next().unwrap_or("Agent").to_owned();
            let name = name.filter(|name| !name.is_empty()).unwrap_or(fallback);
            let login = NewLogin {
                id,
                email: invitation.email,
                name,
                password_hash: hash.unwrap_or_default(),
                locale: "en".into(),
                verified: true,
            };
            login::insert(&tx, login, now).await?;
            id
        }
    };
    let member: AgentId = world.chance.id(now);
    let standing = Standing { role: invitation.role, custom: invitation.custom_role };
    match membership::insert(&tx, member, account, login_id, &standing, now).await {
        Err(error) if error.broke("membership_account_login_key") => return Err(InvitationError::AlreadyMember),
        other => other?,
    }
    tx.commit().await?;
    world.directory.forget(account);
    Ok((account, member, login_id))
}
