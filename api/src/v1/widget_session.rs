//! How a visitor comes in: as a browser that is known or new, or as somebody for whom the company's own server vouches; and out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use desk::address_block;
use desk::contact::{self, ContactId, VisitedPage};
use desk::conversation::{self, WidgetConversation};
use desk::emergency::{self, EmergencyNotice};
use desk::inbox::{self, Inbox, InboxError};
use desk::opening::{self, Door};
use desk::spam_guard::{self, Crowd};
use infra::Timestamp;
use routing::revocation::{Revocation, revoke};
use serde::{Deserialize, Serialize};
use tenant::challenge::{self, ChallengeError, WidgetProof};
use tenant::data_key::Ring;
use tenant::identity::{self, Refusal};
use tenant::pace::Class;
use tenant::token::{Audience, BadToken, VouchedBy};
use tenant::{Tenant, TenantTx, Visitor, visits};
use uuid::Uuid;

use super::Problems;
use super::widget::{by_key, company_of};
use crate::App;
use crate::address::{Address, Whence};
use crate::extract::{AsVisitor, Body};
use crate::problem::Problem;

/// A browser that wants in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WidgetSessionRequest {
    /// The key in the script tag.
    key: String,
    /// What this browser was given before.
    #[serde(default)]
    secret: Option<String>,
    /// The visitor's language.
    #[serde(default)]
    locale: Option<String>,
    /// Where the visitor is.
    #[serde(default)]
    page: Option<VisitedPage>,
    /// The answer to a challenge, when one was asked for.
    #[serde(default)]
    proof: Option<WidgetProof>,
}

/// A visitor's session.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WidgetSession {
    /// For the `Authorization` header and the socket's hello.
    token: String,
    /// How long it lives, in seconds.
    expires_in: i64,
    /// For a new visitor: keep it, it is how this browser is known next time. For one who is vouched for: keep it no longer than the
    /// page lives; it gives fresh tokens for a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Who the visitor is to the company.
    contact_id: ContactId,
    /// Whether the company's own server vouches for them.
    verified: bool,
    /// Whether they may only read.
    blocked: bool,
    /// Their newest conversation here.
    conversation: Option<WidgetConversation>,
    /// What to do while the company cannot answer as usual.
    emergency: EmergencyNotice,
    /// Whom the visitor may choose, and whether it is open.
    #[serde(flatten)]
    door: Door,
}

/// What is read of an open door before it closes: the rest of an answer.
struct Entrance {
    visitor: Visitor,
    conversation: Option<WidgetConversation>,
    emergency: EmergencyNotice,
    door: Door,
    at: Timestamp,
}

impl Entrance {
    /// Notes that a contact is here. Waits for whoever blocks or unblocks them: what the token will say is true.
    async fn of(
        tx: &TenantTx,
        inbox: &Inbox,
        contact: ContactId,
        page: Option<VisitedPage>,
        vouched: Option<VouchedBy>,
    ) -> Result<Self, Problem> {
        contact::seen(tx, contact, page).await?;
        let standing = contact::standing(tx, contact).await?.ok_or(BadToken)?;
        let conversation = conversation::latest_of_contact(tx, contact, inbox.id).await?;
        Ok(Self {
            visitor: Visitor {
                contact_id: contact,
                inbox_id: inbox.id,
                vouched,
                blocked: standing.blocked,
                since_ms: tx.now().timestamp_millis(),
            },
            conversation: conversation.map(|conversation| conversation.for_visitor()),
            emergency: emergency::find(tx).await?.notice(),
            door: opening::door(tx, inbox).await?,
            at: tx.now(),
        })
    }

    /// The answer, once everything is durable.
    fn answer(self, app: &App, tenant: &Tenant, secret: Option<String>) -> Result<Json<WidgetSession>, Problem> {
        let visitor = self.visitor;
        Ok(Json(WidgetSession {
            token: app.world.keys.sign_visitor(Audience::Visitor, tenant.id().uuid(), &visitor, self.at)?,
            expires_in: Audience::Visitor.lifetime().num_seconds(),
            secret,
            contact_id: visitor.contact_id,
            verified: visitor.vouched.is_some(),
            blocked: visitor.blocked,
            conversation: self.conversation,
            emergency: self.emergency,
            door: self.door,
        }))
    }
}

fn tidy(locale: Option<String>) -> Option<String> {
    locale.map(|locale| locale.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(35).collect())
}

