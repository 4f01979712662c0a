"""The whole way from options to the batch, on an ipvsadm that keeps its table in a dictionary."""

from __future__ import annotations

import random

import pytest
from ansible_collections.failover.stack.plugins.module_utils._ipvs import parse as p
from ansible_collections.failover.stack.plugins.module_utils._ipvs.ipvsadm import (
    Absent,
    Change,
    Failure,
    Ipvsadm,
    NoIpvs,
    remedy,
    starter,
    trouble,
    wait_for_drain,
)
from ansible_collections.failover.stack.plugins.module_utils._ipvs.keepalived import Owner
from ansible_collections.failover.stack.plugins.module_utils._ipvs.plan import draining

SCHEDULERS = ["rr", "wrr", "wlc", "sh", "mh"]


class Kernel:
    """What ipvsadm 1.31 does, as tried: edits forget thresholds that they do not name; a refused line is a word on stderr and rc 0."""

    def __init__(self):
        self.table, self.thresholds, self.connections = {}, {}, {}
        self.timeouts, self.daemons = [900, 120, 300], {}
        self.calls, self.batches, self.emptied = [], [], []
        self.refuse = ()

    def run(self, arguments, text):
        self.calls.append(arguments)
        if arguments == ["-R"]:
            self.batches.append(text.splitlines())
            err = [self.line(line) for line in text.splitlines()]
            return 0, "", "".join(word + "\n" for word in err if word)
        if arguments == ["-Sn"]:
            return 0, p.table_text(self.table, self.table), ""
        if arguments[:2] == ["-Ln", "--thresholds"]:
            return 0, self.listing(" ".join(arguments[2:])), ""
        if arguments == ["-Ln", "--timeout"]:
            return 0, "Timeout (tcp tcpfin udp): %d %d %d\n" % tuple(self.timeouts), ""
        return 0, "".join("%s sync daemon (%s)\n" % item for item in self.daemons.items()), ""

    def listing(self, one):
        lines = []
        words = {option: word for word, option in p.PREFIXES.items()}
        for name, (_options, servers) in self.table.items():
            if one and name != one:
                continue
            option, place = name.split(" ", 1)
            lines.append("%s  %s wlc" % (words[option], place.replace(" -6", " IPv6")))
            for server in servers:
                numbers = (*self.thresholds.get((name, server), (0, 0)), self.connections.get((name, server), 0), 0)
                lines.append("  -> %s %d %d %d %d" % (server, *numbers))
        return "\n".join(lines)

    def line(self, line):
        if any(word in line for word in self.refuse):
            return "Scheduler or persistence engine not found"
        command, _space, rest = line.partition(" ")
        if command == "--set":
            self.timeouts = [new or old for new, old in zip(map(int, rest.split()), self.timeouts)]
        elif command == "--stop-daemon":
            del self.daemons[rest]
        elif command == "--start-daemon":
            assert rest.split()[0] not in self.daemons
            self.daemons[rest.split()[0]] = "mcast=%s, syncid=%s, maxlen=1472, group=224.0.0.81, port=8848, ttl=1" % (
                rest.split()[2], rest.split()[4])
        elif command in ("-A", "-E", "-D"):
            name, _found, options = rest.partition(" -s ")
            assert (name in self.table) == (command != "-A")
            if command == "-D":
                for server in self.table.pop(name)[1]:
                    self.thresholds.pop((name, server), None)
            else:
                self.table[name] = (p.parse_options("-s " + options), self.table[name][1] if command == "-E" else {})
        else:
            self.server(command, *rest.split(" -r "))
        return ""

    def server(self, command, name, rest):
        server, _space, words = rest.partition(" ")
        servers = self.table[name][1]
        assert (server in servers) == (command != "-a")
        self.thresholds.pop((name, server), None)
        if command == "-d":
            del servers[server]
            if not servers:
                self.emptied.append(name)
            return
        servers[server] = p.parse_server(words)
        if " -x " in words:
            values = words.split()
            self.thresholds[name, server] = (int(values[values.index("-x") + 1]), int(values[values.index("-y") + 1]))


def options(**given):
    return dict({"services": [], "purge": False, "purge_servers": True, "weights": [], "timeouts": None, "sync_daemons": None}, **given)


def planned(kernel, owners=(), **given):
    return Change(Ipvsadm("lb1", kernel.run), options(**given), lambda: list(owners)).check().read().plan()


