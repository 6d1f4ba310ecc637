//! Moments as admins write them (`2026-11-14 02:40`, `daily at 07:00`, `mon, wed at 09:00`), durations (`26h`), and the
//! arithmetic on them in the incident's timezone.

use std::str::FromStr;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};

/// A point in time, or one that comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    Fixed(DateTime),
    Recurring {
        /// Monday first.
        weekdays: [bool; 7],
        /// Sorted, not empty.
        times: Vec<Time>,
    },
}

/// A day that has no such moment is followed by one at most a week later, plus a day for shifts of the clock.
const SEARCH_DAYS: i32 = 8;

impl Moment {
    /// The latest one that is not after `now`.
    pub fn latest(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        self.nearest(now, zone, (-SEARCH_DAYS..=0).rev(), |moments| moments.filter(|moment| *moment <= now).max())
    }

    /// The first one after `now`.
    pub fn next(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        // From yesterday on: a time that the clock skips may come a day late.
        self.nearest(now, zone, -1..=SEARCH_DAYS, |moments| moments.filter(|moment| *moment > now).min())
    }

    pub fn recurs(&self) -> bool {
        matches!(self, Self::Recurring { .. })
    }

    /// Whether the latest and the next one are never more than six days away.
    pub fn is_always_near(&self) -> bool {
        // On two days of the week the longer pause is six days.
        matches!(self, Self::Recurring { weekdays, .. } if weekdays.iter().filter(|day| **day).count() > 1)
    }

    /// What `choose` takes from the moments of the first of these days (counted from today) that has a fitting one, and of the
    /// day after it: where the clock jumps, a day's moments may lie behind those of its neighbour.
    fn nearest(
        &self,
        now: Timestamp,
        zone: &TimeZone,
        days: impl Iterator<Item = i32>,
        choose: impl Fn(&mut dyn Iterator<Item = Timestamp>) -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        if let Self::Fixed(moment) = self {
            return choose(&mut instant(*moment, zone).into_iter());
        }
        let today = now.to_zoned(zone.clone()).date();
        let mut found = None;
        for day in days.filter_map(|offset| today.checked_add(offset.days()).ok()) {
            let is_last = found.is_some();
            found = choose(&mut self.on(day).filter_map(|moment| instant(moment, zone)).chain(found));
            if is_last {
                break;
            }
        }
        found
    }

    fn on(&self, day: Date) -> impl Iterator<Item = DateTime> {
        let times = match self {
            Self::Recurring { weekdays, times } if weekdays[day.weekday().to_monday_zero_offset() as usize] => {
                times.as_slice()
            }
            _ => &[],
        };
        times.iter().map(move |time| day.to_datetime(*time))
    }
}

/// The point in time that a clock in `zone` shows so. A time that the clock skips is read as if the clock had not been changed
/// yet, and of a time that comes twice the first is meant: a daily moment comes once on each day.
pub fn instant(moment: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(moment).compatible().ok()
}

/// The text is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a moment")]
pub struct NotAMoment(pub String);

impl NotAMoment {
    pub const FORMS: &'static str =
        "write `2026-11-14 02:40`, `daily at 07:00, 19:00`, `weekdays at 09:00` or `mon, wed, fri at 09:00`";
}

/// What to write in the place of a text that is no moment.
pub fn suggest(text: &str) -> String {
    match on_24_hours(text) {
        Some(meant) if moment(&meant).is_some() => format!("times are on the 24-hour clock: write `{meant}`"),
        _ => NotAMoment::FORMS.to_owned(),
    }
}

/// What to write in the place of a text that does not say by when.
pub fn suggest_deadline(text: &str) -> String {
    match on_24_hours(text) {
        Some(meant) if meant.parse::<Deadline>().is_ok() => format!("times are on the 24-hour clock: write `{meant}`"),
        _ => "write `18:00`, `2h`, `daily at 18:00` or `2026-11-14 18:00`".to_owned(),
    }
}

