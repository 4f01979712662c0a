from __future__ import annotations

import sys
import types

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.faults import machine

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


class Reluctant(Container):
    """A container that the runtime cannot freeze so many times."""

    def __init__(self, times, why="OCI runtime pause failed: unable to freeze: unknown"):
        super().__init__("running")
        self.times, self.why = times, why

    def pause(self):
        self.done.append("pause")
        if len(self.done) <= self.times:
            raise RuntimeError(self.why)


@pytest.mark.parametrize(("times", "asked"), [(0, 1), (1, 2), (2, 3)])
def test_a_machine_that_cannot_be_frozen_at_once_is_frozen_by_another_try(times, asked):
    fake = Fake()
    fake.box = Reluctant(times)
    at, done = fake.pause()
    assert at <= done and fake.box.done == ["pause"] * asked


@pytest.mark.parametrize(("box", "asked"), [(Reluctant(9), 3), (Reluctant(9, "no such container"), 1)])
def test_a_machine_that_cannot_be_frozen_at_all_is_told(box, asked):
    fake = Fake()
    fake.box = box
    with pytest.raises(RuntimeError, match=box.why):
        fake.pause()
    assert box.done == ["pause"] * asked


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
    for act, opposite in (("kill", "start"), ("pause", "unpause"), ("cut", "uncut"), ("isolate", "unisolate")):
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


@pytest.mark.parametrize("answers, found", [
    # A busy engine loses what a short command has said; an exit status that is none says the same.
    ([("", 0), ("eth0 13 02:42:00:00:00:0b\n", 0)], [["eth0", "13", "02:42:00:00:00:0b"]]),
    ([("eth0 13 02:42:00:00:00:0b\n", 1), ("eth0 13 02:42:00:00:00:0b\n", None)], [["eth0", "13", "02:42:00:00:00:0b"]]),
    ([("eth0 13\n", 0)] * 2 + [("eth1 15 02:42:00:00:00:0a\nnoise\n", 0)], [["eth1", "15", "02:42:00:00:00:0a"]]),
    ([("", 0)] * 3 + [("eth0 13 02:42:00:00:00:0b\n", 0)], None),
])
def test_what_a_container_says_of_its_cables_is_asked_three_times(answers, found):
    class Box:
        def exec_run(self, _words):
            output, status = answers.pop(0)
            return type("Done", (), {"output": output.encode(), "exit_code": status})

    fake = machine.DockerMachine(None, "m")
    fake.__class__ = type("Boxed", (machine.DockerMachine,), {"container": Box()})
    if found is None:
        with pytest.raises(machine.MachineError, match="m: no interface has a peer on the host"):
            fake.interfaces()
    else:
        assert fake.interfaces() == found


def test_a_helper_that_has_lost_its_time_stamps_is_an_error_and_no_moment():
    fake = Fake()
    fake.helper = lambda _script: ""
    with pytest.raises(IndexError):
        machine.together([fake], "cut")


def test_machines_are_all_hit_though_one_cannot_be():
    class Stubborn(Fake):
        def heal(self):
            raise RuntimeError("the engine is away")

    others = [Fake("exited"), Fake("paused")]
    with pytest.raises(RuntimeError):
        machine.together([Stubborn(), *others], "heal")
    assert [other.box.done for other in others] == [["start"], ["unpause"]]


def test_the_span_of_several_is_from_the_first_to_the_last():
    class At(Fake):
        def __init__(self, at, done):
            super().__init__()
            self.kill = lambda: (at, done)

    assert machine.together([At(5.0, 9.0), At(3.0, 4.0), At(8.0, 8.5)], "kill") == (3.0, 9.0, [])


@pytest.fixture
def docker(monkeypatch):
    """An engine that has the containers m and n, whatever the SDK's own version."""
    made = types.ModuleType("docker")
    made.errors = types.SimpleNamespace(NotFound=type("NotFound", (Exception,), {}))
    ran = []

    class Containers:
        def get(self, name):
            if name not in ("m", "n"):
                raise made.errors.NotFound("404")
            return types.SimpleNamespace(name=name, status="running", image=types.SimpleNamespace(id="image-of-" + name))

        def run(self, image, **options):
            ran.append((image, options))
            return b"1: lo\n"

    made.from_env = lambda: types.SimpleNamespace(containers=Containers())
    made.ran = ran
    monkeypatch.setitem(sys.modules, "docker", made)
    return made


def test_a_machine_is_a_container_that_is_there(docker):
    assert machine.DockerMachine.open("m").status() == "running"
    with pytest.raises(machine.MachineError) as failed:
        machine.DockerMachine.open("gone")
    assert str(failed.value) == "there is no container 'gone': make the lab first"


def test_without_the_sdk_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(machine.MachineError) as failed:
        machine.DockerMachine.open("m")
    assert str(failed.value) == "the Docker SDK for Python is missing on the controller: pip install docker"


def test_a_helper_is_of_the_nodes_own_image_and_may_nothing_but_move_cables(docker):
    assert machine.DockerMachine.open("m").helper("ip -o link") == "1: lo\n"
    [(image, options)] = docker.ran
    assert image == "image-of-m" and options["command"] == ["-c", "ip -o link"] and options["remove"] is True
    assert (options["network_mode"], options["cap_drop"], options["cap_add"]) == ("host", ["ALL"], ["NET_ADMIN"])
