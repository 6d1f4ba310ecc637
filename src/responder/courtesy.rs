//! The courtesies around a matter ("Hello, …", "… Thank you"), and the cry for help that does not say what for.
//!
//! They are taken off before a sentence is read, so that what is nothing but courtesy can be told from what is more. The phrases of a
//! list are parted by `|`, language after language.

/// Greetings, thanks and pleas of the languages of the product, in lower case.
const COURTESIES: &str = "hello there|hello|hi there|hi|hey there|hey|good morning|good afternoon|good evening|good day|greetings|\
    thank you very much|thank you so much|thank you|thanks a lot|thanks so much|many thanks|thanks|thx|ty|please|pls|plz|\
    excuse me|hola|buenos días|buenos dias|buenas tardes|buenas noches|buenas|muchas gracias|muchísimas gracias|mil gracias|\
    gracias|por favor|porfa|disculpe|bonjour|bonsoir|salut|merci beaucoup|merci|s'il vous plaît|s'il vous plait|svp|\
    guten tag|guten morgen|guten abend|hallo|vielen dank|danke schön|dankeschön|danke|bitte|olá|ola|bom dia|boa tarde|\
    boa noite|muito obrigado|muito obrigada|obrigado|obrigada|buongiorno|buonasera|salve|ciao|grazie mille|mille grazie|\
    grazie|per favore|goedemorgen|goedemiddag|goedenavond|hoi|dank u wel|dank u|dank je wel|dank je|bedankt|alstublieft|\
    dzień dobry|dobry wieczór|cześć|dziękuję bardzo|dziękuję|dzięki|proszę|здравствуйте|добрый день|добрый вечер|привет|\
    большое спасибо|спасибо|пожалуйста|добрий день|добрий вечір|вітаю|привіт|дуже дякую|дякую|будь ласка|merhaba|selam|\
    iyi günler|iyi akşamlar|çok teşekkürler|teşekkür ederim|teşekkürler|lütfen|السلام عليكم|مرحبا|شكرا جزيلا|شكرا|من فضلك|\
    नमस्ते|बहुत धन्यवाद|धन्यवाद|कृपया|こんにちは|こんばんは|ありがとうございます|ありがとう|您好|你好|谢谢你|谢谢您|谢谢|안녕하세요|감사합니다|고맙습니다|สวัสดีครับ|สวัสดีค่ะ|\
    สวัสดี|ขอบคุณครับ|ขอบคุณค่ะ|ขอบคุณ";

/// Cries for help, likewise.
const CRIES: &str = "please help me|please help us|please help|help me please|help us please|help please|help me|help us|help|\
    por favor ayuda|ayuda por favor|ayúdenme|ayudenme|ayúdeme|ayudeme|ayúdame|ayudame|ayuda|auxilio|socorro|au secours|\
    à l'aide|aidez-moi|aidez moi|hilfe|helfen sie mir|helft mir|helft uns|ajuda|me ajudem|aiuto|aiutatemi|aiutateci|\
    help mij|help ons|pomocy|ratunku|pomóżcie|помогите|на помощь|спасите|допоможіть|рятуйте|imdat|yardım edin|النجدة|\
    ساعدوني|ساعدونا|انقذونا|बचाओ|मदद करो|मेरी मदद करो|助けて|救命|救救我们|救救我|帮帮我|살려주세요|도와주세요|ช่วยด้วย";

/// Sentences that are nothing but the end of a talk or a nod. Inside a sentence they mean something ("is everything ok").
const NODS: &str = "in advance|again|so much|ok|okay|ok then|alright|all right|great|perfect|awesome|got it|i see|good to know|sounds good|\
    all good|no problem|will do|i will|i will do that|you too|same to you|that helps|that helped|appreciate it|\
    have a nice day|have a good day|have a good one|have a good night|take care|bye|goodbye|see you|best regards|\
    kind regards|regards|best|you're welcome|yes|no|wow|everyone|team|all|there|guys|de antemano|ok gracias|vale|perfecto|\
    entendido|de acuerdo|muy bien|igualmente|de nada|saludos|un saludo|saludos cordiales|adiós|hasta luego|\
    que tenga buen día|sí|d'accord|d'avance|cordialement|au revoir|bonne journée|oui|im voraus|alles klar|in ordnung|\
    mit freundlichen grüßen|viele grüße|tschüss|ja|nein|tudo bem|tchau|desde já|va bene|cordiali saluti|in anticipo|\
    arrivederci|alvast|tot ziens|met vriendelijke groet|pozdrawiam|z góry|do widzenia|хорошо|понятно|заранее|до свидания|\
    с уважением|да|нет|добре|зрозуміло|заздалегідь|до побачення|tamam|şimdiden|iyi günler|görüşürüz";

