//! The service on Discord, as its customers meet it: the real binary and the real client crate against a fake platform.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::{
    common::{self, Home, PATIENCE, Service},
    fakes::discord::{BOT, CHANNEL, Fake, SessionTrouble, TOKEN, Trouble},
};

const ADA: u64 = 80_351_110_224_678_912;
const BEN: u64 = 9_223_372_036_854_775_000;

struct World {
    fake: Fake,
    home: Home,
    service: Service,
}

fn start(home: &Home, token: &str) -> Service {
    let mut command = home.command();
    command.env("EVENKEEL_DISCORD_TOKEN", token).env("EVENKEEL_MODEL_FETCH", "false");
    common::start(command, &[])
}

impl World {
    async fn new() -> Self {
        let world = Self::not_connected().await;
        world.fake.connected().await;
        world
    }

    async fn not_connected() -> Self {
        Self::with(Fake::start().await)
    }

    fn with(fake: Fake) -> Self {
        let home = Home::new();
        home.settings(&format!("[policy]\nquiet_ms = 20\n[discord]\napi_url = \"{}\"\n", fake.url));
        let service = start(&home, TOKEN);
        Self { fake, home, service }
    }

    fn restart(&mut self) {
        self.service.kill();
        self.service = start(&self.home, TOKEN);
    }

    /// What the service says of the channel in its report.
    async fn trouble(&self, side: &str) -> Option<String> {
        let health = self.service.health().await;
        health["health"]["channels"]["discord"][side]["what"].as_str().map(ToOwned::to_owned)
    }
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "it did not happen: {what}");
        sleep(Duration::from_millis(30)).await;
    }
}

