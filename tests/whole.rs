//! The whole service in a real browser: a visitor on the sample crisis, from the first question to an agent's words.

use thirtyfour::{By, Key};

use crate::{
    common::chromium::{self, Chromium},
    common::{self, Home},
};

async fn write(browser: &Chromium, text: &str) {
    let field = browser.css("#text").await;
    field.send_keys(text).await.unwrap();
    field.send_keys(Key::Enter + "").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_is_answered_asked_back_and_brought_to_a_person() {
    let Some(browser) = Chromium::start(None).await else { return };
    let home = Home::new();
    let service = home.start();
    browser.goto(&service.url).await.unwrap();
    browser.sees("automated assistant").await;
    browser.picture("whole-start").await;

    write(&browser, "when will my power be back?").await;
    browser.sees("These are estimates, not promises").await;
    let introductions = "document.body.innerText.split('When I\\'m not sure, a person takes over').length - 1";
    assert_eq!(browser.value(introductions).await, 1, "the bot introduces itself once");
    browser.picture("whole-answer").await;

    write(&browser, "food in fridge").await;
    browser.sees("Which of these do you mean?").await;
    browser.picture("whole-choices").await;
    browser
        .find(By::XPath("(//button[contains(., 'Talk to a person')])[last()]"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    browser.sees("A person will take over here").await;

    let replied = home.run(&["escalations", "reply", "1", "This is Dana. Which street are you on?", "--as", "Dana"]);
    assert!(replied.status.success(), "{}", common::stderr(&replied));
    browser.sees("Which street are you on?").await;
    browser.picture("whole-agent").await;

    browser.sees("You are talking with a person").await;
    assert!(home.run(&["escalations", "resolve", "1", "--as", "Dana"]).status.success());
    browser.until("document.querySelector('#standing').dataset.standing === 'bot'").await;

    browser.refresh().await.unwrap();
    browser.sees("Which street are you on?").await;
    browser.sees("These are estimates, not promises").await;
    browser.quit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_in_spanish_danger_gets_help_at_once() {
    let Some(browser) = Chromium::start(Some(chromium::PHONE)).await else { return };
    let home = Home::new();
    let service = home.start();
    browser.goto(format!("{}/?lang=es", service.url)).await.unwrap();
    browser.sees("asistente automático").await;
    write(&browser, "huele mucho a gas en mi casa").await;
    browser.sees("911").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let start_in_view = "(() => { const room = document.querySelector('#scroller').getBoundingClientRect(); \
        const said = [...document.querySelectorAll('.line')].at(-1).getBoundingClientRect(); \
        return said.top >= room.top - 1 && said.top < room.bottom; })()";
    browser.until(start_in_view).await;
    browser.picture("whole-phone-danger").await;
    browser.quit().await;
}
