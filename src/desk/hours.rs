//! Office hours: when people are there, and the arithmetic of working time, across changes of the clock.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Time, tz::TimeZone};
use serde::Deserialize;

use crate::knowledge::moment::{instant, time, weekdays};

/// When people are there. The default is always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Hours {
    /// None of them: always.
    shifts: Vec<Shift>,
}

/// A time of day on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shift {
    /// Monday first.
    weekdays: [bool; 7],
    from: Time,
    to: Time,
    /// It ends on the day after.
    overnight: bool,
}

/// As it stands in `evenkeel.toml`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "hours are \"always\" or a list such as [\"weekdays 08:00-20:00\", \"sat 09:00-13:00\"]")]
enum Written {
    Word(String),
    Shifts(Vec<String>),
}

/// A text that does not say hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotHours {
    #[error(
        "`{0}` is not a shift: write `weekdays 08:00-20:00`, `daily 00:00-24:00`, `sat, sun 09:00-13:00` or `fri 20:00-02:00`"
    )]
    Shift(String),
    #[error("no hours at all: leave `hours` out, or write \"always\", if somebody is always there")]
    Empty,
}

impl TryFrom<Written> for Hours {
    type Error = NotHours;

    fn try_from(written: Written) -> Result<Self, NotHours> {
        match written {
            Written::Word(word) if word == "always" => Ok(Self::default()),
            Written::Word(word) => Self::parse(&[word]),
            Written::Shifts(shifts) => Self::parse(&shifts),
        }
    }
}

/// So many days before a moment lie the shifts that may reach it: one that began the evening before, and one for zones that skip a day.
const BEFORE: i32 = 3;

/// What follows within so many days is looked at first; further away is looked only where it is needed.
const AHEAD: i32 = 10;

/// Working time is counted at most this far: a shift that never adds up to it in ten years is no shift.
const LIMIT_DAYS: i32 = 3_660;

impl Hours {
    /// Reads shifts such as `weekdays 08:00-20:00`.
    pub fn parse<T: AsRef<str>>(shifts: &[T]) -> Result<Self, NotHours> {
        if shifts.is_empty() {
            return Err(NotHours::Empty);
        }
        if let [only] = shifts
            && only.as_ref().trim() == "always"
        {
            return Ok(Self::default());
        }
        let shift = |text: &T| shift(text.as_ref()).ok_or_else(|| NotHours::Shift(text.as_ref().to_owned()));
        Ok(Self { shifts: shifts.iter().map(shift).collect::<Result<_, _>>()? })
    }

    /// Whether somebody is always there by these hours.
    pub fn are_always(&self) -> bool {
        self.shifts.is_empty()
    }

    /// Whether somebody is there.
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        self.are_always() || self.open(at, zone, AHEAD).any(|(start, end)| start <= at && at < end)
    }

    /// When it opens the next time after `at`; None if it does not close within the next days.
    pub fn opens(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.open(at, zone, AHEAD).map(|(start, _)| start).find(|start| *start > at)
    }

    /// When it closes: the end of the shift at `at`, or of the next one; None if it does not close within the next days.
    pub fn closes(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let horizon = at.checked_add(SignedDuration::from_hours(24 * i64::from(AHEAD - 1))).ok()?;
        self.open(at, zone, AHEAD).map(|(_, end)| end).find(|end| *end > at).filter(|end| *end <= horizon)
    }

    /// The moment at which `working` time has passed since `at`. Of nothing: `at`, or the next opening.
    pub fn add(&self, at: Timestamp, working: SignedDuration, zone: &TimeZone) -> Timestamp {
        let plain = at.checked_add(working).unwrap_or(Timestamp::MAX);
        if self.are_always() {
            return plain;
        }
        let mut days = AHEAD;
        loop {
            let mut left = working.max(SignedDuration::ZERO);
            for (start, end) in self.open(at, zone, days) {
                let from = start.max(at);
                let there = end.duration_since(from);
                if there <= SignedDuration::ZERO {
                    continue;
                }
                if left <= there {
                    return from.checked_add(left).unwrap_or(Timestamp::MAX);
                }
                left -= there;
            }
            if days > LIMIT_DAYS {
                return plain;
            }
            days *= 4;
        }
    }

    /// The working time between two moments; nothing where `to` is not later.
    pub fn between(&self, from: Timestamp, to: Timestamp, zone: &TimeZone) -> SignedDuration {
        if to <= from {
            return SignedDuration::ZERO;
        }
        if self.are_always() {
            return to.duration_since(from);
        }
        let days = i32::try_from(to.duration_since(from).as_hours() / 24 + 2).unwrap_or(LIMIT_DAYS);
        let inside = self.open(from, zone, days).map(|(start, end)| {
            let there = end.min(to).duration_since(start.max(from));
            there.max(SignedDuration::ZERO)
        });
        inside.fold(SignedDuration::ZERO, |sum, part| sum + part)
    }

    /// The times at which somebody is there, in order and without overlap, from before `at` until `days` later.
    fn open(&self, at: Timestamp, zone: &TimeZone, days: i32) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = at.to_zoned(zone.clone()).date();
        let mut spans: Vec<(Timestamp, Timestamp)> = (-BEFORE..=days)
            .filter_map(|offset| today.checked_add(offset.days()).ok())
            .flat_map(|day| {
                let meant = move |shift: &&Shift| shift.weekdays[day.weekday().to_monday_zero_offset() as usize];
                self.shifts.iter().filter(meant).filter_map(move |shift| {
                    let last = if shift.overnight { day.tomorrow().ok()? } else { day };
                    let start = instant(day.to_datetime(shift.from), zone)?;
                    let end = instant(last.to_datetime(shift.to), zone)?;
                    (start < end).then_some((start, end))
                })
            })
            .collect();
        spans.sort_unstable();
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(spans.len());
        for (start, end) in spans {
            match joined.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        joined.into_iter()
    }
}

