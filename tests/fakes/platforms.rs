//! Every platform in the same clothes: for the suites that all channels pass.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, FutureExt as _, ready};
use serde_json::{Value, json};

use crate::{
    common::{self, Home, PATIENCE, Service},
    fakes::{discord, telegram, x},
};

/// A platform and its customers, who are counted from 0 and write where nobody else reads.
pub trait Platform: Send + Sync {
    /// Its channel's name.
    fn name(&self) -> &'static str;
    /// Its part of `evenkeel.toml`.
    fn settings(&self) -> String;
    /// What the binary's environment needs.
    fn environment(&self) -> Vec<(&'static str, String)>;
    /// The same with credentials that the platform does not know.
    fn wrong_environment(&self) -> Vec<(&'static str, String)>;
    /// A customer writes; returns when the platform has it.
    fn writes<'a>(&'a self, customer: u32, text: &'a str) -> BoxFuture<'a, ()>;
    /// What the customer was told, oldest first, as plain words as the platform shows it.
    fn heard(&self, customer: u32) -> BoxFuture<'_, Vec<String>>;
    /// A customer writes where all customers share one small budget, if the platform has such a place: a group, a server's channel, direct
    /// messages.
    fn writes_in_crowd<'a>(&'a self, customer: u32, text: &'a str) -> BoxFuture<'a, ()> {
        self.writes(customer, text)
    }
    /// What the customer was told there.
    fn heard_in_crowd(&self, customer: u32) -> BoxFuture<'_, Vec<String>> {
        self.heard(customer)
    }
    /// So many customers there that their answers take minutes.
    fn crowd(&self) -> u32 {
        20
    }
    /// From now on so many calls of a hundred go wrong, each in a way that the platform really goes wrong in.
    fn misbehave(&self, percent: u32, seed: u64);
    /// The service listens here now; returns when it hears what its customers write.
    fn serves<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()>;
}

/// All platforms.
pub async fn all() -> Vec<Box<dyn Platform>> {
    vec![
        Box::new(Web::default()),
        Box::new(telegram::Fake::start().await),
        Box::new(discord::Fake::start().await),
        Box::new(X::start().await),
    ]
}

/// The service with these platforms.
pub async fn start(home: &Home, platforms: &[Box<dyn Platform>]) -> Service {
    let service = start_with(home, platforms, |platform| platform.environment());
    futures::future::join_all(platforms.iter().map(|platform| platform.serves(&service.url))).await;
    service
}

/// The same with another environment, and without waiting until it hears.
pub fn start_with(
    home: &Home,
    platforms: &[Box<dyn Platform>],
    environment: impl Fn(&dyn Platform) -> Vec<(&'static str, String)>,
) -> Service {
    let sections: String = platforms.iter().map(|platform| platform.settings()).collect();
    home.settings(&format!("[policy]\nquiet_ms = 20\n{sections}"));
    let mut command = home.command();
    command.env("EVENKEEL_MODEL_FETCH", "false");
    command.envs(platforms.iter().flat_map(|platform| environment(platform.as_ref())));
    common::start(command, &[])
}

/// Waits until a customer was told something for the `n`th time (from 1), and gives it.
pub async fn reply(platform: &dyn Platform, customer: u32, n: usize) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let heard = platform.heard(customer).await;
        if let Some(text) = heard.get(n - 1) {
            return text.clone();
        }
        let name = platform.name();
        assert!(Instant::now() < deadline, "{name}: customer {customer} was not told anything for time {n}: {heard:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The web chat: its platform is our own server.
#[derive(Default)]
pub struct Web {
    url: Mutex<String>,
    keys: Mutex<HashMap<u32, String>>,
    sent: Mutex<u32>,
    http: reqwest::Client,
}

impl Web {
    fn url(&self) -> String {
        self.url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The customer's key; a new one if they were never here.
    async fn key(&self, customer: u32) -> String {
        loop {
            if let Some(key) = self.keys.lock().unwrap().get(&customer) {
                return key.clone();
            }
            let answer = self.http.post(format!("{}/api/chat/visitors", self.url())).send().await;
            if let Ok(answer) = answer
                && let Ok(visitor) = answer.json::<Value>().await
                && let Some(key) = visitor["visitor"].as_str()
            {
                self.keys.lock().unwrap().insert(customer, key.to_owned());
            } else {
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        }
    }
}

impl Platform for Web {
    fn name(&self) -> &'static str {
        "web"
    }

    fn settings(&self) -> String {
        "[web]\nvisitor_burst = 1000\naddress_burst = 100000\n".to_owned()
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn wrong_environment(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Sends the same message again until it is accepted, as a browser does that lost its connection.
    fn writes<'a>(&'a self, customer: u32, text: &'a str) -> BoxFuture<'a, ()> {
        async move {
            let key = self.key(customer).await;
            let id = {
                let mut sent = self.sent.lock().unwrap();
                *sent += 1;
                sent.to_string()
            };
            let body = json!({ "id": id, "text": text });
            loop {
                let post = self.http.post(format!("{}/api/chat/messages", self.url())).bearer_auth(&key).json(&body);
                if post.send().await.is_ok_and(|answer| answer.status() == 202) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        }
        .boxed()
    }

    fn heard(&self, customer: u32) -> BoxFuture<'_, Vec<String>> {
        async move {
            let key = self.key(customer).await;
            let Ok(lines) = common::history(&self.http, &self.url(), &key).await else { return Vec::new() };
            let ours = lines.into_iter().filter(|line| line["author"] != "customer");
            ours.map(|line| line["text"].as_str().unwrap_or_default().to_owned()).collect()
        }
        .boxed()
    }

    fn misbehave(&self, _percent: u32, _seed: u64) {}

    fn serves<'a>(&'a self, url: &'a str) -> BoxFuture<'a, ()> {
        url.clone_into(&mut self.url.lock().unwrap());
        ready(()).boxed()
    }
}

impl Platform for telegram::Fake {
    fn name(&self) -> &'static str {
        "telegram"
    }

    fn settings(&self) -> String {
        format!("[telegram]\napi_url = \"{}\"\n", self.url())
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("EVENKEEL_TELEGRAM_TOKEN", telegram::TOKEN.to_owned())]
    }

    fn wrong_environment(&self) -> Vec<(&'static str, String)> {
        vec![("EVENKEEL_TELEGRAM_TOKEN", "1:WRONG-SECRET".to_owned())]
    }

    fn writes<'a>(&'a self, customer: u32, text: &'a str) -> BoxFuture<'a, ()> {
        self.customer_writes(chat(customer), text);
        ready(()).boxed()
    }

    fn heard(&self, customer: u32) -> BoxFuture<'_, Vec<String>> {
        ready(self.replies_to(chat(customer)).into_iter().map(|reply| reply.text).collect()).boxed()
    }

    fn writes_in_crowd<'a>(&'a self, customer: u32, text: &'a str) -> BoxFuture<'a, ()> {
        self.member_mentions(GROUP, chat(customer), text);
        ready(()).boxed()
    }

    fn heard_in_crowd(&self, customer: u32) -> BoxFuture<'_, Vec<String>> {
        let to_them = self
            .replies_to(GROUP)
            .into_iter()
            .filter(|reply| reply.reply_to.is_some_and(|message| self.author(GROUP, message) == Some(chat(customer))));
        ready(to_them.map(|reply| reply.text).collect()).boxed()
    }

    /// 20 a minute.
    fn crowd(&self) -> u32 {
        100
    }

    fn misbehave(&self, percent: u32, seed: u64) {
        self.misbehave(f64::from(percent) / 100.0, seed);
    }

    /// It keeps what was written before.
    fn serves<'a>(&'a self, _url: &'a str) -> BoxFuture<'a, ()> {
        ready(()).boxed()
    }
}

/// A supergroup.
const GROUP: i64 = -1_001_234_567_890;

/// Telegram's ids need more than 32 bits.
fn chat(customer: u32) -> i64 {
    7_000_000_000 + i64::from(customer)
}

impl Platform for discord::Fake {
    fn name(&self) -> &'static str {
        "discord"
    }

    fn settings(&self) -> String {
        format!("[discord]\napi_url = \"{}\"\n", self.url)
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("EVENKEEL_DISCORD_TOKEN", discord::TOKEN.to_owned())]
    }