/// Long enough for a second answer to show itself.
async fn a_while() {
    sleep(Duration::from_millis(1500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_message_is_answered_once_with_buttons_and_pings_nobody() {
    let world = World::new().await;
    let id = world.fake.customer_writes(ADA, "when will my power be back? 🌊");
    world.fake.repeat(&id);
    let reply = world.fake.reply(ADA, 1).await;
    assert!(reply.text.contains("estimates, not promises"), "{}", reply.text);
    assert_eq!(reply.request["allowed_mentions"]["parse"], json!([]));
    assert!(reply.buttons.iter().any(|(label, _)| label == "Talk to a person"), "{:?}", reply.buttons);
    assert_eq!(reply.in_reply_to, None, "in a direct chat it is clear what is answered");
    a_while().await;
    assert_eq!(world.fake.replies_to(ADA).len(), 1);
    assert!(!world.fake.typed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_server_only_what_is_meant_for_us_is_answered_where_it_was_asked() {
    let world = World::new().await;
    world.fake.customer_writes_in_server(BEN, CHANNEL, "when will my power be back?");
    let thread = CHANNEL + 77;
    let asked = world.fake.customer_writes_in_server(ADA, thread, &format!("<@{BOT}> when will my power be back?"));
    let reply = world.fake.reply(ADA, 1).await;
    assert_eq!((reply.channel, reply.in_reply_to.as_deref()), (thread, Some(asked.as_str())));
    assert_eq!(reply.request["message_reference"]["fail_if_not_exists"], false);
    assert!(reply.text.contains("estimates, not promises"), "{}", reply.text);

    let again = world.fake.customer_replies(ADA, thread, &reply.id, "is the water safe to drink?", true);
    let second = world.fake.reply(ADA, 2).await;
    assert_eq!(second.in_reply_to, Some(again));
    a_while().await;
    assert!(world.fake.replies_to(BEN).is_empty(), "nobody asked us");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_customers_of_one_channel_have_conversations_of_their_own() {
    let world = World::new().await;
    for user in [ADA, BEN] {
        world.fake.customer_writes_in_server(user, CHANNEL, &format!("<@{BOT}> when will my power be back?"));
    }
    world.fake.reply(ADA, 1).await;
    world.fake.reply(BEN, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_acknowledged_and_answered_in_its_place_for_its_customer_alone() {
    let world = World::new().await;
    until("/ask is registered", async || !world.fake.commands().is_empty()).await;
    let asked = world.fake.customer_asks(ADA, true, "when will my power be back?");
    let reply = world.fake.reply(ADA, 1).await;
    assert!(reply.ephemeral && reply.in_reply_to.as_deref() == Some(&asked), "{reply:?}");
    assert!(reply.text.contains("estimates, not promises"));
    assert_eq!(world.fake.acknowledged(&asked), Some(5));

    let tapped = world.fake.customer_taps(ADA, &reply.id, "Talk to a person");
    let second = world.fake.reply(ADA, 2).await;
    assert!(second.ephemeral && second.in_reply_to.as_deref() == Some(&tapped), "{second:?}");
    assert!(second.text.contains("person"), "{}", second.text);
    assert_eq!(world.fake.acknowledged(&tapped), Some(7));
    assert_eq!(world.fake.message(&reply.id)["components"], json!([]), "a button is tapped once");

    // In a direct chat there is nothing to hide.
    world.fake.customer_asks(BEN, false, "when will my power be back?");
    assert!(!world.fake.reply(BEN, 1).await.ephemeral);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_late_answer_to_a_private_question_comes_as_a_direct_message() {
    let mut world = World::new().await;
    until("/ask is registered", async || !world.fake.commands().is_empty()).await;
    world.fake.customer_asks(ADA, true, "I want to talk to a person");
    world.fake.reply(ADA, 1).await;
    world.service.settled().await;
    world.restart();
    world.fake.connected().await;
    world.fake.forget_interactions();
    let replied = world.home.run(&["escalations", "reply", "1", "Which street are you on? @everyone", "--as", "Dana"]);
    assert!(replied.status.success(), "{}", common::stderr(&replied));
    let reply = world.fake.reply(ADA, 2).await;
    assert!(!reply.ephemeral && reply.channel != CHANNEL, "{reply:?}");
    assert!(reply.text.contains(r"\@everyone"), "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_we_were_away_is_answered() {
    let mut world = World::new().await;
    world.fake.customer_writes(ADA, "when will my power be back?");
    world.fake.customer_writes_in_server(BEN, CHANNEL, &format!("<@{BOT}> when will my power be back?"));
    world.fake.reply(ADA, 1).await;
    world.fake.reply(BEN, 1).await;
    world.service.settled().await;
    world.service.kill();
    world.fake.forget_sessions();
    world.fake.customer_writes(ADA, "is the water safe to drink?");
    let missed = world.fake.customer_writes_in_server(BEN, CHANNEL, &format!("<@{BOT}> is the water safe to drink?"));
    world.fake.customer_writes_in_server(BEN, CHANNEL, "not for you");
    world.fake.next_history(&[Trouble::Html(502), Trouble::Limited { millis: 100, everywhere: false }]);
    world.restart();
    world.fake.reply(ADA, 2).await;
    assert_eq!(world.fake.reply(BEN, 2).await.in_reply_to, Some(missed));
    world.service.settled().await;
    a_while().await;
    assert_eq!((world.fake.replies_to(ADA).len(), world.fake.replies_to(BEN).len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_is_resumed_and_a_forgotten_session_is_begun_anew() {
    let world = World::new().await;
    world.fake.customer_writes(ADA, "when will my power be back?");
    world.fake.reply(ADA, 1).await;

    world.fake.drop_connection();
    world.fake.customer_writes(ADA, "is the water safe to drink?");
    world.fake.reply(ADA, 2).await;
    assert_eq!((world.fake.resumed(), world.fake.identified().len()), (1, 1));

    world.fake.ask_to_reconnect();
    until("resumed again", async || world.fake.resumed() == 2).await;

    // Nothing of what is written now is repeated by the gateway.
    world.fake.forget_sessions();
    world.fake.customer_writes(ADA, "is it safe to go home?");
    world.fake.reply(ADA, 3).await;
    assert_eq!(world.fake.identified().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_the_gateway_stops_nothing() {
    let world = World::new().await;
    world.fake.emit_nonsense();
    world.fake.customer_writes(ADA, "when will my power be back?");
    world.fake.reply(ADA, 1).await;
    let (_, log) = world.service.terminate();
    assert!(!log.contains("unreadable"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_of_sending_ends_in_one_answer_or_in_a_recorded_doubt() {
    let world = World::new().await;
    let again = [
        Trouble::Limited { millis: 300, everywhere: false },
        Trouble::Limited { millis: 300, everywhere: true },
        Trouble::LimitedHtml,
        Trouble::Html(503),
    ];
    for (user, trouble) in (1000..).zip(again) {
        world.fake.next(&[trouble]);
        world.fake.customer_writes(user, "when will my power be back?");
        world.fake.reply(user, 1).await;
    }
    let doubtful = [Trouble::DoneThen502, Trouble::DoneThenDropped, Trouble::Dropped, Trouble::Html(500)];
    for (user, trouble) in (2000..).zip(doubtful) {
        let before = said(&world.fake);
        world.fake.next(&[trouble]);
        world.fake.customer_writes(user, "when will my power be back?");
        until("it was tried", async || said(&world.fake) > before).await;
        world.service.settled().await;
        let count = world.fake.replies_to(user).len();
        let arrived = matches!(trouble, Trouble::DoneThen502 | Trouble::DoneThenDropped);
        assert_eq!(count, usize::from(arrived), "{trouble:?}");
    }
    // What serenity could not read was posted all the same.
    world.fake.next(&[Trouble::DoneThenGibberish]);
    world.fake.customer_writes(3000, "when will my power be back?");
    world.fake.reply(3000, 1).await;
    world.service.settled().await;
    a_while().await;
    assert!(world.fake.replies().len() == again.len() + 2 + 1);
    let store = world.service.health().await["store"].clone();
    assert_eq!(store["outbox_uncertain"], doubtful.len(), "{store}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_blocked_us_is_not_tried_again() {
    let world = World::new().await;
    world.fake.customer_blocks(ADA);
    world.fake.customer_writes(ADA, "when will my power be back?");
    until("it was tried", async || said(&world.fake) == 1).await;
    world.service.settled().await;
    a_while().await;
    assert_eq!(said(&world.fake), 1);
}

fn said(fake: &Fake) -> usize {
    fake.requests().iter().filter(|(_, request)| request.starts_with("POST") && request.ends_with("/messages")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_before_its_answer_takes_the_place_of_the_message_and_a_deletion_takes_it_away() {
    let fake = Fake::start().await;
    let home = Home::new();
    home.settings(&format!("[policy]\nquiet_ms = 1500\npatience_ms = 5000\n[discord]\napi_url = \"{}\"\n", fake.url));
    let service = start(&home, TOKEN);
    fake.connected().await;
    let id = fake.customer_writes(ADA, "asdf");
    fake.customer_edits(&id, "when will my power be back?");
    let deleted = fake.customer_writes(BEN, "when will my power be back?");
    fake.customer_deletes(&deleted);
    assert!(fake.reply(ADA, 1).await.text.contains("estimates, not promises"));
    service.settled().await;
    assert_eq!((fake.replies_to(ADA).len(), fake.replies_to(BEN).len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_and_spends_no_session() {
    let fake = Fake::start().await;
    fake.change_token("another");
    let world = World::with(fake);
    until("it is told", async || world.trouble("receiving").await.is_some_and(|what| what.contains("token"))).await;
    assert!(world.fake.identified().is_empty());
    let (status, log) = world.service.terminate();
    assert!(status.success() && !log.contains(TOKEN), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_or_intents_refused_at_the_gateway_are_told_and_the_session_comes_later() {
    for (code, word) in [(4004, "token"), (4014, "intents")] {
        let fake = Fake::start().await;
        fake.next_sessions(&[SessionTrouble::Closed(code)]);
        let world = World::with(fake);
        until("it is told", async || world.trouble("receiving").await.is_some_and(|what| what.contains(word))).await;
        a_while().await;
        assert_eq!(world.fake.identified().len(), 1, "it is not tried again at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_hardly_any_sessions_are_left_none_is_spent() {
    let fake = Fake::start().await;
    fake.sessions_left(3);
    let world = World::with(fake);
    until("it is told", async || world.trouble("receiving").await.is_some_and(|what| what.contains("hardly"))).await;
    assert!(world.fake.identified().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_closes_the_connection_and_keeps_secrets_and_words_out_of_the_log() {
    let world = World::new().await;
    world.fake.customer_writes(ADA, "my secret word is xylophone, when will my power be back?");
    world.fake.reply(ADA, 1).await;
    let began = Instant::now();
    let fake = world.fake.clone();
    let (status, log) = world.service.terminate();
    assert!(status.success(), "{log}");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(fake.closed(), [1000]);
    assert!(!log.contains("xylophone") && !log.contains(TOKEN) && !log.contains("took longer"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_platform_misbehaves_and_we_are_killed_each_question_has_one_answer_or_a_recorded_doubt() {
    let mut world = World::new().await;
    // Known to us before anything goes wrong: of a chat that begins while we are away a bot is told nothing.
    let customers: Vec<u64> = (5000..5012).collect();
    for user in &customers {
        world.fake.customer_writes(*user, "when will my power be back?");
    }
    for user in &customers {
        world.fake.reply(*user, 1).await;
    }
    world.service.settled().await;
    sleep(Duration::from_secs(7)).await;
    world.fake.misbehave(0.15, 42);
    for round in 0..2 {
        for user in &customers {
            world.fake.customer_writes(*user, "is the water safe to drink?");
        }
        sleep(Duration::from_millis(300 + 400 * round)).await;
        world.restart();
    }
    world.fake.misbehave(0.0, 1);
    world.fake.connected().await;
    sleep(Duration::from_secs(8)).await;
    world.service.settled().await;
    let uncertain = world.service.health().await["store"]["outbox_uncertain"].as_u64().unwrap_or(0);
    for user in &customers {
        let count = world.fake.replies_to(*user).len();
        assert!(count <= 3, "{user} was answered {count} times: {:#?}", world.fake.replies_to(*user));
    }
    let (asked, said) = (customers.len() as u64 * 3, world.fake.replies().len() as u64);
    assert!(said <= asked && said + uncertain >= asked, "{asked} questions, {said} replies, {uncertain} uncertain");
}
