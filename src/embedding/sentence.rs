//! What the files of sentence-transformers say beside the model's own: how the tokens' states become one embedding, what is put before each
//! text, and how much of it is read. <https://sbert.net/docs/sentence_transformer/usage/custom_models.html>
//!
//! All of them may be missing: then the mean of the states is taken, nothing stands before a text, and the tokenizer says how much
//! is read.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, de::DeserializeOwned};

use super::EmbedError;

/// How a text becomes an embedding, beyond the model's weights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sentence {
    pub pooling: Pooling,
    /// Put before each text, such as `query: `; mostly empty.
    pub prompt: String,
    /// Tokens that are read, marks and prompt included.
    pub tokens: Option<usize>,
    /// Whether capitals are made small first.
    pub lower: bool,
}

/// How the tokens' states become one embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pooling {
    #[default]
    Mean,
    /// The state of the first token, the mark of the beginning.
    First,
}

/// One entry of `modules.json`.
#[derive(Deserialize)]
pub struct Module {
    /// Its folder, below the model's.
    #[serde(default)]
    pub path: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Module {
    /// What it does, such as `Pooling`.
    pub fn name(&self) -> &str {
        self.kind.rsplit('.').next().unwrap_or_default()
    }
}

/// The parts that a text goes through; none where nothing names them.
///
/// # Errors
/// A `modules.json` that cannot be read or understood.
pub fn modules(folder: &Path) -> Result<Vec<Module>, EmbedError> {
    if let Some(modules) = optional(&folder.join(MODULES))? {
        return Ok(modules);
    }
    let usual = Module { path: "1_Pooling".to_owned(), kind: "Pooling".to_owned() };
    Ok(if folder.join(&usual.path).join("config.json").exists() { vec![usual] } else { Vec::new() })
}

/// The file that names the parts.
pub const MODULES: &str = "modules.json";

/// `config_sentence_transformers.json`
#[derive(Deserialize, Default)]
#[serde(default)]
struct Prompts {
    prompts: BTreeMap<String, Option<String>>,
    default_prompt_name: Option<String>,
}

/// `sentence_bert_config.json`
#[derive(Deserialize, Default)]
#[serde(default)]
struct Limits {
    max_seq_length: Option<usize>,
    do_lower_case: bool,
}

/// The prompt for short texts that are compared with each other, where none is the default.
const SYMMETRIC: &str = "query";

impl Sentence {
    /// Reads what there is in a model's folder.
    ///
    /// # Errors
    /// A file that is named or there and cannot be read, and whatever is not understood.
    pub fn read(folder: &Path) -> Result<Self, EmbedError> {
        let sentence = Self::of_the_text(folder)?;
        let mut pooling = Pooling::Mean;
        for module in modules(folder)? {
            match module.name() {
                "Transformer" | "Normalize" => {}
                "Pooling" => pooling = Pooling::read(&folder.join(&module.path).join("config.json"), &sentence.prompt)?,
                other => {
                    let why = format!("it has the module {other:?}; Transformer, Pooling and Normalize are understood");
                    return Err(EmbedError::Unfit { path: folder.join(MODULES), why });
                }
            }
        }
        Ok(Self { pooling, ..sentence })
    }

    /// Reads only what is done to the text before it reaches the model.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of_the_text(folder: &Path) -> Result<Self, EmbedError> {
        let limits: Limits = optional(&folder.join("sentence_bert_config.json"))?.unwrap_or_default();
        let prompts: Prompts = optional(&folder.join("config_sentence_transformers.json"))?.unwrap_or_default();
        let name = prompts.default_prompt_name.as_deref().unwrap_or(SYMMETRIC);
        let prompt = prompts.prompts.get(name).cloned().flatten().unwrap_or_default();
        Ok(Self { pooling: Pooling::Mean, prompt, tokens: limits.max_seq_length, lower: limits.do_lower_case })
    }
}

