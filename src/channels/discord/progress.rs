//! How far the platform's messages are stored: the point from which we catch up.

use std::collections::BTreeMap;

/// The ids of messages that were told to us, in the order of which Discord makes them.
#[derive(Debug, Default)]
pub(super) struct Progress {
    highest: u64,
    /// Being stored, each as often as it was told.
    under_way: BTreeMap<u64, usize>,
}

impl Progress {
    pub(super) fn told(&mut self, id: u64) {
        self.highest = self.highest.max(id);
        *self.under_way.entry(id).or_default() += 1;
    }

    pub(super) fn stored(&mut self, id: u64) {
        if let Some(count) = self.under_way.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                self.under_way.remove(&id);
            }
        }
    }

    /// Everything that was told up to this id is stored. `None` if nothing was told.
    pub(super) fn complete(&self) -> Option<u64> {
        let complete = self.under_way.first_key_value().map_or(self.highest, |(first, _)| first - 1);
        (complete > 0).then_some(complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_stored_yet_holds_the_mark_back() {
        let mut progress = Progress::default();
        assert_eq!(progress.complete(), None);
        for id in [10, 30, 20, 20] {
            progress.told(id);
        }
        assert_eq!(progress.complete(), Some(9));
        progress.stored(30);
        progress.stored(10);
        progress.stored(20);
        assert_eq!(progress.complete(), Some(19), "it was told twice and stored once");
        progress.stored(20);
        assert_eq!(progress.complete(), Some(30));
    }
}
