"""What a terminal and a page show, whatever drills and hosts are called."""

from __future__ import annotations

import html.parser
import json
import os
import pathlib

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill import report
from ansible_collections.failover.stack.plugins.module_utils._drill.client.files import pack
from ansible_collections.failover.stack.plugins.module_utils._drill.record import record

PAGE = pathlib.Path(__file__).resolve().parents[5] / "roles" / "drill" / "files" / "report.html"
SECRET = "pa55 of </script>"


def result(**more):
    return {"name": "d", "target": "web1", "outage_ms": 0, "predicted_ms": None, "budget_ms": None, "failed": 0, "requests": 10, "slow": 0,
            "p99_ms": None, "sessions_lost": 0, "vip_holders_max": 1, "passed": True, **more}


def with_ledger(**more):
    part = {"missing": 0, "caught_up_ms": 12.4}
    return result(**{"servers": {"db2": part, "db1": part}, "acknowledged": 9, "acknowledged_lost": 0, "ledger_checked": True, "unknown": 1,
                     "unknown_committed": 1, "writes_failed": 2, "duplicates": 0, "write_stall_ms": 7, "writable_max": 1, **more})


@pytest.mark.parametrize("value, unit, shown", [
    (None, " ms", "-"), (0, " ms", "0 ms"), (12.5, " ms", "12 ms"), (13.5, "", "14"), (99999, " ms", "99999 ms")])
def test_a_figure_is_short_and_nothing_is_not_0(value, unit, shown):
    assert report.short(value, unit) == shown


def test_columns_stand_below_one_another_whatever_the_names():
    lines = report.table([result(name="a" * 40, target="x, y"), result(outage_ms=123456, passed=False)])
    assert lines[0].startswith("drill" + " " * 37 + "target") and lines[1].startswith("a" * 40 + "  x, y")
    assert lines[1].index("0 ms") + len("0 ms") == lines[2].index("123456 ms") + len("123456 ms")
    assert (lines[1].split()[-1], lines[2].split()[-1]) == ("ok", "MISSED")
    assert report.table([]) == ["drill  target  outage  predicted  budget  failed  requests  slow  p99  lost  VIP"]


@pytest.mark.parametrize("more, shown", [
    ({}, "9 0 0 1 1 2 0 7 ms 1 db1 12 ms, db2 12 ms"),
    # Nobody could look: not 0, and not the figures of those that could be asked.
    ({"ledger_checked": False}, "9 ? 0 1 1 2 0 7 ms 1 db1 12 ms, db2 12 ms"),
    ({"servers": {"db1": {"missing": None, "caught_up_ms": None}, "db2": {"missing": 3, "caught_up_ms": 0}}},
     "9 0 ? 1 1 2 0 7 ms 1 db1 -, db2 0 ms"),
    ({"servers": {"db1": {"missing": 1, "caught_up_ms": 5}, "db2": {"missing": 3, "caught_up_ms": 0}}},
     "9 0 3 1 1 2 0 7 ms 1 db1 5 ms, db2 0 ms"),
    ({"servers": {}}, "9 0 0 1 1 2 0 7 ms 1"),
])
def test_what_became_of_what_was_written(more, shown):
    assert " ".join(report.ledgers([with_ledger(**more)])[1].split()[1:]) == shown


@pytest.mark.parametrize("more, said", [
    ({}, []), ({"then_took_ms": None}, []), ({"sorry": 0, "downloads": 0, "connections": 0, "return_outage_ms": 0}, []),
    ({"then_took_ms": 5, "then_outage_ms": 7}, ["the playbook took 5 ms, outage from its beginning 7 ms"]),
    ({"downloads": 2, "downloads_broken": 1, "download_stall_ms": 30}, ["1 of 2 downloads broken, stalled for 30 ms at most"]),
    ({"connections": 2, "connections_broken": 0}, ["0 quiet connections broken"]),
    ({"sorry": 3, "sorry_ms": 40}, ["3 answers of the sorry server in 40 ms"]), ({"return_outage_ms": 1}, ["outage of the return 1 ms"]),
    # Nobody has answered: no division by nothing.
    ({"distribution": {"a": {"count": 0, "expected": 0.0}}}, ["new connections a 0.0 % (share 0.0 %)"]),
])
def test_what_only_some_drills_measure(more, said):
    assert report.further(result(**more)) == said
    assert report.one_line(result(**more)).endswith("".join("; " + one for one in said) or "1 VIP holder(s)")


def test_one_line_has_what_was_lost():
    assert report.one_line(with_ledger(passed=False, acknowledged_lost=2)) == (
        "MISSED d: outage 0 ms (predicted -, budget -), 0 of 10 failed, 0 sessions lost, 1 VIP holder(s); "
        "9 acknowledged, 2 of them lost, 1 unknown")


# --- The page ---------------------------------------------------------------------

class Parser(html.parser.HTMLParser):
    """What a browser takes for the data, and everything that is not."""

    def __init__(self, text):
        super().__init__()
        self.inside, self.data, self.tags = False, "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.inside = dict(attrs).get("id") == "data"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        self.data += data if self.inside else ""


HOSTILE = [
    "</script><script>alert(1)</script>", "<!--<script>", "<!-- ", "-->", "]]>", "&lt;b&gt;", '"\'`\\', "\u2028\u2029",
    "@@DATA@@", "\0\x1b[2J", "Ω\U0001f600",
]


