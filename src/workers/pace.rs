//! How fast a platform and each of its chats take messages: token buckets, as the platforms themselves count.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::channels::Rate;

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

    fn fill(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + since / self.rate.every.as_secs_f64()).min(f64::from(self.rate.burst));
        self.at = now;
    }

    /// Until the next token is there.
    fn wait(&self) -> Duration {
        // Clocks and rounding: half a millisecond more, or the same chat would be asked again just too early.
        self.rate.every.mul_f64((1.0 - self.tokens).max(0.0)) + Duration::from_micros(500)
    }
}

impl Pace {
    pub fn new(rate: Option<Rate>, now: Instant) -> Self {
        Self { all: rate.map(|rate| Bucket::full(rate, now)), chats: HashMap::new(), sweep_at: SWEEP_AT }
    }

    /// How many messages the platform takes now, and how long until it takes one.
    pub fn room(&mut self, now: Instant) -> Result<usize, Duration> {
        let Some(all) = &mut self.all else { return Ok(usize::MAX) };
        all.fill(now);
        if all.tokens >= 1.0 { Ok(all.tokens as usize) } else { Err(all.wait()) }
    }

    /// Takes one message for a chat, or says how long it must wait. Ask for [`Pace::room`] before.
    pub fn take(&mut self, chat: Option<(&str, Rate)>, now: Instant) -> Result<(), Duration> {
        if let Some((chat, rate)) = chat {
            self.sweep(now);
            let bucket = self.chats.entry(chat.to_owned()).or_insert_with(|| Bucket::full(rate, now));
            bucket.fill(now);
            if bucket.tokens < 1.0 {
                return Err(bucket.wait());
            }
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
        let rate = Rate { burst: 2, every: SECOND };
        let mut pace = Pace::new(None, start);
        assert!(pace.take(Some(("a", rate)), start).is_ok());
        assert!(pace.take(Some(("a", rate)), start).is_ok());
        let wait = pace.take(Some(("a", rate)), start).unwrap_err();
        assert!((SECOND..SECOND + Duration::from_millis(1)).contains(&wait), "{wait:?}");
        assert!(pace.take(Some(("b", rate)), start).is_ok(), "another chat is another matter");
        assert!(pace.take(Some(("a", rate)), start + wait).is_ok());
        assert!(pace.take(Some(("a", rate)), start + wait).is_err());
    }

    #[test]
    fn the_platform_as_a_whole_has_a_bucket_of_its_own() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(Rate { burst: 2, every: SECOND }), start);
        assert_eq!(pace.room(start), Ok(2));
        pace.take(None, start).unwrap();
        pace.take(None, start).unwrap();
        assert!(pace.room(start).is_err());
        assert_eq!(pace.room(start + SECOND * 5), Ok(2), "it never holds more than its burst");
    }

    #[test]
    fn chats_that_went_quiet_are_forgotten() {
        let start = Instant::now();
        let rate = Rate { burst: 1, every: SECOND };
        let mut pace = Pace::new(None, start);
        for second in 0..10_000_u32 {
            pace.take(Some((&second.to_string(), rate)), start + SECOND * second).unwrap();
        }
        assert!(pace.chats.len() <= SWEEP_AT, "{}", pace.chats.len());
    }
}
