//! A company signs up by itself. Atomic in three idempotent steps: [`reserve`] (the directory, one transaction), the
//! furnishing by `api::onboarding` (the company's schema, one transaction), [`activate`]. A sweep finishes what a crash cut.

use infra::database::{Rows as _, StoreError, Tx, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, Kind};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::account::AccountId;
use crate::email_token::{self, Purpose};
use crate::hash::sha256;
use crate::jobs::{self, Job};
use crate::letters::{Post, Template};
use crate::login::{self, LoginId, NewLogin};
use crate::membership::{self, AgentId, Role};
use crate::organisation::OrganisationId;
use crate::role::Standing;
use crate::world::{Mode, World};
use crate::{password, provision, setup_link, slug};

/// What a stranger writes on the signup page.
#[derive(Debug, Clone)]
pub struct Request {
    /// The company's name.
    pub company: String,
    /// The owner's address.
    pub email: String,
    /// The owner's password.
    pub password: String,
    /// The owner's name; made from the address when absent.
    pub name: Option<String>,
    /// `en` or `zh-CN`.
    pub locale: String,
    /// The secret of a private installation's one-time link.
    pub setup: Option<String>,
}

/// A signup in the directory.
#[derive(Debug, Clone, Copy)]
pub struct Reserved {
    /// The new company.
    pub account_id: AccountId,
    /// Its owner there.
    pub member_id: AgentId,
}

/// Why nobody signed up.
#[derive(Debug, thiserror::Error)]
pub enum SignupError {
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The address has a login, and the password is not its.
    #[error("this e-mail address already has a login")]
    EmailTaken,
    /// A private installation, and no link that lets in.
    #[error("this installation belongs to one company; ask its owner for an invitation")]
    Closed,
    /// The key was used for another signup.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SignupError {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(error) => error.kind(),
            Self::EmailTaken | Self::KeyReused => Kind::Conflict,
            Self::Closed => Kind::Forbidden,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::EmailTaken => "email_taken",
            Self::Closed => "signup_closed",
            Self::KeyReused => "idempotency_key_reused",
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<infra::FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::EmailTaken | Self::KeyReused | Self::Closed | Self::Store(_) => Vec::new(),
        }
    }
}

#[derive(FromQueryResult)]
struct Earlier {
    request_hash: Vec<u8>,
    account_id: Uuid,
    membership_id: Uuid,
}

/// Puts the company into the directory. Repeated with the same key, finds what the first call made.
pub async fn reserve(world: &World, key: Uuid, request: Request) -> Result<Reserved, SignupError> {
    let mut check = Check::new();
    let company = check.line("company", &request.company, 1, 80);
    let email = check.email("email", &request.email);
    password::check(&mut check, "password", &request.password, &email);
    let name = check.line("name", request.name.as_deref().unwrap_or_default(), 0, 80);
    if let Some(setup) = &request.setup {
        check.line("setup", setup, 1, 100);
    }
    if request.locale != "en" && request.locale != "zh-CN" {
        check.refuse("locale", "locale_unknown", "One of: en, zh-CN.");
    }
    check.finish()?;
    let name = if name.is_empty() { email.split('@').next().unwrap_or("Owner").to_owned() } else { name };

    let fingerprint = sha256(&format!("{company}\n{email}"));
    if let Some(earlier) = earlier(world, key).await? {
        return found_again(world, earlier, &fingerprint, &email, request.password).await;
    }

    if world.mode == Mode::Private && !setup_link::is_good(world, request.setup.as_deref()).await? {
        return Err(SignupError::Closed);
    }
    // One login serves several companies: a known address may found another one, with its own password.
    let known = login::find_by_email(world, &email).await?;
    let login = match known {
        Some(user) => {
            if !password::fits(request.password.clone(), user.known_hash()).await? {
                return Err(SignupError::EmailTaken);
            }
            Founder::Known(user.id)
        }
        None => Founder::New(NewLogin {
            id: world.chance.id(world.now()),
            email: email.clone(),
            name,
            password_hash: password::hash(request.password.clone()).await?,
            locale: request.locale.clone(),
            verified: false,
        }),
    };
    let password = request.password;
    let setup = request.setup.filter(|_| world.mode == Mode::Private);
    let founding = Founding { company, email, locale: request.locale, login, fingerprint, setup, group: None };
    for attempt in 0..8 {
        match found(world, key, &founding, attempt).await {
            Ok(reserved) => return Ok(reserved),
            Err(FoundError::LinkUsed) => return Err(SignupError::Closed),
            Err(FoundError::Store(error)) if error.broke("account_slug_key") => {}
            // The same key, at the same moment: the other call has made it. Which rule it breaks first is chance.
            Err(FoundError::Store(error)) if error.broke("signup_pkey") || error.broke("login_email_key") => {
                let earlier = earlier(world, key).await?.ok_or(SignupError::EmailTaken)?;
                return found_again(world, earlier, &founding.fingerprint, &founding.email, password).await;
            }
            Err(FoundError::Store(error)) => return Err(error.into()),
        }
    }
    Err(StoreError::Unavailable("no free slug was found".into()).into())
}

