# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of a lab seen from outside: power, pause, cable. One class a driver; the module knows only its methods."""

from __future__ import annotations

import time

# What mends what; the order in which a machine of unknown state is healed.
MEND = {"kill": "start", "pause": "unpause", "cut": "uncut", "isolate": "unisolate"}


class MachineError(Exception):
    pass


def link_of(listing, index):
    """Name of the interface with this index in the output of `ip -o link`."""
    for line in listing.splitlines():
        number, _colon, rest = line.partition(":")
        if number.strip() == str(index):
            return rest.strip().split(":")[0].split("@")[0]
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

    def cable(self):
        """The host's end of the machine's cable."""
        done = self.container.exec_run(["cat", "/sys/class/net/eth0/iflink"])
        if done.exit_code:
            raise MachineError("%s: eth0 has no peer on the host: %s" % (self.name, done.output.decode().strip()))
        return link_of(self.helper("ip -o link"), int(done.output))

    def bridge(self):
        """The switch into which the machine's (first) cable goes."""
        network = next(iter(self.container.attrs["NetworkSettings"]["Networks"].values()))
        attributes = self.client.networks.get(network["NetworkID"]).attrs
        return (attributes.get("Options") or {}).get("com.docker.network.bridge.name") or "br-" + attributes["Id"][:12]

    def move(self, command):
        """(before, after) of one command on the cable."""
        out = self.helper(
            "date +%%s.%%N && %s && date +%%s.%%N" % (command % {"cable": self.cable(), "bridge": self.bridge()})
        )
        stamps = out.split()
        return float(stamps[0]), float(stamps[-1])

    def timed(self, act):
        at = time.time()
        act()
        return at, time.time()

    def kill(self):
        return self.timed(lambda: self.container.kill("SIGKILL"))

    def start(self):
        return self.timed(self.container.start)

    def pause(self):
        return self.timed(self.container.pause)

    def unpause(self):
        return self.timed(self.container.unpause)

    def cut(self):
        return self.move("ip link set %(cable)s down")

    def uncut(self):
        return self.move("ip link set %(cable)s up")

    def isolate(self):
        # Taken off the bridge: no frame gets anywhere, while the carrier stays. (Port state 'disabled' does not do: without
        # spanning tree the kernel sets it back to 'forwarding' at once.)
        return self.move("ip link set %(cable)s nomaster")

    def unisolate(self):
        return self.move("ip link set %(cable)s master %(bridge)s")

    def heal(self):
        """Mends whatever is broken; the list of what was."""
        done, at = [], time.time()
        status = self.status()
        if status == "paused":
            self.unpause()
            done.append("unpause")
        elif status != "running":
            self.start()
            # A started container has a new cable.
            return ["start"], at, time.time()
        cable = self.cable()
        out = self.helper("ip -d -o link show dev %s" % cable)
        if "state DOWN" in out or ",UP" not in out.split(">")[0]:
            self.helper("ip link set %s up" % cable)
            done.append("uncut")
        elif " master " not in out:
            self.helper("ip link set %s master %s" % (cable, self.bridge()))
            done.append("unisolate")
        return done, at, time.time()


DRIVERS = {"docker": DockerMachine}
