//! A corpus of leaks as projects have them, of things that look like leaks, and the
//! laws of taking them out.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use LeakKind::{Acknowledgement, Address, Author, Home, Metadata, Name, Repository};

fn path(text: &str) -> ArtifactPath {
    text.parse().expect("a path")
}

/// The people whose project the corpus is.
fn people() -> People {
    let mut people = People::nobody();
    people.add("Mara Quill");
    people.add("mquill");
    people.add_repository("git@github.com:mquill/tidal-nets.git");
    people
}

/// Leaks in texts: file, content, what it is.
const TEXTS: &[(&str, &str, LeakKind)] = &[
    ("README.md", "Questions? Write to mara.quill@uni-tide.ac.uk.\n", Address),
    ("README.md", "Contact: mara (dot) q [at] tide [dot] edu\n", Address),
    ("paper/main.tex", "\\email{\\{mq,jr\\}@tide.edu}\n", Address),
    ("notes.txt", "mq at cs dot tide dot edu\n", Address),
    (
        "setup.py",
        "setup(name='x', author='Mara Q. Vale', author_email='mv@lab-tide.org')\n",
        Author,
    ),
    (
        "pyproject.toml",
        "[project]\nauthors = [{name = \"Mara Vale\", email = \"mv@tide.io\"}]\n",
        Author,
    ),
    ("package.json", "{\n  \"author\": \"Mara Vale <x@y.z>\",\n  \"version\": \"1\"\n}\n", Author),
    ("DESCRIPTION", "Package: x\nMaintainer: Mara Vale <mv@tide.edu>\n", Author),
    ("Project.toml", "authors = [\"Mara Vale <mv@tide.edu>\"]\n", Author),
    ("CITATION.cff", "authors:\n  - family-names: Vale\n    given-names: Mara\n", Author),
    ("LICENSE", "MIT License\n\nCopyright (c) 2024 Mara Vale\n", Author),
    ("src/net.py", "# Author: Mara Vale\nimport torch\n", Author),
    ("src/io.py", "__author__ = 'Mara Vale'\n", Author),
    ("src/main.cpp", "/**\n * @author Mara Vale\n */\n", Author),
    ("paper/main.tex", "\\author{Mara Vale \\and Jo Reed}\n", Author),
    (
        "README.md",
        "## Citation\n```\n@article{x,\n  author = {Vale, Mara and Reed, Jo},\n}\n```\n",
        Author,
    ),
    ("train.sh", "python train.py --data /home/mvale/data/tides\n", Home),
    ("config/a.yaml", "root: /Users/mara.vale/Documents/tides\n", Home),
    ("run.bat", "cd C:\\Users\\MVale\\tides\r\n", Home),
    ("jobs/a.slurm", "#SBATCH -o /scratch/mvale/log.txt\n", Home),
    ("env.yml", "prefix: /home/mvale/miniconda3/envs/tides\n", Home),
    ("jobs/b.sh", "export P=/gpfs/fs1/home/mvale/x\n", Home),
    ("src/d.json", "{\"root\": \"/nfs/data/users/mvale/x\"}\n", Home),
    (
        "a.ipynb",
        "{\"cells\": [{\"cell_type\": \"code\", \"source\": [], \"outputs\": [{\"text\": [\"File \\\"/home/mvale/x.py\\\", line 3\"]}]}]}",
        Home,
    ),
    (
        "b.ipynb",
        "{\"cells\": [], \"metadata\": {\"authors\": [{\"name\": \"Mara Vale\"}]}}",
        Author,
    ),
    ("log.txt", "mquill@node12:~$ python train.py\n", Name),
    ("src/x.py", "wandb.init(entity=\"mquill\", project=\"tides\")\n", Name),
    ("notes.md", "TODO(Mara Quill): clean up\n", Name),
    ("src/y.py", "# as MARA QUILL said\n", Name),
    (
        "requirements.txt",
        "-e git+https://github.com/mquill/tidal-nets.git@abc#egg=tides\n",
        Repository,
    ),
    ("requirements.txt", "git+ssh://git@github.com/marav-lab/ops.git\n", Repository),
    ("environment.yml", "  - pip:\n    - git+https://gitlab.com/mvale/ops\n", Repository),
    ("README.md", "git clone https://github.com/mquill/tidal-nets\n", Repository),
    ("README.md", "[![build](https://travis-ci.org/mquill/tidal-nets.svg)](x)\n", Repository),
    ("README.md", "See [my page](https://www.tide.edu/~mvale/).\n", Repository),
    ("README.md", "We thank Jo Reed for discussions.\n", Acknowledgement),
    ("README.md", "This work was supported by NSF grant IIS-123.\n", Acknowledgement),
    (
        "paper/main.tex",
        "Funded in part by the Tidal Research Council under grant agreement 7.\n",
        Acknowledgement,
    ),
    ("README.md", "# Tides\n\n**University of Tide**\n", Acknowledgement),
    ("paper/main.tex", "\\institute{Department of Tides, Tide University}\n", Author),
    (".git-remote.txt", "url = git@github.com:mquill/tidal-nets.git\n", Repository),
];

