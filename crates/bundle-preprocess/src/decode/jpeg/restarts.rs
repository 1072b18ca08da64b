//! Where the restart markers of a scan belong.
//!
//! They are numbered 0 to 7 in a circle, from 0 in each scan, and a scan of a known
//! size has a known number of them.

use super::markers::{next_marker, pair};
use crate::error::Fault;

/// Restart markers are numbered modulo this.
const NUMBERS: usize = 8;
/// Rows and columns of a block.
const BLOCK: usize = 8;

/// What a frame header says of the sizes of its scans.
pub(super) struct Frame {
    height: usize,
    width: usize,
    components: Vec<Component>,
}

/// A component, and the blocks of it that a unit of all components has.
struct Component {
    id: u8,
    across: usize,
    down: usize,
}

impl Frame {
    /// Reads the segment of a frame header; `None` where it breaks off.
    pub(super) fn read(segment: &[u8]) -> Option<Self> {
        let (height, width) = (pair(segment, 1)?, pair(segment, 3)?);
        let (components, _) = segment.get(6..)?.as_chunks::<3>();
        let component = |[id, sampling, _]: &[u8; 3]| Component {
            id: *id,
            across: usize::from(sampling >> 4),
            down: usize::from(sampling & 0x0f),
        };
        Some(Self { height, width, components: components.iter().map(component).collect() })
    }

    /// The units of the scan with this header: of one component a unit is a block, of
    /// several it is what they share. `None` where the headers do not tell.
    pub(super) fn units(&self, scan: &[u8]) -> Option<usize> {
        let across = self.components.iter().map(|component| component.across).max()?;
        let down = self.components.iter().map(|component| component.down).max()?;
        // A height of zero is stated behind the first scan.
        if across == 0 || down == 0 || self.height == 0 {
            return None;
        }
        let (rows, columns) = if *scan.first()? == 1 {
            let id = scan.get(1)?;
            let component = self.components.iter().find(|component| component.id == *id)?;
            let rows = (self.height * component.down).div_ceil(down);
            let columns = (self.width * component.across).div_ceil(across);
            (rows.div_ceil(BLOCK), columns.div_ceil(BLOCK))
        } else {
            (self.height.div_ceil(BLOCK * down), self.width.div_ceil(BLOCK * across))
        };
        Some(rows * columns)
    }
}

/// The size of a scan, and the units between two restart markers (0: it has none).
pub(super) struct Scan {
    pub(super) units: Option<usize>,
    pub(super) interval: usize,
}

impl Scan {
    /// Judges the restart markers of the data; gives what is behind the data.
    pub(super) fn check(self, data: &[u8]) -> Result<&[u8], Fault> {
        let (mut rest, mut seen) = (data, 0);
        while let Some((marker, after)) = next_marker(rest) {
            let Some(number) = restart_number(marker) else {
                self.check_count(seen)?;
                return Ok(rest);
            };
            if self.interval == 0 {
                return Err(damaged("a restart marker, and no restart interval"));
            }
            let expected = seen % NUMBERS;
            if number != expected {
                return Err(damaged(&format!("restart marker {number} where {expected} belongs")));
            }
            seen += 1;
            rest = after;
        }
        // The file breaks off, which the decoder finds.
        Ok(&[])
    }

    /// Some programs write a marker behind the last interval, too.
    fn check_count(&self, seen: usize) -> Result<(), Fault> {
        let Some(units) = self.units else { return Ok(()) };
        let Some(whole) = units.checked_sub(1).and_then(|last| last.checked_div(self.interval))
        else {
            return Ok(());
        };
        if seen == whole || seen == whole + 1 {
            return Ok(());
        }
        let (intervals, has) = (whole + 1, seen + 1);
        Err(damaged(&format!("a scan of {intervals} restart intervals has {has}")))
    }
}

/// The number of a restart marker.
fn restart_number(marker: u8) -> Option<usize> {
    (0xd0..=0xd7).contains(&marker).then(|| usize::from(marker - 0xd0))
}

fn damaged(what: &str) -> Fault {
    Fault::new(format!("the JPEG file is damaged: {what}"))
}
