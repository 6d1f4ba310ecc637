//! What the platform keeps, and its methods.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::SystemTime,
};

use serde_json::{Value, json};

use super::{
    BOT, BOT_NAME, Call, Reply, Topic,
    html::visible,
    misbehaviour::{Fault, Random},
};

#[derive(Default)]
pub(super) struct State {
    pub(super) chats: HashMap<i64, Chat>,
    /// Not acknowledged yet, in order.
    pub(super) pending: VecDeque<Value>,
    /// Acknowledged lately: may come a second time when the platform misbehaves.
    pub(super) past: VecDeque<Value>,
    pub(super) next_update: i64,
    pub(super) next_query: u64,
    pub(super) open_queries: HashSet<String>,
    pub(super) answered_queries: HashSet<String>,
    pub(super) replies: Vec<Reply>,
    pub(super) calls: Vec<Call>,
    pub(super) script: HashMap<String, VecDeque<Fault>>,
    pub(super) random: Option<(f64, Random)>,
    pub(super) webhook: Option<Webhook>,
    pub(super) last_error: Option<(u64, String)>,
    /// A public address, and where it really leads.
    pub(super) public: Option<(String, String)>,
    pub(super) polls: u64,
    /// Answers at once.
    pub(super) hurries: bool,
    /// Commands by language.
    pub(super) menu: HashMap<String, Vec<String>>,
    pub(super) token: String,
}

pub(super) struct Chat {
    pub(super) json: Value,
    pub(super) next_message: i64,
    pub(super) messages: HashMap<i64, Value>,
    pub(super) topics: HashSet<i64>,
    /// Those that the bot made.
    pub(super) forum: Vec<Topic>,
    /// The bot's signs on messages.
    pub(super) reactions: HashMap<i64, Vec<String>>,
    /// What the bot is there.
    pub(super) bot: &'static str,
    /// Why the bot cannot write there.
    pub(super) closed: Option<&'static str>,
    pub(super) migrated_to: Option<i64>,
}

#[derive(Clone, PartialEq)]
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) secret: Option<String>,
    pub(super) allowed: Option<Value>,
}

/// What the API answers: a result, or a refusal with its code.
pub(super) type Answer = Result<Value, Refusal>;

pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) parameters: Option<Value>,
}

pub(super) fn refuse(code: u16, description: &str) -> Refusal {
    Refusal { code, description: description.to_owned(), parameters: None }
}

impl State {
    pub(super) fn chat(&mut self, id: i64) -> &mut Chat {
        self.chats.entry(id).or_insert_with(|| {
            let json = if id > 0 {
                json!({ "id": id, "type": "private", "first_name": format!("Customer {id}") })
            } else if id > -1_000_000_000_000 {
                json!({ "id": id, "type": "group", "title": "Neighbours" })
            } else {
                json!({ "id": id, "type": "supergroup", "title": "Neighbours" })
            };
            Chat {
                json,
                next_message: 1,
                messages: HashMap::new(),
                topics: HashSet::new(),
                forum: Vec::new(),
                reactions: HashMap::new(),
                bot: "member",
                closed: None,
                migrated_to: None,
            }
        })
    }

    pub(super) fn update(&mut self, kind: &str, content: Value) {
        let id = self.next_update;
        self.next_update += 1;
        let mut update = json!({ "update_id": id });
        update[kind] = content;
        self.pending.push_back(update);
    }

    /// Everything before the offset is known to the bot.
    pub(super) fn acknowledge(&mut self, offset: i64) {
        let (known, pending): (VecDeque<_>, VecDeque<_>) =
            self.pending.drain(..).partition(|update| update["update_id"].as_i64().is_some_and(|id| id < offset));
        self.pending = pending;
        self.past.extend(known);
        while self.past.len() > 50 {
            self.past.pop_front();
        }
    }

