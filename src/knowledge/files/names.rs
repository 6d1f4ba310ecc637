//! The names of the admins' files: which are right, which are nobody's mistake, and what the others were meant to be.

use std::path::Path;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::{
    knowledge::{
        language_codes,
        problem::{Problem, Severity},
    },
    reading::Language,
};

/// A folder of the admins' files.
pub struct Folder {
    pub name: &'static str,
    /// How its files end.
    ending: &'static str,
    /// What they are called.
    form: &'static str,
    /// Where a file belongs that has the other folder's ending.
    other: &'static str,
}

pub const INTENTS: Folder = Folder { name: "intents", ending: ".yaml", form: "NAME.yaml", other: "responses" };
pub const RESPONSES: Folder =
    Folder { name: "responses", ending: ".md", form: "NAME.md, NAME.LANGUAGE.md or phrases.yaml", other: "intents" };

/// How files end that hold text, or are given one more ending by an editor.
const TEXT_ENDINGS: [&str; 7] = ["yaml", "yml", "md", "markdown", "txt", "text", "rtf"];

/// What file managers add to the name of a copy.
const COPIES: [&str; 6] = ["copy", "kopie", "copia", "copie", "cópia", "kopia"];

/// Hidden files, editors' backups and what systems leave in folders: nobody's mistake.
pub fn is_nobodys(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with(['.', '~'])
        || name.ends_with('~')
        || name.starts_with('#') && name.ends_with('#')
        || ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"].contains(&lower.as_str())
        || [".swp", ".bak", ".orig", ".tmp"].iter().any(|ending| lower.ends_with(ending))
}

