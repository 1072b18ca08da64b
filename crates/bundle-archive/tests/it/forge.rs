//! Containers that no writer of ours makes: built with the `tar` crate's headers
//! and zstd's own calls, so that tests can break any one rule.

use bundle_manifest::Lock;

use crate::project::{File, Outcome, lock_of};

/// A tar header with every field as the format has it, before a test changes one.
pub(crate) fn header(name: &[u8], size: usize, mode: u32) -> Outcome<tar::Header> {
    let mut header = tar::Header::new_ustar();
    let field = &mut header.as_ustar_mut().ok_or("not ustar")?.name;
    field.get_mut(..name.len()).ok_or("a long name")?.copy_from_slice(name);
    header.set_size(u64::try_from(size)?);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_device_major(0)?;
    header.set_device_minor(0)?;
    Ok(header)
}

/// The bytes of an entry. The checksum is written in the form of most tars.
pub(crate) fn entry(header: &tar::Header, content: &[u8]) -> Vec<u8> {
    let mut header = header.clone();
    header.as_old_mut().cksum = *b"        ";
    let sum: u32 = header.as_bytes().iter().map(|byte| u32::from(*byte)).sum();
    header.as_old_mut().cksum.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A bundle in parts.
#[derive(Clone, Debug)]
pub(crate) struct Forgery {
    pub(crate) lock: Lock,
    /// The text of `bundle.lock`.
    pub(crate) text: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
    /// Header and content of the members in the second frame.
    pub(crate) entries: Vec<(tar::Header, Vec<u8>)>,
    pub(crate) top: String,
}

impl Forgery {
    /// A faithful bundle of small files, to be changed.
    pub(crate) fn of(files: &[File]) -> Outcome<Self> {
        let lock = lock_of(files)?;
        let mut entries = Vec::new();
        let mut files = files.to_vec();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        for file in files.iter().filter(|file| !file.is_manifest() && !file.withheld) {
            let name = format!("tiny-1.0.0/project/{}", file.path);
            let header = header(name.as_bytes(), file.content.len(), file.mode.bits())?;
            entries.push((header, file.content.clone()));
        }
        let manifest = files.iter().find(|file| file.is_manifest()).ok_or("no manifest")?;
        let (text, manifest) = (lock.to_toml().into_bytes(), manifest.content.clone());
        Ok(Self { lock, text, manifest, entries, top: "tiny-1.0.0".to_owned() })
    }

    /// Writes the lock again after a test changed it.
    pub(crate) fn relock(mut self) -> Self {
        self.text = self.lock.to_toml().into_bytes();
        self
    }

    /// The three unpacked frames.
    pub(crate) fn frames(&self) -> Outcome<Vec<Vec<u8>>> {
        let plain = |path: &str, content: &[u8]| {
            let name = format!("{}/{path}", self.top);
            Ok::<_, Box<dyn std::error::Error>>(entry(
                &header(name.as_bytes(), content.len(), 0o644)?,
                content,
            ))
        };
        let head =
            [plain("bundle.lock", &self.text)?, plain("project/bundle.toml", &self.manifest)?]
                .concat();
        let rest: Vec<u8> =
            self.entries.iter().flat_map(|(header, content)| entry(header, content)).collect();
        let frames = [head, rest, vec![0; 1024]];
        Ok(frames.into_iter().filter(|frame| !frame.is_empty()).collect())
    }

    /// The whole file.
    pub(crate) fn to_bytes(&self) -> Outcome<Vec<u8>> {
        seal(&self.frames()?)
    }
}

/// Packs frames and puts the seek table behind them.
pub(crate) fn seal(frames: &[Vec<u8>]) -> Outcome<Vec<u8>> {
    let packed = frames.iter().map(|frame| squeeze(frame)).collect::<Outcome<Vec<_>>>()?;
    let mut rows = Vec::new();
    for (packed, frame) in packed.iter().zip(frames) {
        rows.push((u32::try_from(packed.len())?, u32::try_from(frame.len())?));
    }
    Ok([packed.concat(), table(&rows)?].concat())
}

/// One zstd frame with content size and checksum.
pub(crate) fn squeeze(content: &[u8]) -> Outcome<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(3)?;
    compressor.include_checksum(true)?;
    Ok(compressor.compress(content)?)
}

/// The skippable frame with the seek table.
pub(crate) fn table(rows: &[(u32, u32)]) -> Outcome<Vec<u8>> {
    let rows_of =
        |(packed, unpacked): &(u32, u32)| [packed.to_le_bytes(), unpacked.to_le_bytes()].concat();
    let follows = u32::try_from(rows.len() * 8 + 9)?;
    let mut bytes = 0x184D_2A5E_u32.to_le_bytes().to_vec();
    bytes.extend_from_slice(&follows.to_le_bytes());
    bytes.extend(rows.iter().flat_map(rows_of));
    bytes.extend_from_slice(&u32::try_from(rows.len())?.to_le_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&0x8F92_EAB1_u32.to_le_bytes());
    Ok(bytes)
}

/// Packed and unpacked size of a frame.
pub(crate) type Row = (u32, u32);

/// Splits a file of ours into its packed frames and the rows of its table.
pub(crate) fn unseal(bytes: &[u8]) -> Outcome<(Vec<Vec<u8>>, Vec<Row>)> {
    let number = |at: usize| -> Outcome<u32> {
        let four = bytes.get(at..at + 4).ok_or("cut short")?;
        Ok(u32::from_le_bytes(four.try_into()?))
    };
    let count = usize::try_from(number(bytes.len() - 9)?)?;
    let start = bytes.len() - 9 - 8 * count;
    let (mut frames, mut rows, mut at) = (Vec::new(), Vec::new(), 0);
    for row in 0..count {
        let (packed, unpacked) = (number(start + 8 * row)?, number(start + 8 * row + 4)?);
        let end = at + usize::try_from(packed)?;
        frames.push(bytes.get(at..end).ok_or("cut short")?.to_vec());
        rows.push((packed, unpacked));
        at = end;
    }
    Ok((frames, rows))
}