/// What to write in the place of a text that is no duration.
pub fn suggest_duration(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit.trim() {
        "m" | "mins" | "minute" | "minutes" => "min",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        _ => "",
    };
    match duration(&format!("{number}{unit}")) {
        Some(_) => format!("write `{number}{unit}`"),
        None => "write `90min`, `26h` or `3d`, at most 366 days".to_owned(),
    }
}

/// The text with `7pm`, `7:30 p.m.` and the like as 24-hour times; None if there is none.
fn on_24_hours(text: &str) -> Option<String> {
    let lower = text.to_lowercase().replace("a.m.", "am").replace("p.m.", "pm");
    let mut words: Vec<String> = Vec::new();
    let mut found = false;
    for word in lower.split_whitespace() {
        let (word, comma) = word.strip_suffix(',').map_or((word, ""), |word| (word, ","));
        let half = if word.ends_with("am") { Some(0) } else { word.ends_with("pm").then_some(12) };
        let clock = half.and_then(|half| {
            let digits = &word[..word.len() - 2];
            // `7 pm`: the number is the word before.
            let digits = if digits.is_empty() { words.pop()? } else { digits.to_owned() };
            let (hour, minute) = digits.split_once(':').unwrap_or((&digits, "00"));
            let hour: u8 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
            Some(format!("{:02}:{minute}", hour % 12 + half))
        });
        found |= clock.is_some();
        words.push(clock.unwrap_or_else(|| word.to_owned()) + comma);
    }
    found.then(|| words.join(" "))
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        moment(text).ok_or_else(|| NotAMoment(text.to_owned()))
    }
}

fn moment(text: &str) -> Option<Moment> {
    let text = text.trim();
    if let Some((days, times)) = text.split_once(" at ") {
        let weekdays = weekdays(days)?;
        let mut times = times.split(',').map(|part| time(part.trim())).collect::<Option<Vec<Time>>>()?;
        times.sort_unstable();
        times.dedup();
        return Some(Moment::Recurring { weekdays, times });
    }
    let (date, clock) = text.split_once([' ', 'T'])?;
    // jiff reads other forms too (`20261114`): only the documented one is taken, so that a slip is seen.
    let date = (date.len() == 10).then(|| date.parse::<Date>().ok())??;
    Some(Moment::Fixed(date.to_datetime(time(clock.trim())?)))
}

/// `daily`, `weekdays`, or days by name: which days of the week are meant, Monday first.
pub fn weekdays(text: &str) -> Option<[bool; 7]> {
    match text.trim() {
        "daily" => return Some([true; 7]),
        "weekdays" => return Some([true, true, true, true, true, false, false]),
        _ => {}
    }
    let mut weekdays = [false; 7];
    for name in text.split(',') {
        let name = name.trim().to_lowercase();
        let day = Weekday::Monday.cycle_forward().take(7).find(|day| {
            let full = english_weekday(*day).to_lowercase();
            name == full || name == full[..3]
        })?;
        weekdays[day.to_monday_zero_offset() as usize] = true;
    }
    Some(weekdays)
}

/// `7:00` or `07:00`, 24 hours.
pub fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if hour.len() > 2 || minute.len() != 2 || !digits(hour) || !digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// The longest duration taken: a fact that nobody looks at for longer than a year is not one of this crisis.
const MAX_DURATION: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Reads `90min`, `26h` or `3d` (of 24 hours each), more than nothing and at most 366 days.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let minutes = match unit.trim() {
        "min" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return None,
    };
    let minutes = number.parse::<i64>().ok()?.checked_mul(minutes)?;
    let duration = SignedDuration::from_secs(minutes.checked_mul(60)?);
    (duration > SignedDuration::ZERO && duration <= MAX_DURATION).then_some(duration)
}

