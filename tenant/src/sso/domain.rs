//! Domains that a company has proven to be its own: a letter to one of the mailboxes that only who runs a domain can read, and a
//! click on its link.
//!
//! Those mailboxes are the ones by which certificate authorities let domains be proven. Any other address would prove nothing: who has a
//! mailbox at a public mail service does not own the service.

use chrono::{DateTime, TimeDelta, Utc};
use infra::database::{Rows, StoreError, sql};
use infra::{Fault, Id, Kind, Timestamp, ids};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::{self, Account, AccountId};
use crate::hash::sha256;
use crate::jobs;
use crate::letters::{Post, Template};
use crate::sign_in_letters::SignIn;
use crate::world::World;

/// Marks ids of domains.
#[derive(Debug)]
pub enum DomainKind {}
impl ids::Prefixed for DomainKind {
    const PREFIX: &'static str = "dom";
}
/// The id of a domain.
pub type DomainId = Id<DomainKind>;

/// How long the link works.
const LIFETIME: TimeDelta = TimeDelta::days(3);
/// How many domains a company may name.
const MOST: i64 = 20;

/// A mailbox that only who runs a domain can read (RFC 2142, and the baseline of certificate authorities).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DomainMailbox)]
pub enum Mailbox {
    /// `admin@`
    Admin,
    /// `administrator@`
    Administrator,
    /// `hostmaster@`
    Hostmaster,
    /// `postmaster@`
    Postmaster,
    /// `webmaster@`
    Webmaster,
}

impl Mailbox {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Administrator => "administrator",
            Self::Hostmaster => "hostmaster",
            Self::Postmaster => "postmaster",
            Self::Webmaster => "webmaster",
        }
    }
}

/// A domain of a company.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = SignInDomain)]
pub struct Domain {
    /// Its id.
    pub id: DomainId,
    /// Its name.
    #[schema(example = "blue-teapot.example")]
    pub domain: String,
    /// Where the letter went.
    pub sent_to: String,
    /// When it was proven; null until then.
    pub proven_at: Option<DateTime<Utc>>,
    /// When it was named.
    pub created_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    domain: String,
    sent_to: String,
    proven_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl From<Row> for Domain {
    fn from(row: Row) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            domain: row.domain,
            sent_to: row.sent_to,
            proven_at: row.proven_at,
            created_at: row.created_at,
        }
    }
}

/// Why a domain was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DomainError {
    /// More than a company needs.
    #[error("20 domains are enough")]
    TooMany,
    /// The link is unknown, used or too old.
    #[error("this link is not valid any more")]
    Unknown,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for DomainError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooMany => Kind::Conflict,
            Self::Unknown => Kind::NotFound,
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::TooMany => "domains_too_many",
            Self::Unknown => "link_invalid",
            Self::Store(error) => error.code(),
        }
    }
}

/// A domain's name as it is compared: lower case, in ASCII, of two labels at least. None for what is no such name.
pub fn normal(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.').to_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let good = (4..=253).contains(&name.len())
        && labels.len() >= 2
        && labels.iter().all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
        && labels.last().is_some_and(|top| top.bytes().any(|b| b.is_ascii_lowercase()));
    good.then_some(name)
}

/// The domain of an address.
pub fn of(email: &str) -> Option<String> {
    normal(email.trim().rsplit_once('@')?.1)
}

/// The company's domains, by name.
pub async fn list(world: &World, account: AccountId) -> Result<Vec<Domain>, StoreError> {
    let rows: Vec<Row> = world
        .database
        .orm()
        .all(sql(
            "select id, domain, sent_to, proven_at, created_at from shared.sso_domain where account_id = $1 order by domain",
            [account.uuid().into()],
        ))
        .await?;
    Ok(rows.into_iter().map(Domain::from).collect())
}

/// Whether the company has proven the domain of this address.
pub async fn covers(world: &World, account: AccountId, email: &str) -> Result<bool, StoreError> {
    covers_in(world.database.orm(), account, email).await
}

/// The same, as seen from a transaction.
pub(crate) async fn covers_in(rows: &impl Rows, account: AccountId, email: &str) -> Result<bool, StoreError> {
    let Some(domain) = of(email) else { return Ok(false) };
    let row: Option<Row> = rows
        .one(sql(
            "select id, domain, sent_to, proven_at, created_at from shared.sso_domain \
             where account_id = $1 and domain = $2 and proven_at is not null",
            [account.uuid().into(), domain.into()],
        ))
        .await?;
    Ok(row.is_some())
}

