//! The rules as they stand in `rules/*.txt`, one file a language, compiled to numbers.
//!
//! One rule a line; a line that begins with a space goes on with the one before, `#` begins a comment:
//!
//! ```text
//! life.breathing! ~4: cant not stopped & breathe breathing unless app
//! ```
//!
//! The first part of the name is the danger or the concern, the rest says what gave it away. Words are lower case without accents and
//! apostrophes; alternatives are separated by spaces, `_` joins words that must follow each other, `stem*` is any word that begins so, `=word` is
//! never found misspelt, `$set` is what `set NAME: …` lists. Groups of alternatives must all be met: `&` within `~N` words of the first in any
//! order, `>` within `~N` words after the one before (3 when nothing is said). `unless` takes the sign away where it stands in the same clause.
//! `!` after the name: the sign stands despite a negation before it. `<N`: only in a message of at most so many words.
//!
//! Lines that are no rules: `harmless KIND:` phrases that are taken out first (`all` for every kind), `over:` says that it is past, `general:` asks
//! in general, `still:` takes both back, `negation:` and `between:` what may stand between it and the sign, `but:` begins a new thought.

use std::collections::{HashMap, HashSet};

use super::words;
use crate::reading::{Concern, Danger};

/// What a rule tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Danger(Danger),
    Concern(Concern),
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        let danger = Danger::ALL.into_iter().find(|danger| danger.as_str() == name).map(Self::Danger);
        danger.or_else(|| Concern::ALL.into_iter().find(|concern| concern.as_str() == name).map(Self::Concern))
    }

    fn all() -> impl Iterator<Item = Self> {
        Danger::ALL.into_iter().map(Self::Danger).chain(Concern::ALL.into_iter().map(Self::Concern))
    }
}

/// One or more words that must follow each other, by their numbers.
pub type Phrase = Vec<u16>;

/// How a group stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Near the first group, on either side.
    Near,
    /// After the group before.
    After,
}

/// One sign.
#[derive(Debug)]
pub struct Rule {
    pub name: &'static str,
    pub kind: Kind,
    /// The first one's place means nothing.
    pub groups: Vec<(Place, Vec<Phrase>)>,
    pub unless: Vec<Phrase>,
    /// How many words may stand between two groups.
    pub within: usize,
    pub negatable: bool,
    /// Only in a message of at most so many words.
    pub at_most: usize,
    /// Which language's words take it away.
    pub language: usize,
}

/// What takes signs away in one language.
#[derive(Debug, Default)]
pub struct Language {
    pub over: Vec<Phrase>,
    pub general: Vec<Phrase>,
    pub still: Vec<Phrase>,
    pub negations: HashSet<String>,
    pub between: HashSet<String>,
}

/// All rules with their words numbered.
#[derive(Debug, Default)]
#[allow(clippy::struct_field_names)]
pub struct Rules {
    pub rules: Vec<Rule>,
    pub languages: Vec<Language>,
    pub harmless: HashMap<Kind, Vec<Phrase>>,
    /// The rules whose first group a word may begin.
    pub begun_by: HashMap<u16, Vec<usize>>,
    pub buts: HashSet<String>,
    exact: HashMap<String, u16>,
    stems: HashMap<String, u16>,
    /// Words long enough to be found misspelt, by their first letter and length.
    fuzzy: HashMap<(char, usize), Vec<(String, u16)>>,
    real: HashSet<&'static str>,
    numbers: u16,
    /// What could not be read, for the test that there is nothing.
    pub problems: Vec<String>,
}

/// Shorter words have too many neighbours that mean something else.
const FUZZY_FROM: usize = 5;

/// The files, and whether their words are found misspelt: in the short lists of further languages too many are a letter away from an English word.
const FILES: &[(&str, bool)] = &[
    (include_str!("rules/en.txt"), true),
    (include_str!("rules/es.txt"), true),
    (include_str!("rules/de.txt"), false),
    (include_str!("rules/fr.txt"), false),
    (include_str!("rules/it.txt"), false),
    (include_str!("rules/pt.txt"), false),
    (include_str!("rules/nl.txt"), false),
    (include_str!("rules/pl.txt"), false),
    (include_str!("rules/ru.txt"), false),
    (include_str!("rules/uk.txt"), false),
    (include_str!("rules/tr.txt"), false),
    (include_str!("rules/ar.txt"), false),
    (include_str!("rules/hi.txt"), false),
    (include_str!("rules/ja.txt"), false),
    (include_str!("rules/zh.txt"), false),
    (include_str!("rules/ko.txt"), false),
    (include_str!("rules/th.txt"), false),
    (include_str!("rules/hi-Latn.txt"), false),
    (include_str!("rules/ht.txt"), false),
    (include_str!("rules/vi.txt"), false),
    (include_str!("rules/tl.txt"), false),
];