/// By when something is promised, as it is written: a moment, a clock time (the next one is meant) or how long from now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deadline {
    After(SignedDuration),
    At(Moment),
}

impl Deadline {
    /// The first moment after `now` that is meant; None once a fixed one has passed.
    pub fn due(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::After(duration) => now.checked_add(*duration).ok(),
            Self::At(moment) => moment.next(now, zone),
        }
    }
}

/// The text does not say by when.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not say by when: write `18:00`, `2h`, `daily at 18:00` or `2026-11-14 18:00`")]
pub struct NotADeadline(pub String);

impl FromStr for Deadline {
    type Err = NotADeadline;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(duration) = duration(text) {
            return Ok(Self::After(duration));
        }
        let clock = time(text.trim()).map(|time| Moment::Recurring { weekdays: [true; 7], times: vec![time] });
        clock.or_else(|| moment(text)).map(Self::At).ok_or_else(|| NotADeadline(text.to_owned()))
    }
}

/// The English name of a weekday.
pub fn english_weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str, zone: &TimeZone) -> Timestamp {
        text.parse::<DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp()
    }

    #[rstest]
    #[case("2026-11-14 02:40")]
    #[case("daily at 07:00, 19:00")]
    #[case("mon, wed, fri at 9:00")]
    #[case("Monday, sunday at 09:00")]
    #[case("weekdays at 09:00")]
    fn the_documented_forms_are_read(#[case] text: &str) {
        assert!(text.parse::<Moment>().is_ok(), "{text}");
    }

    #[rstest]
    #[case("")]
    #[case("tomorrow")]
    #[case("2026-11-14")]
    #[case("2026-02-30 10:00")]
    #[case("20261114 10:00")]
    #[case("daily at 25:00")]
    #[case("daily at 7")]
    #[case("daily at ")]
    #[case("mon, tüe at 07:00")]
    #[case("every day at 07:00")]
    fn anything_else_is_refused(#[case] text: &str) {
        assert_eq!(text.parse::<Moment>(), Err(NotAMoment(text.to_owned())));
    }

    #[rstest]
    #[case("2026-11-14 7:30 pm", "write `2026-11-14 19:30`")]
    #[case("2026-11-14 12am", "write `2026-11-14 00:00`")]
    #[case("daily at 7am, 7 p.m.", "write `daily at 07:00, 19:00`")]
    #[case("daily at 13pm", NotAMoment::FORMS)]
    #[case("pm", NotAMoment::FORMS)]
    fn who_writes_the_12_hour_clock_is_told_what_to_write(#[case] text: &str, #[case] said: &str) {
        assert!(text.parse::<Moment>().is_err());
        assert!(suggest(text).ends_with(said), "{}", suggest(text));
    }

    #[rstest]
    #[case("24 hours", "write `24h`")]
    #[case("2 Days", "write `2d`")]
    #[case("30 minutes", "write `30min`")]
    #[case("soon", "write `90min`, `26h` or `3d`, at most 366 days")]
    #[case("0 hours", "write `90min`, `26h` or `3d`, at most 366 days")]
    fn who_spells_a_duration_out_is_told_what_to_write(#[case] text: &str, #[case] said: &str) {
        assert_eq!(suggest_duration(text), said);
    }

    #[rstest]
    #[case("90min", Some(90))]
    #[case("26h", Some(26 * 60))]
    #[case("3d", Some(3 * 24 * 60))]
    #[case("0h", None)]
    #[case("367d", None)]
    #[case("26", None)]
    #[case("h", None)]
    #[case("26 hours", None)]
    #[case("99999999999999999999d", None)]
    #[case("9223372036854775807d", None)]
    fn durations_have_a_number_and_a_unit(#[case] text: &str, #[case] minutes: Option<i64>) {
        assert_eq!(duration(text), minutes.map(SignedDuration::from_mins));
    }

    #[test]
    fn a_daily_moment_keeps_its_clock_time_when_the_clocks_change() {
        let zone = zone("America/New_York");
        let daily: Moment = "daily at 07:00".parse().unwrap();
        // Clocks go back on 1 November 2026 at 2:00.
        let now = at("2026-10-31T12:00", &zone);
        assert_eq!(daily.next(now, &zone), Some(at("2026-11-01T07:00", &zone)));
        assert_eq!(daily.latest(now, &zone), Some(at("2026-10-31T07:00", &zone)));
        assert_eq!((at("2026-11-01T07:00", &zone).duration_since(at("2026-10-31T07:00", &zone))).as_hours(), 25);
    }

    #[test]
    fn a_time_that_the_clock_skips_still_comes_once() {
        let zone = zone("America/New_York");
        let daily: Moment = "daily at 02:30".parse().unwrap();
        // Clocks jump from 2:00 to 3:00 on 14 March 2027.
        let next = daily.next(at("2027-03-14T00:00", &zone), &zone).unwrap();
        assert_eq!(next, at("2027-03-14T03:30", &zone));
        assert_eq!(daily.next(next, &zone), Some(at("2027-03-15T02:30", &zone)));
    }

    #[rstest]
    #[case("18:00", Some("2026-11-14T18:00"))]
    #[case("08:00", Some("2026-11-15T08:00"))]
    #[case("2h", Some("2026-11-14T14:00"))]
    #[case("weekdays at 09:00", Some("2026-11-16T09:00"))]
    #[case("2026-11-14 11:00", None)]
    fn a_deadline_is_the_next_moment_that_is_meant(#[case] text: &str, #[case] due: Option<&str>) {
        let zone = zone("America/New_York");
        let now = at("2026-11-14T12:00", &zone);
        let deadline: Deadline = text.parse().unwrap();
        assert_eq!(deadline.due(now, &zone), due.map(|due| at(due, &zone)));
        assert!("soon".parse::<Deadline>().is_err());
    }

    #[test]
    fn a_fixed_moment_is_either_past_or_to_come() {
        let zone = zone("UTC");
        let fixed: Moment = "2026-11-14 02:40".parse().unwrap();
        let moment = at("2026-11-14T02:40", &zone);
        assert_eq!((fixed.latest(moment, &zone), fixed.next(moment, &zone)), (Some(moment), None));
        let before = moment - SignedDuration::from_secs(1);
        assert_eq!((fixed.latest(before, &zone), fixed.next(before, &zone)), (None, Some(moment)));
    }

    proptest! {
        #[test]
        fn latest_and_next_enclose_now_and_nothing_lies_between(
            second in 0_i64..4_102_444_800,
            zone_name in prop::sample::select(vec!["America/New_York", "Europe/Berlin", "Pacific/Apia", "Asia/Kathmandu", "UTC"]),
            days in prop::array::uniform7(any::<bool>()).prop_filter("one day at least", |days| days.contains(&true)),
            times in prop::collection::vec((0_i8..24, 0_i8..60), 1..4),
        ) {
            let zone = zone(zone_name);
            let mut times: Vec<Time> = times.into_iter().map(|(hour, minute)| Time::new(hour, minute, 0, 0).unwrap()).collect();
            times.sort_unstable();
            let moment = Moment::Recurring { weekdays: days, times };
            let now = Timestamp::from_second(second).unwrap();
            let latest = moment.latest(now, &zone).unwrap();
            let next = moment.next(now, &zone).unwrap();
            prop_assert!(latest <= now && now < next);
            // From any moment between the two, the neighbours are the same.
            let middle = latest + next.duration_since(latest) / 2;
            prop_assert_eq!(moment.latest(middle, &zone), Some(latest));
            prop_assert_eq!(moment.next(latest, &zone), Some(next));
            prop_assert!(next.duration_since(latest) <= SignedDuration::from_hours(9 * 24));
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Moment>();
            let _ = duration(&text);
        }
    }
}
