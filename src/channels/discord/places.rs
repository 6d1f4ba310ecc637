//! Where customers write, and how an answer finds them, as text that the store keeps.

use std::{fmt, num::NonZeroU64};

use serenity::all::{ApplicationId, ChannelId, InteractionId, MessageId, UserId};

/// One conversation's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// A direct chat.
    Direct(ChannelId),
    /// A customer in a server's channel or thread, where others read along.
    Shared { channel: ChannelId, user: UserId },
    /// A customer who asked by a command in a server: question and answers are shown to them alone.
    Private(UserId),
}

impl Place {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once('/') {
            None => Some(Self::Direct(id(text)?)),
            Some(("private", user)) => Some(Self::Private(id(user)?)),
            Some((channel, user)) => Some(Self::Shared { channel: id(channel)?, user: id(user)? }),
        }
    }

    /// The channel whose history holds what is written there.
    pub(super) fn channel(self) -> Option<ChannelId> {
        match self {
            Self::Direct(channel) | Self::Shared { channel, .. } => Some(channel),
            Self::Private(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(channel) => write!(f, "{channel}"),
            Self::Shared { channel, user } => write!(f, "{channel}/{user}"),
            Self::Private(user) => write!(f, "private/{user}"),
        }
    }
}

/// What an answer refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReplyTo {
    Message(MessageId),
    /// A command or a button: its token lets us answer for a while, wherever it was used.
    Interaction {
        id: InteractionId,
        application: ApplicationId,
        token: String,
    },
}

impl ReplyTo {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '/');
        match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
            ("message", message, None, None) => Some(Self::Message(id(message)?)),
            ("interaction", interaction, Some(application), Some(token)) => {
                Some(Self::Interaction { id: id(interaction)?, application: id(application)?, token: token.to_owned() })
            }
            _ => None,
        }
    }
}

impl fmt::Display for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(id) => write!(f, "message/{id}"),
            Self::Interaction { id, application, token } => write!(f, "interaction/{id}/{application}/{token}"),
        }
    }
}

fn id<Id: From<NonZeroU64>>(text: &str) -> Option<Id> {
    text.parse::<NonZeroU64>().ok().map(Id::from)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("18446744073709551615")]
    #[case("1146812345678901234/80351110224678912")]
    #[case("private/80351110224678912")]
    fn a_place_is_read_as_it_was_written(#[case] text: &str) {
        assert_eq!(Place::parse(text).unwrap().to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case("0")]
    #[case("one")]
    #[case("1/2/3")]
    #[case("-1")]
    #[case("18446744073709551616")]
    fn what_is_no_place_is_none(#[case] text: &str) {
        assert_eq!(Place::parse(text), None);
    }

    #[rstest]
    #[case("message/1")]
    #[case("interaction/1/2/aW50ZXJhY3Rpb24:x/y+z==")]
    fn what_is_answered_is_read_as_it_was_written(#[case] text: &str) {
        assert_eq!(ReplyTo::parse(text).unwrap().to_string(), text);
    }

    #[test]
    fn an_unknown_reference_is_none() {
        assert_eq!(
            ReplyTo::parse("message/x").or(ReplyTo::parse("other/1")).or(ReplyTo::parse("interaction/1/2")),
            None
        );
    }
}
