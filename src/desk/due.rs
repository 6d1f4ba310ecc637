//! What is due when: a pure function of what happened, of the policy and of the office hours.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::waiting::{Expected, Outlook};
use crate::{
    conversation::{Reason, Urgency},
    policy::{MAX_STILL_WAITING, REMIND_BEFORE},
    store::{EscalationRecord, NewPromise, PromiseRecord},
};

/// What is to be done about an open escalation now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Nothing; the clocks look again at the time given, if at all.
    Nothing { look_at: Option<Timestamp> },
    /// Its agent is reminded of the time that the customer was told.
    Remind { due_at: Timestamp },
    /// The customer hears that they still wait, before the time that they were told.
    StillWaiting(Expected),
    /// The customer hears that nobody is there, and when somebody is back.
    Nobody { opens: Timestamp, expected: Expected },
    /// The customer wrote of danger and hears again where help is.
    Danger,
    /// The time has come, and the customer hears that nothing can be said yet. No new time is named.
    Late,
}

/// Looks at an escalation that is open.
#[must_use]
pub fn look(escalation: &EscalationRecord, outlook: &Outlook, zone: &TimeZone, now: Timestamp) -> Act {
    let never_told = escalation.reason == Reason::Undelivered && escalation.joined_at.is_none();
    if escalation.waiting_since.is_none() || never_told {
        return Act::Nothing { look_at: None };
    }
    let claimed = escalation.claimed_by.is_some();
    if escalation.urgency == Urgency::Danger {
        let first = escalation.still_waiting == 0 && !claimed;
        return if first { Act::Danger } else { Act::Nothing { look_at: None } };
    }
    let may_say = !claimed && escalation.still_waiting < MAX_STILL_WAITING;
    if may_say {
        let mut expected = outlook.expect(escalation.urgency, now, zone);
        // What was named stands: nobody is told a time and then an earlier one that may not hold.
        if let (Some(named), Some(due)) = (escalation.due_at, expected.due_at)
            && named > due
        {
            expected = Expected { due_at: Some(named), look_at: Some(super::waiting::before(named, now)) };
        }
        return match outlook.opens(now, zone) {
            Some(opens) => Act::Nobody { opens, expected },
            None => Act::StillWaiting(expected),
        };
    }
    match escalation.due_at {
        None => Act::Nothing { look_at: None },
        Some(due_at) if now < due_at && claimed => Act::Remind { due_at },
        Some(due_at) if now < due_at => Act::Nothing { look_at: Some(due_at) },
        Some(_) => Act::Late,
    }
}

/// What is to be done about a promise now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromiseAct {
    /// Its owner is reminded.
    Remind,
    /// The bot says its answer anew; where it cannot, it is late.
    SayAnew,
    /// It is not kept, and the customer hears so.
    Late,
}

/// Looks at a promise that is open.
#[must_use]
pub fn look_at_promise(promise: &PromiseRecord, now: Timestamp) -> PromiseAct {
    match (&promise.owner, now < promise.due_at) {
        (Some(_), true) => PromiseAct::Remind,
        (Some(_), false) => PromiseAct::Late,
        (None, _) => PromiseAct::SayAnew,
    }
}

