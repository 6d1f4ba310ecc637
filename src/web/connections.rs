//! Accepting connections, with bounds on what a caller may cost before a request is even read.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use super::{
    error::ApiError,
    pace::{Pace, Paced},
    places::{Holdings, Open, Places, Room},
};

/// A request's head must arrive within this time, also the next one on an open connection: slow senders hold nothing up.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// The same where places are scarce.
const SCARCE_HEAD_TIME: Duration = Duration::from_secs(5);

/// Callers who are told at the same time that there is no room; those beyond are hung up on.
const REFUSALS: usize = 64;

/// Bytes of a request's head. Ours are below 1 KiB; proxies and cookies of the site's domain add some.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Header lines of a request.
const MAX_HEADERS: usize = 64;

/// Serves until `shutdown` is cancelled, then takes no new connection and lets running requests finish for at most `drain`.
/// What still runs then is cut off.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    places: Places,
    shutdown: CancellationToken,
    drain: Duration,
) {
    let open = Arc::new(Open::default());
    let networks = Arc::new(Holdings::default());
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let graceful = GracefulShutdown::new();
    let cut_off = CancellationToken::new();
    let _cut_off_at_the_end = cut_off.clone().drop_guard();

    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, most likely: they come back as connections end.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (count, counted) = open.one();
        let held = places.of_network.map(|most| networks.take(peer.ip(), most));
        let room = if matches!(held, Some(None)) { Room::None } else { places.room(count) };
        if room == Room::None {
            metrics::counter!("evenkeel_web_refused_connections_total").increment(1);
            // It does not count among those that are served, or refusals would keep the places taken.
            drop(counted);
            let Ok(place) = Arc::clone(&refusals).try_acquire_owned() else { continue };
            let answer = http(room).serve_connection(TokioIo::new(stream), hyper::service::service_fn(refuse));
            tokio::spawn(async move {
                // Who sends its request slowly does not hold it longer than this.
                let _ = tokio::time::timeout(SCARCE_HEAD_TIME, answer).await;
                drop(place);
            });
            continue;
        }
        // Event streams are small writes that must not wait for each other.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not set TCP_NODELAY");
        }
        let stream = TokioIo::new(Paced::new(stream, Pace::SLOWEST));
        let connection = graceful.watch(http(room).serve_connection(stream, with_peer(router.clone(), peer, room)));
        let cut_off = cut_off.clone();
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke");
                },
                () = cut_off.cancelled() => {}
            }
            drop((counted, held));
        });
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off: they did not finish in the time to drain");
    }
}

/// How a connection is read, by how much room there is.
fn http(room: Room) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(if room == Room::Ample { HEAD_TIME } else { SCARCE_HEAD_TIME })
        .keep_alive(room == Room::Ample)
        .max_header_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    http
}

/// The router as a service that tells each request the address it came from, and how much room there is.
fn with_peer(
    router: Router,
    peer: SocketAddr,
    room: Room,
) -> impl Service<hyper::Request<Incoming>, Response = Response, Error = Infallible, Future: Send + 'static> {
    let router = TowerToHyperService::new(router);
    hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(room);
        router.call(request)
    })
}

fn full() -> ApiError {
    ApiError::unavailable("there is no room for more at the moment: wait a little, then send the same request again")
}

/// Better than silence: the caller knows that it may come again.
async fn refuse(_: hyper::Request<Incoming>) -> Result<Response, Infallible> {
    Ok(full().into_response())
}

/// For what visitors of the chat ask for: the last places are not theirs.
pub(super) async fn unless_kept(request: Request, next: Next) -> Response {
    if room(request.extensions()) >= Room::Kept { full().into_response() } else { next.run(request).await }
}

/// For what holds a place for as long as a tab is open.
pub(super) async fn while_ample(request: Request, next: Next) -> Response {
    if room(request.extensions()) > Room::Ample { full().into_response() } else { next.run(request).await }
}

fn room(extensions: &axum::http::Extensions) -> Room {
    extensions.get().copied().unwrap_or(Room::Ample)
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, middleware, routing::get};
    use hyper::service::Service as _;

    use super::*;

    #[tokio::test]
    async fn the_last_places_are_not_for_visitors_and_scarce_ones_not_for_streams() {
        let chat = Router::new().route("/chat", get("")).layer(middleware::from_fn(unless_kept));
        let stream = Router::new().route("/stream", get("")).layer(middleware::from_fn(while_ample));
        let router = TowerToHyperService::new(chat.merge(stream).route("/desk", get("")));
        let status = async |path: &str, room: Room| {
            let request = Request::builder().uri(path).extension(room).body(Body::empty()).unwrap();
            router.call(request).await.unwrap().status().as_u16()
        };
        for (room, expected) in
            [(Room::Ample, [200, 200, 200]), (Room::Scarce, [200, 503, 200]), (Room::Kept, [503, 503, 200])]
        {
            let seen = [status("/chat", room).await, status("/stream", room).await, status("/desk", room).await];
            assert_eq!(seen, expected, "{room:?}");
        }
    }
}
