//! What we say as Discord's requests. Pure.

use std::num::NonZeroU64;

use serenity::all::{
    AutoArchiveDuration, ButtonStyle, ChannelId, ChannelType, CommandOptionType, CreateActionRow,
    CreateAllowedMentions, CreateButton, CreateCommand, CreateCommandOption, CreateInteractionResponse,
    CreateInteractionResponseFollowup, CreateInteractionResponseMessage, CreateMessage, CreateThread,
    EditInteractionResponse, InstallationContext, InteractionContext, MessageFlags, MessageId, MessageReference,
    MessageReferenceKind, Nonce, UserId,
};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{formatting::to_discord, limits, places::Place, updates::How};
use crate::{
    channels::{Parcel, Post, split},
    message::{Choice, Outgoing},
};

/// The pieces of a message, each within the platform's limit.
pub(super) fn pieces(outgoing: &Outgoing) -> Vec<Outgoing> {
    split(outgoing, |text| to_discord(text, &outgoing.author).encode_utf16().count() <= limits::MESSAGE)
}

/// A message in a channel, as an answer to another one there if that is still there.
pub(super) fn message(parcel: &Parcel, channel: ChannelId, answers: Option<MessageId>) -> CreateMessage {
    let mut message = CreateMessage::new()
        .content(content(&parcel.message))
        .allowed_mentions(nobody())
        .components(buttons(parcel))
        .nonce(Nonce::String(nonce(parcel)))
        .enforce_nonce(true);
    // One reference for a message in several pieces.
    if let Some(id) = answers.filter(|_| parcel.piece == 0) {
        let reference = MessageReference::new(MessageReferenceKind::Default, channel).message_id(id);
        message = message.reference_message(reference.fail_if_not_exists(false));
    }
    message
}

/// A thread of the staff's channel, open to all who see the channel.
pub(super) fn thread(title: &str) -> CreateThread<'static> {
    CreateThread::new(fitting(title, limits::THREAD))
        .kind(ChannelType::PublicThread)
        .auto_archive_duration(AutoArchiveDuration::OneWeek)
}

/// A post in such a thread.
pub(super) fn to_staff(post: &Post, thread: ChannelId) -> CreateMessage {
    // Discord takes a mark for one message wherever it is: the thread is part of it.
    let tail = &post.thread[post.thread.len().saturating_sub(4)..];
    let mut message = CreateMessage::new()
        .content(content(&post.message))
        .allowed_mentions(nobody())
        .flags(MessageFlags::SUPPRESS_EMBEDS)
        .nonce(Nonce::String(format!("{tail}{}", post.mark).chars().take(limits::NONCE).collect()))
        .enforce_nonce(true);
    if let Some(id) = post.answers.as_deref().and_then(|id| id.parse::<NonZeroU64>().ok()) {
        let reference = MessageReference::new(MessageReferenceKind::Default, thread).message_id(id.into());
        message = message.reference_message(reference.fail_if_not_exists(false));
    }
    message
}

/// What takes the place of "is thinking".
pub(super) fn first_answer(parcel: &Parcel) -> EditInteractionResponse {
    EditInteractionResponse::new()
        .content(content(&parcel.message))
        .allowed_mentions(nobody())
        .components(buttons(parcel))
}

/// A further answer to an interaction, seen by whom the first one is.
pub(super) fn further_answer(parcel: &Parcel, privately: bool) -> CreateInteractionResponseFollowup {
    CreateInteractionResponseFollowup::new()
        .content(content(&parcel.message))
        .allowed_mentions(nobody())
        .components(buttons(parcel))
        .ephemeral(privately)
}

/// What an interaction is acknowledged with.
pub(super) fn acknowledgement(how: How) -> CreateInteractionResponse {
    match how {
        How::Thinking { privately } => {
            CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new().ephemeral(privately))
        }
        How::ButtonsGone => {
            CreateInteractionResponse::UpdateMessage(CreateInteractionResponseMessage::new().components(Vec::new()))
        }
        How::Seen => CreateInteractionResponse::Acknowledge,
    }
}

