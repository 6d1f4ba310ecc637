//! Which commands still show "is thinking": their first answer takes that place, further ones follow it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serenity::all::InteractionId;
use tokio::{sync::watch, time::timeout};

use super::limits;

/// The commands of the last minutes. What a process that ended had acknowledged is not here: then an answer is sent as a further one, which
/// Discord puts into the place of "is thinking" by itself.
#[derive(Default)]
pub(super) struct Thinking(Mutex<HashMap<InteractionId, (Instant, watch::Sender<State>)>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Our acknowledgement is on its way.
    Beginning,
    Thinking,
}

impl Thinking {
    /// A command was taken in. Called before it is stored, so that an answer never overtakes the acknowledgement.
    pub(super) fn begin(&self, id: InteractionId) {
        let mut known = self.lock();
        known.retain(|_, (since, _)| since.elapsed() < limits::TOKEN_LIFE);
        known.insert(id, (Instant::now(), watch::Sender::new(State::Beginning)));
    }

    /// The platform took our acknowledgement, or did not.
    pub(super) fn acknowledged(&self, id: InteractionId, taken: bool) {
        let mut known = self.lock();
        if taken && let Some((_, state)) = known.get(&id) {
            state.send_replace(State::Thinking);
        } else {
            known.remove(&id);
        }
    }

    /// Whether its first answer is still to come. Waits for an acknowledgement that is on its way.
    pub(super) async fn is_thinking(&self, id: InteractionId) -> bool {
        let state = self.lock().get(&id).map(|(_, state)| state.subscribe());
        let Some(mut state) = state else { return false };
        let settled = state.wait_for(|state| *state == State::Thinking);
        timeout(limits::ACKNOWLEDGE_AFTER + Duration::from_secs(1), settled).await.is_ok_and(|settled| settled.is_ok())
    }

    /// Its first answer was given.
    pub(super) fn answered(&self, id: InteractionId) {
        self.lock().remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InteractionId, (Instant, watch::Sender<State>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
