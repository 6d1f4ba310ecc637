//! The web chat's HTTP API, as a browser or script meets it.

use std::time::Duration;

use evenkeel::{
    conversation::Standing,
    policy,
    web::{Embedding, Limits, Places},
};
use futures::{StreamExt, stream::BoxStream};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::common::chat_server::{ChatServer, agent, bot};

struct Visitor<'a> {
    server: &'a ChatServer,
    http: Client,
    key: String,
}

impl<'a> Visitor<'a> {
    async fn of(server: &'a ChatServer) -> Self {
        let http = Client::new();
        let response = http.post(server.url("/api/chat/visitors")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        let key = response.json::<Value>().await.unwrap()["visitor"].as_str().unwrap().to_owned();
        Self { server, http, key }
    }

    async fn post(&self, message: &Value) -> Response {
        let request = self.http.post(self.server.url("/api/chat/messages")).bearer_auth(&self.key);
        request.json(message).send().await.unwrap()
    }

    async fn post_raw(&self, content_type: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.http.post(self.server.url("/api/chat/messages")).bearer_auth(&self.key);
        request.header("Content-Type", content_type).body(body).send().await.unwrap()
    }

    async fn say(&self, id: &str, text: &str) {
        assert_eq!(self.post(&json!({ "id": id, "text": text })).await.status(), StatusCode::ACCEPTED);
    }

    async fn history(&self, after: i64) -> Value {
        let request = self.http.get(self.server.url(&format!("/api/chat/messages?after={after}")));
        request.bearer_auth(&self.key).send().await.unwrap().json().await.unwrap()
    }

    async fn events(&self, after: i64) -> Events {
        let request = self.http.get(self.server.url(&format!("/api/chat/events?after={after}")));
        Events::of(request.bearer_auth(&self.key).send().await.unwrap())
    }
}

#[derive(Debug, PartialEq)]
struct Event {
    name: String,
    id: Option<String>,
    data: Value,
}

struct Events {
    bytes: BoxStream<'static, Vec<u8>>,
    text: String,
}

impl Events {
    fn of(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = response.bytes_stream().take_while(|piece| std::future::ready(piece.is_ok()));
        Self { bytes: bytes.map(|piece| piece.unwrap().to_vec()).boxed(), text: String::new() }
    }

    /// The next event; none when the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    block.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
                };
                let event = field("event").map(|name| Event {
                    name,
                    id: field("id"),
                    data: serde_json::from_str(&field("data").unwrap()).unwrap(),
                });
                self.text = String::from(rest);
                if event.is_some() {
                    return event;
                }
                continue;
            }
            let piece =
                tokio::time::timeout(Duration::from_secs(10), self.bytes.next()).await.expect("no event for 10 s");
            self.text.push_str(std::str::from_utf8(&piece?).unwrap());
        }
    }

    /// The text of the next line, whatever the status does meanwhile.
    async fn line(&mut self) -> String {
        loop {
            let event = self.next().await.expect("the stream ended");
            if event.name == "line" {
                return event.data["text"].as_str().unwrap().to_owned();
            }
        }
    }
}

async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert!(body["error"]["message"].is_string());
    (status, body["error"]["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_message_sent_twice_is_one_message_with_one_answer() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    let message = json!({ "id": "m1", "text": "when is my power back" });
    let first = visitor.post(&message).await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let first: Value = first.json().await.unwrap();
    let again: Value = visitor.post(&message).await.json().await.unwrap();
    assert_eq!(first, again);
    assert_eq!(visitor.history(0).await["lines"].as_array().unwrap().len(), 1);

    // Another visitor's `m1` is another message.
    let other = Visitor::of(&server).await;
    let theirs: Value = other.post(&message).await.json().await.unwrap();
    assert_ne!(first, theirs);
}

#[tokio::test]
async fn the_key_is_not_in_the_store() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    visitor.say("m1", "hello").await;
    let conversation = server.heard().await;
    let (found, pending) = server.store.pending(conversation).await.unwrap().unwrap();
    let incoming = &pending[0].incoming;
    assert_eq!(visitor.key.len(), 64);
    assert_eq!((incoming.channel.as_str(), incoming.public), ("web", false));
    for stored in [&found.place, &incoming.contact, &incoming.message_id] {
        assert!(!stored.contains(&visitor.key), "{stored}");
    }
}

