//! What people write down, and what is refused of it.

use std::collections::BTreeMap;

use infra::FieldFault;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Business hours as they are written and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HoursCalendar)]
pub struct Timetable {
    /// A zone of the IANA database, like `Asia/Shanghai`.
    #[schema(example = "Asia/Shanghai", max_length = 64)]
    pub time_zone: String,
    /// The usual week.
    #[serde(default)]
    pub weekly: Weekly,
    /// Days that are different; at most 400.
    #[serde(default)]
    pub special: Vec<SpecialDay>,
}

/// A week: the slots that begin on each day, at most 10 a day. No slots: closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = WeeklyHours)]
pub struct Weekly {
    /// Monday.
    pub mon: Vec<Slot>,
    /// Tuesday.
    pub tue: Vec<Slot>,
    /// Wednesday.
    pub wed: Vec<Slot>,
    /// Thursday.
    pub thu: Vec<Slot>,
    /// Friday.
    pub fri: Vec<Slot>,
    /// Saturday.
    pub sat: Vec<Slot>,
    /// Sunday.
    pub sun: Vec<Slot>,
}

impl Weekly {
    fn days(&self) -> [(&'static str, &[Slot]); 7] {
        [
            ("mon", &self.mon),
            ("tue", &self.tue),
            ("wed", &self.wed),
            ("thu", &self.thu),
            ("fri", &self.fri),
            ("sat", &self.sat),
            ("sun", &self.sun),
        ]
    }
}

/// Open from then to then, by the wall clock. An end that is not after the beginning is on the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HoursSlot)]
pub struct Slot {
    /// `00:00` to `23:59`.
    #[schema(example = "09:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub from: String,
    /// `00:00` to `24:00`.
    #[schema(example = "18:00", pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    pub to: String,
}

/// A day that is not like its weekday: its slots take the place of those that would begin on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecialDay {
    /// Which day.
    #[schema(example = "2026-10-01", pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    pub date: String,
    /// What day it is, up to 80 characters.
    #[serde(default)]
    #[schema(example = "National Day", max_length = 80)]
    pub name: String,
    /// When it is open all the same; none: closed.
    #[serde(default)]
    pub slots: Vec<Slot>,
}

/// A slot in minutes after the beginning of its day; the end is after the beginning, and on the next day from 1,440 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Minutes {
    pub(super) from: u16,
    pub(super) to: u16,
}

/// The minutes of a day.
pub(super) const DAY: u16 = 24 * 60;
const MOST_SLOTS: usize = 10;
const MOST_SPECIAL: usize = 400;
const LONGEST_NAME: usize = 80;

/// What a timetable means.
pub(super) struct Meaning {
    pub(super) zone: TimeZone,
    pub(super) week: [Vec<Minutes>; 7],
    pub(super) special: BTreeMap<Date, Vec<Minutes>>,
}

/// Makes sense of a timetable, or says all that makes none.
pub(super) fn read(timetable: &Timetable) -> Result<Meaning, Vec<FieldFault>> {
    let mut faults = Faults::default();
    let zone = zone(&timetable.time_zone, &mut faults);
    let week = timetable.weekly.days().map(|(day, slots)| faults.day(&format!("/weekly/{day}"), slots));
    for (index, (name, _)) in timetable.weekly.days().iter().enumerate() {
        let (today, tomorrow) = (week.get(index), week.get((index + 1) % 7));
        let runs_over = today.into_iter().flatten().map(|slot| slot.to.saturating_sub(DAY)).max().unwrap_or_default();
        if tomorrow.into_iter().flatten().any(|slot| slot.from < runs_over) {
            faults.add(&format!("/weekly/{name}"), "slots_overlap", "The last slot runs into the next day's first.");
        }
    }
    if timetable.special.len() > MOST_SPECIAL {
        faults.add("/special", "too_many", "At most 400 special days.");
    }
    let mut special = BTreeMap::new();
    for (index, day) in timetable.special.iter().take(MOST_SPECIAL).enumerate() {
        let place = format!("/special/{index}");
        let slots = faults.day(&format!("{place}/slots"), &day.slots);
        if day.name.chars().count() > LONGEST_NAME || day.name.chars().any(char::is_control) {
            faults.add(&format!("{place}/name"), "text_invalid", "One line of at most 80 characters.");
        }
        match date(&day.date) {
            None => faults.add(&format!("{place}/date"), "date_invalid", "A date is written like 2026-10-01."),
            Some(date) => {
                if special.insert(date, slots).is_some() {
                    faults.add(&format!("{place}/date"), "special_day_repeated", "This day is there already.");
                }
            }
        }
    }
    match zone {
        Some(zone) if faults.0.is_empty() => Ok(Meaning { zone, week, special }),
        _ => Err(faults.0),
    }
}

#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn add(&mut self, pointer: &str, code: &'static str, detail: &str) {
        self.0.push(FieldFault { pointer: pointer.to_owned(), code: code.into(), detail: detail.into() });
    }

    /// The slots of a day in order.
    fn day(&mut self, place: &str, slots: &[Slot]) -> Vec<Minutes> {
        if slots.len() > MOST_SLOTS {
            self.add(place, "too_many", "At most 10 slots a day.");
            return Vec::new();
        }
        let mut read = Vec::new();
        for (index, slot) in slots.iter().enumerate() {
            let (from, to) = (minute(&slot.from).filter(|from| *from < DAY), minute(&slot.to));
            for (field, minute) in [("from", from), ("to", to)] {
                if minute.is_none() {
                    self.add(&format!("{place}/{index}/{field}"), "time_invalid", "A time is written like 09:30.");
                }
            }
            if let (Some(from), Some(to)) = (from, to) {
                read.push(Minutes { from, to: if to <= from { to + DAY } else { to } });
            }
        }
        read.sort_unstable();
        if read.windows(2).any(|pair| matches!(pair, [one, next] if next.from < one.to)) {
            self.add(place, "slots_overlap", "Slots of a day may touch, but not overlap.");
        }
        read
    }
}

