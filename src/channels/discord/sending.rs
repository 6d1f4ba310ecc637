//! Brings one piece of a message to where its customer is.

use std::time::{Duration, SystemTime};

use serde_json::json;
use serenity::all::{ApplicationId, ChannelId, InteractionId, LightMethod, Route, UserId};

use super::{
    api::Api,
    failures::Failure,
    interactions::Thinking,
    limits,
    places::{Place, ReplyTo},
    requests,
    updates::millis,
};
use crate::channels::{Parcel, SendError};

pub(super) async fn send(api: &Api, thinking: &Thinking, parcel: &Parcel) -> Result<Option<String>, SendError> {
    let place =
        Place::parse(&parcel.place).ok_or_else(|| SendError::Malformed("the place is none of Discord's".to_owned()))?;
    let reply_to = parcel.reply_to.as_deref().and_then(ReplyTo::parse);
    if let Some(ReplyTo::Interaction { id, application, token }) = &reply_to
        && age(*id) < limits::TOKEN_LIFE
    {
        let privately = matches!(place, Place::Private(_));
        match through_interaction(api, thinking, parcel, (*id, *application, token), privately).await {
            // Its time is over, or our acknowledgement came too late. Nothing was said, so it is said in the chat.
            Err(failure) if failure.is_over() => {}
            Err(failure) => return Err(failure.send_error()),
            Ok(id) => return Ok(id),
        }
    }
    let (channel, answers) = match (place, reply_to) {
        (Place::Shared { channel, .. }, Some(ReplyTo::Message(message))) => (channel, Some(message)),
        (Place::Shared { channel, .. } | Place::Direct(channel), _) => (channel, None),
        // Never where others read along: what was asked privately is answered in a direct chat.
        (Place::Private(user), _) => (direct_chat(api, user).await?, None),
    };
    api.say(channel, &requests::message(parcel, channel, answers)).await
}

async fn through_interaction(
    api: &Api,
    thinking: &Thinking,
    parcel: &Parcel,
    (id, application_id, token): (InteractionId, ApplicationId, &str),
    privately: bool,
) -> Result<Option<String>, Failure> {
    if thinking.is_thinking(id).await {
        let route = Route::WebhookOriginalInteractionResponse { application_id, token };
        let answer = api.call(LightMethod::Patch, route, Some(&requests::first_answer(parcel)), None).await?;
        thinking.answered(id);
        return Ok(answer.id());
    }
    let route = Route::WebhookFollowupMessages { application_id, token };
    let wait = Some(vec![("wait", "true".to_owned())]);
    let body = requests::further_answer(parcel, privately);
    Ok(api.call(LightMethod::Post, route, Some(&body), wait).await?.id())
}

/// The direct chat with a user; Discord opens it if there is none. That says nothing to them yet, so a failure is never uncertain.
async fn direct_chat(api: &Api, user: UserId) -> Result<ChannelId, SendError> {
    let answer = api.post(Route::UserMeDmChannels, &json!({ "recipient_id": user })).await;
    let answer = answer.map_err(|failure| match failure.send_error() {
        SendError::Uncertain(what) => SendError::Unreachable(what),
        other => other,
    })?;
    let channel = answer.id().and_then(|id| id.parse::<std::num::NonZeroU64>().ok());
    channel.map(ChannelId::from).ok_or_else(|| SendError::Unreachable("its answer names no chat".to_owned()))
}

/// How old an interaction is: its id holds when it was made.
fn age(id: InteractionId) -> Duration {
    let made = millis(id.created_at());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_millis(made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interactions_id_tells_its_age() {
        // Discord's own example: 2016-04-30.
        assert!(age(InteractionId::new(175_928_847_299_117_063)) > Duration::from_hours(24 * 365));
        // One of the far future is young: clocks differ.
        assert_eq!(age(InteractionId::new(u64::MAX >> 1)), Duration::ZERO);
    }
}