/// What says who somebody is; names follow.
const INTRODUCTIONS: &str = "my name is|my name's|i live at|i live on|i live in|we live at|we live on|we live in|my address is|me llamo|mi nombre es|\
    soy|vivo en|vivimos en|mi dirección es|je m'appelle|j'habite|mein name ist|ich heiße|ich wohne in|meu nome é|mi chiamo|\
    mijn naam is|ik woon in|nazywam się";

/// Words between names.
const BETWEEN_NAMES: &str = "in|on|at|and|of|en|de|la|el|los|y|calle|street|avenue|road";

/// What makes an object of a word before it: "thanks for nothing", "help with my bill".
const GO_ON: &str = "for|with|to|por|con|pour|avec|für|bei|por|per|voor|za|за";

/// A sentence without the courtesies around it, and whether one of them was a cry for help. Nothing is left of what is nothing else.
pub(super) fn within(sentence: &str) -> (&str, bool) {
    let mut rest = trimmed(sentence);
    let mut cries = false;
    loop {
        if let Some(after) = shortest(CRIES, |cry| without_start(rest, cry)) {
            (rest, cries) = (after, true);
        } else if let Some(before) = shortest(CRIES, |cry| without_end(rest, cry)) {
            (rest, cries) = (before, true);
        } else if let Some(after) = shortest(COURTESIES, |courtesy| without_start(rest, courtesy)) {
            rest = after;
        } else if let Some(before) = shortest(COURTESIES, |courtesy| ends_with(rest, courtesy)) {
            rest = before;
        } else {
            let nothing = rest.is_empty() || is_nod(rest) || introduces(rest);
            return (if nothing { "" } else { as_asked(sentence, rest) }, cries);
        }
    }
}

/// What is left when the longest phrase is taken off: "help mij", not "help".
fn shortest<'t>(phrases: &str, without: impl Fn(&str) -> Option<&'t str>) -> Option<&'t str> {
    phrases.split('|').filter_map(without).min_by_key(|rest| rest.len())
}

fn is_one_of(phrases: &str, text: &str) -> bool {
    phrases.split('|').any(|phrase| phrase == text)
}

fn is_nod(sentence: &str) -> bool {
    is_one_of(NODS, &sentence.to_lowercase().replace('’', "'"))
}

/// Whether a sentence says a name or an address and nothing else ("I live on 12 Quay Street", not "I live in a flooded house").
fn introduces(sentence: &str) -> bool {
    let names = INTRODUCTIONS.split('|').find_map(|introduction| after_prefix(sentence, introduction));
    let is_name = |word: &str| {
        word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()) || is_one_of(BETWEEN_NAMES, word)
    };
    let words = |text: &str| {
        text.split(|c: char| !c.is_alphanumeric() && c != '\'')
            .filter(|word| !word.is_empty())
            .map(is_name)
            .collect::<Vec<_>>()
    };
    names.map(words).is_some_and(|words| !words.is_empty() && words.iter().all(|is_name| *is_name))
}

/// The rest with the punctuation that ends it, which tells a question.
fn as_asked<'t>(sentence: &'t str, rest: &'t str) -> &'t str {
    let sentence = sentence.trim_end();
    let start = rest.as_ptr() as usize - sentence.as_ptr() as usize;
    let end = start + rest.len();
    let tail = &sentence[end..];
    if tail.chars().any(char::is_alphanumeric) { rest } else { &sentence[start..] }
}

