//! Contacts: the people who write to the company. A website visitor is a contact that nobody has identified yet.

mod block;
mod merge;
mod vouched;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use infra::database::{Rows as _, StoreError, sql};
use infra::validate::{Check, Invalid};
use infra::{Fault, FieldFault, Id, Kind, Timestamp};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tenant::TenantTx;
use tenant::identity::Refusal;
use tenant::page::{Cursor, Page};
use tenant::scope::ContactKind;
use uuid::Uuid;

use crate::event::Event;
use crate::inbox::InboxId;
use crate::sight::{self, known};

pub use block::{Standing, set_blocked, sign_out, standing};
pub use merge::bring_along;
pub use vouched::vouch;

/// The id of a contact.
pub type ContactId = Id<ContactKind>;

/// Where a visitor is on the company's site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitedPage {
    /// Its address, at most 2,000 characters.
    pub url: String,
    /// Its title, at most 300 characters.
    #[serde(default)]
    pub title: String,
    /// Where they came from, at most 2,000 characters.
    #[serde(default)]
    pub referrer: String,
}

impl VisitedPage {
    /// Cut to size and cleaned: a page's address is a stranger's text and never worth refusing a message for.
    #[must_use]
    pub fn tidy(self) -> Self {
        let cut = |text: String, most: usize| text.chars().filter(|c| !c.is_control()).take(most).collect();
        Self { url: cut(self.url, 2000), title: cut(self.title, 300), referrer: cut(self.referrer, 2000) }
    }
}

/// A person who writes to the company.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contact {
    /// Their id.
    pub id: ContactId,
    /// Their name, once known.
    pub name: Option<String>,
    /// Their address, once known. Not proven unless `verified`.
    pub email: Option<String>,
    /// Their telephone number, once known.
    pub phone: Option<String>,
    /// The company's own id for them.
    pub external_id: Option<String>,
    /// Whether the company's server vouched for who they are.
    pub verified: bool,
    /// Their language.
    pub locale: Option<String>,
    /// What else the company knows.
    #[schema(value_type = Object)]
    pub attributes: serde_json::Value,
    /// Their labels.
    pub tags: Vec<String>,
    /// Where they were last.
    pub page: Option<VisitedPage>,
    /// Their browser.
    pub user_agent: Option<String>,
    /// When they first came.
    pub created_at: DateTime<Utc>,
    /// When they were last here.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Since when they may not write any more.
    pub blocked_at: Option<DateTime<Utc>>,
    /// When everything known of them was erased; null for everybody else.
    pub erased_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    external_id: Option<String>,
    verified: bool,
    locale: Option<String>,
    attributes: serde_json::Value,
    tags: Vec<String>,
    page: Option<serde_json::Value>,
    user_agent: Option<String>,
    created_at: Timestamp,
    last_seen_at: Option<Timestamp>,
    blocked_at: Option<Timestamp>,
    erased_at: Option<Timestamp>,
}

impl TryFrom<Row> for Contact {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = ContactId::from_uuid(row.id);
        let page = row.page.map(serde_json::from_value).transpose().map_err(|error| StoreError::Inconsistent {
            table: "contact",
            id: id.to_string(),
            what: error.to_string(),
        })?;
        Ok(Self {
            id,
            name: row.name,
            email: row.email,
            phone: row.phone,
            external_id: row.external_id,
            verified: row.verified,
            locale: row.locale,
            attributes: row.attributes,
            tags: row.tags,
            page,
            user_agent: row.user_agent,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            blocked_at: row.blocked_at,
            erased_at: row.erased_at,
        })
    }
}

/// What can go wrong with a contact.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// No such contact here.
    #[error("no such contact")]
    Unknown,
    /// The token that vouches for them cannot be taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A browser cannot say who somebody is for whom the company's own server vouches.
    #[error("who this visitor is comes from the company's own server")]
    VouchedFor,
    /// All that was known of them was erased, and nothing is written down any more.
    #[error("this contact was erased")]
    Erased,
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ContactError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::Refused(refusal) => refusal.kind(),
            Self::VouchedFor => Kind::Forbidden,
            Self::Erased => Kind::Conflict,
            Self::Invalid(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "contact_unknown",
            Self::Refused(refusal) => refusal.code(),
            Self::VouchedFor => "contact_vouched_for",
            Self::Erased => "contact_erased",
            Self::Invalid(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Unknown | Self::Erased | Self::Refused(_) | Self::VouchedFor | Self::Store(_) => Vec::new(),
        }
    }
}

