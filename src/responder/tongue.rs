//! Which language a customer is answered in, and which languages are understood at all.

use std::collections::BTreeMap;

use crate::{classifier::language, knowledge::Knowledge, reading::Language};

/// A language counts as understood when at least one example in so many is written in it, wherever admins put it: fewer are borrowed words
/// and misread lines.
const ONE_IN: usize = 20;

/// A message of fewer words does not change the language of a conversation that is held in one that is understood: "merci!" and
/// "ciao" are said by everyone.
const FEW_WORDS: usize = 3;

/// The languages that are understood: those that an intent has examples in, as the files say or as the examples read.
pub(super) fn understood(knowledge: &Knowledge) -> Vec<Language> {
    let mut understood = knowledge.languages_with_examples();
    let mut read: BTreeMap<Language, usize> = BTreeMap::new();
    let mut all = 0;
    for example in knowledge.intents.values().flat_map(|intent| intent.examples.values().flatten()) {
        all += 1;
        if let Some(language) = language::detect(example) {
            *read.entry(language).or_default() += 1;
        }
    }
    let enough = read.into_iter().filter(|(_, count)| count * ONE_IN >= all).map(|(language, _)| language);
    for language in enough {
        if !understood.contains(&language) {
            understood.push(language);
        }
    }
    understood
}

/// The language to answer in: the message's, where it can be told and is worth a change, otherwise the conversation's.
pub(super) fn spoken(
    read: Option<Language>,
    text: &str,
    before: Option<Language>,
    default: Language,
    understood: &[Language],
) -> Language {
    let before_or_default = before.unwrap_or(default);
    let Some(read) = read else { return before_or_default };
    let settled = before.is_some_and(|before| understood.contains(&before));
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    if settled && latin && !understood.contains(&read) && text.split_whitespace().count() < FEW_WORDS {
        before_or_default
    } else {
        read
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::told(Some("es"), "cuándo vuelve la luz", None, "es")]
    #[case::not_told(None, "555-0100", None, "en")]
    #[case::the_conversations(None, "ok", Some("es"), "es")]
    #[case::understood_changes_at_once(Some("es"), "gracias", Some("en"), "es")]
    #[case::a_borrowed_word(Some("fr"), "merci !", Some("en"), "en")]
    #[case::a_sentence(Some("fr"), "il n'y a plus de courant", Some("en"), "fr")]
    #[case::the_first_word(Some("fr"), "bonjour", None, "fr")]
    #[case::back_again(Some("en"), "sorry", Some("fr"), "en")]
    #[case::another_script(Some("uk"), "допоможіть", Some("en"), "uk")]
    fn the_customers_language_is_followed(
        #[case] read: Option<&str>,
        #[case] text: &str,
        #[case] before: Option<&str>,
        #[case] expected: &str,
    ) {
        let language = |code: &str| code.parse::<Language>().unwrap();
        let understood = [Language::ENGLISH, Language::SPANISH];
        let spoken = spoken(read.map(language), text, before.map(language), Language::ENGLISH, &understood);
        assert_eq!(spoken.as_str(), expected);
    }
}
