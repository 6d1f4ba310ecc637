//! Passwords: which are good enough, and their hashes.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

use crate::policy::{HASHES_AT_ONCE, MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS};

/// Hashes and checks passwords, a few at a time. The parameters are argon2's own defaults, which are those that OWASP's Password Storage
/// Cheat Sheet names: argon2id with 19 MiB, 2 passes, 1 lane.
pub struct Passwords {
    places: Arc<Semaphore>,
    /// The memory of each place, kept once it was needed: given back and taken anew by ever other threads, the allocator keeps it many times.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(HASHES_AT_ONCE)), memory: Arc::default() }
    }
}

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(String);

impl Passwords {
    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// The system has no random numbers or no memory.
    pub async fn hash(&self, password: &str) -> Result<String, HashError> {
        let password = normal(password);
        let hash = move |memory: &mut Vec<Block>| {
            let mut random = [0; Salt::RECOMMENDED_LENGTH];
            getrandom::fill(&mut random).map_err(told)?;
            let salt = Salt::new(&random).map_err(told)?;
            let params = Params::default();
            let hash = PasswordHash {
                algorithm: Algorithm::default().ident(),
                version: Some(Version::default().into()),
                params: ParamsString::try_from(&params).map_err(told)?,
                hash: Some(output(password.as_bytes(), &salt, params, Version::default(), memory)?),
                salt: Some(salt),
            };
            Ok(hash.to_string())
        };
        self.apart(hash).await?
    }

    /// Whether a password is the one that was hashed. Without a hash it takes as long and says no, so that nobody learns from the time which
    /// names exist.
    ///
    /// # Errors
    /// Like [`Passwords::hash`].
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, HashError> {
        /// Of a random password that nobody kept.
        const NOBODY: &str =
            "$argon2id$v=19$m=19456,t=2,p=1$F3qVJ0b8xGmZ1sYk2n7RtA$1hZ0c3b6q5m8r2u7w9y4x1v6t3s8p5n2k7j4h1g6f3A";
        let known = hash.is_some();
        let (password, hash) = (normal(password), hash.unwrap_or(NOBODY).to_owned());
        let verify = move |memory: &mut Vec<Block>| {
            let hash = PasswordHash::new(&hash).map_err(told)?;
            let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else { return Ok(false) };
            if hash.algorithm != Algorithm::default().ident() {
                return Ok(false);
            }
            let version = hash.version.map_or(Ok(Version::default()), Version::try_from).map_err(told)?;
            let params = Params::try_from(&hash).map_err(told)?;
            let found = output(password.as_bytes(), salt, params, version, memory)?;
            Ok(found.as_bytes().ct_eq(expected.as_bytes()).into())
        };
        Ok(self.apart(verify).await?? && known)
    }

    /// Runs it beside the async workers, when there is a place, in that place's memory.
    async fn apart<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let (places, kept) = (Arc::clone(&self.places), Arc::clone(&self.memory));
        let place = places.acquire_owned().await.map_err(told)?;
        // The place is taken as long as the work lasts, also if nobody waits for it any more.
        let job = move || {
            let mut memory = kept.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let done = job(&mut memory);
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            drop(place);
            done
        };
        tokio::task::spawn_blocking(job).await.map_err(told)
    }
}

/// The argon2id hash itself, computed in memory that is kept.
fn output(
    password: &[u8],
    salt: &Salt,
    params: Params,
    version: Version,
    memory: &mut Vec<Block>,
) -> Result<Output, HashError> {
    let mut bytes = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    let argon2 = Argon2::new(Algorithm::default(), version, params);
    argon2.hash_password_into_with_memory(password, salt.as_ref(), &mut bytes, memory.as_mut_slice()).map_err(told)?;
    Output::new(&bytes).map_err(told)
}

fn told(error: impl std::fmt::Display) -> HashError {
    HashError(error.to_string())
}

/// The same password however a keyboard composes it.
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    #[error("the password is shorter than {MIN_PASSWORD_CHARS} characters: several words make a good one")]
    TooShort,
    #[error("the password is longer than {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    #[error("the password is easy to guess: it is little more than a name or a common password")]
    Guessable,
}

