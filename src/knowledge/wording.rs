//! Moments in the words of a language.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time, Weekday, date},
    tz::TimeZone,
};

use super::moment::english_weekday;
use crate::reading::Language;

/// Says a moment as people do: by the day's name when it is near, by its date otherwise. Languages without words of their own get
/// `2026-11-23 18:00`.
pub fn say(moment: Timestamp, now: Timestamp, zone: &TimeZone, language: Language) -> String {
    let today = now.to_zoned(zone.clone()).date();
    let moment = moment.to_zoned(zone.clone()).datetime();
    say_civil(moment, today, language)
}

/// Says by when: a clock time like `18:40` that all languages write so, with the day where it is not today.
pub fn clock(moment: Timestamp, now: Timestamp, zone: &TimeZone, language: Language) -> String {
    let there = moment.to_zoned(zone.clone());
    if there.date() == now.to_zoned(zone.clone()).date() {
        there.strftime("%H:%M").to_string()
    } else {
        say(moment, now, zone, language)
    }
}

/// The longest text that [`say`] can give, for checking lengths; `near`: of a moment that is at most six days away.
pub fn longest(language: Language, near: bool) -> String {
    // A Wednesday (no weekday's name is longer) in September (no month's name is longer), at a time of five digits and signs.
    let moment = date(2026, 9, 23).at(12, 30, 0, 0);
    say_civil(moment, if near { date(2026, 9, 21) } else { date(2025, 1, 1) }, language)
}

fn say_civil(moment: DateTime, today: Date, language: Language) -> String {
    let day = moment.date();
    match language {
        Language::ENGLISH => format!("{} at {}", english_day(day, today), english_time(moment.time())),
        Language::SPANISH => format!("{} {}", spanish_day(day, today), spanish_time(moment.time())),
        _ => moment.strftime("%Y-%m-%d %H:%M").to_string(),
    }
}

fn days_between(today: Date, day: Date) -> i32 {
    day.duration_since(today).as_hours() as i32 / 24
}

fn english_day(day: Date, today: Date) -> String {
    match days_between(today, day) {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        -6..=6 => english_weekday(day.weekday()).to_owned(),
        _ => {
            let month = ENGLISH_MONTHS[day.month() as usize - 1];
            let year = if day.year() == today.year() { String::new() } else { format!(" {}", day.year()) };
            format!("{} {month}{year}", day.day())
        }
    }
}

fn english_time(time: Time) -> String {
    let half = if time.hour() < 12 { "am" } else { "pm" };
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    format!("{hour}:{:02} {half}", time.minute())
}

fn spanish_day(day: Date, today: Date) -> String {
    match days_between(today, day) {
        0 => "hoy".to_owned(),
        1 => "mañana".to_owned(),
        -1 => "ayer".to_owned(),
        -6..=6 => format!("el {}", spanish_weekday(day.weekday())),
        _ => {
            let month = SPANISH_MONTHS[day.month() as usize - 1];
            let year = if day.year() == today.year() { String::new() } else { format!(" de {}", day.year()) };
            format!("el {} de {month}{year}", day.day())
        }
    }
}

fn spanish_time(time: Time) -> String {
    let article = if time.hour() == 1 { "a la" } else { "a las" };
    format!("{article} {}:{:02}", time.hour(), time.minute())
}

fn spanish_weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "lunes",
        Weekday::Tuesday => "martes",
        Weekday::Wednesday => "miércoles",
        Weekday::Thursday => "jueves",
        Weekday::Friday => "viernes",
        Weekday::Saturday => "sábado",
        Weekday::Sunday => "domingo",
    }
}

const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SPANISH_MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Said on Saturday, 14 November 2026.
    fn said(moment: &str, language: &str) -> String {
        say_civil(moment.parse().unwrap(), date(2026, 11, 14), language.parse().unwrap())
    }

    #[rstest]
    #[case("2026-11-14T07:00", "today at 7:00 am", "hoy a las 7:00")]
    #[case("2026-11-15T08:00", "tomorrow at 8:00 am", "mañana a las 8:00")]
    #[case("2026-11-13T00:05", "yesterday at 12:05 am", "ayer a las 0:05")]
    #[case("2026-11-16T18:00", "Monday at 6:00 pm", "el lunes a las 18:00")]
    #[case("2026-11-20T13:00", "Friday at 1:00 pm", "el viernes a las 13:00")]
    #[case("2026-11-21T12:00", "21 November at 12:00 pm", "el 21 de noviembre a las 12:00")]
    #[case("2026-11-08T01:30", "Sunday at 1:30 am", "el domingo a la 1:30")]
    #[case("2026-11-07T01:30", "7 November at 1:30 am", "el 7 de noviembre a la 1:30")]
    #[case("2027-01-03T18:00", "3 January 2027 at 6:00 pm", "el 3 de enero de 2027 a las 18:00")]
    fn moments_are_said_as_people_say_them(#[case] moment: &str, #[case] english: &str, #[case] spanish: &str) {
        assert_eq!(said(moment, "en"), english);
        assert_eq!(said(moment, "es"), spanish);
    }

    #[test]
    fn other_languages_get_a_date_that_nobody_misreads() {
        assert_eq!(said("2026-11-23T18:00", "fr"), "2026-11-23 18:00");
    }

    #[test]
    fn the_day_is_the_one_in_the_incidents_timezone() {
        let zone = TimeZone::get("America/New_York").unwrap();
        // 23:30 and 00:30 in New York, the same day in UTC.
        let now = "2026-11-15T04:30:00Z".parse().unwrap();
        let moment = "2026-11-15T05:30:00Z".parse().unwrap();
        assert_eq!(say(moment, now, &zone, Language::ENGLISH), "tomorrow at 12:30 am");
    }

    #[test]
    fn a_time_of_today_is_a_clock_time_and_another_has_its_day() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let now = "2026-11-14T23:00:00Z".parse().unwrap();
        let said = |moment: &str, language: &str| clock(moment.parse().unwrap(), now, &zone, language.parse().unwrap());
        assert_eq!(said("2026-11-14T23:40:00Z", "en"), "18:40");
        assert_eq!(said("2026-11-15T13:00:00Z", "en"), "tomorrow at 8:00 am");
        assert_eq!(said("2026-11-15T13:00:00Z", "es"), "mañana a las 8:00");
    }

    #[rstest]
    #[case("en")]
    #[case("es")]
    fn no_moment_is_said_in_more_letters_than_the_longest(#[case] language: &str) {
        let language = language.parse().unwrap();
        let today = date(2026, 11, 14);
        for offset in -400..400_i32 {
            let day = today.saturating_add(jiff::Span::new().days(offset));
            let text = say_civil(day.at(12, 30, 0, 0), today, language);
            let longest = longest(language, offset.abs() <= 6).chars().count();
            assert!(text.chars().count() <= longest, "{text}");
        }
    }
}
