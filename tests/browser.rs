//! The web chat in a real browser: what visitors see, hear and can do.

use std::time::Duration;

use axum::{Router, response::Html, routing::get};
use evenkeel::{
    conversation::Standing,
    web::{Embedding, Limit, Limits, Places},
};
use serde_json::json;
use thirtyfour::{Key, WebElement};

use crate::{
    common::chat_server::{ChatServer, agent, bot},
    common::chromium::{Chromium, PHONE},
};

async fn write(browser: &Chromium, text: &str) {
    browser.css("#text").await.send_keys(text).await.unwrap();
    browser.css("#text").await.send_keys(Key::Enter + "").await.unwrap();
}

async fn dark(browser: &Chromium) {
    let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.devtools("Emulation.setEmulatedMedia", features).await;
}

const OUTAGE: &str = "Most homes in Harbor County will have power again by **Saturday, 6 pm**. Crews are working on the \
    lines along Pier Road first, because the hospital is fed from there.\n\n- We write the next update **today at 6:00 pm**.\n\
    - Your own street is on the [outage map](https://harborlight.example/map).";

/// A visitor asks, is answered, picks a choice by keyboard, and reaches a person.
async fn conversation(server: &ChatServer, browser: &Chromium, name: &str) {
    browser.goto(server.url("/")).await.unwrap();
    browser.sees("automated assistant").await;
    browser.picture(&format!("{name}-greeting")).await;

    write(browser, "our lights went out last night, when will the power be back? we have a baby here").await;
    let id = server.heard().await;
    browser.sees("Writing an answer").await;
    server.answer(id, vec![bot(OUTAGE, &[])], Standing::Bot).await;
    browser.sees("Most homes in Harbor County").await;
    browser.until("document.querySelector('#typing').textContent === ''").await;

    write(browser, "and what about my food").await;
    server.heard().await;
    let choices = [
        ("spoiled_food", "Will you pay for spoiled food?"),
        ("food_safety", "Is my food still safe?"),
        ("person", "Talk to a person"),
    ];
    server.answer(id, vec![bot("Which of these do you mean?", &choices)], Standing::Bot).await;
    browser.sees("Is my food still safe?").await;
    // Who follows the conversation stays at its end.
    browser.until("document.querySelector('#to-end').hidden").await;
    browser.until("(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)(document.querySelector('#scroller'))").await;
    browser.picture(&format!("{name}-choices")).await;
}

#[tokio::test]
async fn a_visitor_asks_and_is_answered() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    conversation(&server, &browser, "desktop").await;

    // By keyboard alone: back from the text to the second of three choices.
    for _ in 0..2 {
        active(&browser).await.send_keys(Key::Shift + Key::Tab).await.unwrap();
    }
    assert_eq!(active(&browser).await.text().await.unwrap(), "Is my food still safe?");
    active(&browser).await.send_keys(Key::Enter + "").await.unwrap();
    let id = server.heard().await;
    let (_, pending) = server.store.pending(id).await.unwrap().unwrap();
    assert_eq!(pending[0].incoming.choice.as_deref(), Some("food_safety"));
    assert_eq!(pending[0].incoming.text, "Is my food still safe?");
    browser.until("[...document.querySelectorAll('.choice')].every((button) => button.disabled)").await;
    browser.until("document.activeElement.id === 'text'").await;
    let safe = "A closed fridge keeps food cold for about **4 hours**, a full freezer for **48 hours**. When in doubt, throw it out.";
    server.answer(id, vec![bot(safe, &[])], Standing::Bot).await;
    browser.sees("48 hours").await;
    browser.picture("desktop-answer").await;

    write(&browser, "thank you. can somebody call me about the baby?").await;
    server.heard().await;
    server
        .answer(id, vec![bot("I am handing this to a person. They see what you wrote.", &[])], Standing::Waiting)
        .await;
    browser.sees("A person will join you").await;
    write(&browser, "ok").await;
    server.heard().await;
    server.answer(id, vec![agent("Maria", "Hello, this is Maria.\nWhich street are you on?")], Standing::Agent).await;
    browser.sees("Maria, Harbor Light & Power").await;
    browser.sees("You are talking with a person").await;
    browser.picture("desktop-agent").await;
    dark(&browser).await;
    contrast(&browser).await;
    browser.picture("desktop-dark").await;

    browser.refresh().await.unwrap();
    browser.sees("Which street are you on?").await;
    browser.sees("Most homes in Harbor County").await;
    browser.until("document.querySelectorAll('.line').length === 10").await;
    browser.until("[...document.querySelectorAll('.choice')].every((button) => button.disabled)").await;
    browser.quit().await;
}