def put(kernel, owners=(), **given):
    change = planned(kernel, owners, **given)
    if change.lines:
        change.apply()
    return change


def refusal(kernel, owners=(), **given):
    with pytest.raises(Failure) as caught:
        put(kernel, owners, **given)
    return str(caught.value)


WEB = {"address": "198.18.0.100", "port": 80, "scheduler": "wrr",
       "servers": [{"address": "198.18.0.11", "weight": 3}, {"address": "198.18.0.12"}]}
DNS = {"address": "198.18.0.100", "port": 53, "protocol": "udp", "one_packet": True}


@pytest.fixture
def kernel():
    made = Kernel()
    put(made, services=[WEB, DNS])
    made.calls.clear()
    made.batches.clear()
    return made


# --- Changes -----------------------------------------------------------------


def test_one_read_and_nothing_more_when_all_is_as_it_shall_be(kernel):
    assert put(kernel, services=[WEB, DNS], purge=True).lines == []
    assert kernel.calls == [["-Sn"]]


def test_one_changed_weight_is_one_line(kernel):
    web = dict(WEB, servers=[{"address": "198.18.0.11", "weight": 4}, {"address": "198.18.0.12"}])
    change = put(kernel, services=[web, DNS])
    assert change.lines == ["-e -t 198.18.0.100:80 -r 198.18.0.11:80 -g -w 4"]
    assert change.diff == {
        "before": "-A -t 198.18.0.100:80 -s wrr\n-a -t 198.18.0.100:80 -r 198.18.0.11:80 -g -w 3\n"
                  "-a -t 198.18.0.100:80 -r 198.18.0.12:80 -g -w 1\n",
        "after": "-A -t 198.18.0.100:80 -s wrr\n-a -t 198.18.0.100:80 -r 198.18.0.11:80 -g -w 4\n"
                 "-a -t 198.18.0.100:80 -r 198.18.0.12:80 -g -w 1\n"}
    assert len(kernel.batches) == 1
    assert put(kernel, services=[web, DNS]).lines == []


def test_an_edit_keeps_thresholds_that_nobody_names(kernel):
    kernel.thresholds["-t 198.18.0.100:80", "198.18.0.11:80"] = (100, 50)
    put(kernel, services=[dict(WEB, servers=[{"address": "198.18.0.11", "weight": 4}, {"address": "198.18.0.12"}])])
    assert kernel.batches == [["-e -t 198.18.0.100:80 -r 198.18.0.11:80 -g -w 4 -x 100 -y 50"]]


def test_thresholds_are_set_and_taken_away(kernel):
    def web(**thresholds):
        return [dict(WEB, servers=[dict({"address": "198.18.0.11", "weight": 3}, **thresholds), {"address": "198.18.0.12"}])]
    assert put(kernel, services=web(upper_threshold=9)).lines == ["-e -t 198.18.0.100:80 -r 198.18.0.11:80 -g -w 3 -x 9 -y 0"]
    assert put(kernel, services=web(upper_threshold=9)).lines == []
    assert put(kernel, services=web()).lines == []
    assert put(kernel, services=web(upper_threshold=0)).lines == ["-e -t 198.18.0.100:80 -r 198.18.0.11:80 -g -w 3"]
    assert kernel.thresholds == {}


def test_new_servers_come_before_the_old_ones_go(kernel):
    put(kernel, services=[dict(WEB, servers=[{"address": "198.18.0.21"}])])
    assert kernel.batches == [["-a -t 198.18.0.100:80 -r 198.18.0.21:80 -g -w 1",
                               "-d -t 198.18.0.100:80 -r 198.18.0.11:80", "-d -t 198.18.0.100:80 -r 198.18.0.12:80"]]
    assert kernel.emptied == []


def test_the_method_changes_in_place(kernel):
    web = dict(WEB, servers=[{"address": "198.18.0.11", "weight": 3, "method": "TUN"}, {"address": "198.18.0.12"}])
    assert put(kernel, services=[web]).lines == ["-e -t 198.18.0.100:80 -r 198.18.0.11:80 -i -w 3"]


def test_unnamed_services_stay_without_purge_and_go_with_it(kernel):
    assert put(kernel, services=[WEB]).lines == []
    assert put(kernel, services=[WEB], purge=True).lines == ["-D -u 198.18.0.100:53"]
    assert put(kernel, purge=True).lines == ["-D -t 198.18.0.100:80"]


