//! The engine against a scan that looks at the wall clock in every single minute of five years, in twenty zones.

use chrono::{NaiveDate, TimeDelta};
use infra::Timestamp;
use jiff::tz::TimeZone;
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq};
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use super::{Calendar, Slot, Span, SpecialDay, Timetable, Weekly};

/// Zones with half hours and quarters, with half an hour, two hours or a negative hour of summer time, on both sides of the
/// date line, with changes by the moon, by law and never.
const ZONES: [&str; 20] = [
    "UTC",
    "Asia/Shanghai",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Europe/Berlin",
    "Europe/Dublin",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Nuuk",
    "Antarctica/Troll",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
];

const MINUTES_OF_DAY: usize = 1_440;

fn start() -> NaiveDate {
    NaiveDate::from_ymd_opt(2023, 1, 1).unwrap()
}

/// Days scanned.
const DAYS: usize = 5 * 365 + 1;

fn time(minute: usize) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Slots of a day that do not overlap; one in four runs past midnight.
fn slots() -> impl Strategy<Value = Vec<(usize, usize)>> {
    // As many around midnight, when clocks change, as in all the rest of the day.
    let quarter = proptest::prop_oneof![0_usize..16, 0_usize..96, 86_usize..96];
    (vec(quarter, 0..9), proptest::bool::weighted(0.25), 0_usize..5).prop_map(|(mut quarters, over, late)| {
        quarters.sort_unstable();
        quarters.dedup();
        let mut slots: Vec<(usize, usize)> =
            quarters.chunks_exact(2).map(|pair| (pair[0] * 15 + 7, pair[1] * 15 + pair[0] % 15)).collect();
        slots.retain(|slot| slot.0 < slot.1);
        let end = slots.last().map_or(0, |slot| slot.1);
        if over && end < 1_320 {
            slots.push((1_320, MINUTES_OF_DAY + late * 45));
        }
        slots
    })
}

type Days = ([Vec<(usize, usize)>; 7], std::collections::BTreeMap<usize, Vec<(usize, usize)>>);

fn calendars() -> impl Strategy<Value = Days> {
    (proptest::array::uniform7(slots()), btree_map(0..DAYS, slots(), 0..60)).prop_map(|(mut week, special)| {
        // What runs over must not overlap what begins the next day: the small hours are given up.
        for day in 0..7 {
            let over = week[day].last().map_or(0, |slot| slot.1.saturating_sub(MINUTES_OF_DAY));
            week[(day + 1) % 7].retain(|slot| slot.0 >= over);
        }
        (week, special)
    })
}

fn timetable(zone: &str, (week, special): &Days) -> Timetable {
    let write = |slots: &[(usize, usize)]| -> Vec<Slot> {
        slots
            .iter()
            .map(|slot| Slot { from: time(slot.0), to: time(if slot.1 > 1_440 { slot.1 - 1_440 } else { slot.1 }) })
            .collect()
    };
    let [mon, tue, wed, thu, fri, sat, sun] = week.each_ref().map(|slots| write(slots));
    let special = special.iter().map(|(day, slots)| SpecialDay {
        date: (start() + TimeDelta::days(i64::try_from(*day).unwrap())).to_string(),
        name: String::new(),
        slots: write(slots),
    });
    Timetable {
        time_zone: zone.to_owned(),
        weekly: Weekly { mon, tue, wed, thu, fri, sat, sun },
        special: special.collect(),
    }
}

/// Whether it is open, for each minute of the wall clock.
fn by_the_wall((week, special): &Days) -> Vec<bool> {
    let mut open = vec![false; (DAYS + 3) * MINUTES_OF_DAY];
    for day in 0..DAYS {
        // The first day of 2023 was a Sunday.
        let slots = special.get(&day).unwrap_or(&week[(day + 6) % 7]);
        for (from, to) in slots {
            open[day * MINUTES_OF_DAY + from..day * MINUTES_OF_DAY + to].fill(true);
        }
    }
    open
}

