//! Inbox to responder to outbox: each conversation whose customer has gone quiet gets its turn, in one transaction.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use futures::FutureExt as _;
use jiff::Timestamp;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{heed::Heed, overload::Overload, together::Together};
use crate::{
    conversation::{Conversation, EscalationId, Turn},
    desk::waiting::Outlook,
    message::{ConversationId, Incoming, MessageId},
    policy::{KEPT_FOR_DANGER, Policy},
    reading::Reading,
    responder::Responder,
    store::{Store, StoreError},
};

/// Turns under way at once. More than the cores, because a turn mostly waits for its commit, and commits are shared.
const CONCURRENT: usize = 128;

/// Further places, for messages with a sign of danger alone.
const KEPT: usize = CONCURRENT / KEPT_FOR_DANGER;

/// Looks at the inbox at most this often, so that a flood of arrivals costs one query each 10 ms and not one each.
const MIN_PAUSE: Duration = Duration::from_millis(10);

/// Looks at the inbox at least this often, for turns that another process or an error left behind.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// How long a conversation rests whose turn failed for another reason, so that one that cannot be read does not fill the log.
const REST: Duration = Duration::from_secs(5);

/// How often a turn is taken again when the conversation changed under it (a further message, an agent's reply).
const RETRIES: usize = 5;

/// Runs until `stop`, then takes the turns that are still pending without waiting for quiet, and returns when none is left. Tells
/// `overloaded` when n-grams alone decide because too many wait.
pub async fn run(
    store: Store,
    responder: watch::Receiver<Arc<Responder>>,
    outlook: watch::Receiver<Outlook>,
    policy: Policy,
    overloaded: watch::Sender<bool>,
    stop: CancellationToken,
) {
    let together = Together::start(overloaded.subscribe());
    let mut heed = Heed::new(responder, outlook);
    let mut overload = Overload::default();
    let mut under_way = JoinSet::new();
    let mut busy: HashSet<ConversationId> = HashSet::new();
    let mut resting: HashMap<ConversationId, Instant> = HashMap::new();
    loop {
        let started = Instant::now();
        let stopping = stop.is_cancelled();
        let (quiet, patience) =
            if stopping { (Duration::ZERO, Duration::ZERO) } else { (policy.quiet(), policy.patience()) };
        let due = match store.due(Timestamp::now(), quiet, patience).await {
            Ok(due) => due,
            Err(error) => {
                error!(%error, "cannot look into the inbox; trying again");
                sleep(MAX_PAUSE).await;
                continue;
            }
        };
        let responder = heed.responder();
        let mut waiting = false;
        resting.retain(|_, until| *until > started);
        let urgent = due.urgent.into_iter().map(|id| (id, true));
        for (id, urgent) in urgent.chain(due.ready.into_iter().map(|id| (id, false))) {
            if resting.contains_key(&id) {
                continue;
            }
            if busy.len() >= if urgent { CONCURRENT + KEPT } else { CONCURRENT } {
                waiting = true;
                break;
            }
            if busy.insert(id) {
                let (store, responder) = (store.clone(), Arc::clone(&responder));
                let together = together.clone();
                under_way.spawn(async move {
                    let turn = AssertUnwindSafe(take(&store, responder, &together, id, urgent)).catch_unwind();
                    (id, turn.await.unwrap_or_else(|_| Err(anyhow::anyhow!("the turn broke off"))))
                });
            }
        }
        tell(&overloaded, overload.look(started.into_std(), waiting) && responder.can_hurry());
        if stopping && under_way.is_empty() {
            return;
        }

        let until_next = due.next.map_or(MAX_PAUSE, |at| {
            Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default().min(MAX_PAUSE)
        });
        tokio::select! {
            Some(done) = under_way.join_next() => settle(done, &mut busy, &mut resting, &mut heed),
            () = store.inbox_changed().notified(), if !waiting => {}
            () = sleep(until_next), if !waiting => {}
            () = stop.cancelled(), if !stopping => {}
        }
        while let Some(done) = under_way.try_join_next() {
            settle(done, &mut busy, &mut resting, &mut heed);
        }
        if !stop.is_cancelled() {
            sleep(MIN_PAUSE.saturating_sub(started.elapsed())).await;
        }
    }
}

/// Says when overload begins and when it ends.
fn tell(overloaded: &watch::Sender<bool>, now: bool) {
    metrics::gauge!("evenkeel_overloaded").set(f64::from(u8::from(now)));
    if *overloaded.borrow() == now {
        return;
    }
    if now {
        warn!("more messages than can be read with the sentence model: n-grams alone decide until no turn waits");
    } else {
        info!("no turn waits any more: the sentence model decides again");
    }
    overloaded.send_replace(now);
}

/// A turn that ended, and how probable the best intent was where it was read with the sentence model.
type Done = Result<(ConversationId, anyhow::Result<Option<f64>>), tokio::task::JoinError>;

