//! Files of a company, sealed with its own key before they leave this machine's disk: frame by frame, so that a large one is read as it
//! comes, and so that no frame can be changed, left out, repeated or put elsewhere without being noticed.

use std::path::Path;

use bytes::{Buf as _, Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use infra::blob::BlobError;
use infra::{Fault, Kind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::account::AccountId;
use crate::data_key::{self, KeyError};
use crate::seal::{Place, Sealer, Unsealable};
use crate::world::World;

/// How much of a file is in one frame.
const FRAME: usize = 256 * 1024;
const FRAME_BYTES: u64 = 256 * 1024;
/// A frame's number and whether it is the last, inside of what is sealed.
const HEAD: usize = 9;
/// A sealed frame is never longer.
const LONGEST: usize = FRAME + 1024;

/// Why a file could not be sealed or read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key, or what was sealed with it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store of files.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// This machine's disk.
    #[error("a file could not be sealed: {0}")]
    File(#[from] std::io::Error),
}

impl Fault for VaultError {
    fn kind(&self) -> Kind {
        match self {
            Self::Key(error) => error.kind(),
            Self::Blob(error) => error.kind(),
            Self::File(_) => Kind::Internal,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Key(error) => error.code(),
            Self::Blob(error) => error.code(),
            Self::File(_) => "internal",
        }
    }
}

/// Seals a file of this machine and keeps it. Says how many bytes it has when it is opened again.
pub async fn keep(world: &World, account: AccountId, place: Place, path: &str, file: &Path) -> Result<u64, VaultError> {
    let (version, key) = data_key::newest(world, account).await?;
    let sealed = tempfile::NamedTempFile::new()?;
    let mut from = tokio::fs::File::open(file).await?;
    let mut to = tokio::fs::File::create(sealed.path()).await?;
    to.write_all(&version.to_be_bytes()).await?;
    let (mut number, mut total) = (0_u64, 0_u64);
    loop {
        let mut frame = frame_head(number);
        let read = (&mut from).take(FRAME_BYTES).read_to_end(&mut frame).await?;
        total += u64::try_from(read).unwrap_or_default();
        let is_last = read < FRAME;
        if let Some(mark) = frame.get_mut(HEAD - 1) {
            *mark = u8::from(is_last);
        }
        let locked = key.seal(&world.chance, place, &frame).map_err(KeyError::from)?;
        to.write_all(&u32::try_from(locked.len()).unwrap_or_default().to_be_bytes()).await?;
        to.write_all(&locked).await?;
        number += 1;
        if is_last {
            break;
        }
    }
    to.flush().await?;
    drop(to);
    world.blobs.put_file(path, sealed.path()).await?;
    Ok(total)
}

fn frame_head(number: u64) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD + FRAME);
    head.extend(number.to_be_bytes());
    head.push(0);
    head
}

/// What was read of a sealed file and is not opened yet.
struct Opening<S> {
    sealed: S,
    rest: BytesMut,
    key: Sealer,
    place: Place,
    number: u64,
    is_over: bool,
}

impl<S: Stream<Item = Result<Bytes, BlobError>> + Unpin> Opening<S> {
    /// Waits until so many bytes are there.
    async fn fill(&mut self, wanted: usize) -> Result<(), VaultError> {
        while self.rest.len() < wanted {
            match self.sealed.next().await {
                Some(part) => self.rest.extend_from_slice(&part?),
                None => return Err(KeyError::from(Unsealable).into()),
            }
        }
        Ok(())
    }

    /// The next frame; nothing after the last one.
    async fn next(&mut self) -> Result<Option<Bytes>, VaultError> {
        if self.is_over {
            return Ok(None);
        }
        self.fill(4).await?;
        let length = usize::try_from(self.rest.get_u32()).unwrap_or(usize::MAX);
        if length > LONGEST {
            return Err(KeyError::from(Unsealable).into());
        }
        self.fill(length).await?;
        let locked = self.rest.split_to(length);
        let mut frame = Bytes::from(self.key.open(self.place, &locked).map_err(KeyError::from)?);
        if frame.len() < HEAD || frame.get_u64() != self.number {
            return Err(KeyError::from(Unsealable).into());
        }
        self.is_over = frame.get_u8() == 1;
        self.number += 1;
        Ok(Some(frame))
    }
}

/// Reads a file that was kept sealed, as it was before.
pub async fn read(
    world: &World,
    account: AccountId,
    place: Place,
    path: &str,
) -> Result<impl Stream<Item = Result<Bytes, VaultError>> + Send + use<>, VaultError> {
    let mut sealed = Box::pin(world.blobs.read(path).await?);
    let mut rest = BytesMut::new();
    while rest.len() < 4 {
        match sealed.next().await {
            Some(part) => rest.extend_from_slice(&part?),
            None => return Err(KeyError::from(Unsealable).into()),
        }
    }
    let key = data_key::of_version(world, account, rest.get_i32()).await?;
    let opening = Opening { sealed, rest, key, place, number: 0, is_over: false };
    Ok(futures::stream::try_unfold(opening, |mut opening| async move {
        Ok(opening.next().await?.map(|frame| (frame, opening)))
    }))
}