/// The command `/ask`.
pub(super) fn command() -> CreateCommand {
    let question = CreateCommandOption::new(CommandOptionType::String, "question", "What would you like to know?");
    CreateCommand::new("ask")
        .description("Ask a question: only you see it and the answer")
        .add_option(question.required(true))
        .contexts(vec![InteractionContext::Guild, InteractionContext::BotDm])
        .integration_types(vec![InstallationContext::Guild])
}

/// Nobody is pinged by what we say, whatever it says.
fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new()
}

fn content(outgoing: &Outgoing) -> String {
    let text = to_discord(&outgoing.text, &outgoing.author);
    // Discord takes no empty message.
    if text.trim().is_empty() { "…".to_owned() } else { text }
}

/// The end of the message's id: ids that are made in the same moment begin alike.
fn nonce(parcel: &Parcel) -> String {
    let piece = parcel.piece.to_string();
    let id = parcel.id.0.simple().to_string();
    let room = limits::NONCE.saturating_sub(1 + piece.len()).min(id.len());
    format!("{}-{piece}", &id[id.len() - room..])
}

fn buttons(parcel: &Parcel) -> Vec<CreateActionRow> {
    let owner = match Place::parse(&parcel.place) {
        Some(Place::Shared { user, .. }) => Some(user),
        _ => None,
    };
    let buttons: Vec<_> = parcel
        .message
        .choices
        .iter()
        .take(limits::ROW * limits::ROWS)
        .enumerate()
        .map(|(index, choice)| button(index, choice, owner))
        .collect();
    buttons.chunks(limits::ROW).map(|row| CreateActionRow::Buttons(row.to_vec())).collect()
}

fn button(index: usize, choice: &Choice, owner: Option<UserId>) -> CreateButton {
    let id = ButtonId { owner, choice: Some(choice.id.clone()) };
    let style = if choice.id == Choice::PERSON { ButtonStyle::Secondary } else { ButtonStyle::Primary };
    CreateButton::new(id.write(index)).label(fitting(&choice.label, limits::LABEL)).style(style)
}

/// As much of a label as fits, cut between characters as people see them.
fn fitting(label: &str, limit: usize) -> String {
    let label = if label.trim().is_empty() { "…" } else { label };
    let mut room = limit;
    label
        .graphemes(true)
        .take_while(|grapheme| {
            let size = grapheme.encode_utf16().count();
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        })
        .collect()
}

/// What a button carries: whose it is where others see it, and which choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ButtonId {
    pub(super) owner: Option<UserId>,
    pub(super) choice: Option<String>,
}