/// The columns of [`Row`] of one contact, with `$tail` behind them.
macro_rules! select_contact {
    ($($tail:tt)*) => {
        concat!(
            "select id, name, email, phone, external_id, verified, locale, attributes, tags, page, user_agent, created_at, last_seen_at, blocked_at, erased_at \
             from contact k where id = $1",
            $($tail)*
        )
    };
}

/// One contact, of whom a conversation is in sight where not everything is.
pub async fn find(tx: &TenantTx, id: ContactId) -> Result<Option<Contact>, StoreError> {
    let whole = || sql(select_contact!(), [id.uuid().into()]);
    let limited = |how: &'static str, who: Option<Uuid>| {
        sql(select_contact!(" and ", known!("k", "$2", "$3")), [id.uuid().into(), how.into(), who.into()])
    };
    // Apart: with a sight that may be none in it, the statement would be planned anew for each contact.
    let row: Option<Row> = tx
        .one(match tx.sight().parts() {
            (Some(how), who) => limited(how, who),
            (None, _) => whole(),
        })
        .await?;
    row.map(Contact::try_from).transpose()
}

/// Contacts, newest first; `query` matches a part of the name or address.
pub async fn list(
    tx: &TenantTx,
    query: Option<String>,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Page<Contact>, StoreError> {
    let (at, id) = Cursor::parts(cursor.as_ref());
    let (how, who) = tx.sight().parts();
    // A stranger's % and _ are letters, not wildcards.
    let pattern = query.map(|text| format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")));
    let rows: Vec<Row> = tx
        .all(sql(
            concat!(
                "select id, name, email, phone, external_id, verified, locale, attributes, tags, page, user_agent, created_at, last_seen_at, blocked_at, erased_at \
                 from contact k where ($1::timestamptz is null or (created_at, id) < ($1, $2)) \
                 and ($3::text is null or name ilike $3 or email ilike $3) and ",
                known!("k", "$5", "$6"),
                " order by created_at desc, id desc limit $4"
            ),
            [at.into(), id.into(), pattern.into(), (limit + 1).into(), how.into(), who.into()],
        ))
        .await?;
    Page::cut(rows, limit, |row| Cursor::new(row.created_at, row.id)).try_map(Contact::try_from)
}

/// What may be changed of a contact; what is absent stays, an empty text clears.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactChange {
    /// At most 120 characters.
    pub name: Option<String>,
    /// An address.
    pub email: Option<String>,
    /// At most 40 characters.
    pub phone: Option<String>,
    /// Replaces all attributes: a flat object of at most 50 texts, numbers and booleans.
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<serde_json::Value>,
    /// Replaces all labels: at most 50, of 1 to 40 characters; no two differ only in capitals.
    pub tags: Option<Vec<String>>,
}

/// How many labels a contact may have.
const MOST_TAGS: usize = 50;

/// Labels within bounds, each once whatever its capitals.
pub fn checked_tags(tags: &[String], check: &mut Check) -> Vec<String> {
    if tags.len() > MOST_TAGS {
        check.refuse("tags", "too_many", "At most 50.");
    }
    let mut seen = BTreeSet::new();
    let tags = tags.iter().take(MOST_TAGS).enumerate();
    let tags = tags.map(|(place, tag)| check.line(&format!("tags/{place}"), tag, 1, 40)).collect::<Vec<_>>();
    tags.into_iter().filter(|tag| seen.insert(tag.to_lowercase())).collect()
}

/// Whether it is a flat object within bounds.
pub(crate) fn attributes_fit(value: &serde_json::Value) -> bool {
    value.as_object().is_some_and(|object| {
        object.len() <= 50
            && object.iter().all(|(key, value)| {
                let plain = |text: &str, most: usize| text.chars().count() <= most && !text.contains('\0');
                plain(key, 60)
                    && match value {
                        serde_json::Value::String(text) => plain(text, 1000),
                        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => true,
                        serde_json::Value::Array(_) | serde_json::Value::Object(_) => false,
                    }
            })
    })
}

/// Changes a contact and tells.
pub async fn update(tx: &mut TenantTx, id: ContactId, change: ContactChange) -> Result<Contact, ContactError> {
    let mut check = Check::new();
    let name = change.name.map(|name| check.line("name", &name, 0, 120));
    let email =
        change.email.map(|email| if email.trim().is_empty() { String::new() } else { check.email("email", &email) });
    let phone = change.phone.map(|phone| check.line("phone", &phone, 0, 40));
    if change.attributes.as_ref().is_some_and(|attributes| !attributes_fit(attributes)) {
        check.refuse(
            "attributes",
            "attributes_invalid",
            "A flat object of at most 50 texts (1,000 characters), numbers and booleans.",
        );
    }
    let tags = change.tags.map(|tags| checked_tags(&tags, &mut check));
    check.finish()?;
    find(tx, id).await?.ok_or(ContactError::Unknown)?;
    tx.run(sql(
        "update contact set name = case when $2::text is null then name else nullif($2, '') end, \
         email = case when $3::text is null then email else nullif($3, '') end, \
         phone = case when $4::text is null then phone else nullif($4, '') end, \
         attributes = coalesce($5::jsonb, attributes), tags = coalesce($6::text[], tags) where id = $1 and erased_at is null",
        [id.uuid().into(), name.into(), email.into(), phone.into(), change.attributes.into(), tags.into()],
    ))
    .await?;
    let contact = find(tx, id).await?.ok_or(ContactError::Unknown)?;
    if contact.erased_at.is_some() {
        return Err(ContactError::Erased);
    }
    let audiences = sight::audiences(tx, id).await?;
    Event::ContactUpdated { contact: Arc::new(contact.clone()), audiences }.tell(tx)?;
    Ok(contact)
}

/// Changes what a visitor says of themselves. Not of those for whom the company's own server vouches: whoever sits at their browser
/// cannot become somebody else by saying so.
pub async fn introduce(tx: &mut TenantTx, id: ContactId, change: ContactChange) -> Result<Contact, ContactError> {
    if find(tx, id).await?.ok_or(ContactError::Unknown)?.verified {
        return Err(ContactError::VouchedFor);
    }
    update(tx, id, change).await
}

fn source_hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

#[derive(FromQueryResult)]
struct Known {
    contact_id: Uuid,
}

/// The contact whose browser keeps this secret for this inbox.
pub async fn recognise(tx: &TenantTx, inbox: InboxId, secret: &str) -> Result<Option<ContactId>, StoreError> {
    let row: Option<Known> = tx
        .one(sql(
            "select contact_id from contact_inbox where inbox_id = $1 and source_hash = $2",
            [inbox.uuid().into(), source_hash(secret).into()],
        ))
        .await?;
    Ok(row.map(|row| ContactId::from_uuid(row.contact_id)))
}

/// Makes a contact for a browser seen for the first time.
pub async fn welcome(
    tx: &TenantTx,
    inbox: InboxId,
    secret: &str,
    locale: Option<String>,
    user_agent: &str,
) -> Result<ContactId, StoreError> {
    let id: ContactId = tx.id();
    let user_agent: String = user_agent.chars().filter(|c| !c.is_control()).take(300).collect();
    tx.run(sql(
        "insert into contact (id, locale, user_agent, created_at, last_seen_at) values ($1, $2, $3, $4, $4)",
        [id.uuid().into(), locale.into(), user_agent.into(), tx.now().into()],
    ))
    .await?;
    tx.run(sql(
        "insert into contact_inbox (id, contact_id, inbox_id, source_hash, created_at) values ($1, $2, $3, $4, $5)",
        [tx.uuid().into(), id.uuid().into(), inbox.uuid().into(), source_hash(secret).into(), tx.now().into()],
    ))
    .await?;
    Ok(id)
}

/// Notes that a contact is here, and on which page.
pub async fn seen(tx: &TenantTx, id: ContactId, page: Option<VisitedPage>) -> Result<(), StoreError> {
    let page = page
        .map(|page| serde_json::to_value(page.tidy()))
        .transpose()
        .map_err(|error| StoreError::Refused(error.to_string()))?;
    tx.run(sql(
        "update contact set last_seen_at = $2, page = coalesce($3::jsonb, page) where id = $1 and erased_at is null",
        [id.uuid().into(), tx.now().into(), page.into()],
    ))
    .await
    .map(drop)
}
