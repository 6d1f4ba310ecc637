//! Any text to the readers of the files that people edit.
#![no_main]

use std::{cell::RefCell, fs};

use evenkeel::{config::Config, knowledge};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// The files, in the order of the input's first byte.
const FILES: [&str; 6] = [
    "incident.yaml",
    "intents/refund.yaml",
    "responses/refund.md",
    "responses/refund.es.md",
    "responses/phrases.yaml",
    "evenkeel.toml",
];

thread_local! {
    /// A folder whose other files are sound.
    static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

fn sound() -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for folder in ["intents", "responses"] {
        fs::create_dir(dir.path().join(folder)).expect("a folder in it");
    }
    for file in FILES {
        write(&dir, file, whole(file));
    }
    dir
}

/// A sound content for a file.
fn whole(file: &str) -> &'static [u8] {
    match file {
        "incident.yaml" => knowledge::starter_incident().as_bytes(),
        "intents/refund.yaml" => b"title: Refund\nexamples: [where is my refund]\n",
        "responses/phrases.yaml" => knowledge::starter_phrases().as_bytes(),
        "evenkeel.toml" => b"",
        _ => b"It comes from {{ incident.company }}.\n",
    }
}

fn write(dir: &TempDir, file: &str, content: &[u8]) {
    fs::write(dir.path().join(file), content).expect("a file in it");
}

fuzz_target!(|bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else { return };
    let file = FILES[usize::from(*which) % FILES.len()];
    FOLDER.with_borrow_mut(|folder| {
        let dir = folder.get_or_insert_with(sound);
        write(dir, file, content);
        let now: Timestamp = "2026-11-21T15:00:00Z".parse().expect("a moment");
        if let Ok(loaded) = knowledge::load(dir.path(), now) {
            for problem in &loaded.problems {
                assert!(!problem.render(false).is_empty());
            }
            if let Some(knowledge) = loaded.knowledge {
                for intent in knowledge.intents.keys() {
                    let _ = knowledge.answer(intent, knowledge.default_language(), now);
                }
            }
        }
        if let Err(error) = Config::load(dir.path()) {
            assert!(!format!("{error:#}").is_empty());
        }
        write(dir, file, whole(file));
    });
});
