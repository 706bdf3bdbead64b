//! Authority as a value: to have a [`Scope`] is to be known and to be inside one company.
//!
//! `Scope<Member>` and `Scope<Visitor>` are different types, so a visitor's route cannot call a member's verb.

use std::sync::Arc;

use infra::database::StoreError;
use infra::{Chance, Id, Timestamp};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use crate::account::{Account, AccountId, Status};
use crate::gate::{Passed, Speed, TooFast, Whose};
use crate::limits::Limits;
use crate::membership::{self, AgentId};
use crate::pace::Class;
use crate::permission::{Denied, Permission, Permissions};
use crate::role::Standing;
use crate::sight::{Sees, Sight};
use crate::throttle::TooOften;
use crate::token::{Audience, BadToken, Claims, VouchedBy};
pub use crate::turned_away::{EnterError, HoldOn, LooksOnly, MayNotWrite};
use crate::tx::TenantTx;
use crate::world::{SharedWorld, World};
use crate::{api_key, refusals, session, support};

/// A company and the world it lives in.
#[derive(Clone)]
pub struct Tenant {
    /// The services.
    pub world: SharedWorld,
    /// The company.
    pub account: Arc<Account>,
}

/// A member, or a program with an API key.
#[derive(Debug, Clone)]
pub struct Member {
    /// The agent; the one who made the key, for a program.
    pub agent_id: AgentId,
    /// The name to sign messages with.
    pub name: String,
    /// What they are.
    pub standing: Standing,
    /// What they may do.
    pub permissions: Permissions,
    /// How far they see.
    pub sight: Sight,
    /// The session, or the key.
    pub via: Via,
}

/// How a member came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A browser session.
    Session(Uuid),
    /// An API key.
    ApiKey(api_key::ApiKeyId),
    /// A visit of our own people, and whether they may change things.
    Support(Uuid, bool),
}

/// Marks ids of contacts here, where only their existence matters; `desk` knows what they are.
#[derive(Debug)]
pub enum ContactKind {}
impl infra::ids::Prefixed for ContactKind {
    const PREFIX: &'static str = "cont";
}
/// The id of a contact.
pub type ContactId = Id<ContactKind>;
/// Marks ids of inboxes.
#[derive(Debug)]
pub enum InboxKind {}
impl infra::ids::Prefixed for InboxKind {
    const PREFIX: &'static str = "inbox";
}

/// A visitor of a website.
#[derive(Debug, Clone, Copy)]
pub struct Visitor {
    /// Who they are to the company.
    pub contact_id: Id<ContactKind>,
    /// Where they came in.
    pub inbox_id: Id<InboxKind>,
    /// By what the company's own server vouches for them, if it does.
    pub vouched: Option<VouchedBy>,
    /// Whether they may only read.
    pub blocked: bool,
    /// Since when their token counts, in milliseconds since 1970.
    pub since_ms: i64,
}

impl Visitor {
    /// What a token says.
    pub fn of(claims: &Claims) -> Self {
        Self {
            contact_id: Id::from_uuid(claims.sub),
            inbox_id: Id::from_uuid(claims.sid),
            vouched: claims.vouched,
            blocked: claims.blocked,
            since_ms: claims.issued_ms(),
        }
    }

    /// With whose end their visit ends.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Uuid> {
        let (last, more) = match self.vouched {
            Some(by) => (by.key, Some(by.visit)),
            None => (self.inbox_id.uuid(), None),
        };
        [self.contact_id.uuid(), last].into_iter().chain(more)
    }
}

/// Who did something, for records.
#[derive(Debug, Clone)]
pub enum Actor {
    /// A member.
    Member(Member),
    /// A person from outside the company's sessions: its owner who comes back, or an admin of its group.
    Person {
        /// As a member of a company.
        id: AgentId,
        /// The name they sign with.
        name: String,
    },
    /// The system itself.
    System,
}

impl Actor {
    /// Kind, id and name.
    pub(crate) fn describe(&self) -> (&'static str, Option<String>, Option<String>) {
        match self {
            Self::Member(member) => match member.via {
                Via::Session(_) => ("agent", Some(member.agent_id.to_string()), Some(member.name.clone())),
                Via::ApiKey(key) => ("api_key", Some(key.to_string()), Some(member.name.clone())),
                Via::Support(visit, _) => {
                    let visit = support::VisitId::from_uuid(visit);
                    ("support", Some(visit.to_string()), Some(member.name.clone()))
                }
            },
            Self::Person { id, name } => ("agent", Some(id.to_string()), Some(name.clone())),
            Self::System => ("system", None, None),
        }
    }
}