def published(tmp_path, text, secrets=(), **seen):
    rows = [[n * 100, 10, -1, 1 if n == 3 else 0, 0, 0, -1] for n in range(10)]
    data = {"started": 0, "rows": [list(column) for column in zip(*rows)], "codes": ["ok", text], "instances": [text], "served": [text],
            "rate": 10, "arp": {"names": [text], "spans": {text: [[0, 900, 1]]}}, **seen}
    drill = {"name": "d", "title": text, "tier": text, "fault": "none", "predict": {"kind": "none", "because": text}}
    events = {"target": text, "address": text}
    record(str(tmp_path / "now"), drill, pack(data), events, problem=text, secrets=list(secrets))
    return report.publish(str(tmp_path / "now"), ["d", text], str(PAGE), {"from": text})


@pytest.mark.parametrize("text", HOSTILE)
def test_names_of_others_are_data_and_nothing_else(tmp_path, text):
    results, missed, page = published(tmp_path, text)
    written = pathlib.Path(page).read_text(encoding="utf-8")
    plain = Parser(PAGE.read_text(encoding="utf-8"))
    parsed = Parser(written)
    assert parsed.tags == plain.tags
    told = json.loads(parsed.data)
    assert told["drills"][0]["result"]["title"] == text and told["about"]["from"] == text and told["missed"] == missed
    assert missed == ["d: " + text, "%s: left no result" % text] and results[0]["failures"] == {text: 1}
    assert json.loads((tmp_path / "now" / "drill.json").read_text(encoding="utf-8"))["drills"] == results
    # Within the element no mark-up begins that the browser knows and this parser does not.
    assert "<" not in parsed.data


def test_a_secret_is_nowhere_wherever_it_was(tmp_path):
    lost = [{"at": 1, "visitor": 0, "reason": SECRET}]
    ledger = {"kind": "sql", "address": SECRET, "interval_ms": 5, "acknowledged": 1, "lost": 0, "lost_numbers": [], "checked": True,
              "errors": {"db1": "access denied for %s@db1" % SECRET},
              "failed": 0, "unknown": 0, "unknown_committed": 0, "failed_committed": 0,
              "duplicates": 0, "level_ms": 1, "servers": {SECRET: {"rows": 1, "missing": 0, "duplicates": 0, "strange": 0}},
              "spans": {SECRET: [[0, 1, 2, 3, [SECRET], False, 0]]}}
    published(tmp_path, "before %s after" % SECRET, [SECRET], lost=lost, ledger=ledger, downloads={"problem": "no copy of /%s" % SECRET})
    # Which drills ran and for whom is what the action says itself.
    report.publish(str(tmp_path / "now"), ["d"], str(PAGE), {})
    files = [path for path in tmp_path.rglob("*.*") if path.is_file()]
    assert sorted(path.name for path in files) == ["d.json", "drill.json", "index.html"]
    for path in files:
        assert "pa55" not in path.read_text(encoding="utf-8"), path
    assert "before (not shown) after" in files[0].read_text(encoding="utf-8")


def test_the_newest_report_is_always_there_to_be_read(tmp_path):
    template = tmp_path / "page.html"
    template.write_text("@@DATA@@", encoding="utf-8")
    # What an interrupted run has left half done, and an earlier report.
    os.symlink("nowhere", tmp_path / "latest.new")
    for name in ("one", "two", "two"):
        report.publish(str(tmp_path / name) + "/", [], str(template), {})
        assert os.readlink(tmp_path / "latest") == name and not os.path.lexists(tmp_path / "latest.new")


def test_the_stack_is_drawn_with_what_was_broken(tmp_path):
    for name, target, problem in (("a", "galera1", None), ("b", "galera2, galera3", "x"), ("c", "galera1", None)):
        record(str(tmp_path / "now"), {"name": name, "fault": "none"}, None, {"target": target}, problem=problem)
    groups = {"galera": ["galera1", "galera2", "galera3"], "apache": [], "client": ["client1"]}
    _results, _missed, page = report.publish(str(tmp_path / "now"), ["a", "b", "c"], str(PAGE), {}, groups)
    written = pathlib.Path(page).read_text(encoding="utf-8")
    assert written.count('class="box"') == 3 and "client1" not in written.partition("<svg")[2].partition("</svg>")[0]
    assert report.drawn([], {"client": ["client1"]}) == ""
    states = report.drawn([{"target": "galera1", "passed": True}, {"target": "galera2, galera3", "passed": False},
                           {"target": "galera3", "passed": True}], groups)
    assert (states.count('<g class="ok">'), states.count('<g class="critical">'), states.count('<g class="unknown">')) == (1, 2, 0)


def test_a_drill_without_a_result_is_missed_and_others_keep_their_order(tmp_path):
    template = tmp_path / "page.html"
    template.write_text("@@DATA@@", encoding="utf-8")
    for name in ("b", "a"):
        record(str(tmp_path / "now"), {"name": name, "fault": "none"}, None, {})
    results, missed, _page = report.publish(str(tmp_path / "now"), ["b", "gone", "a"], str(template), {})
    assert [one["name"] for one in results] == ["b", "a"] and missed[-1] == "gone: left no result"
    # One of an earlier run that is not meant now is not in it.
    results, _missed, _page = report.publish(str(tmp_path / "now"), ["a"], str(template), {})
    assert [one["name"] for one in results] == ["a"]
