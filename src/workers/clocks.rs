//! Time passes at the desk: claims that leave a customer waiting go back, who still waits is told so before the time that was named, and
//! promises are reminded of and told of. What is due is decided in `desk/due.rs`; each act is one transaction, which does nothing if it was
//! done already.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    desk::{
        due::{self, Act, PromiseAct},
        settings::Settings,
        transitions::{self, Transition},
        waiting::Outlook,
    },
    knowledge::Knowledge,
    message::Outgoing,
    responder::Responder,
    store::{EscalationRecord, Handling, Looked, PromiseRecord, PromiseStep, Store, StoreError},
};

/// So many are taken at a time: what is urgent is not held up by a flood.
const BATCH: u32 = 100;

/// Looks at most this often, so that a flood of changes at the desk costs two small queries each half second and not one each.
const MIN_PAUSE: Duration = Duration::from_millis(500);

/// Looks at least this often, for times that a clock which was set has moved.
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// Runs until `stop`.
pub async fn run(
    store: Store,
    settings: Settings,
    responder: watch::Receiver<Arc<Responder>>,
    outlook: watch::Receiver<Outlook>,
    stop: CancellationToken,
) {
    let mut desk = store.desk_changed();
    loop {
        desk.mark_unchanged();
        let started = Instant::now();
        let (knows, expects) = (Arc::clone(&responder.borrow()), outlook.borrow().clone());
        let pause = match round(&store, settings.claim(), knows.knowledge(), &expects).await {
            Ok(next) => next.map_or(MAX_PAUSE, |next| {
                Duration::try_from(next.duration_since(Timestamp::now())).unwrap_or_default().min(MAX_PAUSE)
            }),
            Err(error) => {
                error!(%error, "cannot look at what is due at the desk; trying again");
                MAX_PAUSE / 12
            }
        };
        tokio::select! {
            _ = desk.changed() => {}
            () = sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        tokio::select! {
            () = sleep_until(started + MIN_PAUSE) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Does what is due, and gives when the next is.
async fn round(
    store: &Store,
    claim: SignedDuration,
    knowledge: &Knowledge,
    outlook: &Outlook,
) -> Result<Option<Timestamp>, StoreError> {
    let now = Timestamp::now();
    for idle in store.idle_claims(now - claim, BATCH).await? {
        match store.handle(idle.id, &idle.agent, Handling::Lapse, None, now).await {
            Ok(()) => info!(escalation = %idle.id, "a claim left its customer waiting and went back to the queue"),
            // Answered, resolved or handed over in this very moment.
            Err(
                StoreError::Conflict
                | StoreError::AlreadyResolved(_)
                | StoreError::ClaimedBy { .. }
                | StoreError::NotClaimed(_)
                | StoreError::NoEscalation(_),
            ) => {}
            Err(error) => return Err(error),
        }
    }
    for escalation in store.looks(now, BATCH).await? {
        let looked = look(knowledge, outlook, &escalation, now);
        store.looked(&escalation, &looked, now).await?;
    }
    for promise in store.promises_due(now, BATCH).await? {
        if let Some(step) = step(knowledge, &promise, now) {
            store.step_promise(&promise, &step, now).await?;
        }
    }
    let lapses = store.oldest_claim().await?.map(|since| since + claim);
    // A claim whose agent writes at a draft stays: look again in a moment, not without pause.
    let lapses = lapses.map(|at| at.max(now + SignedDuration::from_secs(10)));
    Ok([store.next_look().await?, lapses].into_iter().flatten().min())
}

/// What comes of a look at an escalation.
fn look(knowledge: &Knowledge, outlook: &Outlook, escalation: &EscalationRecord, now: Timestamp) -> Looked {
    let say = |transition: Transition<'_>| transitions::say(knowledge, escalation.language, now, &transition);
    let as_it_is = Looked { due_at: escalation.due_at, ..Looked::default() };
    match due::look(escalation, outlook, knowledge.zone(), now) {
        Act::Nothing { look_at } => Looked { look_at, ..as_it_is },
        Act::Remind { due_at } => {
            let by = due_at.to_zoned(knowledge.zone().clone()).strftime("%H:%M");
            let note = Some(format!("The customer was told that they hear from a person by {by}."));
            Looked { note, look_at: Some(due_at), ..as_it_is }
        }
        Act::StillWaiting(expected) => Looked {
            say: say(Transition::StillWaiting { by: expected.due_at }),
            still_waiting: true,
            due_at: expected.due_at,
            look_at: expected.look_at,
            note: None,
        },
        Act::Nobody { opens, expected } => Looked {
            say: say(Transition::Nobody { opens, by: expected.due_at }),
            still_waiting: true,
            due_at: expected.due_at,
            look_at: expected.look_at,
            note: None,
        },
        Act::Danger => {
            let say = say(Transition::Danger(escalation.reason.danger()));
            Looked { say, still_waiting: true, ..as_it_is }
        }
        Act::Late => Looked {
            say: say(Transition::Late),
            note: Some("The customer was not answered by the time that was named, and was told so.".to_owned()),
            ..Looked::default()
        },
    }
}

/// What is done about a promise; None where there are no words for it.
fn step(knowledge: &Knowledge, promise: &PromiseRecord, now: Timestamp) -> Option<PromiseStep> {
    let late = || transitions::say(knowledge, promise.language, now, &Transition::Late).map(PromiseStep::Late);
    match due::look_at_promise(promise, now) {
        PromiseAct::Remind => Some(PromiseStep::Remind),
        PromiseAct::Late => late(),
        PromiseAct::SayAnew => anew(knowledge, promise, now).map(PromiseStep::Keep).or_else(late),
    }
}

/// The bot's answer as it is now, if it can be said.
fn anew(knowledge: &Knowledge, promise: &PromiseRecord, now: Timestamp) -> Option<Outgoing> {
    let language = promise.language.unwrap_or_else(|| knowledge.default_language());
    knowledge.answer(promise.intent.as_deref()?, language, now).ok().map(transitions::outgoing)
}
