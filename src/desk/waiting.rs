//! How long a customer waits for a person, told honestly from the queue as it is.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::hours::Hours;
use crate::{
    conversation::Urgency,
    policy::{BEFORE_DUE, DANGER_AGAIN, IN_TIME_OF_TEN, LEAST_ANSWERS, STILL_WAITING_AFTER},
    store::Waiting,
};

/// How long each urgency waits, in working time; None: nothing true can be said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits([Option<SignedDuration>; 3]);

impl Waits {
    /// From the queue: what most of the latest waited, or the time until those ahead are served at the pace of late by the agents who
    /// are there now, whichever is longer. Rounded up.
    #[must_use]
    pub fn of(queue: &Waiting, hours: &Hours, now: Timestamp, zone: &TimeZone) -> Self {
        let answers = &queue.first_answers;
        if answers.len() < LEAST_ANSWERS {
            return Self::default();
        }
        let mut waited: Vec<SignedDuration> =
            answers.iter().map(|(opened, answered)| hours.between(*opened, *answered, zone)).collect();
        waited.sort_unstable();
        let most = waited[(waited.len() * IN_TIME_OF_TEN).div_ceil(10).clamp(1, waited.len()) - 1];
        let since = answers.iter().map(|(_, answered)| *answered).min().unwrap_or(now);
        // Agent-seconds for each answer: the pace of an agent, whoever went home meanwhile.
        let span = hours.between(since, now, zone).as_secs_f64() * queue.answered_by.max(1) as f64;
        let pace = span / answers.len() as f64 / queue.active.max(1) as f64;
        let wait = |urgency: Urgency| {
            let ahead: u64 = queue.unassigned[urgency as usize..].iter().sum();
            let served = SignedDuration::try_from_secs_f64(pace * (ahead + 1) as f64).ok()?;
            rounded(most.max(served))
        };
        Self([Urgency::Normal, Urgency::High, Urgency::Danger].map(wait))
    }

    /// The same for every urgency.
    #[must_use]
    pub fn all(wait: Option<SignedDuration>) -> Self {
        Self([wait; 3])
    }

    /// The wait of one urgency.
    #[must_use]
    pub fn of_urgency(&self, urgency: Urgency) -> Option<SignedDuration> {
        self.0[urgency as usize]
    }
}

/// Up to what people say: 10 minutes, steps of five to half an hour, of ten to an hour, of half an hour to four, then hours. Beyond forty
/// working hours a time says nothing any more.
fn rounded(wait: SignedDuration) -> Option<SignedDuration> {
    let minutes = (wait.as_secs().max(0) + 59) / 60;
    let step = match minutes {
        0..=10 => return Some(SignedDuration::from_mins(10)),
        11..=30 => 5,
        31..=60 => 10,
        61..=240 => 30,
        241..=2_400 => 60,
        _ => return None,
    };
    Some(SignedDuration::from_mins((minutes + step - 1) / step * step))
}

/// What a customer who needs a person can expect; refreshed from the store, and given to the responder by value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outlook {
    pub hours: Hours,
    pub waits: Waits,
}

/// What is expected of the desk for one escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// By when a person answers.
    pub due_at: Option<Timestamp>,
    /// When the clocks look whether one has.
    pub look_at: Option<Timestamp>,
}

impl Outlook {
    /// Whether somebody is there.
    #[must_use]
    pub fn is_open(&self, now: Timestamp, zone: &TimeZone) -> bool {
        self.hours.is_open(now, zone)
    }

    /// When somebody is back; None while somebody is there.
    #[must_use]
    pub fn opens(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.is_open(now, zone) { None } else { self.hours.opens(now, zone) }
    }

    /// By when a person answers who is asked for now. In danger no time is named: help is elsewhere, and at once.
    #[must_use]
    pub fn expect(&self, urgency: Urgency, now: Timestamp, zone: &TimeZone) -> Expected {
        if urgency == Urgency::Danger {
            return Expected { due_at: None, look_at: now.checked_add(DANGER_AGAIN).ok() };
        }
        match self.waits.of_urgency(urgency) {
            Some(wait) => {
                let due = to_the_minute(self.hours.add(now, wait, zone));
                Expected { due_at: Some(due), look_at: Some(before(due, now)) }
            }
            None => Expected { due_at: None, look_at: Some(self.hours.add(now, STILL_WAITING_AFTER, zone)) },
        }
    }
}

/// When the clocks look at what falls due: a little before, and not before `now`.
#[must_use]
pub fn before(due: Timestamp, now: Timestamp) -> Timestamp {
    due.checked_sub(BEFORE_DUE).map_or(now, |look| look.max(now))
}

