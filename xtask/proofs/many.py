"""`bundle check` of a thousand bundles: with one job and with two, and its peak memory.

The bundles are fixtures/digits a thousand times, each with its own version, its own
sentence in the README and so its own id and signature. Files are in
the page cache. Commands run in turn (A B A B …, one warm-up each); the ratio is the median
of the pairs. Peak memory is the kernel's own account of the process.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# The kernel counts what a process had before it became another program, so the parent must
# be small.
LAUNCHER = """
import os, sys, time
null = os.open(os.devnull, os.O_WRONLY)
started = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - started, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(*arguments, codes=(0,)):
    """Seconds, peak bytes and seconds of processor of a command that must end with one of these codes."""
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in codes:
        sys.exit(f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    seconds, memory, processor = done.stdout.split()
    return float(seconds), int(memory), float(processor)


def side_by_side(bundle, lists):
    """Seconds that processes of one job each take at once: what the machine has to give just now."""
    started = time.perf_counter()
    command = [bundle, "check", "--jobs", "1", "--from"]
    children = [subprocess.Popen([*command, str(listed)], stdout=subprocess.DEVNULL) for listed in lists]
    if any([child.wait() for child in children]):
        sys.exit("check: a process of two failed")
    return time.perf_counter() - started


def make(bundle, work, count):
    """Packs `count` different bundles; returns the list that names them."""
    project, packed = work / "digits", work / "packed"
    shutil.copytree(ROOT / "fixtures/digits", project)
    packed.mkdir()
    manifest, readme = (project / "bundle.toml").read_text(), (project / "README.md").read_text()
    assert 'version = "1.0.0"' in manifest
    names = []
    for index in range(count):
        (project / "bundle.toml").write_text(manifest.replace('version = "1.0.0"', f'version = "1.0.{index}"', 1))
        (project / "README.md").write_text(f"{readme}\nThis is edition {index}.\n")
        target = packed / f"{index:04}.bundle.tar.zst"
        command = [bundle, "pack", project, "-o", target, "--no-replay", "--threads", "1"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"pack: exit {done.returncode}\n{done.stderr}")
        names.append(str(target))
    assert len({pathlib.Path(name).read_bytes() for name in names[:50]}) == min(count, 50)
    listed = work / f"list-{count}.txt"
    listed.write_text("\n".join(names) + "\n")
    return names, listed


def check_lines(bundle, work, listed, count):
    """The lines are the same with one job and with two, and a second call skips them all."""
    texts = []
    for jobs in (1, 2):
        file = work / f"found-{jobs}.jsonl"
        run(bundle, "check", "--from", listed, "--jobs", jobs, "--jsonl", file)
        texts.append(file.read_text())
    lines = texts[0].splitlines()
    assert texts[0] == texts[1] and len(lines) == count, "the lines depend on the jobs"
    assert all(json.loads(line)["report"]["examples"] == {"hold": 7, "replayed": 7} for line in lines)
    again, _, _ = run(bundle, "check", "--from", listed, "--jobs", 2, "--jsonl", file)
    assert file.read_text() == texts[1], "a second call changed the lines"
    return again, sum(map(len, texts[0].splitlines())) / count


def large(bundle, work, files, megabytes):
    """A repository of so many files, with a README of so many megabytes: seconds and peak memory."""
    project = work / "large"
    for at in range(files):
        if at % 500 == 0:
            directory = project / f"part{at // 500:03}"
            directory.mkdir(parents=True)
        suffix, text = [("py", f"def f{at}(x):\n    return x + {at}\n"), ("txt", f"row {at}\n"), ("json", "{}\n")][at % 3]
        (directory / f"file{at}.{suffix}").write_text(text)
    row = "| model | accuracy | `python train.py --seed 1` | [data](https://example.org/data) | 0.91 ± 0.02 |\n"
    head = "# Paper\n\n| a | b | c | d | e |\n|---|---|---|---|---|\n"
    (project / "README.md").write_text(head + row * (megabytes * 1_000_000 // len(row)))
    found = [run(bundle, "check", project, "--no-replay", codes=(0, 1, 2)) for _ in range(3)]
    return statistics.median(seconds for seconds, _, _ in found), max(peak for _, peak, _ in found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", required=True, help="the bundle binary")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="12 bundles, one run; write nothing")
    arguments = parser.parse_args()
    bundle = arguments.bundle
    many, few, runs = (12, 4, 1) if arguments.smoke else (1000, 100, arguments.runs)
    with tempfile.TemporaryDirectory(prefix="bundle-many-") as work:
        work = pathlib.Path(work)
        os.environ.update(BUNDLE_CONFIG_DIR=str(work / "config"), NO_COLOR="1")
        names, listed = make(bundle, work, many)
        short = work / "short.txt"
        short.write_text("\n".join(names[:few]) + "\n")
        halves = [work / "first.txt", work / "second.txt"]
        halves[0].write_text("\n".join(names[: many // 2]) + "\n")
        halves[1].write_text("\n".join(names[many // 2 :]) + "\n")
        again, line = check_lines(bundle, work, listed, many)
        taken, apart = {jobs: [] for jobs in (1, 2)}, []
        for _ in range(runs):
            for jobs in taken:
                taken[jobs].append(run(bundle, "check", "--from", listed, "--jobs", jobs))
            apart.append(side_by_side(bundle, halves))
        small = {jobs: run(bundle, "check", "--from", short, "--jobs", jobs) for jobs in taken}
    seconds = {jobs: statistics.median(s for s, _, _ in all) for jobs, all in taken.items()}
    peaks = {jobs: max(m for _, m, _ in all) for jobs, all in taken.items()}
    processor = {jobs: statistics.median(p for _, _, p in all) for jobs, all in taken.items()}
    ratio = statistics.median(one[0] / two[0] for one, two in zip(taken[1], taken[2]))
    control = statistics.median(one[0] / two for one, two in zip(taken[1], apart))
    rows = [
        f"| {jobs} | {seconds[jobs]:.1f} | {1000 * seconds[jobs] / many:.1f} | {processor[jobs]:.1f} | {small[jobs][1] / 2**20:.1f} | {peaks[jobs] / 2**20:.1f} |"
        for jobs in taken
    ]
    print("\n".join(rows))
    print(f"ratio {ratio:.2f}, of two processes {control:.2f}, skipped in {again:.2f} s")
    flat = all(peaks[jobs] < small[jobs][1] * 1.25 + 2**22 for jobs in taken)
    if not flat:
        sys.exit("memory is not flat")
    with tempfile.TemporaryDirectory(prefix="bundle-large-") as work:
        whole = large(bundle, pathlib.Path(work), *((500, 1) if arguments.smoke else (50_000, 20)))
    print(f"one repository: {whole[0]:.2f} s, {whole[1] / 2**20:.0f} MiB")
    if not arguments.smoke:
        write_page(bundle, rows, (ratio, control), (again, line), (many, few, runs), whole)
    print("3 passed, 0 failed")


def write_page(bundle, rows, ratios, lines, counts, whole):
    (ratio, control), (again, line), (many, few, runs) = ratios, lines, counts
    version = subprocess.run([bundle, "--version"], capture_output=True, text=True).stdout.strip()
    if pathlib.Path(bundle).parent.name == "debug":
        version += ", built for development"
    (ROOT / "docs/proof/many.md").write_text(f"""# Many at once

`cargo xtask prove many` packs [fixtures/digits](../../fixtures/digits) into {many:,} different bundles (each with a version,
a sentence in the README and so an id of its own) and checks them in one call, seven examples replayed in each:
`bundle check --from list.txt --jobs N`. Whole processes in turn, median of {runs} runs; peak memory is the kernel's account.

{datetime.date.today()}, {os.cpu_count()} cores, {platform.machine()}: {version}.

| jobs | s | ms a bundle | s of processor | peak MiB, {few} bundles | peak MiB, {many:,} bundles |
|---:|---:|---:|---:|---:|---:|
{chr(10).join(rows)}

Two jobs are {ratio:.2f} times as fast as one. Two processes of one job each, with half of the list each, are {control:.2f} times
as fast at the same moment: that is all that two cores had to give beside what else ran on them.
The JSON Lines ({line / 1000:.1f} kB a bundle) are byte for byte the same with one job and with two.
A second call with the same `--jsonl` hashes every file and judges none, in {again:.2f} s.
The proof fails if {many:,} bundles take more than a quarter above the memory of {few}.

## One large repository

50,000 files in 100 directories and a README of 20 MB, one table: {whole[0]:.1f} s, {whole[1] / 2**20:.0f} MiB
(`bundle check DIR --no-replay`, median of three).
""")


if __name__ == "__main__":
    main()