/// Whether it is open, for each minute of the world, with what the wall clock shows at most so far.
fn by_scanning(zone: &str, days: &Days) -> Vec<bool> {
    let wall = by_the_wall(days);
    let zone = TimeZone::get(zone).unwrap();
    let begin = instant(0);
    let mut furthest = i64::MIN;
    let mut open = Vec::with_capacity(DAYS * MINUTES_OF_DAY);
    // No zone of these has changed its clocks but at a quarter of an hour.
    for quarter in (0..i64::try_from(DAYS * MINUTES_OF_DAY).unwrap()).step_by(15) {
        let at = jiff::Timestamp::from_second(begin.timestamp() + quarter * 60).unwrap();
        let offset = i64::from(zone.to_offset(at).seconds()) / 60;
        for minute in quarter..quarter + 15 {
            furthest = furthest.max(minute + offset);
            open.push(usize::try_from(furthest).is_ok_and(|shown| wall[shown]));
        }
    }
    open
}

fn instant(minute: usize) -> Timestamp {
    start().and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::minutes(i64::try_from(minute).unwrap())
}

fn minute_of(at: Timestamp) -> usize {
    usize::try_from((at - instant(0)).num_minutes()).unwrap()
}

/// What the scan sees, minute by minute, is what the calendar says, by every question it answers.
fn agree(zone: &str, days: &Days) -> TestCaseResult {
    let scanned = by_scanning(zone, days);
    let calendar = Calendar::new(timetable(zone, days)).unwrap();
    // The edges of the scan do not know what began before them or ends behind them.
    let (first, last) = (3 * MINUTES_OF_DAY, scanned.len() - 3 * MINUTES_OF_DAY);
    let spans = calendar.open_spans(instant(first), instant(last));
    let mut said = vec![false; scanned.len()];
    for Span { opens_at, closes_at } in &spans {
        prop_assert!(opens_at < closes_at);
        said[minute_of(*opens_at)..minute_of(*closes_at)].fill(true);
    }
    let differs = (first..last).find(|minute| said[*minute] != scanned[*minute]);
    prop_assert_eq!(differs.map(instant), None, "{}", zone);
    prop_assert!(spans.windows(2).all(|pair| pair[0].closes_at < pair[1].opens_at));

    // Every question, at instants strewn over the years, with a step that shares no factor with days.
    for from in (first..last - 60 * MINUTES_OF_DAY).step_by(7_919) {
        let at = instant(from) + TimeDelta::seconds(17);
        let changes = |to: bool| {
            (from + 1..last).find(|minute| scanned[*minute] == to && scanned[*minute - 1] != to).map(instant)
        };
        prop_assert_eq!(calendar.is_open(at), scanned[from], "is_open {} {}", at, zone);
        let near = |found: Option<Timestamp>| found.filter(|found| *found < instant(last));
        prop_assert_eq!(near(calendar.next_opening(at)), changes(true), "next_opening {} {}", at, zone);
        prop_assert_eq!(near(calendar.next_closing(at)), changes(false), "next_closing {} {}", at, zone);
        let until = from + 1 + from % (30 * MINUTES_OF_DAY);
        let open = scanned[from..until].iter().filter(|open| **open).count();
        let between = calendar.open_between(instant(from), instant(until));
        prop_assert_eq!(between, TimeDelta::minutes(i64::try_from(open).unwrap()), "open_between {} {}", at, zone);
        let after = calendar.add_open(instant(from), TimeDelta::minutes(90));
        let mut left = 90;
        let counted = (from..last).find(|minute| {
            left -= i32::from(scanned[*minute]);
            left == 0
        });
        prop_assert_eq!(near(after), near(counted.map(|minute| instant(minute + 1))), "add_open {} {}", at, zone);
    }
    Ok(())
}

#[test]
fn the_calendar_says_what_a_scan_of_every_minute_sees() {
    for zone in ZONES {
        let mut runner = TestRunner::new(Config { cases: 1, max_shrink_iters: 30, ..Config::default() });
        if let Err(error) = runner.run(&calendars(), |days| agree(zone, &days)) {
            panic!("{zone}: {error}");
        }
    }
}

fn calendar(zone: &str, weekly: Weekly) -> Calendar {
    Calendar::new(Timetable { time_zone: zone.to_owned(), weekly, special: Vec::new() }).unwrap()
}

