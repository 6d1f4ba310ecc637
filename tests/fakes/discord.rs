//! Discord on this machine: its gateway and the part of its HTTP interface that a bot uses. It keeps to Discord's rules (limits, sessions,
//! the time of interactions), remembers what it was told, and misbehaves on command as the real one does.

mod staff;

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, patch, post, put},
};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::sleep,
};
use tokio_tungstenite::tungstenite::{
    Message as Frame,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

#[allow(unused_imports, reason = "each test file uses its own share")]
pub use staff::{STAFF, Thread};

pub const TOKEN: &str = "MTE0NjgxMjM0NTY3ODkwMTIzNA.GhIjKl.fake-token-of-the-tests";

/// The bot, which is also its application's id, and the one server.
pub const BOT: u64 = 1_146_812_345_678_901_234;
pub const SERVER: u64 = 1_099_999_999_999_999_999;
pub const CHANNEL: u64 = 1_100_000_000_000_000_001;

/// What the bot said.
#[derive(Debug, Clone)]
pub struct Reply {
    pub id: String,
    pub channel: u64,
    /// Who is meant: the other one in a direct chat, the author of what is answered elsewhere.
    pub customer: Option<u64>,
    pub text: String,
    /// The message or interaction that it answers.
    pub in_reply_to: Option<String>,
    /// Only its customer sees it.
    pub ephemeral: bool,
    /// The buttons: what stands on them, and what they carry.
    pub buttons: Vec<(String, String)>,
    /// The request as it came.
    pub request: Value,
    pub at: Instant,
}

/// What a request may meet instead of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 429 that names the time in milliseconds, for this channel or for all.
    Limited { millis: u64, everywhere: bool },
    /// 429 of the gatekeeper: HTML, no time.
    LimitedHtml,
    /// This status with HTML; nothing was done.
    Html(u16),
    /// This status with JSON and Discord's number.
    Refused(u16, i64),
    /// Done, but the answer is a 502 of something in between.
    DoneThen502,
    /// Done, but the connection drops before the answer.
    DoneThenDropped,
    /// The connection drops, and nothing was done.
    Dropped,
    /// Done, but the answer is not what a client expects.
    DoneThenGibberish,
    /// No answer for a long time, and nothing done.
    Hangs,
}

#[derive(Clone)]
pub struct Fake {
    pub url: String,
    shared: Arc<Mutex<Platform>>,
}

struct Platform {
    gateway: String,
    token: String,
    last_id: u64,
    /// Everything written, the bot's own included, as Discord gives it out.
    history: Vec<Value>,
    replies: Vec<Reply>,
    /// Direct chats: user to channel.
    chats: HashMap<u64, u64>,
    interactions: HashMap<String, Asked>,
    sessions: HashMap<String, Session>,
    commands: Vec<Value>,
    nonces: HashMap<String, Value>,
    /// Messages in a channel lately, for the limit of 5 in 5 s.
    lately: HashMap<u64, VecDeque<Instant>>,
    /// For the next requests that say something.
    troubles: VecDeque<Trouble>,
    /// For the next requests of history.
    history_troubles: VecDeque<Trouble>,
    /// For the next attempts to begin a session.
    session_troubles: VecDeque<SessionTrouble>,
    rate: f64,
    random: u64,
    typing: Vec<u64>,
    identified: Vec<Instant>,
    resumed: usize,
    closed: Vec<u16>,
    sessions_left: u64,
    requests: Vec<(Instant, String)>,
    blocked: Vec<u64>,
    /// The intent Message Content is allowed.
    words: bool,
    threads: Vec<Thread>,
    /// The bot's signs on messages.
    reactions: HashMap<String, Vec<String>>,
}

struct Asked {
    id: u64,
    user: u64,
    channel: u64,
    server: bool,
    made: Instant,
    acknowledged: Option<u64>,
    /// "is thinking": the id of the message that will take its place, and whether its customer alone sees it.
    thinking: Option<bool>,
    /// The message whose button it was.
    message: Option<u64>,
}

/// How beginning a session may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionTrouble {
    /// The session is invalid, whatever it is.
    Invalid,
    /// The connection is closed with this code.
    Closed(u16),
    /// Nothing comes.
    Silent,
}

#[derive(Default)]
struct Session {
    sequence: u64,
    sent: Vec<Value>,
    connection: Option<UnboundedSender<Frame>>,
}

