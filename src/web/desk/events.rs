//! `GET /desk/events`: tells an open page that it should look again, as server-sent events.
//!
//! An event carries numbers and no words: the page fetches itself anew, so that what is shown is made in one place and never by a script.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{Query, State},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::{sync::watch, time::sleep};

use super::{Refusal, SignedIn};
use crate::{conversation::EscalationId, store::QueueCounts, web::Shared};

/// A comment is sent after this long without an event, as in the web chat.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Events at most this often: in a flood of messages a page that reloads ten times a second helps nobody.
const PAUSE: Duration = Duration::from_millis(400);

/// Whether its agent may still look is asked at least this often.
const STILL: Duration = Duration::from_secs(30);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Open {
    /// The escalation that the page shows.
    escalation: Option<i64>,
}

/// Streams what the head of the desk shows, at once and after each change.
pub(super) async fn events(
    State(shared): State<Shared>,
    me: SignedIn,
    Query(open): Query<Open>,
) -> Result<Response, Refusal> {
    let store = &shared.state.store;
    let desk = store.desk_changed();
    let conversation = match open.escalation {
        Some(id) => Some(store.watch(store.escalation(EscalationId(id)).await?.conversation)),
        None => None,
    };
    let look = Look { shared, me, desk, conversation, first: true };
    Ok(Sse::new(look.events()).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

/// One open page.
struct Look {
    shared: Shared,
    me: SignedIn,
    desk: watch::Receiver<()>,
    conversation: Option<watch::Receiver<()>>,
    first: bool,
}

impl Look {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut look| async move {
            let counts = look.next().await?;
            let data = serde_json::to_string(&counts).unwrap_or_default();
            let id = Timestamp::now().as_millisecond().to_string();
            Some((Ok(Event::default().event("changed").id(id).data(data)), look))
        })
    }

    /// The numbers after the next change; None when the stream ends.
    async fn next(&mut self) -> Option<QueueCounts> {
        if !std::mem::take(&mut self.first) {
            let conversation = async {
                let gone = match &mut self.conversation {
                    Some(conversation) => conversation.changed().await.is_err(),
                    None => true,
                };
                if gone {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = self.shared.state.shutdown.cancelled() => return None,
                () = sleep(STILL) => {}
                changed = self.desk.changed() => changed.ok()?,
                () = conversation => {}
            }
            sleep(PAUSE).await;
        }
        // Seen before it is read: what changes meanwhile is a change again.
        self.desk.mark_unchanged();
        if let Some(conversation) = &mut self.conversation {
            conversation.mark_unchanged();
        }
        let store = &self.shared.state.store;
        if !matches!(self.me.still(store).await, Ok(true)) {
            return None;
        }
        match store.queue_counts(&self.me.name).await {
            Ok(counts) => Some(counts),
            Err(error) => {
                tracing::error!(%error, "a desk's event stream ends: the store could not be read");
                None
            }
        }
    }
}