fn slot(from: &str, to: &str) -> Vec<Slot> {
    vec![Slot { from: from.to_owned(), to: to.to_owned() }]
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn an_hour_that_the_clock_leaps_over_begins_at_the_leap_or_is_over() {
    // 2026-03-08: at two it is three in New York.
    let begins = calendar("America/New_York", Weekly { sun: slot("02:30", "05:00"), ..Weekly::default() });
    let day = begins.open_spans(at("2026-03-08T00:00:00Z"), at("2026-03-09T00:00:00Z"));
    assert_eq!(day, [Span { opens_at: at("2026-03-08T07:00:00Z"), closes_at: at("2026-03-08T09:00:00Z") }]);
    let within = calendar("America/New_York", Weekly { sun: slot("02:10", "02:50"), ..Weekly::default() });
    assert_eq!(within.open_spans(at("2026-03-08T00:00:00Z"), at("2026-03-09T00:00:00Z")), []);
}

#[test]
fn an_hour_that_comes_twice_is_open_twice() {
    // 2026-11-01: at two it is one again in New York.
    let twice = calendar("America/New_York", Weekly { sun: slot("01:00", "02:00"), ..Weekly::default() });
    let day = twice.open_between(at("2026-11-01T00:00:00Z"), at("2026-11-02T00:00:00Z"));
    assert_eq!(day, TimeDelta::hours(2));
}

#[test]
fn a_new_law_that_changes_no_clock_changes_no_hours() {
    // On 29 October 2023 Greenland gave up one hour for ever and kept it as its winter time: nothing came twice.
    let late = calendar("America/Nuuk", Weekly { sat: slot("09:00", "23:02"), ..Weekly::default() });
    assert_eq!(late.next_closing(at("2023-10-28T12:00:00Z")), Some(at("2023-10-29T01:02:00Z")));
}

#[test]
fn a_day_that_never_was_has_no_hours() {
    // Samoa had no 30 December 2011, a Friday.
    let friday = calendar("Pacific/Apia", Weekly { fri: slot("09:00", "17:00"), ..Weekly::default() });
    let opens: Vec<_> = friday
        .open_spans(at("2011-12-20T00:00:00Z"), at("2012-01-10T00:00:00Z"))
        .into_iter()
        .map(|span| span.opens_at)
        .collect();
    assert_eq!(opens, [at("2011-12-23T19:00:00Z"), at("2012-01-05T19:00:00Z")]);
}

#[test]
fn what_never_closes_has_no_closing_and_what_never_opens_no_opening() {
    let all = || slot("00:00", "24:00");
    let week = Weekly { mon: all(), tue: all(), wed: all(), thu: all(), fri: all(), sat: all(), sun: all() };
    let always = calendar("Europe/Berlin", week);
    let now = at("2026-10-24T12:00:00Z");
    assert!(always.is_open(now));
    assert_eq!((always.next_closing(now), always.next_opening(now)), (None, None));
    assert_eq!(always.open_between(now, now + TimeDelta::days(9)), TimeDelta::days(9));
    assert_eq!(always.add_open(now, TimeDelta::hours(72)), Some(now + TimeDelta::hours(72)));
    let never = calendar("Europe/Berlin", Weekly::default());
    assert!(!never.is_open(now));
    assert_eq!((never.next_opening(now), never.next_closing(now)), (None, None));
    assert_eq!(never.add_open(now, TimeDelta::seconds(1)), None);
    assert_eq!(never.add_open(now, TimeDelta::zero()), Some(now));
}

#[test]
fn a_special_day_takes_the_place_of_what_begins_on_it() {
    let night = Weekly { thu: slot("21:00", "02:00"), fri: slot("09:00", "17:00"), ..Weekly::default() };
    let special =
        vec![SpecialDay { date: "2026-10-02".to_owned(), name: String::new(), slots: slot("10:00", "11:00") }];
    let calendar = Calendar::new(Timetable { time_zone: "UTC".to_owned(), weekly: night, special }).unwrap();
    assert_eq!(
        calendar.open_spans(at("2026-10-01T00:00:00Z"), at("2026-10-03T00:00:00Z")),
        [
            Span { opens_at: at("2026-10-01T21:00:00Z"), closes_at: at("2026-10-02T02:00:00Z") },
            Span { opens_at: at("2026-10-02T10:00:00Z"), closes_at: at("2026-10-02T11:00:00Z") },
        ]
    );
}
