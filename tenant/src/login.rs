//! People: one login each, for any number of companies.

use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::{Fault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use crate::world::World;

/// Marks ids of logins.
#[derive(Debug)]
pub enum LoginKind {}
impl ids::Prefixed for LoginKind {
    const PREFIX: &'static str = "user";
}
/// The id of a person.
pub type LoginId = Id<LoginKind>;

/// A person, as they see themselves.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct User {
    /// Their id.
    pub id: LoginId,
    /// Their address, lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether the address was proven.
    pub email_verified: bool,
    /// Their language.
    pub locale: String,
    /// What their password is compared with.
    #[serde(skip)]
    pub(crate) password_hash: String,
}

impl User {
    /// Whether there is a password at all: who only ever came by single sign-on has none.
    pub fn has_password(&self) -> bool {
        !self.password_hash.is_empty()
    }

    /// What a password is compared with; nothing fits where there is none.
    pub(crate) fn known_hash(&self) -> Option<String> {
        self.has_password().then(|| self.password_hash.clone())
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    email: String,
    name: String,
    email_verified_at: Option<Timestamp>,
    locale: String,
    password_hash: String,
}

impl From<Row> for User {
    fn from(row: Row) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            email: row.email,
            name: row.name,
            email_verified: row.email_verified_at.is_some(),
            locale: row.locale,
            password_hash: row.password_hash,
        }
    }
}

/// The person with this id.
pub async fn find(world: &World, id: LoginId) -> Result<Option<User>, StoreError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "select id, email, name, email_verified_at, locale, password_hash from shared.login where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    Ok(row.map(User::from))
}

/// The person with this (lower-case) address.
pub async fn find_by_email(world: &World, email: &str) -> Result<Option<User>, StoreError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "select id, email, name, email_verified_at, locale, password_hash from shared.login where email = $1",
            [email.into()],
        ))
        .await?;
    Ok(row.map(User::from))
}

/// A person about to exist.
pub(crate) struct NewLogin {
    pub(crate) id: LoginId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) password_hash: String,
    pub(crate) locale: String,
    pub(crate) verified: bool,
}

/// Writes a login; a second one with the same address breaks `login_email_key`.
pub(crate) async fn insert(tx: &Tx, login: NewLogin, now: Timestamp) -> Result<(), StoreError> {
    let verified_at = login.verified.then_some(now);
    tx.run(sql(
        "insert into shared.login (id, email, name, password_hash, locale, email_verified_at, created_at) values ($1, $2, $3, $4, $5, $6, $7)",
        [
            login.id.uuid().into(),
            login.email.into(),
            login.name.into(),
            login.password_hash.into(),
            login.locale.into(),
            verified_at.into(),
            now.into(),
        ],
    ))
    .await
    .map(drop)
}

/// The address or the password is wrong; which one is not told.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Wrong address or password.
    #[error("the e-mail address or the password is wrong")]
    Credentials,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for LoginError {
    fn kind(&self) -> Kind {
        match self {
            Self::Credentials => Kind::Unauthenticated,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Credentials => "credentials_invalid",
            Self::Store(error) => error.code(),
        }
    }
}

/// The person with this address and password. Takes as long for an unknown address.
pub async fn authenticate(world: &World, email: &str, password: String) -> Result<User, LoginError> {
    let user = find_by_email(world, email).await?;
    let hash = user.as_ref().and_then(User::known_hash);
    let fits = crate::password::fits(password, hash).await?;
    user.filter(|_| fits).ok_or(LoginError::Credentials)
}

/// Whether this is the person's password. Takes as long for somebody who has none.
pub async fn is_password(user: &User, password: String) -> Result<bool, StoreError> {
    crate::password::fits(password, user.known_hash()).await
}

/// Sets a new password, and ends every session but `spared`. Links for setting another one, or for another address, are void.
pub async fn set_password(world: &World, login: LoginId, hash: String, spared: Uuid) -> Result<(), StoreError> {
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    tx.run(sql("update shared.login set password_hash = $2 where id = $1", [login.uuid().into(), hash.into()])).await?;
    tx.run(sql(
        "update shared.session set revoked_at = $2 where login_id = $1 and id <> $3 and revoked_at is null",
        [login.uuid().into(), now.into(), spared.into()],
    ))
    .await?;
    tx.run(sql(
        "update shared.email_token set used_at = $2 where login_id = $1 and purpose in ('reset', 'email') and used_at is null",
        [login.uuid().into(), now.into()],
    ))
    .await?;
    tx.commit().await
}

/// Takes every way in from whoever has set up a login with an address they never proved. The login and its memberships stay: they are
/// the owner's of the address now.
pub(crate) async fn void_unproven(tx: &Tx, login: LoginId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(sql(
        "update shared.login set password_hash = '', email_verified_at = $2 where id = $1",
        [login.uuid().into(), now.into()],
    ))
    .await?;
    for statement in [
        "update shared.session set revoked_at = $2 where login_id = $1 and revoked_at is null",
        "update shared.email_token set used_at = $2 where login_id = $1 and used_at is null",
        "update shared.api_key set revoked_at = coalesce(revoked_at, $2) where created_by in (select id from shared.membership where login_id = $1)",
    ] {
        tx.run(sql(statement, [login.uuid().into(), now.into()])).await?;
    }
    crate::proof::reset::take_off(tx, login).await
}
