//! Random tokens that let somebody in, and the hashes that the store knows them by.

use std::fmt::{self, Write as _};

use sha2::{Digest, Sha256};

/// Bytes of a token: 256 bits are beyond guessing.
const TOKEN_BYTES: usize = 32;

/// What the holder of a session or an invitation shows. It is never stored or logged.
#[derive(Clone)]
pub struct Token(String);

/// The SHA-256 of a [`Token`], in hexadecimal: what the store keeps. A token is as random as its hash, so nothing slower is needed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenHash(String);

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hexadecimal(&bytes)))
    }

    /// What somebody sent; None if it cannot be a token of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == TOKEN_BYTES * 2 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The token itself, for its holder alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash(self.derive("evenkeel token"))
    }

    /// Another value that only the holder of the token and we can know; the purpose keeps it apart from the hash.
    pub fn derive(&self, purpose: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(purpose);
        hash.update([0]);
        hash.update(&self.0);
        hexadecimal(&hash.finalize())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl TokenHash {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_and_shows_itself_to_nobody() {
        let token = Token::random().unwrap();
        let again = Token::parse(token.expose()).unwrap();
        assert_eq!(token.hash(), again.hash());
        assert_ne!(token.hash(), Token::random().unwrap().hash());
        assert_ne!(token.hash().as_str(), token.expose());
        assert_ne!(token.derive("csrf"), token.hash().as_str());
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "a", &"0".repeat(63), &"0".repeat(65), &"G".repeat(64), &"A".repeat(64)] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
    }
}
