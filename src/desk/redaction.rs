//! Personal data out of customers' words, before they are kept as examples.
//!
//! What can be told by its form is taken out; where a text probably holds more than that, it is not used at all. There is always another
//! customer who said it without.

/// Words after which people name themselves or others.
const NAMES_FOLLOW: [&[&str]; 16] = [
    &["my", "name", "is"],
    &["my", "name's"],
    &["name", "is"],
    &["i", "am", "called"],
    &["this", "is", "mr"],
    &["this", "is", "mrs"],
    &["this", "is", "ms"],
    &["me", "llamo"],
    &["mi", "nombre", "es"],
    &["mi", "nombre"],
    &["je", "m'appelle"],
    &["mon", "nom", "est"],
    &["ich", "heiße"],
    &["mein", "name", "ist"],
    &["meu", "nome", "é"],
    &["mi", "chiamo"],
];

/// Words in front of a person's name, a date of birth or a number that is somebody's own. A text with one of them is not used.
const TELLING: [&str; 26] = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "sr",
    "sra",
    "srta",
    "señor",
    "señora",
    "herr",
    "frau",
    "monsieur",
    "madame",
    "regards",
    "sincerely",
    "saludos",
    "atentamente",
    "cordialement",
    "grüße",
    "born",
    "birthday",
    "dob",
    "ssn",
    "passport",
    "iban",
];

/// Common given names (of the languages that most customers write in), without those that are words as well, such as Will or Rose. A text
/// with one of them is not used: however it is written, it tells of somebody.
const GIVEN_NAMES: &str = include_str!("given_names.txt");

/// Words in front of the name of a storm.
const STORMS: [&str; 9] =
    ["storm", "hurricane", "typhoon", "cyclone", "tormenta", "huracán", "tempête", "ouragan", "sturm"];

/// Words for a street, behind its name (English) or in front of it.
const STREETS: [&str; 34] = [
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "ln",
    "drive",
    "dr",
    "court",
    "ct",
    "boulevard",
    "blvd",
    "way",
    "place",
    "terrace",
    "apt",
    "apartment",
    "unit",
    "flat",
    "calle",
    "avenida",
    "avda",
    "plaza",
    "carrera",
    "rue",
    "rua",
    "via",
    "straße",
    "strasse",
    "str",
    "piso",
    "po",
];

/// How far a number may stand from the word for a street to be of the same address, in words.
const ADDRESS_SPAN: usize = 4;

/// A number of so many digits, in one piece or in several, may be an account, a phone, a date of birth or a code.
const TELLING_DIGITS: usize = 4;

/// What is left must say something.
const LEAST_WORDS: usize = 2;

/// The words without personal data; None where they probably hold some that cannot be told by its form, or say nothing without it.
#[must_use]
pub fn redacted(words: &str) -> Option<String> {
    let words = words.replace(['’', '‘'], "'");
    let tokens: Vec<&str> = words.split_whitespace().filter(|token| !is_address_of_machine(token)).collect();
    let bare: Vec<String> = tokens.iter().map(|token| bare(token)).collect();
    if bare.iter().any(|word| TELLING.contains(&word.as_str()))
        || NAMES_FOLLOW.iter().any(|lead| bare.windows(lead.len()).any(|window| window.iter().eq(lead.iter())))
        || has_street(&bare)
        || names_somebody(&bare)
        || has_full_name(&tokens)
    {
        return None;
    }
    let kept = without_numbers(&tokens);
    let said = kept.iter().filter(|token| token.chars().any(char::is_alphabetic)).count();
    let text = kept.join(" ");
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '-' | '–'));
    (said >= LEAST_WORDS).then(|| text.to_owned())
}

/// A given name that is not a storm's: those have people's names.
fn names_somebody(bare: &[String]) -> bool {
    let of_a_storm = |at: usize| at.checked_sub(1).is_some_and(|before| STORMS.contains(&bare[before].as_str()));
    bare.iter().enumerate().any(|(at, word)| is_given_name(word) && !of_a_storm(at))
}

/// Also `maria's`.
fn is_given_name(word: &str) -> bool {
    let word = word.strip_suffix("'s").unwrap_or(word);
    GIVEN_NAMES.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).any(|name| name == word)
}