/// Texts that say nothing of who wrote the project.
const DECOYS: &[(&str, &str)] = &[
    ("README.md", "Write to name@example.com or user@host.\n"),
    ("README.md", "git clone git@github.com:facebookresearch/detectron2.git\n"),
    ("README.md", "See https://github.com/other/thing for the baseline.\n"),
    ("train.sh", "python train.py --data /home/user/data --out /home/<you>/x\n"),
    ("src/a.py", "@property\ndef author(self): return self._author\n"),
    ("src/a.py", "path = '/data/images/a@2x.png'\n"),
    ("src/b.py", "# Copyright (c) Facebook, Inc. and its affiliates. All Rights Reserved.\n"),
    ("paper/refs.bib", "@article{x,\n author = {He, Kaiming and Zhang, Xiangyu},\n}\n"),
    ("README.md", "Trained on the Stanford Cars dataset and Oxford pets.\n"),
    ("requirements.txt", "torch==2.1\ngit+https://github.com/huggingface/transformers\n"),
    ("src/c.py", "parser.add_argument('--author', help='Author of the run')\n"),
    ("README.md", "The home page is https://example.org/home/index.html and /usr/home.\n"),
    ("src/d.py", "image = image @ matrix.T\nx = a@b.c\n"),
    (
        "LICENSE",
        "MIT License\n\nCopyright (c) 2024 Anonymous\n\nTHE COPYRIGHT HOLDERS ARE NOT LIABLE\n",
    ),
    (
        "LICENSE",
        "the copyright owner or entity authorized by the copyright owner\nCopyright [yyyy] [name of copyright owner]\n   copyright license to reproduce, prepare Derivative Works\n",
    ),
    ("README.md", "Weights are available at https://x.org and look at github.com for more.\n"),
    ("Dockerfile", "USER ubuntu\nWORKDIR /home/ubuntu/app\n"),
    ("README.md", "Thanks to the authors of this code for sharing.\n"),
    ("README.md", "We acknowledge that results vary.\n"),
    ("setup.py", "setup(name='x', author='Anonymous', author_email='anonymous@example.org')\n"),
];

fn png_with(keyword: &str, text: &str) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], body: &[u8]| {
        let length = u32::try_from(body.len()).expect("short");
        file.extend_from_slice(&length.to_be_bytes());
        file.extend_from_slice(kind);
        file.extend_from_slice(body);
        file.extend_from_slice(&[0; 4]); // nobody here looks at the checksum
    };
    chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    chunk(b"tEXt", &[keyword.as_bytes(), b"\0", text.as_bytes()].concat());
    chunk(b"IDAT", &[0x78, 0x9c, 0x63, 0, 0, 0, 2, 0, 1]);
    chunk(b"IEND", &[]);
    file
}

/// A JPEG file's beginning and end with one EXIF field of text.
fn jpeg_with(tag: u16, text: &str) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x02\0".to_vec();
    let mut field = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        tiff.extend_from_slice(&tag.to_le_bytes());
        tiff.extend_from_slice(&kind.to_le_bytes());
        tiff.extend_from_slice(&count.to_le_bytes());
        tiff.extend_from_slice(&value);
    };
    field(0x0112, 3, 1, [6, 0, 0, 0]);
    let count = u32::try_from(text.len() + 1).expect("short");
    field(tag, 2, count, 38_u32.to_le_bytes());
    tiff.extend_from_slice(&[0; 4]);
    tiff.extend_from_slice(text.as_bytes());
    tiff.push(0);
    let body = [b"Exif\0\0".as_slice(), &tiff].concat();
    let mut file = vec![0xff, 0xd8, 0xff, 0xe1];
    file.extend_from_slice(&u16::try_from(body.len() + 2).expect("short").to_be_bytes());
    file.extend(body);
    file.extend_from_slice(&[0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9]);
    file
}

fn pdf_with(info: &str, compressed: bool) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n".to_vec();
    if compressed {
        let mut stream =
            flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        stream.write_all(info.as_bytes()).expect("in memory");
        let stream = stream.finish().expect("in memory");
        file.extend_from_slice(b"1 0 obj\n<</Type /ObjStm /Filter /FlateDecode>>\nstream\n");
        file.extend(stream);
        file.extend_from_slice(b"\nendstream\nendobj\n");
    } else {
        file.extend_from_slice(format!("1 0 obj\n<<{info}>>\nendobj\n").as_bytes());
    }
    file.extend_from_slice(b"%%EOF\n\xff");
    file
}