#[tokio::test]
async fn who_has_no_key_is_told_so() {
    let server = ChatServer::start().await;
    let http = Client::new();
    for request in [
        http.post(server.url("/api/chat/messages")).json(&json!({ "id": "1", "text": "a" })),
        http.get(server.url("/api/chat/messages")),
        http.get(server.url("/api/chat/events")),
        http.delete(server.url("/api/chat/visitors")),
        http.get(server.url("/api/chat/messages")).bearer_auth("short"),
        http.get(server.url("/api/chat/messages")).basic_auth("a", Some("b")),
    ] {
        assert_eq!(code(request.send().await.unwrap()).await, (401, "no_visitor".to_owned()));
    }
}

#[tokio::test]
async fn what_cannot_be_taken_gets_a_clear_answer() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    let longest = "x".repeat(policy::MAX_TEXT_BYTES);
    let cases: [(&str, Vec<u8>, u16, &str); 7] = [
        ("application/json", b"{".to_vec(), 400, "not_a_message"),
        ("application/json", b"{\"id\":\"1\",\"text\":\"\xff\"}".to_vec(), 400, "not_utf8"),
        ("application/json", br#"{"id":"1"}"#.to_vec(), 400, "empty"),
        ("application/json", br#"{"id":"","text":"a"}"#.to_vec(), 400, "bad_id"),
        ("text/plain", br#"{"id":"1","text":"a"}"#.to_vec(), 415, "not_json"),
        ("application/json", format!(r#"{{"id":"1","text":"{longest}y"}}"#).into_bytes(), 413, "too_large"),
        ("application/json", vec![b' '; 1 << 20], 413, "too_large"),
    ];
    for (content_type, body, status, expected) in cases {
        assert_eq!(code(visitor.post_raw(content_type, body).await).await, (status, expected.to_owned()));
    }
    assert!(visitor.history(0).await["lines"].as_array().unwrap().is_empty());
    visitor.say("1", &longest).await;

    let bad_cursor = visitor.http.get(server.url("/api/chat/messages?after=x")).bearer_auth(&visitor.key);
    assert_eq!(code(bad_cursor.send().await.unwrap()).await, (400, "bad_cursor".to_owned()));
    assert_eq!(
        code(visitor.http.get(server.url("/nowhere")).send().await.unwrap()).await,
        (404, "not_found".to_owned())
    );
    let put = visitor.http.put(server.url("/api/chat/messages")).send().await.unwrap();
    assert_eq!(code(put).await, (405, "method_not_allowed".to_owned()));
}

#[tokio::test]
async fn a_flood_is_told_to_wait_and_loses_nothing_that_was_taken() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    let mut taken = 0;
    for number in 0..500 {
        let response = visitor.post(&json!({ "id": format!("m{number}"), "text": format!("message {number}") })).await;
        match response.status() {
            StatusCode::ACCEPTED => taken += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                let wait: u64 = response.headers()["Retry-After"].to_str().unwrap().parse().unwrap();
                assert!((1..=3).contains(&wait), "{wait}");
            }
            other => panic!("{other}"),
        }
    }
    assert!((policy::VISITOR_BURST..policy::VISITOR_BURST + 20).contains(&taken), "{taken} were taken");
    assert_eq!(visitor.history(0).await["lines"].as_array().unwrap().len(), taken as usize);

    // Others do not feel it.
    Visitor::of(&server).await.say("m1", "hello").await;
}

#[tokio::test]
async fn one_address_cannot_be_a_crowd_even_with_keys_of_its_own_making() {
    let limits =
        Limits { newcomers: evenkeel::web::Limit { burst: 3, refill: Duration::from_mins(10) }, ..Limits::default() };
    let server = ChatServer::with(limits, Embedding::anywhere()).await;
    let http = Client::new();
    let mut statuses = Vec::new();
    for number in 0..5 {
        let visitor = Visitor { server: &server, http: http.clone(), key: format!("{number:064x}") };
        statuses.push(visitor.post(&json!({ "id": "1", "text": "hello" })).await.status().as_u16());
    }
    assert_eq!(statuses, [202, 202, 202, 429, 429]);
    // Who is known keeps writing.
    let known = Visitor { server: &server, http: http.clone(), key: format!("{:064x}", 0) };
    known.say("2", "and").await;

    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(http.post(server.url("/api/chat/visitors")).send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [201, 201, 201, 429]);
}

#[tokio::test]
async fn a_stream_opened_before_the_first_word_gets_all_of_it() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    let mut events = visitor.events(0).await;
    let status = events.next().await.unwrap();
    assert_eq!((status.name.as_str(), &status.data), ("status", &json!({ "typing": false, "standing": "bot" })));

    visitor.say("m1", "is the power out").await;
    let line = events.next().await.unwrap();
    assert_eq!(line.data["author"], "customer");
    assert!(line.data.get("html").is_none());
    assert_eq!(line.id.as_deref(), Some(line.data["cursor"].to_string().as_str()));
    assert_eq!(events.next().await.unwrap().data["typing"], true);

    let conversation = server.heard().await;
    server.answer(conversation, vec![bot("Yes, **all** of it.", &[("a", "A")])], Standing::Bot).await;
    let answer = loop {
        let event = events.next().await.unwrap();
        if event.name == "line" {
            break event;
        }
    };
    assert_eq!(answer.data["author"], "bot");
    assert_eq!(answer.data["html"], "<p>Yes, <strong>all</strong> of it.</p>\n");
    assert_eq!(answer.data["choices"], json!([{ "id": "a", "label": "A" }]));
    assert_eq!(events.next().await.unwrap().data["typing"], false);
}

#[tokio::test]
async fn a_stream_that_breaks_and_resumes_loses_and_doubles_nothing() {
    let server = ChatServer::with(
        Limits {
            messages: evenkeel::web::Limit { burst: 1000, refill: Duration::from_millis(1) },
            ..Limits::default()
        },
        Embedding::anywhere(),
    )
    .await;
    let visitor = Visitor::of(&server).await;
    visitor.say("m0", "line 0").await;
    let conversation = server.heard().await;

    let writing = async {
        for number in 1..=120 {
            visitor.say(&format!("m{number}"), &format!("line {number}")).await;
            if number % 3 == 0 {
                server.answer(conversation, vec![bot(&format!("answer {number}"), &[])], Standing::Bot).await;
            }
        }
    };
    let reading = async {
        let (mut cursor, mut lines) = (String::from("0"), Vec::new());
        while lines.len() < 161 {
            let request = visitor.http.get(server.url("/api/chat/events")).header("Last-Event-ID", &cursor);
            let mut events = Events::of(request.bearer_auth(&visitor.key).send().await.unwrap());
            // A few lines, then the connection is dropped.
            for _ in 0..7.min(161 - lines.len()) {
                let event = loop {
                    let event = events.next().await.unwrap();
                    if event.name == "line" {
                        break event;
                    }
                };
                cursor = event.id.unwrap();
                lines.push(event.data["text"].as_str().unwrap().to_owned());
            }
        }
        lines
    };
    let ((), seen) = tokio::join!(writing, reading);
    let history = visitor.history(0).await;
    let written: Vec<_> =
        history["lines"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(written.len(), 161);
    assert_eq!(seen, written);
}

#[tokio::test]
async fn a_long_history_comes_in_pages() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    visitor.say("m0", "hello").await;
    let conversation = server.heard().await;
    let replies: Vec<_> = (0..250).map(|number| bot(&format!("answer {number}"), &[])).collect();
    server.answer(conversation, replies, Standing::Bot).await;

    let first = visitor.history(0).await;
    let lines = first["lines"].as_array().unwrap();
    assert_eq!((lines.len(), &first["more"]), (200, &json!(true)));
    let rest = visitor.history(lines[199]["cursor"].as_i64().unwrap()).await;
    assert_eq!((rest["lines"].as_array().unwrap().len(), &rest["more"]), (51, &json!(false)));

    // The stream brings all of it, and says the status only after the last line.
    let mut events = visitor.events(0).await;
    for _ in 0..251 {
        assert_eq!(events.next().await.unwrap().name, "line");
    }
    assert_eq!(events.next().await.unwrap().name, "status");
}

#[tokio::test]
async fn both_tabs_of_a_visitor_show_the_conversation_live() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    let (mut one, mut two) = (visitor.events(0).await, visitor.events(0).await);
    visitor.say("m1", "hello").await;
    assert_eq!(one.line().await, "hello");
    assert_eq!(two.line().await, "hello");
}

