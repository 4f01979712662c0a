"""The order of a run's steps, with everything outside faked: modules, machines, playbooks, the clock."""

from __future__ import annotations

import json

import pytest
from ansible_collections.failover.stack.plugins.module_utils._drill.client.files import pack
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.machine import MachineError
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.playbook import PlaybookFailed
from ansible_collections.failover.stack.plugins.module_utils._drill.run import STARTED_S, Run, StepFailed

BEGAN = 1_800_000_000.0
# How long everything takes but waiting.
STEP_S = 0.25
PLAIN = {"name": "kill", "fault": "unit_kill", "unit": "x.service", "target": {"group": "web", "index": 0}}
OUTAGE = {"name": "outage", "fault": "unit_kill", "unit": "db.service", "stay_dead": True, "target": {"group": "web", "all": True},
          "then": {"playbook": "recover.yml"}, "heal": [{"playbook": "mend.yml"}], "afterwards": [{"playbook": "back.yml"}]}
RECOVER, MEND, BACK = ("playbook %s.yml" % name for name in ("recover", "mend", "back"))


class Outside:
    """Writes down what it is asked. `fails` maps a mark, such as 'drill_unit kill' or 'playbook mend.yml', to what is raised or said."""

    def __init__(self, **fails):
        self.fails = {key.replace("__", " "): value for key, value in fails.items()}
        self.clock, self.marks, self.lines, self.calls, self.slept, self.seen_while = BEGAN, [], [], [], [], {}
        self.observed, self.found, self.job_result, self.left, self.watch = BEGAN, {"holders": {}}, {"finished": False}, [], None

    def happen(self, mark):
        self.marks.append(mark)
        self.clock += STEP_S
        if self.watch:
            self.seen_while[mark] = self.watch()
        failure = self.fails.get(mark)
        if isinstance(failure, list):
            failure = failure.pop(0) if failure else None
        if isinstance(failure, BaseException):
            raise failure
        return failure

    def module(self, host, module, arguments):
        short, act = module.rpartition(".")[2], arguments.get("act", arguments.get("state", ""))
        self.calls.append((host, short, arguments))
        at = self.clock
        said = self.happen(("%s %s" % (short, act)).strip())
        if said:
            return {"failed": True, "msg": said}
        return {"at": at, "done": self.clock, "data": pack(self.seen()), "healthy": True, "timers": {"host": host}, **self.found}

    def seen(self):
        rows = [[n * 50, 10, -1, 0, 0, 0, -1] for n in range(200)]
        return {"started": self.observed, "rows": [list(column) for column in zip(*rows)], "codes": ["ok"], "arp": {}, "length_ms": 10000}

    def modules(self, calls):
        return [self.module(*call) for call in calls]

    def begin(self, module, arguments, seconds):
        self.calls.append(("client", "begin", dict(arguments, seconds=seconds)))
        self.observed = self.clock
        said = self.happen("begin")
        return {"failed": True, "msg": said} if said else {"ansible_job_id": "j1"}

    def job(self, begun):
        assert begun == {"ansible_job_id": "j1"}
        return self.job_result

    def machines(self, act, hosts):
        at = self.clock
        said = self.happen("machines %s %s" % (act, ",".join(hosts)))
        if said:
            raise MachineError(said)
        return at, self.clock

    def shuffled(self, hosts):
        return list(reversed(hosts))

    def reachable(self, hosts, within_s):
        self.within_s = within_s
        self.happen("reachable %s" % ",".join(hosts))
        return self.left

    def playbook(self, step):
        at = self.clock
        said = self.happen("playbook %s" % step["playbook"])
        self.calls.append(("localhost", "playbook", step))
        if said:
            raise PlaybookFailed(said)
        return at, self.clock

    def sleep(self, seconds):
        self.clock += seconds - STEP_S
        self.slept.append(seconds)
        self.happen("sleep %g" % round(seconds, 2))

    def now(self):
        return self.clock

    def say(self, line):
        self.lines.append(line)

    def acts(self):
        """What was done, without the waiting."""
        return [mark for mark in self.marks if not mark.startswith("sleep")]


