//! Secrets are replaced as the handbook says, server after server, while people work; and no program starts with one that is none.

use infra::config::Settings;
use serde_json::json;
use stripe_standin::{Mail, signature_header};
use tenant::Role;
use tests::payments::{Payments, WEBHOOK_SECRET};
use tests::{Http, PASSWORD, Program, Shop, Signer, TestApp, Visitor, authenticator_code, fresh};

use crate::second_factor::sets_up;

const OLD: &str = "the secret of this installation until it is replaced";
const NEW: &str = "quite another secret of more than 32 letters";
const NEW_WEBHOOK_SECRET: &str = "whsec_of_tomorrow";

/// What people have in their browsers, and a company's own server beside them.
struct People {
    shop: Shop,
    ana: Visitor,
    signer: Signer,
    /// The owner's.
    token: String,
    cookie: String,
    /// Ana's.
    visit: String,
}

impl People {
    async fn of(app: &TestApp) -> Self {
        let shop = app.shop("Tea").await;
        let inbox = shop.inbox["id"].as_str().unwrap().to_owned();
        let signer = Signer::make(&shop.owner.http, &inbox).await;
        shop.owner.http.put(&format!("/v1/inboxes/{inbox}/identity"), json!({ "required": false })).await.ok();
        let ana = shop.visitor("Ana").await;
        let (token, cookie, visit) = (shop.owner.http.token(), shop.owner.cookie.clone(), ana.http.token());
        Self { shop, ana, signer, token, cookie, visit }
    }

    fn at(&self, base: &str, token: &str) -> Http {
        Http::new(base, self.shop.guard()).with(token)
    }

    /// What they were given anywhere counts here, and they are given what counts anywhere.
    async fn work_at(&mut self, base: &str) {
        self.at(base, &self.token).get("/v1/auth/me").await.ok();
        let headers = [("cookie", self.cookie.as_str()), ("x-frontdesk", "1")];
        let renewed = self.at(base, "").send("POST", "/v1/auth/refresh", None, &headers).await;
        let token = renewed.ok()["access_token"].as_str().unwrap().to_owned();
        let cookie = renewed.cookie().unwrap();

        let text = self.shop.says("Is somebody there?");
        let message = json!({ "client_message_id": fresh(), "text": text });
        self.at(base, &self.visit).post("/v1/widget/messages", message).await.ok();
        let browser = json!({ "key": self.shop.key(), "secret": self.ana.secret });
        let session = self.at(base, "").post("/v1/widget/session", browser).await.ok();
        assert_eq!(session["contact_id"], self.ana.id.as_str());
        let visit = session["token"].as_str().unwrap().to_owned();

        // The key that the company's own server signs with lies sealed.
        let vouched = self.signer.token(&self.shop.app, "user-1");
        let comes = json!({ "key": self.shop.key(), "token": vouched, "attempt": fresh() });
        self.at(base, "").post("/v1/widget/identify", comes).await.ok();
        (self.token, self.cookie, self.visit) = (token, cookie, visit);
    }
}

/// One server is replaced after the other, and nobody is kept waiting at the other one.
async fn replaced(servers: &mut [Program; 2], settings: &Settings, people: &mut People) {
    let bases = [servers[0].base(), servers[1].base()];
    for number in [0, 1] {
        servers[number].replace(settings, people.work_at(&bases[1 - number])).await;
        for base in &bases {
            people.work_at(base).await;
        }
    }
}

#[tokio::test]
async fn the_installations_secret_is_replaced_step_by_step_while_everybody_works() {
    // The list of previous ones is separated by commas, which the one of other stories has in it.
    let app = TestApp::start_with(1, |settings| settings.secret = OLD.to_owned()).await;
    let mut people = People::of(&app).await;
    let cy = people.shop.colleague("Cy", Role::Agent).await;
    let (authenticator, _) = sets_up(&app, &cy.http).await;
    let (old, first_token, first_visit) = (app.settings().secret.clone(), people.token.clone(), people.visit.clone());
    let with = |secret: &str, previous: &[&str]| Settings {
        secret: secret.to_owned(),
        previous_secrets: previous.iter().map(|&secret| secret.to_owned()).collect(),
        ..app.settings().clone()
    };

    let before = with(&old, &[]);
    let mut servers = [Program::start(&before).await, Program::start(&before).await];
    for server in &servers {
        people.work_at(&server.base()).await;
    }
    replaced(&mut servers, &with(&old, &[NEW]), &mut people).await;
    let exchanged = with(NEW, &[old.as_str()]);
    replaced(&mut servers, &exchanged, &mut people).await;
    let (well, said, why) = Program::try_run(&exchanged, &["secrets", "rotate"]).await;
    assert!(well, "{said} {why}");
    for server in &servers {
        people.work_at(&server.base()).await;
    }
    replaced(&mut servers, &with(NEW, &[]), &mut people).await;

    for server in &servers {
        // What the old secret has signed opens nothing any more.
        people.at(&server.base(), &first_token).get("/v1/auth/me").await.refused(401, "token_invalid");
        let message = json!({ "client_message_id": fresh(), "text": people.shop.says("Once more") });
        let late = people.at(&server.base(), &first_visit).post("/v1/widget/messages", message).await;
        late.refused(401, "token_invalid");
    }
    // A person's own secret was sealed with the installation's, and is open to the new one: the code of the next half minute counts too.
    let door = people.at(&servers[0].base(), "");
    let asked = door.post("/v1/auth/login", json!({ "email": cy.email, "password": PASSWORD })).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let code = authenticator_code(&authenticator, app.clock().now() + chrono::TimeDelta::seconds(30));
    let answer = json!({ "challenge": asked.json()["challenge"], "code": code });
    door.post("/v1/auth/login/second-factor", answer).await.ok();
}