#[tokio::test]
async fn the_oldest_of_too_many_streams_makes_room() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    let mut first = visitor.events(0).await;
    assert_eq!(first.next().await.unwrap().name, "status");
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(visitor.events(0).await);
    }
    assert_eq!(first.next().await.unwrap().name, "replaced");
    assert_eq!(first.next().await, None);
    visitor.say("m1", "hello").await;
    for events in &mut others {
        assert_eq!(events.line().await, "hello");
    }
}

#[tokio::test]
async fn an_agent_is_shown_by_name_and_no_bot_seems_to_type() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    visitor.say("m1", "a person please").await;
    let conversation = server.heard().await;
    server.answer(conversation, vec![agent("Maria", "I'm here.\nTell me.")], Standing::Agent).await;
    visitor.say("m2", "thanks").await;
    let history = visitor.history(0).await;
    let line = &history["lines"][1];
    assert_eq!((&line["author"], &line["name"]), (&json!("agent"), &json!("Maria")));
    assert_eq!(line["html"], "<p>I&#39;m here.<br>\nTell me.</p>\n");
    assert_eq!(history["status"], json!({ "typing": false, "standing": "agent" }));
}

#[tokio::test]
async fn hostile_words_stay_words() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    let hostile = [
        "<script>alert(1)</script>",
        "{{ 7 * 7 }} {% raw %}",
        "'; DROP TABLE inbox; --",
        "\u{202e}gnp.exe\u{202c} \u{7}\u{1b}[31m",
        "🙂🙂🙂",
        "a\u{0}b",
    ];
    for (number, text) in hostile.iter().enumerate() {
        visitor.say(&format!("m{number}"), text).await;
    }
    let conversation = server.heard().await;
    let reply = "<img src=x onerror=alert(1)> [x](javascript:alert(1)) ![y](https://evil.example/p.png)";
    server.answer(conversation, vec![bot(reply, &[])], Standing::Bot).await;
    let history = visitor.history(0).await;
    let lines = history["lines"].as_array().unwrap();
    for (line, text) in lines.iter().zip(hostile) {
        assert_eq!(line["text"].as_str().unwrap(), text.replace('\0', "\u{FFFD}"));
        assert!(line.get("html").is_none());
    }
    assert_eq!(lines[6]["html"], "<p>&#60;img src=x onerror=alert(1)&#62; x y</p>\n");
}

