#!/usr/bin/env python3
"""Reads made-up reports back with other programs' eyes: JSON against its schema, CSV, HTML.

    check_samples.py BENCH_SAMPLES SCHEMA

The schema is applied by python3-jsonschema; without that module its part is skipped aloud.
"""
import csv
import html.parser
import json
import pathlib
import subprocess
import sys
import tempfile

VOID = {"meta", "link"}


def validator_of(path):
    try:
        import jsonschema
    except ImportError:
        print("skipped: python3-jsonschema is not installed, the schema was not applied")
        return None
    schema = json.loads(path.read_text())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def no_constant(word):
    raise ValueError(f"{word} is not JSON")


def no_repeats(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key appears twice: {keys}")
    return dict(pairs)


def check_json(path, validator):
    report = json.loads(path.read_text(), parse_constant=no_constant,
                        object_pairs_hook=no_repeats)
    for run in report["runs"]:
        distribution = run["latency_distribution"]
        steps, samples = distribution["below_us"], distribution["samples"]
        assert steps == sorted(set(steps)) and len(steps) == len(samples), "steps"
        assert sum(samples) == run["latency_us"]["samples"], "samples of the distribution"
        assert sum(run["errors"].values()) == run["errors_total"], "errors"
        if samples:
            half, seen = sum(samples) / 2, 0
            for below, count in zip(steps, samples):
                seen += count
                if seen >= half:
                    break
            median = run["latency_us"]["p50"]
            assert median <= below and below <= median * 1.09, f"median {median}, step {below}"
    if report["kind"] == "run" and report["runs"]:
        assert report["errors"] == report["runs"][0]["errors"]
        assert report["latency_us"]["p99"] == report["runs"][0]["latency_us"]["p99"]
    for error in validator.iter_errors(report) if validator else ():
        raise AssertionError(f"{list(error.path)}: {error.message[:300]}")


def check_faults(path, validator):
    """A schema that accepts everything would be worth nothing."""
    for change in (
            lambda r: r.pop("conditions"),
            lambda r: r.pop("latency_us"),
            lambda r: r.update(surprise=1),
            lambda r: r.update(schema_version=2),
            lambda r: r["runs"][0].update(answered=-1),
            lambda r: r["runs"][0]["latency_us"].update(p99="fast"),
            lambda r: r["runs"][0]["errors"].pop("timeout"),
            lambda r: r["runs"][0]["status"].update(ok=1),
            lambda r: r["findings"][0].update(severity="tired")):
        report = json.loads(path.read_text())
        change(report)
        assert list(validator.iter_errors(report)), "a fault was not found"


def check_csv(path, report):
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert len(rows) == len(report["runs"]), f"{len(rows)} rows"
    for row, run in zip(rows, report["runs"]):
        assert None not in row and None not in row.values(), "fields without a column"
        assert int(row["answered"]) == run["answered"]
        assert abs(float(row["requests_per_second"]) - run["requests_per_second"]) < 0.01
        wanted = run["latency_us"]["p999"]
        assert row["p999_us"] == ("" if wanted is None else f"{wanted:.3f}")
        for at in run["coordinates"]:
            got = row["at_" + at["name"]]
            assert got == at["text"] or float(got) == at["value"], got


class Page(html.parser.HTMLParser):
    """Every element that opens is closed, and every chart's points are readable."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.charts = 0

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        points = dict(attributes).get("data-points")
        if points is not None:
            self.charts += 1
            for series in json.loads(points, parse_constant=no_constant):
                assert {"n", "c", "p"} == series.keys()
                assert all(len(point) == 4 for point in series["p"])

    def handle_startendtag(self, tag, attributes):
        """<line/> and the like."""

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}>"


def check_html(path, report):
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert not page.open, f"not closed: {page.open}"
    if any(run["answered"] for run in report["runs"]):
        assert page.charts > 0, "no charts"


def main():
    program, schema = sys.argv[1], pathlib.Path(sys.argv[2])
    validator = validator_of(schema)
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True)
        files = sorted(pathlib.Path(folder).glob("*.json"))
        checks = [("at least twelve reports", lambda: len(files) >= 12 or 1 / 0)]
        for path in files:
            report = json.loads(path.read_text())
            checks += [
                (path.name, lambda path=path: check_json(path, validator)),
                (path.stem + ".csv",
                 lambda path=path, report=report: check_csv(path.with_suffix(".csv"), report)),
                (path.stem + ".html",
                 lambda path=path, report=report: check_html(path.with_suffix(".html"), report))]
        if validator:
            checks.append(("faults", lambda: check_faults(pathlib.Path(folder) / "run.json",
                                                          validator)))
        for name, check in checks:
            try:
                check()
                passed += 1
            except (AssertionError, ValueError, KeyError, ZeroDivisionError, csv.Error) as error:
                failed += 1
                print(f"{name}: {type(error).__name__} {error}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
