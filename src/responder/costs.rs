//! What the promise costs: how much is answered, asked back and left to people, by cross-validation on the admins' own examples.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    classifier::{CONFIDENCE, Classifier, Tried, bound},
    knowledge::{Intent, Knowledge},
    policy,
};

/// What keeping the promise costs. Shares are between 0 and 1, of the questions that the bot may answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Costs {
    /// The promise: at most this share of the answers is wrong.
    pub max_wrong: f64,
    /// The share that examples must prove to keep it: less where n-grams alone decide ([`policy::N_GRAMS_PART`]).
    pub held_to: f64,
    pub promise: Verdict,
    /// So many examples, all understood, are the least that can prove it.
    pub least_examples: usize,
    pub answered: f64,
    pub asked_back: f64,
    pub to_a_person: f64,
    /// Intents with fewer examples than [`ENOUGH`], those with the fewest first.
    pub thin: Vec<Thin>,
    /// The pairs of intents that are confused most, and more than once.
    pub confused: Vec<Confused>,
}

/// Whether the promise lets the bot answer anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What is answered keeps the promise.
    Kept,
    /// So few examples prove nothing.
    TooFewExamples,
    /// Too many examples are misunderstood, or look like what no intent covers.
    TooAlike,
}

/// An intent with few examples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Thin {
    pub intent: String,
    pub examples: usize,
}

/// An intent whose held-back examples were taken for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confused {
    pub intent: String,
    pub taken_for: String,
    pub times: usize,
    /// All examples of the intent.
    pub of: usize,
}

/// So many examples of an intent are enough; `docs/admins.md` asks for 10 to 30.
pub const ENOUGH: usize = 10;

/// How many thin intents and confusions are named: what one sitting can mend.
const NAMED: usize = 5;

/// Fewer times is chance.
const LEAST_TIMES: usize = 2;

impl Costs {
    pub(super) fn of(
        knowledge: &Knowledge,
        classifier: &Classifier,
        threshold: f64,
        max_wrong: f64,
        held_to: f64,
    ) -> Self {
        let names = classifier.intents();
        let all_of = |is: fn(&Intent) -> bool| -> Vec<bool> {
            names.iter().map(|name| knowledge.intents.get(name).is_none_or(is)).collect()
        };
        let to_a_person = all_of(|intent| intent.escalate || intent.danger.is_some());
        let no_choice = all_of(|intent| intent.priority < 0 || intent.danger.is_some());
        let tried = &classifier.report().tried;
        let (mut answered, mut asked_back, mut all) = (0_usize, 0_usize, 0_usize);
        for tried in tried.iter().filter(|tried| !to_a_person[tried.intent]) {
            all += 1;
            match outcome(tried, &to_a_person, &no_choice, threshold) {
                Outcome::Answered => answered += 1,
                Outcome::AskedBack => asked_back += 1,
                Outcome::Person => {}
            }
        }
        let share = |count: usize| count as f64 / all.max(1) as f64;
        let suffice = |n: &u32| bound::confidence(0.0, f64::from(*n), held_to) >= CONFIDENCE;
        let least_examples = (1..10_000).find(suffice).unwrap_or(10_000) as usize;
        let promise = match threshold {
            below if below < 1.0 => Verdict::Kept,
            _ if tried.len() < least_examples => Verdict::TooFewExamples,
            _ => Verdict::TooAlike,
        };
        Self {
            max_wrong,
            held_to,
            promise,
            least_examples,
            answered: share(answered),
            asked_back: share(asked_back),
            to_a_person: if all == 0 { 1.0 } else { share(all - answered - asked_back) },
            thin: thin(names, tried),
            confused: confused(names, tried),
        }
    }
}

enum Outcome {
    Answered,
    AskedBack,
    Person,
}

