//! What the figures page says, computed from what the store counted.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::store::{Counted, Outcome, PromiseCount, Span, Wait};

/// A word's count in each step of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub word: String,
    /// One for each step.
    pub counts: Vec<u64>,
}

impl Series {
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// The counts as one series for each of `words`, in their order; words that are not asked for are added up in none of them.
#[must_use]
pub fn series(counted: &[Counted], words: &[&str], span: Span) -> Vec<Series> {
    let one = |word: &&str| {
        let mut counts = vec![0; span.steps];
        for row in counted.iter().filter(|row| row.word == **word) {
            if let Some(count) = counts.get_mut(row.step) {
                *count += row.count;
            }
        }
        Series { word: (*word).to_owned(), counts }
    };
    words.iter().map(one).collect()
}

/// How the turns of one channel or intent were decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    pub answered: u64,
    pub clarified: u64,
    pub escalated: u64,
    /// Courtesies, and words that went to the agent who has the conversation.
    pub other: u64,
}

impl Split {
    #[must_use]
    pub fn total(&self) -> u64 {
        self.answered + self.clarified + self.escalated + self.other
    }

    fn add(&mut self, word: &str, count: u64) {
        *match word {
            "answer" => &mut self.answered,
            "clarify" => &mut self.clarified,
            "escalate" => &mut self.escalated,
            _ => &mut self.other,
        } += count;
    }
}

/// Decisions by whose they are, the most frequent first, at most so many.
#[must_use]
pub fn splits(counted: &[Counted], at_most: usize) -> Vec<(String, Split)> {
    let mut splits: BTreeMap<&str, Split> = BTreeMap::new();
    for row in counted.iter().filter(|row| !row.of.is_empty()) {
        splits.entry(&row.of).or_default().add(&row.word, row.count);
    }
    let mut splits: Vec<(String, Split)> = splits.into_iter().map(|(of, split)| (of.to_owned(), split)).collect();
    splits.sort_by_key(|(_, split)| std::cmp::Reverse(split.total()));
    splits.truncate(at_most);
    splits
}

/// How long customers waited for a person's first words. Who still waits counts with what they have waited so far: to leave them out
/// would flatter exactly when nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    pub people: usize,
    /// Of them, those who still wait.
    pub waiting: usize,
    pub median: AtLeast,
    /// Nine of ten waited no longer.
    pub ninth: AtLeast,
}

/// A time that somebody waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AtLeast {
    pub span: SignedDuration,
    /// They wait still: it will be more.
    pub waiting: bool,
}

/// None: nobody was called.
#[must_use]
pub fn waits(waits: &[Wait], now: Timestamp) -> Option<Waits> {
    let one = |wait: &Wait| AtLeast {
        span: wait.first_reply_at.unwrap_or(now).duration_since(wait.opened_at),
        waiting: wait.first_reply_at.is_none(),
    };
    let mut spans: Vec<AtLeast> = waits.iter().map(one).collect();
    spans.sort_unstable();
    // The nearest rank: of ten, the fifth and the ninth.
    let rank = |share: f64| spans.get(((spans.len() as f64 * share).ceil() as usize).max(1) - 1).copied();
    Some(Waits {
        people: spans.len(),
        waiting: waits.iter().filter(|wait| wait.first_reply_at.is_none()).count(),
        median: rank(0.5)?,
        ninth: rank(0.9)?,
    })
}

/// What became of somebody's promises.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    pub open: u64,
    pub kept: u64,
    pub broken: u64,
    pub withdrawn: u64,
}

impl Kept {
    fn add(&mut self, outcome: Option<Outcome>, count: u64) {
        *match outcome {
            None => &mut self.open,
            Some(Outcome::Kept) => &mut self.kept,
            Some(Outcome::Broken) => &mut self.broken,
            Some(Outcome::Withdrawn) => &mut self.withdrawn,
        } += count;
    }
}

/// Promises of all, then by who made them, the bot (None) first.
#[must_use]
pub fn kept(counts: &[PromiseCount]) -> (Kept, Vec<(Option<String>, Kept)>) {
    let (mut all, mut by_owner) = (Kept::default(), BTreeMap::<Option<String>, Kept>::new());
    for row in counts {
        all.add(row.outcome, row.count);
        by_owner.entry(row.owner.clone()).or_default().add(row.outcome, row.count);
    }
    (all, by_owner.into_iter().collect())
}

/// A share in whole per cent; None of nothing.
#[must_use]
pub fn percent(part: u64, whole: u64) -> Option<u64> {
    (part * 100 + whole / 2).checked_div(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(step: usize, of: &str, word: &str, count: u64) -> Counted {
        Counted { step, of: of.to_owned(), word: word.to_owned(), count }
    }

    #[test]
    fn a_series_has_a_number_for_each_step() {
        let span = Span { from: Timestamp::UNIX_EPOCH, step: SignedDuration::from_hours(1), steps: 3 };
        let rows = [counted(0, "", "answer", 2), counted(2, "", "answer", 5), counted(2, "", "silent", 9)];
        let series = series(&rows, &["answer", "escalate"], span);
        assert_eq!(series[0].counts, [2, 0, 5]);
        assert_eq!((series[0].total(), series[1].total()), (7, 0));
    }

    #[test]
    fn the_most_frequent_come_first() {
        let rows = [
            counted(0, "web", "answer", 1),
            counted(0, "telegram", "answer", 3),
            counted(0, "web", "escalate", 4),
            counted(0, "", "escalate", 99),
        ];
        let splits = splits(&rows, 5);
        assert_eq!(splits[0], ("web".to_owned(), Split { answered: 1, escalated: 4, ..Split::default() }));
        assert_eq!(splits.len(), 2);
    }

    #[test]
    fn who_still_waits_counts() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let wait = |opened, reply: Option<i64>| Wait { opened_at: at(opened), first_reply_at: reply.map(at) };
        assert_eq!(waits(&[], at(0)), None);
        let told = waits(&[wait(0, Some(2)), wait(0, Some(4)), wait(0, None)], at(60)).unwrap();
        assert_eq!((told.people, told.waiting), (3, 1));
        let mins = |mins, waiting| AtLeast { span: SignedDuration::from_mins(mins), waiting };
        assert_eq!((told.median, told.ninth), (mins(4, false), mins(60, true)));
    }

    #[test]
    fn promises_are_counted_by_who_made_them() {
        let row =
            |owner: Option<&str>, outcome, count| PromiseCount { owner: owner.map(str::to_owned), outcome, count };
        let rows = [
            row(Some("dana"), None, 2),
            row(None, Some(Outcome::Broken), 1),
            row(Some("dana"), Some(Outcome::Kept), 4),
        ];
        let (all, by_owner) = kept(&rows);
        assert_eq!(all, Kept { open: 2, kept: 4, broken: 1, withdrawn: 0 });
        assert_eq!(by_owner[0], (None, Kept { broken: 1, ..Kept::default() }));
        assert_eq!(by_owner[1], (Some("dana".to_owned()), Kept { open: 2, kept: 4, ..Kept::default() }));
    }

    #[test]
    fn a_share_is_rounded_and_of_nothing_there_is_none() {
        assert_eq!([percent(1, 3), percent(2, 3), percent(0, 5), percent(0, 0)], [Some(33), Some(67), Some(0), None]);
    }
}
