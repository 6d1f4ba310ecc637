//! What admins are promised: see docs/admins.md.

use std::{fs, sync::Arc};

use proptest::prelude::*;
use rstest::rstest;
use tempfile::TempDir;

use super::*;

const NOW: &str = "2026-11-14T15:00:00Z";

const INCIDENT: &str = "\
company: Harbor Light & Power
name: Storm Ingrid
timezone: America/New_York
languages: [en, es]
reason: { en: a storm, es: una tormenta }
started: 2026-11-14 02:40
next_update: daily at 08:00, 13:00
contacts:
  hazard_line: 555-0100
  map: https://harborlight.example/outage_map
facts:
  restoration:
    value: { en: Most homes by *Sunday*, es: Casi todas el domingo }
    as_of: 2026-11-14 07:00
    valid_for: 26h
  crews:
    value: 92 crews
    as_of: 2026-11-14 07:00
    until: 2026-11-15 07:00
";

/// A folder with the starter's files, this incident, and what the test adds or overwrites.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("intents")).unwrap();
    fs::create_dir(dir.path().join("responses")).unwrap();
    let starter = [("incident.yaml", INCIDENT), ("responses/phrases.yaml", starter_phrases())];
    for (path, text) in starter.iter().chain(files) {
        fs::write(dir.path().join(path), text).unwrap();
    }
    dir
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn checked(files: &[(&str, &str)]) -> Loaded {
    load(folder(files).path(), at(NOW)).unwrap()
}

fn knowledge(files: &[(&str, &str)]) -> Knowledge {
    let loaded = checked(files);
    let problems: String = loaded.problems.iter().map(|problem| problem.render(false)).collect();
    loaded.knowledge.unwrap_or_else(|| panic!("{problems}"))
}

/// Code, file, line, column and text of each problem, without the warnings that a small folder always has.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let problems = checked(files)
        .problems
        .into_iter()
        .filter(|problem| !matches!(problem.code, "few-examples" | "no-way-to-a-person"));
    problems
        .map(|Problem { code, place, .. }| {
            format!("{code} {}:{}:{} {}", place.file, place.line, place.column, place.text)
        })
        .collect()
}

const INTENT: &str = "title: { en: Power back, es: Luz }\nexamples: [when is it back]\n";
const BODY: &str =
    "{{ incident.facts.restoration }}, says {{ incident.company }}.\n\nCall {{ incident.contacts.hazard_line }}.\n";

#[test]
fn the_starter_has_no_problems() {
    let loaded = checked(&[("incident.yaml", starter_incident())]);
    assert_eq!(loaded.problems, vec![]);
    assert!(loaded.knowledge.is_some());
}

#[test]
fn knowledge_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Knowledge>();
}

#[test]
fn an_answer_is_filled_in_and_the_facts_are_data() {
    let short =
        "---\nshort: \"{{ incident.facts.restoration }} ({{ incident.started }}). {{ incident.contacts.map }}\"\n---\n";
    let response =
        format!("{short}{BODY}\n[Map]({{{{ incident.contacts.map }}}}), next news {{{{incident.next_update}}}}.\n");
    let knowledge = knowledge(&[("intents/back.yaml", INTENT), ("responses/back.md", &response)]);
    let said = knowledge.answer("back", Language::ENGLISH, at(NOW)).unwrap();
    assert_eq!(
        said.text,
        "Most homes by \\*Sunday\\*, says Harbor Light & Power.\n\nCall 555-0100.\n\n\
         [Map](https://harborlight.example/outage_map), next news today at 1:00 pm."
    );
    assert_eq!(
        said.short.as_deref(),
        Some("Most homes by *Sunday* (today at 2:40 am). https://harborlight.example/outage_map")
    );
}

#[test]
fn a_value_with_braces_is_not_filled_in_again() {
    let incident = INCIDENT.replace("555-0100", "\"{{ incident.reason }}\"");
    let knowledge =
        knowledge(&[("incident.yaml", &incident), ("intents/back.yaml", INTENT), ("responses/back.md", BODY)]);
    let said = knowledge.answer("back", Language::ENGLISH, at(NOW)).unwrap();
    assert!(said.text.contains("Call {{ incident.reason }}."), "{}", said.text);
}

#[test]
fn a_stale_fact_stops_its_answer_and_nothing_else() {
    let incident = INCIDENT.replacen("as_of: 2026-11-14 07:00", "as_of: 2026-11-13 07:00", 1);
    let loaded = checked(&[("incident.yaml", &incident), ("intents/back.yaml", INTENT), ("responses/back.md", BODY)]);
    let stale: Vec<&Problem> = loaded.problems.iter().filter(|problem| problem.code == "stale-fact").collect();
    assert_eq!((stale.len(), stale[0].severity, stale[0].place.line), (1, Severity::Error, 14));
    assert!(stale[0].message.contains("responses/back.md"), "{}", stale[0].message);

    let knowledge = loaded.knowledge.expect("a stale fact alone does not prevent loading");
    let cannot = knowledge.answer("back", Language::ENGLISH, at(NOW)).unwrap_err();
    let placeholder = "incident.facts.restoration".to_owned();
    assert_eq!(cannot, CannotSay::Stale { placeholder, file: PathBuf::from("responses/back.md"), line: 1 });
    // 26 hours after the check it is stale, a second earlier it is not.
    let end = at("2026-11-13T12:00:00Z") + jiff::SignedDuration::from_hours(26);
    assert!(knowledge.answer("back", Language::ENGLISH, end).is_err());
    assert!(knowledge.answer("back", Language::ENGLISH, end - jiff::SignedDuration::from_secs(1)).is_ok());

    let said = knowledge.answer_what_holds("back", Language::ENGLISH, at(NOW)).unwrap();
    assert_eq!(said.text, "Call 555-0100.");
}

