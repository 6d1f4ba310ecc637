//! `[x]` in `evenkeel.toml`, and the keys from the environment.

use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::meter::Usd;
use crate::secret;

/// The platform itself.
const REAL: &str = "https://api.x.com";

/// The variables that hold our keys, in the order of [`Keys`].
const VARIABLES: [&str; 4] =
    ["EVENKEEL_X_CONSUMER_KEY", "EVENKEEL_X_CONSUMER_SECRET", "EVENKEEL_X_ACCESS_TOKEN", "EVENKEEL_X_ACCESS_SECRET"];

/// `[x]` in `evenkeel.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Another server that speaks the platform's protocol. Unset: the platform itself.
    pub api_url: Option<ApiUrl>,
    /// Seconds between looks for new mentions. X takes 300 looks in 15 minutes and charges for posts, not for looks: 30 s leaves nine tenths for
    /// catching up, and would cost less than 3 USD a day even if an empty look were charged like a post.
    #[serde(deserialize_with = "seconds")]
    pub poll_interval: Duration,
    /// Whether direct messages are read and answered.
    pub direct_messages: bool,
    /// Seconds between looks for new direct messages. X takes 15 looks in 15 minutes; 75 s leaves three for catching up.
    #[serde(deserialize_with = "seconds")]
    pub dm_poll_interval: Duration,
    /// What may be spent in a day (UTC). Then nothing more is sent until midnight, people get what comes, and X is looked at less often.
    pub daily_cap_usd: Usd,
    /// Whether automatic replies in public keep their links. A post with one costs 0.20 USD instead of 0.01.
    pub links: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_url: None,
            poll_interval: Duration::from_secs(30),
            direct_messages: true,
            dm_poll_interval: Duration::from_secs(75),
            daily_cap_usd: Usd::from_cents(500),
            links: false,
        }
    }
}

impl Settings {
    /// The address that paths are appended to.
    pub fn base(&self) -> &str {
        self.api_url.as_ref().map_or(REAL, |url| &url.0)
    }
}

/// A span that makes sense between two looks.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    if (0.05..=3_600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(D::Error::custom(format!("{seconds} is not a time between two looks: give seconds, up to 3600")))
    }
}

/// An address as it is signed: byte for byte what the server sees, so it is brought into one form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ApiUrl(String);

impl TryFrom<String> for ApiUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}` {why}: an address such as {REAL} is expected");
        let url = Url::parse(text.trim()).map_err(|error| wrong(&format!("is no address ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("does not begin with https:// and a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a user or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("holds a `?` or a `#`"));
        }
        // The parser has written the host in lower case and left out the scheme's own port.
        let base = url.as_str().trim_end_matches('/').to_owned();
        if base.ends_with("/2") {
            return Err(wrong("ends with the version `/2`, which is added by itself"));
        }
        Ok(Self(base))
    }
}

/// The four keys with which requests are signed.
#[derive(Debug)]
pub struct Keys {
    pub consumer_key: SecretString,
    pub consumer_secret: SecretString,
    pub access_token: SecretString,
    pub access_secret: SecretString,
}

impl Keys {
    /// The keys from the environment.
    ///
    /// # Errors
    /// Which of them are missing or cannot be read.
    pub fn from_environment() -> Result<Self, String> {
        Self::from(VARIABLES.map(secret::from_environment))
    }

    fn from(read: [Result<Option<SecretString>, String>; 4]) -> Result<Self, String> {
        let problems: Vec<&str> = read.iter().filter_map(|key| key.as_ref().err()).map(String::as_str).collect();
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        match read.map(Result::unwrap_or_default) {
            [Some(consumer_key), Some(consumer_secret), Some(access_token), Some(access_secret)] => {
                Ok(Self { consumer_key, consumer_secret, access_token, access_secret })
            }
            keys => {
                let missing: Vec<&str> =
                    VARIABLES.iter().zip(&keys).filter(|(_, key)| key.is_none()).map(|(name, _)| *name).collect();
                let verb = if missing.len() == 1 { "is" } else { "are" };
                Err(format!("{} {verb} not set", missing.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn parse(toml: &str) -> Result<Settings, String> {
        toml::from_str(toml).map_err(|error| error.to_string())
    }

    #[rstest]
    #[case("https://API.X.com/", "https://api.x.com")]
    #[case("https://api.x.com:443", "https://api.x.com")]
    #[case(" http://127.0.0.1:8090// ", "http://127.0.0.1:8090")]
    #[case("http://Localhost/x-fake/", "http://localhost/x-fake")]
    fn an_address_is_signed_in_one_form(#[case] given: &str, #[case] signed: &str) {
        let settings = Settings { api_url: Some(given.to_owned().try_into().unwrap()), ..Settings::default() };
        assert_eq!(settings.base(), signed);
    }

    #[rstest]
    #[case("api.x.com")]
    #[case("ftp://api.x.com")]
    #[case("https://")]
    #[case("https://me:secret@api.x.com")]
    #[case("https://api.x.com/?a=b")]
    #[case("https://api.x.com/2/")]
    fn an_address_that_cannot_be_meant_is_refused_with_its_line(#[case] given: &str) {
        let error = parse(&format!("links = false\napi_url = \"{given}\"\n")).unwrap_err();
        assert!(error.contains("line 2") && error.contains("https://api.x.com"), "{error}");
    }

    #[test]
    fn spans_and_money_are_plain_numbers() {
        let settings = parse("poll_interval = 60\ndm_poll_interval = 0.5\ndaily_cap_usd = 12.5\n").unwrap();
        assert_eq!(settings.poll_interval, Duration::from_mins(1));
        assert_eq!(settings.dm_poll_interval, Duration::from_millis(500));
        assert_eq!(settings.daily_cap_usd, Usd::from_cents(1_250));
        assert!(parse("poll_interval = 0\n").unwrap_err().contains("seconds"));
        assert!(parse("poll_interval = nan\n").is_err());
        assert!(parse("daily_cap_usd = -1\n").is_err());
        assert!(parse("daily_cap = 1\n").unwrap_err().contains("daily_cap_usd"));
    }

    #[test]
    fn all_four_keys_or_the_missing_ones_by_name() {
        let key = || Ok(Some(SecretString::from("k")));
        assert!(Keys::from([key(), key(), key(), key()]).is_ok());
        assert_eq!(
            Keys::from([key(), Ok(None), key(), Ok(None)]).unwrap_err(),
            "EVENKEEL_X_CONSUMER_SECRET, EVENKEEL_X_ACCESS_SECRET are not set"
        );
        assert_eq!(Keys::from([key(), Err("no file".into()), Ok(None), key()]).unwrap_err(), "no file");
    }
}