/// Lower-case letters, digits and `_`.
pub fn is_good(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The response and the language that a file's name stands for.
pub fn of_response(file: &str) -> Option<(&str, Option<Language>)> {
    let stem = file.strip_suffix(".md")?;
    let (name, language) = match stem.split_once('.') {
        Some((name, language)) => (name, Some(language.parse().ok().filter(|known| language_codes::is_one(*known))?)),
        None => (stem, None),
    };
    is_good(name).then_some((name, language))
}

/// What is wrong with a name, and the path of the file that it was probably meant to be, unless that is there as well.
pub fn wrong(folder: &Path, kind: &Folder, name: &str) -> (Problem, Option<String>) {
    let path = format!("{}/{name}", kind.name);
    if folder.join(name).is_dir() {
        let message = format!("folders below {}/ are not read", kind.name);
        let mut problem = Problem::with_file("ignored-folder", &path, message);
        problem.severity = Severity::Warning;
        return (problem.suggest(format!("move its files to {}/", kind.name)), None);
    }
    let problem = |message: String| Problem::with_file("bad-file-name", &path, message);
    let unread = || problem(format!("`{name}` is not read: a file here is called {}", kind.form));
    let (stem, endings) = without_endings(name);
    let belongs_to_the_other = match kind.ending {
        ".md" => matches!(endings.as_slice(), ["yaml" | "yml"]),
        _ => matches!(endings.as_slice(), ["md" | "markdown"]),
    };
    if belongs_to_the_other {
        return (unread().suggest(format!("does it belong to {}/?", kind.other)), None);
    }
    if endings.is_empty() && stem.contains('.') {
        return (unread().suggest(format!("take it out of {}/, or write it as such a file", kind.name)), None);
    }
    let (stem, is_copy) = without_copy(stem);
    let (stem, language) = match stem.split_once('.') {
        Some((stem, language)) if kind.ending == ".md" => {
            let Some(meant) = language_codes::meant(language) else {
                let problem =
                    problem(format!("`{language}` in `{name}` is not the code of a language, so the file is not read"));
                return (problem.suggest(language_codes::suggest(language)), None);
            };
            (stem, format!(".{meant}"))
        }
        _ => (stem, String::new()),
    };
    let meant = format!("{}{language}{}", safe(stem), kind.ending);
    let is_there = folder.join(&meant).exists();
    let problem = if is_copy {
        problem(format!("`{name}` looks like a copy of `{meant}` and is not read"))
            .suggest("take it out, or give it a name of its own if it is meant as another one")
    } else if is_there {
        unread().suggest(format!("`{meant}` is there already: take one of the two out"))
    } else {
        unread().suggest(format!("call it `{meant}`: names are lower-case letters, digits and `_`"))
    };
    (problem, (!is_there).then(|| format!("{}/{meant}", kind.name)))
}

/// The name without what an editor or a system puts at its end, and the endings taken off, the last first.
fn without_endings(name: &str) -> (&str, Vec<&str>) {
    let mut stem = name;
    let mut endings = Vec::new();
    while let Some((before, ending)) = stem.rsplit_once('.')
        && let Some(known) = TEXT_ENDINGS.into_iter().find(|known| ending.eq_ignore_ascii_case(known))
    {
        stem = before;
        endings.push(known);
    }
    (stem, endings)
}

/// The name without `- Copy`, `(2)` and the like, and whether there was such a thing.
fn without_copy(stem: &str) -> (&str, bool) {
    let trim = |text: &'_ str| text.trim_end_matches([' ', '-', '_']).len();
    let mut end = stem.len();
    if let Some((before, number)) = stem.rsplit_once('(')
        && number.strip_suffix(')').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
    {
        end = trim(before);
    }
    let rest = stem[..end].trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    for word in COPIES {
        if let Some(at) = rest.len().checked_sub(word.len())
            && rest.is_char_boundary(at)
            && rest[at..].eq_ignore_ascii_case(word)
            && rest[..at].ends_with([' ', '-', '_'])
        {
            return (&stem[..trim(&rest[..at])], true);
        }
    }
    (&stem[..end], end < stem.len())
}

fn safe(stem: &str) -> String {
    let plain = stem.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_lowercase();
    let mut name = String::new();
    for c in plain.trim().chars() {
        let is_fine = c.is_ascii_lowercase() || c.is_ascii_digit();
        if is_fine || !name.ends_with('_') {
            name.push(if is_fine { c } else { '_' });
        }
    }
    let name = name.trim_matches('_');
    if name.is_empty() { "name".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Refund Status.yml", "refund_status.yaml")]
    #[case("water.yaml.txt", "water.yaml")]
    #[case("water - Copy.yaml", "copy of `water.yaml`")]
    #[case("water (2).yaml", "copy of `water.yaml`")]
    #[case("water copy 3.yaml", "copy of `water.yaml`")]
    #[case("Año nuevo.yaml", "ano_nuevo.yaml")]
    #[case("water.md", "belong to responses/")]
    #[case("logo.png", "take it out")]
    #[case("taken.yml", "`taken.yaml` is there already")]
    fn the_name_that_was_meant_is_told(#[case] name: &str, #[case] said: &str) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("taken.yaml"), "").unwrap();
        let (problem, _) = wrong(dir.path(), &INTENTS, name);
        let text = format!("{} {}", problem.message, problem.suggestion.unwrap());
        assert!(text.contains(said), "{text}");
    }

    #[rstest]
    #[case("water.es-MX.md", "`water.es.md`")]
    #[case("water.english.md", "`water.en.md`")]
    #[case("water.sp.md", "`water.es.md`")]
    #[case("Water.es.md.txt", "`water.es.md`")]
    #[case("water.v2.md", "two letters of ISO 639-1")]
    fn a_language_in_the_name_is_understood(#[case] name: &str, #[case] said: &str) {
        let (problem, _) = wrong(Path::new("nowhere"), &RESPONSES, name);
        assert!(problem.suggestion.as_ref().unwrap().contains(said), "{problem:?}");
    }

    #[rstest]
    #[case("Thumbs.db")]
    #[case(".DS_Store")]
    #[case("desktop.ini")]
    #[case("~$water.docx")]
    #[case("water.yaml~")]
    #[case("water.yaml.orig")]
    fn what_systems_and_editors_leave_is_nobodys_mistake(#[case] name: &str) {
        assert!(is_nobodys(name));
    }
}
