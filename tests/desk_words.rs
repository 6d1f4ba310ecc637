//! What an agent writes is never lost and never goes to another place than the page shows: in a real browser, over the real binary.

use serde_json::json;

use crate::{
    common::{Home, Service, Visitor, chromium::Chromium, text},
    desk::{PASSWORD, UNKNOWN, press, send, sign_in},
};

/// Dana's browser on the conversation of a customer who waits for a person.
async fn at_a_conversation(home: &Home, service: &Service) -> Option<(Chromium, Visitor)> {
    let browser = Chromium::start(None).await?;
    sign_in(home, service, &browser, "Dana", "agent").await;
    let visitor = service.visitor().await;
    visitor.says("1", UNKNOWN).await;
    browser.sees("parrot").await;
    service.settled().await;
    open(&browser, service, 1).await;
    Some((browser, visitor))
}

async fn open(browser: &Chromium, service: &Service, id: i64) {
    browser.goto(format!("{}/desk/escalations/{id}", service.url)).await.unwrap();
    // Its scripts are at work.
    browser.until("document.querySelector('.desk.scripted') !== null").await;
}

async fn write(browser: &Chromium, field: &str, words: &str) {
    browser.css(field).await.send_keys(words).await.unwrap();
}

async fn holds(browser: &Chromium, field: &str, words: &str) {
    browser.until(&format!("document.querySelector({}).value === {}", json!(field), json!(words))).await;
}

/// Keys as they are typed, wherever the caret is.
async fn types(browser: &Chromium, keys: &str) {
    for key in keys.chars() {
        let key = json!({ "type": "keyDown", "key": key.to_string(), "text": key.to_string() });
        browser.devtools("Input.dispatchKeyEvent", key.clone()).await;
        browser.devtools("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key["key"] })).await;
    }
}

#[tokio::test]
async fn what_is_typed_after_a_shortcut_stands_where_the_page_says() {
    let home = Home::new();
    let service = home.start();
    let Some((browser, visitor)) = at_a_conversation(&home, &service).await else { return };
    let before = visitor.replies().await.len();
    // With every letter that is a shortcut, in an order in which each could lead astray.
    let words = "wrote to her lawyer, no p/e1jkctq?";
    for (key, field) in
        [("e", "outcome"), ("n", "note"), ("p", "promise"), ("r", "text"), ("/", "search"), ("1", "text")]
    {
        open(&browser, &service, 1).await;
        browser.value("sessionStorage.clear()").await;
        open(&browser, &service, 1).await;
        press(&browser, key).await;
        browser.until(&format!("document.activeElement.id === '{field}'")).await;
        browser.value("(document.activeElement.value = '', 0)").await;
        types(&browser, words).await;
        holds(&browser, &format!("#{field}"), words).await;
        let elsewhere = "[...document.querySelectorAll('#outcome, #note, #promise, #by, #text, #search')]
            .filter((field) => field !== document.activeElement && field.value !== '').map((field) => field.id)";
        assert_eq!(browser.value(elsewhere).await, json!([]), "after {key}");
        browser.css(&format!("#{field}")).await.clear().await.unwrap();
    }

    // Words that no field takes do nothing: not even those that begin like a shortcut that is not there.
    service.settled().await;
    open(&browser, &service, 1).await;
    browser.value("document.activeElement.blur()").await;
    types(&browser, "wrote to claim").await;
    assert_eq!(browser.value("document.activeElement.tagName").await, "BODY");
    assert_eq!(browser.value("location.pathname").await, "/desk/escalations/1");
    assert_eq!(visitor.replies().await.len(), before, "nothing was claimed and nothing was sent");
    browser.quit().await;
}

#[tokio::test]
async fn a_shortcut_that_cannot_act_says_so() {
    let home = Home::new();
    let service = home.start();
    let Some((browser, _)) = at_a_conversation(&home, &service).await else { return };
    let claimed = home.run(&["escalations", "claim", "1", "--as", "Eli"]);
    assert!(claimed.status.success());
    browser.sees("with Eli").await;
    press(&browser, "e").await;
    browser.sees("This cannot be resolved here").await;
    browser.quit().await;
}

#[tokio::test]
async fn a_customer_who_deletes_the_conversation_leaves_the_agent_their_words_and_the_queue() {
    let home = Home::new();
    let service = home.start();
    let Some((browser, visitor)) = at_a_conversation(&home, &service).await else { return };
    press(&browser, "c").await;
    browser.sees("yours").await;
    write(&browser, "#text", "We found the parrot's owner.").await;
    write(&browser, "#note", "the owner is called Kim").await;
    let erasing = service.http.delete(format!("{}/api/chat/visitors", service.url)).bearer_auth(&visitor.key);
    assert!(erasing.send().await.unwrap().status().is_success());

    browser.sees("This conversation was deleted").await;
    browser.picture("desk-deleted").await;
    holds(&browser, "#text", "We found the parrot's owner.").await;
    holds(&browser, "#note", "the owner is called Kim").await;
    assert_eq!(
        browser.value("document.getElementById('history').innerText.trim()").await,
        "",
        "the customer's words go"
    );
    assert_eq!(browser.value("document.querySelector('#reply .primary').disabled").await, json!(true));

    // The queue beside it goes on.
    service.visitor().await.says("1", "there is a fire in my kitchen").await;
    browser.sees("fire in my kitchen").await;

    // Who sends before the page has heard of it, or has no script, gets the words back as well.
    browser.goto(format!("{}/desk", service.url)).await.unwrap();
    let token = browser.value("document.querySelector('meta[name=csrf]').content").await;
    let form = format!(
        "(() => {{ const form = document.createElement('form'); form.method = 'post'; form.action = '/desk/escalations/1/reply';
            for (const [name, value] of Object.entries({{ csrf: {token}, id: '0198c5f0-0000-7000-8000-000000000001', text: 'Kim wrote back.' }})) {{
                const field = document.createElement('input'); field.name = name; field.value = value; form.append(field); }}
            document.body.append(form); HTMLFormElement.prototype.submit.call(form); }})()"
    );
    browser.value(&form).await;
    browser.sees("it was deleted").await;
    holds(&browser, "#words", "Kim wrote back.").await;
    browser.quit().await;
}

