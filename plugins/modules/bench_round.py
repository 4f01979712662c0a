#!/usr/bin/python
# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bench_round
short_description: Load web servers with ab, one by one and all together, and count requests and processor seconds
version_added: 0.5.0
author: The failover.stack founders (@failover-stack)
description:
  - Measures one round, mode by mode. Each real server is asked alone and all of them in the middle, by C(ab) (ApacheBench), each request
    on a connection of its own. Beside the requests it counts the processor seconds of each machine that takes part.
  - All machines are containers of the Docker engine of the host that this module runs on.
  - After a measurement it waits until no real server has work left.
  - Says which modes another round should measure, by how wide their 95 % intervals still are.
  - Changes nothing, but it is a load on the addresses it asks.
requirements:
  - docker, the command, on the host that runs this.
  - ab, in Debian's package apache2-utils, in the container O(client).
attributes:
  check_mode:
    support: full
    description: No request is sent, no run is returned and no mode is left.
options:
  client:
    description: The machine that runs C(ab).
    type: str
    required: true
  prefix:
    description: What the names of the containers have before the names of the machines.
    type: str
    default: ""
  modes:
    description: What to measure.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The mode's name.
        type: str
        required: true
      single:
        description: What to ask for, an address for each real server alone.
        type: list
        elements: str
        required: true
      multi:
        description: What to ask for where all real servers answer. Without it there is nothing to compare.
        type: str
      real:
        description: The real servers, as many as O(modes[].single) and in the same order.
        type: list
        elements: str
        required: true
      between:
        description: The machines between client and real servers.
        type: list
        elements: str
        default: []
  only:
    description: Names of the modes that this round measures, as RV(left) says.
    type: list
    elements: str
    required: true
  runs:
    description: RV(runs) of the rounds before.
    type: list
    elements: dict
    default: []
  concurrency:
    description: Requests under way at a time for each real server that is asked.
    type: int
    default: 128
  seconds:
    description: Time after which C(ab) ends, in seconds.
    type: int
    default: 3
  requests:
    description: Number of requests after which C(ab) ends.
    type: int
    default: 200000
  limits:
    description: When there are rounds enough.
    type: dict
    required: true
    suboptions:
      least:
        description: Rounds that measure all modes.
        type: int
        required: true
      most:
        description: Rounds in all, at most.
        type: int
        required: true
      seconds:
        description: Seconds from the beginning of the first round, beyond which no further one begins that measures O(limits.wanted) alone.
        type: int
        required: true
      width:
        description: A 95 % interval of the efficiency that is no wider than this one needs no more rounds.
        type: float
        required: true
      wanted:
        description: Names of the modes whose interval has to be so narrow.
        type: list
        elements: str
        required: true
"""

EXAMPLES = r"""
- name: One round
  failover.stack.bench_round:
    client: client1
    prefix: failover-bench-
    modes:
      - name: DR
        single: ["http://198.18.8.100:81/", "http://198.18.8.100:82/"]
        multi: "http://198.18.8.100/"
        real: [web1, web2]
        between: [lb1]
    only: [DR]
    limits: {least: 6, most: 40, seconds: 300, width: 0.01, wanted: [DR]}
  delegate_to: localhost
"""

RETURN = r"""
runs:
  description: Those of O(runs) and this round's.
  returned: always
  type: list
  elements: dict
  contains:
    mode:
      description: Name of the mode.
      type: str
    round:
      description: Number of the round, from 1.
      type: int
    kind:
      description: V(single) or V(multi).
      type: str
    real:
      description: The real servers that were asked.
      type: list
      elements: str
    began:
      description: When it began, in seconds since 1970.
      type: float
    ended:
      description: When the real servers had no more work.
      type: float
    requests_per_s:
      description: Good answers a second. What failed does not count, other than in ab's own figure.
      type: float
    complete:
      description: Completed requests.
      type: int
    failed:
      description: Requests that ab counts as failed.
      type: int
    non_2xx:
      description: Answers with a status other than 2xx.
      type: int
    bytes:
      description: Bytes received.
      type: int
    taken_s:
      description: Seconds it took.
      type: float
    time_per_request_ms:
      description: Mean time of a request in milliseconds.
      type: float
    p50_ms:
      description: Median time of a request in milliseconds.
      type: int
    p95_ms:
      description: 95 % took at most so many milliseconds.
      type: int
    p99_ms:
      description: 99 % took at most so many milliseconds.
      type: int
    processors:
      description: By machine, processor seconds, periods of its quota, and how many of them it had used the quota up in.
      type: dict
    machine:
      description: Processor seconds of the whole machine that all of this runs on, and those that were taken from it.
      type: dict
left:
  description: Names of the modes that another round should measure; none when this was the last one.
  returned: always
  type: list
  elements: str
progress:
  description: Efficiency so far, with its 95 % interval.
  returned: always
  type: str
