//! Tells the staff of a channel, in threads of their own, what happens with escalations. The audit trail is the queue: what was told is
//! written down post by post, so that after a crash or an outage it goes on where it was. A post whose fate is unknown is made again: a
//! second copy in a thread does less harm than a missing word.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::tz::TimeZone;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::pace::Pace;
use crate::{
    channels::{Board, Channel, Post, SendError, Side, Staff},
    conversation::EscalationId,
    desk::telling,
    knowledge::Knowledge,
    message::{Author, Outgoing},
    reading::Language,
    store::{StaffRow, Store, StoreError, Unanswered, Unopened},
};

/// At most so long nobody looks whether there is something to tell.
const LOOK: Duration = Duration::from_secs(30);

/// The longest wait after failures: a platform that is back is noticed within it.
const LONGEST: Duration = Duration::from_mins(1);

/// Longer than any of the platform's own requests may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Failures in a row before the operator is told: a single one is no news.
const FAILURES: u32 = 3;

/// Why a step was not done.
enum Fault {
    Platform(SendError),
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SendError> for Fault {
    fn from(error: SendError) -> Self {
        Self::Platform(error)
    }
}

/// Tells the staff of a channel, if they have a place there, until `stop`.
pub async fn run(
    store: Store,
    channel: Arc<dyn Channel>,
    knowledge: Arc<Knowledge>,
    board: Board,
    stop: CancellationToken,
) {
    let Some(staff) = channel.staff() else { return };
    let mut teller = Teller {
        store: &store,
        channel: channel.as_ref(),
        staff,
        knowledge: &knowledge,
        pace: Pace::new(None, Instant::now()),
        zone: TimeZone::system(),
        begun: false,
    };
    let mut changed = store.desk_changed();
    let mut failures = 0;
    while !stop.is_cancelled() {
        changed.mark_unchanged();
        let outcome = tokio::select! {
            outcome = teller.step() => outcome,
            // What was under way is made again at the next start.
            () = stop.cancelled() => return,
        };
        let pause = match outcome {
            Ok(true) => {
                failures = 0;
                board.works(channel.name(), Side::Staff);
                continue;
            }
            Ok(false) => {
                failures = 0;
                board.works(channel.name(), Side::Staff);
                tokio::select! {
                    () = woken(&mut changed) => {}
                    () = sleep(LOOK) => {}
                    () = stop.cancelled() => return,
                }
                continue;
            }
            Err(Fault::Platform(SendError::Limited { after, .. })) => after.unwrap_or(Duration::from_secs(3)),
            Err(Fault::Platform(error)) => {
                failures += 1;
                if failures >= FAILURES || !may_pass(&error) {
                    board.trouble(channel.name(), Side::Staff, error.to_string());
                }
                wait_after(failures)
            }
            Err(Fault::Store(error)) => {
                failures += 1;
                board.trouble(channel.name(), Side::Staff, format!("the store: {error}"));
                wait_after(failures)
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// 1 s, doubled with each failure in a row.
fn wait_after(failures: u32) -> Duration {
    (Duration::from_secs(1) * 2_u32.pow(failures.saturating_sub(1).min(6))).min(LONGEST)
}

async fn woken(changed: &mut watch::Receiver<()>) {
    if changed.changed().await.is_err() {
        // The store is closed: the next look says so.
        sleep(LOOK).await;
    }
}

struct Teller<'a> {
    store: &'a Store,
    channel: &'a dyn Channel,
    staff: &'a dyn Staff,
    knowledge: &'a Knowledge,
    pace: Pace,
    zone: TimeZone,
    /// Whether the store knows the place.
    begun: bool,
}

impl Teller<'_> {
    /// Does what is next; `false`: nothing is. Who wrote in a thread is answered first, then threads are opened, then they hear what
    /// happened.
    async fn step(&mut self) -> Result<bool, Fault> {
        let name = self.channel.name();
        if !self.begun {
            self.store.staff_begin(name, self.staff.place()).await?;
            self.begun = true;
        }
        if let Some(unanswered) = self.store.staff_unanswered(name).await? {
            self.answer(&unanswered).await?;
            self.store.staff_answered(name, &unanswered.message_id).await?;
            return Ok(true);
        }
        if let Some(thread) = self.store.staff_erased(name).await? {
            self.erase(&thread).await?;
            return Ok(true);
        }
        if let Some(unopened) = self.store.staff_unopened(name).await? {
            self.open(&unopened).await?;
            return Ok(true);
        }
        if let Some(row) = self.store.staff_next(name).await? {
            self.tell(&row).await?;
            return Ok(true);
        }
        Ok(false)
    }

    async fn answer(&mut self, to: &Unanswered) -> Result<(), Fault> {
        let text = if let Some(text) = telling::answer(&to.outcome) {
            text
        } else {
            self.turn().await;
            match within(self.staff.approve(&to.thread, &to.message_id)).await {
                // Where the thread or the message is gone, so is the question.
                Ok(()) | Err(SendError::Gone(_)) => return Ok(()),
                // Signs may be switched off there.
                Err(SendError::Forbidden(_) | SendError::Malformed(_)) => "Done.".to_owned(),
                Err(error) => return Err(error.into()),
            }
        };
        for (piece, message) in self.pieces(text).into_iter().enumerate() {
            let tail = to.message_id.rsplit('/').next().unwrap_or_default();
            let post = Post {
                thread: to.thread.clone(),
                message,
                answers: Some(to.message_id.clone()),
                mark: format!("a{}-{piece}", &tail[tail.len().saturating_sub(16)..]),
            };
            match self.post(&post).await {
                // There is nowhere to say it.
                Err(Fault::Platform(SendError::Gone(_) | SendError::Forbidden(_))) => return Ok(()),
                outcome => outcome?,
            }
        }
        Ok(())
    }

    async fn open(&mut self, unopened: &Unopened) -> Result<(), Fault> {
        let (name, id) = (self.channel.name(), unopened.escalation);
        let record = match self.store.escalation(id).await {
            // Erased a moment ago, and its thread is forgotten with it.
            Err(StoreError::NoEscalation(_)) => return Ok(()),
            record => record?,
        };
        if record.resolved_at.is_some() && unopened.thread.is_none() {
            self.store.staff_lost(name, id).await?;
            return Ok(());
        }
        let thread = if let Some(thread) = &unopened.thread {
            thread.clone()
        } else {
            self.turn().await;
            let thread = within(self.staff.open(&telling::title(&record))).await?;
            self.store.staff_opened(name, id, &thread).await?;
            thread
        };
        // What happens from here on is told by its own row, even if the lines below show it already.
        let told = self.store.last_audited(id).await?;
        let lines = self.store.transcript(record.conversation).await?;
        let notes = self.store.notes(id).await?;
        let titles: Vec<&str> = record
            .intents
            .iter()
            .map(|intent| self.knowledge.title(intent, self.knowledge.default_language()))
            .collect();
        let text = telling::opening(&record, &titles, &notes, &lines, &self.zone);
        for (piece, message) in self.pieces(text).into_iter().enumerate().skip(unopened.posts) {
            let post = Post { thread: thread.clone(), message, answers: None, mark: format!("o{id}-{piece}") };
            if let Err(fault) = self.post(&post).await {
                // Tried again after a pause either way: threads must not be opened one after the other where nothing may be said.
                if let Fault::Platform(SendError::Gone(why)) = &fault {
                    self.lose(id, why).await?;
                }
                return Err(fault);
            }
            self.store.staff_opening_posted(name, id).await?;
        }
        self.store.staff_told(name, id, told).await?;
        Ok(())
    }

    async fn tell(&mut self, row: &StaffRow) -> Result<(), Fault> {
        let (name, id) = (self.channel.name(), row.escalation);
        let Some(thread) = row.thread.clone() else {
            if row.open {
                self.store.staff_want(name, id).await?;
            } else {
                // Nobody need see to it, or the customer is erased.
                self.store.staff_advance(name, row.audit).await?;
            }
            return Ok(());
        };
        if !row.known {
            let lines = match row.conversation {
                Some(conversation) => self.store.lines_of(row.audit, conversation).await?,
                None => Vec::new(),
            };
            let holder = self.store.escalation(id).await.ok().and_then(|record| record.claimed_by);
            let text = telling::happening(row, &lines, holder.as_deref(), &self.zone);
            let pieces = text.map(|text| self.pieces(text)).unwrap_or_default();
            for (piece, message) in pieces.into_iter().enumerate().skip(row.posts) {
                let mark = format!("r{}-{piece}", row.audit);
                let post = Post { thread: thread.clone(), message, answers: None, mark };
                if !self.post_or_lose(&post, id).await? {
                    return Ok(());
                }
                self.store.staff_posted(name, row.audit).await?;
            }
        }
        if row.kind == "resolve" {
            self.turn().await;
            match within(self.staff.close(&thread)).await {
                Err(error) if may_pass(&error) => return Err(error.into()),
                // It is closed already, or gone.
                Ok(()) | Err(_) => {}
            }
        }
        self.store.staff_advance(name, row.audit).await?;
        Ok(())
    }

    /// Deletes the thread of a customer who was erased.
    async fn erase(&mut self, thread: &str) -> Result<(), Fault> {
        self.turn().await;
        match within(self.staff.delete(thread)).await {
            Err(error) if may_pass(&error) => return Err(error.into()),
            Ok(()) | Err(SendError::Gone(_)) => {}
            Err(error) => warn!(
                channel = self.channel.name(), thread, %error,
                "a thread of the staff holds the words of a customer who was erased and could not be deleted: delete it by hand"
            ),
        }
        self.store.staff_deleted(self.channel.name(), thread).await?;
        Ok(())
    }

    /// Posts what happened, or notes down that the thread is not there any more. Closed for good by hand counts as that: one thread must not
    /// keep all others from being told.
    async fn post_or_lose(&mut self, post: &Post, id: EscalationId) -> Result<bool, Fault> {
        match self.post(post).await {
            Ok(()) => Ok(true),
            Err(Fault::Platform(SendError::Gone(why) | SendError::Forbidden(why))) => {
                self.lose(id, &why).await?;
                Ok(false)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn lose(&self, id: EscalationId, why: &str) -> Result<(), StoreError> {
        warn!(channel = self.channel.name(), escalation = %id, why, "a thread of the staff is gone; it is opened anew if need be");
        self.store.staff_lost(self.channel.name(), id).await
    }

    async fn post(&mut self, post: &Post) -> Result<(), Fault> {
        self.turn().await;
        match within(self.staff.post(post)).await {
            // A fault of ours must not keep all that follows from being told.
            Err(SendError::Malformed(why)) => {
                warn!(channel = self.channel.name(), why, "a post to the staff was not understood and is left out");
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    /// Waits until the platform takes something there.
    async fn turn(&mut self) {
        while let Err(wait) = self.pace.take(Some((self.staff.place(), self.staff.rate())), true, Instant::now()) {
            sleep(wait).await;
        }
    }

    fn pieces(&self, text: String) -> Vec<Outgoing> {
        let outgoing =
            Outgoing { text, short: None, choices: Vec::new(), author: Author::Bot, language: Language::ENGLISH };
        self.channel.pieces(self.staff.place(), &outgoing)
    }
}

/// Whether it may go well later without a person's doing.
fn may_pass(error: &SendError) -> bool {
    matches!(
        error,
        SendError::Limited { .. } | SendError::Unreachable(_) | SendError::Uncertain(_) | SendError::Unauthorized(_)
    )
}

async fn within<T>(call: impl Future<Output = Result<T, SendError>>) -> Result<T, SendError> {
    let late = || SendError::Uncertain(format!("no answer within {} s", TIMEOUT.as_secs()));
    tokio::time::timeout(TIMEOUT, call).await.unwrap_or_else(|_| Err(late()))
}