@pytest.fixture
def run(tmp_path):
    (tmp_path / "page.html").write_text("@@DATA@@", encoding="utf-8")

    def make(drills, outside, only="", **more):
        parameters = {
            "drills": drills, "only": only, "address": "198.51.100.1", "port": 80, "host_header": "", "path": "/p", "session_path": "/s",
            "vips": [], "served_header": "", "sorry_header": "", "serving": [], "standbys": [], "rate": 20, "sessions": 0,
            "session_rate": 3.0, "time_limit_ms": 1000, "arp_ms": 50, "ledgers": {}, "ledger_passwords": {}, "before_s": 3, "hold_s": 6,
            "after_s": 5, "back_s": 90, "groups": {"web": ["web1", "web2"]}, "hosts": ["web1", "web2"],
            "addresses": {"web1": "198.51.100.11", "web2": "198.51.100.12"}, "timers": {}, "timer_units": [], "timer_modjk": [],
            "control": "/run/x", "playbook_s": 300, "report_directory": str(tmp_path / "reports" / "now"),
            "template": str(tmp_path / "page.html"), **more}
        return Run(parameters, "client", outside)
    return make


@pytest.fixture
def unhealed(tmp_path):
    directory = tmp_path / "reports" / "unhealed"

    def names():
        return sorted(path.name for path in directory.glob("*"))
    names.directory = directory
    return names


def test_the_order_of_a_drill(run, unhealed):
    outside = Outside()
    outside.watch = unhealed
    found = run([PLAIN], outside).all()
    assert outside.acts() == ["drill_observe steady", "begin", "drill_unit kill", "drill_unit start", "drill_observe finish"]
    assert found["missed"] == [] and found["unhealed"] == "" and "ok" in found["table"][-1]
    assert outside.seen_while["drill_unit kill"] == ["run"] and unhealed() == []
    # Nobody waits longer than he was told to.
    assert outside.slept == [STARTED_S, 4 - STARTED_S, 6]
    assert outside.lines[0] == "kill: unit_kill of web1" and outside.lines[1].startswith("ok     kill: outage 0 ms")


def test_a_drill_has_its_own_times(run):
    outside = Outside()
    run([dict(PLAIN, before_s=1, hold_s=2, after_s=7, wait_for_all=True)], outside).all()
    assert outside.slept == [STARTED_S, 2 - STARTED_S, 2]
    told = outside.calls[-1][2]
    assert (told["settle_s"], told["wait_for_all"], told["wait_s"]) == (7, True, 90)


def test_a_single_target_is_hit_at_once_and_several_at_one_moment(run):
    outside = Outside()
    run([PLAIN, dict(PLAIN, name="both", target={"group": "web", "all": True})], outside).all()
    one, *both = [(host, arguments["moment"]) for host, module, arguments in outside.calls
                  if module == "drill_unit" and arguments["act"] == "kill"]
    assert one == ("web1", 0.0)
    assert [host for host, _moment in both] == ["web1", "web2"]
    assert both[0][1] == both[1][1] > BEGAN


def test_machines_are_healed_and_waited_for(run):
    outside = Outside()
    run([dict(PLAIN, fault="machine_cut")], outside).all()
    assert outside.acts()[2:5] == ["machines cut web1", "machines heal web1", "reachable web1"]


POWER = dict(PLAIN, fault="machine_kill", target={"group": "web", "all": True}, return_gap_s=3, back_s=200)


def test_machines_come_back_by_chance_one_after_the_other(run):
    outside = Outside()
    run([POWER], outside).all()
    assert outside.acts()[2:6] == ["machines kill web1,web2", "machines heal web2", "machines heal web1", "reachable web1,web2"]
    assert outside.slept.count(3.0) == 1 and outside.within_s == 200
    assert "kill: coming back in this order: web2, web1" in outside.lines
    asked = [arguments for _host, name, arguments in outside.calls if name == "drill_observe" and arguments.get("state") == "finish"]
    assert asked[0]["wait_s"] == 200


