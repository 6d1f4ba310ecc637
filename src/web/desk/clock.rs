//! Times as agents read them.

use jiff::{Timestamp, tz::TimeZone};

/// A span as `45 s`, `12 min`, `3 h 20 min` or `2 d`: what is needed to see who waits longest.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds / 60),
        3_600..=35_999 if seconds % 3_600 >= 60 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        3_600..=86_399 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The clock in the incident's timezone, with the day where it is not today's: `14:05`, `Nov 21, 14:05`.
pub(super) fn clock(at: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    let at = at.to_zoned(zone.clone());
    let today = now.to_zoned(zone.clone()).date();
    at.strftime(if at.date() == today { "%H:%M" } else { "%b %-d, %H:%M" }).to_string()
}

/// Day and clock to the second, for records.
pub(super) fn exact(at: &Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%F %H:%M:%S").to_string()
}

/// What the incident's timezone is called.
pub(super) fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_as_exact_as_agents_need() {
        let from = Timestamp::UNIX_EPOCH;
        let after = |seconds| span(from, from + jiff::SignedDuration::from_secs(seconds));
        assert_eq!([after(-5), after(59), after(3_599), after(3_600)], ["0 s", "59 s", "59 min", "1 h"]);
        assert_eq!([after(12_000), after(40_000), after(200_000)], ["3 h 20 min", "11 h", "2 d"]);
    }

    #[test]
    fn another_day_is_named() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let now: Timestamp = "2026-11-22T03:30:00Z".parse().unwrap();
        assert_eq!(clock("2026-11-22T03:05:00Z".parse().unwrap(), &zone, now), "22:05");
        assert_eq!(clock("2026-11-22T05:05:00Z".parse().unwrap(), &zone, now), "Nov 22, 00:05");
    }
}
