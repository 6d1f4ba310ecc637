//! How lines and the standing of a conversation look to a browser or script.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::markdown::{self, Breaks};
use crate::{
    conversation::Standing,
    message::Choice,
    store::{Line, LineAuthor, Status},
};

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
            html,
            choices: line.choices.clone(),
            at: line.at,
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
