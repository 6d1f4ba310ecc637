//! What every channel promises, told once: the same suite for each platform, all of them served by one process.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::Value;

use crate::{
    common::{self, Home, PATIENCE, stdout},
    fakes::platforms::{Platform, all, reply, start, start_with},
};

const WATER: &str = "is the tap water safe to drink";

/// What holds for one holds for each: the checks run on all platforms at the same time.
async fn on_each(platforms: &[Box<dyn Platform>], check: impl AsyncFn(&dyn Platform)) {
    join_all(platforms.iter().map(|platform| check(platform.as_ref()))).await;
}

fn escalations(home: &Home) -> Vec<Value> {
    serde_json::from_str(&stdout(&home.run(&["escalations", "list", "--format", "json"]))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_serves_all_platforms_and_answers_the_same_everywhere() {
    let (home, platforms) = (Home::new(), all().await);
    let service = start(&home, &platforms).await;
    on_each(&platforms, async |platform| {
        platform.writes(0, WATER).await;
        let answer = reply(platform, 0, 1).await;
        assert!(answer.to_lowercase().contains("boil"), "{}: {answer}", platform.name());
        assert!(!answer.contains("**") || matches!(platform.name(), "web" | "discord"), "{answer}");
    })
    .await;
    service.settled().await;
    on_each(&platforms, async |platform| assert_eq!(platform.heard(0).await.len(), 1, "{}", platform.name())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_a_person_gets_one_and_the_agent_sees_from_where() {
    let (home, platforms) = (Home::new(), all().await);
    let service = start(&home, &platforms).await;
    on_each(&platforms, async |platform| {
        platform.writes(0, "I want to talk to a person").await;
        reply(platform, 0, 1).await;
    })
    .await;
    let open = escalations(&home);
    assert_eq!(open.len(), platforms.len(), "{open:?}");
    for platform in &platforms {
        let escalation = open.iter().find(|escalation| escalation["channel"] == platform.name()).unwrap();
        let id = escalation["id"].to_string();
        let words = format!("Ana here, for **{}** & <you>: 1 < 2, @everyone.", platform.name());
        let done = home.run(&["escalations", "reply", &id, "--as", "Ana", &words]);
        assert!(done.status.success(), "{}", common::stderr(&done));
    }
    on_each(&platforms, async |platform| {
        let said = reply(platform, 0, 2).await;
        assert!(said.contains("Ana here, for") && said.contains("1 < 2") && said.contains("<you>"), "{said}");
        platform.writes(0, WATER).await;
    })
    .await;
    service.settled().await;
    on_each(&platforms, async |platform| {
        assert_eq!(platform.heard(0).await.len(), 2, "{}: the bot is silent while a person has it", platform.name());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_do_no_harm_anywhere() {
    let (home, platforms) = (Home::new(), all().await);
    let service = start(&home, &platforms).await;
    let long = "boil ".repeat(600);
    let hostile = [
        "<b>@everyone</b> {{ incident.company }} `rm -rf` [x](javascript:alert(1)) &amp; ||spoiler||",
        "\u{202e}desrever si siht\u{202c} 👩‍👩‍👧‍👦 \u{200b}\u{feff}",
        "'; DROP TABLE inbox; --",
        &long,
    ];
    on_each(&platforms, async |platform| {
        for (customer, text) in (0..).zip(hostile) {
            platform.writes(customer, text).await;
        }
        for customer in 0..4 {
            let said = reply(platform, customer, 1).await;
            assert!(!said.contains("@everyone") && !said.contains("DROP"), "{}: {said}", platform.name());
        }
    })
    .await;
    service.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_the_service_was_away_is_answered_once() {
    let (home, platforms) = (Home::new(), all().await);
    let mut service = start(&home, &platforms).await;
    on_each(&platforms, async |platform| {
        platform.writes(0, "hello").await;
        reply(platform, 0, 1).await;
    })
    .await;
    service.settled().await;
    service.kill();
    let web_waits = platforms.iter().filter(|platform| platform.name() != "web");
    join_all(web_waits.map(|platform| platform.writes(0, WATER))).await;
    let service = start(&home, &platforms).await;
    platforms[0].writes(0, WATER).await;
    on_each(&platforms, async |platform| {
        let answer = reply(platform, 0, 2).await;
        assert!(answer.to_lowercase().contains("boil"), "{}: {answer}", platform.name());
    })
    .await;
    service.settled().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    on_each(&platforms, async |platform| assert_eq!(platform.heard(0).await.len(), 2, "{}", platform.name())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_in_danger_comes_before_the_answers_to_a_crowd() {
    let (home, platforms) = (Home::new(), all().await);
    let service = start(&home, &platforms).await;
    on_each(&platforms, async |platform| {
        for customer in 1..=platform.crowd() {
            platform.writes_in_crowd(customer, WATER).await;
        }
    })
    .await;
    let deadline = Instant::now() + PATIENCE * 3;
    loop {
        let health = service.health().await;
        // What is read fastest fills its queue first; all the crowds are in it when nothing waits to be read.
        let queued = health["store"]["outbox_queued"].as_u64().unwrap_or_default();
        if health["store"]["inbox_pending"] == 0 && queued > 100 {
            break;
        }
        assert!(Instant::now() < deadline, "the crowd is not read: {health}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    on_each(&platforms, async |platform| {
        platform.writes_in_crowd(0, "I smell gas in my kitchen").await;
        let help = loop {
            if let Some(help) = platform.heard_in_crowd(0).await.first() {
                break help.clone();
            }
            assert!(Instant::now() < deadline + PATIENCE, "{}: no help came", platform.name());
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(help.contains("911"), "{}: {help}", platform.name());
        let crowd = join_all((1..=platform.crowd()).map(|customer| platform.heard_in_crowd(customer))).await;
        let waiting = crowd.iter().filter(|heard| heard.is_empty()).count();
        assert!(waiting > 0 || platform.name() == "web", "{}: everybody was answered first", platform.name());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_stop_no_other_channel_and_the_operator_is_told_without_them() {
    for wrong in ["telegram", "discord", "x"] {
        let (home, platforms) = (Home::new(), all().await);
        let service = start_with(&home, &platforms, |platform| {
            if platform.name() == wrong { platform.wrong_environment() } else { platform.environment() }
        });
        let well = platforms.iter().filter(|platform| platform.name() != wrong);
        join_all(well.map(|platform| platform.serves(&service.url))).await;
        on_each(&platforms, async |platform| {
            if platform.name() != wrong {
                platform.writes(0, WATER).await;
                reply(platform, 0, 1).await;
            }
        })
        .await;
        let deadline = Instant::now() + PATIENCE;
        let trouble = loop {
            let health = service.health().await;
            let trouble = health["health"]["channels"][wrong]["receiving"]["what"].clone();
            if trouble.is_string() {
                assert_eq!(health["status"], "degraded");
                break trouble;
            }
            assert!(Instant::now() < deadline, "nothing is said of {wrong}: {health}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(!trouble.to_string().contains("SECRET"), "{trouble}");
        let (_, log) = service.terminate();
        assert!(!log.contains("SECRET"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tries_the_credentials_and_names_what_is_wrong() {
    let (home, platforms) = (Home::new(), all().await);
    drop(start(&home, &platforms).await);
    let check = |environment: Vec<(&'static str, String)>| {
        let mut command = home.command();
        command.args(["check", "--channels"]).envs(environment).output().unwrap()
    };
    let right = check(platforms.iter().flat_map(|platform| platform.environment()).collect());
    let said = stdout(&right);
    assert!(right.status.success() && said.matches("  works ").count() == platforms.len(), "{said}");
    let wrong = check(platforms.iter().flat_map(|platform| platform.wrong_environment()).collect());
    let said = stdout(&wrong);
    assert!(!wrong.status.success() && said.matches("  faulty ").count() == platforms.len() - 1, "{said}");
    assert!(!said.contains("SECRET"), "{said}");
    assert_eq!(stdout(&check(Vec::new())).matches("  off ").count(), platforms.len() - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_token_nor_a_customers_word_is_in_the_log() {
    let (home, platforms) = (Home::new(), all().await);
    let service = start(&home, &platforms).await;
    on_each(&platforms, async |platform| {
        platform.misbehave(20, 7);
        for customer in 0..10 {
            platform.writes(customer, &format!("xylophone {WATER}")).await;
        }
        // Whose reply may not have arrived is not told again.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let told = join_all((0..10).map(|customer| platform.heard(customer))).await;
            if told.iter().filter(|heard| !heard.is_empty()).count() >= 3 {
                break;
            }
            assert!(Instant::now() < deadline, "{}: {told:?}", platform.name());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        platform.misbehave(0, 7);
    })
    .await;
    let (_, log) = service.terminate();
    for word in platforms.iter().flat_map(|platform| platform.environment()).map(|(_, secret)| secret) {
        assert!(!log.contains(&word), "a secret is in the log");
    }
    assert!(!log.contains("xylophone"), "{log}");
}

/// Prints figures and promises nothing of time: `cargo test --release --test outside everywhere:: -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures"]
async fn how_long_an_answer_takes() {
    let (home, platforms) = (Home::new(), all().await);
    let service = start(&home, &platforms).await;
    on_each(&platforms, async |platform| {
        let customers = if platform.name() == "x" { 40 } else { 200 };
        let took = join_all((0..customers).map(|customer| async move {
            tokio::time::sleep(Duration::from_millis(u64::from(customer) * 50)).await;
            let asked = Instant::now();
            platform.writes(customer, WATER).await;
            reply(platform, customer, 1).await;
            asked.elapsed().as_millis()
        }));
        let mut took = took.await;
        took.sort_unstable();
        let of = |percent: usize| took[(took.len() - 1) * percent / 100];
        println!("{}: {customers} customers, p50 {} ms, p99 {} ms", platform.name(), of(50), of(99));
    })
    .await;
    service.settled().await;
}
