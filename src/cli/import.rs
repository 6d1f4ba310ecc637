//! `evenkeel import`: labelled messages become intents and placeholder responses that an admin then fills.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};

use super::labelled::{self, Labelled, OUT_OF_SCOPE};
use crate::knowledge;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Labelled messages, one {"text": …, "intent": …} a line; `-` is standard input
    file: PathBuf,
    /// The folder to write; it must not hold intents yet
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// The longest file name we make of an intent's name, in characters.
const MAX_NAME: usize = 60;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let lines = labelled::read(&args.file)?;
    if args.out.join("intents").exists() {
        bail!("{} holds intents already: give another folder with --out, or remove them first", args.out.display());
    }
    let sorted = sort(&lines);
    let names = file_names(sorted.intents.keys().copied());
    for (intent, examples) in &sorted.intents {
        let name = &names[intent];
        write(&args.out.join("intents").join(format!("{name}.yaml")), &intent_file(intent, examples))?;
        write(&args.out.join("responses").join(format!("{name}.md")), &response_file(intent))?;
    }
    write(&args.out.join("responses/phrases.yaml"), knowledge::starter_phrases())?;
    write(&args.out.join("incident.yaml"), knowledge::starter_incident())?;

    let mut output = io::stdout().lock();
    writeln!(
        output,
        "wrote {} intents with {} examples to {}",
        sorted.intents.len(),
        sorted.kept(),
        args.out.display()
    )?;
    for (count, what) in [
        (sorted.out_of_scope, format!("lines with the intent `{OUT_OF_SCOPE}` left out: they belong to no intent")),
        (sorted.repeated, "repeated lines left out".to_owned()),
        (sorted.disputed, "lines that also stand in another intent left out there".to_owned()),
        (sorted.wordless, "lines without words left out".to_owned()),
    ] {
        if count > 0 {
            writeln!(output, "{count} {what}")?;
        }
    }
    writeln!(
        output,
        "next: write the answers in {}, then run `evenkeel check --knowledge {}`",
        args.out.join("responses").display(),
        args.out.display()
    )?;
    Ok(ExitCode::SUCCESS)
}

struct Sorted<'a> {
    intents: BTreeMap<&'a str, Vec<&'a str>>,
    out_of_scope: usize,
    repeated: usize,
    disputed: usize,
    wordless: usize,
}

impl Sorted<'_> {
    fn kept(&self) -> usize {
        self.intents.values().map(Vec::len).sum()
    }
}

/// Groups the lines by intent; each line is kept once, in the intent that had it first.
fn sort(lines: &[Labelled]) -> Sorted<'_> {
    let mut sorted = Sorted { intents: BTreeMap::new(), out_of_scope: 0, repeated: 0, disputed: 0, wordless: 0 };
    let mut owners: HashMap<String, &str> = HashMap::new();
    for Labelled { text, intent } in lines {
        if intent == OUT_OF_SCOPE {
            sorted.out_of_scope += 1;
            continue;
        }
        let key = knowledge::same_line(text);
        if key.is_empty() {
            sorted.wordless += 1;
        } else {
            match owners.get(&key) {
                Some(owner) if owner == intent => sorted.repeated += 1,
                Some(_) => sorted.disputed += 1,
                None => {
                    owners.insert(key, intent);
                    sorted.intents.entry(intent).or_default().push(text);
                }
            }
        }
    }
    sorted
}

/// A safe and unique file name for each intent.
fn file_names<'a>(intents: impl Iterator<Item = &'a str>) -> HashMap<&'a str, String> {
    let mut taken = BTreeSet::new();
    let mut names = HashMap::new();
    for intent in intents {
        let base = file_name(intent);
        let mut name = base.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        names.insert(intent, name);
    }
    names
}

/// An intent's name as a file name: lower-case letters, digits and `_`, never a path.
pub(super) fn file_name(intent: &str) -> String {
    let mut name = String::new();
    for c in deunicode(intent).chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
    }
    let name: String = name.trim_end_matches('_').chars().take(MAX_NAME).collect();
    if name.is_empty() { "intent".to_owned() } else { name }
}

/// Letters without their accents.
fn deunicode(text: &str) -> String {
    use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
    text.nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

fn intent_file(intent: &str, examples: &[&str]) -> String {
    let title: String = intent.chars().take(knowledge::MAX_TITLE_CHARS).collect();
    let mut yaml = format!("title: {}\nexamples:\n", quoted(&title));
    for example in examples {
        // Writing to a string cannot fail.
        let _ = writeln!(yaml, "  - {}", quoted(example));
    }
    yaml
}

fn response_file(intent: &str) -> String {
    let title: String =
        intent.chars().filter(|c| c.is_alphanumeric() || " _-".contains(*c)).take(knowledge::MAX_TITLE_CHARS).collect();
    format!("{} {title}.\n", knowledge::PLACEHOLDER_RESPONSE)
}

/// A YAML double-quoted scalar; JSON's strings are a subset of those.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("card_arrival", "card_arrival")]
    #[case("Card arrival?", "card_arrival")]
    #[case("../../etc/passwd", "etc_passwd")]
    #[case("¿Qué pasó?", "que_paso")]
    #[case("電気", "intent")]
    #[case("42", "42")]
    fn an_intent_name_becomes_a_safe_file_name(#[case] intent: &str, #[case] name: &str) {
        assert_eq!(file_name(intent), name);
    }

    #[test]
    fn two_names_that_look_alike_get_two_files() {
        let names = file_names(["A b", "a-b"].into_iter());
        assert_eq!(names["A b"], "a_b");
        assert_eq!(names["a-b"], "a_b_2");
    }

    #[test]
    fn a_line_belongs_to_the_intent_that_had_it_first() {
        let line = |text: &str, intent: &str| Labelled { text: text.into(), intent: intent.into() };
        let lines = [line("Hello there", "a"), line("hello  there!", "b"), line("hello there", "a"), line("x", "oos")];
        let sorted = sort(&lines);
        assert_eq!(sorted.intents["a"], ["Hello there"]);
        assert_eq!((sorted.disputed, sorted.repeated, sorted.out_of_scope), (1, 1, 1));
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_folder(intent in "\\PC{0,80}") {
            let name = file_name(&intent);
            prop_assert!(!name.is_empty() && name.len() <= MAX_NAME);
            prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        }
    }
}
