//! Reading an archive: first whether it is whole, then what it says of itself, then its lines.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use zip::ZipArchive;

use super::writer::{SEAL, hash_before_seal};
use super::{ArchiveError, FORMAT, FORMAT_VERSION, MANIFEST, Manifest};

/// The longest line that is read: a row of a table, as JSON.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// An archive that is whole.
pub struct Reader {
    zip: ZipArchive<BufReader<File>>,
    manifest: Manifest,
}

impl Reader {
    /// Opens an archive and checks every byte of it.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let mut file = File::open(path)?;
        let (seal, length) = hash_before_seal(&mut file)?;
        file.seek(SeekFrom::Start(length - u64::try_from(SEAL).unwrap_or_default()))?;
        let mut written = Vec::with_capacity(SEAL);
        file.read_to_end(&mut written)?;
        if written != seal.as_bytes() {
            return Err(ArchiveError::Damaged("its seal does not fit".into()));
        }
        let mut zip = ZipArchive::new(BufReader::new(file))?;
        let manifest: Manifest = serde_json::from_reader(zip.by_name(MANIFEST)?)?;
        if manifest.format != FORMAT || manifest.format_version > FORMAT_VERSION {
            return Err(ArchiveError::Unfit("it was written by a newer program, or by another one".into()));
        }
        Ok(Self { zip, manifest })
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Hands the lines of one of its files to `each`, so many at once, until there are no more or it does not want any more.
    pub fn lines(
        &mut self,
        name: &str,
        at_once: usize,
        mut each: impl FnMut(Vec<String>) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let mut lines = BufReader::new(self.zip.by_name(name)?);
        let mut together = Vec::with_capacity(at_once);
        loop {
            let mut line = String::new();
            let read = lines.by_ref().take(LONGEST_LINE).read_line(&mut line)?;
            if read > 0 {
                together.push(line.trim_end_matches('\n').to_owned());
            }
            if together.len() >= at_once || (read == 0 && !together.is_empty()) {
                each(std::mem::take(&mut together))?;
            }
            if read == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Holding, Writer};
    use super::*;

    async fn written(path: &Path) -> Manifest {
        let mut writer = Writer::begin(path).unwrap();
        for name in ["tables/a.ndjson", "tables/b.ndjson"] {
            writer.entry(name).await.unwrap();
            for part in 0..3 {
                let lines: Vec<String> = (0..50).map(|row| format!("{{\"row\":{}}}", part * 50 + row)).collect();
                writer.lines(&lines).await.unwrap();
            }
        }
        let manifest = Manifest {
            format: FORMAT.into(),
            format_version: FORMAT_VERSION,
            holds: Holding::Account,
            schema_level: 1,
            account_id: "acct_1".into(),
            subject: None,
            made_at: chrono::DateTime::UNIX_EPOCH,
            entries: Vec::new(),
        };
        writer.finish(manifest).await.unwrap().manifest
    }

    #[tokio::test]
    async fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive.zip");
        let manifest = written(&path).await;
        assert_eq!(manifest.entries.iter().map(|entry| entry.rows).collect::<Vec<_>>(), [150, 150]);
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!(reader.manifest().entries, manifest.entries);
        let mut lines = Vec::new();
        let mut portions = 0;
        let keep = |portion: Vec<String>| {
            portions += 1;
            lines.extend(portion);
            Ok(())
        };
        reader.lines("tables/b.ndjson", 40, keep).unwrap();
        assert_eq!((portions, lines.len(), &*lines[149]), (4, 150, "{\"row\":149}"));
    }

    #[tokio::test]
    async fn one_changed_bit_anywhere_is_found_and_so_is_every_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive.zip");
        written(&path).await;
        let good = std::fs::read(&path).unwrap();
        let bad = folder.path().join("bad.zip");
        for place in 0..good.len() {
            let mut bytes = good.clone();
            bytes[place] ^= 1 << (place % 8);
            std::fs::write(&bad, &bytes).unwrap();
            assert!(matches!(Reader::open(&bad), Err(ArchiveError::Damaged(_))), "byte {place} of {}", good.len());
        }
        for length in [0, 1, 63, 64, good.len() / 2, good.len() - 1] {
            std::fs::write(&bad, &good[..length]).unwrap();
            assert!(Reader::open(&bad).is_err(), "cut to {length}");
        }
        std::fs::write(&bad, [&good[..], b"x"].concat()).unwrap();
        assert!(Reader::open(&bad).is_err(), "something was added");
    }
}
