//! What was typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, builder::styling};

const EXIT_CODES: &str = "\
Exit codes:
  0  it holds, or it was done
  1  it does not hold: a bad digest, a failed check, outputs that differ, a false statement
  2  it could not be judged: usage, input and output, an unreadable file";

const STYLES: styling::Styles = styling::Styles::styled()
    .header(styling::Style::new().bold())
    .usage(styling::Style::new().bold())
    .literal(styling::Style::new().bold());

/// Pack a paper's code, weights, preprocessing and examples into one file that anyone can check and run
#[derive(Debug, Parser)]
#[command(name = "bundle", version, styles = STYLES, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Arguments {
    /// Colours in the output
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN", hide_possible_values = false)]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Propose a commented bundle.toml for a project
    Init(Init),
    /// Pack a project into a bundle
    Pack(Pack),
    /// Copy a project without what says who wrote it
    Anonymize(Anonymize),
    /// Check bundles or project directories, and say what was not tested
    Check(Check),
    /// Show whether a signature is good, unknown or bad, and whose it is
    Verify(Verify),
    /// Sign a bundle or a directory
    Sign(Sign),
    /// Make, show and trust keys
    Key(Key),
    /// Write the recorder, which records examples with your own libraries
    Record(Record),
    /// Run the model on inputs
    Run(Run),
    /// Serve the page on which anyone can try the model
    Serve(Serve),
    /// Write the page that runs the model in a browser, as one file
    Demo(Demo),
    /// What people flagged on a page
    Flags(Flags),
    /// Show what is inside
    Inspect(Inspect),
    /// Unpack a bundle, checking every file
    Extract(Extract),
    /// Show what changed between two bundles or projects
    Diff(Diff),
    /// Print a JSON Schema
    Schema(Schema),
    /// Print shell completions
    Completions(Completions),
    /// Print or write man pages
    Man(Man),
    /// The adapter protocol of model-signing-conformance
    #[command(hide = true)]
    SignModel(SignModel),
    /// The adapter protocol of model-signing-conformance
    #[command(hide = true)]
    VerifyModel(VerifyModel),
}

/// `bundle init`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle init                   write ./bundle.toml
  bundle init paper --print     show the proposal, write nothing
  bundle init --infer a.jpg=a.npy --infer b.png=b.npy --infer c.jpg=c.npy
                                find the steps that make these arrays of these files")]
pub struct Init {
    /// The project
    #[arg(default_value = ".", value_name = "DIR")]
    pub directory: PathBuf,
    /// Print the proposal instead of writing it
    #[arg(long)]
    pub print: bool,
    /// Replace a bundle.toml that is there
    #[arg(long)]
    pub force: bool,
    /// A file and the array that your code made of it for the network (numpy.save); three of
    /// them, of different sizes and shapes, tell most pipelines apart
    #[arg(long, value_name = "FILE=NPY")]
    pub infer: Vec<String>,
}

/// `bundle record`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle record                 write ./bundle_record.py, for Python 3.9 and later
  python -m bundle_record bundle.toml --input photo=cat.jpg --callable prepare:to_tensor --append
                                record what your function makes of a file, and the steps beside it")]
pub struct Record {
    /// The file to write; - prints it
    #[arg(short, long, default_value = "bundle_record.py", value_name = "PATH")]
    pub output: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
}

/// `bundle pack`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that was typed or not")]
#[command(after_help = "Examples:
  bundle pack                              pack this directory
  bundle pack paper -o submission/         into a directory
  bundle pack --anonymous                  for blind review: a fresh key, nothing of git
  bundle pack --withhold 'data/**'         list these files with digests, leave their content out")]
