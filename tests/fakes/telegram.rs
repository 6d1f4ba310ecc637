//! Telegram's Bot API on 127.0.0.1, by the platform's rules and not by our adapter's habits: it keeps updates until they are acknowledged,
//! refuses what the platform refuses, and misbehaves as told. Its state outlives restarts of the service.

mod forum;
mod html;
mod misbehaviour;
mod platform;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::body::Body;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::Notify,
    time::{Instant as Moment, sleep, sleep_until},
};

pub use forum::Topic;
pub use misbehaviour::Fault;
use misbehaviour::{Broken, Random, half, page};
use platform::{Answer, Refusal, State, Webhook, bot, now, refuse, user};

/// The token of the bot.
pub const TOKEN: &str = "900123:FAKE-token_0123456789abcdefghijklmno";
/// Its id and name.
pub const BOT: i64 = 900_123;
pub const BOT_NAME: &str = "HarborlightBot";

/// The platform. Clones are the same platform.
#[derive(Clone)]
pub struct Fake(Arc<Inner>);

struct Inner {
    url: String,
    state: Mutex<State>,
    changed: Notify,
}

/// A message that the platform accepted from the bot.
#[derive(Debug, Clone)]
#[allow(clippy::struct_field_names, reason = "the platform's names")]
pub struct Reply {
    pub chat: i64,
    pub topic: Option<i64>,
    pub message_id: i64,
    /// What the customer sees.
    pub text: String,
    /// What the bot sent.
    pub html: String,
    pub reply_to: Option<i64>,
    /// Label and data of each button that is still there.
    pub buttons: Vec<(String, String)>,
}

/// A call of a method, whatever became of it.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub body: Value,
    pub at: Instant,
}

