//! What the handlers of everything that is set up for routing share: who may, what is noted, and what follows.

use std::collections::BTreeSet;

use desk::assignment_policy::Landscape;
use routing::relay;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenant::permission::Denied;
use tenant::{AgentId, Member, Permission, Scope, TenantTx, audit, membership};

use crate::App;
use crate::problem::Problem;

/// A transaction in which something is set up, with what will be noted of it.
pub(crate) struct Setup<'a> {
    app: &'a App,
    scope: &'a Scope<Member>,
    pub(crate) tx: TenantTx,
}

impl<'a> Setup<'a> {
    /// Opens it for whoever may.
    pub(crate) async fn begin(app: &'a App, scope: &'a Scope<Member>) -> Result<Self, Problem> {
        scope.require(Permission::RoutingManage)?;
        Ok(Self { app, scope, tx: scope.begin().await? })
    }

    /// Opens it for a directory, whose key of the scope `scim` is enough. Who is in which team decides what is seen: that is not for
    /// anybody who does not see everything.
    pub(crate) async fn begin_for_a_directory(app: &'a App, scope: &'a Scope<Member>) -> Result<Self, Problem> {
        scope.require(Permission::Scim)?;
        if scope.who.sight.is_limited() {
            return Err(Denied(Permission::RoutingManage).into());
        }
        Ok(Self { app, scope, tx: scope.begin().await? })
    }

    /// Notes what was done and makes it durable. Who waits may have somewhere to go now.
    pub(crate) async fn done(self, action: &'static str, target: Option<String>, detail: Value) -> Result<(), Problem> {
        audit::note(&self.tx, &self.scope.actor(), action, target, detail).await?;
        self.keep().await
    }

    /// The same for several deeds with one thing, or for none.
    pub(crate) async fn done_all(self, target: &str, deeds: Vec<(&'static str, Value)>) -> Result<(), Problem> {
        for (action, detail) in deeds {
            audit::note(&self.tx, &self.scope.actor(), action, Some(target.to_owned()), detail).await?;
        }
        self.keep().await
    }

    async fn keep(self) -> Result<(), Problem> {
        self.tx.commit().await?;
        relay::assign_soon(&self.app.routing, self.scope.tenant.id());
        Ok(())
    }
}

/// Opens a transaction for whoever may look at what is set up.
pub(crate) async fn look(scope: &Scope<Member>) -> Result<TenantTx, Problem> {
    scope.require(Permission::InboxesRead)?;
    Ok(scope.begin().await?)
}

/// Who is switched off, and does not count for what will work.
pub(crate) async fn disabled(app: &App, scope: &Scope<Member>) -> Result<BTreeSet<AgentId>, Problem> {
    let members = membership::of_account(&app.world, scope.tenant.id()).await?;
    Ok(members.into_iter().filter(|member| member.disabled_at.is_some()).map(|member| member.id).collect())
}

/// The whole setup, for judging a part of it.
pub(crate) async fn landscape(tx: &TenantTx, disabled: &BTreeSet<AgentId>) -> Result<Landscape, Problem> {
    Ok(Landscape::load(tx).await?.without(disabled))
}

/// An order to put things into.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(bound = "")]
pub(crate) struct Order<I: utoipa::ToSchema> {
    /// The first ones, each once. What is not named follows, in the order it had.
    pub(crate) ids: Vec<I>,
}