def test_an_interrupted_return_waits_for_nothing(run, unhealed):
    outside = Outside(machines__heal__web2=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run([POWER], outside).all()
    assert "machines heal web1,web2" in outside.marks and unhealed() == []


def test_a_machine_that_does_not_come_back(run, unhealed):
    outside = Outside()
    outside.left = ["web1"]
    found = run([dict(PLAIN, fault="machine_kill"), dict(PLAIN, name="next")], outside).all()
    words = "web1 cannot be reached within 90 s after the healing"
    assert found["missed"] == ["kill: " + words] and found["unhealed"] == words
    # The next run tries it again.
    assert unhealed() == ["run"]


def test_a_disk_is_small_only_for_the_drill(run):
    outside = Outside()
    run([dict(PLAIN, fault="disk_fill", disk={"path": "/data", "spare_mb": 4})], outside).all()
    assert outside.acts() == [
        "drill_observe steady", "drill_disk shrink", "drill_observe steady", "begin", "drill_disk fill", "drill_disk free",
        "drill_observe finish", "drill_disk restore"]
    told = [arguments for _host, module, arguments in outside.calls if module == "drill_disk"]
    assert [arguments.get("spare_mb") for arguments in told] == [4, None, None, None]


def test_playbooks_before_while_and_after(run, unhealed):
    outside = Outside()
    outside.watch = lambda: (
        [step["playbook"] for step in json.loads((unhealed.directory / "outage.json").read_text(encoding="utf-8"))]
        if (unhealed.directory / "outage.json").exists() else [])
    run([dict(OUTAGE, prepare=[{"playbook": "first.yml"}])], outside).all()
    assert outside.acts() == [
        "drill_observe steady", "playbook first.yml", "drill_observe steady", "begin", "drill_unit kill", "drill_unit kill", RECOVER,
        "drill_unit start", "drill_unit start", MEND, "drill_observe finish", BACK]
    # Each is in the journal until it has run.
    assert outside.seen_while["begin"] == ["mend.yml", "back.yml"]
    assert outside.seen_while["drill_unit kill"] == outside.seen_while[RECOVER] == ["recover.yml", "mend.yml", "back.yml"]
    assert outside.seen_while[MEND] == ["mend.yml", "back.yml"] and outside.seen_while[BACK] == ["back.yml"]
    assert unhealed() == []
    told = [step["vars"] for _host, module, step in outside.calls if module == "playbook"]
    assert told == [{"drill_targets": ["web1", "web2"]}] * 4
    assert 3 in outside.slept


def test_a_playbook_as_the_fault_lasts_until_it_is_mended(run):
    outside, drill = Outside(), {"name": "drain", "fault": "playbook", "playbook": "drain.yml", "heal": [{"playbook": "mend.yml"}]}
    found = run([drill, dict(drill, name="once", heal=[])], outside).all()
    assert outside.acts()[2:4] == ["playbook drain.yml", MEND]
    assert found["missed"] == []


# --- What goes wrong ----------------------------------------------------------

def test_a_fault_that_cannot_be_injected_is_healed_and_reported(run, unhealed):
    outside = Outside(drill_unit__kill="there is no unit 'x.service' on this host")
    found = run([PLAIN, dict(PLAIN, name="next", fault="none", target={})], outside).all()
    assert outside.acts()[2:5] == ["drill_unit kill", "drill_unit start", "drill_observe finish"]
    assert found["missed"] == [
        "kill: Break unit_kill on web1: there is no unit 'x.service' on this host", "kill: the fault was not injected"]
    # The next drill runs all the same, and in the end everything is healed once more.
    assert "ok     next" in outside.lines[-1] and outside.acts()[-2:] == ["drill_unit start", "drill_unit start"]
    assert unhealed() == []


def test_nobody_answers_a_fault_that_did_not_happen(run, unhealed):
    outside = Outside(drill_unit__kill="no")
    run([OUTAGE], outside).all()
    assert RECOVER not in outside.marks and unhealed() == []


def test_an_answer_that_fails_is_not_tried_again_and_timed(run, tmp_path, unhealed):
    outside = Outside(**{"playbook__recover.yml": "nobody has the newest state"})
    found = run([OUTAGE], outside).all()
    assert outside.marks.count(RECOVER) == 1 and "drill_unit start" in outside.marks and unhealed() == []
    assert found["missed"] == ["outage: Run the playbook that answers the fault: nobody has the newest state"]
    report = json.loads((tmp_path / "reports" / "now" / "drill.json").read_text(encoding="utf-8"))
    assert report["drills"][0]["then_took_ms"] == 250


def test_without_an_observer_nothing_is_broken(run):
    outside = Outside()
    outside.job_result = {"finished": True, "failed": True, "msg": "the observer may not open a raw socket"}
    found = run([PLAIN], outside).all()
    assert "drill_unit kill" not in outside.marks and "drill_observe finish" not in outside.marks
    assert found["missed"][0] == "kill: Observe in the background on client: the observer may not open a raw socket"


def test_an_observer_that_cannot_be_begun(run):
    outside = Outside(begin="client cannot be reached")
    found = run([PLAIN], outside).all()
    assert found["missed"][0] == "kill: Observe in the background on client: client cannot be reached"
    assert "drill_unit kill" not in outside.marks


def test_an_observer_that_dies_says_why(run):
    outside = Outside(drill_observe__finish="the observer did not finish")
    outside.watch = lambda: setattr(outside, "job_result", {"finished": "drill_unit kill" in outside.marks, "msg": "no memory"})
    found = run([PLAIN], outside).all()
    assert found["missed"][0] == (
        "kill: See the return under load and fetch what was seen on client: the observer did not finish: no memory")
    assert "kill: nothing was observed before the fault" in found["missed"]


def test_no_steady_state_no_fault(run):
    outside = Outside(drill_observe__steady="the steady state was not there within 90 s: web2 serves nothing")
    found = run([PLAIN], outside).all()
    assert "begin" not in outside.marks and "drill_unit kill" not in outside.marks
    assert found["missed"][0].startswith("kill: Wait until clients are served as they should be on client: the steady state was not")


def test_a_heal_that_fails_is_tried_by_the_heal_of_all(run, unhealed):
    outside = Outside(drill_unit__start=["Job for x.service failed"])
    found = run([PLAIN], outside).all()
    assert found["missed"] == ["kill: Heal the unit on web1: Job for x.service failed"] and found["unhealed"] == ""
    # Others are looked at all the same.
    assert "drill_observe finish" in outside.marks and unhealed() == []


def test_a_heal_that_fails_for_good_leaves_the_mark(run, unhealed):
    outside = Outside(**{"playbook__mend.yml": "no way"})
    found = run([OUTAGE], outside).all()
    assert found["unhealed"] == "Heal by playbooks: no way"
    # What was for later was not forgotten.
    assert [step["playbook"] for step in json.loads((unhealed.directory / "outage.json").read_text(encoding="utf-8"))] == [
        "mend.yml", "back.yml"]
    assert "run" in unhealed()


def test_a_defect_of_ours_does_not_keep_anything_broken(run):
    outside = Outside(drill_unit__kill=KeyError("moment"))
    found = run([PLAIN], outside).all()
    assert found["missed"][0] == "kill: KeyError: 'moment'" and "drill_unit start" in outside.marks


# --- Interruptions --------------------------------------------------------------

@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(1)])
@pytest.mark.parametrize("moment", ["drill_observe steady", "begin", "drill_unit kill", "sleep 6", "drill_unit start",
                                    "drill_observe finish"])
