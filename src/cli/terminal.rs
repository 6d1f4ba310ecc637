//! Text of strangers on a terminal: it must not move the cursor, colour the screen or turn the line around.

/// The text with control characters and direction overrides made visible; line ends stay.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let harmless = c == '\n' || !(c.is_control() || is_direction_override(c));
            let escaped = (!harmless).then(|| c.escape_unicode());
            harmless.then_some(c).into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

/// Unicode's explicit directional embeddings, overrides and isolates (UAX #9).
fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(printable("\u{1b}[2Jhi\u{202E}evil\nthere"), "\\u{1b}[2Jhi\\u{202e}evil\nthere");
        assert_eq!(printable("¿Cuándo? 電気 🙂"), "¿Cuándo? 電気 🙂");
    }
}
