//! The staff's forum on Telegram: a topic for each escalation.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use serde::Serialize;
use serde_json::Value;
use teloxide::{
    payloads::{CloseForumTopic, CreateForumTopic, DeleteForumTopic, GetChat, GetChatMember, ReopenForumTopic},
    requests::Payload,
    types::{ChatId, MessageId, ThreadId, UserId},
};

use super::{
    client::{CallError, PATIENCE},
    failures::{self, Crowd},
    listening::Listening,
    requests,
};
use crate::channels::{Post, Rate, SendError, Staff};

/// Characters in the name of a topic.
const MAX_TITLE: usize = 128;

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

impl Forum {
    pub(super) fn new(chat: i64, listening: std::sync::Arc<Listening>) -> Self {
        Self { chat, place: chat.to_string(), listening, crowd: Crowd::default() }
    }

    async fn call<P: Payload + Serialize>(&self, payload: &P) -> Result<Value, CallError> {
        self.listening.client.call(payload, PATIENCE).await
    }

    /// Calls, and says of a failure what it means for what was to be sent.
    async fn ask<P: Payload + Serialize>(&self, payload: &P) -> Result<Value, SendError> {
        self.call(payload).await.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &CallError) -> SendError {
        failures::sending(error, self.chat, &self.crowd)
    }

    /// What keeps staff from working there; empty: nothing.
    pub(super) async fn check(&self, bot: i64) -> Vec<String> {
        let chat = self.call(&GetChat::new(ChatId(self.chat))).await;
        let member = self.call(&GetChatMember::new(ChatId(self.chat), UserId(bot.cast_unsigned()))).await;
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

fn topic(thread: &str) -> Result<ThreadId, SendError> {
    let id = thread.parse().map_err(|_| SendError::Gone("the thread is none of Telegram's".to_owned()))?;
    Ok(ThreadId(MessageId(id)))
}

fn message(id: &str) -> Result<MessageId, SendError> {
    requests::number(id).ok_or_else(|| SendError::Malformed("the message is none of Telegram's".to_owned()))
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
        async move {
            let name: String = title.chars().take(MAX_TITLE).collect();
            let topic = self.ask(&CreateForumTopic::new(ChatId(self.chat), name)).await?;
            let thread = topic["message_thread_id"].as_i64().map(|thread| thread.to_string());
            thread.ok_or_else(|| SendError::Uncertain("its answer names no topic".to_owned()))
        }
        .boxed()
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Result<(), SendError>> {
        async move {
            let topic = topic(&post.thread)?;
            let request = requests::to_staff(post, self.chat, topic);
            match self.call(&request).await {
                // Somebody closed it by hand, and there is news.
                Err(CallError::Refused(refusal)) if is_closed(&refusal.description) => {
                    self.ask(&ReopenForumTopic::new(ChatId(self.chat), topic)).await?;
                    self.ask(&request).await
                }
                answer => answer.map_err(|error| self.failed(&error)),
            }
            .map(drop)
        }
        .boxed()
    }

    fn approve<'a>(&'a self, _thread: &'a str, message_id: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        async move { self.ask(&requests::done(self.chat, message(message_id)?)).await.map(drop) }.boxed()
    }

    fn close<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        async move { self.ask(&CloseForumTopic::new(ChatId(self.chat), topic(thread)?)).await.map(drop) }.boxed()
    }

    fn delete<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        async move { self.ask(&DeleteForumTopic::new(ChatId(self.chat), topic(thread)?)).await.map(drop) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::client::Refusal, *};

    #[test]
    fn a_thread_and_a_message_are_asked_for_by_number() {
        let (chat, topic) = (ChatId(-1_009_999_999_999), topic("5").unwrap());
        let requests = (
            CreateForumTopic::new(chat, "#12 danger (gas) · web"),
            CloseForumTopic::new(chat, topic),
            requests::done(chat.0, message("5/42").unwrap()),
            GetChatMember::new(chat, UserId(77)),
        );
        insta::assert_json_snapshot!(requests, @r##"
        [
          {
            "chat_id": -1009999999999,
            "name": "#12 danger (gas) · web"
          },
          {
            "chat_id": -1009999999999,
            "message_thread_id": 5
          },
          {
            "chat_id": -1009999999999,
            "message_id": 42,
            "reaction": [
              {
                "type": "emoji",
                "emoji": "👍"
              }
            ]
          },
          {
            "chat_id": -1009999999999,
            "user_id": 77
          }
        ]
        "##);
        assert!(matches!(super::topic("C5"), Err(SendError::Gone(_))));
        assert!(matches!(message("5/x"), Err(SendError::Malformed(_))));
    }

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
