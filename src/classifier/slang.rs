//! Abbreviations of social media, and emoji that stand for a word, in words.
//!
//! Sentence models and examples know "please" far better than "plz". Whole words only. What is no word of any language we know is always
//! spelt out; what is one ("u" is Dutch, "wen" German, "tb" a terabyte) only in a text of its own language. Danger, language and mood
//! read what the customer typed.
//!
//! Left alone on purpose: 🔥 is praise more often than fire ("this update is fire" would be an alarm); 🆘 by itself goes to a person, and "help"
//! would be taken for a greeting; 👍, 🙏 and 👋 are yes or thanks, please or thanks, hello or goodbye; "4" and "2" are numbers; "eta",
//! "lol" and "omg" are known as they are.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::language;

/// A text without needless punctuation, with its abbreviations in words. Doing it twice changes nothing more.
#[must_use]
pub fn spelt_out(text: &str) -> String {
    let mut text = replaced(text, &EVERYWHERE).into_owned();
    // Spelt out, a text may show another language than before. Each round leaves fewer words to look at, so it ends.
    // The language costs more than all else here: it is asked for only where it matters.
    while text.split(' ').any(|word| AMBIGUOUS.contains(bare(word))) {
        match language::detect(&text)
            .and_then(|language| IN_ONE.get(language.as_str()))
            .map(|short| replaced(&text, short))
        {
            Some(Cow::Owned(more)) => text = more,
            _ => break,
        }
    }
    text
}

/// A plain text with the emoji that stand for one thing in words.
#[must_use]
pub fn emoji_in_words(plain: &str) -> Cow<'_, str> {
    let word = |c: char| EMOJI.iter().find(|(emoji, _)| emoji.contains(c)).map(|(_, word)| *word);
    if plain.is_ascii() || !plain.chars().any(|c| word(c).is_some()) {
        return Cow::Borrowed(plain);
    }
    let mut in_words = String::with_capacity(plain.len());
    let mut last = None;
    for c in plain.chars() {
        match word(c) {
            // Three lamps are one light.
            Some(word) if last == Some(word) => {}
            Some(word) => {
                if !in_words.is_empty() && !in_words.ends_with(' ') && word != "?" {
                    in_words.push(' ');
                }
                in_words.push_str(word);
                last = Some(word);
            }
            None => {
                if last.take().is_some() && c != ' ' {
                    in_words.push(' ');
                }
                in_words.push(c);
            }
        }
    }
    Cow::Owned(in_words)
}

type Short = HashMap<&'static str, &'static str>;

fn replaced<'a>(text: &'a str, short: &Short) -> Cow<'a, str> {
    if !text.split(' ').any(|word| short.contains_key(bare(word))) {
        return Cow::Borrowed(text);
    }
    let words = text.split(' ').map(|word| {
        let bare = bare(word);
        short.get(bare).map_or(Cow::Borrowed(word), |full| Cow::Owned(word.replacen(bare, full, 1)))
    });
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}

/// A word without what stands around it: "(pls)" is "pls", "$u" is not "u".
fn bare(word: &str) -> &str {
    word.trim_matches(['?', '(', ')', '*', '_', '~', '\'', '-'])
}

static EVERYWHERE: LazyLock<Short> = LazyLock::new(|| NO_WORD_OF_ANY_LANGUAGE.iter().copied().collect());

/// By language.
static IN_ONE: LazyLock<HashMap<&'static str, Short>> =
    LazyLock::new(|| IN_ONE_LANGUAGE.iter().map(|(code, short)| (*code, short.iter().copied().collect())).collect());

static AMBIGUOUS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| IN_ONE_LANGUAGE.iter().flat_map(|(_, short)| short.iter().map(|(short, _)| *short)).collect());