def test_an_interrupted_drill_is_healed_and_the_run_ends(run, unhealed, interruption, moment):
    outside = Outside()
    outside.fails = {moment: [interruption]}
    with pytest.raises(type(interruption)):
        run([PLAIN, dict(PLAIN, name="never")], outside).all()
    after = outside.marks[outside.marks.index(moment) + 1:]
    assert "drill_observe steady" not in after and unhealed() == []
    assert ("drill_unit start" in after) is (moment != "drill_observe steady")
    assert ("drill_observe stop" in after) is (moment != "drill_observe steady")


def test_an_interrupted_answer_runs_again_before_the_units_start(run, unhealed):
    outside = Outside(**{"playbook__recover.yml": [KeyboardInterrupt()]})
    with pytest.raises(KeyboardInterrupt):
        run([OUTAGE], outside).all()
    assert outside.acts()[4:] == [RECOVER, RECOVER, "drill_unit start", "drill_unit start", MEND, "drill_observe stop", BACK]
    assert unhealed() == []


def test_an_answer_that_was_still_to_come_is_given(run):
    outside = Outside()
    outside.fails = {"sleep 3": [KeyboardInterrupt()]}
    with pytest.raises(KeyboardInterrupt):
        run([OUTAGE], outside).all()
    assert outside.acts()[4:] == [RECOVER, "drill_unit start", "drill_unit start", MEND, "drill_observe stop", BACK]


def test_an_interrupted_drill_that_cannot_be_healed_leaves_the_mark(run, unhealed):
    outside = Outside(drill_unit__kill=KeyboardInterrupt(), drill_unit__start="no")
    with pytest.raises(KeyboardInterrupt):
        run([PLAIN], outside).all()
    assert unhealed() == ["run"]


def test_the_mark_stays_where_an_earlier_drill_of_the_run_had_trouble(run, unhealed):
    outside = Outside(drill_unit__start=["no"])
    outside.fails["sleep 2"] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        run([PLAIN, dict(PLAIN, name="second", hold_s=2)], outside).all()
    assert unhealed() == ["run"]


# --- After a run that did not end ------------------------------------------------

def left(unhealed, broken=(), **journals):
    (unhealed.directory / "run").mkdir(parents=True)
    (unhealed.directory / "run" / "broken").write_text(json.dumps(list(broken)), encoding="utf-8")
    for name, steps in journals.items():
        (unhealed.directory / (name + ".json")).write_text(json.dumps(steps), encoding="utf-8")


CALM = {"name": "calm", "fault": "none"}


