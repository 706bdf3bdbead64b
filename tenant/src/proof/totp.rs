//! Codes of an authenticator app (RFC 6238): six digits, 30 seconds, one step of patience, and none is taken twice.

use chrono::{DateTime, Utc};
use infra::Timestamp;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::Serialize;
use totp_rs::{Builder, Totp};
use uuid::Uuid;

use crate::data_key::{Resealed, Unopened};
use crate::login::{LoginId, User};
use crate::proof::ProofError;
use crate::seal::Place;
use crate::world::World;

/// 160 bits, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
const ISSUER: &str = "Frontdesk";

fn place(login: LoginId) -> Place {
    Place::new("totp", login.uuid())
}

fn build(secret: &[u8], account: &str) -> Result<Totp, StoreError> {
    Builder::new()
        .with_secret(secret.to_vec())
        // A colon would end the name; no address that can be mailed to has one outside of quotes.
        .with_account_name(account.replace(':', " "))
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(|error| StoreError::Refused(error.to_string()))
}

/// What an authenticator app needs to know, shown while it is being set up and never again.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct TotpSetup {
    /// For those who type it: base32.
    #[schema(example = "JBSWY3DPEHPK3PXP")]
    pub secret: String,
    /// For a QR code: `otpauth://totp/…`.
    pub uri: String,
}

/// Begins anew: what was begun before and not confirmed is forgotten.
pub async fn begin(world: &World, user: &User) -> Result<TotpSetup, ProofError> {
    let mut secret = [0_u8; SECRET_BYTES];
    world.chance.fill(&mut secret);
    let sealed = world.sealer.seal(&world.chance, place(user.id), &secret)?;
    let written = world
        .database
        .orm()
        .run(sql(
            "insert into shared.totp (login_id, secret, created_at) values ($1, $2, $3) on conflict (login_id) do update \
             set secret = excluded.secret, created_at = excluded.created_at, last_step = 0 where shared.totp.confirmed_at is null",
            [user.id.uuid().into(), sealed.into(), world.now().into()],
        ))
        .await?;
    if written == 0 {
        return Err(ProofError::TotpTaken);
    }
    let totp = build(&secret, &user.email)?;
    let uri = totp.to_url().map_err(|error| StoreError::Refused(error.to_string()))?;
    Ok(TotpSetup { secret: totp.secret().to_base32(), uri })
}

#[derive(FromQueryResult)]
struct Row {
    login_id: Uuid,
    secret: Vec<u8>,
    confirmed_at: Option<Timestamp>,
}

async fn row(world: &World, login: LoginId) -> Result<Option<Row>, StoreError> {
    world
        .database
        .orm()
        .one(sql("select login_id, secret, confirmed_at from shared.totp where login_id = $1", [login.uuid().into()]))
        .await
}

/// The step a code is right for, if it is.
fn step(world: &World, row: &Row, code: &str) -> Result<Option<i64>, ProofError> {
    let login = LoginId::from_uuid(row.login_id);
    let secret = world.sealer.open(place(login), &row.secret)?;
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(None);
    }
    let now = u64::try_from(world.now().timestamp()).unwrap_or(0);
    Ok(build(&secret, "code")?.check(&digits, now).and_then(|step| i64::try_from(step).ok()))
}

/// Uses a step up. False when it, or a later one, was used before.
async fn spend(world: &World, login: LoginId, step: i64) -> Result<bool, StoreError> {
    let spent = world
        .database
        .orm()
        .run(sql(
            "update shared.totp set last_step = $2 where login_id = $1 and last_step < $2",
            [login.uuid().into(), step.into()],
        ))
        .await?;
    Ok(spent > 0)
}

/// The app has the secret: from now on its codes are asked for.
pub async fn confirm(world: &World, login: LoginId, code: &str) -> Result<(), ProofError> {
    let row = row(world, login).await?.filter(|row| row.confirmed_at.is_none()).ok_or(ProofError::NoTotp)?;
    let step = step(world, &row, code)?.ok_or(ProofError::Code)?;
    let confirmed = world
        .database
        .orm()
        .run(sql(
            "update shared.totp set confirmed_at = $2, last_step = $3 where login_id = $1 and confirmed_at is null and secret = $4",
            [login.uuid().into(), world.now().into(), step.into(), row.secret.into()],
        ))
        .await?;
    if confirmed > 0 { Ok(()) } else { Err(ProofError::NoTotp) }
}

/// Whether a code is right, now, for the first time.
pub async fn prove(world: &World, login: LoginId, code: &str) -> Result<(), ProofError> {
    let row = row(world, login).await?.filter(|row| row.confirmed_at.is_some()).ok_or(ProofError::Code)?;
    let step = step(world, &row, code)?.ok_or(ProofError::Code)?;
    if !spend(world, login, step).await? {
        return Err(ProofError::Code);
    }
    if world.sealer.is_stale(&row.secret) {
        reseal(world, login, &row.secret).await?;
    }
    Ok(())
}

/// Seals with the newest key what an older one had sealed. False when somebody was quicker.
async fn reseal(world: &World, login: LoginId, old: &[u8]) -> Result<bool, ProofError> {
    let secret = world.sealer.open(place(login), old)?;
    let sealed = world.sealer.seal(&world.chance, place(login), &secret)?;
    let touched = world
        .database
        .orm()
        .run(sql(
            "update shared.totp set secret = $2 where login_id = $1 and secret = $3",
            [login.uuid().into(), sealed.into(), old.to_vec().into()],
        ))
        .await?;
    Ok(touched > 0)
}

/// Takes the app away; false when there was none.
pub async fn remove(world: &World, login: LoginId) -> Result<bool, StoreError> {
    let gone =
        world.database.orm().run(sql("delete from shared.totp where login_id = $1", [login.uuid().into()])).await?;
    Ok(gone > 0)
}

/// Since when codes are asked for.
pub(crate) async fn since(world: &World, login: LoginId) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(row(world, login).await?.and_then(|row| row.confirmed_at))
}

/// Seals every secret anew that an older key had sealed; says how many needed it. What nobody can open is left as it is, and does not
/// hold up the next one.
pub async fn reseal_all(world: &World) -> Result<Resealed, ProofError> {
    let all: Vec<Row> =
        world.database.orm().all(sql("select login_id, secret, confirmed_at from shared.totp", [])).await?;
    let mut done = Resealed::default();
    for row in all.iter().filter(|row| world.sealer.is_stale(&row.secret)) {
        let login = LoginId::from_uuid(row.login_id);
        match reseal(world, login, &row.secret).await {
            Ok(touched) => done.anew += usize::from(touched),
            Err(ProofError::Seal(_)) => {
                tracing::warn!(login.id = %login, "the secret of an authenticator app cannot be opened and stays as it is");
                done.unopened.push(Unopened { what: "authenticator", of: login.to_string(), which: None });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