fn shift(text: &str) -> Option<Shift> {
    let (days, span) = text.trim().rsplit_once(' ')?;
    let (from, to) = span.split_once(['-', '–'])?;
    let from = time(from)?;
    let midnight = to == "24:00";
    let to = if midnight { Time::midnight() } else { time(to)? };
    if from == to && !midnight {
        return None;
    }
    Some(Shift { weekdays: weekdays(days)?, from, to, overnight: to <= from })
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<DateTime>().unwrap().to_zoned(zone("America/New_York")).unwrap().timestamp()
    }

    fn hours(shifts: &[&str]) -> Hours {
        Hours::parse(shifts).unwrap()
    }

    /// A Saturday.
    const DAY: &str = "2026-11-14";

    #[rstest]
    #[case("08:59", false)]
    #[case("09:00", true)]
    #[case("12:59", true)]
    #[case("13:00", false)]
    fn a_shift_holds_from_its_first_minute_to_before_its_end(#[case] time: &str, #[case] open: bool) {
        let hours = hours(&["weekdays 08:00-20:00", "sat 09:00-13:00"]);
        assert_eq!(hours.is_open(at(&format!("{DAY}T{time}")), &zone("America/New_York")), open);
    }

    #[test]
    fn the_next_opening_is_found_over_a_weekend_and_a_night() {
        let zone = zone("America/New_York");
        let office = hours(&["weekdays 08:00-20:00", "sat 09:00-13:00"]);
        let closed = at("2026-11-14T13:00");
        assert_eq!(office.opens(closed, &zone), Some(at("2026-11-16T08:00")));
        assert_eq!(office.closes(closed, &zone), Some(at("2026-11-16T20:00")));
        let night = hours(&["fri, sat 20:00-02:00"]);
        assert!(night.is_open(at("2026-11-15T01:59"), &zone) && !night.is_open(at("2026-11-15T02:00"), &zone));
    }

    #[test]
    fn who_is_always_there_neither_opens_nor_closes() {
        let zone = zone("America/New_York");
        for hours in [
            Hours::default(),
            hours(&["always"]),
            hours(&["daily 00:00-24:00"]),
            hours(&["daily 07:00-19:00", "daily 19:00-07:00"]),
        ] {
            let now = at("2026-11-14T03:00");
            assert!(hours.is_open(now, &zone));
            assert_eq!((hours.opens(now, &zone), hours.closes(now, &zone)), (None, None), "{hours:?}");
            let day = SignedDuration::from_hours(24);
            assert_eq!(hours.add(now, day, &zone), now + day);
        }
    }

    #[test]
    fn working_time_passes_only_while_somebody_is_there() {
        let zone = zone("America/New_York");
        let office = hours(&["weekdays 08:00-20:00"]);
        let minutes = SignedDuration::from_mins;
        // Friday evening, ten minutes before the weekend.
        assert_eq!(office.add(at("2026-11-13T19:50"), minutes(30), &zone), at("2026-11-16T08:20"));
        assert_eq!(office.add(at("2026-11-14T12:00"), SignedDuration::ZERO, &zone), at("2026-11-16T08:00"));
        assert_eq!(office.between(at("2026-11-13T19:50"), at("2026-11-16T08:20"), &zone), minutes(30));
        // Twelve hours a day: ten weeks of work.
        assert_eq!(office.add(at("2026-11-16T08:00"), SignedDuration::from_hours(600), &zone), at("2027-01-22T20:00"));
    }

    #[test]
    fn a_shift_over_the_change_of_the_clock_is_as_long_as_it_is() {
        let zone = zone("America/New_York");
        let night = hours(&["daily 22:00-06:00"]);
        let between = |from: &str, to: &str| night.between(at(from), at(to), &zone).as_hours();
        assert_eq!(between("2026-10-31T22:00", "2026-11-01T06:00"), 9, "the clocks go back");
        assert_eq!(between("2027-03-13T22:00", "2027-03-14T06:00"), 7, "the clocks go forward");
    }

    #[rstest]
    #[case("")]
    #[case("08:00-20:00")]
    #[case("weekdays 8-20")]
    #[case("weekdays 08:00-08:00")]
    #[case("weekdays 08:00")]
    #[case("someday 08:00-20:00")]
    #[case("weekdays 08:00-25:00")]
    fn anything_else_is_refused(#[case] text: &str) {
        assert_eq!(Hours::parse(&[text]), Err(NotHours::Shift(text.to_owned())));
    }

    prop_compose! {
        fn shifts()(list in prop::collection::vec(
            (prop::array::uniform7(any::<bool>()), 0_i8..24, 0_i8..60, 0_i8..24, 0_i8..60), 1..4)) -> Hours {
            let shifts = list.into_iter().map(|(mut weekdays, hour, minute, to_hour, to_minute)| {
                weekdays[0] |= !weekdays.contains(&true);
                let from = Time::constant(hour, minute, 0, 0);
                let to = Time::constant(to_hour, to_minute, 0, 0);
                Shift { weekdays, from, to, overnight: to <= from }
            });
            Hours { shifts: shifts.collect() }
        }
    }

    proptest! {
        #[test]
        fn working_time_adds_up_across_changes_of_the_clock(
            hours in shifts(),
            // Around the changes of 2026 and 2027, and where a zone skipped a whole day.
            second in prop_oneof![1_774_000_000_i64..1_775_200_000, 1_792_000_000_i64..1_794_000_000, 1_325_000_000_i64..1_325_500_000],
            minutes in 0_i64..6_000,
            zone_name in prop::sample::select(vec!["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "UTC"]),
        ) {
            let zone = zone(zone_name);
            let now = Timestamp::from_second(second).unwrap();
            let working = SignedDuration::from_mins(minutes);
            let due = hours.add(now, working, &zone);
            prop_assert!(due >= now + working || due >= now && working.is_zero(), "nobody works faster than the clock");
            prop_assert_eq!(hours.between(now, due, &zone), working);
            // In two steps as in one.
            let half = hours.add(now, working / 2, &zone);
            prop_assert_eq!(hours.add(half, working - working / 2, &zone), due);
            // Due at a time when somebody is there, or at the end of a shift.
            let just_before = due - SignedDuration::from_secs(1);
            prop_assert!(hours.is_open(due, &zone) || hours.is_open(just_before, &zone));
        }

        #[test]
        fn openings_and_closings_alternate(
            hours in shifts(),
            second in 1_774_000_000_i64..1_794_000_000,
            zone_name in prop::sample::select(vec!["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]),
        ) {
            let zone = zone(zone_name);
            let now = Timestamp::from_second(second).unwrap();
            if let Some(opens) = hours.opens(now, &zone) {
                prop_assert!(opens > now && hours.is_open(opens, &zone));
                prop_assert!(!hours.is_open(opens - SignedDuration::from_secs(1), &zone));
            }
            if let Some(closes) = hours.closes(now, &zone) {
                prop_assert!(closes > now && !hours.is_open(closes, &zone));
                prop_assert!(hours.is_open(closes - SignedDuration::from_secs(1), &zone));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _ = Hours::parse(&[text]);
        }
    }
}