async fn active(browser: &Chromium) -> WebElement {
    browser.active_element().await.unwrap()
}

#[tokio::test]
async fn it_reads_well_on_a_small_phone() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(Some(PHONE)).await else { return };
    conversation(&server, &browser, "phone").await;
    no_stray_scrolling(&browser).await;

    write(&browser, &format!("https://a.example/{}", "x".repeat(300))).await;
    browser.until("document.querySelectorAll('.customer:not(.pending)').length === 3").await;
    no_stray_scrolling(&browser).await;
    contrast(&browser).await;
    dark(&browser).await;
    browser.picture("phone-dark").await;

    // What a finger must hit is large enough (WCAG 2.5.8 asks for 24 px, we for 40).
    let small = browser
        .value("[...document.querySelectorAll('button:not([hidden])')].filter((button) => button.offsetParent && button.offsetHeight < 40).length")
        .await;
    assert_eq!(small, 0);

    let narrow = json!({ "width": 320, "height": 480, "deviceScaleFactor": 2, "mobile": true });
    browser.devtools("Emulation.setDeviceMetricsOverride", narrow).await;
    browser.until("innerWidth === 320").await;
    no_stray_scrolling(&browser).await;
    browser.quit().await;
}

/// Nothing scrolls but the conversation, and that only up and down.
async fn no_stray_scrolling(browser: &Chromium) {
    let page = "(({ scrollHeight, clientHeight, scrollTop }) => [scrollHeight - clientHeight, scrollTop])(document.scrollingElement)";
    assert_eq!(browser.value(page).await, json!([0, 0]));
    assert_eq!(browser.value("document.querySelector('header').getBoundingClientRect().top").await, 0);
    for selector in ["html", "body", "#scroller"] {
        let over = browser
            .value(&format!(
                "document.querySelector('{selector}').scrollWidth - document.querySelector('{selector}').clientWidth"
            ))
            .await;
        assert_eq!(over, 0, "{selector} is too wide");
    }
}

#[tokio::test]
async fn hostile_text_is_shown_and_never_run() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    browser.goto(server.url("/")).await.unwrap();
    let hostile = "<img src=x onerror=window.harmed=1><script>window.harmed=1</script>{{7*7}}";
    write(&browser, hostile).await;
    let id = server.heard().await;
    let reply = "<img src=x onerror=window.harmed=1> [press](javascript:window.harmed=1)";
    let choice = [("x", "<b onmouseover=window.harmed=1>bold</b>")];
    server.answer(id, vec![bot(reply, &choice), agent("<i>Eve</i>", hostile)], Standing::Bot).await;
    browser.sees("<b onmouseover=window.harmed=1>bold</b>").await;
    browser.sees("<i>Eve</i>, Harbor Light & Power").await;
    browser.sees(hostile).await;
    browser.refresh().await.unwrap();
    browser.sees(hostile).await;
    assert!(browser.value("window.harmed ?? null").await.is_null());
    assert_eq!(
        browser.value("document.querySelectorAll('#log img, #log script, #log b, #log i, #log a').length").await,
        0
    );
    browser.quit().await;
}

#[tokio::test]
async fn nothing_typed_is_lost() {
    let limits = Limits { messages: Limit { burst: 1, refill: Duration::from_secs(2) }, ..Limits::default() };
    let server = ChatServer::with(limits, Embedding::anywhere()).await;
    let Some(browser) = Chromium::start(None).await else { return };
    browser.goto(server.url("/")).await.unwrap();

    // Not sent yet.
    browser.css("#text").await.send_keys("half a thought").await.unwrap();
    browser.refresh().await.unwrap();
    browser.until("document.querySelector('#text').value === 'half a thought'").await;
    browser.css("#text").await.send_keys(Key::Enter + "").await.unwrap();
    let id = server.heard().await;

    // Too quick: kept, and sent again when the server said.
    write(&browser, "second").await;
    browser.sees("That was a lot at once").await;
    browser.picture("desktop-limited").await;
    browser.until("document.querySelectorAll('.customer:not(.pending)').length === 2").await;
    browser.until("document.querySelector('#notice').textContent === ''").await;

    // The service takes nothing for a while: the message outlives even a reload.
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.ready.send_replace(false);
    write(&browser, "while the service starts again").await;
    browser.sees("The chat is busy").await;
    browser.picture("desktop-busy").await;
    browser.refresh().await.unwrap();
    browser.sees("while the service starts again").await;
    server.ready.send_replace(true);
    browser.until("document.querySelectorAll('.customer:not(.pending)').length === 3").await;
    let lines = server.store.lines_after(id, 0, 10).await.unwrap();
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["half a thought", "second", "while the service starts again"]);
    browser.quit().await;
}

