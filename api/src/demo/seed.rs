//! Makes the demo company with a few days of history. A second time finds it.

use billing::service::trial_available;
use infra::Clock;
use infra::config::Settings;
use serde::Serialize;
use tenant::membership::{self, Role};
use tenant::world::World;
use tenant::{AgentId, Tenant, email_token, invitation, login, signup};
use uuid::Uuid;

use super::furnish;
use super::history::{self, Staff};
use crate::{App, onboarding};

/// What a newcomer needs to look around.
#[derive(Debug, Serialize)]
pub(crate) struct Demo {
    /// The company.
    pub(crate) company: &'static str,
    /// The key of its inbox.
    pub(crate) inbox_key: String,
    /// Who can sign in.
    pub(crate) logins: Vec<DemoLogin>,
}

/// Somebody of the demo company.
#[derive(Debug, Serialize)]
pub(crate) struct DemoLogin {
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) password: &'static str,
    pub(crate) role: Role,
}

/// The company's name.
pub(super) const COMPANY: &str = "Blue Teapot";
/// Everybody's password.
pub(super) const PASSWORD: &str = "blue-teapot-demo";
/// Who owns it: name and address.
pub(super) const OWNER: (&str, &str) = ("Mei Lin", "mei@demo.example");
/// Who answers in it: name and address.
pub(super) const AGENT: (&str, &str) = ("Bo Jensen", "bo@demo.example");
/// The demo's signup always carries the same key, so a second seed finds the first.
const KEY: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_de10);

/// Makes the demo company, or finds it.
pub(crate) async fn seed(settings: &Settings) -> Result<Demo, Box<dyn std::error::Error + Send + Sync>> {
    let (app, _facts) = App::new(settings, Clock::adjustable()).await?;
    let world = &app.world;
    let request = signup::Request {
        company: COMPANY.into(),
        email: OWNER.1.into(),
        password: PASSWORD.into(),
        name: Some(OWNER.0.into()),
        locale: "en".into(),
        setup: None,
    };
    let reserved = signup::reserve(world, KEY, request).await?;
    onboarding::finish(world, reserved.account_id).await?;
    let tenant = Tenant::find(world, reserved.account_id).await?.ok_or("the demo company vanished")?;
    // It tries a larger plan: a lively day is more than the smallest one includes.
    if trial_available(&app.billing.subscription(&tenant).await?, &tenant.account.plan) {
        app.billing.start_trial(tenant.id(), "pro").await?;
    }

    let bo = hire(&tenant, reserved.member_id).await?;
    for (_, email) in [OWNER, AGENT] {
        prove_address(world, email).await?;
    }
    let staff = Staff { mei: (reserved.member_id, OWNER.0), bo: (bo, AGENT.0) };
    history::write(&tenant, &staff).await?;
    let tx = tenant.begin().await?;
    let inbox = desk::inbox::list(&tx).await?.into_iter().next().ok_or("the demo company has no inbox")?;
    drop(tx);
    furnish::furnish(&tenant, &staff, inbox.id).await?;
    let person =
        |(name, email): (&'static str, &'static str), role| DemoLogin { name, email, password: PASSWORD, role };
    Ok(Demo {
        company: COMPANY,
        inbox_key: inbox.key,
        logins: vec![person(OWNER, Role::Owner), person(AGENT, Role::Agent)],
    })
}

/// Lets Bo join, or finds him.
async fn hire(tenant: &Tenant, inviter: AgentId) -> Result<AgentId, Box<dyn std::error::Error + Send + Sync>> {
    let world = &tenant.world;
    if let Some(user) = login::find_by_email(world, AGENT.1).await? {
        let members = membership::of_login(world, user.id).await?;
        if let Some(member) = members.iter().find(|member| member.account_id == tenant.id()) {
            return Ok(member.id);
        }
    }
    let (_, secret) =
        invitation::invite(world, &tenant.account, inviter, OWNER.0, AGENT.1, tenant::Standing::built_in(Role::Agent))
            .await?;
    let (account, member, _) = invitation::accept(world, &secret, Some(AGENT.0.into()), PASSWORD.into()).await?;
    onboarding::welcome_member(world, account, member).await?;
    Ok(member)
}

/// Proves an address that gets no mail, as its owner would by the link of the letter.
async fn prove_address(world: &World, email: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Some(user) = login::find_by_email(world, email).await?.filter(|user| !user.email_verified) else {
        return Ok(());
    };
    let secret = world.chance.secret();
    let tx = world.database.begin("".into()).await?;
    email_token::issue(&tx, &secret, user.id, email_token::Purpose::Verify, world.now()).await?;
    tx.commit().await?;
    Ok(email_token::verify(world, &secret).await?)
}
