//! What was found out of the texts that came lately: in a crisis most messages repeat.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest as _, Sha256};

/// What stands for a text: its SHA-256, so that a text of any length takes the same room and no customer's words stay in memory.
pub type Key = [u8; 32];

/// The key of a text.
pub fn key(text: &str) -> Key {
    Sha256::digest(text).into()
}

/// A bounded cache. What was not used while as many others as half its size came is dropped.
#[derive(Debug)]
pub struct Cache<V> {
    generations: Mutex<Generations<V>>,
    /// Entries that each generation may have.
    each: usize,
}

#[derive(Debug)]
struct Generations<V> {
    young: HashMap<Key, V>,
    old: HashMap<Key, V>,
}

impl<V: Clone> Cache<V> {
    /// A cache of at most so many entries.
    pub fn new(capacity: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new() };
        Self { generations: Mutex::new(generations), each: (capacity / 2).max(1) }
    }

    pub fn get(&self, key: &Key) -> Option<V> {
        let mut generations = self.lock();
        if let Some(found) = generations.young.get(key) {
            return Some(found.clone());
        }
        let found = generations.old.remove(key)?;
        self.insert(&mut generations, *key, found.clone());
        Some(found)
    }

    pub fn put(&self, key: Key, value: V) {
        self.insert(&mut self.lock(), key, value);
    }

    fn insert(&self, generations: &mut Generations<V>, key: Key, value: V) {
        if generations.young.len() >= self.each {
            generations.old = mem::take(&mut generations.young);
        }
        generations.young.insert(key, value);
    }

    /// No holder of the lock can leave the maps half changed, so a panic of one is nothing to the others.
    fn lock(&self) -> MutexGuard<'_, Generations<V>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn embedding(n: usize) -> Arc<[f32]> {
        [n as f32].into()
    }

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let cache = Cache::new(100);
        cache.put(key("again and again"), embedding(7));
        cache.put(key("once"), embedding(8));
        for n in 0..1000 {
            cache.put(key(&n.to_string()), embedding(n));
            assert_eq!(cache.get(&key("again and again")).as_deref(), Some([7.0].as_slice()), "{n}");
        }
        assert_eq!(cache.get(&key("once")), None);
        assert_eq!(cache.get(&key("999")).as_deref(), Some([999.0].as_slice()));
        let generations = cache.lock();
        assert!(generations.young.len() + generations.old.len() <= 100);
    }
}