def test_absent(kernel):
    assert put(kernel, services=[dict(WEB, state="absent")]).lines == ["-D -t 198.18.0.100:80"]
    assert put(kernel, services=[dict(WEB, state="absent")]).lines == []


def test_one_server_more_or_less_without_naming_the_others(kernel):
    def web(*servers):
        return {"services": [dict(WEB, servers=list(servers))], "purge_servers": False}
    assert put(kernel, **web({"address": "198.18.0.13"})).lines == ["-a -t 198.18.0.100:80 -r 198.18.0.13:80 -g -w 1"]
    assert put(kernel, **web({"address": "198.18.0.12", "state": "absent"})).lines == ["-d -t 198.18.0.100:80 -r 198.18.0.12:80"]
    assert sorted(kernel.table["-t 198.18.0.100:80"][1]) == ["198.18.0.11:80", "198.18.0.13:80"]


def test_weights_touch_the_server_in_every_service(kernel):
    put(kernel, services=[dict(DNS, servers=[{"address": "198.18.0.11"}])])
    change = put(kernel, weights=[{"server": "198.18.0.11", "weight": 0}])
    assert sorted(change.lines) == ["-e -t 198.18.0.100:80 -r 198.18.0.11:80 -g -w 0", "-e -u 198.18.0.100:53 -r 198.18.0.11:53 -g -w 0"]
    assert sorted(draining(change.desired.services)) == [
        ("-t 198.18.0.100:80", "198.18.0.11:80"), ("-u 198.18.0.100:53", "198.18.0.11:53")]
    assert put(kernel, weights=[{"server": "198.18.0.11", "weight": 0}]).lines == []


def test_weights_in_one_service(kernel):
    put(kernel, services=[dict(DNS, servers=[{"address": "198.18.0.11"}])])
    change = put(kernel, weights=[{"server": "198.18.0.11", "weight": 7, "address": "198.18.0.100", "port": 80, "protocol": "tcp"}])
    assert change.lines == ["-e -t 198.18.0.100:80 -r 198.18.0.11:80 -g -w 7"]


def test_weights_of_a_server_that_is_not_there(kernel):
    assert refusal(kernel, weights=[{"server": "198.18.0.1", "weight": 0}]) == (
        "lb1: weights[0] (198.18.0.1) is a real server of no such service in the kernel's table: see `ipvsadm -Sn`, and add it with "
        "`services`.")


def test_the_same_service_written_differently(kernel):
    six = {"address": "2001:db8:0:0::100", "port": 443, "persistent": 60, "netmask": "128", "scheduler": "sh",
           "scheduler_flags": ["flag-2", "sh-fallback"], "servers": [{"address": "2001:DB8::21"}]}
    assert put(kernel, services=[six]).lines == [
        "-A -t [2001:db8::100]:443 -s sh -p 60 -b sh-fallback,sh-port", "-a -t [2001:db8::100]:443 -r [2001:db8::21]:443 -g -w 1"]
    assert put(kernel, services=[dict(six, netmask=None, scheduler_flags=["sh-port", "flag-1"], address="2001:db8::100")]).lines == []


def test_netmask_as_prefix_length(kernel):
    assert put(kernel, services=[dict(DNS, persistent=60, netmask="20")]).lines == [
        "-E -u 198.18.0.100:53 -s wlc -p 60 -M 255.255.240.0 -o"]


# --- Time-outs and daemons ------------------------------------------------------


def test_timeouts(kernel):
    change = put(kernel, timeouts={"tcp": 1000, "tcpfin": None, "udp": 0})
    assert change.lines == ["--set 1000 120 300"]
    assert change.diff == {"before": "--set 900 120 300\n", "after": "--set 1000 120 300\n"}
    assert put(kernel, timeouts={"tcp": 1000}).lines == []
    assert ["-Sn"] not in kernel.calls


def test_daemons(kernel):
    master, backup = {"state": "master", "interface": "eth0", "id": 7}, {"state": "backup", "interface": "eth0", "id": 7}
    assert put(kernel, sync_daemons=[master, backup]).lines == [
        "--start-daemon master --mcast-interface eth0 --syncid 7", "--start-daemon backup --mcast-interface eth0 --syncid 7"]
    assert put(kernel, sync_daemons=[master, backup]).lines == []
    assert put(kernel, sync_daemons=[dict(master, id=8)]).lines == [
        "--stop-daemon backup", "--stop-daemon master", "--start-daemon master --mcast-interface eth0 --syncid 8"]
    assert put(kernel, sync_daemons=None).lines == []
    assert put(kernel, sync_daemons=[]).lines == ["--stop-daemon master"]


