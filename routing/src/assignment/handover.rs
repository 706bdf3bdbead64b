//! What agents do about who has what: accept, decline, pass on, take over.

use chrono::TimeDelta;
use desk::brand::BrandId;
use desk::conversation::{self, AssignedBy, Conversation, ConversationError, ConversationId, PassedTo, Status};
use desk::message::{self, Author, MessageError};
use desk::queue::floor::{make_sure_of_room, take_turn};
use desk::queue::{offers, transfer};
use desk::team::{self, Team, TeamId};
use infra::database::StoreError;
use infra::{Fault, Kind};
use tenant::{AgentId, Tenant, TenantTx};

use super::round::offered;
use crate::realtime::{OfferOutcome, ServerFrame, Topic};
use crate::{Routing, relay};

/// Where a conversation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// To a colleague.
    Agent(AgentId),
    /// Into a team's line.
    Team(TeamId),
    /// Into the line of a brand's first team.
    Brand(BrandId),
}

/// How a conversation is passed on.
#[derive(Debug, Clone)]
pub struct Passing {
    /// To whom.
    pub to: Destination,
    /// A note for whoever gets it, under an id of its own.
    pub note: Option<(String, uuid::Uuid)>,
    /// Within how many seconds it is to be taken.
    pub accept_seconds: Option<u32>,
    /// Also to a colleague who has as much as they take.
    pub even_if_full: bool,
}

