from __future__ import annotations

import json
import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._report import page
from ansible_collections.failover.stack.plugins.module_utils._report.style import STYLE


def test_what_is_filled_in_is_not_read_again():
    assert page.fill("@@ONE@@ @@TWO@@ @@ONE@@", {"ONE": "@@TWO@@", "TWO": "2"}) == "@@TWO@@ 2 @@TWO@@"


def test_every_page_has_the_same_style():
    assert page.fill("<style>@@STYLE@@</style>", {}) == "<style>%s</style>" % STYLE


def test_a_gap_is_an_error():
    with pytest.raises(KeyError, match="NOBODY"):
        page.fill("@@NOBODY@@", {"SOMEBODY": ""})


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "plain"])
def test_data_of_a_script_never_end_it(text):
    made = page.script_data({"text": text})
    assert "<" not in made and json.loads(made) == {"text": text}


def test_columns():
    rows = [["name", "ms"], ["a", "1000"], ["longer", "5"]]
    assert page.aligned(rows) == ["name      ms", "a       1000", "longer     5"]
    assert page.aligned(rows, left=(0, 1)) == ["name    ms", "a       1000", "longer  5"]


def test_publish_replaces_the_link_to_the_newest_also_after_an_interrupted_run(tmp_path):
    template = tmp_path / "template.html"
    template.write_text("<p>@@WORDS@@</p>", encoding="utf-8")
    os.symlink("nowhere", tmp_path / "newest.new")
    for name in ("one", "two", "two"):
        where = page.publish(str(tmp_path / name) + "/", "figures", (str(template), {"WORDS": name}, {"n": 1}), "newest")
        assert where == str(tmp_path / name / "index.html")
        assert (tmp_path / "newest" / "index.html").read_text(encoding="utf-8") == "<p>%s</p>" % name
        assert json.loads((tmp_path / "newest" / "figures.json").read_text(encoding="utf-8")) == {"n": 1}
        assert not os.path.lexists(tmp_path / "newest.new")


def test_the_oldest_reports_of_a_kind_go_and_nothing_else(tmp_path):
    for name, figures in (("20261101T000000Z", "drill"), ("20261102T000000Z", "drill"), ("20261103T000000Z", "drill"),
                          ("20261101T000001Z-bench", "bench"), ("kept-for-the-audit", "drill"), ("20261001T000000Z", "other")):
        (tmp_path / name).mkdir()
        (tmp_path / name / (figures + ".json")).write_text("{}")
    (tmp_path / "latest").symlink_to("20261101T000000Z")
    assert page.prune(str(tmp_path), "drill", 2) == ["20261101T000000Z"] and page.prune(str(tmp_path), "drill", 2) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "20261001T000000Z", "20261101T000001Z-bench", "20261102T000000Z", "20261103T000000Z", "kept-for-the-audit", "latest"]
