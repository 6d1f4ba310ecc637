//! From what Discord tells to the store: in order within a channel, stored first and acknowledged then.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures::{
    future::{BoxFuture, FutureExt as _, pending},
    stream::{FuturesUnordered, StreamExt as _},
};
use jiff::Timestamp;
use serenity::all::{ApplicationId, ChannelId, Event, Route, UserId};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{
    api::Api,
    catch_up,
    interactions::Thinking,
    limits,
    places::Place,
    progress::Progress,
    requests,
    staff::Room,
    updates::{self, Acknowledge, Happening, How},
};
use crate::{
    channels::Door,
    message::{Incoming, StaffMessage},
    store::{Received, StoreError},
};

/// serenity hands events over by a task for each, so that neighbours may overtake each other: those of this span are put back in order.
const GATHER: Duration = Duration::from_millis(15);

/// How often we write down how far we are. What is written is what was reached one span before, so that an event which overtook
/// others never counts for them.
const WRITE_DOWN: Duration = Duration::from_secs(3);

/// Where that stands.
const COMPLETE: &str = "complete";

/// What may be stored after the gateway was closed.
const LAST: Duration = Duration::from_millis(500);

/// Brings events to the store. Cheap to clone.
#[derive(Clone)]
pub(super) struct Intake {
    api: Api,
    thinking: Arc<Thinking>,
    room: Option<Arc<Room>>,
    door: Door,
}

/// What is to be done with an event.
enum Work {
    Do(Box<Happening>),
    /// A message in a server: first it must be known whether it is the staff's.
    Place(Box<Event>, UserId),
}

/// What must be done one after the other: a channel's messages; an interaction stands for itself, since it may not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Lane {
    Channel(ChannelId),
    Interaction(u64),
}

/// Everything of one run.
struct Run {
    intake: Intake,
    me: Option<UserId>,
    /// What was told before we knew who we are.
    early: Vec<Event>,
    lanes: HashMap<Lane, VecDeque<(Option<u64>, Work)>>,
    under_way: FuturesUnordered<BoxFuture<'static, (Lane, Option<u64>)>>,
    progress: Progress,
    /// What was reached one span ago, and what is written down.
    reached: Option<u64>,
    written: Option<u64>,
    catching_up: Option<BoxFuture<'static, ()>>,
    command_known: bool,
}

impl Intake {
    pub(super) fn new(api: Api, thinking: Arc<Thinking>, room: Option<Arc<Room>>, door: Door) -> Self {
        Self { api, thinking, room, door }
    }

