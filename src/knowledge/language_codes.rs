//! Codes of languages: which there are, and which one a slip means.

use super::problem::nearest;
use crate::reading::Language;

/// All codes of ISO 639-1.
const CODES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en \
    eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km \
    kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi \
    pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz \
    ve vi vo wa wo xh yi yo za zh zu";

/// What people write in a code's place: the language's name, a country, a code of three letters.
const SLIPS: [(&str, &str); 19] = [
    ("en", "english inglés englisch eng gb us"),
    ("es", "spanish español espanol castellano spanisch spa sp mx"),
    ("fr", "french français francais fra fre"),
    ("de", "german deutsch deu ger at"),
    ("pt", "portuguese português portugues por pr"),
    ("it", "italian italiano ita"),
    ("nl", "dutch nederlands nld dut"),
    ("pl", "polish polski pol"),
    ("ru", "russian русский rus"),
    ("uk", "ukrainian українська ukr ua"),
    ("tr", "turkish türkçe turkce tur"),
    ("ar", "arabic العربية ara"),
    ("hi", "hindi हिन्दी hin"),
    ("ja", "japanese 日本語 jpn jp"),
    ("zh", "chinese 中文 zho chi cn"),
    ("ko", "korean 한국어 kor"),
    ("th", "thai ไทย tha"),
    ("vi", "vietnamese vie vn"),
    ("cs", "czech čeština cze ces cz"),
];

/// Whether there is a language with this code.
pub fn is_one(language: Language) -> bool {
    CODES.split_whitespace().any(|code| code == language.as_str())
}

/// The code that somebody probably meant who wrote this.
pub fn meant(text: &str) -> Option<Language> {
    let text = text.trim().to_lowercase();
    // `es-MX` and `en_US` name a country too.
    let front = text.split(['-', '_']).next().unwrap_or(&text);
    let slip = SLIPS.iter().find(|(_, slips)| slips.split_whitespace().any(|slip| slip == front));
    let near = || {
        let named = SLIPS.iter().flat_map(|(_, slips)| slips.split_whitespace()).filter(|slip| slip.len() > 3);
        let name = nearest(front, named)?;
        SLIPS.iter().find(|(_, slips)| slips.split_whitespace().any(|slip| slip == name))
    };
    if let Some(language) = front.parse().ok().filter(|language| is_one(*language)) {
        return Some(language);
    }
    slip.or_else(near).and_then(|(code, _)| code.parse().ok())
}

/// What to do about a text that is no language's code.
pub fn suggest(text: &str) -> String {
    match meant(text) {
        Some(language) => format!("did you mean `{language}`?"),
        None => "a language is written with its two letters of ISO 639-1, such as `en` or `es`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("sp", Some("es"))]
    #[case("es-MX", Some("es"))]
    #[case("EN_us", Some("en"))]
    #[case("english", Some("en"))]
    #[case("Spansh", Some("es"))]
    #[case("jp", Some("ja"))]
    #[case("xx", None)]
    #[case("copy", None)]
    fn a_slip_is_told_from_what_nobody_can_mean(#[case] text: &str, #[case] code: Option<&str>) {
        assert_eq!(meant(text).map(String::from).as_deref(), code);
    }
}
