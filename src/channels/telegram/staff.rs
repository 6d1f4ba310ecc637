//! The staff's forum on Telegram: a topic for each escalation.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use serde::Serialize;
use serde_json::{Value, json};
use teloxide::requests::Payload;

use super::{
    client::{CallError, PATIENCE},
    failures::{self, Crowd},
    listening::Listening,
    place::Place,
    requests,
};
use crate::channels::{Post, Rate, SendError, Staff};

/// Characters in the name of a topic.
const MAX_TITLE: usize = 128;

/// The sign that something was done: of those that every forum allows.
const DONE: &str = "👍";

/// 20 a minute in a group, of which some may come at once.
const RATE: Rate = Rate { burst: 5, every: Duration::from_secs(3) };

/// The forum, and how it is reached.
pub(super) struct Forum {
    pub(super) chat: i64,
    /// The same as text.
    place: String,
    listening: std::sync::Arc<Listening>,
    crowd: Crowd,
}

/// Makes a topic. Ours and not teloxide's, like those below: those would ask for a colour or know old signs alone.
#[derive(Debug, Serialize)]
struct CreateForumTopic {
    chat_id: i64,
    name: String,
}

impl Payload for CreateForumTopic {
    type Output = Value;
    const NAME: &'static str = "CreateForumTopic";
}

#[derive(Debug, Serialize)]
struct CloseForumTopic {
    chat_id: i64,
    message_thread_id: i64,
}

impl Payload for CloseForumTopic {
    type Output = bool;
    const NAME: &'static str = "CloseForumTopic";
}

#[derive(Debug, Serialize)]
struct ReopenForumTopic {
    chat_id: i64,
    message_thread_id: i64,
}

impl Payload for ReopenForumTopic {
    type Output = bool;
    const NAME: &'static str = "ReopenForumTopic";
}

#[derive(Debug, Serialize)]
struct DeleteForumTopic {
    chat_id: i64,
    message_thread_id: i64,
}

impl Payload for DeleteForumTopic {
    type Output = bool;
    const NAME: &'static str = "DeleteForumTopic";
}

#[derive(Debug, Serialize)]
struct SetMessageReaction {
    chat_id: i64,
    message_id: i64,
    reaction: Value,
}

impl Payload for SetMessageReaction {
    type Output = bool;
    const NAME: &'static str = "SetMessageReaction";
}

#[derive(Debug, Serialize)]
struct GetChat {
    chat_id: i64,
}

impl Payload for GetChat {
    type Output = Value;
    const NAME: &'static str = "GetChat";
}

#[derive(Debug, Serialize)]
struct GetChatMember {
    chat_id: i64,
    user_id: i64,
}

impl Payload for GetChatMember {
    type Output = Value;
    const NAME: &'static str = "GetChatMember";
}

impl Forum {
    pub(super) fn new(chat: i64, listening: std::sync::Arc<Listening>) -> Self {
        Self { chat, place: chat.to_string(), listening, crowd: Crowd::default() }
    }

    async fn call<P: Payload + Serialize>(&self, payload: &P) -> Result<Value, CallError> {
        self.listening.client.call(payload, PATIENCE).await
    }

    fn failed(&self, error: &CallError) -> SendError {
        failures::sending(error, self.chat, &self.crowd)
    }

    async fn make_topic(&self, title: &str) -> Result<String, SendError> {
        let name = title.chars().take(MAX_TITLE).collect();
        let topic =
            self.call(&CreateForumTopic { chat_id: self.chat, name }).await.map_err(|error| self.failed(&error))?;
        let thread = topic["message_thread_id"].as_i64().map(|thread| thread.to_string());
        thread.ok_or_else(|| SendError::Uncertain("its answer names no topic".to_owned()))
    }

    async fn say(&self, post: &Post) -> Result<(), SendError> {
        let topic = topic(&post.thread)?;
        let place = Place { chat: self.chat, topic: Some(topic), customer: None };
        let request = requests::to_staff(post, &place);
        match self.call(&request).await {
            // Somebody closed it by hand, and there is news.
            Err(CallError::Refused(refusal)) if is_closed(&refusal.description) => {
                let reopen = ReopenForumTopic { chat_id: self.chat, message_thread_id: topic };
                self.call(&reopen).await.map_err(|error| self.failed(&error))?;
                self.call(&request).await
            }
            answer => answer,
        }
        .map(drop)
        .map_err(|error| self.failed(&error))
    }

    async fn react(&self, message_id: &str) -> Result<(), SendError> {
        let message_id = message_id.rsplit('/').next().and_then(|id| id.parse().ok());
        let message_id =
            message_id.ok_or_else(|| SendError::Malformed("the message is none of Telegram's".to_owned()))?;
        let reaction = json!([{ "type": "emoji", "emoji": DONE }]);
        let request = SetMessageReaction { chat_id: self.chat, message_id, reaction };
        self.call(&request).await.map(drop).map_err(|error| self.failed(&error))
    }