/// Spelt out in any text.
const NO_WORD_OF_ANY_LANGUAGE: &[(&str, &str)] = &[
    // English
    ("pls", "please"),
    ("plz", "please"),
    ("plss", "please"),
    ("plzz", "please"),
    ("thx", "thanks"),
    ("thnx", "thanks"),
    ("tnx", "thanks"),
    ("thanx", "thanks"),
    ("tysm", "thank you so much"),
    ("b4", "before"),
    ("2day", "today"),
    ("2nite", "tonight"),
    ("tonite", "tonight"),
    ("2moro", "tomorrow"),
    ("2morrow", "tomorrow"),
    ("tmrw", "tomorrow"),
    ("any1", "anyone"),
    ("every1", "everyone"),
    ("sum1", "someone"),
    ("gr8", "great"),
    ("l8r", "later"),
    ("cuz", "because"),
    ("bcuz", "because"),
    ("bcz", "because"),
    ("b/c", "because"),
    ("w/o", "without"),
    ("w/", "with"),
    ("thru", "through"),
    ("idk", "i don't know"),
    ("dunno", "don't know"),
    ("lmk", "let me know"),
    ("nvm", "never mind"),
    ("wtf", "what"),
    ("gonna", "going to"),
    ("wanna", "want to"),
    ("gimme", "give me"),
    ("lemme", "let me"),
    ("asap", "as soon as possible"),
    ("ppl", "people"),
    ("msg", "message"),
    ("msgs", "messages"),
    ("acct", "account"),
    ("acnt", "account"),
    ("appt", "appointment"),
    ("pwd", "password"),
    ("pymt", "payment"),
    ("txn", "transaction"),
    ("resched", "reschedule"),
    ("pwr", "power"),
    // Spanish
    ("xq", "por qué"),
    ("porq", "por qué"),
    ("xfa", "por favor"),
    ("xfavor", "por favor"),
    ("porfa", "por favor"),
    ("dnde", "dónde"),
    ("grax", "gracias"),
    ("msj", "mensaje"),
    // Portuguese
    ("vc", "você"),
    ("vcs", "vocês"),
    ("tbm", "também"),
    // French
    ("bjr", "bonjour"),
    ("svp", "s'il vous plaît"),
    ("stp", "s'il te plaît"),
];

/// Spelt out in a text of that language only: elsewhere they are words, units or names.
const IN_ONE_LANGUAGE: &[(&str, &[(&str, &str)])] = &[
    (
        "en",
        &[
            ("u", "you"),
            ("ur", "your"),
            ("r", "are"),
            ("wen", "when"),
            ("wat", "what"),
            ("ty", "thank you"),
            ("coz", "because"),
            ("bc", "because"),
            ("abt", "about"),
            ("rn", "right now"),
            ("elec", "electricity"),
            ("gotta", "got to"),
            // Apostrophes that were left out, where no other English word comes of it ("were", "well", "ill" and "its" are words).
            ("dont", "don't"),
            ("didnt", "didn't"),
            ("doesnt", "doesn't"),
            ("isnt", "isn't"),
            ("arent", "aren't"),
            ("wasnt", "wasn't"),
            ("werent", "weren't"),
            ("hasnt", "hasn't"),
            ("havent", "haven't"),
            ("hadnt", "hadn't"),
            ("cant", "can't"),
            ("couldnt", "couldn't"),
            ("wont", "won't"),
            ("wouldnt", "wouldn't"),
            ("shouldnt", "shouldn't"),
            ("im", "i'm"),
            ("ive", "i've"),
            ("youre", "you're"),
            ("youve", "you've"),
            ("theyre", "they're"),
            ("thats", "that's"),
            ("theres", "there's"),
            ("whats", "what's"),
            ("wheres", "where's"),
            ("whens", "when's"),
            ("hows", "how's"),
            ("whos", "who's"),
        ],
    ),
    (
        "es",
        &[
            ("q", "que"),
            ("k", "que"),
            ("pq", "por qué"),
            ("xk", "por qué"),
            ("x", "por"),
            ("d", "de"),
            ("tb", "también"),
            ("tmb", "también"),
            ("dnd", "dónde"),
            ("cdo", "cuándo"),
            ("bn", "bien"),
        ],
    ),
    ("pt", &[("q", "que"), ("pq", "por que"), ("tb", "também"), ("qd", "quando")]),
    ("fr", &[("pk", "pourquoi"), ("pq", "pourquoi"), ("qd", "quand"), ("bcp", "beaucoup")]),
];

