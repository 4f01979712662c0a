# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of drills: each finds the steady state, observes, breaks, holds, heals whatever happened, looks on and is written down.

Everything outside is reached through `outside`, which the action plugin gives (plugin_utils/drill_outside.py) and unit tests fake:

    modules(calls)        results of [(host, module, arguments)], in their order, hosts at the same time; they may say failed
    begin(module, arguments, seconds)   a module on the client in the background; what is needed to ask for it
    job(begun)            how it is: finished, and its result then
    machines(act, hosts)  (at, done) of an act on whole machines; MachineError
    reachable(hosts, s)   those that cannot be reached within so many seconds
    shuffled(hosts)       the same in an order by chance
    playbook(step)        (at, done) of a playbook in a process of its own; PlaybookFailed
    sleep(s), now(), say(line)

Times are seconds since the epoch. A run that is interrupted (Ctrl-C, SystemExit) first heals the drill that it was in; whoever calls sees
to it that a second interruption does not come through.
"""

from __future__ import annotations

import os
import time

from ansible_collections.failover.stack.plugins.module_utils._drill import selection, settings
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.machine import MachineError
from ansible_collections.failover.stack.plugins.module_utils._drill.faults.playbook import PlaybookFailed
from ansible_collections.failover.stack.plugins.module_utils._drill.record import record
from ansible_collections.failover.stack.plugins.module_utils._drill.report import one_line, publish, table
from ansible_collections.failover.stack.plugins.module_utils._drill.unhealed import Unhealed, Unreadable

OBSERVE = "failover.stack.drill_observe"
# Until what is told to act at one moment has reached each of several hosts, which share the controller's processors.
REACHED_S, REACHED_EACH_S = 2, 2
# An observer that cannot do what it was told to says so by then.
STARTED_S = 1.5


class StepFailed(Exception):
    """What failed, and why, in words for the report."""


class State:
    """What is known of the drill that is under way."""

    def __init__(self, drill):
        self.drill, self.name = drill, drill["name"]
        self.targets, self.observer, self.data = [], None, None
        # One may be under way before its job is known.
        self.observing = False
        # (at, done) each.
        self.fault = self.then = self.heal = None
        self.problems, self.interrupted = [], False

    def trouble(self, error):
        # What is no failed step is a defect of ours: its kind says more than its words.
        expected = isinstance(error, (StepFailed, selection.DrillError, Unreadable))
        self.problems.append(str(error) if expected else "%s: %s" % (type(error).__name__, error))

    def breaks(self, kind):
        return self.drill["fault"].startswith(kind)


def span(results):
    """(first at, last done) of acts, those that did nothing apart; None when there was none."""
    acts = [(one["at"], one["done"]) for one in results if one.get("at")]
    return (min(at for at, _done in acts), max(done for _at, done in acts)) if acts else None


class Run:
    def __init__(self, parameters, client, outside):
        self.p, self.client, self.outside = parameters, client, outside
        groups, ledgers = self.p["groups"], self.p["ledgers"]
        self.chosen = selection.selected(self.p["drills"], self.p["only"], groups, ledgers)
        # All, on request or not: what an interrupted run of others has left is healed as well.
        self.known = selection.selected(self.p["drills"], ",".join(drill["name"] for drill in self.p["drills"]), groups, ledgers)
        self.unhealed = Unhealed(os.path.join(os.path.dirname(self.p["report_directory"].rstrip("/")), "unhealed"))
        self.timers, self.troubled = self.p["timers"], False
        self.secrets = [str(secret) for secret in self.p["ledger_passwords"].values()]

    # --- The run ------------------------------------------------------------

    def all(self):
        """What the report says: table, missed, page, and what could not be healed in the end."""
        self.make_ledgers_possible()
        if self.unhealed.left():
            self.outside.say("A run before has not come to its end: healing what it has left.")
            self.heal_all()
        self.read_timers()
        self.unhealed.mark()
        for drill in self.chosen:
            self.one(drill)
        unhealed = self.end()
        results, missed, page = publish(
            self.p["report_directory"], [drill["name"] for drill in self.chosen], self.p["template"],
            settings.about(self.p, self.client, time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.outside.now()))),
            self.p["groups"])
        return {"table": table(results), "missed": missed, "page": page, "unhealed": unhealed}

    def end(self):
        """What could not be healed, in words. Each drill has healed what it broke, unless it says otherwise."""
        try:
            if self.troubled:
                self.heal_all()
        except StepFailed as error:
            return str(error)
        self.unhealed.unmark()
        return ""

    def one(self, drill):
        state = State(drill)
        try:
            for step in (self.prepare, self.observe, self.break_it):
                step(state)
        except Exception as error:
            state.trouble(error)
        except BaseException:
            state.interrupted = True
            raise
        finally:
            # In any case, Ctrl-C included.
            self.mend(state)
        self.troubled = self.troubled or bool(state.problems)
        self.write_down(state)

    def mend(self, state):
        steps = [self.heal, self.look_back, self.restore_disks, self.put_back]
        try:
            self.to_the_end(state, steps)
        except BaseException:
            # Begun anew: each does nothing where there is nothing to do.
            state.interrupted = True
            self.to_the_end(state, steps)
            self.unmark_interrupted(state)
            raise
        if state.interrupted:
            self.unmark_interrupted(state)

    def unmark_interrupted(self, state):
        """Only after the last step: who is interrupted once more leaves the rest to the next run."""
        if not (state.problems or self.troubled):
            self.unhealed.unmark()

    def to_the_end(self, state, steps):
        for step in steps:
            try:
                step(state)
            except Exception as error:
                state.trouble(error)

    # --- Outside, with the reason where something fails ----------------------

    def modules(self, words, calls):
        """Results of modules; the first that failed is the reason."""
        results = self.outside.modules(calls)
        for (host, _module, _arguments), result in zip(calls, results):
            if result.get("failed"):
                raise StepFailed("%s on %s: %s" % (words, host, result.get("msg", "failed")))
        return results

    def on_client(self, words, module, arguments):
        return self.modules(words, [(self.client, module, arguments)])[0]

    def playbook(self, words, step):
        try:
            return self.outside.playbook(step)
        except PlaybookFailed as error:
            raise StepFailed("%s: %s" % (words, error)) from error

    def machines(self, words, act, hosts):
        try:
            return self.outside.machines(act, hosts)
        except MachineError as error:
            raise StepFailed("%s: %s" % (words, error)) from error

    # --- Before all drills ----------------------------------------------------

    def make_ledgers_possible(self):
        if not any(drill.get("ledger") for drill in self.chosen):
            return
        self.on_client("Install what speaks to the servers of the ledgers", "ansible.builtin.apt", {
            "name": settings.ledger_packages(self.p["ledgers"]), "update_cache": True, "cache_valid_time": 3600,
            "install_recommends": False})
        self.on_client("Write down the ledgers' passwords", "failover.stack.config_files",
                       settings.password_files(self.p["ledger_passwords"]))

    def read_timers(self):
        """The timers in force by host, where a drill is to be measured by them."""
        if self.timers or not any(drill.get("predict") for drill in self.chosen):
            return
        asked = {"modjk": self.p["timer_modjk"], "units": self.p["timer_units"]}
        results = self.modules("Read the timers in force", [(host, "failover.stack.drill_timers", asked) for host in self.p["hosts"]])
        self.timers = {host: result["timers"] for host, result in zip(self.p["hosts"], results)}

    # --- The parts of a drill -------------------------------------------------

    def prepare(self, state):
        drill = state.drill
        found = self.find_steady(state)
        state.targets = selection.targets(drill, found, self.p["groups"])
        self.outside.say("%s: %s%s" % (state.name, drill["fault"], " of " + ", ".join(state.targets) if state.targets else ""))
        heal, afterwards = settings.mending(drill, state.targets)
        self.unhealed.journal(state.name).keep(heal + afterwards)
        if state.breaks("disk_"):
            self.unhealed.breaks([{"host": host, **self.of_disk(state)} for host in state.targets])
            self.modules("Make the disk small", [self.disk(state, host, "shrink") for host in state.targets])
        for first in drill.get("prepare") or []:
            self.playbook("Run the playbooks that come first", settings.step(first, state.targets))
        if state.breaks("disk_") or drill.get("prepare"):
            self.find_steady(state)

    def find_steady(self, state):
        """What a look found when everything that the drill touches was as it should be."""
        told = settings.steady(self.p, state.drill)
        found = self.on_client("Wait until clients are served as they should be", OBSERVE, told)
        self.wait_for_standbys(selection.standing_by(self.p["standbys"], told["service"]["vips"], state.drill),
                               settings.seconds(self.p, state.drill, "back_s"))
        return found

    def wait_for_standbys(self, waiting, back_s):
        """Until whoever stands by for an address could take it over."""
        until = self.outside.now() + back_s
        while waiting:
            results = self.outside.modules([
                (one["host"], "failover.stack.vrrp_info", {key: one[key] for key in ("instances", "addresses")}) for one in waiting])
            late = [(one, result) for one, result in zip(waiting, results) if not result.get("healthy")]
            if late and self.outside.now() > until:
                raise StepFailed("Wait until whoever stands by for an address could take it over: " + "; ".join(
                    "%s: %s" % (one["host"], result.get("msg", "")) for one, result in late))
            waiting = [one for one, _result in late]
            if waiting:
                self.outside.sleep(1)

    def observe(self, state):
        told = settings.observed(self.p, state.drill)
        state.observing = True
        job = self.outside.begin(OBSERVE, told, told["max_s"] + 60)
        if job.get("failed"):
            raise StepFailed("Observe in the background on %s: %s" % (self.client, job.get("msg", "failed")))
        state.observer, begun = job, self.outside.now()
        self.outside.sleep(STARTED_S)
        self.see_it_observes(state)
        # It sees normal service first.
        self.outside.sleep(max(0.0, begun + settings.seconds(self.p, state.drill, "before_s") + 1 - self.outside.now()))

    def see_it_observes(self, state):
        """Without an observer nothing is broken."""
        result = self.outside.job(state.observer)
        if result.get("finished") or result.get("failed"):
            state.observer = None
            raise StepFailed("Observe in the background on %s: %s" % (self.client, result.get("msg") or "it ended at once"))

    def break_it(self, state):
        drill = state.drill
        answer = drill.get("then")
        if answer:
            journal = self.unhealed.journal(state.name)
            journal.keep([{**settings.step(answer, state.targets), "answer": True}, *journal.read()])
        try:
            state.fault = self.inject(state)
        except Exception:
            # Nobody answers what did not happen.
            self.unhealed.journal(state.name).answered()
            raise
        if answer:
            self.outside.sleep(int(answer.get("after_s", settings.THEN_AFTER_S)))
            self.answer(state)
        self.outside.sleep(settings.seconds(self.p, drill, "hold_s"))

    def inject(self, state):
        """(at, done), None where there is no fault."""
        drill, words = state.drill, "Break %s" % state.drill["fault"]
        if state.breaks("unit_"):
            # Whoever heals after an interruption cannot know who held an address or wrote when the drill began.
            self.unhealed.breaks([{"host": host, "unit": drill["unit"]} for host in state.targets])
            # Several hosts act at the same moment, each by its own clock: what tells them to must have reached all of them by then.
            many = len(state.targets) > 1
            moment = self.outside.now() + REACHED_S + REACHED_EACH_S * len(state.targets) if many else 0.0
            told = settings.unit(drill, drill["fault"].partition("_")[2], moment)
            return span(self.modules(words, [(host, "failover.stack.drill_unit", told) for host in state.targets]))
        if state.breaks("machine_"):
            return self.machines(words, drill["fault"].partition("_")[2], state.targets)
        if state.breaks("disk_"):
            return span(self.modules(words, [self.disk(state, host, "fill") for host in state.targets]))
        if drill["fault"] == "playbook":
            return self.playbook(words, settings.step(drill, state.targets))
        return None

    def answer(self, state):
        """What an operator would run. Once it has ended, well or not, nobody runs it again."""
        at, journal = self.outside.now(), self.unhealed.journal(state.name)
        try:
            state.then = self.playbook("Run the playbook that answers the fault", journal.answer())
        except StepFailed:
            state.then = (at, self.outside.now())
            raise
        finally:
            # An interrupted one runs again.
            if state.then:
                journal.answered()

    def heal(self, state):
        acts, journal, targets = [], self.unhealed.journal(state.name), state.targets
        if state.breaks("machine_") and targets:
            acts.extend(self.heal_targets(state))
            self.wait_for(targets, settings.seconds(self.p, state.drill, "back_s"))
        if state.interrupted:
            self.answer_what_was_left(journal)
        if state.breaks("disk_"):
            acts.append(span(self.modules("Free the disk", [self.disk(state, host, "free") for host in targets])))
        if state.breaks("unit_"):
            told = settings.unit(state.drill, "start")
            acts.append(span(self.modules("Heal the unit", [(host, "failover.stack.drill_unit", told) for host in targets])))
        acts.append(self.take_steps(journal, left=len(state.drill.get("afterwards") or [])))
        if targets or state.drill["fault"] == "playbook":
            done = [act for act in acts if act]
            # A playbook that nothing undoes is over when it has ended.
            over = (state.fault[1], 0) if state.fault else (0, 0)
            state.heal = (min(at for at, _end in done), max(end for _at, end in done)) if done else over

    def heal_targets(self, state):
        """Machines come back together, or by chance one after the other. An interrupted drill waits for nothing."""
        gap_s, words = state.drill.get("return_gap_s"), "Heal the machine"
        if gap_s is None or state.interrupted:
            return [self.machines(words, "heal", state.targets)]
        order, acts = self.outside.shuffled(state.targets), []
        self.outside.say("%s: coming back in this order: %s" % (state.name, ", ".join(order)))
        for number, host in enumerate(order):
            self.outside.sleep(float(gap_s) if number else 0.0)
            acts.append(self.machines(words, "heal", [host]))
        return acts

    def take_steps(self, journal, left=0):
        """(at, done) of a journal's playbooks but the last `left`, None without any. One that fails stays in it, with all after it."""
        spans, steps = [], journal.read()
        for number in range(max(0, len(steps) - left)):
            spans.append(self.playbook("Heal by playbooks", steps[number]))
            journal.keep(steps[number + 1:])
        return (spans[0][0], spans[-1][1]) if spans else None

    def look_back(self, state):
        """Sees the return under load and fetches what was seen."""
        if state.interrupted and state.observing:
            self.on_client("End the observer", OBSERVE, {"state": "stop", "control": self.p["control"]})
        if state.interrupted or not state.observer:
            return
        drill, job, state.observer = state.drill, state.observer, None
        told = {"state": "finish", "control": self.p["control"], "settle_s": settings.seconds(self.p, drill, "after_s"),
                "wait_s": settings.seconds(self.p, drill, "back_s"), "wait_for_all": drill.get("wait_for_all", False)}
        try:
            state.data = self.on_client("See the return under load and fetch what was seen", OBSERVE, told)["data"]
        except StepFailed as error:
            # It may have said itself why.
            why = self.outside.job(job).get("msg")
            raise StepFailed("%s: %s" % (error, why) if why else str(error)) from error

    def restore_disks(self, state):
        if state.breaks("disk_"):
            self.modules("Give the disk back its size", [self.disk(state, host, "restore") for host in state.targets])

    def put_back(self, state):
        """By playbooks, what nobody needs to see."""
        self.take_steps(self.unhealed.journal(state.name))

    def write_down(self, state):
        service = settings.service(self.p, state.drill)
        events = {"target": ", ".join(state.targets), "address": " and ".join([service["address"], *service["also"]])}
        for key in ("fault", "heal", "then"):
            at, done = getattr(state, key) or (None, None)
            events[key + "_at"], events[key + "_done"] = at or None, done or None
        result = record(self.p["report_directory"], state.drill, state.data, events, self.timers, " ".join(state.problems), self.secrets)
        for line in [one_line(result), *result["missed"]]:
            self.outside.say(line)

    # --- Disks, machines ------------------------------------------------------

    def of_disk(self, state):
        return {"path": state.drill["disk"]["path"], "unit": state.drill["unit"]}

    def disk(self, state, host, act):
        return host, "failover.stack.drill_disk", settings.disk(state.drill, act)

    def wait_for(self, hosts, back_s):
        late = self.outside.reachable(hosts, back_s)
        if late:
            raise StepFailed("%s cannot be reached within %d s after the healing" % (" and ".join(late), back_s))

    # --- After a run that did not end ------------------------------------------

    def heal_all(self):
        """Whatever a drill of the inventory could have left, and what the run that did not end says it has broken.

        What cannot be healed does not keep the rest broken: all that is wrong is told in the end.
        """
        problems, broken = [], []
        try:
            broken = self.unhealed.broken()
        except Unreadable as error:
            problems.append(str(error))
        for step, *given in ((self.heal_machines,), (self.end_observer,), (self.of_each_journal, self.answer_what_was_left),
                             (self.empty_disks, broken), (self.start_units, broken), (self.of_each_journal, self.take_steps)):
            try:
                step(*given)
            except StepFailed as error:
                problems.append(str(error))
        if problems:
            raise StepFailed("; ".join(selection.once(problems)))

    def heal_machines(self):
        if any(drill["fault"].startswith("machine_") for drill in self.known):
            self.machines("Heal every machine", "heal", self.p["hosts"])
            self.wait_for(self.p["hosts"], self.p["back_s"])

    def end_observer(self):
        self.on_client("End an observer that was left", OBSERVE, {"state": "stop", "control": self.p["control"]})

    def empty_disks(self, broken):
        disks = selection.disks(self.known, self.p["groups"]) + [one for one in broken if "path" in one]
        self.modules("Empty every disk that a drill fills", [
            (one["host"], "failover.stack.drill_disk", {"path": one["path"], "unit": one["unit"], "act": "heal"})
            for one in selection.once(disks)])

    def start_units(self, broken):
        units = selection.units(self.known, self.p["groups"]) + [one for one in broken if "path" not in one]
        self.modules("Start every unit that a drill breaks", [
            (one["host"], "failover.stack.drill_unit", {"unit": one["unit"], "act": "start"}) for one in selection.once(units)])

    def of_each_journal(self, act):
        problems = []
        for journal in self.unhealed.journals():
            try:
                act(journal)
            except (StepFailed, Unreadable) as error:
                problems.append(str(error))
        if problems:
            raise StepFailed("; ".join(problems))

    def answer_what_was_left(self, journal):
        """While the units are still dead. The fault may be over meanwhile, by whoever's hand: what follows shows if anything is missing."""
        step = journal.answer()
        if not step:
            return
        try:
            self.playbook("Answer what an interrupted drill has left", step)
        except StepFailed as error:
            self.outside.say("%s. Going on without." % error)
        journal.answered()