impl Pooling {
    /// Reads the `config.json` of a pooling. `prompt` is what stands before each text.
    ///
    /// # Errors
    /// A file that cannot be read, and a pooling that is not understood.
    pub fn read(file: &Path, prompt: &str) -> Result<Self, EmbedError> {
        let unfit = |why: String| EmbedError::Unfit { path: file.to_owned(), why };
        let config: serde_json::Map<String, serde_json::Value> = required(file)?;
        if !prompt.is_empty() && config.get("include_prompt") == Some(&false.into()) {
            return Err(unfit("include_prompt is false; prompts are understood only as part of the text".to_owned()));
        }
        let named = config.get("pooling_mode").and_then(|mode| mode.as_str());
        let flags = config.iter().filter(|(_, on)| **on == serde_json::Value::Bool(true));
        let flags = flags.filter_map(|(key, _)| key.strip_prefix("pooling_mode_"));
        let modes: Vec<&str> = named.into_iter().chain(flags).collect();
        match modes.as_slice() {
            ["mean" | "mean_tokens"] => Ok(Pooling::Mean),
            ["cls" | "cls_token"] => Ok(Pooling::First),
            other => Err(unfit(format!("its pooling is {other:?}; one of mean_tokens and cls_token is understood"))),
        }
    }
}

/// A JSON file of a model.
///
/// # Errors
/// One that cannot be read or understood.
pub fn required<T: DeserializeOwned>(file: &Path) -> Result<T, EmbedError> {
    let text = fs::read(file).map_err(|source| EmbedError::Read { path: file.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|error| EmbedError::Unfit { path: file.to_owned(), why: error.to_string() })
}

fn optional<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, EmbedError> {
    match required(file) {
        Ok(read) => Ok(Some(read)),
        Err(EmbedError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Sentence, String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = dir.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        Sentence::read(dir.path()).map_err(|error| error.to_string())
    }

    const MODULES: &str = r#"[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
        {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
        {"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]"#;
    const MEAN: &str =
        r#"{"word_embedding_dimension":384,"pooling_mode_cls_token":false,"pooling_mode_mean_tokens":true}"#;
    const CLS: &str =
        r#"{"word_embedding_dimension":384,"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}"#;

    #[test]
    fn a_bare_model_is_pooled_by_its_mean() {
        assert_eq!(read(&[]).unwrap(), Sentence::default());
    }

    #[test]
    fn the_files_of_sentence_transformers_are_followed() {
        let files = [
            ("modules.json", MODULES),
            ("1_Pooling/config.json", CLS),
            ("sentence_bert_config.json", r#"{"max_seq_length": 256, "do_lower_case": false}"#),
            (
                "config_sentence_transformers.json",
                r#"{"__version__":{"pytorch":"2"},"prompts":{"query":"query: ","passage":"passage: "},"default_prompt_name":null}"#,
            ),
        ];
        let expected =
            Sentence { pooling: Pooling::First, prompt: "query: ".to_owned(), tokens: Some(256), lower: false };
        assert_eq!(read(&files).unwrap(), expected);
        assert_eq!(read(&[("1_Pooling/config.json", MEAN)]).unwrap().pooling, Pooling::Mean);
        assert_eq!(read(&[("1_Pooling/config.json", r#"{"pooling_mode":"cls"}"#)]).unwrap().pooling, Pooling::First);
        let named = r#"{"prompts":{"sts":"same: ","query":"ask: "},"default_prompt_name":"sts"}"#;
        assert_eq!(read(&[("config_sentence_transformers.json", named)]).unwrap().prompt, "same: ");
    }

    #[rstest]
    #[case::dense(&[("modules.json", r#"[{"path":"2_Dense","type":"sentence_transformers.models.Dense"}]"#)], "Dense")]
    #[case::max(&[("1_Pooling/config.json", r#"{"pooling_mode_max_tokens":true}"#)], "max_tokens")]
    #[case::two(&[("1_Pooling/config.json", r#"{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":true}"#)], "cls_token")]
    #[case::missing(&[("modules.json", MODULES)], "1_Pooling/config.json")]
    #[case::broken(&[("sentence_bert_config.json", "{")], "sentence_bert_config.json")]
    #[case::prompt(&[
        ("1_Pooling/config.json", r#"{"pooling_mode_mean_tokens":true,"include_prompt":false}"#),
        ("config_sentence_transformers.json", r#"{"prompts":{"query":"q: "}}"#)
    ], "include_prompt")]
    fn what_is_not_understood_is_named(#[case] files: &[(&str, &str)], #[case] named: &str) {
        let error = read(files).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
}