fn bare(token: &str) -> String {
    token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// E-mail, link, @name.
fn is_address_of_machine(token: &str) -> bool {
    let lower = token.to_lowercase();
    let has_dot_inside =
        lower.trim_matches(|c: char| !c.is_alphanumeric()).split('.').filter(|part| part.len() > 1).count() > 1;
    token.contains('@')
        || lower.contains("://")
        || lower.contains("www.")
        || (has_dot_inside && lower.contains('/'))
        || [".com", ".org", ".net", ".example", ".io"].iter().any(|end| lower.contains(end))
}

/// A number near a word for a street.
fn has_street(bare: &[String]) -> bool {
    bare.iter().enumerate().any(|(at, word)| {
        let from = at.saturating_sub(ADDRESS_SPAN);
        let near = &bare[from..bare.len().min(at + ADDRESS_SPAN + 1)];
        STREETS.contains(&word.as_str()) && near.iter().any(|word| word.starts_with(char::is_numeric))
    })
}

/// Two capitalised words in a row inside a sentence that has small ones: a person's name as likely as a place's.
fn has_full_name(tokens: &[&str]) -> bool {
    let small = tokens.iter().any(|token| token.starts_with(char::is_lowercase));
    let capital = |token: &str| {
        let mut chars = token.trim_start_matches(|c: char| !c.is_alphanumeric()).chars();
        chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase)
    };
    small
        && tokens
            .windows(2)
            .any(|pair| capital(pair[0]) && capital(pair[1]) && !pair[0].ends_with(['.', '!', '?', ',']))
}

/// Drops numbers that may be somebody's own: long ones, also where blanks divide them, and codes of letters and digits.
fn without_numbers<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    // Of all scripts: `٠١٢٣` and `０１２３` are numbers as well.
    let digits = |token: &str| token.chars().filter(|c| c.is_numeric()).count();
    let numeric = |token: &str| digits(token) > 0 && !token.chars().any(char::is_alphabetic);
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let run = tokens[at..].iter().take_while(|token| numeric(token)).count();
        if run > 0 {
            let all: usize = tokens[at..at + run].iter().map(|token| digits(token)).sum();
            if all < TELLING_DIGITS {
                kept.extend(&tokens[at..at + run]);
            }
            at += run;
            continue;
        }
        let token = tokens[at];
        // "3pm" and "24h" are none.
        let code = digits(token) > 0 && bare(token).chars().count() >= 5 || digits(token) >= TELLING_DIGITS;
        if !code {
            kept.push(token);
        }
        at += 1;
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("is the zoo open on day 3?", Some("is the zoo open on day 3?"))]
    #[case::mail("write to ana@mail.example about the zoo", Some("write to about the zoo"))]
    #[case::handle("@power_co is the zoo open", Some("is the zoo open"))]
    #[case::link("see https://x.example/me is the zoo open", Some("see is the zoo open"))]
    #[case::bare_link("see example.com/me is the zoo open", Some("see is the zoo open"))]
    #[case::phone("call me on 555 0101 about the zoo", Some("call me on about the zoo"))]
    #[case::phone_in_one("call +1-555-0101 about the zoo", Some("call about the zoo"))]
    #[case::account("is account 12345678 for the zoo", Some("is account for the zoo"))]
    #[case::order("order AB12-99X for the zoo", Some("order for the zoo"))]
    #[case::hour("is the zoo open at 3pm", Some("is the zoo open at 3pm"))]
    #[case::name("my name is maria, is the zoo open", None)]
    #[case::name_es("me llamo maria y el zoo está cerrado", None)]
    #[case::name_curly("My name’s Bo and is the zoo open", None)]
    #[case::full_name("please tell Maria Lopez that the zoo is open", None)]
    #[case::name_in_small_letters("please tell maria lopez that the zoo is open", None)]
    #[case::name_of_a_relative("is the zoo open for jamal's class", None)]
    #[case::name_of_a_storm("is the zoo open after storm ingrid", Some("is the zoo open after storm ingrid"))]
    #[case::arabic_digits("call ٠٥٥٥١٢٣٤٥٦ about the zoo", Some("call about the zoo"))]
    #[case::arabic_digits_in_pieces("call ٠٥٥ ٥١٢ about the zoo", Some("call about the zoo"))]
    #[case::full_width_digits("account １２３４５６ for the zoo", Some("account for the zoo"))]
    #[case::street_in_other_digits("is the zoo near １２ oak street open", None)]
    #[case::title("tell Mr. Jones the zoo is open", None)]
    #[case::signed("is the zoo open? Regards, Bo", None)]
    #[case::street("is the zoo near 12 oak street open", None)]
    #[case::street_es("vivo en calle mayor 12, abre el zoo", None)]
    #[case::nothing_left("12345678", None)]
    #[case::one_word_left("hi 12345678", None)]
    fn personal_data_is_taken_out_or_the_text_is_not_used(#[case] words: &str, #[case] expected: Option<&str>) {
        assert_eq!(redacted(words).as_deref(), expected);
    }

    proptest! {
        #[test]
        fn no_long_number_and_no_address_gets_through(words in "\\PC{0,60}", number in "[0-9]{4,12}", mail in "[a-z]{1,8}@[a-z]{1,8}\\.com") {
            if let Some(text) = redacted(&format!("{words} {number} is it open {mail}")) {
                let number_left = text.split_whitespace().any(|token| token == number);
                prop_assert!(!number_left && !text.contains('@'), "{}", text);
            }
        }
    }
}
