//! The commands that admins use, driven as they drive them.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::common::{self, BINARY, Home, sample, stderr, stdout, write};

fn evenkeel(args: &[&str], input: &[u8]) -> std::process::Output {
    let mut child = Command::new(BINARY)
        .args(args)
        .env("EVENKEEL_MODEL", "no-model")
        .env("EVENKEEL_TRAINED", common::TRAINED)
        .current_dir(sample())
        .env_remove("EVENKEEL_KNOWLEDGE")
        .env_remove("EVENKEEL_DATABASE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails early closes its input; that is its right.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn the_help_reads_well() {
    insta::assert_snapshot!(stdout(&evenkeel(&["--help"], b"")));
    insta::assert_snapshot!(stdout(&evenkeel(&["escalations", "--help"], b"")));
}

#[test]
fn check_finds_nothing_in_the_sample() {
    let output = evenkeel(&["check"], b"");
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("all good (the sample: its times are made up"), "{said}");
}

#[test]
fn check_tells_which_understanding_decides_and_what_the_promise_costs() {
    let said = stdout(&evenkeel(&["check"], b""));
    assert!(said.contains("n-grams alone decide, because the sentence model is missing from no-model"), "{said}");
    assert!(said.contains("at most 5 in 100 answers wrong") && said.contains("are answered alone"), "{said}");
    let report: Value = serde_json::from_slice(&evenkeel(&["check", "--format", "json"], b"").stdout).unwrap();
    let understanding = &report["understanding"];
    assert_eq!((&understanding["by"], &understanding["promise"]), (&"n-grams alone".into(), &"kept".into()));
    assert!(said.contains("n-grams alone are held to 2.5"), "{said}");
    assert_eq!(understanding["held_to"], 0.025);
    let shares = ["answered", "asked_back", "to_a_person"].map(|name| understanding[name].as_f64().unwrap());
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{understanding}");
}

#[test]
fn with_few_examples_check_says_that_the_promise_cannot_be_kept() {
    let home = Home::new();
    home.only(&["water", "talk_to_person"]);
    for name in ["water", "talk_to_person"] {
        let text = format!("title: {name}\nexamples: [is the {name} ok, tell me about {name}, {name} please]\n");
        write(home.path(), &format!("intents/{name}.yaml"), text);
    }
    let said = stdout(&home.run(&["check"]));
    assert!(said.contains("too few examples to keep it") && said.contains("water (3)"), "{said}");
}