impl Fake {
    pub async fn start() -> Self {
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let platform = Platform {
            gateway: format!("ws://{}", socket.local_addr().unwrap()),
            token: TOKEN.to_owned(),
            last_id: 0,
            history: Vec::new(),
            replies: Vec::new(),
            chats: HashMap::new(),
            interactions: HashMap::new(),
            sessions: HashMap::new(),
            commands: Vec::new(),
            nonces: HashMap::new(),
            lately: HashMap::new(),
            troubles: VecDeque::new(),
            history_troubles: VecDeque::new(),
            session_troubles: VecDeque::new(),
            rate: 0.0,
            random: 1,
            typing: Vec::new(),
            identified: Vec::new(),
            resumed: 0,
            closed: Vec::new(),
            sessions_left: 1000,
            requests: Vec::new(),
            blocked: Vec::new(),
            words: false,
            threads: Vec::new(),
            reactions: HashMap::new(),
        };
        let fake =
            Self { url: format!("http://{}", http.local_addr().unwrap()), shared: Arc::new(Mutex::new(platform)) };
        let router = Router::new()
            .route("/api/v10/gateway", get(gateway))
            .route("/api/v10/gateway/bot", get(gateway_bot))
            .route("/api/v10/users/@me", get(me))
            .route("/api/v10/users/@me/channels", post(open_chat))
            .route("/api/v10/oauth2/applications/@me", get(application))
            .route("/api/v10/applications/@me", get(application))
            .route("/api/v10/applications/{id}/commands", get(commands).post(add_command).put(set_commands))
            .route("/api/v10/channels/{channel}", get(staff::channel).patch(staff::change).delete(staff::delete))
            .route("/api/v10/channels/{channel}/threads", post(staff::open))
            .route("/api/v10/channels/{channel}/messages/{message}/reactions/{sign}/@me", put(staff::react))
            .route("/api/v10/channels/{channel}/typing", post(typing))
            .route("/api/v10/channels/{channel}/messages", get(history).post(say))
            .route("/api/v10/interactions/{id}/{token}/callback", post(acknowledge))
            .route("/api/v10/webhooks/{application}/{token}", post(follow_up))
            .route("/api/v10/webhooks/{application}/{token}/messages/@original", patch(edit_original))
            .layer(axum::middleware::from_fn_with_state(fake.clone(), authorize))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(http, router).await });
        let gateway = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                tokio::spawn(connection(gateway.clone(), stream));
            }
        });
        fake
    }

    fn lock(&self) -> MutexGuard<'_, Platform> {
        self.shared.lock().unwrap()
    }

    // What customers do.

    /// A direct message. Its id.
    pub fn customer_writes(&self, user: u64, text: &str) -> String {
        let mut platform = self.lock();
        let channel = platform.chat(user);
        platform.write(user, channel, None, text, json!({}))
    }

    /// A direct message with more fields, such as attachments.
    pub fn customer_sends(&self, user: u64, text: &str, more: Value) -> String {
        let mut platform = self.lock();
        let channel = platform.chat(user);
        platform.write(user, channel, None, text, more)
    }

    /// In the server's channel or a thread, mentioning the bot or not. Without the Message Content intent the bot sees the words only if it
    /// is mentioned.
    pub fn customer_writes_in_server(&self, user: u64, channel: u64, text: &str) -> String {
        self.lock().write(user, channel, Some(SERVER), text, json!({}))
    }

    /// A reply to a message of the bot's, in the server.
    pub fn customer_replies(&self, user: u64, channel: u64, to: &str, text: &str, pings: bool) -> String {
        let mut platform = self.lock();
        let answered = platform.history.iter().find(|message| message["id"] == to).cloned().unwrap();
        let mentions = if pings { json!([bot()]) } else { json!([]) };
        let more = json!({
            "type": 19,
            "message_reference": { "type": 0, "message_id": to, "channel_id": channel.to_string() },
            "referenced_message": answered,
            "mentions": mentions,
        });
        platform.write(user, channel, Some(SERVER), text, more)
    }

    pub fn customer_edits(&self, id: &str, text: &str) {
        let mut platform = self.lock();
        let edited = time_text();
        let message = platform.history.iter_mut().find(|message| message["id"] == id).unwrap();
        message["content"] = json!(text);
        message["edited_timestamp"] = json!(edited);
        let message = message.clone();
        platform.emit("MESSAGE_UPDATE", message);
    }

    pub fn customer_deletes(&self, id: &str) {
        let mut platform = self.lock();
        let at = platform.history.iter().position(|message| message["id"] == id).unwrap();
        let message = platform.history.remove(at);
        let deleted = json!({ "id": id, "channel_id": message["channel_id"], "guild_id": message["guild_id"] });
        platform.emit("MESSAGE_DELETE", deleted);
    }

    /// `/ask`, in the server's channel or in the direct chat. The interaction's id.
    pub fn customer_asks(&self, user: u64, in_server: bool, text: &str) -> String {
        let mut platform = self.lock();
        let channel = if in_server { CHANNEL } else { platform.chat(user) };
        let command =
            platform.commands.iter().find(|command| command["name"] == "ask").expect("/ask is not registered");
        let option = command["options"][0]["name"].clone();
        let data = json!({
            "id": "1200000000000000001", "name": "ask", "type": 1,
            "options": [{ "name": option, "type": 3, "value": text }],
        });
        platform.interact(user, channel, in_server, 2, data, None)
    }

    /// Taps the button of a message on which this stands. The interaction's id.
    pub fn customer_taps(&self, user: u64, message: &str, label: &str) -> String {
        let mut platform = self.lock();
        let found = platform.history.iter().find(|found| found["id"] == message).cloned().unwrap();
        let button = found["components"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row["components"].as_array().unwrap())
            .find(|button| button["label"] == label)
            .unwrap_or_else(|| panic!("no button {label}: {found}"));
        let data = json!({ "custom_id": button["custom_id"], "component_type": 2 });
        let channel = found["channel_id"].as_str().unwrap().parse().unwrap();
        let in_server = !found["guild_id"].is_null();
        platform.interact(user, channel, in_server, 3, data, Some(found))
    }

    /// The customer takes no more direct messages of the bot.
    pub fn customer_blocks(&self, user: u64) {
        self.lock().blocked.push(user);
    }

    // What the bot did.

    pub fn replies(&self) -> Vec<Reply> {
        self.lock().replies.clone()
    }

    pub fn replies_to(&self, user: u64) -> Vec<Reply> {
        self.replies().into_iter().filter(|reply| reply.customer == Some(user)).collect()
    }

    /// Waits until the bot said so much to a customer.
    pub async fn reply(&self, user: u64, n: usize) -> Reply {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            if let Some(reply) = self.replies_to(user).into_iter().nth(n - 1) {
                return reply;
            }
            assert!(Instant::now() < deadline, "reply {n} did not come: {:#?}", self.replies());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// A message as it stands now.
    pub fn message(&self, id: &str) -> Value {
        self.lock().history.iter().find(|message| message["id"] == id).cloned().unwrap_or_default()
    }

    pub fn typed(&self) -> Vec<u64> {
        self.lock().typing.clone()
    }

    pub fn commands(&self) -> Vec<Value> {
        self.lock().commands.clone()
    }

    /// When sessions were begun.
    pub fn identified(&self) -> Vec<Instant> {
        self.lock().identified.clone()
    }

    pub fn resumed(&self) -> usize {
        self.lock().resumed
    }

    /// The codes with which the bot closed its connections.
    pub fn closed(&self) -> Vec<u16> {
        self.lock().closed.clone()
    }

    pub fn acknowledged(&self, interaction: &str) -> Option<u64> {
        let platform = self.lock();
        platform.interactions.values().find(|asked| asked.id.to_string() == interaction)?.acknowledged
    }

    /// Method and path of every request.
    pub fn requests(&self) -> Vec<(Instant, String)> {
        self.lock().requests.clone()
    }

    /// Waits until the bot has a session.
    pub async fn connected(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.lock().sessions.values().any(|session| session.connection.is_some()) {
            assert!(Instant::now() < deadline, "the bot did not connect");
            sleep(Duration::from_millis(20)).await;
        }
    }

    // What goes wrong.

    /// What the next requests that say something meet, one each.
    pub fn next(&self, troubles: &[Trouble]) {
        self.lock().troubles.extend(troubles);
    }

    pub fn next_history(&self, troubles: &[Trouble]) {
        self.lock().history_troubles.extend(troubles);
    }

    pub fn next_sessions(&self, troubles: &[SessionTrouble]) {
        self.lock().session_troubles.extend(troubles);
    }

    /// From now on this share of requests and events goes wrong at random.
    pub fn misbehave(&self, rate: f64, seed: u64) {
        let mut platform = self.lock();
        (platform.rate, platform.random) = (rate, seed | 1);
    }

    /// The connection drops without a word; the session may be resumed.
    pub fn drop_connection(&self) {
        for session in self.lock().sessions.values_mut() {
            session.connection = None;
        }
    }

    /// The connection drops and the session is forgotten: nothing of the time in between is repeated.
    pub fn forget_sessions(&self) {
        self.lock().sessions.clear();
    }

    /// The time of all commands and buttons is over.
    pub fn forget_interactions(&self) {
        self.lock().interactions.clear();
    }

    /// Asks for a reconnect (7), or says that the session is invalid (9).
    pub fn ask_to_reconnect(&self) {
        self.lock().tell(&json!({ "op": 7, "d": null }));
    }

    pub fn invalidate_session(&self) {
        let mut platform = self.lock();
        platform.tell(&json!({ "op": 9, "d": false }));
        for session in platform.sessions.values_mut() {
            session.sent.clear();
        }
        let live: Vec<_> = platform.sessions.drain().collect();
        // The connection stays until the bot leaves it.
        platform.sessions.extend(live.into_iter().map(|(name, session)| (format!("{name}-invalid"), session)));
    }

    /// An event of a kind that nobody knows, one that cannot be read, and one without meaning to us.
    pub fn emit_nonsense(&self) {
        let mut platform = self.lock();
        platform.emit("SOMETHING_NEW", json!({ "id": "1", "what": [1, 2, { "x": null }] }));
        platform.emit("MESSAGE_CREATE", json!({ "id": "not a number", "content": "unreadable" }));
        platform.emit("TYPING_START", json!({ "channel_id": "1", "user_id": "2", "timestamp": 1 }));
        platform.tell(&json!({ "op": 99, "d": {} }));
    }

    /// An event twice.
    pub fn repeat(&self, id: &str) {
        let mut platform = self.lock();
        let message = platform.history.iter().find(|message| message["id"] == id).cloned().unwrap();
        platform.emit("MESSAGE_CREATE", message);
    }

    /// Another token is the right one from now on.
    pub fn change_token(&self, token: &str) {
        token.clone_into(&mut self.lock().token);
    }

    pub fn sessions_left(&self, left: u64) {
        self.lock().sessions_left = left;
    }
}

