//! A visitor plays against a server of the test's own, which loses answers, sends twice, and leaves gaps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::{Client, Manner, Play, Sent};
use crate::canary::{Guard, Leaks, Word};
use crate::chance::Chance;
use crate::ids;
use crate::oplog::{OpLog, What};
use crate::stage::{Login, Tenant};
use crate::tally::Tally;

const CHAT: Uuid = Uuid::from_u128(42);

struct Peer(TcpStream);

impl Peer {
    /// Accepts until somebody wants a socket; answers the door to the widget on the way.
    async fn accept(listener: &TcpListener) -> Self {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let count = stream.read(&mut head).await.unwrap();
            if head[..count].starts_with(b"POST /v1/widget/session ") {
                let body = r#"{"token":"t","expires_in":3600,"secret":"s","contact_id":"cont_x","conversation":null}"#;
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
                continue;
            }
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await.unwrap();
            let mut peer = Self(stream);
            assert_eq!(peer.hears().await["type"], "hello");
            peer.says(r#"{"type":"welcome"}"#).await;
            return peer;
        }
    }

    async fn hears(&mut self) -> serde_json::Value {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).await.unwrap();
        let length = match head[1] & 0x7f {
            126 => usize::from(self.0.read_u16().await.unwrap()),
            short => usize::from(short),
        };
        assert_eq!(self.0.read_u32().await.unwrap(), 0, "a mask of zeros");
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.unwrap();
        serde_json::from_slice(&payload).unwrap()
    }

    async fn says(&mut self, text: &str) {
        let mut frame = vec![0x81, 126];
        frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).await.unwrap();
    }

    async fn message(&mut self, seq: u128, text: &str) {
        let chat = ids::conversation(CHAT);
        let message = message(seq, text, "null");
        self.says(&format!(r#"{{"type":"message.created","conversation_id":"{chat}","message":{message}}}"#)).await;
    }
}

fn message(seq: u128, text: &str, client_message_id: &str) -> String {
    let id = ids::encode(100 + seq);
    format!(
        r#"{{"id":"msg_{id}","seq":{seq},"text":"{text}","message_type":"outgoing","client_message_id":{client_message_id}}}"#
    )
}

fn stage(address: SocketAddr) -> (Arc<Play>, Tenant, Word) {
    let chance = Chance::new(1);
    let leaks = Arc::new(Leaks::default());
    let (own, foreign) = (Word::hatch(&chance), Word::hatch(&chance));
    let owner = Login { agent: String::new(), token: String::new(), cookie: String::new(), since: Instant::now() };
    let guard = Guard::new(&own, &leaks);
    let tenant = Tenant { number: 0, id: String::new(), key: "k".to_owned(), guard, owner, took: Duration::ZERO };
    let targets = Arc::new(std::sync::RwLock::new(vec![address]));
    let (log, tally) = (OpLog::default(), Tally::default());
    (Arc::new(Play { log, leaks, tally, chance, targets, actors: AtomicU64::new(0) }), tenant, foreign)
}

#[tokio::test]
async fn what_was_not_answered_is_sent_again_under_the_same_id_and_what_is_missing_is_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (play, tenant, foreign) = stage(listener.local_addr().unwrap());
    let visiting = tokio::spawn({
        let play = Arc::clone(&play);
        async move {
            let ana = Client::visitor(&play, &tenant, Manner::default()).await.unwrap();
            ana.connect();
            let sent = ana.send_and_wait(None).await.unwrap();
            (ana, sent)
        }
    });

    // The first answer is lost on the way.
    let mut peer = Peer::accept(&listener).await;
    let first = peer.hears().await;
    drop(peer);
    let mut peer = Peer::accept(&listener).await;
    let again = peer.hears().await;
    assert_eq!((&again["client_message_id"], &again["text"]), (&first["client_message_id"], &first["text"]));
    let (chat, id) = (ids::conversation(CHAT), &again["client_message_id"]);
    let written = message(1, "x", &id.to_string());
    peer.says(&format!(r#"{{"type":"ack","client_message_id":{id},"conversation_id":"{chat}","message":{written}}}"#))
        .await;
    let (ana, sent) = visiting.await.unwrap();
    assert_eq!(sent, Sent::At(1));
    assert_eq!([What::Invoke, What::Unknown, What::Ok].map(|what| play.log.count(what)), [1, 1, 1]);

    // A double, another company's word, and a gap.
    peer.message(1, "x").await;
    peer.message(2, foreign.as_str()).await;
    peer.message(4, "later").await;
    let asked = peer.hears().await;
    assert_eq!((&asked["type"], &asked["conversations"][&chat]), (&"resume".into(), &2.into()));
    // A refusal that does not say what of: it is asked again.
    peer.says(r#"{"type":"error","code":"temporarily_unavailable","detail":"Try again soon.","retry_after_ms":2000}"#)
        .await;
    let again = peer.hears().await;
    assert_eq!((&again["type"], &again["conversations"][&chat]), (&"resume".into(), &2.into()));
    let missing = format!("{},{}", message(3, "between", "null"), message(4, "later", "null"));
    peer.says(&format!(r#"{{"type":"resumed","conversation_id":"{chat}","messages":[{missing}]}}"#)).await;
    while ana.seen() != [(CHAT, 4)] {
        tokio::task::yield_now().await;
    }
    assert_eq!(ana.screens()[&CHAT], (101..=104).map(Uuid::from_u128).collect::<Vec<_>>());
    assert_eq!((play.leaks.count(), play.tally.gaps.now(), play.tally.clashes.now()), (1, 2, 0));
    ana.leave().await;
    assert!(!ana.is_here());
}

#[tokio::test]
async fn who_keeps_to_one_send_at_a_time_repeats_no_sooner_than_asked_and_lets_the_next_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (play, tenant, _) = stage(listener.local_addr().unwrap());
    let visiting = tokio::spawn({
        let play = Arc::clone(&play);
        async move {
            let ana = Client::visitor(&play, &tenant, Manner { at_once: 1, ..Manner::default() }).await.unwrap();
            ana.connect();
            assert_eq!([ana.offer(2), ana.offer(2), ana.offer(2)], [true, true, false]);
            ana
        }
    });
    let mut peer = Peer::accept(&listener).await;
    let ana = visiting.await.unwrap();
    let first = peer.hears().await;
    let (chat, id) = (ids::conversation(CHAT), &first["client_message_id"]);
    let refused = Instant::now();
    let refusal = r#""code":"temporarily_unavailable","detail":"Try again soon.","retry_after_ms":1500"#;
    peer.says(&format!(r#"{{"type":"error","client_message_id":{id},{refusal}}}"#)).await;
    let again = peer.hears().await;
    assert_eq!((&again["client_message_id"], &again["text"]), (id, &first["text"]), "nothing overtakes it");
    assert!(refused.elapsed() >= Duration::from_millis(1_500), "it came again after {:?}", refused.elapsed());
    let written = message(1, "x", &id.to_string());
    peer.says(&format!(r#"{{"type":"ack","client_message_id":{id},"conversation_id":"{chat}","message":{written}}}"#))
        .await;
    let second = peer.hears().await;
    assert_eq!(second["type"], "send");
    assert_ne!(&second["client_message_id"], id);
    let tally = &play.tally;
    assert_eq!((tally.later.now(), tally.untold.now(), tally.unanswered.now(), ana.unanswered()), (1, 0, 0, 1));
    ana.leave().await;
}

#[tokio::test]
async fn who_stays_away_comes_back_when_told_and_not_before() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (play, tenant, _) = stage(listener.local_addr().unwrap());
    let visiting = tokio::spawn({
        let play = Arc::clone(&play);
        async move {
            let ana = Client::visitor(&play, &tenant, Manner::default()).await.unwrap();
            ana.connect();
            ana
        }
    });
    let mut peer = Peer::accept(&listener).await;
    let ana = visiting.await.unwrap();
    peer.message(1, "before").await;
    while ana.seen() != [(CHAT, 1)] {
        tokio::task::yield_now().await;
    }
    ana.stay_away(true);
    while ana.is_here() {
        tokio::task::yield_now().await;
    }
    let waited = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(waited.is_err(), "it came back by itself");
    ana.stay_away(false);
    let mut peer = Peer::accept(&listener).await;
    peer.message(2, "after").await;
    while ana.seen() != [(CHAT, 2)] {
        tokio::task::yield_now().await;
    }
    ana.stay_away(true);
    ana.leave().await;
    assert!(!ana.is_here(), "whoever is away can close the page");
}
