//! Cuts a message that is too long for a platform into pieces, where a reader would pause.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::message::Outgoing;

/// Where a text may be cut, from the best place to the last resort.
const CUTS: [fn(&str) -> Vec<&str>; 5] = [
    |text| text.split_inclusive("\n\n").collect(),
    |text| text.split_inclusive('\n').collect(),
    |text| text.split_sentence_bounds().collect(),
    |text| text.split_word_bounds().collect(),
    |text| text.graphemes(true).collect(),
];

/// The pieces of a message, each as large as `fits` allows: cut between paragraphs where possible, else between lines, sentences, words
/// and, last of all, characters. The choices go with the last piece; there is always one.
pub fn split(outgoing: &Outgoing, fits: impl Fn(&str) -> bool) -> Vec<Outgoing> {
    let mut texts = Vec::new();
    cut(&outgoing.text, &CUTS, &fits, &mut texts);
    if texts.is_empty() {
        texts.push("");
    }
    let last = texts.len() - 1;
    let piece = |(index, text): (usize, &str)| Outgoing {
        text: text.to_owned(),
        short: None,
        choices: if index == last { outgoing.choices.clone() } else { Vec::new() },
        ..outgoing.clone()
    };
    texts.into_iter().enumerate().map(piece).collect()
}

fn cut<'t>(text: &'t str, cuts: &[fn(&str) -> Vec<&str>], fits: &impl Fn(&str) -> bool, pieces: &mut Vec<&'t str>) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    let Some((by, finer)) = cuts.split_first().filter(|_| !fits(text)) else {
        pieces.push(text);
        return;
    };
    let (mut start, mut end) = (0, 0);
    for unit in by(text) {
        let after = end + unit.len();
        if fits(text[start..after].trim()) {
            end = after;
            continue;
        }
        // What was gathered is a piece; the unit begins the next one, or is itself too long.
        cut(&text[start..end], &[], fits, pieces);
        if fits(unit.trim()) {
            start = end;
        } else {
            cut(unit, finer, fits, pieces);
            start = after;
        }
        end = after;
    }
    cut(&text[start..end], &[], fits, pieces);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        message::{Author, Choice},
        reading::Language,
    };

    fn texts(text: &str, limit: usize) -> Vec<String> {
        split(&message(text), |text| text.chars().count() <= limit).into_iter().map(|piece| piece.text).collect()
    }

    fn message(text: &str) -> Outgoing {
        Outgoing {
            text: text.into(),
            short: Some("short".into()),
            choices: vec![Choice { id: "person".into(), label: "Talk to a person".into() }],
            author: Author::Bot,
            language: Language::ENGLISH,
        }
    }

    #[test]
    fn what_fits_stays_whole() {
        assert_eq!(texts("One.\n\nTwo.", 100), ["One.\n\nTwo."]);
    }

    #[test]
    fn it_is_cut_where_a_reader_pauses() {
        assert_eq!(texts("One is here.\n\nTwo.\n\nThree.", 20), ["One is here.\n\nTwo.", "Three."]);
        assert_eq!(texts("- first item\n- second item\n- third", 16), ["- first item", "- second item", "- third"]);
        assert_eq!(texts("Stay inside. Call us.", 14), ["Stay inside.", "Call us."]);
        assert_eq!(texts("stay inside now", 11), ["stay inside", "now"]);
        assert_eq!(texts("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    #[test]
    fn choices_go_with_the_last_piece() {
        let pieces = split(&message("One.\n\nTwo."), |text| text.len() < 5);
        assert_eq!(pieces.iter().map(|piece| piece.choices.len()).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(split(&message(" "), |_| true).len(), 1, "there is always one piece");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_each_piece_fits(text in "[a-zé😀 .\n]{0,120}", limit in 1_usize..40) {
            let pieces = texts(&text, limit);
            let letters = |text: &str| text.chars().filter(|char| !char.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&pieces.concat()), letters(&text));
            prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= limit), "{:?}", pieces);
        }
    }
}