impl Platform {
    /// An id of this moment, as Discord makes them.
    fn id(&mut self) -> u64 {
        let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        self.last_id = (self.last_id + 1).max((now - 1_420_070_400_000) << 22);
        self.last_id
    }

    fn chat(&mut self, user: u64) -> u64 {
        if let Some(chat) = self.chats.get(&user) {
            return *chat;
        }
        let chat = self.id();
        self.chats.insert(user, chat);
        chat
    }

    fn write(&mut self, user: u64, channel: u64, server: Option<u64>, text: &str, more: Value) -> String {
        let id = self.id().to_string();
        let mut message = message(&id, channel, customer(user), text);
        let mentioned = text.contains(&format!("<@{BOT}>"));
        message["mentions"] = if mentioned { json!([bot()]) } else { json!([]) };
        if let Some(server) = server {
            message["guild_id"] = json!(server.to_string());
            message["member"] = member();
        }
        merge(&mut message, more);
        let named = message["mentions"].as_array().is_some_and(|mentions| !mentions.is_empty());
        if server.is_some() && !named && !self.words {
            // What the intent Message Content would show.
            message["content"] = json!("");
            message["attachments"] = json!([]);
        }
        self.history.push(message.clone());
        self.emit("MESSAGE_CREATE", message);
        id
    }