/// What becomes of a message that is read like this, as the decision goes for one in a single piece.
fn outcome(tried: &Tried, to_a_person: &[bool], no_choice: &[bool], threshold: f64) -> Outcome {
    let Some((best, probability)) = tried.ranked.first() else { return Outcome::Person };
    let offered = tried.ranked.iter().filter(|(intent, _)| !no_choice[*intent]).map(|(_, probability)| *probability);
    if to_a_person[*best] && *probability >= threshold.min(policy::ASK_BACK) {
        Outcome::Person
    } else if *probability >= threshold {
        Outcome::Answered
    } else if policy::choices(offered) > 0 {
        Outcome::AskedBack
    } else {
        Outcome::Person
    }
}

fn counts(names: &[String], tried: &[Tried]) -> Vec<usize> {
    let mut counts = vec![0; names.len()];
    for tried in tried {
        counts[tried.intent] += 1;
    }
    counts
}

fn thin(names: &[String], tried: &[Tried]) -> Vec<Thin> {
    let mut thin: Vec<Thin> = names
        .iter()
        .zip(counts(names, tried))
        .filter(|(_, examples)| *examples < ENOUGH)
        .map(|(intent, examples)| Thin { intent: intent.clone(), examples })
        .collect();
    thin.sort_by_key(|thin| thin.examples);
    thin.truncate(NAMED);
    thin
}

fn confused(names: &[String], tried: &[Tried]) -> Vec<Confused> {
    let counts = counts(names, tried);
    let mut pairs: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for tried in tried {
        if let Some((best, _)) = tried.ranked.first().filter(|(best, _)| *best != tried.intent) {
            *pairs.entry((tried.intent, *best)).or_default() += 1;
        }
    }
    let mut confused: Vec<Confused> = pairs
        .into_iter()
        .filter(|(_, times)| *times >= LEAST_TIMES)
        .map(|((intent, other), times)| Confused {
            intent: names[intent].clone(),
            taken_for: names[other].clone(),
            times,
            of: counts[intent],
        })
        .collect();
    confused.sort_by_key(|confused| std::cmp::Reverse(confused.times));
    confused.truncate(NAMED);
    confused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(intent: usize, ranked: &[(usize, f64)]) -> Tried {
        Tried { intent, ranked: ranked.to_vec() }
    }

    #[test]
    fn a_message_is_answered_asked_back_or_given_to_a_person() {
        let persons = [false, true, false];
        let outcome = |ranked: &[(usize, f64)]| match outcome(&tried(0, ranked), &persons, &[false; 3], 0.8) {
            Outcome::Answered => 'a',
            Outcome::AskedBack => 'b',
            Outcome::Person => 'p',
        };
        assert_eq!(outcome(&[(0, 0.9), (1, 0.05)]), 'a');
        assert_eq!(outcome(&[(0, 0.4), (2, 0.2)]), 'b');
        assert_eq!(outcome(&[(0, 0.3), (2, 0.1)]), 'p');
        assert_eq!(outcome(&[(1, 0.6), (0, 0.2)]), 'p', "a person takes that intent anyway");
        assert_eq!(outcome(&[]), 'p');
    }

    #[test]
    fn what_is_thin_or_confused_is_named_worst_first() {
        let names = ["fridge", "refund", "claim"].map(str::to_owned);
        let mut all: Vec<Tried> = (0..12).map(|_| tried(0, &[(0, 0.9)])).collect();
        all.extend((0..3).map(|_| tried(1, &[(2, 0.5), (1, 0.3)])));
        all.extend((0..4).map(|n| tried(2, &[(if n == 0 { 0 } else { 2 }, 0.5)])));
        let thin = |intent: &str, examples| Thin { intent: intent.to_owned(), examples };
        assert_eq!(super::thin(&names, &all), [thin("refund", 3), thin("claim", 4)]);
        let expected = Confused { intent: "refund".to_owned(), taken_for: "claim".to_owned(), times: 3, of: 3 };
        assert_eq!(confused(&names, &all), [expected]);
    }
}
