//! Where a conversation is held on Telegram, as the store keeps it: `CHAT`, then `:TOPIC` in a forum topic, then `@CUSTOMER` where several
//! customers share the chat. Such as `777`, `-100123@777`, `-100123:5@777`.

use std::{fmt, str::FromStr};

/// A customer's conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub chat: i64,
    /// The forum topic, if it is one.
    pub topic: Option<i64>,
    /// Who it is with, where others read along.
    pub customer: Option<i64>,
}

impl Place {
    /// Whether others read along.
    pub(super) fn public(&self) -> bool {
        self.customer.is_some()
    }
}

/// How the places of a chat begin that customers share.
pub(super) fn shared(chat: i64) -> String {
    format!("{chat}@")
}

/// The chat of a place, as it is written there.
pub(super) fn chat_of(place: &str) -> &str {
    place.split([':', '@']).next().unwrap_or(place)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.chat)?;
        if let Some(topic) = self.topic {
            write!(f, ":{topic}")?;
        }
        if let Some(customer) = self.customer {
            write!(f, "@{customer}")?;
        }
        Ok(())
    }
}

impl FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rest, customer) = match text.split_once('@') {
            Some((rest, customer)) => (rest, Some(customer.parse()?)),
            None => (text, None),
        };
        let (chat, topic) = match rest.split_once(':') {
            Some((chat, topic)) => (chat, Some(topic.parse()?)),
            None => (rest, None),
        };
        Ok(Self { chat: chat.parse()?, topic, customer })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_is_read_as_it_was_written(chat: i64, topic: Option<i64>, customer: Option<i64>) {
            let place = Place { chat, topic, customer };
            let text = place.to_string();
            prop_assert_eq!(chat_of(&text), chat.to_string());
            prop_assert_eq!(text.parse(), Ok(place));
        }
    }

    #[test]
    fn what_is_no_place_is_not_taken_for_one() {
        for text in ["", "x", "1:", "1@", "@1", "1:2:3", "1@2@3"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