/// The colleague who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Who.
    pub id: AgentId,
    /// The name they sign with.
    pub name: String,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// Nobody asks this agent about this conversation, or not any more.
    #[error("this offer has ended")]
    OfferEnded,
    /// No such team here.
    #[error("no such team")]
    TeamUnknown,
    /// No such brand here, or one without a team.
    #[error("no such brand, or it has no team")]
    BrandWithoutTeam,
    /// It is theirs already.
    #[error("they have it already")]
    TheirsAlready,
    /// Nobody would have it while the colleague is asked.
    #[error("nobody has it: give it to them, or leave it in line")]
    NobodyHasIt,
    /// The conversation.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// The note.
    #[error(transparent)]
    Note(#[from] MessageError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for HandoverError {
    fn kind(&self) -> Kind {
        match self {
            Self::OfferEnded | Self::TheirsAlready | Self::NobodyHasIt => Kind::Conflict,
            Self::TeamUnknown | Self::BrandWithoutTeam => Kind::NotFound,
            Self::Conversation(error) => error.kind(),
            Self::Note(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::OfferEnded => "offer_ended",
            Self::TheirsAlready => "theirs_already",
            Self::NobodyHasIt => "nobody_has_it",
            Self::TeamUnknown => "team_unknown",
            Self::BrandWithoutTeam => "brand_without_team",
            Self::Conversation(error) => error.code(),
            Self::Note(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// Takes what one is asked about: an offer of the routing, or what a colleague passes on.
pub async fn accept(
    routing: &Routing,
    tenant: &Tenant,
    id: ConversationId,
    who: Actor,
) -> Result<Conversation, HandoverError> {
    let mut tx = tenant.begin().await?;
    // The turn first: whoever counts free places sees this one taken, or not yet. Then the conversation, as everybody who
    // changes one does.
    take_turn(&tx).await?;
    conversation::lock_only(&tx, id).await?.ok_or(ConversationError::Unknown)?;
    let passed = transfer::of(&tx, id).await?.filter(|asked| asked.to == who.id && asked.until > tx.now());
    let by = match (&passed, offers::offered(&tx, id, who.id).await?) {
        (Some(asked), _) => {
            AssignedBy::Routing { why: serde_json::json!({ "reason": "transferred", "from": asked.from }), stamp: None }
        }
        (None, Some(why)) => AssignedBy::Routing { why, stamp: None },
        (None, None) => return Err(HandoverError::OfferEnded),
    };
    let conversation = conversation::assign(&mut tx, id, Some(who.id), by).await?;
    tx.commit().await?;
    let ended = ServerFrame::OfferEnded { conversation_id: id, outcome: OfferOutcome::Accepted }.encode();
    routing.switchboard.say(Topic::Agent(tenant.id(), who.id), ended.clone()).await;
    if let Some(asked) = passed {
        routing.switchboard.say(Topic::Agent(tenant.id(), asked.from), ended).await;
    }
    Ok(conversation)
}

/// Does not take what one is asked about. An offer goes to the next agent at once; what a colleague passed on stays with them.
pub async fn decline(
    routing: &Routing,
    tenant: &Tenant,
    id: ConversationId,
    who: AgentId,
) -> Result<(), HandoverError> {
    let tx = tenant.begin().await?;
    conversation::lock_only(&tx, id).await?.ok_or(ConversationError::Unknown)?;
    let passed = transfer::of(&tx, id).await?.filter(|asked| asked.to == who);
    let declined = match passed {
        Some(_) => transfer::end(&tx, id).await?,
        None => offers::pass_on(&tx, id, who, true).await?,
    };
    if !declined {
        return Err(HandoverError::OfferEnded);
    }
    tx.commit().await?;
    let ended = ServerFrame::OfferEnded { conversation_id: id, outcome: OfferOutcome::Declined }.encode();
    routing.switchboard.say(Topic::Agent(tenant.id(), who), ended.clone()).await;
    if let Some(asked) = passed {
        routing.switchboard.say(Topic::Agent(tenant.id(), asked.from), ended).await;
    }
    relay::assign_soon(routing, tenant.id());
    Ok(())
}

/// Passes a conversation on, with a summary of what is known and a note for whoever gets it. With `accept_seconds` a colleague is
/// asked first, and the conversation stays where it is until they accept; from a team's line it goes back where it was when nobody
/// there has taken it by then.
pub async fn transfer(
    routing: &Routing,
    tenant: &Tenant,
    id: ConversationId,
    passing: Passing,
    who: Actor,
) -> Result<Conversation, HandoverError> {
    let Passing { to, note, accept_seconds, even_if_full } = passing;
    let mut tx = tenant.begin().await?;
    if matches!(to, Destination::Agent(_)) {
        take_turn(&tx).await?;
    }
    let before = conversation::lock_only(&tx, id).await?.ok_or(ConversationError::Unknown)?;
    match to {
        Destination::Agent(agent) if before == Some(agent) => return Err(HandoverError::TheirsAlready),
        Destination::Agent(_) if before.is_none() && accept_seconds.is_some() => {
            return Err(HandoverError::NobodyHasIt);
        }
        Destination::Agent(_) | Destination::Team(_) | Destination::Brand(_) => {}
    }
    let (target, called) = target(&tx, to).await?;
    if let Target::Agent(agent) = target
        && !even_if_full
    {
        make_sure_of_room(&tx, agent, id).await?;
    }
    let summary = conversation::note_transfer(&mut tx, id, called, who.name.clone()).await?;
    if let Some((text, client_message_id)) = note {
        let author = Author::Agent { id: who.id, name: who.name.clone() };
        message::send(&mut tx, id, author, &text, true, client_message_id).await?;
    }
    let by = AssignedBy::Agent { id: who.id, name: who.name.clone() };
    let until = accept_seconds.map(|seconds| tx.now() + TimeDelta::seconds(seconds.into()));
    let (mut question, mut unasked) = (None, None);
    let conversation = match (target, until) {
        (Target::Agent(agent), Some(until)) => {
            let asked = transfer::Transfer { conversation: id, from: who.id, to: agent, until };
            unasked = transfer::of(&tx, id).await?.filter(|earlier| earlier.to != agent);
            transfer::ask(&tx, asked).await?;
            let conversation = conversation::find(&tx, id).await?.ok_or(ConversationError::Unknown)?;
            if conversation.status == Status::Resolved {
                return Err(ConversationError::State(conversation::StateError::Resolved).into());
            }
            question = Some((agent, offered(&conversation, until, Some(&who.name), Some(summary))));
            conversation
        }
        (Target::Agent(agent), None) => conversation::assign(&mut tx, id, Some(agent), by).await?,
        (Target::Team(team), _) => conversation::pass_to_team(&mut tx, id, team, until, by).await?,
    };
    tx.commit().await?;
    if let Some(earlier) = unasked {
        let ended = ServerFrame::OfferEnded { conversation_id: id, outcome: OfferOutcome::Withdrawn };
        routing.switchboard.say(Topic::Agent(tenant.id(), earlier.to), ended.encode()).await;
    }
    if let Some((agent, frame)) = question {
        routing.switchboard.say(Topic::Agent(tenant.id(), agent), frame).await;
    }
    if let Some(until) = until {
        relay::look_at(routing, tenant.id(), until);
    }
    Ok(conversation)
}

/// Where it goes in the end.
#[derive(Clone, Copy)]
enum Target {
    Agent(AgentId),
    Team(TeamId),
}

/// Finds it, with what it is called.
async fn target(tx: &TenantTx, to: Destination) -> Result<(Target, (PassedTo, String)), HandoverError> {
    match to {
        Destination::Agent(agent) => {
            let name = tenant::agent::find_name(tx, agent).await?.ok_or(ConversationError::AgentUnknown)?;
            Ok((Target::Agent(agent), (PassedTo::Agent, name)))
        }
        Destination::Team(team) => {
            let team = team::find(tx, team).await?.ok_or(HandoverError::TeamUnknown)?;
            Ok((Target::Team(team.id), (PassedTo::Team, team.name)))
        }
        Destination::Brand(brand) => {
            let team = first_team(tx, brand).await?.ok_or(HandoverError::BrandWithoutTeam)?;
            Ok((Target::Team(team.id), (PassedTo::Team, team.name)))
        }
    }
}

async fn first_team(tx: &TenantTx, brand: BrandId) -> Result<Option<Team>, StoreError> {
    let teams = team::list(tx).await?;
    Ok(teams.into_iter().filter(|team| team.brand_id == Some(brand)).min_by_key(|team| team.position))
}