#[tokio::test]
async fn starting_over_deletes_the_conversation() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    browser.goto(server.url("/")).await.unwrap();
    write(&browser, "hello").await;
    let id = server.heard().await;
    browser.until("document.querySelectorAll('.customer:not(.pending)').length === 1").await;
    browser.css("#start-over").await.click().await.unwrap();
    browser.sees("deleted for good").await;
    browser.picture("desktop-delete").await;
    browser.css("#delete-confirm").await.click().await.unwrap();
    browser.sees("Your conversation was deleted.").await;
    assert_eq!(browser.value("document.querySelectorAll('.line').length").await, 0);
    assert!(server.store.lines_after(id, 0, 10).await.unwrap().is_empty());
    write(&browser, "hello again").await;
    browser.until("document.querySelectorAll('.customer:not(.pending)').length === 1").await;

    // Erased by a script that holds the same key: the page forgets, and goes on when the visitor does.
    let key = browser.value("localStorage.getItem('evenkeel.visitor')").await;
    let erasing = reqwest::Client::new().delete(server.url("/api/chat/visitors")).bearer_auth(key.as_str().unwrap());
    assert!(erasing.send().await.unwrap().status().is_success());
    browser.until("document.querySelectorAll('.line').length === 0").await;
    write(&browser, "and again").await;
    browser.until("document.querySelectorAll('.customer:not(.pending)').length === 1").await;
    browser.sees("Writing an answer").await;
    browser.quit().await;
}

#[tokio::test]
async fn it_can_be_used_with_a_screen_reader() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    conversation(&server, &browser, "reader").await;
    contrast(&browser).await;
    // Every control has a name, every id is there once, and what is referred to exists.
    let nameless = browser
        .value(
            "[...document.querySelectorAll('button, textarea, a, input')].filter((node) => !(node.innerText.trim() || \
             node.getAttribute('aria-label') || node.labels?.length)).map((node) => node.outerHTML)",
        )
        .await;
    assert_eq!(nameless, json!([]));
    let broken = browser
        .value(
            "(() => { const ids = [...document.querySelectorAll('[id]')].map((node) => node.id); \
             const doubled = ids.filter((id, at) => ids.indexOf(id) !== at); \
             const lost = [...document.querySelectorAll('[aria-labelledby], [aria-describedby]')].flatMap((node) => \
               [node.getAttribute('aria-labelledby'), node.getAttribute('aria-describedby')]).filter((id) => id && !ids.includes(id)); \
             return [...doubled, ...lost]; })()",
        )
        .await;
    assert_eq!(broken, json!([]));
    // New lines are read out, those from before the page was opened are not.
    browser.until("document.querySelector('[role=log]').getAttribute('aria-live') === 'polite'").await;
    assert_eq!(browser.value("document.documentElement.lang").await, "en");
    assert_eq!(browser.value("document.querySelectorAll('h1').length").await, 1);
    assert_eq!(browser.value("document.querySelector('.customer .who-said').textContent").await, "You");
    assert_eq!(browser.value("document.querySelector('.choices').getAttribute('role')").await, "group");
    browser.quit().await;
}

