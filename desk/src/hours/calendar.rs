//! A timetable that makes sense, and the questions it answers.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use infra::{FieldFault, Timestamp};
use jiff::civil::{Date, DateTime as WallClock, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Serialize};

use super::timetable::{DAY, Minutes, Timetable, read};

/// Open from then until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = OpenSpan)]
pub struct Span {
    /// The first instant.
    pub opens_at: DateTime<Utc>,
    /// The first instant after it.
    pub closes_at: DateTime<Utc>,
}

/// Business hours that can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Timetable", into = "Timetable")]
pub struct Calendar {
    timetable: Timetable,
    zone: TimeZone,
    week: [Vec<Minutes>; 7],
    special: BTreeMap<Date, Vec<Minutes>>,
}

/// How far ahead an opening or closing is looked for: a calendar of special days alone knows no more.
const HORIZON: TimeDelta = TimeDelta::days(2 * 366);
/// How far ahead open time is counted.
const FAR_HORIZON: TimeDelta = TimeDelta::days(10 * 366);

/// Why a timetable makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the timetable makes no sense: {}", .0.iter().map(|fault| fault.code.as_str()).collect::<Vec<_>>().join(", "))]
pub struct Nonsense(pub Vec<FieldFault>);

impl TryFrom<Timetable> for Calendar {
    type Error = Nonsense;

    fn try_from(timetable: Timetable) -> Result<Self, Nonsense> {
        Self::new(timetable).map_err(Nonsense)
    }
}

impl From<Calendar> for Timetable {
    fn from(calendar: Calendar) -> Self {
        calendar.timetable
    }
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.timetable == other.timetable
    }
}
impl Eq for Calendar {}

impl Calendar {
    /// Makes sense of a timetable, or names all that makes none: pointers begin at the timetable.
    pub fn new(timetable: Timetable) -> Result<Self, Vec<FieldFault>> {
        let meaning = read(&timetable)?;
        Ok(Self { timetable, zone: meaning.zone, week: meaning.week, special: meaning.special })
    }

    /// As it was written.
    pub fn timetable(&self) -> &Timetable {
        &self.timetable
    }

    /// Whether it is open.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.spans(at, at).next().is_some_and(|span| span.opens_at <= at)
    }

    /// When it opens next after this instant; `None` when not within two years.
    pub fn next_opening(&self, after: Timestamp) -> Option<Timestamp> {
        self.spans(after, after + HORIZON).map(|span| span.opens_at).find(|opens_at| *opens_at > after)
    }

    /// When it closes next after this instant; `None` when not within two years.
    pub fn next_closing(&self, after: Timestamp) -> Option<Timestamp> {
        let end = after + HORIZON;
        self.spans(after, end).map(|span| span.closes_at).next().filter(|closes_at| *closes_at < end)
    }

    /// When it is open between two instants: in order, apart, cut at both.
    pub fn open_spans(&self, from: Timestamp, until: Timestamp) -> Vec<Span> {
        self.spans(from, until)
            .map(|span| Span { opens_at: span.opens_at.max(from), closes_at: span.closes_at.min(until) })
            .take_while(|span| span.opens_at < until)
            .collect()
    }

    /// How long it is open between two instants.
    pub fn open_between(&self, from: Timestamp, until: Timestamp) -> TimeDelta {
        self.open_spans(from, until).into_iter().map(|span| span.closes_at - span.opens_at).sum()
    }

    /// When so much open time has passed; `None` when not within ten years.
    pub fn add_open(&self, from: Timestamp, time: TimeDelta) -> Option<Timestamp> {
        let mut left = time;
        if left <= TimeDelta::zero() {
            return Some(from);
        }
        for span in self.spans(from, from + FAR_HORIZON) {
            let opens_at = span.opens_at.max(from);
            let long = span.closes_at - opens_at;
            if left <= long {
                return Some(opens_at + left);
            }
            left -= long;
        }
        None
    }

    /// When it is open, from the span that is open at `from` on: in order, apart, whole, up to about `until`.
    fn spans(&self, from: Timestamp, until: Timestamp) -> Spans<'_> {
        let day = |at: Timestamp| self.zone.to_datetime(to_jiff(at)).date();
        // What began two days ago may go on: a slot lasts a day at most, and the clock may leap by another.
        let first = (0..2).fold(day(from), |day, _| day.yesterday().unwrap_or(day));
        let last = day(until).tomorrow().unwrap_or(Date::MAX);
        Spans { calendar: self, from, day: Some(first), last, today: Vec::new(), next: None }
    }

    /// The spans of the slots that begin on this day, the last one first.
    fn of_day(&self, date: Date) -> Vec<Span> {
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        let slots = self.special.get(&date).or_else(|| self.week.get(weekday));
        let spans = slots.into_iter().flatten().rev().filter_map(|slot| {
            let (opens_at, closes_at) = (self.reached(date, slot.from)?, self.reached(date, slot.to)?);
            (opens_at < closes_at).then_some(Span { opens_at, closes_at })
        });
        spans.collect()
    }

    /// When the wall clock first reaches this minute after the beginning of this day.
    fn reached(&self, date: Date, minute: u16) -> Option<Timestamp> {
        let date = (0..minute / DAY).try_fold(date, |date, _| date.tomorrow().ok())?;
        let (hour, minute) = (i8::try_from(minute % DAY / 60).ok()?, i8::try_from(minute % 60).ok()?);
        let wall = WallClock::from_parts(date, Time::new(hour, minute, 0, 0).ok()?);
        let instant = match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok()?,
            // Where a zone changed its law and not its clocks, a fold may be named that never was: then the clock shows this once.
            AmbiguousOffset::Fold { before, after } => {
                let first = before.to_timestamp(wall).ok()?;
                if self.zone.to_offset(first) == before { first } else { after.to_timestamp(wall).ok()? }
            }
            AmbiguousOffset::Gap { before, .. } => {
                let would_be = before.to_timestamp(wall).ok()?;
                let after = jiff::Timestamp::from_microsecond(would_be.as_microsecond() + 1).ok()?;
                self.zone.preceding(after).next()?.timestamp()
            }
        };
        Timestamp::from_timestamp_micros(instant.as_microsecond())
    }
}

/// Days become spans, and spans that touch become one.
struct Spans<'a> {
    calendar: &'a Calendar,
    from: Timestamp,
    day: Option<Date>,
    last: Date,
    today: Vec<Span>,
    next: Option<Span>,
}

impl Spans<'_> {
    fn raw(&mut self) -> Option<Span> {
        loop {
            if let Some(span) = self.today.pop() {
                return Some(span);
            }
            let day = self.day.filter(|day| *day <= self.last)?;
            self.today = self.calendar.of_day(day);
            self.day = day.tomorrow().ok();
        }
    }
}

impl Iterator for Spans<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        loop {
            let mut span = self.next.take().or_else(|| self.raw())?;
            loop {
                match self.raw() {
                    Some(more) if more.opens_at <= span.closes_at => {
                        span.closes_at = span.closes_at.max(more.closes_at);
                    }
                    other => {
                        self.next = other;
                        break;
                    }
                }
            }
            if span.closes_at > self.from {
                return Some(span);
            }
        }
    }
}

/// Instants are kept to microseconds everywhere; outside of what jiff can name there are no business hours.
fn to_jiff(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.timestamp_micros()).unwrap_or(jiff::Timestamp::MAX)
}
