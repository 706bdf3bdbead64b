//! What people write is text, wherever it is shown: no markup of theirs ever becomes ours.

use serde_json::json;
use tenant::{Role, Standing};
use tests::{Http, Mail, PASSWORD, TestApp, eventually, fresh};

const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "{{constructor.constructor('alert(1)')()}}",
    "</textarea><iframe srcdoc='<script>alert(1)</script>'>",
    "&lt;b&gt;already escaped&lt;/b&gt;",
    "'; drop table message; --",
    "=HYPERLINK(\"http://evil\",\"x\")",
    "\u{202e}gnp.exe \u{200b}zero width",
    "emoji 👩‍👩‍👧 and 中文 and עברית",
];

#[tokio::test]
async fn hostile_texts_are_kept_and_given_back_as_the_texts_they_are() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let ana = shop.visitor("Ana").await;
    ana.writes("Hello").await;
    let chat = ana.chat();
    for text in HOSTILE {
        ana.writes(text).await;
        bo.sees(&chat, text).await;
        bo.replies(&chat, text).await;
        ana.sees(text).await;
        let change = json!({ "name": text, "attributes": { "note": text } });
        let contact = bo.http.patch(&format!("/v1/contacts/{}", ana.id), change).await.ok();
        assert_eq!((&contact["name"], &contact["attributes"]["note"]), (&json!(text), &json!(text)));
        let body = json!({ "client_message_id": fresh(), "text": shop.says("page"), "page": { "url": text, "title": text, "referrer": text } });
        ana.http.post("/v1/widget/messages", body).await.ok();
    }
    let said: Vec<String> = shop.plain(&bo.thread(&chat).await);
    for text in HOSTILE {
        assert_eq!(said.iter().filter(|line| *line == text).count(), 2, "{text}");
    }
    // Browsers are told not to guess, and answers are JSON.
    let reply = bo.http.get(&format!("/v1/conversations/{chat}/messages")).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    // A page address that is no web address is not kept as one.
    let contact = bo.http.get(&format!("/v1/contacts/{}", ana.id)).await.ok();
    let url = contact["page"]["url"].as_str().unwrap_or_default();
    assert!(!url.to_lowercase().starts_with("javascript:"), "{url}");
}

#[tokio::test]
async fn letters_hold_names_as_text_and_a_subject_is_one_line() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let company = "<b onmouseover=alert(1)>Evil & \"Sons\"</b>";
    shop.owner.http.patch("/v1/account", json!({ "name": company })).await.ok();
    let named = json!({ "name": "<img src=x onerror=alert(2)>" });
    shop.owner.http.patch(&format!("/v1/agents/{}", shop.owner.id), named).await.ok();
    app.node(0).world.directory.forget(shop.id.parse().unwrap());
    let to = format!("{}@mail.test", fresh().simple());
    shop.owner.http.post("/v1/invitations", json!({ "email": to, "role": "agent" })).await.ok();

    let letter = app.mail().letter(&to, "invites you").await;

    assert!(!letter.html.contains("<b ") && !letter.html.contains("<img"), "{}", letter.html);
    assert!(
        letter.html.contains("&lt;b onmouseover=alert(1)&gt;Evil &amp; &quot;Sons&quot;&lt;/b&gt;"),
        "{}",
        letter.html
    );
    assert!(letter.text.contains(company), "the plain part is plain: {}", letter.text);
    assert_eq!(letter.subject, format!("<img src=x onerror=alert(2)> invites you to {company}"));

    for spoilt in ["Two\nlines", "Bcc:\r\n victim@mail.test", "a\tb", "bell\u{7}"] {
        shop.owner.http.patch("/v1/account", json!({ "name": spoilt })).await.refused(422, "validation_failed");
        let ask =
            json!({ "company": spoilt, "email": format!("{}@mail.test", fresh().simple()), "password": PASSWORD });
        app.stranger().post("/v1/signup", ask).await.refused(422, "validation_failed");
    }
    for address in [
        "a@b.test\r\nBcc: v@mail.test",
        "a@b.test, v@mail.test",
        "<v@mail.test>",
        "a b@mail.test",
        "@mail.test",
        "v@",
        "",
    ] {
        let reply = shop.owner.http.post("/v1/invitations", json!({ "email": address, "role": "agent" })).await;
        reply.refused(422, "validation_failed");
    }
    assert!(app.mail().all().iter().all(|mail| !mail.to.starts_with("v@")), "nobody else got mail");
}

