//! Accounts at the desk, as browsers and the command line meet them.

use reqwest::header;
use serde_json::Value;

use crate::common::{
    Home,
    desk::{Desk, PASSWORD, between, body, link_in},
    stderr, stdout,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_admin_comes_by_a_link_that_works_once() {
    let home = Home::new();
    let service = home.start();
    let link = service.first_admin.clone().unwrap();
    assert!(link.starts_with(&service.url), "{link}");

    let mut stranger = Desk::stranger(&service);
    let path = &link[service.url.len()..];
    for _ in 0..2 {
        let page = stranger.page(path).await;
        assert!(page.contains("an admin"), "looking uses nothing up: {page}");
    }
    let weak = stranger.accept(&link, Some("Ada"), "password1234").await;
    assert!(body(weak, 422).await.contains("easy to guess"));
    let short = stranger.accept(&link, Some("Ada"), "ten chars!").await;
    assert!(body(short, 422).await.contains("shorter than 12"));
    let hostile = stranger.accept(&link, Some("<script>alert(1)</script>"), PASSWORD).await;
    let page = body(hostile, 422).await;
    assert!(page.contains("no name") && !page.contains("<script>alert"), "{page}");

    let answer = stranger.accept(&link, Some("Ada"), PASSWORD).await;
    assert_eq!(answer.status(), 303);
    assert!(stranger.page("/desk/people").await.contains("Ada"));
    assert_eq!(Desk::stranger(&service).accept(&link, Some("Eve"), PASSWORD).await.status(), 404);
    assert_eq!(Desk::stranger(&service).get(path).await.status(), 404);

    let (_, log) = service.terminate();
    let token = link.rsplit('/').next().unwrap();
    assert_eq!(log.matches(token).count(), 1, "printed once, and never in the log:\n{log}");
    let service = home.start();
    assert_eq!(service.first_admin, None, "there is somebody now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_the_first_admin_is_dead_once_somebody_else_came_in() {
    let home = Home::new();
    let service = home.start();
    Desk::from_command_line(&service, &home, "Ada", "admin").await;
    let link = service.first_admin.clone().unwrap();
    assert_eq!(Desk::stranger(&service).accept(&link, Some("Eve"), PASSWORD).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_gives_a_cookie_that_only_the_browser_sees() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    let mut browser = Desk::stranger(&service);
    // Fixation: a session that somebody else chose must not become Ada's.
    let planted = format!("evenkeel={}", "a".repeat(64));
    browser.cookie.clone_from(&planted);
    let answer = browser.sign_in("ADA", PASSWORD).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()[header::LOCATION], "/desk");
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    assert_ne!(browser.cookie, planted);
    assert_ne!(browser.cookie, ada.cookie);
    assert!(browser.page("/desk/account").await.contains("<strong>Ada</strong>"));
    let thief = Desk { cookie: planted, ..browser.clone() };
    assert_eq!(thief.get("/desk/account").await.status(), 303);

    // A sign-in in the same browser ends the session that was there.
    let before = browser.clone();
    assert_eq!(browser.sign_in("Ada", PASSWORD).await.status(), 303);
    assert_ne!(before.cookie, browser.cookie);
    assert_eq!(before.get("/desk/account").await.status(), 303);
    assert_eq!(browser.get("/desk/account").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_the_cookie_is_bound_to_the_host_and_browsers_stay_on_https() {
    let home = Home::new();
    home.settings("[policy]\nquiet_ms = 20\n[desk]\nurl = \"https://desk.example\"\n");
    let service = home.start();
    let link = service.first_admin.clone().unwrap();
    assert!(link.starts_with("https://desk.example/desk/invitation/"), "{link}");
    let mut ada = Desk::stranger(&service);
    let answer = ada.accept(&link, Some("Ada"), PASSWORD).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-evenkeel=") && cookie.contains("; Secure"), "{cookie}");
    let page = ada.get("/desk/people").await;
    assert_eq!(page.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=31536000");
    let stripped = Desk { cookie: ada.cookie.replace("__Host-", ""), ..ada.clone() };
    assert_eq!(stripped.get("/desk/people").await.status(), 303);
    let page = body(ada.post("/desk/people/invite", &[("name", "Ben"), ("role", "agent")]).await, 200).await;
    assert!(link_in(&page).starts_with("https://desk.example/"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_carry_a_strict_policy_and_no_script_of_others() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    for path in ["/desk/sign-in?then=/desk", "/desk/account", "/desk/people", "/desk/audit", "/desk/nothing-here"] {
        let answer = ada.get(path).await;
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        assert!(answer.headers().get(header::STRICT_TRANSPORT_SECURITY).is_none(), "{path} over plain http");
        let page = answer.text().await.unwrap();
        assert!(!page.contains("<script>") && !page.contains("style=") && !page.contains(" onclick"), "{path}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_requests_change_nothing() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    let ben = ada.invite("Ben", "admin").await;
    let invitation = [("name", "Eve"), ("role", "admin")];
    let to = format!("{}/desk/people/invite", service.url);

    let without = ada.send(service.http.post(&to).form(&invitation)).await;
    assert_eq!(without.status(), 403);
    let other_session = ada.post_with("/desk/people/invite", &invitation, &ben.csrf().await).await;
    assert_eq!(other_session.status(), 403);
    let made_up = ada.post_with("/desk/people/invite", &invitation, &"0".repeat(64)).await;
    assert_eq!(made_up.status(), 403);
    let good = ada.csrf().await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let mut form = invitation.to_vec();
        form.push(("csrf", &good));
        let answer = ada.send(service.http.post(&to).header(name, value).form(&form)).await;
        assert_eq!(answer.status(), 403, "{name}: {value}");
    }
    // Another site must not sign a visitor in under its own account either.
    let sign_in = [("name", "Ada"), ("password", PASSWORD)];
    let elsewhere = service.http.post(format!("{}/desk/sign-in", service.url)).header("origin", "https://evil.example");
    assert_eq!(elsewhere.form(&sign_in).send().await.unwrap().status(), 403);
    assert!(!ada.page("/desk/people").await.contains("Eve"));

    // From a script of ours the header counts.
    let script = ada.script(service.http.post(&to)).header("x-csrf", &good).header("sec-fetch-site", "same-origin");
    assert_eq!(script.form(&invitation).send().await.unwrap().status(), 200);
    assert!(ada.page("/desk/people").await.contains("Eve"));

    // Kept and sent again after the sign-out, it is worth nothing.
    assert_eq!(ada.post("/desk/sign-out", &[]).await.status(), 303);
    let replayed = ada.post_with("/desk/people/withdraw", &[("name", "Eve")], &good).await;
    assert_eq!(replayed.headers()[header::LOCATION], "/desk/sign-in");
    assert!(ben.page("/desk/people").await.contains("Eve"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_to_another_site_after_signing_in() {
    let home = Home::new();
    let service = home.start();
    Desk::first_admin(&service).await;
    let asked = Desk::stranger(&service).get("/desk/audit?kind=reply").await;
    assert_eq!(asked.status(), 303);
    let to = asked.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(to, "/desk/sign-in?then=/desk/audit%3Fkind%3Dreply");
    let page = Desk::stranger(&service).page(&to).await;
    assert!(page.contains("value=\"/desk/audit?kind=reply\""), "{page}");

    for (then, location) in [
        ("/desk/audit?kind=reply", "/desk/audit?kind=reply"),
        ("https://evil.example", "/desk"),
        ("//evil.example/desk", "/desk"),
        ("/\\evil.example", "/desk"),
        ("/desk\\..\\..\\evil", "/desk"),
        ("javascript:alert(1)", "/desk"),
        ("/desk@evil.example", "/desk"),
    ] {
        let form = [("name", "Ada"), ("password", PASSWORD), ("then", then)];
        let browser = Desk::stranger(&service);
        let answer =
            browser.send(reqwest_no_redirect().post(format!("{}/desk/sign-in", service.url)).form(&form)).await;
        assert_eq!(answer.headers()[header::LOCATION], location, "{then}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_are_told_in_json_that_nobody_is_signed_in() {
    let home = Home::new();
    let service = home.start();
    let answer = service.http.get(format!("{}/desk/people", service.url)).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "sign_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_unknown_names_get_the_same_answer_and_soon_none() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    let mut browser = Desk::stranger(&service);
    let wrong = body(browser.sign_in("Ada", "not the right one").await, 422).await;
    let unknown = body(browser.sign_in("Abe", "not the right one").await, 422).await;
    assert_eq!(wrong.replace("Ada", "Abe"), unknown);
    assert!(!wrong.contains("not the right one"), "what was typed is not shown");

    // Both take the time of a hash: the quickest of five is no coin toss.
    let mut quickest = [std::time::Duration::MAX; 2];
    for _ in 0..5 {
        for (quickest, name) in quickest.iter_mut().zip(["Ada", "Abe"]) {
            let started = std::time::Instant::now();
            assert_eq!(browser.sign_in(name, "not the right one").await.status(), 422);
            *quickest = started.elapsed().min(*quickest);
        }
    }
    let ratio = quickest[0].as_secs_f64() / quickest[1].as_secs_f64();
    assert!((0.4..2.5).contains(&ratio), "{quickest:?}");

    let mut refused = None;
    for _ in 0..20 {
        let answer = browser.sign_in("Ada", "not the right one").await;
        if answer.status() == 429 {
            refused = Some(answer.text().await.unwrap());
            break;
        }
    }
    assert!(refused.unwrap().contains("wait"));
    assert_eq!(browser.sign_in("ada", PASSWORD).await.status(), 429, "the right one does not come through either");
    assert_eq!(ada.get("/desk/account").await.status(), 200, "who is signed in stays so");
    let failed = ada.page("/desk/audit?kind=sign_in_failed").await;
    assert!(failed.contains("<td>Ada"), "{failed}");
    assert!(!failed.contains("Abe"), "a name that nobody has may be a password: {failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_guess_do_not_keep_an_agent_out_of_their_own_browser() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    let mut own = Desk::stranger(&service);
    let answer = own.sign_in("Ada", PASSWORD).await;
    let device = answer.headers().get_all(header::SET_COOKIE).iter().nth(1).unwrap().to_str().unwrap().to_owned();
    assert!(device.starts_with("evenkeel-device=") && device.contains("HttpOnly"), "{device}");
    let device = device.split(';').next().unwrap().to_owned();

    let mut stranger = Desk::stranger(&service);
    let mut refused = 0;
    for n in 0..60 {
        // However the name is written.
        let name = ["Ada", "ada ", "Ａｄａ", "ADA"][n % 4];
        refused += u32::from(stranger.sign_in(name, "not the right one").await.status() == 429);
    }
    assert!(refused >= 40, "{refused} of 60 refused: every spelling is the same name");
    assert_eq!(stranger.sign_in("Ada", PASSWORD).await.status(), 429);

    // Signed out, and in again in the browser that she used before.
    let mut own = Desk { cookie: device.clone(), ..own };
    assert_eq!(own.sign_in("Ada", PASSWORD).await.status(), 303);
    // The cookie alone is nothing, and gives no endless tries.
    let mut thief = Desk { cookie: device, ..Desk::stranger(&service) };
    assert_eq!(thief.get("/desk/account").await.status(), 303);
    let mut statuses = Vec::new();
    for _ in 0..15 {
        statuses.push(thief.sign_in("Ada", "not the right one").await.status().as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(thief.sign_in("Ben", "not the right one").await.status(), 429, "nor is it good for another name");

    let trail = ada.page("/desk/audit?kind=sign_in_refused").await;
    assert!(trail.contains("Too many sign-ins were tried") && trail.contains("<td>Ada"), "{trail}");
    let health = service.health().await;
    assert_eq!(health["status"], "degraded");
    let told = health["health"]["degraded"].to_string();
    assert!(told.contains("sign-ins at the desk were refused") && !told.contains("Ada"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_looks_like_a_colleague_s_is_not_invited() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    ada.invite("Сора", "agent").await;
    for (name, why) in [("\u{410}da", "several scripts"), ("COPA", "looks like"), ("Evenkee1", "machine")] {
        let answer = ada.post("/desk/people/invite", &[("name", name), ("role", "agent")]).await;
        assert!(answer.status().is_client_error(), "{name}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(why), "{name}: {page}");
    }
    let output = home.run(&["users", "add", "COPA", "--role", "agent"]);
    assert!(!output.status.success() && stderr(&output).contains("looks like"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_try_one_password_on_everybody() {
    let home = Home::new();
    let service = home.start();
    let mut statuses = Vec::new();
    for n in 0..75 {
        statuses.push(
            Desk::stranger(&service).sign_in(&format!("Agent {n}"), "Winter is here 2026").await.status().as_u16(),
        );
    }
    assert_eq!(statuses[0], 422);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_is_out_at_once_and_the_last_admin_stays() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    let mut ben = ada.invite("Ben", "agent").await;
    assert_eq!(ben.get("/desk/account").await.status(), 200);
    assert_eq!(ben.get("/desk/people").await.status(), 403);
    assert_eq!(ben.get("/desk/audit").await.status(), 403);

    assert_eq!(ada.post("/desk/people/disable", &[("name", "Ben")]).await.status(), 303);
    assert_eq!(ben.get("/desk/account").await.status(), 303);
    assert_eq!(ben.sign_in("Ben", PASSWORD).await.status(), 422);
    assert_eq!(ada.post("/desk/people/enable", &[("name", "Ben")]).await.status(), 303);
    assert_eq!(ben.get("/desk/account").await.status(), 303, "an old session does not come back");
    assert_eq!(ben.sign_in("Ben", PASSWORD).await.status(), 303);

    for (path, form) in [
        ("/desk/people/disable", vec![("name", "Ada")]),
        ("/desk/people/role", vec![("name", "Ada"), ("role", "agent")]),
    ] {
        let page = body(ada.post(path, &form).await, 409).await;
        assert!(page.contains("last admin"), "{page}");
    }
    assert_eq!(ada.post("/desk/people/role", &[("name", "Ben"), ("role", "supervisor")]).await.status(), 303);
    assert_eq!(ben.get("/desk/audit").await.status(), 200, "a new role counts at once");
    let audit = ada.page("/desk/audit").await;
    for row in ["Disabled", "Enabled", "agent → supervisor", "Invited: agent", "Signed in"] {
        assert!(audit.contains(row), "{row}: {audit}");
    }
    let bens = ada.page("/desk/audit?person=ben").await;
    assert!(bens.contains("agent → supervisor") && !bens.contains("Accepted the invitation: admin"), "{bens}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signs_out_of_one_browser_or_of_all() {
    let home = Home::new();
    let service = home.start();
    let here = Desk::first_admin(&service).await;
    let (mut there, mut elsewhere) = (Desk::stranger(&service), Desk::stranger(&service));
    there.sign_in("Ada", PASSWORD).await;
    elsewhere.sign_in("Ada", PASSWORD).await;

    assert_eq!(there.post("/desk/sign-out", &[]).await.status(), 303);
    assert_eq!(there.get("/desk/account").await.status(), 303);
    assert_eq!(here.get("/desk/account").await.status(), 200);

    assert_eq!(here.post("/desk/account/sign-out-everywhere", &[]).await.status(), 303);
    for browser in [&here, &elsewhere] {
        assert_eq!(browser.get("/desk/account").await.status(), 303);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_leaves_only_this_browser_signed_in() {
    const NEW: &str = "seven lanterns in the fog";
    let home = Home::new();
    let service = home.start();
    let mut ada = Desk::first_admin(&service).await;
    let mut other = Desk::stranger(&service);
    other.sign_in("Ada", PASSWORD).await;

    let change = |present: &'static str, new: &'static str, again: &'static str| {
        [("present", present), ("password", new), ("again", again)]
    };
    for (form, why) in [
        (change("wrong wrong wrong", NEW, NEW), "is another one"),
        (change(PASSWORD, NEW, "something else here"), "not the same"),
        (change(PASSWORD, "ada ada ada ada", "ada ada ada ada"), "easy to guess"),
        (change(PASSWORD, "harbor light & power", "harbor light & power"), "easy to guess"),
    ] {
        let page = body(ada.post("/desk/account/password", &form).await, 422).await;
        assert!(page.contains(why), "{why}: {page}");
        assert!(!page.contains(NEW) && !page.contains(PASSWORD));
    }
    assert_eq!(ada.post("/desk/account/password", &change(PASSWORD, NEW, NEW)).await.status(), 303);
    assert_eq!(ada.get("/desk/account").await.status(), 200);
    assert_eq!(other.get("/desk/account").await.status(), 303);
    assert_eq!(ada.sign_in("Ada", PASSWORD).await.status(), 422);
    assert_eq!(ada.sign_in("Ada", NEW).await.status(), 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_told_apart_from_markup_and_from_each_other() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "Ben\u{202E}nimda",
        "{{ 7*7 }}",
        "Be\u{200B}n",
        "   ",
    ];
    for name in hostile {
        let page = body(ada.post("/desk/people/invite", &[("name", name), ("role", "agent")]).await, 422).await;
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{page}");
    }
    let taken = ada.post("/desk/people/invite", &[("name", "ａｄａ"), ("role", "agent")]).await;
    assert!(body(taken, 409).await.contains("already"));

    // What is typed into the sign-in form comes back as text.
    let mut browser = Desk::stranger(&service);
    let page = body(browser.sign_in("\"><script>alert(1)</script>", "whatever it is").await, 422).await;
    assert!(!page.contains("<script>alert"), "{page}");
    let page = ada.page("/desk/audit?person=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&kind=%22%3E%3Cscript%3E").await;
    assert!(!page.contains("<script>"), "{page}");
    let odd = ada.invite("O'Brien-Łuk (night)", "agent").await;
    assert!(odd.page("/desk/account").await.contains("O&#39;Brien-Łuk (night)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_replaced_withdrawn_and_used_once() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    let invite = async || {
        link_in(&body(ada.post("/desk/people/invite", &[("name", "Ben"), ("role", "agent")]).await, 200).await)
    };
    let (first, second) = (invite().await, invite().await);
    assert_eq!(Desk::stranger(&service).accept(&first, None, PASSWORD).await.status(), 404);
    assert_eq!(ada.post("/desk/people/withdraw", &[("name", "Ben")]).await.status(), 303);
    assert_eq!(Desk::stranger(&service).accept(&second, None, PASSWORD).await.status(), 404);

    let third = invite().await;
    assert!(!ada.page("/desk/people").await.contains(&third), "shown once");
    let mut ben = Desk::stranger(&service);
    // The inviter said who it is: who accepts cannot be somebody else.
    assert_eq!(ben.accept(&third, Some("Ada"), PASSWORD).await.status(), 303);
    assert!(ben.page("/desk/account").await.contains("<strong>Ben</strong>, agent"));
    assert_eq!(Desk::stranger(&service).accept(&third, None, PASSWORD).await.status(), 404);

    // A password link ends the sessions that are there.
    let page = body(ada.post("/desk/people/reset", &[("name", "Ben")]).await, 200).await;
    assert_eq!(ben.get("/desk/account").await.status(), 200);
    let mut anew = Desk::stranger(&service);
    assert_eq!(anew.accept(&link_in(&page), None, "seven lanterns in the fog").await.status(), 303);
    assert_eq!(ben.get("/desk/account").await.status(), 303);
    assert_eq!(ben.sign_in("Ben", PASSWORD).await.status(), 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_manages_people_while_the_service_runs() {
    let home = Home::new();
    let before = home.run(&["users", "list"]);
    assert_eq!(before.status.code(), Some(2));
    assert!(stderr(&before).contains("there is no store"), "{}", stderr(&before));
    // The first admin may be invited before the service ever ran.
    let added = home.run(&["users", "add", "Ada", "--role", "admin"]);
    assert!(added.status.success(), "{}", stderr(&added));
    assert!(stdout(&added).starts_with("http://127.0.0.1:8080/desk/invitation/"), "{}", stdout(&added));

    let service = home.start();
    let mut ada = Desk::stranger(&service);
    assert_eq!(ada.accept(stdout(&added).trim(), None, PASSWORD).await.status(), 303);
    let ben = Desk::from_command_line(&service, &home, "Ben", "agent").await;

    let list: Value = serde_json::from_str(&stdout(&home.run(&["users", "list", "--format", "json"]))).unwrap();
    assert_eq!((&list[0]["name"], &list[0]["role"]), (&"Ada".into(), &"admin".into()));
    assert!(!list.to_string().contains("argon2"), "{list}");
    let table = stdout(&home.run(&["users", "list"]));
    assert!(table.contains("agent") && table.contains("Ben"), "{table}");

    assert!(home.run(&["users", "disable", "ben"]).status.success());
    assert_eq!(ben.get("/desk/account").await.status(), 303, "the running service knows at once");
    let refused = home.run(&["users", "disable", "Ada"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("last admin"), "{}", stderr(&refused));
    for args in [["users", "reset", "Ben"], ["users", "disable", "Nobody"], ["users", "reset", "Nobody"]] {
        let output = home.run(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains("there is no user"), "{}", stderr(&output));
    }
    assert!(home.run(&["users", "enable", "Ben"]).status.success());
    let reset = home.run(&["users", "reset", "Ben"]);
    let mut ben = Desk::stranger(&service);
    assert_eq!(ben.accept(stdout(&reset).trim(), None, "seven lanterns in the fog").await.status(), 303);
    let taken = home.run(&["users", "add", "ADA", "--role", "agent"]);
    assert!(stderr(&taken).contains("somebody has the name"), "{}", stderr(&taken));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_tells_who_said_what_to_whom() {
    let home = Home::new();
    let service = home.start();
    let ada = Desk::first_admin(&service).await;
    let visitor = service.visitor().await;
    visitor.says("1", "I want to talk to a human").await;
    visitor.reply(1).await;
    let words = "A crew is at your <b>street</b>.";
    assert!(home.run(&["escalations", "reply", "1", words, "--as", "Dana"]).status.success());
    let page = ada.page("/desk/audit?person=Dana&kind=reply").await;
    assert!(page.contains("A crew is at your &#60;b&#62;street&#60;/b&#62;."), "{page}");
    assert!(
        page.contains("<a href=\"/desk/escalations/1\">escalation 1</a> on web") && page.contains("<td>Dana</td>"),
        "{page}"
    );
    assert!(page.contains("When (America/New_York)"), "{page}");
    let turns = ada.page("/desk/audit?kind=turn").await;
    assert!(turns.contains("Turn: escalate (wish)"), "{turns}");
    assert!(turns.contains("I want to talk to a human"), "a decision stands with what was asked: {turns}");
    assert!(!ada.page("/desk/audit").await.contains("Turn:"));

    // More than a page of rows: each is on one of the pages.
    for n in 0..60 {
        assert!(
            home.run(&["escalations", "reply", "1", &format!("Line number {n}."), "--as", "Dana"]).status.success()
        );
    }
    let first = ada.page("/desk/audit?kind=reply").await;
    let older = between(&first, "&amp;before=", "\"");
    let second = ada.page(&format!("/desk/audit?kind=reply&before={older}")).await;
    assert_eq!(first.matches("<td>Dana</td>").count() + second.matches("<td>Dana</td>").count(), 61);
    assert!(first.contains("Line number 59.") && second.contains("Line number 0."));
}

/// Sends cookies and follows nothing by itself.
fn reqwest_no_redirect() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}
