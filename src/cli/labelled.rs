//! Labelled messages: one `{"text": …, "intent": …}` a line.

use std::{io::BufRead as _, path::Path};

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// The label of a message that no intent covers.
pub(super) const OUT_OF_SCOPE: &str = "oos";

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Labelled {
    pub text: String,
    pub intent: String,
}

/// Reads a file (or standard input for `-`); empty lines are skipped.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Labelled>> {
    let mut lines = Vec::new();
    for (index, line) in super::open(path)?.lines().enumerate() {
        let place = || format!("{}:{}", path.display(), index + 1);
        let line = line.with_context(|| format!("{} cannot be read as UTF-8 text", place()))?;
        if line.trim().is_empty() {
            continue;
        }
        let labelled: Labelled = serde_json::from_str(&line).with_context(|| {
            format!(
                "{}: not a line such as {{\"text\": \"when is the power back\", \"intent\": \"restoration_time\"}}",
                place()
            )
        })?;
        if labelled.intent.trim().is_empty() {
            bail!("{}: the intent is empty (use \"{OUT_OF_SCOPE}\" for a message that no intent covers)", place());
        }
        lines.push(labelled);
    }
    if lines.is_empty() {
        bail!("{} has no lines", path.display());
    }
    Ok(lines)
}