/// A promise that an agent makes now. They are reminded some minutes before, and not before half of the time has passed.
#[must_use]
pub fn promise(words: &str, due_at: Timestamp, now: Timestamp) -> NewPromise {
    let half = due_at.duration_since(now).max(SignedDuration::ZERO) / 2;
    let remind_at = (due_at - REMIND_BEFORE.min(half)).max(now);
    NewPromise { words: words.to_owned(), due_at, remind_at }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::desk::{hours::Hours, transitions::tests::waiting};

    fn now() -> Timestamp {
        "2026-11-16T15:00:00Z".parse().unwrap()
    }

    fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    fn acted(escalation: &EscalationRecord) -> Act {
        look(escalation, &Outlook::default(), &TimeZone::UTC, now())
    }

    #[test]
    fn who_waits_is_told_so_a_few_times_and_then_the_truth() {
        let due = now() + minutes(3);
        let escalation = EscalationRecord { due_at: Some(due), ..waiting() };
        assert!(matches!(acted(&escalation), Act::StillWaiting(_)));
        let often = EscalationRecord { still_waiting: MAX_STILL_WAITING, ..escalation };
        assert_eq!(acted(&often), Act::Nothing { look_at: Some(due) });
        assert_eq!(acted(&EscalationRecord { due_at: Some(now()), ..often }), Act::Late);
    }

    #[test]
    fn an_agent_is_reminded_before_and_the_customer_told_at_the_time() {
        let claimed = EscalationRecord { claimed_by: Some("Dana".into()), ..waiting() };
        let due = now() + minutes(3);
        assert_eq!(acted(&EscalationRecord { due_at: Some(due), ..claimed.clone() }), Act::Remind { due_at: due });
        assert_eq!(acted(&EscalationRecord { due_at: Some(now()), ..claimed.clone() }), Act::Late);
        assert_eq!(acted(&claimed), Act::Nothing { look_at: None });
    }

    #[test]
    fn danger_is_answered_with_help_and_never_soothed() {
        let danger = EscalationRecord { urgency: Urgency::Danger, ..waiting() };
        assert_eq!(acted(&danger), Act::Danger);
        for other in [
            EscalationRecord { still_waiting: 1, ..danger.clone() },
            EscalationRecord { claimed_by: Some("Dana".into()), ..danger },
        ] {
            assert_eq!(acted(&other), Act::Nothing { look_at: None });
        }
    }

    #[test]
    fn who_was_answered_is_left_alone() {
        let answered = EscalationRecord { waiting_since: None, due_at: Some(now()), ..waiting() };
        assert_eq!(acted(&answered), Act::Nothing { look_at: None });
    }

    #[test]
    fn at_night_the_truth_is_that_nobody_is_there() {
        let outlook = Outlook { hours: Hours::parse(&["daily 08:00-14:00"]).unwrap(), ..Outlook::default() };
        let act = look(&waiting(), &outlook, &TimeZone::UTC, now());
        let Act::Nobody { opens, .. } = act else { panic!("{act:?}") };
        assert_eq!(opens.to_string(), "2026-11-17T08:00:00Z");
    }

    proptest! {
        #[test]
        fn a_customer_who_waits_is_never_silently_passed_over(
            second in prop_oneof![1_774_000_000_i64..1_775_200_000, 1_792_000_000_i64..1_794_000_000],
            waits in prop::option::of(10_i64..600),
            zone_name in prop::sample::select(vec!["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]),
            danger in any::<bool>(),
        ) {
            // From look to look until nothing is left to do: each is later than the last, no due time passes unsaid, and it ends.
            let zone = TimeZone::get(zone_name).unwrap();
            let hours = Hours::parse(&["weekdays 08:00-20:00", "fri 22:00-03:00"]).unwrap();
            let outlook = Outlook { hours, waits: crate::desk::waiting::Waits::all(waits.map(minutes)) };
            let mut now = Timestamp::from_second(second).unwrap();
            let urgency = if danger { Urgency::Danger } else { Urgency::Normal };
            let expected = outlook.expect(urgency, now, &zone);
            let mut escalation = EscalationRecord { urgency, due_at: expected.due_at, look_at: expected.look_at, opened_at: now, waiting_since: Some(now), ..waiting() };
            let mut heard = 0;
            for _ in 0..10 {
                let Some(next) = escalation.look_at else { break };
                prop_assert!(next > now, "{next} follows {now}");
                if let Some(due) = escalation.due_at {
                    prop_assert!(next <= due);
                }
                now = next;
                match look(&escalation, &outlook, &zone, now) {
                    Act::StillWaiting(expected) | Act::Nobody { expected, .. } => {
                        prop_assert!(escalation.due_at.is_none_or(|named| now < named), "said before, not after");
                        prop_assert!(!danger);
                        heard += 1;
                        escalation.still_waiting += 1;
                        (escalation.due_at, escalation.look_at) = (expected.due_at, expected.look_at);
                    }
                    Act::Late => {
                        heard += 1;
                        prop_assert_eq!(escalation.due_at, Some(now));
                        (escalation.due_at, escalation.look_at) = (None, None);
                    }
                    Act::Danger => {
                        heard += 1;
                        escalation.still_waiting += 1;
                        escalation.look_at = None;
                    }
                    Act::Nothing { look_at } => escalation.look_at = look_at,
                    Act::Remind { .. } => prop_assert!(false, "nobody has it"),
                }
            }
            prop_assert_eq!(escalation.look_at, None, "it ends");
            prop_assert_eq!(heard, match (danger, waits) { (true, _) => 1, (false, Some(_)) => MAX_STILL_WAITING + 1, (false, None) => MAX_STILL_WAITING });
        }

        #[test]
        fn an_owner_is_reminded_between_the_promise_and_its_time(second in 0_i64..4_000_000_000, seconds in 0_i64..1_000_000) {
            let made = Timestamp::from_second(second).unwrap();
            let due = made + SignedDuration::from_secs(seconds);
            let promise = promise("a crew", due, made);
            prop_assert!(made <= promise.remind_at && promise.remind_at <= due);
            let (before, left) = (promise.remind_at.duration_since(made), due.duration_since(promise.remind_at));
            prop_assert!(before >= left && left <= REMIND_BEFORE);
        }
    }
}
