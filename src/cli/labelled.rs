//! Labelled messages: one `{"text": …, "intent": …}` a line.

use std::{io::Read as _, path::Path};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::terminal::printable;

/// The label of a message that no intent covers.
pub(super) const OUT_OF_SCOPE: &str = "oos";

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Labelled {
    pub text: String,
    pub intent: String,
}

/// How many lines that cannot be read are named.
const NAMED: usize = 20;

/// Reads a file (or standard input for `-`); empty lines and a byte order mark are skipped. All lines that cannot be read are told at once.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Labelled>> {
    let mut text = Vec::new();
    super::open(path)?.read_to_end(&mut text).with_context(|| format!("cannot read {}", path.display()))?;
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        bail!("{} is in the encoding UTF-16: save it in UTF-8", path.display());
    }
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    let mut labelled = Vec::new();
    let mut wrong = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        match one(line) {
            Ok(line) => labelled.extend(line),
            Err(why) => wrong.push(format!("{}:{}: {why}", path.display(), index + 1)),
        }
    }
    if !wrong.is_empty() {
        let more = wrong.len().saturating_sub(NAMED);
        let number = wrong.len();
        wrong.truncate(NAMED);
        if more > 0 {
            wrong.push(format!("and {more} more"));
        }
        let lines = if number == 1 { "1 line".to_owned() } else { format!("{number} lines") };
        bail!(
            "{lines} cannot be read; one is written as {{\"text\": \"when is the power back\", \"intent\": \"restoration_time\"}}\n{}",
            wrong.join("\n")
        );
    }
    if labelled.is_empty() {
        bail!("{} has no lines", path.display());
    }
    Ok(labelled)
}

/// One line; None if it is empty.
fn one(line: &[u8]) -> Result<Option<Labelled>, String> {
    let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8 text".to_owned())?.trim();
    if line.is_empty() {
        return Ok(None);
    }
    // The parser counts columns only: the line is ours to name.
    let labelled: Labelled = serde_json::from_str(line).map_err(|error| {
        let why = error.to_string();
        let why = why.split(" at line 1").next().unwrap_or(&why);
        format!("{why}: {}", printable(&line.chars().take(60).collect::<String>()))
    })?;
    if labelled.intent.trim().is_empty() {
        return Err(format!("the intent is empty (use \"{OUT_OF_SCOPE}\" for a message that no intent covers)"));
    }
    Ok(Some(labelled))
}