/// Someone inside a company.
#[derive(Clone)]
pub struct Scope<Who> {
    /// The company.
    pub tenant: Tenant,
    /// Who.
    pub who: Who,
}

impl Tenant {
    /// The company with this id, in whatever state.
    pub async fn find(world: &SharedWorld, id: AccountId) -> Result<Option<Self>, StoreError> {
        let account = world.directory.account(&world.database, id, world.now()).await?;
        Ok(account.map(|account| Self { world: Arc::clone(world), account }))
    }

    /// The company with this id, if it is in use.
    pub async fn active(world: &SharedWorld, id: AccountId) -> Result<Self, EnterError> {
        let tenant = Self::find(world, id).await?.ok_or(BadToken)?;
        match tenant.account.status {
            Status::Active => Ok(tenant),
            other
            @ (Status::Provisioning | Status::Suspended | Status::Closed | Status::Deleting | Status::Deleted) => {
                Err(EnterError::Inactive(other))
            }
        }
    }

    /// Opens the company's schema, for the system's own work.
    pub async fn begin(&self) -> Result<TenantTx, StoreError> {
        TenantTx::open(self, Sight::All, self.world.shares.enter(self.id()).await?).await
    }

    /// The same for what the company's people wait for without asking, and what must not wait behind all that they ask: short work alone.
    pub async fn begin_first(&self) -> Result<TenantTx, StoreError> {
        TenantTx::open(self, Sight::All, self.world.shares.enter_first(self.id()).await?).await
    }

    /// Counts one thing of a class against the company's pace, and refuses it when it is one too many. Never with a transaction open.
    pub async fn pass(&self, class: Class) -> Result<Option<Passed>, TooFast> {
        let Some(most) = self.account.pace.of(class) else { return Ok(None) };
        let whose = Whose::all(self.id().uuid(), class);
        self.world.gate.pass(&self.world.cache, whose, Speed::per_minute(most), self.now()).await.map(Some)
    }

    /// Counts a new visitor from an address, apart from those who come from elsewhere.
    pub async fn pass_address(&self, address: u64) -> Result<(), TooOften> {
        let whose = Whose { id: self.id().uuid(), address, class: Class::Visitors };
        let speed = Speed::per_minute(self.world.address_rate);
        match self.world.gate.pass(&self.world.cache, whose, speed, self.now()).await {
            Ok(_) => Ok(()),
            Err(too_fast) => Err(TooOften(too_fast.wait)),
        }
    }

    /// The company's id.
    pub fn id(&self) -> AccountId {
        self.account.id
    }

    /// The company as the directory has it now, a few seconds old at most. Sockets live for hours, and companies move.
    pub async fn as_of_now(&self) -> Result<Self, StoreError> {
        if !self.world.sites.are_several() {
            return Ok(self.clone());
        }
        Ok(Self::find(&self.world, self.id()).await?.unwrap_or_else(|| self.clone()))
    }

    /// Room to read much at once (a list, a thread, a search), held until it is read. Never asked for with a transaction open.
    pub async fn reads_much(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        self.world.shares.enter_to_read(self.id()).await
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Chance.
    pub fn chance(&self) -> &Chance {
        &self.world.chance
    }
}

impl<Who: Sees> Scope<Who> {
    /// Opens this company's schema, for these eyes. There is no other way to reach its tables.
    pub async fn begin(&self) -> Result<TenantTx, StoreError> {
        let tenant = &self.tenant;
        TenantTx::open(tenant, self.who.sight(), tenant.world.shares.enter(tenant.id()).await?).await
    }
}

impl<Who> Scope<Who> {
    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.tenant.now()
    }

    /// The services.
    pub fn world(&self) -> &World {
        &self.tenant.world
    }

    /// How much the company may have.
    pub fn limits(&self) -> Limits {
        self.tenant.account.limits
    }
}

