//! A TCP proxy in this process that stands between two programs and misbehaves on demand: it delays, thins, swallows, cuts.
//!
//! Everything it decides for a connection comes from the seed and the connection's number.

use std::future::pending;
use std::net::SocketAddr;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::bus::{Counts, Disorder, Disturbed, Shuffle};
use crate::dice::Dice;
use load::{Doing as _, Outcome};

/// How the proxy misbehaves now. The default is not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    /// Each piece comes this much later …
    pub(crate) delay: Duration,
    /// … and up to this much later still.
    pub(crate) jitter: Duration,
    /// Nothing passes, and nobody is told: a firewall that drops.
    pub(crate) blackhole: bool,
    /// New connections are cut at once.
    pub(crate) refuse: bool,
    /// So many of a thousand answers to requests are swallowed, and the connection is cut: done, but never told.
    pub(crate) cut_answers: u32,
    /// The same for what a socket says.
    pub(crate) cut_frames: u32,
    /// A connection is cut after so many bytes of answers.
    pub(crate) cut_after: Option<u64>,
    /// At most so many bytes a second each way.
    pub(crate) bandwidth: Option<u64>,
    /// A connection lives so long, and is then cut …
    pub(crate) lifetime: Option<Range<Duration>>,
    /// … or, in so many of a thousand cases, falls silent without a word.
    pub(crate) half_open: u32,
    /// What becomes of messages, before NATS alone.
    pub(crate) bus: Disorder,
}

/// How many connections it saw, and how many it cut.
#[derive(Debug, Default)]
struct Tally {
    taken: AtomicU64,
    cut: AtomicU64,
    swallowed: AtomicU64,
    bus: Counts,
}

/// A listening proxy. It ends when dropped, and its connections with it.
pub(crate) struct Proxy {
    address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    /// Counts up each time everybody is cut off.
    storm: Arc<watch::Sender<u64>>,
    tally: Arc<Tally>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut_all();
    }
}

#[derive(Clone)]
struct Shared {
    weather: Arc<watch::Sender<Weather>>,
    storm: watch::Receiver<u64>,
    tally: Arc<Tally>,
    /// Who answers speaks NATS.
    is_bus: bool,
}

impl Proxy {
    /// Listens on a port of its own.
    pub(crate) async fn to(upstream: SocketAddr, seed: u64) -> Outcome<Self> {
        Self::before(upstream, seed, false).await
    }

    /// The same before a NATS server: it knows where messages begin and end.
    pub(crate) async fn to_bus(upstream: SocketAddr, seed: u64) -> Outcome<Self> {
        Self::before(upstream, seed, true).await
    }

    async fn before(upstream: SocketAddr, seed: u64, is_bus: bool) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.doing(|| "listen on loopback".to_owned())?;
        let address = listener.local_addr().doing(|| "learn a port".to_owned())?;
        let weather = Arc::new(watch::Sender::new(Weather::default()));
        let storm = Arc::new(watch::Sender::new(0));
        let tally = Arc::<Tally>::default();
        let shared =
            Shared { weather: Arc::clone(&weather), storm: storm.subscribe(), tally: Arc::clone(&tally), is_bus };
        let task = tokio::spawn(serve(listener, upstream, seed, shared));
        Ok(Self { address, weather, storm, tally, task })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Misbehaves like this from now on, also on open connections.
    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Cuts every open connection with RST.
    pub(crate) fn cut_all(&self) {
        self.storm.send_modify(|count| *count += 1);
    }

    /// How many connections were cut by it, and how many answers it swallowed.
    pub(crate) fn cuts(&self) -> (u64, u64) {
        (self.tally.cut.load(Ordering::Relaxed), self.tally.swallowed.load(Ordering::Relaxed))
    }

    /// What it did to messages of NATS.
    pub(crate) fn disturbed(&self) -> Disturbed {
        self.tally.bus.now()
    }
}

async fn serve(listener: TcpListener, upstream: SocketAddr, seed: u64, shared: Shared) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of file descriptors: somebody will hang up.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let number = shared.tally.taken.fetch_add(1, Ordering::Relaxed);
        let dice = Dice::new(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15), "connection");
        let mut mine = shared.clone();
        mine.storm.borrow_and_update();
        tokio::spawn(carry(client, upstream, dice, mine));
    }
}

