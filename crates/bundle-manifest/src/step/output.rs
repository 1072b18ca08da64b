//! Parameters of the steps of outputs.

use crate::tree::words;

words! {
    /// What the four numbers of a box are.
    pub enum BoxFormat ("box format") {
        /// Left, top, right, bottom.
        Xyxy = "xyxy",
        /// Left, top, width, height.
        Xywh = "xywh",
        /// Centre, width, height (YOLO, DETR).
        Cxcywh = "cxcywh",
        /// Top, left, bottom, right (TensorFlow).
        Yxyx = "yxyx",
    }
}

words! {
    /// The unit of coordinates.
    pub enum BoxUnit ("unit of coordinates") {
        /// Pixels of the network's input.
        Pixels = "pixels",
        /// Parts of the width and height of the network's input.
        Relative = "relative",
    }
}

words! {
    /// How a row of class scores becomes probabilities.
    pub enum ClassActivation ("activation") {
        /// They are probabilities already (Ultralytics).
        None = "none",
        /// Each class by itself.
        Sigmoid = "sigmoid",
        /// One class of all (DETR).
        Softmax = "softmax",
    }
}

words! {
    /// How token embeddings become one vector.
    pub enum Pooling ("pooling") {
        /// The mean over the tokens of the mask (sentence-transformers).
        Mean = "mean",
        /// The largest of each element over the tokens of the mask.
        Max = "max",
        /// The first token's.
        Cls = "cls",
        /// The last token's of the mask.
        Last = "last",
    }
}
