//! Signs of danger to life or limb, by rules that can be read (`danger_rules`) and tested (below).
//!
//! A missed danger is far worse than a false one: words are found misspelt, in any order, and across sentences. What looks alike
//! and is harmless ("gas bill", "fire the manager") is taken out first; a negation takes a sign back only when it stands right
//! before it ("no smell of gas", not "no power, smell gas").

use std::{collections::HashMap, sync::LazyLock};

use super::{
    danger_rules::{EMOJI, HARMLESS, RULES, Rule, languages},
    text,
};
use crate::reading::{Danger, DangerSign};

/// The most urgent sign of danger in a text, if there is one.
pub fn sign(text: &str) -> Option<DangerSign> {
    let words = words_of(&text::plain(text));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut known: HashMap<&str, Vec<u16>> = HashMap::new();
    let meant: Vec<Vec<u16>> =
        words.iter().map(|word| known.entry(word).or_insert_with(|| PATTERNS.meant(word)).clone()).collect();
    if meant.iter().all(Vec::is_empty) {
        return None;
    }
    Danger::ALL.into_iter().find_map(|danger| {
        let message = Message::new(&words, meant.clone(), &PATTERNS.harmless[danger as usize]);
        let mut rules = PATTERNS.rules.iter().filter(|rule| rule.rule.danger == danger);
        rules.find(|rule| message.shows(rule)).map(|rule| DangerSign { danger, rule: rule.rule.name.to_owned() })
    })
}

/// The words of a plain text, and those emoji that a rule may name.
fn words_of(plain: &str) -> Vec<String> {
    let folded = text::folded(plain);
    if !folded.contains(EMOJI) {
        return text::words(&folded);
    }
    // Each becomes a word that nobody writes.
    let named = |c: char| if EMOJI.contains(&c) { format!(" u{:x} ", u32::from(c)) } else { c.to_string() };
    let mut words = text::words(&folded.chars().map(named).collect::<String>());
    // Three flames are one fire.
    words.dedup();
    words
}

/// One or more words that must follow each other.
type Phrase = Vec<u16>;

struct Compiled {
    rule: &'static Rule,
    groups: Vec<Vec<Phrase>>,
}

/// The rules with their words numbered.
struct Patterns {
    rules: Vec<Compiled>,
    harmless: Vec<Vec<Phrase>>,
    numbers: HashMap<String, u16>,
    /// Words long enough to be found misspelt, by their first letter.
    fuzzy: HashMap<char, Vec<(String, u16)>>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let mut patterns = Patterns {
        rules: Vec::new(),
        harmless: vec![Vec::new(); Danger::ALL.len()],
        numbers: HashMap::new(),
        fuzzy: HashMap::new(),
    };
    // In the short lists of further languages no word is found misspelt: too many are a letter away from an English one.
    for (rules, fuzzy) in [(RULES, true), (languages::LANGUAGES, false)] {
        for rule in rules {
            let groups = rule.groups.iter().map(|group| patterns.phrases(group, fuzzy)).collect();
            patterns.rules.push(Compiled { rule, groups });
        }
    }
    for (danger, phrases) in HARMLESS {
        let phrases = patterns.phrases(phrases, false);
        patterns.harmless[*danger as usize].extend(phrases);
    }
    // Longer phrases first: "fire alarm battery" before "fire alarm".
    patterns.harmless.iter_mut().for_each(|phrases| phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len())));
    patterns
});

impl Patterns {
    fn phrases(&mut self, alternatives: &str, fuzzy: bool) -> Vec<Phrase> {
        alternatives
            .split_whitespace()
            .map(|phrase| {
                // As a message is split: each character of a script without spaces is a word.
                let words = phrase.split('_').flat_map(words_of);
                words.map(|word| self.number(word, fuzzy)).collect()
            })
            .collect()
    }

    fn number(&mut self, word: String, fuzzy: bool) -> u16 {
        let next = self.numbers.len() as u16;
        let number = *self.numbers.entry(word.clone()).or_insert(next);
        if let Some(first) = word.chars().next()
            && fuzzy
            && word.chars().count() >= FUZZY_FROM
            && word.chars().all(char::is_alphabetic)
        {
            let words = self.fuzzy.entry(first).or_default();
            if words.iter().all(|(_, known)| *known != number) {
                words.push((word, number));
            }
        }
        number
    }

    /// The numbers of all words that this may be: itself, or what it is a misspelling of.
    fn meant(&self, word: &str) -> Vec<u16> {
        let exact = self.numbers.get(word).copied();
        if exact.is_some() || REAL_WORDS.contains(&word) {
            return exact.into_iter().collect();
        }
        let Some(first) = word.chars().next() else { return Vec::new() };
        let candidates = self.fuzzy.get(&first).map_or(&[][..], Vec::as_slice);
        candidates.iter().filter(|(right, _)| is_misspelt(word, right)).map(|(_, number)| *number).collect()
    }
}

/// Shorter words have too many neighbours that mean something else.
const FUZZY_FROM: usize = 5;

