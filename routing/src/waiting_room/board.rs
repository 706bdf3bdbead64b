//! The queue board: who waits for what and how long, and who could take them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use desk::opening::Hours;
use desk::queue::{self, Reason, Thresholds};
use desk::skill::Demand;
use desk::team::{self, TeamId};
use desk::waiting_room::{self, Said, Waiter};
use desk::{ContactId, ConversationId, SkillId, inbox, sight};
use infra::database::StoreError;
use serde::Serialize;
use tenant::agent::Availability;
use tenant::{AgentId, Member, Scope, TenantTx};

use super::line::Place;
use super::standing::Estimate;
use crate::Routing;
use crate::assignment::{Floor, Seat, Ticket, effective, floor};

/// The contact of a conversation that waits.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BoardContact {
    /// Who.
    pub id: ContactId,
    /// Their name, once known.
    pub name: Option<String>,
    /// Their address, once known.
    pub email: Option<String>,
}

/// A conversation that waits.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BoardEntry {
    /// Which.
    pub conversation_id: ConversationId,
    /// Its number, for people.
    pub number: i64,
    /// Whose.
    pub contact: BoardContact,
    /// In whose line it stands by now; null for the line of the whole company.
    pub team_id: Option<TeamId>,
    /// Its place in that line.
    pub position: u32,
    /// Since when it waits for this answer; it keeps an older place in line.
    pub since: DateTime<Utc>,
    /// When it first came into line in this episode.
    pub entered_at: DateTime<Utc>,
    /// By priority: 0 (low) to 3 (urgent).
    pub rank: i16,
    /// Whether it goes before those who are not.
    pub vip: bool,
    /// What it requires by now.
    pub required: Vec<Demand>,
    /// What it prefers by now.
    pub preferred: Vec<Demand>,
    /// The visitor's language.
    pub language: Option<String>,
    /// How many rungs of the ladder were taken.
    pub step: u16,
    /// How many there are.
    pub steps: u16,
    /// When the next one is taken.
    pub next_step_at: Option<DateTime<Utc>>,
    /// Who is being asked.
    pub offered_to: Option<AgentId>,
    /// Until when.
    pub offered_until: Option<DateTime<Utc>>,
    /// Why it waits.
    pub reason: Reason,
    /// What the visitor was told of how long it will take.
    pub estimate: Option<Estimate>,
    /// Whether the visitor has left a message, or waits to be called or written to.
    pub patient: bool,
    /// Whether it came when the line was full.
    pub turned_away: bool,
}

/// An agent on the floor.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BoardAgent {
    /// Who.
    pub agent_id: AgentId,
    /// Whether they are connected.
    pub here: bool,
    /// What they have chosen.
    pub availability: Availability,
    /// How much they have, offers included, in hundredths of a conversation.
    pub load: u32,
    /// How much they take.
    pub capacity: u32,
    /// Their teams.
    pub team_ids: Vec<TeamId>,
    /// What they can do.
    pub skills: BTreeMap<SkillId, u8>,
}

/// A line.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BoardTeam {
    /// Whose; null for the line of the whole company.
    pub team_id: Option<TeamId>,
    /// Whether it is open now.
    pub open: bool,
    /// When it opens next; null while it is open, and when it is not known.
    pub opens_at: Option<DateTime<Utc>>,
    /// How many wait for somebody now.
    pub waiting: u32,
    /// How long the longest of them.
    pub longest_wait_seconds: Option<i64>,
    /// How many of its agents take conversations now.
    pub staffed: u32,
    /// How many of these have room for one more.
    pub free: u32,
}

/// The queue board.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct QueueBoard {
    /// Who waits, in order.
    pub waiting: Vec<BoardEntry>,
    /// Who could take them.
    pub agents: Vec<BoardAgent>,
    /// The lines: the company's own first, then those of its teams.
    pub teams: Vec<BoardTeam>,
    /// Past which numbers the board raises its voice.
    pub thresholds: Thresholds,
}

