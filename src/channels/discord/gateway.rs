//! The connection through which Discord tells us what happens. serenity keeps it: it sends the heartbeat, resumes, and begins a new session
//! where it must. What it would do without end or in silence is done here: a wrong token, sessions that never come to be, and the limit of
//! sessions in a day.

use std::{
    sync::Arc,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use serenity::{
    all::{Client, ClientBuilder, Context, Event, GatewayIntents, RawEventHandler, Route},
    async_trait,
    gateway::{ConnectionStage, GatewayError},
};
use tokio::{
    sync::mpsc::UnboundedSender,
    time::{interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{api::Api, failures::Failure, limits};
use crate::channels::{Door, backoff::wait_after};

/// Messages in servers and in direct chats, and the servers themselves; nothing that Discord must approve.
const INTENTS: GatewayIntents =
    GatewayIntents::GUILDS.union(GatewayIntents::GUILD_MESSAGES).union(GatewayIntents::DIRECT_MESSAGES);

/// With what the staff write in threads of their own.
const WITH_WORDS: GatewayIntents = INTENTS.union(GatewayIntents::MESSAGE_CONTENT);

/// What the operator reads while Discord hides those words.
const HIDDEN: &str = "Discord hides what the staff write: switch on Message Content Intent for the bot (developer portal, page Bot) and restart, or remove \
                      discord.staff_channel. Customers are answered";

/// A connection that is not there for so long is told.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the operator reads when the token is wrong.
const WRONG_TOKEN: &str =
    "Discord does not accept the token: put the bot's current token into EVENKEEL_DISCORD_TOKEN and restart";

/// After a mistake that only a person can mend.
const MISTAKE: Duration = Duration::from_mins(1);

/// How long a connection may take to be closed when the service stops.
const CLOSE: Duration = Duration::from_millis(1_800);

/// serenity takes 5 s to give a connection up that does not answer any more.
const GIVE_UP: Duration = Duration::from_secs(8);

/// Why a connection ended, and how long to wait before the next.
struct Ended {
    why: String,
    /// `None`: a little longer each time.
    wait: Option<Duration>,
    /// Whether Discord does not allow what we asked to be told.
    intents: bool,
}

impl Ended {
    fn new(why: impl Into<String>, wait: Option<Duration>) -> Self {
        Self { why: why.into(), wait, intents: false }
    }
}

/// Keeps a connection until `stop`. `staff`: the words of the staff are wanted too; where Discord does not allow that, customers are
/// answered all the same.
pub(super) async fn run(
    api: &Api,
    staff: bool,
    door: &Door,
    events: &UnboundedSender<Event>,
    stop: &CancellationToken,
) {
    let mut sessions = Sessions::new(Instant::now());
    let mut failed = 0;
    let mut words = staff;
    while !stop.is_cancelled() {
        let began = Instant::now();
        let ended = match connect(api, if words { WITH_WORDS } else { INTENTS }, events).await {
            Ok((client, ready)) => watch(client, &ready, &mut sessions, door, staff && !words, stop).await,
            Err(ended) => Some(ended),
        };
        let Some(Ended { why, wait, intents }) = ended else { return };
        if intents && words {
            words = false;
            door.trouble(HIDDEN);
            continue;
        }
        door.trouble(why);
        failed = if began.elapsed() > Duration::from_mins(5) { 1 } else { failed + 1 };
        let wait = wait.unwrap_or_else(|| wait_after(failed)).max(sessions.wait(Instant::now()));
        tokio::select! {
            () = sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Passes events on; a task of serenity's calls it for each.
struct Ear {
    events: UnboundedSender<Event>,
    /// Sessions that came to be.
    ready: Arc<AtomicU32>,
}

#[async_trait]
impl RawEventHandler for Ear {
    async fn raw_event(&self, _: Context, event: Event) {
        if let Event::Ready(_) = event {
            self.ready.fetch_add(1, Ordering::Relaxed);
        }
        // Closed only while the service stops; what comes then is fetched at the next start.
        let _ = self.events.send(event);
    }
}

/// Asks where the gateway is, which tries the token without spending a session, and makes serenity's client for it.
async fn connect(
    api: &Api,
    intents: GatewayIntents,
    events: &UnboundedSender<Event>,
) -> Result<(Client, Arc<AtomicU32>), Ended> {
    let url = gateway(api).await?;
    let ready = Arc::new(AtomicU32::new(0));
    let ear = Ear { events: events.clone(), ready: Arc::clone(&ready) };
    let client = ClientBuilder::new_with_http(api.serenity(), intents).raw_event_handler(ear).await;
    let client = client.map_err(|error| Ended::new(format!("the connection cannot be made: {error}"), None))?;
    // Where serenity cannot learn the address, it silently takes Discord's own.
    *client.ws_url.lock().await = url;
    Ok((client, ready))
}

/// The gateway's address, if another session may be begun.
async fn gateway(api: &Api) -> Result<String, Ended> {
    let answer = match api.get(Route::GatewayBot).await {
        // Not every server that speaks the protocol knows it.
        Err(failure) if failure.status() == Some(404) => api.get(Route::Gateway).await,
        answer => answer,
    };
    let answer = answer.map_err(|failure| refused(&failure))?.body;
    let limit = &answer["session_start_limit"];
    if limit["remaining"].as_u64().is_some_and(|left| left < limits::SESSIONS_KEPT) {
        let wait = Duration::from_millis(limit["reset_after"].as_u64().unwrap_or(3_600_000));
        let minutes = wait.as_secs() / 60 + 1;
        let why = format!("Discord allows hardly any more connections today; the next in {minutes} min");
        return Err(Ended::new(why, Some(wait)));
    }
    let url = answer["url"].as_str().map(|url| url.trim_end_matches('/').to_owned());
    url.ok_or_else(|| Ended::new("the gateway's address is not told; is discord.api_url right?", None))
}

fn refused(failure: &Failure) -> Ended {
    if failure.status() == Some(401) {
        return Ended::new(WRONG_TOKEN, Some(MISTAKE));
    }
    Ended::new(format!("Discord cannot be reached: {failure}"), failure.retry_after())
}

/// Lets serenity work until `stop` (then `None`) or until it must be begun anew.
async fn watch(
    mut client: Client,
    ready: &AtomicU32,
    sessions: &mut Sessions,
    door: &Door,
    hidden: bool,
    stop: &CancellationToken,
) -> Option<Ended> {
    let manager = Arc::clone(&client.shard_manager);
    let mut looks = interval(Duration::from_secs(1));
    let mut watched = Watched::default();
    let ended = {
        let start = client.start();
        tokio::pin!(start);
        loop {
            tokio::select! {
                outcome = &mut start => break Some(over(&outcome)),
                () = stop.cancelled() => break None,
                _ = looks.tick() => {
                    let stage = manager.runners.lock().await.values().next().map(|runner| runner.stage);
                    let now = Instant::now();
                    sessions.begun(watched.look(stage, ready.load(Ordering::Relaxed), now), now);
                    if hidden && stage == Some(ConnectionStage::Connected) {
                        door.trouble(HIDDEN);
                    }
                    if watched.absent(now) > PATIENCE {
                        door.trouble("the connection to Discord's gateway is lost; it is tried again");
                    }
                    if sessions.wait(now) > Duration::ZERO {
                        let why = "Discord ends each session soon after it began; tried again in some minutes";
                        break Some(Ended::new(why, None));
                    }
                }
            }
        }
    };
    let limit = if ended.is_some() { GIVE_UP } else { CLOSE };
    let _ = timeout(limit, manager.shutdown_all()).await;
    ended
}

fn over(outcome: &Result<(), serenity::Error>) -> Ended {
    match outcome {
        Err(serenity::Error::Gateway(GatewayError::InvalidAuthentication)) => Ended::new(WRONG_TOKEN, Some(MISTAKE)),
        Err(serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents | GatewayError::InvalidGatewayIntents)) => {
            let why = "Discord does not allow this bot the intents for messages: see its page in the developer portal";
            Ended { intents: true, ..Ended::new(why, Some(MISTAKE)) }
        }
        _ => Ended::new("the connection to Discord ended", None),
    }
}

/// What can be seen of serenity's work from outside.
#[derive(Default)]
struct Watched {
    stage: Option<ConnectionStage>,
    ready: u32,
    absent_since: Option<Instant>,
}

impl Watched {
    /// Sessions that were begun since the last look: those that came to be, and those of which only the attempt was seen. A connection
    /// counts as disconnected from its making until its session is there.
    fn look(&mut self, stage: Option<ConnectionStage>, ready: u32, now: Instant) -> u32 {
        let came_to_be = ready.saturating_sub(self.ready);
        let attempt = stage == Some(ConnectionStage::Disconnected) && self.stage != stage;
        let there = stage == Some(ConnectionStage::Connected);
        (self.stage, self.ready) = (stage, ready);
        self.absent_since = if there { None } else { self.absent_since.or(Some(now)) };
        came_to_be.max(u32::from(attempt))
    }

    fn absent(&self, now: Instant) -> Duration {
        self.absent_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

/// Counts sessions, so that a mishap which repeats itself does not use up those of a whole day.
struct Sessions {
    left: f64,
    at: Instant,
}

impl Sessions {
    fn new(now: Instant) -> Self {
        Self { left: f64::from(limits::SESSIONS.burst), at: now }
    }

    fn begun(&mut self, count: u32, now: Instant) {
        self.refill(now);
        self.left -= f64::from(count);
    }

    /// How long no further session may be begun.
    fn wait(&mut self, now: Instant) -> Duration {
        self.refill(now);
        limits::SESSIONS.every.mul_f64((1.0 - self.left).max(0.0))
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64() / limits::SESSIONS.every.as_secs_f64();
        self.left = (self.left + passed).min(f64::from(limits::SESSIONS.burst));
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_last_for_a_day_however_often_they_end() {
        let start = Instant::now();
        let mut sessions = Sessions::new(start);
        let day = start + Duration::from_hours(24);
        let (mut now, mut begun) = (start, 0);
        while now < day {
            now += sessions.wait(now) + Duration::from_secs(6);
            sessions.begun(1, now);
            begun += 1;
        }
        assert!((400..600).contains(&begun), "{begun}");
    }

    #[test]
    fn attempts_and_sessions_are_seen() {
        use ConnectionStage::{Connected, Disconnected, Identifying};
        let now = Instant::now();
        let mut watched = Watched::default();
        let begun: Vec<_> = [
            (None, 0),
            (Some(Disconnected), 0),
            (Some(Disconnected), 0),
            (Some(Connected), 1),
            (Some(Connected), 1),
            // Invalidated, begun anew and there again between two looks.
            (Some(Connected), 2),
            // Invalidated before it came to be, and again.
            (Some(Identifying), 2),
            (Some(Disconnected), 2),
            (Some(Identifying), 2),
            (None, 2),
            (Some(Disconnected), 2),
        ]
        .into_iter()
        .map(|(stage, ready)| watched.look(stage, ready, now))
        .collect();
        assert_eq!(begun, [0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1]);
        assert_eq!(watched.absent(now + PATIENCE), PATIENCE);
        watched.look(Some(Connected), 3, now);
        assert_eq!(watched.absent(now + PATIENCE), Duration::ZERO);
    }
}