fn settle(
    done: Done,
    busy: &mut HashSet<ConversationId>,
    resting: &mut HashMap<ConversationId, Instant>,
    heed: &mut Heed,
) {
    match done {
        Ok((id, result)) => {
            busy.remove(&id);
            match result {
                Ok(Some(probability)) => heed.note(probability),
                Ok(None) => {}
                Err(error) => {
                    resting.insert(id, Instant::now() + REST);
                    error!(conversation = %id, error = format!("{error:#}"), "a turn was not recorded; it will be taken again");
                }
            }
        }
        // Panics are caught above, and nothing cancels a turn but the end of the runtime.
        Err(error) => error!(%error, "a turn was cancelled"),
    }
}

/// Takes one conversation's turn: its texts read together with those of others, or in a hurry. Gives how probable the best intent was
/// where it was read with all that is there.
async fn take(
    store: &Store,
    responder: Arc<Responder>,
    together: &Together,
    id: ConversationId,
    urgent: bool,
) -> anyhow::Result<Option<f64>> {
    for _ in 0..RETRIES {
        let Some((conversation, pending)) = store.pending(id).await.context("reading the inbox")? else {
            return Ok(None);
        };
        let messages: Vec<MessageId> = pending.iter().map(|pending| pending.id).collect();
        let Some(since) = pending.first().map(|pending| pending.incoming.received_at) else { return Ok(None) };
        let burst: Vec<Incoming> = pending.into_iter().map(|pending| pending.incoming).collect();
        // Danger waits for no others: it is read by itself.
        let hurry = responder.can_hurry() && !urgent && !together.foresee(&responder, &burst).await;
        let now = Timestamp::now();
        let (conversation, turn) = respond(&responder, hurry, conversation, burst, now).await?;
        let version = &responder.knowledge().version;
        match store.record_turn(&conversation, &messages, &turn, version, Timestamp::now()).await {
            Ok(escalation) => {
                report(&conversation, &turn, escalation, since, hurry);
                let best = turn.readings.first().and_then(Reading::best);
                return Ok(best.filter(|_| !hurry).map(|best| best.probability));
            }
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error).context("recording the turn"),
        }
    }
    anyhow::bail!("the conversation changed {RETRIES} times while its turn was taken")
}

/// The responder's turn, off the event loop. A message that breaks the responder goes to a person: it must not come back for ever.
async fn respond(
    responder: &Arc<Responder>,
    hurry: bool,
    conversation: Conversation,
    burst: Vec<Incoming>,
    now: Timestamp,
) -> anyhow::Result<(Conversation, Turn)> {
    let spare = conversation.clone();
    let reader = Arc::clone(responder);
    let turn = tokio::task::spawn_blocking(move || {
        let turn = if hurry {
            reader.respond_quickly(&conversation, &burst, now)
        } else {
            reader.respond(&conversation, &burst, now)
        };
        (conversation, turn)
    });
    match turn.await {
        Ok(turn) => Ok(turn),
        Err(error) if error.is_panic() => {
            warn!(conversation = %spare.id, "a message could not be read; a person takes over");
            let turn = responder.give_to_person(&spare, now);
            Ok((spare, turn))
        }
        Err(error) => Err(error).context("the turn was cancelled"),
    }
}

/// One line and the numbers of each decision; never the customer's words.
fn report(
    conversation: &Conversation,
    turn: &Turn,
    escalation: Option<EscalationId>,
    since: Timestamp,
    in_haste: bool,
) {
    use crate::conversation::Decision;
    let waited = Duration::try_from(Timestamp::now().duration_since(since)).unwrap_or_default();
    let reason = match turn.decision {
        Decision::Escalate(reason) => reason.as_str(),
        _ => "",
    };
    let whole = turn.readings.first();
    let best = whole.and_then(|reading| reading.best());
    let intents = match &turn.decision {
        Decision::Answer(intents) | Decision::Clarify(intents) => intents.join(","),
        _ => best.map(|best| best.intent.clone()).unwrap_or_default(),
    };
    info!(
        conversation = %conversation.id,
        channel = %conversation.channel,
        decision = turn.decision.as_str(),
        reason,
        intents,
        probability = best.map_or(0.0, |best| (best.probability * 1000.0).round() / 1000.0),
        mood = whole.map_or("", |reading| reading.mood.as_str()),
        language = turn.memory.language.map(tracing::field::display),
        escalation = escalation.map(tracing::field::display),
        waited_ms = waited.as_millis() as u64,
        "turn"
    );
    metrics::counter!("evenkeel_turns_total", "channel" => conversation.channel.clone(), "decision" => turn.decision.as_str(), "reason" => reason)
        .increment(1);
    if in_haste {
        metrics::counter!("evenkeel_turns_in_haste_total").increment(1);
    }
    metrics::histogram!("evenkeel_turn_seconds", "channel" => conversation.channel.clone())
        .record(waited.as_secs_f64());
}
