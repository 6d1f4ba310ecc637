//! How fast a platform and each of its chats take messages: token buckets, as the platforms themselves count.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::{channels::Rate, policy::KEPT_FOR_DANGER};

/// Chats whose bucket is remembered before full ones are swept out.
const SWEEP_AT: usize = 1_024;

/// The buckets of one channel.
#[derive(Debug)]
pub(super) struct Pace {
    all: Option<Bucket>,
    chats: HashMap<String, Bucket>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    /// What is in it at `at`.
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: f64::from(rate.burst), at: now }
    }

    /// What others than people in danger must leave in it.
    fn kept(&self, urgent: bool) -> f64 {
        if urgent || self.rate.burst < 2 { 0.0 } else { (self.rate.burst as usize).div_ceil(KEPT_FOR_DANGER) as f64 }
    }

    fn fill(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + since / self.rate.every.as_secs_f64()).min(f64::from(self.rate.burst));
        self.at = now;
    }

    /// How many messages may go now, or how long until one may.
    fn room(&mut self, urgent: bool, now: Instant) -> Result<usize, Duration> {
        self.fill(now);
        let free = self.tokens - self.kept(urgent);
        if free >= 1.0 {
            return Ok(free as usize);
        }
        // Clocks and rounding: half a millisecond more, or the same chat would be asked again just too early.
        Err(self.rate.every.mul_f64(1.0 - free) + Duration::from_micros(500))
    }
}

impl Pace {
    pub fn new(rate: Option<Rate>, now: Instant) -> Self {
        Self { all: rate.map(|rate| Bucket::full(rate, now)), chats: HashMap::new(), sweep_at: SWEEP_AT }
    }

    /// How many messages the platform takes now, or how long until it takes one. A part of each budget is kept for what is `urgent`.
    pub fn room(&mut self, urgent: bool, now: Instant) -> Result<usize, Duration> {
        self.all.as_mut().map_or(Ok(usize::MAX), |all| all.room(urgent, now))
    }

    /// Takes one message for a chat, or says how long it must wait. Ask for [`Pace::room`] before.
    pub fn take(&mut self, chat: Option<(&str, Rate)>, urgent: bool, now: Instant) -> Result<(), Duration> {
        if let Some((chat, rate)) = chat {
            self.sweep(now);
            let bucket = self.chats.entry(chat.to_owned()).or_insert_with(|| Bucket::full(rate, now));
            bucket.room(urgent, now)?;
            bucket.tokens -= 1.0;
        }
        if let Some(all) = &mut self.all {
            all.fill(now);
            all.tokens -= 1.0;
        }
        Ok(())
    }

    /// A full bucket is as good as none.
    fn sweep(&mut self, now: Instant) {
        if self.chats.len() < self.sweep_at {
            return;
        }
        self.chats.retain(|_, bucket| {
            bucket.fill(now);
            bucket.tokens < f64::from(bucket.rate.burst)
        });
        self.sweep_at = SWEEP_AT.max(self.chats.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_chat_takes_its_burst_and_then_one_in_each_span() {
        let start = Instant::now();
        let rate = Rate { burst: 3, every: SECOND };
        let mut pace = Pace::new(None, start);
        let mut take = |chat: &str, now| pace.take(Some((chat, rate)), false, now);
        assert!(take("a", start).is_ok());
        assert!(take("a", start).is_ok());
        let wait = take("a", start).unwrap_err();
        assert!((SECOND..SECOND + Duration::from_millis(1)).contains(&wait), "{wait:?}");
        assert!(take("b", start).is_ok(), "another chat is another matter");
        assert!(take("a", start + wait).is_ok());
        assert!(take("a", start + wait).is_err());
    }

    #[test]
    fn danger_finds_a_place_in_a_budget_that_a_crowd_has_used_up() {
        let start = Instant::now();
        let rate = Rate { burst: 5, every: SECOND * 90 };
        let mut pace = Pace::new(Some(rate), start);
        let crowd = std::iter::from_fn(|| {
            pace.room(false, start).ok()?;
            pace.take(Some(("dm", rate)), false, start).ok()
        });
        assert_eq!(crowd.count(), 3);
        for _ in 0..2 {
            assert!(pace.room(true, start).is_ok());
            pace.take(Some(("dm", rate)), true, start).unwrap();
        }
        let (danger, others) = (pace.room(true, start).unwrap_err(), pace.room(false, start).unwrap_err());
        assert!(danger < SECOND * 91 && others > SECOND * 269, "{danger:?} {others:?}: the next place is danger's");
    }

    #[test]
    fn a_budget_of_one_is_everybodys() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(Rate { burst: 1, every: SECOND }), start);
        assert_eq!((pace.room(false, start), pace.room(true, start)), (Ok(1), Ok(1)));
    }

    #[test]
    fn the_platform_as_a_whole_has_a_bucket_of_its_own() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(Rate { burst: 2, every: SECOND }), start);
        assert_eq!(pace.room(true, start), Ok(2));
        pace.take(None, true, start).unwrap();
        pace.take(None, true, start).unwrap();
        assert!(pace.room(true, start).is_err());
        assert_eq!(pace.room(true, start + SECOND * 5), Ok(2), "it never holds more than its burst");
    }

    #[test]
    fn chats_that_went_quiet_are_forgotten() {
        let start = Instant::now();
        let rate = Rate { burst: 1, every: SECOND };
        let mut pace = Pace::new(None, start);
        for second in 0..10_000_u32 {
            pace.take(Some((&second.to_string(), rate)), false, start + SECOND * second).unwrap();
        }
        assert!(pace.chats.len() <= SWEEP_AT, "{}", pace.chats.len());
    }
}
