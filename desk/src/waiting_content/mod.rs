//! What those who wait are shown meanwhile: videos, cards, coupons, articles; for whom, and how often it was looked at.

mod choice;
mod count;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::Check;
use infra::{Id, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tenant::TenantTx;
use uuid::Uuid;

use crate::emergency::is_link;
use crate::order;
use crate::setup::{self, Noun, SetupError};
use crate::team::{self, TeamId};

pub use choice::{Viewer, choose, viewer};
pub use count::{ContentEvent, Counts, EventKind, counts, note};

/// Marks ids of waiting content.
#[derive(Debug)]
pub enum ContentKindId {}
impl ids::Prefixed for ContentKindId {
    const PREFIX: &'static str = "content";
}
/// The id of something to show.
pub type ContentId = Id<ContentKindId>;

/// How many entries each list of conditions may have.
const MOST_CONDITIONS: usize = 20;

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentKind {
    /// A video, at `media_url`.
    Video,
    /// A picture with words and a link.
    Card,
    /// A code to save money with.
    Coupon,
    /// Something to read, at `link_url` or in `body`.
    Article,
}

impl ContentKind {
    const ALL: [Self; 4] = [Self::Video, Self::Card, Self::Coupon, Self::Article];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Card => "card",
            Self::Coupon => "coupon",
            Self::Article => "article",
        }
    }
}

/// Whom it is for: of each list that is not empty, one entry must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ContentAudience)]
pub struct Audience {
    /// Words in the address of the visitor's page; at most 20, of 1 to 200 characters.
    pub pages: Vec<String>,
    /// Labels of the contact; at most 20.
    pub tags: Vec<String>,
    /// Teams they wait for; at most 20.
    pub team_ids: Vec<TeamId>,
    /// Languages; `zh` is for `zh-CN` too. At most 20.
    pub locales: Vec<String>,
}

/// Something to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct WaitingContent {
    /// Its id.
    pub id: ContentId,
    /// What it is.
    pub kind: ContentKind,
    /// Its head line.
    pub title: String,
    /// Its words, as text.
    pub body: String,
    /// The address of the video or the picture.
    pub media_url: Option<String>,
    /// Where it leads.
    pub link_url: Option<String>,
    /// The code of a coupon.
    pub coupon_code: Option<String>,
    /// Its place: lower ones are shown first.
    pub position: i32,
    /// Whether it is shown.
    pub active: bool,
    /// Whom it is for.
    pub conditions: Audience,
    /// How often it was seen and followed in the last 30 days.
    pub counts: Counts,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Something to show, as somebody wants it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitingContentRequest {
    /// What it is.
    pub kind: ContentKind,
    /// 1 to 120 characters.
    pub title: String,
    /// At most 2,000 characters, shown as text.
    #[serde(default)]
    pub body: String,
    /// The address of the video or the picture, beginning with https://. A video needs one.
    #[serde(default)]
    pub media_url: Option<String>,
    /// Where it leads, beginning with https:// or http://.
    #[serde(default)]
    pub link_url: Option<String>,
    /// The code of a coupon, 1 to 60 characters. A coupon needs one.
    #[serde(default)]
    pub coupon_code: Option<String>,
    /// Whether it is shown.
    pub active: bool,
    /// Whom it is for; everybody who waits when absent.
    #[serde(default)]
    pub conditions: Audience,
}

impl WaitingContentRequest {
    fn checked(self) -> Result<Self, SetupError> {
        let mut check = Check::new();
        let title = check.line("title", &self.title, 1, 120);
        let body = check.text("body", &self.body, 0, 2000);
        let media_url = self.media_url.map(|url| check.line("media_url", &url, 1, 1000));
        let link_url = self.link_url.map(|url| check.line("link_url", &url, 1, 1000));
        let coupon_code = self.coupon_code.map(|code| check.line("coupon_code", &code, 1, 60));
        // The page that shows it is loaded safely, and loads nothing unsafely.
        if media_url.as_ref().is_some_and(|url| !is_link(url) || !url.to_lowercase().starts_with("https://")) {
            check.refuse("media_url", "link_invalid", "A whole address that begins with https://.");
        }
        if link_url.as_ref().is_some_and(|url| !is_link(url)) {
            check.refuse("link_url", "link_invalid", "A whole address that begins with https:// or http://.");
        }
        match self.kind {
            ContentKind::Video if media_url.is_none() => {
                check.refuse("media_url", "media_missing", "A video needs one.");
            }
            ContentKind::Coupon if coupon_code.is_none() => {
                check.refuse("coupon_code", "coupon_missing", "A coupon needs one.");
            }
            ContentKind::Article if link_url.is_none() && body.is_empty() => {
                check.refuse("body", "article_empty", "An article needs words, or a link to some.");
            }
            ContentKind::Video | ContentKind::Coupon | ContentKind::Article | ContentKind::Card => {}
        }
        let conditions = self.conditions.checked(&mut check);
        check.finish()?;
        Ok(Self { title, body, media_url, link_url, coupon_code, conditions, ..self })
    }

    async fn refuse_unknown(&self, tx: &TenantTx) -> Result<(), SetupError> {
        let mut check = Check::new();
        for (place, team) in self.conditions.team_ids.iter().enumerate() {
            if team::find(tx, *team).await?.is_none() {
                check.refuse(&format!("conditions/team_ids/{place}"), "team_unknown", "No such team.");
            }
        }
        Ok(check.finish()?)
    }
}