/// What follows a phrase that a text begins with, unless it is the phrase's object.
fn without_start<'t>(text: &'t str, phrase: &str) -> Option<&'t str> {
    let after = after_prefix(text, phrase)?;
    let next = after.split_whitespace().next().unwrap_or_default();
    (!is_one_of(GO_ON, &next.to_lowercase())).then(|| trimmed(after))
}

/// What stands before a cry that a text ends with, where punctuation parts them: in "can you help" it is none.
fn without_end<'t>(text: &'t str, cry: &str) -> Option<&'t str> {
    let before = before_suffix(text, cry)?;
    let parted = before.trim_end().chars().next_back().is_some_and(|c| !c.is_alphanumeric() && c != '\'' && c != '-');
    parted.then(|| trimmed(before))
}

fn ends_with<'t>(text: &'t str, phrase: &str) -> Option<&'t str> {
    before_suffix(text, phrase).map(trimmed)
}

fn after_prefix<'t>(text: &'t str, phrase: &str) -> Option<&'t str> {
    let mut rest = text.chars();
    for wanted in phrase.chars() {
        if !rest.next()?.to_lowercase().eq(std::iter::once(wanted)) {
            return None;
        }
    }
    let after = rest.as_str();
    let is_whole = is_unspaced(phrase) || !after.chars().next().is_some_and(char::is_alphanumeric);
    is_whole.then_some(after)
}

fn before_suffix<'t>(text: &'t str, phrase: &str) -> Option<&'t str> {
    let mut rest = text.chars();
    for wanted in phrase.chars().rev() {
        if !rest.next_back()?.to_lowercase().eq(std::iter::once(wanted)) {
            return None;
        }
    }
    let before = rest.as_str();
    let is_whole = is_unspaced(phrase) || !before.chars().next_back().is_some_and(char::is_alphanumeric);
    is_whole.then_some(before)
}

/// Chinese, Japanese and Thai are written without spaces between words.
fn is_unspaced(phrase: &str) -> bool {
    phrase
        .chars()
        .next()
        .is_some_and(|c| matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'))
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::around("Hi, when will the power be back? Thanks!", "when will the power be back", false)]
    #[case::question("hello, when is it back?", "when is it back?", false)]
    #[case::nothing_else("Hello there!", "", false)]
    #[case::several("Hey, good morning", "", false)]
    #[case::cry("Help!", "", true)]
    #[case::cry_first("help my house is flooding", "my house is flooding", true)]
    #[case::cry_last("my house is flooding, please help!!", "my house is flooding", true)]
    #[case::no_cry("can you help", "can you help", false)]
    #[case::with_an_object("help with my bill", "help with my bill", false)]
    #[case::thanks_for("thanks for nothing", "thanks for nothing", false)]
    #[case::inside_a_word("history of the outage", "history of the outage", false)]
    #[case::spanish("Se inundó mi casa. Gracias", "Se inundó mi casa", false)]
    #[case::spanish_cry("¡Ayuda! Se cayó el techo", "Se cayó el techo", true)]
    #[case::chinese("你好什么时候来电", "什么时候来电", false)]
    #[case::in_advance("thanks in advance", "", false)]
    #[case::nod("I will do that.", "", false)]
    #[case::no_nod("is everything ok", "is everything ok", false)]
    #[case::name("My name is Dana Miller.", "", false)]
    #[case::address("I live on 12 Quay Street in Old Harbor.", "", false)]
    #[case::no_address("I live in a flooded house", "I live in a flooded house", false)]
    #[case::thai("สวัสดีครับไฟดับ", "ไฟดับ", false)]
    fn courtesies_are_taken_off(#[case] sentence: &str, #[case] rest: &str, #[case] cries: bool) {
        assert_eq!(within(sentence), (rest, cries));
    }

    #[test]
    fn every_courtesy_and_cry_is_nothing_else() {
        for phrase in COURTESIES.split('|').chain(CRIES.split('|')) {
            assert_eq!(within(phrase).0, "", "{phrase}");
            assert_eq!(phrase, phrase.to_lowercase());
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_left_is_part_of_what_was_said(text in "\\PC{0,80}") {
            let (rest, _) = within(&text);
            proptest::prop_assert!(text.contains(rest));
        }
    }
}