def test_what_a_run_before_has_left_is_healed_first(run, unhealed):
    left(unhealed, outage=[{"playbook": "recover.yml", "answer": True}, {"playbook": "mend.yml"}], old={"playbook": "back.yml"})
    outside = Outside()
    machine = dict(PLAIN, name="cut", fault="machine_cut", on_request=True)
    disk = dict(PLAIN, name="disk", fault="disk_fill", disk={"path": "/data"}, on_request=True)
    run([CALM, OUTAGE, machine, disk], outside, only="calm").all()
    assert outside.acts()[:10] == [
        "machines heal web1,web2", "reachable web1,web2", "drill_observe stop", RECOVER, "drill_disk heal", "drill_disk heal",
        "drill_unit start", "drill_unit start", BACK, MEND]
    assert outside.lines[0].startswith("A run before has not come to its end") and unhealed() == []


def test_an_answer_that_is_not_needed_any_more_holds_nothing_up(run, unhealed):
    left(unhealed, outage=[{"playbook": "recover.yml", "answer": True}, {"playbook": "mend.yml"}])
    outside = Outside(**{"playbook__recover.yml": "db1 answers: it is not dead"})
    run([CALM, OUTAGE], outside, only="calm").all()
    assert MEND in outside.marks and unhealed() == []
    assert "Answer what an interrupted drill has left: db1 answers: it is not dead. Going on without." in outside.lines


def test_whom_a_drill_aimed_at_a_holder_has_hit_is_known(run, unhealed):
    drill = dict(PLAIN, name="holder", target={"holds": "198.51.100.100"}, vips=["198.51.100.100"])
    killed = Outside(drill_unit__kill=KeyboardInterrupt(), drill_unit__start="the controller lost its power")
    killed.found = {"holders": {"198.51.100.100": ["web2"]}}
    with pytest.raises(KeyboardInterrupt):
        run([drill], killed).all()
    outside = Outside()
    run([CALM, drill], outside, only="calm").all()
    assert [(host, arguments) for host, module, arguments in outside.calls if module == "drill_unit"] == [
        ("web2", {"unit": "x.service", "act": "start"})]
    assert unhealed() == []


def test_machines_are_no_matter_where_no_drill_breaks_one(run, unhealed):
    left(unhealed)
    outside = Outside()
    run([PLAIN], outside).all()
    assert not any(mark.startswith("machines") for mark in outside.marks)


def test_what_cannot_be_healed_stops_the_run_before_anything_is_broken(run, unhealed):
    left(unhealed)
    outside = Outside(drill_unit__start="no")
    with pytest.raises(StepFailed, match="Start every unit that a drill breaks on web1: no"):
        run([PLAIN], outside).all()
    assert "begin" not in outside.marks and unhealed() == ["run"]


# --- Ledgers, timers, those who stand by -------------------------------------------

def test_ledgers_need_a_client_that_can_write(run):
    ledgers = {"rows": {"kind": "sql", "address": "198.51.100.2", "user": "drill", "servers": ["web1"]}}
    outside = Outside()
    run([dict(CALM, ledger={"name": "rows", "interval_ms": 5})], outside, ledgers=ledgers, ledger_passwords={"rows": "s3cret"}).all()
    assert outside.acts()[:2] == ["apt", "config_files"]
    written = outside.calls[1][2]
    assert written["secrets"] == {"rows": "s3cret"} and "s3cret" not in json.dumps(written["files"])
    told = next(arguments for _host, module, arguments in outside.calls if module == "begin")["ledger"]
    assert told == {"kind": "sql", "address": "198.51.100.2", "user": "drill", "servers": {"web1": "198.51.100.11"}, "interval_ms": 5,
                    "password_file": "/etc/failover-drill/rows.password", "file": "/var/lib/failover-drill/calm.ledger"}


def test_timers_are_read_once_and_only_where_something_is_predicted(run):
    predicted, outside = dict(CALM, predict={"kind": "none"}), Outside()
    made = run([predicted, dict(predicted, name="more")], outside)
    made.all()
    assert outside.marks.count("drill_timers") == 2 and made.timers == {"web1": {"host": "web1"}, "web2": {"host": "web2"}}
    for drills, given in (([CALM], {}), ([predicted], {"web1": {}})):
        outside = Outside()
        run(drills, outside, timers=given).all()
        assert "drill_timers" not in outside.marks


STANDBYS = [{"hosts": ["web1", "web2"], "instances": ["web"], "addresses": ["198.51.100.100"]}]
HELD = dict(PLAIN, target={"holds": "198.51.100.100"}, vips=["198.51.100.100"])


def test_whoever_stands_by_is_waited_for(run):
    outside = Outside(vrrp_info=["web is not there yet", None, None])
    outside.found = {"holders": {"198.51.100.100": ["web1"]}}
    run([HELD], outside, standbys=STANDBYS).all()
    assert outside.acts()[:5] == ["drill_observe steady", "vrrp_info", "vrrp_info", "vrrp_info", "begin"]


