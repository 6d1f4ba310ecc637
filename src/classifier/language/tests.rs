//! Short texts, and what language they are told to be in.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn code(text: &str) -> Option<String> {
    detect(text).map(|language| language.as_str().to_owned())
}

/// Texts that the word lists were not written for.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "any news about the repairs",
            "we have had nothing for two days",
            "I would like to speak with a human",
            "did the crew leave already",
            "is my food ok to eat",
            "my meter looks broken",
        ],
    ),
    (
        "es",
        &[
            "alguna novedad sobre la reparación",
            "llevamos dos días a oscuras",
            "me gustaria hablar con alguien",
            "ya se fueron los técnicos",
            "la comida se echo a perder",
            "cuánto van a tardar",
        ],
    ),
    (
        "fr",
        &[
            "avez-vous des nouvelles",
            "nous sommes dans le noir depuis deux jours",
            "je voudrais annuler mon rendez-vous",
            "est-ce que l'eau est bonne",
            "mon compteur est cassé",
            "qui dois-je appeler",
        ],
    ),
    (
        "de",
        &[
            "gibt es neuigkeiten",
            "wir sitzen seit zwei tagen im dunkeln",
            "ich möchte mit einem menschen reden",
            "wie lange dauert das noch",
            "mein zähler ist kaputt",
            "wen soll ich anrufen",
        ],
    ),
    (
        "pt",
        &[
            "tem alguma novidade",
            "estamos há dois dias no escuro",
            "gostaria de falar com alguém",
            "quanto tempo vai demorar",
            "meu medidor está quebrado",
            "para quem devo ligar",
        ],
    ),
    (
        "it",
        &[
            "ci sono novità",
            "siamo al buio da due giorni",
            "vorrei annullare il mio appuntamento",
            "quanto tempo ci vuole",
            "il mio contatore è rotto",
            "chi devo chiamare",
        ],
    ),
    (
        "nl",
        &[
            "is er al nieuws",
            "wij zitten al twee dagen in het donker",
            "ik wil mijn afspraak afzeggen",
            "hoe lang duurt het nog",
            "mijn meter is kapot",
            "wie moet ik bellen",
        ],
    ),
    (
        "pl",
        &[
            "czy są jakieś wieści",
            "siedzimy po ciemku od dwóch dni",
            "chciałbym odwołać wizytę",
            "jak długo to potrwa",
            "mój licznik jest zepsuty",
            "do kogo mam zadzwonić",
        ],
    ),
    (
        "tr",
        &[
            "bir haber var mı",
            "iki gündür karanlıktayız",
            "randevumu iptal etmek istiyorum",
            "ne kadar sürecek",
            "sayacım bozuldu",
            "kimi aramalıyım",
        ],
    ),
    (
        "uk",
        &[
            "чи є новини",
            "ми вже два дні без світла",
            "хочу скасувати візит",
            "скільки це триватиме",
            "мій лічильник зламався",
            "кому дзвонити",
        ],
    ),
    (
        "ru",
        &[
            "есть ли новости",
            "мы уже два дня без света",
            "хочу отменить визит",
            "сколько это займет",
            "мой счетчик сломался",
            "кому звонить",
        ],
    ),
    ("ar", &["هل هناك أخبار", "نحن في الظلام منذ يومين"]),
    ("zh", &["有什么消息吗", "我们已经两天没有电了"]),
    ("ja", &["何か情報はありますか", "二日間真っ暗です"]),
    ("hi", &["क्या कोई खबर है", "हम दो दिन से अंधेरे में हैं"]),
];

#[test]
fn short_texts_are_told_apart() {
    let all = || TEXTS.iter().flat_map(|(language, texts)| texts.iter().map(move |text| (*language, *text)));
    let told = |right: bool| {
        let is_told = |(language, text): &(&str, &str)| code(text).is_some_and(|code| (code == *language) == right);
        all().filter(is_told).map(|(language, text)| format!("{language}: {text}")).collect::<Vec<_>>()
    };
    // A text taken for the wrong language gets an answer in it; one without a language stays in the conversation's.
    assert!(told(false).is_empty(), "{:#?}", told(false));
    assert!(told(true).len() * 100 >= all().count() * 85, "{} of {}", told(true).len(), all().count());
}

#[test]
fn what_could_be_many_languages_is_none() {
    for text in
        ["", "ok", "555-0100", "🙏🙏", "hotel", "https://example.org/hello", "@someone", "asdf", "xyz qwv", "Ειρήνη"]
    {
        assert_eq!(code(text), None, "{text}");
    }
}

#[test]
fn spanish_without_accents_is_spanish() {
    for text in ["cuando vuelve la luz", "no tengo luz", "hola", "gracias", "se cayo un cable"] {
        assert_eq!(code(text).as_deref(), Some("es"), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_has_a_language_or_none(text in "\\PC{0,200}") {
        let _ = detect(&text);
    }
}

/// What customers write in a crisis, one to eight words long: the language, a tab, the text.
///
/// The word lists were widened after a look at these texts. Before, of the 123 that were written last, 79 were told rightly and 4
/// wrongly; the others were left open.
fn crisis() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("crisis.txt").lines().filter_map(|line| line.split_once('\t'))
}

#[test]
fn a_cry_for_help_of_a_few_words_is_told_in_fifteen_languages() {
    let mut languages: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (language, text) in crisis() {
        let [all, right, wrong] = languages.entry(language).or_default();
        *all += 1;
        match code(text) {
            Some(code) if code == language => *right += 1,
            Some(_) => *wrong += 1,
            None => {}
        }
    }
    assert_eq!(languages.len(), 15);
    for (language, [all, right, wrong]) in &languages {
        assert!(*all >= 10 && right * 100 >= all * 60, "{language}: {right} of {all}");
        assert!(wrong * 100 <= all * 6, "{language}: {wrong} of {all} wrong");
    }
    let wrong: usize = languages.values().map(|[.., wrong]| wrong).sum();
    assert!(wrong * 100 <= crisis().count(), "{wrong} wrong: {languages:?}");
}

#[test]
fn english_with_a_word_that_others_have_too_stays_english() {
    for text in [
        "roll a die",
        "is the water ok",
        "where's the outage map",
        "in my todo list",
        "over ten hours",
        "what's the plan for the weekend",
        "the male nurse",
        "no gas and no heat",
        "help is on the way",
    ] {
        assert_eq!(code(text).as_deref(), Some("en"), "{text}");
    }
}
