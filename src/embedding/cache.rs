//! Embeddings of the texts that came lately: in a crisis most messages repeat.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
pub struct Cache {
    generations: Mutex<Generations>,
    /// Entries that each generation may have.
    each: usize,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, Arc<[f32]>>,
    old: HashMap<Key, Arc<[f32]>>,
}

impl Cache {
    pub fn new(capacity: usize) -> Self {
        Self { generations: Mutex::default(), each: (capacity / 2).max(1) }
    }

    pub fn get(&self, key: &Key) -> Option<Arc<[f32]>> {
        let mut generations = self.lock();
        if let Some(found) = generations.young.get(key) {
            return Some(Arc::clone(found));
        }
        let found = generations.old.remove(key)?;
        self.insert(&mut generations, *key, Arc::clone(&found));
        Some(found)
    }

    pub fn put(&self, key: Key, embedding: Arc<[f32]>) {
        self.insert(&mut self.lock(), key, embedding);
    }

    fn insert(&self, generations: &mut Generations, key: Key, embedding: Arc<[f32]>) {
        if generations.young.len() >= self.each {
            generations.old = mem::take(&mut generations.young);
        }
        generations.young.insert(key, embedding);
    }

    /// No holder of the lock can leave the maps half changed, so a panic of one is nothing to the others.
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
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