def test_a_daemon_goes_before_the_table_changes_and_comes_after(kernel):
    put(kernel, sync_daemons=[{"state": "master", "interface": "eth0", "id": 7}])
    assert put(kernel, services=[dict(WEB, state="absent")], timeouts={"udp": 9},
               sync_daemons=[{"state": "backup", "interface": "eth0"}]).lines == [
        "--stop-daemon master", "--set 900 120 9", "-D -t 198.18.0.100:80", "--start-daemon backup --mcast-interface eth0 --syncid 0"]


# --- Refusals of the kernel -------------------------------------------------------


def test_a_refused_line_is_told(kernel):
    kernel.refuse = ("-s mh",)
    with pytest.raises(Failure) as caught:
        put(kernel, services=[dict(WEB, scheduler="mh"), dict(DNS, servers=[{"address": "198.18.0.11"}])])
    assert str(caught.value) == (
        "lb1: after a batch of 2 lines the kernel still lacks 1, in `refused` (first: -E -t 198.18.0.100:80 -s mh), ipvsadm says: "
        "Scheduler or persistence engine not found: load the scheduler's module (ip_vs_<scheduler>, ip_vs_pe_sip) or "
        "choose another, then run again.")
    assert caught.value.values["refused"] == ["-E -t 198.18.0.100:80 -s mh"]


NO_KERNEL = "Can't initialize ipvs: Protocol not available\nAre you sure that IP Virtual Server is built in the kernel or as module?\n"


def test_no_ipvs():
    with pytest.raises(NoIpvs) as caught:
        Ipvsadm("lb1", lambda arguments, text: (2, "", NO_KERNEL)).table()
    assert str(caught.value) == (
        "lb1: this kernel has no IPVS (ipvsadm says: Protocol not available): load module ip_vs or use a kernel that has it.")


def test_not_root():
    found = trouble("lb1", ["-Sn"], 2, NO_KERNEL.replace("Protocol not available", "Permission denied (you must be root)"))
    assert not isinstance(found, NoIpvs)
    assert "run as root, with CAP_NET_ADMIN" in str(found)


def test_without_ipvsadm_check_mode_plans_from_nothing():
    change = Change(Absent("lb1"), options(services=[WEB], timeouts={"tcp": 5}, sync_daemons=[], weights=[]), list).check().read().plan()
    assert change.lines[:2] == ["--set 5 120 300", "-A -t 198.18.0.100:80 -s wrr"]
    assert Change(Absent("lb1"), options(weights=[{"server": "198.18.0.1", "weight": 0}]), list).check().read().plan().lines == []


# --- keepalived's own ----------------------------------------------------------


OWNER = Owner(812, "/etc/keepalived/keepalived.conf", {"-t 198.18.0.100:80"}, {"lvs_timeouts"})


def test_a_service_of_keepalived_is_refused(kernel):
    expected = ("lb1: service 198.18.0.100:80/tcp belongs to keepalived (pid 812, /etc/keepalived/keepalived.conf), which would undo any "
                "change: change it in keepalived's virtual servers, or take it out of them first.")
    assert refusal(kernel, [OWNER], services=[WEB]) == expected
    assert refusal(kernel, [OWNER], services=[dict(WEB, state="absent")]) == expected
    assert refusal(kernel, [OWNER], weights=[{"server": "198.18.0.11", "weight": 0}]) == expected
    assert kernel.batches == []


def test_purge_leaves_keepalived_s_services_and_says_so(kernel):
    change = put(kernel, [OWNER], purge=True)
    assert change.lines == ["-D -u 198.18.0.100:53"]
    assert change.left == ["198.18.0.100:80/tcp"]


def test_other_services_beside_keepalived(kernel):
    assert put(kernel, [OWNER], services=[dict(DNS, scheduler="rr")]).lines == ["-E -u 198.18.0.100:53 -s rr -o"]


def test_timeouts_of_keepalived(kernel):
    assert refusal(kernel, [OWNER], timeouts={"tcp": 5}) == (
        "lb1: timeouts belong to keepalived (pid 812, /etc/keepalived/keepalived.conf) (lvs_timeouts): change them there, or take "
        "lvs_timeouts out of it first.")
    assert put(kernel, [OWNER], timeouts={}).lines == []


