//! What every request to the desk passes before its handler.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};

use super::{Refusal, Shared, Who, csrf, frame, session};

/// Lets a request through to its handler, or refuses it; and gives refusals the form that the caller reads.
pub(super) async fn gate(State((shared, who)): State<(Shared, Who)>, request: Request, next: Next) -> Response {
    let reads_pages = reads_pages(request.headers());
    let asked = asked(&request);
    let (response, signed_in) = match admit(&shared, who, request).await {
        Ok((request, signed_in)) => (next.run(request).await, signed_in),
        Err(refusal) => (refusal.into_response(), None),
    };
    let response = in_our_words(response);
    let mut response = match response.extensions().get::<Refusal>() {
        Some(refusal) if reads_pages && refusal.wants_sign_in() => {
            Redirect::to(&session::sign_in_at(&asked)).into_response()
        }
        Some(refusal) if reads_pages => frame::refusal(&shared, signed_in.as_ref(), refusal),
        _ => response,
    };
    // Pages must say to our own forms where they come from; the header of all other answers would turn that into `null`.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

async fn admit(
    shared: &Shared,
    who: Who,
    mut request: Request,
) -> Result<(Request, Option<session::SignedIn>), Refusal> {
    let signed_in = session::find(shared, request.headers()).await?;
    if let Who::From(role) = who {
        let Some(signed_in) = &signed_in else {
            return Err(Refusal::sign_in());
        };
        if !signed_in.may(role) {
            return Err(Refusal::forbidden("your role does not allow this"));
        }
    }
    if !request.method().is_safe() {
        csrf::from_own_page(request.headers(), shared.state.site.url())?;
        if let (Who::From(_), Some(signed_in)) = (who, &signed_in) {
            request = csrf::with_token(request, &signed_in.csrf).await?;
        }
    }
    if let Some(signed_in) = &signed_in {
        request.extensions_mut().insert(signed_in.clone());
    }
    Ok((request, signed_in))
}

/// What axum says of a request that it could not take apart is for programmers; a refusal is for everybody.
fn in_our_words(response: Response) -> Response {
    let status = response.status();
    let is_text =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if status.is_client_error() && is_text {
        return Refusal::new(status, "invalid", "something is missing in what was sent").into_response();
    }
    response
}

/// Whether a browser will show the answer as a page; scripts get JSON.
fn reads_pages(headers: &HeaderMap) -> bool {
    let says = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match says(HeaderName::from_static("sec-fetch-mode")) {
        Some(mode) => mode == "navigate",
        None => says(header::ACCEPT).is_some_and(|accept| accept.contains("text/html")),
    }
}

/// Where somebody comes back to after signing in: the page that they asked for, if looking at it changes nothing.
fn asked(request: &Request) -> String {
    let path = request.uri().path_and_query().map_or("/desk", |path| path.as_str());
    if request.method().is_safe() { path.to_owned() } else { "/desk".to_owned() }
}