/// All visible text has at least 4.5 to 1 against its ground (WCAG AA).
async fn contrast(browser: &Chromium) {
    let weak = browser
        .driver
        .execute(
            r"
            const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
            const ground = (node) => {
                for (; node; node = node.parentElement) {
                    const colour = numbers(getComputedStyle(node).backgroundColor);
                    if (colour.length === 3 || colour[3] === 1) return colour;
                }
                return [255, 255, 255];
            };
            const weak = [];
            const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walk.nextNode()) {
                const node = walk.currentNode.parentElement;
                if (!walk.currentNode.data.trim() || !node.checkVisibility() || node.closest('script, dialog, noscript')) continue;
                const [a, b] = [light(numbers(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
                const ratio = (a + 0.05) / (b + 0.05);
                if (ratio < 4.5) weak.push(`${ratio.toFixed(2)} ${node.className}: ${walk.currentNode.data.trim()}`);
            }
            return weak;",
            vec![],
        )
        .await
        .unwrap()
        .json()
        .clone();
    assert_eq!(weak, json!([]));
}

/// What the oldest browsers that docs/http-api.md names do not have, taken from this one before the page begins.
const AS_AT_THE_FLOOR: &str = "
    delete AbortSignal.timeout; delete AbortSignal.any; delete HTMLFormElement.prototype.requestSubmit;
    delete window.TextDecoderStream; delete HTMLDialogElement.prototype.showModal; delete crypto.randomUUID;
    delete window.structuredClone; delete Array.prototype.at; delete Array.prototype.findLast;
    delete Array.prototype.toSorted; delete Element.prototype.checkVisibility;
    window.CSSStyleSheet = class { constructor() { throw new TypeError('Illegal constructor'); } };
    delete Document.prototype.adoptedStyleSheets; delete ShadowRoot.prototype.adoptedStyleSheets;";

async fn before_the_page(browser: &Chromium, script: &str) {
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
}

#[tokio::test]
async fn the_oldest_browsers_that_are_supported_can_chat() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    before_the_page(&browser, AS_AT_THE_FLOOR).await;
    browser.goto(server.url("/")).await.unwrap();
    write(&browser, "hello").await;
    let id = server.heard().await;
    server.answer(id, vec![bot(OUTAGE, &[])], Standing::Bot).await;
    browser.sees("Most homes in Harbor County").await;
    browser.until("document.querySelectorAll('.customer:not(.pending)').length === 1").await;
    browser.until("getComputedStyle(document.querySelector('#introduction')).display === 'none'").await;
    browser.css("#start-over").await.click().await.unwrap();
    browser.accept_alert().await.unwrap();
    browser.sees("Your conversation was deleted.").await;
    browser.quit().await;
}

#[tokio::test]
async fn a_word_that_is_being_composed_is_not_sent() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    browser.goto(server.url("/")).await.unwrap();
    browser.css("#text").await.send_keys("teiden").await.unwrap();
    // As Safari tells of the Enter that ends a composition.
    let enter = "document.querySelector('#text').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true }))";
    assert_eq!(browser.value(enter).await, true);
    assert_eq!(browser.value("document.querySelector('#text').value").await, "teiden");
    assert_eq!(browser.value("document.querySelectorAll('.line').length").await, 0);
    browser.quit().await;
}

#[tokio::test]
async fn where_the_browser_s_storage_is_full_the_chat_lasts_as_long_as_the_page() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    let full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };";
    before_the_page(&browser, full).await;
    browser.goto(server.url("/")).await.unwrap();
    write(&browser, "hello").await;
    let id = server.heard().await;
    server.answer(id, vec![bot(OUTAGE, &[])], Standing::Bot).await;
    browser.sees("Most homes in Harbor County").await;
    write(&browser, "and the water").await;
    browser.until("document.querySelectorAll('.customer:not(.pending)').length === 2").await;
    browser.quit().await;
}

#[tokio::test]
async fn who_has_no_stream_left_still_reads_the_answer() {
    let places = Places { connections: 1_000, of_network: None, streams: 0 };
    let server = ChatServer::with_places(Limits::default(), Embedding::anywhere(), places).await;
    let Some(browser) = Chromium::start(None).await else { return };
    browser.goto(server.url("/")).await.unwrap();
    write(&browser, "hello").await;
    let id = server.heard().await;
    server.answer(id, vec![bot(OUTAGE, &[])], Standing::Bot).await;
    // At the next look, which `online` brings on.
    browser
        .until("dispatchEvent(new Event('online')) && document.body.innerText.includes('Most homes in Harbor County')")
        .await;
    browser.quit().await;
}