#[test]
fn a_fixed_end_and_a_check_in_the_future_are_respected() {
    let files = [("intents/back.yaml", INTENT), ("responses/back.md", "{{ incident.facts.crews }}")];
    let knowledge = knowledge(&files);
    let answer = |time| knowledge.answer("back", Language::ENGLISH, at(time)).is_ok();
    assert!(!answer("2026-11-14T11:59:59Z"), "not checked yet");
    assert!(answer("2026-11-14T12:00:00Z"));
    assert!(answer("2026-11-15T11:59:59Z"));
    assert!(!answer("2026-11-15T12:00:00Z"), "until 7:00 in New York");
}

#[test]
fn an_answer_comes_in_the_language_asked_for_or_the_default() {
    let spanish = "{{ incident.reason }}, {{ incident.facts.restoration.as_of }}";
    let files = [("intents/back.yaml", INTENT), ("responses/back.md", BODY), ("responses/back.es.md", spanish)];
    let knowledge = knowledge(&files);
    let said = knowledge.answer("back", Language::SPANISH, at(NOW)).unwrap();
    assert_eq!((said.text.as_str(), said.language), ("una tormenta, hoy a las 7:00", Language::SPANISH));
    let french = "fr".parse().unwrap();
    assert_eq!(knowledge.answer("back", french, at(NOW)).unwrap().language, Language::ENGLISH);
    assert_eq!(knowledge.title("back", Language::SPANISH), "Luz");
    assert_eq!(knowledge.title("back", french), "Power back");
    assert_eq!(knowledge.languages(), [Language::ENGLISH, Language::SPANISH]);
}

#[test]
fn what_is_for_agents_is_not_said_to_customers() {
    let response = "---\naudience: agents\n---\nAsk for the account.";
    let knowledge = knowledge(&[("intents/back.yaml", INTENT), ("responses/back.md", response)]);
    assert_eq!(knowledge.answer("back", Language::ENGLISH, at(NOW)), Err(CannotSay::AgentsOnly));
    assert_eq!(knowledge.answer_what_holds("back", Language::ENGLISH, at(NOW)), None);
}

#[test]
fn an_intent_without_a_response_loads_and_a_person_answers() {
    let knowledge = knowledge(&[("intents/back.yaml", INTENT)]);
    assert_eq!(knowledge.answer("back", Language::ENGLISH, at(NOW)), Err(CannotSay::NoResponse));
    assert_eq!(knowledge.answer("no_such_intent", Language::ENGLISH, at(NOW)), Err(CannotSay::NoResponse));
}

#[test]
fn each_reason_has_its_hand_over_line() {
    let knowledge = knowledge(&[]);
    for reason in [
        Reason::Danger(Danger::Gas),
        Reason::Wish,
        Reason::Always,
        Reason::Unsure,
        Reason::Stale,
        Reason::Repeated,
        Reason::Unclear,
        Reason::Private,
        Reason::Attachment,
        Reason::Undelivered,
    ] {
        let said = knowledge.phrase(Phrase::HandOver(reason), Language::SPANISH, at(NOW));
        let expected = if matches!(reason, Reason::Danger(_)) { Language::SPANISH } else { Language::ENGLISH };
        assert!(!said.text.is_empty() && said.language == expected, "{reason}: {said:?}");
    }
    let danger = knowledge.phrase(Phrase::HandOver(Reason::Danger(Danger::Gas)), Language::ENGLISH, at(NOW));
    assert_eq!(danger, knowledge.phrase(Phrase::Danger, Language::ENGLISH, at(NOW)));
    assert_eq!(knowledge.openings(Mood::Calm, Language::ENGLISH, at(NOW)), Vec::<String>::new());
    assert_eq!(knowledge.openings(Mood::Angry, Language::ENGLISH, at(NOW)).len(), 2);
}

#[test]
fn a_language_that_the_files_do_not_speak_has_lines_of_its_own() {
    let french = "fr".parse().unwrap();
    let knowledge = knowledge(&[("intents/back.yaml", INTENT), ("responses/back.md", "Tonight.")]);
    let said = |reason| knowledge.phrase(Phrase::HandOver(reason), french, at(NOW));
    assert_eq!(said(Reason::Language).language, french);
    assert!(said(Reason::Language).text.starts_with("Pour le moment, je ne peux répondre qu'en anglais"));
    assert_eq!(said(Reason::Wish), said(Reason::Language), "whatever the reason, a person answers");
    let greek = knowledge.phrase(Phrase::HandOver(Reason::Language), "el".parse().unwrap(), at(NOW));
    assert_eq!(greek.language, Language::ENGLISH);
    assert!(greek.text.starts_with("I can only answer in English for now."), "{greek:?}");
}

#[test]
fn admins_overrule_the_built_in_lines() {
    let phrases = format!(
        "{}fr:\n  hand_over:\n    language: Anglais seulement, {{{{ incident.company }}}} vous répondra.\n",
        starter_phrases()
    );
    let knowledge = knowledge(&[("responses/phrases.yaml", &phrases)]);
    let french = "fr".parse().unwrap();
    let said = |phrase| knowledge.phrase(phrase, french, at(NOW)).text;
    assert_eq!(said(Phrase::HandOver(Reason::Language)), "Anglais seulement, Harbor Light & Power vous répondra.");
    assert!(said(Phrase::Waiting).starts_with("Merci"), "the other lines stay");
}

