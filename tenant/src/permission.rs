//! What a caller may do. Roles are sets of permissions; API keys carry a set of their own.

use std::collections::BTreeSet;

use infra::{Fault, Kind};
use serde::{Deserialize, Serialize};

use crate::membership::Role;

/// One right. The names are also the scopes of API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Permission {
    /// See conversations and messages.
    #[serde(rename = "conversations.read")]
    ConversationsRead,
    /// Reply, write notes, resolve, snooze.
    #[serde(rename = "conversations.reply")]
    ConversationsReply,
    /// Assign conversations to anyone.
    #[serde(rename = "conversations.assign")]
    ConversationsAssign,
    /// See contacts.
    #[serde(rename = "contacts.read")]
    ContactsRead,
    /// Change contacts.
    #[serde(rename = "contacts.write")]
    ContactsWrite,
    /// See ratings.
    #[serde(rename = "surveys.read")]
    SurveysRead,
    /// See colleagues.
    #[serde(rename = "agents.read")]
    AgentsRead,
    /// Invite colleagues, change their roles, switch them off.
    #[serde(rename = "agents.manage")]
    AgentsManage,
    /// See inboxes.
    #[serde(rename = "inboxes.read")]
    InboxesRead,
    /// Create and change inboxes.
    #[serde(rename = "inboxes.manage")]
    InboxesManage,
    /// Set up teams, brands, skills, business hours, policies and what those who wait are shown.
    #[serde(rename = "routing.manage")]
    RoutingManage,
    /// Take conversations over, and join them.
    #[serde(rename = "conversations.supervise")]
    ConversationsSupervise,
    /// Change the company's name and language.
    #[serde(rename = "account.manage")]
    AccountManage,
    /// See usage, limits and plans.
    #[serde(rename = "usage.read")]
    UsageRead,
    /// Buy, change and end plans, and see to payments.
    #[serde(rename = "billing.manage")]
    BillingManage,
    /// Create and revoke API keys.
    #[serde(rename = "api_keys.manage")]
    ApiKeysManage,
    /// Read the audit log.
    #[serde(rename = "audit.read")]
    AuditRead,
    /// Export and erase people's data, and say how long it is kept.
    #[serde(rename = "data.manage")]
    DataManage,
    /// Create, change and switch off people from a directory (SCIM), and say what teams there are and who is in them.
    #[serde(rename = "scim")]
    Scim,
}

impl Permission {
    /// Every right there is.
    pub const ALL: [Self; 19] = [
        Self::ConversationsRead,
        Self::ConversationsReply,
        Self::ConversationsAssign,
        Self::ContactsRead,
        Self::ContactsWrite,
        Self::SurveysRead,
        Self::AgentsRead,
        Self::AgentsManage,
        Self::InboxesRead,
        Self::InboxesManage,
        Self::RoutingManage,
        Self::ConversationsSupervise,
        Self::AccountManage,
        Self::UsageRead,
        Self::BillingManage,
        Self::ApiKeysManage,
        Self::AuditRead,
        Self::DataManage,
        Self::Scim,
    ];
}

/// A set of rights.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Permissions(BTreeSet<Permission>);

/// The caller is known and lacks a right.
#[derive(Debug, Clone, thiserror::Error)]
#[error("this needs the permission {}", serde_json::to_value(.0).unwrap_or_default())]
pub struct Denied(pub Permission);

impl Fault for Denied {
    fn kind(&self) -> Kind {
        Kind::Forbidden
    }
    fn code(&self) -> &'static str {
        "permission_denied"
    }
}

impl Permissions {
    /// What a role may do.
    pub fn of(role: Role) -> Self {
        let agent = [
            Permission::ConversationsRead,
            Permission::ConversationsReply,
            Permission::ConversationsAssign,
            Permission::ContactsRead,
            Permission::ContactsWrite,
            Permission::AgentsRead,
            Permission::InboxesRead,
        ];
        let supervisor = [
            Permission::SurveysRead,
            Permission::UsageRead,
            Permission::RoutingManage,
            Permission::ConversationsSupervise,
        ];
        match role {
            Role::Owner | Role::Admin => Self(Permission::ALL.into()),
            Role::Supervisor => Self(agent.into_iter().chain(supervisor).collect()),
            Role::Agent => Self(agent.into()),
        }
    }

    /// What of this our own people have when they were let in: a look at everything but keys; when they may change things, all but
    /// people, keys and the company itself.
    #[must_use]
    pub fn for_support(self, changes: bool) -> Self {
        let never = [
            Permission::AgentsManage,
            Permission::AccountManage,
            Permission::ApiKeysManage,
            Permission::BillingManage,
            Permission::Scim,
        ];
        let looks = |right: Permission| {
            matches!(
                right,
                Permission::ConversationsRead
                    | Permission::ContactsRead
                    | Permission::SurveysRead
                    | Permission::AgentsRead
                    | Permission::InboxesRead
                    | Permission::UsageRead
                    | Permission::AuditRead
            )
        };
        let kept = |right: &Permission| if changes { !never.contains(right) } else { looks(*right) };
        Self(self.0.into_iter().filter(kept).collect())
    }

    /// Exactly these.
    pub fn only(these: impl IntoIterator<Item = Permission>) -> Self {
        Self(these.into_iter().collect())
    }

    /// Whether the right is among them.
    pub fn contains(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// Whether all of these are among them; otherwise the first that is not.
    pub fn cover(&self, others: &Self) -> Result<(), Denied> {
        others.iter().find(|one| !self.contains(*one)).map_or(Ok(()), |missing| Err(Denied(missing)))
    }

    /// One by one.
    pub fn iter(&self) -> impl Iterator<Item = Permission> + '_ {
        self.0.iter().copied()
    }
}
