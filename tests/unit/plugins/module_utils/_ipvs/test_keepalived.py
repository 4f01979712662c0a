from __future__ import annotations

import os

import pytest
from ansible_collections.failover.stack.plugins.module_utils._ipvs import keepalived as k

CONF = """
! a comment
global_defs {
    lvs_sync_daemon eth0 VI_1 id 51   # its daemon
}
$PORT=443
virtual_server 198.18.0.100 80 {
    lvs_sched wrr
    protocol TCP
    real_server 198.18.0.11 80 {
        weight 1
    }
}
virtual_server 2001:DB8:0::100 $PORT {
    protocol TCP
}
virtual_server 198.18.0.100 53 {
    protocol UDP
}
virtual_server fwmark 5 {
    real_server 198.18.0.11 80 { }
}
virtual_server fwmark 0x10 {
    ip_family inet6
}
virtual_server_group many {
    198.18.0.101-102 8080
    198.18.0.254-198.18.1.1 81
    198.18.2.0/30 82
    2001:db8::9 83
    fwmark 6 inet6
}
virtual_server group many {
    protocol SCTP
}
@here virtual_server 198.18.0.105 80 {
}
"""


def test_services():
    services, settings = k.owned(CONF)
    assert settings == {"lvs_sync_daemon"}
    assert services == {
        "-t 198.18.0.100:80", "-t [2001:db8::100]:443", "-u 198.18.0.100:53", "-f 5", "-f 16 -6", "-t 198.18.0.105:80",
        "--sctp-service 198.18.0.101:8080", "--sctp-service 198.18.0.102:8080",
        "--sctp-service 198.18.0.254:81", "--sctp-service 198.18.0.255:81", "--sctp-service 198.18.1.0:81", "--sctp-service 198.18.1.1:81",
        "--sctp-service 198.18.2.0:82", "--sctp-service 198.18.2.1:82", "--sctp-service 198.18.2.2:82", "--sctp-service 198.18.2.3:82",
        "--sctp-service [2001:db8::9]:83", "-f 6 -6"}


def test_a_mark_has_the_family_of_its_servers():
    assert k.owned("virtual_server fwmark 5 {\n real_server 2001:db8::1 80 {\n }\n}\n")[0] == {"-f 5 -6"}


def test_vrrp_alone_owns_nothing():
    assert k.owned("vrrp_instance web {\n virtual_ipaddress {\n 198.18.0.100\n }\n}\n") == (set(), set())


@pytest.mark.parametrize("arguments, expected", [
    ([], (k.DEFAULT_FILE, True)),
    (["--dont-fork", "-f", "/etc/k.conf"], ("/etc/k.conf", True)),
    (["--use-file=/etc/k.conf", "--vrrp"], ("/etc/k.conf", False)),
    (["--use-file", "k.conf", "-P", "-C"], ("k.conf", True)),
    (["-f/etc/k.conf", "-C"], ("/etc/k.conf", True)),
])
def test_command_line(arguments, expected):
    assert k.command_line(arguments) == expected


def process(proc, pid, name, arguments, root, namespace="net:[1]"):
    here = proc / str(pid)
    (here / "ns").mkdir(parents=True)
    (here / "comm").write_text(name + "\n")
    (here / "cmdline").write_bytes(b"\0".join(word.encode() for word in ["keepalived", *arguments]) + b"\0")
    os.symlink(namespace, here / "ns" / "net")
    os.symlink("/", here / "cwd")
    os.symlink(root, here / "root")


@pytest.fixture
def machine(tmp_path):
    """A /proc and a root directory of their own."""
    proc, root = tmp_path / "proc", tmp_path / "root"
    (proc / "self" / "ns").mkdir(parents=True)
    os.symlink("net:[1]", proc / "self" / "ns" / "net")
    (root / "etc/keepalived/conf.d").mkdir(parents=True)
    (root / "etc/keepalived/keepalived.conf").write_text("include conf.d/*.conf\n")
    (root / "etc/keepalived/conf.d/web.conf").write_text("virtual_server 198.18.0.100 80 {\n}\n")
    return proc, root


def test_a_running_keepalived_with_its_children(machine):
    proc, root = machine
    for pid in (100, 101, 1000):
        process(proc, pid, "keepalived", ["--dont-fork"], root)
    process(proc, 50, "sshd", [], root)
    assert k.owners(str(proc)) == [k.Owner(100, "/etc/keepalived/keepalived.conf", {"-t 198.18.0.100:80"}, set())]


def test_another_network_namespace_or_vrrp_alone_does_not_count(machine):
    proc, root = machine
    process(proc, 100, "keepalived", [], root, "net:[2]")
    process(proc, 101, "keepalived", ["--vrrp"], root)
    assert k.owners(str(proc)) == []


def test_a_file_that_is_not_there(machine):
    proc, root = machine
    process(proc, 100, "keepalived", ["-f", "/nowhere"], root)
    assert k.owners(str(proc)) == [k.Owner(100, "/nowhere", None, set())]