impl Fake {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    /// At a fixed address, for trying by hand.
    pub async fn start_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State { next_update: 700_000_000, token: TOKEN.to_owned(), ..State::default() };
        let fake = Self(Arc::new(Inner { url, state: Mutex::new(state), changed: Notify::new() }));
        let server = fake.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let fake = server.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| fake.clone().serve(request));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        fake
    }

    /// What `telegram.api_url` has to be.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    // What customers do.

    /// A customer writes to the bot in private. Gives the id of the message.
    pub fn customer_writes(&self, customer: i64, text: &str) -> i64 {
        self.customer_sends(customer, json!({ "text": text }))
    }

    /// A customer sends a message with these parts in private.
    pub fn customer_sends(&self, customer: i64, parts: Value) -> i64 {
        self.posts(customer, customer, parts)
    }

    /// Somebody writes in a group with these parts.
    pub fn member_sends(&self, group: i64, member: i64, parts: Value) -> i64 {
        self.posts(group, member, parts)
    }

    /// Who wrote a message.
    pub fn author(&self, chat: i64, message: i64) -> Option<i64> {
        self.state().chat(chat).messages.get(&message)?["from"]["id"].as_i64()
    }

    /// Somebody mentions the bot in a group.
    pub fn member_mentions(&self, group: i64, member: i64, text: &str) -> i64 {
        let entity = json!({ "type": "mention", "offset": 0, "length": BOT_NAME.len() + 1 });
        self.posts(group, member, json!({ "text": format!("@{BOT_NAME} {text}"), "entities": [entity] }))
    }

    fn posts(&self, chat: i64, author: i64, parts: Value) -> i64 {
        let mut state = self.state();
        let mut message = state.chat(chat).message(user(author), parts);
        if let Some(quoted) = message["reply_to_message"].as_i64() {
            message["reply_to_message"] = state.chat(chat).messages[&quoted].clone();
        }
        let id = message["message_id"].as_i64().unwrap();
        state.chat(chat).messages.insert(id, message.clone());
        if chat == author {
            state.chat(chat).closed = None;
        }
        state.update("message", message);
        drop(state);
        self.0.changed.notify_waiters();
        id
    }

    /// A customer changes what they wrote in private.
    pub fn customer_edits(&self, customer: i64, message_id: i64, text: &str) {
        self.edits(customer, message_id, text);
    }

    /// Somebody puts a sign on a message of a person, which the platform tells as an edit.
    pub fn reacts(&self, chat: i64, message_id: i64) {
        let text = self.state().chat(chat).messages[&message_id]["text"].as_str().unwrap().to_owned();
        self.edits(chat, message_id, &text);
    }

    fn edits(&self, chat: i64, message_id: i64, text: &str) {
        let mut state = self.state();
        let mut message = state.chat(chat).messages[&message_id].clone();
        message["text"] = text.into();
        message["edit_date"] = now().into();
        state.chat(chat).messages.insert(message_id, message.clone());
        state.update("edited_message", message);
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// Somebody taps the button with this label below a message of the bot. Gives the id of the query.
    pub fn taps(&self, member: i64, reply: &Reply, label: &str) -> String {
        let (_, data) = reply.buttons.iter().find(|(text, _)| text == label).expect("there is such a button").clone();
        let mut state = self.state();
        let message = state.chat(reply.chat).messages[&reply.message_id].clone();
        state.next_query += 1;
        let query = format!("48{:017}", state.next_query);
        state.open_queries.insert(query.clone());
        let tap = json!({ "id": query, "from": user(member), "message": message, "chat_instance": "-7", "data": data });
        state.update("callback_query", tap);
        drop(state);
        self.0.changed.notify_waiters();
        query
    }

    /// A customer blocks the bot.
    pub fn customer_blocks(&self, customer: i64) {
        let mut state = self.state();
        state.chat(customer).closed = Some("Forbidden: bot was blocked by the user");
        let chat = state.chat(customer).json.clone();
        let member = |status: &str| json!({ "user": bot(), "status": status, "until_date": 0 });
        let change = json!({
            "chat": chat, "from": user(customer), "date": now(),
            "old_chat_member": member("member"), "new_chat_member": member("kicked"),
        });
        state.update("my_chat_member", change);
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// A group becomes a supergroup; messages for the old one are refused with the new id.
    pub fn migrate(&self, group: i64, supergroup: i64) {
        let mut state = self.state();
        let (from, to) = (json!({ "migrate_to_chat_id": supergroup }), json!({ "migrate_from_chat_id": group }));
        for (chat, parts) in [(group, from), (supergroup, to)] {
            let message = state.chat(chat).message(user(7), parts);
            state.update("message", message);
        }
        state.chat(group).migrated_to = Some(supergroup);
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// Makes a forum topic.
    pub fn topic(&self, group: i64, topic: i64) {
        self.state().chat(group).topics.insert(topic);
    }

    /// Puts anything into the stream of updates; it gets its number here.
    pub fn update(&self, kind: &str, content: Value) {
        self.state().update(kind, content);
        self.0.changed.notify_waiters();
    }

    /// Puts a whole update into the stream as it is. The platform goes on from its number if that is one of the platform's, which have 31 bits.
    pub fn raw_update(&self, update: Value) {
        let mut state = self.state();
        if let Some(id) = update["update_id"].as_i64().filter(|id| *id < 1 << 31) {
            state.next_update = state.next_update.max(id + 1);
        }
        state.pending.push_back(update);
        drop(state);
        self.0.changed.notify_waiters();
    }

    // What the platform does.

    /// From now on it answers at once, whether or not anything happened.
    pub fn hurry(&self) {
        self.state().hurries = true;
    }

    /// The commands of the menu in a language, "" for most.
    pub fn menu(&self, language: &str) -> Vec<String> {
        self.state().menu.get(language).cloned().unwrap_or_default()
    }

    /// The bot's signs on a message.
    pub fn signs(&self, chat: i64, message: i64) -> Vec<String> {
        self.state().chat(chat).reactions.get(&message).cloned().unwrap_or_default()
    }

    /// The next call of this method goes wrong in this way; several are used up in turn.
    pub fn next(&self, method: &str, fault: Fault) {
        self.state().script.entry(method.to_lowercase()).or_default().push_back(fault);
    }

    /// From now on each call goes wrong with this probability, updates come twice or out of order, and kinds that nobody knows come along.
    /// A rate of 0 ends it.
    pub fn misbehave(&self, rate: f64, seed: u64) {
        self.state().random = (rate > 0.0).then_some((rate, Random(seed)));
    }

    /// From now on only this token is right.
    pub fn token(&self, token: &str) {
        token.clone_into(&mut self.state().token);
    }

    /// What was accepted from the bot, in order.
    pub fn replies(&self) -> Vec<Reply> {
        self.state().replies.clone()
    }

    /// What was accepted for one chat.
    pub fn replies_to(&self, chat: i64) -> Vec<Reply> {
        self.replies().into_iter().filter(|reply| reply.chat == chat).collect()
    }

    /// The calls of one method.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        self.state().calls.iter().filter(|call| call.method.eq_ignore_ascii_case(method)).cloned().collect()
    }

    /// How many updates are not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.state().pending.len()
    }

    /// Whether a tap was answered.
    pub fn tap_answered(&self, query: &str) -> bool {
        self.state().answered_queries.contains(query)
    }

    /// The address that the platform calls, and the secret that it sends along.
    pub fn webhook(&self) -> Option<(String, String)> {
        self.state().webhook.clone().map(|webhook| (webhook.url, webhook.secret.unwrap_or_default()))
    }

    /// Somebody else had set a webhook.
    pub fn set_webhook(&self, url: &str) {
        self.state().webhook = Some(Webhook { url: url.to_owned(), secret: None, allowed: None });
    }

    /// Makes a public address lead to a server here.
    pub fn resolve(&self, public: &str, local: &str) {
        self.state().public = Some((public.to_owned(), local.to_owned()));
    }

    /// Waits for the reply number `n` (from 1) to a chat.
    pub async fn reply(&self, chat: i64, n: usize) -> Reply {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let replies = self.replies_to(chat);
            if let Some(reply) = replies.get(n - 1) {
                return reply.clone();
            }
            assert!(Instant::now() < deadline, "reply {n} to {chat} did not come; so far {replies:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    // The server.

    async fn serve(self, request: Request<Incoming>) -> Result<Response<Body>, Broken> {
        let path = request.uri().path().to_owned();
        let is_json = request
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("application/json")));
        let Ok(body) = axum::body::to_bytes(Body::new(request.into_body()), usize::MAX).await else {
            return Err(Broken);
        };
        let mut parts = path.trim_start_matches('/').splitn(2, '/');
        let (Some(token), Some(method)) = (parts.next().and_then(|part| part.strip_prefix("bot")), parts.next()) else {
            return Ok(answer(Err(refuse(404, "Not Found"))));
        };
        let body = match (body.is_empty(), is_json) {
            (true, _) => json!({}),
            (false, true) => match serde_json::from_slice(&body) {
                Ok(body) => body,
                Err(_) => return Ok(answer(Err(refuse(400, "Bad Request: can't parse request JSON")))),
            },
            (false, false) => return Ok(answer(Err(refuse(400, "Bad Request: the fake reads JSON alone")))),
        };
        // As it is documented; the platform itself takes any spelling.
        if !method.starts_with(|char: char| char.is_ascii_lowercase()) {
            return Ok(answer(Err(refuse(404, "Not Found"))));
        }
        let method = method.to_lowercase();
        let fault = {
            let mut state = self.state();
            if token != state.token {
                let refusal = if token.contains(':') { refuse(401, "Unauthorized") } else { refuse(404, "Not Found") };
                return Ok(answer(Err(refusal)));
            }
            state.calls.push(Call { method: method.clone(), body: body.clone(), at: Instant::now() });
            let scripted = state.script.get_mut(&method).and_then(VecDeque::pop_front);
            scripted.or_else(|| {
                let (rate, random) = state.random.as_mut()?;
                random.happens(*rate).then(|| random.fault())
            })
        };
        match fault {
            None => Ok(answer(self.call(&method, &body).await)),
            Some(Fault::Refuse { code, description, retry_after }) => {
                let parameters = retry_after.map(|seconds| json!({ "retry_after": seconds }));
                Ok(answer(Err(Refusal { code, description: description.to_owned(), parameters })))
            }
            Some(Fault::Page(status)) => Ok(page(status)),
            Some(Fault::DonePage(status)) => {
                let _ = self.call(&method, &body).await;
                Ok(page(status))
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::DoneHang) => {
                let _ = self.call(&method, &body).await;
                std::future::pending().await
            }
            Some(Fault::Drop) => Err(Broken),
            Some(Fault::DoneDrop) => {
                let _ = self.call(&method, &body).await;
                Err(Broken)
            }
            Some(Fault::HalfAnswer) => Ok(half(answer(self.call(&method, &body).await)).await),
            Some(Fault::Slow(span)) => {
                sleep(span).await;
                Ok(answer(self.call(&method, &body).await))
            }
        }
    }

    async fn call(&self, method: &str, body: &Value) -> Answer {
        match method {
            "getupdates" => self.get_updates(body).await,
            "setwebhook" => self.take_webhook(body),
            _ => self.state().call(method, body),
        }
    }

    async fn get_updates(&self, body: &Value) -> Answer {
        let deadline = Moment::now() + Duration::from_secs(body["timeout"].as_u64().unwrap_or(0).min(50));
        let limit = body["limit"].as_u64().unwrap_or(100).clamp(1, 100) as usize;
        let mine = {
            let mut state = self.state();
            state.polls += 1;
            state.acknowledge(body["offset"].as_i64().unwrap_or(0));
            state.polls
        };
        self.0.changed.notify_waiters();
        loop {
            let changed = self.0.changed.notified();
            {
                let mut state = self.state();
                if state.webhook.is_some() {
                    return Err(refuse(
                        409,
                        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the \
                         webhook first",
                    ));
                }
                if state.polls != mine {
                    return Err(refuse(
                        409,
                        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                    ));
                }
                let batch = state.batch(limit, &body["allowed_updates"]);
                if !batch.is_empty() || state.hurries || Moment::now() >= deadline {
                    return Ok(Value::Array(batch));
                }
            }
            tokio::select! {
                () = changed => {}
                () = sleep_until(deadline) => {}
                () = sleep(Duration::from_millis(100)) => {}
            }
        }
    }

    fn take_webhook(&self, body: &Value) -> Answer {
        let url = body["url"].as_str().unwrap_or_default();
        let secret = body["secret_token"].as_str().map(str::to_owned);
        let allowed = |secret: &String| {
            secret.len() <= 256 && secret.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char))
        };
        if !url.starts_with("http") || !secret.as_ref().is_none_or(allowed) {
            return Err(refuse(400, "Bad Request: bad webhook"));
        }
        let webhook = Webhook { url: url.to_owned(), secret, allowed: body.get("allowed_updates").cloned() };
        let mut state = self.state();
        if body["drop_pending_updates"] == true {
            state.pending.clear();
        }
        if state.webhook.as_ref() != Some(&webhook) {
            state.webhook = Some(webhook.clone());
            tokio::spawn(self.clone().push(webhook));
        }
        Ok(json!(true))
    }

    /// Delivers updates to a webhook, one after the other and each until it is taken.
    async fn push(self, webhook: Webhook) {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        loop {
            let (next, twice, url) = {
                let mut state = self.state();
                if state.webhook.as_ref() != Some(&webhook) {
                    return;
                }
                let allowed = webhook.allowed.clone().unwrap_or(Value::Null);
                let twice = state.random.as_mut().is_some_and(|(rate, random)| random.happens(*rate));
                let url = match &state.public {
                    Some((public, local)) => webhook.url.replacen(public, local, 1),
                    None => webhook.url.clone(),
                };
                (state.batch(1, &allowed).pop(), twice, url)
            };
            let Some(update) = next else {
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            let call = || {
                let request = http.post(&url).json(&update);
                match &webhook.secret {
                    Some(secret) => request.header("X-Telegram-Bot-Api-Secret-Token", secret),
                    None => request,
                }
            };
            let answer = call().send().await;
            if twice {
                let _ = call().send().await;
            }
            let error = match answer {
                Ok(answer) if answer.status().is_success() => {
                    let mut state = self.state();
                    let id = update["update_id"].clone();
                    state.pending.retain(|pending| pending["update_id"] != id);
                    continue;
                }
                Ok(answer) => format!("Wrong response from the webhook: {}", answer.status()),
                Err(_) => "Connection refused".to_owned(),
            };
            self.state().last_error = Some((now(), error));
            sleep(Duration::from_millis(200)).await;
        }
    }
}

fn answer(answer: Answer) -> Response<Body> {
    let (status, body) = match answer {
        Ok(result) => (200, json!({ "ok": true, "result": result })),
        Err(refusal) => {
            let mut body = json!({ "ok": false, "error_code": refusal.code, "description": refusal.description });
            if let Some(parameters) = refusal.parameters {
                body["parameters"] = parameters;
            }
            (refusal.code, body)
        }
    };
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(body.to_string())).unwrap()
}