/// Names a domain, and sends the letter that asks there. Named again, it gets another letter; what was proven stays so.
pub async fn claim(world: &World, account: &Account, domain: String, mailbox: Mailbox) -> Result<Domain, DomainError> {
    #[derive(FromQueryResult)]
    struct Counted {
        others: i64,
    }
    let now = world.now();
    let secret = world.chance.secret();
    let sent_to = format!("{}@{domain}", mailbox.as_str());
    let tx = world.database.begin("".into()).await?;
    account::hold(&tx, account.id).await?;
    let counted: Option<Counted> = tx
        .one(sql(
            "select count(*) as others from shared.sso_domain where account_id = $1 and domain <> $2",
            [account.id.uuid().into(), domain.clone().into()],
        ))
        .await?;
    if counted.is_some_and(|row| row.others >= MOST) {
        return Err(DomainError::TooMany);
    }
    let row: Option<Row> = tx
        .one(sql(
            "insert into shared.sso_domain (id, account_id, domain, sent_to, token_hash, expires_at, created_at) values ($1, $2, $3, $4, $5, $6, $7) \
             on conflict (account_id, domain) do update set sent_to = excluded.sent_to, token_hash = excluded.token_hash, expires_at = excluded.expires_at \
             returning id, domain, sent_to, proven_at, created_at",
            [
                world.chance.uuid(now).into(),
                account.id.uuid().into(),
                domain.clone().into(),
                sent_to.clone().into(),
                sha256(&secret).into(),
                (now + LIFETIME).into(),
                now.into(),
            ],
        ))
        .await?;
    let row = row.ok_or_else(|| StoreError::Refused("a domain was not written".into()))?;
    let link = format!("{}/login/domain?token={secret}", world.public_url);
    let template = Template::SignIn(SignIn::DomainProof { company: account.name.clone(), domain, link });
    // In our name: it asks whether the company is who it says it is.
    jobs::enqueue_asked(&tx, world, Post { to: sent_to, locale: account.locale.clone(), sender: None, template })
        .await?;
    tx.commit().await?;
    Ok(row.into())
}

#[derive(FromQueryResult)]
struct Proven {
    account_id: Uuid,
    domain: String,
}

/// Takes the link of a letter: somebody at the domain says that it is the company's.
pub async fn confirm(world: &World, secret: &str) -> Result<(AccountId, String), DomainError> {
    let now = world.now();
    let row: Option<Proven> = world
        .database
        .orm()
        .one(sql(
            // The link is spent: its hash gives way to one of which nobody knows the secret.
            "update shared.sso_domain set proven_at = coalesce(proven_at, $2), token_hash = $3 where token_hash = $1 and expires_at > $2 \
             returning account_id, domain",
            [sha256(secret).into(), now.into(), sha256(&world.chance.secret()).into()],
        ))
        .await?;
    let row = row.ok_or(DomainError::Unknown)?;
    Ok((AccountId::from_uuid(row.account_id), row.domain))
}

/// Gives a domain up; its name, when the company had it.
pub async fn remove(world: &World, account: AccountId, id: DomainId) -> Result<Option<String>, StoreError> {
    let row: Option<Proven> = world
        .database
        .orm()
        .one(sql(
            "delete from shared.sso_domain where id = $1 and account_id = $2 returning account_id, domain",
            [id.uuid().into(), account.uuid().into()],
        ))
        .await?;
    Ok(row.map(|row| row.domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_mail_can_go_to_is_a_domain() {
        assert_eq!(normal(" Blue-Teapot.Example. ").as_deref(), Some("blue-teapot.example"));
        assert_eq!(of("Ana@Sub.Tea.Example").as_deref(), Some("sub.tea.example"));
        for bad in [
            "",
            "com",
            "a..b",
            "-a.example",
            "a-.example",
            "10.0.0.1",
            "tea_pot.example",
            "茶.example",
            "a b.example",
            "x@y.example",
        ] {
            assert_eq!(normal(bad), None, "{bad}");
        }
        assert_eq!(of("\"a@b\"@tea.example").as_deref(), Some("tea.example"));
        assert_eq!(of("nobody"), None);
    }
}