/// Who a page that was vouched for not long ago is, if its visit goes on. `None` for any other secret.
async fn continued(app: &App, tx: &TenantTx, inbox: &Inbox, secret: &str) -> Result<Option<Visitor>, Problem> {
    if !secret.contains('.') {
        return Ok(None);
    }
    let claims = app.world.keys.verify(Audience::Visit, secret, tx.now()).map_err(|_| Refusal::Expired)?;
    let visitor = Visitor::of(&claims);
    let by = visitor.vouched.ok_or(Refusal::Expired)?;
    let here = claims.tid == tx.account().uuid() && visitor.inbox_id == inbox.id;
    let good = here && identity::key::counts(tx, inbox.id, by.key).await? && !visits::has_ended(tx, &visitor).await?;
    if good { Ok(Some(visitor)) } else { Err(Refusal::Expired.into()) }
}

/// Counts a newcomer, and refuses them when there are too many. Anyone may become a visitor: it is the widest of all doors, and an
/// office behind one address is a crowd, and so is a sale. Where the company guards itself, a crowd is not refused but asked for a
/// challenge; who has answered it is counted by their address no more.
async fn count_newcomer(
    tenant: &Tenant,
    crowd: Crowd,
    inbox: &Inbox,
    address: Address,
    proof: Option<WidgetProof>,
) -> Result<(), Problem> {
    let proof = proof.map(WidgetProof::checked).transpose()?.filter(|_| crowd != Crowd::Unguarded);
    if let Some(proof) = &proof {
        challenge::judge(tenant, inbox.id.uuid(), address.0, proof).await?;
    } else if crowd == Crowd::Dense {
        return Err(ChallengeError::Needed.into());
    }
    tenant.pass(Class::Visitors).await?;
    match (proof, crowd) {
        (Some(_), _) => {}
        (None, Crowd::Unguarded) => tenant.pass_address(address.0).await?,
        (None, Crowd::Calm | Crowd::Dense) => {
            tenant.pass_address(address.0).await.map_err(|_| ChallengeError::Needed)?;
        }
    }
    Ok(())
}

/// Come in as a visitor
///
/// With a known secret: the same visitor as before, with their conversation. Without: a new one. From a network that the company
/// has blocked: 403 and `address_blocked`. While newcomers come in a crowd and the company guards itself: 403 and `challenge_needed`.
#[utoipa::path(post, path = "/v1/widget/session", tag = "widget", security(()), request_body = WidgetSessionRequest,
    responses((status = 200, body = WidgetSession), Problems))]
pub(crate) async fn session(
    State(app): State<Arc<App>>,
    address: Address,
    Whence(whence): Whence,
    headers: HeaderMap,
    Body(ask): Body<WidgetSessionRequest>,
) -> Result<Json<WidgetSession>, Problem> {
    let (tenant, tx, inbox) = by_key(&app, &ask.key).await?;
    let secret = ask.secret.as_deref().filter(|secret| secret.len() <= 2_000);
    if let Some(secret) = secret
        && let Some(visitor) = continued(&app, &tx, &inbox, secret).await?
    {
        let entrance = Entrance::of(&tx, &inbox, visitor.contact_id, ask.page, visitor.vouched).await?;
        tx.commit().await?;
        return entrance.answer(&app, &tenant, None);
    }
    if inbox::unvouched(&tx, inbox.id).await?.is_some_and(|unvouched| unvouched.refused) {
        return Err(InboxError::IdentityRequired.into());
    }
    if let Some(whence) = whence {
        address_block::refuse_blocked(&tx, whence).await?;
    }
    let known = match secret {
        Some(secret) => contact::recognise(&tx, inbox.id, secret).await?,
        None => None,
    };
    let (tx, contact_id, secret) = match known {
        Some(contact_id) => (tx, contact_id, None),
        None => {
            let crowd = spam_guard::crowd(&tx).await?;
            // Before Redis is asked: a cache that hangs must not hold a connection to the database.
            drop(tx);
            count_newcomer(&tenant, crowd, &inbox, address, ask.proof).await?;
            let tx = tenant.begin().await?;
            let secret = tx.secret();
            let user_agent = headers.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let contact_id = contact::welcome(&tx, inbox.id, &secret, tidy(ask.locale), user_agent).await?;
            (tx, contact_id, Some(secret))
        }
    };
    let entrance = Entrance::of(&tx, &inbox, contact_id, ask.page, None).await?;
    tx.commit().await?;
    entrance.answer(&app, &tenant, secret)
}

