//! Scripts, styles and pictures of the pages, built into the binary.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::error::{self, ApiError};
use crate::hexadecimal;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type, content.
const ASSETS: [(&str, &str, &str); 14] = [
    (
        "chat.css",
        "text/css; charset=utf-8",
        concat!(include_str!("assets/palette.css"), include_str!("assets/chat.css")),
    ),
    (
        "desk.css",
        "text/css; charset=utf-8",
        concat!(include_str!("assets/palette.css"), include_str!("assets/desk.css")),
    ),
    ("chat.js", JAVASCRIPT, include_str!("assets/chat.js")),
    ("desk-forms.js", JAVASCRIPT, include_str!("assets/desk-forms.js")),
    ("desk-keys.js", JAVASCRIPT, include_str!("assets/desk-keys.js")),
    ("desk-reply.js", JAVASCRIPT, include_str!("assets/desk-reply.js")),
    ("desk-server.js", JAVASCRIPT, include_str!("assets/desk-server.js")),
    ("desk-work.css", "text/css; charset=utf-8", include_str!("assets/desk-work.css")),
    ("desk.js", JAVASCRIPT, include_str!("assets/desk.js")),
    ("log.js", JAVASCRIPT, include_str!("assets/log.js")),
    ("outbox.js", JAVASCRIPT, include_str!("assets/outbox.js")),
    ("server.js", JAVASCRIPT, include_str!("assets/server.js")),
    ("storage.js", JAVASCRIPT, include_str!("assets/storage.js")),
    ("mark.svg", "image/svg+xml", include_str!("assets/mark.svg")),
];

const WIDGET: &str = include_str!("assets/widget.js");

/// Stands in the assets' address and changes with their content, so that browsers may keep them for good.
pub(super) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let mut hash = Sha256::new();
        for (name, _, content) in ASSETS {
            hash.update(name);
            hash.update(content);
        }
        hexadecimal::encode(&hash.finalize()[..8])
    });
    &VERSION
}

/// `GET /assets/{version}/{name}`.
pub(super) async fn asset(Path((asked, name)): Path<(String, String)>) -> Result<Response, ApiError> {
    let Some((_, media_type, content)) = ASSETS.iter().find(|(known, ..)| *known == name) else {
        return Err(error::not_found().await);
    };
    // A page of another release asks for another version: it gets what there is, but must not keep it under that address.
    let keep = if asked == version() { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(([(header::CONTENT_TYPE, *media_type), (header::CACHE_CONTROL, keep)], *content).into_response())
}

/// `GET /widget.js`: the one script that another site includes. Its address stays, so browsers ask again after five minutes.
pub(super) async fn widget() -> Response {
    let headers = [
        (header::CONTENT_TYPE, JAVASCRIPT),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, WIDGET).into_response()
}
