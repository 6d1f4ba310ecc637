//! One file over HTTP: what is there already is not asked for again, and only the pinned content gets its name.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::StreamExt as _;
use reqwest::{Client, StatusCode, Url, header};
use tokio::io::AsyncWriteExt as _;

use super::{fetch::Progress, place::Pin};

/// How long a server may take to accept us.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// Cuts in a row, without a byte between them, after which we give up.
const CUTS: u32 = 4;

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error("{}", innermost(.0))]
    Http(reqwest::Error),
    #[error("the server answers {0}")]
    Status(StatusCode),
    #[error("{0} is not what it should be: its SHA-256 differs from the one in this program")]
    Wrong(&'static str),
    #[error("{} is not in it", .0)]
    Absent(&'static str),
    #[error("its address is not understood")]
    Address,
    #[error("the file cannot be written: {0}")]
    Io(#[from] io::Error),
}

impl From<reqwest::Error> for DownloadError {
    fn from(error: reqwest::Error) -> Self {
        // An index's address may carry a password.
        Self::Http(error.without_url())
    }
}

/// What went wrong at the bottom ("connection refused"), after what reqwest says at the top ("error sending request").
fn innermost(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// A client that honours proxies (`HTTPS_PROXY`, …) and the certificates that the system trusts (or `SSL_CERT_FILE` names).
pub fn client() -> Result<Client, DownloadError> {
    let agent = concat!("evenkeel/", env!("CARGO_PKG_VERSION"));
    Ok(Client::builder().user_agent(agent).connect_timeout(CONNECT).read_timeout(SILENCE).build()?)
}

/// Brings a file into a folder under its pinned name. What an earlier attempt left is continued.
pub async fn download(
    client: &Client,
    url: &Url,
    folder: &Path,
    pin: &Pin,
    progress: Progress<'_>,
) -> Result<(), DownloadError> {
    let part = part(folder, pin);
    let mut cuts = 0;
    loop {
        let before = length(&part);
        match attempt(client, url, &part, pin, progress).await {
            Ok(()) if length(&part) == pin.size => break,
            Err(error) if !is_cut(&error) => return Err(error),
            outcome => {
                cuts = if length(&part) > before { 1 } else { cuts + 1 };
                if cuts >= CUTS {
                    outcome?;
                    return Err(DownloadError::Wrong(pin.name));
                }
                tokio::time::sleep(Duration::from_millis(250 << cuts)).await;
            }
        }
    }
    keep(&part, folder, *pin).await
}

/// One request for what is missing.
async fn attempt(
    client: &Client,
    url: &Url,
    part: &Path,
    pin: &Pin,
    progress: Progress<'_>,
) -> Result<(), DownloadError> {
    let mut there = length(part);
    if there >= pin.size {
        // Whole or too long: the hash tells.
        return Ok(());
    }
    let mut request = client.get(url.clone()).header(header::ACCEPT_ENCODING, "identity");
    if there > 0 {
        request = request.header(header::RANGE, format!("bytes={there}-"));
    }
    let response = request.send().await?;
    match response.status() {
        StatusCode::PARTIAL_CONTENT => {}
        StatusCode::OK => there = 0,
        StatusCode::RANGE_NOT_SATISFIABLE => {
            fs::remove_file(part)?;
            return Ok(());
        }
        status => return Err(DownloadError::Status(status)),
    }
    let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(part).await?;
    file.set_len(there).await?;
    let mut body = response.bytes_stream();
    let outcome = loop {
        match body.next().await {
            None => break Ok(()),
            Some(Err(error)) => break Err(error.into()),
            Some(Ok(bytes)) => {
                there += bytes.len() as u64;
                if there > pin.size {
                    file.set_len(0).await?;
                    break Err(DownloadError::Wrong(pin.name));
                }
                file.write_all(&bytes).await?;
                progress(pin.name, there, pin.size);
            }
        }
    };
    file.flush().await?;
    outcome
}

/// Whether a connection that stood broke down: asking again makes sense. Who cannot be reached, or is silent, gives way to the next source.
fn is_cut(error: &DownloadError) -> bool {
    match error {
        DownloadError::Http(error) => {
            error.is_body() || error.is_decode() || (error.is_request() && !error.is_timeout() && !error.is_connect())
        }
        _ => false,
    }
}

/// Gives a downloaded file its name, if it is the right one.
async fn keep(part: &Path, folder: &Path, pin: Pin) -> Result<(), DownloadError> {
    let (part, file) = (part.to_owned(), folder.join(pin.name));
    let kept = tokio::task::spawn_blocking(move || {
        if !pin.matches(&part)? {
            fs::remove_file(&part)?;
            return Err(DownloadError::Wrong(pin.name));
        }
        fs::File::open(&part)?.sync_all()?;
        Ok(fs::rename(&part, &file)?)
    });
    kept.await.map_err(io::Error::other)?
}

/// The name of a file that is not whole yet.
pub fn part(folder: &Path, pin: &Pin) -> PathBuf {
    folder.join(format!("{}.part", pin.name))
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |metadata| metadata.len())
}
