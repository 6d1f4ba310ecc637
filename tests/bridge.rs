//! Another helpdesk in front: the real service with a receiver of its webhooks, and the API as a bridge calls it.
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod common;
#[path = "fakes/receiver.rs"]
#[allow(dead_code, reason = "a whole receiver")]
mod receiver;

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use common::{Home, Service, Visitor, stdout, text};
use receiver::{Manner, Receiver, SECRET};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const WISH: &str = "I want to talk to a human";

/// A house whose webhook goes to the receiver.
fn home_with(receiver: &Receiver, more: &str) -> Home {
    let home = Home::new();
    home.settings(&format!(
        "[policy]\nquiet_ms = 20\n[web]\nvisitor_burst = 100\naddress_burst = 100000\n\
         [[webhooks]]\nname = \"test\"\nurl = \"{}\"\n{more}\n",
        receiver.url()
    ));
    home
}

fn start(home: &Home) -> Service {
    let mut command = home.command();
    command.env("EVENKEEL_WEBHOOK_SECRET_TEST", SECRET);
    common::start(command, &[])
}

/// A bridge with a token of its own.
struct Bridge<'a> {
    service: &'a Service,
    token: String,
}

impl<'a> Bridge<'a> {
    fn new(home: &Home, service: &'a Service, name: &str) -> Self {
        let added = home.run(&["tokens", "add", name]);
        assert!(added.status.success(), "{}", common::stderr(&added));
        Self { service, token: stdout(&added).trim().to_owned() }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
        let request = self.service.http.request(method, format!("{}{path}", self.service.url)).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn gets(&self, path: &str) -> Value {
        let answer = self.call(Method::GET, path, None).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// Posts, and gives the status and the body.
    async fn posts(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.call(Method::POST, path, Some(body)).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

fn path(number: &Value, call: &str) -> String {
    format!("/api/desk/escalations/{number}{call}")
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap().strip_prefix("escalation.").unwrap()).collect()
}

/// A visitor who asked for a person and was told that one comes.
async fn waiting(service: &Service) -> Visitor {
    let visitor = service.visitor().await;
    visitor.says("1", WISH).await;
    visitor.reply(1).await;
    visitor
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpdesk_hears_in_order_what_happens_and_of_nothing_that_was_before() {
    let receiver = Receiver::start().await;
    let home = Home::new();
    let service = home.start();
    waiting(&service).await;
    drop(service);

    home.settings(&format!("[policy]\nquiet_ms = 20\n[[webhooks]]\nname = \"test\"\nurl = \"{}\"\n", receiver.url()));
    let service = start(&home);
    let visitor = service.visitor().await;
    visitor.says("1", "is the tap water safe to drink").await;
    visitor.reply(1).await;
    visitor.says("2", "I want to talk to a human <script>alert('x')</script> & \"quotes\" \u{202E}").await;
    receiver.hears(1).await;
    assert!(home.run(&["escalations", "claim", "2", "--as", "Dana"]).status.success());
    assert!(home.run(&["escalations", "reply", "2", "A <b>crew</b> comes.", "--as", "Dana"]).status.success());
    receiver.hears(3).await;
    visitor.says("3", "thank you").await;
    receiver.hears(4).await;
    assert!(home.run(&["escalations", "resolve", "2", "--as", "Dana", "--note", "for agents only"]).status.success());
    let mut events = receiver.hears(5).await;
    assert_eq!(kinds(&events), ["opened", "message", "message", "message", "resolved"], "{events:#?}");
    let joined = events.remove(1);
    assert!(text(&joined["data"]["lines"][0]).contains("Dana"), "what the customer hears of the claim: {joined}");

    let lines = events[0]["data"]["lines"].as_array().unwrap();
    assert_eq!(lines[0]["text"], "I want to talk to a human <script>alert('x')</script> & \"quotes\" \u{202E}");
    assert_eq!((&lines[0]["author"], &lines[1]["author"]), (&json!("customer"), &json!("bot")));
    assert_eq!(events[0]["data"]["escalation"]["id"], 2);
    assert!(events[0]["data"]["escalation"]["reason"].is_string());
    let reply = &events[1]["data"]["lines"];
    assert_eq!((&reply[0]["name"], &reply[0]["text"]), (&json!("Dana"), &json!("A <b>crew</b> comes.")));
    assert_eq!(events[1]["data"]["escalation"]["claimed_by"], "Dana");
    assert_eq!(events[2]["data"]["lines"].as_array().unwrap().len(), 1, "the bot is silent: {events:#?}");
    assert_eq!(events[3]["data"]["escalation"]["resolved_by"], "Dana");
    assert!(!json!(events).to_string().contains("for agents only"), "notes are asked for through the API");

    let health = service.health().await;
    assert_eq!(health["health"]["webhooks"], json!({ "webhook test": {} }), "{health}");
    let (_, log) = service.terminate();
    assert!(log.contains(&receiver.origin()) && !log.contains("not-for-health") && !log.contains(SECRET), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_every_event_comes_once_by_id_and_in_order() {
    const ROUNDS: u64 = 6;
    let receiver = Receiver::start().await;
    let home = home_with(&receiver, "");
    let mut service = start(&home);
    for round in 0..ROUNDS {
        match round % 3 {
            0 => receiver.behave(Manner::TakesAndBreaks),
            1 => receiver.goes_away(),
            _ => {}
        }
        waiting(&service).await;
        let number = (round + 1).to_string();
        // Meanwhile another process writes: nobody's work waits for the service.
        let commands = [
            ["reply", &number, "It is being repaired.", "--as=Dana"],
            ["resolve", &number, "--note=done", "--as=Dana"],
        ]
        .map(|args| {
            let mut command = home.command();
            command.arg("escalations").args(args);
            command
        });
        let desk = tokio::task::spawn_blocking(move || {
            for mut command in commands {
                let done = command.output().unwrap();
                assert!(done.status.success(), "{}", common::stderr(&done));
            }
        });
        let dies = async {
            tokio::time::sleep(Duration::from_millis(20 + round * 131 % 400)).await;
            service.kill();
            service = start(&home);
        };
        dies.await;
        desk.await.unwrap();
        if round % 3 == 1 {
            receiver.comes_back().await;
        }
        receiver.behave(Manner::Answers(204));
    }
    let events = receiver.hears(3 * ROUNDS as usize).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(receiver.events().len(), events.len(), "nothing comes beyond what happened");
    for number in 1..=ROUNDS {
        let of: Vec<Value> =
            events.iter().filter(|event| event["data"]["escalation"]["id"] == number).cloned().collect();
        assert_eq!(kinds(&of), ["opened", "message", "resolved"], "escalation {number}: {of:#?}");
    }
    let repeated = receiver.deliveries().iter().filter(|delivery| delivery.accepted).count() - events.len();
    println!("{} events through {ROUNDS} kills, {repeated} of them twice", events.len());
}

/// Waits until `/health` says something about the webhook, and never what is secret.
async fn is_told(service: &Service, what: &str) {
    let deadline = Instant::now() + common::PATIENCE;
    loop {
        let health = service.health().await;
        assert!(!health.to_string().contains("not-for-health"), "{health}");
        let told = &health["health"]["webhooks"]["webhook test"]["sending"]["what"];
        if told.as_str().is_some_and(|told| told.contains(what)) {
            assert_eq!(health["status"], "degraded");
            return;
        }
        assert!(Instant::now() < deadline, "{what:?} is not in {health}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_receiver_answers_nothing_is_lost_and_the_operator_is_told() {
    let receiver = Receiver::start().await;
    let home = home_with(&receiver, "");
    let service = start(&home);
    let mut tried = 0;
    receiver.behave(Manner::Answers(302));
    waiting(&service).await;
    for manner in [Manner::Busy(1), Manner::TakesAndBreaks, Manner::Answers(200)] {
        tried += 1;
        receiver.is_tried(tried).await;
        receiver.behave(manner);
        if tried == 1 {
            is_told(&service, "redirects are not followed").await;
        }
    }
    receiver.is_tried(4).await;
    let events = receiver.hears(1).await;
    assert_eq!(kinds(&events), ["opened"]);
    let deliveries = receiver.deliveries();
    assert!(deliveries.iter().all(|delivery| delivery.id == deliveries[0].id), "one event has one id");

    receiver.behave(Manner::Answers(410));
    assert!(home.run(&["escalations", "reply", "1", "We are there.", "--as", "Dana"]).status.success());
    is_told(&service, "410").await;
    receiver.behave(Manner::Answers(204));
    let so_far = receiver.deliveries().len();
    assert!(home.run(&["escalations", "resolve", "1", "--as", "Dana"]).status.success());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(receiver.deliveries().len(), so_far, "who is gone is left alone");
    let (status, log) = service.terminate();
    assert!(status.success(), "{log}");
    assert!(!log.contains("not-for-health"), "{log}");

    // A receiver that hangs does not keep the service from stopping.
    receiver.behave(Manner::Hangs);
    let service = start(&home);
    receiver.is_tried(so_far + 1).await;
    let asked = Instant::now();
    let (status, log) = service.terminate();
    assert!(status.success() && !log.contains("took longer"), "{log}");
    assert!(asked.elapsed() < Duration::from_secs(14), "{:?}", asked.elapsed());

    receiver.behave(Manner::Answers(204));
    let _service = start(&home);
    assert_eq!(kinds(&receiver.hears(3).await), ["opened", "message", "resolved"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_comes_in_order_and_without_what_was_erased() {
    let receiver = Receiver::start().await;
    let home = home_with(&receiver, "");
    let service = start(&home);
    receiver.goes_away();
    let bridge = Bridge::new(&home, &service, "zammad");
    waiting(&service).await;
    let forgotten = service.visitor().await;
    forgotten.says("1", "I want to talk to a human about my xylophone").await;
    forgotten.reply(1).await;
    for number in 0..230 {
        let reply = json!({ "id": uuid::Uuid::now_v7(), "text": format!("line {number}") });
        let (status, body) = bridge.posts("/api/desk/escalations/1/reply", &reply).await;
        assert_eq!(status, 202, "{body}");
    }
    let erased = service.http.delete(format!("{}/api/chat/visitors", service.url)).bearer_auth(&forgotten.key);
    assert!(erased.send().await.unwrap().status().is_success());
    // Begun anew, it does not wait as it would after many failures.
    drop(service);
    receiver.comes_back().await;
    let _service = start(&home);
    let events = receiver.hears(231).await;
    assert_eq!(events[0]["type"], "escalation.opened");
    for (number, event) in events[1..].iter().enumerate() {
        assert_eq!(event["data"]["lines"][0]["text"], format!("line {number}"));
    }
    assert!(!json!(receiver.deliveries().iter().map(|d| &d.raw).collect::<Vec<_>>()).to_string().contains("xylophone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_hears_only_what_it_asked_for_and_one_without_a_secret_is_off_and_says_so() {
    let receiver = Receiver::start().await;
    let home = home_with(
        &receiver,
        "events = [\"escalation.resolved\"]\n[[webhooks]]\nname = \"no_secret\"\nurl = \"http://127.0.0.1:9/x\"",
    );
    let service = start(&home);
    waiting(&service).await;
    let told = service.health().await["health"]["degraded"].to_string();
    assert!(told.contains("EVENKEEL_WEBHOOK_SECRET_NO_SECRET is not set"), "{told}");
    assert!(home.run(&["escalations", "resolve", "1", "--as", "Dana"]).status.success());
    assert_eq!(kinds(&receiver.hears(1).await), ["resolved"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_in_another_helpdesk_answers_and_a_request_sent_twice_says_it_once() {
    let receiver = Receiver::start().await;
    let home = home_with(&receiver, "");
    let service = start(&home);
    let visitor = waiting(&service).await;
    let bridge = Bridge::new(&home, &service, "Zammad");

    let queue = bridge.gets("/api/desk/escalations?channel=web&unassigned=true").await;
    assert_eq!((&queue["matching"], &queue["escalations"][0]["words"]), (&json!(1), &json!(WISH)), "{queue}");
    assert_eq!(bridge.gets("/api/desk/escalations?agent=Dana").await["matching"], 0);
    let number = &queue["escalations"][0]["id"];

    let reply = json!({ "id": "6F1C6C0E-3C1F-4A8E-9D0A-5B6F0F0D7A11", "text": "A <img src=x onerror=alert(1)> crew\0 comes.", "agent": "Dana" });
    let (status, said) = bridge.posts(&path(number, "/reply"), &reply).await;
    assert_eq!((status, &said["repeated"]), (202, &json!(false)), "{said}");
    let (status, said) = bridge.posts(&path(number, "/reply"), &reply).await;
    assert_eq!((status, &said["repeated"]), (202, &json!(true)), "{said}");
    let heard = visitor.reply(2).await;
    assert_eq!((heard["name"].as_str(), heard["author"].as_str()), (Some("Dana"), Some("agent")));
    assert_eq!(heard["id"], "6f1c6c0e-3c1f-4a8e-9d0a-5b6f0f0d7a11");
    assert!(!heard["html"].as_str().unwrap().contains("<img"), "{heard}");
    assert!(text(&heard).contains('\u{FFFD}'));

    // Somebody else is refused and told who has it.
    let (status, refused) = bridge.posts(&path(number, "/claim"), &json!({})).await;
    assert_eq!(
        (status, &refused["error"]["code"], &refused["error"]["agent"]),
        (409, &json!("claimed_by"), &json!("Dana"))
    );
    let (status, taken) = bridge.posts(&path(number, "/claim"), &json!({ "take_over": true })).await;
    assert_eq!((status, &taken["escalation"]["claimed_by"]), (200, &json!("Zammad")), "{taken}");
    let (status, freed) = bridge.posts(&path(number, "/release"), &json!({})).await;
    assert_eq!((status, &freed["escalation"]["claimed_by"]), (200, &Value::Null), "{freed}");
    let (status, refused) = bridge.posts(&path(number, "/release"), &json!({})).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("not_claimed")));
    assert_eq!(bridge.posts(&path(number, "/notes"), &json!({ "text": "<script>" })).await.0, 201);

    // The id of another message, and the same reply after the end.
    let other = waiting(&service).await;
    let (status, refused) = bridge.posts("/api/desk/escalations/2/reply", &reply).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("id_taken")));
    assert_eq!(bridge.posts(&path(number, "/resolve"), &json!({ "agent": "Dana", "note": "told" })).await.0, 200);
    let (status, said) = bridge.posts(&path(number, "/reply"), &reply).await;
    assert_eq!((status, &said["repeated"]), (202, &json!(true)), "{said}");
    let (status, refused) = bridge.posts(&path(number, "/resolve"), &json!({})).await;
    assert_eq!(
        (status, &refused["error"]["code"], &refused["error"]["agent"]),
        (409, &json!("already_resolved"), &json!("Dana"))
    );
    service.settled().await;
    assert_eq!(
        (visitor.replies().await.len(), other.replies().await.len()),
        (3, 1),
        "what was said, and that it is closed"
    );

    let whole = bridge.gets(&path(number, "")).await;
    let notes: Vec<&str> = whole["notes"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(notes, ["<script>", "told"]);
    assert_eq!(whole["lines"].as_array().unwrap().len(), 4, "{whole}");
    assert_eq!(kinds(&receiver.hears(4).await), ["opened", "message", "opened", "resolved"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_token_and_what_is_no_request_is_refused() {
    let home = Home::new();
    let service = home.start();
    let visitor = waiting(&service).await;
    let bridge = Bridge::new(&home, &service, "zammad");
    let answer = service.http.get(format!("{}/api/openapi.json", service.url)).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let document: Value = answer.json().await.unwrap();

    // Every call that is described is there, and wants a token: none, a wrong one, a visitor's key, one in another form.
    for (described, calls) in document["paths"].as_object().unwrap() {
        for method in calls.as_object().unwrap().keys() {
            let url = format!("{}{}", service.url, described.replace("{number}", "1"));
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            for header in [
                "",
                &format!("Bearer {}", "0".repeat(64)),
                &format!("Bearer {}", visitor.key),
                &format!("Basic {}", bridge.token),
            ] {
                let request =
                    service.http.request(method.clone(), &url).header("authorization", header).json(&json!({}));
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), 401, "{described} {header}");
                assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            }
        }
    }

    let reply = |text: &str| json!({ "id": uuid::Uuid::now_v7(), "text": text });
    for (call, body, status, code) in [
        ("1/reply", json!({ "text": "no id" }), 400, "malformed"),
        ("1/reply", json!({ "id": "1", "text": "no uuid" }), 400, "malformed"),
        ("1/reply", json!({ "id": uuid::Uuid::now_v7(), "text": "a", "html": "<b>" }), 400, "malformed"),
        ("1/reply", json!({ "id": uuid::Uuid::now_v7(), "text": "a", "agent": "Da\u{1b}[31mna" }), 400, "bad_agent"),
        ("1/reply", json!({ "id": uuid::Uuid::now_v7(), "text": "a", "agent": " " }), 400, "empty"),
        ("1/reply", json!(["forged"]), 400, "malformed"),
        ("1/reply", reply(" \n"), 400, "empty"),
        ("1/reply", reply(&"x".repeat(16_385)), 413, "too_large"),
        ("1/reply", reply(&"x".repeat(150_000)), 413, "too_large"),
        ("99/reply", reply("nobody"), 404, "no_escalation"),
        ("-1/claim", json!({}), 404, "no_escalation"),
        ("one/claim", json!({}), 400, "bad_number"),
        ("1/claim", json!({ "take_over": "yes" }), 400, "malformed"),
    ] {
        let answer = bridge.posts(&format!("/api/desk/escalations/{call}"), &body).await;
        assert_eq!((answer.0, answer.1["error"]["code"].as_str().unwrap()), (status, code), "{call}: {}", answer.1);
    }
    for (body, kind, status) in
        [("{\"id\":", "application/json", 400), ("{}", "text/plain", 415), ("\u{0}", "application/json", 400)]
    {
        let request =
            service.http.post(format!("{}/api/desk/escalations/1/claim", service.url)).bearer_auth(&bridge.token);
        assert_eq!(request.header("content-type", kind).body(body).send().await.unwrap().status(), status, "{body:?}");
    }
    let deep = format!("{{\"agent\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let request = service.http.post(format!("{}/api/desk/escalations/1/claim", service.url)).bearer_auth(&bridge.token);
    assert_eq!(request.header("content-type", "application/json").body(deep).send().await.unwrap().status(), 400);
    service.settled().await;
    assert_eq!(visitor.replies().await.len(), 1, "nothing of this reached the customer");

    // A token is shown once, has a name of its own, and ends at once.
    let shown = stdout(&home.run(&["tokens", "list"]));
    assert!(shown.starts_with("zammad ") && !shown.contains(&bridge.token), "{shown}");
    assert!(common::stderr(&home.run(&["tokens", "add", "zammad"])).contains("already"));
    assert!(home.run(&["tokens", "revoke", "zammad"]).status.success());
    assert_eq!(bridge.call(Method::GET, "/api/desk/escalations", None).await.status(), 401);
    assert!(!home.run(&["tokens", "revoke", "zammad"]).status.success());
    let again = Bridge::new(&home, &service, "zammad");
    assert_ne!(again.token, bridge.token);
    assert_eq!(again.gets("/api/desk/escalations").await["matching"], 1);
    assert_eq!(bridge.call(Method::GET, "/api/desk/escalations", None).await.status(), 401, "the old one stays shut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_asks_without_end_is_told_to_wait_and_no_other_is() {
    let home = Home::new();
    let service = home.start();
    let greedy = Bridge::new(&home, &service, "greedy");
    let other = Bridge::new(&home, &service, "other");
    let deadline = Instant::now() + common::PATIENCE;
    loop {
        let asked: Vec<_> = (0..100).map(|_| greedy.call(Method::GET, "/api/desk/escalations", None)).collect();
        let answers = futures::future::join_all(asked).await;
        if let Some(refused) = answers.iter().find(|answer| answer.status() == 429) {
            assert!(refused.headers().contains_key("retry-after"));
            break;
        }
        assert!(Instant::now() < deadline, "it was never told to wait");
    }
    assert_eq!(other.gets("/api/desk/escalations").await["matching"], 0);
}

/// Whether a value has the form that the document gives it: all that is required, and nothing that is not described.
fn conforms(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return conforms(document, document.pointer(name.trim_start_matches('#')).unwrap(), value, place);
    }
    if let Some(some) = schema["oneOf"].as_array() {
        let all: Vec<_> = some.iter().map(|schema| conforms(document, schema, value, place)).collect();
        return if all.iter().any(Result::is_ok) { Ok(()) } else { Err(format!("{all:?}")) };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    if !kinds.contains(&json!(kind)) {
        return Err(format!("{place} is {value}, and {schema} is described"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{place} is {value}, and {words:?} are described"));
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        conforms(document, &schema["items"], item, &format!("{place}[{number}]"))?;
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let described = &schema["properties"][name];
        if described.is_null() {
            return Err(format!("{place}.{name} is not described"));
        }
        conforms(document, described, field, &format!("{place}.{name}"))?;
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            return Err(format!("{place} has no {name}"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_and_sent_is_what_the_document_describes() {
    let receiver = Receiver::start().await;
    let home = home_with(&receiver, "");
    let service = start(&home);
    waiting(&service).await;
    let bridge = Bridge::new(&home, &service, "zammad");
    let document = bridge.gets("/api/openapi.json").await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);

    let reply = json!({ "id": uuid::Uuid::now_v7(), "text": "Hello." });
    for (method, call, body, status) in [
        ("get", "", None, 200),
        ("get", "/{number}", None, 200),
        ("post", "/{number}/release", Some(json!({})), 409),
        ("post", "/{number}/claim", Some(json!({})), 200),
        ("post", "/{number}/reply", Some(reply), 202),
        ("post", "/{number}/notes", Some(json!({ "text": "a note" })), 201),
        ("post", "/{number}/release", Some(json!({})), 200),
        ("post", "/{number}/resolve", Some(json!({ "note": "done" })), 200),
        ("post", "/{number}/claim", Some(json!({})), 409),
        ("get", "/{number}", None, 200),
    ] {
        let described = format!("/api/desk/escalations{call}");
        let http = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let answer = bridge.call(http, &described.replace("{number}", "1"), body.as_ref()).await;
        assert_eq!(answer.status(), status, "{described}");
        let value: Value = answer.json().await.unwrap();
        let responses = &document["paths"][&described][method]["responses"];
        let schema = &responses[status.to_string()]["content"]["application/json"]["schema"];
        conforms(&document, schema, &value, &described).unwrap();
        if let Some(body) = body {
            let schema = &document["paths"][&described][method]["requestBody"]["content"]["application/json"]["schema"];
            conforms(&document, schema, &body, &described).unwrap();
        }
    }
    for event in receiver.hears(3).await {
        conforms(&document, &json!({ "$ref": "#/components/schemas/Event" }), &event, "Event").unwrap();
    }
}

/// The first example in a language of `docs/bridge.md`.
fn example(language: &str) -> String {
    let guide = std::fs::read_to_string(common::sample().join("docs/bridge.md")).unwrap();
    let (_, rest) = guide.split_once(&format!("```{language}\n")).unwrap();
    rest.split("\n```").next().unwrap().to_owned()
}

/// Runs a program on what a receiver got, and gives what it prints. None where there is no such program.
fn run(program: &str, flag: &str, code: &str, input: &Value) -> Option<String> {
    let spawned = Command::new(program).args([flag, code]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        assert!(std::env::var_os("CI").is_none() || program != "python3", "python3 is missing");
        return None;
    };
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    Some(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verifiers_of_the_guide_accept_what_is_sent_and_nothing_else() {
    let receiver = Receiver::start().await;
    let home = home_with(&receiver, "");
    let service = start(&home);
    let visitor = service.visitor().await;
    visitor.says("1", "I want to talk to a human, señor 🙏").await;
    receiver.hears(1).await;
    let sent = receiver.deliveries().remove(0);
    let headers: serde_json::Map<_, _> = sent.headers.into_iter().map(|(name, value)| (name, json!(value))).collect();
    let mut forged = headers.clone();
    forged.insert("webhook-id".to_owned(), json!("msg_other"));
    let input = json!({ "secret": SECRET, "cases": [
        { "headers": headers, "body": sent.raw },
        { "headers": headers, "body": sent.raw.replace("human", "robot") },
        { "headers": forged, "body": sent.raw },
    ] });
    let python = "\nimport json, sys\ngiven = json.load(sys.stdin)\n\
        print(*[verify(given['secret'], c['headers'], c['body'].encode()) for c in given['cases']], \
        verify(given['secret'], given['cases'][0]['headers'], given['cases'][0]['body'].encode(), -1))";
    if let Some(said) = run("python3", "-c", &(example("python") + python), &input) {
        assert_eq!(said, "True False False False");
    }
    let node = "\nconst given = JSON.parse(require('fs').readFileSync(0));\n\
        console.log(...given.cases.map((c) => verify(given.secret, c.headers, Buffer.from(c.body))), \
        verify(given.secret, given.cases[0].headers, Buffer.from(given.cases[0].body), -1));";
    if let Some(said) = run("node", "-e", &(example("js") + node), &input) {
        assert_eq!(said, "true false false false");
    }
}
