//! What a checker of words and file names gets wrong: a test for each trap, in the loose
//! reading, which is the easier one to deceive.

use super::tests::{EVAL, TEMPLATE, TRAIN, WEIGHTS, judge};
use crate::Profile;

/// `p~x-?` for dependencies, training, evaluation, trained model, results.
fn loose(files: &[(&str, &str)]) -> String {
    judge(files, Profile::Loose)
}

/// The answer to one item, from 1.
fn item(number: usize, files: &[(&str, &str)]) -> char {
    loose(files).chars().nth(number - 1).unwrap_or('?')
}

#[test]
fn trap_01_an_unfilled_template_has_nothing() {
    assert_eq!(loose(&[("README.md", TEMPLATE)]), "xxxxx");
    let copied = TEMPLATE.replace("My Paper Title", "Deep Nets");
    assert_eq!(loose(&[("README.md", &copied)]), "xxxxx");
    let hidden =
        format!("# Nets\n\n[comment]: <> (pip install torch numpy)\n<!--\n{TEMPLATE}-->\n");
    assert_eq!(loose(&[("README.md", &hidden)]), "xxxxx");
}

#[test]
fn trap_02_training_has_many_names() {
    let notebook = "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"clf.fit(x, y)\"]}]}";
    let programs: [&[(&str, &str)]; 6] = [
        &[("main.py", TRAIN)],
        &[("code/run.sh", "python net.py\n"), ("code/net.py", TRAIN)],
        &[("Figure 1.ipynb", notebook)],
        &[("src/solve.m", "x = 1;\n[net] = trainNetwork(x, y);\n")],
        &[("experiments/fit.jl", "using Flux\nFlux.train!(loss, ps, data, opt)\n")],
        &[("run.py", "from nets.model import fit\nfit()\n"), ("nets/model.py", TRAIN)],
    ];
    for files in programs {
        assert_eq!(item(2, files), 'p', "{files:?}");
    }
}

#[test]
fn trap_03_dependencies_are_in_subfolders_and_in_prose() {
    for path in ["code/requirements.txt", "docker/Dockerfile", "envs/conda_env.yml"] {
        let text = "FROM pytorch/pytorch:1.9\ndependencies:\n- numpy=1.2\nnumpy==1.2\n";
        assert_eq!(item(1, &[(path, text)]), 'p', "{path}");
    }
    let prose = "# Nets\n\n**Prerequisites**\n\nPython 3.6, PyTorch 1.0 and numpy 1.16\n";
    assert_eq!(item(1, &[("README.md", prose)]), 'p');
    let title = "# Learning long time dependencies with PyTorch 1.0 and numpy\n\nText.\n";
    assert_eq!(item(1, &[("README.md", title)]), 'x');
}

#[test]
fn trap_04_a_pretrained_backbone_is_not_the_paper_s_model() {
    for text in [
        "We start from a pretrained VGG: [weights](https://x.org/vgg16.pth).\n",
        "Download [BERT-Base](https://storage.googleapis.com/bert/b.zip) pretrained model first.\n",
        "Use `--pretrained` to start from ImageNet weights.\n",
    ] {
        assert_eq!(item(4, &[("README.md", text)]), 'x', "{text}");
    }
}

#[test]
fn trap_05_a_drive_link_may_be_data_or_a_poster() {
    for text in [
        "The dataset is [here](https://drive.google.com/open?id=1).\n",
        "[Poster](https://www.dropbox.com/s/1/poster.pdf), [slides](https://drive.google.com/2).\n",
        "![overview](https://drive.google.com/uc?id=3) of the pretrained model\n",
    ] {
        assert_eq!(item(4, &[("README.md", text)]), 'x', "{text}");
    }
}

#[test]
fn trap_06_arrays_are_data() {
    for path in ["data/train.h5", "datasets/a.npz", "data/processed/graph.pkl", "x/data/split.pt"] {
        assert_eq!(item(4, &[(path, WEIGHTS)]), 'x', "{path}");
    }
}

#[test]
fn trap_07_weights_have_odd_names_and_places() {
    for path in ["trained_models/sigma_15.model", "model_released/model.cptk.data-00000-of-00001"] {
        let found = item(4, &[(path, WEIGHTS)]);
        assert!(found == 'p' || path.ends_with("00001"), "{path}");
    }
    for text in [
        "## Results\n\n| Backbone | AP | Link |\n|-|-|-|\n| R50 | 38.7 | [Link](https://drive.google.com/1) |\n",
        "## Pretrained models\n\nSee the [releases](https://github.com/a/b/releases/tag/v1).\n",
        "Trained weights: <https://files.uni.example/net.t7>\n",
    ] {
        assert_eq!(item(4, &[("README.md", text)]), 'p', "{text}");
    }
}