impl Scope<Member> {
    /// Lets in the bearer of a member's access token or of an API key.
    pub async fn enter(world: &SharedWorld, bearer: &str) -> Result<Self, EnterError> {
        if bearer.starts_with(api_key::MARK) {
            return Self::enter_with_key(world, bearer).await;
        }
        if let Err(bad) = world.keys.verify(Audience::Member, bearer, world.now()) {
            let visiting = world.keys.verify(Audience::Support, bearer, world.now()).map_err(|_| bad)?;
            return Self::enter_to_support(world, visiting.sid).await;
        }
        let (scope, enrol_only) = Self::enter_with_token(world, bearer).await?;
        if enrol_only { Err(EnterError::SecondFactorDue) } else { Ok(scope) }
    }

    /// Lets in a person at a browser, also one who has yet to set up the second factor that the company asks for. Only for what
    /// that needs.
    pub async fn enter_to_enrol(world: &SharedWorld, bearer: &str) -> Result<Self, EnterError> {
        Ok(Self::enter_with_token(world, bearer).await?.0)
    }

    async fn enter_with_token(world: &SharedWorld, bearer: &str) -> Result<(Self, bool), EnterError> {
        let claims = world.keys.verify(Audience::Member, bearer, world.now())?;
        let member = membership::recent(world, AgentId::from_uuid(claims.sub)).await?.ok_or(BadToken)?;
        let worth = session::worth_recently(world, claims.sid).await?;
        if !worth.live || member.disabled_at.is_some() || member.account_id.uuid() != claims.tid {
            return Err(BadToken.into());
        }
        let tenant = Tenant::active(world, member.account_id).await?;
        let who = Member {
            agent_id: member.id,
            name: member.name.clone(),
            permissions: member.standing.permissions(),
            sight: Sight::of(member.id, member.standing.visibility()),
            standing: member.standing.clone(),
            via: Via::Session(claims.sid),
        };
        Ok((Self { tenant, who }, worth.enrol_only))
    }

    async fn enter_with_key(world: &SharedWorld, bearer: &str) -> Result<Self, EnterError> {
        let key = api_key::find_by_secret(world, bearer).await?.ok_or(BadToken)?;
        let maker = membership::recent(world, key.created_by).await?.ok_or(BadToken)?;
        if maker.disabled_at.is_some() {
            return Err(BadToken.into());
        }
        let tenant = Tenant::active(world, key.account_id).await?;
        // A key never outlives or outranks its maker.
        let allowed = maker.standing.permissions();
        let permissions = Permissions::only(key.scopes.iter().filter(|scope| allowed.contains(*scope)));
        let who = Member {
            agent_id: maker.id,
            name: key.name,
            permissions,
            sight: Sight::of(maker.id, maker.standing.visibility()),
            standing: maker.standing.clone(),
            via: Via::ApiKey(key.id),
        };
        Ok(Self { tenant, who })
    }

    /// One of our own people, through the eyes of whoever let them in. Looked up each time: no ends at once.
    async fn enter_to_support(world: &SharedWorld, visit: Uuid) -> Result<Self, EnterError> {
        let visit = support::live_visit(world, visit).await?.ok_or(BadToken)?;
        let host = membership::recent(world, visit.granted_by).await?.ok_or(BadToken)?;
        if host.disabled_at.is_some() || host.account_id != visit.account_id {
            return Err(BadToken.into());
        }
        let tenant = Tenant::active(world, visit.account_id).await?;
        let who = Member {
            agent_id: host.id,
            name: format!("{} ({})", support::NAME, visit.operator),
            permissions: host.standing.permissions().for_support(visit.changes),
            sight: Sight::of(host.id, host.standing.visibility()),
            standing: host.standing.clone(),
            via: Via::Support(visit.id.uuid(), visit.changes),
        };
        Ok(Self { tenant, who })
    }

    /// Refuses those who were let in to look only.
    pub fn require_more_than_a_look(&self) -> Result<(), LooksOnly> {
        if matches!(self.who.via, Via::Support(_, false)) { Err(LooksOnly) } else { Ok(()) }
    }