def test_a_keepalived_whose_file_cannot_be_read(kernel):
    assert "cannot be read" in refusal(kernel, [Owner(1, "/x", None, set())], purge=True)


# --- Draining ------------------------------------------------------------------


class Clock:
    def __init__(self, kernel, ends):
        self.now, self.kernel, self.ends = 0.0, kernel, ends

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        for pair, end in self.ends.items():
            if self.now >= end:
                self.kernel.connections[pair] = 0


def drained(kernel, pairs, ends, seconds):
    kernel.connections = {pair: 3 for pair in pairs}
    clock = Clock(kernel, ends)
    return wait_for_drain(Ipvsadm("lb1", kernel.run), pairs, seconds, clock, clock.sleep)


def test_drain_waits_until_the_last_connection_ended(kernel):
    pair = ("-t 198.18.0.100:80", "198.18.0.11:80")
    entry, = drained(kernel, [pair], {pair: 2.0}, 10)
    assert entry == {"service": {"address": "198.18.0.100", "port": 80, "protocol": "tcp"}, "server": "198.18.0.11:80", "drained": True,
                     "seconds": 2.0, "active_connections": 0}
    assert kernel.calls[-1] == ["-Ln", "--thresholds", "-t", "198.18.0.100:80"]


def test_drain_gives_up_after_its_time(kernel):
    first, second = ("-t 198.18.0.100:80", "198.18.0.11:80"), ("-t 198.18.0.100:80", "198.18.0.12:80")
    entries = drained(kernel, [first, second], {first: 1.0}, 3)
    assert [(entry["drained"], entry["seconds"], entry["active_connections"]) for entry in entries] == [(True, 1.0, 0), (False, 3.0, 3)]


def test_a_server_that_is_gone_is_drained(kernel):
    entry, = drained(kernel, [("-t 198.18.0.100:80", "198.18.0.99:80")], {}, 3)
    assert entry["drained"] and entry["seconds"] == 0.0


# --- Any state from any state -----------------------------------------------------


def random_service(chance, number):
    six = chance.random() < 0.3
    service = {"scheduler": chance.choice(SCHEDULERS), "one_packet": False, "servers": []}
    if chance.random() < 0.2:
        service.update(fwmark=number + 1, family="ipv6" if six else "ipv4")
    else:
        service.update(address=("2001:db8::%x" if six else "198.18.1.%d") % (number + 1), port=80,
                       protocol=chance.choice(["tcp", "udp", "sctp"]))
        service["one_packet"] = service["protocol"] == "udp" and chance.random() < 0.5
    if chance.random() < 0.4:
        service.update(persistent=chance.choice([60, 300]), netmask="64" if six else chance.choice(["24", "255.255.255.255"]))
    if service["scheduler"] in ("sh", "mh"):
        service["scheduler_flags"] = chance.sample(["%s-port" % service["scheduler"], "flag-1"], chance.randint(0, 2))
    for server in chance.sample(range(1, 7), chance.randint(0, 5)):
        entry = {"address": ("2001:db8:1::%x" if six else "198.18.2.%d") % server, "weight": chance.randint(0, 3),
                 "method": chance.choice(["DR", "NAT", "TUN"])}
        if entry["method"] == "NAT" and chance.random() < 0.5:
            entry["port"] = 8080
        if entry["method"] == "TUN":
            entry.update(chance.choice([{}, {"tunnel_type": "gue", "tunnel_port": 5555, "tunnel_checksum": "remcsum"},
                                        {"tunnel_type": "gre", "tunnel_checksum": "csum"}]))
        if chance.random() < 0.3:
            entry.update(upper_threshold=10, lower_threshold=chance.randint(0, 10))
        service["servers"].append(entry)
    return service


def random_state(chance):
    return [random_service(chance, number) for number in chance.sample(range(8), chance.randint(0, 6))]


@pytest.mark.parametrize("seed", range(60))
def test_any_state_from_any_state(seed):
    chance = random.Random(seed)
    kernel, fresh = Kernel(), Kernel()
    put(kernel, services=random_state(chance), purge=True)
    desired = random_state(chance)
    before = {name: dict(servers) for name, (_options, servers) in kernel.table.items()}
    thresholds = dict(kernel.thresholds)
    kernel.emptied.clear()
    kernel.batches.clear()
    change = put(kernel, services=desired, purge=True)
    put(fresh, services=desired, purge=True)
    assert kernel.table == fresh.table
    assert change.planned.after == kernel.table
    # Thresholds that nobody named are those from before.
    for key, value in kernel.thresholds.items():
        assert value == fresh.thresholds.get(key, thresholds.get(key))
    assert len(kernel.batches) <= 1
    assert put(kernel, services=desired, purge=True).lines == []
    for name in kernel.emptied:
        assert not kernel.table[name][1] and before[name]