    async fn shut(&self, thread: &str) -> Result<(), SendError> {
        let request = CloseForumTopic { chat_id: self.chat, message_thread_id: topic(thread)? };
        self.call(&request).await.map(drop).map_err(|error| self.failed(&error))
    }

    async fn erase(&self, thread: &str) -> Result<(), SendError> {
        let request = DeleteForumTopic { chat_id: self.chat, message_thread_id: topic(thread)? };
        self.call(&request).await.map(drop).map_err(|error| self.failed(&error))
    }

    /// What keeps staff from working there; empty: nothing.
    pub(super) async fn check(&self, bot: i64) -> Vec<String> {
        let chat = self.call(&GetChat { chat_id: self.chat }).await;
        let member = self.call(&GetChatMember { chat_id: self.chat, user_id: bot }).await;
        judge(self.chat, chat.as_ref(), member.as_ref())
    }
}

fn judge(id: i64, chat: Result<&Value, &CallError>, member: Result<&Value, &CallError>) -> Vec<String> {
    let chat = match chat {
        Ok(chat) => chat,
        Err(CallError::Refused(_)) => {
            return vec![format!(
                "telegram.staff_chat is {id}, and the bot is not in such a group: add it there, and check the number"
            )];
        }
        Err(error) => return vec![failures::receiving(error).0],
    };
    let mut wrong = Vec::new();
    if chat["is_forum"] != true {
        wrong.push(format!("the staff's group {id} has no topics: switch them on in the group's settings (Topics)"));
    }
    match member {
        Ok(member) if member["status"] == "creator" => {}
        Ok(member) if member["status"] == "administrator" => {
            if member["can_manage_topics"] != true {
                wrong.push(format!("in the staff's group {id} the bot may not manage topics: allow it (Administrators, Manage Topics)"));
            }
            if member["can_delete_messages"] != true {
                wrong.push(format!(
                    "in the staff's group {id} the bot may not delete messages, so that the topic of a customer who is erased would stay: allow it \
                     (Administrators, Delete Messages)"
                ));
            }
        }
        Ok(_) => wrong.push(format!(
            "in the staff's group {id} the bot is no administrator, so that it neither reads all messages nor makes topics: make it one, with \
             the right to manage topics"
        )),
        Err(error) => wrong.push(failures::receiving(error).0),
    }
    wrong
}

fn topic(thread: &str) -> Result<i64, SendError> {
    thread.parse().map_err(|_| SendError::Gone("the thread is none of Telegram's".to_owned()))
}

fn is_closed(description: &str) -> bool {
    let description = description.to_lowercase();
    description.contains("topic_closed") || description.contains("topic closed")
}

impl Staff for Forum {
    fn place(&self) -> &str {
        &self.place
    }

    fn rate(&self) -> Rate {
        RATE
    }

    fn open<'a>(&'a self, title: &'a str) -> BoxFuture<'a, Result<String, SendError>> {
        self.make_topic(title).boxed()
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Result<(), SendError>> {
        self.say(post).boxed()
    }

    fn approve<'a>(&'a self, _thread: &'a str, message_id: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        self.react(message_id).boxed()
    }

    fn close<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        self.shut(thread).boxed()
    }

    fn delete<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        self.erase(thread).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::client::Refusal, *};

    #[test]
    fn an_operator_reads_what_the_forum_lacks() {
        let (forum, group) = (json!({ "id": -1, "is_forum": true }), json!({ "id": -1 }));
        let admin = |manages: bool| json!({ "status": "administrator", "can_manage_topics": manages, "can_delete_messages": manages });
        let unknown = CallError::Refused(Refusal {
            code: 400,
            description: "Bad Request: chat not found".into(),
            ..Refusal::default()
        });
        assert_eq!(judge(-1, Ok(&forum), Ok(&admin(true))), Vec::<String>::new());
        assert_eq!(judge(-1, Ok(&forum), Ok(&json!({ "status": "creator" }))), Vec::<String>::new());
        let told = [
            judge(-1, Ok(&group), Ok(&json!({ "status": "member" }))).join("\n"),
            judge(-1, Ok(&forum), Ok(&admin(false))).join("\n"),
            judge(-1, Err(&unknown), Err(&unknown)).join("\n"),
        ];
        insta::assert_snapshot!(told.join("\n"), @r#"
        the staff's group -1 has no topics: switch them on in the group's settings (Topics)
        in the staff's group -1 the bot is no administrator, so that it neither reads all messages nor makes topics: make it one, with the right to manage topics
        in the staff's group -1 the bot may not manage topics: allow it (Administrators, Manage Topics)
        in the staff's group -1 the bot may not delete messages, so that the topic of a customer who is erased would stay: allow it (Administrators, Delete Messages)
        telegram.staff_chat is -1, and the bot is not in such a group: add it there, and check the number
        "#);
    }
}