#[test]
fn a_label_is_plain_text_and_a_phrase_drops_what_is_stale() {
    let phrases = starter_phrases()
        .replace("person: Talk to a person", "person: Talk to {{ incident.company }}")
        .replace("      Of course.", "      Of course.\n\n      {{ incident.facts.crews }}\n\n     ");
    let knowledge = knowledge(&[("responses/phrases.yaml", &phrases)]);
    assert_eq!(knowledge.phrase(Phrase::Person, Language::ENGLISH, at(NOW)).text, "Talk to Harbor Light & Power");
    let wish = |time| knowledge.phrase(Phrase::HandOver(Reason::Wish), Language::ENGLISH, at(time)).text;
    assert!(wish(NOW).contains("92 crews"));
    assert!(wish("2027-01-01T00:00:00Z").starts_with("Of course.\n\nI have"));
}

#[test]
fn the_version_follows_the_contents() {
    let files = |body| [("intents/back.yaml", INTENT), ("responses/back.md", body)];
    let version = |body| knowledge(&files(body)).version;
    assert_eq!(version("Soon."), version("Soon."));
    assert_ne!(version("Soon."), version("Later."));
    assert_eq!(version("Soon.").len(), 12);
}

#[test]
fn a_place_without_knowledge_is_told_apart_from_broken_knowledge() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = dir.path().join("nowhere");
    assert!(matches!(load(&nowhere, at(NOW)), Err(CannotLoad::NoFolder(_))));
    let error = load(dir.path(), at(NOW)).err().unwrap();
    assert!(matches!(error, CannotLoad::NoIntents(_)));
    assert!(error.to_string().contains("--knowledge DIR"));
}

#[rstest]
#[case::unknown_key("title: A\nexmples: [a]\n", "unknown-key intents/a.yaml:2:1 exmples")]
#[case::missing_key("title: A\n", "missing-key intents/a.yaml:1:1 title: A")]
#[case::empty_key("title:\nexamples: [a]\n", "missing-key intents/a.yaml:1:1 title")]
#[case::no_example("title: A\nexamples: []\n", "missing-examples intents/a.yaml:2:1 examples")]
#[case::empty_example("title: A\nexamples:\n  - a\n  - \"\"\n", "empty-text intents/a.yaml:4:5 \"\"")]
#[case::duplicate_example(
    "title: A\nexamples:\n  - Hi you\n  - hi,  YOU!\n",
    "duplicate-example intents/a.yaml:4:5 hi,  YOU!"
)]
#[case::contradiction("title: A\nexamples: [hi]\nnot: [Hi!]\n", "contradicting-example intents/a.yaml:3:7 Hi!")]
#[case::duplicate_key("title: A\nexamples: [a]\ntitle: B\n", "duplicate-key intents/a.yaml:3:1 title")]
#[case::danger("title: A\nexamples: [a]\ndanger: gaz\n", "unknown-danger intents/a.yaml:3:9 gaz")]
#[case::language("title: { en: A, de: B }\nexamples: [a]\n", "unknown-language intents/a.yaml:1:17 de")]
#[case::no_language("title: { en: A, english: B }\nexamples: [a]\n", "unknown-language intents/a.yaml:1:17 english")]
#[case::escalate("title: A\nexamples: [a]\nescalate: never\n", "bad-value intents/a.yaml:3:11 never")]
#[case::private("title: A\nexamples: [a]\nprivate: yes\n", "bad-value intents/a.yaml:3:10 yes")]
#[case::priority("title: A\nexamples: [a]\npriority: high\n", "bad-value intents/a.yaml:3:11 high")]
#[case::response("title: A\nexamples: [a]\nresponse: aa\n", "unknown-response intents/a.yaml:3:11 aa")]
#[case::colon("title: A\nexamples:\n  - my bill: wrong\n", "wrong-kind intents/a.yaml:3:5 ")]
#[case::tab("title: A\nexamples:\n\t- a\n", "bad-indentation intents/a.yaml:3:1 \t")]
#[case::indentation("title: A\nexamples:\n  en:\n    - a\n   es:\n    - b\n", "bad-indentation intents/a.yaml:5:4 es:")]
#[case::braces("title: A\nexamples:\n  - {{ x }}\n", "bad-yaml intents/a.yaml:3:6 { x }}")]
#[case::at_sign("title: A\nexamples:\n  - @me\n", "bad-yaml intents/a.yaml:3:5 @me")]
#[case::two_documents("title: A\n---\nexamples: [a]\n", "bad-yaml intents/a.yaml:3:1 examples: [a]")]
#[case::a_list("- a\n- b\n", "wrong-kind intents/a.yaml:1:1 ")]
#[case::nothing("", "missing-key intents/a.yaml:1:1 ")]
fn a_slip_in_an_intent_is_shown_where_it_stands(#[case] intent: &str, #[case] problem: &str) {
    let found = problems(&[("intents/a.yaml", intent), ("responses/a.md", "Yes.")]);
    assert!(found.iter().any(|found| found.starts_with(problem)), "{found:#?}");
}

