//! The channel Telegram, as the platform and its customers meet it: the real binary against the platform's protocol.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    common::{self, Home, PATIENCE, Service, stdout},
    fakes::telegram::{BOT_NAME, Fake, Fault, TOKEN},
};

const ADA: i64 = 7_000_000_001;
const BEN: i64 = 8;
const GROUP: i64 = -1_001_234_567_890;
const WATER: &str = "is the tap water safe to drink";

/// A crisis whose customers write on this platform.
fn home(fake: &Fake) -> Home {
    home_with(fake, "")
}

fn home_with(fake: &Fake, settings: &str) -> Home {
    let home = Home::new();
    home.settings(&format!("[policy]\nquiet_ms = 20\n[telegram]\napi_url = \"{}\"\n{settings}", fake.url()));
    home
}

fn start(home: &Home) -> Service {
    let mut command = home.command();
    command.env("EVENKEEL_TELEGRAM_TOKEN", TOKEN).env("EVENKEEL_MODEL_FETCH", "false");
    common::start(command, &[])
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came to this: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// All is answered, and the platform knows that we have it.
async fn settled(service: &Service, fake: &Fake) {
    until("every update is acknowledged", async || fake.unacknowledged() == 0).await;
    service.settled().await;
}

fn escalations(home: &Home) -> Value {
    serde_json::from_str(&stdout(&home.run(&["escalations", "list", "--format", "json"]))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_answered_once_and_the_platform_need_not_keep_it() {
    let fake = Fake::start().await;
    let home = home(&fake);
    fake.customer_writes(ADA, WATER);
    let service = start(&home);
    let reply = fake.reply(ADA, 1).await;
    assert!(reply.text.to_lowercase().contains("water"), "{reply:?}");
    assert_eq!(reply.reply_to, None, "in private an answer needs no quote");
    settled(&service, &fake).await;
    assert_eq!(fake.replies().len(), 1);
    assert_eq!(fake.calls("sendMessage")[0].body["link_preview_options"]["is_disabled"], true);
    assert!(!fake.calls("sendChatAction").is_empty(), "they see that somebody is at it");
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_tapped_once_and_bring_a_person() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    fake.customer_writes(ADA, "/start");
    let welcome = fake.reply(ADA, 1).await;
    fake.customer_writes(ADA, "/agent");
    let promise = fake.reply(ADA, 2).await;
    assert!(promise.text.contains("person"), "{promise:?}");
    assert_ne!(welcome.text, promise.text);

    // An unclear word makes the bot ask back with buttons.
    fake.customer_writes(BEN, "when");
    let question = fake.reply(BEN, 1).await;
    assert!(!question.buttons.is_empty(), "{question:?}");
    let (person, _) = question.buttons.last().unwrap().clone();
    let query = fake.taps(BEN, &question, &person);
    let promise = fake.reply(BEN, 2).await;
    assert!(promise.text.contains("person"), "{promise:?}");
    until("the tap is answered and its buttons are gone", async || {
        fake.tap_answered(&query) && fake.replies_to(BEN)[0].buttons.is_empty()
    })
    .await;
    settled(&service, &fake).await;
    assert_eq!(escalations(&home).as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_group_it_answers_who_asked_it_and_nobody_else() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    fake.topic(GROUP, 5);
    fake.member_sends(GROUP, BEN, json!({ "text": "is the water safe to drink, neighbours?" }));
    let asked = fake.member_mentions(GROUP, ADA, WATER);
    let reply = fake.reply(GROUP, 1).await;
    assert_eq!((reply.reply_to, reply.topic), (Some(asked), None));
    assert!(reply.text.to_lowercase().contains("water"), "{reply:?}");

    let parts = json!({ "text": format!("/help@{BOT_NAME}"), "message_thread_id": 5, "is_topic_message": true });
    fake.member_sends(GROUP, BEN, parts);
    assert_eq!(fake.reply(GROUP, 2).await.topic, Some(5));
    settled(&service, &fake).await;
    assert_eq!(fake.replies().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_words_arrive_in_pieces_with_their_name_and_harm_nothing() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    fake.customer_writes(ADA, "/agent");
    fake.reply(ADA, 1).await;
    let long = format!("<b>& @all</b> {}\n\nThe end.", "😀 crews are on their way. ".repeat(200));
    assert!(home.run(&["escalations", "reply", "1", &long, "--as", "Dana"]).status.success());
    let first = fake.reply(ADA, 2).await;
    assert!(first.text.starts_with("Dana\n<b>& @all</b> 😀 crews"), "{first:?}");
    until("the last piece is there", async || fake.replies_to(ADA).last().unwrap().text.ends_with("The end.")).await;
    settled(&service, &fake).await;
    assert!((3..=4).contains(&fake.replies_to(ADA).len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_or_blocks_us_is_left_alone_until_they_write_again() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    fake.customer_writes(ADA, "/agent");
    fake.reply(ADA, 1).await;
    fake.customer_writes(ADA, "/stop");
    settled(&service, &fake).await;
    home.run(&["escalations", "reply", "1", "Are you there?", "--as", "Dana"]);
    settled(&service, &fake).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(fake.replies_to(ADA).len(), 1, "they wanted to hear nothing more");

    fake.customer_writes(BEN, WATER);
    fake.reply(BEN, 1).await;
    fake.customer_blocks(BEN);
    settled(&service, &fake).await;
    fake.customer_writes(BEN, "thank you, is the tap water safe to drink");
    fake.reply(BEN, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_on_an_old_stop_or_an_edit_repeated_changes_nothing() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    let stop = fake.customer_writes(ADA, "/stop");
    until("they see that it is done", async || fake.signs(ADA, stop) == ["👍"]).await;
    fake.customer_writes(ADA, "/agent");
    fake.reply(ADA, 1).await;
    fake.reacts(ADA, stop);
    settled(&service, &fake).await;
    assert!(home.run(&["escalations", "reply", "1", "I am here.", "--as", "Dana"]).status.success());
    assert!(fake.reply(ADA, 2).await.text.contains("I am here."));

    let question = fake.customer_writes(BEN, "when will the power be back");
    fake.reply(BEN, 1).await;
    fake.customer_edits(BEN, question, WATER);
    let answer = fake.reply(BEN, 2).await;
    assert!(answer.text.to_lowercase().contains("water"), "{answer:?}");
    fake.reacts(BEN, question);
    settled(&service, &fake).await;
    assert_eq!(fake.replies_to(BEN).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_politely_to_stop_is_left_alone_and_agents_are_told_at_once() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    fake.customer_writes(ADA, "/agent");
    fake.reply(ADA, 1).await;
    fake.customer_writes(ADA, "Stop. Thank you");
    settled(&service, &fake).await;
    assert_eq!(fake.replies_to(ADA).len(), 1);
    let refused = home.run(&["escalations", "reply", "1", "Are you there?", "--as", "Dana"]);
    assert!(!refused.status.success());
    let told = common::stderr(&refused);
    assert!(told.contains("asked not to be written to"), "{told}");

    fake.customer_writes(BEN, "stop the leak");
    fake.reply(BEN, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_others_that_come_along_are_read_for_danger_and_shown_to_agents() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    let origin = json!({ "type": "hidden_user", "sender_user_name": "Neighbour", "date": 1 });
    fake.customer_sends(
        ADA,
        json!({ "text": "there is a strong smell of gas in our kitchen", "forward_origin": origin }),
    );
    fake.reply(ADA, 1).await;
    let reply = json!({ "origin": { "type": "hidden_user", "sender_user_name": "Neighbour", "date": 1 } });
    let quote = json!({ "text": "there is a strong smell of gas in our kitchen", "position": 0 });
    fake.customer_sends(BEN, json!({ "text": "what should they do?", "external_reply": reply, "quote": quote }));
    fake.reply(BEN, 1).await;
    settled(&service, &fake).await;
    let open = escalations(&home);
    let urgencies: Vec<&Value> = open.as_array().unwrap().iter().map(|one| &one["urgency"]).collect();
    assert_eq!(urgencies, ["danger", "danger"], "{open}");
    for (number, told) in [("1", "forwarded from Neighbour"), ("2", "> there is a strong smell of gas")] {
        let shown = stdout(&home.run(&["escalations", "show", number]));
        assert!(shown.contains(told), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_a_customer_deleted_keeps_no_answer_from_them() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    // The platform knows no such topic any more.
    fake.customer_sends(ADA, json!({ "text": WATER, "message_thread_id": 5, "is_topic_message": true }));
    let reply = fake.reply(ADA, 1).await;
    assert_eq!(reply.topic, None);
    settled(&service, &fake).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_menu_and_a_server_that_never_waits_is_asked_in_peace() {
    let fake = Fake::start().await;
    fake.hurry();
    let home = home(&fake);
    let service = start(&home);
    until("the menu is there", async || fake.menu("th").len() == 3).await;
    assert_eq!(fake.menu(""), ["help", "agent", "stop"]);
    let before = fake.calls("getUpdates").len();
    sleep(Duration::from_secs(3)).await;
    let asked = fake.calls("getUpdates").len() - before;
    assert!(asked <= 4, "{asked} requests in three seconds");
    fake.customer_writes(ADA, WATER);
    fake.reply(ADA, 1).await;
    settled(&service, &fake).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_updates_neither_stop_nor_hide_the_others() {
    let fake = Fake::start().await;
    let home = home(&fake);
    fake.update("brand_new_kind", json!({ "x": u64::MAX }));
    fake.update("message", json!("not a message"));
    fake.update("message", json!({ "message_id": "x" }));
    fake.raw_update(json!({ "update_id": 699_999_999_i64 }));
    fake.update("channel_post", json!({ "message_id": 1 }));
    let entities = json!([{ "type": "of_next_year", "offset": 0, "length": 99 }]);
    fake.customer_sends(ADA, json!({ "text": WATER, "entities": entities, "new_part": { "a": 1 } }));
    fake.customer_sends(BEN, json!({ "sticker": { "emoji": "😱" } }));
    let service = start(&home);
    assert!(fake.reply(ADA, 1).await.text.to_lowercase().contains("water"));
    fake.reply(BEN, 1).await;
    // Ids beyond 32 bits.
    fake.raw_update(json!({ "update_id": 5_000_000_000_i64, "message": {
        "message_id": 5_000_000_000_i64, "date": 1, "chat": { "id": ADA, "type": "private" },
        "from": { "id": ADA, "is_bot": false, "first_name": "A" }, "text": "هل الماء آمن؟ 😱",
    } }));
    fake.reply(ADA, 2).await;
    settled(&service, &fake).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_accepted_is_sent_again_and_an_accepted_one_never() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    fake.next(
        "sendMessage",
        Fault::Refuse { code: 429, description: "Too Many Requests: retry after 1", retry_after: Some(1) },
    );
    fake.next("sendMessage", Fault::Page(503));
    fake.customer_writes(ADA, WATER);
    fake.reply(ADA, 1).await;
    let calls = fake.calls("sendMessage");
    assert!(calls[1].at - calls[0].at >= Duration::from_secs(1), "the delay is obeyed");

    for (customer, fault) in
        [(11, Fault::DonePage(504)), (12, Fault::DoneDrop), (13, Fault::HalfAnswer), (14, Fault::Page(502))]
    {
        fake.next("sendMessage", fault);
        fake.customer_writes(customer, WATER);
        settled(&service, &fake).await;
        let arrived = usize::from(!matches!(fault, Fault::Page(_)));
        assert_eq!(fake.replies_to(customer).len(), arrived, "{fault:?}");
    }
    let open = escalations(&home);
    assert_eq!(open.as_array().unwrap().len(), 4, "agents see what may not have arrived: {open}");
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_at_the_platform_is_told_and_passes() {
    let fake = Fake::start().await;
    fake.token("1:another");
    let home = home(&fake);
    let service = start(&home);
    until("the operator reads what is wrong", async || {
        service.health().await.to_string().contains("check EVENKEEL_TELEGRAM_TOKEN")
    })
    .await;
    let visitor = service.visitor().await;
    visitor.says("1", WATER).await;
    visitor.reply(1).await;
    drop(service);

    fake.token(TOKEN);
    for fault in [Fault::Page(502), Fault::HalfAnswer, Fault::Drop] {
        fake.next("getUpdates", fault);
    }
    fake.customer_writes(ADA, WATER);
    let service = start(&home);
    fake.reply(ADA, 1).await;
    settled(&service, &fake).await;
    assert_eq!(fake.replies().len(), 1);
    assert!(!service.health().await.to_string().contains("telegram\":{\"receiving"));
    let (_, log) = service.terminate();
    assert!(log.contains("works again"), "{log}");
    assert!(!log.contains(TOKEN) && !log.contains("FAKE-token"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_became_a_supergroup_is_answered_there() {
    let fake = Fake::start().await;
    let home = home(&fake);
    let service = start(&home);
    fake.next(
        "sendMessage",
        Fault::Refuse { code: 429, description: "Too Many Requests: retry after 1", retry_after: Some(1) },
    );
    fake.member_mentions(-5, ADA, WATER);
    until("the answer was tried", async || !fake.calls("sendMessage").is_empty()).await;
    fake.migrate(-5, GROUP);
    assert!(fake.reply(GROUP, 1).await.text.to_lowercase().contains("water"));
    settled(&service, &fake).await;
    // The same conversation goes on there: the same question again is noticed.
    fake.member_mentions(GROUP, ADA, WATER);
    let again = fake.reply(GROUP, 2).await;
    assert_ne!(again.text, fake.replies_to(GROUP)[0].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_set_kept_secret_and_answered_only_when_stored() {
    let fake = Fake::start().await;
    let home = home_with(&fake, "mode = \"webhook\"\nwebhook_url = \"https://help.example/\"\n");
    fake.customer_writes(ADA, WATER);
    let service = start(&home);
    fake.resolve("https://help.example", &service.url);
    assert!(fake.reply(ADA, 1).await.text.to_lowercase().contains("water"));
    settled(&service, &fake).await;
    assert!(fake.calls("getUpdates").is_empty());

    let (url, secret) = fake.webhook().unwrap();
    assert_eq!(url, "https://help.example/webhooks/telegram");
    assert!(!secret.is_empty() && !secret.contains("FAKE"));
    let call = async |secret: Option<&str>, body: &str| {
        // A refusal does not wait for the body, so its connection is not used again.
        let mut request = service.http.post(format!("{}/webhooks/telegram", service.url)).body(body.to_owned());
        request = request.header("Connection", "close");
        if let Some(secret) = secret {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let update = json!({ "update_id": 1, "message": {
        "message_id": 900, "date": 1, "chat": { "id": BEN, "type": "private" }, "text": WATER,
        "from": { "id": BEN, "is_bot": false, "first_name": "B" },
    } })
    .to_string();
    assert_eq!(call(None, &update).await, 401);
    assert_eq!(call(Some("wrong"), &update).await, 401);
    assert_eq!(call(Some(&secret), "junk").await, 200);
    assert_eq!(call(Some(&secret), "{\"update_id\":2,\"brand_new\":{}}").await, 200);
    assert_eq!(call(Some(&secret), &" ".repeat(2 << 20)).await, 413);
    for _ in 0..3 {
        assert_eq!(call(Some(&secret), &update).await, 200);
    }
    service.settled().await;
    let health = service.health().await;
    assert_eq!(health["store"]["inbox_pending"], 0, "{health}");
    // The platform knows no such chat: the answer was tried once.
    assert_eq!(fake.calls("sendMessage").iter().filter(|call| call.body["chat_id"] == BEN).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_said_twice_when_it_is_killed_while_the_platform_misbehaves() {
    let fake = Fake::start().await;
    let home = home(&fake);
    fake.set_webhook("https://elsewhere.example/");
    fake.misbehave(0.15, 7);
    let customers: Vec<i64> = (101..125).collect();
    let writers = {
        let (fake, customers) = (fake.clone(), customers.clone());
        tokio::spawn(async move {
            for customer in customers {
                fake.customer_writes(customer, WATER);
                sleep(Duration::from_millis(120)).await;
            }
        })
    };
    for pause in [900, 500, 1_300] {
        let mut service = start(&home);
        sleep(Duration::from_millis(pause)).await;
        service.kill();
    }
    writers.await.unwrap();
    fake.misbehave(0.0, 0);
    let service = start(&home);
    settled(&service, &fake).await;
    let uncertain = service.health().await["store"]["outbox_uncertain"].as_u64().unwrap() as usize;
    let mut silent = 0;
    for customer in customers {
        match fake.replies_to(customer).len() {
            0 => silent += 1,
            replies => assert_eq!(replies, 1, "customer {customer} heard it twice"),
        }
    }
    assert!(silent <= uncertain, "{silent} heard nothing, of which agents see {uncertain}");
}

/// The platform alone, for trying the service by hand: `cargo test --test outside telegram:: -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs until it is stopped"]
async fn platform() {
    let fake = Fake::start_at("127.0.0.1:8091").await;
    println!("EVENKEEL_TELEGRAM_TOKEN={TOKEN}, api_url = {}", fake.url());
    let mut shown = 0;
    for line in std::io::stdin().lines() {
        fake.customer_writes(ADA, &line.unwrap());
        sleep(Duration::from_secs(4)).await;
        for reply in fake.replies().into_iter().skip(shown) {
            println!("<- {} {:?}", reply.html, reply.buttons);
            shown += 1;
        }
    }
}
