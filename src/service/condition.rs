//! What the parts of the service tell of themselves, joined for `/health`.

use tokio::sync::watch;

use crate::web::Health;

/// The parts that may not work as they should.
pub(super) struct Condition {
    /// The version of the knowledge and how many intents it has.
    pub knowledge: String,
    pub intents: usize,
    /// Why n-grams alone decide, if they do.
    pub lacking: watch::Receiver<Option<String>>,
}

impl Condition {
    pub fn health(&mut self) -> Health {
        let lacking = self.lacking.borrow_and_update().clone();
        Health {
            knowledge: self.knowledge.clone(),
            intents: self.intents,
            understanding: if lacking.is_none() { "sentence model" } else { "n-grams alone" }.to_owned(),
            degraded: lacking.map(|why| format!("n-grams alone decide: {why}")).into_iter().collect(),
        }
    }

    /// Keeps `/health` up to date until the service ends.
    pub async fn keep(mut self, health: watch::Sender<Health>) {
        while self.lacking.changed().await.is_ok() {
            health.send_replace(self.health());
        }
    }
}
