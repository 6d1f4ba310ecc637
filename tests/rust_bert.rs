//! The backend rust-bert (`cargo test --features rust-bert --test rust_bert`): it agrees with our own encoder, and knows model types that ours does not.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread,
};

use evenkeel::embedding::{Backend, Device, Embedder, Views, place::Place};
use serde::Deserialize;

#[derive(Deserialize)]
struct Known {
    text: String,
    embedding: Vec<f32>,
    halfway: Vec<f32>,
}

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference");

/// The model's folder, or nothing where it was not fetched. On CI it must be there.
fn minilm() -> Option<PathBuf> {
    let place = Place::find(None).unwrap();
    if matches!(place, Place::Cache(_)) && !place.folder().exists() {
        assert!(std::env::var_os("CI").is_none(), "the model is missing: run `evenkeel model fetch` first");
        // Straight to standard error: what `eprintln` says is hidden when a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED: the model is missing; `evenkeel model fetch` gets it");
        return None;
    }
    Some(place.folder().to_owned())
}

fn rust_bert(folder: &Path) -> Embedder {
    Embedder::open_with(folder, Backend::RustBert, Device::Cpu).unwrap()
}

fn known(file: &Path) -> Vec<Known> {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn furthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// How far two are from each other, where they are furthest.
fn apart(a: &Views, b: &Views) -> f32 {
    furthest(&a.meaning, &b.meaning).max(furthest(&a.halfway, &b.halfway))
}

impl Known {
    fn views(&self) -> Views {
        Views { meaning: self.embedding.as_slice().into(), halfway: self.halfway.as_slice().into() }
    }
}

#[test]
fn both_backends_give_the_same_views() {
    let Some(folder) = minilm() else { return };
    let (ours, theirs) = (Embedder::open(&folder).unwrap(), rust_bert(&folder));
    assert_eq!(theirs.width(), ours.width());
    assert_eq!(theirs.halfway_width(), ours.halfway_width());
    let known = known(&Path::new(REFERENCE).join("embeddings.json"));
    let mut texts: Vec<String> = known.iter().map(|known| known.text.clone()).collect();
    texts.extend(["[SEP] is text".into(), "\u{202e}\u{0}\u{301}".repeat(9), "power out now ".repeat(80_000)]);
    // Enough for several batches, of lengths that do not come in order.
    texts.extend((0..60).map(|n| format!("message {n}{}", " and more".repeat(n % 40))));
    let together = theirs.views_all(&texts);
    for ((text, theirs), ours) in texts.iter().zip(&together).zip(&ours.views_all(&texts)) {
        let off = apart(theirs, ours);
        assert!(off < 1e-5, "{off} {text:.60}");
    }
    let alone = rust_bert(&folder);
    for (known, together) in known.iter().zip(&together) {
        let alone = alone.views(&known.text);
        assert!(apart(&alone, &known.views()) < 1e-5, "{:.60}", known.text);
        assert!(apart(&alone, together) < 1e-5, "company changes it: {:.60}", known.text);
    }
    assert!(theirs.views_all::<&str>(&[]).is_empty());
}

#[test]
fn a_repeated_message_comes_out_of_the_cache() {
    let embedder = rust_bert(&Path::new(REFERENCE).join("tiny-roberta"));
    let first = embedder.embed("when is the power back");
    assert!(Arc::ptr_eq(&first, &embedder.embed("when is the power back")));
    assert!(Arc::ptr_eq(&first, &embedder.embed_all(&["power", "when is the power back"])[1]));
}

#[test]
fn other_model_types_are_read_by_what_their_folders_say() {
    for name in ["tiny-distilbert", "tiny-roberta"] {
        let folder = Path::new(REFERENCE).join(name);
        let embedder = rust_bert(&folder);
        let ours = Embedder::open(&folder);
        let known = known(&folder.join("embeddings.json"));
        let texts: Vec<&str> = known.iter().map(|known| known.text.as_str()).collect();
        for (known, computed) in known.iter().zip(embedder.views_all(&texts)) {
            let text = &known.text;
            assert_eq!([computed.meaning.len(), computed.halfway.len()], [embedder.width(), embedder.halfway_width()]);
            let off = apart(&computed, &known.views());
            assert!(off < 1e-5, "{name}: {off} {text:?}");
            match &ours {
                Ok(ours) => assert!(apart(&ours.views(text), &known.views()) < 1e-5, "{name}, built in: {text:?}"),
                Err(_) => assert_eq!(name, "tiny-distilbert", "ours knows all others"),
            }
        }
    }
}

#[test]
fn all_threads_may_embed_at_once() {
    let folder = Path::new(REFERENCE).join("tiny-distilbert");
    let embedder = rust_bert(&folder);
    let known = known(&folder.join("embeddings.json"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for n in 0..50 {
                    let Known { text, embedding, .. } = &known[n % known.len()];
                    assert!(furthest(&embedder.embed(text), embedding) < 1e-5);
                    // Not in the cache: it goes through libtorch while the others' do.
                    embedder.embed(&format!("{text} {:?} {n}", thread::current().id()));
                }
            });
        }
    });
}