/// Words that are one letter away from a sign and mean something else.
const REAL_WORDS: &[&str] = &[
    "small", "fixes", "fixed", "files", "fines", "hired", "tired", "mixed", "spell", "swell", "shell", "smile",
    "smiles", "spoke", "stoke", "frame", "frames", "blame", "line", "lines", "wife", "wires", "wired", "tripped",
    "burying", "shark", "spare", "spark", "breach", "broth", "fell", "full", "fully", "table", "able", "world",
    "seeing", "leaf", "leaves", "learning", "leaving", "lending", "leaning", "heating", "hearing", "healing",
    "helping", "handing", "banging", "hunting", "hosing", "housing", "horse", "those", "mother", "other", "bother",
    "dining", "diving", "drying", "living", "loving", "leaked", "broker", "token", "stores", "store", "stone", "stole",
    "chopping", "shocking", "checking", "braking", "breaking", "stopper", "streets", "greet", "roads", "building",
    "burner", "burger", "turning", "meters", "better", "matter", "letter", "mother", "failing", "falling", "calling",
    "pulling", "shopping", "sagging", "nagging", "burned", "ended", "alive", "drive", "olive", "gases", "whole",
    "polls", "holes", "police", "policy", "puede", "linear", "liner", "likes", "limes", "wines", "wives", "tires",
    "fired", "firms", "first", "fives", "films", "fuera", "fuerza", "luego", "juego", "ruego", "suela", "abuelo",
    "abuela", "vuelo", "vuela", "hielo",
];

/// One letter wrong, missing, too many or two swapped; two in words of nine letters or more. The first letter is right already.
fn is_misspelt(word: &str, right: &str) -> bool {
    let length = right.chars().count();
    let allowed = if length >= 9 { 2 } else { 1 };
    word.chars().count().abs_diff(length) <= allowed && strsim::osa_distance(word, right) <= allowed
}

/// A message's words as numbers, ready for the rules of one danger.
struct Message<'a> {
    words: &'a [&'a str],
    meant: Vec<Vec<u16>>,
    at: HashMap<u16, Vec<usize>>,
}

impl<'a> Message<'a> {
    fn new(words: &'a [&'a str], mut meant: Vec<Vec<u16>>, harmless: &[Phrase]) -> Self {
        let mut at = places_of(&meant);
        for phrase in harmless {
            let starts = phrase.first().and_then(|first| at.get(first)).map_or(&[][..], Vec::as_slice);
            for &start in starts {
                let end = start + phrase.len();
                if end <= meant.len() && (start..end).all(|i| meant[i].contains(&phrase[i - start])) {
                    meant[start..end].iter_mut().for_each(Vec::clear);
                }
            }
        }
        at = places_of(&meant);
        Self { words, meant, at }
    }

    /// Whether the rule fires.
    fn shows(&self, rule: &Compiled) -> bool {
        if self.words.len() > rule.rule.at_most {
            return false;
        }
        let mut places = Vec::with_capacity(rule.groups.len());
        for group in &rule.groups {
            let found = self.places(group);
            if found.is_empty() {
                return false;
            }
            places.push(found);
        }
        let [first, others @ ..] = places.as_slice() else { return false };
        first.iter().any(|start| {
            let mut met = vec![*start];
            for group in others {
                let fits = |place: &&(usize, usize)| {
                    let gap = if place.0 >= start.1 { place.0 - start.1 } else { start.0.saturating_sub(place.1) };
                    let apart = place.0 >= start.1 || (!rule.rule.ordered && place.1 <= start.0);
                    apart && gap <= rule.rule.within
                };
                match group.iter().find(fits) {
                    Some(place) => met.push(*place),
                    None => return false,
                }
            }
            !(rule.rule.negatable && met.iter().any(|(start, _)| self.is_negated(*start)))
        })
    }

    /// Where a group is met: from and up to which word.
    fn places(&self, group: &[Phrase]) -> Vec<(usize, usize)> {
        let mut places: Vec<(usize, usize)> = group
            .iter()
            .flat_map(|phrase| {
                let starts = phrase.first().and_then(|first| self.at.get(first)).map_or(&[][..], Vec::as_slice);
                starts.iter().map(move |start| (*start, start + phrase.len())).filter(|(start, end)| {
                    *end <= self.meant.len() && (*start..*end).all(|i| self.meant[i].contains(&phrase[i - start]))
                })
            })
            .collect();
        places.sort_unstable();
        places
    }

    /// Whether a negation stands right before, with nothing but small words between.
    fn is_negated(&self, at: usize) -> bool {
        for word in self.words[..at].iter().rev().take(4) {
            if NEGATIONS.contains(word) || languages::NEGATIONS.contains(word) {
                return true;
            }
            if !BETWEEN.contains(word) && !languages::BETWEEN.contains(word) {
                return false;
            }
        }
        false
    }
}

/// At which words each number stands.
fn places_of(meant: &[Vec<u16>]) -> HashMap<u16, Vec<usize>> {
    let mut places: HashMap<u16, Vec<usize>> = HashMap::new();
    for (i, numbers) in meant.iter().enumerate() {
        for number in numbers {
            places.entry(*number).or_default().push(i);
        }
    }
    places
}

const NEGATIONS: &[&str] = &[
    "no", "not", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "never", "without", "sin", "ningun", "ninguna",
    "nunca", "neither", "aint",
];
const BETWEEN: &[&str] = &[
    "any",
    "a",
    "an",
    "the",
    "of",
    "sign",
    "signs",
    "really",
    "actually",
    "even",
    "currently",
    "hay",
    "veo",
    "el",
    "la",
    "un",
    "una",
    "smell",
    "smelling",
    "see",
    "seeing",
    "there",
    "to",
    "olor",
    "huele",
    "a",
];

#[cfg(test)]
mod tests;