def test_whoever_does_not_come_to_stand_by(run):
    outside = Outside(vrrp_info="keepalived.service does not run")
    outside.found = {"holders": {"198.51.100.100": ["web1"]}}
    found = run([HELD], outside, standbys=STANDBYS, back_s=2).all()
    assert found["missed"][0] == (
        "kill: Wait until whoever stands by for an address could take it over: web1: keepalived.service does not run; web2: keepalived."
        "service does not run")


# --- Interrupted anywhere, more than once ----------------------------------------

class PowerLoss(BaseException):
    """Nothing is done any more, healing neither."""


class World(Outside):
    """Has what is broken, and is interrupted at the n-th thing that is done: before it is, or just after. For good, where `dies`."""

    def __init__(self, before=(), after=(), dies=None):
        super().__init__()
        self.before, self.after, self.dies, self.count, self.broken, self.wrong = before, after, dies, 0, set(), []
        self.found = {"holders": {VIP: ["web2"]}}

    def happen(self, mark):
        self.count += 1
        if self.dies is not None and self.count >= self.dies:
            raise PowerLoss
        if self.count in self.before:
            raise KeyboardInterrupt
        super().happen(mark)
        self.effect(mark)
        if self.count in self.after:
            raise KeyboardInterrupt

    def module(self, host, module, arguments):
        self.host = host
        return super().module(host, module, arguments)

    def effect(self, mark):
        what, _blank, act = mark.partition(" ")
        if what == "begin":
            self.broken.add("observed")
        elif what == "drill_observe" and act in ("stop", "finish"):
            self.broken.discard("observed")
        elif what == "drill_unit":
            if act == "start" and ("dead", self.host) in self.broken and "unanswered" in self.broken:
                self.wrong.append("%s was started before the answer" % self.host)
            (self.broken.add if act == "kill" else self.broken.discard)(("dead", self.host))
            self.broken.update({"unanswered", "split"} if act == "kill" and self.answers else ())
        elif what == "drill_disk":
            for part, begins, ends in (("small", "shrink", "restore"), ("full", "fill", "free")):
                self.broken.update({(part, self.host)} if act == begins else ())
                self.broken.difference_update({(part, self.host)} if act in (ends, "heal") else ())
        elif what == "machines":
            hosts = {("cut", host) for host in act.split(" ")[1].split(",")}
            (self.broken.update if act.startswith("cut") else self.broken.difference_update)(hosts)
        elif what == "playbook":
            self.broken.update({"first.yml": {"drained"}, "switch.yml": {"switched"}}.get(act, ()))
            self.broken.difference_update({"recover.yml": {"unanswered"}, "mend.yml": {"split"}, "back.yml": {"drained"},
                                           "again.yml": {"switched"}}.get(act, ()))

    answers = True


VIP = "198.51.100.100"
UNANSWERED = {"name": "holder", "fault": "unit_kill", "unit": "x.service", "target": {"holds": VIP}, "vips": [VIP]}
BREAKING = [
    dict(OUTAGE, prepare=[{"playbook": "first.yml"}]), UNANSWERED,
    {"name": "full", "fault": "disk_fill", "unit": "x.service", "disk": {"path": "/data"}, "target": {"holds": VIP}, "vips": [VIP]},
    {"name": "cut", "fault": "machine_cut", "target": {"group": "web", "all": True}, "prepare": [{"playbook": "first.yml"}],
     "afterwards": [{"playbook": "back.yml"}]},
    {"name": "switched", "fault": "playbook", "playbook": "switch.yml", "heal": [{"playbook": "again.yml"}]}]


def interrupted(run, drill, **how):
    """The world after a run that was interrupted so, and how many things were done."""
    world = World(**how)
    world.answers = "then" in drill
    ended = None
    try:
        run([drill], world).all()
    except (KeyboardInterrupt, PowerLoss) as error:
        ended = type(error)
    return world, ended


def nothing_is_left(run, drill, world, unhealed, where):
    """The next run, of another drill, heals what the one before has left."""
    after = World()
    after.broken, after.wrong, after.answers = world.broken, world.wrong, world.answers
    run([CALM, drill], after, only="calm").all()
    assert (after.broken, after.wrong, unhealed()) == (set(), [], []), where


