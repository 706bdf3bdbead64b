//! The books: who is here, who has what in hand, who waits for what. Production keeps them in tables; and the checker's own
//! reading of who could take whom, which shares nothing with the decision code.

use std::collections::BTreeSet;

use desk::ConversationId;
use desk::assignment_policy::LanguageRule;
use desk::queue::Reason;
use desk::skill::{Demand, Demands};
use infra::{Id, Timestamp};
use routing::assignment::{Offer, Seat, Ticket};
use tenant::agent::Availability;
use uuid::Uuid;

use super::company::{CHANNELS, Climb, Company, Policy, agent, skill, team};

/// Milliseconds of the virtual clock.
pub(super) type Ms = u64;

pub(super) fn instant(at: Ms) -> Timestamp {
    chrono::DateTime::from_timestamp_millis(1_800_000_000_000 + at.cast_signed()).unwrap_or_default()
}

pub(super) fn moment(at: Timestamp) -> Ms {
    (at.timestamp_micros() - 1_800_000_000_000_000).max(0).unsigned_abs().div_ceil(1_000)
}

pub(super) fn ms(seconds: f64) -> Ms {
    (seconds * 1_000.0) as Ms
}

pub(super) fn conversation(n: usize) -> ConversationId {
    // Strewn, as ids are whose order is time and whose end is chance.
    let mixed = (n as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Id::from_uuid(Uuid::from_u128(((n as u128) << 80) | (mixed >> 48)))
}

/// Which of the day's conversations this is.
pub(super) fn number_of(id: ConversationId) -> usize {
    let n = (id.uuid().as_u128() >> 80) as usize;
    debug_assert_eq!(conversation(n), id);
    n
}

/// Where a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Line,
    Offered { to: usize, until: Ms },
    Hand { of: usize, since: Ms },
    Over,
}

/// A conversation.
#[derive(Debug, Clone)]
pub(super) struct Chat {
    pub(super) team: Option<usize>,
    pub(super) required: Vec<(usize, u8)>,
    pub(super) preferred: Vec<(usize, u8)>,
    pub(super) chinese: bool,
    pub(super) channel: usize,
    pub(super) vip: bool,
    pub(super) rank: i16,
    pub(super) entered: Ms,
    pub(super) since: Ms,
    /// How long it takes, as a multiple of the company's median.
    pub(super) needs: f64,
    pub(super) last: Option<usize>,
    pub(super) only: Option<usize>,
    pub(super) declined: BTreeSet<usize>,
    pub(super) last_offer: Option<Ms>,
    pub(super) reason: Reason,
    pub(super) state: State,
    /// Rises with every change of state, so that what was meant for an earlier one is known to be late.
    pub(super) turn: u32,
    /// As much as it had been relaxed when last looked at.
    pub(super) relaxed: Option<Asks>,
}

/// An agent at work.
#[derive(Debug, Clone, Default)]
pub(super) struct Post {
    pub(super) on_shift: bool,
    pub(super) connected: bool,
    pub(super) away: bool,
    /// In hand or on offer: places taken.
    pub(super) used: u32,
    pub(super) channels: [u32; 2],
    pub(super) hand: BTreeSet<usize>,
    pub(super) missed: u32,
    pub(super) gone: u32,
    pub(super) last_assigned: Option<Timestamp>,
}

/// What a conversation asks for after a while, as the policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asks {
    pub(super) home: Option<usize>,
    /// `None` for everybody's.
    pub(super) teams: Option<BTreeSet<usize>>,
    pub(super) required: Vec<(usize, u8)>,
    pub(super) preferred: Vec<(usize, u8)>,
    pub(super) steps: usize,
}

/// Everything.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) company: Company,
    pub(super) posts: Vec<Post>,
    pub(super) chats: Vec<Chat>,
    /// Those in line or on offer.
    pub(super) line: BTreeSet<usize>,
}

impl Books {
    pub(super) fn new(company: Company) -> Self {
        let posts = vec![Post { connected: true, ..Post::default() }; company.people.len()];
        Self { posts, chats: Vec::new(), line: BTreeSet::new(), company }
    }

    pub(super) fn policy(&self, chat: &Chat) -> &Policy {
        &self.company.policies[chat.team.unwrap_or(self.company.teams)]
    }

    pub(super) fn takes(&self, agent: usize) -> bool {
        let post = &self.posts[agent];
        post.on_shift && post.connected && !post.away
    }

    pub(super) fn has_room(&self, agent: usize, chat: &Chat) -> bool {
        let (post, person) = (&self.posts[agent], &self.company.people[agent]);
        post.used + CHANNELS[chat.channel].1 <= person.capacity
            && post.channels[chat.channel] < person.most[chat.channel]
    }

    /// Puts a conversation on an agent's places, or takes it off.
    pub(super) fn occupy(&mut self, agent: usize, chat: usize, on: bool) {
        let (channel, post) = (self.chats[chat].channel, &mut self.posts[agent]);
        if on {
            post.used += CHANNELS[channel].1;
            post.channels[channel] += 1;
        } else {
            post.used -= CHANNELS[channel].1;
            post.channels[channel] -= 1;
        }
    }

