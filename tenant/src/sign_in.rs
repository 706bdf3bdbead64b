//! How the members of a company sign in: whether a second factor is demanded, and the company's own provider.

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Kind};
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use crate::account::AccountId;
use crate::login::LoginId;
use crate::membership::Role;
use crate::sso;
use crate::world::World;

/// The rules of one company.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Whether everybody needs a second factor.
    pub second_factor_required: bool,
    /// The company's provider, when it has one.
    pub sso: Option<sso::Config>,
    /// Whether everybody but the owner comes in by the provider only.
    pub sso_only: bool,
}

#[derive(FromQueryResult)]
struct Row {
    account_id: Uuid,
    second_factor_required: bool,
    sso_issuer: Option<String>,
    sso_client_id: Option<String>,
    sso_client_secret: Option<Vec<u8>>,
    sso_default_role: Option<String>,
    sso_only: bool,
}

impl From<Row> for Policy {
    fn from(row: Row) -> Self {
        let sso = match (row.sso_issuer, row.sso_client_id) {
            (Some(issuer), Some(client_id)) => Some(sso::Config {
                account_id: AccountId::from_uuid(row.account_id),
                issuer,
                client_id,
                sealed_secret: row.sso_client_secret,
                default_role: row.sso_default_role.as_deref().and_then(Role::parse).unwrap_or(Role::Agent),
            }),
            _ => None,
        };
        let sso_only = row.sso_only && sso.is_some();
        Self { second_factor_required: row.second_factor_required, sso, sso_only }
    }
}

/// The rules as they are; a company that never said anything demands nothing.
pub async fn policy(world: &World, account: AccountId) -> Result<Policy, StoreError> {
    let row: Option<Row> = world
        .database
        .orm()
        .one(sql(
            "select account_id, second_factor_required, sso_issuer, sso_client_id, sso_client_secret, sso_default_role, sso_only \
             from shared.sign_in where account_id = $1",
            [account.uuid().into()],
        ))
        .await?;
    Ok(row.map(Policy::from).unwrap_or_default())
}

/// Whether anybody needs a second factor from now on.
pub async fn require_second_factor(world: &World, account: AccountId, required: bool) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "insert into shared.sign_in (account_id, second_factor_required, updated_at) values ($1, $2, $3) \
             on conflict (account_id) do update set second_factor_required = excluded.second_factor_required, updated_at = excluded.updated_at",
            [account.uuid().into(), required.into(), world.now().into()],
        ))
        .await
        .map(drop)
}

/// Sets the company's provider. A secret that is absent stays.
pub async fn set_sso(world: &World, config: &sso::Config, only: bool) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "insert into shared.sign_in (account_id, sso_issuer, sso_client_id, sso_client_secret, sso_default_role, sso_only, updated_at) \
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (account_id) do update set sso_issuer = excluded.sso_issuer, \
             sso_client_id = excluded.sso_client_id, sso_client_secret = excluded.sso_client_secret, \
             sso_default_role = excluded.sso_default_role, sso_only = excluded.sso_only, updated_at = excluded.updated_at",
            [
                config.account_id.uuid().into(),
                config.issuer.clone().into(),
                config.client_id.clone().into(),
                config.sealed_secret.clone().into(),
                config.default_role.as_str().into(),
                only.into(),
                world.now().into(),
            ],
        ))
        .await
        .map(drop)
}

/// Takes the provider away. Who has a password signs in with it again.
pub async fn remove_sso(world: &World, account: AccountId) -> Result<(), StoreError> {
    world
        .database
        .orm()
        .run(sql(
            "update shared.sign_in set sso_issuer = null, sso_client_id = null, sso_client_secret = null, sso_default_role = null, \
             sso_only = false, updated_at = $2 where account_id = $1",
            [account.uuid().into(), world.now().into()],
        ))
        .await
        .map(drop)
}

/// How the members sign in, as admins see it. The provider's secret is not among it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SignInSettings {
    /// Whether everybody needs a second factor.
    pub second_factor_required: bool,
    /// How many members have none yet.
    pub members_without_second_factor: i64,
    /// The company's provider.
    pub sso: Option<SsoSettings>,
    /// The domains whose addresses it may speak for.
    pub domains: Vec<sso::domain::Domain>,
    /// Where the provider sends people back to; to be registered there.
    #[schema(example = "https://desk.example/login/sso")]
    pub redirect_uri: String,
    /// Where a directory that manages people sends its changes (SCIM 2.0), with an API key of the scope `scim`.
    #[schema(example = "https://desk.example/v1/scim/v2")]
    pub scim_url: String,
}