fn onnx_with(key: &str, value: &str) -> Vec<u8> {
    let string = |number: u8, text: &str| {
        let length = u8::try_from(text.len()).expect("short");
        [&[number << 3 | 2, length][..], text.as_bytes()].concat()
    };
    let pair = [string(1, key), string(2, value)].concat();
    let length = u8::try_from(pair.len()).expect("short");
    let graph = [0x3a, 3, 0x12, 1, b'g']; // graph { name: "g" }
    [&[0x08, 8][..], &string(2, "pytorch"), &graph, &[14 << 3 | 2, length], &pair].concat()
}

fn zip_with(name: &str, text: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default()).expect("a member");
    writer.write_all(text.as_bytes()).expect("in memory");
    writer.finish().expect("in memory").into_inner()
}

/// Leaks in other files.
fn binaries() -> Vec<(&'static str, Vec<u8>, LeakKind)> {
    let xmp = "<x:xmpmeta><dc:creator><rdf:Seq><rdf:li>Mara Vale</rdf:li></rdf:Seq></dc:creator></x:xmpmeta>";
    let pickle = b"\x80\x02}q\x00X\x14\x00\x00\x00/home/mvale/x/y/z.ptq\x01s.\x00\xff".to_vec();
    vec![
        ("fig/a.png", png_with("Author", "Mara Vale"), Metadata),
        ("fig/b.png", png_with("Comment", "made by mara@tide-lab.edu in gimp"), Address),
        ("fig/c.png", png_with("Source", "/home/mvale/figures/plot.py"), Home),
        ("fig/d.png", png_with("XML:com.adobe.xmp", xmp), Metadata),
        ("img/a.jpg", jpeg_with(0x013b, "Mara Vale"), Metadata),
        ("img/b.jpg", jpeg_with(0x8298, "(c) Mara Vale"), Metadata),
        ("img/c.jpg", jpeg_with(0x013c, "maras-macbook"), Metadata),
        ("fig/a.pdf", pdf_with("/Author (Mara Vale) /Producer (pdfTeX)", false), Metadata),
        ("fig/b.pdf", pdf_with("/Author (Mara Vale) /Creator (LaTeX)", true), Metadata),
        ("fig/c.pdf", pdf_with("/Author <FEFF004D006100720061>", false), Metadata),
        ("fig/d.pdf", pdf_with("/PTEX.FileName (/Users/mvale/fig/plot.pdf)", false), Home),
        ("net.onnx", onnx_with("author", "Mara Vale"), Metadata),
        ("net2.onnx", onnx_with("path", "/home/mvale/runs/7/net.pt"), Home),
        (
            "talk.pptx",
            zip_with(
                "docProps/core.xml",
                "<cp:coreProperties><dc:creator>Mara Vale</dc:creator></cp:coreProperties>",
            ),
            Metadata,
        ),
        ("w.pt", zip_with("archive/data.pkl", "\u{1}X /home/mvale/code/model.py \u{2}"), Home),
        ("w.pkl", pickle, Home),
    ]
}