async fn carry(mut client: TcpStream, upstream: SocketAddr, dice: Dice, mut shared: Shared) {
    let now = shared.weather.borrow().clone();
    let server = tokio::select! {
        connected = TcpStream::connect(upstream), if !now.refuse => connected.ok(),
        _ = shared.storm.changed() => None,
        () = std::future::ready(()), if now.refuse => None,
    };
    let Some(mut server) = server else {
        shared.tally.cut.fetch_add(1, Ordering::Relaxed);
        let _gone = client.set_zero_linger();
        return;
    };
    // Without it, small frames would wait for each other and the proxy would look like a slow network.
    let _best_effort = (client.set_nodelay(true), server.set_nodelay(true));
    let life = now.lifetime.as_ref().map(|range| dice.between(range));
    let falls_silent = dice.permille(now.half_open);
    let end = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let upgraded = AtomicBool::new(false);
        let pump = |from, to, way, purpose| pump(from, to, way, Dice::new(dice.bits(), purpose), &shared, &upgraded);
        let asks = pump(from_client, to_server, Way::Ask, "asks");
        let answers = pump(from_server, to_client, Way::Answer, "answers");
        let mut storm = shared.storm.clone();
        let end_of_life = async {
            match life {
                Some(life) => tokio::time::sleep(life).await,
                None => pending().await,
            }
        };
        tokio::select! {
            end = asks => end,
            end = answers => end,
            _ = storm.changed() => End::Cut,
            () = end_of_life => if falls_silent { End::Silent } else { End::Cut },
        }
    };
    if end == End::Silent {
        // Both sides believe in each other until they have waited long enough.
        let _rained = tokio::time::timeout(LONGEST_SILENCE, shared.storm.changed()).await;
    }
    if end != End::Orderly {
        shared.tally.cut.fetch_add(1, Ordering::Relaxed);
        let _gone = (client.set_zero_linger(), server.set_zero_linger());
    }
}

/// How long a half-open connection is held.
const LONGEST_SILENCE: Duration = Duration::from_secs(90);
/// How a request begins that becomes a socket.
const UPGRADE: &[u8] = b"GET /v1/realtime";
const PIECE: usize = 16 * 1024;
/// How many pieces may be on their way, so that a slow reader is felt by the writer.
const ON_THE_WAY: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Ask,
    Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// One side hung up.
    Orderly,
    Cut,
    Silent,
}

