//! The channel X, the real binary against a platform on this machine.
#![cfg(feature = "x")]

use std::time::Duration;

use crate::{
    common::{self, Home, Service, stdout},
    fakes,
    fakes::x::{Fake, Trick},
};

const ANA: u64 = 9_007_199_254_740_993;
const BEN: u64 = 1_234_567_890_123_456_789;

struct World {
    home: Home,
    fake: Fake,
}

impl World {
    async fn new() -> Self {
        Self::with("").await
    }

    /// With further settings below `[x]`.
    async fn with(settings: &str) -> Self {
        let world = Self { home: Home::new(), fake: Fake::start().await };
        world.set(settings);
        world
    }

    fn set(&self, settings: &str) {
        self.home.settings(&format!(
            "[policy]\nquiet_ms = 20\n[x]\napi_url = \"{}/\"\npoll_interval = 0.1\ndm_poll_interval = 0.1\n{settings}\n",
            self.fake.url.replace("http://", "HTTP://")
        ));
    }

    fn start(&self) -> Service {
        let mut command = self.home.command();
        command.envs(Fake::credentials()).env("EVENKEEL_MODEL_FETCH", "false");
        common::start(command, &[])
    }

    /// Started, and past the first look, before which nothing is answered.
    async fn started(&self) -> Service {
        let service = self.start();
        self.fake.was_read().await;
        service
    }

    async fn replied(&self, count: usize) -> Vec<fakes::x::Reply> {
        self.fake.until(|fake| fake.replies().len() >= count).await;
        self.fake.replies()
    }

    fn escalations(&self) -> String {
        stdout(&self.home.run(&["escalations", "list"]))
    }