impl Rules {
    pub fn built_in() -> Self {
        // Words that are a letter away from a rule's word and mean something else.
        let real = include_str!("rules/real_words.txt").split_whitespace().collect();
        let mut rules = Self { real, ..Self::default() };
        for (file, fuzzy) in FILES {
            rules.add(file, *fuzzy);
        }
        for (number, rule) in rules.rules.iter().enumerate() {
            for phrase in rule.groups.first().map_or(&[][..], |(_, group)| group.as_slice()) {
                let Some(first) = phrase.first() else { continue };
                let begun = rules.begun_by.entry(*first).or_default();
                if begun.last() != Some(&number) {
                    begun.push(number);
                }
            }
        }
        rules
    }

    fn add(&mut self, file: &'static str, fuzzy: bool) {
        self.languages.push(Language::default());
        let mut sets: HashMap<&'static str, Vec<&'static str>> = HashMap::new();
        for lines in logical_lines(file) {
            let Some((head, first)) = lines[0].split_once(':') else {
                self.problems.push(lines[0].to_owned());
                continue;
            };
            let body = std::iter::once(first).chain(lines[1..].iter().copied());
            let words = body.flat_map(str::split_whitespace).flat_map(|word| match word.strip_prefix('$') {
                Some(set) => sets.get(set).cloned().unwrap_or_else(|| vec![word]),
                None => vec![word],
            });
            let words: Vec<&'static str> = words.collect();
            if words.iter().any(|word| word.starts_with('$')) {
                self.problems.push(lines.join(" "));
            }
            let mut heads = head.split_whitespace();
            match (heads.next().unwrap_or_default(), heads.next()) {
                ("set", Some(name)) => drop(sets.insert(name, words)),
                ("harmless", Some(name)) => self.add_harmless(name, &words),
                ("but", None) => self.buts.extend(words.iter().map(|word| (*word).to_owned())),
                ("over" | "general" | "still" | "negation" | "between", None) => self.add_to_language(head, &words),
                (name, _) => {
                    if self.add_rule(name, head, &words, fuzzy).is_none() {
                        self.problems.push(lines.join(" "));
                    }
                }
            }
        }
    }

    fn add_harmless(&mut self, name: &str, words: &[&str]) {
        let kinds: Vec<Kind> =
            if name == "all" { Kind::all().collect() } else { Kind::named(name).into_iter().collect() };
        if kinds.is_empty() {
            self.problems.push(format!("harmless {name}"));
        }
        let phrases = self.phrases(words, false);
        for kind in kinds {
            self.harmless.entry(kind).or_default().extend(phrases.iter().cloned());
        }
    }

    fn add_to_language(&mut self, list: &str, words: &[&str]) {
        let phrases = self.phrases(words, false);
        let Some(language) = self.languages.last_mut() else { return };
        let plain = words.iter().flat_map(|word| words::pieces(&crate::classifier::text::folded(word)));
        match list.trim() {
            "over" => language.over.extend(phrases),
            "general" => language.general.extend(phrases),
            "still" => language.still.extend(phrases),
            "negation" => language.negations.extend(plain),
            _ => language.between.extend(plain),
        }
    }