    /// Runs until `closed`; then stores what was received.
    pub(super) async fn run(self, mut events: UnboundedReceiver<Event>, closed: &CancellationToken) {
        let written = self.complete().await;
        let mut run = Run {
            intake: self,
            me: None,
            early: Vec::new(),
            lanes: HashMap::new(),
            under_way: FuturesUnordered::new(),
            progress: Progress::default(),
            reached: written,
            written,
            catching_up: None,
            command_known: false,
        };
        let mut ticks = interval(WRITE_DOWN);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(event) = events.recv() => {
                    sleep(GATHER).await;
                    run.take(gathered(event, &mut events));
                }
                Some((lane, message)) = run.under_way.next() => run.done(lane, message),
                () = over(&mut run.catching_up) => run.catching_up = None,
                _ = ticks.tick() => run.write_down().await,
                () = closed.cancelled() => break,
            }
        }
        events.close();
        while let Some(event) = events.recv().now_or_never().flatten() {
            run.take(gathered(event, &mut events));
        }
        let rest = async {
            while let Some((lane, message)) = run.under_way.next().await {
                run.done(lane, message);
            }
        };
        let _ = timeout(LAST, rest).await;
        let _ = timeout(LAST, run.write_down()).await;
    }

    /// How far the platform's messages were stored when that was written down last.
    async fn complete(&self) -> Option<u64> {
        self.insist(|| self.door.note(COMPLETE)).await?.parse().ok()
    }

    /// Does something in the store until it succeeds; the operator is told in the meantime.
    async fn insist<T, F: Future<Output = Result<T, StoreError>>>(&self, work: impl Fn() -> F) -> T {
        let mut wait = Duration::from_millis(50);
        let mut failed = false;
        loop {
            match work().await {
                Ok(done) => {
                    if failed {
                        self.door.works();
                    }
                    return done;
                }
                Err(error) => {
                    failed = true;
                    self.door.trouble(format!("what was received cannot be stored, it is tried again: {error}"));
                    sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(5));
                }
            }
        }
    }

    /// Stores a message, however long it takes.
    pub(super) async fn keep(&self, incoming: &Incoming) -> Received {
        self.insist(|| self.door.receive(incoming.clone())).await
    }

    /// The threads in which staff may have written while we were away.
    pub(super) async fn staff_threads(&self) -> Vec<String> {
        if self.room.is_none() { Vec::new() } else { self.insist(|| self.door.staff_threads()).await }
    }

    pub(super) fn door(&self) -> &Door {
        &self.door
    }

    /// Whether a channel of the server is the staff's: whoever writes there is no customer. Waits until that is known.
    pub(super) async fn is_staffs(&self, channel: ChannelId) -> bool {
        let Some(room) = &self.room else { return false };
        let mut wait = Duration::from_millis(500);
        let mut failed = false;
        loop {
            match room.holds(channel).await {
                Ok(held) => {
                    if failed {
                        self.door.works();
                    }
                    return held;
                }
                Err(failure) => {
                    failed = true;
                    self.door.trouble(format!("it is not known yet whether a channel is the staff's: {failure}"));
                    sleep(failure.retry_after().unwrap_or_default().max(wait)).await;
                    wait = (wait * 2).min(Duration::from_mins(1));
                }
            }
        }
    }

    /// Does what a message of the staff asks for, however long it takes.
    pub(super) async fn obey(&self, message: &StaffMessage) {
        self.insist(|| self.door.staff(message.clone())).await;
    }

    async fn work(self, work: Work) {
        let happening = match work {
            Work::Do(happening) => Some(*happening),
            Work::Place(event, me) => match updates::in_server(&event) {
                Some(channel) if self.is_staffs(channel).await => {
                    if let Some(message) = updates::staff(&event, me) {
                        self.obey(&message).await;
                    }
                    None
                }
                _ => updates::read(&event, me, Timestamp::now()),
            },
        };
        if let Some(happening) = happening {
            self.handle(happening).await;
        }
    }

    async fn handle(self, happening: Happening) {
        match happening {
            Happening::Said(incoming) => {
                let received = self.keep(&incoming).await;
                let channel = Place::parse(&incoming.place).and_then(Place::channel);
                if let Some(channel) = channel.filter(|_| received.new) {
                    self.api.typing(channel);
                }
            }
            Happening::Asked { incoming, acknowledge } => {
                if let How::Thinking { .. } = acknowledge.how {
                    self.thinking.begin(acknowledge.interaction);
                }
                let keeping = self.keep(&incoming);
                tokio::pin!(keeping);
                let kept = timeout(limits::ACKNOWLEDGE_AFTER, &mut keeping).await.is_ok();
                self.acknowledge(&acknowledge).await;
                if !kept {
                    keeping.await;
                }
            }
            Happening::Deleted(messages) => {
                for message in messages {
                    self.insist(|| self.door.retract(&message)).await;
                }
            }
        }
    }

    async fn acknowledge(&self, acknowledge: &Acknowledge) {
        let route = Route::InteractionResponse { interaction_id: acknowledge.interaction, token: &acknowledge.token };
        let outcome = self.api.post(route, &requests::acknowledgement(acknowledge.how)).await;
        if let Err(error) = &outcome {
            debug!(%error, "an interaction was not acknowledged");
        }
        if let How::Thinking { .. } = acknowledge.how {
            self.thinking.acknowledged(acknowledge.interaction, outcome.is_ok());
        }
    }
}

/// When catching up is over; never, where nothing is to be caught up.
async fn over(catching_up: &mut Option<BoxFuture<'static, ()>>) {
    match catching_up {
        Some(catching_up) => catching_up.await,
        None => pending().await,
    }
}

/// An event with those that came with it, in the order in which they happened.
fn gathered(first: Event, events: &mut UnboundedReceiver<Event>) -> Vec<Event> {
    let mut gathered = vec![first];
    while let Ok(event) = events.try_recv() {
        gathered.push(event);
    }
    gathered.sort_by_key(order);
    gathered
}

/// A session begins before its events; a message is written before it is edited or deleted.
fn order(event: &Event) -> (u8, u64) {
    match event {
        Event::Ready(_) => (0, 0),
        Event::Resumed(_) => (0, 1),
        Event::MessageCreate(event) => (1, event.message.id.get()),
        Event::InteractionCreate(event) => (1, event.interaction.id().get()),
        Event::MessageUpdate(event) => (2, event.edited_timestamp.map_or(0, updates::millis)),
        _ => (3, 0),
    }
}