    /// Waits until agents are told of something.
    async fn escalated(&self, what: &str) {
        let deadline = std::time::Instant::now() + common::PATIENCE;
        while !self.escalations().contains(what) {
            assert!(std::time::Instant::now() < deadline, "{}", self.escalations());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Long enough for several looks.
async fn a_while() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

async fn health_says(world: &World, service: &Service, what: &str) {
    for _ in 0..600 {
        if service.health().await.to_string().contains(what) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} does not say {what}; {:?}", service.health().await, world.fake.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mention_gets_one_public_reply_that_fits() {
    let world = World::new().await;
    let before = world.fake.customer_writes(ANA, "is the tap water safe to drink");
    let service = world.started().await;
    let asked = world.fake.customer_writes(ANA, "is the tap water safe to drink? <3 🙏");
    let replies = world.replied(1).await;
    assert_eq!(
        (replies[0].customer.as_str(), replies[0].in_reply_to.as_deref()),
        ("9007199254740993", Some(asked.as_str()))
    );
    assert!(replies[0].text.to_lowercase().contains("water"), "{replies:?}");
    assert!(!replies[0].text.contains("http"), "{replies:?}");
    a_while().await;
    assert_eq!(world.fake.replies().len(), 1, "what was written before the first start stays unanswered: {before}");
    let metrics = service.http.get(format!("{}/metrics", service.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("evenkeel_x_spent_usd 0."), "{metrics}");
    let (_, log) = service.terminate();
    assert!(!log.contains("tap water") && fakes::x::KEYS.iter().all(|key| !log.contains(key)), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_we_are_away_is_answered_in_order_and_once() {
    let world = World::new().await;
    let first = world.started().await;
    // The mark of the first look is written before the second.
    let looks = |fake: &Fake, path: &str| fake.requests().iter().filter(|seen| seen.path.ends_with(path)).count() >= 2;
    world.fake.until(|fake| looks(fake, "/mentions") && looks(fake, "/dm_events")).await;
    drop(first);
    for customer in 0..130 {
        world.fake.customer_writes(ANA + customer, "is the tap water safe to drink");
    }
    world.fake.customer_writes_privately(BEN, "is the tap water safe to drink");
    let service = world.start();
    // More than one page.
    world.fake.until(|fake| fake.replies().iter().any(|reply| reply.in_reply_to.is_none())).await;
    // X takes 40 posts at once from us.
    world.replied(30).await;
    drop(service);
    let replies = world.fake.replies();
    let mut answered: Vec<_> = replies.iter().filter_map(|reply| reply.in_reply_to.clone()).collect();
    let count = answered.len();
    answered.dedup();
    assert_eq!(answered.len(), count);
    let direct: Vec<_> = replies.iter().filter(|reply| reply.in_reply_to.is_none()).collect();
    assert_eq!((direct.len(), direct[0].customer.as_str()), (1, "1234567890123456789"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_customer_of_a_thread_is_one_conversation_and_private_matters_move() {
    let world = World::new().await;
    let _service = world.started().await;
    let thread = world.fake.customer_writes(ANA, "is the tap water safe to drink");
    let other = world.fake.customer_replies(BEN, &thread, "I want to talk to a person");
    let replies = world.replied(2).await;
    let to_ben = replies.iter().find(|reply| reply.in_reply_to.as_deref() == Some(other.as_str())).unwrap();
    assert!(to_ben.text.contains("person will take over"), "{replies:?}");
    world.escalated("talk_to_person").await;

    world.fake.customer_writes(ANA + 1, "I can't log in, forgot my password");
    let replies = world.replied(3).await;
    assert!(replies[2].text.contains("send us a private message"), "{replies:?}");
    world.fake.customer_writes_privately(ANA + 1, "I can't log in, forgot my password");
    let replies = world.replied(4).await;
    assert!(replies[3].in_reply_to.is_none() && replies[3].text.contains("password"), "{replies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_of_every_kind_and_late_ones_do_no_harm() {
    let world = World::new().await;
    let _service = world.started().await;
    let tag = |text: &str| format!("@Harborlight {text}");
    world.fake.post(serde_json::json!({ "author_id": fakes::x::US, "text": tag("of our own") }));
    world.fake.post(serde_json::json!({ "author_id": "5", "text": "RT @Harborlight: x", "referenced_tweets": [{ "type": "retweeted", "id": "1" }] }));
    world.fake.post(serde_json::json!({ "text": tag("nobody") }));
    world.fake.post(serde_json::json!({ "author_id": 7, "kind": { "of": ["another", "world"] } }));
    world.fake.post(serde_json::json!({ "author_id": "8", "text": tag("هل ماء الصنبور آمن 🙏") }));
    let late = "1991234567890123001";
    world.replied(1).await;
    world.fake.post(serde_json::json!({ "id": late, "author_id": "9", "text": tag("is the tap water safe to drink") }));
    let replies = world.replied(2).await;
    assert_eq!(replies[1].in_reply_to.as_deref(), Some(late), "an older id that appears later");
    a_while().await;
    assert_eq!(world.fake.replies().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_is_silence_and_writing_again_ends_it() {
    let world = World::new().await;
    let service = world.started().await;
    let thread = world.fake.customer_writes(ANA, "is the tap water safe to drink");
    world.replied(1).await;
    world.fake.customer_replies(ANA, &thread, "STOP!");
    a_while().await;
    assert_eq!(world.fake.replies().len(), 1, "not even a word about it");
    world.fake.customer_replies(ANA, &thread, "is the tap water safe to drink");
    world.replied(2).await;
    drop(service);
    // The second "stop" that a restart reads is the old one.
    let _service = world.start();
    world.fake.customer_replies(ANA, &thread, "when will the power be back");
    world.replied(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_the_platform_lose_and_double_nothing() {
    let world = World::new().await;
    let _service = world.started().await;
    world.fake.play("/2/users/", &[Trick::Unavailable, Trick::Empty, Trick::AnswerLost, Trick::Limited(1)]);
    world.fake.play("/2/tweets", &[Trick::Unavailable, Trick::Limited(1)]);
    let asked = world.fake.customer_writes(ANA, "is the tap water safe to drink");
    let replies = world.replied(1).await;
    assert_eq!(replies[0].in_reply_to.as_deref(), Some(asked.as_str()));

    // The answer is lost: it may have arrived, so it is not sent again, and a person looks at it.
    world.fake.play("/2/tweets", &[Trick::AnswerLost]);
    world.fake.customer_writes(BEN, "is the tap water safe to drink");
    world.replied(2).await;
    world.escalated("undelivered").await;
    a_while().await;
    assert_eq!(world.fake.replies().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_and_goes_to_a_person() {
    let world = World::new().await;
    let _service = world.started().await;
    world.fake.play("/2/tweets", &[Trick::Forbidden]);
    world.fake.customer_writes(ANA, "is the tap water safe to drink");
    world.escalated("undelivered").await;
    a_while().await;
    let posts = world.fake.requests().iter().filter(|seen| seen.path == "/2/tweets").count();
    assert_eq!((posts, world.fake.replies().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_days_money_is_spent_people_get_what_comes() {
    let world = World::with("daily_cap_usd = 0.05\n").await;
    let service = world.started().await;
    // A user and a mention are read, two replies fit.
    for customer in 0..5 {
        world.fake.customer_writes(ANA + customer, "is the tap water safe to drink");
    }
    world.escalated("undelivered").await;
    service.settled().await;
    assert!((1..5).contains(&world.fake.replies().len()), "{:?}", world.fake.replies());
    health_says(&world, &service, "may be spent today").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_wrong_clock_are_told_apart_and_stop_nobody_else() {
    let world = World::new().await;
    world.fake.shift_clock(-4_000);
    let service = world.start();
    health_says(&world, &service, "clock is 4000 s ahead of").await;
    let visitor = service.visitor().await;
    visitor.says("1", "is the tap water safe to drink").await;
    visitor.reply(1).await;
    drop(service);

    world.fake.shift_clock(0);
    let mut command = world.home.command();
    command.envs(Fake::credentials()).env("EVENKEEL_X_ACCESS_SECRET", "another");
    let service = common::start(command, &[]);
    health_says(&world, &service, "one of the four EVENKEEL_X_").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_named_and_the_channel_is_off() {
    let world = World::new().await;
    let mut command = world.home.command();
    command.envs(Fake::credentials()).env_remove("EVENKEEL_X_ACCESS_TOKEN");
    let service = common::start(command, &[]);
    let (_, log) = service.terminate();
    assert!(log.contains("EVENKEEL_X_ACCESS_TOKEN is not set"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_of_the_newest_spec_are_understood() {
    let world = World::new().await;
    world.fake.rename();
    let _service = world.started().await;
    world.fake.customer_writes(ANA, "is the tap water safe to drink");
    world.replied(1).await;
}

#[test]
fn check_demands_what_fits_a_post_once_x_is_set_up() {
    let home = Home::new();
    let water = home.path().join("responses/water.md");
    let text = std::fs::read_to_string(&water).unwrap();
    std::fs::write(&water, text.lines().filter(|line| !line.starts_with("short:")).collect::<Vec<_>>().join("\n"))
        .unwrap();
    assert!(home.run(&["check"]).status.success(), "without X nothing has to fit");
    home.settings("[x]\ndaily_cap_usd = 2.5\n");
    let checked = home.run(&["check"]);
    let said = stdout(&checked);
    assert!(!checked.status.success() && said.contains("no-short") && said.contains("responses/water.md"), "{said}");
    assert_eq!(said.matches("no-short").count(), 1, "{said}");
}
