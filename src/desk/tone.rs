//! The tone check: what an agent may want to say differently, shown while they write. It warns and never forbids.
//!
//! Wordings stand in `tone.txt`, in English and Spanish; shouting, length and personal data are looked for in any language.

use std::{ops::Range, sync::LazyLock};

use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

use super::languages::english_name;
use crate::{classifier::language, reading::Language};

/// What is amiss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The customer is blamed.
    Blame,
    /// Their worry is waved away.
    Dismissal,
    /// A formula, and nothing that helps with it.
    Formula,
    /// More is promised than anybody can know.
    Absolute,
    /// A time that is none.
    Vague,
    Jargon,
    Shouting,
    TooLong,
    /// Personal data where others read along.
    Personal,
    /// The customer writes another language.
    Language,
}

/// Something to say differently, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub kind: Kind,
    /// Where it begins and ends in the text, in UTF-16 code units as a page's script counts.
    pub start: usize,
    pub end: usize,
    pub suggestion: String,
}

/// Where the words will stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The longest message of the channel, in characters; None: as long as you like.
    pub max_chars: Option<usize>,
    /// Whether others can read along.
    pub public: bool,
}

/// One wording of the file.
struct Wording {
    kind: Kind,
    language: &'static str,
    words: Vec<String>,
    suggestion: &'static str,
}

static WORDINGS: LazyLock<Vec<Wording>> = LazyLock::new(|| wordings(include_str!("tone.txt")));

fn wordings(file: &'static str) -> Vec<Wording> {
    let mut wordings = Vec::new();
    let mut heading = None;
    for line in file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some((names, suggestion)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let (kind, language) = names.split_once(' ').unwrap_or((names, ""));
            heading = self::kind(kind).map(|kind| (kind, language, suggestion.trim()));
        } else if let Some((kind, language, suggestion)) = heading {
            let words = words(line).into_iter().map(|word| word.text).collect();
            wordings.push(Wording { kind, language, words, suggestion });
        }
    }
    wordings
}

fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "blame" => Kind::Blame,
        "dismissal" => Kind::Dismissal,
        "formula" => Kind::Formula,
        "absolute" => Kind::Absolute,
        "vague" => Kind::Vague,
        "jargon" => Kind::Jargon,
        _ => return None,
    })
}

/// A word in small letters, and its bytes.
struct Word {
    text: String,
    range: Range<usize>,
}

fn words(text: &str) -> Vec<Word> {
    let word =
        |(at, word): (usize, &str)| Word { text: word.to_lowercase().replace('’', "'"), range: at..at + word.len() };
    text.unicode_word_indices().map(word).collect()
}

/// So many capital letters in words of four and more are shouting: names of companies and places are shorter or alone.
const SHOUTED_WORDS: usize = 2;

/// Reads a reply before it is sent. Findings come in the order of the text.
#[must_use]
pub fn check(text: &str, language: Language, place: Place) -> Vec<Finding> {
    let mut found: Vec<(Kind, Range<usize>, String)> = Vec::new();
    let mut formulas = Vec::new();
    let mut helps = false;
    for (at, sentence) in text.split_sentence_bound_indices() {
        let words = words(sentence);
        let is_dated = names_a_time(sentence);
        let mut is_formula = false;
        for wording in WORDINGS.iter().filter(|wording| wording.language == language.as_str()) {
            let length = wording.words.len();
            for window in words.windows(length.max(1)) {
                if !window.iter().map(|word| &word.text).eq(&wording.words) {
                    continue;
                }
                let [first, ..] = window else { continue };
                let end = window.last().map_or(first.range.end, |last| last.range.end);
                let hit = (wording.kind, at + first.range.start..at + end, wording.suggestion.to_owned());
                match wording.kind {
                    Kind::Vague | Kind::Absolute if is_dated => {}
                    Kind::Formula => {
                        is_formula = true;
                        formulas.push(hit);
                    }
                    _ => found.push(hit),
                }
            }
        }
        // A sentence of its own that says something.
        helps |= !is_formula && words.len() > 3;
    }
    if !helps {
        found.extend(formulas);
    }
    found.extend(shouting(text));
    if place.public {
        let personal =
            |range| (Kind::Personal, range, "Others read along here: ask for it, and write it, in private.".to_owned());
        found.extend(personal_data(text).into_iter().map(personal));
    }
    if let Some(limit) = place.max_chars
        && let Some((cut, _)) = text.char_indices().nth(limit)
    {
        let more = text[cut..].chars().count();
        let suggestion = format!("{more} characters more than one message of this channel holds: it is sent in parts.");
        found.push((Kind::TooLong, cut..text.len(), suggestion));
    }
    found.sort_by_key(|(_, range, _)| (range.start, range.end));
    let units = |at: usize| text[..at].encode_utf16().count();
    let finding = |(kind, range, suggestion): (Kind, Range<usize>, String)| Finding {
        kind,
        start: units(range.start),
        end: units(range.end),
        suggestion,
    };
    found.into_iter().map(finding).collect()
}