impl Audience {
    fn checked(self, check: &mut Check) -> Self {
        let mut lines = |name: &str, texts: Vec<String>, least: usize, most: usize| -> Vec<String> {
            let field = format!("conditions/{name}");
            if texts.len() > MOST_CONDITIONS {
                check.refuse(&field, "too_many", "At most 20.");
            }
            let texts = texts.iter().take(MOST_CONDITIONS).enumerate();
            texts.map(|(place, text)| check.line(&format!("{field}/{place}"), text, least, most)).collect()
        };
        let checked = Self {
            pages: lines("pages", self.pages, 1, 200),
            tags: lines("tags", self.tags, 1, 40),
            locales: lines("locales", self.locales, 2, 35),
            team_ids: self.team_ids,
        };
        if checked.team_ids.len() > MOST_CONDITIONS {
            check.refuse("conditions/team_ids", "too_many", "At most 20.");
        }
        checked
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    kind: String,
    title: String,
    body: String,
    media_url: Option<String>,
    link_url: Option<String>,
    coupon_code: Option<String>,
    position: i32,
    active: bool,
    conditions: serde_json::Value,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<Row> for WaitingContent {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = ContentId::from_uuid(row.id);
        let kind = ContentKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind).ok_or_else(|| {
            StoreError::Inconsistent { table: "waiting_content", id: id.to_string(), what: row.kind.clone() }
        })?;
        Ok(Self {
            id,
            kind,
            title: row.title,
            body: row.body,
            media_url: row.media_url,
            link_url: row.link_url,
            coupon_code: row.coupon_code,
            position: row.position,
            active: row.active,
            conditions: setup::read("waiting_content", &id, row.conditions)?,
            counts: Counts::default(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Everything there is to show, in order.
pub async fn list(tx: &TenantTx) -> Result<Vec<WaitingContent>, StoreError> {
    let rows: Vec<Row> = tx
        .all(sql(
            "select id, kind, title, body, media_url, link_url, coupon_code, position, active, conditions, created_at, updated_at \
             from waiting_content order by position, id",
            [],
        ))
        .await?;
    rows.into_iter().map(WaitingContent::try_from).collect()
}

/// One of them.
pub async fn find(tx: &TenantTx, id: ContentId) -> Result<Option<WaitingContent>, StoreError> {
    let row: Option<Row> = tx
        .one(sql(
            "select id, kind, title, body, media_url, link_url, coupon_code, position, active, conditions, created_at, updated_at \
             from waiting_content where id = $1",
            [id.uuid().into()],
        ))
        .await?;
    row.map(WaitingContent::try_from).transpose()
}

/// Makes something to show, the last one.
pub async fn create(tx: &TenantTx, ask: WaitingContentRequest) -> Result<WaitingContent, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    ask.refuse_unknown(tx).await?;
    if list(tx).await?.len() >= Noun::WaitingContent.most() {
        return Err(SetupError::TooMany(Noun::WaitingContent));
    }
    let id: ContentId = tx.id();
    tx.run(sql(
        "insert into waiting_content (id, kind, title, body, media_url, link_url, coupon_code, active, conditions, position, created_at, updated_at) \
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce(max(position), 0) + 1, $10, $10 from waiting_content",
        values(tx, id, ask)?,
    ))
    .await?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::WaitingContent))
}

/// Writes something to show anew, where it is. What was counted stays.
pub async fn replace(tx: &TenantTx, id: ContentId, ask: WaitingContentRequest) -> Result<WaitingContent, SetupError> {
    let ask = ask.checked()?;
    setup::take_turn(tx).await?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::WaitingContent))?;
    ask.refuse_unknown(tx).await?;
    tx.run(sql(
        "update waiting_content set kind = $2, title = $3, body = $4, media_url = $5, link_url = $6, coupon_code = $7, active = $8, \
         conditions = $9, updated_at = $10 where id = $1",
        values(tx, id, ask)?,
    ))
    .await?;
    find(tx, id).await?.ok_or(SetupError::Unknown(Noun::WaitingContent))
}

fn values(tx: &TenantTx, id: ContentId, ask: WaitingContentRequest) -> Result<[sea_orm::Value; 10], StoreError> {
    Ok([
        id.uuid().into(),
        ask.kind.as_str().into(),
        ask.title.into(),
        ask.body.into(),
        ask.media_url.into(),
        ask.link_url.into(),
        ask.coupon_code.into(),
        ask.active.into(),
        setup::stored(&ask.conditions)?.into(),
        tx.now().into(),
    ])
}

/// Puts everything into an order.
pub async fn arrange(tx: &TenantTx, ids: Vec<ContentId>) -> Result<Vec<WaitingContent>, SetupError> {
    setup::take_turn(tx).await?;
    let known: Vec<Uuid> = list(tx).await?.into_iter().map(|content| content.id.uuid()).collect();
    let ids: Vec<Uuid> = ids.into_iter().map(Id::uuid).collect();
    let ids = order::arranged(&known, &ids)?;
    tx.run(sql(
        "update waiting_content c set position = wanted.place from unnest($1::uuid[]) with ordinality as wanted (id, place) where c.id = wanted.id",
        [ids.into()],
    ))
    .await?;
    Ok(list(tx).await?)
}

/// Removes something, with what was counted of it.
pub async fn remove(tx: &TenantTx, id: ContentId) -> Result<WaitingContent, SetupError> {
    setup::take_turn(tx).await?;
    let content = find(tx, id).await?.ok_or(SetupError::Unknown(Noun::WaitingContent))?;
    tx.run(sql("delete from waiting_content where id = $1", [id.uuid().into()])).await?;
    Ok(content)
}
