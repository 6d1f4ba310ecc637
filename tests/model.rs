//! The sentence encoder against views that were computed in float64 (`reference/embed.py`).

use std::io::Write as _;

use evenkeel::embedding::{Embedder, place::Place};
use serde::Deserialize;

#[derive(Deserialize)]
struct Known {
    text: String,
    embedding: Vec<f64>,
    halfway: Vec<f64>,
}

fn known() -> Vec<Known> {
    serde_json::from_str(include_str!("reference/embeddings.json")).unwrap()
}

/// The model, or nothing where it was not fetched. On CI it must be there.
fn embedder() -> Option<Embedder> {
    let place = Place::find(None).unwrap();
    if matches!(place, Place::Cache(_)) && !place.folder().exists() {
        assert!(std::env::var_os("CI").is_none(), "the model is missing: run `evenkeel model fetch` first");
        // Straight to standard error: what `eprintln` says is hidden when a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: the model is missing; `evenkeel model fetch` gets it");
        return None;
    }
    Some(Embedder::open(place.folder()).unwrap())
}

fn furthest(ours: &[f32], known: &[f64]) -> f64 {
    assert_eq!(ours.len(), known.len());
    ours.iter().zip(known).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}

#[test]
fn views_are_those_of_the_reference() {
    let Some(embedder) = embedder() else { return };
    let known = known();
    for Known { text, embedding, halfway } in &known {
        let views = embedder.views(text);
        let off = [furthest(&views.meaning, embedding), furthest(&views.halfway, halfway)];
        println!("{off:.1?} {text:.40}");
        assert!(off.iter().all(|off| *off < 1e-5), "{off:?} {text:?}");
        assert_eq!(embedder.embed(text), views.meaning);
    }
}

#[test]
fn company_does_not_change_a_view() {
    let Some(embedder) = embedder() else { return };
    let texts: Vec<String> = known().into_iter().map(|known| known.text).collect();
    let twice = [texts.clone(), texts.clone()].concat();
    let together = embedder.views_all(&twice);
    // Another one, because this one has them in its cache by now.
    let alone = self::embedder().unwrap();
    for (text, together) in twice.iter().zip(&together) {
        assert_eq!(alone.views(text), *together, "{text}");
    }
    assert!(embedder.views_all::<&str>(&[]).is_empty());
}

#[test]
fn what_means_alike_lies_close() {
    let Some(embedder) = embedder() else { return };
    let cosine =
        |a: &str, b: &str| -> f32 { embedder.embed(a).iter().zip(&*embedder.embed(b)).map(|(a, b)| a * b).sum() };
    let asked = "when will the power be back";
    assert!(cosine(asked, "any news on electricity restoration?") > cosine(asked, "where is my refund") + 0.2);
    assert!((cosine(asked, asked) - 1.0).abs() < 1e-5);
}

#[test]
fn marks_in_a_text_are_text() {
    let Some(embedder) = embedder() else { return };
    assert_ne!(embedder.embed("power [SEP] [CLS] [MASK]"), embedder.embed("power"));
    assert_eq!(embedder.embed("[SEP]"), embedder.embed("[ SEP ]"));
}

#[test]
fn no_text_is_too_long_or_too_odd() {
    let Some(embedder) = embedder() else { return };
    for text in [
        "power out now ".repeat(80_000),
        "a".repeat(1_000_000),
        "\u{202e}\u{0}\u{301}".repeat(200_000),
        "\u{10ffff}".into(),
    ] {
        let started = std::time::Instant::now();
        let embedding = embedder.embed(&text);
        assert!(embedding.iter().all(|x| x.is_finite()));
        // A bound against runaway work, not a benchmark: builds for tests are slow and machines busy.
        assert!(started.elapsed().as_secs() < 2, "{:?}", started.elapsed());
    }
}

#[test]
fn without_a_model_show_says_where_it_looks() {
    let dir = tempfile::tempdir().unwrap();
    let show = |name: &str, value: &std::path::Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        command.args(["model", "show"]).env_remove("EVENKEEL_MODEL").env(name, value).current_dir(&dir);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = show("EVENKEEL_MODEL", &dir.path().join("named"));
    assert_eq!(code, Some(1));
    assert!(text.contains("named by EVENKEEL_MODEL") && text.contains("named/config.json"), "{text}");
    assert!(!text.contains("model fetch"), "fetching does not help here: {text}");

    let (code, text) = show("XDG_CACHE_HOME", dir.path());
    assert_eq!(code, Some(1));
    assert!(text.contains(dir.path().to_str().unwrap()) && text.contains("missing"), "{text}");
    assert!(text.contains("`evenkeel model fetch` gets it"), "{text}");
}