pub struct Pack {
    /// The project
    #[arg(default_value = ".", value_name = "DIR")]
    pub directory: PathBuf,
    /// The file to write, or a directory for NAME-VERSION.bundle.tar.zst
    #[arg(short, long, default_value = ".", value_name = "PATH")]
    pub output: PathBuf,
    /// zstd level, 0 to 19
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=19))]
    pub level: i32,
    /// Threads that compress; the bytes are the same with any number [default: one per core]
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZeroUsize>,
    /// Refuse to pack a model that cannot run here
    #[arg(long)]
    pub must_run: bool,
    /// Do not run the recorded examples first
    #[arg(long)]
    pub no_replay: bool,
    /// Keep the content of matching files out; the lock still lists their digests
    #[arg(long, value_name = "GLOB")]
    pub withhold: Vec<String>,
    /// Sign with this key of yours, or the private key in this file [default: `default`, made when it is missing]
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// For blind review: refuse files that say who wrote them, sign with a key made for this bundle
    /// and kept for `bundle sign --reveal`, and let the lock say nothing of git
    #[arg(long, conflicts_with_all = ["key", "unsigned"])]
    pub anonymous: bool,
    /// Look for this name or login too
    #[arg(long, value_name = "TEXT", requires = "anonymous")]
    pub name: Vec<String>,
    /// Let this kind of leak pass in this file
    #[arg(long, value_name = "ANON-N:PATH", requires = "anonymous")]
    pub allow: Vec<bundle_pack::Allowance>,
    /// Do not sign
    #[arg(long, conflicts_with = "key")]
    pub unsigned: bool,
    /// Pack files that hold private keys; without this they are refused
    #[arg(long)]
    pub with_private_keys: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle anonymize`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle anonymize . -o ../paper-blind           a copy in which nothing says who wrote it
  bundle anonymize . -o ../blind --name 'Jane Doe' --name jdoe
  bundle pack ../paper-blind --anonymous         then pack the copy

The project itself is not touched. Exit code 1: something is left that only you can take out.")]
pub struct Anonymize {
    /// The project
    #[arg(default_value = ".", value_name = "DIR")]
    pub directory: PathBuf,
    /// The copy, a directory that does not exist
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Look for this name or login too
    #[arg(long, value_name = "TEXT")]
    pub name: Vec<String>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle check`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that was typed or not")]