#[rstest]
#[case::placeholder("Hi {{ incident.reson }}", "unknown-placeholder responses/a.md:1:4 {{ incident.reson }}")]
#[case::second_line("Hi\n\n{{ incident.facts.x }}", "unknown-placeholder responses/a.md:3:1 {{ incident.facts.x }}")]
#[case::open("Hi {{ incident.reason }\n", "broken-placeholder responses/a.md:1:4 {{ incident.reason }")]
#[case::command("{% if x %}Hi{% endif %}", "broken-placeholder responses/a.md:1:1 {%")]
#[case::short_placeholder(
    "---\nshort: \"See {{ incident.mapp }}\"\n---\nHi",
    "unknown-placeholder responses/a.md:2:13 {{ incident.mapp }}"
)]
#[case::front_matter("---\nshort: Hi\n", "bad-front-matter responses/a.md:1:1 ---")]
#[case::front_key("---\nshrt: Hi\n---\nHi", "unknown-key responses/a.md:2:1 shrt")]
#[case::audience("---\naudience: all\n---\nHi", "bad-value responses/a.md:2:11 all")]
#[case::review("---\nreview_by: 2026-11-13\n---\nHi", "review-due responses/a.md:2:12 2026-11-13")]
#[case::no_day("---\nreview_by: soon\n---\nHi", "bad-value responses/a.md:2:12 soon")]
#[case::empty("---\nshort: Hi\n---\n", "empty-text responses/a.md")]
#[case::link("---\nshort: Hi\n---\n\nSee\n[map](/map)", "broken-link responses/a.md:6:1 [map](/map)")]
#[case::value_link("See [it]({{ incident.company }})", "broken-link responses/a.md:1:5 [it]({{ incident.company }})")]
fn a_slip_in_a_response_is_shown_where_it_stands(#[case] response: &str, #[case] problem: &str) {
    let found = problems(&[("intents/a.yaml", "title: A\nexamples: [a]\n"), ("responses/a.md", response)]);
    assert!(found.iter().any(|found| found.starts_with(problem)), "{found:#?}");
}

#[rstest]
#[case::timezone("America/New_York", "America/NewYork", "unknown-timezone incident.yaml:3:11 America/NewYork")]
#[case::language("[en, es]", "[en, english]", "unknown-language incident.yaml:4:17 english")]
#[case::moment("daily at 08:00, 13:00", "every day at 8", "bad-moment incident.yaml:7:14 every day at 8")]
#[case::duration("26h", "26 hours", "bad-duration incident.yaml:15:16 26 hours")]
#[case::undated("    as_of: 2026-11-14 07:00\n", "", "undated-fact incident.yaml:13:5 ")]
#[case::endless("    valid_for: 26h\n", "", "undated-fact incident.yaml:13:5 ")]
#[case::untranslated(", es: Casi todas el domingo", "", "missing-translation incident.yaml:13:12 ")]
#[case::unfilled(
    "reason: { en: a storm, es: una tormenta }\n",
    "",
    "unfilled-placeholder responses/a.es.md:1:33 {{ incident.reason }}"
)]
#[case::passed("daily at 08:00, 13:00", "2026-11-14 08:00", "stale-fact incident.yaml:7:14 2026-11-14 08:00")]
#[case::company("company: Harbor Light & Power\n", "", "missing-key incident.yaml:1:1 ")]
fn a_slip_in_the_incident_is_shown_where_it_stands(#[case] right: &str, #[case] wrong: &str, #[case] problem: &str) {
    assert!(INCIDENT.contains(right));
    let found = problems(&[
        ("incident.yaml", &INCIDENT.replacen(right, wrong, 1)),
        ("intents/a.yaml", "title: A\nexamples: [a]\n"),
        ("responses/a.md", "{{ incident.facts.restoration }}"),
        ("responses/a.es.md", "{{ incident.facts.restoration }}{{ incident.reason }}"),
    ]);
    assert!(found.iter().any(|found| found.starts_with(problem)), "{found:#?}");
}

#[test]
fn lengths_are_those_of_the_filled_in_text() {
    let intent = ("intents/a.yaml", "title: A\nexamples: [a]\n");
    // "Harbor Light & Power" has 20 characters; the placeholder itself does not count.
    let fits = format!("---\nshort: \"{{{{ incident.company }}}}{}\"\n---\nHi", "x".repeat(260));
    assert_eq!(problems(&[intent, ("responses/a.md", &fits)]), Vec::<String>::new());
    let long = fits.replace("xx\"", "xxx\"");
    let found = problems(&[intent, ("responses/a.md", &long)]);
    assert!(found.first().is_some_and(|found| found.starts_with("text-too-long responses/a.md:2:9")), "{found:?}");
    let body = "é".repeat(1_500);
    assert_eq!(problems(&[intent, ("responses/a.md", &body)]), Vec::<String>::new());
    assert!(problems(&[intent, ("responses/a.md", &(body + "x"))])[0].starts_with("text-too-long responses/a.md:1:1"));
    let title = format!("title: {}\nexamples: [a]\n", "é".repeat(61));
    assert!(
        problems(&[("intents/a.yaml", &title), ("responses/a.md", "Hi")])[0]
            .starts_with("text-too-long intents/a.yaml:1:8")
    );
}

