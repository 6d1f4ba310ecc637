//! The sentence model of a running service: opened at the start, fetched where it is missing, learnt with, and put to work.
//!
//! None of it holds the service up. Until the model is at work n-grams alone decide, held to half of what may be wrong.

use std::{
    collections::HashMap,
    error::Error as _,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::sleep};
use tracing::{error, info, warn};

use crate::{
    classifier::{Classifier, saved::Shelf},
    config,
    embedding::{
        Embedder, FILES,
        fetch::{FetchError, fetch},
        place::Place,
    },
    knowledge::Knowledge,
    policy::Policy,
    responder::{Responder, lessons},
};

/// Is told how a download goes: the name of the file, the bytes that are there and those that there will be.
pub type Progress = Arc<dyn Fn(&str, u64, u64) + Send + Sync>;

/// Why there is no sentence model.
#[derive(Debug, thiserror::Error)]
pub enum Lacking {
    #[error("nobody knows where the sentence model is kept ({0})")]
    NoFolder(io::Error),
    #[error("the sentence model is missing; `evenkeel model fetch` gets it")]
    NotFetched(Place),
    #[error("the sentence model is missing from {}, which EVENKEEL_MODEL or evenkeel.toml names", .0.display())]
    NotThere(PathBuf),
    #[error("the sentence model cannot be used: {why}")]
    Unusable { place: Place, why: String },
}

impl Lacking {
    /// The folder to which the model may be fetched: never one that someone named.
    fn fetchable(&self) -> Option<&Place> {
        match self {
            Self::NotFetched(place) | Self::Unusable { place: place @ Place::Cache(_), .. } => Some(place),
            Self::NoFolder(_) | Self::NotThere(_) | Self::Unusable { place: Place::Given(_), .. } => None,
        }
    }
}

/// Opens the sentence model if it is there. Nothing is fetched.
///
/// # Errors
/// Why n-grams alone must decide.
pub fn open(config: &config::Model) -> Result<Arc<Embedder>, Lacking> {
    let place = Place::find(config.path.as_deref()).map_err(Lacking::NoFolder)?;
    if !FILES.iter().all(|file| place.folder().join(file).exists()) {
        return Err(match place {
            Place::Cache(_) => Lacking::NotFetched(place),
            Place::Given(folder) => Lacking::NotThere(folder),
        });
    }
    Embedder::open_with(place.folder(), config.backend, config.device).map(Arc::new).map_err(|error| {
        let why = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        Lacking::Unusable { place, why: format!("{error}{why}") }
    })
}

/// A service that answers by n-grams alone, and what it takes to make more of it.
pub struct Learner {
    pub config: config::Model,
    pub policy: Policy,
    pub shelf: Shelf,
    pub knowledge: Arc<Knowledge>,
    /// The classifier by n-grams alone, which stays for when many wait.
    pub quick: Arc<Classifier>,
    /// Where the better responder goes. A turn in progress keeps the one it began with.
    pub responder: watch::Sender<Arc<Responder>>,
    /// Why n-grams alone decide; none once the model does.
    pub lacking: watch::Sender<Option<String>>,
}

impl Learner {
    /// Fetches the model if it is missing and may be fetched, learns with it, and puts it to work.
    pub async fn run(self, model: Result<Arc<Embedder>, Lacking>, progress: Progress) {
        let model = match model {
            Err(lacking) if self.config.fetch => match lacking.fetchable() {
                Some(place) => self.fetched(place, &lacking, progress).await,
                None => Err(lacking),
            },
            other => other,
        };
        match model {
            Ok(embedder) => self.learn(embedder).await,
            Err(lacking) => self.goes_without(lacking.to_string()),
        }
    }

    /// Says why n-grams alone decide.
    fn goes_without(&self, why: String) {
        warn!("n-grams alone decide: {why}");
        self.lacking.send_replace(Some(why));
    }

