//! X as its documents describe it: signed requests, big ids, posts and direct messages, limits, and its ways to fail.
//!
//! It knows nothing of our channel. Signatures are computed here from the specification of OAuth 1.0a.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;

/// The account's own id: above 2^53.
pub const US: &str = "1700000000000000001";
pub const NAME: &str = "Harborlight";
/// consumer key, consumer secret, access token, access secret; with characters that must be encoded.
pub const KEYS: [&str; 4] = ["ck+1", "cs/=&%", "1700000000000000001-at", "as ü~"];

/// What the platform does to the next requests instead of serving them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trick {
    /// 429 with the second since 1970 at which it ends, so many seconds from now.
    Limited(i64),
    /// 429 with HTML and without a time.
    LimitedHtml,
    /// 503 with HTML; nothing was done.
    Unavailable,
    /// 500; nothing was done.
    Broken,
    /// It does what is asked and the answer is lost.
    AnswerLost,
    /// It does what is asked and answers 200 without a body.
    Empty,
    /// It does what is asked and answers after so many seconds.
    Hang(u64),
    /// 403: not allowed for good.
    Forbidden,
}

/// A post or direct message that the platform accepted from us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Whom it went to.
    pub customer: String,
    pub text: String,
    /// The post that it replies to; none for a direct message.
    pub in_reply_to: Option<String>,
    pub id: String,
    pub at: Instant,
}

/// A request as it came, for looking at it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    pub status: u16,
}

