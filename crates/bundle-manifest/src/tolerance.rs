//! How near an output must come to what the author recorded.
//!
//! Part of the author's signed claim, so it lives on the lowest floor; the
//! comparison itself is `bundle-run`'s.

use crate::tree::{table, words};

words! {
    /// What is compared.
    pub enum Compare ("comparison") {
        /// Every element: `|actual - expected| <= atol + rtol * |expected|`, as `numpy.allclose`.
        Allclose = "allclose",
        /// The index of the largest element along the last axis.
        Top1 = "top1",
        /// The text, character for character.
        Text = "text",
        /// Detections matched by intersection over union.
        SetIou = "set_iou",
    }
}

table! {
    /// The tolerance of one output, for `numpy.allclose` and its kin.
    #[derive(Copy)]
    pub struct Tolerance {
        /// Absolute tolerance, in the output's own unit.
        atol: f64 = 1e-4,
        /// Tolerance relative to the expected value.
        rtol: f64 = 1e-3,
        /// What is compared.
        compare: Compare = Compare::Allclose,
    }
}

impl Default for Tolerance {
    /// The tolerance that two engines on float32 weights meet: `atol` 1e-4, `rtol` 1e-3.
    fn default() -> Self {
        Self { atol: 1e-4, rtol: 1e-3, compare: Compare::Allclose }
    }
}