#[test]
fn trap_08_tables_are_told_apart() {
    let with = |text: &str| {
        let text = format!("`python main.py`\n\n{text}");
        item(5, &[("README.md", &text), ("main.py", TRAIN)])
    };
    assert_eq!(with("Model|Acc\n:-:|:-:\nours|91.2\ntheirs|90.1\n"), 'p');
    let html = "<table>\n<tr><td>Model</td><td>Acc</td></tr>\n<tr><td>a</td><td>1.5</td></tr>\n<tr><td>b</td><td>2.5</td></tr>\n</table>\n";
    assert_eq!(with(html), 'p');
    assert_eq!(with("| Option | Default |\n|-|-|\n| lr | 0.1 |\n| wd | 0.01 |\n"), 'x');
    assert_eq!(with("```\n|-- data 1 2 3\n|-- code 4 5 6\n```\n"), 'x');
    assert_eq!(
        with("| Dataset | Link |\n|-|-|\n| a | [1](http://x) |\n| b | [2](http://x) |\n"),
        'x'
    );
}

#[test]
fn trap_09_unit_tests_evaluate_nothing() {
    assert_eq!(item(3, &[("tests/test_model.py", EVAL), ("net.py", "x = 1\n")]), 'x');
    assert_eq!(item(3, &[("pkg/tests/test_eval.py", EVAL)]), 'x');
    assert_eq!(item(3, &[("data/generate_test_data.py", EVAL)]), 'x');
}

#[test]
fn trap_10_headings_and_readmes_have_many_forms() {
    let body = "* Python 3.6\n* PyTorch 1.0\n";
    for (path, text) in [
        ("README.md", format!("Requirements\n------------\n{body}")),
        ("readme.md", format!("### requirements\n{body}")),
        ("README.rst", format!("Requirements\n~~~~~~~~~~~~\n\n{body}")),
        ("README.txt", format!("Requirements\n============\n\n{body}")),
        ("ReadMe.MD", format!("<h2>Requirements</h2>\n\n{body}")),
    ] {
        assert_eq!(item(1, &[(path, &text)]), 'p', "{path}");
    }
}

#[test]
fn trap_11_other_documents_count() {
    let text = "## Environment\n\n```\npip install torch==1.2 numpy\n```\n\n```\npython main.py\n```\n\n| Model | Acc |\n|-|-|\n| a | 1.5 |\n| b | 2.5 |\n";
    for path in ["REPRODUCIBILITY.md", "code/README.md", "docs/INSTALL.md"] {
        let files = [("README.md", "# Nets\n"), (path, text), ("main.py", TRAIN)];
        assert_eq!(item(1, &files), 'p', "{path}");
        assert_eq!(item(5, &files), 'p', "{path}");
    }
}

#[test]
fn trap_12_a_pointer_is_not_the_code() {
    let text = "# Method\n\nAn example is in example.py. For replication of the paper's numbers, please visit [the experiments](https://github.com/a/experiments).\n";
    assert_eq!(item(2, &[("README.md", text), ("example.py", TRAIN)]), '~');
    let here = format!("{text}\n```\npython example.py\n```\n");
    assert_eq!(item(2, &[("README.md", &here), ("example.py", TRAIN)]), 'p');
}

#[test]
fn trap_13_vendored_code_is_other_peoples() {
    for path in ["third_party/fairseq/train.py", "external/mmdet/tools/train.py"] {
        assert_eq!(item(2, &[(path, TRAIN)]), 'x', "{path}");
    }
    let files = [("third_party/x/setup.py", "setup(install_requires=['torch==1'])\n")];
    assert_eq!(item(1, &files), 'x');
}

#[test]
fn trap_14_a_promise_is_not_kept_yet() {
    let text = "# Nets\n\n## Training\n\nCode coming soon.\n\n## Pre-trained models\n\n[Models](https://drive.google.com/x) will be released.\n";
    assert_eq!(loose(&[("README.md", text)]), "xxxxx");
}

#[test]
fn trap_15_a_command_must_name_a_file_that_exists() {
    let text =
        "```\npython load_and_run.py\n```\n\n| Model | Acc |\n|-|-|\n| a | 1.5 |\n| b | 2.5 |\n";
    assert_eq!(item(5, &[("README.md", text)]), '~');
    assert_eq!(item(5, &[("README.md", text), ("load_and_run.py", TRAIN)]), 'p');
}