    pub(super) fn batch(&mut self, limit: usize, allowed: &Value) -> Vec<Value> {
        if let Value::Array(kinds) = allowed {
            // By default and as asked, the platform keeps back only kinds that it knows; what is raw here always comes.
            let known = ["message", "edited_message", "callback_query", "my_chat_member", "channel_post", "poll"];
            let unwanted = |update: &Value| {
                known.iter().any(|kind| update.get(kind).is_some() && !kinds.iter().any(|allowed| allowed == kind))
            };
            self.pending.retain(|update| !unwanted(update));
        }
        let mut batch: Vec<Value> = self.pending.iter().take(limit).cloned().collect();
        if batch.is_empty() {
            return batch;
        }
        let Some((rate, random)) = &mut self.random else { return batch };
        let (rate, twice) = (*rate, random.happens(*rate));
        if twice {
            let again: Vec<_> = self.past.iter().rev().take(1 + (random.draw() % 3) as usize).cloned().collect();
            batch.extend(again);
        }
        if random.happens(rate) {
            batch.reverse();
        }
        if random.happens(rate) {
            let id = self.next_update;
            self.next_update += 1;
            let strange = json!({ "update_id": id, "kind_of_tomorrow": { "id": u64::MAX, "text": "שלום 😱" } });
            self.pending.push_back(strange);
        }
        batch
    }

    pub(super) fn call(&mut self, method: &str, body: &Value) -> Answer {
        match method {
            "getme" => {
                let mut me = bot();
                for (key, value) in [("can_join_groups", true), ("can_read_all_group_messages", false)] {
                    me[key] = value.into();
                }
                Ok(me)
            }
            "getwebhookinfo" => {
                let url = self.webhook.as_ref().map(|webhook| webhook.url.clone()).unwrap_or_default();
                let mut info = json!({
                    "url": url, "has_custom_certificate": false, "pending_update_count": self.pending.len(),
                });
                if let Some((date, message)) = &self.last_error {
                    info["last_error_date"] = (*date).into();
                    info["last_error_message"] = message.as_str().into();
                }
                Ok(info)
            }
            "deletewebhook" => {
                self.webhook = None;
                if body["drop_pending_updates"] == true {
                    self.pending.clear();
                }
                Ok(json!(true))
            }
            "sendchataction" => self.writable(body).map(|_| json!(true)),
            "sendmessage" => self.send_message(body),
            "answercallbackquery" => {
                let query = body["callback_query_id"].as_str().unwrap_or_default();
                if !self.open_queries.remove(query) {
                    let why = "Bad Request: query is too old and response timeout expired or query ID is invalid";
                    return Err(refuse(400, why));
                }
                self.answered_queries.insert(query.to_owned());
                Ok(json!(true))
            }
            "createforumtopic" => self.create_topic(body),
            "closeforumtopic" => self.set_topic_closed(body, true),
            "reopenforumtopic" => self.set_topic_closed(body, false),
            "deleteforumtopic" => self.delete_topic(body),
            "setmessagereaction" => self.react(body),
            "getchat" => self.get_chat(body),
            "getchatmember" => self.get_chat_member(body),
            "getmycommands" => {
                let known = self.menu.get("").into_iter().flatten();
                Ok(known.map(|name| json!({ "command": name, "description": "-" })).collect())
            }
            "setmycommands" => {
                let commands = body["commands"].as_array().cloned().unwrap_or_default();
                let names = commands.iter().map(|command| command["command"].as_str().unwrap().to_owned()).collect();
                self.menu.insert(body["language_code"].as_str().unwrap_or_default().to_owned(), names);
                Ok(json!(true))
            }
            "editmessagereplymarkup" => self.edit_buttons(body),
            _ => Err(refuse(404, "Not Found: method not found")),
        }
    }

    /// The chat of a call, if the bot may write there.
    pub(super) fn writable(&mut self, body: &Value) -> Result<i64, Refusal> {
        let Some(id) = body["chat_id"].as_i64() else { return Err(refuse(400, "Bad Request: chat_id is empty")) };
        let Some(chat) = self.chats.get(&id) else { return Err(refuse(400, "Bad Request: chat not found")) };
        if let Some(to) = chat.migrated_to {
            return Err(Refusal {
                parameters: Some(json!({ "migrate_to_chat_id": to })),
                ..refuse(400, "Bad Request: group chat was upgraded to a supergroup chat")
            });
        }
        if let Some(why) = chat.closed {
            return Err(refuse(403, why));
        }
        if body.get("message_thread_id").is_some_and(|topic| !chat.topics.contains(&topic.as_i64().unwrap_or(0))) {
            return Err(refuse(400, "Bad Request: message thread not found"));
        }
        Ok(id)
    }

