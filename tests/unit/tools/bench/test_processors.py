from __future__ import annotations

import pytest
from forwarding import processors

ID = "7bc1f4e2" * 8


@pytest.mark.parametrize("text,path", [
    # v1, Docker's own groups; the node's init has moved in the named hierarchy only.
    ("9:name=systemd:/docker/%s/init.scope\n3:cpuset:/docker/%s\n1:cpu:/docker/%s\n0::/\n" % (ID, ID, ID), "docker/" + ID),
    ("4:cpu,cpuacct:/docker/%s\n0::/docker/%s/init.scope\n" % (ID, ID), "docker/" + ID),
    # v2: by systemd and by Docker itself.
    ("0::/system.slice/docker-%s.scope/init.scope\n" % ID, "system.slice/docker-%s.scope" % ID),
    ("0::/docker/%s\n" % ID, "docker/" + ID),
    # A process of somebody else, and what a namespace hides.
    ("1:cpu:/user.slice\n0::/\n", None),
    ("0::/../../init.scope\n", None),
])
def test_group(text, path):
    assert processors.group(text, ID) == path


@pytest.fixture
def files(tmp_path):
    def write(**texts):
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="ascii")
        return tmp_path
    return write


def test_read_v1(files):
    root = files(cpu__docker__x__cpu_dot_stat="nr_periods 250\nnr_throttled 240\nthrottled_time 1\n",
                 cpuacct__docker__x__cpuacct_dot_usage="1500000000\n")
    assert processors.read("docker/x", root) == {"seconds": 1.5, "periods": 250, "throttled": 240}


def test_read_v2_with_and_without_a_quota(files):
    root = files(a__cpu_dot_stat="usage_usec 1500000\nuser_usec 1\nsystem_usec 2\nnr_periods 9\nnr_throttled 3\nthrottled_usec 4\n",
                 b__cpu_dot_stat="usage_usec 20\nuser_usec 1\nsystem_usec 2\n")
    assert processors.read("a", root) == {"seconds": 1.5, "periods": 9, "throttled": 3}
    assert processors.read("b", root) == {"seconds": 0.00002, "periods": 0, "throttled": 0}


def test_a_group_that_is_gone_is_no_zero(tmp_path):
    with pytest.raises(FileNotFoundError):
        processors.read("docker/x", tmp_path)


def test_busy_counts_neither_idle_nor_a_guest_twice(monkeypatch):
    monkeypatch.setattr(processors, "TICKS_S", 0.01)
    found = processors.busy("cpu  100 10 50 9000 300 4 6 30 20 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
    assert found == {"busy": pytest.approx(1.7), "stolen": pytest.approx(0.3)}


def test_between_and_who_has_work_left():
    before = {"web1": {"seconds": 1.0, "periods": 10, "throttled": 5}, "web2": {"seconds": 2.0, "periods": 10, "throttled": 5}}
    after = {"web1": {"seconds": 1.25, "periods": 20, "throttled": 9}, "web2": {"seconds": 2.01, "periods": 11, "throttled": 5}}
    assert processors.between(before, after)["web1"] == {"seconds": 0.25, "periods": 10, "throttled": 4}
    assert processors.waiting(before, after) == ["web1"]
