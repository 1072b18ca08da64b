"""Uses the pre-commit hook and the steps of the GitHub Action as a project would.

    hooks.py BUNDLE WORK

The hook is run by pre-commit itself, out of this repository. The Action's steps are run by bash
with the inputs that `action.yml` declares; only its first step, which installs the program, is
left out, because BUNDLE is the program.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]


def main():
    bundle, work = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    shutil.rmtree(work, ignore_errors=True)
    whole, bare = work / "whole", work / "bare"
    shutil.copytree(ROOT / "fixtures" / "digits", whole)
    bare.mkdir(parents=True)
    (bare / "bundle.toml").write_text("format = 1\n[bundle]\nname = \"bare\"\n")
    for project in [whole, bare]:
        run(["git", "init", "-q"], project)
        run(["git", "add", "-A", "-f"], project)
    environment = {**os.environ, "PATH": f"{bundle.parent}:{os.environ['PATH']}",
                   "PRE_COMMIT_HOME": str(work / "pre-commit")}
    hook(whole, environment, fails=False)
    hook(bare, environment, fails=True)
    action(whole, environment, {"fail-on": "must", "min-ticks": "5"}, fails=False)
    action(whole, environment, {"profile": "loose", "fail-on": "may", "output": "own.sarif"}, fails=False)
    action(bare, environment, {"fail-on": "should"}, fails=True)


def run(command, directory, environment=None):
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)


def hook(project, environment, fails):
    origin = project.parent / "hooks"
    if not origin.exists():
        origin.mkdir()
        shutil.copy(ROOT / ".pre-commit-hooks.yaml", origin)
        run(["git", "init", "-q"], origin)
        run(["git", "add", "-A"], origin)
        name = ["-c", "user.name=proof", "-c", "user.email=proof@localhost"]
        run(["git", *name, "commit", "-q", "-m", "hooks"], origin)
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(origin), "bundle-check", "--verbose"]
    done = run(command, project, environment)
    judge(f"the hook in {project.name}", done, fails)


def action(project, environment, given, fails):
    declared = yaml.safe_load((ROOT / "action.yml").read_text())
    unknown = set(given) - set(declared["inputs"])
    assert not unknown, f"action.yml has no input {unknown}"
    inputs = {name: given.get(name, about.get("default", "")) for name, about in declared["inputs"].items()}

    def filled(text):
        return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: inputs[found[1]], text)

    steps = declared["runs"]["steps"]
    install, *others = steps
    assert declared["runs"]["using"] == "composite" and "cargo install" in install["run"]
    for step in others:
        assert step["shell"] == "bash"
        own = {name: filled(value) for name, value in step.get("env", {}).items()}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", filled(step["run"])]
        done = run(command, project, {**environment, **own})
    judge(f"the Action in {project.name} with {given}", done, fails)
    log = json.loads((project / inputs["output"]).read_text())
    assert log["version"] == "2.1.0" and log["runs"][0]["tool"]["driver"]["name"] == "bundle"


def judge(what, done, fails):
    said = done.stdout + done.stderr
    if (done.returncode != 0) != fails or "panicked" in said or "not found" in said:
        sys.exit(f"{what}: exit {done.returncode}\n{said}")
    print(f"{what}: exit {done.returncode}, as it should be")


main()