#[tokio::test]
async fn the_secret_of_webhooks_is_replaced_while_they_come() {
    let held = Mail { hold: true, twice: 0, shuffle: false };
    let payments = Payments::start(1, 11, held).await;
    payments.stripe.act("POST", "/v1/customers", "name=A").unwrap();
    let body = payments.stripe.events().pop().unwrap().body;
    let with = |secrets: &[&str]| Settings {
        stripe_webhook_secrets: secrets.iter().map(|&secret| secret.to_owned()).collect(),
        ..payments.app.settings().clone()
    };
    let tell = async |server: &Program, secrets: &[&str]| {
        let signature = signature_header(&body, secrets, payments.app.clock().now().timestamp());
        let http = Http::new(&server.base(), payments.app.guard(None));
        let headers = [("stripe-signature", signature.as_str())];
        http.raw("POST", "/hooks/stripe", body.as_bytes().to_vec(), &headers).await.status
    };
    let (old, new) = (WEBHOOK_SECRET, NEW_WEBHOOK_SECRET);

    let mut servers = [Program::start(&with(&[old])).await, Program::start(&with(&[old])).await];
    for server in &servers {
        assert_eq!((tell(server, &[old]).await, tell(server, &[new]).await), (200, 401));
    }
    // At each step: what servers are told to take, and what the provider signs with while they are replaced.
    for (taken, signed) in [(&[old, new][..], &[old][..]), (&[new][..], &[new, old][..])] {
        for number in [0, 1] {
            let [one, other] = &mut servers;
            let (going, staying) = if number == 0 { (one, other) } else { (other, one) };
            let meanwhile = async { assert_eq!(tell(staying, signed).await, 200) };
            going.replace(&with(taken), meanwhile).await;
            for server in &servers {
                assert_eq!(tell(server, signed).await, 200);
            }
        }
    }
    for server in &servers {
        assert_eq!((tell(server, &[old]).await, tell(server, &[new]).await), (401, 200));
    }
}

#[tokio::test]
async fn no_program_starts_with_a_secret_that_is_short_or_an_examples() {
    let app = TestApp::start().await;
    let key = ("FRONTDESK_STRIPE_KEY", "sk_test_standin");
    let bucket = ("FRONTDESK_BLOBS", "s3://files/here");
    let refused: [(&str, &[(&str, &str)]); 11] = [
        ("FRONTDESK_SECRET", &[("FRONTDESK_SECRET", "")]),
        ("FRONTDESK_SECRET", &[("FRONTDESK_SECRET", "8f3k-2m7q")]),
        ("FRONTDESK_SECRET", &[("FRONTDESK_SECRET", "changeme-8f3k-changeme-8f3k-changeme")]),
        ("FRONTDESK_PREVIOUS_SECRETS", &[("FRONTDESK_PREVIOUS_SECRETS", "8f3k-2m7q")]),
        ("FRONTDESK_PREVIOUS_SECRETS", &[("FRONTDESK_PREVIOUS_SECRETS", "0123456789abcdef0123456789abcdef")]),
        ("FRONTDESK_STRIPE_WEBHOOK_SECRETS", &[key]),
        ("FRONTDESK_STRIPE_WEBHOOK_SECRETS", &[key, ("FRONTDESK_STRIPE_WEBHOOK_SECRETS", "whsec_8f3k")]),
        ("FRONTDESK_STRIPE_WEBHOOK_SECRETS", &[key, ("FRONTDESK_STRIPE_WEBHOOK_SECRETS", "whsec_8f3k2m7qz5xw,")]),
        ("FRONTDESK_STRIPE_KEY", &[("FRONTDESK_STRIPE_KEY", "pk-8f3k-2m7q")]),
        ("FRONTDESK_S3_SECRET", &[bucket, ("FRONTDESK_S3_KEY_ID", "8f3k-2m7q")]),
        ("FRONTDESK_S3_SECRET", &[bucket, ("FRONTDESK_S3_KEY_ID", "8f3k-2m7q"), ("FRONTDESK_S3_SECRET", "minioadmin")]),
    ];
    for (at_fault, settings) in refused {
        // One that would start after all does not hold the story up.
        let (well, said) = Program::script(app.settings(), settings, "timeout -k 1 20 frontdesk serve").await;
        assert!(!well, "{settings:?}: {said}");
        assert!(said.contains(&format!("- {at_fault} ")) || said.contains(&format!(" {at_fault} ")), "{said}");
        for (_, value) in settings.iter().filter(|(_, value)| value.contains("8f3k")) {
            assert!(!said.contains(value), "a secret is printed: {said}");
        }
    }
}
