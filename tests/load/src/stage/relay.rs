//! A relay between a server and Postgres that leaves one part of one statement out, so that what the part costs can be measured
//! without a switch in the product. Where nothing is to be left out it only relays, so that both ways are equally long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::outcome::{Doing as _, Outcome};

/// The part of a statement between two marks, and what stands there instead.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// It begins after this,
    pub after: &'static str,
    /// and ends before this.
    pub before: &'static str,
    /// No longer than what it replaces.
    pub instead: &'static str,
}

/// A relay that works until it is dropped.
#[derive(Debug)]
pub struct Relay {
    /// The database's address through it.
    pub url: String,
    cuts: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `SSLRequest` and `GSSENCRequest` come before the start-up message and look like one.
const BEFORE_START: [u32; 2] = [80_877_103, 80_877_104];
/// `Parse`: a statement is prepared.
const PARSE: u8 = b'P';

impl Relay {
    /// Listens before the database at `url`.
    pub async fn open(url: &str, cut: Option<Cut>) -> Outcome<Self> {
        let doing = || format!("find the port in {url}");
        let (start, rest) = url.rsplit_once(':').doing(doing)?;
        let (port, database) = rest.split_once('/').doing(doing)?;
        let port = port.parse::<u16>().doing(doing)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.doing(|| "listen".to_owned())?;
        let own = listener.local_addr().doing(|| "listen".to_owned())?.port();
        let cuts = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&cuts);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    // A connection that ends is no news.
                    drop(relay(client, port, cut, &counted).await);
                });
            }
        });
        Ok(Self { url: format!("{start}:{own}/{database}"), cuts, task })
    }

    /// How many statements were cut.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }
}

async fn relay(client: TcpStream, port: u16, cut: Option<Cut>, cuts: &AtomicUsize) -> std::io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    start(&mut from_client, &mut to_server).await?;
    while let Some(mut message) = next(&mut from_client).await? {
        if let (Some(cut), Some(&PARSE)) = (cut, message.first())
            && leave_out(&mut message, cut)
        {
            cuts.fetch_add(1, Ordering::Relaxed);
        }
        to_server.write_all(&message).await?;
    }
    to_server.shutdown().await?;
    back.await.map_err(std::io::Error::other)?.map(drop)
}

/// Up to and with the start-up message, which has no kind.
async fn start(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> std::io::Result<()> {
    loop {
        let length = from.read_u32().await?;
        let mut rest = vec![0; usize::try_from(length).unwrap_or(4).saturating_sub(4)];
        from.read_exact(&mut rest).await?;
        to.write_u32(length).await?;
        to.write_all(&rest).await?;
        let code = rest.first_chunk().map_or(0, |code| u32::from_be_bytes(*code));
        if !BEFORE_START.contains(&code) {
            return Ok(());
        }
    }
}

/// One message whole: its kind, its length, its content.
async fn next(from: &mut OwnedReadHalf) -> std::io::Result<Option<Vec<u8>>> {
    let Ok(kind) = from.read_u8().await else { return Ok(None) };
    let length = from.read_u32().await?;
    let mut message = vec![kind];
    message.extend_from_slice(&length.to_be_bytes());
    let head = message.len();
    message.resize(head + usize::try_from(length).unwrap_or(4).saturating_sub(4), 0);
    if let Some(content) = message.get_mut(head..) {
        from.read_exact(content).await?;
    }
    Ok(Some(message))
}

/// Replaces the part, filled up with spaces so that no length changes. True when there was one.
fn leave_out(message: &mut [u8], cut: Cut) -> bool {
    let Some(begin) = memchr::memmem::find(message, cut.after.as_bytes()).map(|at| at + cut.after.len()) else {
        return false;
    };
    let rest = message.get(begin..).unwrap_or_default();
    let Some(length) = memchr::memmem::find(rest, cut.before.as_bytes()) else { return false };
    let Some(part) = message.get_mut(begin..begin + length).filter(|part| part.len() >= cut.instead.len()) else {
        return false;
    };
    part.fill(b' ');
    for (place, byte) in part.iter_mut().zip(cut.instead.bytes()) {
        *place = byte;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_goes_and_nothing_moves() {
        let cut = Cut { after: "b as (", before: "), c", instead: "select 1" };
        let mut statement = b"with a as (x), b as (insert into t values ($1)), c as (y) select".to_vec();
        assert!(leave_out(&mut statement, cut));
        assert_eq!(statement, b"with a as (x), b as (select 1                 ), c as (y) select");
        assert!(!leave_out(&mut b"select 1".to_vec(), cut));
        assert!(!leave_out(&mut b"b as (), c".to_vec(), cut), "too short");
    }
}
