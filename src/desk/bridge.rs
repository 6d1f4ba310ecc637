//! What other helpdesks are shown of escalations: the JSON of webhooks and of the API. Its fields are promises to whoever wrote a bridge:
//! they are added to, never renamed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    conversation::Reason,
    message::{Attachment, Choice},
    store::{self, Audited, Delivery, EscalationRecord, LineAuthor},
};

/// A customer who needs a person, as it is at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Escalation {
    /// The number by which people name it.
    pub id: i64,
    /// The same customer in the same place has one conversation for good.
    pub conversation: Uuid,
    /// Where the customer writes, such as `web`, `telegram`, `discord` or `x`.
    pub channel: String,
    /// Why a person is needed: `wish`, `always`, `unsure`, `unclear`, `stale`, `repeated`, `private`, `attachment`, `language`,
    /// `undelivered`, `promise`, or `danger:` and its kind, such as `danger:gas`. More may come.
    pub reason: String,
    /// `normal`, `high` or `danger`.
    pub urgency: &'static str,
    /// What the customer probably wants, most probable first; may be empty.
    pub intents: Vec<String>,
    /// The customer's words that it is about; null where nobody wrote, or they are erased.
    pub words: Option<String>,
    /// Two letters, such as `en`.
    pub language: Option<String>,
    /// `calm`, `worried`, `angry` or `sad`.
    pub mood: Option<&'static str>,
    pub opened_at: Timestamp,
    /// By when the customer was promised to hear from a person.
    pub due_at: Option<Timestamp>,
    /// Since when the customer waits for an agent's words; null: an agent wrote last.
    pub waiting_since: Option<Timestamp>,
    /// The agent who has it; null: nobody.
    pub claimed_by: Option<String>,
    pub claimed_at: Option<Timestamp>,
    /// Null while it is open.
    pub resolved_by: Option<String>,
    pub resolved_at: Option<Timestamp>,
}

impl From<EscalationRecord> for Escalation {
    fn from(record: EscalationRecord) -> Self {
        Self {
            id: record.id.0,
            conversation: record.conversation.0,
            channel: record.channel,
            reason: match record.reason {
                Reason::Danger(danger) => format!("danger:{}", danger.as_str()),
                other => other.as_str().to_owned(),
            },
            urgency: record.urgency.as_str(),
            intents: record.intents,
            words: record.words,
            language: record.language.map(|language| language.as_str().to_owned()),
            mood: record.mood.map(crate::reading::Mood::as_str),
            opened_at: record.opened_at,
            due_at: record.due_at,
            waiting_since: record.waiting_since,
            claimed_by: record.claimed_by,
            claimed_at: record.claimed_at,
            resolved_by: record.resolved_by,
            resolved_at: record.resolved_at,
        }
    }
}

/// One line of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// Of a reply through the API: the id that the bridge gave it.
    pub id: Uuid,
    /// `customer`, `bot` or `agent`.
    pub author: &'static str,
    /// The agent's name.
    pub name: Option<String>,
    /// A customer's words exactly as written, which are no HTML; otherwise Markdown.
    pub text: String,
    /// What the customer can tap.
    pub choices: Vec<LineChoice>,
    /// What the customer sent along; the files themselves are not kept.
    pub attachments: Vec<LineAttachment>,
    /// Whose words a customer's message brought along.
    pub quoted: Option<LineQuoted>,
    /// A customer's new wording of an earlier message.
    pub edited: bool,
    /// When it was received or sent; queued, while it is not sent.
    pub at: Timestamp,
    /// Of the bot and agents: `queued`, `leased` (being sent right now), `sent`, `uncertain` (may have arrived, and is not sent again) or
    /// `failed`.
    pub delivery: Option<&'static str>,
}

/// Somebody's words that a customer's message brought along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineQuoted {
    /// Such as "forwarded from Ben" or "answers our words".
    pub what: String,
    /// The words exactly as written. Null: they were forwarded, and stand in the line's own text.
    pub text: Option<String>,
}

/// Something to tap below a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineChoice {
    pub id: String,
    pub label: String,
}

/// A file that a customer sent along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineAttachment {
    pub name: String,
    pub media_type: Option<String>,
}

