//! Tries the bot's token, for the operator.

use serde_json::Value;
use serenity::all::Route;

use super::{api::Api, failures::Failure, limits};

/// Who the bot is and what is worth knowing, or what is wrong and what to do.
pub(super) async fn verify(api: &Api) -> Result<String, Vec<String>> {
    let me = match api.get(Route::UserMe).await {
        Ok(answer) => answer.body,
        Err(failure) => return Err(vec![explained(&failure)]),
    };
    let application = api.get(Route::Oauth2ApplicationCurrent).await.map(|answer| answer.body).unwrap_or_default();
    let gateway = match api.get(Route::GatewayBot).await {
        Err(failure) if failure.status() != Some(404) => return Err(vec![explained(&failure)]),
        answer => answer.map(|answer| answer.body).unwrap_or_default(),
    };
    judge(&me, &application, &gateway)
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
    fn everything_that_is_wrong_is_said() {
        let application = json!({ "interactions_endpoint_url": "https://bot.example" });
        let gateway = json!({ "session_start_limit": { "remaining": 0, "reset_after": 600_000 } });
        let wrong = judge(&json!({ "id": "1" }), &application, &gateway).unwrap_err();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
    }
}