/// Up to a time as clocks show it to people: the next full five minutes.
fn to_the_minute(at: Timestamp) -> Timestamp {
    let seconds = at.as_second();
    let up = (seconds + i64::from(at.subsec_nanosecond() > 0) + 299).div_euclid(300) * 300;
    Timestamp::from_second(up).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const NOW: &str = "2026-11-16T15:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    /// One first answer every `every` minutes up to now, each after `waited` minutes.
    fn queue(every: i64, waited: i64, ahead: u64) -> Waiting {
        let answer = |n: i64| (now() - minutes(n * every + waited), now() - minutes(n * every));
        Waiting { first_answers: (1..=10).map(answer).collect(), answered_by: 2, active: 2, unassigned: [ahead, 0, 0] }
    }

    fn wait(queue: &Waiting, urgency: Urgency) -> Option<i64> {
        let waits = Waits::of(queue, &Hours::default(), now(), &TimeZone::UTC);
        waits.of_urgency(urgency).map(|wait| wait.as_mins())
    }

    #[test]
    fn what_most_waited_is_what_the_next_is_told_while_few_are_ahead() {
        assert_eq!(wait(&queue(1, 23, 0), Urgency::Normal), Some(25));
    }

    #[test]
    fn a_long_queue_is_told_of_and_the_urgent_pass_it() {
        let queue = queue(3, 5, 99);
        assert_eq!(wait(&queue, Urgency::Normal), Some(300), "a hundred, one each three minutes");
        assert_eq!(wait(&queue, Urgency::High), Some(10));
    }

    #[test]
    fn fewer_agents_take_longer() {
        let alone = Waiting { active: 1, ..queue(3, 5, 9) };
        assert_eq!((wait(&queue(3, 5, 9), Urgency::Normal), wait(&alone, Urgency::Normal)), (Some(30), Some(60)));
    }

    #[test]
    fn without_data_nothing_is_said() {
        let queue = Waiting { first_answers: queue(3, 5, 9).first_answers[..2].to_vec(), ..queue(3, 5, 9) };
        assert_eq!(wait(&queue, Urgency::Normal), None);
        let outlook = Outlook::default();
        let expected = outlook.expect(Urgency::Normal, now(), &TimeZone::UTC);
        assert_eq!(expected, Expected { due_at: None, look_at: Some(now() + STILL_WAITING_AFTER) });
    }

    #[rstest]
    #[case(0, Some(10))]
    #[case(11, Some(15))]
    #[case(31, Some(40))]
    #[case(61, Some(90))]
    #[case(241, Some(300))]
    #[case(2_401, None)]
    fn waits_are_rounded_up_to_what_people_say(#[case] exact: i64, #[case] told: Option<i64>) {
        assert_eq!(rounded(minutes(exact)), told.map(minutes));
    }

    #[test]
    fn a_person_is_due_when_somebody_is_there() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let hours = Hours::parse(&["weekdays 08:00-20:00"]).unwrap();
        let outlook = Outlook { hours, waits: Waits::all(Some(minutes(40))) };
        // Friday, 19:42 in New York.
        let friday = "2026-11-14T00:42:00Z".parse().unwrap();
        let expected = outlook.expect(Urgency::High, friday, &zone);
        assert_eq!(expected.due_at.unwrap().to_string(), "2026-11-16T13:25:00Z");
        assert_eq!(expected.look_at.unwrap().to_string(), "2026-11-16T13:22:00Z");
        assert_eq!(outlook.expect(Urgency::Danger, friday, &zone).due_at, None);
    }

    proptest! {
        #[test]
        fn nobody_is_told_less_than_most_waited_and_more_ahead_is_never_sooner(
            waited in 0_i64..500, every in 1_i64..30, ahead in 0_u64..2_000, more in 0_u64..500,
        ) {
            let told = wait(&queue(every, waited, ahead), Urgency::Normal);
            if let Some(told) = told {
                prop_assert!(told >= waited && told >= 10);
            }
            let later = wait(&queue(every, waited, ahead + more), Urgency::Normal);
            prop_assert!(later.is_none() || later >= told);
        }

        #[test]
        fn the_clocks_look_before_the_time_that_was_named(second in 1_774_000_000_i64..1_794_000_000, wait in 10_i64..2_400) {
            let zone = TimeZone::get("Europe/Berlin").unwrap();
            let hours = Hours::parse(&["daily 22:00-06:00"]).unwrap();
            let now = Timestamp::from_second(second).unwrap();
            let outlook = Outlook { hours, waits: Waits::all(Some(minutes(wait))) };
            let expected = outlook.expect(Urgency::Normal, now, &zone);
            let (due, look) = (expected.due_at.unwrap(), expected.look_at.unwrap());
            prop_assert!(now < look && look < due);
            prop_assert!(due >= outlook.hours.add(now, minutes(wait), &zone));
        }
    }
}
