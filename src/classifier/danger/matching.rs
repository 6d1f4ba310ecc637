//! Which rules a message meets.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use super::{
    rules::{Kind, Phrase, Place, Rule, Rules},
    words::{self, Word},
};

use crate::reading::Danger;

/// So many different words of a message are looked at for misspellings, at most: a wall of random letters must not cost more than a long letter.
const MOST_MISSPELT: usize = 1_000;

/// From and up to which word something stands.
type Span = (usize, usize);

/// A message's words, ready for the rules.
pub struct Message<'r> {
    rules: &'r Rules,
    words: Vec<Word>,
    /// What each word may mean.
    meant: Vec<Vec<u16>>,
    /// At which words each number stands.
    at: HashMap<u16, Vec<usize>>,
    /// The rules whose first word is there.
    begun: Vec<usize>,
    /// Clauses whose signs are taken away, by whether only for being over.
    taken: RefCell<HashMap<bool, HashSet<u32>>>,
}

impl<'r> Message<'r> {
    pub fn of(text: &str, rules: &'r Rules) -> Self {
        let words = words::of(text, |word| rules.buts.contains(word));
        let mut known: HashMap<&str, Vec<u16>> = HashMap::new();
        let mut meant = Vec::with_capacity(words.len());
        for word in &words {
            let misspelt = known.len() < MOST_MISSPELT;
            meant.push(known.entry(&word.text).or_insert_with(|| rules.meant(&word.text, misspelt)).clone());
        }
        let mut at: HashMap<u16, Vec<usize>> = HashMap::new();
        for (i, numbers) in meant.iter().enumerate() {
            for number in numbers {
                at.entry(*number).or_default().push(i);
            }
        }
        let mut begun: Vec<usize> =
            at.keys().filter_map(|number| rules.begun_by.get(number)).flatten().copied().collect();
        begun.sort_unstable();
        begun.dedup();
        Self { rules, words, meant, at, begun, taken: RefCell::default() }
    }

    /// The name of a rule of this kind that the message meets.
    pub fn rule_of(&self, kind: Kind) -> Option<&'static str> {
        let mut begun =
            self.begun.iter().map(|rule| &self.rules.rules[*rule]).filter(|rule| rule.kind == kind).peekable();
        begun.peek()?;
        let hidden = self.hidden(kind);
        begun.find(|rule| self.meets(rule, &hidden)).map(|rule| rule.name)
    }

    /// Which words belong to what is harmless.
    fn hidden(&self, kind: Kind) -> Vec<bool> {
        let mut hidden = vec![false; self.words.len()];
        for phrase in self.rules.harmless.get(&kind).into_iter().flatten() {
            for (start, end) in self.spans_of(phrase) {
                hidden[start..end].fill(true);
            }
        }
        hidden
    }

    fn meets(&self, rule: &Rule, hidden: &[bool]) -> bool {
        if self.words.len() > rule.at_most {
            return false;
        }
        let mut spans: Vec<Vec<Span>> = Vec::with_capacity(rule.groups.len());
        for (_, group) in &rule.groups {
            let mut found: Vec<Span> = group.iter().flat_map(|phrase| self.spans_of(phrase)).collect();
            found.retain(|(start, end)| !hidden[*start..*end].contains(&true));
            if found.is_empty() {
                return false;
            }
            found.sort_unstable();
            spans.push(found);
        }
        let unless: HashSet<u32> =
            rule.unless.iter().flat_map(|phrase| self.spans_of(phrase)).map(|span| self.words[span.0].clause).collect();
        let Some(first) = spans.first() else { return false };
        first.iter().any(|span| self.goes_on(rule, &spans, &unless, &mut vec![*span]))
    }

    /// Whether all groups are met that begin so.
    fn goes_on(&self, rule: &Rule, spans: &[Vec<Span>], unless: &HashSet<u32>, met: &mut Vec<Span>) -> bool {
        let Some(next) = spans.get(met.len()) else { return !self.is_taken_away(rule, unless, met) };
        let (place, _) = rule.groups[met.len()];
        let from = if place == Place::After { met[met.len() - 1] } else { met[0] };
        let earliest = match place {
            Place::After => from.1,
            // A phrase may begin before its last word does.
            Place::Near => from.0.saturating_sub(rule.within + LONGEST),
        };
        let latest = from.1 + rule.within;
        let begin = next.partition_point(|span| span.0 < earliest);
        for span in next[begin..].iter().take_while(|span| span.0 <= latest) {
            let before = span.1 <= from.0 && from.0 - span.1 <= rule.within;
            if span.0 >= from.1 || (place == Place::Near && before) {
                met.push(*span);
                if self.goes_on(rule, spans, unless, met) {
                    return true;
                }
                met.pop();
            }
        }
        false
    }

    fn is_taken_away(&self, rule: &Rule, unless: &HashSet<u32>, met: &[Span]) -> bool {
        let clause = |span: &Span| self.words[span.0].clause;
        met.iter().any(|span| unless.contains(&clause(span)))
            || (rule.negatable && met.iter().any(|span| self.is_negated(rule, span.0)))
            || met.iter().any(|span| self.is_past_or_general(rule, clause(span)))
    }

    /// Whether a negation stands right before, with nothing but small words between.
    fn is_negated(&self, rule: &Rule, at: usize) -> bool {
        let language = &self.rules.languages[rule.language];
        let here = self.words[at].clause;
        for word in self.words[..at].iter().rev().take(4).take_while(|word| word.clause == here) {
            if language.negations.contains(&word.text) {
                return true;
            }
            if !language.between.contains(&word.text) {
                return false;
            }
        }
        false
    }

    /// Whether the clause says, in any language, that it is over or, unless somebody may die by their own hand, asks in general: languages share
    /// words of danger, and a rule of one may be met by another.
    fn is_past_or_general(&self, rule: &Rule, clause: u32) -> bool {
        let only_over = rule.kind == Kind::Danger(Danger::SelfHarm);
        let mut taken = self.taken.borrow_mut();
        let taken = taken.entry(only_over).or_insert_with(|| {
            let clauses = |phrases: &[Phrase]| -> HashSet<u32> {
                phrases.iter().flat_map(|phrase| self.spans_of(phrase)).map(|span| self.words[span.0].clause).collect()
            };
            let mut taken = HashSet::new();
            for language in &self.rules.languages {
                let mut here = clauses(&language.over);
                if !only_over {
                    here.extend(clauses(&language.general));
                }
                if !here.is_empty() {
                    let still = clauses(&language.still);
                    taken.extend(here.difference(&still));
                }
            }
            taken
        });
        taken.contains(&clause)
    }

    /// Where a phrase stands.
    fn spans_of(&self, phrase: &[u16]) -> impl Iterator<Item = Span> {
        let starts = phrase.first().and_then(|first| self.at.get(first)).map_or(&[][..], Vec::as_slice);
        let length = phrase.len();
        let spans = starts.iter().map(move |start| (*start, start + length));
        spans.filter(move |(start, end)| {
            *end <= self.meant.len() && (*start..*end).all(|i| self.meant[i].contains(&phrase[i - start]))
        })
    }
}

/// No phrase of the rules has more words.
const LONGEST: usize = 12;
