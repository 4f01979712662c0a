from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils import _drill_machine as machine

LINKS = """1: lo: <LOOPBACK,UP> mtu 65536
8: veth95cd7ec@if13: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br-1
80: eth0: <BROADCAST> mtu 1500
"""


def test_link_of():
    assert machine.link_of(LINKS, 8) == "veth95cd7ec"
    assert machine.link_of(LINKS, 80) == "eth0"
    with pytest.raises(machine.MachineError, match="no interface with index 7"):
        machine.link_of(LINKS, 7)


class Container:
    def __init__(self, status):
        self.status, self.done = status, []

    def __getattr__(self, act):
        return lambda *_a: self.done.append(act)


class Fake(machine.DockerMachine):
    """A machine whose cable shows what it is told."""

    def __init__(self, status="running", link="<BROADCAST,UP,LOWER_UP> mtu 1500 master br-1 state UP"):
        self.name, self.link, self.box, self.scripts = "m", link, Container(status), []

    container = property(lambda self: self.box)

    def cables(self, listing=None):
        return [("veth1", "br-1")]

    def helper(self, script):
        self.scripts.append(script)
        return "8: veth1@if13: " + self.link if script.startswith("ip -d") else "1700000000.1\n1700000000.2\n"


def test_a_sound_machine_is_left_alone():
    fake = Fake()
    assert fake.heal()[0] == []
    assert fake.box.done == []


@pytest.mark.parametrize(
    "fake, healed",
    [
        (Fake("paused"), ["unpause"]),
        (Fake("exited"), ["start"]),
        (Fake(link="<BROADCAST,MULTICAST> mtu 1500 state DOWN"), ["uncut"]),
        (Fake(link="<BROADCAST,UP,LOWER_UP> mtu 1500 state UP"), ["unisolate"]),
        (Fake("paused", "<BROADCAST> state DOWN"), ["unpause", "uncut"]),
    ],
)
def test_whatever_is_broken_is_mended(fake, healed):
    assert fake.heal()[0] == healed


def test_times_of_a_cut_come_from_beside_the_act():
    fake = Fake()
    assert machine.together([fake], "cut") == (1700000000.1, 1700000000.2, [])
    assert fake.scripts == ["date +%s.%N && ip link set veth1 down && date +%s.%N"]


def test_isolation_keeps_the_carrier():
    fake = Fake()
    machine.together([fake], "isolate")
    machine.together([fake], "unisolate")
    assert ["link set veth1 nomaster" in fake.scripts[0], "link set veth1 master br-1" in fake.scripts[1]] == [
        True,
        True,
    ]


def test_every_act_has_its_opposite():
    for act, opposite in machine.MEND.items():
        for one in (act, opposite):
            assert one in machine.LINKS or callable(getattr(machine.DockerMachine, one))
