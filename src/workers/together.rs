//! Texts of turns that are taken at the same time go through the sentence model together: under load that takes a fraction of the time.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::{message::Incoming, responder::Responder};

/// Turns whose texts are read together. More would make the first wait for the last: 32 mixed messages take about 0.1 s on two cores.
const MOST: usize = 32;

/// The way to the one reader. When the last of its clones goes, so does the reader.
#[derive(Clone)]
pub struct Together {
    reader: mpsc::Sender<Request>,
    overloaded: watch::Receiver<bool>,
}

struct Request {
    responder: Arc<Responder>,
    texts: Vec<String>,
    /// Dropped when the texts have been read; closed when nobody waits for it any more.
    done: oneshot::Sender<()>,
}

impl Together {
    /// Starts the reader.
    pub fn start(overloaded: watch::Receiver<bool>) -> Self {
        let (reader, receiver) = mpsc::channel(MOST * 4);
        tokio::spawn(read(receiver));
        Self { reader, overloaded }
    }

    /// Comes back when what the burst says has been through the model, so that the turn itself takes next to no time; or at once,
    /// with `false`, when there is overload.
    pub async fn foresee(&self, responder: &Arc<Responder>, burst: &[Incoming]) -> bool {
        let mut overloaded = self.overloaded.clone();
        tokio::select! {
            biased;
            Ok(_) = overloaded.wait_for(|overloaded| *overloaded) => false,
            () = self.read(responder, burst) => true,
        }
    }

    async fn read(&self, responder: &Arc<Responder>, burst: &[Incoming]) {
        let (done, waits) = oneshot::channel();
        let request = Request { responder: Arc::clone(responder), texts: Responder::texts(burst), done };
        if self.reader.send(request).await.is_ok() {
            // An error says that it was dropped, which is all that is waited for.
            let _ = waits.await;
        }
    }
}

async fn read(mut waiting: mpsc::Receiver<Request>) {
    while let Some(first) = waiting.recv().await {
        let mut requests = vec![first];
        while requests.len() < MOST
            && let Ok(next) = waiting.try_recv()
        {
            requests.push(next);
        }
        requests.retain(|request| !request.done.is_closed());
        let reading = tokio::task::spawn_blocking(move || {
            // A responder is swapped once in a while: those of one batch are nearly always the same.
            for same in requests.chunk_by(|a, b| Arc::ptr_eq(&a.responder, &b.responder)) {
                let texts: Vec<&str> = same.iter().flat_map(|request| &request.texts).map(String::as_str).collect();
                same[0].responder.foresee(&texts);
            }
        });
        // A text that breaks the reading breaks its own turn too, which gives it to a person.
        let _ = reading.await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{classifier::Classifier, knowledge, policy::Policy};

    #[tokio::test]
    async fn who_waits_for_the_others_goes_on_when_there_is_overload() {
        let sample = knowledge::load(Path::new(env!("CARGO_MANIFEST_DIR")), jiff::Timestamp::now()).unwrap();
        let classifier = Arc::new(Classifier::train(&[], None));
        let knowledge = Arc::new(sample.knowledge.unwrap());
        let responder = Arc::new(Responder::new(knowledge, &Policy::default(), classifier, None));
        let overloaded = watch::Sender::new(false);
        let together = Together::start(overloaded.subscribe());
        assert!(together.foresee(&responder, &[]).await);
        overloaded.send_replace(true);
        assert!(!together.foresee(&responder, &[]).await);

        overloaded.send_replace(false);
        // A reader that never reads.
        let (reader, _kept) = mpsc::channel(1);
        let stuck = Together { reader, overloaded: overloaded.subscribe() };
        let waiting = tokio::spawn(async move { stuck.foresee(&responder, &[]).await });
        tokio::task::yield_now().await;
        overloaded.send_replace(true);
        assert!(!waiting.await.unwrap());
    }
}
