//! A wait that goes on in another team's line. It is the same wait: what was promised at its beginning is held against its end.

use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::TenantTx;

use crate::conversation::{Conversation, ConversationId};
use crate::setup;
use crate::skill::Demands;
use crate::team::TeamId;

/// Moves an entry into another line; false when it does not stand in this one, is being offered or in other hands, or has been in
/// the other one already. Where the rules there are others, `relaxed` is what it asks for from now on, and their ladder begins.
pub(crate) async fn overflow(
    tx: &TenantTx,
    id: ConversationId,
    from: Option<TeamId>,
    to: TeamId,
    relaxed: Option<&Demands>,
) -> Result<bool, StoreError> {
    let relaxed = relaxed.map(setup::stored).transpose()?;
    let touched = tx
        .run(sql(
            "update queue_entry set team_id = $3, demands = coalesce($4::jsonb, demands), \
             step = case when $4::jsonb is null then step else 0 end, step_at = case when $4::jsonb is null and step > 0 then $5 end, updated_at = $5 \
             where conversation_id = (select q.conversation_id from queue_entry q where q.conversation_id = $1 \
             and q.team_id is not distinct from $2 and q.offered_to is null and exists (select 1 from team t where t.id = $3) \
             and not exists (select 1 from wait w where w.conversation_id = $1 and w.left_at is null and $3 = any(w.moved_from)) \
             for update of q skip locked)",
            [
                id.uuid().into(),
                from.map(infra::Id::uuid).into(),
                to.uuid().into(),
                relaxed.clone().into(),
                tx.now().into(),
            ],
        ))
        .await?;
    if touched == 0 {
        return Ok(false);
    }
    tx.run(sql(
        "update wait set team_id = $3, relaxed = coalesce($4::jsonb, relaxed), \
         moved_from = case when $2::uuid is null then moved_from else array_append(moved_from, $2::uuid) end \
         where conversation_id = $1 and left_at is null",
        [id.uuid().into(), from.map(infra::Id::uuid).into(), to.uuid().into(), relaxed.into()],
    ))
    .await?;
    Ok(true)
}

/// What a wait has come to.
#[derive(Debug, Default)]
pub(super) struct Climbed {
    /// How many rungs were taken.
    pub(super) step: i16,
    /// What it asked for, where that was not what the routing rules say.
    pub(super) relaxed: Option<Demands>,
}

#[derive(FromQueryResult)]
struct Row {
    step: i16,
    relaxed: Option<serde_json::Value>,
}

/// What the last wait of this episode in this line had come to: a rung once taken stays taken.
pub(super) async fn climbed(
    tx: &TenantTx,
    conversation: &Conversation,
    team: Option<TeamId>,
) -> Result<Climbed, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select step, relaxed from wait where conversation_id = $1 and episode = $2 and team_id is not distinct from $3 \
             order by entered_at desc limit 1",
            [conversation.id.uuid().into(), conversation.episode.into(), team.map(infra::Id::uuid).into()],
        ))
        .await?;
    let Some(row) = row else { return Ok(Climbed::default()) };
    let relaxed = row.relaxed.map(|relaxed| setup::read("wait", &conversation.id, relaxed)).transpose()?;
    Ok(Climbed { step: row.step, relaxed })
}