"""

import pathlib
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.stack.plugins.module_utils._bench_ab import command, parse, trouble
from ansible_collections.failover.stack.plugins.module_utils._bench_processors import between, busy, group, read, waiting
from ansible_collections.failover.stack.plugins.module_utils._bench_rounds import left, progress, schedule, unusable

QUIET_S = 0.2
PATIENCE_S = 15


class Machines:
    """The control groups of the containers, and ab in one of them."""

    def __init__(self, module):
        self.module, self.prefix, self.groups = module, module.params["prefix"], {}

    def find(self, hosts):
        docker = self.module.get_bin_path("docker", required=True)
        _rc, out, _err = self.module.run_command(
            [docker, "inspect", "--format", "{{.Id}} {{.State.Pid}}"] + [self.prefix + host for host in hosts], check_rc=True)
        for host, line in zip(hosts, out.splitlines()):
            container, pid = line.split()
            if pid == "0":
                self.module.fail_json(msg="%s: container %s%s does not run: see docker logs of it." % (host, self.prefix, host))
            self.groups[host] = group(pathlib.Path("/proc/%s/cgroup" % pid).read_text(encoding="utf-8"), container)
            if self.groups[host] is None:
                self.module.fail_json(msg="%s: /proc/%s/cgroup names no control group of container %s%s, so its processor seconds cannot "
                                          "be counted: run this on the machine of the Docker engine." % (host, pid, self.prefix, host))

    def read(self, hosts):
        return {host: read(self.groups[host]) for host in hosts}

    def settle(self, hosts):
        """Waits until none of them has used up a quota for a while: ab leaves a queue behind when its time is up."""
        until = time.monotonic() + PATIENCE_S
        while True:
            before = self.read(hosts)
            time.sleep(QUIET_S)
            names = waiting(before, self.read(hosts))
            if not names:
                return
            if time.monotonic() > until:
                self.module.fail_json(msg="%s: still at work %d s after the last request: see what runs there besides httpd." % (
                    ", ".join(names), PATIENCE_S))

    def ask(self, url, concurrency):
        params = self.module.params
        words = command("ab", url, concurrency, params["seconds"], params["requests"])
        rc, out, err = self.module.run_command(["docker", "exec", self.prefix + params["client"], *words])
        figures = parse(out)
        said = trouble(rc, out, err, figures)
        if said:
            self.module.fail_json(msg="%s: ab got no figures of %s: %s. See whether that address answers from there." % (
                params["client"], url, said))
        return figures


def whole():
    return {"machine": busy(pathlib.Path("/proc/stat").read_text(encoding="ascii"))}


def measure(machines, mode, part):
    hosts = [machines.module.params["client"]] + mode["between"] + part["real"]
    began, used, machine = time.time(), machines.read(hosts), whole()
    figures = machines.ask(part["url"], part["concurrency"])
    used, machine = between(used, machines.read(hosts)), between(machine, whole())
    machines.settle(mode["real"])
    return dict(figures, mode=mode["name"], kind=part["kind"], real=part["real"], began=round(began, 3), ended=round(time.time(), 3),
                processors=used, **machine)


def main():
    mode_spec = {
        "name": {"type": "str", "required": True},
        "single": {"type": "list", "elements": "str", "required": True},
        "multi": {"type": "str"},
        "real": {"type": "list", "elements": "str", "required": True},
        "between": {"type": "list", "elements": "str", "default": []},
    }
    limit_spec = {
        "least": {"type": "int", "required": True},
        "most": {"type": "int", "required": True},
        "seconds": {"type": "int", "required": True},
        "width": {"type": "float", "required": True},
        "wanted": {"type": "list", "elements": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "client": {"type": "str", "required": True},
            "prefix": {"type": "str", "default": ""},
            "modes": {"type": "list", "elements": "dict", "required": True, "options": mode_spec},
            "only": {"type": "list", "elements": "str", "required": True},
            "runs": {"type": "list", "elements": "dict", "default": []},
            "concurrency": {"type": "int", "default": 128},
            "seconds": {"type": "int", "default": 3},
            "requests": {"type": "int", "default": 200000},
            "limits": {"type": "dict", "required": True, "options": limit_spec},
        },
        supports_check_mode=True,
    )
    params = module.params
    why = unusable(params["modes"], params["only"])
    if why:
        module.fail_json(msg=why)
    if module.check_mode:
        module.exit_json(changed=False, runs=params["runs"], left=[], progress="")
    modes = [mode for mode in params["modes"] if mode["name"] in params["only"]]
    machines = Machines(module)
    machines.find(sorted({params["client"]}.union(*(mode["between"] + mode["real"] for mode in modes))))
    number = max((int(run["round"]) for run in params["runs"]), default=0) + 1
    runs = list(params["runs"])
    for mode in modes:
        runs += [dict(measure(machines, mode, part), round=number) for part in schedule(mode, number, params["concurrency"])]
    there = {run["mode"] for run in runs}
    measured = {mode["name"]: len(mode["real"]) for mode in params["modes"] if mode["name"] in there}
    wanted = {name: nodes for name, nodes in measured.items() if name in params["limits"]["wanted"]}
    module.exit_json(changed=False, runs=runs, left=left(runs, measured, wanted, params["limits"]), progress=progress(runs, measured))


if __name__ == "__main__":
    main()
