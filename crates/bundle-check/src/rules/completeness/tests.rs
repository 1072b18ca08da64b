//! Projects as authors leave them, judged in both readings.

use crate::{
    Answer, Profile,
    rules::completeness::{DEPENDENCIES, EVALUATION, PRETRAINED, RESULTS, TRAINING},
    testing::{subject_in, tree},
};

/// `p~x-?`: an answer for each of the five items.
pub(super) fn judge(files: &[(&str, &str)], profile: Profile) -> String {
    let subject = subject_in(files, profile);
    let items = [&DEPENDENCIES, &TRAINING, &EVALUATION, &PRETRAINED, &RESULTS];
    let mark = |answer| match answer {
        Answer::Pass => 'p',
        Answer::Weak => '~',
        Answer::Fail => 'x',
        Answer::NotApplicable => '-',
        Answer::Unknown => '?',
    };
    items.iter().map(|rule| mark(rule.find(&subject).answer)).collect()
}

/// The first piece of evidence for an item.
fn evidence(files: &[(&str, &str)], item: usize) -> String {
    let subject = subject_in(files, Profile::Strict);
    let items = [&DEPENDENCIES, &TRAINING, &EVALUATION, &PRETRAINED, &RESULTS];
    let finding = items[item - 1].find(&subject);
    finding.evidence.first().map(ToString::to_string).unwrap_or_default()
}

pub(super) const TRAIN: &str = "import torch\nfor epoch in range(9):\n    loss.backward()\n";
pub(super) const EVAL: &str = "print('accuracy', accuracy)\n";
const README: &str = "# Nets\n\n```bash\npython train.py\npython eval.py\n```\n\n## Results\n\n| Model | Top-1 |\n|---|---|\n| ours | 91.2 |\n| theirs | 90.1 |\n";
/// Long enough to be weights.
pub(super) const WEIGHTS: &str = include_str!("tests.rs");

/// A project that has all five.
const WHOLE: &[(&str, &str)] = &[
    ("README.md", README),
    ("requirements.txt", "torch==2.1\nnumpy==1.26\n"),
    ("train.py", TRAIN),
    ("eval.py", EVAL),
    ("weights/best.pth", WEIGHTS),
];

/// The shape of the checklist's template, its placeholders as they are, the rest in other words.
pub(super) const TEMPLATE: &str = "\
> \u{1f4cb} Optional hints for the author are in quotations like this one.

# My Paper Title

