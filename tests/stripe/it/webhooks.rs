//! Webhooks: signed, repeated until they are taken, doubled and shuffled on demand.

use std::sync::{Arc, Mutex};

use stripe_standin::{Mail, Options, Standin, signature_header};
use stripe_webhook::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::scene::{NOW, SECRET, Scene};

/// A door that writes down what it gets and answers with the next status of a list, then 200.
async fn door(answers: Vec<u16>) -> (String, Arc<Mutex<Vec<(String, String)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/stripe", listener.local_addr().unwrap());
    let got = Arc::new(Mutex::new(Vec::new()));
    let writes = Arc::clone(&got);
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = Vec::new();
            let (head, body) = loop {
                let mut part = [0; 4096];
                let read = stream.read(&mut part).await.unwrap();
                text.extend_from_slice(&part[..read]);
                let whole = String::from_utf8_lossy(&text).into_owned();
                let Some((head, body)) = whole.split_once("\r\n\r\n") else { continue };
                let length = head
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .unwrap()
                    .lines()
                    .next()
                    .unwrap()
                    .parse::<usize>();
                if body.len() >= length.unwrap() {
                    break (head.to_owned(), body.to_owned());
                }
            };
            let signature = head.lines().find_map(|line| line.strip_prefix("stripe-signature: ")).unwrap().to_owned();
            writes.lock().unwrap().push((signature, body));
            let status = answers.next().unwrap_or(200);
            stream
                .write_all(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes())
                .await
                .unwrap();
        }
    });
    (url, got)
}

fn held(url: &str) -> Options {
    let endpoints = vec![(url.to_owned(), vec![SECRET.to_owned(), "whsec_two".to_owned()])];
    Options { endpoints, mail: Mail { hold: true, ..Mail::default() }, ..Options::default() }
}

#[tokio::test]
async fn every_webhook_is_signed_with_every_secret_and_the_typed_client_reads_it() {
    let (url, got) = door(vec![]).await;
    let scene = Scene::with(held(&url)).await;
    let customer = scene.customer(true);
    scene.subscribe(&customer, "");
    scene.standin.deliver().await;
    let got = got.lock().unwrap().clone();
    assert!(got.len() > 10, "{}", got.len());
    for (signature, body) in &got {
        for secret in [SECRET, "whsec_two"] {
            Webhook::construct_event_with_timestamp(body, signature, secret, NOW).unwrap();
        }
        assert!(Webhook::construct_event_with_timestamp(body, signature, "whsec_other", NOW).is_err());
        assert!(Webhook::construct_event_with_timestamp(body, signature, SECRET, NOW + 301).is_err());
    }
    let (_, body) = &got[0];
    assert_eq!(signature_header(body, &[SECRET], NOW), Webhook::generate_test_header(body, SECRET, Some(NOW)));
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_comes_again() {
    let (url, got) = door(vec![500, 404]).await;
    let scene = Scene::with(held(&url)).await;
    scene.standin.forget_undelivered();
    scene.act("POST", "/v1/customers", "name=A");
    assert_eq!(scene.standin.deliver().await, 1);
    assert_eq!(scene.standin.deliver().await, 0);
    scene.pass(60);
    assert_eq!(scene.standin.deliver().await, 1);
    scene.pass(300);
    assert_eq!((scene.standin.deliver().await, scene.standin.undelivered()), (1, 0));
    let got = got.lock().unwrap().clone();
    assert!(got.len() == 3 && got.iter().all(|(_, body)| *body == got[0].1));
    assert_eq!(scene.standin.delivered().iter().map(|tried| tried.status).collect::<Vec<_>>(), [500, 404, 200]);
}

#[tokio::test]
async fn webhooks_come_twice_and_in_any_order_when_the_script_says_so() {
    let (url, got) = door(vec![]).await;
    let mut options = held(&url);
    options.mail = Mail { hold: true, twice: 1_000, shuffle: true };
    let scene = Scene::with(options).await;
    scene.standin.forget_undelivered();
    for number in 0..20 {
        scene.act("POST", "/v1/customers", &format!("name={number}"));
    }
    scene.standin.deliver().await;
    let bodies: Vec<String> = got.lock().unwrap().iter().map(|(_, body)| body.clone()).collect();
    let in_order: Vec<String> = scene.standin.events().into_iter().map(|event| event.body).collect();
    assert_eq!(bodies.len(), 40);
    assert!(
        in_order.iter().filter(|body| body.contains("customer.created")).all(|body| bodies
            .iter()
            .filter(|got| *got == body)
            .count()
            == 2)
    );
    let once: Vec<_> = bodies
        .iter()
        .enumerate()
        .filter(|(at, body)| !bodies[..*at].contains(body))
        .map(|(_, body)| body.clone())
        .collect();
    assert_ne!(once, in_order.into_iter().filter(|body| body.contains("customer.created")).collect::<Vec<_>>());
}

#[tokio::test]
async fn they_travel_by_themselves_unless_they_are_held() {
    let (url, got) = door(vec![]).await;
    let standin =
        Standin::start(Options { endpoints: vec![(url, vec![SECRET.into()])], ..Options::default() }).await.unwrap();
    standin.act("POST", "/v1/customers", "name=A").unwrap();
    for _ in 0..500 {
        if !got.lock().unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nothing came");
}
