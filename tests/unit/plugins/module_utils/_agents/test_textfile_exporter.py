from __future__ import annotations

import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._agents import figures, textfile_exporter

CONFIG = {"answer_s": 2, "interval_s": 5, "host_figures": False, "units": [], "httpd_url": "", "haproxy": {"url": ""},
          "mysql": {"user": ""},
          "vips": ["127.0.0.1"]}


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(figures, "say", lines.append)
    return lines


def test_each_round_is_a_whole_file(tmp_path, said):
    path = tmp_path / "failover.prom"
    exporter = textfile_exporter.Exporter(dict(CONFIG, path=str(path)))
    exporter.tell()
    exporter.tell()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "failover_exporter_rounds_total 2" in lines and 'failover_vip_held{vip="127.0.0.1"} 1' in lines
    assert [one.name for one in tmp_path.iterdir()] == ["failover.prom"] and not said


def test_a_file_that_cannot_be_written_is_said_once(tmp_path, said):
    exporter = textfile_exporter.Exporter(dict(CONFIG, path=str(tmp_path / "nowhere/failover.prom")))
    exporter.tell()
    exporter.tell()
    assert len(said) == 1 and said[0].startswith("the file %s/nowhere/failover.prom: " % tmp_path)


def test_main_goes_on(monkeypatch, tmp_path, said):
    config, path = tmp_path / "config.json", tmp_path / "failover.prom"
    config.write_text(json.dumps(dict(CONFIG, path=str(path))), encoding="utf-8")
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 2:
            raise SystemExit

    monkeypatch.setattr(figures.time, "sleep", sleep)
    with pytest.raises(SystemExit):
        textfile_exporter.main(str(config))
    assert "failover_exporter_rounds_total 2" in path.read_text(encoding="utf-8") and all(4 < seconds <= 5 for seconds in slept)
