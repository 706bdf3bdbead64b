//! What a visitor is shown while they wait.

use infra::Id;
use infra::database::{Rows as _, StoreError, sql};
use sea_orm::FromQueryResult;
use tenant::TenantTx;
use uuid::Uuid;

use super::{Audience, WaitingContent};
use crate::contact::{self, ContactId};
use crate::inbox::InboxId;
use crate::routing_rule::speaks;
use crate::team::TeamId;

/// How much one visitor is shown.
const MOST_SHOWN: usize = 10;

/// Who looks, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub struct Viewer {
    /// The address of their page.
    pub page: Option<String>,
    /// Their labels.
    pub tags: Vec<String>,
    /// The team they wait for.
    pub team: Option<TeamId>,
    /// Their language.
    pub locale: Option<String>,
}

/// What fits a visitor, in order. Pure.
pub fn choose(all: Vec<WaitingContent>, viewer: &Viewer) -> Vec<WaitingContent> {
    let fits = |content: &WaitingContent| content.active && content.conditions.fits(viewer);
    all.into_iter().filter(fits).take(MOST_SHOWN).collect()
}

impl Audience {
    fn fits(&self, viewer: &Viewer) -> bool {
        let page = viewer.page.as_ref().map(|page| page.to_lowercase()).unwrap_or_default();
        let has_tag = |tag: &String| viewer.tags.iter().any(|one| one.to_lowercase() == tag.to_lowercase());
        (self.pages.is_empty() || self.pages.iter().any(|words| page.contains(&words.to_lowercase())))
            && (self.tags.is_empty() || self.tags.iter().any(has_tag))
            && (self.team_ids.is_empty() || viewer.team.is_some_and(|team| self.team_ids.contains(&team)))
            && (self.locales.is_empty()
                || viewer
                    .locale
                    .as_ref()
                    .is_some_and(|locale| self.locales.iter().any(|wanted| speaks(locale, wanted))))
    }
}

/// A contact in an inbox, as who looks. The line they stand in says the team, else their conversation does.
pub async fn viewer(tx: &TenantTx, contact: ContactId, inbox: InboxId) -> Result<Viewer, StoreError> {
    #[derive(FromQueryResult)]
    struct Line {
        team_id: Option<Uuid>,
    }
    let Some(contact) = contact::find(tx, contact).await? else { return Ok(Viewer::default()) };
    let line: Option<Line> = tx
        .one(sql(
            "select coalesce(q.team_id, c.team_id) as team_id from conversation c left join queue_entry q on q.conversation_id = c.id \
             where c.contact_id = $1 and c.inbox_id = $2 order by c.created_at desc, c.id desc limit 1",
            [contact.id.uuid().into(), inbox.uuid().into()],
        ))
        .await?;
    Ok(Viewer {
        page: contact.page.map(|page| page.url),
        tags: contact.tags,
        team: line.and_then(|line| line.team_id).map(Id::from_uuid),
        locale: contact.locale,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiting_content::{ContentKind, Counts};

    fn content(n: u128, conditions: Audience) -> WaitingContent {
        let at = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        WaitingContent {
            id: Id::from_uuid(Uuid::from_u128(n)),
            kind: ContentKind::Card,
            title: format!("number {n}"),
            body: String::new(),
            media_url: None,
            link_url: None,
            coupon_code: None,
            position: i32::try_from(n).unwrap(),
            active: true,
            conditions,
            counts: Counts::default(),
            created_at: at,
            updated_at: at,
        }
    }

    fn shown(conditions: Audience, viewer: &Viewer) -> bool {
        !choose(vec![content(1, conditions)], viewer).is_empty()
    }

    #[test]
    fn each_list_of_an_audience_must_fit_and_an_empty_one_fits_all() {
        let team = TeamId::from_uuid(Uuid::from_u128(7));
        let viewer = Viewer {
            page: Some("https://shop.example/Tea/green".into()),
            tags: vec!["Gold".into()],
            team: Some(team),
            locale: Some("zh-CN".into()),
        };
        let texts = |one: &str| vec!["nowhere".to_owned(), one.to_owned()];
        let all = Audience { pages: texts("/tea/"), tags: texts("gold"), team_ids: vec![team], locales: texts("zh") };
        assert!(shown(Audience::default(), &viewer) && shown(Audience::default(), &Viewer::default()));
        assert!(shown(all.clone(), &viewer));
        assert!(!shown(all.clone(), &Viewer::default()));
        for other in [
            Audience { pages: vec!["/coffee/".into()], ..all.clone() },
            Audience { tags: vec!["silver".into()], ..all.clone() },
            Audience { team_ids: vec![TeamId::from_uuid(Uuid::from_u128(8))], ..all.clone() },
            Audience { locales: vec!["en".into(), "zh-TW".into()], ..all },
        ] {
            assert!(!shown(other.clone(), &viewer), "{other:?}");
        }
    }

    #[test]
    fn what_is_switched_off_is_not_shown_and_nobody_is_shown_everything() {
        let off = WaitingContent { active: false, ..content(1, Audience::default()) };
        let all = std::iter::once(off).chain((2..30).map(|n| content(n, Audience::default()))).collect();
        let shown = choose(all, &Viewer::default());
        assert_eq!(shown.len(), MOST_SHOWN);
        assert_eq!(shown[0].title, "number 2");
    }
}