    fn interact(
        &mut self,
        user: u64,
        channel: u64,
        in_server: bool,
        kind: u8,
        data: Value,
        on: Option<Value>,
    ) -> String {
        let id = self.id();
        let token = format!("aW50ZXJhY3Rpb246{id}-{:x}", self.number());
        let asked = Asked {
            id,
            user,
            channel,
            server: in_server,
            made: Instant::now(),
            acknowledged: None,
            thinking: None,
            message: on.as_ref().and_then(|message| message["id"].as_str()?.parse().ok()),
        };
        self.interactions.insert(token.clone(), asked);
        let mut interaction = json!({
            "version": 1, "type": kind, "id": id.to_string(), "application_id": BOT.to_string(), "token": token,
            "channel_id": channel.to_string(), "locale": "en-US", "data": data, "entitlements": [],
            "app_permissions": "442368", "attachment_size_limit": 10_485_760,
            "authorizing_integration_owners": {},
            "context": if in_server { 0 } else { 1 },
            "channel": { "id": channel.to_string(), "type": if in_server { 0 } else { 1 } },
        });
        if in_server {
            let mut member = member();
            member["user"] = customer(user);
            member["permissions"] = json!("442368");
            merge(
                &mut interaction,
                json!({ "guild_id": SERVER.to_string(), "guild_locale": "en-US", "member": member }),
            );
        } else {
            interaction["user"] = customer(user);
        }
        if let Some(mut message) = on {
            message.as_object_mut().unwrap().remove("guild_id");
            interaction["message"] = message;
        }
        self.emit("INTERACTION_CREATE", interaction);
        id.to_string()
    }

    /// An event for all sessions, those included whose connection is away for now.
    fn emit(&mut self, kind: &str, data: Value) {
        let twice = self.goes_wrong() && self.number().is_multiple_of(2);
        let late = self.goes_wrong() && self.number().is_multiple_of(3);
        let drops = self.goes_wrong() && self.number().is_multiple_of(10);
        for session in self.sessions.values_mut() {
            for _ in 0..=usize::from(twice) {
                session.sequence += 1;
                let event = json!({ "op": 0, "t": kind, "s": session.sequence, "d": data.clone() });
                session.sent.push(event.clone());
                let Some(connection) = &session.connection else { continue };
                let frame = Frame::Text(event.to_string());
                if late {
                    let connection = connection.clone();
                    tokio::spawn(async move {
                        sleep(Duration::from_millis(8)).await;
                        let _ = connection.send(frame);
                    });
                } else {
                    let _ = connection.send(frame);
                }
            }
            if drops {
                session.connection = None;
            }
        }
        if drops && self.number().is_multiple_of(3) {
            self.sessions.clear();
        }
    }

    fn tell(&mut self, payload: &Value) {
        for session in self.sessions.values() {
            if let Some(connection) = &session.connection {
                let _ = connection.send(Frame::Text(payload.to_string()));
            }
        }
    }

    fn number(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random >> 3
    }

    fn goes_wrong(&mut self) -> bool {
        self.rate > 0.0 && (self.number() % 1_000_000) as f64 / 1_000_000.0 < self.rate
    }

    fn trouble(&mut self) -> Option<Trouble> {
        if let Some(trouble) = self.troubles.pop_front() {
            return Some(trouble);
        }
        if !self.goes_wrong() {
            return None;
        }
        Some(match self.number() % 10 {
            0 | 1 => Trouble::Limited { millis: 300, everywhere: false },
            2 => Trouble::Limited { millis: 200, everywhere: true },
            3 => Trouble::LimitedHtml,
            4 => Trouble::Html(503),
            5 => Trouble::Html(500),
            6 => Trouble::DoneThen502,
            7 => Trouble::DoneThenDropped,
            8 => Trouble::Dropped,
            _ => Trouble::DoneThenGibberish,
        })
    }

    /// The limit of a channel: 5 messages in 5 s. What is left, and how long until there is more.
    fn room(&mut self, channel: u64) -> (usize, Duration) {
        let lately = self.lately.entry(channel).or_default();
        while lately.front().is_some_and(|at| at.elapsed() > Duration::from_secs(5)) {
            lately.pop_front();
        }
        let until = lately.front().map_or(Duration::ZERO, |at| Duration::from_secs(5).saturating_sub(at.elapsed()));
        (5_usize.saturating_sub(lately.len()), until)
    }