#[command(after_help = "Examples:
  bundle check digits-1.0.0.bundle.tar.zst
  bundle check . --profile loose           the project here, before it is packed
  bundle check mirror.git --rev v1.0       a tree of a git repository
  bundle check . --format html -o report.html   one page for people
  bundle check . --format sarif --fail-on should   for code scanning
  bundle check paper.bundle.tar.zst --attest   and sign what was found
  bundle check submissions/*               many at once: one table, a row each
  bundle check --from list.txt --policy venue.toml --jsonl found.jsonl
                                           as a venue does; again, and only what changed is judged
  bundle check --explain MLCC-1            what a rule asks and why

Of several paths, 1 outweighs 2, and 2 outweighs 0.")]
pub struct Check {
    /// Bundles, zips that hold one, or project directories
    #[arg(required_unless_present_any = ["explain", "from"], value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Paths in a file, one a line, `#` before comments, from where you are; - is stdin
    #[arg(long, value_name = "LIST", conflicts_with = "explain")]
    pub from: Option<PathBuf>,
    /// One JSON object a path and line; a second call with the same file skips what it has
    /// judged and has not changed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["explain", "format"])]
    pub jsonl: Option<PathBuf>,
    /// Paths that are judged at once; the result is the same with any number [default: one per core]
    #[arg(long, value_name = "N", conflicts_with = "explain")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// What a venue asks: severities, demands and limits (`bundle schema policy`)
    #[arg(long, value_name = "FILE", conflicts_with = "explain")]
    pub policy: Option<PathBuf>,
    /// Do not run the recorded examples
    #[arg(long)]
    pub no_replay: bool,
    /// Judge this git revision of a repository, which may be a mirror, instead of its files
    #[arg(long, value_name = "REVISION", conflicts_with = "attest")]
    pub rev: Option<String>,
    /// How the ML Code Completeness checklist is read
    #[arg(long, value_enum, default_value_t = Reading::Strict, value_name = "PROFILE")]
    pub profile: Reading,
    /// The review is blind: nothing may say who wrote it
    #[arg(long)]
    pub anonymous: bool,
    /// Look for this name or login too
    #[arg(long, value_name = "TEXT", requires = "anonymous")]
    pub name: Vec<String>,
    /// Show what says who wrote it also of a bundle that was received; without this it is counted
    #[arg(long, requires = "anonymous")]
    pub show_identity: bool,
    /// Append what was found, signed, to NAME.attest.jsonl beside each bundle
    #[arg(long)]
    pub attest: bool,
    /// Sign it with this key [default: one made for this once, so that a blind reviewer stays blind]
    #[arg(long, value_name = "KEY", requires = "attest")]
    pub key: Option<String>,
    /// Explain a rule and stop
    #[arg(long, value_name = "RULE", conflicts_with = "paths")]
    pub explain: Option<String>,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, value_name = "FORMAT")]
    pub format: ReportFormat,
    /// Write the report into this file; a terminal's colours stay out of it
    #[arg(short, long, value_name = "FILE", conflicts_with = "jsonl")]
    pub output: Option<PathBuf>,
    /// A failure of a rule of this severity is one of the whole
    #[arg(long, value_enum, default_value_t = FailOn::Must, value_name = "SEVERITY")]
    pub fail_on: FailOn,
    /// Items of the checklist that must pass, of five
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=5))]
    pub min_ticks: u8,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people, in 80 columns
    Text,
    /// For programs (`bundle schema report`)
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// For comments
    Markdown,
    /// One page that loads nothing
    Html,
}

/// The severity whose failures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// What must hold
    Must,
    /// What should hold too
    Should,
    /// All
    May,
}

/// How the checklist is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reading {
    /// As the checklist's README says
    Strict,
    /// As its author's article says
    Loose,
}

/// `bundle verify`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle verify digits-1.0.0.bundle.tar.zst
  bundle verify digits-1.0.0.bundle.tar.zst --key authors.pub
  bundle verify digits-1.0.0.bundle.tar.zst --id sha256:0ce7…          as the paper prints it
  bundle verify model/ --signature model.sig --key authors.pub   any OpenSSF Model Signing signature

Exit codes:
  0  good: valid, by a key you trust (or by the one you name with --key or --root)
  1  bad, unsigned, or not by the key you name or not of the id you name
  2  unknown: valid, but nobody here can say whose it is; or it could not be judged
Of several paths, 1 outweighs 2, and 2 outweighs 0.")]
pub struct Verify {
    /// Bundles, extracted bundles, or directories with a signature
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Believe this key and no other: a public key in a file, a name, or a fingerprint `SHA256:…`
    #[arg(long, value_name = "KEY")]
    pub key: Vec<String>,
    /// Believe whomever this root certificate vouches for, and nobody else
    #[arg(long, value_name = "FILE")]
    pub root: Vec<PathBuf>,
    /// The id that the bundle must have, as the paper prints it
    #[arg(long, value_name = "sha256:…")]
    pub id: Option<String>,
    /// The signature of a directory [default: bundle.sig or model.sig in it]
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// A path in the directory that is not part of what was signed
    #[arg(long, value_name = "PATH")]
    pub ignore: Vec<PathBuf>,
    /// Files of the directory that were not signed are no flaw
    #[arg(long)]
    pub ignore_unsigned: bool,
    /// Statements about the bundle [default: NAME.attest.jsonl beside it]
    #[arg(long, value_name = "FILE")]
    pub attestations: Option<PathBuf>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle sign`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle sign digits-1.0.0.bundle.tar.zst                    with your key `default`
  bundle sign digits-1.0.0.bundle.tar.zst --key lab -o signed.bundle.tar.zst
  bundle sign digits-1.0.0.bundle.tar.zst --key k.pem --certificate me.pem --chain university.pem
  bundle sign digits-1.0.0.bundle.tar.zst --reveal           say that its anonymous key is yours
  bundle sign model/ --signature model.sig                   any directory")]
pub struct Sign {
    /// A bundle, or a directory
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Sign with this key of yours, or the private key in this file [default: `default`]
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// The certificate of the key
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Certificates between that and a root
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub chain: Vec<PathBuf>,
    /// The bundle to write [default: the same file, replaced when all is written]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The signature file of a directory [default: bundle.sig in an extracted bundle, else model.sig in it]
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    pub signature: Option<PathBuf>,
    /// A path in the directory to leave out
    #[arg(long, value_name = "PATH")]
    pub ignore: Vec<PathBuf>,
    /// Replace a signature that is not by a key of yours
    #[arg(long)]
    pub replace: bool,
    /// Leave the bundle as it is, and say in NAME.attest.jsonl that its anonymous key is yours
    #[arg(long, conflicts_with_all = ["output", "signature", "ignore", "certificate"])]
    pub reveal: bool,
}

/// `bundle key`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle key new                       make your key `default`
  bundle key show > me.pub             your public key, for your readers
  bundle key trust authors.pub         from now on, what they sign is good
  bundle key list")]
pub struct Key {
    /// What to do.
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key
    New(KeyNew),
    /// Print a public key on stdout, its fingerprint on stderr
    Show(KeyShow),
    /// Trust a public key, or a root certificate
    Trust(KeyTrust),
    /// Trust a key no longer
    Untrust(KeyUntrust),
    /// Put a key of yours away: it signs no more, and you trust it no more
    Retire(KeyRetire),
    /// List your keys and those you trust
    List(KeyList),
}

/// `bundle key new`
#[derive(Debug, Args)]
pub struct KeyNew {
    /// Its name
    #[arg(default_value = bundle_signature::DEFAULT_KEY, value_name = "NAME")]
    pub name: String,
    /// The curve: P-256, P-384 or P-521
    #[arg(long, default_value = "P-256", value_name = "CURVE")]
    pub curve: bundle_signature::Curve,
    /// Protect it with a passphrase, asked for in the terminal or taken from `BUNDLE_PASSPHRASE`
    #[arg(long)]
    pub passphrase: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle key show`
#[derive(Debug, Args)]
pub struct KeyShow {
    /// The name of a key, or a file with a public or private key or a certificate
    #[arg(default_value = bundle_signature::DEFAULT_KEY, value_name = "KEY")]
    pub key: String,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle key trust`
#[derive(Debug, Args)]
pub struct KeyTrust {
    /// A public key, or a certificate, in PEM
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What you call its owner [default: the name of the file]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// `bundle key untrust`
#[derive(Debug, Args)]
pub struct KeyUntrust {
    /// Its name or its fingerprint
    #[arg(value_name = "KEY")]
    pub key: String,
}

/// `bundle key retire`
#[derive(Debug, Args)]
pub struct KeyRetire {
    /// Its name
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// `bundle key list`
#[derive(Debug, Args)]
pub struct KeyList {
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle sign-model`, of the conformance suite's protocol
#[derive(Debug, Args)]
pub struct SignModel {
    /// `key`, `certificate` or `sigstore`
    #[arg(long)]
    pub method: String,
    /// The directory or file.
    #[arg(long)]
    pub model_path: PathBuf,
    /// Where to write.
    #[arg(long)]
    pub output_bundle: PathBuf,
    /// The key.
    #[arg(long)]
    pub private_key: Option<PathBuf>,
    /// The leaf.
    #[arg(long)]
    pub signing_cert: Option<PathBuf>,
    /// What is between the leaf and a root.
    #[arg(long)]
    pub cert_chain: Vec<PathBuf>,
    /// What to leave out.
    #[arg(long)]
    pub ignore_paths: Vec<PathBuf>,
}

/// `bundle verify-model`, of the conformance suite's protocol
#[derive(Debug, Args)]
pub struct VerifyModel {
    /// `key`, `certificate` or `sigstore`
    #[arg(long)]
    pub method: String,
    /// The directory or file.
    #[arg(long)]
    pub model_path: PathBuf,
    /// The signature.
    #[arg(long)]
    pub bundle: PathBuf,
    /// The key to believe.
    #[arg(long)]
    pub public_key: Option<PathBuf>,
    /// The roots to believe.
    #[arg(long)]
    pub cert_chain: Vec<PathBuf>,
    /// What to leave out.
    #[arg(long)]
    pub ignore_paths: Vec<PathBuf>,
    /// Files that were not signed are no flaw.
    #[arg(long)]
    pub ignore_unsigned_files: bool,
}

/// `bundle run`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle run digits-1.0.0.bundle.tar.zst seven.png three.png
  bundle run two-inputs.bundle.tar.zst photo=eye.jpg age:=61
  bundle run digits-1.0.0.bundle.tar.zst --example drawn-1 --trace")]
pub struct Run {
    /// A bundle or a project directory
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// FILE (one prediction each, where there is one input), NAME=FILE, or NAME:=JSON
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Use the inputs of a recorded example and compare with its recording
    #[arg(long, value_name = "NAME", conflicts_with = "inputs")]
    pub example: Option<String>,
    /// Show the value after every step
    #[arg(long)]
    pub trace: bool,
    /// Labels to show per output [default: 5 as text, all as JSON]
    #[arg(long, value_name = "N", value_parser = top)]
    pub top: Option<usize>,
    /// How to write the predictions
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle serve`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle serve digits-1.0.0.bundle.tar.zst
  bundle serve paper --port 0              any free port")]
pub struct Serve {
    /// A bundle or a project directory
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// The address to listen on; anything but a loopback address lets others in
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub host: std::net::IpAddr,
    /// The port
    #[arg(long, default_value_t = 7860, value_name = "PORT")]
    pub port: u16,
    /// MiB that one request may have
    #[arg(long, default_value_t = 32, value_name = "MIB", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_body: u16,
    /// Seconds for sending a request, for waiting and for predicting, each
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub timeout: u32,
    /// Predictions that run at once
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: u16,
    /// A name that requests may call this server by, such as that of a reverse proxy
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
}

/// `bundle demo`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle demo digits-1.0.0.bundle.tar.zst                digits-1.0.0.html, opened by double-click
  bundle demo digits-1.0.0.bundle.tar.zst -o page.html --prove
                                replay the examples in WebAssembly too, with Node.js
  bundle check page.html        judge the bundle in a page, and say whether the page is ours")]
pub struct Demo {
    /// A packed bundle
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// The file to write, or the directory; NAME-VERSION.html if left out
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
    /// Replay the examples with the program in the page too (needs Node.js)
    #[arg(long)]
    pub prove: bool,
}

/// `bundle flags`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle flags merge *-flags.jsonl -o all.jsonl")]
pub struct Flags {
    /// What to do.
    #[command(subcommand)]
    pub command: FlagsCommand,
}

/// What to do with flags.
#[derive(Debug, Subcommand)]
pub enum FlagsCommand {
    /// Put the exports of many people together, each flag once, and count what they say
    Merge(FlagsMerge),
}

/// `bundle flags merge`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle flags merge *-flags.jsonl                    count
  bundle flags merge *-flags.jsonl -o all.jsonl       and keep")]
pub struct FlagsMerge {
    /// Files that `Export flags` of a page wrote, all of one bundle
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write all flags into one file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle inspect`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle inspect digits-1.0.0.bundle.tar.zst
  bundle inspect digits-1.0.0.bundle.tar.zst --files
  bundle inspect digits-1.0.0.bundle.tar.zst --cat README.md")]
pub struct Inspect {
    /// A bundle or a project directory
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// List every file
    #[arg(long)]
    pub files: bool,
    /// Print one file of the project, checked against its digest
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "format"])]
    pub cat: Option<String>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle extract`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle extract digits-1.0.0.bundle.tar.zst          into ./digits-1.0.0/
  bundle extract digits-1.0.0.bundle.tar.zst -C work  into work/digits-1.0.0/")]
pub struct Extract {
    /// A bundle
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    /// Where NAME-VERSION/ is made; it must not be there yet
    #[arg(short = 'C', long, default_value = ".", value_name = "DIR")]
    pub directory: PathBuf,
}

/// `bundle diff`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle diff v1.bundle.tar.zst v2.bundle.tar.zst
  bundle diff paper-1.0.0.bundle.tar.zst paper/")]
pub struct Diff {
    /// The old bundle or project
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The new bundle or project
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// `bundle schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// Which
    #[arg(value_enum, default_value_t = SchemaName::Manifest, value_name = "NAME")]
    pub name: SchemaName,
}

/// A schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// bundle.toml
    Manifest,
    /// bundle check --format json
    Report,
    /// bundle verify --format json
    Verify,
    /// bundle check --policy
    Policy,
}

/// `bundle completions`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle completions bash > ~/.local/share/bash-completion/completions/bundle")]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `bundle man`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bundle man | man -l -
  bundle man -o ~/.local/share/man/man1    a page per command")]
pub struct Man {
    /// Write a page per command into a directory, instead of the main page to stdout
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

fn top(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a whole number from 1 on".to_owned()),
        Ok(top) => Ok(top),
    }
}
