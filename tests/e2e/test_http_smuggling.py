"""Requests that a proxy and an origin could read differently: the matrix and its document."""

import os

from harness.base import ROOT, Failure, equal, expect, timeout_of
from harness.gateway import gateway
from harness.http_origin import HttpOrigin
from harness.smuggling import GROUPS, all_rows, check_row, document

DOCUMENT = os.path.join(ROOT, "docs", "SMUGGLING.md")


def say_what_was_asked(call):
    call.read_body()
    call.reply(body=f"{call.method} {call.target}")


def run_matrix(bytewise):
    with HttpOrigin(say_what_was_asked) as origin, gateway(origin) as ringway:
        address = ringway.address()
        complaints = [check_row(address, origin, row, bytewise) for row in all_rows()]
        complaints = [complaint for complaint in complaints if complaint]
        if complaints:
            raise Failure(f"{len(complaints)} rows of {len(all_rows())} are not as they should "
                          "be:\n" + "\n".join(complaints))
        passed = sum(row.outcome == "passed" for row in all_rows())
        complete = [target for target in origin.targets() if target == "/probe"]
        equal(len(complete), passed, "probes that reached the origin, one for each row that passed")


@timeout_of(60)
def test_no_row_of_the_matrix_is_read_in_two_ways():
    expect(len(all_rows()) >= 60, "the matrix has its rows")
    run_matrix(bytewise=False)


@timeout_of(120)
def test_no_row_of_the_matrix_is_read_in_two_ways_byte_by_byte():
    run_matrix(bytewise=True)


def test_the_document_of_the_matrix_is_up_to_date():
    wanted = document(GROUPS)
    if os.environ.get("RW_WRITE_TABLES"):
        with open(DOCUMENT, "w", encoding="utf-8") as out:
            out.write(wanted)
    with open(DOCUMENT, encoding="utf-8") as current:
        expect(current.read() == wanted,
               "docs/SMUGGLING.md is old: tests/e2e/run.py --write-tables --filter smuggling")
