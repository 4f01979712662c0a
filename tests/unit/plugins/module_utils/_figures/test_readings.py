from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._figures import readings

STAT = "cpu  1000 100 500 9000 300 10 20 70 0 0\ncpu0 1000 100 500 9000 300 10 20 70 0 0\nintr 1\n"
MEMINFO = ("MemTotal:       4096000 kB\nMemFree: 100 kB\nMemAvailable:    1024000 kB\nSwapTotal:  2048 kB\nSwapFree:  1024 kB\n"
           "HugePages_Total: 0\n")
DEV = ("Inter-|   Receive                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
       "    lo: 999999 1 0 0 0 0 0 0 999999 1 0 0 0 0 0 0\n  eth0: 20480 1 0 0 0 0 0 0 10240 1 0 0 0 0 0 0\n"
       "docker0: 999999 1 0 0 0 0 0 0 999999 1 0 0 0 0 0 0\n")
MOUNTS = ("overlay / overlay rw 0 0\nproc /proc proc rw 0 0\n/dev/sda1 /boot ext4 rw 0 0\n/dev/sdb1 /srv ext4 rw 0 0\n"
          "/dev/sdb1 /srv/again ext4 rw 0 0\n")
SHOW = """Id=tomcat@tomcat1.service
ActiveState=active
ActiveEnterTimestampMonotonic=100000000
MemoryCurrent=104857600
CPUUsageNSec=12500000000
TasksCurrent=42
NRestarts=1

Id=haproxy.service
ActiveState=active
ActiveEnterTimestampMonotonic=0
MainPID=321
MemoryCurrent=18446744073709551615
CPUUsageNSec=[not set]
TasksCurrent=7
NRestarts=0

Id=bare.service
ActiveState=active
MainPID=0
MemoryCurrent=[not set]
TasksCurrent=[not set]

Id=tomcat@tomcat2.service
ActiveState=activating
MemoryCurrent=1
"""
AUTO = "web1\nServerVersion: Apache/2.4\nTotal Accesses: 120\nTotal kBytes: 40\nServerUptimeSeconds: 60\nBusyWorkers: 1\nIdleWorkers: 49\n"


def test_processor():
    assert readings.processor(STAT, 100) == ((1000 + 100 + 500 + 10 + 20 + 70) / 100, 3.0)
    assert readings.processor("", 100) == (None, None)


def test_memory():
    assert readings.memory(MEMINFO) == {"memory_used": 75.0, "memory_free": 1000, "swap_used": 1}
    assert readings.memory("MemTotal: 5 kB\n") == {}


def test_network_of_real_interfaces():
    assert readings.network(DEV) == {"net_in": 20, "net_out": 10}


def test_the_fullest_disk_each_asked_once():
    asked = []

    def usage(place):
        asked.append(place)
        return {"/": 20.0, "/boot": None, "/srv": 80.0}[place]

    assert readings.disks(MOUNTS, usage) == {"disk_used": 80.0}
    assert asked == ["/", "/boot", "/srv"]
    assert readings.disks(MOUNTS, lambda place: None) == {}


def test_host():
    texts = {"stat": STAT, "loadavg": "0.50 0.40 0.30 1/2 3", "uptime": "120.99 99.00", "meminfo": MEMINFO, "net/dev": DEV}
    told = readings.host(texts, 100, lambda place: None)
    assert (told["load1"], told["uptime"], told["cpu"], told["memory_free"], told["net_in"]) == (0.5, 120, 17.0, 1000, 20)


def test_units_that_run_what_systemd_does_not_know_left_out():
    assert readings.units(SHOW, 160.0, {321: "Name:\tx\nVmRSS:\t   51200 kB\nThreads:\t9\n"}.get) == {
        "tomcat@tomcat1.service": {"memory": 100, "cpu": 12.5, "tasks": 42, "restarts": 1, "uptime": 60},
        "haproxy.service": {"memory": 50, "cpu": None, "tasks": 7, "restarts": 0, "uptime": None},
        "bare.service": {"memory": None, "cpu": None, "tasks": None, "restarts": None, "uptime": None}}
    assert readings.units("", 1.0, {}.get) == {}


def test_a_process():
    assert readings.process("VmRSS:\t   51200 kB\nThreads:\t9\n") == {"memory": 50, "tasks": 9}
    assert readings.process("") == {"memory": None, "tasks": None}


STATS = """# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,status,hrsp_5xx,
web,FRONTEND,,,5,9,100,120,1,1,OPEN,3,
app,web1,1,1,2,2,,60,1,1,UP,0,
app,web2,0,1,0,2,,60,1,1,DOWN,0,
app,web3,0,1,0,2,,60,1,1,MAINT (via app/web1),0,
app,web4,0,1,0,2,,60,1,1,DRAIN,0,
app,web5,0,1,0,2,,60,1,1,no check,0,
app,BACKEND,4,1,2,2,,60,1,1,UP,0,
"""


def test_haproxy():
    assert readings.haproxy(STATS) == {"sessions": 5, "arrived": 120, "errors": 3, "queue": 4, "up": 2, "down": 1, "drained": 2}
    assert readings.haproxy("<html>401</html>") == {}


STATUS = {"threads_connected": "5", "threads_running": "2", "questions": "1000", "slow_queries": "1", "uptime": "60"}


def channel(lag, receiver="running", applier="running"):
    return {"lag": lag, "receiver": receiver, "applier": applier}


def test_a_database_server():
    plain = {"connections": 5, "running": 2, "questions": 1000, "slow": 1, "uptime": 60}
    assert readings.sql(STATUS, None, {}) == plain
    assert readings.sql(STATUS, [], {}) == {**plain, "channels": 0, "stopped": 0, "lag": None}
    told = readings.sql(STATUS, [channel(3), channel(7), channel(None, "connecting")], {})
    assert (told["channels"], told["stopped"], told["lag"]) == (3, 1, 7)


def test_a_galera_member():
    shown = {"wsrep_cluster_size": 3, "wsrep_cluster_status": "Primary", "wsrep_local_state_comment": "Synced", "wsrep_ready": "ON",
             "wsrep_local_recv_queue": 4, "wsrep_flow_control_paused_ns": 1500000000}
    told = readings.sql(STATUS, None, shown)
    assert (told["members"], told["synced"], told["queue"], told["paused"]) == (3, 1, 4, 1.5)
    assert readings.sql(STATUS, None, dict(shown, wsrep_ready="OFF"))["synced"] == 0
    assert "members" not in readings.sql(STATUS, None, {"wsrep_cluster_size": 0})


@pytest.mark.parametrize("text, told", [
    (AUTO, {"busy": 1, "idle": 49, "requests": 120, "sent": 40, "uptime": 60}), ("<html>Not found</html>", {})])
def test_httpd(text, told):
    assert readings.httpd(text) == told
