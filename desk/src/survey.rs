//! Ratings: asked once an episode, when it is resolved; 1 (bad) to 5 (good) and a comment; may be changed until the next episode.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Id, Kind, Timestamp};
use sea_orm::FromQueryResult;
use serde::Serialize;
use tenant::page::{Cursor, Page};
use tenant::{AgentId, TenantTx};
use uuid::Uuid;

use crate::contact::ContactId;
use crate::conversation::{self, ContactBrief, Conversation, ConversationError, ConversationId, Survey};
use crate::event::Event;
use crate::masking::{self, WordRefused};
use crate::sight::seen;
use crate::{inbox, message};

/// What can go wrong with a rating.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// Nobody asked, or the next episode has begun.
    #[error("this conversation does not ask for a rating now")]
    NotAsked,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A word of the comment is not taken here.
    #[error(transparent)]
    Word(#[from] WordRefused),
    /// The conversation.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SurveyError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotAsked => Kind::Conflict,
            Self::Invalid(error) => error.kind(),
            Self::Word(error) => error.kind(),
            Self::Conversation(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::NotAsked => "survey_not_asked",
            Self::Invalid(error) => error.code(),
            Self::Word(error) => error.code(),
            Self::Conversation(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Word(error) => error.fields(),
            Self::NotAsked | Self::Conversation(_) | Self::Store(_) => Vec::new(),
        }
    }
}

/// Asks for a rating of the episode that has just ended, if the inbox wants one. Saving the conversation is the caller's.
pub(crate) async fn ask(tx: &mut TenantTx, conversation: &mut Conversation) -> Result<(), StoreError> {
    let wanted = inbox::find(tx, conversation.inbox_id).await?.is_some_and(|inbox| inbox.settings.survey_enabled);
    if !wanted {
        return Ok(());
    }
    let asked = tx
        .run(sql(
            "insert into survey_response (id, conversation_id, episode, contact_id, agent_id, asked_at) values ($1, $2, $3, $4, $5, $6) \
             on conflict (conversation_id, episode) do nothing",
            [
                tx.uuid().into(),
                conversation.id.uuid().into(),
                conversation.episode.into(),
                conversation.contact.id.uuid().into(),
                conversation.assignee_id.map(Id::uuid).into(),
                tx.now().into(),
            ],
        ))
        .await?;
    if asked > 0 {
        conversation.survey = Some(Survey {
            episode: conversation.episode,
            rating: None,
            comment: None,
            asked_at: tx.now(),
            answered_at: None,
        });
        message::write_template(
            tx,
            conversation,
            "How did we do?",
            serde_json::json!({ "kind": "survey", "episode": conversation.episode }),
        )
        .await?;
    }
    Ok(())
}

/// The visitor rates the episode that has just ended, or changes their mind.
pub async fn answer(
    tx: &mut TenantTx,
    id: ConversationId,
    contact: ContactId,
    rating: i16,
    comment: Option<String>,
) -> Result<Conversation, SurveyError> {
    let mut check = Check::new();
    if !(1..=5).contains(&rating) {
        check.refuse("rating", "rating_out_of_range", "1 to 5.");
    }
    let comment = comment.map(|comment| check.text("comment", &comment, 0, 2000)).filter(|comment| !comment.is_empty());
    check.finish()?;
    let comment = match comment {
        Some(comment) => {
            let masks = masking::current(tx, None).await?;
            Some(masking::masked(masks.as_deref(), &comment).map_err(|refused| refused.at("/comment"))?)
        }
        None => None,
    };
    let mut conversation = conversation::store::lock(tx, id)
        .await?
        .filter(|conversation| conversation.contact.id == contact)
        .ok_or(ConversationError::Unknown)?;
    let Some(survey) = conversation.survey.as_mut().filter(|survey| survey.episode == conversation.episode) else {
        return Err(SurveyError::NotAsked);
    };
    survey.rating = Some(rating);
    survey.comment.clone_from(&comment);
    survey.answered_at = Some(tx.now());
    tx.run(sql(
        "update survey_response set rating = $3, comment = $4, answered_at = $5 where conversation_id = $1 and episode = $2",
        [id.uuid().into(), conversation.episode.into(), rating.into(), comment.into(), tx.now().into()],
    ))
    .await?;
    conversation::store::save(tx, &mut conversation).await?;
    Event::SurveyAnswered { conversation: Arc::new(conversation.clone()) }.tell(tx)?;
    Ok(conversation)
}

