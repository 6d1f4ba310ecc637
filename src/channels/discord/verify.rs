//! Tries the bot's token, for the operator.

use serde_json::Value;
use serenity::all::{ChannelId, Route};

use super::{api::Api, failures::Failure, limits};

/// A text channel, as Discord numbers its kinds.
const TEXT_CHANNEL: u64 = 0;

/// The intent Message Content is allowed, in an application's flags: approved (1 << 18), or for bots in few servers (1 << 19).
const MESSAGE_CONTENT: u64 = 1 << 18 | 1 << 19;

/// Who the bot is and what is worth knowing, or what is wrong and what to do.
pub(super) async fn verify(api: &Api, staff: Option<ChannelId>) -> Result<String, Vec<String>> {
    let me = match api.get(Route::UserMe).await {
        Ok(answer) => answer.body,
        Err(failure) => return Err(vec![explained(&failure)]),
    };
    let application = api.get(Route::Oauth2ApplicationCurrent).await.map(|answer| answer.body).unwrap_or_default();
    let gateway = match api.get(Route::GatewayBot).await {
        Err(failure) if failure.status() != Some(404) => return Err(vec![explained(&failure)]),
        answer => answer.map(|answer| answer.body).unwrap_or_default(),
    };
    let room = match staff {
        None => None,
        Some(channel_id) => Some(api.get(Route::Channel { channel_id }).await.map(|answer| answer.body)),
    };
    let mut lacking = room.as_ref().map(|room| lacking(room.as_ref(), &application)).unwrap_or_default();
    match judge(&me, &application, &gateway) {
        Ok(says) if lacking.is_empty() && room.is_some() => {
            Ok(format!("{says}; the staff work in a channel of theirs"))
        }
        Ok(says) if lacking.is_empty() => Ok(says),
        Ok(_) => Err(lacking),
        Err(mut wrong) => {
            wrong.append(&mut lacking);
            Err(wrong)
        }
    }
}

/// What keeps the staff from working in their channel.
fn lacking(room: Result<&Value, &Failure>, application: &Value) -> Vec<String> {
    let mut lacking = Vec::new();
    match room {
        Ok(room) if room["type"] == TEXT_CHANNEL => {}
        Ok(_) => lacking.push("discord.staff_channel is no text channel: threads can be opened in none other".to_owned()),
        Err(failure) => lacking.push(format!(
            "the channel discord.staff_channel cannot be seen ({failure}): check its id, and let the bot's role View Channel there, Send Messages in \
             Threads, Create Public Threads, Read Message History and Add Reactions"
        )),
    }
    if application["flags"].as_u64().unwrap_or_default() & MESSAGE_CONTENT == 0 {
        lacking.push(
            "Discord hides what the staff write: switch on Message Content Intent in the developer portal (Bot, Privileged Gateway Intents)".to_owned(),
        );
    }
    lacking
}

fn explained(failure: &Failure) -> String {
    match failure.status() {
        Some(401) => "the token is wrong: copy the bot's token from the developer portal (Bot, Reset Token) into EVENKEEL_DISCORD_TOKEN".to_owned(),
        Some(_) => format!("Discord refuses: {failure}"),
        None => format!("Discord cannot be reached: {failure}"),
    }
}

fn judge(me: &Value, application: &Value, gateway: &Value) -> Result<String, Vec<String>> {
    let mut wrong = Vec::new();
    if me["bot"] != true {
        wrong.push("the token is not a bot's: take the one from the page Bot in the developer portal".to_owned());
    }
    if application["interactions_endpoint_url"].as_str().is_some_and(|url| !url.is_empty()) {
        wrong.push(
            "the application has an Interactions Endpoint URL, so that commands and buttons do not come to us: empty it in the developer portal (General Information)"
                .to_owned(),
        );
    }
    let limit = &gateway["session_start_limit"];
    if limit["remaining"].as_u64().is_some_and(|left| left < limits::SESSIONS_KEPT) {
        let minutes = limit["reset_after"].as_u64().unwrap_or_default() / 60_000 + 1;
        wrong.push(format!("Discord allows hardly any more connections today; wait {minutes} min"));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let name = me["username"].as_str().unwrap_or("a bot");
    let id = application["id"].as_str().or(me["id"].as_str()).unwrap_or_default();
    let invite = match application["approximate_guild_count"].as_u64() {
        Some(0) => format!(
            "; it is in no server yet, invite it: https://discord.com/oauth2/authorize?client_id={id}&scope=bot+applications.commands&permissions=274877991936"
        ),
        Some(count) => format!(" in {count} {}", if count == 1 { "server" } else { "servers" }),
        None => String::new(),
    };
    Ok(format!("{name}{invite}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bot_that_works_is_named() {
        let gateway = json!({ "url": "wss://gateway.discord.gg", "session_start_limit": { "remaining": 990 } });
        let me = json!({ "id": "1", "username": "Harborlight", "bot": true });
        let application = |servers: u64| json!({ "id": "1", "approximate_guild_count": servers });
        assert_eq!(judge(&me, &application(2), &gateway).unwrap(), "Harborlight in 2 servers");
        assert!(judge(&me, &application(0), &gateway).unwrap().contains("client_id=1&"));
        assert_eq!(judge(&me, &Value::Null, &Value::Null).unwrap(), "Harborlight");
    }

    #[test]
    fn a_channel_of_the_staff_needs_a_text_channel_and_their_words() {
        let (text, voice) = (json!({ "type": 0 }), json!({ "type": 2 }));
        assert_eq!(lacking(Ok(&text), &json!({ "flags": 1 << 19 })), Vec::<String>::new());
        let told = [
            lacking(Ok(&voice), &json!({ "flags": 0 })).join("\n"),
            lacking(Err(&Failure::NotSent("connection refused".into())), &json!({ "flags": 1 << 18 })).join("\n"),
        ];
        insta::assert_snapshot!(told.join("\n"), @r#"
        discord.staff_channel is no text channel: threads can be opened in none other
        Discord hides what the staff write: switch on Message Content Intent in the developer portal (Bot, Privileged Gateway Intents)
        the channel discord.staff_channel cannot be seen (connection refused): check its id, and let the bot's role View Channel there, Send Messages in Threads, Create Public Threads, Read Message History and Add Reactions
        "#);
    }

    #[test]
    fn everything_that_is_wrong_is_said() {
        let application = json!({ "interactions_endpoint_url": "https://bot.example" });
        let gateway = json!({ "session_start_limit": { "remaining": 0, "reset_after": 600_000 } });
        let wrong = judge(&json!({ "id": "1" }), &application, &gateway).unwrap_err();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
    }
}
