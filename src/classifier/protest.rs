//! Words by which people say that an answer was not one.

use super::text;

/// Whether a text says that what was said before it was wrong or no help. A sign for statistics: many protests are worded otherwise.
#[must_use]
pub fn protests(text: &str) -> bool {
    let text = text::folded(&text::plain(text)).replace('\'', "");
    PROTESTS.iter().any(|protest| text.contains(protest))
}

/// Plain, without accents and apostrophes.
const PROTESTS: [&str; 54] = [
    // English
    "thats wrong",
    "that is wrong",
    "thats not right",
    "that is not right",
    "not what i asked",
    "not what i meant",
    "not my question",
    "didnt answer",
    "did not answer",
    "doesnt answer",
    "does not answer",
    "doesnt help",
    "does not help",
    "didnt help",
    "not helpful",
    "no help at all",
    "wrong answer",
    "you dont understand",
    "you didnt understand",
    "useless bot",
    // Spanish
    "eso no es lo que",
    "no es lo que pregunte",
    "no pregunte eso",
    "no me sirve",
    "no me ayuda",
    "no entiendes",
    "no responde",
    "no respondiste",
    "eso es falso",
    "esta mal",
    // French
    "ce nest pas ce que jai demande",
    "pas ma question",
    "ca ne maide pas",
    "ca naide pas",
    "cest faux",
    "vous ne comprenez pas",
    // German
    "das ist falsch",
    "das stimmt nicht",
    "nicht meine frage",
    "danach habe ich nicht gefragt",
    "hilft mir nicht",
    "hilft nicht",
    // Portuguese
    "nao foi isso que perguntei",
    "nao e isso",
    "nao ajuda",
    "nao ajudou",
    "esta errado",
    // Italian
    "non e quello che ho chiesto",
    "non ho chiesto questo",
    "non mi aiuta",
    "e sbagliato",
    // Dutch
    "dat klopt niet",
    "niet mijn vraag",
    "daar heb ik niets aan",
];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("That’s NOT what I asked!!", true)]
    #[case("sorry but that is wrong, our street is still dark", true)]
    #[case("¡No pregunté eso!", true)]
    #[case("Das stimmt nicht", true)]
    #[case("ça ne m'aide pas", true)]
    #[case("thanks, that helps", false)]
    #[case("something is wrong with my meter", false)]
    #[case("what is the right number to call", false)]
    #[case("", false)]
    fn who_protests_is_heard(#[case] text: &str, #[case] protest: bool) {
        assert_eq!(protests(text), protest);
    }

    #[test]
    fn the_words_are_as_the_text_is_made() {
        for protest in PROTESTS {
            assert!(protests(protest) && text::folded(protest) == protest, "{protest}");
        }
    }
}
