//! A wire to NATS on which single messages are lost, as by a server or a client that has no room for them: the connection stands, and
//! nobody is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::proxy::{door, service};

#[derive(Debug, Default)]
struct Loss {
    word: Option<String>,
    lost: usize,
}

/// The wire. Whole until told otherwise; gone when dropped.
#[derive(Debug)]
pub struct LossyBus {
    port: u16,
    target: String,
    loss: Arc<Mutex<Loss>>,
    task: AbortHandle,
}

impl Drop for LossyBus {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LossyBus {
    /// A wire to the NATS server at this address.
    pub fn to(url: &str) -> Self {
        let (target, to) = service(url);
        let (listener, port) = door();
        let loss = Arc::default();
        let task = tokio::spawn(accept(listener, to, Arc::clone(&loss))).abort_handle();
        Self { port, target, loss, task }
    }

    /// The server's address by this wire.
    pub fn url(&self, url: &str) -> String {
        url.replacen(&self.target, &format!("127.0.0.1:{}", self.port), 1)
    }

    /// From now on, what the server sends with this word in it does not arrive.
    pub fn loses(&self, word: &str) {
        self.loss.lock().unwrap().word = Some(word.to_owned());
    }

    /// How many messages were lost.
    pub fn lost(&self) -> usize {
        self.loss.lock().unwrap().lost
    }
}

async fn accept(listener: TcpListener, to: SocketAddr, loss: Arc<Mutex<Loss>>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(service) = TcpStream::connect(to).await else { continue };
        drop((client.set_nodelay(true), service.set_nodelay(true)));
        let loss = Arc::clone(&loss);
        tokio::spawn(async move {
            let (mut client_reads, client_writes) = client.into_split();
            let (service_reads, mut service_writes) = service.into_split();
            tokio::select! {
                _ = tokio::io::copy(&mut client_reads, &mut service_writes) => {}
                () = pass(service_reads, client_writes, &loss) => {}
            }
        });
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, loss: &Mutex<Loss>) {
    let mut bytes = Vec::new();
    loop {
        let Some(end) = first(&bytes) else {
            if !matches!(from.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
            continue;
        };
        let message: Vec<u8> = bytes.drain(..end).collect();
        let is_lost = {
            let mut loss = loss.lock().unwrap();
            let has = |word: &String| memchr::memmem::find(&message, word.as_bytes()).is_some();
            let is_lost = loss.word.as_ref().is_some_and(has);
            loss.lost += usize::from(is_lost);
            is_lost
        };
        if !is_lost && to.write_all(&message).await.is_err() {
            return;
        }
    }
}

/// Where the first word of the server ends, if all of it has come: a line, and after `MSG` and `HMSG` as many bytes as the line says
/// last, and a line's end.
fn first(bytes: &[u8]) -> Option<usize> {
    let line = memchr::memmem::find(bytes, b"\r\n")? + 2;
    let head = std::str::from_utf8(&bytes[..line]).unwrap();
    let payload = if head.starts_with("MSG ") || head.starts_with("HMSG ") {
        head.split_whitespace().next_back().unwrap().parse::<usize>().unwrap() + 2
    } else {
        0
    };
    (bytes.len() >= line + payload).then_some(line + payload)
}
