//! What was tried and refused goes into the audit log too, in a transaction of its own, but never faster than once a minute for the
//! same person and the same thing: nobody may fill the log by knocking.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use infra::Timestamp;
use infra::database::StoreError;
use infra::spoken::OrLog as _;
use serde_json::json;
use uuid::Uuid;

use crate::permission::Permission;
use crate::scope::{Actor, Member, Scope, Tenant};
use crate::world::SharedWorld;
use crate::{audit, login, membership};

/// How long the same refusal is not written down again.
const ONCE_IN: TimeDelta = TimeDelta::seconds(60);
/// How many are remembered. Beyond, nothing is written until some are old: a crowd at the door is the limits' affair.
const REMEMBERED: usize = 10_000;

/// What was written down lately.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<(Uuid, String), Timestamp>>);

impl Refusals {
    fn is_news(&self, who: Uuid, what: &str, now: Timestamp) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (who, what.to_owned());
        if known.get(&key).is_some_and(|at| now - *at < ONCE_IN) {
            return false;
        }
        if known.len() >= REMEMBERED {
            known.retain(|_, at| now - *at < ONCE_IN);
            if known.len() >= REMEMBERED {
                return false;
            }
        }
        known.insert(key, now);
        true
    }
}

/// A member tried what they may not do. Nobody waits for the note.
pub(crate) fn denied(scope: &Scope<Member>, permission: Permission) {
    let needed = serde_json::to_value(permission).unwrap_or_default();
    let name = needed.as_str().unwrap_or_default();
    if !scope.world().refusals.is_news(scope.who.agent_id.uuid(), name, scope.now()) {
        return;
    }
    let (tenant, actor) = (scope.tenant.clone(), scope.actor());
    tokio::spawn(async move {
        let detail = json!({ "permission": needed });
        write(&tenant, &actor, "access.denied", None, detail).await.or_log("noting a refusal");
    });
}

/// Somebody tried to sign in with this address and a wrong password. Its companies, if it has any, find it in their logs.
pub fn login_failed(world: &SharedWorld, email: &str) {
    let (world, email) = (Arc::clone(world), email.to_owned());
    tokio::spawn(async move { tell_companies(&world, &email).await.or_log("noting a failed login") });
}

async fn tell_companies(world: &SharedWorld, email: &str) -> Result<(), StoreError> {
    let Some(user) = login::find_by_email(world, email).await? else { return Ok(()) };
    if !world.refusals.is_news(user.id.uuid(), "login", world.now()) {
        return Ok(());
    }
    for member in membership::of_login(world, user.id).await? {
        if let Some(tenant) = Tenant::find(world, member.account_id).await? {
            let target = Some(member.id.to_string());
            write(&tenant, &Actor::System, "login.failed", target, json!({ "reason": "wrong_password" })).await?;
        }
    }
    Ok(())
}

async fn write(
    tenant: &Tenant,
    actor: &Actor,
    action: &'static str,
    target: Option<String>,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let tx = tenant.begin().await?;
    audit::note(&tx, actor, action, target, detail).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_refusal_is_news_once_a_minute() {
        let refusals = Refusals::default();
        let (ana, bo) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let at = |seconds: i64| chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        assert!(refusals.is_news(ana, "audit.read", at(0)));
        assert!(!refusals.is_news(ana, "audit.read", at(59)));
        assert!(refusals.is_news(ana, "data.manage", at(59)) && refusals.is_news(bo, "audit.read", at(59)));
        assert!(refusals.is_news(ana, "audit.read", at(60)));
    }
}
