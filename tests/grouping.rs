//! Dumps likeness for a look.
#![allow(clippy::unwrap_used)]
use std::{io::Write as _, sync::Arc};
use evenkeel::{classifier::Classifier, embedding::{Embedder, place::Place}};
#[test]
#[ignore]
fn dump() {
    let loaded = evenkeel::knowledge::load(std::path::Path::new("."), jiff::Timestamp::now()).unwrap();
    let lessons = evenkeel::responder::lessons(&loaded.knowledge.unwrap());
    let embedder = Arc::new(Embedder::open(Place::find(None).unwrap().folder()).unwrap());
    let classifier = Classifier::train(&lessons, Some(embedder));
    let plain = Classifier::train(&lessons, None);
    for (name, file) in [("tune", "/tmp/groups/tune.txt"), ("test", "/tmp/groups/test.txt"), ("es", "/tmp/groups/es.txt"), ("en", "/tmp/groups/en.txt")] {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let lines: Vec<&str> = text.lines().collect();
        let all = classifier.likeness(&lines);
        let _ = &plain;
        let mut out = std::io::BufWriter::new(std::fs::File::create(format!("/tmp/groups/{name}.f32")).unwrap());
        for a in &all { for b in &all { out.write_all(&a.in_meaning(b).unwrap().to_le_bytes()).unwrap(); } }
        for a in &all { for b in &all { out.write_all(&a.in_words(b).to_le_bytes()).unwrap(); } }
    }
}
