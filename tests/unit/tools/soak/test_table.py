from __future__ import annotations

import json

import pytest
import table


def ledger(**more):
    return {"ledger": {"acknowledged": 500, "lost": 0, "duplicates": 0, "checked": True, "writable_max": 1,
                       "servers": {"a": {"missing": 0, "strange": 0}}, **more},
            "periods": {"0": {"unacknowledged_ms": 900, "outage_ms": 0}, "1": {"unacknowledged_ms": 100, "outage_ms": 0},
                        "2": {"unacknowledged_ms": 300, "outage_ms": 0}}}


def visitors(lost=0, holders=1):
    return {"requests": 1000, "failed": 3, "sessions": 20, "sessions_lost": lost, "vips": {"198.18.0.101": {"holders_max": holders}},
            "periods": {str(number): {"unacknowledged_ms": 0, "outage_ms": 50} for number in range(3)}}


def report(**clients):
    def fault(tier, what, writer=False):
        return {"tier": tier, "what": what, "member": "x", "writer": writer}

    return {"clients": clients or {"rows": ledger(), "visitors": visitors()}, "faults": [
        {"writer": "db1", "next": "db2", "faults": [fault("database", "server killed", True)]},
        {"writer": "db2", "next": "db2", "faults": [fault("web", "machine dead")]},
        {"writer": "db2", "next": "db2", "faults": [fault("web", "machine dead")]}]}


def test_costs_by_kind_and_client():
    assert table.rows(report()) == [
        ("database: server killed (writer)", 1, {"rows": (900, 900), "visitors": (50, 50)}),
        ("web: machine dead", 2, {"rows": (200, 300), "visitors": (50, 50)})]


def test_printed(tmp_path, capsys):
    (tmp_path / "report").write_text(json.dumps(report()))
    assert table.main(tmp_path / "report") == 0
    printed = capsys.readouterr()
    assert "web: machine dead" in printed.out and "200 / 300" in printed.out and "the databases' lease moved 1 times" in printed.out
    assert "visitors: 1000 requests, 3 failed; 20 sessions, 0 lost; at most 1 holders of an address" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize("client, sentence", [
    ({"rows": ledger(lost=2)}, "rows: 2 of 500 acknowledged are lost."),
    ({"rows": ledger(checked=False)}, "rows: nobody could look for what was acknowledged (500), ask why in its ledger's file."),
    ({"rows": ledger(acknowledged=100)}, "rows: nobody could look for what was acknowledged (100), ask why in its ledger's file."),
    ({"rows": ledger(duplicates=1)}, "rows: 1 are there twice."),
    ({"rows": ledger(servers={"a": {"missing": 3, "strange": 0}})}, "rows: a lacks 3, and has 0 that others lack."),
    ({"galera": ledger(writable_max=2)}, "galera: 2 sides took writes at once."),
    ({"visitors": visitors(lost=1)}, "visitors: 1 of 20 sessions are lost."),
    ({"visitors": visitors(holders=2)}, "visitors: 198.18.0.101 had 2 holders.")])
def test_what_must_not_be(client, sentence, tmp_path, capsys):
    assert list(table.objections(report(**client))) == [sentence]
    (tmp_path / "report").write_text(json.dumps(report(**client)))
    assert table.main(tmp_path / "report") == 1
    assert capsys.readouterr().err == sentence + "\n"


def test_messages_may_come_twice_and_a_frozen_writer_answers():
    assert not list(table.objections(report(messages=ledger(duplicates=4), rows=ledger(writable_max=2))))
