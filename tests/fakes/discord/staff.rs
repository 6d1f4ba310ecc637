//! The staff's channel: its threads, and the people who write there.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{Fake, Reply, SERVER, refusal};

/// The staff's channel.
pub const STAFF: u64 = 1_100_000_000_000_000_077;

/// A thread as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    pub id: u64,
    pub name: String,
    pub archived: bool,
}

impl Fake {
    /// Allows the bot the intent Message Content, or takes it away.
    pub fn allow_words(&self, allowed: bool) {
        self.lock().words = allowed;
    }

    /// Somebody of the staff writes in their channel or a thread of it. The message's id.
    pub fn staff_writes(&self, channel: u64, name: &str, text: &str) -> String {
        self.staff_sends(channel, name, text, json!({}))
    }

    /// The same with more fields, such as attachments.
    pub fn staff_sends(&self, channel: u64, name: &str, text: &str, mut more: Value) -> String {
        let id = 60_000 + name.bytes().map(u64::from).sum::<u64>();
        let mut author = super::customer(id);
        author["global_name"] = json!(name);
        more["author"] = author;
        self.lock().write(id, channel, Some(SERVER), text, more)
    }

    /// The threads that the bot opened, oldest first.
    pub fn threads(&self) -> Vec<Thread> {
        self.lock().threads.clone()
    }

    /// What the bot said in a thread.
    pub fn told(&self, thread: u64) -> Vec<Reply> {
        self.replies().into_iter().filter(|reply| reply.channel == thread).collect()
    }

    /// The bot's signs on a message.
    pub fn reactions(&self, message: &str) -> Vec<String> {
        self.lock().reactions.get(message).cloned().unwrap_or_default()
    }
}

pub(super) async fn channel(State(fake): State<Fake>, Path(channel): Path<u64>) -> Response {
    let platform = fake.lock();
    let thread = platform.threads.iter().find(|thread| thread.id == channel);
    let body = match thread {
        Some(thread) => json!({
            "id": channel.to_string(), "type": 11, "guild_id": SERVER.to_string(), "parent_id": STAFF.to_string(),
            "name": thread.name, "thread_metadata": { "archived": thread.archived },
        }),
        None => json!({ "id": channel.to_string(), "type": 0, "guild_id": SERVER.to_string(), "parent_id": null }),
    };
    Json(body).into_response()
}

pub(super) async fn open(State(fake): State<Fake>, Path(channel): Path<u64>, Json(request): Json<Value>) -> Response {
    let name = request["name"].as_str().unwrap_or_default().to_owned();
    if channel != STAFF {
        return refusal(404, 10003, "Unknown Channel");
    }
    if name.is_empty() || name.chars().count() > 100 || request["type"] != 11 {
        return refusal(400, 50035, "Invalid Form Body");
    }
    let mut platform = fake.lock();
    let id = platform.id();
    platform.threads.push(Thread { id, name: name.clone(), archived: false });
    let thread = json!({
        "id": id.to_string(), "type": 11, "guild_id": SERVER.to_string(), "parent_id": STAFF.to_string(), "name": name,
    });
    (StatusCode::CREATED, Json(thread)).into_response()
}

pub(super) async fn change(State(fake): State<Fake>, Path(channel): Path<u64>, Json(request): Json<Value>) -> Response {
    let mut platform = fake.lock();
    let Some(thread) = platform.threads.iter_mut().find(|thread| thread.id == channel) else {
        return refusal(404, 10003, "Unknown Channel");
    };
    if let Some(archived) = request["archived"].as_bool() {
        thread.archived = archived;
    }
    Json(json!({ "id": channel.to_string() })).into_response()
}

pub(super) async fn delete(State(fake): State<Fake>, Path(channel): Path<u64>) -> Response {
    fake.lock().threads.retain(|thread| thread.id != channel);
    Json(json!({ "id": channel.to_string() })).into_response()
}

pub(super) async fn react(
    State(fake): State<Fake>,
    Path((channel, message, sign)): Path<(u64, String, String)>,
) -> Response {
    let mut platform = fake.lock();
    if platform.threads.iter().any(|thread| thread.id == channel && thread.archived) {
        return refusal(400, 50083, "Thread is archived");
    }
    if !platform.history.iter().any(|known| known["id"] == message) {
        return refusal(404, 10008, "Unknown Message");
    }
    platform.reactions.entry(message).or_default().push(sign);
    StatusCode::NO_CONTENT.into_response()
}