/// A rating, as supervisors see it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SurveyResponse {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Its number.
    pub number: i64,
    /// Which episode.
    pub episode: i32,
    /// 1 (bad) to 5 (good).
    pub rating: i16,
    /// What the visitor wrote beside it.
    pub comment: Option<String>,
    /// Who rated.
    pub contact: ContactBrief,
    /// Who had answered.
    pub agent_id: Option<AgentId>,
    /// Their name.
    pub agent_name: Option<String>,
    /// When.
    pub answered_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    conversation_id: Uuid,
    number: i64,
    episode: i32,
    rating: i16,
    comment: Option<String>,
    contact_id: Uuid,
    contact_name: Option<String>,
    contact_email: Option<String>,
    agent_id: Option<Uuid>,
    agent_name: Option<String>,
    answered_at: Timestamp,
}

/// Ratings, newest first.
pub async fn list(tx: &TenantTx, cursor: Option<Cursor>, limit: u64) -> Result<Page<SurveyResponse>, StoreError> {
    let (at, id) = Cursor::parts(cursor.as_ref());
    let (how, who) = tx.sight().parts();
    let rows: Vec<Row> = tx
        .all(sql(
            concat!(
                "select s.id, s.conversation_id, c.number, s.episode, s.rating, s.comment, s.contact_id, k.name as contact_name, k.email as contact_email, s.agent_id, \
             a.name as agent_name, s.answered_at from survey_response s join conversation c on c.id = s.conversation_id \
             join contact k on k.id = s.contact_id left join agent a on a.id = s.agent_id \
             where s.rating is not null and ($1::timestamptz is null or (s.answered_at, s.id) < ($1, $2)) and ",
                seen!("c", "$4", "$5"),
                " order by s.answered_at desc, s.id desc limit $3"
            ),
            [at.into(), id.into(), (limit + 1).into(), how.into(), who.into()],
        ))
        .await?;
    Ok(Page::cut(rows, limit, |row| Cursor::new(row.answered_at, row.id)).map(|row| SurveyResponse {
        conversation_id: Id::from_uuid(row.conversation_id),
        number: row.number,
        episode: row.episode,
        rating: row.rating,
        comment: row.comment,
        contact: ContactBrief { id: Id::from_uuid(row.contact_id), name: row.contact_name, email: row.contact_email },
        agent_id: row.agent_id.map(Id::from_uuid),
        agent_name: row.agent_name,
        answered_at: row.answered_at,
    }))
}

/// How many of each rating.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct SurveySummary {
    /// How many were asked.
    pub asked: i64,
    /// How many have answered.
    pub count: i64,
    /// The mean rating; null without any.
    pub average: Option<f64>,
    /// How many gave each rating, by rating: `"1"` to `"5"`.
    pub ratings: BTreeMap<String, i64>,
}

#[derive(FromQueryResult)]
struct Sums {
    asked: i64,
    r1: i64,
    r2: i64,
    r3: i64,
    r4: i64,
    r5: i64,
}

/// Sums over all ratings in sight.
pub async fn summary(tx: &TenantTx) -> Result<SurveySummary, StoreError> {
    let (how, who) = tx.sight().parts();
    let row: Option<Sums> = tx
        .one(sql(
            concat!(
                "select count(*) as asked, count(*) filter (where rating = 1) as r1, count(*) filter (where rating = 2) as r2, \
             count(*) filter (where rating = 3) as r3, count(*) filter (where rating = 4) as r4, count(*) filter (where rating = 5) as r5 \
             from survey_response s join conversation c on c.id = s.conversation_id where ",
                seen!("c", "$1", "$2")
            ),
            [how.into(), who.into()],
        ))
        .await?;
    let row = row.ok_or_else(|| StoreError::Refused("no answer to a count".into()))?;
    let each = [row.r1, row.r2, row.r3, row.r4, row.r5];
    let count: i64 = each.iter().sum();
    let points: i64 = each.iter().zip(1_i64..).map(|(many, stars)| many * stars).sum();
    let ratings = each.iter().zip(1_i64..).map(|(many, stars)| (stars.to_string(), *many)).collect();
    #[expect(clippy::cast_precision_loss, reason = "ratings are counted in thousands, not in quadrillions")]
    let average = (count > 0).then(|| points as f64 / count as f64);
    Ok(SurveySummary { asked: row.asked, count, average, ratings })
}
