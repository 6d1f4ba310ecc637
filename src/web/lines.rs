//! How lines and the standing of a conversation look to a browser or script.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::markdown::{self, Breaks};
use crate::{
    conversation::Standing,
    message::{Choice, ConversationId},
    reading::Language,
    store::{Line, LineAuthor, Status, Store, StoreError},
};

/// Lines that are read and handed out at a time.
const PAGE_LINES: usize = 200;

/// Bytes that are handed out at a time, as JSON: what a caller asks for and does not read is held in memory.
const PAGE_BYTES: usize = 256 * 1024;

/// Lines that are asked of the store at a time: a few are enough to fill a page.
const BATCH: u32 = 20;

/// One line of the conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ShownLine {
    pub cursor: i64,
    pub id: Uuid,
    pub author: &'static str,
    /// The agent's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The customer's words as written, or Markdown.
    pub text: String,
    /// Of the text; not known of a customer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The Markdown as safe HTML. A customer's words have none: they are only ever text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    pub choices: Vec<Choice>,
    pub at: Timestamp,
}

impl From<&Line> for ShownLine {
    fn from(line: &Line) -> Self {
        let (author, name, html) = match &line.author {
            LineAuthor::Customer => ("customer", None, None),
            LineAuthor::Bot => ("bot", None, Some(markdown::to_html(&line.text, Breaks::Wrapped))),
            LineAuthor::Agent(name) => {
                ("agent", Some(name.clone()), Some(markdown::to_html(&line.text, Breaks::Meant)))
            }
        };
        Self {
            cursor: line.cursor,
            id: line.id,
            author,
            name,
            text: line.text.clone(),
            language: line.language,
            html,
            choices: line.choices.clone(),
            at: line.at,
        }
    }
}

/// Some lines of a conversation, oldest first.
pub(super) struct Page {
    pub lines: Vec<ShownLine>,
    /// Whether there are further ones.
    pub more: bool,
}

impl Page {
    /// What comes after a cursor, within the bounds of a page but at least one line.
    pub async fn read(store: &Store, conversation: ConversationId, after: i64) -> Result<Self, StoreError> {
        let (mut lines, mut bytes, mut after) = (Vec::new(), 0, after);
        loop {
            let batch = store.lines_after(conversation, after, BATCH).await?;
            for line in &batch {
                let line = ShownLine::from(line);
                let size = serde_json::to_vec(&line).map_or(0, |json| json.len());
                if lines.len() >= PAGE_LINES || (bytes + size > PAGE_BYTES && !lines.is_empty()) {
                    return Ok(Self { lines, more: true });
                }
                after = line.cursor;
                bytes += size;
                lines.push(line);
            }
            if batch.len() < BATCH as usize {
                return Ok(Self { lines, more: false });
            }
        }
    }
}

/// What goes on in the conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct ShownStatus {
    /// An answer of the bot is on its way, or an agent writes.
    pub typing: bool,
    pub standing: Standing,
}

impl From<Status> for ShownStatus {
    fn from(status: Status) -> Self {
        // While an agent has the conversation the bot is silent, whatever waits to be read.
        Self { typing: status.pending && status.standing != Standing::Agent, standing: status.standing }
    }
}
