//! How many connections there may be, for whom the last of them are kept, and how many of them one network may hold.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// The most connections at a time; each open tab holds one, with some 20 KB of memory.
const MAX_CONNECTIONS: u32 = 8_192;

/// Open files that are not connections of callers: the store, the platforms, models, and what the libraries need.
const OTHER_FILES: u32 = 256;

/// One network may hold this part of all places: a mobile carrier puts many customers behind one address, but nobody shall fill the house alone.
const SHARE: u32 = 8;

/// An IPv6 site (/48) may hold so many times what one of its networks (/64) may: providers give away whole sites, offices are one.
const SITE: u32 = 4;

/// What there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Connections in all.
    pub connections: u32,
    /// Connections of one network; none where a proxy stands between.
    pub of_network: Option<u32>,
    /// Event streams of the chat for one network.
    pub streams: u32,
}

impl Places {
    /// Raises the process's limit of open files as far as it may be raised and is of use, and shares out what there is.
    #[must_use]
    pub fn find(behind_proxy: bool) -> Self {
        let files = rlimit::increase_nofile_limit(u64::from(MAX_CONNECTIONS + OTHER_FILES))
            .or_else(|_| rlimit::Resource::NOFILE.get_soft());
        // Unknown: what most systems allow.
        let files = files.map_or(1_024, |files| u32::try_from(files).unwrap_or(u32::MAX));
        let places = Self::of_files(files, behind_proxy);
        tracing::info!(files, connections = places.connections, "connections are shared out");
        places
    }

    fn of_files(files: u32, behind_proxy: bool) -> Self {
        let connections = files.saturating_sub(OTHER_FILES.min(files / 2)).clamp(SHARE, MAX_CONNECTIONS);
        let share = connections / SHARE;
        Self { connections, of_network: (!behind_proxy).then_some(share), streams: share }
    }

    /// How much room there is for the connection that makes it `open`.
    pub(super) fn room(&self, open: u32) -> Room {
        if open > self.connections {
            Room::None
        } else if open > self.connections - self.connections / 8 {
            Room::Kept
        } else if open > self.connections - self.connections / 4 {
            Room::Scarce
        } else {
            Room::Ample
        }
    }
}

/// What a connection may be used for. Each request carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    /// Everything.
    Ample,
    /// One request, and no event stream of the chat: messages still come in.
    Scarce,
    /// One request, and not of the chat: the last places are for the desk, the probes and the platforms.
    Kept,
    /// To be told that there is no room.
    None,
}

/// How many of something each network holds at the moment.
#[derive(Debug, Default)]
pub(super) struct Holdings(Mutex<HashMap<(u8, IpAddr), u32>>);

impl Holdings {
    /// Takes one more, unless the network or its site holds its share already. Dropping it gives it back.
    pub fn take(self: &Arc<Self>, address: IpAddr, most: u32) -> Option<Held> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(address);
        let bounds = [most, most.saturating_mul(SITE)];
        if keys.iter().flatten().zip(bounds).any(|(key, most)| held.get(key).is_some_and(|&count| count >= most)) {
            return None;
        }
        for key in keys.into_iter().flatten() {
            *held.entry(key).or_default() += 1;
        }
        Some(Held { holdings: Arc::clone(self), keys })
    }
}

/// One of what a network holds.
#[derive(Debug)]
pub(super) struct Held {
    holdings: Arc<Holdings>,
    keys: [Option<(u8, IpAddr)>; 2],
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.holdings.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in self.keys.into_iter().flatten() {
            if let Some(count) = held.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    held.remove(&key);
                }
            }
        }
    }
}

/// The network of an address, and for IPv6 its site.
fn keys(address: IpAddr) -> [Option<(u8, IpAddr)>; 2] {
    [Some((64, network(address))), site(address).map(|site| (48, site))]
}

/// The network that counts as one address: a household gets a whole IPv6 /64, so single addresses there mean nothing.
pub(super) fn network(address: IpAddr) -> IpAddr {
    cut(address, 64)
}

/// The site of an IPv6 address: whoever gets a /48 has 65,536 networks.
pub(super) fn site(address: IpAddr) -> Option<IpAddr> {
    Some(cut(address, 48)).filter(IpAddr::is_ipv6)
}

fn cut(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> bits))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// How many connections are open.
#[derive(Debug, Default)]
pub(super) struct Open(AtomicU32);

impl Open {
    /// Counts one more, until what it gives is dropped; with how many there are now.
    pub fn one(self: &Arc<Self>) -> (u32, OneOpen) {
        let open = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        (open, OneOpen(Arc::clone(self)))
    }
}

#[derive(Debug)]
pub(super) struct OneOpen(Arc<Open>);

impl Drop for OneOpen {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one() {
        let address = |text: &str| network(text.parse().unwrap());
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.7"), address("192.0.2.7"));
        assert_ne!(address("192.0.2.7"), address("192.0.2.8"));
    }

    #[test]
    fn a_network_holds_its_share_and_others_theirs() {
        let holdings = Arc::new(Holdings::default());
        let one = holdings.take(address("192.0.2.7"), 2).unwrap();
        let _two = holdings.take(address("192.0.2.7"), 2).unwrap();
        assert!(holdings.take(address("192.0.2.7"), 2).is_none());
        assert!(holdings.take(address("192.0.2.8"), 2).is_some());
        drop(one);
        assert!(holdings.take(address("192.0.2.7"), 2).is_some());
    }

    #[test]
    fn who_has_a_whole_site_is_not_a_crowd() {
        let holdings = Arc::new(Holdings::default());
        let held: Vec<_> =
            (0..100).filter_map(|number| holdings.take(address(&format!("2001:db8:1:{number:x}::1")), 2)).collect();
        assert_eq!(held.len(), 8);
        drop(held);
        assert!(holdings.0.lock().unwrap().is_empty());
    }

    #[test]
    fn the_last_places_are_kept() {
        let places = Places::of_files(1_024, false);
        assert_eq!(places, Places { connections: 768, of_network: Some(96), streams: 96 });
        assert_eq!(
            [1, 576, 577, 672, 673, 768, 769].map(|open| places.room(open)),
            [Room::Ample, Room::Ample, Room::Scarce, Room::Scarce, Room::Kept, Room::Kept, Room::None,]
        );
        assert_eq!(Places::of_files(1 << 20, true), Places { connections: 8_192, of_network: None, streams: 1_024 });
        assert!(Places::of_files(8, false).of_network.unwrap() > 0);
    }
}