    /// Takes a message of the bot's in. `Err` as Discord refuses it.
    fn accept(
        &mut self,
        request: &Value,
        channel: u64,
        asked: Option<(u64, u64, bool)>,
        replaces: Option<u64>,
    ) -> Result<Value, Response> {
        let text = request["content"].as_str().unwrap_or_default();
        if text.chars().count() > 2000 {
            return Err(refusal(400, 50035, "Invalid Form Body"));
        }
        if text.trim().is_empty() {
            return Err(refusal(400, 50006, "Cannot send an empty message"));
        }
        let rows = request["components"].as_array().cloned().unwrap_or_default();
        let buttons: Vec<(String, String)> = rows
            .iter()
            .flat_map(|row| row["components"].as_array().cloned().unwrap_or_default())
            .map(|button| {
                let field = |name: &str| button[name].as_str().unwrap_or_default().to_owned();
                (field("label"), field("custom_id"))
            })
            .collect();
        let mut ids: Vec<_> = buttons.iter().map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        let bad_row = rows.iter().any(|row| {
            let count = row["components"].as_array().map_or(0, Vec::len);
            row["type"] != 1 || count == 0 || count > 5
        });
        let bad_button = buttons.iter().any(|(label, id)| {
            label.is_empty() || label.chars().count() > 80 || id.is_empty() || id.chars().count() > 100
        });
        if rows.len() > 5 || bad_row || bad_button || ids.len() != buttons.len() {
            return Err(refusal(400, 50035, "Invalid Form Body"));
        }
        let reference = &request["message_reference"];
        let answered = reference["message_id"].as_str().map(ToOwned::to_owned);
        let found = answered.as_ref().and_then(|id| self.history.iter().find(|message| message["id"] == **id).cloned());
        if answered.is_some() && found.is_none() && reference["fail_if_not_exists"] != false {
            return Err(refusal(400, 50035, "Invalid Form Body"));
        }
        let nonce = request["nonce"].as_str().map(ToOwned::to_owned);
        if let Some(nonce) = &nonce {
            if nonce.len() > 25 {
                return Err(refusal(400, 50035, "Invalid Form Body"));
            }
            if request["enforce_nonce"] == true
                && let Some(known) = self.nonces.get(nonce)
            {
                return Ok(known.clone());
            }
        }
        let id = replaces.unwrap_or_else(|| self.id()).to_string();
        let mut message = message(&id, channel, bot(), text);
        message["components"] = json!(rows);
        message["mentions"] = json!([]);
        let private = self.chats.values().any(|chat| *chat == channel);
        if !private {
            message["guild_id"] = json!(SERVER.to_string());
        }
        let ephemeral = asked.is_some_and(|(_, _, ephemeral)| ephemeral);
        if ephemeral {
            message["flags"] = json!(64);
        }
        if let Some(found) = &found {
            message["type"] = json!(19);
            message["message_reference"] =
                json!({ "type": 0, "message_id": found["id"], "channel_id": channel.to_string() });
            message["referenced_message"] = found.clone();
        }
        let in_chat = self.chats.iter().find(|(_, chat)| **chat == channel).map(|(user, _)| *user);
        let author = found.as_ref().and_then(|found| found["author"]["id"].as_str()?.parse().ok());
        self.replies.push(Reply {
            id: id.clone(),
            channel,
            customer: asked.map(|(_, user, _)| user).or(in_chat).or(author),
            text: text.to_owned(),
            in_reply_to: asked.map(|(id, _, _)| id.to_string()).or(answered),
            ephemeral,
            buttons,
            request: request.clone(),
            at: Instant::now(),
        });
        self.history.push(message.clone());
        if let Some(nonce) = nonce {
            self.nonces.insert(nonce, message.clone());
        }
        if !ephemeral {
            let mut event = message.clone();
            if private {
                event.as_object_mut().unwrap().remove("guild_id");
            }
            self.emit("MESSAGE_CREATE", event);
        }
        Ok(message)
    }
}

// The HTTP interface.

async fn authorize(
    State(fake): State<Fake>,
    headers: HeaderMap,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let token = {
        let mut platform = fake.lock();
        platform.requests.push((Instant::now(), format!("{} {path}", request.method())));
        platform.token.clone()
    };
    let known = headers.get(header::AUTHORIZATION).is_some_and(|value| *value == *format!("Bot {token}"));
    // These carry their own token, and the gateway's address is no secret.
    let open = path.ends_with("/gateway") || path.contains("/webhooks/") || path.contains("/interactions/");
    if known || open { next.run(request).await } else { refusal(401, 0, "401: Unauthorized") }
}

async fn gateway(State(fake): State<Fake>) -> Json<Value> {
    Json(json!({ "url": fake.lock().gateway }))
}

async fn gateway_bot(State(fake): State<Fake>) -> Json<Value> {
    let platform = fake.lock();
    let limit =
        json!({ "total": 1000, "remaining": platform.sessions_left, "reset_after": 14_400_000, "max_concurrency": 1 });
    Json(json!({ "url": platform.gateway, "shards": 1, "session_start_limit": limit }))
}

async fn me() -> Json<Value> {
    Json(bot())
}

async fn application(State(fake): State<Fake>) -> Json<Value> {
    let flags = if fake.lock().words { 1 << 19 } else { 0 };
    Json(json!({ "id": BOT.to_string(), "name": "Harborlight", "approximate_guild_count": 1, "flags": flags }))
}

async fn open_chat(State(fake): State<Fake>, Json(request): Json<Value>) -> Response {
    let user: u64 = request["recipient_id"].as_str().and_then(|id| id.parse().ok()).unwrap();
    let chat = fake.lock().chat(user);
    Json(json!({ "id": chat.to_string(), "type": 1, "recipients": [customer(user)] })).into_response()
}

async fn commands(State(fake): State<Fake>) -> Json<Value> {
    Json(json!(fake.lock().commands))
}

async fn add_command(State(fake): State<Fake>, Json(mut command): Json<Value>) -> Response {
    let mut platform = fake.lock();
    platform.commands.retain(|known| known["name"] != command["name"]);
    command["id"] = json!(platform.id().to_string());
    platform.commands.push(command.clone());
    (StatusCode::CREATED, Json(command)).into_response()
}

async fn set_commands(State(fake): State<Fake>, Json(commands): Json<Vec<Value>>) -> Json<Value> {
    fake.lock().commands.clone_from(&commands);
    Json(json!(commands))
}

async fn typing(State(fake): State<Fake>, Path(channel): Path<u64>) -> StatusCode {
    fake.lock().typing.push(channel);
    StatusCode::NO_CONTENT
}

