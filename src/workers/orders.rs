//! Carries out what the staff of a channel ask for in its threads.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    desk::{orders::order, transitions},
    message::{Outgoing, StaffMessage},
    responder::Responder,
    store::{StaffOrder, Store, StoreError},
};

/// Does what a message asks for, once; customers hear of it in the admins' words. When this returns `Ok`, it is done or its writer will be
/// told why not. Owns what it needs, so that it can be a channel's [`crate::channels::Door::with_staff`].
///
/// # Errors
/// The store cannot do it now: do not acknowledge it, try again.
pub async fn obey(
    store: Store,
    responder: watch::Receiver<Arc<Responder>>,
    channel: &'static str,
    message: StaffMessage,
) -> Result<(), StoreError> {
    let (order, now) = (order(&message), Timestamp::now());
    let say = heard_of(&store, &responder, channel, &message, &order, now).await?;
    store.staff_order(channel, message, order, say, now).await
}

/// What the customer is to hear of an order, should it be carried out.
async fn heard_of(
    store: &Store,
    responder: &watch::Receiver<Arc<Responder>>,
    channel: &str,
    message: &StaffMessage,
    order: &StaffOrder,
    now: Timestamp,
) -> Result<Option<Outgoing>, StoreError> {
    if !matches!(order, StaffOrder::Claim | StaffOrder::TakeOver | StaffOrder::Resolve { .. }) {
        return Ok(None);
    }
    let Some(record) = store.staff_escalation(channel, &message.thread).await? else { return Ok(None) };
    let responder = Arc::clone(&responder.borrow());
    let (knowledge, agent) = (responder.knowledge(), message.author.as_str());
    Ok(match order {
        StaffOrder::Resolve { .. } => transitions::on_resolve(knowledge, &record, agent, now),
        _ => transitions::on_claim(knowledge, &record, agent, now),
    })
}