    /// Whether what let this member in still does: asked again and again while a socket is open.
    pub async fn still_welcome(&self) -> Result<bool, StoreError> {
        let world = &self.tenant.world;
        let live = match self.who.via {
            Via::Session(id) => session::is_live(world, id).await?,
            Via::ApiKey(id) => api_key::is_live(world, id).await?,
            Via::Support(visit, _) => support::live_visit(world, visit).await?.is_some(),
        };
        let member = membership::recent(world, self.who.agent_id).await?;
        let tenant = Tenant::find(world, self.tenant.id()).await?;
        let same = member.is_some_and(|member| member.disabled_at.is_none() && member.standing == self.who.standing);
        Ok(live && same && tenant.is_some_and(|tenant| tenant.account.status == Status::Active))
    }

    /// Counts a request against the company's pace, and against the key's for a program. What is told is the narrower of the two.
    pub async fn pass(&self) -> Result<Option<Passed>, TooFast> {
        let company = self.tenant.pass(Class::Requests).await?;
        let (Via::ApiKey(key), Some(most)) = (self.who.via, self.tenant.account.pace.key_requests_per_minute) else {
            return Ok(company);
        };
        let (world, whose) = (&self.tenant.world, Whose::all(key.uuid(), Class::KeyRequests));
        world.gate.pass(&world.cache, whose, Speed::per_minute(most), self.now()).await.map(Some)
    }

    /// Refuses when the right is missing, and notes it in the audit log.
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        if self.who.permissions.contains(permission) {
            return Ok(());
        }
        refusals::denied(self, permission);
        Err(Denied(permission))
    }

    /// Refuses programs: some things only a person at a browser may do.
    pub fn require_person(&self) -> Result<(), Denied> {
        self.session().map(drop)
    }

    /// The session of a person at a browser; refuses programs.
    pub fn session(&self) -> Result<Uuid, Denied> {
        match self.who.via {
            Via::Session(id) => Ok(id),
            Via::ApiKey(_) | Via::Support(..) => Err(Denied(Permission::AccountManage)),
        }
    }

    /// For records.
    pub fn actor(&self) -> Actor {
        Actor::Member(self.who.clone())
    }
}

impl Scope<Visitor> {
    /// Lets in the bearer of a visitor's token.
    pub async fn enter(world: &SharedWorld, bearer: &str) -> Result<Self, EnterError> {
        let claims = world.keys.verify(Audience::Visitor, bearer, world.now())?;
        if world.erased.has(claims.sub) {
            return Err(BadToken.into());
        }
        let tenant = Tenant::active(world, AccountId::from_uuid(claims.tid)).await?;
        let scope = Self { tenant, who: Visitor::of(&claims) };
        if scope.has_ended().await? { Err(BadToken.into()) } else { Ok(scope) }
    }

    async fn has_ended(&self) -> Result<bool, StoreError> {
        self.world().visits.has_ended(&self.tenant, &self.who).await
    }

    /// Whether what let this visitor in still does: asked again and again while a socket is open.
    pub async fn still_welcome(&self) -> Result<bool, StoreError> {
        match Tenant::active(&self.tenant.world, self.tenant.id()).await {
            Ok(_) => Ok(!self.has_ended().await?),
            Err(EnterError::Store(error)) => Err(error),
            Err(EnterError::Token(_) | EnterError::Inactive(_) | EnterError::SecondFactorDue) => Ok(false),
        }
    }

    /// Counts a request of this visitor, against their own pace and the company's.
    pub async fn pass(&self) -> Result<Option<Passed>, HoldOn> {
        self.world().questions.attempt((self.tenant.id(), self.who.contact_id.uuid()), self.now())?;
        Ok(self.tenant.pass(Class::VisitorRequests).await?)
    }

    /// Refuses those who may only read.
    pub fn require_welcome(&self) -> Result<(), MayNotWrite> {
        if self.who.blocked { Err(MayNotWrite::Blocked) } else { Ok(()) }
    }

    /// Counts a message that this visitor is about to write, and refuses it when they write without end, or may not.
    pub fn may_write(&self) -> Result<(), MayNotWrite> {
        self.require_welcome()?;
        Ok(self.world().flood.attempt((self.tenant.id(), self.who.contact_id.uuid()), self.now())?)
    }

    /// Counts a mark that this visitor leaves without writing, apart from what they write: looking around must not use up what
    /// may be said.
    pub fn may_mark(&self) -> Result<(), TooOften> {
        let apart = uuid::Uuid::from_u128(self.who.contact_id.uuid().as_u128() ^ 1);
        self.world().flood.attempt((self.tenant.id(), apart), self.now())
    }
}