    fn wrong_environment(&self) -> Vec<(&'static str, String)> {
        vec![("EVENKEEL_DISCORD_TOKEN", "MTE.WRONG.SECRET".to_owned())]
    }

    fn writes<'a>(&'a self, customer: u32, text: &'a str) -> BoxFuture<'a, ()> {
        self.customer_writes(user(customer), text);
        ready(()).boxed()
    }

    fn heard(&self, customer: u32) -> BoxFuture<'_, Vec<String>> {
        ready(self.replies_to(user(customer)).into_iter().map(|reply| shown(&reply.text)).collect()).boxed()
    }

    fn writes_in_crowd<'a>(&'a self, customer: u32, text: &'a str) -> BoxFuture<'a, ()> {
        let text = format!("<@{}> {text}", discord::BOT);
        self.customer_writes_in_server(user(customer), discord::CHANNEL, &text);
        ready(()).boxed()
    }

    /// One a second.
    fn crowd(&self) -> u32 {
        300
    }

    fn misbehave(&self, percent: u32, seed: u64) {
        self.misbehave(f64::from(percent) / 100.0, seed);
    }

    /// It repeats nothing of what was written before.
    fn serves<'a>(&'a self, _url: &'a str) -> BoxFuture<'a, ()> {
        self.connected().boxed()
    }
}

