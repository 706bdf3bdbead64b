//! The client's half of RFC 6455 over plain TCP, as lean as a generator of thousands of sockets needs it: an idle socket holds
//! no buffers, and everything that waits is written at once.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

use crate::http::Reply;
use crate::outcome::{Doing as _, Failed, Outcome};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What a server may send at once, at most.
const LARGEST: usize = 16 * 1024 * 1024;

/// Connects from an address of ours.
pub async fn connect(from: IpAddr, to: SocketAddr) -> Outcome<TcpStream> {
    connect_keeping(from, to, None).await
}

/// The same, and the kernel keeps at most so many bytes that have come and were not read yet.
async fn connect_keeping(from: IpAddr, to: SocketAddr, unread: Option<u32>) -> Outcome<TcpStream> {
    let socket = TcpSocket::new_v4().doing(|| "make a socket".to_owned())?;
    if let Some(bytes) = unread {
        // Before it connects: what a peer may send is agreed on then.
        socket.set_recv_buffer_size(bytes).doing(|| "narrow a socket".to_owned())?;
    }
    // Without this a thousand connections a second run out of ports that wait.
    socket.set_reuseaddr(true).doing(|| "reuse an address".to_owned())?;
    socket.bind(SocketAddr::new(from, 0)).doing(|| format!("speak from {from}"))?;
    let stream = socket.connect(to).await.doing(|| format!("reach {to}"))?;
    stream.set_nodelay(true).doing(|| "set a socket".to_owned())?;
    Ok(stream)
}

/// A WebSocket.
#[derive(Debug)]
pub struct Ws {
    stream: TcpStream,
    /// Received and not yet understood.
    partial: Vec<u8>,
    /// Said and not yet written.
    out: Vec<u8>,
    /// Pieces of a message in several frames.
    pieces: Vec<u8>,
}

/// What comes of asking for a WebSocket.
#[derive(Debug)]
pub enum Opening {
    /// It stands.
    Open(Ws),
    /// The server has answered otherwise.
    Refused(Reply),
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Came<'a> {
    /// A text.
    Text(&'a [u8]),
    /// The server closes, with a code.
    Close(u16),
}

impl Ws {
    /// Opens `path` at `to`.
    pub async fn open(from: IpAddr, to: SocketAddr, path: &str) -> Outcome<Self> {
        match Self::ask(from, to, path, None).await? {
            Opening::Open(ws) => Ok(ws),
            Opening::Refused(reply) => {
                Err(Failed::because(format!("the server did not upgrade: it answered {}", reply.status)))
            }
        }
    }

    /// Asks for it, and if it is told to, the kernel keeps at most so many bytes that have come and were not read yet.
    pub async fn ask(from: IpAddr, to: SocketAddr, path: &str, unread: Option<u32>) -> Outcome<Opening> {
        let opened = tokio::time::timeout(HANDSHAKE, Self::shake_hands(from, to, path, unread)).await;
        opened.map_err(|_| Failed::because("the handshake took too long"))?
    }

    async fn shake_hands(from: IpAddr, to: SocketAddr, path: &str, unread: Option<u32>) -> Outcome<Opening> {
        let stream = connect_keeping(from, to, unread).await?;
        // The key only proves that the other side speaks the protocol.
        let key = STANDARD.encode(*b"frontdesk-load-1");
        let ask = format!(
            "GET {path} HTTP/1.1\r\nHost: {to}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        );
        let mut ws = Self { stream, partial: Vec::new(), out: ask.into_bytes(), pieces: Vec::new() };
        let end = loop {
            ws.receive().await?;
            if let Some(at) = memchr::memmem::find(&ws.partial, b"\r\n\r\n") {
                break at + 4;
            }
            if ws.partial.len() > 16 * 1024 {
                return Err(Failed::because("the handshake has no end"));
            }
        };
        let head = String::from_utf8_lossy(ws.partial.get(..end).unwrap_or_default()).into_owned();
        if !head.starts_with("HTTP/1.1 101") {
            let status = head.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok());
            let status = status.doing(|| "read a status".to_owned())?;
            return Ok(Opening::Refused(Reply { status, head, body: Vec::new() }));
        }
        ws.partial.drain(..end);
        Ok(Opening::Open(ws))
    }

