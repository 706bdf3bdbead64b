//! What commands about one company share: finding it, changing where it stands, telling every server.

use std::sync::Arc;
use std::time::Duration;

use infra::Clock;
use infra::config::Settings;
use routing::revocation::{self, Revocation};
use serde::Serialize;
use tenant::account::{self, Status};
use tenant::scope::Actor;
use tenant::{Role, Tenant, audit, closing, membership, overview, suspension};

use super::{Failure, Outcome};
use crate::App;
use crate::serve::{heed_time, require_time};

/// How long telling the other servers may take.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

/// The services, for a command, which goes by the database's time as servers do.
pub(super) async fn open(settings: &Settings) -> Result<Arc<App>, Failure> {
    let (app, _facts) = App::new(settings, Clock::system()).await?;
    require_time(&app).await?;
    Ok(app)
}

/// The same for a command that only looks, also where there is no database.
pub(super) async fn open_to_look(settings: &Settings) -> Result<Arc<App>, Failure> {
    let (app, _facts) = App::new(settings, Clock::system()).await?;
    heed_time(&app).await;
    Ok(app)
}

/// The company with this name in addresses, or this id.
pub(super) async fn find(app: &App, text: &str) -> Result<Tenant, Failure> {
    let id = overview::find(&app.world, text).await?;
    let id = id.ok_or_else(|| format!("no company is called {text}; `frontdesk tenant list` shows all"))?;
    Ok(Tenant::find(&app.world, id).await?.ok_or("the company is gone")?)
}

/// What was done, for people and for machines.
#[derive(Serialize)]
pub(super) struct Done {
    pub(super) id: String,
    pub(super) slug: String,
    pub(super) status: Status,
    /// Whether every server has been told; otherwise they find out by themselves within half a minute.
    pub(super) told: bool,
}

/// What is to become of a company.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Suspend,
    Resume,
    Close,
    Restore,
}

impl Turn {
    const fn from(self) -> &'static [Status] {
        match self {
            Self::Suspend => &[Status::Active],
            Self::Resume => &[Status::Suspended],
            Self::Close => &[Status::Active, Status::Suspended],
            Self::Restore => &[Status::Closed],
        }
    }

    const fn to(self) -> Status {
        match self {
            Self::Suspend => Status::Suspended,
            Self::Close => Status::Closed,
            Self::Resume | Self::Restore => Status::Active,
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Suspend => "account.suspended",
            Self::Resume => "account.resumed",
            Self::Close => "account.closed",
            Self::Restore => "account.restored",
        }
    }
}

/// Moves a company along its life, writes it into its audit log, and cuts off or lets in everybody at every server.
pub(super) async fn turn(settings: &Settings, text: &str, turn: Turn, reason: Option<String>, json: bool) -> Outcome {
    let app = open(settings).await?;
    let world = &app.world;
    let tenant = find(&app, text).await?;
    let account = &tenant.account;
    // What its owner has switched off, and could switch on again, is the operator's from now on.
    let is_taken_over = turn == Turn::Suspend
        && account.status == Status::Suspended
        && suspension::take_over(world, account.id).await?;
    if !is_taken_over && !turn.from().contains(&account.status) {
        return Err(format!("{} is {}, so this cannot be done", account.slug, account.status.as_str()).into());
    }
    match turn {
        Turn::Close => {
            let members = membership::of_account(world, account.id).await?;
            let owner = members.iter().find(|member| member.standing.role == Role::Owner);
            let owner = owner.ok_or("the company has no owner who could be written to")?;
            closing::close(world, &tenant, (owner.email.clone(), account.locale.clone())).await?;
        }
        Turn::Restore => {
            if !closing::restore(world, account.id).await? {
                return Err(format!("{} cannot be restored any more", account.slug).into());
            }
        }
        Turn::Suspend if is_taken_over => {}
        Turn::Suspend | Turn::Resume => {
            // Its owner may be quicker. Whoever is to keep it off must not be told that it is while the owner can switch it on again.
            let done = account::set_status(&world.database, account, turn.to(), world.now()).await?
                || (turn == Turn::Suspend && suspension::take_over(world, account.id).await?);
            if !done {
                world.directory.forget(account.id);
                let now = find(&app, text).await?.account;
                return Err(format!("{} is {} by now; look and try again", now.slug, now.status.as_str()).into());
            }
        }
    }
    let tx = tenant.begin().await?;
    let detail = serde_json::json!({ "reason": reason });
    audit::note(&tx, &Actor::System, turn.action(), Some(account.id.to_string()), detail).await?;
    tx.commit().await?;
    let (to, told) = (turn.to(), tell(&app, &tenant).await);
    let done = Done { id: account.id.to_string(), slug: account.slug.clone(), status: to, told };
    if json {
        return print(&done);
    }
    let told = if told { "at once" } else { "within half a minute: the bus is away" };
    println!("{} is {}; every server knows {told}", account.name, to.as_str());
    Ok(())
}

/// Tells every server to look at this company anew and to close its sockets. False when the bus did not take it.
async fn tell(app: &App, tenant: &Tenant) -> bool {
    revocation::revoke(&app.routing, Revocation::Company(tenant.id())).await;
    flushed(app).await
}

/// What is on its way to the bus ends with this process, so it waits until it is there.
pub(super) async fn flushed(app: &App) -> bool {
    matches!(tokio::time::timeout(TOLD_WITHIN, app.routing.bus.flush()).await, Ok(Ok(())))
}

/// What an operator says of themselves or their reason, if it is that: something, on one line, and not longer than `most` characters.
pub(super) fn plain(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.chars().count() <= most && !text.contains(char::is_control)).then(|| text.to_owned())
}

/// Prints something for machines.
pub(super) fn print(what: &impl Serialize) -> Outcome {
    println!("{}", serde_json::to_string_pretty(what)?);
    Ok(())
}
