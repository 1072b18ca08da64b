"""The public conformance suite of OpenSSF Model Signing, with `bundle` as the client.

The suite and the JSON Schemas that it needs are in no package registry. Both are
fetched with git at a pinned commit, or taken from a directory that an environment
variable names; they are used and never committed. Every test must pass but those of
the keyless method, which needs Sigstore's services and is skipped.

Most tests that want a rejection are content with any exit code but 0, so a client
that always fails passes them. The page therefore says what `bundle` said, and a
rejection by the parser of arguments, or a panic, counts as a failure.

What a person writes on the page below a heading `## Notes` stays there.
"""

import argparse
import dataclasses
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/proof/conformance.md"
# Tests of the suite at the pinned commit, and those of them that need Sigstore.
TESTS, KEYLESS = 71, 12
SKIPPED_FOR = "(--skip-sigstore)"
# What a parser of arguments says, or a program that gave up.
NO_JUDGEMENT = ("Usage:", "unexpected argument", "unrecognized subcommand", "required arguments", "panicked at")
# What the suite at the pinned commit cannot show.
BLIND = """\
- `negative/certificate-expired_fail` has a file in its model that was not signed, so a client that passes over the date rejects it too; `cargo xtask prove peers` holds expiry.
- Five of the `malformed-` tests carry the signature of another payload, so a client that verifies it first never meets what is malformed.
- `negative/sigstore-verify-as-key_fail` names a public key that the suite does not have, so no client gets as far as the signature."""
NOTES = "\n## Notes\n"
PACKAGES = ["pytest", "pytest-json-report", "jsonschema", "referencing"]


@dataclasses.dataclass(frozen=True)
class Source:
    """A repository at a commit; `variable` names a directory to take it from instead."""

    what: str
    address: str
    commit: str
    variable: str


SUITE = Source(
    what="suite",
    address="https://github.com/sampras343/model-signing-conformance",
    commit="114b0f72da8d7502cfdc3c83003c9d2d4a30682e",
    variable="BUNDLE_CONFORMANCE_SUITE",
)
SPECIFICATION = Source(
    what="specification",
    address="https://github.com/ossf/model-signing-spec",
    commit="a0c91e2c930298efb8e8445bf475e4fa217d89cd",
    variable="BUNDLE_CONFORMANCE_SPEC",
)


def git(home, *arguments):
    command = ["git", "-C", str(home), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env={**os.environ, "TZ": "UTC"})


def checkout(source, work):
    """The files of a source at its commit, in a repository of ours."""
    home = work / source.what
    home.mkdir(parents=True, exist_ok=True)
    git(home, "init", "--quiet")
    if git(home, "cat-file", "-e", f"{source.commit}^{{commit}}").returncode != 0:
        fetch(source, home)
    for step in (["checkout", "--quiet", "--force", "--detach", source.commit], ["clean", "-ffdqx"]):
        done = git(home, *step)
        if done.returncode != 0:
            sys.exit(f"the {source.what}: git {step[0]} failed in {home}\n{done.stderr}")
    return home


def fetch(source, home):
    given = os.environ.get(source.variable)
    origin = str(pathlib.Path(given).resolve()) if given else source.address
    print(f"    the {source.what}: git fetch {origin}", flush=True)
    done = git(home, "fetch", "--quiet", "--depth", "1", origin, source.commit)
    if done.returncode != 0:
        sys.exit(
            f"the {source.what} cannot be fetched from {origin}\n{done.stderr}"
            f"{source.variable} may name a git directory or a work tree that has commit {source.commit}"
        )


def committed(home):
    """The day of the commit, in UTC."""
    return git(home, "show", "-s", "--date=short-local", "--format=%cd", "HEAD").stdout.strip()


def run_suite(client, suite, schemas, work):
    """The report of pytest. Exit code 1 says that tests failed, another that they did not run."""
    report = work / "report.json"
    command = [sys.executable, "-m", "pytest", "test", f"--entrypoint={client}", "--skip-sigstore", "-q"]
    command += ["-p", "no:cacheprovider", f"--basetemp={work / 'tmp'}", "--json-report", f"--json-report-file={report}"]
    environment = {
        **os.environ,
        "BUNDLE_CONFIG_DIR": str(work / "config"),
        "NO_COLOR": "1",
        "PYTHON_BIN": sys.executable,  # what the suite's own client of the reference starts
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(schemas),
        "PYTHONUTF8": "1",
    }
    done = subprocess.run(command, cwd=suite, env=environment, capture_output=True, encoding="utf-8")
    if done.returncode not in (0, 1) or not report.exists():
        sys.exit(f"pytest did not run the suite (exit {done.returncode})\n{done.stdout}{done.stderr}")
    return json.loads(report.read_text(encoding="utf-8"))


def name_of(test):
    """`negative/key-simple-wrong-key_fail`, without the description that pytest escapes."""
    return test["nodeid"].partition("[")[2].partition(" | ")[0]


def said_by(test, *places):
    """What the client last wrote, on one line and without the paths of this run."""
    output = test.get("call", {}).get("stdout", "")
    text = output.rpartition(" stdout] ")[2].replace("[sign stderr]", "").replace("[verify stderr]", "")
    for place in places:
        text = text.replace(f"{place}/", "")
    return " ".join(text.split())


def written_of(test):
    """All that pytest wrote of a test that did not pass."""
    phases = ("setup", "call", "teardown")
    return "".join(test[phase].get("longrepr", "") for phase in phases if phase in test)


def rejections(report, suite):
    """The tests that passed because the client refused, in the order of the suite."""
    wanted = {path.parent.name for path in suite.glob("test/test-cases/**/config.json")
              if json.loads(path.read_text(encoding="utf-8")).get("expect") == "fail"}
    return [test for test in report["tests"]
            if test["outcome"] == "passed" and name_of(test).rpartition("/")[2] in wanted]


