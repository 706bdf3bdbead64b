//! What each visitor in line is told, from what is known of the line. Pure.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::{DateTime, Utc};
use desk::opening::Opening;
use desk::waiting_room::{Said, Waiter};
use desk::{ConversationId, InboxId, TeamId};
use infra::Timestamp;
use serde::{Deserialize, Serialize};

use super::bar::{Shown, advance};
use super::standing::{Estimate, Standing};
use crate::assignment::{Floor, Ticket, effective};

/// What a visitor in line is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = QueuePlace)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that a page shows or does not")]
pub struct Place {
    /// Their place in line, from 1.
    pub position: u32,
    /// How many are before them.
    pub ahead: u32,
    /// How much longer; null when it cannot be known, as while nobody is here who could take them.
    pub estimate: Option<Estimate>,
    /// How far the bar has come, 0 to 1. Never less than before, unless `vip_insert`.
    pub progress: f32,
    /// Somebody was let in ahead since they were last told.
    pub vip_insert: bool,
    /// Whether anybody is here who could take them. Nobody knows how long it takes while nobody is.
    pub staffed: bool,
    /// Whether it is open now.
    pub open: bool,
    /// When it opens next; null while it is open, and when it is not known.
    pub opens_at: Option<DateTime<Utc>>,
    /// Whether they should be asked to leave a message instead.
    pub message_form: bool,
    /// Whether the line was full when they came. They wait for nobody then, until they leave a message or a number.
    pub full: bool,
    /// Whether they were told so without being asked for a message: nobody can be reached, and they write no more until somebody can.
    #[serde(default)]
    pub refused: bool,
    /// Whether they have left a message, or wait to be called or written to.
    pub patient: bool,
    /// Since when they wait.
    pub since: DateTime<Utc>,
}

impl Place {
    /// Whether somebody who was told this has to be told the other. Small steps of an estimate are no news.
    fn differs(&self, now: &Self) -> bool {
        let estimates = match (&self.estimate, &now.estimate) {
            (None, None) => false,
            (Some(was), Some(is)) => {
                far(was.seconds, is.seconds)
                    || far(was.low_seconds, is.low_seconds)
                    || far(was.high_seconds, is.high_seconds)
            }
            (None, Some(_)) | (Some(_), None) => true,
        };
        estimates
            || now.vip_insert
            || self.position != now.position
            || (self.progress - now.progress).abs() >= 0.01
            || (self.staffed, self.open, self.opens_at) != (now.staffed, now.open, now.opens_at)
            || self.since != now.since
            || (self.message_form, self.full, self.refused, self.patient)
                != (now.message_form, now.full, now.refused, now.patient)
    }
}

/// By ten seconds at least, and by a twentieth.
fn far(was: u32, is: u32) -> bool {
    was.abs_diff(is) >= 10.max(was / 20)
}

/// What has to be told.
#[derive(Debug, Default, PartialEq)]
pub(super) struct News {
    /// Who is told where they stand.
    pub(super) told: Vec<Said>,
    /// Who is told that they have left the line.
    pub(super) gone: Vec<Said>,
}

/// Everything that is known of the line.
pub(super) struct View<'a> {
    pub(super) floor: &'a Floor,
    pub(super) standings: &'a [Standing],
    pub(super) waiters: &'a HashMap<ConversationId, Waiter>,
    /// Who came when their line was full, and whether they were refused.
    pub(super) turned_away: &'a HashMap<ConversationId, bool>,
    pub(super) opening: &'a dyn Fn(Option<TeamId>, InboxId) -> Opening,
    pub(super) now: Timestamp,
}