/// An intent's text: the slip that is told, its place and its text.
#[rstest]
#[case::indented_too_far(
    "title: A\nexamples:\n  - one\n    - two\n  - three\n",
    "swallowed-line intents/a.yaml:4:5 - two"
)]
#[case::no_break_space(
    "title: A\nexamples:\n  - one\n  \u{a0}- two\n",
    "invisible-character intents/a.yaml:4:3 \u{a0}"
)]
#[case::swallowed_no_break_space(
    "title: A\nexamples:\n  - one\n   \u{a0}- two\n",
    "swallowed-line intents/a.yaml:4:5 - two"
)]
#[case::no_break_space_first("title: A\nexamples:\n\u{a0} - one\n", "invisible-character intents/a.yaml:3:1 \u{a0}")]
#[case::no_break_space_after("title:\u{a0}A\nexamples: [a]\n", "invisible-character intents/a.yaml:1:7 \u{a0}")]
#[case::conflict(
    "title: A\n<<<<<<< HEAD\nexamples: [a]\n=======\n>>>>>>> b\n",
    "conflict-marker intents/a.yaml:2:1 <<<<<<< HEAD"
)]
#[case::no_blank("title: A\nexamples:\n  - a\npriority:35\n", "bad-yaml intents/a.yaml:4:1 priority:35")]
#[case::no_blank_between("title: A\npriority:35\nexamples: [a]\n", "bad-yaml intents/a.yaml:2:1 priority:35")]
#[case::no_blank_after_the_dash("title: A\nexamples:\n  -one\n  -two\n", "bad-yaml intents/a.yaml:3:3 -one")]
#[case::no_blank_after_one_dash("title: A\nexamples:\n  - one\n  -two\n", "bad-yaml intents/a.yaml:4:3 -two")]
#[case::other_dash("title: A\nexamples:\n  – one\n  – two\n", "bad-yaml intents/a.yaml:3:3 –")]
#[case::open_quote("title: \"A\nexamples:\n  - a\n  - b\n", "bad-yaml intents/a.yaml:1:8 \"A")]
#[case::open_quote_below("title: A\nexamples:\n  - 'a\n  - b\n", "bad-yaml intents/a.yaml:3:5 'a")]
#[case::remark("title: A\nexamples:\n  - #water is brown\n  - b\n", "empty-text intents/a.yaml:3:5 #water is brown")]
#[case::remark_as_title("title: #1 question\nexamples: [a]\n", "empty-text intents/a.yaml:1:8 #1 question")]
#[case::remark_behind("title: A\nexamples:\n  - call #311 now\n", "remark-in-text intents/a.yaml:3:10 #311 now")]
#[case::tilde("title: A\nexamples:\n  - ~\n", "empty-text intents/a.yaml:3:5 ~")]
#[case::typographic("title: “A”\nexamples: [a]\n", "typographic-quotes intents/a.yaml:1:8 “A”")]
#[case::typographic_flow(
    "title: A\nexamples: [a]\nescalate: “always”\n",
    "typographic-quotes intents/a.yaml:3:11 “always”"
)]
#[case::unfinished_title("title: XXX\nexamples: [a]\n", "unfinished-text intents/a.yaml:1:8 XXX")]
fn a_slip_of_the_keyboard_is_told_once_where_it_was_made(#[case] intent: &str, #[case] problem: &str) {
    let found = problems(&[("intents/a.yaml", intent), ("responses/a.md", "Yes.")]);
    assert_eq!(found, [problem]);
}

#[rstest]
#[case::one_brace("Call {incident.reason} now", "not-a-placeholder responses/a.md:1:6 {incident.reason}")]
#[case::short(
    "---\nshort: \"Call {incident.reason}\"\n---\nHi",
    "not-a-placeholder responses/a.md:2:14 {incident.reason}"
)]
#[case::unfinished("Hi\n\nTODO", "unfinished-text responses/a.md:3:1 TODO")]
#[case::blank_first("\n---\nshort: Hi\n---\nHello", "bad-front-matter responses/a.md:2:1 ---")]
#[case::dashes("———\nshort: Hi\n———\nHello", "bad-front-matter responses/a.md:1:1 ———")]
#[case::conflict(
    "Hi\n\n<<<<<<< HEAD\nSoon\n=======\nLater\n>>>>>>> b\n",
    "conflict-marker responses/a.md:3:1 <<<<<<< HEAD"
)]
#[case::rtf("{\\rtf1\\ansi Hello}", "not-text responses/a.md:1:1 ")]
#[case::word("PK\u{3}\u{4}...", "not-text responses/a.md:1:1 ")]
#[case::twelve_hours("---\npromise: 6 pm\n---\nHi", "bad-moment responses/a.md:2:10 6 pm")]
fn what_customers_would_read_by_mistake_is_told(#[case] response: &str, #[case] problem: &str) {
    let found = problems(&[("intents/a.yaml", "title: A\nexamples: [a]\n"), ("responses/a.md", response)]);
    assert_eq!(found, [problem]);
}

/// One slip in the incident, and all that is said of it, though texts need what is broken.
#[rstest]
#[case::misspelt_group("facts:\n", "fact:\n", "unknown-key incident.yaml:11:1 fact")]
#[case::moment(
    "next_update: daily at 08:00, 13:00",
    "next_update: daily at 8am",
    "bad-moment incident.yaml:7:14 daily at 8am"
)]
#[case::languages("[en, es]", "[en, sp]", "unknown-language incident.yaml:4:17 sp")]
#[case::default_language("[en, es]", "[english, es]", "unknown-language incident.yaml:4:13 english")]
#[case::misspelt_languages("languages:", "langauges:", "unknown-key incident.yaml:4:1 langauges")]
#[case::misspelt_in_a_fact(
    "    as_of: 2026-11-14 07:00\n",
    "    asof: 2026-11-14 07:00\n",
    "unknown-key incident.yaml:14:5 asof"
)]
#[case::reason(
    "reason: { en: a storm, es: una tormenta }",
    "reason: [a storm]",
    "wrong-kind incident.yaml:5:9 [a storm]"
)]
#[case::timezone("America/New_York", "EST", "fixed-timezone incident.yaml:3:11 EST")]
#[case::skipped(
    "started: 2026-11-14 02:40",
    "started: 2027-03-14 02:40",
    "clock-change incident.yaml:6:10 2027-03-14 02:40"
)]
#[case::twice(
    "started: 2026-11-14 02:40",
    "started: 2026-11-01 01:40",
    "clock-change incident.yaml:6:10 2026-11-01 01:40"
)]
#[case::recurring_start(
    "started: 2026-11-14 02:40",
    "started: daily at 02:40",
    "recurring-start incident.yaml:6:10 daily at 02:40"
)]
#[case::nobody_checked(
    "    as_of: 2026-11-14 07:00\n    until",
    "    as_of: daily at 07:00\n    until",
    "unchecked-fact incident.yaml:18:12 daily at 07:00"
)]
#[case::unfilled("555-0100", "555-XXX", "unfinished-text incident.yaml:9:20 XXX")]
fn one_cause_in_the_incident_is_told_once(#[case] right: &str, #[case] wrong: &str, #[case] problem: &str) {
    assert!(INCIDENT.contains(right));
    let found = problems(&[
        ("incident.yaml", &INCIDENT.replacen(right, wrong, 1)),
        ("intents/a.yaml", "title: { en: A, es: B }\nexamples: { en: [a], es: [b] }\n"),
        (
            "responses/a.md",
            "{{ incident.facts.restoration }} {{ incident.facts.crews }} {{ incident.reason }}\n\nNext: {{ incident.next_update }}",
        ),
        ("responses/a.es.md", "{{ incident.facts.restoration }} {{ incident.reason }} {{ incident.next_update }}"),
    ]);
    assert_eq!(found, [problem]);
}

