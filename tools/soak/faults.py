"""What a soak breaks: the machines of the lab and what runs on them. A fault, act(lab, host), breaks, waits and mends what does not
mend itself."""

from __future__ import annotations

import random
import subprocess
import time

from ansible_collections.failover.stack.plugins.module_utils._drill.faults.machine import DockerMachine, together

DEAD_S = 6


class Lab:
    """groups: hosts by tier. ssh: the command that runs another one on a host, {host} in it is the host's address; addresses: by host."""

    def __init__(self, prefix, groups, ssh, addresses):
        self.prefix, self.groups, self.ssh, self.addresses, self._carried = prefix, groups, ssh, addresses, {}

    def machine(self, host):
        return DockerMachine.open(self.prefix + host)

    def inside(self, host, command):
        """What a shell command printed there."""
        if self.carried(host):
            return self.run(*[word.format(host=self.addresses[host]) for word in self.ssh], command)
        return self.run("docker", "exec", self.prefix + host, "sh", "-c", command)

    def carried(self, host):
        """Whether the container only carries a machine with a kernel of its own, which is entered by SSH."""
        if host not in self._carried:
            self._carried[host] = self.run("docker", "exec", self.prefix + host, "cat", "/proc/1/comm").strip() != "systemd"
        return self._carried[host]

    def run(self, *command):
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def signal(unit, number, last_s=0):
    def act(lab, host):
        lab.inside(host, "systemctl kill --signal=%s %s" % (number, unit))
        if last_s:
            time.sleep(last_s)
            # Whoever was frozen may have been killed and be under way again.
            lab.inside(host, "systemctl kill --signal=CONT %s || true" % unit)
    return act


def stopped(unit, last_s):
    def act(lab, host):
        lab.inside(host, "systemctl stop " + unit)
        time.sleep(last_s)
        lab.inside(host, "systemctl start " + unit)
    return act


def machine(breaks, mends, last_s=DEAD_S):
    def act(lab, host):
        one = [lab.machine(host)]
        together(one, breaks)
        time.sleep(last_s)
        together(one, mends)
    return act


def cut_from_one(lab, host):
    """Two members that do not reach each other, while everybody else reaches both."""
    other = random.choice([one for one in lab.groups["database"] if one != host])
    place = lab.inside(other, "ip -4 -oneline address show eth0").split()[3].split("/")[0]
    lab.inside(host, "ip route add blackhole %s; sleep 6; ip route del blackhole %s" % (place, place))


DEAD, CUT = {"machine dead": machine("kill", "start")}, {"machine cut off": machine("cut", "uncut")}
FROZEN = {"machine frozen": machine("pause", "unpause")}
# A frozen container's kernel goes on answering for the addresses that it holds: proxies and directors are not frozen.
FAULTS = {
    "database": {
        "server killed": signal("mariadb", "KILL"), "server frozen": signal("mariadb", "STOP", 5), "server stopped": stopped("mariadb", 4),
        "agent killed": signal("mysql-writer", "KILL"), "agent frozen": signal("mysql-writer", "STOP"),
        "etcd killed": signal("etcd", "KILL"), "etcd frozen": signal("etcd", "STOP", 5), "etcd stopped": stopped("etcd", 5),
        "cut off from one": cut_from_one, **DEAD, **FROZEN, **CUT},
    "web": {"httpd killed": signal("apache2", "KILL"), "Tomcat killed": signal("tomcat@tomcat1", "KILL"),
            "Tomcat frozen": signal("tomcat@tomcat1", "STOP", 5), **DEAD, **FROZEN, **CUT},
    "proxy": {"HAProxy killed": signal("haproxy", "KILL"), "keepalived killed": signal("keepalived", "KILL"), **DEAD, **CUT},
    "director": {"keepalived killed": signal("keepalived", "KILL"), **DEAD, **CUT},
    "galera": {"server killed": signal("mariadb", "KILL"), "server frozen": signal("mariadb", "STOP", 5),
               "server stopped": stopped("mariadb", 4), **DEAD, **FROZEN, **CUT},
    "rabbitmq": {"node killed": signal("rabbitmq-server", "KILL"), "node stopped": stopped("rabbitmq-server", 5),
                 # Longer than the tick time, after which its neighbours believe it gone.
                 "machine frozen": machine("pause", "unpause", 30), "machine cut off": machine("cut", "uncut", 20), **DEAD},
    "content": {**DEAD, **CUT},
}
