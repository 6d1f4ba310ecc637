//! A receiver of webhooks on 127.0.0.1: it checks each signature on a path of its own, goes away, comes back, and answers as told.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha2::Sha256;
use tokio::{net::TcpListener, task::JoinSet};

/// What both sides know.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// How it treats requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Answers(u16),
    /// Says 429 and how many seconds to wait.
    Busy(u64),
    /// Never answers.
    Hangs,
    /// Takes the event and breaks the connection before the answer.
    TakesAndBreaks,
}

/// A request with a good signature.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub body: Value,
    /// As it came, for verifiers of other languages.
    pub raw: String,
    pub headers: Vec<(String, String)>,
    pub accepted: bool,
    pub at: Instant,
}

/// Clones are the same receiver.
#[derive(Clone)]
pub struct Receiver(Arc<Inner>);

struct Inner {
    address: std::net::SocketAddr,
    state: Mutex<State>,
}

struct State {
    manner: Manner,
    deliveries: Vec<Delivery>,
    /// Requests whose signature, time or form is wrong.
    forged: Vec<String>,
    server: Option<tokio::task::JoinHandle<()>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State { manner: Manner::Answers(204), deliveries: Vec::new(), forged: Vec::new(), server: None };
        let receiver = Self(Arc::new(Inner { address: listener.local_addr().unwrap(), state: Mutex::new(state) }));
        receiver.serve_from(listener);
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?key=not-for-health", self.0.address)
    }

    /// What of the address others may see.
    pub fn origin(&self) -> String {
        format!("http://{}", self.0.address)
    }

    pub fn behave(&self, manner: Manner) {
        self.state().manner = manner;
    }

    /// Nobody listens there any more.
    pub fn goes_away(&self) {
        if let Some(server) = self.state().server.take() {
            server.abort();
        }
    }

    /// Listens again at the same address.
    pub async fn comes_back(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let listener = loop {
            match TcpListener::bind(self.0.address).await {
                Ok(listener) => break listener,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        self.serve_from(listener);
    }

    /// What was accepted, in order, each event once: repeats are dropped by their id, as a receiver should.
    pub fn events(&self) -> Vec<Value> {
        let mut seen = BTreeSet::new();
        let accepted = self.deliveries().into_iter().filter(|delivery| delivery.accepted);
        accepted.filter(|delivery| seen.insert(delivery.id.clone())).map(|delivery| delivery.body).collect()
    }

    /// Every request, also those that were not accepted.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let state = self.state();
        assert!(state.forged.is_empty(), "{:?}", state.forged);
        state.deliveries.clone()
    }

    /// Waits until so many events were accepted.
    pub async fn hears(&self, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + super::common::PATIENCE;
        loop {
            let events = self.events();
            if events.len() >= count {
                return events;
            }
            assert!(Instant::now() < deadline, "{} events of {count} came: {events:#?}", events.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until so many requests came, whatever was answered.
    pub async fn is_tried(&self, count: usize) {
        let deadline = Instant::now() + super::common::PATIENCE;
        while self.deliveries().len() < count {
            assert!(Instant::now() < deadline, "{} requests of {count} came", self.deliveries().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    fn serve_from(&self, listener: TcpListener) {
        let receiver = self.clone();
        let server = tokio::spawn(async move {
            // Ends with the task, and all connections with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = receiver.clone();
                connections.spawn(async move {
                    let service = service_fn(|request| receiver.clone().take(request));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        self.state().server = Some(server);
    }

    async fn take(self, request: Request<Incoming>) -> Result<Response<String>, &'static str> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(axum::body::Body::new(body), 10_000_000).await.unwrap();
        let header = |name: &str| {
            let value = parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            value.unwrap_or_default()
        };
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        let manner = self.state().manner;
        if let Some(wrong) = wrong(&id, &timestamp, &header("webhook-signature"), &body) {
            self.state().forged.push(wrong);
            return Ok(answer(400, None));
        }
        let accepted = matches!(manner, Manner::Answers(200..=299) | Manner::TakesAndBreaks);
        let headers =
            ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| (name.to_owned(), header(name)));
        self.state().deliveries.push(Delivery {
            id,
            body: serde_json::from_slice(&body).unwrap(),
            raw: String::from_utf8(body.to_vec()).unwrap(),
            headers: headers.into(),
            accepted,
            at: Instant::now(),
        });
        match manner {
            Manner::Answers(status) => Ok(answer(status, None)),
            Manner::Busy(seconds) => Ok(answer(429, Some(seconds))),
            Manner::Hangs => std::future::pending().await,
            Manner::TakesAndBreaks => Err("broken"),
        }
    }
}

fn answer(status: u16, retry_after: Option<u64>) -> Response<String> {
    let mut answer = Response::builder().status(status);
    if let Some(seconds) = retry_after {
        answer = answer.header("retry-after", seconds.to_string());
    }
    if (300..400).contains(&status) {
        answer = answer.header("location", "http://127.0.0.1:1/elsewhere");
    }
    answer.body("a body that nobody reads".to_owned()).unwrap()
}

/// What is wrong with a request by <https://www.standardwebhooks.com>.
fn wrong(id: &str, timestamp: &str, signatures: &str, body: &[u8]) -> Option<String> {
    let Ok(sent) = timestamp.parse::<i64>() else { return Some(format!("the time {timestamp:?}")) };
    let age = jiff::Timestamp::now().as_second() - sent;
    if id.is_empty() || age.abs() > 300 {
        return Some(format!("id {id:?}, {age} s old"));
    }
    let key = BASE64_STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let good = signatures.split(' ').any(|signature| {
        let Some(signature) = signature.strip_prefix("v1,").and_then(|text| BASE64_STANDARD.decode(text).ok()) else {
            return false;
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&signature).is_ok()
    });
    (!good).then(|| format!("the signature {signatures:?} is not that of {id}"))
}
