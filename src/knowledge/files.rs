//! Reading the admins' folder: which files count, and what is wrong with them before anybody looks inside.

mod names;

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use self::names::{INTENTS, RESPONSES};
use super::problem::{Problem, Source};
use crate::{hexadecimal, reading::Language};

/// The largest file that is read, in bytes. Hundred times a large intent; keeps a misplaced film out of memory.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;

/// There is nothing to check: the folder is not one of knowledge.
#[derive(Debug, thiserror::Error)]
pub enum CannotLoad {
    #[error(
        "there is no folder `{0}`; give the folder that holds intents/, responses/ and incident.yaml with --knowledge DIR"
    )]
    NoFolder(PathBuf),
    #[error(
        "there is no folder `intents` in `{0}`; give the folder that holds intents/, responses/ and incident.yaml with --knowledge DIR"
    )]
    NoIntents(PathBuf),
    #[error("cannot read the folder `{path}`: {error}")]
    Unreadable { path: PathBuf, error: io::Error },
}

/// All files of a knowledge folder, each list in the order of the names.
#[derive(Default)]
pub struct Files {
    /// The intent's name and its file.
    pub intents: Vec<(String, Arc<Source>)>,
    pub responses: Vec<ResponseFile>,
    pub phrases: Option<Arc<Source>>,
    pub incident: Option<Arc<Source>>,
    /// The paths of files that are there and cannot be read: the right one, where the name is at fault.
    pub unread: BTreeSet<String>,
    /// A short hash of all contents.
    pub version: String,
}

/// `NAME.md` or `NAME.LANGUAGE.md`.
pub struct ResponseFile {
    pub name: String,
    /// None: the default language.
    pub language: Option<Language>,
    pub source: Arc<Source>,
}

/// Reads all files below `dir`.
pub fn read(dir: &Path, problems: &mut Vec<Problem>) -> Result<Files, CannotLoad> {
    if !dir.is_dir() {
        return Err(CannotLoad::NoFolder(dir.to_owned()));
    }
    let intents = dir.join("intents");
    if !intents.is_dir() {
        return Err(CannotLoad::NoIntents(dir.to_owned()));
    }
    let mut files = Files::default();
    for name in names_in(&intents)? {
        let path = format!("intents/{name}");
        match name.strip_suffix(".yaml") {
            Some(intent) if names::is_good(intent) => {
                if let Some(source) = read_file(dir, &path, problems) {
                    files.intents.push((intent.to_owned(), source));
                } else {
                    files.unread.insert(path);
                }
            }
            _ => {
                let (problem, meant) = names::wrong(&intents, &INTENTS, &name);
                problems.push(problem);
                files.unread.extend(meant);
            }
        }
    }
    let responses = dir.join("responses");
    for name in if responses.is_dir() { names_in(&responses)? } else { Vec::new() } {
        let path = format!("responses/{name}");
        if name == "phrases.yaml" {
            continue;
        }
        if let Some((response, language)) = names::of_response(&name) {
            if let Some(source) = read_file(dir, &path, problems) {
                files.responses.push(ResponseFile { name: response.to_owned(), language, source });
            } else {
                files.unread.insert(path);
            }
        } else {
            let (problem, meant) = names::wrong(&responses, &RESPONSES, &name);
            problems.push(problem);
            files.unread.extend(meant);
        }
    }
    files.phrases = read_required(dir, "responses/phrases.yaml", "the lines between answers", problems);
    files.incident = read_required(dir, "incident.yaml", "the facts of this crisis", problems);
    files.version = version(&files);
    Ok(files)
}

