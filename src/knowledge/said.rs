//! Text that is filled in and may be said.

use unicode_segmentation::UnicodeSegmentation as _;

use super::MAX_SHORT_CHARS;
use crate::reading::Language;

/// Text that is filled in and may be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Markdown.
    pub text: String,
    /// Plain text for channels with tight limits, at most [`MAX_SHORT_CHARS`].
    pub short: Option<String>,
    /// The language it is written in: the one asked for, or the default.
    pub language: Language,
}

impl Said {
    /// A phrase for channels with tight limits: its first sentences, each of which stands for itself, in one paragraph.
    #[must_use]
    pub fn with_short(self) -> Self {
        let line = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut end = 0;
        for sentence in line.split_sentence_bounds() {
            if line[..end + sentence.len()].trim_end().chars().count() > MAX_SHORT_CHARS {
                break;
            }
            end += sentence.len();
        }
        Self { short: (end > 0).then(|| line[..end].trim_end().to_owned()), ..self }
    }

    /// As much of what is said, in order, as channels with tight limits carry: whole parts only, and the first in any case.
    #[must_use]
    pub fn short_of(body: &[Self]) -> String {
        let mut text = String::new();
        for said in body {
            let next = said.short.as_ref().unwrap_or(&said.text);
            if !text.is_empty() && text.chars().count() + 1 + next.chars().count() > MAX_SHORT_CHARS {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(next);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Language;

    fn said(text: &str, short: Option<&str>) -> Said {
        Said { text: text.into(), short: short.map(Into::into), language: Language::ENGLISH }
    }

    #[test]
    fn a_long_phrase_is_shortened_to_whole_sentences() {
        let long = format!(
            "Get to a safe place and call 911 now. {} Do not wait.",
            "Keep away from lines, please. ".repeat(12)
        );
        let short = said(&long, None).with_short().short.unwrap();
        assert!(
            short.starts_with("Get to a safe place and call 911 now. Keep away") && short.ends_with("please."),
            "{short}"
        );
        assert!(short.chars().count() <= MAX_SHORT_CHARS);
        assert_eq!(said("A person comes.", None).with_short().short.as_deref(), Some("A person comes."));
        assert_eq!(said(&"endless ".repeat(60), None).with_short().short, None, "nothing is cut inside a sentence");
    }

    #[test]
    fn what_does_not_fit_any_more_is_left_out_whole() {
        let parts =
            [said("Long.", Some("Boil the water.")), said(&"x".repeat(290), None), said("A person comes.", None)];
        assert_eq!(Said::short_of(&parts[..1]), "Boil the water.");
        assert_eq!(Said::short_of(&parts), "Boil the water.");
        assert_eq!(Said::short_of(&[parts[0].clone(), parts[2].clone()]), "Boil the water. A person comes.");
        assert_eq!(Said::short_of(&parts[1..]), "x".repeat(290), "the first is said or nothing is");
    }
}