/// Words that a text must have before its language is judged: a greeting is the same in several.
const LANGUAGE_WORDS: usize = 4;

/// What is to be said of a reply that is written in another language than its customer writes; it is about all of it, so it quotes nothing.
#[must_use]
pub fn other_language(text: &str, customers: Language) -> Option<Finding> {
    let own = language::detect(text).filter(|own| *own != customers && words(text).len() >= LANGUAGE_WORDS)?;
    let (theirs, yours) = (english_name(customers), english_name(own));
    let suggestion = format!("The customer writes {theirs}, this reads as {yours}: will they understand it?");
    Some(Finding { kind: Kind::Language, start: 0, end: 0, suggestion })
}

/// Whether a clock time or a date stands in it: `18:00`, `6 pm`, `2026-11-14`, `14/11`.
fn names_a_time(sentence: &str) -> bool {
    let clock = sentence.as_bytes().windows(3).any(|three| {
        let [before, sign, after] = three else { return false };
        before.is_ascii_digit() && matches!(sign, b':' | b'/' | b'-') && after.is_ascii_digit()
    });
    let words = words(sentence);
    let half = words.windows(2).any(|pair| {
        matches!(pair, [number, half] if number.text.bytes().all(|b| b.is_ascii_digit())
            && matches!(half.text.as_str(), "am" | "pm" | "a.m" | "p.m" | "o'clock" | "h" | "horas"))
    });
    let joined = words.iter().any(|word| {
        let digits = word.text.trim_end_matches("am").trim_end_matches("pm");
        digits.len() < word.text.len() && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    });
    clock || half || joined
}

fn shouting(text: &str) -> Vec<(Kind, Range<usize>, String)> {
    let shouts =
        |word: &str| word.chars().filter(|c| c.is_alphabetic()).count() > 3 && word.chars().all(|c| !c.is_lowercase());
    let mut found = Vec::new();
    let mut run: Vec<(usize, &str)> = Vec::new();
    let all: Vec<(usize, &str)> = text.unicode_word_indices().collect();
    let mut close = |run: &mut Vec<(usize, &str)>| {
        if let ([(start, _), ..], Some((last, word))) = (run.as_slice(), run.last())
            && run.len() >= SHOUTED_WORDS
        {
            found.push((
                Kind::Shouting,
                *start..last + word.len(),
                "Capital letters read as shouting: use small ones.".to_owned(),
            ));
        }
        run.clear();
    };
    for (at, word) in all {
        if shouts(word) { run.push((at, word)) } else { close(&mut run) }
    }
    close(&mut run);
    for (at, _) in text.match_indices("!!") {
        if at == 0 || !text[..at].ends_with('!') {
            let end = at + text[at..].len() - text[at..].trim_start_matches('!').len();
            found.push((Kind::Shouting, at..end, "One exclamation mark, or none, reads calmer.".to_owned()));
        }
    }
    found
}