#[tokio::test]
async fn whatever_the_server_answers_the_words_stay_and_can_be_sent_later() {
    let home = Home::new();
    let service = home.start();
    let Some((browser, visitor)) = at_a_conversation(&home, &service).await else { return };
    let before = visitor.replies().await.len();
    let words = "We hear the parrot.";
    write(&browser, "#text", words).await;
    browser.value("(window.real = window.fetch, 0)").await;
    for (status, told) in [
        ("413", "too long"),
        ("429", "Try again in 7 s"),
        ("409", "somebody else was faster"),
        ("403", "this is not allowed"),
        ("502", "the desk cannot do this at the moment"),
        ("0", "the desk cannot be reached"),
    ] {
        browser
            .value(&format!(
                "(window.fetch = async (address, options) => {{ if (!address.endsWith('/reply')) return window.real(address, options);
                    if ({status} === 0) throw new TypeError('offline');
                    return new Response('<html>', {{ status: {status}, headers: {{ 'retry-after': '7' }} }}); }}, 0)"
            ))
            .await;
        send(&browser).await.unwrap();
        browser.sees(told).await;
        holds(&browser, "#text", words).await;
    }
    browser.picture("desk-not-sent").await;
    browser.value("(window.fetch = window.real, 0)").await;

    // Signed out, by an admin or by time: the page stays, and goes on once the same agent is signed in again.
    browser.delete_all_cookies().await.unwrap();
    send(&browser).await.unwrap();
    browser.sees("You are signed out").await;
    holds(&browser, "#text", words).await;
    let again = format!(
        "(fetch('/desk/sign-in', {{ method: 'POST', body: new URLSearchParams({{ name: 'Dana', password: '{PASSWORD}' }}) }}), 0)"
    );
    browser.value(&again).await;
    browser.until("!document.getElementById('notice').innerText.includes('Sign in again')").await;
    send(&browser).await.unwrap();
    let reply = visitor.reply(before + 1).await;
    assert_eq!(text(&reply), words);
    service.settled().await;
    assert_eq!(visitor.replies().await.len(), before + 1, "said once");
    browser.quit().await;
}

#[tokio::test]
async fn words_outlive_a_page_that_is_left() {
    let home = Home::new();
    let service = home.start();
    let Some((browser, _)) = at_a_conversation(&home, &service).await else { return };
    write(&browser, "#note", "asked the crew").await;
    write(&browser, "#text", "A crew is on its way").await;
    browser.value("(document.activeElement.blur(), 0)").await;
    // At once: no second passes in which a draft could be kept.
    press(&browser, "q").await;
    browser.until("location.pathname === '/desk'").await;
    open(&browser, &service, 1).await;
    holds(&browser, "#text", "A crew is on its way").await;
    holds(&browser, "#note", "asked the crew").await;

    // A step that comes too late keeps its words as well.
    browser.css("details.resolve summary").await.click().await.unwrap();
    write(&browser, "#outcome", "the crew has seen it").await;
    browser.value("(window.real = window.fetch, window.fetch = (address, options) => address === location.href ? Promise.reject(new TypeError()) : window.real(address, options), 0)").await;
    assert!(home.run(&["escalations", "claim", "1", "--as", "Eli"]).status.success());
    browser.css("details.resolve .primary").await.click().await.unwrap();
    browser.sees("Eli has this conversation").await;
    browser.css("form[action$='take-over'] button").await.click().await.unwrap();
    browser.sees("yours").await;
    holds(&browser, "#outcome", "the crew has seen it").await;
    browser.quit().await;
}
