//! A person's new address: asked for by whoever has just proven who they are, taken once a letter to it has been read. The old
//! address is told both times, so that nobody loses their login in silence.

use infra::database::{Rows as _, StoreError, sql};
use infra::{Fault, Kind};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::account::AccountId;
use crate::audit::owed::{self, Owed};
use crate::email_token::{self, Purpose, TokenError};
use crate::jobs::{self, Job};
use crate::letters::{self, Post, Template};
use crate::login::{LoginId, User};
use crate::membership::AgentId;
use crate::scope::Actor;
use crate::sign_in_letters::SignIn;
use crate::world::World;

/// Why an address was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It is the address they have.
    #[error("this is the address that is in use already")]
    Same,
    /// Somebody else has it.
    #[error("this e-mail address already has a login")]
    Taken,
    /// The link.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ChangeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Same | Self::Taken => Kind::Conflict,
            Self::Token(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Same => "email_same",
            Self::Taken => "email_taken",
            Self::Token(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// Sends the letters. Whether the new address has a login is told to whoever reads its letters, not here.
pub async fn ask(world: &World, user: &User, email: &str) -> Result<(), ChangeError> {
    if user.email == email {
        return Err(ChangeError::Same);
    }
    let now = world.now();
    let secret = world.chance.secret();
    let known = crate::login::find_by_email(world, email).await?.is_some();
    let tx = world.database.begin("".into()).await?;
    // Only the newest link works.
    tx.run(sql(
        "update shared.email_token set used_at = $2 where login_id = $1 and purpose = 'email' and used_at is null",
        [user.id.uuid().into(), now.into()],
    ))
    .await?;
    let sender = letters::sender_for(&tx, user.id).await?;
    // Whose login it is already has nothing to do with the company of whoever asks.
    let (template, to_new) = if known {
        (Template::AlreadyHere { link: format!("{}/login", world.public_url) }, None)
    } else {
        email_token::issue_for(&tx, &secret, user.id, Purpose::Email, Some(email), now).await?;
        let link = format!("{}/login/email?token={secret}", world.public_url);
        (Template::SignIn(SignIn::NewEmail { link }), sender.clone())
    };
    let to_new = Post { to: email.to_owned(), locale: user.locale.clone(), sender: to_new, template };
    jobs::enqueue_asked(&tx, world, to_new).await?;
    let template = Template::SignIn(SignIn::EmailChanging { email: email.to_owned() });
    let to_old = Post { to: user.email.clone(), locale: user.locale.clone(), sender, template };
    jobs::enqueue(&tx, world, &Job::SendMail(to_old)).await?;
    tx.commit().await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Before {
    id: Uuid,
    email: String,
    name: String,
    locale: String,
}

#[derive(FromQueryResult)]
struct Seat {
    id: Uuid,
    account_id: Uuid,
}

/// Takes the new address, by the link of its letter. Links that went to the old one are void. Says whose it is, and what the logs of
/// their companies are owed of it, for the caller to pay.
pub async fn confirm(world: &World, secret: &str) -> Result<(LoginId, Vec<Owed>), ChangeError> {
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    let (login, email) = email_token::redeem(&tx, secret, Purpose::Email, now).await?;
    let email = email.ok_or(TokenError::Unknown)?;
    let before: Option<Before> = tx
        .one(sql("select id, email, name, locale from shared.login where id = $1 for update", [login.uuid().into()]))
        .await?;
    let before = before.ok_or(TokenError::Unknown)?;
    let changed = tx
        .run(sql(
            "update shared.login set email = $2, email_verified_at = $3 where id = $1",
            [before.id.into(), email.clone().into(), now.into()],
        ))
        .await;
    match changed {
        Err(error) if error.broke("login_email_key") => return Err(ChangeError::Taken),
        other => other?,
    };
    tx.run(sql(
        "update shared.email_token set used_at = $2 where login_id = $1 and used_at is null",
        [login.uuid().into(), now.into()],
    ))
    .await?;
    let template = Template::SignIn(SignIn::EmailChanged { email });
    let sender = letters::sender_for(&tx, login).await?;
    jobs::enqueue(&tx, world, &Job::SendMail(Post { to: before.email, locale: before.locale, sender, template }))
        .await?;
    let seats: Vec<Seat> = tx
        .all(sql(
            "select id, account_id from shared.membership where login_id = $1 and disabled_at is null order by created_at, id",
            [login.uuid().into()],
        ))
        .await?;
    let mut all = Vec::with_capacity(seats.len());
    for seat in seats {
        let id = AgentId::from_uuid(seat.id);
        let (account, actor) = (AccountId::from_uuid(seat.account_id), Actor::Person { id, name: before.name.clone() });
        let (target, detail) = (Some(id.to_string()), serde_json::json!({}));
        all.push(owed::owe(&tx, world, account, &actor, "login.email_changed", target, detail).await?);
    }
    tx.commit().await?;
    Ok((login, all))
}