    /// Puts a text on the way; [`Self::receive`] and [`Self::go_on`] write.
    pub fn say(&mut self, text: &str) {
        self.put(0x1, text.as_bytes());
    }

    fn put(&mut self, opcode: u8, payload: &[u8]) {
        self.out.push(0x80 | opcode);
        let length = payload.len();
        if let (Ok(short), true) = (u8::try_from(length), length < 126) {
            self.out.push(0x80 | short);
        } else if let Ok(medium) = u16::try_from(length) {
            self.out.push(0x80 | 0x7e);
            self.out.extend_from_slice(&medium.to_be_bytes());
        } else {
            self.out.push(0x80 | 0x7f);
            self.out.extend_from_slice(&(length as u64).to_be_bytes());
        }
        // The mask protects proxies from browsers' scripts. Zeros are a mask as well, and cost nothing to apply.
        self.out.extend_from_slice(&[0; 4]);
        self.out.extend_from_slice(payload);
    }

    /// Writes what waits and reads what comes, until something has come.
    pub async fn receive(&mut self) -> Outcome<()> {
        std::future::poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// The same for somebody who `reads`. Whoever does not writes all the same, until all is written or can never be.
    pub async fn go_on(&mut self, reads: bool) -> Outcome<()> {
        if reads {
            return self.receive().await;
        }
        let written = std::future::poll_fn(|cx| self.poll_out(cx)).await;
        if written.is_err() {
            self.out.clear();
        }
        written
    }

    /// Whether something that was said is not written yet.
    pub fn has_unwritten(&self) -> bool {
        !self.out.is_empty()
    }

    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<()>> {
        while !self.out.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.out) {
                Poll::Ready(Ok(written)) if written == self.out.len() => {
                    self.out = reused(std::mem::take(&mut self.out));
                }
                Poll::Ready(Ok(written)) => drop(self.out.drain(..written)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error).doing(|| "write".to_owned())),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<()>> {
        thread_local! {
            // One buffer for all sockets of a thread.
            static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
        }
        if let Poll::Ready(Err(error)) = self.poll_out(cx) {
            return Poll::Ready(Err(error));
        }
        BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Err(error)) => Poll::Ready(Err(error).doing(|| "read".to_owned())),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    Poll::Ready(Err(Failed::because("the server hung up")))
                }
                Poll::Ready(Ok(())) => {
                    self.partial.extend_from_slice(buffer.filled());
                    let sane = self.partial.len() <= LARGEST;
                    Poll::Ready(if sane { Ok(()) } else { Err(Failed::because("the server sends without end")) })
                }
            }
        })
    }

    /// Gives every complete message to `each`.
    pub fn take(&mut self, mut each: impl FnMut(Came<'_>)) -> Outcome<()> {
        let received = std::mem::take(&mut self.partial);
        let mut at = 0;
        while let Some(frame) = parse(received.get(at..).unwrap_or_default()) {
            at += frame.size;
            match (frame.opcode, frame.last) {
                (0x1, true) => each(Came::Text(frame.payload)),
                (0x0 | 0x1, last) => {
                    self.pieces.extend_from_slice(frame.payload);
                    if last {
                        let whole = std::mem::take(&mut self.pieces);
                        each(Came::Text(&whole));
                    }
                }
                (0x8, _) => {
                    let code = frame.payload.first_chunk::<2>().map_or(1005, |code| u16::from_be_bytes(*code));
                    each(Came::Close(code));
                }
                (0x9, _) => self.put(0xA, frame.payload),
                (0xA, _) => {}
                _ => return Err(Failed::because("a frame that the protocol does not have")),
            }
        }
        if at < received.len() {
            self.partial = received;
            self.partial.drain(..at);
        } else {
            self.partial = reused(received);
        }
        Ok(())
    }
}

