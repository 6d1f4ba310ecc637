//! Customers who write in a language that the files do not speak, on the sample crisis (English and Spanish).

use std::{io::Write as _, process::Stdio};

use serde_json::Value;

use crate::common::{self, Home};

/// What `classify` says of each line.
fn classify(lines: &[&str]) -> Vec<Value> {
    let home = Home::new();
    let mut child = home.command().arg("classify").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    common::stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn who_writes_another_language_gets_a_person_and_nobody_else_is_sent_away() {
    let away = [
        ("fr", "quand est-ce que le courant revient ?"),
        ("de", "wann kommt der strom wieder"),
        ("pt", "quando volta a energia"),
        ("it", "quando torna la corrente"),
        ("nl", "wanneer is er weer stroom"),
        ("pl", "kiedy wróci prąd"),
        ("uk", "коли дадуть світло"),
        ("ru", "когда дадут свет"),
        ("ar", "متى تعود الكهرباء"),
        ("tr", "elektrik ne zaman gelecek"),
        ("zh", "什么时候来电"),
        ("ja", "いつ復旧しますか"),
        ("hi", "बिजली कब आएगी"),
    ];
    let stays = ["when will the power be back", "cuándo vuelve la luz", "over 10 hours, so when", "water?", "lol ok"];
    let lines: Vec<&str> = away.iter().map(|(_, text)| *text).chain(stays).collect();
    let verdicts = classify(&lines);
    for ((language, text), verdict) in away.iter().zip(&verdicts) {
        assert_eq!(verdict["reason"], "language", "{text}: {verdict}");
        assert_eq!(verdict["language"], *language, "{text}");
    }
    for verdict in &verdicts[away.len()..] {
        assert_ne!(verdict["reason"], "language", "{verdict}");
    }
}

#[test]
fn danger_comes_first_in_a_language_that_the_files_do_not_speak() {
    for verdict in classify(&[
        "au secours, ma maison est en feu",
        "пахне газом",
        "父が息をしていません",
        "ich will nicht mehr leben",
    ]) {
        assert_eq!((&verdict["decision"], &verdict["reason"]), (&"escalate".into(), &"danger".into()), "{verdict}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_web_the_honest_line_stands_alone_in_the_customers_language() {
    let home = Home::new();
    let service = home.start();
    let visitor = service.visitor().await;
    visitor.says("1", "bonjour, quand est-ce que le courant revient ?").await;
    let reply = visitor.reply(1).await;
    let text = common::text(&reply);
    assert!(text.contains("je ne peux répondre qu'en anglais et en espagnol"), "{text}");
    assert!(text.contains("appelez le 911") && !text.contains("automated"), "{text}");
    visitor.says("2", "rue des Lilas 5, avec un bébé").await;
    assert!(common::text(&visitor.reply(2).await).starts_with("Merci"));
    visitor.says("3", "au secours, il y a le feu dans la cuisine").await;
    let reply = visitor.reply(3).await;
    let text = common::text(&reply);
    assert!(text.starts_with("Si quelqu'un est peut-être en danger") && text.contains("911"), "{text}");
}
