//! Tells other helpdesks what happens to escalations: one loop for each webhook.
//!
//! The audit trail is the queue and each hook has a cursor in it, so nothing is written twice and nothing piles up: what a receiver missed is
//! read when it is back. Events are in order and come at least once; a repeated one has the id of the first. What is sent is read from the store at the moment
//! of sending.

mod hook;
mod outcome;
mod signature;

use std::time::Duration;

use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

pub use hook::{Hook, Settings};
pub use signature::Secret;

use crate::{
    channels::{Board, Side},
    desk::bridge::{Event, EventData, EventKind},
    store::{Audited, Store, StoreError},
};
use outcome::{Outcome, Step, Tries};

/// Rows of the audit trail that are looked at together.
const BATCH: u32 = 100;

/// How long a request that is under way when the service stops may take to end. Cut off, it is sent again at the next start.
const GRACE: Duration = Duration::from_secs(3);

/// How long to wait when the store could not be read.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// Sends what a hook's receiver has not been told, and goes on until `stop` or until the receiver says that it is gone.
///
/// `cursor` is the last row of the audit trail that it has been told ([`Store::webhook_cursors`]).
pub async fn run(hook: Hook, cursor: i64, store: Store, board: Board, stop: CancellationToken) {
    let mut teller = Teller { hook, cursor, tries: Tries::default(), store, board, stop };
    let mut changed = teller.store.desk_changed();
    while let Some(pause) = teller.catch_up(&mut changed).await {
        let over = async {
            match pause {
                Pause::UntilChanged => drop(changed.changed().await),
                Pause::For(wait) => tokio::time::sleep(wait).await,
            }
        };
        tokio::select! {
            () = over => {}
            () = teller.stop.cancelled() => return,
        }
    }
}

/// How long to wait before the next look.
enum Pause {
    /// All is told.
    UntilChanged,
    For(Duration),
}

struct Teller {
    hook: Hook,
    cursor: i64,
    tries: Tries,
    store: Store,
    board: Board,
    stop: CancellationToken,
}

impl Teller {
    /// Tells all that there is, and says how long to wait then; None: it is over.
    async fn catch_up(&mut self, changed: &mut watch::Receiver<()>) -> Option<Pause> {
        loop {
            changed.mark_unchanged();
            let rows = match self.store.audited_after(self.cursor, BATCH).await {
                Ok(rows) => rows,
                Err(error) => return self.store_failed(&error),
            };
            let (full, first) = (rows.len() >= BATCH as usize, self.cursor);
            let mut written = self.cursor;
            for row in rows {
                if self.stop.is_cancelled() {
                    return None;
                }
                match self.tell(&row).await {
                    Ok(Told::Nothing) => self.cursor = row.audit,
                    Ok(Told::Settled) => {
                        // Before the next one is sent: after a crash at most one comes twice.
                        if let Err(error) = self.store.advance_webhook(&self.hook.name, row.audit).await {
                            return self.store_failed(&error);
                        }
                        (self.cursor, written) = (row.audit, row.audit);
                    }
                    Ok(Told::Later(wait)) => return Some(Pause::For(wait)),
                    Ok(Told::Over) => return None,
                    Err(error) => return self.store_failed(&error),
                }
            }
            if written < self.cursor
                && let Err(error) = self.store.advance_webhook(&self.hook.name, self.cursor).await
            {
                return self.store_failed(&error);
            }
            debug!(hook = self.hook.name, from = first, to = self.cursor, "webhook has caught up");
            if !full {
                return Some(Pause::UntilChanged);
            }
        }
    }

    fn store_failed(&self, error: &StoreError) -> Option<Pause> {
        if matches!(error, StoreError::Closed) {
            return None;
        }
        error!(hook = self.hook.name, %error, "the store could not be read for a webhook");
        Some(Pause::For(STORE_PAUSE))
    }

    /// Tells of one row, if it is of interest, and says what became of it.
    async fn tell(&mut self, row: &Audited) -> Result<Told, StoreError> {
        let Some(event) = self.event(row).await? else { return Ok(Told::Nothing) };
        let id = message_id(&self.hook.name, row);
        let sent = self.hook.post(&id, &event);
        let outcome = tokio::select! {
            outcome = sent => outcome,
            () = async { self.stop.cancelled().await; tokio::time::sleep(GRACE).await } => return Ok(Told::Over),
        };
        let step = self.tries.step(&outcome, Instant::now());
        self.say(row, &outcome, step);
        Ok(match step {
            Step::Next | Step::Skip => Told::Settled,
            Step::Again(wait) => Told::Later(wait),
            Step::Off => Told::Over,
        })
    }