fn zone(name: &str, faults: &mut Faults) -> Option<TimeZone> {
    // The database forgives wrong case; what is stored should be what everybody else understands.
    let zone = TimeZone::get(name).ok().filter(|zone| zone.iana_name() == Some(name) && !zone.is_unknown());
    if zone.is_none() {
        faults.add("/time_zone", "time_zone_unknown", "A zone of the IANA database, like Asia/Shanghai.");
    }
    zone
}

/// `HH:MM`, up to `24:00`, as minutes.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |digits: &str| digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !two(hours) || !two(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY).then_some(minute)
}

/// `YYYY-MM-DD`.
fn date(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str, long: usize| text.len() == long && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(from: &str, to: &str) -> Slot {
        Slot { from: from.to_owned(), to: to.to_owned() }
    }

    fn refused(change: impl FnOnce(&mut Timetable)) -> Vec<(String, String)> {
        let weekly = Weekly { mon: vec![slot("09:00", "12:00"), slot("21:00", "02:00")], ..Weekly::default() };
        let special =
            vec![SpecialDay { date: "2026-10-01".to_owned(), name: "国庆节".to_owned(), slots: Vec::new() }];
        let mut timetable = Timetable { time_zone: "Asia/Shanghai".to_owned(), weekly, special };
        change(&mut timetable);
        let faults = read(&timetable).err().unwrap_or_default();
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    fn one(pointer: &str, code: &str) -> Vec<(String, String)> {
        vec![(pointer.to_owned(), code.to_owned())]
    }

    #[test]
    fn each_kind_of_nonsense_is_named_where_it_stands() {
        assert_eq!(refused(|_| {}), []);
        assert_eq!(refused(|t| t.time_zone = "Mars/Olympus".into()), one("/time_zone", "time_zone_unknown"));
        assert_eq!(refused(|t| t.time_zone = "asia/shanghai".into()), one("/time_zone", "time_zone_unknown"));
        assert_eq!(refused(|t| t.time_zone = "Etc/Unknown".into()), one("/time_zone", "time_zone_unknown"));
        for wrong in ["9:00", "24:00", "09:60", "0900", "+9:00", "", "09:00:00", "０9:00"] {
            assert_eq!(
                refused(|t| t.weekly.tue = vec![slot(wrong, "10:00")]),
                one("/weekly/tue/0/from", "time_invalid")
            );
        }
        assert_eq!(refused(|t| t.weekly.tue = vec![slot("09:00", "24:01")]), one("/weekly/tue/0/to", "time_invalid"));
        assert_eq!(refused(|t| t.weekly.mon.push(slot("11:59", "12:30"))), one("/weekly/mon", "slots_overlap"));
        assert_eq!(refused(|t| t.weekly.tue.push(slot("01:59", "08:00"))), one("/weekly/mon", "slots_overlap"));
        assert_eq!(refused(|t| t.weekly.sun.push(slot("20:00", "09:01"))), one("/weekly/sun", "slots_overlap"));
        assert_eq!(
            refused(|t| t.weekly.fri = (0..11).map(|n| slot(&format!("{n:02}:00"), &format!("{n:02}:30"))).collect()),
            one("/weekly/fri", "too_many")
        );
        assert_eq!(refused(|t| t.special[0].date = "2026-02-30".into()), one("/special/0/date", "date_invalid"));
        assert_eq!(refused(|t| t.special.push(t.special[0].clone())), one("/special/1/date", "special_day_repeated"));
        assert_eq!(refused(|t| t.special[0].name = "长".repeat(81)), one("/special/0/name", "text_invalid"));
        assert_eq!(
            refused(|t| t.special[0].slots = vec![slot("10:00", "11:00"), slot("10:30", "11:30")]),
            one("/special/0/slots", "slots_overlap")
        );
        let day = |n: u32| SpecialDay { date: format!("{}-01-01", 2000 + n), name: String::new(), slots: Vec::new() };
        assert_eq!(refused(|t| t.special = (0..401).map(day).collect()), one("/special", "too_many"));
    }

    #[test]
    fn slots_may_touch_and_last_the_whole_day() {
        assert_eq!(refused(|t| t.weekly.tue = vec![slot("02:00", "09:00"), slot("09:00", "24:00")]), []);
        assert_eq!(refused(|t| t.weekly.wed = vec![slot("00:00", "00:00")]), []);
        assert_eq!(refused(|t| t.weekly.wed = vec![slot("00:00", "24:00")]), []);
    }

    #[test]
    fn it_is_written_as_documented_and_nothing_else_is_understood() {
        let text = r#"{"time_zone":"Asia/Shanghai","weekly":{"mon":[{"from":"09:00","to":"12:00"}]},
            "special":[{"date":"2026-10-01","name":"National Day","slots":[]}]}"#;
        let timetable: Timetable = serde_json::from_str(text).unwrap();
        assert_eq!(timetable.weekly.mon, [slot("09:00", "12:00")]);
        assert_eq!(serde_json::from_str::<Timetable>(&serde_json::to_string(&timetable).unwrap()).unwrap(), timetable);
        assert!(serde_json::from_str::<Timetable>(r#"{"time_zone":"UTC","weekly":{"monday":[]}}"#).is_err());
    }
}
