# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address on a real kernel: in a network of its own with two interfaces that are one cable, where this machine makes one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual

UNSHARE = ["unshare", "--user", "--map-root-user", "--net"]
CABLE = "ip link add left type veth peer name right && ip link set left up && ip link set right up && ip link set lo up"
PROGRAM = """
import json
from ansible_collections.failover.stack.plugins.module_utils._vip import address as virtual
found = []
%s
print(json.dumps(found))
"""
FOUR, SIX = "198.18.0.102", "2001:db8::102"


@pytest.fixture(scope="module")
def machine():
    """machine(program text) -> what it put into `found`, run between two ends of a cable."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("there is no unshare or ip here")
    if subprocess.run([*UNSHARE, "sh", "-c", CABLE], capture_output=True, check=False).returncode:
        pytest.skip("nobody makes networks here")

    def run(program):
        whole = PROGRAM % textwrap.dedent(program)
        command = [*UNSHARE, "sh", "-c", CABLE + ' && exec "$@"', "sh", sys.executable, "-c", whole]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("address, prefix", [(FOUR, 24), (SIX, 64)])
def test_an_address_is_put_there_once_and_taken_off_once(machine, address, prefix):
    assert machine("""
        found.append(virtual.holds("{0}"))
        found.append([virtual.add("left", "{0}", {1}), virtual.add("left", "{0}", {1})])
        found.append([virtual.holds("{0}"), virtual.interface_of("{0}")])
        found.append([virtual.remove("{0}"), virtual.remove("{0}"), virtual.holds("{0}"), virtual.interface_of("{0}")])
    """.format(address, prefix)) == [False, [True, False], [True, "left"], [True, False, False, None]]


def test_an_interface_is_known_by_the_network_that_is_the_closest(machine):
    assert machine("""
        for interface, address, prefix in (("left", "198.18.0.5", 16), ("right", "198.18.0.6", 24), ("lo", "198.18.0.7", 32)):
            virtual.add(interface, address, prefix)
        found += [virtual.interface_towards(one) for one in ("198.18.0.102", "198.18.9.102", "198.51.100.1", "198.18.0.6", "2001:db8::1")]
    """) == ["right", "left", None, "left", None]


def test_a_kernel_that_refuses_is_heard(machine):
    """No such interface, and a length that no address has: neither is an address that is there."""
    assert machine("""
        for interface, prefix in (("nowhere", 24), ("left", 99)):
            try:
                found.append(virtual.add(interface, "198.18.0.102", prefix))
            except OSError:
                found.append("refused")
        found.append(virtual.holds("198.18.0.102"))
    """) == ["refused", "refused", False]


@pytest.mark.parametrize("address", [FOUR, SIX])
def test_who_announces_an_address_is_heard_at_the_other_end_and_not_by_himself(machine, address):
    assert machine("""
        import select, time
        left, right = virtual.Wire("left", "{0}"), virtual.Wire("right", "{0}")
        right.own = {{virtual.mac_text(right.mac)}}
        found.append(left.announce("{0}"))
        select.select([right], [], [], 5)
        found.append(right.holder("{0}") == virtual.mac_text(left.mac))
        left.announce("{0}")
        time.sleep(0.1)
        found.append(left.holder("{0}"))
    """.format(address)) == [True, True, None]


@pytest.mark.parametrize("address, prefix", [(FOUR, 24), (SIX, 64)])
def test_an_address_is_free_until_somebody_at_the_other_end_has_it(machine, address, prefix):
    """The kernel itself answers, and would for its own interfaces: it must answer only for what is at the end that is asked."""
    assert machine("""
        import pathlib
        for name in ("all", "left", "right"):
            pathlib.Path("/proc/sys/net/ipv4/conf/%s/arp_ignore" % name).write_text("1")
        wire = virtual.Wire("left", "{0}")
        wire.own = {{virtual.mac_text(wire.mac)}}
        found.append(wire.wait_free("{0}", 2))
        virtual.add("right", "{0}", {1})
        other = virtual.Wire("right", "{0}")
        found.append(wire.wait_free("{0}", 0.5) == virtual.mac_text(other.mac))
        wire.close()
    """.format(address, prefix)) == [None, True]


def test_a_frame_without_a_carrier_cannot_leave(machine):
    assert machine("""
        import subprocess
        wire = virtual.Wire("left")
        subprocess.run(["ip", "link", "set", "left", "down"], check=True)
        found += [wire.ask("198.18.0.102"), wire.announce("198.18.0.102"), list(wire.frames())]
    """) == [False, False, []]


def test_a_wire_knows_its_own_end(machine):
    assert machine("""
        wire = virtual.Wire("left")
        found.append(virtual.mac_text(wire.mac) in wire.own)
    """) == [True]


def test_an_interface_that_goes_away_while_it_is_read_is_passed_over(tmp_path):
    (tmp_path / "eth0").mkdir()
    (tmp_path / "eth0" / "address").write_text("02:42:00:00:00:01\n")
    (tmp_path / "gone").mkdir()
    assert virtual.own_macs(str(tmp_path)) == {"02:42:00:00:00:01"}