/// Somebody for whom the company's own server vouches.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentifyRequest {
    /// The key in the script tag.
    key: String,
    /// The token that the company's server signed.
    token: String,
    /// A fresh UUID for each token, and the same one when the same token is sent once more because the answer was lost.
    attempt: Uuid,
    /// What this browser was given when nobody vouched for it: what it said then becomes theirs.
    #[serde(default)]
    secret: Option<String>,
    /// The visitor's language.
    #[serde(default)]
    locale: Option<String>,
    /// Where the visitor is.
    #[serde(default)]
    page: Option<VisitedPage>,
}

/// Come in as somebody the company vouches for
///
/// Takes a short JSON web token (HS256 or `EdDSA`) whose `kid` is a key of the inbox: `iss` the inbox's id, `sub` the company's own id for
/// the person, `iat`, `exp` at most an hour later, `jti`; perhaps `email`, `name` and `attributes`. Each token counts once. The person
/// has one history, on all their devices; what this browser said before becomes part of it.
#[utoipa::path(post, path = "/v1/widget/identify", tag = "widget", security(()), request_body = IdentifyRequest,
    responses((status = 200, body = WidgetSession), Problems))]
pub(crate) async fn identify(
    State(app): State<Arc<App>>,
    Body(ask): Body<IdentifyRequest>,
) -> Result<Json<WidgetSession>, Problem> {
    let id = identity::token::key_of(&ask.token)?;
    let (tenant, door) = company_of(&app, &ask.key).await?;
    let keys = Ring::of(&app.world, tenant.id()).await?;
    let mut tx = tenant.begin().await?;
    let inbox = inbox::find(&tx, door.inbox).await?.ok_or(InboxError::Unknown)?;
    let found = identity::key::find(&tx, &keys, inbox.id, id).await?;
    let (key, material) = found.ok_or(Refusal::KeyUnknown)?;
    let vouched = identity::token::check(&ask.token, inbox.id, &key, &material, tx.now())?;
    if !identity::use_once(&tx, inbox.id, &vouched, ask.attempt).await? {
        return Err(Refusal::Replayed.into());
    }
    identity::key::note_use(&tx, &key).await?;
    let contact = contact::vouch(&mut tx, &vouched, tidy(ask.locale)).await?;
    let mut ended = Vec::new();
    if let Some(secret) = ask.secret.as_deref().filter(|secret| secret.len() <= 100)
        && let Some(from) = contact::bring_along(&mut tx, inbox.id, secret, contact).await?
    {
        ended.push((Some(from), from.uuid()));
    }
    // The first time, the site has shown that it can; who came in without being vouched for goes, where that is wanted.
    if inbox::note_identified(&tx, inbox.id).await?
        && inbox::unvouched(&tx, inbox.id).await?.is_some_and(|unvouched| unvouched.refused)
    {
        ended.push((None, inbox.id.uuid()));
    }
    let at = tenant.now() + visits::MARGIN;
    for (_, subject) in &ended {
        visits::end(&tx, *subject, at).await?;
    }
    let by = VouchedBy { key: key.id.uuid(), visit: tx.uuid() };
    let entrance = Entrance::of(&tx, &inbox, contact, ask.page, Some(by)).await?;
    tx.commit().await?;
    for (contact, subject) in ended {
        revoke(&app.routing, Revocation::Visits { account: tenant.id(), contact, subject, at }).await;
    }
    let secret = app.world.keys.sign_visitor(Audience::Visit, tenant.id().uuid(), &entrance.visitor, entrance.at)?;
    entrance.answer(&app, &tenant, Some(secret))
}

/// Go as a visitor
///
/// For the moment in which somebody signs out of the site: what this page was given counts no more, anywhere. The thread stays theirs.
#[utoipa::path(post, path = "/v1/widget/logout", tag = "widget", responses((status = 204), Problems))]
pub(crate) async fn log_out(State(app): State<Arc<App>>, AsVisitor(scope): AsVisitor) -> Result<StatusCode, Problem> {
    if let Some(by) = scope.who.vouched {
        let at = scope.now() + visits::MARGIN;
        let tx = scope.begin().await?;
        visits::end(&tx, by.visit, at).await?;
        tx.commit().await?;
        let (account, contact) = (scope.tenant.id(), Some(scope.who.contact_id));
        revoke(&app.routing, Revocation::Visits { account, contact, subject: by.visit, at }).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