impl Run {
    fn take(&mut self, mut events: Vec<Event>) {
        if self.me.is_none() {
            // On a busy machine the first messages may overtake the beginning of their session by far.
            events.append(&mut self.early);
            events.sort_by_key(order);
            if !matches!(events.first(), Some(Event::Ready(_))) {
                self.early = events;
                return;
            }
        }
        for event in events {
            match &event {
                Event::Ready(ready) => {
                    self.me = Some(ready.ready.user.id);
                    self.intake.door.works();
                    self.begin_session(ready.ready.user.id, ready.ready.application.id);
                    continue;
                }
                Event::Resumed(_) => {
                    self.intake.door.works();
                    continue;
                }
                _ => {}
            }
            let Some(me) = self.me else { continue };
            let (lane, message) = match &event {
                Event::MessageCreate(event) => (Lane::Channel(event.message.channel_id), Some(event.message.id.get())),
                Event::MessageUpdate(event) => (Lane::Channel(event.channel_id), None),
                Event::MessageDelete(event) => (Lane::Channel(event.channel_id), None),
                Event::MessageDeleteBulk(event) => (Lane::Channel(event.channel_id), None),
                Event::InteractionCreate(event) => (Lane::Interaction(event.interaction.id().get()), None),
                _ => continue,
            };
            if let Some(message) = message {
                self.progress.told(message);
            }
            let work = if self.intake.room.is_some() && updates::in_server(&event).is_some() {
                Some(Work::Place(Box::new(event), me))
            } else {
                updates::read(&event, me, Timestamp::now()).map(|happening| Work::Do(Box::new(happening)))
            };
            match work {
                Some(work) => self.enqueue(lane, message, work),
                None => {
                    if let Some(message) = message {
                        self.progress.stored(message);
                    }
                }
            }
        }
    }

    fn enqueue(&mut self, lane: Lane, message: Option<u64>, work: Work) {
        if let Some(waiting) = self.lanes.get_mut(&lane) {
            waiting.push_back((message, work));
        } else {
            self.lanes.insert(lane, VecDeque::new());
            self.begin(lane, message, work);
        }
    }

    fn begin(&self, lane: Lane, message: Option<u64>, work: Work) {
        let work = self.intake.clone().work(work);
        self.under_way.push(work.map(move |()| (lane, message)).boxed());
    }

    fn done(&mut self, lane: Lane, message: Option<u64>) {
        if let Some(message) = message {
            self.progress.stored(message);
        }
        match self.lanes.get_mut(&lane).and_then(VecDeque::pop_front) {
            Some((message, work)) => self.begin(lane, message, work),
            None => {
                self.lanes.remove(&lane);
            }
        }
    }

    /// Discord repeats nothing of what was written between two sessions: it is fetched.
    fn begin_session(&mut self, me: UserId, application: ApplicationId) {
        let catching_up = catch_up::run(self.intake.clone(), self.intake.api.clone(), me, self.written);
        self.catching_up = Some(catching_up.boxed());
        if !self.command_known {
            self.command_known = true;
            let api = self.intake.api.clone();
            tokio::spawn(async move {
                if let Err(error) = register(&api, application).await {
                    warn!("the command /ask was not registered with Discord: {error}; the rest works");
                }
            });
        }
    }

    /// Writes down how far we are, unless we still catch up: what is missing lies before.
    async fn write_down(&mut self) {
        if self.catching_up.is_some() {
            return;
        }
        let now = self.progress.complete().max(self.reached);
        let reached = std::mem::replace(&mut self.reached, now);
        if let Some(id) = reached.filter(|_| reached > self.written) {
            match self.intake.door.write_note(COMPLETE, &id.to_string()).await {
                Ok(()) => self.written = reached,
                Err(error) => debug!(%error, "how far Discord was read is not written down"),
            }
        }
    }
}

/// Makes `/ask` known to Discord, unless it is.
async fn register(api: &Api, application_id: ApplicationId) -> Result<(), super::failures::Failure> {
    let wanted = serde_json::to_value(requests::command()).unwrap_or_default();
    let known = api.get(Route::Commands { application_id }).await?.body;
    let same = |command: &serde_json::Value| {
        command["name"] == wanted["name"]
            && command["description"] == wanted["description"]
            && command["options"][0]["name"] == wanted["options"][0]["name"]
            && command["options"][0]["description"] == wanted["options"][0]["description"]
    };
    if known.as_array().is_some_and(|commands| commands.iter().any(same)) {
        return Ok(());
    }
    api.post(Route::Commands { application_id }, &wanted).await.map(drop)
}