#[test]
fn a_check_that_nobody_made_is_not_claimed_without_a_warning() {
    let incident = INCIDENT.replacen("as_of: 2026-11-14 07:00", "as_of: daily at 07:00", 1);
    let files = |incident| {
        let response = "{{ incident.facts.restoration }}, checked {{ incident.facts.restoration.as_of }}";
        problems(&[("incident.yaml", incident), ("intents/back.yaml", INTENT), ("responses/back.md", response)])
    };
    assert_eq!(
        files(&incident),
        [
            "unchecked-fact incident.yaml:14:12 daily at 07:00",
            "invented-check responses/back.md:1:43 {{ incident.facts.restoration.as_of }}"
        ]
    );
    assert_eq!(files(INCIDENT), Vec::<String>::new());
    assert_eq!(files(&format!("sample: true\n{incident}")), Vec::<String>::new(), "the sample works on any day");
}

#[test]
fn what_a_customer_needs_to_choose_and_to_reach_a_person_is_looked_for() {
    let twice = [
        ("intents/a.yaml", "title: Refund\nexamples: [a]\n"),
        ("intents/b.yaml", "title: refund!\nexamples: [b]\n"),
        ("responses/a.md", "Yes."),
        ("responses/b.md", "Yes."),
    ];
    assert_eq!(problems(&twice), ["duplicate-title intents/b.yaml:1:8 refund!"]);
    let wish = |files: &[(&str, &str)]| {
        checked(files).problems.iter().filter(|problem| problem.code == "no-way-to-a-person").count()
    };
    assert_eq!(wish(&twice), 1);
    assert_eq!(wish(&[("intents/talk_to_person.yaml", "title: A person\nexamples: [human]\nescalate: always\n")]), 0);
    assert_eq!(wish(&[("intents/a.yaml", "title: A\nexamples: [a]\n"), ("intents/Talk to Person.yml", "x")]), 0);
}

#[test]
fn files_that_lost_each_other_are_told_once_with_the_name_of_the_other() {
    let intent = "title: Refund\nexamples: [refund]\n";
    let told = |files: &[(&str, &str)]| -> Vec<String> {
        let problems = checked(files).problems.into_iter().filter(|problem| problem.severity == Severity::Error);
        problems.map(|problem| format!("{} {}", problem.code, problem.suggestion.unwrap_or_default())).collect()
    };
    let renamed = format!("{intent}response: refunds_state\n");
    assert_eq!(
        told(&[("intents/refund.yaml", &renamed), ("responses/refund.md", "Yes.")]),
        ["unknown-response did you mean `refund` (responses/refund.md)?"]
    );
    assert_eq!(
        told(&[("intents/refund_state.yaml", intent), ("responses/refund_status.md", "Yes.")]),
        [
            "intent-without-response is it responses/refund_status.md, which no intent uses? Give the two files one name, or write \
             `response: refund_status` here"
        ]
    );
    let elsewhere = format!("{intent}response: other\n");
    let other = "title: Other\nexamples: [other]\n";
    let files = [
        ("intents/refund.yaml", elsewhere.as_str()),
        ("intents/other.yaml", other),
        ("responses/other.md", "Yes."),
        ("responses/refund.md", "Yes."),
    ];
    assert_eq!(
        told(&files),
        [
            "response-without-intent intents/refund.yaml says `response: other`: take that line out there, or take this file out"
        ]
    );
    assert_eq!(
        told(&[("intents/refund.yaml", intent), ("responses/Refund.md", "Yes.")]),
        ["bad-file-name call it `refund.md`: names are lower-case letters, digits and `_`"],
    );
}

#[test]
fn what_people_read_of_their_slips_says_what_to_do() {
    let loaded = checked(&[
        (
            "incident.yaml",
            &INCIDENT.replace("[en, es]", "[en, sp]").replace("daily at 08:00, 13:00", "daily at 8 a.m."),
        ),
        ("intents/far.yaml", "title: Far\nexamples:\n  - one\n    - two\n"),
        ("intents/hash.yaml", "title: Hash\nexamples:\n  - #water is brown\n"),
        ("intents/nbsp.yaml", "title:\u{a0}Space\nexamples: [space]\n"),
        ("intents/quote.yaml", "title: “Quote”\nexamples:\n  - 'never closed\n  - two\n"),
        ("intents/water - Copy.yaml", "title: Copy\nexamples: [copy]\n"),
        ("responses/far.es-MX.md", "Hola"),
        ("responses/far.md", "\n---\nshort: Hi\n---\nHello"),
        ("responses/hash.md", "It is {incident.facts.restoration}, TODO."),
        ("responses/nbsp.md", "{\\rtf1 Hi}"),
        ("responses/quote.md", "Hi\n<<<<<<< HEAD\nYou\n"),
    ]);
    let problems = loaded.problems.iter().filter(|problem| problem.code != "few-examples");
    insta::assert_snapshot!(problems.map(|problem| problem.render(false)).collect::<Vec<_>>().join("\n\n"));
}

