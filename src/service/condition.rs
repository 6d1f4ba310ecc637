//! What the parts of the service tell of themselves, joined for `/health`.

use std::collections::BTreeMap;

use tokio::sync::watch;

use crate::{channels::Report, web::Health};

/// The parts that may not work as they should.
pub(super) struct Condition {
    /// The version of the knowledge and how many intents it has.
    pub knowledge: String,
    pub intents: usize,
    /// Why n-grams alone decide, if they do.
    pub lacking: watch::Receiver<Option<String>>,
    /// Whether they decide because too many messages wait.
    pub overloaded: watch::Receiver<bool>,
    /// Signs that the promise is not kept.
    pub drift: watch::Receiver<Vec<String>>,
    /// Why the store's disk is short of room, if it is.
    pub short: watch::Receiver<Option<String>>,
    /// What does not work on which channel.
    pub channels: watch::Receiver<Report>,
    /// What does not work with which webhook.
    pub webhooks: watch::Receiver<Report>,
    /// Why the other channels are off.
    pub off: BTreeMap<&'static str, String>,
}

impl Condition {
    pub fn health(&mut self) -> Health {
        let lacking = self.lacking.borrow_and_update().clone();
        let overloaded = *self.overloaded.borrow_and_update();
        let drift = self.drift.borrow_and_update().clone();
        let short = self.short.borrow_and_update().clone();
        let channels = self.channels.borrow_and_update().clone();
        let webhooks = self.webhooks.borrow_and_update().clone();
        let troubles: Vec<String> = channels
            .iter()
            .chain(&webhooks)
            .flat_map(|(channel, sides)| {
                sides.iter().map(move |(side, trouble)| format!("{channel}: {side} does not work: {}", trouble.what))
            })
            .collect();
        let by_ngrams = lacking.is_some() || overloaded;
        let overload =
            overloaded.then(|| "more messages than the sentence model can read: n-grams alone decide".to_owned());
        Health {
            knowledge: self.knowledge.clone(),
            intents: self.intents,
            understanding: if by_ngrams { "n-grams alone" } else { "sentence model" }.to_owned(),
            degraded: lacking
                .map(|why| format!("n-grams alone decide: {why}"))
                .into_iter()
                .chain(overload)
                .chain(short)
                .chain(drift)
                .chain(troubles)
                .collect(),
            channels,
            webhooks,
            off: self.off.clone(),
        }
    }

    /// Keeps `/health` up to date until the service ends.
    pub async fn keep(mut self, health: watch::Sender<Health>) {
        loop {
            tokio::select! {
                Ok(()) = self.lacking.changed() => {}
                Ok(()) = self.overloaded.changed() => {}
                Ok(()) = self.drift.changed() => {}
                Ok(()) = self.short.changed() => {}
                Ok(()) = self.channels.changed() => {}
                Ok(()) = self.webhooks.changed() => {}
                else => return,
            }
            health.send_replace(self.health());
        }
    }
}