@pytest.mark.parametrize("seed", range(20))
def test_without_purge_nothing_unnamed_is_touched(seed):
    chance = random.Random(1000 + seed)
    kernel = Kernel()
    put(kernel, services=random_state(chance), purge=True)
    before = {name: (kinds, dict(servers)) for name, (kinds, servers) in kernel.table.items()}
    change = put(kernel, services=random_state(chance), purge_servers=False)
    for name, (kinds, servers) in before.items():
        if name not in change.desired.services:
            assert kernel.table[name] == (kinds, servers)
        assert set(servers) <= set(kernel.table[name][1])


# The program itself, and its words

@pytest.mark.parametrize("rc, err, kind, sentence", [
    (255, "Can't initialize ipvs: Permission denied (you must be root)\n", Failure,
     "lb1: ipvsadm may not see the kernel's IPVS table (Permission denied (you must be root)): run as root, with CAP_NET_ADMIN."),
    (255, "Can't initialize ipvs: Protocol not available\n", NoIpvs,
     "lb1: this kernel has no IPVS (ipvsadm says: Protocol not available): load module ip_vs or use a kernel that has it."),
    (2, "unexpected\n  argument\n", Failure, "lb1: `ipvsadm -Sn` failed with 2: unexpected argument."),
    (1, "", Failure, "lb1: `ipvsadm -Sn` failed with 1: no message."),
])
def test_why_ipvsadm_fails_is_told_with_what_to_do(rc, err, kind, sentence):
    with pytest.raises(Failure) as failed:
        Ipvsadm("lb1", lambda arguments, text: (rc, "", err)).table()
    assert failed.type is kind and str(failed.value) == sentence


def test_a_service_that_is_not_there_has_no_connections_and_other_errors_are_errors():
    asked = []

    def run(arguments, text):
        asked.append(arguments)
        return 255, "", "No such service\n" if len(asked) == 1 else "Memory allocation problem\n"

    one = Ipvsadm("lb1", run)
    assert one.listing(["-t 192.0.2.100:80"]) == {}
    assert asked == [["-Ln", "--thresholds", "-t", "192.0.2.100:80"]]
    with pytest.raises(Failure, match=r"^lb1: `ipvsadm -Ln` failed with 255: Memory allocation problem\.$"):
        one.listing(["-t 192.0.2.100:80", "-t 192.0.2.100:81"])
    assert asked[1] == ["-Ln", "--thresholds"]


def test_an_ipvsadm_that_tells_no_time_outs_is_too_old():
    with pytest.raises(Failure, match=r"^lb1: `ipvsadm -Ln --timeout` printed no time-outs: install ipvsadm 1\.28 or newer\.$"):
        Ipvsadm("lb1", lambda arguments, text: (0, "IP Virtual Server version 1.2.1\n", "")).timeouts()


def test_the_program_is_run_in_the_language_that_is_understood(tmp_path):
    program = tmp_path / "ipvsadm"
    program.write_text('#!/bin/sh\necho "$LC_ALL $*"; cat; printf "\\377" >&2; exit 3\n')
    program.chmod(0o755)
    assert starter(str(program))(["-R"], "-C\n") == (3, "C -R\n-C\n", "\ufffd")
    # Without anything to read it does not wait for a terminal.
    assert starter(str(program))(["-Sn"], None)[:2] == (3, "C -Sn\n")


@pytest.mark.parametrize("said, words", [
    ("Memory: Scheduler or persistence engine not found",
     "load the scheduler's module (ip_vs_<scheduler>, ip_vs_pe_sip) or choose another, then run again"),
    ("No such device", "name an interface that is there, then run again"),
    ("Possibly wrong module version, address not unicast, ...", "name unicast addresses and an interface that can multicast, and no sync "
     "daemon beside servers of another address family than their service, then run again"),
    ("", "repair what it names, then run again"),
])
def test_what_to_do_about_a_line_that_the_kernel_refused(said, words):
    assert remedy(said) == words
