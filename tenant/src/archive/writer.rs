//! Writing an archive. Packing is work for a processor and a disk, so it has a thread of its own; rows come to it as they are read.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{ArchiveError, Entry, MANIFEST, Manifest};

/// How many portions may wait for the packer.
const WAITING: usize = 16;
/// The seal: 64 hexadecimal digits.
pub(super) const SEAL: usize = 64;

enum Order {
    Begin(String),
    Lines(Vec<u8>, u64),
    End(Box<Manifest>),
}

/// What was written.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The SHA-256 that it ends with, in hexadecimal.
    pub seal: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// An archive that is being written.
pub struct Writer {
    orders: Sender<Order>,
    packer: JoinHandle<Result<Sealed, ArchiveError>>,
}

impl Writer {
    /// Begins an archive in a file, which is emptied.
    pub fn begin(path: &Path) -> Result<Self, ArchiveError> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        let (orders, received) = channel(WAITING);
        let packer = tokio::task::spawn_blocking(move || pack(file, received));
        Ok(Self { orders, packer })
    }

    /// Begins the next file of the archive.
    pub async fn entry(&mut self, name: impl Into<String>) -> Result<(), ArchiveError> {
        self.order(Order::Begin(name.into())).await
    }

    /// Adds lines to it.
    pub async fn lines(&mut self, lines: &[String]) -> Result<u64, ArchiveError> {
        let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
        for line in lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        let rows = u64::try_from(lines.len()).unwrap_or_default();
        self.order(Order::Lines(bytes, rows)).await?;
        Ok(rows)
    }

    /// Ends and seals it. The manifest's entries are filled in.
    pub async fn finish(self, manifest: Manifest) -> Result<Sealed, ArchiveError> {
        let Self { orders, packer } = self;
        // A packer that is gone says why when it is asked.
        drop(orders.send(Order::End(Box::new(manifest))).await);
        drop(orders);
        packer.await.map_err(|died| ArchiveError::Cut(died.to_string()))?
    }

    async fn order(&mut self, order: Order) -> Result<(), ArchiveError> {
        if self.orders.send(order).await.is_ok() {
            return Ok(());
        }
        let failed = (&mut self.packer).await.map_err(|died| ArchiveError::Cut(died.to_string()))?;
        failed.and(Err(ArchiveError::Cut("the packer has gone".into())))
    }
}

/// The file of the archive that is being filled.
struct Filling {
    name: String,
    rows: u64,
    bytes: u64,
    hash: Sha256,
}

impl Filling {
    fn entry(self) -> Entry {
        Entry { name: self.name, rows: self.rows, bytes: self.bytes, sha256: hex(&self.hash.finalize()) }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pack(file: File, mut orders: Receiver<Order>) -> Result<Sealed, ArchiveError> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
    let mut zip = ZipWriter::new(BufWriter::new(file));
    // Room for the seal, which is known when all else is written.
    zip.set_comment("0".repeat(SEAL))?;
    let mut entries = Vec::new();
    let mut filling: Option<Filling> = None;
    while let Some(order) = orders.blocking_recv() {
        match order {
            Order::Begin(name) => {
                entries.extend(filling.take().map(Filling::entry));
                zip.start_file(&*name, options)?;
                filling = Some(Filling { name, rows: 0, bytes: 0, hash: Sha256::new() });
            }
            Order::Lines(bytes, rows) => {
                zip.write_all(&bytes)?;
                if let Some(filling) = &mut filling {
                    filling.rows += rows;
                    filling.bytes += u64::try_from(bytes.len()).unwrap_or_default();
                    filling.hash.update(&bytes);
                }
            }
            Order::End(mut manifest) => {
                entries.extend(filling.take().map(Filling::entry));
                manifest.entries = entries;
                zip.start_file(MANIFEST, options)?;
                zip.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
                let file = zip.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
                let (seal, bytes) = seal(file)?;
                return Ok(Sealed { manifest: *manifest, seal, bytes });
            }
        }
    }
    Err(ArchiveError::Cut("nobody said that it is over".into()))
}

/// Writes the hash of the file over the room that was left for it at its end.
fn seal(mut file: File) -> Result<(String, u64), ArchiveError> {
    let (seal, length) = hash_before_seal(&mut file)?;
    file.seek(SeekFrom::Start(length - u64::try_from(SEAL).unwrap_or_default()))?;
    file.write_all(seal.as_bytes())?;
    file.sync_all()?;
    Ok((seal, length))
}

/// The hash of all of a file but its seal, and how long it is.
pub(super) fn hash_before_seal(file: &mut File) -> Result<(String, u64), ArchiveError> {
    let length = file.seek(SeekFrom::End(0))?;
    let Some(before) = length.checked_sub(u64::try_from(SEAL).unwrap_or_default()) else {
        return Err(ArchiveError::Damaged("it is too short".into()));
    };
    file.seek(SeekFrom::Start(0))?;
    let mut hash = Sha256::new();
    let mut rest = std::io::Read::by_ref(file).take(before);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = rest.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
    Ok((hex(&hash.finalize()), length))
}
