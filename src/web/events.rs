//! `GET /api/chat/events`: a conversation as it happens, as server-sent events.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use tokio::sync::watch;

use super::{
    CHANNEL, Shared,
    error::ApiError,
    lines::{Page, ShownStatus},
    messages::{After, after},
    places::Held,
    tabs::Seat,
    visitors::{Address, Visitor},
};
use crate::{conversation::Standing, message::ConversationId, store::StoreError};

/// A comment is sent after this long without an event: proxies keep the connection, and both ends notice when it is dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Who shares an address with so many others that it has no stream left looks at the history as often as this.
const FULL_NETWORK: Duration = Duration::from_secs(10);

/// Streams the lines after `Last-Event-ID` or `after`, then each new one; and the status whenever it changes.
pub(super) async fn stream(
    State(shared): State<Shared>,
    visitor: Visitor,
    Address(address): Address,
    headers: HeaderMap,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Response, ApiError> {
    let after = match headers.get("last-event-id") {
        Some(id) => id
            .to_str()
            .ok()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| ApiError::malformed("bad_cursor", "`Last-Event-ID` is the cursor of a line"))?,
        None => self::after(query)?,
    };
    shared.guards.readings.check(&visitor.0)?;
    let most = shared.state.places.streams;
    let held = shared.streams.take(address, most).ok_or_else(|| ApiError::too_many(FULL_NETWORK))?;
    let seat = shared.tabs.open(&visitor.0);
    let tail = Tail {
        shared,
        visitor,
        _held: held,
        seat,
        cursor: after,
        following: None,
        status: None,
        ready: VecDeque::new(),
    };
    Ok(Sse::new(tail.events()).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

/// One stream and how far it has come.
struct Tail {
    shared: Shared,
    visitor: Visitor,
    _held: Held,
    seat: Seat,
    /// Of the last line sent.
    cursor: i64,
    following: Option<Following>,
    /// Last told.
    status: Option<ShownStatus>,
    /// Read and not yet sent.
    ready: VecDeque<Event>,
}

struct Following {
    conversation: ConversationId,
    changed: watch::Receiver<()>,
}

/// Why a stream ends.
enum End {
    /// The service stops, or the store failed: come again.
    Over,
    /// Newer tabs took its place.
    Replaced,
}

impl Tail {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(Some(self), |tail| async move {
            let mut tail = tail?;
            match tail.next().await {
                Ok(event) => Some((Ok(event), Some(tail))),
                Err(End::Replaced) => Some((Ok(Event::default().event("replaced").data("{}")), None)),
                Err(End::Over) => None,
            }
        })
    }

    async fn next(&mut self) -> Result<Event, End> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            self.read().await.map_err(|error| {
                tracing::error!(%error, "an event stream ends: the store could not be read");
                End::Over
            })?;
            if self.ready.is_empty() {
                self.wait().await?;
            }
        }
    }

    /// Reads what is new. Marking a change as seen comes before reading, so that what becomes visible meanwhile is a change again.
    async fn read(&mut self) -> Result<(), StoreError> {
        let store = &self.shared.state.store;
        if self.following.is_none() || self.seat.changed.has_changed().unwrap_or(false) {
            self.seat.changed.mark_unchanged();
            let found = store.conversation_at(CHANNEL, &self.visitor.0).await?;
            let followed = self.following.as_ref().map(|following| following.conversation);
            if found != followed {
                if followed.is_some() {
                    self.ready.push_back(Event::default().event("erased").data("{}"));
                    self.status = None;
                }
                self.following =
                    found.map(|conversation| Following { conversation, changed: store.watch(conversation) });
            }
        }
        let status = match &mut self.following {
            None => ShownStatus::default(),
            Some(Following { conversation, changed }) => {
                changed.mark_unchanged();
                // The status before the lines: "no longer writing" must not overtake the last line.
                let status = store.status(*conversation).await?;
                let Page { lines, more } = Page::read(store, *conversation, self.cursor).await?;
                for line in &lines {
                    self.cursor = line.cursor;
                    self.ready.push_back(event("line", line).id(line.cursor.to_string()));
                }
                if more {
                    // The status follows the last line, so that a reader knows that it has seen all.
                    return Ok(());
                }
                let mut status = ShownStatus::from(status);
                status.typing |= status.standing == Standing::Agent && self.shared.tabs.shows_writing(&self.visitor.0);
                status
            }
        };
        if self.status != Some(status) {
            self.status = Some(status);
            self.ready.push_back(event("status", &status));
        }
        Ok(())
    }

    /// Waits until there may be something new.
    async fn wait(&mut self) -> Result<(), End> {
        let conversation_changed = async {
            let gone = match &mut self.following {
                Some(following) => following.changed.changed().await.is_err(),
                None => true,
            };
            if gone {
                // No conversation, or its watch has ended: only the visitor's own changes count.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = self.shared.state.shutdown.cancelled() => Err(End::Over),
            () = self.seat.replaced.cancelled() => Err(End::Replaced),
            _ = self.seat.changed.changed() => {
                // Seen only once the conversation has been looked up.
                self.seat.changed.mark_changed();
                Ok(())
            }
            () = conversation_changed => Ok(()),
        }
    }
}

/// An event with JSON in it. Our own types always have a JSON form.
fn event(name: &str, data: &impl serde::Serialize) -> Event {
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
