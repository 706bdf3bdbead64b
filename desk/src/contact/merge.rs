//! What an anonymous browser said becomes part of who it turns out to be.
//!
//! What must be absent: any other way in. Only the browser that keeps the secret brings its own words along, at the moment in which
//! the company's server vouches for it; and nothing of what it said of itself is taken for true.

use std::sync::Arc;

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::TenantTx;
use uuid::Uuid;

use super::{ContactId, recognise};
use crate::conversation::{self, ConversationId};
use crate::event::Event;
use crate::inbox::InboxId;

#[derive(FromQueryResult)]
struct Anonymous {
    verified: bool,
    blocked: bool,
}

#[derive(FromQueryResult)]
struct Only {
    id: Uuid,
}

/// Gives a vouched contact what the browser with this secret has said so far, and says whose it was. Nothing happens to a secret that
/// is nobody's, or somebody's who was vouched for themselves, or who is blocked: being somebody else does not lift that.
pub async fn bring_along(
    tx: &mut TenantTx,
    inbox: InboxId,
    secret: &str,
    into: ContactId,
) -> Result<Option<ContactId>, StoreError> {
    let Some(from) = recognise(tx, inbox, secret).await?.filter(|from| *from != into) else { return Ok(None) };
    // In the order in which a message of theirs takes them: the contact, then the conversations.
    let row: Option<Anonymous> = tx
        .one(sql(
            "select verified, blocked_at is not null as blocked from contact where id = $1 for update",
            [from.uuid().into()],
        ))
        .await?;
    if row.is_none_or(|row| row.verified || row.blocked) {
        return Ok(None);
    }
    let conversations: Vec<Only> = tx
        .all(sql("select id from conversation where contact_id = $1 order by id for update", [from.uuid().into()]))
        .await?;
    let both = || [from.uuid().into(), into.uuid().into()];
    // A message that is sent once more must find itself, whoever its sender is called now.
    for statement in [
        "update message set sender_id = $2 where sender_id = $1 and conversation_id in (select id from conversation where contact_id = $1)",
        "update conversation set contact_id = $2, version = version + 1 where contact_id = $1",
        "update survey_response set contact_id = $2 where contact_id = $1",
        "update waiting_said set contact_id = $2 where contact_id = $1",
        // What colleagues noted of them stays; what they said of themselves goes, for nobody vouched for it.
        "update contact v set tags = (select coalesce(array_agg(distinct tag), '{}') from (select unnest(v.tags || a.tags) as tag limit 50) t) \
         from contact a where v.id = $2 and a.id = $1",
    ] {
        tx.run(sql(statement, both())).await?;
    }
    for statement in ["delete from contact_inbox where contact_id = $1", "delete from contact where id = $1"] {
        tx.run(sql(statement, [from.uuid().into()])).await?;
    }
    for row in conversations {
        if let Some(conversation) = conversation::find(tx, ConversationId::from_uuid(row.id)).await? {
            Event::ConversationUpdated { conversation: Arc::new(conversation) }.tell(tx)?;
        }
    }
    Ok(Some(from))
}