/// Emoji that mean one thing in a message to support, and the word for it.
const EMOJI: &[(&str, &str)] =
    &[("❓❔", "?"), ("📞☎📱", "phone"), ("💡", "light"), ("💧🚰", "water"), ("💰💵💶💷💸", "money"), ("🤖", "bot")];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("plz fix it b4 2nite thx", "please fix it before tonight thanks")]
    #[case("idk when any1 is gonna come", "i don't know when anyone is going to come")]
    #[case("still w/o pwr?", "still without power?")]
    #[case("(pls)", "(please)")]
    #[case("when r u fixing it rn", "when are you fixing it right now")]
    #[case("wen is ur crew coming", "when is your crew coming")]
    #[case("i dont know whats going on", "i don't know what's going on")]
    #[case("xq no hay luz", "por qué no hay luz")]
    #[case("cuando vuelve la luz xfa", "cuando vuelve la luz por favor")]
    #[case("dnd llamo si no hay luz en la calle", "dónde llamo si no hay luz en la calle")]
    #[case("dicen q no hay luz", "dicen que no hay luz")]
    fn abbreviations_are_spelt_out(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(spelt_out(text), expected);
    }

    #[rstest]
    #[case::dutch("wanneer komt u naar mijn straat")]
    #[case::german("wen kann ich anrufen wegen dem strom")]
    #[case::german("ich bin im haus ohne strom")]
    #[case::polish("czy ty masz prąd w domu")]
    #[case::french("le quartier dont je parle est sans courant")]
    #[case::terabyte("i need a 2 tb plan for my house")]
    #[case::plan("how do i turn on dnd on my phone")]
    #[case::money("r$ 50 and $u")]
    #[case::inside_a_word("plzen cuzco thxgiving")]
    #[case::other_words("we were well and it was ill on its own")]
    #[case::numbers("from 2 to 4 at 10:30, 2 days b 4")]
    #[case::hindi("बिजली कब आएगी")]
    #[case::empty("")]
    fn what_means_something_else_stays(#[case] text: &str) {
        assert_eq!(spelt_out(text), text);
    }

    #[rstest]
    #[case("🆘 no 💡💡💡", "🆘 no light")]
    #[case("when will it be back❓❓", "when will it be back?")]
    #[case("no💡here", "no light here")]
    #[case("are you a 🤖 ?", "are you a bot ?")]
    #[case("this update is 🔥", "this update is 🔥")]
    #[case("ok 👍 🙏", "ok 👍 🙏")]
    fn emoji_that_mean_one_thing_are_words(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(emoji_in_words(text), expected);
    }

    #[test]
    fn no_full_form_is_an_abbreviation_and_none_stands_twice() {
        let everywhere = NO_WORD_OF_ANY_LANGUAGE.iter();
        let all: Vec<_> = everywhere.chain(IN_ONE_LANGUAGE.iter().flat_map(|(_, short)| short.iter())).collect();
        for (short, full) in &all {
            assert_eq!(bare(short), *short, "it would never be found");
            for word in full.split(' ') {
                assert!(!EVERYWHERE.contains_key(word) && !AMBIGUOUS.contains(word), "{short}: {word}");
            }
        }
        assert_eq!(EVERYWHERE.len(), NO_WORD_OF_ANY_LANGUAGE.len());
        for (code, short) in IN_ONE_LANGUAGE {
            assert_eq!(IN_ONE[code].len(), short.len(), "{code}");
            assert!(short.iter().all(|(short, _)| !EVERYWHERE.contains_key(short)), "{code}");
            for (short, full) in *short {
                assert!(
                    !full.split(' ').any(|word| AMBIGUOUS.contains(word)),
                    "{short} is spelt out as {full}, for ever"
                );
            }
        }
    }

    #[test]
    fn what_was_spelt_out_may_show_another_language() {
        let once = spelt_out("pq calle pq x");
        assert_eq!(spelt_out(&once), once);
        assert!(!once.split(' ').any(|word| word == "x" || word == "pq"), "{once}");
    }

    proptest! {
        #[test]
        fn what_is_spelt_out_stays(words in prop::collection::vec(prop::sample::select(vec![
            "plz", "u", "ur", "wen", "wat", "ty", "dont", "im", "q", "x", "d", "pq", "tb", "dnd", "qd", "pk", "w/o", "?", "(rn)", "b4",
            "power", "luz", "calle", "courant", "rua", "strom", "the", "no", "de", "que", "when",
        ]), 0..8)) {
            let once = spelt_out(&words.join(" "));
            prop_assert_eq!(spelt_out(&once), once.as_str());
        }

        #[test]
        fn any_text_can_be_spelt_out(text in "\\PC{0,200}") {
            let _ = spelt_out(&emoji_in_words(&text));
        }
    }
}
