//! A forum: a supergroup with topics, which the bot may manage, and the people who write there.

use serde_json::{Value, json};

use super::{
    Fake, Reply,
    platform::{Answer, State, refuse},
};

/// A topic as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    pub id: i64,
    pub name: String,
    pub closed: bool,
}

impl Fake {
    /// Makes a forum; the bot is an administrator there.
    pub fn forum(&self, chat: i64) {
        let mut state = self.state();
        let chat = state.chat(chat);
        chat.json["is_forum"] = json!(true);
        chat.bot = "administrator";
    }

    /// From now on the bot is this there, such as "member".
    pub fn bot_is(&self, chat: i64, status: &'static str) {
        self.state().chat(chat).bot = status;
    }

    /// Somebody of the staff writes in a topic. Gives the id of the message.
    pub fn staff_writes(&self, chat: i64, topic: i64, name: &str, text: &str) -> i64 {
        self.staff_sends(chat, topic, name, json!({ "text": text }))
    }

    /// The same with any parts.
    pub fn staff_sends(&self, chat: i64, topic: i64, name: &str, mut parts: Value) -> i64 {
        let id = 50_000 + name.bytes().map(i64::from).sum::<i64>();
        parts["message_thread_id"] = topic.into();
        parts["is_topic_message"] = true.into();
        parts["from"] = json!({ "id": id, "is_bot": false, "first_name": name });
        self.posts(chat, id, parts)
    }

    /// Somebody of the staff changes what they wrote.
    pub fn staff_edits(&self, chat: i64, message: i64, text: &str) {
        self.customer_edits_in(chat, message, text);
    }

    /// Somebody deletes a topic with all that is in it.
    pub fn delete_topic(&self, chat: i64, topic: i64) {
        let mut state = self.state();
        let chat = state.chat(chat);
        chat.topics.remove(&topic);
        chat.forum.retain(|known| known.id != topic);
    }

    /// The topics that the bot made, oldest first.
    pub fn topics(&self, chat: i64) -> Vec<Topic> {
        self.state().chat(chat).forum.clone()
    }

    /// What the bot said in a topic.
    pub fn told(&self, chat: i64, topic: i64) -> Vec<Reply> {
        self.replies_to(chat).into_iter().filter(|reply| reply.topic == Some(topic)).collect()
    }

    /// The bot's signs on a message.
    pub fn reactions(&self, chat: i64, message: i64) -> Vec<String> {
        self.state().chat(chat).reactions.get(&message).cloned().unwrap_or_default()
    }
}

impl State {
    pub(super) fn create_topic(&mut self, body: &Value) -> Answer {
        let id = self.managed(body)?;
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        if name.is_empty() || name.chars().count() > 128 {
            return Err(refuse(400, "Bad Request: TOPIC_NAME_INVALID"));
        }
        let chat = self.chat(id);
        // The topic has the number of the message that tells of it.
        let message = chat.message(super::bot(), json!({ "forum_topic_created": { "name": name } }));
        let topic = message["message_id"].as_i64().unwrap();
        chat.topics.insert(topic);
        chat.forum.push(Topic { id: topic, name: name.clone(), closed: false });
        Ok(json!({ "message_thread_id": topic, "name": name, "icon_color": 7_322_096 }))
    }

    pub(super) fn set_topic_closed(&mut self, body: &Value, closed: bool) -> Answer {
        let id = self.managed(body)?;
        let topic = body["message_thread_id"].as_i64().unwrap_or(0);
        let Some(known) = self.chat(id).forum.iter_mut().find(|known| known.id == topic) else {
            return Err(refuse(400, "Bad Request: message thread not found"));
        };
        if std::mem::replace(&mut known.closed, closed) == closed {
            return Err(refuse(400, "Bad Request: TOPIC_NOT_MODIFIED"));
        }
        Ok(json!(true))
    }

    pub(super) fn delete_topic(&mut self, body: &Value) -> Answer {
        let id = self.managed(body)?;
        let topic = body["message_thread_id"].as_i64().unwrap_or(0);
        let chat = self.chat(id);
        chat.topics.remove(&topic);
        chat.forum.retain(|known| known.id != topic);
        Ok(json!(true))
    }

    pub(super) fn react(&mut self, body: &Value) -> Answer {
        let id = self.writable(body)?;
        let message = body["message_id"].as_i64().unwrap_or(0);
        let signs: Vec<String> = body["reaction"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|sign| sign["emoji"].as_str().unwrap_or_default().to_owned())
            .collect();
        // Of the signs that the platform knows, some.
        if signs.len() > 1
            || signs
                .iter()
                .any(|sign| !["👍", "👎", "❤", "🔥", "👏", "🎉", "👌", "👀", "🫡", "🤝"].contains(&sign.as_str()))
        {
            return Err(refuse(400, "Bad Request: REACTION_INVALID"));
        }
        let chat = self.chat(id);
        if !chat.messages.contains_key(&message) {
            return Err(refuse(400, "Bad Request: message to react not found"));
        }
        chat.reactions.insert(message, signs);
        Ok(json!(true))
    }

    pub(super) fn get_chat(&mut self, body: &Value) -> Answer {
        let known = body["chat_id"].as_i64().and_then(|id| self.chats.get(&id));
        known.map(|chat| chat.json.clone()).ok_or_else(|| refuse(400, "Bad Request: chat not found"))
    }

    pub(super) fn get_chat_member(&mut self, body: &Value) -> Answer {
        let known = body["chat_id"].as_i64().and_then(|id| self.chats.get(&id));
        let chat = known.ok_or_else(|| refuse(400, "Bad Request: chat not found"))?;
        Ok(json!({ "user": super::bot(), "status": chat.bot, "can_manage_topics": chat.bot == "administrator",
            "can_delete_messages": chat.bot == "administrator" }))
    }

    /// The forum of a call that only those may make who manage its topics.
    fn managed(&mut self, body: &Value) -> Result<i64, super::Refusal> {
        let id = self.writable(body)?;
        let chat = self.chat(id);
        if chat.json["is_forum"] != true {
            return Err(refuse(400, "Bad Request: the chat is not a forum"));
        }
        if chat.bot != "administrator" {
            return Err(refuse(400, "Bad Request: not enough rights to create a topic"));
        }
        Ok(id)
    }
}
