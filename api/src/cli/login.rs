//! `frontdesk login …`: people who have lost what lets them in, where nobody in their company may help them.

use clap::Subcommand;
use infra::config::Settings;
use routing::revocation::{self, Revocation};
use serde_json::json;
use tenant::account::Status;
use tenant::membership::Membership;
use tenant::proof::reset::{self, By};
use tenant::scope::Actor;
use tenant::{Tenant, audit, login, membership};

use super::{Outcome, company};

/// What can be done for a login.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Take the second factor off somebody who has lost it and the recovery codes: an owner, or a member of several companies
    TakeOffSecondFactor {
        /// The address they sign in with
        email: String,
        /// Who you are; their companies read it
        #[arg(long)]
        operator: String,
        /// How you know that it is they who ask; their companies read it
        #[arg(long)]
        reason: String,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub(super) async fn run(settings: &Settings, what: Command) -> Outcome {
    let Command::TakeOffSecondFactor { email, operator, reason, json } = what;
    let operator = company::plain(&operator, 80).ok_or("--operator is 1 to 80 characters on one line")?;
    let reason = company::plain(&reason, 300).ok_or("--reason is 1 to 300 characters on one line")?;
    let app = company::open(settings).await?;
    let world = &app.world;
    let found = login::find_by_email(world, &email).await?;
    let user = found.ok_or_else(|| format!("nobody signs in with {email}"))?;
    let gone = reset::reset(world, &user, By::Operator).await?;
    let members = membership::of_login(world, user.id).await?;
    for member in &members {
        revocation::revoke(&app.routing, Revocation::Session(member.account_id, member.id)).await;
    }
    let told = company::flushed(&app).await;
    let (mut companies, mut unwritten) = (Vec::new(), Vec::new());
    for member in members {
        let Some(tenant) = Tenant::find(world, member.account_id).await? else { continue };
        // Others have no rows to write to, or are on their way out.
        if !matches!(tenant.account.status, Status::Active | Status::Suspended | Status::Closed) {
            continue;
        }
        // What was taken off is gone: a company that cannot be written to just now keeps no other from reading of it.
        let detail = json!({ "totp": gone.totp, "passkeys": gone.passkeys, "operator": operator, "reason": reason });
        let told = if note(&tenant, &member, detail).await.is_ok() { &mut companies } else { &mut unwritten };
        told.push(tenant.account.slug.clone());
    }
    if json {
        return company::print(&json!({
            "email": user.email, "taken_off": gone, "companies": companies, "unwritten": unwritten, "told": told,
        }));
    }
    println!("{} signs in with the password alone now, and every session of theirs has ended", user.email);
    println!("a letter tells them; it stands in the audit log of {}", companies.join(", "));
    if !unwritten.is_empty() {
        println!("it could not be written into the audit log of {}: tell its owner", unwritten.join(", "));
    }
    Ok(())
}

async fn note(tenant: &Tenant, member: &Membership, detail: serde_json::Value) -> Outcome {
    let tx = tenant.begin().await?;
    audit::note(&tx, &Actor::System, "agent.second_factor_taken_off", Some(member.id.to_string()), detail).await?;
    Ok(tx.commit().await?)
}
