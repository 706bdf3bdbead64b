//! Links in mails that prove an address or reset a password: used once, for a while, kept as a hash.

use chrono::TimeDelta;
use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::{Fault, Kind, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::hash::sha256;
use crate::login::LoginId;
use crate::world::World;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Proves the address.
    Verify,
    /// Lets its holder set a new password.
    Reset,
    /// Makes the address it was sent to the login's.
    Email,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Email => "email",
        }
    }

    const fn lifetime(self) -> TimeDelta {
        match self {
            Self::Verify => TimeDelta::days(7),
            Self::Reset => TimeDelta::hours(1),
            Self::Email => TimeDelta::days(1),
        }
    }
}

/// The link is unknown, used or too old.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No such link any more.
    #[error("this link is not valid any more")]
    Unknown,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for TokenError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "link_invalid",
            Self::Store(error) => error.code(),
        }
    }
}

/// Makes a link's secret in the caller's transaction.
pub async fn issue(tx: &Tx, secret: &str, login: LoginId, purpose: Purpose, now: Timestamp) -> Result<(), StoreError> {
    issue_for(tx, secret, login, purpose, None, now).await
}

/// The same for a link that carries a new address.
pub(crate) async fn issue_for(
    tx: &Tx,
    secret: &str,
    login: LoginId,
    purpose: Purpose,
    email: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.run(sql(
        "insert into shared.email_token (token_hash, login_id, purpose, expires_at, email) values ($1, $2, $3, $4, $5)",
        [
            sha256(secret).into(),
            login.uuid().into(),
            purpose.as_str().into(),
            (now + purpose.lifetime()).into(),
            email.into(),
        ],
    ))
    .await
    .map(drop)
}

/// Uses a link up and says whose it was, and which address it carried.
pub(crate) async fn redeem(
    tx: &Tx,
    secret: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(LoginId, Option<String>), TokenError> {
    #[derive(FromQueryResult)]
    struct Row {
        login_id: Uuid,
        email: Option<String>,
    }
    let row: Option<Row> = tx
        .one(sql(
            "update shared.email_token set used_at = $3 where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3 returning login_id, email",
            [sha256(secret).into(), purpose.as_str().into(), now.into()],
        ))
        .await?;
    row.map(|row| (LoginId::from_uuid(row.login_id), row.email)).ok_or(TokenError::Unknown)
}

/// Marks the address of the link's owner as proven.
pub async fn verify(world: &World, secret: &str) -> Result<(), TokenError> {
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    let (login, _) = redeem(&tx, secret, Purpose::Verify, now).await?;
    tx.run(sql(
        "update shared.login set email_verified_at = coalesce(email_verified_at, $2) where id = $1",
        [login.uuid().into(), now.into()],
    ))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Sets a new password, which also proves the address, and ends every session of its owner. Says who that is.
pub async fn reset(world: &World, secret: &str, password_hash: String) -> Result<LoginId, TokenError> {
    #[derive(FromQueryResult)]
    struct Held {
        unproven: bool,
    }
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    let (login, _) = redeem(&tx, secret, Purpose::Reset, now).await?;
    let held: Option<Held> = tx
        .one(sql(
            "select email_verified_at is null as unproven from shared.login where id = $1 for update",
            [login.uuid().into()],
        ))
        .await?;
    if held.is_some_and(|held| held.unproven) {
        // Whoever signed up with the address before its owner read a letter keeps no way in.
        crate::login::void_unproven(&tx, login, now).await?;
    }
    tx.run(sql(
        "update shared.login set password_hash = $2, email_verified_at = coalesce(email_verified_at, $3) where id = $1",
        [login.uuid().into(), password_hash.into(), now.into()],
    ))
    .await?;
    // Whoever was signed in with the old password is not any more, no other link sets a third one, and the address stays what it is.
    tx.run(sql(
        "update shared.session set revoked_at = $2 where login_id = $1 and revoked_at is null",
        [login.uuid().into(), now.into()],
    ))
    .await?;
    tx.run(sql(
        "update shared.email_token set used_at = $2 where login_id = $1 and purpose in ('reset', 'email') and used_at is null",
        [login.uuid().into(), now.into()],
    ))
    .await?;
    tx.commit().await?;
    Ok(login)
}