    /// What the receiver is told of a row, from what the store holds now. None: nothing.
    async fn event(&self, row: &Audited) -> Result<Option<Event>, StoreError> {
        let record = match self.store.escalation(row.escalation).await {
            Ok(record) => record,
            // Its customer was forgotten.
            Err(StoreError::NoEscalation(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let lines = self.store.lines_of(row.audit, record.conversation).await?;
        let Some(kind) = EventKind::of(row, &lines).filter(|kind| self.hook.events.contains(kind)) else {
            return Ok(None);
        };
        let lines = lines.into_iter().map(Into::into).collect();
        Ok(Some(Event { kind, timestamp: row.at, data: EventData { escalation: record.into(), lines } }))
    }

    /// Tells the operator what became of a request.
    fn say(&self, row: &Audited, outcome: &Outcome, step: Step) {
        let Hook { name, board_name, .. } = &self.hook;
        let result = match step {
            Step::Next => "accepted",
            Step::Skip => "skipped",
            Step::Again(_) => "failed",
            Step::Off => "gone",
        };
        metrics::counter!("evenkeel_webhooks_total", "hook" => name.clone(), "result" => result).increment(1);
        match step {
            Step::Next => self.board.works(board_name, Side::Sending),
            Step::Again(_) => self.board.trouble(board_name, Side::Sending, outcome.to_string()),
            Step::Skip => warn!(
                hook = name,
                escalation = %row.escalation,
                "an event was skipped: for an hour {outcome}; the next ones are tried"
            ),
            Step::Off => self.board.trouble(
                board_name,
                Side::Sending,
                "the receiver says that it is gone for good (410): off until the service is started again",
            ),
        }
    }
}

/// What became of a row.
enum Told {
    /// The receiver need not hear of it.
    Nothing,
    Settled,
    Later(Duration),
    /// The hook is off, or the service stops.
    Over,
}

/// The id by which the receiver knows a repeated event: the same for the same row of the same store, and no other has it.
fn message_id(hook: &str, row: &Audited) -> String {
    signature::short_hash(&[hook, &row.audit.to_string(), &row.at.as_microsecond().to_string()])
}

/// Opens all webhooks of the settings, each with how far its receiver has been told; to be called before anything happens that they are to
/// hear of. Those that cannot be opened are told to the board and stay off.
///
/// # Errors
/// Of the store.
pub async fn open(settings: &[Settings], store: &Store, board: &Board) -> Result<Vec<(Hook, i64)>, StoreError> {
    let names: Vec<String> = settings.iter().map(|settings| settings.name.clone()).collect();
    let cursors = store.webhook_cursors(&names).await?;
    let mut hooks = Vec::with_capacity(settings.len());
    for settings in settings {
        let board_name = hook::board_name(&settings.name);
        board.enter(&board_name);
        match Hook::open(settings) {
            Ok(hook) => {
                let cursor = cursors.get(&hook.name).copied().unwrap_or_default();
                tracing::info!(hook = hook.name, to = hook.origin(), "webhook is on");
                hooks.push((hook, cursor));
            }
            Err(why) => board.trouble(&board_name, Side::Sending, format!("off: {why}")),
        }
    }
    Ok(hooks)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::conversation::EscalationId;

    #[test]
    fn a_repeated_event_has_the_same_id_and_no_other_has_it() {
        let row = |audit, seconds| Audited {
            audit,
            at: Timestamp::from_second(seconds).unwrap(),
            kind: "turn".to_owned(),
            escalation: EscalationId(1),
            opens: true,
        };
        let id = message_id("zammad", &row(7, 100));
        assert_eq!(id, message_id("zammad", &row(7, 100)));
        assert!(id.starts_with("msg_") && id.len() == 36, "{id}");
        // Another hook, another row, and the same row of a store that was begun anew.
        for other in
            [message_id("other", &row(7, 100)), message_id("zammad", &row(8, 100)), message_id("zammad", &row(7, 101))]
        {
            assert_ne!(id, other);
        }
    }
}
