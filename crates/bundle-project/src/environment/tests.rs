//! One file of each form.

use super::*;

/// `line name version-claim`, one a requirement.
fn read(name: &str, text: &str) -> Vec<String> {
    let path: ArtifactPath = name.parse().expect("a path");
    let format = EnvironmentFormat::of(&path).expect("an environment file");
    let claim = |version| match version {
        VersionClaim::Absent => "-",
        VersionClaim::Bounded => "~",
        VersionClaim::Exact => "=",
    };
    let environment = Environment::parse(format, text);
    environment
        .requirements
        .iter()
        .map(|r| format!("{} {} {}", r.line, r.name, claim(r.version)))
        .collect()
}

struct Case {
    file: &'static str,
    text: &'static str,
    requirements: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        file: "requirements-gpu.txt",
        text: "# a comment\nnumpy==1.26.4  # pinned\ntorch[cuda]>=2.0; python_version > '3.8'\npandas\n-r more.txt\n--hash=sha256:00\nscipy==1.11 \\\n  --hash=sha256:00\ngit+https://github.com/a/b.git@0f3a9c\ndgl @ https://x.org/dgl-1.0.whl\nmlflow==2.*\n\n",
        requirements: &[
            "2 numpy =",
            "3 torch ~",
            "4 pandas -",
            "7 scipy =",
            "9 github.com/a/b.git@0f3a9c =",
            "10 dgl =",
            "11 mlflow ~",
        ],
    },
    Case {
        file: "code/environment.yml",
        text: "name: paper\nchannels:\n  - pytorch\ndependencies:\n  - python=3.10\n  - pytorch::torchvision=0.15=py310\n  - pip\n  - pip:\n    - einops==0.7\n    - tqdm\nprefix: /home/x\n",
        requirements: &[
            "5 python =",
            "6 pytorch::torchvision =",
            "7 pip -",
            "9 einops =",
            "10 tqdm -",
        ],
    },
    Case {
        file: "pyproject.toml",
        text: "[project]\nname = \"x\"\ndependencies = [\n  \"numpy>=1.2\",\n  \"scipy==1.1\",\n]\n[project.optional-dependencies]\ndev = [\"pytest\"]\n[tool.poetry.dependencies]\npython = \"^3.9\"\ntorch = \"^2.0\"\njax = { version = \"0.4.1\" }\n",
        requirements: &["4 numpy ~", "5 scipy =", "8 pytest -", "12 jax =", "11 torch ~"],
    },
    Case {
        file: "setup.py",
        text: "from setuptools import setup\nsetup(\n    name='x',\n    install_requires=[\n        'numpy>=1.0', 'six',\n        # 'old',\n        \"torch==1.2\",\n    ],\n)\n",
        requirements: &["5 numpy ~", "5 six -", "7 torch ="],
    },
    Case {
        file: "setup.py",
        text: "setup(install_requires=read('requirements.txt'))\n",
        requirements: &[],
    },
    Case {
        file: "setup.cfg",
        text: "[options]\npackages = find:\ninstall_requires =\n    numpy>=1\n    # no\n    tqdm\n[flake8]\nmax-line-length = 100\n",
        requirements: &["4 numpy ~", "6 tqdm -"],
    },
    Case {
        file: "Pipfile",
        text: "[packages]\nnumpy = \"==1.2\"\ntqdm = \"*\"\n[requires]\npython_version = \"3.9\"\n",
        requirements: &["2 numpy =", "3 tqdm -"],
    },
    Case {
        file: "uv.lock",
        text: "version = 1\n[[package]]\nname = \"numpy\"\nversion = \"1.2\"\n[package.metadata]\nname = \"not\"\n",
        requirements: &["3 numpy ="],
    },
    Case {
        file: "renv.lock",
        text: "{\n \"R\": { \"Version\": \"4.2\" },\n \"Packages\": {\n  \"dplyr\": { \"Version\": \"1.1\" }\n }\n}\n",
        requirements: &["4 dplyr ="],
    },
    Case {
        file: "docker/Dockerfile",
        text: "FROM pytorch/pytorch:1.13 AS base\nRUN apt-get update && apt-get install -y git \\\n    ffmpeg\nRUN pip install numpy==1.2 -r requirements.txt\nFROM scratch\n",
        requirements: &[
            "1 pytorch/pytorch:1.13 =",
            "3 git -",
            "3 ffmpeg -",
            "4 numpy =",
            "5 scratch -",
        ],
    },
    Case {
        file: "DESCRIPTION",
        text: "Package: x\nDepends: R (>= 3.5), Matrix\nImports:\n    dplyr (>= 1.0),\n    tidyr\nLicense: MIT\n",
        requirements: &["2 Matrix -", "4 dplyr ~", "5 tidyr -"],
    },
    Case {
        file: "install.R",
        text: "install.packages(\"ggplot2\")\nx <- \"no\"\n",
        requirements: &["1 ggplot2 -"],
    },
    Case {
        file: "Project.toml",
        text: "[deps]\nFlux = \"587475ba\"\nPlots = \"91a5bcdd\"\n[compat]\nFlux = \"0.13\"\n",
        requirements: &["2 Flux ~", "3 Plots -"],
    },
    Case {
        file: "Manifest.toml",
        text: "[[deps.Flux]]\nversion = \"0.13\"\n",
        requirements: &["1 Flux ="],
    },
    Case {
        file: "REQUIRE",
        text: "julia 0.6\nFlux\nPlots 1.0\n",
        requirements: &["2 Flux -", "3 Plots ~"],
    },
    Case {
        file: "CMakeLists.txt",
        text: "project(x)\nfind_package(OpenCV 4 REQUIRED)\nFIND_PACKAGE(CUDA)\n",
        requirements: &["2 OpenCV ~", "3 CUDA -"],
    },
];

#[test]
fn every_form_is_read() {
    for case in CASES {
        let mut expected: Vec<_> = case.requirements.to_vec();
        let mut found = read(case.file, case.text);
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{}", case.file);
    }
}

#[test]
fn broken_files_list_nothing() {
    for file in ["pyproject.toml", "Pipfile", "Pipfile.lock", "Project.toml"] {
        assert!(read(file, "[[[ {").is_empty(), "{file}");
    }
}

#[test]
fn other_files_are_not_environments() {
    for name in ["README.md", "train.py", "configs/main.yaml", "notes.txt", "data/project.csv"] {
        assert_eq!(EnvironmentFormat::of(&name.parse().expect("a path")), None, "{name}");
    }
}

#[test]
fn install_lines_name_packages() {
    let cases: [(&str, &[&str]); 5] = [
        ("pip install numpy==1.2 'torch>=1'", &["numpy==1.2", "torch>=1"]),
        ("!pip3 install -q -r requirements.txt tqdm", &["tqdm"]),
        ("conda create -n env python=3.6 && echo x", &["python=3.6"]),
        ("pip install -e .", &[]),
        ("python install.py", &[]),
    ];
    for (command, packages) in cases {
        assert_eq!(installed_packages(command), packages, "{command}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_in_any_form(text in "[a-z\"'\\[\\](){}=<>:;@#\\\\./ \\n-]{0,120}") {
        for case in CASES {
            read(case.file, &text);
        }
    }
}
