//! Takes in what customers write: asks for updates, and does what each one means. The store has a batch before Telegram is told so.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;
use teloxide::{
    payloads::{DeleteWebhook, GetMe, GetWebhookInfo},
    types::MessageId,
};
use tokio::{
    sync::{Semaphore, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    client::{CallError, Client, PATIENCE},
    failures, menu,
    place::{self, Place},
    requests::{self, GetUpdates},
    updates::{self, Bot, Happening, Tap},
    wire::{User, WebhookInfo},
};
use crate::{
    channels::{Door, backoff::wait_after},
    store::{Silence, StoreError},
};

/// How long Telegram holds a request for updates open while nothing happens.
const POLL: Duration = Duration::from_secs(10);

/// The shortest time between two requests that brought nothing new: Telegram waits by itself, other servers may not.
const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// Small requests at once, such as typing signs: they must not take the place of messages.
const ERRANDS: usize = 8;

/// After a week without an update Telegram counts from a new number, perhaps a lower one. Well before that we no longer say where we
/// stopped: all of it was acknowledged long ago.
const FORGET_OFFSET: Duration = Duration::from_hours(24);

/// What listening needs, in either mode.
pub(super) struct Listening {
    pub client: Client,
    /// The staff's forum.
    staff_chat: Option<i64>,
    /// Who we are; unknown until Telegram told us.
    bot: watch::Sender<Option<Bot>>,
    errands: Semaphore,
}

/// Why listening was interrupted.
enum Interruption {
    Call(CallError),
    Store(StoreError),
}

impl From<CallError> for Interruption {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Interruption {
    /// In words for the operator, and how long to wait if that is known.
    fn told(&self) -> (String, Option<Duration>) {
        match self {
            Self::Call(error) => failures::receiving(error),
            Self::Store(error) => (format!("messages cannot be stored: {error}"), None),
        }
    }
}

impl Listening {
    pub(super) fn new(client: Client, staff_chat: Option<i64>) -> Self {
        Self { client, staff_chat, bot: watch::Sender::new(None), errands: Semaphore::new(ERRANDS) }
    }

    /// Who we are, once it is known.
    pub(super) fn bot(&self) -> Option<Bot> {
        self.bot.borrow().clone()
    }

    /// Asks Telegram who we are: proves the token, and our name can have changed.
    pub(super) async fn introduce(&self) -> Result<Bot, CallError> {
        let me: User = self.client.call(&GetMe::new(), PATIENCE).await?;
        let bot =
            Bot { id: me.id, username: me.username.unwrap_or_default(), for_business: me.can_connect_to_business };
        self.bot.send_replace(Some(bot.clone()));
        Ok(bot)
    }

    /// How Telegram calls us.
    pub(super) async fn webhook(&self) -> Result<WebhookInfo, CallError> {
        self.client.call(&GetWebhookInfo::new(), PATIENCE).await
    }

    /// Polls until `stop`.
    pub(super) async fn poll(self: &Arc<Self>, door: &Door, stop: &CancellationToken) {
        let mut failures = 0;
        while !stop.is_cancelled() {
            let Err(interruption) = self.poll_until_failure(door, stop, &mut failures).await else { return };
            let (why, wait) = interruption.told();
            door.trouble(why);
            failures += 1;
            let backed_off = wait_after(failures);
            tokio::select! {
                () = sleep(wait.map_or(backed_off, |wait| wait.max(backed_off))) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn poll_until_failure(
        self: &Arc<Self>,
        door: &Door,
        stop: &CancellationToken,
        failures: &mut u32,
    ) -> Result<(), Interruption> {
        let session = async {
            let bot = self.introduce().await?;
            // While Telegram calls somebody, it does not let us ask. What waits there is kept.
            if !self.webhook().await?.url.is_empty() {
                let mut forget = DeleteWebhook::new();
                forget.drop_pending_updates = Some(false);
                self.client.call::<_, Value>(&forget, PATIENCE).await?;
            }
            self.offer_menu();
            Ok::<_, CallError>(bot)
        };
        let Some(bot) = unless(stop, session).await.transpose()? else { return Ok(()) };
        let (mut offset, mut last_update) = (None, Instant::now());
        loop {
            if last_update.elapsed() > FORGET_OFFSET {
                offset = None;
            }
            let ask = GetUpdates { offset, timeout: POLL.as_secs(), allowed_updates: updates::KINDS };
            let asked_at = Instant::now();
            let asked = self.client.call::<_, Vec<Value>>(&ask, POLL + PATIENCE);
            let Some(batch) = unless(stop, asked).await.transpose()? else { return Ok(()) };
            for update in &batch {
                self.take(update, &bot, door).await.map_err(Interruption::Store)?;
            }
            door.works();
            *failures = 0;
            // The next request acknowledges the batch: by now the store has all of it.
            let next = batch.iter().filter_map(updates::update_id).max().map(|highest| highest.saturating_add(1));
            if let Some(next) = next.filter(|next| offset.is_none_or(|offset| offset < *next)) {
                offset = Some(next);
                last_update = Instant::now();
            } else if unless(stop, sleep(SHORTEST_POLL.saturating_sub(asked_at.elapsed()))).await.is_none() {
                // Nothing new, and a server that does not wait is asked no more often than this.
                return Ok(());
            }
        }
    }

    /// Does what an update means. `Ok`: it may be acknowledged, whether or not it could be read.
    pub(super) async fn take(self: &Arc<Self>, update: &Value, bot: &Bot, door: &Door) -> Result<(), StoreError> {
        let happening = match updates::read(update, bot, self.staff_chat, Timestamp::now()) {
            Ok(happening) => happening,
            Err(unreadable) => {
                warn!(update = updates::update_id(update), "{unreadable}; it is left out");
                return Ok(());
            }
        };
        match happening {
            Happening::Said { incoming, place, tap } => {
                let message = requests::number(&incoming.message_id);
                let received = door.receive(incoming).await?;
                if let Some(tap) = tap {
                    self.answer(tap);
                }
                if received.stopped {
                    self.show_stopped(place, message);
                } else if received.new {
                    self.show_typing(place);
                }
            }
            Happening::EmptyTap(tap) => self.answer(tap),
            Happening::Moved { from, to } => door.moved(&place::shared(from), &place::shared(to)).await?,
            Happening::Staff(message) => door.staff(message).await?,
            Happening::Blocked { place, at } => {
                let (place, note) = (place.to_string(), format!("silenced {place}"));
                // Delivered a second time it must not undo that the customer wrote again meanwhile.
                if door.note(&note).await?.and_then(|seen| read_moment(&seen)).is_none_or(|seen| seen < at) {
                    door.silence(&place, Silence::Blocked).await?;
                    door.write_note(&note, &format!("{} {}", at.0, at.1)).await?;
                }
            }
            Happening::Nothing(why) => debug!(kind = updates::kind(update), "an update is left out: {why}"),
        }
        Ok(())
    }

    /// Makes the menu of commands, unless there is one.
    pub(super) fn offer_menu(self: &Arc<Self>) {
        let listening = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(_permit) = listening.errands.acquire().await else { return };
            let made = async {
                let known: Vec<Value> = listening.client.call(&menu::look(), PATIENCE).await?;
                if known.is_empty() {
                    for request in menu::requests() {
                        listening.client.call::<_, Value>(&request, PATIENCE).await?;
                    }
                }
                Ok::<_, CallError>(())
            };
            if let Err(error) = made.await {
                debug!(?error, "the menu of commands was not made");
            }
        });
    }

    /// Shows that an answer is under way. When many write at once, most do without: messages come first.
    pub(super) fn show_typing(self: &Arc<Self>, place: Place) {
        let listening = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(_permit) = listening.errands.try_acquire() else { return };
            if let Err(error) = listening.client.call::<_, Value>(&requests::typing(&place), PATIENCE).await {
                debug!(?error, "the typing sign was not shown");
            }
        });
    }

    /// Shows who asked us to stop that it is done, without a word. In a group it is between others.
    fn show_stopped(self: &Arc<Self>, place: Place, message: Option<MessageId>) {
        let Some(message) = message.filter(|_| !place.public()) else { return };
        let listening = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(_permit) = listening.errands.acquire().await else { return };
            if let Err(error) = listening.client.call::<_, Value>(&requests::done(place.chat, message), PATIENCE).await
            {
                debug!(?error, "that we stop was not shown");
            }
        });
    }

    /// Ends the waiting sign on the button and takes the buttons away, so that they are not tapped twice.
    fn answer(self: &Arc<Self>, tap: Tap) {
        let listening = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(_permit) = listening.errands.acquire().await else { return };
            if let Err(error) = listening.client.call::<_, Value>(&requests::answer(&tap.query), PATIENCE).await {
                debug!(?error, "a tap was not answered");
            }
            if let Some(request) = tap.used_up.and_then(requests::without_buttons)
                && let Err(error) = listening.client.call::<_, Value>(&request, PATIENCE).await
            {
                debug!(?error, "buttons were not taken away");
            }
        });
    }
}

/// What `future` gives, or `None` if `stop` comes first.
pub(super) async fn unless<T>(stop: &CancellationToken, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        () = stop.cancelled() => None,
        output = future => Some(output),
    }
}

fn read_moment(text: &str) -> Option<(i64, i64)> {
    let (date, update) = text.split_once(' ')?;
    Some((date.parse().ok()?, update.parse().ok()?))
}