impl View<'_> {
    /// Compares the line with what was said last.
    pub(super) fn news(&self, said: Vec<Said>) -> News {
        let tickets: BTreeMap<ConversationId, &Ticket> =
            self.floor.tickets.iter().map(|ticket| (ticket.conversation, ticket)).collect();
        let (mut last, gone): (HashMap<ConversationId, Said>, Vec<Said>) =
            said.into_iter().fold(Default::default(), |(mut last, mut gone), one| {
                if tickets.contains_key(&one.conversation) {
                    last.insert(one.conversation, one);
                } else {
                    gone.push(one);
                }
                (last, gone)
            });
        let told = self.standings.iter().filter_map(|standing| {
            let ticket = tickets.get(&standing.conversation)?;
            let waiter = self.waiters.get(&standing.conversation)?;
            let before = last.remove(&standing.conversation).filter(|said| said.episode == waiter.episode);
            self.tell(standing, ticket, waiter, before.as_ref())
        });
        News { told: told.collect(), gone }
    }

    fn tell(&self, standing: &Standing, ticket: &Ticket, waiter: &Waiter, before: Option<&Said>) -> Option<Said> {
        let was: Option<Place> = before.and_then(|said| serde_json::from_value(said.place.clone()).ok());
        let turned = self.turned_away.get(&ticket.conversation).copied();
        let (full, refused) = (turned.is_some(), turned.unwrap_or_default());
        // Whom nobody has let in has left nothing yet.
        let patient = ticket.patient && !full;
        // Another line's places, and those of people who wait for nothing live, say nothing of this one's.
        let comparable = before.is_some_and(|said| said.team == standing.team)
            && was.as_ref().is_some_and(|was| was.patient == patient);
        let shown = was.as_ref().map(|was| Shown {
            position: if comparable { was.position } else { standing.position },
            progress: was.progress,
        });
        let seconds = (self.now - ticket.since).as_seconds_f64().max(0.0);
        let bar = advance(shown, standing.position, seconds, standing.estimate.as_ref());
        let reach = effective(ticket, &self.floor.brands, self.now);
        let opening = (self.opening)(standing.team, waiter.inbox);
        let place = Place {
            position: standing.position,
            ahead: standing.position.saturating_sub(1),
            estimate: standing.estimate,
            progress: bar.progress,
            vip_insert: bar.inserted && !ticket.patient,
            staffed: standing.staffed > 0,
            open: opening.open,
            opens_at: opening.opens_at,
            message_form: if full { !refused } else { reach.message_form && !patient },
            full,
            refused,
            patient,
            since: ticket.since,
        };
        if was.is_some_and(|was| !was.differs(&place)) {
            return None;
        }
        Some(Said {
            conversation: standing.conversation,
            contact: waiter.contact,
            episode: waiter.episode,
            team: standing.team,
            place: serde_json::to_value(&place).ok()?,
            said_at: self.now,
        })
    }

    /// How many wait for somebody now, and since when the longest of them.
    pub(super) fn length(&self) -> (usize, Option<Timestamp>) {
        let live = self.floor.tickets.iter().filter(|ticket| !ticket.patient);
        (live.clone().count(), live.map(|ticket| ticket.since).min())
    }

    /// Everything a board shows of the line, in one number. Zero for an empty one.
    pub(super) fn digest(&self) -> i64 {
        if self.floor.tickets.is_empty() {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        for ticket in self.floor.line() {
            let reach = effective(ticket, &self.floor.brands, self.now);
            ticket.conversation.uuid().hash(&mut hasher);
            (reach.step, ticket.patient, ticket.vip, ticket.rank, ticket.since).hash(&mut hasher);
            reach.team.map(infra::Id::uuid).hash(&mut hasher);
            ticket.offer.map(|offer| (offer.to.uuid(), offer.until)).hash(&mut hasher);
        }
        hasher.finish().cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::plan::test_floor::{at, chat, floor, ticket};
    use infra::Id;
    use uuid::Uuid;

    fn waiter(n: u128) -> Waiter {
        Waiter {
            conversation: chat(n),
            number: 1,
            episode: 1,
            inbox: Id::from_uuid(Uuid::from_u128(1)),
            contact: Id::from_uuid(Uuid::from_u128(1000 + n)),
            name: None,
            email: None,
        }
    }

    fn standing(n: u128, position: u32, seconds: Option<u32>) -> Standing {
        let estimate = seconds.map(|seconds| Estimate { seconds, low_seconds: seconds / 2, high_seconds: seconds * 2 });
        Standing { conversation: chat(n), team: None, position, staffed: 1, estimate, uncorrected: estimate }
    }

    fn news(line: &[Standing], said: Vec<Said>, now: i64) -> News {
        let waiters: HashMap<ConversationId, Waiter> = (1..=9).map(|n| (chat(n), waiter(n))).collect();
        let tickets = line.iter().enumerate().map(|(place, standing)| Ticket {
            conversation: standing.conversation,
            ..ticket(1, i64::try_from(place).unwrap())
        });
        let view = View {
            floor: &floor(Vec::new(), tickets.collect()),
            standings: line,
            waiters: &waiters,
            turned_away: &HashMap::new(),
            opening: &|_, _| Opening { open: true, opens_at: None },
            now: at(now),
        };
        view.news(said)
    }

    fn place(said: &Said) -> Place {
        serde_json::from_value(said.place.clone()).unwrap()
    }

    #[test]
    fn only_who_has_news_is_told_and_who_has_left_is_told_once() {
        let line = [standing(1, 1, Some(100)), standing(2, 2, Some(200))];
        let first = news(&line, Vec::new(), 10);
        assert_eq!(first.told.len(), 2);
        assert_eq!(news(&line, first.told.clone(), 10), News::default());
        let little = [standing(1, 1, Some(97)), standing(2, 2, Some(203))];
        assert_eq!(news(&little, first.told.clone(), 10), News::default(), "some seconds are no news");

        let moved = news(&[standing(2, 1, Some(90))], first.told.clone(), 11);
        assert_eq!(moved.gone, first.told[..1]);
        assert_eq!(
            moved.told.iter().map(place).map(|place| (place.position, place.ahead)).collect::<Vec<_>>(),
            [(1, 0)]
        );
    }

    #[test]
    fn the_last_one_to_go_is_news_to_everybody_in_line() {
        let told = news(&[standing(1, 1, None)], Vec::new(), 10).told;
        assert!(place(&told[0]).staffed);
        let gone = news(&[Standing { staffed: 0, ..standing(1, 1, None) }], told, 10).told;
        assert!(!place(&gone[0]).staffed);
    }

    #[test]
    fn an_insert_is_said_once_and_the_bar_stays_where_it_is_otherwise() {
        let told = news(&[standing(1, 1, Some(100))], Vec::new(), 100).told;
        let inserted = news(&[standing(2, 1, Some(50)), standing(1, 2, Some(300))], told.clone(), 101).told;
        let mine = |all: &[Said]| place(all.iter().find(|said| said.conversation == chat(1)).unwrap());
        assert!(mine(&inserted).vip_insert && mine(&inserted).progress < mine(&told).progress);
        let again = news(&[standing(2, 1, Some(50)), standing(1, 2, Some(300))], inserted.clone(), 101);
        assert_eq!(again, News::default(), "it is not said twice");
        let worse = news(&[standing(1, 1, Some(900))], told.clone(), 102).told;
        assert!(!mine(&worse).vip_insert && mine(&worse).progress >= mine(&told).progress);
    }

    #[test]
    fn another_line_is_no_insert_and_another_episode_begins_anew() {
        let told = news(&[standing(1, 1, Some(100))], Vec::new(), 100).told;
        let team: TeamId = Id::from_uuid(Uuid::from_u128(5));
        let moved = Standing { team: Some(team), ..standing(1, 4, Some(100)) };
        let moved = news(&[moved], told.clone(), 101).told;
        assert!(!place(&moved[0]).vip_insert && place(&moved[0]).position == 4);
        let older = told.into_iter().map(|said| Said { episode: 0, ..said }).collect();
        let anew = news(&[standing(1, 1, Some(900))], older, 1).told;
        assert!(place(&anew[0]).progress < 0.01);
    }
}
