//! Puts new escalations into groups, and gives those who join an answered group its answer.
//!
//! A task of its own beside the turns: that customers are answered does not wait for it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use jiff::Timestamp;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::{
    conversation::{EscalationId, GroupId},
    desk::grouping::{Grouped, Groups, Question, grouped},
    responder::Responder,
    store::{Assignment, Joins, Member, Store},
};

/// Escalations that are looked at together: their words go through the sentence model at once.
const BATCH: u32 = 64;

/// The least time between two looks: what comes meanwhile is looked at together.
const REST: Duration = Duration::from_millis(250);

/// After an error, and to see that an answer has expired.
const AT_LEAST_EVERY: Duration = Duration::from_secs(10);

/// Words that are ready to be compared, by escalation and the turn they are of.
type Known = HashMap<(EscalationId, i64), Arc<Question>>;

/// Looks at what is new until `stop`.
pub async fn run(store: Store, responder: watch::Receiver<Arc<Responder>>, stop: CancellationToken) {
    let mut changed = store.desk_changed();
    let mut known = Known::new();
    let mut understood = None;
    loop {
        changed.mark_unchanged();
        let responder = Arc::clone(&responder.borrow());
        // What was encoded by another model, or with another vocabulary, cannot be compared any more.
        let by = (responder.knowledge().version.clone(), responder.classifier().is_by_n_grams());
        if understood.as_ref() != Some(&by) {
            known.clear();
            understood = Some(by);
        }
        let more = match look(&store, responder, &mut known, Timestamp::now()).await {
            Ok(more) => more,
            Err(error) => {
                error!(
                    error = format!("{error:#}"),
                    "new escalations were not put into groups; it will be tried again"
                );
                false
            }
        };
        tokio::select! {
            () = sleep(REST) => {}
            () = stop.cancelled() => return,
        }
        if !more {
            tokio::select! {
                _ = changed.changed() => {}
                () = sleep(AT_LEAST_EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

/// One look; whether there may be more to look at.
async fn look(store: &Store, responder: Arc<Responder>, known: &mut Known, now: Timestamp) -> anyhow::Result<bool> {
    let late = store.expire_group_answers(now).await.context("giving up answers that expired")?;
    if late > 0 {
        info!(late, "answers of groups expired before they could be delivered; people are told");
    }
    let new = store.not_looked_at(BATCH).await.context("reading new escalations")?;
    if new.is_empty() {
        return Ok(false);
    }
    let compared = store.compared(now).await.context("reading the groups")?;
    let is_new: HashSet<EscalationId> = new.iter().map(|member| member.escalation.id).collect();
    let wanted: HashSet<(EscalationId, i64)> = compared.iter().map(|(id, turn, _)| (*id, *turn)).collect();
    known.retain(|key, _| wanted.contains(key));
    let missing: Vec<EscalationId> = wanted.iter().filter(|key| !known.contains_key(key)).map(|(id, _)| *id).collect();
    let missing = store.members(&missing).await.context("reading the words of groups")?;

    let held = std::mem::take(known);
    let joined = tokio::task::spawn_blocking(move || place(&responder, &new, &missing, &compared, &is_new, held));
    let (assignments, held) = joined.await.context("comparing escalations")?;
    *known = held;
    let full = assignments.len() as u32 >= BATCH;
    let outcome = store.assign(assignments, now).await.context("recording the groups")?;
    if outcome.joined > 0 {
        info!(joined = outcome.joined, served = outcome.served, "escalations joined groups");
        metrics::counter!("evenkeel_group_joined_total").increment(outcome.joined);
        metrics::counter!("evenkeel_group_served_total").increment(outcome.served);
    }
    Ok(full)
}

/// Where each of the new escalations goes.
fn place(
    responder: &Responder,
    new: &[Member],
    missing: &[Member],
    compared: &[(EscalationId, i64, GroupId)],
    is_new: &HashSet<EscalationId>,
    mut known: Known,
) -> (Vec<Assignment>, Known) {
    let classifier = responder.classifier();
    let texts: Vec<&str> = new.iter().chain(missing).map(words).collect();
    for (member, likeness) in new.iter().chain(missing).zip(classifier.likeness(&texts)) {
        let question = Question::new(words(member), member.escalation.language, likeness);
        known.insert((member.escalation.id, member.turn), Arc::new(question));
    }
    let mut groups = Groups::new(classifier.background());
    let mut places: HashMap<GroupId, usize> = HashMap::new();
    for (id, turn, group) in compared.iter().filter(|(id, ..)| !is_new.contains(id)) {
        let Some(question) = known.get(&(*id, *turn)).map(Arc::clone) else { continue };
        match places.get(group) {
            Some(place) => groups.join(*place, *id, question),
            None => drop(places.insert(*group, groups.open(*id, question))),
        }
    }
    let assignments = new
        .iter()
        .map(|member| {
            let record = &member.escalation;
            let grouped = grouped(record.reason, record.urgency, record.words.as_deref());
            let mut assignment =
                Assignment { escalation: record.id, turn: member.turn, joins: Joins::None, served: false };
            let Some(question) = known.get(&(record.id, member.turn)).filter(|_| grouped != Grouped::Never) else {
                return assignment;
            };
            if let Some(near) = groups.nearest(question) {
                assignment.joins = Joins::GroupOf(near.member);
                assignment.served = near.serve && grouped == Grouped::Served;
                groups.join(near.place, record.id, Arc::clone(question));
            } else {
                assignment.joins = Joins::Own;
                groups.open(record.id, Arc::clone(question));
            }
            assignment
        })
        .collect();
    (assignments, known)
}

fn words(member: &Member) -> &str {
    member.escalation.words.as_deref().unwrap_or_default()
}