#[tokio::test]
async fn a_visitor_who_starts_over_is_forgotten_in_all_tabs() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    visitor.say("m1", "my address is 1 Pier Road").await;
    let mut events = visitor.events(0).await;
    events.line().await;

    let response =
        visitor.http.delete(server.url("/api/chat/visitors")).bearer_auth(&visitor.key).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.json::<Value>().await.unwrap()["erased"].as_u64().unwrap() > 0);
    assert!(visitor.history(0).await["lines"].as_array().unwrap().is_empty());
    let erased = loop {
        let event = events.next().await.unwrap();
        if event.name != "status" {
            break event.name;
        }
    };
    assert_eq!(erased, "erased");

    // The same tab goes on with what is new.
    visitor.say("m2", "hello again").await;
    assert_eq!(events.line().await, "hello again");
}

#[tokio::test]
async fn while_it_stops_nothing_is_taken_and_streams_end() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    let mut events = visitor.events(0).await;
    events.next().await.unwrap();

    server.ready.send_replace(false);
    let refused = visitor.post(&json!({ "id": "m1", "text": "hello" })).await;
    assert!(refused.headers().contains_key("Retry-After"));
    assert_eq!(code(refused).await, (503, "unavailable".to_owned()));
    assert_eq!(visitor.http.get(server.url("/ready")).send().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);

    server.shutdown.cancel();
    assert_eq!(events.next().await, None);
    tokio::time::timeout(Duration::from_secs(4), server.serving).await.expect("it drains at once").unwrap();
}