#[tokio::test]
async fn a_companys_people_read_its_name_in_letters_and_not_ours() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (company, owner) = ("青壶茶行", &shop.owner);
    let first = app.mail().letter(&owner.email, "Verify").await;
    assert!(first.from.starts_with("Frontdesk <"), "from before the company: {}", first.from);
    owner.http.patch("/v1/account", json!({ "name": company })).await.ok();
    let in_its_name = |letter: &Mail| {
        assert_eq!(letter.from, format!("{company} <no-reply@frontdesk.test>"), "the address stays ours");
        assert!(letter.subject.contains(company), "{}", letter.subject);
        assert!(letter.text.trim_end().ends_with(&format!("— {company}")), "{}", letter.text);
        let said = format!("{} {} {}", letter.subject, letter.text, letter.html);
        assert!(!said.contains("Frontdesk"), "{said}");
    };

    let to = format!("{}@mail.test", fresh().simple());
    owner.http.post("/v1/invitations", json!({ "email": to, "role": "agent" })).await.ok();
    in_its_name(&app.mail().letter(&to, "invites you").await);
    let bo = shop.colleague("Bo", Role::Agent).await;
    let new = json!({ "password": "an even better password" });
    assert_eq!(bo.http.put("/v1/auth/password", new.clone()).await.status, 204);
    let letter = app.mail().letter(&bo.email, "How you sign in has changed").await;
    in_its_name(&letter);
    assert!(letter.text.starts_with(&format!("Your {company} password was changed")), "{}", letter.text);
    let forgot = json!({ "email": owner.email });
    assert_eq!(app.stranger().post("/v1/auth/forgot-password", forgot).await.status, 204);
    let letter = app.mail().letter(&owner.email, "Reset your password").await;
    assert!(letter.from.starts_with("Frontdesk <"), "a login is no company's: {}", letter.from);

    // Whoever is in two companies is written to by neither about how they sign in.
    let other = app.shop("Coffee").await;
    let tenant = other.tenant().await;
    let (by, standing) = (other.owner.id.parse().unwrap(), Standing::built_in(Role::Agent));
    let invited =
        tenant::invitation::invite(&tenant.world, &tenant.account, by, &other.owner.name, &bo.email, standing).await;
    let accept = format!("/v1/invitations/by-token/{}/accept", invited.unwrap().1);
    Http::new(&app.base(0), app.guard(None).of_everybody()).post(&accept, new).await.ok();
    let newer = json!({ "password": "a password better than that one" });
    assert_eq!(bo.http.put("/v1/auth/password", newer).await.status, 204);
    let second = eventually("the second letter about it", async || {
        let about = |mail: &Mail| mail.to == bo.email && mail.subject.contains("has changed");
        app.mail().all().into_iter().filter(about).nth(1)
    })
    .await;
    assert!(second.from.starts_with("Frontdesk <"), "{}", second.from);
    assert_eq!(second.subject, "How you sign in has changed");

    // A name that looks like an address would be taken for the one that the letter came from.
    owner.http.patch("/v1/account", json!({ "name": "support@bank.test" })).await.ok();
    let to = format!("{}@mail.test", fresh().simple());
    owner.http.post("/v1/invitations", json!({ "email": to, "role": "agent" })).await.ok();
    assert!(app.mail().letter(&to, "invites you").await.from.starts_with("Frontdesk <"));
}

#[tokio::test]
async fn letters_speak_the_language_of_their_reader() {
    let app = TestApp::start().await;
    let to = format!("{}@mail.test", fresh().simple());
    let ask = json!({ "company": "北京茶馆", "email": to, "password": PASSWORD, "locale": "zh-CN" });
    let session = app.stranger().post("/v1/signup", ask).await.ok();
    let letter = app.mail().letter(&to, "请验证您的邮箱").await;
    assert!(letter.text.contains("北京茶馆") && letter.html.contains("验证邮箱"), "{}", letter.text);
    let token = session["access_token"].as_str().unwrap();
    let inboxes = app.stranger().with(token).get("/v1/inboxes").await.ok();
    assert!(inboxes["data"][0]["settings"]["greeting"].as_str().unwrap().contains("您好"));
}