/// Discord shows a character behind a backslash as itself.
fn shown(markdown: &str) -> String {
    let mut chars = markdown.chars().peekable();
    let mut shown = String::new();
    while let Some(char) = chars.next() {
        match chars.peek() {
            Some(next) if char == '\\' && next.is_ascii_punctuation() => shown.extend(chars.next()),
            _ => shown.push(char),
        }
    }
    shown
}

/// Discord's ids fill most of 64 bits.
fn user(customer: u32) -> u64 {
    1_100_000_000_000_000_000 + u64::from(customer)
}

/// X, and the thread of each customer: who writes again goes on in it.
pub struct X {
    fake: x::Fake,
    threads: Mutex<HashMap<u32, String>>,
}

impl X {
    pub async fn start() -> Self {
        Self { fake: x::Fake::start().await, threads: Mutex::default() }
    }
}

impl Platform for X {
    fn name(&self) -> &'static str {
        "x"
    }

    fn settings(&self) -> String {
        format!("[x]\napi_url = \"{}\"\npoll_interval = 0.1\ndm_poll_interval = 0.5\n", self.fake.url)
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        x::Fake::credentials().map(|(name, value)| (name, value.to_owned())).to_vec()
    }

    fn wrong_environment(&self) -> Vec<(&'static str, String)> {
        x::Fake::credentials().map(|(name, _)| (name, "WRONG-SECRET".to_owned())).to_vec()
    }

    /// Mentions us: direct messages are too few (15 in 15 minutes) for the suites.
    fn writes<'a>(&'a self, customer: u32, text: &'a str) -> BoxFuture<'a, ()> {
        let mut threads = self.threads.lock().unwrap();
        match threads.get(&customer) {
            Some(thread) => drop(self.fake.customer_replies(author(customer), thread, text)),
            None => drop(threads.insert(customer, self.fake.customer_writes(author(customer), text))),
        }
        ready(()).boxed()
    }

    fn heard(&self, customer: u32) -> BoxFuture<'_, Vec<String>> {
        let author = author(customer).to_string();
        let replies = self.fake.replies().into_iter().filter(|reply| reply.customer == author);
        ready(replies.map(|reply| reply.text).collect()).boxed()
    }

    fn writes_in_crowd<'a>(&'a self, customer: u32, text: &'a str) -> BoxFuture<'a, ()> {
        self.fake.customer_writes_privately(author(customer), text);
        ready(()).boxed()
    }

    fn misbehave(&self, percent: u32, seed: u64) {
        self.fake.misbehave(u64::from(percent) * 10, seed);
    }

    /// At the very first start nothing of the past is answered.
    fn serves<'a>(&'a self, _url: &'a str) -> BoxFuture<'a, ()> {
        self.fake.was_read().boxed()
    }
}

/// X's ids do not fit a double.
fn author(customer: u32) -> u64 {
    9_007_199_254_740_993 + u64::from(customer)
}