    /// Tries until the model is there.
    async fn fetched(&self, place: &Place, lacking: &Lacking, progress: Progress) -> Result<Arc<Embedder>, Lacking> {
        self.goes_without(match lacking {
            Lacking::NotFetched(_) => "the sentence model is missing and is being fetched".to_owned(),
            broken => format!("{broken}; it is fetched again"),
        });
        let mut attempt = 1;
        while let Err(error) = fetch(place, &*progress).await {
            let wait = wait_after(attempt);
            self.goes_without(format!(
                "the sentence model could not be fetched: {}; tried again in {} s, and `evenkeel model fetch` says more",
                in_one_line(&error),
                wait.as_secs()
            ));
            sleep(wait).await;
            attempt += 1;
        }
        info!(folder = %place.folder().display(), "the sentence model is there");
        let config = self.config.clone();
        let opened = tokio::task::spawn_blocking(move || open(&config)).await;
        opened
            .unwrap_or_else(|_| Err(Lacking::Unusable { place: place.clone(), why: "reading it broke off".to_owned() }))
    }

    async fn learn(self, embedder: Arc<Embedder>) {
        let why = "the service is still learning with the sentence model";
        info!("n-grams alone decide: {why}");
        self.lacking.send_replace(Some(why.to_owned()));
        let started = Instant::now();
        let Self { policy, shelf, knowledge, quick, responder, lacking, .. } = self;
        let learnt = tokio::task::spawn_blocking(move || {
            let classifier = shelf.classifier(&lessons(&knowledge), Some(&embedder));
            Responder::new(knowledge, &policy, Arc::new(classifier), Some(quick))
        });
        match learnt.await {
            Ok(better) => {
                info!(
                    threshold = (better.threshold() * 1000.0).round() / 1000.0,
                    took_ms = started.elapsed().as_millis() as u64,
                    "the sentence model decides now"
                );
                responder.send_replace(Arc::new(better));
                lacking.send_replace(None);
            }
            Err(error) => {
                error!(%error, "learning with the sentence model broke off");
                lacking.send_replace(Some("learning with the sentence model broke off; the log says more".to_owned()));
            }
        }
    }
}

/// How long to wait after a failed attempt (counted from 1): 15 s, doubled each time, at most 15 minutes. Whoever repairs the
/// network should not have to restart the service.
fn wait_after(attempt: u32) -> Duration {
    (Duration::from_secs(15) * 2_u32.pow(attempt.clamp(1, 10) - 1)).min(Duration::from_mins(15))
}

/// What went wrong at each source, without the advice that `evenkeel model fetch` gives.
fn in_one_line(error: &FetchError) -> String {
    match error {
        FetchError::Nowhere { tried, .. } => {
            tried.iter().map(|line| line.trim_start_matches("- ")).collect::<Vec<_>>().join("; ")
        }
        FetchError::Folder { .. } => error.to_string(),
    }
}

/// Progress in the log: a line at each tenth of a file.
pub fn logged() -> Progress {
    let tenths: Mutex<HashMap<String, u64>> = Mutex::default();
    Arc::new(move |name, there, whole| {
        let tenth = there * 10 / whole.max(1);
        let before = tenths.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), tenth);
        if before.is_some_and(|before| before < tenth) {
            info!(file = name, percent = tenth * 10, "fetching the sentence model");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_quarter_of_an_hour() {
        let waits: Vec<_> = (1..=9).map(|attempt| wait_after(attempt).as_secs()).collect();
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(wait_after(u32::MAX).as_secs(), 900);
    }

    #[test]
    fn only_the_cache_folder_is_fetched_to() {
        let broken = |place| Lacking::Unusable { place, why: String::new() };
        assert!(Lacking::NotFetched(Place::Cache("a".into())).fetchable().is_some());
        assert!(broken(Place::Cache("a".into())).fetchable().is_some());
        assert!(broken(Place::Given("a".into())).fetchable().is_none());
        assert!(Lacking::NotThere("a".into()).fetchable().is_none());
    }
}
