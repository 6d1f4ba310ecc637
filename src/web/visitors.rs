//! Who a visitor is: the holder of a random key, and nothing more.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Once,
};

use axum::{
    Json,
    extract::{ConnectInfo, FromRequestParts, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{CHANNEL, Shared, error::ApiError, places};
use crate::{hexadecimal, store::Eraser};

/// Bytes of a visitor's key: 256 bits are beyond guessing.
const KEY_BYTES: usize = 32;

/// The visitor who sent a request, by their key's SHA-256 in hexadecimal. It is their contact and their place: the key itself is
/// never stored or logged, so the store gives nobody a way into a conversation.
#[derive(Debug, Clone)]
pub(super) struct Visitor(pub String);

impl Visitor {
    fn from_key(key: &str) -> Option<Self> {
        hexadecimal::is_of(key, KEY_BYTES).then(|| Self(hexadecimal::encode(&Sha256::digest(key.as_bytes()))))
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        bearer(&parts.headers).and_then(Self::from_key).ok_or_else(|| {
            ApiError::new(
                StatusCode::UNAUTHORIZED,
                "no_visitor",
                "send the key from POST /api/chat/visitors as `Authorization: Bearer KEY`",
            )
        })
    }
}

/// What follows `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, key) = header?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The network a request came from, for limits by address.
pub(super) struct Address(pub IpAddr);

impl FromRequestParts<Shared> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let forwarded = shared.state.behind_proxy.then(|| forwarded_for(&parts.headers)).flatten();
        if shared.state.behind_proxy && forwarded.is_none() {
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                tracing::warn!(
                    "a request came without an address in X-Forwarded-For, although web.behind_proxy is set: all such callers share the \
                     limits of one address. Let the proxy set it (docs/operators.md)"
                );
            });
        }
        Ok(Self(places::network(forwarded.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))))
    }
}

/// The last address in `X-Forwarded-For`: the one our own proxy wrote, some with a port. Those before it are the caller's claims.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let last = last.rsplit(',').next()?.trim();
    let bare = last.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(last);
    bare.parse().ok().or_else(|| last.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// `POST /api/chat/visitors`: a new key.
pub(super) async fn create(
    State(shared): State<Shared>,
    Address(address): Address,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    shared.guards.keys.check(&address)?;
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|error| {
        tracing::error!(%error, "the system has no random numbers");
        ApiError::unavailable("no key can be made at the moment")
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "visitor": hexadecimal::encode(&key) }))))
}

/// `DELETE /api/chat/visitors`: the caller and all their words are forgotten.
pub(super) async fn delete(
    State(shared): State<Shared>,
    visitor: Visitor,
    Address(address): Address,
) -> Result<Json<Value>, ApiError> {
    // Anybody can make up keys, and the store has one writer.
    shared.guards.erasures.check(&address)?;
    shared.guards.messages.check(&visitor.0)?;
    let erased = shared.state.store.erase(CHANNEL, &visitor.0, Eraser::Themselves).await?.removed;
    shared.tabs.wake(&visitor.0);
    Ok(Json(json!({ "erased": erased })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_known_by_the_hash_of_the_key_and_never_by_the_key() {
        let key = "00".repeat(32);
        let visitor = Visitor::from_key(&key).unwrap();
        assert_eq!(visitor.0, "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55");
    }

    #[test]
    fn what_is_no_key_is_nobody() {
        for text in ["", "a", &"0".repeat(63), &"0".repeat(65), &"G".repeat(64), &"A".repeat(64)] {
            assert!(Visitor::from_key(text).is_none(), "{text}");
        }
    }

    #[test]
    fn only_the_address_that_our_proxy_wrote_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded_for(&headers), None);
        headers.append("x-forwarded-for", "198.51.100.1, 203.0.113.9".parse().unwrap());
        assert_eq!(forwarded_for(&headers), Some("203.0.113.9".parse().unwrap()));
        headers.append("x-forwarded-for", "192.0.2.4".parse().unwrap());
        assert_eq!(forwarded_for(&headers), Some("192.0.2.4".parse().unwrap()));
        headers.append("x-forwarded-for", "junk".parse().unwrap());
        assert_eq!(forwarded_for(&headers), None);
    }

    #[test]
    fn an_address_with_a_port_is_that_address() {
        for (written, address) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("198.51.100.1, 2001:db8::1", "2001:db8::1"),
        ] {
            let headers = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), written.parse().unwrap())]);
            assert_eq!(forwarded_for(&headers), Some(address.parse().unwrap()), "{written}");
        }
    }
}