/// Reads the board, as a member sees it. Places in line are those that everybody has; who is out of sight is left out.
pub async fn board(routing: &Routing, scope: &Scope<Member>) -> Result<QueueBoard, StoreError> {
    let tenant = &scope.tenant;
    // Before a connection is taken: a cache that hangs must not hold one.
    let here = routing.presence.who(tenant.id(), tenant.now()).await;
    let (tx, in_sight, own_teams) = open(scope).await?;
    let is_seen = |conversation| in_sight.as_ref().is_none_or(|seen| seen.contains(&conversation));
    let mut floor = floor::load(&tx, &here, floor::Depth::Whole).await?;
    let waiters: HashMap<ConversationId, Waiter> =
        waiting_room::waiters(&tx).await?.into_iter().map(|waiter| (waiter.conversation, waiter)).collect();
    let said: HashMap<ConversationId, Said> =
        waiting_room::said(&tx).await?.into_iter().map(|said| (said.conversation, said)).collect();
    let hours = Hours::load(&tx).await?;
    let teams = team::list(&tx).await?;
    // Where nothing else is said, the company is as its first door is.
    let door = inbox::list(&tx).await?.first().map(|inbox| inbox.id);
    let now = tx.now();

    let mut positions: BTreeMap<Option<TeamId>, u32> = BTreeMap::new();
    let mut waiting = Vec::with_capacity(floor.floor.tickets.len());
    let mut lines: BTreeMap<Option<TeamId>, (u32, Option<DateTime<Utc>>)> = BTreeMap::new();
    for ticket in floor.floor.line() {
        let reach = effective(ticket, &floor.floor.brands, now);
        let position = positions.entry(reach.team).or_default();
        *position += 1;
        let Some(waiter) = waiters.get(&ticket.conversation).filter(|waiter| is_seen(waiter.conversation)) else {
            continue;
        };
        if !ticket.patient {
            let line = lines.entry(reach.team).or_default();
            line.0 += 1;
            line.1 = Some(line.1.map_or(ticket.since, |since| since.min(ticket.since)));
        }
        let estimate = said.get(&ticket.conversation).and_then(|said| said.place.get("estimate").cloned());
        waiting.push(BoardEntry {
            conversation_id: ticket.conversation,
            number: waiter.number,
            contact: BoardContact { id: waiter.contact, name: waiter.name.clone(), email: waiter.email.clone() },
            team_id: reach.team,
            position: *position,
            since: ticket.since,
            entered_at: ticket.entered_at,
            rank: ticket.rank,
            vip: ticket.vip,
            required: reach.required,
            preferred: reach.preferred,
            language: ticket.language.clone(),
            step: reach.step,
            steps: u16::try_from(ticket.rules.ladder.len()).unwrap_or(u16::MAX),
            next_step_at: reach.next_at,
            offered_to: ticket.offer.map(|offer| offer.to),
            offered_until: ticket.offer.map(|offer| offer.until),
            reason: ticket.reason,
            estimate: estimate.and_then(|estimate| serde_json::from_value(estimate).ok()),
            patient: ticket.patient,
            turned_away: floor.entries.get(&ticket.conversation).is_some_and(|entry| entry.turned_away),
        });
    }
    count_offers(&mut floor.floor);
    let seats = &floor.floor.seats;
    let line = |team: Option<TeamId>| {
        let (waiting, since) = lines.get(&team).copied().unwrap_or_default();
        let of_team = |seat: &&Seat| seat.takes() && team.is_none_or(|team| seat.teams.contains(&team));
        let opening = door.map(|door| hours.opening(team, door, now));
        BoardTeam {
            team_id: team,
            open: opening.is_none_or(|opening| opening.open),
            opens_at: opening.and_then(|opening| opening.opens_at),
            waiting,
            longest_wait_seconds: since.map(|since| (now - since).num_seconds().max(0)),
            staffed: count(seats.iter().filter(of_team)),
            free: count(seats.iter().filter(of_team).filter(|seat| seat.load < seat.capacity)),
        }
    };
    let teams = std::iter::once(None).chain(teams.iter().map(|team| Some(team.id)));
    let teams = teams.filter(|team| {
        own_teams.as_ref().is_none_or(|own| lines.contains_key(team) || team.is_some_and(|team| own.contains(&team)))
    });
    let teams = teams.map(line).collect();
    let agents = floor.floor.seats.iter().map(agent).collect();
    Ok(QueueBoard { waiting, agents, teams, thresholds: queue::thresholds(&tx).await? })
}

/// What is in sight of whoever looks, and which teams are theirs; none where everything is.
type Seen = (TenantTx, Option<BTreeSet<ConversationId>>, Option<BTreeSet<TeamId>>);

async fn open(scope: &Scope<Member>) -> Result<Seen, StoreError> {
    if !scope.who.sight.is_limited() {
        return Ok((scope.begin().await?, None, None));
    }
    let (in_sight, teams) = {
        let tx = scope.begin().await?;
        (sight::waiting(&tx).await?, team::of_agent(&tx, scope.who.agent_id).await?)
    };
    Ok((scope.tenant.begin().await?, Some(in_sight), Some(teams)))
}

fn count<'a>(seats: impl Iterator<Item = &'a Seat>) -> u32 {
    u32::try_from(seats.count()).unwrap_or(u32::MAX)
}

fn agent(seat: &Seat) -> BoardAgent {
    BoardAgent {
        agent_id: seat.agent,
        here: seat.here,
        availability: seat.availability,
        load: seat.load,
        capacity: seat.capacity,
        team_ids: seat.teams.iter().copied().collect(),
        skills: seat.skills.clone(),
    }
}

/// A place that is kept for an answer is taken.
fn count_offers(floor: &mut Floor) {
    let offers: Vec<(AgentId, u32)> =
        floor.tickets.iter().filter_map(|ticket: &Ticket| Some((ticket.offer?.to, ticket.weight))).collect();
    for (agent, weight) in offers {
        if let Some(seat) = floor.seats.iter_mut().find(|seat| seat.agent == agent) {
            seat.load = seat.load.saturating_add(weight);
        }
    }
}

/// What a visitor is told who asks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WidgetQueue {
    /// The conversation that waits; null when none does.
    pub conversation_id: Option<ConversationId>,
    /// Where they stand; null when they do not wait.
    pub queue: Option<Place>,
}

/// Where a visitor stands.
pub async fn of_visitor(routing: &Routing, scope: &tenant::Scope<tenant::Visitor>) -> Result<WidgetQueue, StoreError> {
    let nowhere = WidgetQueue { conversation_id: None, queue: None };
    let read = async || {
        let tx = scope.begin().await?;
        let latest = desk::conversation::latest_of_contact(&tx, scope.who.contact_id, scope.who.inbox_id).await?;
        let Some(conversation) = latest.filter(desk::Conversation::is_waiting) else { return Ok(None) };
        let said = waiting_room::said_of(&tx, conversation.id).await?;
        Ok::<_, StoreError>(Some((conversation, said)))
    };
    let mut found = read().await?;
    if let Some((conversation, said)) = &found
        && said.as_ref().is_none_or(|said| said.episode != conversation.episode)
    {
        // Just come, and not told yet.
        super::refresh_now(routing, scope.tenant.id()).await?;
        found = read().await?;
    }
    let Some((conversation, said)) = found else { return Ok(nowhere) };
    let place = said.and_then(|said| serde_json::from_value(said.place).ok());
    Ok(WidgetQueue { conversation_id: Some(conversation.id), queue: place })
}