/// The names in a folder that somebody may have meant to be read, sorted. Names that are not UTF-8 are shown with replacement characters, and
/// then have no good form, so they are reported like other bad names.
fn names_in(folder: &Path) -> Result<Vec<String>, CannotLoad> {
    let unreadable = |error| CannotLoad::Unreadable { path: folder.to_owned(), error };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        if !names::is_nobodys(&name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn read_required(dir: &Path, path: &str, what: &str, problems: &mut Vec<Problem>) -> Option<Arc<Source>> {
    if !dir.join(path).exists() {
        let problem = Problem::with_file("missing-file", path, format!("`{path}` is missing: it holds {what}"));
        problems.push(problem.suggest("docs/admins.md shows how it is written"));
        return None;
    }
    read_file(dir, path, problems)
}

/// Reads one file, following links as mounted configuration has them. Everything but a regular file is refused unopened: a
/// pipe would wait for ever.
pub fn read_file(dir: &Path, path: &str, problems: &mut Vec<Problem>) -> Option<Arc<Source>> {
    let bytes = match read_bytes(&dir.join(path)) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.push(Problem::with_file("unreadable-file", path, format!("the file cannot be read: {error}")));
            return None;
        }
    };
    if let Some((what, suggestion)) = no_text(&bytes) {
        problems
            .push(Problem::with_file("not-text", path, format!("this is {what}, not a text file")).suggest(suggestion));
        return None;
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let limit = MAX_FILE_BYTES / 1024;
        let problem = Problem::with_file("file-too-large", path, format!("the file is larger than {limit} KiB"));
        problems.push(problem.suggest("split it, or take out what does not belong here"));
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n");
            let source = Arc::new(Source { path: path.to_owned(), text });
            match conflict(&source) {
                Some(problem) => {
                    problems.push(problem);
                    None
                }
                None => Some(source),
            }
        }
        Err(error) => {
            let bad = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).replace("\r\n", "\n");
            // Up to the bad byte the text is what it was, but for the line ends.
            let line = error.as_bytes()[..bad].split(|byte| *byte == b'\n').count();
            let source = Arc::new(Source { path: path.to_owned(), text });
            let range = source.line(line);
            let start = source.text[range.clone()].find('\u{fffd}').map_or(range.start, |at| range.start + at);
            let problem = Problem::error("not-utf8", &source, start..start + 3, "the file is not UTF-8 here");
            problems.push(problem.suggest("save the file in the encoding UTF-8"));
            None
        }
    }
}

/// What kind of file this is instead, told from its first bytes, and what to do about it.
fn no_text(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const AS_TEXT: &str = "save it as plain text in the encoding UTF-8 (a word processor offers that in \"save as\")";
    let starts = |with: &[u8]| bytes.starts_with(with);
    let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(100)]).trim_start().to_ascii_lowercase();
    Some(if starts(b"{\\rtf") {
        ("an RTF document, as WordPad, TextEdit and Word write it", AS_TEXT)
    } else if starts(b"PK\x03\x04") {
        ("a Word or LibreOffice document (or another packed file)", AS_TEXT)
    } else if starts(b"\xd0\xcf\x11\xe0") {
        ("a Word document", AS_TEXT)
    } else if starts(b"%PDF-") {
        ("a PDF document", "copy its text into a text file")
    } else if starts(b"\xff\xfe") || starts(b"\xfe\xff") {
        ("a text in the encoding UTF-16 (\"Unicode\" in some editors)", "save it in the encoding UTF-8")
    } else if beginning.starts_with("<!doctype html") || beginning.starts_with("<html") {
        ("a web page", "copy its text into a text file")
    } else if bytes.iter().take(1_000).any(|byte| *byte == 0) {
        ("a file of bytes that are no text", AS_TEXT)
    } else {
        return None;
    })
}

/// Both sides of a merge that nobody has finished: neither is what is meant.
fn conflict(source: &Arc<Source>) -> Option<Problem> {
    let is_marker = |line: &str| ["<<<<<<<", ">>>>>>>"].iter().any(|marker| line.starts_with(&format!("{marker} ")));
    let number = source.text.lines().position(is_marker)? + 1;
    let message = "a merge left its marks: both versions stand here";
    let problem = Problem::error("conflict-marker", source, source.line(number), message);
    Some(problem.suggest("keep what is right, and take out the lines with `<<<<<<<`, `=======` and `>>>>>>>`"))
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn version(files: &Files) -> String {
    let sources = (files.intents.iter().map(|(_, source)| source))
        .chain(files.responses.iter().map(|file| &file.source))
        .chain(&files.phrases)
        .chain(&files.incident);
    let mut hash = Sha256::new();
    for source in sources {
        // The lengths keep two files from passing for one.
        hash.update((source.path.len() as u64).to_le_bytes());
        hash.update(&source.path);
        hash.update((source.text.len() as u64).to_le_bytes());
        hash.update(&source.text);
    }
    // Six bytes tell the versions of one crisis apart.
    hexadecimal::encode(&hash.finalize()[..6])
}
