"""Holds what `check --anonymous` shows against places that a person labelled.

    anonymity.py DIR --bundle PROGRAM [--labels FILE] [--page FILE] [--sheet FILE]

DIR has the git mirrors, as for calibrate.py. A place is a rule, a file and a line. `--sheet`
writes the places that have no label yet, with what is shown there, for a person to label.
"""

import argparse
import collections
import csv
import json
import pathlib
import subprocess
import sys

from calibrate import git_directory, table

LABELS = pathlib.Path(__file__).parent / "anonymity/labels.tsv"


def places(program, directory, revision):
    """What the report shows: (rule, file, line) and the words beside it."""
    command = [program, "check", str(directory), "--rev", revision, "--anonymous", "--no-replay", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"error: {directory}: {done.stderr}")
    shown = {}
    for finding in json.loads(done.stdout)["checked"][0]["report"]["findings"]:
        if finding["rule"].startswith("ANON-") and finding["answer"] == "fail":
            for one in finding["evidence"]:
                if one.get("path"):
                    shown[(finding["rule"], one["path"], str(one.get("line") or ""))] = one.get("text") or ""
    return shown


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--labels", type=pathlib.Path, default=LABELS)
    parser.add_argument("--page", type=pathlib.Path)
    parser.add_argument("--sheet", type=pathlib.Path)
    options = parser.parse_args()

    labels = collections.defaultdict(dict)
    revisions = {}
    for row in table(options.labels):
        revisions[row["repository"]] = row["revision"]
        labels[row["repository"]][(row["rule"], row["file"], row["line"])] = row
    by_rule = collections.defaultdict(collections.Counter)
    by_repository, wrong, new = [], [], []
    for repository, revision in sorted(revisions.items()):
        directory = git_directory(options.dir, repository)
        if directory is None:
            print(f"    {repository}: not in {options.dir}")
            continue
        shown, known = places(options.bundle, directory, revision), labels[repository]
        counted = collections.Counter()
        for place, text in sorted(shown.items()):
            label = known.get(place)
            answer = label["leak"] if label else "unlabelled"
            counted[answer] += 1
            by_rule[place[0]][answer] += 1
            if label is None:
                new.append((repository, revision, *place, "", text))
            elif answer == "no":
                wrong.append((repository, *place, label["why"]))
        for place, label in known.items():
            if label["leak"] == "yes" and place not in shown:
                counted["missed"] += 1
                by_rule[place[0]]["missed"] += 1
        by_repository.append((repository, counted))
    if not by_repository:
        sys.exit(f"error: no repository of {options.labels} is in {options.dir}: clone them there, as OWNER/NAME")
    if options.sheet:
        with open(options.sheet, "w", encoding="utf-8", newline="") as sheet:
            writer = csv.writer(sheet, delimiter="\t", lineterminator="\n")
            writer.writerows(new)

    def line(name, counted):
        yes, no = counted["yes"], counted["no"]
        precision = f"{yes / (yes + no):.2f}" if yes + no else "–"
        return f"| {name} | {sum(counted[key] for key in ('yes', 'no', 'unlabelled'))} | {yes} | {no} | {counted['unlabelled']} | {counted['missed']} | {precision} |"

    total = sum((counted for _, counted in by_repository), collections.Counter())
    head = "places shown | say who wrote it | do not | not labelled | labelled, not shown | precision |"
    rule = "---:|---:|---:|---:|---:|---:|"
    page = ["# Who wrote it, beside what a person says", "",
            f"`cargo xtask prove anonymity DIR`: `bundle check --anonymous` on {len(by_repository)} of {len(revisions)} repositories of papers of",
            "NeurIPS 2019, drawn from the 73 of docs/calibration.md by the digest of their names. Every place that the report shows (at most",
            "20 a rule) was read by one person, and labelled: does it say who wrote this project? Labels: xtask/proofs/anonymity/labels.tsv.",
            "A place that was never shown has no label, so that this counts precision; recall is the business of the seeded corpus in",
            "the tests of bundle-project.", "",
            f"| repository | {head}", f"|---|{rule}"]
    page += [line(name, counted) for name, counted in by_repository] + [line("all", total)]
    page += ["", f"| rule | {head}", f"|---|{rule}"] + [line(name, counted) for name, counted in sorted(by_rule.items())]
    page += ["", "## Shown, and no leak", "", "| repository | rule | file | line | why |", "|---|---|---|---:|---|"]
    page += [f"| {' | '.join(field.replace('|', chr(92) + '|') for field in row)} |" for row in wrong]
    text = "\n".join(page) + "\n"
    if options.page:
        options.page.write_text(text, encoding="utf-8")
    print(line("all", total) if options.page else text)


if __name__ == "__main__":
    main()