#[test]
fn check_names_file_line_and_suggestion_and_exits_with_1() {
    let home = Home::new();
    let path = home.path().join("intents/water.yaml");
    let broken = fs::read_to_string(&path).unwrap().replacen("examples:", "exampels:", 1);
    fs::write(&path, broken).unwrap();
    let output = home.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(said.contains("intents/water.yaml") && said.contains("exampels") && said.contains("examples"), "{said}");

    let output = home.run(&["check", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["problems"][0]["file"], "intents/water.yaml");
    assert!(report["problems"][0]["line"].is_u64());
}

#[test]
fn check_that_cannot_run_exits_with_2() {
    let output = evenkeel(&["check", "--knowledge", "no/such/folder"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no/such/folder"), "{}", stderr(&output));
}

#[test]
fn classify_prints_one_object_for_each_line_whatever_the_line() {
    let output = evenkeel(
        &["classify"],
        b"is the tap water safe to drink\n\n\xff\xfe\nI smell gas\n{{ x }}\n\
        Thank you so much! When will the power be back?\n",
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let lines: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    assert_eq!((lines[0]["decision"].as_str(), lines[0]["intent"].as_str()), (Some("answer"), Some("water")));
    assert_eq!((lines[3]["decision"].as_str(), lines[3]["reason"].as_str()), (Some("escalate"), Some("danger")));
    let danger = &lines[3]["danger"];
    assert_eq!((danger["danger"].as_str(), lines[3]["urgency"].as_str()), (Some("gas"), Some("danger")));
    assert!(danger["rule"].as_str().is_some_and(|rule| rule.starts_with("gas")), "{danger}");
    assert_eq!(lines[3]["intent"], "gas_smell", "the intent whose help is given");
    assert_eq!(lines[5]["intents"], serde_json::json!(["restoration_time"]), "what is answered: {}", lines[5]);
    assert_eq!(lines[5]["intent"], "restoration_time");
    for key in ["text", "decision", "reason", "intent", "probability", "alternatives", "language", "mood"] {
        assert!(lines.iter().all(|line| line.get(key).is_some()), "{key}");
    }
}

#[test]
fn output_that_nobody_reads_is_no_error() {
    let mut child = Command::new(BINARY)
        .arg("classify")
        .current_dir(sample())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all("when is the power back\n".repeat(2_000).as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn chat_answers_in_the_terminal_and_explains_itself() {
    let output = evenkeel(&["chat", "--explain"], b"is the tap water safe to drink\nI want a human\n");
    let said = stdout(&output);
    assert!(said.contains("decision  answer water"), "{said}");
    assert!(said.contains("a person is called: reason wish"), "{said}");
}

#[test]
fn chat_keeps_the_office_hours() {
    let home = Home::new();
    // Open for one minute of the week at most, and not in this one.
    let day = if jiff::Zoned::now().weekday() == jiff::civil::Weekday::Monday { "thu" } else { "mon" };
    home.settings(&format!("[desk]\nhours = [\"{day} 12:00-12:01\"]\n"));
    let mut child = home.command().arg("chat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"I want a human\n").unwrap();
    let said = stdout(&child.wait_with_output().unwrap());
    assert!(said.contains("Nobody is at the desk right now"), "{said}");
}

#[test]
fn import_makes_intents_that_check_and_eval_take() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = [
        ("Track my card!", "where is my card|has my card been sent|track the card|card not here yet|card still missing in the post"),
        ("../exchange rate", "what is the exchange rate|rate for euros|how are exchange rates set|current currency rate|dollar to euro rate"),
        ("top-up", "how do i top up|top up my account|add money to my balance|load money on the account|put funds in"),
    ]
    .iter()
    .flat_map(|(intent, texts)| texts.split('|').map(move |text| format!("{}\n", serde_json::json!({ "text": text, "intent": intent }))))
    .collect();
    let file = write(dir.path(), "train.jsonl", lines + "{\"text\": \"tell me a joke\", \"intent\": \"oos\"}\n");
    let out = dir.path().join("kb");
    let out_name = out.to_str().unwrap();

    let output = evenkeel(&["import", file.to_str().unwrap(), "--out", out_name], b"");
    assert!(output.status.success(), "{}", stderr(&output));
    let mut names: Vec<String> = fs::read_dir(out.join("intents"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["exchange_rate.yaml", "top_up.yaml", "track_my_card.yaml"]);

    let check = evenkeel(&["check", "--knowledge", out_name], b"");
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));

    let eval = evenkeel(&["eval", file.to_str().unwrap(), "--knowledge", out_name, "--format", "json"], b"");
    let score: Value = serde_json::from_slice(&eval.stdout).unwrap();
    assert_eq!((score["in_scope"].as_u64(), score["oos"].as_u64()), (Some(15), Some(1)));
    assert_eq!(score["accuracy"].as_f64(), Some(1.0), "{score}");

    let again = evenkeel(&["import", file.to_str().unwrap(), "--out", out_name], b"");
    assert_eq!(again.status.code(), Some(2), "what is there is not overwritten");
}

#[test]
fn all_broken_lines_of_labels_are_named_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "\u{feff}{\"text\": \"a\", \"intent\": \"b\"}\n{\"text\": 1}\n\n{\"text\": \"a\", \"intent\": \" \"}\n";
    let file = write(dir.path(), "x.jsonl", lines);
    let out = dir.path().join("out");
    for args in [
        ["eval", file.to_str().unwrap()].as_slice(),
        &["import", file.to_str().unwrap(), "--out", out.to_str().unwrap()],
    ] {
        let output = evenkeel(args, b"");
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains("2 lines cannot be read"), "the byte order mark is none of them: {said}");
        assert!(said.contains("x.jsonl:2: ") && said.contains("x.jsonl:4: the intent is empty"), "{said}");
    }
    assert!(!out.exists());
}

#[test]
fn check_tells_what_is_wrong_with_the_settings_with_everything_else() {
    let home = Home::new();
    home.only(&["water", "talk_to_person"]);
    write(home.path(), "evenkeel.toml", "[web]\nembed_origins = [\"www.example.com\"]\n\n[polcy]\nmax_wrong = 0.1\n");
    write(home.path(), "responses/water.md", "Boil it, TODO.\n");
    let output = home.run(&["check"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    for words in
        ["evenkeel.toml:2:1", "`www.example.com` is not an origin", "did you mean `policy`?", "unfinished-text"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(said.find("unfinished-text").unwrap() < said.find("error[").unwrap(), "errors stand last: {said}");
}

#[test]
fn check_finds_what_stands_under_another_language() {
    let home = Home::new();
    home.only(&["water", "talk_to_person"]);
    let spanish = "title: { en: Water, es: Agua }\nexamples:\n  en:\n    - is the water safe to drink\n    - cuándo vuelve el agua a mi casa\n    - puedo beber el agua de la llave\n";
    write(home.path(), "intents/water.yaml", spanish);
    write(home.path(), "responses/water.es.md", "Please boil the water before you drink it or cook with it.\n");
    let said = stdout(&home.run(&["check"]));
    assert!(said.contains("2 examples under `en` read as `es`") && said.contains("intents/water.yaml:5:7"), "{said}");
    assert!(said.contains("responses/water.es.md:1:1: this reads as `en`"), "{said}");
}