#[test]
fn a_line_in_two_intents_is_shown_in_both() {
    let found = checked(&[
        ("intents/a.yaml", "title: A\nexamples:\n  - no power here\n"),
        ("intents/b.yaml", "title: B\nexamples:\n  - x\n  - No power here!\n"),
    ]);
    let problem = found.problems.iter().find(|problem| problem.code == "duplicate-example").unwrap();
    assert_eq!((problem.place.file.as_str(), problem.place.line), ("intents/b.yaml", 4));
    let also = problem.also.as_ref().unwrap();
    assert_eq!((also.file.as_str(), also.line), ("intents/a.yaml", 3));
}

#[test]
fn emergency_help_and_phrases_that_can_vanish_are_refused() {
    let danger = "title: Gas\ndanger: gas\nexamples: [gas]\n";
    let found = checked(&[("intents/gas.yaml", danger), ("responses/gas.md", "Wait {{ incident.facts.crews }}.\n")]);
    assert!(found.knowledge.is_none());
    assert!(found.problems.iter().any(|problem| problem.code == "emergency-help-can-vanish"));
    let phrases = starter_phrases().replace("Of course.", "Of course, {{ incident.facts.crews }}.");
    let found = checked(&[("responses/phrases.yaml", &phrases)]);
    assert!(found.knowledge.is_none());
    assert!(found.problems.iter().any(|problem| problem.code == "phrase-can-vanish"));
}

#[test]
fn what_only_the_desk_knows_is_said_where_it_is_known_and_nowhere_else() {
    let response = [("intents/back.yaml", INTENT), ("responses/back.md", "Soon.\n\nBy {{ desk.by }}.\n")];
    assert!(
        problems(&response).contains(&"unknown-placeholder responses/back.md:3:4 {{ desk.by }}".to_owned()),
        "{:?}",
        problems(&response)
    );
    let phrases = starter_phrases()
        .replace("  waiting: ", "  waiting: '{{ desk.agent }}' ")
        .replace("waiting: '{{ desk.agent }}' Thank", "waiting: Dear {{ desk.agent }}, thank");
    let found = checked(&[("responses/phrases.yaml", &phrases)]);
    assert!(found.knowledge.is_none());
    assert_eq!(found.problems[0].code, "unknown-placeholder");
}

#[test]
fn a_true_waiting_time_takes_the_place_of_the_usual_one() {
    let incident = INCIDENT.replace("contacts:\n", "contacts:\n  person_wait: within an hour\n");
    let phrases = starter_phrases().replace(
        "      You will hear from them by {{ desk.by }}.\n    always",
        "      You will hear from them by {{ desk.by }}.\n\n      People answer {{ incident.contacts.person_wait }}.\n    always",
    );
    let knowledge = knowledge(&[("incident.yaml", &incident), ("responses/phrases.yaml", &phrases)]);
    let wish = |by: Option<&str>| {
        let desk = DeskValues { by: by.map(at), ..DeskValues::default() };
        let said = knowledge.phrase_of_desk(Phrase::HandOver(Reason::Wish), Language::ENGLISH, at(NOW), &desk);
        said.text.split("\n\n").skip(1).collect::<Vec<_>>().join("|")
    };
    assert_eq!(wish(None), "People answer within an hour.");
    assert_eq!(wish(Some("2026-11-14T23:40:00Z")), "You will hear from them by 18:40.");
    assert_eq!(wish(Some("2026-11-15T13:00:00Z")), "You will hear from them by tomorrow at 8:00 am.");
}

#[test]
fn a_promise_is_read_and_one_whose_time_has_passed_is_not_said() {
    let response = |promise: &str| format!("---\npromise: {promise}\n---\nWe write again by then.\n");
    let known = |promise: &str| {
        let text = response(promise);
        knowledge(&[("intents/back.yaml", INTENT), ("responses/back.md", &text)])
    };
    let due = |promise: &str| known(promise).promise("back", Language::ENGLISH, at(NOW)).map(|due| due.to_string());
    assert_eq!(due("18:00").as_deref(), Some("2026-11-14T23:00:00Z"));
    assert_eq!(due("2h").as_deref(), Some("2026-11-14T17:00:00Z"));
    let past = known("2026-11-14 08:00");
    assert!(matches!(past.answer("back", Language::ENGLISH, at(NOW)), Err(CannotSay::Stale { line: 2, .. })));
    let text = response("soon");
    let found = checked(&[("intents/back.yaml", INTENT), ("responses/back.md", &text)]);
    assert!(found.problems.iter().any(|problem| problem.code == "bad-moment" && problem.place.line == 2));
}

#[test]
fn a_missing_phrase_is_an_error_in_the_default_language_only() {
    let phrases = format!("{}es:\n  person: Hablar con una persona\n", starter_phrases());
    assert_eq!(problems(&[("responses/phrases.yaml", &phrases)]), Vec::<String>::new());
    let phrases = starter_phrases().replace("  waiting:", "  wating:");
    let found = problems(&[("responses/phrases.yaml", &phrases)]);
    assert_eq!(found.len(), 1, "a misspelt key is not missing as well: {found:?}");
    assert!(found[0].starts_with("unknown-key responses/phrases.yaml"), "{found:?}");
    let phrases = starter_phrases().replace("  waiting:", "  zzz:");
    let found = problems(&[("responses/phrases.yaml", &phrases)]);
    assert!(found[0].starts_with("missing-phrase responses/phrases.yaml:2:1 en"), "{found:?}");
}

