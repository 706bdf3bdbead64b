//! Who sees which conversation: one rule, once in SQL for whatever is read, and once in code for frames on their way to sockets.
//!
//! What must be absent: a reading verb of a member's transaction that shows conversations, or what they say of a contact, without it.

use std::collections::BTreeSet;

use infra::Id;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::{AgentId, Member, Scope, Sight, TenantTx};
use uuid::Uuid;

use crate::contact::ContactId;
use crate::conversation::{self, ConversationError, ConversationId};
use crate::team::TeamId;

/// True where the conversation `$c` is in sight. `$how` and `$who` are the places of [`Sight::parts`].
macro_rules! seen {
    ($c:literal, $how:literal, $who:literal) => {
        concat!(
            "(",
            $how,
            "::text is null or ",
            $c,
            ".assignee_id = ",
            $who,
            "::uuid or (",
            $c,
            ".team_id in \
             (select team_id from team_member where agent_id = ",
            $who,
            "::uuid) and (",
            $how,
            "::text = 'teams' or ",
            $c,
            ".assignee_id is null)))"
        )
    };
}
/// The same for a contact `$k`: one of their conversations is in sight.
macro_rules! known {
    ($k:literal, $how:literal, $who:literal) => {
        concat!(
            "(",
            $how,
            "::text is null or exists (select 1 from conversation sight where sight.contact_id = ",
            $k,
            ".id and ",
            crate::sight::seen!("sight", $how, $who),
            "))"
        )
    };
}
pub(crate) use {known, seen};

/// Where a conversation is, as far as it decides who sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Audience {
    /// The team whose line it is in, or was in last.
    pub team: Option<TeamId>,
    /// Whose it is.
    pub assignee: Option<AgentId>,
}

impl Audience {
    /// Whether it is in sight of an agent who is in these teams.
    pub fn is_seen_by(self, sight: Sight, teams: &BTreeSet<TeamId>) -> bool {
        let is_of_team = || self.team.is_some_and(|team| teams.contains(&team));
        match sight {
            Sight::All => true,
            Sight::Teams(agent) => self.assignee == Some(agent) || is_of_team(),
            Sight::Own(agent) => self.assignee == Some(agent) || (self.assignee.is_none() && is_of_team()),
        }
    }
}

/// Refuses when the conversation is out of a member's sight, as if there were none. For verbs that do their work with the
/// system's eyes.
pub async fn look_at(scope: &Scope<Member>, id: ConversationId) -> Result<(), ConversationError> {
    if scope.who.sight.is_limited() {
        let tx = scope.begin().await?;
        conversation::find(&tx, id).await?.ok_or(ConversationError::Unknown)?;
    }
    Ok(())
}

/// The conversations in line that are in sight.
pub async fn waiting(tx: &TenantTx) -> Result<BTreeSet<ConversationId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let (how, who) = tx.sight().parts();
    let rows: Vec<Row> = tx
        .all(sql(
            concat!(
                "select c.id from queue_entry e join conversation c on c.id = e.conversation_id where ",
                seen!("c", "$1", "$2")
            ),
            [how.into(), who.into()],
        ))
        .await?;
    Ok(rows.into_iter().map(|row| Id::from_uuid(row.id)).collect())
}

/// Where a contact's conversations are: whoever sees one of them sees the contact. At most 50 places.
pub(crate) async fn audiences(tx: &TenantTx, contact: ContactId) -> Result<Vec<Audience>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        team_id: Option<Uuid>,
        assignee_id: Option<Uuid>,
    }
    let rows: Vec<Row> = tx
        .all(sql(
            "select distinct team_id, assignee_id from conversation where contact_id = $1 limit 50",
            [contact.uuid().into()],
        ))
        .await?;
    let place =
        |row: Row| Audience { team: row.team_id.map(Id::from_uuid), assignee: row.assignee_id.map(Id::from_uuid) };
    Ok(rows.into_iter().map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(number: u128) -> AgentId {
        Id::from_uuid(Uuid::from_u128(number))
    }
    fn team(number: u128) -> TeamId {
        Id::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn what_is_ones_own_is_always_in_sight() {
        let mine = Audience { team: Some(team(1)), assignee: Some(agent(1)) };
        for sight in [Sight::All, Sight::Teams(agent(1)), Sight::Own(agent(1))] {
            assert!(mine.is_seen_by(sight, &BTreeSet::new()), "{sight:?}");
        }
    }

    #[test]
    fn a_colleagues_conversation_is_in_sight_of_the_team_but_not_of_one_who_sees_only_their_own() {
        let theirs = Audience { team: Some(team(1)), assignee: Some(agent(2)) };
        let line = Audience { team: Some(team(1)), assignee: None };
        let teams = BTreeSet::from([team(1)]);
        assert!(theirs.is_seen_by(Sight::Teams(agent(1)), &teams));
        assert!(!theirs.is_seen_by(Sight::Own(agent(1)), &teams));
        assert!(line.is_seen_by(Sight::Own(agent(1)), &teams));
        assert!(!line.is_seen_by(Sight::Own(agent(1)), &BTreeSet::from([team(2)])));
    }

    #[test]
    fn the_companys_own_line_is_no_teams() {
        let nobodys = Audience::default();
        for sight in [Sight::Teams(agent(1)), Sight::Own(agent(1))] {
            assert!(!nobodys.is_seen_by(sight, &BTreeSet::from([team(1)])), "{sight:?}");
        }
    }
}
