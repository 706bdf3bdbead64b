//! A wire to a service that can be cut, and that can hang: still there, still taking, never answering.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// What the wire does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Whole,
    Hung,
    Cut,
}

/// The wire. Whole at first; gone when dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    target: String,
    wire: Arc<watch::Sender<Wire>>,
    task: AbortHandle,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.wire.send_replace(Wire::Cut);
        self.task.abort();
    }
}

impl Proxy {
    /// A wire to the service at this address, which becomes that of the wire.
    pub fn before(url: &mut String) -> Self {
        let wire = Self::to(url);
        *url = wire.url(url);
        wire
    }

    /// A wire to the service at this address, like `redis://127.0.0.1:6379`.
    pub fn to(url: &str) -> Self {
        let (target, to) = service(url);
        let (listener, port) = door();
        let wire = Arc::new(watch::Sender::new(Wire::Whole));
        let task = tokio::spawn(accept(listener, to, Arc::clone(&wire))).abort_handle();
        Self { port, target, wire, task }
    }

    /// The service's address by this wire.
    pub fn url(&self, url: &str) -> String {
        url.replacen(&self.target, &format!("127.0.0.1:{}", self.port), 1)
    }

    /// Takes everything and passes nothing on, as a process that was stopped.
    pub fn hang(&self) {
        self.wire.send_replace(Wire::Hung);
    }

    /// Every connection ends, and no new one is made.
    pub fn cut(&self) {
        self.wire.send_replace(Wire::Cut);
    }

    /// As new.
    pub fn mend(&self) {
        self.wire.send_replace(Wire::Whole);
    }
}

/// The host and port in an address.
pub(crate) fn service(url: &str) -> (String, SocketAddr) {
    let (_, rest) = url.split_once("://").expect("an address");
    let host = rest.split('/').next().unwrap();
    let target = host.rsplit('@').next().unwrap().to_owned();
    let to = target.parse().expect("an address with a port");
    (target, to)
}

/// A free port, listened on.
pub(crate) fn door() -> (TcpListener, u16) {
    let listener = StdListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (TcpListener::from_std(listener).unwrap(), port)
}

async fn accept(listener: TcpListener, to: SocketAddr, wire: Arc<watch::Sender<Wire>>) {
    while let Ok((client, _)) = listener.accept().await {
        if *wire.borrow() != Wire::Cut {
            let mut until_cut = wire.subscribe();
            let passing = carry(client, to, wire.subscribe(), wire.subscribe());
            tokio::spawn(async move {
                tokio::select! {
                    () = passing => {}
                    _ = until_cut.wait_for(|wire| *wire == Wire::Cut) => {}
                }
            });
        }
    }
}

async fn carry(client: TcpStream, to: SocketAddr, there: watch::Receiver<Wire>, back: watch::Receiver<Wire>) {
    let Ok(service) = TcpStream::connect(to).await else { return };
    drop((client.set_nodelay(true), service.set_nodelay(true)));
    let (client_reads, client_writes) = client.into_split();
    let (service_reads, service_writes) = service.into_split();
    tokio::select! {
        () = pass(client_reads, service_writes, there) => {}
        () = pass(service_reads, client_writes, back) => {}
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut wire: watch::Receiver<Wire>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if wire.wait_for(|wire| *wire != Wire::Hung).await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
