//! How much one visitor and one address may ask for.

use std::{
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

use super::{error::ApiError, places};
use crate::policy;

/// A burst, and after it one more each `refill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub burst: u32,
    pub refill: Duration,
}

/// What is taken before a caller is told to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages of one visitor.
    pub messages: Limit,
    /// Readings of the history and openings of the stream, of one visitor.
    pub readings: Limit,
    /// New visitors from one address (IPv6: one /64 network), and first messages from it. Generous, because a mobile
    /// network or a shelter puts many people behind one address.
    pub newcomers: Limit,
    /// Requests with one token of the API for bridges: a bridge that catches up needs some hundred, and none needs more than ten a second.
    pub bridges: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages: Limit { burst: policy::VISITOR_BURST, refill: policy::VISITOR_REFILL },
            readings: Limit { burst: 60, refill: Duration::from_secs(1) },
            newcomers: Limit { burst: policy::ADDRESS_BURST, refill: Duration::from_secs(1) },
            bridges: Limit { burst: 300, refill: Duration::from_millis(100) },
        }
    }
}

/// The limits at work.
pub(super) struct Guards {
    pub messages: Guard<String>,
    pub readings: Guard<String>,
    /// `POST /api/chat/visitors` by address.
    pub keys: NetworkGuard,
    /// First messages by address. A key can be made up without asking us, so this is what keeps one machine from being a
    /// thousand visitors.
    pub first_messages: NetworkGuard,
    /// `DELETE /api/chat/visitors` by address.
    pub erasures: NetworkGuard,
    /// By the name of the token.
    pub bridges: Guard<String>,
}

impl Guards {
    pub fn new(limits: &Limits) -> Self {
        Self {
            messages: Guard::new(limits.messages),
            readings: Guard::new(limits.readings),
            keys: NetworkGuard::new(limits.newcomers),
            first_messages: NetworkGuard::new(limits.newcomers),
            erasures: NetworkGuard::new(limits.newcomers),
            bridges: Guard::new(limits.bridges),
        }
    }
}

/// One limit, for each key on its own.
pub(super) struct Guard<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    checks: AtomicU32,
}

/// Keys whose burst is full again are forgotten once in this many checks, so that memory holds only the recent ones.
const FORGET_EVERY: u32 = 4_096;

impl<K: Hash + Eq + Clone> Guard<K> {
    pub fn new(limit: Limit) -> Self {
        let burst = NonZeroU32::new(limit.burst).unwrap_or(NonZeroU32::MIN);
        // A refill of zero would mean no limit at all; governor knows none, so it becomes the shortest it knows.
        let quota = Quota::with_period(limit.refill.max(Duration::from_nanos(1)))
            .unwrap_or_else(|| Quota::per_second(burst))
            .allow_burst(burst);
        Self { limiter: RateLimiter::keyed(quota), checks: AtomicU32::new(0) }
    }

    /// Takes one from the key's burst, or says how long to wait.
    pub fn check(&self, key: &K) -> Result<(), ApiError> {
        self.wait(key).map_or(Ok(()), |wait| Err(ApiError::too_many(wait)))
    }

    /// Takes one from the key's burst; if there is none left, gives how long to wait.
    pub fn wait(&self, key: &K) -> Option<Duration> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(key).err().map(|refused| refused.wait_time_from(self.limiter.clock().now()))
    }
}

/// One limit for each network, and a wider one for each IPv6 site.
pub(super) struct NetworkGuard {
    networks: Guard<IpAddr>,
    sites: Guard<IpAddr>,
}

/// A site (/48) may do so many times what one of its networks (/64) may.
const SITE: u32 = 4;

impl NetworkGuard {
    pub fn new(limit: Limit) -> Self {
        let wide = Limit { burst: limit.burst.saturating_mul(SITE), refill: limit.refill / SITE };
        Self { networks: Guard::new(limit), sites: Guard::new(wide) }
    }

    /// Takes one from the burst of an address, or says how long to wait.
    pub fn check(&self, address: &IpAddr) -> Result<(), ApiError> {
        self.networks.check(address)?;
        places::site(*address).map_or(Ok(()), |site| self.sites.check(&site))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_burst_makes_only_its_own_key_wait() {
        let guard = Guard::new(Limit { burst: 3, refill: Duration::from_hours(1) });
        for _ in 0..3 {
            assert!(guard.check(&"a").is_ok());
        }
        assert!(guard.check(&"a").is_err());
        assert!(guard.check(&"b").is_ok());
    }

    #[test]
    fn keys_of_the_past_are_forgotten() {
        let guard = Guard::new(Limit { burst: 1, refill: Duration::from_nanos(1) });
        for key in 0..FORGET_EVERY * 3 {
            assert!(guard.check(&key).is_ok());
        }
        assert!(guard.limiter.len() < FORGET_EVERY as usize, "{} keys are kept", guard.limiter.len());
    }

    #[test]
    fn a_whole_site_is_not_a_crowd() {
        let guard = NetworkGuard::new(Limit { burst: 3, refill: Duration::from_hours(1) });
        let taken =
            (0..100_u16).filter(|network| guard.check(&IpAddr::from([0x2001, 0xdb8, 1, *network, 0, 0, 0, 0])).is_ok());
        assert_eq!(taken.count(), 12);
        assert!(guard.check(&IpAddr::from([0x2001, 0xdb8, 2, 0, 0, 0, 0, 0])).is_ok());
    }
}