/// Carries one way. Pieces keep their order; their delays overlap, as on a real wire.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    way: Way,
    dice: Dice,
    shared: &Shared,
    upgraded: &AtomicBool,
) -> End {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THE_WAY);
    let speaks_nats = shared.is_bus && way == Way::Answer;
    let mut shuffle = speaks_nats.then(|| Shuffle::new(Dice::new(dice.bits(), "bus"), &shared.tally.bus));
    let read = async move {
        let mut buffer = vec![0; PIECE];
        let mut carried = 0_u64;
        loop {
            let due = shuffle.as_ref().and_then(Shuffle::due);
            let count = tokio::select! {
                read = from.read(&mut buffer) => match read {
                    Ok(0) => {
                        // What is held back still comes before an orderly end.
                        if let Some(shuffle) = &mut shuffle {
                            let _gone = sender.send((Instant::now(), shuffle.ends())).await;
                        }
                        return End::Orderly;
                    }
                    Ok(count) => count,
                    Err(_) => return End::Cut,
                },
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => 0,
            };
            let now = shared.weather.borrow().clone();
            let heard = buffer.get(..count).unwrap_or_default();
            let piece = match &mut shuffle {
                Some(shuffle) => shuffle.takes(heard, now.bus, Instant::now()),
                None => heard.to_vec(),
            };
            if piece.is_empty() {
                continue;
            }
            if carried == 0 && way == Way::Ask && piece.starts_with(UPGRADE) {
                upgraded.store(true, Ordering::Relaxed);
            }
            carried += u64::try_from(count).unwrap_or(0);
            if way == Way::Answer {
                let share = if upgraded.load(Ordering::Relaxed) { now.cut_frames } else { now.cut_answers };
                if dice.permille(share) {
                    shared.tally.swallowed.fetch_add(1, Ordering::Relaxed);
                    return End::Cut;
                }
                if now.cut_after.is_some_and(|most| carried > most) {
                    return End::Cut;
                }
            }
            let late = now.delay + dice.between(&(Duration::ZERO..now.jitter));
            if sender.send((Instant::now() + late, piece)).await.is_err() {
                return End::Cut;
            }
        }
    };
    let write = async move {
        while let Some((due, piece)) = pieces.recv().await {
            // Even a timer that is due already costs a millisecond, which would make every proxy a slow network.
            if due > Instant::now() {
                tokio::time::sleep_until(due).await;
            }
            let clear = shared.weather.subscribe().wait_for(|now| !now.blackhole).await.is_ok();
            if !clear || to.write_all(&piece).await.is_err() {
                return End::Cut;
            }
            let bandwidth = shared.weather.borrow().bandwidth.filter(|bandwidth| *bandwidth > 0);
            if let Some(bandwidth) = bandwidth {
                let thousandths = u64::try_from(piece.len()).unwrap_or(0) * 1000;
                tokio::time::sleep(Duration::from_millis(thousandths / bandwidth)).await;
            }
        }
        End::Orderly
    };
    let (mut read, mut write) = (pin!(read), pin!(write));
    tokio::select! {
        end = &mut read => {
            // What was read is still delivered before an orderly end.
            if end == End::Orderly { write.await } else { end }
        }
        end = &mut write => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each line with itself.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = [0; 1024];
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        if stream.write_all(&buffer[..count]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        address
    }

    async fn asks(stream: &mut TcpStream) -> Option<[u8; 4]> {
        let mut answer = [0; 4];
        stream.write_all(b"ping").await.ok()?;
        let read = tokio::time::timeout(Duration::from_millis(500), stream.read_exact(&mut answer)).await;
        read.ok()?.ok().map(|_| answer)
    }

    #[tokio::test]
    async fn in_fair_weather_it_is_not_there() {
        let proxy = Proxy::to(echo().await, 1).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(asks(&mut stream).await.as_ref(), Some(b"ping"));
        assert_eq!(proxy.cuts(), (0, 0));
    }

    #[tokio::test]
    async fn a_delay_delays_and_a_blackhole_holds_until_it_is_gone() {
        let proxy = Proxy::to(echo().await, 1).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        proxy.set(Weather { delay: Duration::from_millis(60), ..Weather::default() });
        let began = Instant::now();
        assert_eq!(asks(&mut stream).await.as_ref(), Some(b"ping"));
        assert!(began.elapsed() >= Duration::from_millis(120), "there and back: {:?}", began.elapsed());
        proxy.set(Weather { blackhole: true, ..Weather::default() });
        assert_eq!(asks(&mut stream).await, None, "nothing comes, and nobody says why");
        proxy.set(Weather::default());
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"ping", "what was held comes after all");
    }

    #[tokio::test]
    async fn an_answer_is_swallowed_after_the_work_was_done() {
        let proxy = Proxy::to(echo().await, 1).await.unwrap();
        proxy.set(Weather { cut_answers: 1000, ..Weather::default() });
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(asks(&mut stream).await, None);
        assert_eq!(proxy.cuts(), (1, 1));
    }

    #[tokio::test]
    async fn a_bus_in_disorder_goes_on_saying_that_it_is_there() {
        let proxy = Proxy::to_bus(echo().await, 1).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        proxy.set(Weather { bus: Disorder { lost: 1000, ..Disorder::default() }, ..Weather::default() });
        stream.write_all(b"MSG desk.a 1 2\r\nhi\r\nPING\r\n").await.unwrap();
        let mut answer = [0; 6];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!((&answer, proxy.disturbed().lost), (b"PING\r\n", 1));

        proxy.set(Weather { bus: Disorder { late: 1000, ..Disorder::default() }, ..Weather::default() });
        stream.write_all(b"MSG desk.a 1 2\r\nho\r\nPONG\r\n").await.unwrap();
        let mut answers = [0; 26];
        stream.read_exact(&mut answers).await.unwrap();
        assert_eq!(&answers, b"PONG\r\nMSG desk.a 1 2\r\nho\r\n", "it comes by itself, when nothing else does");
        assert_eq!(proxy.cuts(), (0, 0));
    }

    #[tokio::test]
    async fn everybody_is_cut_at_once_and_a_life_is_as_long_as_it_is() {
        let proxy = Proxy::to(echo().await, 1).await.unwrap();
        let mut streams = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
            assert!(asks(&mut stream).await.is_some());
            streams.push(stream);
        }
        proxy.cut_all();
        for stream in &mut streams {
            assert!(stream.read(&mut [0; 4]).await.is_err(), "a reset, not an end");
        }
        let short = Duration::from_millis(20)..Duration::from_millis(40);
        proxy.set(Weather { lifetime: Some(short), ..Weather::default() });
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(stream.read(&mut [0; 4]).await.is_err());
    }
}
