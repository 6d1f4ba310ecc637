//! A group of alike questions as a new intent: `intents/NAME.yaml` and its response, as a draft that an admin reviews.
//!
//! The response is for agents only until an admin says otherwise, so that nothing is answered by what nobody checked.

use std::{
    collections::HashSet,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date};

use super::redaction::redacted;
use crate::{
    knowledge::{self, MAX_BODY_CHARS, MAX_TITLE_CHARS, Severity, same_line},
    message::ConversationId,
    reading::Language,
};

/// Customers' words that are kept: the checker asks for 10 to 30.
const MAX_EXAMPLES: usize = 20;
/// The longest example, in characters: the checker warns from 500 on, and long ones hold personal data.
const MAX_EXAMPLE_CHARS: usize = 300;
/// The longest name of an intent.
const MAX_NAME: usize = 40;

/// What a draft is made of.
#[derive(Debug)]
pub struct Material<'a> {
    /// The name of the files.
    pub name: &'a str,
    /// What choice buttons and agents will show, at most [`MAX_TITLE_CHARS`].
    pub title: &'a str,
    /// What customers wrote, the most typical first.
    pub said: &'a [Said],
    /// Whether words that were written on X may be kept: its rules ask that.
    pub learn_from_x: bool,
    /// Lines that other intents have ([`same_line`]).
    pub taken: &'a HashSet<String>,
    /// What an agent answered, Markdown.
    pub answer: &'a str,
    /// The customers' and the answer's.
    pub language: Language,
    /// The knowledge's default.
    pub default_language: Language,
    /// By when somebody should read the response again.
    pub review_by: Date,
}

/// What one customer wrote.
#[derive(Debug, Clone)]
pub struct Said {
    pub conversation: ConversationId,
    pub channel: String,
    pub words: String,
}

/// The files, relative to the knowledge's folder, with what is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub intent: (PathBuf, String),
    /// In the customers' language; the default language has to have one too.
    pub responses: Vec<(PathBuf, String)>,
    /// How many examples there are.
    pub examples: usize,
}

/// Why there is no draft.
#[derive(Debug, thiserror::Error)]
pub enum NoDraft {
    #[error(
        "`{0}` is no name for an intent: use lower-case letters, digits and `_`, at most {MAX_NAME}, such as `{1}`"
    )]
    Name(String, String),
    #[error("the title is empty or longer than {MAX_TITLE_CHARS} characters")]
    Title,
    #[error("the answer is empty or longer than {MAX_BODY_CHARS} characters")]
    Answer,
    #[error("none of the customers' words can be kept without personal data: write the intent by hand")]
    NoExamples,
    #[error("{} exists already: choose another name", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the draft does not pass the check, so it was not kept: {0}")]
    Faulty(String),
}

/// Makes the draft.
///
/// # Errors
/// A name, a title or an answer that cannot be used, and no words that may be kept.
pub fn draft(material: &Material<'_>) -> Result<Draft, NoDraft> {
    let Material { name, title, language, default_language, .. } = *material;
    if !is_name(name) {
        return Err(NoDraft::Name(name.to_owned(), name_of(name)));
    }
    let title = title.trim();
    if title.is_empty() || title.chars().count() > MAX_TITLE_CHARS {
        return Err(NoDraft::Title);
    }
    let answer = material.answer.trim();
    if answer.is_empty() || answer.chars().count() > MAX_BODY_CHARS {
        return Err(NoDraft::Answer);
    }
    let examples = examples(material);
    if examples.is_empty() {
        return Err(NoDraft::NoExamples);
    }

    let mut intent = format!(
        "# A draft from what customers asked: read every line before you commit it.\ntitle: {}\n",
        quoted(title)
    );
    intent.push_str("examples:\n");
    let margin = if language == default_language {
        "  "
    } else {
        // Writing to a string cannot fail.
        let _ = writeln!(intent, "  {language}:");
        "    "
    };
    for example in &examples {
        let _ = writeln!(intent, "{margin}- {}", quoted(example));
    }
    let response = |to_do: &str| {
        format!(
            "---\n# A draft from an agent's answer{to_do}. While it is for agents only the bot never says it. Once you have read it, write\n\
             # `audience: customers`, put facts that change into incident.yaml, and run `evenkeel check`.\n\
             audience: agents\nreview_by: {}\n---\n{}\n",
            material.review_by,
            plain(answer)
        )
    };
    let file = |name: String| Path::new("responses").join(name);
    let responses = if language == default_language {
        vec![(file(format!("{name}.md")), response(""))]
    } else {
        let to_do = format!(" in `{language}`, still to be translated");
        vec![(file(format!("{name}.{language}.md")), response("")), (file(format!("{name}.md")), response(&to_do))]
    };
    let intent = (Path::new("intents").join(format!("{name}.yaml")), intent);
    Ok(Draft { intent, responses, examples: examples.len() })
}

