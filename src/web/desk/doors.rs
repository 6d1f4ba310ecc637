//! Routes together with who may use them: one cannot be written down without the other.

use axum::{
    Router,
    handler::Handler,
    http::Method,
    middleware,
    routing::{MethodRouter, get, post},
};

use super::{super::answered, Shared, gate};
use crate::store::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Who {
    /// Also who is not signed in.
    Anyone,
    /// Who has this role, or one that may more.
    From(Role),
}

/// A route as tests walk it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub method: Method,
    pub path: &'static str,
    pub who: Who,
}

/// The desk's routes. What changes something is a POST; each POST is checked for where it comes from (`csrf.rs`).
pub(in crate::web) struct Doors {
    shared: Shared,
    bounded: Router<Shared>,
    streams: Router<Shared>,
    rules: Vec<Rule>,
}

impl Doors {
    pub fn new(shared: &Shared) -> Self {
        Self { shared: shared.clone(), bounded: Router::new(), streams: Router::new(), rules: Vec::new() }
    }

    pub fn get<H: Handler<T, Shared>, T: 'static>(mut self, path: &'static str, who: Who, handler: H) -> Self {
        let route = self.gated(Method::GET, path, who, get(handler));
        self.bounded = self.bounded.route(path, route);
        self
    }

    pub fn post<H: Handler<T, Shared>, T: 'static>(mut self, path: &'static str, who: Who, handler: H) -> Self {
        let route = self.gated(Method::POST, path, who, post(handler));
        self.bounded = self.bounded.route(path, route);
        self
    }

    /// An answer that lives as long as its tab. Its handler asks [`super::SignedIn::still`] from time to time.
    #[allow(dead_code, reason = "for the queue's events")]
    pub fn stream<H: Handler<T, Shared>, T: 'static>(mut self, path: &'static str, who: Who, handler: H) -> Self {
        let route = self.gated(Method::GET, path, who, get(handler));
        self.streams = self.streams.route(path, route);
        self
    }

    fn gated(
        &mut self,
        method: Method,
        path: &'static str,
        who: Who,
        route: MethodRouter<Shared>,
    ) -> MethodRouter<Shared> {
        self.rules.push(Rule { method, path, who });
        route.route_layer(middleware::from_fn_with_state((self.shared.clone(), who), gate::gate))
    }

    #[cfg(test)]
    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub fn into_router(self) -> Router<Shared> {
        self.bounded.layer(middleware::from_fn(answered::in_time)).merge(self.streams)
    }
}
