//! How a person proves who they are beside a password: an authenticator app, passkeys, recovery codes; and what a company asks for.
//!
//! What is proven belongs to the login, which may be in several companies; a company only says whether it wants a second factor.
//!
//! Must be absent: HTTP, cookies, and anything about single sign-on but the question whether it is demanded.

pub mod ceremony;
pub mod passkey;
pub mod recovery;
pub mod reset;
pub mod totp;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Kind};
use sea_orm::FromQueryResult;
use serde::Serialize;

use crate::jobs::{self, Job};
use crate::letters::{self, Post, Template};
use crate::login::LoginId;
use crate::seal::Unsealable;
use crate::sign_in_letters::{Changed, SignIn};
use crate::world::World;

/// What of a person could prove them beside the password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Factors {
    /// An authenticator app.
    pub totp: bool,
    /// At least one passkey.
    pub passkey: bool,
    /// At least one unused recovery code. Not a factor of its own: it stands in for one that was lost.
    pub recovery_code: bool,
}

impl Factors {
    /// Whether a password alone is not enough.
    pub const fn any(self) -> bool {
        self.totp || self.passkey
    }
}

#[derive(FromQueryResult)]
struct Row {
    totp: bool,
    passkey: bool,
    recovery_code: bool,
}

/// What the person has set up.
pub async fn factors(world: &World, login: LoginId) -> Result<Factors, StoreError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "select exists (select 1 from shared.totp where login_id = $1 and confirmed_at is not null) as totp, \
             exists (select 1 from shared.passkey where login_id = $1) as passkey, \
             exists (select 1 from shared.recovery_code where login_id = $1 and used_at is null) as recovery_code",
            [login.uuid().into()],
        ))
        .await?;
    Ok(row.map_or_else(Factors::default, |row| Factors {
        totp: row.totp,
        passkey: row.passkey,
        recovery_code: row.recovery_code,
    }))
}

/// How somebody proves who they are, as they see it themselves.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Overview {
    /// Whether there is a password; who only ever came by single sign-on has none.
    pub password: bool,
    /// Since when an authenticator app is asked for.
    pub totp_since: Option<DateTime<Utc>>,
    /// How many recovery codes are left.
    pub recovery_codes_left: i64,
    /// The passkeys, oldest first.
    pub passkeys: Vec<passkey::Passkey>,
    /// Whether passkeys can be used at this address of ours.
    pub passkeys_available: bool,
}

/// Reads the overview of a person.
pub async fn overview(world: &World, user: &crate::login::User) -> Result<Overview, StoreError> {
    Ok(Overview {
        password: user.has_password(),
        totp_since: totp::since(world, user.id).await?,
        recovery_codes_left: recovery::left(world, user.id).await?,
        passkeys: passkey::list(world, user.id).await?,
        passkeys_available: world.passkeys.is_some(),
    })
}

/// Tells a person, at their address, that how they sign in has changed.
pub async fn tell(world: &World, user: &crate::login::User, what: Changed) -> Result<(), StoreError> {
    let tx = world.database.begin("".into()).await?;
    let post = Post {
        to: user.email.clone(),
        locale: user.locale.clone(),
        sender: letters::sender_for(&tx, user.id).await?,
        template: Template::SignIn(SignIn::SignInChanged { what }),
    };
    jobs::enqueue(&tx, world, &Job::SendMail(post)).await?;
    tx.commit().await
}

/// Why something was not proven.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The code is wrong, used, or of another moment.
    #[error("this code is not right, or was used before")]
    Code,
    /// The passkey is not one of theirs, or the device has not verified them.
    #[error("this passkey was not accepted")]
    Passkey,
    /// The challenge is unknown, answered already, or too old.
    #[error("this took too long or was done before; begin again")]
    Over,
    /// There is already one.
    #[error("an authenticator app is already set up; remove it first")]
    TotpTaken,
    /// There is none to confirm.
    #[error("no authenticator app is being set up")]
    NoTotp,
    /// The device is registered already.
    #[error("this passkey is already registered")]
    PasskeyTaken,
    /// More than anybody needs.
    #[error("20 passkeys are enough")]
    TooManyPasskeys,
    /// This installation has no name that a passkey could be bound to.
    #[error("passkeys need a domain name; this installation is reached by a number")]
    PasskeysUnavailable,
    /// What is kept cannot be opened.
    #[error(transparent)]
    Seal(#[from] Unsealable),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ProofError {
    fn kind(&self) -> Kind {
        match self {
            Self::Code | Self::Passkey | Self::Over => Kind::Unauthenticated,
            Self::TotpTaken | Self::NoTotp | Self::PasskeyTaken | Self::TooManyPasskeys | Self::PasskeysUnavailable => {
                Kind::Conflict
            }
            Self::Seal(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Code => "code_invalid",
            Self::Passkey => "passkey_invalid",
            Self::Over => "challenge_over",
            Self::TotpTaken => "totp_taken",
            Self::NoTotp => "totp_not_begun",
            Self::PasskeyTaken => "passkey_taken",
            Self::TooManyPasskeys => "passkeys_too_many",
            Self::PasskeysUnavailable => "passkeys_unavailable",
            Self::Seal(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