    /// What it asks for at this moment.
    pub(super) fn asks(&self, chat: &Chat, now: Ms) -> Asks {
        let mut asks = Asks {
            home: chat.team,
            teams: chat.team.map(|team| [team].into()),
            required: chat.required.clone(),
            preferred: chat.preferred.clone(),
            steps: 0,
        };
        for (after, climb) in &self.policy(chat).ladder {
            if now < chat.since + Ms::from(*after) * 1_000 {
                break;
            }
            asks.steps += 1;
            match *climb {
                Climb::DropPreferred => asks.preferred.clear(),
                Climb::Lower(by) => {
                    asks.required.iter_mut().for_each(|(_, level)| *level = level.saturating_sub(by).max(1));
                }
                Climb::Widen(to) => asks.teams.iter_mut().for_each(|teams| {
                    teams.insert(to);
                }),
                Climb::Move(to) => (asks.home, asks.teams) = (Some(to), Some([to].into())),
                Climb::Everybody => asks.teams.iter_mut().for_each(|teams| teams.extend(0..self.company.teams)),
                Climb::Form => {}
            }
        }
        asks
    }

    pub(super) fn speaks(&self, agent: usize, chat: &Chat) -> bool {
        !chat.chinese || self.company.people[agent].chinese
    }

    /// Whether this agent could do it, with room or without.
    pub(super) fn capable(&self, agent: usize, chat: &Chat, asks: &Asks) -> bool {
        if let Some(only) = chat.only {
            return only == agent;
        }
        let person = &self.company.people[agent];
        asks.teams.as_ref().is_none_or(|teams| person.teams.iter().any(|team| teams.contains(team)))
            && asks.required.iter().all(|(skill, level)| person.skills[*skill] >= *level)
            && (self.policy(chat).rules.language != LanguageRule::Require || self.speaks(agent, chat))
    }

    /// Whether this agent should be given it, were it their turn.
    pub(super) fn may_take(&self, agent: usize, chat: &Chat, asks: &Asks, now: Ms) -> bool {
        self.takes(agent)
            && self.has_room(agent, chat)
            && self.capable(agent, chat, asks)
            && (!chat.declined.contains(&agent) || self.second_round(chat, asks, now))
    }

    /// Whether everybody who could take it now has declined, and was left in peace for a while.
    pub(super) fn second_round(&self, chat: &Chat, asks: &Asks, now: Ms) -> bool {
        let peace = self.policy(chat).rules.accept_seconds.map_or(30_000, |seconds| Ms::from(seconds) * 1_000);
        chat.only.is_none()
            && chat.last_offer.is_none_or(|at| at + peace <= now)
            && (0..self.posts.len())
                .filter(|agent| self.takes(*agent) && self.has_room(*agent, chat) && self.capable(*agent, chat, asks))
                .all(|agent| chat.declined.contains(&agent))
    }

    /// Its row in the line, as the decision code reads it.
    pub(super) fn ticket(&self, n: usize) -> Ticket {
        let chat = &self.chats[n];
        let demand = |(which, level): &(usize, u8)| Demand { skill_id: skill(*which), level: *level };
        Ticket {
            conversation: conversation(n),
            team: chat.team.map(team),
            rules: self.policy(chat).rules.clone(),
            policy: None,
            entered_at: instant(chat.entered),
            since: instant(chat.since),
            rank: chat.rank,
            vip: chat.vip,
            patient: false,
            demands: Demands {
                required: chat.required.iter().map(demand).collect(),
                preferred: chat.preferred.iter().map(demand).collect(),
            },
            language: Some(if chat.chinese { "zh" } else { "en" }.to_owned()),
            channel: CHANNELS[chat.channel].0.to_owned(),
            weight: CHANNELS[chat.channel].1,
            last_agent: chat.last.map(agent),
            only_agent: chat.only.map(agent),
            declined: chat.declined.iter().copied().map(agent).collect(),
            last_offer_at: chat.last_offer.map(instant),
            offer: match chat.state {
                State::Offered { to, until } => Some(Offer { to: agent(to), until: instant(until) }),
                State::Line | State::Hand { .. } | State::Over => None,
            },
            reason: chat.reason,
            step: 0,
            // The books keep everybody in the line that they came into.
            moved_from: [].into(),
        }
    }

    /// Brings a seat up to date, as the decision code reads it: what is on offer is not a load.
    pub(super) fn refresh(&self, n: usize, seat: &mut Seat) {
        let post = &self.posts[n];
        seat.here = post.connected && post.on_shift;
        seat.availability = if post.away { Availability::Away } else { Availability::Online };
        seat.last_assigned_at = post.last_assigned;
        seat.load = 0;
        seat.channel_load.values_mut().for_each(|load| *load = 0);
        for chat in &post.hand {
            let (name, weight) = CHANNELS[self.chats[*chat].channel];
            seat.load += weight;
            match seat.channel_load.get_mut(name) {
                Some(load) => *load += 1,
                None => {
                    seat.channel_load.insert(name.to_owned(), 1);
                }
            }
        }
    }

    /// Before whom it stands: less goes first.
    pub(super) fn place(&self, n: usize) -> (bool, i16, Ms, usize) {
        let chat = &self.chats[n];
        (!chat.vip, -chat.rank, chat.entered, n)
    }
}