#[test]
fn a_model_that_does_not_fit_is_told_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(Path::new(REFERENCE).join("tiny-roberta").join(file), dir.path().join(file)).unwrap();
    }
    let error = |name: &str, text: &[u8]| {
        let file = dir.path().join(name);
        let whole = fs::read(&file).ok();
        fs::write(&file, text).unwrap();
        let error = Embedder::open_with(dir.path(), Backend::RustBert, Device::Cpu).unwrap_err().to_string();
        match whole {
            Some(whole) => fs::write(&file, whole).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        assert!(error.contains(name), "{error}");
        error
    };
    rust_bert(dir.path());
    assert!(error("config.json", br#"{"model_type": "xlm-roberta"}"#).contains("missing field"));
    let config = fs::read_to_string(dir.path().join("config.json")).unwrap();
    assert!(error("config.json", config.replace("xlm-roberta", "mpnet").as_bytes()).contains("\"mpnet\""));
    let heads = config.replace("\"num_attention_heads\": 2", "\"num_attention_heads\": 3");
    assert!(error("config.json", heads.as_bytes()).contains("3 heads cannot share a width of 8"));
    let wider = config.replace("\"intermediate_size\": 16", "\"intermediate_size\": 24");
    assert_ne!(wider, config);
    let path = dir.path().join("config.json");
    fs::write(&path, wider).unwrap();
    let torn = Embedder::open_with(dir.path(), Backend::RustBert, Device::Cpu).unwrap_err().to_string();
    assert!(torn.contains("model.safetensors") && torn.contains(" where [") && torn.contains("24"), "{torn}");
    fs::write(&path, config).unwrap();

    error("model.safetensors", b"torn");
    error("modules.json", br#"[{"path": "2_Wide", "type": "sentence_transformers.models.WeightedLayerPooling"}]"#);
}

#[test]
fn the_configuration_chooses_the_backend() {
    let dir = tempfile::tempdir().unwrap();
    let show = |settings: &str| {
        fs::write(dir.path().join("evenkeel.toml"), settings).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        command.args(["model", "show"]).env("EVENKEEL_MODEL", Path::new(REFERENCE).join("tiny-distilbert"));
        let output = command.current_dir(&dir).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = show("");
    assert_eq!(code, Some(1), "the built-in backend does not know this type: {text}");
    let (code, text) = show("[model]\nbackend = \"rust-bert\"\n");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("through rust-bert") && text.contains("6 numbers"), "{text}");
}

#[test]
fn a_gpu_that_is_not_there_is_told() {
    if tch::Cuda::is_available() {
        return;
    }
    let folder = Path::new(REFERENCE).join("tiny-distilbert");
    let error = Embedder::open_with(&folder, Backend::RustBert, Device::Cuda).unwrap_err().to_string();
    assert!(error.contains("there is no GPU to use"), "{error}");
}
