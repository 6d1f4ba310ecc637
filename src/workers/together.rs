//! Texts of turns that are taken at the same time go through the sentence model together: under load that takes a fraction of the time.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::{message::Incoming, responder::Responder};

/// Turns whose texts are read together. More would make the first wait for the last: 32 mixed messages take about 0.1 s on two cores.
const MOST: usize = 32;

/// The way to the one reader. When the last of its clones goes, so does the reader.
#[derive(Clone)]
pub struct Together(mpsc::Sender<Request>);

struct Request {
    responder: Arc<Responder>,
    texts: Vec<String>,
    /// Dropped when the texts have been read.
    _done: oneshot::Sender<()>,
}

impl Together {
    /// Starts the reader.
    pub fn start() -> Self {
        let (sender, receiver) = mpsc::channel(MOST * 4);
        tokio::spawn(read(receiver));
        Self(sender)
    }

    /// Comes back when what the burst says has been through the model, so that the turn itself takes next to no time.
    pub async fn foresee(&self, responder: &Arc<Responder>, burst: &[Incoming]) {
        let (done, waits) = oneshot::channel();
        let request = Request { responder: Arc::clone(responder), texts: Responder::texts(burst), _done: done };
        if self.0.send(request).await.is_ok() {
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