/// The company's provider, as admins see it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SsoSettings {
    /// Its issuer.
    #[schema(example = "https://login.example")]
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Whether there is a secret.
    pub has_client_secret: bool,
    /// What somebody is who comes for the first time.
    pub default_role: Role,
    /// Whether everybody but the owner comes in by it only.
    pub only: bool,
    /// When somebody last came in by it.
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Counted {
    without: i64,
    last_used_at: Option<DateTime<Utc>>,
}

/// Reads them.
pub async fn settings(world: &World, account: AccountId) -> Result<SignInSettings, StoreError> {
    let policy = policy(world, account).await?;
    let counted: Option<Counted> = world
        .database
        .orm()
        .one(sql(
            "select (select count(*) from shared.membership m where m.account_id = $1 and m.disabled_at is null \
               and not exists (select 1 from shared.totp t where t.login_id = m.login_id and t.confirmed_at is not null) \
               and not exists (select 1 from shared.passkey p where p.login_id = m.login_id)) as without, \
             (select max(last_used_at) from shared.sso_identity where account_id = $1) as last_used_at",
            [account.uuid().into()],
        ))
        .await?;
    let (without, last_used_at) = counted.map_or((0, None), |row| (row.without, row.last_used_at));
    Ok(SignInSettings {
        second_factor_required: policy.second_factor_required,
        members_without_second_factor: without,
        sso: policy.sso.map(|config| SsoSettings {
            issuer: config.issuer,
            client_id: config.client_id,
            has_client_secret: config.sealed_secret.is_some(),
            default_role: config.default_role,
            only: policy.sso_only,
            last_used_at,
        }),
        domains: sso::domain::list(world, account).await?,
        redirect_uri: sso::redirect_uri(world),
        scim_url: format!("{}/v1/scim/v2", world.public_url),
    })
}

/// Whether a company of this person demands a second factor, so that the last one cannot be taken away.
pub async fn demanded_of(world: &World, login: LoginId) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Demanded {
        demanded: bool,
    }
    let row: Option<Demanded> = world
        .database
        .orm()
        .one(sql(
            "select exists (select 1 from shared.membership m join shared.sign_in s on s.account_id = m.account_id \
             where m.login_id = $1 and m.disabled_at is null and s.second_factor_required) as demanded",
            [login.uuid().into()],
        ))
        .await?;
    Ok(row.is_some_and(|row| row.demanded))
}

/// Why somebody who proved who they are is not let in this way, or may not change how others are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotThisWay {
    /// The company lets people in by its own provider only.
    #[error("this company signs in by its own sign-in service only")]
    SsoRequired,
    /// One company's provider proves nothing to another company.
    #[error("you came in by the sign-in service of one company; sign in again for another one")]
    SsoElsewhere,
    /// Who asks others for a second factor has one.
    #[error("sign in with a second factor yourself first")]
    OwnFactorFirst,
    /// A company that takes the last factor away would be disobeyed.
    #[error("your company asks for a second factor: set up another one before you remove this one")]
    LastFactor,
    /// Nobody could come in.
    #[error("prove a domain, and come in by the provider yourself once, before it is the only way")]
    SsoNotTried,
    /// There is no provider.
    #[error("no sign-in service is set up")]
    NoSso,
}

impl Fault for NotThisWay {
    fn kind(&self) -> Kind {
        match self {
            Self::SsoRequired | Self::SsoElsewhere => Kind::Forbidden,
            Self::OwnFactorFirst | Self::LastFactor | Self::SsoNotTried | Self::NoSso => Kind::Conflict,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::SsoRequired => "sso_required",
            Self::SsoElsewhere => "sso_session_elsewhere",
            Self::OwnFactorFirst => "own_second_factor_first",
            Self::LastFactor => "last_second_factor",
            Self::SsoNotTried => "sso_not_tried",
            Self::NoSso => "sso_not_set_up",
        }
    }
}
