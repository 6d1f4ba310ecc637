//! How far a timeline has been read.
//!
//! Posts do not appear in the order of their ids: one that was written a moment earlier may be shown a moment later. So the mark stays
//! a little behind, and what was read since is remembered.

use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

use super::place::newer;

/// How long after a look an older post may still appear. Looking twice at a post costs nothing: X charges it once a day.
const LATE: Duration = Duration::from_secs(30);

/// The mark of one timeline.
#[derive(Debug)]
pub struct Progress {
    /// Everything up to this id was read, or is none of ours.
    since: String,
    /// What the newest id was at each look since then.
    looks: VecDeque<(Instant, String)>,
    /// Ids after `since` that are done.
    done: HashSet<String>,
}

impl Progress {
    pub fn from(since: String) -> Self {
        Self { since, looks: VecDeque::new(), done: HashSet::new() }
    }

    /// Read from here on.
    pub fn since(&self) -> &str {
        &self.since
    }

    /// Whether something was not read before.
    pub fn is_new(&self, id: &str) -> bool {
        newer(id, &self.since) && !self.done.contains(id)
    }

    /// It is read and kept.
    pub fn done(&mut self, id: &str) {
        self.done.insert(id.to_owned());
    }

    /// A look is over, and all that it brought is done. The mark to write down, if it has moved.
    pub fn looked(&mut self, now: Instant) -> Option<&str> {
        let last = self.looks.back().map_or(&self.since, |(_, id)| id);
        let newest = self.done.iter().fold(last, |newest, id| if newer(id, newest) { id } else { newest }).clone();
        // A look that brought nothing newer says the same as the one before it.
        if newest != *last {
            self.looks.push_back((now, newest));
        }
        let mut moved = false;
        while self.looks.front().is_some_and(|(at, _)| now.duration_since(*at) >= LATE)
            && let Some((_, id)) = self.looks.pop_front()
        {
            self.since = id;
            moved = true;
        }
        if moved {
            let since = &self.since;
            self.done.retain(|id| newer(id, since));
        }
        moved.then_some(self.since.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_follows_behind_and_a_late_post_is_found() {
        let start = Instant::now();
        let mut progress = Progress::from("100".into());
        progress.done("120");
        assert_eq!(progress.looked(start), None);
        assert!(progress.is_new("110"), "written before 120, shown after it");
        assert!(!progress.is_new("120") && !progress.is_new("100") && !progress.is_new("99"));

        progress.done("110");
        assert_eq!(progress.looked(start + LATE / 2), None);
        assert_eq!(progress.looked(start + LATE), Some("120"));
        assert!(!progress.is_new("110") && progress.is_new("1000"));
        assert!(progress.done.is_empty(), "what lies behind the mark is forgotten");
        assert_eq!(progress.looked(start + LATE * 2), None, "nothing new, nothing to write");
    }

    #[test]
    fn looks_without_news_do_not_hold_the_mark_back() {
        let start = Instant::now();
        let mut progress = Progress::from("0".into());
        progress.done("5");
        for second in 0..29 {
            assert_eq!(progress.looked(start + Duration::from_secs(second)), None);
        }
        assert_eq!(progress.looked(start + LATE), Some("5"));
        assert_eq!(progress.since(), "5");
    }
}