async fn history(
    State(fake): State<Fake>,
    Path(channel): Path<u64>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let trouble = {
        let mut platform = fake.lock();
        let scripted = platform.history_troubles.pop_front();
        let random = platform.goes_wrong().then_some(Trouble::Html(503));
        scripted.or(random)
    };
    if let Some(trouble) = trouble {
        return met(trouble, Value::Null).await;
    }
    let after: u64 = query.get("after").and_then(|after| after.parse().ok()).unwrap_or(0);
    let limit: usize = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let platform = fake.lock();
    let mut found: Vec<Value> = platform
        .history
        .iter()
        .filter(|message| message["channel_id"] == channel.to_string() && number_of(&message["id"]) > after)
        .take(limit)
        .cloned()
        .collect();
    // The newest first, and without what only events carry.
    found.reverse();
    for message in &mut found {
        message.as_object_mut().unwrap().remove("guild_id");
        message.as_object_mut().unwrap().remove("member");
    }
    Json(json!(found)).into_response()
}

async fn say(State(fake): State<Fake>, Path(channel): Path<u64>, Json(request): Json<Value>) -> Response {
    let (trouble, done) = {
        let mut platform = fake.lock();
        let blocked = platform.chats.iter().any(|(user, chat)| *chat == channel && platform.blocked.contains(user));
        if blocked {
            return refusal(403, 50007, "Cannot send messages to this user");
        }
        if let Some(thread) = platform.threads.iter_mut().find(|thread| thread.id == channel) {
            thread.archived = false;
        }
        let known = channel == CHANNEL
            || platform.threads.iter().any(|thread| thread.id == channel)
            || platform.chats.values().any(|chat| *chat == channel)
            || platform.history.iter().any(|message| message["channel_id"] == channel.to_string());
        if !known {
            return refusal(404, 10003, "Unknown Channel");
        }
        let (room, until) = platform.room(channel);
        if room == 0 {
            return limited(until, false);
        }
        let trouble = platform.trouble();
        if trouble.is_none_or(Trouble::is_done) {
            let done = platform.accept(&request, channel, None, None);
            platform.lately.entry(channel).or_default().push_back(Instant::now());
            (trouble, Some((done, room - 1, until)))
        } else {
            (trouble, None)
        }
    };
    match (trouble, done) {
        (None, Some((Ok(message), left, until))) => {
            let mut response = Json(message).into_response();
            let headers = response.headers_mut();
            headers.insert("x-ratelimit-limit", 5.into());
            headers.insert("x-ratelimit-remaining", left.into());
            headers.insert("x-ratelimit-reset-after", format!("{:.3}", until.as_secs_f64()).parse().unwrap());
            response
        }
        (_, Some((Err(refused), ..))) => refused,
        (Some(trouble), Some((Ok(message), ..))) => met(trouble, message).await,
        (Some(trouble), None) => met(trouble, Value::Null).await,
        (None, None) => unreachable!(),
    }
}

