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


class Exec:
    exit_code = 0

    def __init__(self, output):
        self.output = output.encode()


class Network:
    def __init__(self, attrs):
        self.attrs = attrs


class TwoCables(machine.DockerMachine):
    """A container in two networks; its first interface belongs to the network that Docker names second."""

    def __init__(self, inside="eth0 13 02:42:00:00:00:0B\neth1 15 02:42:00:00:00:0a\n"):
        self.name, self.inside, self.scripts = "lb1", inside.lower(), []
        self.client = type("Client", (), {"networks": {
            "i": Network({"Id": "1234567890abcdef", "Options": {}}),
            "m": Network({"Id": "m", "Options": {"com.docker.network.bridge.name": "main0"}}),
        }})()

    @property
    def container(self):
        networks = {
            "inner": {"NetworkID": "i", "MacAddress": "02:42:00:00:00:0a"},
            "main": {"NetworkID": "m", "MacAddress": "02:42:00:00:00:0b"},
        }
        attrs = {"NetworkSettings": {"Networks": networks}}
        return type("Box", (), {"attrs": attrs, "exec_run": lambda _self, _words: Exec(self.inside), "status": "running"})()

    def helper(self, script):
        self.scripts.append(script)
        if script.startswith("ip "):
            return (
                "13: vethm@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master main0 state UP\n"
                "15: vethi@if3: <BROADCAST,MULTICAST> mtu 1500 state DOWN\n"
            )
        return "1700000000.1\n1700000000.2\n"


def test_every_cable_goes_to_its_own_switch():
    assert TwoCables().cables() == [("vethm", "main0"), ("vethi", "br-1234567890ab")]


def test_cutting_a_machine_cuts_every_cable():
    fake = TwoCables()
    machine.together([fake, fake], "cut")
    one = "ip link set vethm down && ip link set vethi down"
    assert fake.scripts[-1] == "date +%s.%N && " + one + " && " + one + " && date +%s.%N"


def test_each_cable_is_mended_by_its_own_need():
    fake = TwoCables()
    assert fake.heal()[0] == ["uncut"]
    assert "ip link set vethi up" in fake.scripts[-1]
    assert "vethm" not in fake.scripts[-1]


def test_a_cable_of_no_network():
    with pytest.raises(machine.MachineError, match=r"lb1: eth9 .* is in none of its container's networks"):
        TwoCables("eth9 13 02:42:00:00:00:99\n").cables()


def test_no_cable_at_all():
    with pytest.raises(machine.MachineError, match="lb1: no interface has a peer on the host"):
        TwoCables("cat: eth*: No such file\n").cables()


def test_several_machines_at_once():
    fakes = [Fake(), Fake("exited")]
    at, done, mended = machine.together(fakes, "heal")
    assert mended == [("m", []), ("m", ["start"])]
    assert at <= done