    pub(super) fn send_message(&mut self, body: &Value) -> Answer {
        let id = self.writable(body)?;
        let sent = body["text"].as_str().unwrap_or_default();
        let text = match body["parse_mode"].as_str() {
            Some("HTML") => {
                visible(sent).map_err(|why| refuse(400, &format!("Bad Request: can't parse entities: {why}")))?
            }
            None => sent.to_owned(),
            Some(_) => return Err(refuse(400, "Bad Request: unsupported parse_mode")),
        };
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Err(refuse(400, "Bad Request: message text is empty"));
        }
        if text.encode_utf16().count() > 4_096 {
            return Err(refuse(400, "Bad Request: message is too long"));
        }
        let rows = body["reply_markup"]["inline_keyboard"].as_array().cloned().unwrap_or_default();
        let mut buttons = Vec::new();
        for button in rows.iter().flat_map(|row| row.as_array().into_iter().flatten()) {
            let (label, data) = (button["text"].as_str().unwrap_or_default(), button["callback_data"].as_str());
            if label.is_empty() {
                return Err(refuse(400, "Bad Request: text buttons are unallowed in the inline keyboard"));
            }
            match data {
                Some(data) if (1..=64).contains(&data.len()) => buttons.push((label.to_owned(), data.to_owned())),
                _ => return Err(refuse(400, "Bad Request: BUTTON_DATA_INVALID")),
            }
        }
        let chat = self.chat(id);
        let parameters = &body["reply_parameters"];
        let reply_to = parameters["message_id"].as_i64().filter(|answered| chat.messages.contains_key(answered));
        if !parameters.is_null() && reply_to.is_none() && parameters["allow_sending_without_reply"] != true {
            return Err(refuse(400, "Bad Request: message to be replied not found"));
        }
        let mut parts = json!({ "text": text });
        if !rows.is_empty() {
            parts["reply_markup"] = json!({ "inline_keyboard": rows });
        }
        if let Some(answered) = reply_to {
            parts["reply_to_message"] = chat.messages[&answered].clone();
        }
        let message = chat.message(bot(), parts);
        let message_id = message["message_id"].as_i64().unwrap();
        chat.messages.insert(message_id, message.clone());
        self.replies.push(Reply {
            chat: id,
            topic: body["message_thread_id"].as_i64(),
            message_id,
            text,
            html: sent.to_owned(),
            reply_to,
            buttons,
        });
        Ok(message)
    }

    pub(super) fn edit_buttons(&mut self, body: &Value) -> Answer {
        let id = self.writable(body)?;
        let number = body["message_id"].as_i64().unwrap_or(0);
        let Some(message) = self.chat(id).messages.get_mut(&number) else {
            return Err(refuse(400, "Bad Request: message to edit not found"));
        };
        if message.as_object_mut().unwrap().remove("reply_markup").is_none() {
            return Err(refuse(400, "Bad Request: message is not modified"));
        }
        let message = message.clone();
        for reply in self.replies.iter_mut().filter(|reply| reply.chat == id && reply.message_id == number) {
            reply.buttons.clear();
        }
        Ok(message)
    }
}

impl Chat {
    /// The next message of this chat.
    pub(super) fn message(&mut self, from: Value, parts: Value) -> Value {
        let id = self.next_message;
        self.next_message += 1;
        let mut message = json!({ "message_id": id, "chat": self.json, "date": now() });
        message["from"] = from;
        if let (Value::Object(message), Value::Object(parts)) = (&mut message, parts) {
            message.extend(parts);
        }
        message
    }
}

pub(super) fn user(id: i64) -> Value {
    json!({ "id": id, "is_bot": false, "first_name": format!("Customer {id}"), "language_code": "en" })
}

pub(super) fn bot() -> Value {
    json!({ "id": BOT, "is_bot": true, "first_name": "Harborlight", "username": BOT_NAME })
}

pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}