/// Why one try did not found a company.
#[derive(Debug, thiserror::Error)]
enum FoundError {
    /// Somebody else was quicker with the link.
    #[error("the link was used")]
    LinkUsed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts another company of a group into the directory, owned by one of the group's admins.
pub async fn found_in_group(
    world: &World,
    owner: &login::User,
    company: &str,
    locale: &str,
    group: OrganisationId,
) -> Result<AccountId, SignupError> {
    let mut check = Check::new();
    let company = check.line("company", company, 1, 80);
    if locale != "en" && locale != "zh-CN" {
        check.refuse("locale", "locale_unknown", "One of: en, zh-CN.");
    }
    check.finish()?;
    let founding = Founding {
        fingerprint: sha256(&format!("{company}\n{}", owner.email)),
        company,
        email: owner.email.clone(),
        locale: locale.to_owned(),
        login: Founder::Known(owner.id),
        setup: None,
        group: Some(group),
    };
    for attempt in 0..8 {
        match found(world, world.chance.uuid(world.now()), &founding, attempt).await {
            Ok(reserved) => return Ok(reserved.account_id),
            Err(FoundError::Store(error)) if error.broke("account_slug_key") => {}
            Err(FoundError::Store(error)) => return Err(error.into()),
            Err(FoundError::LinkUsed) => return Err(SignupError::Closed),
        }
    }
    Err(StoreError::Unavailable("no free slug was found".into()).into())
}

/// The company of an earlier call with the same key, for whoever knows the owner's password as it is now. What a signup
/// was asked with is never kept, not even hashed: a stolen copy could be guessed against.
async fn found_again(
    world: &World,
    earlier: Earlier,
    fingerprint: &[u8],
    email: &str,
    password: String,
) -> Result<Reserved, SignupError> {
    let hash = login::find_by_email(world, email).await?.and_then(|user| user.known_hash());
    let same = earlier.request_hash == fingerprint && password::fits(password, hash).await?;
    if !same {
        return Err(SignupError::KeyReused);
    }
    Ok(Reserved {
        account_id: AccountId::from_uuid(earlier.account_id),
        member_id: AgentId::from_uuid(earlier.membership_id),
    })
}

enum Founder {
    Known(LoginId),
    New(NewLogin),
}

struct Founding {
    company: String,
    email: String,
    locale: String,
    login: Founder,
    fingerprint: Vec<u8>,
    /// Used up by this signup.
    setup: Option<String>,
    group: Option<OrganisationId>,
}

async fn earlier(world: &World, key: Uuid) -> Result<Option<Earlier>, StoreError> {
    world
        .database
        .orm()
        .one(sql(
            "select request_hash, account_id, membership_id from shared.signup where idempotency_key = $1",
            [key.into()],
        ))
        .await
}

/// One try, one transaction: login, account with a schema, membership, signup row and letter, or nothing.
async fn found(world: &World, key: Uuid, founding: &Founding, attempt: u32) -> Result<Reserved, FoundError> {
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    let Some(schema) = provision::take(&tx).await? else {
        tx.rollback().await?;
        provision::make_spare(world).await?;
        return Box::pin(found(world, key, founding, attempt)).await;
    };
    let login_id = match &founding.login {
        Founder::Known(id) => *id,
        Founder::New(login) => {
            login::insert(
                &tx,
                NewLogin {
                    email: login.email.clone(),
                    name: login.name.clone(),
                    password_hash: login.password_hash.clone(),
                    locale: login.locale.clone(),
                    ..*login
                },
                now,
            )
            .await?;
            login.id
        }
    };
    let reserved = Reserved { account_id: world.chance.id(now), member_id: world.chance.id(now) };
    let slug = slug::candidate(&founding.company, attempt, world.chance.below(100_000_000));
    tx.run(sql(
        "insert into shared.account (id, name, slug, schema_name, status, plan, locale, created_at, updated_at, organisation_id) \
         values ($1, $2, $3, $4, 'provisioning', $7, $5, $6, $6, $8)",
        [
            reserved.account_id.uuid().into(),
            founding.company.clone().into(),
            slug.into(),
            schema.as_str().into(),
            founding.locale.clone().into(),
            now.into(),
            world.mode.first_plan().into(),
            founding.group.map(infra::Id::uuid).into(),
        ],
    ))
    .await?;
    if let Some(secret) = &founding.setup
        && !setup_link::redeem(&tx, secret, now).await?
    {
        return Err(FoundError::LinkUsed);
    }
    membership::insert(&tx, reserved.member_id, reserved.account_id, login_id, &Standing::built_in(Role::Owner), now)
        .await?;
    tx.run(sql(
        "insert into shared.signup (idempotency_key, request_hash, account_id, membership_id, created_at) values ($1, $2, $3, $4, $5)",
        [key.into(), founding.fingerprint.clone().into(), reserved.account_id.uuid().into(), reserved.member_id.uuid().into(), now.into()],
    ))
    .await?;
    if matches!(founding.login, Founder::New(_)) {
        let post = (founding.email.clone(), founding.locale.clone());
        ask_for_proof(&tx, world, login_id, post, &founding.company).await?;
    }
    tx.commit().await?;
    Ok(reserved)
}

/// Opens the company for use. A second time changes nothing.
pub async fn activate(world: &World, account: AccountId) -> Result<(), StoreError> {
    let now = world.now();
    world
        .database
        .orm()
        .run(sql(
            "update shared.account set status = 'active', updated_at = $2 where id = $1 and status = 'provisioning'",
            [account.uuid().into(), now.into()],
        ))
        .await?;
    world.directory.forget(account);
    Ok(())
}

/// Writes the proof-of-address letter in the caller's transaction, to an address in its reader's language.
async fn ask_for_proof(
    tx: &Tx,
    world: &World,
    login: LoginId,
    (to, locale): (String, String),
    company: &str,
) -> Result<(), StoreError> {
    let secret = world.chance.secret();
    email_token::issue(tx, &secret, login, Purpose::Verify, world.now()).await?;
    let link = format!("{}/login/verify?token={secret}", world.public_url);
    let template = Template::Verify { company: company.to_owned(), link };
    jobs::enqueue_asked(tx, world, Post { to, locale, sender: None, template }).await
}

/// Sends the proof-of-address letter again.
pub async fn resend_verification(world: &World, user: &login::User, company: &str) -> Result<(), StoreError> {
    let tx = world.database.begin("".into()).await?;
    ask_for_proof(&tx, world, user.id, (user.email.clone(), user.locale.clone()), company).await?;
    tx.commit().await
}

/// Has a link to set a new password sent, if the address has a login; says nothing either way.
pub async fn forgot_password(world: &World, email: &str) -> Result<(), StoreError> {
    let tx = world.database.begin("".into()).await?;
    jobs::enqueue(&tx, world, &Job::SendResetLink { email: email.to_owned() }).await?;
    tx.commit().await
}

pub(crate) async fn send_reset_link(world: &World, email: &str) -> Result<(), StoreError> {
    let Some(user) = login::find_by_email(world, email).await? else { return Ok(()) };
    let now = world.now();
    let tx = world.database.begin("".into()).await?;
    let secret = world.chance.secret();
    email_token::issue(&tx, &secret, user.id, Purpose::Reset, now).await?;
    let link = format!("{}/login/reset?token={secret}", world.public_url);
    let post = Post { to: user.email, locale: user.locale, sender: None, template: Template::Reset { link } };
    jobs::enqueue_asked(&tx, world, post).await?;
    tx.commit().await
}
