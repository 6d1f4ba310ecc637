//! The responder in use, made as careful as the messages that come ask for.

use std::sync::Arc;

use tokio::sync::watch;
use tracing::info;

use crate::{classifier::Traffic, desk::waiting::Outlook, responder::Responder};

/// After so many messages the shares of what comes are estimated anew.
const EVERY: u32 = 50;

/// Follows the responder that is served and the messages that it reads.
pub struct Heed {
    served: watch::Receiver<Arc<Responder>>,
    outlook: watch::Receiver<Outlook>,
    /// What `responder` was made of. Compared with what is current, because a receiver whose sender is gone tells of no change, not even of
    /// the last one.
    base: Arc<Responder>,
    expected: Outlook,
    responder: Arc<Responder>,
    traffic: Traffic,
    since: u32,
}

impl Heed {
    pub fn new(served: watch::Receiver<Arc<Responder>>, outlook: watch::Receiver<Outlook>) -> Self {
        let base = Arc::clone(&served.borrow());
        let expected = outlook.borrow().clone();
        let responder = Arc::new(base.expecting(expected.clone()));
        Self { served, outlook, base, expected, responder, traffic: Traffic::default(), since: 0 }
    }

    /// The responder for the next turn. A newly trained one starts from the assumed shares: its probabilities are not those of the last.
    pub fn responder(&mut self) -> Arc<Responder> {
        let learnt = !Arc::ptr_eq(&self.base, &self.served.borrow());
        let expects = self.expected != *self.outlook.borrow();
        if expects {
            self.expected = self.outlook.borrow().clone();
        }
        if learnt {
            self.base = Arc::clone(&self.served.borrow());
            self.responder = Arc::new(self.base.expecting(self.expected.clone()));
            self.traffic = Traffic::default();
            self.since = 0;
        } else if expects {
            self.responder = Arc::new(self.responder.expecting(self.expected.clone()));
        }
        Arc::clone(&self.responder)
    }

    /// Notes how probable a message's best intent was.
    pub fn note(&mut self, probability: f64) {
        self.traffic.note(probability);
        self.since += 1;
        if self.since < EVERY {
            return;
        }
        self.since = 0;
        self.responder = Arc::new(self.responder.heeding(&self.traffic));
        let (shares, threshold) = (self.responder.classifier().shares(&self.traffic), self.responder.threshold());
        metrics::gauge!("evenkeel_out_of_scope_share").set(1.0 - shares.in_scope);
        metrics::gauge!("evenkeel_answer_threshold").set(threshold);
        info!(
            messages = self.traffic.noted(),
            in_scope = (shares.in_scope * 100.0).round(),
            near = (shares.near * 100.0).round(),
            everyday = (shares.everyday * 100.0).round(),
            threshold = (threshold * 1000.0).round() / 1000.0,
            "what messages are about, in 100"
        );
    }
}
