//! What is known when an episode begins: where the visitor is, what they chose and answered, what the page says of them.

use std::collections::BTreeMap;

use infra::database::{Rows as _, StoreError, sql};
use infra::validate::Check;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;

use crate::contact::{self, VisitedPage, attributes_fit};
use crate::conversation::Conversation;
use crate::inbox;
use crate::masking::{self, Masks};
use crate::message::MessageError;
use crate::setup;
use crate::team::{self, TeamId};

/// How many answers there may be.
const MOST_ANSWERS: usize = 20;

/// What is known when an episode begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConversationStart)]
pub struct Start {
    /// The team that the visitor chose.
    #[serde(default)]
    pub team_id: Option<TeamId>,
    /// Where the visitor is.
    #[serde(default)]
    pub page: Option<VisitedPage>,
    /// What was answered before the chat, by question; at most 20, of at most 500 characters.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// What the page says: a flat object of at most 50 texts, numbers and booleans. `intent` says what it is about.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub attributes: serde_json::Value,
}

impl Start {
    /// Within bounds: the page is cut to size, the rest is refused when it is too much.
    #[must_use]
    pub fn checked(self, field: &str, check: &mut Check) -> Self {
        if self.answers.len() > MOST_ANSWERS {
            check.refuse(&format!("{field}/answers"), "too_many", "At most 20.");
        }
        let mut answers = BTreeMap::new();
        for (key, answer) in self.answers.into_iter().take(MOST_ANSWERS) {
            let pointer = format!("{field}/answers");
            answers.insert(check.line(&pointer, &key, 1, 60), check.text(&pointer, &answer, 0, 500));
        }
        if !self.attributes.is_null() && !attributes_fit(&self.attributes) {
            check.refuse(
                &format!("{field}/attributes"),
                "attributes_invalid",
                "A flat object of at most 50 texts (1,000 characters), numbers and booleans.",
            );
        }
        Self { page: self.page.map(VisitedPage::tidy), answers, ..self }
    }
}

/// Keeps what is known of the episode that begins, with what the company masks done to the answers: they are a visitor's words. Where the visitor is, the contact's row knows as well.
pub(crate) async fn begin(
    tx: &TenantTx,
    conversation: &Conversation,
    masks: Option<&Masks>,
    start: Option<Start>,
) -> Result<Start, MessageError> {
    let mut start = start.unwrap_or_default();
    for answer in start.answers.values_mut() {
        *answer = masking::masked(masks, answer).map_err(|refused| refused.at("/start/answers"))?;
    }
    if let Some(team) = start.team_id {
        offered(tx, conversation, team).await?;
    }
    if start.page.is_none() {
        start.page = contact::find(tx, conversation.contact.id).await?.and_then(|contact| contact.page);
    }
    tx.run(sql(
        "update conversation set start = $2 where id = $1",
        [conversation.id.uuid().into(), setup::stored(&start)?.into()],
    ))
    .await?;
    Ok(start)
}

/// Refuses a team that visitors of this inbox are not offered. That it exists is not theirs to know.
async fn offered(tx: &TenantTx, conversation: &Conversation, team: TeamId) -> Result<(), MessageError> {
    let inbox = inbox::find(tx, conversation.inbox_id).await?;
    let team = team::find(tx, team).await?;
    let offered = inbox.zip(team).is_some_and(|(inbox, team)| team.is_offered_in(&inbox));
    let mut check = Check::new();
    if !offered {
        check.refuse("start/team_id", "team_unknown", "None of the teams that can be chosen here.");
    }
    Ok(check.finish()?)
}

/// What was known when a conversation's present episode began.
pub async fn find(tx: &TenantTx, conversation: &Conversation) -> Result<Start, StoreError> {
    #[derive(sea_orm::FromQueryResult)]
    struct Row {
        start: Option<serde_json::Value>,
    }
    let row: Option<Row> =
        tx.one(sql("select start from conversation where id = $1", [conversation.id.uuid().into()])).await?;
    let start = row.and_then(|row| row.start);
    start.map_or_else(|| Ok(Start::default()), |start| setup::read("conversation", &conversation.id, start))
}