/// E-mail addresses, and numbers as long as those of telephones, accounts and cards.
fn personal_data(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for token in text.split_inclusive(char::is_whitespace) {
        let word = token.trim().trim_matches(['.', ',', ';', '(', ')', '<', '>']);
        if let Some((user, host)) = word.split_once('@')
            && !user.is_empty()
            && host.contains('.')
            && let Some(offset) = token.find(word)
        {
            found.push(at + offset..at + offset + word.len());
        }
        at += token.len();
    }
    // Runs of digits with single spaces, dots or hyphens between them.
    let mut start = None;
    let mut last = 0;
    let mut digits = 0;
    let mut gap = 0;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        if c.is_ascii_digit() {
            start.get_or_insert(at);
            last = at + 1;
            digits += 1;
            gap = 0;
        } else if start.is_some() && gap == 0 && matches!(c, ' ' | '-' | '.' | '(' | ')') {
            gap = 1;
        } else {
            if let Some(start) = start.take()
                && digits >= 9
            {
                found.push(start..last);
            }
            digits = 0;
            gap = 0;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_reply_in_another_language_than_the_customer_s_is_remarked_upon() {
        let text = "We are working on the lines and your power will be back tonight.";
        let found = other_language(text, Language::SPANISH).unwrap();
        assert!(found.suggestion.contains("Spanish") && found.suggestion.contains("English"), "{}", found.suggestion);
        assert_eq!(other_language(text, Language::ENGLISH), None);
        assert_eq!(other_language("OK", Language::SPANISH), None);
    }

    fn found(text: &str, language: Language) -> Vec<(Kind, String)> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let findings = check(text, language, Place { max_chars: Some(280), public: true });
        let words = |finding: &Finding| String::from_utf16(&units[finding.start..finding.end]).unwrap();
        findings.iter().map(|finding| (finding.kind, words(finding))).collect()
    }

    #[rstest]
    #[case("You should have called us earlier.", Kind::Blame, "You should have")]
    #[case("Please calm down.", Kind::Dismissal, "calm down")]
    #[case("Don’t panic, a crew is on its way.", Kind::Dismissal, "Don’t panic")]
    #[case("We apologize for the inconvenience.", Kind::Formula, "apologize for the inconvenience")]
    #[case("I guarantee that it works again.", Kind::Absolute, "guarantee")]
    #[case("😀 A crew comes soon.", Kind::Vague, "soon")]
    #[case("I will escalate your case to the team.", Kind::Jargon, "escalate")]
    #[case("Please STAY AWAY FROM the line.", Kind::Shouting, "STAY AWAY FROM")]
    #[case("Stay away from the line!!!", Kind::Shouting, "!!!")]
    #[case("Write to dana.k@harbor.example, please.", Kind::Personal, "dana.k@harbor.example")]
    #[case("Your account 4417 1234 5678 is fine.", Kind::Personal, "4417 1234 5678")]
    fn what_would_hurt_is_shown_where_it_stands(#[case] text: &str, #[case] kind: Kind, #[case] words: &str) {
        assert!(
            found(text, Language::ENGLISH).contains(&(kind, words.to_owned())),
            "{:?}",
            found(text, Language::ENGLISH)
        );
    }

    #[rstest]
    #[case("Cálmese, por favor.", Kind::Dismissal)]
    #[case("La cuadrilla llega en breve.", Kind::Vague)]
    #[case("Disculpe las molestias.", Kind::Formula)]
    #[case("Le prometo que vuelve la luz.", Kind::Absolute)]
    fn spanish_is_read_as_well(#[case] text: &str, #[case] kind: Kind) {
        assert_eq!(found(text, Language::SPANISH).first().map(|(kind, _)| *kind), Some(kind));
    }

    #[rstest]
    #[case("A crew is at your street. I write to you again today by 18:00.")]
    #[case("They are definitely back today by 6 pm.")]
    #[case("We apologize for the inconvenience. A crew repairs the line at Pine Street now.")]
    #[case("Harbor Light & Power, FEMA and NOAA help here: 555-0100.")]
    #[case("Boil the water for one minute, and let it cool.")]
    fn what_is_calm_and_true_passes(#[case] text: &str) {
        assert_eq!(found(text, Language::ENGLISH), Vec::new());
    }

    #[test]
    fn what_is_too_long_for_the_channel_is_shown_from_where_it_is() {
        let long = "The line is repaired. ".repeat(20);
        assert!(
            matches!(found(&long, Language::ENGLISH).as_slice(), [(Kind::TooLong, rest)] if rest.len() == long.len() - 280)
        );
    }

    #[test]
    fn every_kind_has_wordings_in_both_languages() {
        for language in ["en", "es"] {
            for kind in [Kind::Blame, Kind::Dismissal, Kind::Formula, Kind::Absolute, Kind::Vague, Kind::Jargon] {
                let of = WORDINGS.iter().filter(|wording| wording.kind == kind && wording.language == language);
                assert!(of.count() >= 8, "{kind:?} {language}");
            }
        }
        assert!(WORDINGS.iter().all(|wording| !wording.words.is_empty() && !wording.suggestion.is_empty()));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_check(text in "(\\PC|\n){0,200}", public in any::<bool>(), limit in prop::option::of(0_usize..50)) {
            let units = text.encode_utf16().count();
            for finding in check(&text, Language::ENGLISH, Place { max_chars: limit, public }) {
                prop_assert!(finding.start <= finding.end && finding.end <= units);
            }
        }
    }
}