impl ButtonId {
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = text.splitn(3, '/');
        let owner = |text: &str| text.parse::<NonZeroU64>().ok().map(UserId::from);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(user), Some("choice"), Some(choice)) => Self { owner: owner(user), choice: Some(choice.to_owned()) },
            (Some(user), Some("label"), Some(_)) => Self { owner: owner(user), choice: None },
            _ => Self { owner: None, choice: None },
        }
    }

    /// As Discord carries it. A choice that is too long for it stays behind: then the label speaks for it, and `index` tells the
    /// buttons apart.
    fn write(&self, index: usize) -> String {
        let owner = self.owner.map(|user| user.to_string()).unwrap_or_default();
        let choice = self.choice.as_ref().map(|choice| format!("{owner}/choice/{choice}"));
        choice
            .filter(|id| id.encode_utf16().count() <= limits::CUSTOM_ID)
            .unwrap_or_else(|| format!("{owner}/label/{index}"))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::{
        message::{Author, OutgoingId},
        reading::Language,
    };

    fn parcel(place: &str, text: &str, choices: &[(&str, &str)]) -> Parcel {
        let choice = |(id, label): &(&str, &str)| Choice { id: (*id).to_owned(), label: (*label).to_owned() };
        Parcel {
            id: OutgoingId(Uuid::from_u128(0x0193_5c9e_7b1a_7000_8000_0123_4567_89ab)),
            piece: 0,
            place: place.to_owned(),
            reply_to: None,
            follows: None,
            message: Outgoing {
                text: text.to_owned(),
                short: None,
                choices: choices.iter().map(choice).collect(),
                author: Author::Bot,
                language: Language::ENGLISH,
            },
        }
    }

    fn said(parcel: &Parcel) -> Value {
        serde_json::to_value(message(parcel, ChannelId::new(10), Some(MessageId::new(20)))).unwrap()
    }

    #[test]
    fn a_message_in_a_channel() {
        let parcel =
            parcel("10/7", "**Yes.** @everyone", &[("refund_status", "Refunds"), ("person", "Talk to a person")]);
        insta::assert_json_snapshot!(said(&parcel), @r##"
        {
          "content": "**Yes.** \\@everyone",
          "nonce": "b1a700080000123456789ab-0",
          "tts": false,
          "embeds": [],
          "allowed_mentions": {
            "parse": [],
            "users": [],
            "roles": []
          },
          "message_reference": {
            "type": 0,
            "message_id": "20",
            "channel_id": "10",
            "guild_id": null,
            "fail_if_not_exists": false
          },
          "components": [
            {
              "type": 1,
              "components": [
                {
                  "type": 2,
                  "style": 1,
                  "custom_id": "7/choice/refund_status",
                  "label": "Refunds",
                  "disabled": false
                },
                {
                  "type": 2,
                  "style": 2,
                  "custom_id": "7/choice/person",
                  "label": "Talk to a person",
                  "disabled": false
                }
              ]
            }
          ],
          "sticker_ids": [],
          "attachments": [],
          "enforce_nonce": true
        }
        "##);
    }

    #[test]
    fn an_answer_to_a_command() {
        let parcel = parcel("private/7", "Yes.", &[("person", "Talk to a person")]);
        insta::assert_json_snapshot!((first_answer(&parcel), further_answer(&parcel, true)), @r##"
        [
          {
            "content": "Yes.",
            "allowed_mentions": {
              "parse": [],
              "users": [],
              "roles": []
            },
            "components": [
              {
                "type": 1,
                "components": [
                  {
                    "type": 2,
                    "style": 2,
                    "custom_id": "/choice/person",
                    "label": "Talk to a person",
                    "disabled": false
                  }
                ]
              }
            ]
          },
          {
            "content": "Yes.",
            "embeds": [],
            "allowed_mentions": {
              "parse": [],
              "users": [],
              "roles": []
            },
            "components": [
              {
                "type": 1,
                "components": [
                  {
                    "type": 2,
                    "style": 2,
                    "custom_id": "/choice/person",
                    "label": "Talk to a person",
                    "disabled": false
                  }
                ]
              }
            ],
            "flags": 64,
            "attachments": []
          }
        ]
        "##);
    }

    #[test]
    fn acknowledgements_and_the_command() {
        let all = [How::Thinking { privately: true }, How::ButtonsGone, How::Seen].map(acknowledgement);
        insta::assert_json_snapshot!((all, command()), @r##"
        [
          [
            {
              "type": 5,
              "data": {
                "flags": 64,
                "attachments": []
              }
            },
            {
              "type": 7,
              "data": {
                "components": [],
                "attachments": []
              }
            },
            {
              "type": 6,
              "data": null
            }
          ],
          {
            "name": "ask",
            "name_localizations": {},
            "description": "Ask a question: only you see it and the answer",
            "description_localizations": {},
            "options": [
              {
                "type": 3,
                "name": "question",
                "description": "What would you like to know?",
                "required": true,
                "choices": [],
                "options": [],
                "channel_types": [],
                "min_value": null,
                "max_value": null,
                "min_length": null,
                "max_length": null,
                "autocomplete": false
              }
            ],
            "integration_types": [
              0
            ],
            "contexts": [
              0,
              1
            ],
            "nsfw": false
          }
        ]
        "##);
    }

    #[test]
    fn only_the_first_piece_refers_to_the_question() {
        let mut parcel = parcel("10/7", "Yes.", &[]);
        parcel.piece = 12;
        let second = said(&parcel);
        assert_eq!(second.get("message_reference"), None);
        let nonce = second["nonce"].as_str().unwrap();
        assert!(nonce.ends_with("-12") && nonce.len() <= limits::NONCE, "{nonce}");
    }

    #[test]
    fn messages_of_one_moment_are_not_taken_for_each_other() {
        let nonces: std::collections::BTreeSet<_> =
            (0..1000).map(|_| nonce(&Parcel { id: OutgoingId::new(), ..parcel("10", "Yes.", &[]) })).collect();
        assert_eq!(nonces.len(), 1000);
    }

    #[test]
    fn an_empty_message_is_one_that_discord_takes() {
        assert_eq!(said(&parcel("10", "  ", &[]))["content"], "…");
    }

    #[test]
    fn what_a_button_carries_fits_and_comes_back() {
        let long = "x".repeat(90);
        let labels: Vec<String> = (0..30).map(|n| format!("{n} 👩‍👩‍👧‍👦{}", "é".repeat(90))).collect();
        let choices: Vec<(&str, &str)> = labels.iter().map(|label| (long.as_str(), label.as_str())).collect();
        let rows = said(&parcel("10/18446744073709551615", "Which?", &choices))["components"].clone();
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), 5);
        let buttons: Vec<_> = rows.iter().flat_map(|row| row["components"].as_array().unwrap()).collect();
        let mut ids: Vec<_> = buttons.iter().map(|button| button["custom_id"].as_str().unwrap()).collect();
        for (id, button) in ids.iter().zip(&buttons) {
            assert!(id.len() <= limits::CUSTOM_ID);
            assert!(button["label"].as_str().unwrap().encode_utf16().count() <= limits::LABEL);
            assert_eq!(ButtonId::parse(id), ButtonId { owner: Some(UserId::new(u64::MAX)), choice: None });
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 25);
    }

    #[rstest]
    #[case(None, "person")]
    #[case(Some(7), "a/b/c")]
    fn a_choice_comes_back(#[case] owner: Option<u64>, #[case] choice: &str) {
        let id = ButtonId { owner: owner.map(UserId::new), choice: Some(choice.to_owned()) };
        assert_eq!(ButtonId::parse(&id.write(0)), id);
    }

    #[test]
    fn a_long_message_falls_into_pieces_that_fit_when_written() {
        let text = "Stay *calm* & don't_panic. ".repeat(200);
        let pieces = pieces(&parcel("10", &text, &[("person", "Talk to a person")]).message);
        assert!(pieces.len() > 2);
        for piece in &pieces {
            assert!(to_discord(&piece.text, &piece.author).chars().count() <= limits::MESSAGE);
        }
        assert_eq!(json!(pieces.last().unwrap().choices.len()), 1);
        assert!(pieces[0].choices.is_empty());
    }

    #[test]
    fn a_post_to_the_staff_pings_nobody_and_shows_no_previews() {
        let post = Post {
            thread: "1100000000000000123".into(),
            message: parcel("10", "**Customer** 07:44\n> \\@everyone", &[]).message,
            answers: Some("77".into()),
            mark: "r4711-0".into(),
        };
        insta::assert_json_snapshot!((thread("#12 danger (gas) · web"), to_staff(&post, ChannelId::new(10))), @r##"
        [
          {
            "name": "#12 danger (gas) · web",
            "auto_archive_duration": 10080,
            "type": 11
          },
          {
            "content": "**Customer** 07:44\n\n> \\@everyone",
            "nonce": "0123r4711-0",
            "tts": false,
            "embeds": [],
            "allowed_mentions": {
              "parse": [],
              "users": [],
              "roles": []
            },
            "message_reference": {
              "type": 0,
              "message_id": "77",
              "channel_id": "10",
              "guild_id": null,
              "fail_if_not_exists": false
            },
            "sticker_ids": [],
            "flags": 4,
            "attachments": [],
            "enforce_nonce": true
          }
        ]
        "##);
    }
}
