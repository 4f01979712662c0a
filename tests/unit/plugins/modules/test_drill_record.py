"""What a drill leaves in its report's directory."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.failover.stack.plugins.module_utils._drill_files import pack
from ansible_collections.failover.stack.plugins.modules import drill_record, drill_report

SECRET = "Zf8-the-ledgers-password"


def ran(module, arguments, capsys):
    with patch_module_args(arguments), pytest.raises(SystemExit) as end:
        module.main()
    said = capsys.readouterr().out
    assert end.value.code == 0, said
    return said


def record(directory, capsys, problem, **seen):
    data = dict({"started": 0, "rows": [[] for _column in range(7)], "codes": [], "arp": {}}, **seen)
    ran(drill_record, {
        "drill": {"name": "source_kill", "title": "Source killed", "fault": "none"}, "data": pack(data), "directory": str(directory),
        "events": {"problem": problem}, "secrets": {"rows": SECRET, "none": ""}}, capsys)
    return json.loads((directory / "seen" / "source_kill.json").read_text(encoding="utf-8"))


def test_no_secret_is_in_any_file_of_the_report(tmp_path, capsys):
    """From ansible-core 2.22 on a registered result has them: a failed task's message goes into the report."""
    directory, page = tmp_path / "now", tmp_path / "page.html"
    page.write_text("<script>@@DATA@@</script>", encoding="utf-8")
    record(directory, capsys, "Make everything ready: access denied, password %s" % SECRET, codes=["refused: " + SECRET])
    ran(drill_report, {"directory": str(directory), "order": ["source_kill"], "template": str(page), "about": {}}, capsys)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.name for path in written) == ["drill.json", "index.html", "page.html", "source_kill.json"]
    for path in written:
        assert SECRET not in path.read_text(encoding="utf-8"), path
    assert "access denied, password (not shown)" in (directory / "index.html").read_text(encoding="utf-8")


def test_a_long_problem_is_shortened_and_leaves_no_half_of_a_secret(tmp_path, capsys):
    # The secret stands across the place where the text is cut.
    kept = record(tmp_path, capsys, "x" * (drill_record.LONGEST - 4) + SECRET + "y" * 50)
    assert kept["result"]["passed"] is False
    assert kept["result"]["missed"][0].endswith("x(not ...")
    assert SECRET[:5] not in json.dumps(kept)
