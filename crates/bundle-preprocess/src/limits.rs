//! How much an input may ask of the machine.

/// Limits that a pipeline enforces before it allocates.
///
/// An input is untrusted even where the bundle is trusted: a person drops any
/// file on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of an image, decoded or made by a step.
    pub pixels: u64,
    /// Bytes of an image's samples, decoded or made by a step.
    pub image_bytes: u64,
    /// Scans of a progressive JPEG file.
    pub scans: usize,
    /// Elements of a tensor.
    pub elements: usize,
    /// Rows of a table.
    pub rows: usize,
    /// Columns of a table, read or made by a step.
    pub columns: usize,
    /// Bytes of a cell of a table.
    pub cell_bytes: usize,
    /// Bytes of a text.
    pub text_bytes: usize,
    /// Samples of a sound, decoded or made by a step.
    pub samples: usize,
}

impl Default for Limits {
    /// 100 megapixels, 512 MiB of samples, 268 million elements, a million rows
    /// of 16,384 columns (as many as a spreadsheet) with cells of 64 KiB, texts of 4 MiB,
    /// sounds of 100 million samples (half an hour at 48 kHz).
    fn default() -> Self {
        Self {
            pixels: 100_000_000,
            image_bytes: 512 << 20,
            scans: 500,
            elements: 1 << 28,
            rows: 1_000_000,
            columns: 16_384,
            cell_bytes: 64 << 10,
            text_bytes: 4 << 20,
            samples: 100_000_000,
        }
    }
}