def problems(report, suite, work):
    """Why the score does not count, or is no full one."""
    summary, found = report["summary"], []
    if summary.get("collected") != TESTS:
        found.append(f"the suite has {summary.get('collected')} tests, not {TESTS}")
    for test in report["tests"]:
        if test["outcome"] == "skipped" and SKIPPED_FOR not in written_of(test):
            found.append(f"{name_of(test)}: skipped: {written_of(test)}")
        elif test["outcome"] not in ("passed", "skipped"):
            found.append(f"{name_of(test)}: {test['outcome']}\n{detail(test)}")
    if summary.get("skipped") != KEYLESS:
        found.append(f"{summary.get('skipped', 0)} tests were skipped, not {KEYLESS}")
    for test in rejections(report, suite):
        said = said_by(test, work, suite)
        if not said or any(words in said for words in NO_JUDGEMENT):
            found.append(f"{name_of(test)}: rejected without a judgement: {said or 'nothing was said'}")
    return found


def detail(test):
    """The lines of a failure that pytest marks, which say what was asserted."""
    return "\n".join(f"        {line[1:].strip()}" for line in written_of(test).splitlines() if line.startswith("E"))


def score(report):
    counts = [report["summary"].get(outcome, 0) for outcome in ("passed", "failed", "xfailed", "skipped")]
    return " | ".join(map(str, counts))


def day_of(report):
    return datetime.datetime.fromtimestamp(report["created"], datetime.timezone.utc).date().isoformat()


def version_of(bundle):
    return subprocess.run([bundle, "--version"], capture_output=True, encoding="utf-8", check=True).stdout.strip()


def cell(text):
    """A message as code in a table, not too long."""
    text = text if len(text) <= 200 else text[:199] + "…"
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"


def notes():
    """What people wrote below the last heading stays."""
    _, heading, text = PAGE.read_text(encoding="utf-8").partition(NOTES) if PAGE.exists() else ("", "", "")
    return [heading.strip(), "", text.strip(), ""] if heading else []


def write_page(bundle, ours, reference, suite, specification, work):
    version = importlib.metadata.version("model-signing")
    failed = [f"`{name_of(test)}`" for test in reference["tests"] if test["outcome"] == "failed"]
    rejected = rejections(ours, suite)
    packages = "; ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    rows = [f"| `{name_of(test)}` | {cell(said_by(test, work, suite))} |" for test in rejected]
    lines = [
        "# Conformance",
        "",
        "`cargo xtask prove conformance` runs the public conformance suite of OpenSSF Model Signing with this binary as the client.",
        "Nothing is adapted: the hidden commands `sign-model` and `verify-model` speak the protocol of the suite.",
        f"Skipped are the {KEYLESS} tests of the keyless method, which need Sigstore's services; everything else must pass, and nothing may be expected to fail.",
        "",
        "```sh",
        "python -m pytest test --entrypoint=target/debug/bundle --skip-sigstore",
        "```",
        "",
        f"{day_of(ours)}, Python {platform.python_version()}, {platform.machine()}; {packages}.",
        "",
        "| client | passed | failed | expected to fail | skipped |",
        "|---|---:|---:|---:|---:|",
        f"| {version_of(bundle)} | {score(ours)} |",
        f"| model-signing {version}, the reference, run beside it | {score(reference)} |",
        "| model-transparency-go, as its own workflow declares it | | | 4 | |",
        "",
        f"The reference fails {', '.join(failed) or 'none'}.",
        "The Go client declares four expected failures: the empty model and the three with symbolic links.",
        "",
        "| pinned | at | of |",
        "|---|---|---|",
        f"| [{SUITE.address.partition('.com/')[2]}]({SUITE.address}) | `{SUITE.commit}` | {committed(suite)} |",
        f"| [{SPECIFICATION.address.partition('.com/')[2]}]({SPECIFICATION.address}), whose schemas are the package `oms-schemas` | `{SPECIFICATION.commit}` | {committed(specification)} |",
        "",
        "The suite's own requirements name a fork of the specification at no commit; this proof takes the original.",
        "",
        "## Rejections",
        "",
        f"{len(rejected)} of the tests want a rejection and accept any exit code but 0, so a client that always fails passes them.",
        "This is what `bundle` said; a complaint about arguments would have counted as a failure.",
        "",
        "| test | `bundle` said |",
        "|---|---|",
        *rows,
        "",
        "Three things the suite cannot show:",
        "",
        BLIND,
        "",
        *notes(),
    ]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", required=True, type=pathlib.Path, help="the bundle binary")
    parser.add_argument("--work", required=True, type=pathlib.Path, help="where the suite is kept between runs")
    arguments = parser.parse_args()
    bundle = arguments.bundle.resolve()
    suite, specification = (checkout(source, arguments.work.resolve()) for source in (SUITE, SPECIFICATION))
    with tempfile.TemporaryDirectory(prefix="bundle-conformance-") as work:
        work = pathlib.Path(work).resolve()
        schemas = work / "python"
        shutil.copytree(specification / "schemas", schemas / "oms_schemas")
        ours = run_suite(bundle, suite, schemas, work)
        print(f"    {version_of(bundle)}: passed | failed | expected to fail | skipped: {score(ours)}", flush=True)
        found = problems(ours, suite, work)
        if found:
            sys.exit("\n".join([f"conformance: {len(found)} problems", *found]))
        reference = run_suite(suite / "selftest-client", suite, schemas, work)
        print(f"    the reference: {score(reference)}")
        write_page(bundle, ours, reference, suite, specification, work)
    print(f"{ours['summary']['passed']} passed, 0 failed, {KEYLESS} skipped")


if __name__ == "__main__":
    main()
