//! What the classifier understood of one message, in words that every room shares.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What was understood of one piece of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Intents from the most to the least probable, at most [`Reading::RANKED`]. The probabilities are calibrated: they say how often
    /// such a guess is right, and sum to less than one; the rest is "none of them".
    pub ranked: Vec<Ranked>,
    /// The language it is written in, when that can be told.
    pub language: Option<Language>,
    pub mood: Mood,
    /// A sign of danger to life or limb, if there is one.
    pub danger: Option<DangerSign>,
    /// What is not danger yet and must not wait with the others, if there is something. Independent of `danger`.
    #[serde(default)]
    pub concern: Option<Concern>,
}

impl Reading {
    /// How many intents a reading keeps.
    pub const RANKED: usize = 5;

    /// The most probable intent.
    #[must_use]
    pub fn best(&self) -> Option<&Ranked> {
        self.ranked.first()
    }
}

/// One intent and how probable it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    pub intent: String,
    /// 0 to 1, calibrated.
    pub probability: f64,
}

/// The tone of a message. It chooses an opening line, never the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    Calm,
    Worried,
    Angry,
    Sad,
}

impl Mood {
    pub const ALL: [Self; 4] = [Self::Calm, Self::Worried, Self::Angry, Self::Sad];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Worried => "worried",
            Self::Angry => "angry",
            Self::Sad => "sad",
        }
    }
}

/// A danger to life or limb. Each one reaches a person at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Danger {
    /// Someone is hurt, trapped or cannot breathe, or equipment that keeps someone alive is failing.
    Life,
    SelfHarm,
    /// Somebody attacks, threatens with a weapon, breaks in now, or writes that they will.
    Violence,
    Fire,
    /// Gas or carbon monoxide.
    Gas,
    /// A power line on the ground or hanging low.
    DownedLine,
}

impl Danger {
    /// In the order of urgency.
    pub const ALL: [Self; 6] = [Self::Life, Self::SelfHarm, Self::Violence, Self::Fire, Self::Gas, Self::DownedLine];

    /// The word used in files and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Life => "life",
            Self::SelfHarm => "self_harm",
            Self::Violence => "violence",
            Self::Fire => "fire",
            Self::Gas => "gas",
            Self::DownedLine => "downed_line",
        }
    }
}

/// A danger and the words that gave it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DangerSign {
    pub danger: Danger,
    /// The rule that fired, for the audit trail (never the customer's own words).
    pub rule: String,
}

/// The urgency between danger and all else: a person soon, and the emergency number named first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// Somebody is missing, does not answer the door, is cold with a baby.
    Fear,
    /// Medicine, oxygen, food or water runs out.
    Supply,
    /// A threat, stalking or blackmail that is not at the door.
    Threat,
    /// A crime that is just over.
    Crime,
    /// Water that comes nearer.
    Water,
    /// Stuck where there is no help.
    Stranded,
    /// A cry for help that does not say what for.
    Cry,
}

impl Concern {
    /// In the order of urgency.
    pub const ALL: [Self; 7] =
        [Self::Cry, Self::Water, Self::Supply, Self::Fear, Self::Stranded, Self::Threat, Self::Crime];

    /// The word used in files and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fear => "fear",
            Self::Supply => "supply",
            Self::Threat => "threat",
            Self::Crime => "crime",
            Self::Water => "water",
            Self::Stranded => "stranded",
            Self::Cry => "cry",
        }
    }
}

/// A language by its two-letter ISO 639-1 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language([u8; 2]);

impl Language {
    pub const ENGLISH: Self = Self(*b"en");
    pub const SPANISH: Self = Self(*b"es");

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

/// The text is not two lower-case letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language code: two lower-case letters such as `en` or `es` are expected")]
pub struct NotALanguage(pub String);

impl FromStr for Language {
    type Err = NotALanguage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match *text.as_bytes() {
            [a, b] if a.is_ascii_lowercase() && b.is_ascii_lowercase() => Ok(Self([a, b])),
            _ => Err(NotALanguage(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Language {
    type Error = NotALanguage;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.as_str().to_owned()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