#[test]
fn numbers_and_words_with_a_meaning_in_yaml_are_text_in_an_example() {
    let knowledge = knowledge(&[
        ("intents/a.yaml", "title: 911\nexamples: [no, 1.50, 0x1F, true, 007, -5]\n"),
        ("responses/a.md", "Hi"),
    ]);
    assert_eq!(knowledge.intents["a"].examples[&Language::ENGLISH], ["no", "1.50", "0x1F", "true", "007", "-5"]);
    assert_eq!(knowledge.title("a", Language::ENGLISH), "911");
}

#[test]
fn odd_files_are_named_and_the_rest_is_read() {
    let dir = folder(&[
        ("intents/a.yaml", "\u{feff}title: A\r\nexamples: [a]\r\n"),
        ("responses/a.md", "Hi\r\n\r\nyou"),
        ("intents/Refund Status.yml", ""),
        ("intents/.hidden", "x"),
        ("intents/a.yaml~", "x"),
        ("responses/a.english.md", "x"),
    ]);
    fs::write(dir.path().join("intents/big.yaml"), "#".repeat(256 * 1024 + 1)).unwrap();
    fs::write(dir.path().join("intents/latin.yaml"), b"title: A\nexamples:\n  - caf\xe9 here\n").unwrap();
    fs::create_dir(dir.path().join("intents/more")).unwrap();
    fs::create_dir(dir.path().join("intents/trap.yaml")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", dir.path().join("intents/link.yaml")).unwrap();
    let loaded = load(dir.path(), at(NOW)).unwrap();
    let found: Vec<String> = loaded
        .problems
        .iter()
        .map(|problem| format!("{} {}:{}", problem.code, problem.place.file, problem.place.line))
        .collect();
    assert_eq!(
        found,
        [
            "bad-file-name intents/Refund Status.yml:1",
            "few-examples intents/a.yaml:2",
            "file-too-large intents/big.yaml:1",
            "not-utf8 intents/latin.yaml:3",
            "unreadable-file intents/link.yaml:1",
            "ignored-folder intents/more:1",
            "no-way-to-a-person intents/talk_to_person.yaml:1",
            "unreadable-file intents/trap.yaml:1",
            "bad-file-name responses/a.english.md:1",
        ]
    );
    let latin = loaded.problems.iter().find(|problem| problem.code == "not-utf8").unwrap();
    assert_eq!(latin.place.column, 8);
}

#[test]
fn without_an_incident_the_other_files_are_still_checked() {
    let dir = folder(&[
        ("intents/a.yaml", "titel: A\nexamples: [a]\n"),
        ("responses/a.md", "{{ incident.facts.x }} [map]()"),
    ]);
    fs::remove_file(dir.path().join("incident.yaml")).unwrap();
    let loaded = load(dir.path(), at(NOW)).unwrap();
    let codes: Vec<&str> = loaded.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["missing-file", "unknown-key", "few-examples", "no-way-to-a-person", "broken-link"]);
}

#[test]
fn all_problems_are_told_at_once_and_drawn() {
    let loaded = checked(&[
        (
            "incident.yaml",
            &INCIDENT.replacen("as_of: 2026-11-14 07:00", "as_of: 2026-11-12 07:00", 1).replace("New_York", "NewYork"),
        ),
        ("intents/back.yaml", "title: Power back\nexmples:\n  - when is it back\nescalate: allways\n"),
        ("intents/gas.yaml", "title: Gas\ndanger: gas\nexamples:\n  - it smells of gas\n  - gas!\n"),
        (
            "intents/leak.yaml",
            "title: Leak\ndanger: gas\nexamples:\n  - It smells of gas.\n  - my pipe: broken\nresponse: gaz\n",
        ),
        ("intents/tabs.yaml", "title: Tabs\nexamples:\n\t- one\n"),
        (
            "responses/back.md",
            "---\nshort: Hi {{ incident.resaon }}\n---\n# Soon\n\nSee [the map](harborlight.example) or {{ incident.facts.restoration }}.\n",
        ),
        ("responses/gas.md", "Leave the house.\n\nThen call {{ incident.contacts.hazard_lin }}.\n"),
        ("responses/gone.es.md", "Hola <b>todos</b>"),
    ]);
    let text: Vec<String> = loaded.problems.iter().map(|problem| problem.render(false)).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}

proptest! {
    #[test]
    fn no_file_makes_the_loader_panic(text in "([ \\t\\n]|[-:{}\\[\\]#&*!|>'\"%@`,.]|title|examples|en|value|facts|as_of|---|\\{\\{|\\}\\}|incident|[a-zé<>()]){0,60}") {
        let source = |path: &str| Arc::new(problem::Source { path: path.to_owned(), text: text.clone() });
        let mut problems = Vec::new();
        let incident = Incident::read(Some(&source("incident.yaml")), &mut problems);
        IntentFile::read("a", &source("intents/a.yaml"), &incident.languages, &mut problems);
        let mut compiler = Compiler::new(&incident, None, at(NOW));
        Phrases::read(&source("responses/phrases.yaml"), &incident.languages, &mut compiler);
        let file = files::ResponseFile { name: "a".to_owned(), language: None, source: source("responses/a.md") };
        Variant::read(&file, Language::ENGLISH, &mut compiler);
        problems.extend(compiler.problems);
        for problem in &problems {
            prop_assert!(problem.render(false).contains(&problem.message.lines().next().unwrap_or_default()[..1]));
        }
    }
}