#[tokio::test]
async fn machines_are_told_how_it_is() {
    let server = ChatServer::start().await;
    let http = Client::new();
    let health: Value = http.get(server.url("/health")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&health["status"], &health["health"]["intents"]), (&json!("ok"), &json!(30)));
    assert_eq!(health["store"]["inbox_pending"], 0);
    assert_eq!(http.get(server.url("/ready")).send().await.unwrap().status(), StatusCode::OK);
    let metrics = http.get(server.url("/metrics")).send().await.unwrap();
    assert!(metrics.headers()["Content-Type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));

    server.store.close().await;
    assert_eq!(http.get(server.url("/health")).send().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let only = Embedding::only(&["https://www.example.com"]).unwrap();
    let server = ChatServer::with(Limits::default(), only).await;
    let http = Client::new();
    for (path, frames) in [
        ("/", "'none'"),
        ("/chat", "https://www.example.com"),
        ("/widget.js", "'none'"),
        ("/health", "'none'"),
        ("/nowhere", "'none'"),
        ("/api/chat/messages", "'none'"),
    ] {
        let response = http.get(server.url(path)).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(policy.ends_with(&format!("frame-ancestors {frames}")), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn the_page_and_its_parts_arrive() {
    let server = ChatServer::start().await;
    let http = Client::new();
    let page = http.get(server.url("/")).header("Accept-Language", "es-MX").send().await.unwrap();
    assert_eq!(page.headers()["Vary"], "Accept-Language");
    let page = page.text().await.unwrap();
    assert!(page.contains("<html lang=\"es\"") && page.contains("asistente automático"), "{page}");
    let parts: Vec<_> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(parts.len() >= 3);
    for part in parts {
        let response = http.get(server.url(part)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{part}");
        assert!(response.headers()["Cache-Control"].to_str().unwrap().contains("immutable"));
    }
}

#[tokio::test]
async fn a_page_of_the_history_has_a_bound_and_the_rest_follows() {
    let limits = Limits {
        messages: evenkeel::web::Limit { burst: 1000, refill: Duration::from_millis(1) },
        ..Limits::default()
    };
    let server = ChatServer::with(limits, Embedding::anywhere()).await;
    let visitor = Visitor::of(&server).await;
    let long = "x".repeat(policy::MAX_TEXT_BYTES);
    for number in 0..40 {
        visitor.say(&format!("m{number}"), &long).await;
    }
    let (mut after, mut seen, mut pages) = (0, 0, 0);
    loop {
        let answer = visitor.http.get(server.url(&format!("/api/chat/messages?after={after}")));
        let page = answer.bearer_auth(&visitor.key).send().await.unwrap().text().await.unwrap();
        assert!(page.len() < 300 * 1024, "{} bytes", page.len());
        let page: Value = serde_json::from_str(&page).unwrap();
        let lines = page["lines"].as_array().unwrap();
        seen += lines.len();
        pages += 1;
        if page["more"] == false {
            break;
        }
        after = lines.last().unwrap()["cursor"].as_i64().unwrap();
    }
    assert_eq!((seen, pages), (40, 3));
    let mut events = visitor.events(0).await;
    for _ in 0..40 {
        assert_eq!(events.next().await.unwrap().name, "line");
    }
}

#[tokio::test]
async fn half_an_emoji_is_replaced_and_the_message_is_taken() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    let taken = visitor.post_raw("application/json", r#"{"id":"1","text":"is it safe \ud83d"}"#).await;
    assert_eq!(taken.status(), StatusCode::ACCEPTED);
    assert_eq!(visitor.history(0).await["lines"][0]["text"], "is it safe \u{FFFD}");
}

#[tokio::test]
async fn a_stream_is_not_held_back_by_proxies_and_each_line_names_its_language() {
    let server = ChatServer::start().await;
    let visitor = Visitor::of(&server).await;
    visitor.say("m1", "hola").await;
    let conversation = server.heard().await;
    let spanish = evenkeel::message::Outgoing { language: evenkeel::reading::Language::SPANISH, ..bot("Sí.", &[]) };
    server.answer(conversation, vec![spanish, bot("Yes.", &[])], Standing::Bot).await;
    let lines = visitor.history(0).await["lines"].clone();
    assert_eq!([0, 1, 2].map(|line| lines[line]["language"].as_str().unwrap_or("-").to_owned()), ["-", "es", "en"]);
    let stream = visitor.http.get(server.url("/api/chat/events")).bearer_auth(&visitor.key).send().await.unwrap();
    assert_eq!(stream.headers()["x-accel-buffering"], "no");
}

#[tokio::test]
async fn one_network_cannot_hold_all_streams() {
    let places = Places { connections: 1_000, of_network: None, streams: 2 };
    let server = ChatServer::with_places(Limits::default(), Embedding::anywhere(), places).await;
    // Keys of its own making: what counts is where they come from.
    let visitors = (0..3).map(|number| Visitor { server: &server, http: Client::new(), key: format!("{number:064x}") });
    let mut open = Vec::new();
    let mut refused = None;
    for visitor in visitors {
        let stream = visitor.http.get(server.url("/api/chat/events")).bearer_auth(&visitor.key).send().await.unwrap();
        match stream.status() {
            StatusCode::OK => open.push(stream),
            _ => refused = Some((visitor, stream)),
        }
    }
    let (visitor, refused) = refused.unwrap();
    assert_eq!(open.len(), 2);
    assert_eq!(code(refused).await, (429, "too_many".to_owned()));
    // Without a stream they write and read all the same.
    visitor.say("m1", "hello").await;
    assert_eq!(visitor.history(0).await["lines"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_finds_no_room_is_told_so_and_comes_in_when_there_is() {
    let places = Places { connections: 100, of_network: Some(3), streams: 100 };
    let server = ChatServer::with_places(Limits::default(), Embedding::anywhere(), places).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let stream = Client::new().get(server.url("/api/chat/events")).bearer_auth("0".repeat(64));
        held.push(stream.send().await.unwrap().error_for_status().unwrap());
    }
    let look = async || Client::new().get(server.url("/ready")).send().await;
    let refused = look().await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(code(refused).await, (503, "unavailable".to_owned()));
    drop(held);
    let deadline = std::time::Instant::now() + crate::common::PATIENCE;
    while !look().await.is_ok_and(|answer| answer.status() == StatusCode::OK) {
        assert!(std::time::Instant::now() < deadline, "the places were not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let server = ChatServer::start().await;
    let response = Client::new().get(server.url("/health")).header("X-Junk", "x".repeat(40_000)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_script_prints_the_answer() {
    let found = |program: &str| std::process::Command::new(program).arg("--version").output().is_ok();
    if !(found("bash") && found("curl") && found("jq")) {
        assert!(std::env::var_os("CI").is_none(), "bash, curl and jq are needed in CI");
        eprintln!("\n*** SKIPPED: this test needs bash, curl and jq ***\n");
        return;
    }
    let server = ChatServer::start().await;
    let document = include_str!("../docs/http-api.md");
    let script = document
        .split("```sh\n")
        .find_map(|part| part.split("```").next().filter(|s| s.contains("while read")))
        .unwrap()
        .to_owned();
    let mut command = std::process::Command::new("timeout");
    command.args(["20", "bash", "-c", &script]).env("BASE", &server.address);
    let printing = tokio::task::spawn_blocking(move || command.output().unwrap());
    let conversation = server.heard().await;
    let replies = vec![bot("Yes, it is safe.", &[]), bot("Boiling is not needed.", &[])];
    server.answer(conversation, replies, Standing::Bot).await;
    let printed = printing.await.unwrap();
    assert!(printed.status.success(), "{printed:?}");
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), "Yes, it is safe.\nBoiling is not needed.\n");
}
