//! What the paper says, and the code and data behind it.

use crate::{ArtifactPath, EntryName, tree::table};

table! {
    /// A data split, as digests: nothing private is packed.
    /// Says what the examples of `origin = "drawn"` are drawn from; this version
    /// does not draw them again.
    ///
    /// ```toml
    /// [data.test]
    /// list = "test.sha256"
    /// seed = 7
    /// ```
    pub struct DataSplit {
        /// A file in the format of `sha256sum`, a line a sample.
        list: Option<ArtifactPath>,
        /// The seed of the draw.
        seed: Option<u64>,
    }
}

table! {
    /// The code that made the weights. Files are looked for, commands are never run.
    ///
    /// ```toml
    /// [code]
    /// environment = ["environment.yml", "requirements.txt"]
    /// train = "python train.py --config configs/main.yaml"
    /// evaluate = "python evaluate.py --split test"
    /// ```
    pub struct Code {
        /// The files that pin the environment.
        environment: Vec<ArtifactPath> = Vec::new(),
        /// The command that trains.
        train: Option<String>,
        /// The command that evaluates.
        evaluate: Option<String>,
    }
}

table! {
    /// A row of the paper's table of results.
    ///
    /// ```toml
    /// [[claims]]
    /// output = "grade"
    /// metric = "accuracy"
    /// value = 0.874
    /// dataset = "Messidor-2 test"
    /// command = "python evaluate.py --split test"
    /// data = { file = "data/messidor-sample.csv", target = "grade" }
    /// tolerance = 0.005
    /// ```
    pub struct Claim {
        /// The output it is about.
        output: Option<EntryName>,
        /// The metric, by scikit-learn's name.
        metric: String,
        /// Its value.
        value: f64,
        /// On which data.
        dataset: String,
        /// The command that gives it.
        command: Option<String>,
        /// Packed data on which the claim can be measured again; this version does not.
        data: Option<ClaimData>,
        /// How near a second measurement must come, in the metric's own unit.
        tolerance: Option<f64>,
    }
}

table! {
    /// Packed data of a claim.
    pub struct ClaimData {
        /// A CSV file with a header line.
        file: ArtifactPath,
        /// Its column with the true answer.
        target: String,
    }
}

table! {
    /// Which files are packed beyond what is tracked and referred to.
    ///
    /// ```toml
    /// [files]
    /// also = ["checkpoints/best.pt"]
    /// exclude = ["data/raw/**"]
    /// ```
    #[derive(Default)]
    pub struct Files {
        /// Globs of files to add.
        also: Vec<String> = Vec::new(),
        /// Globs of files to leave out.
        exclude: Vec<String> = Vec::new(),
    }
}
