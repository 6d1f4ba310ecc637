//! Accepting an invitation: somebody sets their password by a link. Looking at the page uses nothing up: programs that preview links do that.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{super::visitors::Address, Frame, Refusal, Shared, page, sign_in};
use crate::{
    desk::passwords,
    policy::MIN_PASSWORD_CHARS,
    store::{Invitation, Role, StoreError, Token, TokenHash},
};

#[derive(Template)]
#[template(path = "desk/invitation.html")]
struct InvitationPage<'a> {
    frame: Frame,
    token: &'a str,
    invitation: &'a Invitation,
    /// As far as the first admin typed it.
    chosen: &'a str,
    min_chars: usize,
    trouble: Option<String>,
}

/// `GET /desk/invitation/{token}`
pub(super) async fn form(
    State(shared): State<Shared>,
    Address(network): Address,
    Path(token): Path<String>,
) -> Result<Response, Refusal> {
    shared.desk.limits.check_network(network)?;
    let (_, invitation) = find(&shared, &token).await?;
    show(&shared, &token, &invitation, "", None)
}

#[derive(Deserialize)]
pub(super) struct Sent {
    /// Where the first admin chooses one.
    name: Option<String>,
    password: String,
    again: String,
}

/// `POST /desk/invitation/{token}`
pub(super) async fn accept(
    State(shared): State<Shared>,
    Address(network): Address,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Refusal> {
    shared.desk.limits.check_network(network)?;
    let (hash, invitation) = find(&shared, &token).await?;
    let chosen = sent.name.as_deref().unwrap_or_default().trim();
    let name = invitation.name.as_deref().unwrap_or(chosen);
    if let Err(trouble) = judge(&shared, name, &sent.password, &sent.again) {
        return show(&shared, &token, &invitation, chosen, Some(trouble));
    }
    let password = shared.desk.passwords.hash(&sent.password).await?;
    let chosen_name = invitation.name.is_none().then_some(chosen);
    let name = match shared.state.store.accept(&hash, chosen_name, &password, Timestamp::now()).await {
        Ok(name) => name,
        Err(error @ (StoreError::NotAName(_) | StoreError::NameTaken(_) | StoreError::LooksLike { .. })) => {
            return show(&shared, &token, &invitation, chosen, Some(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    };
    let cookie = sign_in::open(&shared, &name, &headers).await?;
    Ok((cookie, Redirect::to("/desk")).into_response())
}

/// What is wrong with a new password, in words for who chose it.
pub(super) fn judge(shared: &Shared, name: &str, password: &str, again: &str) -> Result<(), String> {
    if password != again {
        return Err("The two passwords are not the same.".to_owned());
    }
    let company = shared.state.page.borrow().company.clone();
    passwords::check(password, &[name, &company]).map_err(|weakness| weakness.to_string())
}

async fn find(shared: &Shared, token: &str) -> Result<(TokenHash, Invitation), Refusal> {
    let hash = Token::parse(token).ok_or(StoreError::NoInvitation)?.hash();
    let invitation = shared.state.store.invitation(&hash, Timestamp::now()).await?;
    Ok((hash, invitation))
}

fn show(
    shared: &Shared,
    token: &str,
    invitation: &Invitation,
    chosen: &str,
    trouble: Option<String>,
) -> Result<Response, Refusal> {
    let title = if invitation.reset { "A new password" } else { "Welcome" };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = Frame::new(shared, None, title, "");
    let page = page(&InvitationPage { frame, token, invitation, chosen, min_chars: MIN_PASSWORD_CHARS, trouble })?;
    Ok((status, page).into_response())
}