/// Keeps a small buffer for the next time and lets go of a large one.
fn reused(mut buffer: Vec<u8>) -> Vec<u8> {
    if buffer.capacity() > 4 * 1024 {
        return Vec::new();
    }
    buffer.clear();
    buffer
}

struct Frame<'a> {
    opcode: u8,
    last: bool,
    payload: &'a [u8],
    size: usize,
}

fn parse(bytes: &[u8]) -> Option<Frame<'_>> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (length, head) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    let size = head + length;
    Some(Frame { opcode: first & 0x0f, last: first & 0x80 != 0, payload: bytes.get(head..size)?, size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn who_is_not_let_in_learns_when_to_come_again() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\n\r\n").await.unwrap();
            stream
        });
        let asked = Ws::ask("127.0.0.7".parse().unwrap(), address, "/x", None).await.unwrap();
        let Opening::Refused(reply) = asked else { panic!("it is open") };
        assert!(reply.puts_off());
        assert_eq!(reply.retry_after(), Some(Duration::from_secs(3)));
        drop(server.await.unwrap());
    }

    #[tokio::test]
    async fn who_reads_nothing_goes_on_writing_and_finds_everything_later() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            assert!(stream.read(&mut head).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await.unwrap();
            let mut said = [0; 8];
            stream.read_exact(&mut said).await.unwrap();
            stream.write_all(&[0x81, 2, b'h', b'i']).await.unwrap();
            stream.read_exact(&mut said).await.unwrap();
            said
        });
        let mut ws = Ws::open("127.0.0.8".parse().unwrap(), address, "/x").await.unwrap();
        for text in ["ok", "go"] {
            ws.say(text);
            assert!(ws.has_unwritten());
            ws.go_on(false).await.unwrap();
            assert!(!ws.has_unwritten());
        }
        assert_eq!(server.await.unwrap(), [0x81, 0x82, 0, 0, 0, 0, b'g', b'o']);
        let mut texts = Vec::new();
        ws.take(|came| texts.push(came == Came::Text(b"hi"))).unwrap();
        assert!(texts.is_empty(), "it was not read");
        ws.go_on(true).await.unwrap();
        ws.take(|came| texts.push(came == Came::Text(b"hi"))).unwrap();
        assert_eq!(texts, [true]);
    }

    #[tokio::test]
    async fn messages_come_whole_however_they_were_cut() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, from) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let count = stream.read(&mut head).await.unwrap();
            assert!(head[..count].ends_with(b"\r\n\r\n"));
            let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec();
            bytes.extend([0x81, 2, b'o', b'k', 0x01, 1, b'a', 0x89, 1, b'!', 0x80, 1, b'b', 0x81, 126, 1, 0]);
            bytes.extend([b'x'; 256]);
            bytes.extend([0x88, 2, 0x03, 0xf4]);
            for byte in bytes {
                stream.write_all(&[byte]).await.unwrap();
                stream.flush().await.unwrap();
            }
            let mut pong = [0; 7];
            stream.read_exact(&mut pong).await.unwrap();
            assert_eq!(pong, [0x8A, 0x81, 0, 0, 0, 0, b'!']);
            from
        });
        let mut ws = Ws::open("127.0.0.9".parse().unwrap(), address, "/x").await.unwrap();
        let (mut texts, mut code) = (Vec::new(), None);
        while code.is_none() {
            ws.receive().await.unwrap();
            ws.take(|came| match came {
                Came::Text(text) => texts.push(String::from_utf8(text.to_vec()).unwrap()),
                Came::Close(with) => code = Some(with),
            })
            .unwrap();
        }
        // The answer to the ping is still to be written.
        assert!(ws.receive().await.is_err(), "the server hangs up");
        assert_eq!(texts, ["ok".to_owned(), "ab".to_owned(), "x".repeat(256)]);
        assert_eq!(code, Some(1012));
        assert_eq!(server.await.unwrap().ip().to_string(), "127.0.0.9");
    }
}