impl From<store::Line> for Line {
    fn from(line: store::Line) -> Self {
        let (author, name) = match line.author {
            LineAuthor::Customer => ("customer", None),
            LineAuthor::Bot => ("bot", None),
            LineAuthor::Agent(name) => ("agent", Some(name)),
        };
        Self {
            id: line.id,
            author,
            name,
            text: line.text,
            choices: line.choices.into_iter().map(|Choice { id, label }| LineChoice { id, label }).collect(),
            attachments: line
                .attachments
                .into_iter()
                .map(|Attachment { name, media_type }| LineAttachment { name, media_type })
                .collect(),
            quoted: line
                .quoted
                .map(|quoted| LineQuoted { what: quoted.told(), text: quoted.text().map(str::to_owned) }),
            edited: line.edited,
            at: line.at,
            delivery: line.delivery.map(|delivery| match delivery {
                Delivery::Queued => "queued",
                Delivery::Leased => "leased",
                Delivery::Sent => "sent",
                Delivery::Uncertain => "uncertain",
                Delivery::Failed => "failed",
            }),
        }
    }
}

/// What agents wrote about an escalation for each other; customers never see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    /// Null: the service wrote it.
    pub agent: Option<String>,
    pub text: String,
    pub at: Timestamp,
}

impl From<store::Note> for Note {
    fn from(note: store::Note) -> Self {
        Self { agent: note.agent, text: note.text, at: note.at }
    }
}

/// What webhooks tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum EventKind {
    /// A customer needs a person.
    #[serde(rename = "escalation.opened")]
    Opened,
    /// The customer, the bot or an agent wrote while it was open.
    #[serde(rename = "escalation.message")]
    Message,
    /// A line of the bot or an agent did not arrive, or may not have arrived.
    #[serde(rename = "escalation.undelivered")]
    Undelivered,
    /// An agent closed it: the bot has the conversation again.
    #[serde(rename = "escalation.resolved")]
    Resolved,
}

impl EventKind {
    pub const ALL: [Self; 4] = [Self::Opened, Self::Message, Self::Undelivered, Self::Resolved];

    /// What a row of the audit trail, and what was written by it, is to a bridge. None: nothing that it hears of.
    #[must_use]
    pub fn of(row: &Audited, lines: &[store::Line]) -> Option<Self> {
        match row.kind.as_str() {
            _ if row.opens => Some(Self::Opened),
            "resolve" => Some(Self::Resolved),
            "undelivered" => Some(Self::Undelivered),
            _ if !lines.is_empty() => Some(Self::Message),
            _ => None,
        }
    }
}

/// The body of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Event {
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When it happened; it may have been long ago where the receiver could not be reached.
    pub timestamp: Timestamp,
    pub data: EventData,
}

/// What an event is about, such as it is when the webhook is sent: words that were erased meanwhile are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventData {
    pub escalation: Escalation,
    /// What was written, in order; may be empty.
    pub lines: Vec<Line>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::EscalationId;

    fn row(kind: &str, opens: bool) -> Audited {
        Audited { audit: 7, at: Timestamp::UNIX_EPOCH, kind: kind.to_owned(), escalation: EscalationId(1), opens }
    }

    fn line(author: LineAuthor) -> store::Line {
        store::Line {
            cursor: 1,
            id: Uuid::nil(),
            author,
            text: "<b>hello</b>".to_owned(),
            language: None,
            choices: Vec::new(),
            attachments: Vec::new(),
            quoted: None,
            edited: false,
            at: Timestamp::UNIX_EPOCH,
            delivery: None,
        }
    }

    #[test]
    fn a_bridge_hears_of_what_was_written_and_of_the_beginning_and_the_end() {
        let said = [line(LineAuthor::Customer)];
        for (row, lines, expected) in [
            (row("turn", true), &said[..], Some(EventKind::Opened)),
            (row("undelivered", true), &[], Some(EventKind::Opened)),
            (row("undelivered", false), &[], Some(EventKind::Undelivered)),
            (row("turn", false), &said, Some(EventKind::Message)),
            (row("reply", false), &said, Some(EventKind::Message)),
            (row("claim", false), &said, Some(EventKind::Message)),
            (row("claim", false), &[], None),
            (row("turn", false), &[], None),
            (row("resolve", false), &[], Some(EventKind::Resolved)),
        ] {
            assert_eq!(EventKind::of(&row, lines), expected, "{row:?}");
        }
    }

    #[test]
    fn words_stay_as_they_were_written() {
        let shown = serde_json::to_value(Line::from(line(LineAuthor::Agent("Dana".to_owned())))).unwrap();
        assert_eq!(
            (&shown["text"], &shown["author"], &shown["name"]),
            (&"<b>hello</b>".into(), &"agent".into(), &"Dana".into())
        );
    }
}
