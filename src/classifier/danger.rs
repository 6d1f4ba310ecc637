//! Signs of danger to life or limb, by rules that can be read (`danger_rules`) and tested (below).
//!
//! A missed danger is far worse than a false one: words are found misspelt, in any order, and across sentences. What looks alike
//! and is harmless ("gas bill", "fire the manager") is taken out first; a negation takes a sign back only when it stands right
//! before it ("no smell of gas", not "no power, smell gas").

use std::{collections::HashMap, sync::LazyLock};

use super::{
    danger_rules::{HARMLESS, RULES, Rule, languages},
    text,
};
use crate::reading::{Danger, DangerSign};

/// The most urgent sign of danger in a text, if there is one.
pub fn sign(text: &str) -> Option<DangerSign> {
    let words = text::words(&text::folded(&text::plain(text)));
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
                let words = phrase.split('_').flat_map(|word| text::words(&text::folded(word)));
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
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn danger(text: &str) -> Option<Danger> {
        sign(text).map(|sign| sign.danger)
    }

    const MUST_FIRE: &[(Danger, &[&str])] = &[
        (
            Danger::Gas,
            &[
                "I smell gas in my kitchen",
                "smel gaz",
                "the co alarm wont stop",
                "el detector de CO no deja de pitar",
                "a tree hit our gas line",
                "generador en el garaje y nos duele la cabeza",
                "theres a strong smell of gas outside",
                "SMELLS LIKE GAS HELP",
                "it smells like rotten eggs in the basement",
                "smell rottn egs in here",
                "no power and now I smell gas",
                "no light smell gas",
                "gas leak on oak street",
                "gaz leek pls hurry",
                "the gas line is hissing",
                "my carbon monoxide alarm is going off",
                "co detector beeping nonstop",
                "carbon monixide alarm",
                "we ran the generator inside and everybody is dizzy",
                "I don't know if this is gas I smell",
                "huele a gas en mi casa",
                "guele a gas",
                "hay olor a gas fuerte",
                "fuga de gas en la calle",
                "suena la alarma de monóxido",
                "estoy sin luz y huele a gas",
                "huele a huevo podrido",
                "I smell g\u{200b}as",
                "I SMELL GASSSS",
                "propane smell near the tank",
                "there is a gas odor by the meter",
            ],
        ),
        (
            Danger::Fire,
            &[
                "my house is on fire",
                "the transformer is on fire",
                "theres a fire at the pole",
                "fire in my kitchen",
                "FIRE!!! HELP",
                "smoke coming from the outlet",
                "I can see flames from the meter box",
                "the transformer outside just exploded",
                "something smells burning in the panel",
                "burning smell from the breaker box",
                "house on fier",
                "a tree caught fire next to the wires",
                "smok pouring out of the wall",
                "hay fuego en el poste",
                "se está quemando la casa",
                "huele a quemado en el contador",
                "sale humo del transformador",
                "explotó el transformador",
                "incendio en mi edificio",
                "there is a fire",
                "fire!!",
                "flames on the pole",
                "something is burning at the substation",
                "my panel smells like melted plastic",
                "is it ok to put water on an electric fire",
                "there's a fire behind the fire station",
            ],
        ),
        (
            Danger::DownedLine,
            &[
                "a power line is down in my yard",
                "there is an electric cable in my backyard",
                "pole leaning and wires touch the ground",
                "se reventó el cable de mi casa",
                "un cable en el patio",
                "powerlin down sparkng",
                "there's a wire lying across the road",
                "downed line on maple avenue",
                "downd power line",
                "the wires are hanging low over the driveway",
                "a cable fell on my car",
                "live wire on the ground",
                "a tree took the line down and it is sparking",
                "electric pole snapped and wires everywhere on the ground",
                "power lines down on route 9",
                "line down in front of my house",
                "pole fell over last night",
                "wire dangling from the pole",
                "hay un cable caído en la calle",
                "se cayó un poste",
                "cable de luz en el suelo echando chispas",
                "los cables están colgando",
                "poweline fallen",
                "wires arcing behind the school",
            ],
        ),
        (
            Danger::Life,
            &[
                "my dad is not breathing",
                "my wife collapsed",
                "he touched the wire and isn't moving",
                "she fell and can't move",
                "this is a medical emergency",
                "es una emergencia médica",
                "water everywhere, we can't get out",
                "911 is not answering",
                "I am on home oxygen and there is no power",
                "the battery of my medical device is running low",
                "I can't breathe",
                "cant breath",
                "she is unconscious",
                "he's bleeding badly",
                "my mother is trapped in the elevator",
                "we are trapped",
                "my son got electrocuted",
                "I think he is having a heart attack",
                "call an ambulance",
                "my oxygen concentrator battery is dying",
                "mom's ventilator ran out of power",
                "dialysis machine has no power",
                "the backup battery of my ventilator has 20 minutes left",
                "my husband depends on oxygen and we have no electricity",
                "oxigen tank almost out",
                "someone is hurt",
                "my grandma is dying",
                "no puede respirar",
                "mi madre no respira",
                "mi papá está inconsciente",
                "hay personas atrapadas",
                "alguien está herido",
                "el respirador de mi hijo se queda sin batería",
                "concentrador de oxígeno sin luz",
                "chest pain and dizzy",
                "baby is freezing to death",
                "someone touched the wire and is unresponsive",
            ],
        ),
        (
            Danger::SelfHarm,
            &[
                "I want to kill myself",
                "I can't go on like this",
                "nobody would miss me",
                "I see no reason to keep living",
                "I will cut myself",
                "I have the pills here",
                "there's no point in going on",
                "life is not worth living",
                "he says he will take his own life",
                "no le veo sentido a seguir viviendo",
                "estarían mejor sin mí",
                "quiero acabar con todo",
                "mi hermano dice que quiere morir",
                "what if someone says they want to die",
                "i want to die",
                "I'm going to hurt myself",
                "thinking about suicide",
                "feeling suicidal",
                "im going to end my life",
                "I don't want to live anymore",
                "there is no reason to live",
                "everyone would be better off without me",
                "my brother wants to kill himself",
                "sucide",
                "kms",
                "no quiero vivir más",
                "me quiero morir",
                "quiero matarme",
                "voy a quitarme la vida",
                "I just want to end it all",
            ],
        ),
    ];

    const MUST_NOT_FIRE: &[&str] = &[
        "",
        "🔥",
        "when will the power be back",
        "who fixes a broken meter",
        "is there priority for people on life support",
        "where do I throw away a ventilator filter",
        "power is down",
        "the power is down again",
        "line is busy",
        "your line is always busy",
        "internet line down",
        "my internet line is down",
        "phone line down since monday",
        "the cable tv is out",
        "my cable is down",
        "wifi down",
        "the website is down",
        "gas bill",
        "why is my gas bill so high",
        "is there a gas station open",
        "gas prices are crazy",
        "I ran out of gas",
        "I don't smell gas",
        "there is no smell of gas",
        "no huele a gas",
        "there is no gas leak here, right",
        "this smells fishy",
        "small gas generator price",
        "fire the manager",
        "you should fire whoever runs this",
        "is the fire department hiring",
        "where is the nearest fire station",
        "my fire stick does not work",
        "happy fireworks",
        "burning question for you",
        "you are burning money",
        "there is no fire",
        "my phone died",
        "my phone is dying",
        "this outage is killing me",
        "you are killing me",
        "dying to know when it is back",
        "I nearly had a heart attack when I saw the bill",
        "you are bleeding me dry",
        "nobody is hurt",
        "no one is hurt, just angry",
        "street light down",
        "the street light on my road is out",
        "waiting in line for an hour",
        "how do I register my oxygen concentrator",
        "what do I do with spoiled food",
        "cómo te llamas",
        "cuándo vuelve la luz",
        "por qué me llamas",
        "la línea está ocupada",
        "mi línea telefónica no funciona",
        "no tengo internet",
        "where do I get dry ice",
        "how can I volunteer",
        "kill time until the power is back",
        "that joke made me die laughing",
        "how much does a carbon monoxide detector cost",
        "can I run a generator in the garage",
        "he broke up with me over the phone",
        "my fridge died, who pays",
        "I want to cancel my appointment",
        "I live on line street",
        "the bottom line is that you are slow",
        "everything in my freezer is rotten",
        "hundreds of outages",
        "I lost my wallet",
        "tell me a joke",
    ];

    #[test]
    fn every_sign_of_danger_is_seen() {
        let missed: Vec<_> = MUST_FIRE
            .iter()
            .flat_map(|(expected, texts)| texts.iter().map(move |text| (*expected, *text)))
            .filter(|(expected, text)| danger(text) != Some(*expected))
            .map(|(expected, text)| format!("{text}: {:?} instead of {expected:?}", sign(text)))
            .collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn harmless_words_raise_no_alarm() {
        let false_alarms: Vec<_> =
            MUST_NOT_FIRE.iter().filter_map(|text| sign(text).map(|sign| format!("{text}: {}", sign.rule))).collect();
        assert!(false_alarms.is_empty(), "{false_alarms:#?}");
    }

    #[rstest]
    #[case("my dad can't breathe and I smell gas", Danger::Life)]
    #[case("the house is on fire because of the gas leak", Danger::Fire)]
    fn the_most_urgent_danger_is_named(#[case] text: &str, #[case] expected: Danger) {
        assert_eq!(danger(text), Some(expected));
    }

    #[test]
    fn the_rule_is_named_and_the_words_are_not_repeated() {
        assert_eq!(sign("smel gaz"), Some(DangerSign { danger: Danger::Gas, rule: "gas.smell".to_owned() }));
    }

    /// Language, danger (`none`: it only looks like one), text.
    fn signs() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        include_str!("danger_rules/languages.txt").lines().filter_map(|line| {
            let (language, rest) = line.split_once('\t')?;
            rest.split_once('\t').map(|(danger, text)| (language, danger, text))
        })
    }

    #[test]
    fn danger_is_seen_in_fifteen_languages_whatever_the_intents_speak() {
        let wrong: Vec<_> = signs()
            .filter(|(_, expected, text)| danger(text).map_or("none", Danger::as_str) != *expected)
            .map(|(language, expected, text)| format!("{language} {text}: {:?} instead of {expected}", sign(text)))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        for language in ["fr", "de", "pt", "it", "nl", "pl", "uk", "ru", "ar", "tr", "zh", "ja", "hi"] {
            for danger in Danger::ALL {
                assert!(
                    signs().any(|(of, sign, _)| of == language && sign == danger.as_str()),
                    "{language} {danger:?}"
                );
            }
        }
    }

    #[test]
    fn an_english_word_is_no_misspelt_foreign_sign() {
        for text in
            ["polar bears in the house", "a new brand in our house", "chad is a country", "in brand new condition"]
        {
            assert_eq!(sign(text), None, "{text}");
        }
    }

    #[test]
    fn every_rule_is_named_after_its_danger() {
        for rule in RULES.iter().chain(languages::LANGUAGES) {
            assert!(rule.name.starts_with(&format!("{}.", rule.danger.as_str())), "{}", rule.name);
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_searched(text in "\\PC{0,300}") {
            let _ = sign(&text);
        }

        #[test]
        fn words_around_a_sign_do_not_hide_it(before in "(hello |my cat |since noon |please ){0,3}", after in "( thanks| now| ok){0,3}") {
            let text = format!("{before}I smell gas{after}");
            prop_assert_eq!(danger(&text), Some(Danger::Gas));
        }
    }
}
