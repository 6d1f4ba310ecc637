//! Signatures of the [Standard Webhooks](https://www.standardwebhooks.com) scheme, so that a receiver can check them with a ready library.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::{Digest as _, Sha256};

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// The fewest and the most bytes of a secret, from the scheme's specification.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The key that signs what one receiver is sent.
#[derive(Debug)]
pub struct Secret(SecretSlice<u8>);

impl Secret {
    /// Reads `whsec_` and 24 to 64 bytes in base64.
    ///
    /// # Errors
    /// What is expected, without the secret.
    pub fn parse(text: &SecretString) -> Result<Self, String> {
        text.expose_secret()
            .trim()
            .strip_prefix(PREFIX)
            .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
            .filter(|bytes| BYTES.contains(&bytes.len()))
            .map(|bytes| Self(bytes.into()))
            .ok_or_else(|| {
                format!("expected is {PREFIX} and 24 to 64 bytes in base64: `echo {PREFIX}$(openssl rand -base64 32)` makes one")
            })
    }

    /// The value of the header `webhook-signature`.
    ///
    /// # Errors
    /// None with HMAC, which takes keys of any length.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Result<String, String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).map_err(|error| error.to_string())?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Ok(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
    }
}

/// `msg_` and the first 128 bits of a hash over the parts.
pub(super) fn short_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize().iter().take(16).fold("msg_".to_owned(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the scheme's reference libraries.
    #[test]
    fn a_signature_is_the_one_that_ready_verifiers_expect() {
        let secret = Secret::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_shown() {
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_dG9vIHNob3J0", "whsec_!!!!"] {
            let error = Secret::parse(&text.into()).unwrap_err();
            assert!(error.contains("openssl rand") && (text.len() < 8 || !error.contains(text)), "{error}");
        }
        assert!(!format!("{:?}", Secret::parse(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into())).contains("49"));
    }
}