/// Serves a page of another site that shows the widget, on a host name that is not the chat's.
async fn host_page(chat: &ChatServer, page: &str, headers: [(&'static str, &'static str); 1]) -> String {
    let page = page.replace("CHAT", &chat.address);
    let host = Router::new().route("/", get(move || async move { (headers, Html(page)) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move { axum::serve(listener, host).await });
    address
}

const PLAIN_PAGE: &str = r#"<!doctype html><html lang="en"><head><title>Host</title></head>
<body><h1>Host</h1><script src="CHAT/widget.js" async></script></body></html>"#;

async fn opens(browser: &Chromium) {
    browser
        .until(&format!(
            "document.querySelector('evenkeel-chat') && {INSIDE}.querySelector('.launcher').click() === undefined"
        ))
        .await;
    let frame = browser.execute(format!("return {INSIDE}.querySelector('iframe')"), vec![]).await.unwrap();
    frame.element().unwrap().enter_frame().await.unwrap();
    browser.sees("automated assistant").await;
    browser.enter_default_frame().await.unwrap();
}

#[tokio::test]
async fn strict_pages_show_the_widget_too() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    for header in [
        ("content-security-policy", "require-trusted-types-for 'script'"),
        ("cross-origin-embedder-policy", "require-corp"),
    ] {
        browser.goto(host_page(&server, PLAIN_PAGE, [header]).await).await.unwrap();
        opens(&browser).await;
    }
    before_the_page(&browser, AS_AT_THE_FLOOR).await;
    browser.goto(host_page(&server, PLAIN_PAGE, [("x-plain", "1")]).await).await.unwrap();
    opens(&browser).await;
    assert_eq!(
        browser.value(&format!("getComputedStyle({INSIDE}.querySelector('.launcher')).position")).await,
        "fixed"
    );
    browser.quit().await;
}

#[tokio::test]
async fn a_page_that_replaces_its_body_keeps_one_button_and_the_conversation() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    let address = host_page(&server, PLAIN_PAGE, [("x-plain", "1")]).await;
    browser.goto(&address).await.unwrap();
    opens(&browser).await;
    let replace = format!(
        "(() => {{ const body = document.createElement('body'); const script = document.createElement('script');
         script.src = '{}/widget.js'; script.onload = () => {{ window.again = true; }}; body.append(script);
         document.body.replaceWith(body); return true; }})()",
        server.address
    );
    assert_eq!(browser.value(&replace).await, true);
    browser.until("window.again === true").await;
    browser.until("document.querySelectorAll('evenkeel-chat').length === 1").await;
    assert_eq!(browser.value(&format!("{INSIDE}.querySelector('.panel').hidden")).await, false);
    browser.value("document.documentElement.replaceWith(document.documentElement.cloneNode(false)) ?? document.documentElement.append(document.createElement('body'))").await;
    browser.until("document.querySelectorAll('evenkeel-chat').length === 1").await;
    browser.quit().await;
}

#[tokio::test]
async fn another_site_embeds_it_with_one_script_tag() {
    let server = ChatServer::start().await;
    let Some(browser) = Chromium::start(None).await else { return };
    let page = HOST_PAGE.replace("CHAT", &server.address);
    let host = Router::new().route("/", get(move || async move { Html(page) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let serving = tokio::spawn(async move { axum::serve(listener, host).await });

    browser.goto(&address).await.unwrap();
    browser.until("document.querySelector('evenkeel-chat') !== null").await;
    browser.css("#last").await.send_keys(Key::Tab + "").await.unwrap();
    browser.picture("widget-closed").await;
    assert_eq!(browser.value(&format!("{INSIDE}.querySelector('iframe')")).await, json!(null), "nothing is loaded yet");
    active(&browser).await.send_keys(Key::Enter + "").await.unwrap();
    browser.until(&format!("{INSIDE}.querySelector('iframe') !== null")).await;
    let frame = browser.execute(format!("return {INSIDE}.querySelector('iframe')"), vec![]).await.unwrap();
    frame.element().unwrap().enter_frame().await.unwrap();
    browser.sees("automated assistant").await;
    write(&browser, "when will the power be back?").await;
    let id = server.heard().await;
    server.answer(id, vec![bot(OUTAGE, &[])], Standing::Bot).await;
    browser.sees("Most homes in Harbor County").await;
    no_stray_scrolling(&browser).await;
    browser.picture("widget-open").await;
    browser.css("#text").await.send_keys(Key::Escape + "").await.unwrap();
    browser.enter_default_frame().await.unwrap();
    browser.until(&format!("{INSIDE}.querySelector('.panel').hidden")).await;
    browser.until(&format!("{INSIDE}.activeElement === {INSIDE}.querySelector('.launcher')")).await;

    // While it is closed, the button counts what comes in.
    server.answer(id, vec![bot("One more thing.", &[])], Standing::Bot).await;
    browser.until(&format!("{INSIDE}.querySelector('.count').textContent === '1 new'")).await;
    browser.picture("widget-unread").await;
    serving.abort();
    browser.quit().await;
}

/// The widget's own tree within the host page.
const INSIDE: &str = "document.querySelector('evenkeel-chat').shadowRoot";

const HOST_PAGE: &str = r#"<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src CHAT; frame-src CHAT; style-src 'unsafe-inline'">
<title>Storm Ingrid</title><style>body { font: 18px/1.6 Georgia, serif; max-width: 44rem; margin: 4rem auto; padding: 0 1rem; color: #222 }
* { letter-spacing: .01em } div { border: 2px solid red } button { background: lime !important }</style></head>
<body><h1>Storm Ingrid: what we know</h1><p>Crews are out in all of Harbor County. Please stay away from lines on the ground and call us.</p>
<p><a id="last" href="/map">Outage map</a></p><script src="CHAT/widget.js" async></script></body></html>"#;