/// What guessers try first, the longest of those that begin alike first.
const COMMON: &[&str] = &[
    "qwertyuiop",
    "qwerty",
    "1q2w3e4r",
    "asdfghjkl",
    "asdf",
    "zxcvbnm",
    "1234567890",
    "123456789",
    "12345678",
    "1234567",
    "123456",
    "12345",
    "1234",
    "123",
    "abcdef",
    "abcd",
    "abc",
    "passwords",
    "password",
    "passw0rd",
    "p4ssword",
    "p4ssw0rd",
    "pass",
    "letmein",
    "welcome",
    "iloveyou",
    "admin",
    "changeme",
    "secret",
    "login",
    "evenkeel",
    "agent",
    "supervisor",
];

/// Signs that a password must have beyond names and common passwords: fewer are tried out quickly.
const OWN_CHARS: usize = 5;

/// Whether a password is good enough. `known` is what everybody knows of its user: the name, the company. What it is made of is
/// otherwise free.
///
/// # Errors
/// What is wrong with it, in words for its user.
pub fn check(password: &str, known: &[&str]) -> Result<(), Weakness> {
    let password = normal(password);
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(Weakness::TooShort);
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(Weakness::TooLong);
    }
    let plain =
        |text: &str| -> String { text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect() };
    let known = known.iter().flat_map(|text| std::iter::once(plain(text)).chain(text.split_whitespace().map(plain)));
    let known: Vec<String> = known.filter(|word| word.chars().count() >= 3).collect();
    let mut rest: String = password.chars().flat_map(char::to_lowercase).collect();
    if rest.chars().any(char::is_alphanumeric) {
        rest = plain(&rest);
    }
    for word in known.iter().map(String::as_str).chain(COMMON.iter().copied()) {
        rest = rest.replace(word, "");
    }
    let mut different: Vec<char> = rest.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < OWN_CHARS { Err(Weakness::Guessable) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["Dana Ortiz", "Harbor Light & Power"];

    #[test]
    fn length_counts_and_nothing_is_prescribed() {
        for good in [
            "correct horse battery",
            "ñandú corre lejos",
            "電気はいつ戻りますか教えて",
            "8471 2950 3317 42",
            "harbor seals sing at night",
        ] {
            assert_eq!(check(good, KNOWN), Ok(()), "{good}");
        }
        assert_eq!(check("eleven char", KNOWN), Err(Weakness::TooShort));
        assert_eq!(check(&"é".repeat(11), KNOWN), Err(Weakness::TooShort));
        assert_eq!(check(&"long enough ".repeat(100), KNOWN), Err(Weakness::TooLong));
    }

    #[test]
    fn what_guessers_try_first_is_refused() {
        for bad in [
            "passwordpassword",
            "Password1234!",
            "dana ortiz 2024",
            "DanaOrtizDana",
            "harborlightpower",
            "aaaaaaaaaaaaaaa",
            "123456789012",
            "qwertyuiop123",
            "P a s s w o r d 1 2 3",
            "evenkeel-admin-1",
            "            ",
            "Harbor Light & Power!",
        ] {
            assert_eq!(check(bad, KNOWN), Err(Weakness::Guessable), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone_however_it_was_typed() {
        let passwords = Passwords::default();
        let hash = passwords.hash("cafe\u{301} at midnight").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("caf\u{e9} at midnight", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("cafe at midnight", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("cafe at midnight", None).await.unwrap());
        assert_ne!(hash, passwords.hash("cafe\u{301} at midnight").await.unwrap());
        let by_the_crate =
            argon2::PasswordVerifier::verify_password(&Argon2::default(), "café at midnight".as_bytes(), hash.as_str());
        assert!(by_the_crate.is_ok(), "a hash like anybody's");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn however_many_sign_in_at_once_each_place_has_one_memory() {
        let passwords = Passwords::default();
        let tries = (0..20).map(|n| passwords.verify(if n % 2 == 0 { "a" } else { "b" }, None));
        assert!(futures::future::join_all(tries).await.into_iter().all(|known| !known.unwrap()));
        let memory = passwords.memory.lock().unwrap();
        assert!((1..=HASHES_AT_ONCE).contains(&memory.len()), "{}", memory.len());
        assert!(memory.iter().all(|blocks| blocks.len() == Params::default().block_count()));
    }
}
