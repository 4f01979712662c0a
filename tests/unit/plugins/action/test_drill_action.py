"""The action as the role calls it: a real ansible-playbook with real observers and faults, on hosts that are all this machine."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest
import yaml
from ansible_collections.failover.stack.plugins.module_utils._drill.client import files

ROOT = pathlib.Path(__file__).resolve().parents[4]
TOUCH = [{"hosts": "{{ drill_targets }}", "gather_facts": False, "tasks": [
    {"name": "Touch", "ansible.builtin.file": {"path": "{{ path }}-{{ inventory_hostname }}", "state": "{{ state }}", "mode": "0644"}}]}]


class Service(http.server.BaseHTTPRequestHandler):
    """Answers as the demo application does, or with 500 while a file says that it is broken."""

    def do_GET(self):
        body = json.dumps({"instance": "one", "session": "s", "counter": 1, "new": True}).encode()
        self.send_response(500 if any(self.server.place.glob("broken-*")) else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def lab(tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.place = tmp_path
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Lab(tmp_path, server.server_port)
    server.shutdown()


class Lab:
    def __init__(self, place, port):
        self.place, self.reports = place, place / "reports"
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_host": "127.0.0.1"}
        # Whoever may become somebody else without a password does.
        become = {"ansible_become": "{{ true }}", "ansible_become_method": "su"} if os.geteuid() == 0 else {}
        self.write("inventory.yml", {"all": {"vars": local, "hosts": {"client": {}, "web1": {}, "web2": become},
                                             "children": {"web": {"hosts": {"web1": {}, "web2": {}}}}}})
        self.write("touch.yml", TOUCH)
        self.values = {
            "drill_address": "127.0.0.1", "drill_port": port, "drill_rate": 20, "drill_sessions": 0, "drill_before_s": 1, "drill_hold_s": 1,
            "drill_after_s": 1, "drill_time_limit_ms": 5000, "drill_back_s": 20, "drill_report_directory": str(self.reports / "now"),
            "drill_served_header": "", "drill_verify": [sys.executable, "-c", "open(%r, 'w')" % str(place / "verified")]}

    def write(self, name, content):
        (self.place / name).write_text(yaml.safe_dump(content), encoding="utf-8")

    def touch(self, state):
        return {"playbook": str(self.place / "touch.yml"), "vars": {"path": str(self.place / "broken"), "state": state}}

    def drill(self, name, **more):
        return {"name": name, "fault": "playbook", **self.touch("touch"), "heal": [self.touch("absent")],
                "target": {"group": "web", "all": True}, **more}

    def begin(self, drills, inventory=("inventory.yml",), **values):
        self.write("play.yml", [{"hosts": "client", "gather_facts": False, "roles": ["failover.stack.drill"],
                                 "vars": {**self.values, "drill_list": drills, **values}}])
        # A client has one observer at a time, by this file; here others run on the same machine.
        self.write("control.yml", {"__drill_control": str(self.place / "run" / "finish")})
        environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".ansible" / "collections"), ANSIBLE_NOCOLOR="1",
                           ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_LOCAL_TEMP=str(self.place / "local"))
        # Whoever was started in the background of a script, or by nohup, ignores these, and so do those it starts.
        return subprocess.Popen(
            [sys.executable, "-m", "ansible", "playbook", *("--inventory=" + one for one in inventory), "-e", "@control.yml", "play.yml"],
            cwd=self.place, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
            preexec_fn=lambda: [signal.signal(one, signal.SIG_DFL) for one in (signal.SIGINT, signal.SIGHUP)])

    def run(self, drills, **values):
        process = self.begin(drills, **values)
        output, _nothing = process.communicate(timeout=500)
        return process.returncode, output

    def wait(self, condition):
        until = time.monotonic() + 300
        while not condition() and time.monotonic() < until:
            time.sleep(0.2)

    def report(self):
        return json.loads((self.reports / "now" / "drill.json").read_text(encoding="utf-8"))

    def broken(self):
        return sorted(path.name for path in self.place.glob("broken-*"))

    def unhealed(self):
        return sorted(path.name for path in (self.reports / "unhealed").glob("*"))


def order(output, *words):
    places = [output.index(word) for word in words]
    assert places == sorted(places), output


def test_drills_break_heal_and_are_held_to_their_budgets(lab):
    # The second's fault cannot be injected, which fails that drill and not the run.
    nowhere = str(lab.place / "nowhere.yml")
    rc, output = lab.run([
        lab.drill("first", expect={"failed_max": 1000}, predict={"kind": "fixed", "ms": 7}),
        lab.drill("wrong", playbook=nowhere), lab.drill("second", budget_ms=0)])
    assert rc == 2, output
    order(output, "first: playbook of web1, web2", "ok     first: outage", "MISSED wrong: outage", "second: playbook of",
          "MISSED second: outage", "second: outage", "Page: ", "drill : Verify that the stack", "Hold the drills to their budgets")
    report = lab.report()
    assert [drill["name"] for drill in report["drills"]] == ["first", "wrong", "second"]
    assert report["missed"][:2] == [
        "wrong: Break playbook: there is no playbook %s: correct the drill's playbook" % nowhere, "wrong: the fault was not injected"]
    first = report["drills"][0]
    assert first["predicted_ms"] == 7
    assert first["passed"] and first["failed"] > 5 and first["target"] == "web1, web2" and first["phases"]["before"]["requests"] > 5
    assert first["outage_ms"] > 900 and first["heal_took_ms"] > 100
    assert lab.broken() == lab.unhealed() == []
    assert (lab.place / "verified").exists() and (lab.reports / "latest" / "index.html").exists()


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 99), (signal.SIGHUP, -signal.SIGHUP)])
def test_ctrl_c_heals_before_the_run_ends_and_a_closed_terminal_soon_after(lab, number, status):
    process = lab.begin([lab.drill("long", hold_s=300), lab.drill("never")])
    with contextlib.closing(process.stdout):
        lab.wait(lambda: len(lab.broken()) == 2 or process.poll() is not None)
        time.sleep(1)
        process.send_signal(number)
        output = process.stdout.read()
        assert process.wait(timeout=60) == status, output
    if number != signal.SIGINT:
        lab.wait(lambda: not lab.unhealed())
    assert lab.broken() == lab.unhealed() == [], output
    assert "long: playbook of web1, web2" in output and "never" not in output
    locked = lab.place / "run" / "finish.lock"
    assert locked.exists() and files.holder(str(locked.with_suffix(""))) is None


def test_a_run_that_was_killed_is_healed_by_the_next(lab):
    journal = lab.reports / "unhealed" / "long.json"
    journal.parent.mkdir(parents=True)
    step = lab.touch("absent")
    journal.write_text(json.dumps([{**step, "vars": {**step["vars"], "drill_targets": ["web1", "web2"]}}]), encoding="utf-8")
    (lab.place / "broken-web1").touch()
    rc, output = lab.run([{"name": "calm", "fault": "none", "expect": {"failed_max": 0}}])
    assert rc == 0, output
    order(output, "A run before has not come to its end", "calm: none", "ok     calm")
    assert lab.broken() == lab.unhealed() == []


def test_a_wrong_list_is_refused_before_anything_is_done(lab):
    rc, output = lab.run([{"name": "x", "fault": "unit_kill"}])
    assert rc == 2 and "client: drill_list: 'x' has the fault 'unit_kill' and no unit: name one" in output
    assert not lab.reports.exists()


def test_a_host_that_cannot_be_reached_is_named(lab):
    gone = {"hosts": {"gone": {"ansible_connection": "ssh", "ansible_port": 1}}}
    lab.write("more.yml", {"all": gone})
    drill = {"name": "calm", "fault": "none", "predict": {"kind": "none"}}
    rc, output = lab.run([drill], drill_hosts=["web1", "gone"], inventory=["inventory.yml", "more.yml"])
    assert rc == 2 and "client: Read the timers in force on gone: gone cannot be reached: " in " ".join(output.split())
