//! Bytes as hexadecimal digits: two small ones for each byte.

use std::fmt::Write as _;

/// The digits of these bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a text is the digits of so many bytes, as [`encode`] writes them.
pub(crate) fn is_of(text: &str, bytes: usize) -> bool {
    text.len() == bytes * 2 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_two_small_digits() {
        assert_eq!(encode(&[]), "");
        assert_eq!(encode(&[0, 10, 0x7f, 0xff]), "000a7fff");
        assert!(is_of("000a7fff", 4));
        for text in ["000a7ff", "000a7fff0", "000A7FFF", "000a7ffg", "000a7f é"] {
            assert!(!is_of(text, 4), "{text}");
        }
    }
}
