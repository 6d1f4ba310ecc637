//! Signs of danger to life or limb, and of what is not danger yet and must not wait, by rules that can be read (`danger/rules/*.txt`) and are
//! measured (`tests/danger`).
//!
//! A missed danger is far worse than a false one: words are found misspelt, in any order, and across sentences. A sign is taken away by what
//! looks alike and is harmless ("gas bill", "fire the manager"), by a negation right before it ("no smell of gas", not "no power, smell gas"),
//! and where its sentence says that it is over ("thanks for fixing the downed line") or asks in general ("what are the signs of").

mod matching;
mod rules;
mod words;

use std::sync::LazyLock;

use self::{
    matching::Message,
    rules::{Kind, Rules},
};
use crate::reading::{Concern, Danger, DangerSign};

/// What a text shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signs {
    /// The most urgent danger.
    pub danger: Option<DangerSign>,
    /// What is not danger yet. Independent of `danger`.
    pub concern: Option<Concern>,
}

/// Reads the whole text, however long: danger may be its last words.
pub fn signs(text: &str) -> Signs {
    let message = Message::of(text, &RULES);
    let danger = Danger::ALL.into_iter().find_map(|danger| {
        let rule = message.rule_of(Kind::Danger(danger))?;
        Some(DangerSign { danger, rule: rule.to_owned() })
    });
    let concern = Concern::ALL.into_iter().find(|concern| message.rule_of(Kind::Concern(*concern)).is_some());
    Signs { danger, concern }
}

static RULES: LazyLock<Rules> = LazyLock::new(Rules::built_in);

#[cfg(test)]
mod tests;
