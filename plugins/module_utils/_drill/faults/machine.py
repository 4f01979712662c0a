# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of a lab seen from outside: power, pause, cable. One class a driver; the module knows only its methods."""

from __future__ import annotations

import time

from ansible_collections.failover.stack.plugins.module_utils._host.every import every

# What is done to a cable, at the host's end of it.
LINKS = {
    "cut": "ip link set %(cable)s down",
    "uncut": "ip link set %(cable)s up",
    "isolate": "ip link set %(cable)s nomaster",
    "unisolate": "ip link set %(cable)s master %(bridge)s",
}
# runc 1.1 with version 1 of the kernel's cgroups, seen at a load of 10 on two processors.
UNFROZEN, FREEZE_TRIES = "unable to freeze", 3
READ_CABLES = 'cd /sys/class/net && for i in eth*; do echo "$i $(cat $i/iflink) $(cat $i/address)"; done'


class MachineError(Exception):
    pass


def link_name(line):
    """Name of the interface in a line of `ip -o link`."""
    return line.partition(":")[2].strip().split(":")[0].split("@")[0]


def link_of(listing, index):
    """Name of the interface with this index in the output of `ip -o link`."""
    for line in listing.splitlines():
        if line.partition(":")[0].strip() == str(index):
            return link_name(line)
    raise MachineError("no interface with index %s on the host" % index)


class DockerMachine:
    """A container as a machine. Needs only the Docker API: the host's side of a cable is moved by a short-lived
    helper container in the host's network namespace, made from the node's own image."""

    def __init__(self, client, name):
        self.client = client
        self.name = name

    @classmethod
    def open(cls, name):
        try:
            import docker
        except ImportError as error:
            raise MachineError("the Docker SDK for Python is missing on the controller: pip install docker") from error
        client = docker.from_env()
        try:
            client.containers.get(name)
        except docker.errors.NotFound as error:
            raise MachineError("there is no container '%s': make the lab first" % name) from error
        return cls(client, name)

    @property
    def container(self):
        return self.client.containers.get(self.name)

    def status(self):
        return self.container.status

    def helper(self, script):
        """Output of a shell script run in the host's network namespace."""
        out = self.client.containers.run(
            self.container.image.id,
            command=["-c", script],
            entrypoint="/bin/sh",
            network_mode="host",
            cap_drop=["ALL"],
            cap_add=["NET_ADMIN"],
            remove=True,
            stdout=True,
            stderr=True,
        )
        return out.decode()

    def cables(self, listing=None):
        """The host's ends of all of the machine's cables, each with the switch it belongs to.

        Read inside the container, also where that only carries a machine with a kernel of its own: the cable ends
        at the container's interface, with or without an address. A cable taken off its switch does not say any
        more where it belonged, so the switch is found by the interface's MAC address in Docker's description.
        """
        switches, listing = self.switches(), listing or self.helper("ip -o link")
        found = []
        for interface, peer, mac in self.interfaces():
            if mac not in switches:
                raise MachineError("%s: %s (%s) is in none of its container's networks" % (self.name, interface, mac))
            found.append((link_of(listing, int(peer)), switches[mac]))
        return found

    def interfaces(self):
        """[name, index of its peer, MAC address] of each. A busy engine now and then loses what a short command has said."""
        for _attempt in range(3):
            done = self.container.exec_run(["sh", "-c", READ_CABLES])
            inside = [line.split() for line in done.output.decode().splitlines() if len(line.split()) == 3]
            if inside and not done.exit_code:
                return inside
        raise MachineError("%s: no interface has a peer on the host: %s" % (self.name, done.output.decode().strip()))

    def switches(self):
        """The bridge by the MAC address of the interface that goes into it."""
        found = {}
        for network in self.container.attrs["NetworkSettings"]["Networks"].values():
            attributes = self.client.networks.get(network["NetworkID"]).attrs
            options = attributes.get("Options") or {}
            name = options.get("com.docker.network.bridge.name") or "br-" + attributes["Id"][:12]
            found[network["MacAddress"].lower()] = name
        return found

    def line(self, act):
        """The command that does this to every cable."""
        return " && ".join(LINKS[act] % {"cable": c, "bridge": b} for c, b in self.cables())

    def timed(self, act):
        at = time.time()
        act()
        return at, time.time()

    def kill(self):
        return self.timed(lambda: self.container.kill("SIGKILL"))

    def start(self):
        return self.timed(self.container.start)

    def pause(self):
        """On a busy machine the container runtime may give up freezing processes that come and go; another try does."""
        for _try in range(FREEZE_TRIES - 1):
            try:
                return self.timed(self.container.pause)
            except Exception as error:  # the SDK's own errors have no common, importable base when it is missing
                if UNFROZEN not in str(error):
                    raise
        return self.timed(self.container.pause)

    def unpause(self):
        return self.timed(self.container.unpause)

    # Taken off the bridge no frame gets anywhere, while the carrier stays. (Port state 'disabled' does not do: without
    # spanning tree the kernel sets it back to 'forwarding' at once.)

    def ailing(self):
        """What is wrong with the cables of a running machine: (act, command) each."""
        listing = self.helper("ip -d -o link")
        found = []
        for cable, bridge in self.cables(listing):
            shown = next(line for line in listing.splitlines() if link_name(line) == cable)
            act = None
            if "state DOWN" in shown or ",UP" not in shown.split(">")[0]:
                act = "uncut"
            elif " master " not in shown:
                act = "unisolate"
            if act:
                found.append((act, LINKS[act] % {"cable": cable, "bridge": bridge}))
        return found

    def heal(self):
        """Mends whatever is broken; the list of what was."""
        done, at = [], time.time()
        status = self.status()
        if status == "paused":
            at, _after = self.unpause()
            done.append("unpause")
        elif status != "running":
            # A started container has new cables.
            return (["start"], *self.start())
        wrong = self.ailing()
        if wrong:
            began, _after = stamped(self, " && ".join(command for _act, command in wrong))
            at = at if done else began
        return done + sorted(set(act for act, _command in wrong)), at, time.time()


def stamped(machine, script):
    """(before, after) of a script in the host's network namespace, taken beside it: a helper needs time to start."""
    stamps = machine.helper("date +%%s.%%N && %s && date +%%s.%%N" % script).split()
    return float(stamps[0]), float(stamps[-1])


def together(machines, act):
    """(before, after) of one act on all machines at the same moment; (machine, mended) pairs when healing."""
    if act in LINKS:
        script = " && ".join(machine.line(act) for machine in machines)
        return (*stamped(machines[0], script), [])
    got = every(lambda machine: getattr(machine, act)(), machines)
    mended = [(machine.name, g[0]) for machine, g in zip(machines, got)] if act == "heal" else []
    return min(g[-2] for g in got), max(g[-1] for g in got), mended


DRIVERS = {"docker": DockerMachine}