    fn add_rule(&mut self, name: &'static str, head: &str, words: &[&'static str], fuzzy: bool) -> Option<()> {
        let (name, negatable) = name.strip_suffix('!').map_or((name, true), |name| (name, false));
        let kind = Kind::named(name.split('.').next()?)?;
        let (mut within, mut at_most) = (3, usize::MAX);
        for limit in head.split_whitespace().skip(1) {
            match limit.split_at_checked(1)? {
                ("~", words) => within = words.parse().ok()?,
                ("<", words) => at_most = words.parse().ok()?,
                _ => return None,
            }
        }
        let (body, unless) = match words.iter().position(|word| *word == "unless") {
            Some(at) => (&words[..at], &words[at + 1..]),
            None => (words, &[][..]),
        };
        let mut groups = Vec::new();
        let mut place = Place::Near;
        for part in body.split_inclusive(|word| matches!(*word, "&" | ">")) {
            let (last, before) = part.split_last()?;
            let (next, alternatives) = match *last {
                "&" => (Place::Near, before),
                ">" => (Place::After, before),
                _ => (Place::Near, part),
            };
            let phrases = self.phrases(alternatives, fuzzy);
            if phrases.is_empty() {
                return None;
            }
            groups.push((place, phrases));
            place = next;
        }
        if groups.is_empty() {
            return None;
        }
        let unless = self.phrases(unless, false);
        let language = self.languages.len() - 1;
        self.rules.push(Rule { name, kind, groups, unless, within, negatable, at_most, language });
        Some(())
    }

    fn phrases(&mut self, alternatives: &[&str], fuzzy: bool) -> Vec<Phrase> {
        let numbered = alternatives.iter().map(|phrase| {
            let words = phrase.split('_').filter(|word| !word.is_empty());
            words.flat_map(|word| self.numbers_of(word, fuzzy)).collect::<Phrase>()
        });
        numbered.filter(|phrase| !phrase.is_empty()).collect()
    }

    /// A word as a rule writes it. Each character of a script without spaces is a word.
    fn numbers_of(&mut self, word: &str, fuzzy: bool) -> Vec<u16> {
        let (word, fuzzy) = word.strip_prefix('=').map_or((word, fuzzy), |word| (word, false));
        let (word, stem) = word.strip_suffix('*').map_or((word, false), |word| (word, true));
        let pieces = words::pieces(&crate::classifier::text::folded(&word.to_lowercase()));
        let last = pieces.len().saturating_sub(1);
        pieces.into_iter().enumerate().map(|(at, piece)| self.number(piece, stem && at == last, fuzzy)).collect()
    }

    fn number(&mut self, word: String, stem: bool, fuzzy: bool) -> u16 {
        let numbers = if stem { &mut self.stems } else { &mut self.exact };
        let next = self.numbers;
        let number = *numbers.entry(word.clone()).or_insert(next);
        if number == next {
            self.numbers += 1;
        }
        let length = word.chars().count();
        if let Some(first) = word.chars().next()
            && fuzzy
            && !stem
            && length >= FUZZY_FROM
            && word.chars().all(char::is_alphabetic)
        {
            let words = self.fuzzy.entry((first, length)).or_default();
            if words.iter().all(|(_, known)| *known != number) {
                words.push((word, number));
            }
        }
        number
    }

    /// The numbers of all words that this may be: itself, what it begins with, what it is a misspelling of.
    pub fn meant(&self, word: &str, misspelt: bool) -> Vec<u16> {
        let mut meant = Vec::new();
        for form in forms(word) {
            meant.extend(self.exact.get(form));
            meant.extend(form.char_indices().skip(1).filter_map(|(end, _)| self.stems.get(&form[..end])));
            meant.extend(self.stems.get(form));
        }
        if meant.is_empty() && misspelt && !self.real.contains(word) {
            let length = word.chars().count();
            let lengths = length.saturating_sub(2)..=length + 2;
            let first = word.chars().next().unwrap_or_default();
            let near = lengths.filter_map(|length| self.fuzzy.get(&(first, length))).flatten();
            meant.extend(near.filter(|(right, _)| is_misspelt(word, right)).map(|(_, number)| *number));
        }
        meant
    }
}

/// A word, and in Arabic also without "and", "the" and "with", which are written together with it.
fn forms(word: &str) -> impl Iterator<Item = &str> {
    const BEFORE: &[&str] = &["و", "ف", "ب", "ل", "ال", "وال", "بال", "لل", "فال", "عال", "ع", "هال"];
    let arabic = word.starts_with(|c: char| ('\u{621}'..='\u{64a}').contains(&c));
    let bare = BEFORE.iter().filter_map(|before| word.strip_prefix(before)).filter(|bare| bare.chars().count() > 1);
    std::iter::once(word).chain(bare.take(if arabic { BEFORE.len() } else { 0 }))
}

/// One letter wrong, missing, too many or two swapped; two in words of nine letters or more. The first letter is right already.
fn is_misspelt(word: &str, right: &str) -> bool {
    let length = right.chars().count();
    let allowed = if length >= 9 { 2 } else { 1 };
    word.chars().count().abs_diff(length) <= allowed && strsim::osa_distance(word, right) <= allowed
}

/// Each line with those that go on with it, without comments.
fn logical_lines(file: &'static str) -> Vec<Vec<&'static str>> {
    let mut lines: Vec<Vec<&'static str>> = Vec::new();
    for line in file.lines() {
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim_end();
        match (line.starts_with(' '), lines.last_mut()) {
            _ if line.is_empty() => {}
            (true, Some(last)) => last.push(line),
            _ => lines.push(vec![line]),
        }
    }
    lines
}