#[test]
fn leaks_are_found_where_projects_have_them() {
    let people = people();
    let texts = TEXTS.iter().map(|(name, text, kind)| (*name, text.as_bytes().to_vec(), *kind));
    let all: Vec<_> = texts.chain(binaries()).collect();
    let mut missed = Vec::new();
    for (name, content, kind) in &all {
        let found = leaks(&path(name), content, &people);
        if !found.iter().any(|leak| leak.kind == *kind) {
            missed.push(format!("{name}: {kind}, found {found:?}"));
        }
    }
    let found = all.len() - missed.len();
    assert!(all.len() >= 40);
    assert!(found * 100 >= all.len() * 95, "{found} of {}:\n{}", all.len(), missed.join("\n"));
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn what_only_looks_like_a_leak_is_none() {
    let people = people();
    for (name, text) in DECOYS {
        let found = leaks(&path(name), text.as_bytes(), &people);
        assert_eq!(found, [], "{name}: {text}");
    }
    let tool = png_with("Software", "Matplotlib version3.8.0, https://matplotlib.org/");
    assert_eq!(leaks(&path("a.png"), &tool, &people), []);
    assert_eq!(leaks(&path("a.onnx"), &onnx_with("framework", "torch"), &people), []);
}

#[test]
fn what_is_taken_out_is_gone_and_the_file_is_still_one() {
    let people = people();
    let texts = TEXTS.iter().map(|(name, text, kind)| (*name, text.as_bytes().to_vec(), *kind));
    for (name, content, kind) in texts.chain(binaries()) {
        let path = path(name);
        let done = redacted(&path, &content, &people);
        let pdf_or_zip = ["pdf", "pptx", "pt", "pkl"].iter().any(|end| name.ends_with(end));
        if pdf_or_zip {
            assert!(done.content.is_none() && !done.left.is_empty(), "{name}");
            continue;
        }
        let new = done.content.as_ref().unwrap_or_else(|| unreachable!("{name}"));
        assert_eq!(done.left, [], "{name}: {}", String::from_utf8_lossy(new));
        assert!(done.removed.contains_key(&kind), "{name}: {:?}", done.removed);
        let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        if matches!(suffix, "ipynb" | "json") {
            serde_json::from_slice::<serde_json::Value>(new).expect(name);
        }
        if suffix == "toml" {
            String::from_utf8_lossy(new).parse::<toml::Table>().expect(name);
        }
    }
    let turned = redacted(&path("a.jpg"), &jpeg_with(0x013b, "Mara Vale"), &people);
    let turned = turned.content.expect("a picture");
    let read = exif::Reader::new()
        .read_from_container(&mut std::io::Cursor::new(&turned))
        .expect("the orientation");
    let field = read.get_field(exif::Tag::Orientation, exif::In::PRIMARY).expect("it");
    assert_eq!(field.value.get_uint(0), Some(6));
    let network = redacted(&path("a.onnx"), &onnx_with("author", "Mara Vale"), &people);
    let plain: &[u8] = &[0x08, 8, 2 << 3 | 2, 7];
    assert!(network.content.is_some_and(|network| network.starts_with(plain)));
}

#[test]
fn own_repositories_are_learned_from_links_to_own_files() {
    let mut people = People::nobody();
    let text = "![a](https://raw.githubusercontent.com/mq/tides/master/fig/a.png) https://github.com/x/y/blob/main/gone.py";
    people.learn(text, &|path| path == "fig/a.png");
    let found =
        leaks(&path("README.md"), b"https://github.com/mq/tides and github.com/x/y", &people);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_name_in_a_path_is_left_to_its_author() {
    let path = "results_mquill/a.csv".parse().expect("a path");
    let found = leaks(&path, b"1,2\n", &people());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].kind, found[0].line), (Name, None));
    let redacted = redacted(&path, b"1,2\n", &people());
    assert_eq!((redacted.content, redacted.left), (None, found));
    let other = "results/mquillon.csv".parse().expect("a path");
    assert!(leaks(&other, b"1,2\n", &people()).is_empty());
}

#[test]
fn secrets_are_told_from_their_placeholders() {
    // Put together here, so that no scanner takes this file for one that has them.
    let token = |start: &str, rest: &str| format!("{start}{rest}");
    let found: Vec<(String, usize)> = vec![
        (token("-----BEGIN RSA PRIV", "ATE KEY-----"), 1),
        (token("key = AKI", "AQ3EGRIGHTX4DWPYM"), 2),
        (token("export HF_TOKEN=hf", "_QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"), 2),
        (token("GH=gh", "p_9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sT9uV8wX"), 2),
        (token("wandb.login(key='", "0a9b8c7d6e5f40312233445566778899aabbccdd')"), 2),
        (token("postgres://mara:", "Tr0ub4dor3@db.tide.org/x"), 3),
        (token("password = '", "hG7kP2sQ9xW4'"), 3),
    ];
    for (text, rule) in &found {
        let secrets = secrets(text.as_bytes());
        assert_eq!(secrets.iter().map(|s| s.rule).collect::<Vec<_>>(), [*rule], "{text}");
        assert!(secrets[0].begins.chars().count() <= 4);
    }
    for text in [
        "password = 'your_password_here'",
        "api_key = os.environ['API_KEY']",
        "export HF_TOKEN=hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "https://user:password@example.com/repo",
        "-----BEGIN PUBLIC KEY-----",
        "sha256:0a9b8c7d6e5f40312233445566778899aabbccdd",
        "token = tokenizer.encode('hello world and more')",
    ] {
        assert_eq!(secrets(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn every_expression_compiles() {
    assert!(text::all_compile() && binary::all_compile() && secrets::all_compile());
    assert!(secrets(b"x").is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0..6_usize) {
        let name = ["a.png", "a.jpg", "a.pdf", "a.onnx", "a.zip", "README.md"][kind];
        let starts: [&[u8]; 6] = [b"\x89PNG\r\n\x1a\n", &[0xff, 0xd8, 0xff], b"%PDF-", b"", b"PK\x03\x04", b""];
        let content = [starts[kind], &bytes].concat();
        let done = redacted(&path(name), &content, &people());
        prop_assert!(done.left.len() <= MAX_LEAKS);
        secrets(&content);
    }

    #[test]
    fn any_text_is_read_and_stays_readable(text in "[ -~\\n]{0,400}") {
        let path = path("README.md");
        let done = redacted(&path, text.as_bytes(), &people());
        let new = done.content.unwrap_or_else(|| text.clone().into_bytes());
        prop_assert!(String::from_utf8(new).is_ok());
    }
}
