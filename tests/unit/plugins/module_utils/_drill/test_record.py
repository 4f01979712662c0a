"""What a drill leaves in its report's directory."""

from __future__ import annotations

import json

from ansible_collections.failover.stack.plugins.module_utils._drill.client.files import pack
from ansible_collections.failover.stack.plugins.module_utils._drill.record import LONGEST, record
from ansible_collections.failover.stack.plugins.module_utils._drill.report import publish

SECRET = "Zf8-the-ledgers-password"
DRILL = {"name": "source_kill", "title": "Source killed", "fault": "none"}


def recorded(directory, problem, **seen):
    data = dict({"started": 0, "rows": [[] for _column in range(7)], "codes": [], "arp": {}}, **seen)
    record(str(directory), DRILL, pack(data), {}, problem=problem, secrets=[SECRET, ""])
    return json.loads((directory / "seen" / "source_kill.json").read_text(encoding="utf-8"))


def test_no_secret_is_in_any_file_of_the_report(tmp_path):
    """From ansible-core 2.22 on a registered result has them: a failed task's message goes into the report."""
    directory, page = tmp_path / "now", tmp_path / "page.html"
    page.write_text("<script>@@DATA@@</script>", encoding="utf-8")
    recorded(directory, "Make everything ready: access denied, password %s" % SECRET, codes=["refused: " + SECRET])
    publish(str(directory), ["source_kill"], str(page), {})
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.name for path in written) == ["drill.json", "index.html", "page.html", "source_kill.json"]
    for path in written:
        assert SECRET not in path.read_text(encoding="utf-8"), path
    assert "access denied, password (not shown)" in (directory / "index.html").read_text(encoding="utf-8")


def test_a_long_problem_is_shortened_and_leaves_no_half_of_a_secret(tmp_path):
    # The secret stands across the place where the text is cut.
    kept = recorded(tmp_path, "x" * (LONGEST - 4) + SECRET + "y" * 50)
    assert kept["result"]["passed"] is False
    assert kept["result"]["missed"][0].endswith("x(not ...")
    assert SECRET[:5] not in json.dumps(kept)


def test_a_report_points_at_itself_and_names_what_left_no_result(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("@@DATA@@", encoding="utf-8")
    recorded(tmp_path / "now", "", codes=["</script>"])
    results, missed, where = publish(str(tmp_path / "now") + "/", ["source_kill", "other"], str(page), {"rate": 20})
    assert [result["name"] for result in results] == ["source_kill"]
    assert missed[-1] == "other: left no result" and where == str(tmp_path / "now" / "index.html")
    assert (tmp_path / "latest").resolve() == tmp_path / "now"
    written = (tmp_path / "now" / "index.html").read_text(encoding="utf-8")
    assert "<" not in written and "\\u003c/script>" in written
    report = json.loads((tmp_path / "now" / "drill.json").read_text(encoding="utf-8"))
    assert report["about"] == {"rate": 20} and report["passed"] is False


def test_a_drill_that_nobody_saw(tmp_path):
    result = record(str(tmp_path), DRILL, None, {})
    assert result["missed"] == ["source_kill: nothing was observed before the fault"]