impl Draft {
    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &(PathBuf, String)> {
        std::iter::once(&self.intent).chain(&self.responses)
    }
}

/// Whether there is no intent of this name in the knowledge's folder.
///
/// # Errors
/// [`NoDraft::Exists`]
pub fn is_free(name: &str, dir: &Path) -> Result<(), NoDraft> {
    let path = Path::new("intents").join(format!("{name}.yaml"));
    if dir.join(&path).exists() { Err(NoDraft::Exists(path)) } else { Ok(()) }
}

/// Writes a draft into the knowledge's folder, where it must not overwrite anything, and takes it back if the checker finds an error in it.
///
/// # Errors
/// [`NoDraft::Exists`], [`NoDraft::Write`] and [`NoDraft::Faulty`].
pub fn write(draft: &Draft, dir: &Path, now: Timestamp) -> Result<(), NoDraft> {
    for (path, _) in draft.files() {
        if dir.join(path).exists() {
            return Err(NoDraft::Exists(path.clone()));
        }
    }
    let written = draft.files().try_for_each(|(path, text)| put(&dir.join(path), text));
    let result = written.and_then(|()| faults(draft, dir, now).map_or(Ok(()), |fault| Err(NoDraft::Faulty(fault))));
    if result.is_err() && !matches!(result, Err(NoDraft::Exists(_))) {
        for (path, _) in draft.files() {
            // Half of a draft is worth nothing, and what cannot be removed was not written.
            let _ = fs::remove_file(dir.join(path));
        }
    }
    result
}

fn put(path: &Path, text: &str) -> Result<(), NoDraft> {
    let failed = |source| NoDraft::Write { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    // Not there before: nobody's work is overwritten, even if two write at once.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists { NoDraft::Exists(path.to_owned()) } else { failed(source) }
    })?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// The errors that the checker finds in the draft's own files.
fn faults(draft: &Draft, dir: &Path, now: Timestamp) -> Option<String> {
    let loaded = match knowledge::load(dir, now) {
        Ok(loaded) => loaded,
        Err(error) => return Some(error.to_string()),
    };
    let own = |file: &Path| draft.files().any(|(path, _)| file == path);
    let errors = loaded
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error && own(Path::new(&problem.place.file)));
    let told: Vec<&str> = errors.map(|problem| problem.message.as_str()).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// One line of each customer, without personal data, none that says the same as another.
fn examples(material: &Material<'_>) -> Vec<String> {
    let mut heard: HashSet<ConversationId> = HashSet::new();
    let mut lines: HashSet<String> = material.taken.clone();
    let mut examples = Vec::new();
    for said in material.said {
        if examples.len() == MAX_EXAMPLES {
            break;
        }
        if heard.contains(&said.conversation) || (said.channel == "x" && !material.learn_from_x) {
            continue;
        }
        let Some(text) = redacted(&said.words).filter(|text| text.chars().count() <= MAX_EXAMPLE_CHARS) else {
            continue;
        };
        if lines.insert(same_line(&text)) {
            heard.insert(said.conversation);
            examples.push(text);
        }
    }
    examples
}

/// What would be a placeholder in a response stands there as plain text.
fn plain(answer: &str) -> String {
    answer.replace("{{", "{ {").replace("}}", "} }")
}

