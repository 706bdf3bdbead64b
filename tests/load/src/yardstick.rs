//! What the same Postgres can do without us: one row, one INSERT, one COMMIT, prepared, from sixteen connections, durable. And
//! what the machine's loopback can do without anybody: some bytes there and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::outcome::{Doing as _, Failed, Outcome};
use crate::stage::Services;
use crate::tally::Times;

/// How many connections insert.
const CONNECTIONS: &str = "16";
const DATABASE: &str = "yardstick";
const TABLE: &str = "create table yardstick (id bigserial primary key, a uuid not null default gen_random_uuid(), \
     conversation bigint not null, text text not null, created_at timestamptz not null default now())";
const INSERT: &str = "\\set c random(1, 1000000)\n\
     insert into yardstick (conversation, text) values (:c, 'Where is my parcel? It was to be here on Monday, and it is Wednesday.');\n";

/// A table of its own in a database of its own, in the Postgres under test.
#[derive(Debug)]
pub struct Yardstick {
    pgbench: std::path::PathBuf,
    script: std::path::PathBuf,
    url: String,
}

impl Yardstick {
    /// Makes the table.
    pub async fn prepare(services: &Services) -> Outcome<Self> {
        let server_url = &services.addresses.admin_database_url;
        let mut admin = PgConnection::connect(server_url).await.doing(|| "reach Postgres".to_owned())?;
        let make = format!("create database {DATABASE}");
        admin.execute(AssertSqlSafe(make)).await.doing(|| "make the yardstick's database".to_owned())?;
        let (server, _) = server_url.rsplit_once('/').unwrap_or_default();
        let url = format!("{server}/{DATABASE}");
        let mut inside = PgConnection::connect(&url).await.doing(|| "reach the yardstick".to_owned())?;
        inside.execute(TABLE).await.doing(|| "make the yardstick's table".to_owned())?;
        let script = services.folder.join("yardstick.sql");
        std::fs::write(&script, INSERT).doing(|| format!("write {}", script.display()))?;
        Ok(Self { pgbench: pgbench()?, script, url })
    }

    /// Inserts for so long; rows per second.
    pub async fn measure(&self, long: Duration) -> Outcome<f64> {
        // Connecting sixteen times takes a while on a busy machine.
        let seconds = long.as_secs().max(3).to_string();
        let output = tokio::process::Command::new(&self.pgbench)
            .args([
                "--no-vacuum",
                "--protocol=prepared",
                "--jobs=2",
                "--client",
                CONNECTIONS,
                "--time",
                &seconds,
                "--file",
            ])
            .arg(&self.script)
            .arg(&self.url)
            .output()
            .await
            .doing(|| format!("run {}", self.pgbench.display()))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
        rate.ok_or_else(|| Failed::because(format!("pgbench said {said} {}", String::from_utf8_lossy(&output.stderr))))
    }
}

fn pgbench() -> Outcome<std::path::PathBuf> {
    // The program itself before the wrapper that Debian puts on the path.
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = installed.map(|version| version.path().join("bin/pgbench"));
    let path = std::env::var("PATH").unwrap_or_default();
    let mut found = installed.chain(path.split(':').map(|folder| std::path::Path::new(folder).join("pgbench")));
    found.find(|path| path.exists()).doing(|| "find pgbench: install Postgres' client programs".to_owned())
}

/// What so many connections that each send as many bytes there and back as fast as they come got done.
#[derive(Debug)]
pub struct Echoed {
    /// Exchanges a second, of all connections together.
    pub per_second: f64,
    /// How long one took.
    pub times: Histogram<u64>,
}

/// So many bytes there and back over loopback, on so many connections.
pub async fn echo(connections: usize, bytes: usize, long: Duration) -> Outcome<Echoed> {
    let listener = TcpListener::bind("127.0.0.1:0").await.doing(|| "listen".to_owned())?;
    let address = listener.local_addr().doing(|| "listen".to_owned())?;
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut frame = vec![0; bytes];
                let _nodelay = stream.set_nodelay(true);
                while stream.read_exact(&mut frame).await.is_ok() && stream.write_all(&frame).await.is_ok() {}
            });
        }
    });
    let (began, times) = (Instant::now(), Arc::new(Times::default()));
    let clients: Vec<_> = (0..connections)
        .map(|_| {
            let times = Arc::clone(&times);
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let (mut frame, mut count) = (vec![7; bytes], 0_u64);
                while began.elapsed() < long {
                    let asked = Instant::now();
                    stream.write_all(&frame).await?;
                    stream.read_exact(&mut frame).await?;
                    times.note(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
                    count += 1;
                }
                Ok::<u64, std::io::Error>(count)
            })
        })
        .collect();
    let mut total = 0;
    for client in clients {
        total += client.await.doing(|| "echo".to_owned())?.doing(|| "echo".to_owned())?;
    }
    let per_second = total as f64 / began.elapsed().as_secs_f64();
    server.abort();
    Ok(Echoed { per_second, times: times.take() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_exchange_is_counted_and_timed() {
        let echoed = echo(3, 600, Duration::from_millis(50)).await.unwrap();
        assert!(echoed.per_second > 0.0);
        assert!(echoed.times.len() as f64 >= echoed.per_second * 0.05, "{echoed:?}");
        assert!(echoed.times.value_at_quantile(0.5) >= 1);
    }
}
