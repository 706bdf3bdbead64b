//! Clients that keep a socket open and read nothing, or next to nothing. They harm nobody but themselves.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use routing::realtime::Topic;
use routing::revocation::{Revocation, revoke};
use serde_json::json;
use tests::{Shop, TestApp, Visitor, eventually, within};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A visitor's second socket, which is read when the story reads it.
async fn second_socket(app: &TestApp, visitor: &Visitor) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let address = format!("{}/v1/realtime", app.base(0).replacen("http", "ws", 1));
    let (mut socket, _) = connect_async(address).await.unwrap();
    let hello = json!({ "type": "hello", "protocol": 1, "token": visitor.http.token(), "resume": {} });
    socket.send(Message::text(hello.to_string())).await.unwrap();
    let welcome = socket.next().await.unwrap().unwrap();
    assert!(welcome.to_text().unwrap().contains("welcome"), "{welcome}");
    socket
}

/// Twenty large frames for a visitor.
fn floods(app: &TestApp, shop: &Shop, visitor: &Visitor) {
    let topic = Topic::Contact(shop.id.parse().unwrap(), visitor.id.parse().unwrap());
    let large = Bytes::from(json!({ "type": "typing", "padding": "x".repeat(60_000) }).to_string());
    for _ in 0..20 {
        app.node(0).routing.switchboard.deliver(&[(topic, large.clone())]);
    }
}

#[tokio::test]
async fn a_client_that_stops_reading_is_closed_and_everybody_else_hears_everything_in_time() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let bo = shop.agent("Bo").await;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    ana.writes("Hello").await;
    let chat = ana.chat();
    bo.is_given(&chat).await;
    let mut deaf = second_socket(&app, &bea).await;
    let node = app.node(0);
    eventually("four listen", async || (node.routing.switchboard.sockets() == 4).then_some(())).await;

    let mut round = 0;
    eventually("its place is taken away", async || {
        floods(&app, &shop, &bea);
        if node.routing.switchboard.sockets() == 3 {
            // It has two seconds to read why, and the next word waits for the database.
            return Some(());
        }
        round += 1;
        ana.writes(&format!("word {round}")).await;
        // How long a word takes to be written down is the database's affair.
        let began = Instant::now();
        bo.sees(&chat, &format!("word {round}")).await;
        bea.socket.catch_up().await;
        assert!(began.elapsed() < Duration::from_secs(3), "others waited for it: {:?}", began.elapsed());
        None
    })
    .await;
    assert!(round > 0, "nobody else was spoken to meanwhile");
    assert!(bea.socket.is_open(), "the same visitor's other window reads, and stays");
    let code = within(Duration::from_secs(10), "it reads why it was closed", async {
        loop {
            match deaf.next().await {
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break None,
            }
        }
    })
    .await;
    assert_eq!(code, Some(4008));
    within(Duration::from_secs(3), "nothing of it is left", async {
        eventually("three sockets", async || (node.sockets.len() == 3).then_some(())).await;
    })
    .await;
    ana.writes("the last word").await;
    bo.sees(&chat, "the last word").await;
    bea.socket.catch_up().await;
}

#[tokio::test]
async fn who_may_not_listen_any_more_is_cut_off_in_the_middle_of_what_they_do_not_read() {
    let app = TestApp::start().await;
    let shop = app.shop("Tea").await;
    let (ana, bea) = (shop.visitor("Ana").await, shop.visitor("Bea").await);
    let deaf = second_socket(&app, &bea).await;
    let node = app.node(0);
    eventually("three listen", async || (node.routing.switchboard.sockets() == 3).then_some(())).await;
    // More than the wire holds, and less than may wait.
    for _ in 0..5 {
        floods(&app, &shop, &bea);
        bea.socket.catch_up().await;
    }
    let (company, contact) = (shop.id.parse().unwrap(), bea.id.parse().unwrap());
    revoke(&node.routing, Revocation::Contact(company, contact)).await;
    within(Duration::from_secs(5), "both windows are closed", async {
        eventually("Ana alone is left", async || (node.sockets.len() == 1).then_some(())).await;
    })
    .await;
    assert!(ana.socket.is_open());
    drop(deaf);
}