/// A YAML double-quoted scalar. JSON's strings are nearly a subset of those: what YAML does not take as it is, or takes for a line end, is
/// escaped, and so is what would turn the line around for whoever reads the draft.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in serde_json::Value::from(text).to_string().chars() {
        let is_noncharacter = u32::from(c) & 0xFFFE == 0xFFFE;
        let is_direction =
            matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || is_noncharacter || is_direction || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}') {
            // Writing to a string cannot fail.
            let _ = write!(quoted, "\\U{:08X}", u32::from(c));
        } else {
            quoted.push(c);
        }
    }
    quoted
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(fits)
}

/// A name for an intent, from any words.
#[must_use]
pub fn name_of(words: &str) -> String {
    use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
    let mut name = String::new();
    for c in words.nfkd().filter(|c| !is_combining_mark(*c)) {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    name.truncate(MAX_NAME);
    let name = name.trim_end_matches('_');
    if name.is_empty() { "new_intent".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(n: u128, channel: &str, words: &str) -> Said {
        Said { conversation: ConversationId(uuid::Uuid::from_u128(n)), channel: channel.into(), words: words.into() }
    }

    fn made(said: &[Said], answer: &str, change: impl FnOnce(&mut Material<'_>)) -> Result<Draft, NoDraft> {
        let mut material = Material {
            name: "zoo",
            title: "The \"zoo\": open?",
            said,
            learn_from_x: false,
            taken: &HashSet::from([same_line("is it shut")]),
            answer,
            language: Language::ENGLISH,
            default_language: Language::ENGLISH,
            review_by: "2026-12-01".parse().unwrap(),
        };
        change(&mut material);
        draft(&material)
    }

    #[test]
    fn each_customer_is_heard_once_and_words_from_x_are_left_out() {
        let said = [
            said(1, "web", "is the zoo open: yes or no"),
            said(1, "web", "zoo open or not"),
            said(2, "web", "Is the zoo open? Yes or no!"),
            said(3, "x", "zoo on saturday then"),
            said(4, "telegram", "my name is bo, is the zoo open"),
            said(5, "telegram", "is it shut?"),
            said(6, "discord", "zoo tickets valid, order AB12345?"),
        ];
        let draft = made(&said, "It is **open** {{ incident.x }}.", |_| {}).unwrap();
        insta::assert_snapshot!(format!("{}\n{}", draft.intent.1, draft.responses[0].1));
        let with_x = made(&said, "Open.", |material| material.learn_from_x = true).unwrap();
        assert_eq!(with_x.examples, 3);
    }

    #[test]
    fn whatever_stands_in_a_customers_words_the_draft_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("incident.yaml"), knowledge::starter_incident()).unwrap();
        let odd: String = (0x7f..0xa0)
            .chain([0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF, 0x202E, 0x200F, 0x1FFFE])
            .filter_map(char::from_u32)
            .collect();
        let said = [said(1, "web", &format!("is the zoo{odd} open"))];
        let draft = made(&said, &format!("It is open.{odd}"), |_| {}).unwrap();
        assert!(!draft.intent.1.contains(|c: char| c.is_control() && c != '\n'), "{:?}", draft.intent.1);
        write(&draft, dir.path(), "2026-11-14T12:00:00Z".parse().unwrap()).unwrap();
        assert!(dir.path().join("intents/zoo.yaml").exists());
    }

    #[test]
    fn what_cannot_be_a_draft_is_told() {
        let said = [said(1, "web", "is the zoo open")];
        assert!(matches!(made(&said, " ", |_| {}), Err(NoDraft::Answer)));
        assert!(matches!(made(&said, "x", |m| m.title = ""), Err(NoDraft::Title)));
        assert!(matches!(made(&said, "x", |m| m.name = "../zoo"), Err(NoDraft::Name(_, better)) if better == "zoo"));
        assert!(matches!(made(&[], "x", |_| {}), Err(NoDraft::NoExamples)));
    }

    #[test]
    fn words_become_a_name_that_stays_in_its_folder() {
        assert_eq!(name_of("¿Está abierto el ZOO?"), "esta_abierto_el_zoo");
        assert_eq!(name_of("../../etc"), "etc");
        assert_eq!(name_of("動物園"), "new_intent");
        assert!(is_name(&name_of(&"a b".repeat(50))));
    }
}
