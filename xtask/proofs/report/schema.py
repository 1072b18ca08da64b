"""Validates SARIF logs against the schema of OASIS: schema.py SCHEMA LOG..."""

import json
import sys

import jsonschema

schema = json.load(open(sys.argv[1], encoding="utf-8"))
validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
bad = 0
for path in sys.argv[2:]:
    log = json.load(open(path, encoding="utf-8"))
    errors = sorted(validator.iter_errors(log), key=str)
    for error in errors[:5]:
        print(f"    {path}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    bad += len(errors)
    runs, results = len(log["runs"]), sum(len(run["results"]) for run in log["runs"])
    print(f"    {path.rsplit('/', 1)[-1]}: {runs} runs, {results} results, {len(errors)} errors")
# A log that breaks the schema must be noticed, or the proof proves nothing.
log["runs"][0]["results"] = [{"level": "catastrophe"}]
if not list(validator.iter_errors(log)):
    sys.exit("error: a broken log passes the schema")
sys.exit(1 if bad else 0)
