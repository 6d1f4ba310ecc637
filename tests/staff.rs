//! Staff who answer where they already are: the real binary, a visitor of the web chat, and the staff's place on a platform.
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod common;
mod fakes;

use std::time::{Duration, Instant};

use common::{Home, PATIENCE, Service, stderr, stdout, text};
use fakes::telegram::{Fake, Fault, TOKEN, Topic};
use serde_json::{Value, json};
use tokio::time::sleep;

/// The staff's forum on Telegram.
const FORUM: i64 = -1_009_999_999_999;
const GAS: &str = "i smell gas in my kitchen";

fn home(fake: &Fake) -> Home {
    let home = Home::new();
    home.settings(&format!(
        "[policy]\nquiet_ms = 20\n[telegram]\napi_url = \"{}\"\nstaff_chat = {FORUM}\n[web]\nvisitor_burst = 100\n",
        fake.url()
    ));
    home
}

fn start(home: &Home) -> Service {
    let mut command = home.command();
    command.env("EVENKEEL_TELEGRAM_TOKEN", TOKEN).env("EVENKEEL_MODEL_FETCH", "false");
    common::start(command, &[])
}

async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(Instant::now() < deadline, "it never came to this: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The topic of an escalation, once it stands there with all its beginning.
async fn topic(fake: &Fake, escalation: usize) -> Topic {
    until("the thread is opened", async || {
        let topic = fake.topics(FORUM).into_iter().find(|topic| topic.name.starts_with(&format!("#{escalation} ")))?;
        fake.told(FORUM, topic.id).iter().any(|reply| reply.text.contains("!claim")).then_some(topic)
    })
    .await
}

/// Waits until the topic shows this; gives the post's text.
async fn shows(fake: &Fake, topic: i64, words: &str) -> String {
    until(&format!("the thread shows {words:?}: {:?}", ()), async || {
        fake.told(FORUM, topic).into_iter().find(|reply| reply.text.contains(words)).map(|reply| reply.text)
    })
    .await
}

fn escalation(home: &Home, id: usize) -> Value {
    let shown = home.run(&["escalations", "show", &id.to_string(), "--format", "json"]);
    serde_json::from_str(&stdout(&shown)).unwrap_or_else(|_| panic!("{}", stderr(&shown)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escalation_of_the_web_chat_is_worked_on_in_a_thread() {
    let fake = Fake::start().await;
    fake.forum(FORUM);
    let home = home(&fake);
    let service = start(&home);
    let visitor = service.visitor().await;
    visitor.says("1", GAS).await;
    visitor.reply(1).await;
    let topic = topic(&fake, 1).await;
    assert_eq!(topic.name, "#1 danger (gas) · web");
    let opening = &fake.told(FORUM, topic.id)[0];
    assert!(opening.text.contains(GAS) && opening.text.contains("urgency danger"), "{}", opening.text);

    // Words for the customer.
    let message = fake.staff_writes(FORUM, topic.id, "Dana", "A crew is on its way.\nStay outside.");
    let reply = visitor.reply(2).await;
    assert_eq!((reply["author"].as_str(), reply["name"].as_str()), (Some("agent"), Some("Dana")));
    assert_eq!(text(&reply), "A crew is on its way.\nStay outside.");
    until("they see that it was sent", async || (fake.reactions(FORUM, message) == ["👍"]).then_some(())).await;
    visitor.says("2", "thank you, how long").await;
    shows(&fake, topic.id, "thank you, how long").await;

    // What another does elsewhere shows there; a note is for agents alone.
    fake.staff_writes(FORUM, topic.id, "Dana", "!note meter 4711");
    until("the note is kept", async || escalation(&home, 1)["notes"][0]["text"].as_str().map(str::to_owned)).await;
    assert!(home.run(&["escalations", "claim", "1", "--as", "Kim", "--take-over"]).status.success());
    shows(&fake, topic.id, "Kim took it over.").await;
    fake.staff_writes(FORUM, topic.id, "Dana", "Are they there yet?");
    let refused = shows(&fake, topic.id, "Kim has it").await;
    assert!(refused.contains("!takeover"), "{refused}");
    assert!(home.run(&["escalations", "reply", "1", "They **are** there.", "--as", "Kim"]).status.success());
    shows(&fake, topic.id, "They are there.").await;

    fake.staff_writes(FORUM, topic.id, "Dana", "!resovle");
    shows(&fake, topic.id, "no command \"resovle\"").await;
    fake.staff_writes(FORUM, topic.id, "Kim", "!resolve the valve is closed");
    shows(&fake, topic.id, "Resolved").await;
    until("the thread is closed", async || fake.topics(FORUM)[0].closed.then_some(())).await;
    let shown = escalation(&home, 1);
    assert_eq!(shown["escalation"]["resolved_by"], "Kim", "{shown}");
    assert_eq!(shown["notes"][1]["text"], "the valve is closed");

    // The bot has the conversation again; too late is too late.
    visitor.says("3", "is the tap water safe to drink").await;
    let replies = until("the bot answers again", async || {
        let replies = visitor.replies().await;
        (replies.len() == 6).then_some(replies)
    })
    .await;
    assert_eq!(
        replies.iter().map(|reply| reply["author"].as_str().unwrap()).collect::<Vec<_>>(),
        ["bot", "agent", "bot", "agent", "bot", "bot"],
        "Kim is there, and it is closed: that is said too"
    );
    fake.staff_writes(FORUM, topic.id, "Dana", "One more thing");
    shows(&fake, topic.id, "this is resolved").await;
    service.settled().await;
    assert_eq!(visitor.replies().await.len(), 6);
    let own =
        fake.told(FORUM, topic.id).into_iter().filter(|reply| reply.text.contains("A crew is on its way")).count();
    assert_eq!(own, 0, "what was written in the thread is not said there again");
    assert_eq!(fake.topics(FORUM).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_twice_is_said_once_and_an_edit_changes_nothing() {
    let fake = Fake::start().await;
    fake.forum(FORUM);
    let home = home(&fake);
    let service = start(&home);
    let visitor = service.visitor().await;
    visitor.says("1", GAS).await;
    let topic = topic(&fake, 1).await;
    let update = json!({ "update_id": 800_000_000, "message": {
        "message_id": 900, "message_thread_id": topic.id, "is_topic_message": true, "date": 1, "text": "We come.",
        "chat": { "id": FORUM, "type": "supergroup", "is_forum": true },
        "from": { "id": 5, "is_bot": false, "first_name": "Dana" },
    } });
    fake.raw_update(update.clone());
    visitor.reply(2).await;
    fake.raw_update(update);
    let message = fake.staff_writes(FORUM, topic.id, "Dana", "In ten minutes.");
    visitor.reply(3).await;
    fake.staff_edits(FORUM, message, "In an hour.");
    shows(&fake, topic.id, "an edit does not reach them").await;
    fake.staff_sends(FORUM, topic.id, "Dana", json!({ "photo": [], "caption": "look" }));
    shows(&fake, topic.id, "files cannot be passed on").await;
    service.settled().await;
    let said: Vec<String> = visitor.replies().await.iter().skip(1).map(|line| text(line).to_owned()).collect();
    assert_eq!(said, ["We come.", "In ten minutes."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_text_neither_calls_nor_formats() {
    let fake = Fake::start().await;
    fake.forum(FORUM);
    let home = home(&fake);
    let service = start(&home);
    let visitor = service.visitor().await;
    let hostile = "@dana_reyes **I smell gas** <b>now</b> [here](https://evil.example) `x` &lt;\n# big\n- @everyone";
    visitor.says("1", hostile).await;
    let topic = topic(&fake, 1).await;
    let opening = fake.told(FORUM, topic.id).remove(0);
    assert!(
        opening.text.contains("**I smell gas** <b>now</b> [here](https://evil.example) `x` &lt;\n# big"),
        "{}",
        opening.text
    );
    let quotation = opening.html.split("<blockquote>").nth(1).unwrap().split("</blockquote>").next().unwrap();
    assert!(!quotation.contains('<'), "{quotation}");
    assert!(!quotation.contains("@dana") && !quotation.contains("@everyone"), "names call nobody: {quotation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_erased_is_erased_there_too() {
    let fake = Fake::start().await;
    fake.forum(FORUM);
    let home = home(&fake);
    let service = start(&home);
    let visitor = service.visitor().await;
    visitor.says("1", GAS).await;
    let topic = topic(&fake, 1).await;
    service.settled().await;
    let url = format!("{}/api/chat/visitors", service.url);
    let erased = service.http.delete(url).bearer_auth(&visitor.key).send().await.unwrap();
    assert!(erased.status().is_success(), "{}", erased.status());
    until("the topic is deleted", async || fake.topics(FORUM).is_empty().then_some(())).await;
    fake.staff_writes(FORUM, topic.id, "Dana", "Hello?");
    until("nobody answers", async || (fake.unacknowledged() == 0).then_some(())).await;
    assert!(fake.told(FORUM, topic.id).iter().all(|post| post.text.contains("!claim")));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_staff_chat_there_is_none() {
    let fake = Fake::start().await;
    fake.forum(FORUM);
    let home = home(&fake);
    home.settings(&format!("[policy]\nquiet_ms = 20\n[telegram]\napi_url = \"{}\"\n", fake.url()));
    let service = start(&home);
    let visitor = service.visitor().await;
    visitor.says("1", GAS).await;
    visitor.reply(1).await;
    service.settled().await;
    sleep(Duration::from_millis(500)).await;
    assert!(fake.calls("createForumTopic").is_empty() && fake.replies().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_new_hears_of_what_is_open_and_a_lost_thread_is_opened_anew() {
    let fake = Fake::start().await;
    fake.forum(FORUM);
    let home = home(&fake);
    home.settings("[policy]\nquiet_ms = 20\n");
    let service = start(&home);
    let (ada, ben) = (service.visitor().await, service.visitor().await);
    for visitor in [&ada, &ben] {
        visitor.says("1", GAS).await;
        visitor.reply(1).await;
    }
    service.settled().await;
    assert!(home.run(&["escalations", "resolve", "1", "--as", "Kim"]).status.success());
    let key = ben.key.clone();
    drop(service);

    home.settings(&format!(
        "[policy]\nquiet_ms = 20\n[telegram]\napi_url = \"{}\"\nstaff_chat = {FORUM}\n",
        fake.url()
    ));
    let service = start(&home);
    let ben = service.returning(key);
    let first = topic(&fake, 2).await;
    assert_eq!(fake.topics(FORUM).len(), 1, "what is resolved is done");
    fake.delete_topic(FORUM, first.id);
    ben.says("2", "hello?").await;
    let second = until("another thread", async || fake.topics(FORUM).into_iter().next()).await;
    shows(&fake, second.id, "hello?").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_loses_nothing_in_either_direction() {
    let fake = Fake::start().await;
    fake.forum(FORUM);
    let home = home(&fake);
    let mut service = start(&home);
    let visitor = service.visitor().await;
    // The platform makes the thread and does not say so; then the service dies.
    fake.next("createForumTopic", Fault::DoneHang);
    visitor.says("1", GAS).await;
    visitor.reply(1).await;
    until("it is being opened", async || (!fake.topics(FORUM).is_empty()).then_some(())).await;
    service.kill();

    let mut service = start(&home);
    let topics =
        until("it is opened again", async || Some(fake.topics(FORUM)).filter(|topics| topics.len() == 2)).await;
    let thread = topics[1].id;
    shows(&fake, thread, "!claim").await;
    let visitor = service.returning(visitor.key.clone());
    fake.next("sendMessage", Fault::Hang);
    visitor.says("2", "the hissing is louder").await;
    until("it is being told", async || {
        fake.calls("sendMessage").iter().any(|call| call.body["text"].to_string().contains("louder")).then_some(())
    })
    .await;
    service.kill();
    fake.staff_writes(FORUM, thread, "Dana", "Leave the house.");

    let service = start(&home);
    let visitor = service.returning(visitor.key.clone());
    shows(&fake, thread, "louder").await;
    until("the words of the staff arrive", async || {
        visitor.replies().await.into_iter().find(|line| text(line) == "Leave the house.")
    })
    .await;
    service.settled().await;
    let told = visitor.replies().await.iter().filter(|line| text(line) == "Leave the house.").count();
    assert_eq!(told, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_does_not_work_is_told_of_and_keeps_nobody_waiting() {
    let fake = Fake::start().await;
    fake.forum(FORUM);
    fake.bot_is(FORUM, "member");
    let home = home(&fake);
    let checked = {
        let mut command = home.command();
        command.env("EVENKEEL_TELEGRAM_TOKEN", TOKEN).args(["check", "--channels"]);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    assert!(stdout(&checked).contains("the bot is no administrator"), "{}", stdout(&checked));
    let service = start(&home);
    let visitor = service.visitor().await;
    visitor.says("1", GAS).await;
    visitor.reply(1).await;
    until("the operator is told", async || {
        service.health().await["health"]["degraded"]
            .to_string()
            .contains("telling the staff does not work")
            .then_some(())
    })
    .await;
    fake.forum(FORUM);
    topic(&fake, 1).await;
    until("all is well", async || {
        (!service.health().await["health"]["degraded"].to_string().contains("telling the staff")).then_some(())
    })
    .await;
}

/// The same on Discord.
mod on_discord {
    use super::{
        GAS, Home, Service, common, escalation,
        fakes::discord::{CHANNEL, Fake, Reply, STAFF, TOKEN, Thread},
        json, sleep, stdout, text, until,
    };
    use std::time::Duration;

    fn home(fake: &Fake) -> Home {
        let home = Home::new();
        home.settings(&format!(
            "[policy]\nquiet_ms = 20\n[discord]\napi_url = \"{}\"\nstaff_channel = \"{STAFF}\"\n[web]\nvisitor_burst = 100\n",
            fake.url
        ));
        home
    }

    async fn start(home: &Home, fake: &Fake) -> Service {
        let mut command = home.command();
        command.env("EVENKEEL_DISCORD_TOKEN", TOKEN).env("EVENKEEL_MODEL_FETCH", "false");
        let service = common::start(command, &[]);
        fake.connected().await;
        service
    }

    async fn thread(fake: &Fake) -> Thread {
        until("the thread is opened", async || {
            let thread = fake.threads().pop()?;
            fake.told(thread.id).iter().any(|reply| reply.text.contains("!claim")).then_some(thread)
        })
        .await
    }

    async fn shows(fake: &Fake, thread: u64, words: &str) -> Reply {
        until(&format!("the thread shows {words:?}"), async || {
            fake.told(thread).into_iter().find(|reply| reply.text.contains(words))
        })
        .await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_escalation_of_the_web_chat_is_worked_on_in_a_thread() {
        let fake = Fake::start().await;
        fake.allow_words(true);
        let home = home(&fake);
        let service = start(&home, &fake).await;
        let visitor = service.visitor().await;
        visitor.says("1", &format!("{GAS} @everyone **now**")).await;
        let thread = thread(&fake).await;
        assert_eq!(thread.name, "#1 danger (gas) · web");
        let opening = &fake.told(thread.id)[0];
        assert!(opening.text.contains("\\@everyone \\*\\*now"), "a customer's words are text: {}", opening.text);
        assert_eq!(opening.request["allowed_mentions"], json!({ "parse": [], "users": [], "roles": [] }));

        let message = fake.staff_writes(thread.id, "Dana", "A crew is on its way.");
        let reply = visitor.reply(2).await;
        assert_eq!((reply["name"].as_str(), text(&reply)), (Some("Dana"), "A crew is on its way."));
        until("they see that it was sent", async || (fake.reactions(&message) == ["✅"]).then_some(())).await;
        fake.repeat(&message);
        visitor.says("2", "thank you, how long").await;
        shows(&fake, thread.id, "thank you, how long").await;
        fake.customer_edits(&message, "A crew is NOT on its way.");
        shows(&fake, thread.id, "an edit does not reach them").await;
        assert!(home.run(&["escalations", "claim", "1", "--as", "Kim", "--take-over"]).status.success());
        shows(&fake, thread.id, "took it over").await;
        fake.staff_writes(thread.id, "Dana", "Are they there yet?");
        shows(&fake, thread.id, "has it").await;
        fake.staff_writes(thread.id, "Kim", "!resolve the valve is closed");
        until("the thread is archived", async || fake.threads()[0].archived.then_some(())).await;
        assert_eq!(escalation(&home, 1)["escalation"]["resolved_by"], "Kim");
        service.settled().await;
        assert_eq!(visitor.replies().await.len(), 4, "handed over, Dana, Kim is there, closed");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_in_the_staffs_channel_is_a_customer_and_elsewhere_everybody_is() {
        let fake = Fake::start().await;
        fake.allow_words(true);
        let home = home(&fake);
        let service = start(&home, &fake).await;
        let mention = format!("<@{}> is the tap water safe to drink", super::fakes::discord::BOT);
        fake.staff_writes(STAFF, "Dana", &mention);
        fake.customer_writes_in_server(7, CHANNEL, &mention);
        fake.reply(7, 1).await;
        service.settled().await;
        assert_eq!(fake.replies().len(), 1, "{:#?}", fake.replies());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_staff_wrote_while_we_were_away_arrives_once() {
        let fake = Fake::start().await;
        fake.allow_words(true);
        let home = home(&fake);
        let mut service = start(&home, &fake).await;
        let visitor = service.visitor().await;
        visitor.says("1", GAS).await;
        let thread = thread(&fake).await;
        fake.staff_writes(thread.id, "Dana", "We come.");
        visitor.reply(2).await;
        // How far it is read is written down every few seconds.
        sleep(Duration::from_secs(8)).await;
        service.kill();
        fake.forget_sessions();
        fake.staff_writes(thread.id, "Dana", "Leave the house.");
        let service = start(&home, &fake).await;
        let visitor = service.returning(visitor.key.clone());
        visitor.reply(3).await;
        service.settled().await;
        let said: Vec<String> = visitor.replies().await.iter().skip(1).map(|line| text(line).to_owned()).collect();
        assert_eq!(said, ["We come.", "Leave the house."]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_the_intent_customers_are_answered_and_the_operator_is_told() {
        let fake = Fake::start().await;
        let home = home(&fake);
        let checked = {
            let mut command = home.command();
            command.env("EVENKEEL_DISCORD_TOKEN", TOKEN).args(["check", "--channels"]);
            tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
        };
        assert!(stdout(&checked).contains("switch on Message Content Intent"), "{}", stdout(&checked));
        let service = start(&home, &fake).await;
        fake.customer_writes(7, GAS);
        fake.reply(7, 1).await;
        until("the operator is told", async || {
            service.health().await["health"]["degraded"].to_string().contains("Message Content Intent").then_some(())
        })
        .await;
        let thread = thread(&fake).await;
        fake.staff_writes(thread.id, "Dana", "A crew comes.");
        shows(&fake, thread.id, "shows us no words").await;
    }
}