This is the code of [My Paper Title](https://arxiv.org/abs/2030.12345).

## Requirements

Install what is needed:

```setup
pip install -r requirements.txt
```

> \u{1f4cb} Say here how to set up the environment, and where the data come from.

## Training

```train
python train.py --input-data <path_to_data> --alpha 10 --beta 20
```

## Evaluation

```eval
python eval.py --model-file mymodel.pth --benchmark imagenet
```

## Pre-trained Models

- [My awesome model](https://drive.google.com/mymodel.pth) trained on some data.

## Results

| Model name         | Top 1 Accuracy  | Top 5 Accuracy |
| ------------------ |---------------- | -------------- |
| My awesome model   |     85%         |      95%       |
";

#[test]
fn one_program_that_trains_and_tests_evaluates_where_a_document_says_so() {
    let both = format!("{TRAIN}{EVAL}");
    let judged = |text: &str| {
        let readme = format!("# Nets\n\n{text}\n");
        let files = [("README.md", readme.as_str()), ("train.py", both.as_str())];
        let answers = [Profile::Strict, Profile::Loose].map(|profile| judge(&files, profile));
        answers.map(|answers| answers.chars().nth(2).unwrap_or(' '))
    };
    let command = "```\npython train.py\n```";
    assert_eq!(judged(command), ['~', '~'], "inside training only");
    assert_eq!(judged(&format!("## Training\n\n{command}")), ['~', '~']);
    assert_eq!(judged(&format!("## Train & Test\n\n{command}")), ['~', 'p']);
    assert_eq!(judged(&format!("Test accuracy of 91.2:\n\n{command}")), ['~', 'p']);
    assert_eq!(judged("## Test\n\n```\npython check.py\n```"), ['~', '~'], "another program");
}

#[test]
fn programs_behind_the_figures_of_the_paper_are_its_results() {
    let readme = |text: &str| format!("# Nets\n\n{text}\n\nThat is all.\n");
    let judged = |text: &str| {
        let readme = readme(text);
        let files = [("README.md", readme.as_str()), ("train.py", TRAIN), ("plot.py", EVAL)];
        let answers = [Profile::Strict, Profile::Loose].map(|profile| judge(&files, profile));
        answers.map(|answers| answers.chars().last().unwrap_or(' '))
    };
    assert_eq!(judged("Figures 2 and 3: run `plot.py`."), ['~', 'p']);
    assert_eq!(
        judged("For Table 1:\n\n```\npython train.py\n```\n\nFigure 2 is of `plot.py`."),
        ['~', 'p']
    );
    assert_eq!(judged("Figure 2: run `plot.py`."), ['x', 'x'], "one alone");
    assert_eq!(judged("Figures 2 and 3 show it.\n\nA line.\n\nRun `plot.py`."), ['x', 'x']);
    assert_eq!(judged("Figures 2 and 3: run `draw.py`."), ['x', 'x'], "no program of the project");
}

#[test]
fn a_whole_project_passes_and_each_item_rests_on_its_file() {
    assert_eq!(judge(WHOLE, Profile::Strict), "ppppp");
    let without = |name: &str| -> Vec<(&str, &str)> {
        WHOLE.iter().filter(|(path, _)| *path != name).copied().collect()
    };
    assert_eq!(judge(&without("requirements.txt"), Profile::Strict), "xpppp");
    assert_eq!(judge(&without("train.py"), Profile::Strict), "pxppp");
    assert_eq!(judge(&without("weights/best.pth"), Profile::Strict), "pppxp");
    // Evaluation may also be found inside the training.
    assert_eq!(judge(&without("eval.py"), Profile::Strict), "ppxpp");
    // The README also documents the two commands, which the strict reading asks for.
    assert_eq!(judge(&without("README.md"), Profile::Strict), "p~~px");
    assert_eq!(judge(&without("README.md"), Profile::Loose), "ppppx");
}

#[test]
fn the_unfilled_template_passes_nothing() {
    for profile in [Profile::Strict, Profile::Loose] {
        assert_eq!(judge(&[("README.md", TEMPLATE)], profile), "xxxxx");
        let commented = format!("# Nets\n\n<!--\n{TEMPLATE}\n-->\n");
        assert_eq!(judge(&[("README.md", &commented)], profile), "xxxxx");
    }
    assert_eq!(evidence(&[("README.md", TEMPLATE)], 4), "no trained model, and no link to one");
}

#[test]
fn the_template_around_real_files_documents_nothing() {
    let files: &[(&str, &str)] = &[
        ("README.md", TEMPLATE),
        ("requirements.txt", "torch==2.1\n"),
        ("train.py", TRAIN),
        ("eval.py", EVAL),
    ];
    assert_eq!(judge(files, Profile::Strict), "p~~xx");
}

#[test]
fn dependencies_are_found_where_authors_put_them() {
    let strict = |files: &[(&str, &str)]| judge(files, Profile::Strict).remove(0);
    let loose = |files: &[(&str, &str)]| judge(files, Profile::Loose).remove(0);
    assert_eq!(strict(&[("code/environment.yml", "dependencies:\n- python=3.8\n")]), 'p');
    assert_eq!(strict(&[("docker/Dockerfile", "FROM pytorch/pytorch:1.9\n")]), 'p');
    let unpinned = [("requirements.txt", "torch\nnumpy\n")];
    assert_eq!((strict(&unpinned), loose(&unpinned)), ('~', 'p'));
    assert_eq!(evidence(&unpinned, 1), "requirements.txt:1  0 of 2 have a version");
    assert_eq!(strict(&[("requirements.txt", "# nothing\n")]), '~');
    // A part with its own build file does not say what the project needs.
    assert_eq!(strict(&[("ops/setup.py", "setup(install_requires=['torch==1'])")]), 'x');
    assert_eq!(strict(&[("third_party/x/requirements.txt", "torch==1\n")]), 'x');
    let heading = [("README.md", "Requirements\n---\n- Python 3.6\n- PyTorch 1.0\n")];
    assert_eq!((strict(&heading), loose(&heading)), ('~', 'p'));
    let list =
        [("README.md", "## Prerequisites\n* [PyTorch](https://pytorch.org)\n* tensorboardX\n")];
    assert_eq!((strict(&list), loose(&list)), ('~', 'p'));
    let sentence = [("README.md", "## Setup\n\nTested with Python 3.6.\n")];
    assert_eq!((strict(&sentence), loose(&sentence)), ('~', '~'));
    assert_eq!(
        loose(&[("README.md", "## Installation\n\nSimply copy the relevant files.\n")]),
        'x'
    );
}

#[test]
fn training_is_found_by_name_and_content() {
    let loose = |files: &[(&str, &str)]| judge(files, Profile::Loose).remove(1);
    assert_eq!(loose(&[("main.py", TRAIN)]), 'p');
    assert_eq!(
        loose(&[
            ("scripts/experiment1.sh", "python ../model.py\n"),
            ("model.py", "model.fit(x)\n")
        ]),
        'p'
    );
    assert_eq!(
        loose(&[(
            "fit.ipynb",
            "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"clf.fit(x, y)\"]}]}"
        )]),
        'p'
    );
    assert_eq!(loose(&[("train.py", "print('todo')\n")]), '~');
    assert_eq!(loose(&[("tests/test_train.py", TRAIN)]), 'x');
    assert_eq!(loose(&[("third_party/train.py", TRAIN)]), 'x');
    assert_eq!(loose(&[("README.md", "# Training\n\nSoon.\n")]), 'x');
}

#[test]
fn evaluation_is_found_by_name_content_and_option() {
    let of = |files: &[(&str, &str)], profile| judge(files, profile).remove(2);
    let loose = |files: &[(&str, &str)]| of(files, Profile::Loose);
    assert_eq!(loose(&[("scripts/validate_net.py", EVAL)]), 'p');
    assert_eq!(loose(&[("tests/test_net.py", EVAL)]), 'x');
    assert_eq!(loose(&[("data/split_test_data.py", EVAL)]), 'x');
    assert_eq!(loose(&[("update.py", "x = create()\n")]), 'x');
    let option = [("README.md", "`python main.py --evaluate --resume x`\n"), ("main.py", TRAIN)];
    assert_eq!(of(&option, Profile::Strict), 'p');
    let inside = format!("{TRAIN}{EVAL}");
    assert_eq!(loose(&[("train.py", &inside)]), '~');
}

#[test]
fn weights_are_told_from_data_and_from_other_peoples() {
    let loose = |files: &[(&str, &str)]| judge(files, Profile::Loose).remove(3);
    let readme = |text: &str| loose(&[("README.md", text)]);
    assert_eq!(loose(&[("trained_models/sigma_15.model", WEIGHTS)]), 'p');
    assert_eq!(loose(&[("model_a.pth.tar", WEIGHTS)]), 'p');
    assert_eq!(loose(&[("data/processed/a.pt", WEIGHTS)]), 'x');
    assert_eq!(loose(&[("data/b.npz", WEIGHTS)]), 'x');
    assert_eq!(loose(&[("models/net.py", WEIGHTS)]), 'x');
    assert_eq!(readme("[ours](https://csail.example/x/net.ckpt?dl=1)\n"), 'p');
    assert_eq!(
        readme("The pretrained model is\n[here](https://drive.google.com/open?id=1).\n"),
        'p'
    );
    assert_eq!(
        readme("## Models\n\n| Name | Link |\n|-|-|\n| a | [x](https://www.dropbox.com/s/1) |\n"),
        'p'
    );
    assert_eq!(readme("The dataset is [here](https://drive.google.com/open?id=1).\n"), 'x');
    assert_eq!(
        readme("[poster](https://drive.google.com/x) ![](https://drive.google.com/a.png)\n"),
        'x'
    );
    assert_eq!(
        readme("Download the pretrained VGG [backbone](https://x.org/vgg16.pth) first.\n"),
        'x'
    );
    assert_eq!(
        readme("Run with `--checkpoint path/to/model.pth`. Pretrained model under refining.\n"),
        'x'
    );
    assert_eq!(loose(&[("pretrained_models/download.sh", "wget https://x.org/a\n")]), 'p');
}

#[test]
fn results_are_a_table_and_a_command() {
    let of =
        |text: &str, profile| judge(&[("README.md", text), ("main.py", TRAIN)], profile).remove(4);
    let both = |text: &str| (of(text, Profile::Strict), of(text, Profile::Loose));
    let table = "|Method|Acc|\n|:-:|:-:|\n|a|1.5 ± 0.1|\n|b|**2.5**|\n";
    assert_eq!(both(&format!("`python main.py`\n\n{table}")), ('p', 'p'));
    assert_eq!(both(table), ('~', '~'));
    assert_eq!(both(&format!("`python gone.py`\n\n{table}")), ('~', '~'));
    assert_eq!(both("# Results\n\n![](fig/accuracy.png)\n\n`python main.py`\n"), ('~', 'p'));
    assert_eq!(both("Cora (Test ROC-AUC=93.79): `python main.py --task lp`\n"), ('~', 'p'));
    assert_eq!(
        both("`python main.py`\n\n|Argument|Default|\n|-|-|\n|lr|0.1|\n|wd|0.2|\n"),
        ('x', 'x')
    );
    assert_eq!(both("`python main.py`\n\n|-- a\n|-- b 1 2 3\n"), ('x', 'x'));
    let html = "`python main.py`\n\n<table><tr><th>Model</th><th>PSNR</th></tr><tr><td>a</td><td>31.2</td></tr><tr><td>b</td><td>30.0</td></tr></table>\n";
    assert_eq!(both(html), ('p', 'p'));
}

#[test]
fn what_is_declared_is_verified() {
    let manifest = crate::testing::manifest(
        "MIT",
        "[models]\nwhy = \"a theorem\"\n[code]\nenvironment = [\"env/needs.txt\"]\ntrain = \"python fit.py\"\nevaluate = \"cd sub && python check.py\"\n",
    );
    let files = |files: &[(&'static str, &'static str)]| -> Vec<(&'static str, String)> {
        let manifest = [("bundle.toml", manifest.clone())];
        manifest
            .into_iter()
            .chain(files.iter().map(|(path, text)| (*path, (*text).to_owned())))
            .collect()
    };
    let judge = |files: Vec<(&'static str, String)>| {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        judge(&files, Profile::Strict)
    };
    assert_eq!(judge(files(&[])), "xxx-x");
    let all = [
        ("env/requirements.txt", "a==1\n"),
        ("env/needs.txt", "a==1\n"),
        ("fit.py", "lstsq(a, b)\n"),
        ("sub/check.py", "x\n"),
    ];
    // The declared environment file has a name that no tool gives it.
    assert_eq!(judge(files(&all)), "~pp-x");
    assert_eq!(judge(files(&[("fit.py", "print(1)\n"), ("sub/check.py", "")])), "x~x-x");
}

#[test]
fn a_theory_has_nothing_to_train() {
    let manifest = crate::testing::manifest("MIT", "[models]\nwhy = \"a theorem\"\n");
    assert_eq!(judge(&[("bundle.toml", &manifest)], Profile::Strict), "x-x-x");
    assert_eq!(judge(&[("bundle.toml", &manifest), ("train.py", TRAIN)], Profile::Loose), "xpx-x");
}

#[test]
fn hostile_names_and_texts_are_judged() {
    let long = "|a".repeat(50_000);
    let files: &[(&str, &str)] =
        &[("README.md", &long), ("train\u{202e}.py", TRAIN), ("x/y/z/README", "\u{0}\u{1b}[31m")];
    assert_eq!(tree(files).files().len(), 3);
    judge(files, Profile::Strict);
    assert!(!evidence(files, 2).contains('\u{202e}'));
}

#[test]
fn trained_models_come_in_many_ways() {
    let binary = "\0 ".repeat(8 << 10);
    let net = "URLS = {\n    'net': 'https://host.org/net-1.pth.tar',\n}\n";
    let readme = "# Nets\n\nThe pretrained models are loaded by `nets.py`.\n";
    let cases: [(&str, &[(&str, &str)]); 11] = [
        ("p", &[("runs/a/weights_601", &binary)]),
        ("x", &[("runs/a/weights_601", WEIGHTS)]),
        ("x", &[("data/weights_601", &binary)]),
        ("p", &[("checkpoints.zip", WEIGHTS)]),
        ("x", &[("images.zip", WEIGHTS)]),
        ("x", &[("figures/climate_data.h5", WEIGHTS)]),
        ("p", &[("nets.py", net), ("README.md", readme)]),
        ("x", &[("nets.py", net), ("README.md", "# Nets\n")]),
        (
            "x",
            &[
                ("nets.py", "'https://download.pytorch.org/models/resnet18.pth'\n"),
                ("README.md", readme),
            ],
        ),
        ("p", &[("get/download.sh", "URL=http://host.org/datasets/pretrained_xl\nwget $URL/a\n")]),
        (
            "p",
            &[(
                "README.md",
                "# Nets\n\nThe data sets and the trained models are [here](https://drive.google.com/file/d/1).\n",
            )],
        ),
    ];
    for (expected, files) in cases {
        assert_eq!(&judge(files, Profile::Loose)[3..4], expected, "{files:?}");
    }
    let own = "# Nets\n\n```python\nimport nets.zoo\nnets.zoo.big(pretrained=True)\n```\n";
    assert_eq!(&judge(&[("README.md", own), ("nets/zoo.py", "")], Profile::Loose)[3..4], "p");
    let other = "# Nets\n\n```python\nimport torchvision\ntorchvision.big(pretrained=True)\n```\n";
    assert_eq!(&judge(&[("README.md", other), ("nets/zoo.py", "")], Profile::Loose)[3..4], "x");
}

#[test]
fn what_make_runs_trains() {
    let files = [
        ("README.md", "# Nets\n\n    make train\n"),
        ("Makefile", "train:\n\tpython code/fit.py\n"),
        ("code/fit.py", TRAIN),
    ];
    assert_eq!(&judge(&files, Profile::Strict)[1..2], "p");
}