#[derive(Default)]
struct World {
    /// The last id that was given.
    last_id: u64,
    /// Newest last.
    posts: Vec<Value>,
    events: Vec<Value>,
    replies: Vec<Reply>,
    seen: Vec<Seen>,
    nonces: HashSet<String>,
    tricks: VecDeque<(&'static str, Trick)>,
    /// How many of a thousand requests go wrong, and the state of the dice.
    rate: u64,
    dice: u64,
    renamed: bool,
    clock: i64,
}

/// The platform. Dropping it ends it.
#[derive(Clone)]
pub struct Fake {
    world: Arc<Mutex<World>>,
    pub url: String,
    _server: Arc<Server>,
}

struct Server(tokio::task::JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Fake {
    pub async fn start() -> Self {
        let world = World { last_id: 1_991_234_567_890_123_000, ..World::default() };
        let world = Arc::new(Mutex::new(world));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(serve).with_state(Arc::clone(&world));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { world, url, _server: Arc::new(Server(server)) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().unwrap())
    }

    /// The environment that a service needs here.
    #[allow(clippy::unused_self, reason = "the keys are the platform's")]
    pub fn credentials() -> [(&'static str, &'static str); 4] {
        [
            ("EVENKEEL_X_CONSUMER_KEY", KEYS[0]),
            ("EVENKEEL_X_CONSUMER_SECRET", KEYS[1]),
            ("EVENKEEL_X_ACCESS_TOKEN", KEYS[2]),
            ("EVENKEEL_X_ACCESS_SECRET", KEYS[3]),
        ]
    }

    /// A customer mentions us in a new thread. The id is the post's.
    pub fn customer_writes(&self, customer: u64, text: &str) -> String {
        self.post(json!({ "author_id": customer.to_string(), "text": format!("@{NAME} {}", escaped(text)) }))
    }

    /// A customer goes on in a thread.
    pub fn customer_replies(&self, customer: u64, conversation: &str, text: &str) -> String {
        self.post(json!({
            "author_id": customer.to_string(), "text": format!("@{NAME} {}", escaped(text)), "conversation_id": conversation,
        }))
    }

    /// Any post in the mentions timeline; what is missing is filled in.
    pub fn post(&self, mut post: Value) -> String {
        self.with(|world| {
            let id = post["id"].as_str().map_or_else(|| world.next_id(), ToOwned::to_owned);
            let conversation = post["conversation_id"].as_str().unwrap_or(&id).to_owned();
            post["id"] = json!(id);
            post["conversation_id"] = json!(conversation);
            post[if world.renamed { "edit_history_post_ids" } else { "edit_history_tweet_ids" }] = json!([id]);
            world.posts.push(post);
            id
        })
    }

    /// A customer writes a direct message. The id is the event's.
    pub fn customer_writes_privately(&self, customer: u64, text: &str) -> String {
        self.with(|world| {
            let id = world.next_id();
            world.events.push(json!({
                "id": id, "event_type": "MessageCreate", "text": escaped(text), "sender_id": customer.to_string(),
                "dm_conversation_id": format!("{US}-{customer}"),
            }));
            id
        })
    }

    /// All that was accepted from us.
    pub fn replies(&self) -> Vec<Reply> {
        self.with(|world| world.replies.clone())
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.with(|world| world.seen.clone())
    }

    /// Requests to paths that begin with `path` go wrong, one for each trick, in order.
    pub fn play(&self, path: &'static str, tricks: &[Trick]) {
        self.with(|world| world.tricks.extend(tricks.iter().map(|trick| (path, *trick))));
    }

    /// From now on so many of a thousand requests go wrong, chosen by `seed`.
    pub fn misbehave(&self, per_thousand: u64, seed: u64) {
        self.with(|world| (world.rate, world.dice) = (per_thousand, seed | 1));
    }

    /// From now on the new names of the spec 2.167 hold, and the old ones are refused.
    pub fn rename(&self) {
        self.with(|world| world.renamed = true);
    }

    /// Sets the platform's clock so many seconds off.
    pub fn shift_clock(&self, seconds: i64) {
        self.with(|world| world.clock = seconds);
    }

    /// Waits until both timelines were looked at: what is written from then on is after a service's first start.
    pub async fn was_read(&self) {
        for path in ["/2/users/", "/2/dm_events"] {
            self.until(|fake| {
                let read =
                    |seen: &Seen| seen.path.starts_with(path) && seen.path != "/2/users/me" && seen.status == 200;
                fake.requests().iter().any(read)
            })
            .await;
        }
    }

    /// Waits for something.
    pub async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !is_so(self) {
            assert!(
                Instant::now() < deadline,
                "it did not happen; replies: {:#?}; requests: {:#?}",
                self.replies(),
                self.requests()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl World {
    fn next_id(&mut self) -> String {
        self.last_id += 37;
        self.last_id.to_string()
    }

    fn now(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        i64::try_from(now).unwrap() + self.clock
    }

    fn trick(&mut self, method: &Method, path: &str) -> Option<Trick> {
        if let Some(at) = self.tricks.iter().position(|(prefix, _)| path.starts_with(prefix)) {
            return self.tricks.remove(at).map(|(_, trick)| trick);
        }
        if self.rate == 0 {
            return None;
        }
        // xorshift
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        if self.dice % 1_000 >= self.rate {
            return None;
        }
        let tricks = [
            Trick::Limited(1),
            Trick::LimitedHtml,
            Trick::Unavailable,
            Trick::Broken,
            Trick::AnswerLost,
            Trick::Empty,
            Trick::Hang(1),
        ];
        let trick = tricks[(self.dice / 1_000) as usize % tricks.len()];
        // Reading has no answer that could be lost for good.
        (method == Method::POST || !matches!(trick, Trick::LimitedHtml)).then_some(trick)
    }
}

async fn serve(
    State(world): State<Arc<Mutex<World>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let query = pairs(uri.query().unwrap_or_default());
    let (trick, mut response) = {
        let mut world = world.lock().unwrap();
        let trick = world.trick(&method, &path);
        let refused = match trick {
            Some(Trick::Limited(seconds)) => {
                let mut response = problem(429, "Too Many Requests", "Too Many Requests");
                let reset = (world.now() + seconds).to_string();
                response.headers_mut().insert("x-rate-limit-reset", HeaderValue::from_str(&reset).unwrap());
                Some(response)
            }
            Some(Trick::LimitedHtml) => Some(html(429)),
            Some(Trick::Unavailable) => Some(html(503)),
            Some(Trick::Broken) => Some(problem(500, "Internal Server Error", "Something went wrong")),
            Some(Trick::Forbidden) => Some(problem(403, "Forbidden", "You are not permitted to perform this action.")),
            _ => None,
        };
        let response = refused.unwrap_or_else(|| match verify(&mut world, &method, &path, &query, &headers) {
            Ok(()) => route(&mut world, &method, &path, &query.iter().cloned().collect(), &body),
            Err(why) => problem(401, "Unauthorized", why),
        });
        let status = if trick.is_some() { 0 } else { response.status().as_u16() };
        world.seen.push(Seen { path, status });
        let mut response = response;
        let date = httpdate(world.now());
        response.headers_mut().insert(header::DATE, HeaderValue::from_str(&date).unwrap());
        response.headers_mut().insert("x-access-level", HeaderValue::from_static("read-write-directmessages"));
        (trick, response)
    };
    match trick {
        Some(Trick::Hang(seconds)) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        Some(Trick::Empty) => *response.body_mut() = axum::body::Body::empty(),
        // The connection breaks off in the middle of the answer.
        Some(Trick::AnswerLost) => {
            let broken = futures::stream::iter([Ok(Bytes::from_static(b"{\"da")), Err(std::io::Error::other("cut"))]);
            *response.body_mut() = axum::body::Body::from_stream(broken);
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        _ => {}
    }
    response
}

fn route(world: &mut World, method: &Method, path: &str, query: &HashMap<String, String>, body: &Bytes) -> Response {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["2", "users", "me"]) => {
            ok(200, &json!({ "data": { "id": US, "name": "Harborlight Power", "username": NAME } }))
        }
        ("GET", ["2", "users", US, "mentions"]) => {
            let known = [
                "max_results",
                "since_id",
                "pagination_token",
                if world.renamed { "post.fields" } else { "tweet.fields" },
            ];
            if let Some(other) = query.keys().find(|name| !known.contains(&name.as_str())) {
                return problem(
                    400,
                    "Invalid Request",
                    &format!("The query parameter [{other}] is not one of {known:?}"),
                );
            }
            let since = query.get("since_id").map_or(0, |since| since.parse::<u64>().unwrap());
            // The newest 800, newest first; an id that appeared late has its place among them.
            let mut posts: Vec<Value> = world.posts.clone();
            posts.sort_by_key(|post| std::cmp::Reverse(number(post)));
            posts.truncate(800);
            posts.retain(|post| number(post) > since);
            page(&posts, query, 5)
        }
        ("GET", ["2", "dm_events"]) => {
            let wanted = query.get("event_types").cloned();
            let mut events = world.events.clone();
            events.retain(|event| wanted.as_deref().is_none_or(|wanted| event["event_type"] == wanted));
            events.reverse();
            page(&events, query, 1)
        }
        ("POST", ["2", "tweets"]) => create_post(world, body),
        ("POST", ["2", "dm_conversations", "with", customer, "messages"]) => direct(world, customer, body),
        _ => problem(404, "Not Found Error", "no such endpoint"),
    }
}

fn number(object: &Value) -> u64 {
    object["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or(0)
}

fn page(all: &[Value], query: &HashMap<String, String>, least: usize) -> Response {
    let size: usize = query.get("max_results").map_or(100, |size| size.parse().unwrap());
    if !(least..=100).contains(&size) {
        return problem(400, "Invalid Request", "max_results");
    }
    let start: usize = query.get("pagination_token").map_or(0, |token| token.trim_start_matches('t').parse().unwrap());
    let data: Vec<_> = all.iter().skip(start).take(size).collect();
    let mut meta = json!({ "result_count": data.len() });
    if data.is_empty() {
        return ok(200, &json!({ "meta": meta }));
    }
    if start + data.len() < all.len() {
        meta["next_token"] = json!(format!("t{}", start + data.len()));
    }
    ok(200, &json!({ "data": data, "meta": meta }))
}

fn create_post(world: &mut World, body: &Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return problem(400, "Invalid Request", "no JSON") };
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() || weight(text) > 280 {
        return problem(403, "Forbidden", "Your post is empty or too long.");
    }
    let Some(to) = body["reply"]["in_reply_to_tweet_id"].as_str() else {
        return problem(403, "Forbidden", "The account posts replies only.");
    };
    let ours = world.replies.iter().find(|reply| reply.id == to).cloned();
    let theirs = world.posts.iter().find(|post| post["id"] == to).cloned();
    let customer = match (&ours, &theirs) {
        (Some(reply), _) => reply.customer.clone(),
        // Who replies must have been mentioned or quoted by that very post.
        (None, Some(post)) if post["text"].as_str().is_some_and(|text| text.contains(&format!("@{NAME}"))) => {
            post["author_id"].as_str().unwrap().to_owned()
        }
        _ => return problem(403, "Forbidden", "Reply to this conversation is not allowed."),
    };
    let repeated = world.replies.iter().any(|reply| reply.in_reply_to.as_deref() == Some(to));
    if repeated {
        return problem(403, "Forbidden", "One automated reply to an interaction.");
    }
    let id = world.next_id();
    world.replies.push(Reply {
        customer,
        text: text.to_owned(),
        in_reply_to: Some(to.to_owned()),
        id: id.clone(),
        at: Instant::now(),
    });
    // It names the customer and comes back in our own timeline.
    world
        .posts
        .push(json!({ "id": id, "author_id": US, "text": format!("@customer @{NAME} {text}"), "conversation_id": to }));
    ok(201, &json!({ "data": { "id": id, "text": text } }))
}

fn direct(world: &mut World, customer: &str, body: &Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return problem(400, "Invalid Request", "no JSON") };
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() || text.chars().count() > 10_000 {
        return problem(400, "Invalid Request", "text");
    }
    if !world.events.iter().any(|event| event["sender_id"] == customer) {
        return problem(403, "Forbidden", "You cannot send messages to this user.");
    }
    let id = world.next_id();
    world.replies.push(Reply {
        customer: customer.to_owned(),
        text: text.to_owned(),
        in_reply_to: None,
        id: id.clone(),
        at: Instant::now(),
    });
    world.events.push(json!({
        "id": id, "event_type": "MessageCreate", "text": text, "sender_id": US, "dm_conversation_id": format!("{US}-{customer}"),
    }));
    ok(201, &json!({ "data": { "dm_conversation_id": format!("{US}-{customer}"), "dm_event_id": id } }))
}

/// The published rules: links count 23, code points of most scripts and emoji 2.
fn weight(text: &str) -> usize {
    text.split_inclusive(char::is_whitespace)
        .map(|word| {
            if word.starts_with("https://") || word.starts_with("http://") {
                return 23 + word.len() - word.trim_end().len();
            }
            let of = |char: char| match char as u32 {
                0..=4_351 | 8_192..=8_205 | 8_208..=8_223 | 8_242..=8_247 => 1,
                _ => 2,
            };
            word.chars().map(of).sum()
        })
        .sum()
}

/// OAuth 1.0a, RFC 5849: nonce and time are fresh, and the signature is that of this very request.
fn verify(
    world: &mut World,
    method: &Method,
    path: &str,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<(), &'static str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or("no authorization")?;
    let fields = header.strip_prefix("OAuth ").ok_or("not OAuth")?;
    let mut params: Vec<(String, String)> = query.to_vec();
    let mut signature = None;
    for field in fields.split(", ") {
        let (name, value) = field.split_once('=').ok_or("malformed")?;
        let value = decoded(value.trim_matches('"'));
        if name == "oauth_signature" {
            signature = Some(value);
        } else {
            params.push((name.to_owned(), value));
        }
    }
    let get = |name: &str| params.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
    if get("oauth_consumer_key").as_deref() != Some(KEYS[0]) || get("oauth_token").as_deref() != Some(KEYS[2]) {
        return Err("unknown keys");
    }
    let time: i64 = get("oauth_timestamp").and_then(|time| time.parse().ok()).ok_or("no time")?;
    if (time - world.now()).abs() > 300 {
        return Err("timestamp out of bounds");
    }
    if !world.nonces.insert(get("oauth_nonce").ok_or("no nonce")?) {
        return Err("a nonce that was used");
    }
    let mut encoded: Vec<_> = params.iter().map(|(name, value)| (escape(name), escape(value))).collect();
    encoded.sort();
    let list = encoded.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).ok_or("no host")?;
    let base = format!("{}&{}&{}", method.as_str(), escape(&format!("http://{host}{path}")), escape(&list));
    let key = format!("{}&{}", escape(KEYS[1]), escape(KEYS[3]));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(base.as_bytes());
    let expected = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    if signature.as_deref() == Some(expected.as_str()) { Ok(()) } else { Err("wrong signature") }
}

/// RFC 3986: everything but the unreserved characters.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// As the platform stores what people type.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn ok(status: u16, body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (StatusCode::from_u16(status).unwrap(), headers, body.to_string()).into_response()
}

fn problem(status: u16, title: &str, detail: &str) -> Response {
    ok(status, &json!({ "title": title, "detail": detail, "type": "about:blank", "status": status }))
}

fn html(status: u16) -> Response {
    let body = "<!DOCTYPE html><html><body><h1>Over capacity</h1></body></html>";
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "text/html")], body).into_response()
}

/// As X writes it, with `UTC`.
fn httpdate(second: i64) -> String {
    let zoned = jiff::Timestamp::from_second(second).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    zoned.strftime("%a, %d %b %Y %H:%M:%S UTC").to_string()
}