async fn acknowledge(
    State(fake): State<Fake>,
    Path((id, token)): Path<(u64, String)>,
    Json(request): Json<Value>,
) -> Response {
    let mut platform = fake.lock();
    let Some(asked) = platform.interactions.get_mut(&token).filter(|asked| asked.id == id) else {
        return refusal(404, 10062, "Unknown interaction");
    };
    if asked.made.elapsed() > Duration::from_secs(3) {
        return refusal(404, 10062, "Unknown interaction");
    }
    if asked.acknowledged.is_some() {
        return refusal(400, 40060, "Interaction has already been acknowledged.");
    }
    let kind = request["type"].as_u64().unwrap();
    asked.acknowledged = Some(kind);
    if kind == 5 {
        asked.thinking = Some(request["data"]["flags"].as_u64().unwrap_or(0) & 64 != 0);
    }
    let message = asked.message;
    if kind == 7
        && let Some(message) = message
        && let Some(found) = platform.history.iter_mut().find(|found| found["id"] == message.to_string())
        && !request["data"]["components"].is_null()
    {
        found["components"] = request["data"]["components"].clone();
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn follow_up(
    State(fake): State<Fake>,
    Path((_, token)): Path<(u64, String)>,
    Json(request): Json<Value>,
) -> Response {
    answer_interaction(&fake, &token, &request, false).await
}

async fn edit_original(
    State(fake): State<Fake>,
    Path((_, token)): Path<(u64, String)>,
    Json(request): Json<Value>,
) -> Response {
    answer_interaction(&fake, &token, &request, true).await
}

async fn answer_interaction(fake: &Fake, token: &str, request: &Value, edits: bool) -> Response {
    let (trouble, done) = {
        let mut platform = fake.lock();
        let unknown = || refusal(404, 10015, "Unknown Webhook");
        let Some(asked) = platform.interactions.get(token) else { return unknown() };
        if asked.acknowledged.is_none() || asked.made.elapsed() > Duration::from_mins(15) {
            return unknown();
        }
        let flagged = request["flags"].as_u64().unwrap_or(0) & 64 != 0;
        // The first answer takes the place of "is thinking", and is seen by whom that was.
        let ephemeral = asked.thinking.unwrap_or(flagged);
        let (id, user, channel) = (asked.id, asked.user, asked.channel);
        if edits && asked.thinking.is_none() && asked.message.is_none() {
            // An answer that is there already is overwritten: to its customer the earlier one is lost.
            platform.replies.retain(|reply| reply.in_reply_to.as_deref() != Some(&id.to_string()));
        }
        let trouble = platform.trouble();
        if trouble.is_none_or(Trouble::is_done) {
            let done = platform.accept(request, channel, Some((id, user, ephemeral)), None);
            if done.is_ok() {
                platform.interactions.get_mut(token).unwrap().thinking = None;
            }
            (trouble, Some(done))
        } else {
            (trouble, None)
        }
    };
    match (trouble, done) {
        (None, Some(Ok(message))) => Json(message).into_response(),
        (_, Some(Err(refused))) => refused,
        (Some(trouble), Some(Ok(message))) => met(trouble, message).await,
        (Some(trouble), None) => met(trouble, Value::Null).await,
        (None, None) => unreachable!(),
    }
}

impl Trouble {
    /// The request is carried out all the same.
    fn is_done(self) -> bool {
        matches!(self, Self::DoneThen502 | Self::DoneThenDropped | Self::DoneThenGibberish)
    }
}

async fn met(trouble: Trouble, message: Value) -> Response {
    match trouble {
        Trouble::Limited { millis, everywhere } => limited(Duration::from_millis(millis), everywhere),
        Trouble::LimitedHtml => html(429),
        Trouble::Html(status) => html(status),
        Trouble::Refused(status, code) => refusal(status, code, "refused"),
        Trouble::DoneThen502 => html(502),
        Trouble::DoneThenGibberish => {
            // JSON, but no message as a client knows it.
            Json(json!({ "id": message["id"], "type": "new", "author": 7 })).into_response()
        }
        Trouble::Hangs => {
            sleep(Duration::from_secs(30)).await;
            html(504)
        }
        // Ends the connection without an answer, and without a panic's noise.
        Trouble::Dropped | Trouble::DoneThenDropped => std::panic::resume_unwind(Box::new("dropped")),
    }
}

fn limited(after: Duration, everywhere: bool) -> Response {
    let seconds = after.as_secs_f64();
    let body = json!({ "message": "You are being rate limited.", "retry_after": seconds, "global": everywhere });
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    response.headers_mut().insert("retry-after", (seconds.ceil() as u64).into());
    if everywhere {
        response.headers_mut().insert("x-ratelimit-global", "true".parse().unwrap());
    }
    response
}

fn html(status: u16) -> Response {
    let body = "<!DOCTYPE html><html><head><title>discord.com</title></head><body>cloudflare</body></html>";
    Response::builder().status(status).header(header::CONTENT_TYPE, "text/html").body(Body::from(body)).unwrap()
}

fn refusal(status: u16, code: i64, message: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(json!({ "message": message, "code": code }))).into_response()
}

// The gateway.

async fn connection(fake: Fake, stream: TcpStream) {
    let address: Option<SocketAddr> = stream.peer_addr().ok();
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let trouble = {
        let mut platform = fake.lock();
        let scripted = platform.session_troubles.pop_front();
        let random = (platform.goes_wrong() && platform.number().is_multiple_of(4)).then_some(SessionTrouble::Invalid);
        scripted.or(random)
    };
    if trouble == Some(SessionTrouble::Silent) {
        while let Some(Ok(_)) = socket.next().await {}
        return;
    }
    let hello = json!({ "op": 10, "d": { "heartbeat_interval": 4000, "_trace": [address.map(|it| it.to_string())] } });
    if socket.send(Frame::Text(hello.to_string())).await.is_err() {
        return;
    }
    let (sender, mut outgoing) = unbounded_channel::<Frame>();
    let mut mine: Option<String> = None;
    // The platform's own hold on the sender is the session's; when that goes, this ends.
    let mut sender = Some(sender);
    loop {
        tokio::select! {
            frame = outgoing.recv() => {
                let Some(frame) = frame else { return };
                if socket.send(frame).await.is_err() { break }
            }
            frame = socket.next() => {
                let payload: Value = match frame {
                    Some(Ok(Frame::Text(text))) => serde_json::from_str(&text).unwrap(),
                    Some(Ok(Frame::Close(close))) => {
                        let code = close.map_or(1005, |close| close.code.into());
                        let mut platform = fake.lock();
                        platform.closed.push(code);
                        // Who leaves with these ends the session.
                        if let (1000 | 1001, Some(name)) = (code, &mine) {
                            platform.sessions.remove(name);
                        }
                        break;
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => break,
                };
                let reply = match payload["op"].as_u64() {
                    Some(1) => Some(vec![json!({ "op": 11 })]),
                    Some(2) => {
                        if let Some(SessionTrouble::Closed(code)) = trouble {
                            fake.lock().identified.push(Instant::now());
                            close(&mut socket, code).await;
                            return;
                        }
                        match fake.lock().identify(&payload["d"], &mut sender, trouble) {
                            Ok((name, events)) => { mine = Some(name); Some(events) }
                            Err(0) => Some(vec![json!({ "op": 9, "d": false })]),
                            Err(code) => { mine = Some(format!("close {code}")); None }
                        }
                    }
                    Some(6) => Some(match fake.lock().resume(&payload["d"], &mut sender, trouble) {
                        Some(events) => { mine = payload["d"]["session_id"].as_str().map(ToOwned::to_owned); events }
                        None => vec![json!({ "op": 9, "d": false })],
                    }),
                    _ => Some(Vec::new()),
                };
                let Some(payloads) = reply else {
                    let code = mine.as_deref().and_then(|mine| mine.strip_prefix("close ")?.parse().ok()).unwrap_or(4000);
                    close(&mut socket, code).await;
                    return;
                };
                for payload in payloads {
                    if socket.send(Frame::Text(payload.to_string())).await.is_err() { return }
                }
            }
        }
    }
    drop(outgoing);
    // It may have been resumed on another connection in the meantime.
    if let Some(name) = mine
        && let Some(session) = fake.lock().sessions.get_mut(&name)
        && session.connection.as_ref().is_some_and(UnboundedSender::is_closed)
    {
        session.connection = None;
    }
}

async fn close(socket: &mut tokio_tungstenite::WebSocketStream<TcpStream>, code: u16) {
    let _ = socket.close(Some(CloseFrame { code: CloseCode::from(code), reason: "".into() })).await;
    while let Some(Ok(_)) = socket.next().await {}
}

impl Platform {
    /// Begins a session. `Err`: the code to close with, or 0 for an invalid session.
    fn identify(
        &mut self,
        data: &Value,
        sender: &mut Option<UnboundedSender<Frame>>,
        trouble: Option<SessionTrouble>,
    ) -> Result<(String, Vec<Value>), u16> {
        self.identified.push(Instant::now());
        self.sessions_left = self.sessions_left.saturating_sub(1);
        let token = data["token"].as_str().unwrap_or_default();
        if token != self.token && token != format!("Bot {}", self.token) {
            return Err(4004);
        }
        // Members, presences and message content must be granted first.
        let privileged = (1 << 1) | (1 << 8) | if self.words { 0 } else { 1 << 15 };
        if data["intents"].as_u64().unwrap_or(u64::MAX) & privileged != 0 {
            return Err(4014);
        }
        if trouble == Some(SessionTrouble::Invalid) {
            return Err(0);
        }
        let name = format!("{:016x}{:016x}", self.number(), self.number());
        let ready = json!({
            "v": 10, "user": bot(), "guilds": [{ "id": SERVER.to_string(), "unavailable": true }],
            "session_id": name, "resume_gateway_url": self.gateway, "session_type": "normal", "private_channels": [],
            "shard": [0, 1], "application": { "id": BOT.to_string(), "flags": 0 },
        });
        let mut session = Session { connection: sender.take(), ..Session::default() };
        for (kind, data) in [("READY", ready), ("GUILD_CREATE", server())] {
            session.sequence += 1;
            session.sent.push(json!({ "op": 0, "t": kind, "s": session.sequence, "d": data }));
        }
        let events = session.sent.clone();
        self.sessions.insert(name.clone(), session);
        Ok((name, events))
    }

    /// Goes on with a session: what was missed is repeated.
    fn resume(
        &mut self,
        data: &Value,
        sender: &mut Option<UnboundedSender<Frame>>,
        trouble: Option<SessionTrouble>,
    ) -> Option<Vec<Value>> {
        let name = data["session_id"].as_str()?;
        if trouble == Some(SessionTrouble::Invalid) {
            self.sessions.remove(name);
        }
        let session = self.sessions.get_mut(name)?;
        let seen = data["seq"].as_u64()?;
        session.connection = sender.take();
        let mut events: Vec<_> =
            session.sent.iter().filter(|event| event["s"].as_u64().is_some_and(|s| s > seen)).cloned().collect();
        session.sequence += 1;
        events.push(json!({ "op": 0, "t": "RESUMED", "s": session.sequence, "d": { "_trace": [] } }));
        self.resumed += 1;
        Some(events)
    }
}

// What Discord's objects look like.

pub fn bot() -> Value {
    json!({
        "id": BOT.to_string(), "username": "Harborlight", "discriminator": "4711", "global_name": null, "avatar": null,
        "bot": true, "verified": true, "mfa_enabled": false, "email": null, "flags": 0, "public_flags": 0,
    })
}

pub fn customer(user: u64) -> Value {
    json!({
        "id": user.to_string(), "username": format!("customer{user}"), "discriminator": "0",
        "global_name": "Ada 🌊", "avatar": null, "public_flags": 0, "primary_guild": null,
    })
}

fn member() -> Value {
    json!({
        "roles": [], "nick": null, "avatar": null, "joined_at": "2024-05-01T12:00:00.000000+00:00", "deaf": false,
        "mute": false, "flags": 0, "pending": false, "premium_since": null, "communication_disabled_until": null,
    })
}

fn message(id: &str, channel: u64, author: Value, text: &str) -> Value {
    json!({
        "id": id, "channel_id": channel.to_string(), "author": author, "content": text, "timestamp": time_text(),
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [], "pinned": false, "type": 0, "flags": 0, "components": [],
    })
}

fn server() -> Value {
    json!({
        "id": SERVER.to_string(), "name": "Harborlight", "icon": null, "splash": null, "discovery_splash": null,
        "owner_id": "80351110224678912", "afk_channel_id": null, "afk_timeout": 300, "verification_level": 1,
        "default_message_notifications": 0, "explicit_content_filter": 0, "roles": [], "emojis": [], "features": [],
        "mfa_level": 0, "application_id": null, "system_channel_id": null, "system_channel_flags": 0,
        "rules_channel_id": null, "vanity_url_code": null, "description": null, "banner": null, "premium_tier": 0,
        "premium_subscription_count": 0, "preferred_locale": "en-US", "public_updates_channel_id": null,
        "nsfw_level": 0, "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null, "stickers": [],
        "joined_at": "2024-05-01T12:00:00.000000+00:00", "large": false, "member_count": 3, "voice_states": [],
        "members": [], "channels": [], "threads": [], "presences": [], "stage_instances": [],
        "guild_scheduled_events": [], "soundboard_sounds": [],
    })
}

fn time_text() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

fn number_of(id: &Value) -> u64 {
    id.as_str().and_then(|id| id.parse().ok()).unwrap_or(0)
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}