@pytest.mark.parametrize("drill", BREAKING, ids=lambda drill: drill["name"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_interrupted_at_any_point_a_drill_is_healed_at_once(run, unhealed, drill, when):
    for point in range(1, interrupted(run, drill)[0].count + 1):
        world, ended = interrupted(run, drill, **{when: (point,)})
        assert ended is KeyboardInterrupt and (world.broken, world.wrong, unhealed()) == (set(), [], []), (point, world.marks)


@pytest.mark.parametrize("drill", BREAKING, ids=lambda drill: drill["name"])
def test_interrupted_again_at_any_point_the_next_run_heals_what_is_left(run, unhealed, drill):
    for first in range(1, interrupted(run, drill)[0].count + 1):
        for second in range(first + 1, first + 12):
            world, ended = interrupted(run, drill, before=(first, second))
            assert ended is KeyboardInterrupt
            # Either it was healed all the same, or the next run knows.
            assert unhealed() or not world.broken, (first, second, world.marks)
            nothing_is_left(run, drill, world, unhealed, (first, second, world.marks))


@pytest.mark.parametrize("drill", BREAKING, ids=lambda drill: drill["name"])
@pytest.mark.parametrize("first", [None, 6])
def test_killed_at_any_point_even_while_it_heals_the_next_run_heals(run, unhealed, drill, first):
    for point in range(1, interrupted(run, drill)[0].count + 1):
        world, ended = interrupted(run, drill, dies=point, before=(first,))
        assert ended is PowerLoss or first
        assert unhealed() or not world.broken, (point, world.marks)
        nothing_is_left(run, drill, world, unhealed, (point, world.marks))


def test_three_interruptions_leave_the_mark(run, unhealed):
    outside = Outside(drill_unit__kill=[KeyboardInterrupt()], drill_unit__start=[KeyboardInterrupt(), SystemExit(1)])
    with pytest.raises(SystemExit):
        run([PLAIN], outside).all()
    assert unhealed() == ["run"]
    again = Outside()
    run([CALM, PLAIN], again, only="calm").all()
    assert "drill_unit start" in again.marks and unhealed() == []


# --- What fails step by step --------------------------------------------------------

STEPS = [
    ("drill_observe steady", "Wait until clients are served as they should be on client: no"),
    ("playbook first.yml", "Run the playbooks that come first: no"),
    ("begin", "Observe in the background on client: no"),
    ("drill_unit kill", "Break unit_kill on web1: no"),
    ("playbook recover.yml", "Run the playbook that answers the fault: no"),
    ("drill_unit start", "Heal the unit on web1: no"),
    ("playbook mend.yml", "Heal by playbooks: no"),
    ("drill_observe finish", "See the return under load and fetch what was seen on client: no"),
    ("playbook back.yml", "Heal by playbooks: no"),
]


@pytest.mark.parametrize("mark, sentence", STEPS)
def test_whatever_step_fails_once_is_told_and_everything_is_healed(run, unhealed, mark, sentence):
    outside = Outside()
    outside.fails = {mark: ["no"]}
    found = run([dict(OUTAGE, prepare=[{"playbook": "first.yml"}])], outside).all()
    assert found["missed"][0] == "outage: " + sentence and found["unhealed"] == "" and unhealed() == []
    if "drill_unit kill" in outside.marks:
        assert outside.marks.index("drill_unit start") > outside.marks.index("drill_unit kill")
    # What had been changed before anybody looked is changed back whatever happened.
    if "playbook first.yml" in outside.marks:
        assert BACK in outside.marks[outside.marks.index("playbook first.yml"):]


@pytest.mark.parametrize("mark, sentence", [
    ("drill_disk shrink", "Make the disk small on web1: no"), ("drill_disk fill", "Break disk_fill on web1: no"),
    ("drill_disk free", "Free the disk on web1: no"), ("drill_disk restore", "Give the disk back its size on web1: no")])
def test_a_disk_is_emptied_and_given_back_whatever_failed(run, unhealed, mark, sentence):
    outside = Outside()
    outside.fails = {mark: ["no"]}
    found = run([dict(PLAIN, fault="disk_fill", disk={"path": "/data"})], outside).all()
    assert found["missed"][0] == "kill: " + sentence and unhealed() == []
    healing = ["drill_disk free", "drill_disk restore", "drill_disk heal"]
    assert [m for m in outside.marks if m in healing] == [*healing, "drill_disk heal"]


@pytest.mark.parametrize("mark, sentence", [
    ("machines cut web1", "Break machine_cut: no"), ("machines heal web1", "Heal the machine: no")])
def test_a_machine_is_healed_whatever_failed(run, unhealed, mark, sentence):
    outside = Outside()
    outside.fails = {mark: ["no"]}
    found = run([dict(PLAIN, fault="machine_cut")], outside).all()
    assert found["missed"][0] == "kill: " + sentence and unhealed() == []
    # Its own healing, and that of all in the end.
    assert [m for m in outside.marks if m.startswith("machines heal")] == ["machines heal web1", "machines heal web1,web2"]


def test_what_cannot_be_healed_does_not_keep_the_rest_broken(run, unhealed):
    left(unhealed, broken=[{"host": "web9", "unit": "y.service"}], alpha=[{"playbook": "stuck.yml"}, {"playbook": "later.yml"}],
         beta=[{"playbook": "mend.yml"}])
    outside = Outside()
    outside.fails = {"machines heal web1,web2": "no engine", "playbook stuck.yml": "no way"}
    with pytest.raises(StepFailed) as failed:
        run([dict(PLAIN, fault="machine_cut"), dict(PLAIN, name="unit")], outside).all()
    assert str(failed.value) == "Heal every machine: no engine; Heal by playbooks: no way"
    # Another drill's playbooks and every unit have had their turn; nothing new was broken.
    assert MEND in outside.marks and outside.marks.count("drill_unit start") == 3 and "begin" not in outside.marks
    assert unhealed() == ["alpha.json", "run"]
    assert [step["playbook"] for step in json.loads((unhealed.directory / "alpha.json").read_text(encoding="utf-8"))] == [
        "stuck.yml", "later.yml"]


@pytest.mark.parametrize("name, text, words", [
    ("old.json", "", "cannot be read (Expecting value: line 1 column 1 (char 0))"),
    ("old.json", '[{"playbook": "mend.y', "cannot be read (Unterminated string starting at: line 1 column 15 (char 14))"),
    ("old.json", '["mend.yml"]', "holds no list of dictionaries"), ("old.json", "null", "holds no list of dictionaries"),
    ("run/broken", '[{"host"', "cannot be read (Expecting ':' delimiter: line 1 column 9 (char 8))")])
def test_what_cannot_be_read_is_not_healed_and_said(run, unhealed, name, text, words):
    left(unhealed, new=[{"playbook": "mend.yml"}])
    (unhealed.directory / name).write_text(text, encoding="utf-8")
    outside = Outside()
    with pytest.raises(StepFailed) as failed:
        run([PLAIN], outside).all()
    assert str(failed.value) == "%s %s: heal by hand what the drill has broken, then remove the file" % (unhealed.directory / name, words)
    # All the same the rest is healed, once.
    assert outside.acts() == ["drill_observe stop", "drill_unit start", "drill_unit start", MEND]
    assert (unhealed.directory / name).read_text(encoding="utf-8") == text
    (unhealed.directory / name).unlink()
    run([PLAIN], Outside()).all()
    assert unhealed() == []


def test_a_journal_that_becomes_unreadable_under_way_is_told_in_the_report(run, unhealed):
    outside = Outside()

    def spoil():
        if outside.marks[-1] == RECOVER:
            (unhealed.directory / "outage.json").write_text("[{", encoding="utf-8")

    outside.watch = spoil
    found = run([OUTAGE], outside).all()
    words = ("%s cannot be read (Expecting property name enclosed in double quotes: line 1 column 3 (char 2)): heal by hand what the "
             "drill has broken, then remove the file" % (unhealed.directory / "outage.json"))
    assert words in found["missed"][0] and found["unhealed"] == words and "run" in unhealed()


@pytest.mark.parametrize("ledger, packages", [({"kind": "amqp"}, ["python3-pika"]), ({}, ["python3-pymysql"])])
def test_what_a_ledger_needs_is_installed_once_before_anything_is_broken(run, ledger, packages):
    ledgers = {"rows": {"address": "198.51.100.2", "user": "drill", **ledger}}
    outside = Outside()
    run([dict(CALM, ledger={"name": "rows"}), dict(CALM, name="more", ledger={"name": "rows"})], outside, ledgers=ledgers).all()
    assert [arguments["name"] for _host, module, arguments in outside.calls if module == "apt"] == [packages]
    failing = Outside(apt="no such package")
    with pytest.raises(StepFailed, match="Install what speaks to the servers of the ledgers on client: no such package"):
        run([dict(CALM, ledger={"name": "rows"})], failing, ledgers=ledgers).all()
    assert failing.acts() == ["apt"]


def test_several_that_fail_are_told_of_by_the_first(run):
    outside = Outside(drill_unit__kill=[None, "web2 is full"])
    found = run([dict(PLAIN, target={"group": "web", "all": True})], outside).all()
    # web1 was hit: it is healed, and the drill is none.
    assert found["missed"][:2] == ["kill: Break unit_kill on web2: web2 is full", "kill: the fault was not injected"]
    healed = [host for host, module, arguments in outside.calls if module == "drill_unit" and arguments["act"] == "start"]
    assert healed[:2] == ["web1", "web2"]
