# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may be bootstrapped, if anybody: one pure decision over what all members returned.

It fails closed. Nothing is bootstrapped while a primary component lives, while a member that may be ahead of the others cannot
be read, or while members disagree about which cluster they are. Such an answer names the member and the override.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._galera.given_up import lost, point
from ansible_collections.failover.stack.plugins.module_utils._report.page import aligned

BLANK = "blank"
OVERRIDES = ("galera_bootstrap_from", "galera_discard")


def _names(names):
    return ", ".join(names)


def _loss(names):
    return "-e galera_discard=%s" % ",".join(names)


def classify(info):
    """What a member is: primary, running (non-primary), starting, unreachable, unreadable, torn, blank, standalone or data."""
    if not info or not info.get("reachable", False):
        return "unreachable"
    if info.get("primary"):
        return "primary"
    if info.get("running") and info.get("wsrep_on", True):
        return "running" if info.get("uuid") else "starting"
    if info.get("starting"):
        return "starting"
    if info.get("problem"):
        return "unreadable"
    if info.get("sst_in_progress"):
        return "torn"
    if info.get("uuid"):
        return "data"
    return "standalone" if info.get("databases") else BLANK


def states_of(members, infos):
    gone_on_without = lost(dict((name, infos.get(name) or {}) for name in members))
    return dict((name, dict(infos.get(name) or {}, kind=classify(infos.get(name)), lost=gone_on_without.get(name, ""))) for name in members)


def _went_on(info):
    return "the others went on without it at %s, so it may have what nobody else has" % info["lost"]


def _of(states, *kinds):
    return [name for name in states if states[name]["kind"] in kinds]


def _why(info):
    """In words, where a member's position comes from or why there is none."""
    kind = info["kind"]
    if kind == "unreachable":
        return "it cannot be reached, or is not among the hosts of this run"
    if kind == "unreadable":
        return info["problem"]
    if kind == "starting":
        return "it is starting and does not tell its position yet"
    if kind == "standalone":
        return "a MariaDB that was never in a cluster, with databases of its own (%s)" % _names(info["databases"])
    if kind == "torn":
        return "a state transfer to it broke off, its data are not whole"
    if kind == BLANK:
        return "a fresh, empty member"
    file = info.get("grastate", "ok")
    if info.get("source") == "recovered" and file != "ok":
        return "grastate.dat is %s, the position comes from InnoDB" % file
    if info.get("source") == "recovered":
        return "it did not stop cleanly, the position comes from InnoDB"
    return {"primary": "in a primary component", "running": "running, in no primary component"}.get(kind, "it stopped cleanly")


def _table(states, verdicts):
    rows = []
    for name, info in states.items():
        rows.append({
            "member": name, "reachable": info["kind"] != "unreachable", "service": info.get("service") or "?",
            "uuid": info.get("uuid") or "-", "seqno": info.get("seqno", -1), "source": info.get("source") or "-",
            "safe_to_bootstrap": bool(info.get("safe_to_bootstrap")), "primary": info["kind"] == "primary",
            "synced": bool(info.get("synced")),
            "because": _why(info), "verdict": verdicts.get(name, "stays as it is"),
        })
    return rows


def _answer(members, states, verdict, because, verdicts, **more):
    for name in states:
        if name not in members and verdict != "refuse":
            verdicts.setdefault(name, "leaves")
    answer = {"verdict": verdict, "because": because, "bootstrap": None, "how": None, "uuid": "", "seqno": -1, "new": False,
              "stop": [], "join": [], "discard": [], "refused": [], "given_up": {}, "table": _table(states, verdicts)}
    answer.update(more)
    return answer


def _refuse(members, states, sentences, verdicts):
    return _answer(members, states, "refuse", " ".join(sentences), verdicts)


def _apart(states, alive):
    """Two members of primary components that have nobody in common, if there are such: both sides would take writes."""
    sides = {name: set(str(states[name].get("status", {}).get("wsrep_incoming_addresses") or "").split(",")) - {""} for name in alive}
    for one in alive:
        for other in alive:
            if sides[one] and sides[other] and not sides[one] & sides[other]:
                return one, other
    return None


def _beside_primary(members, states, accepted, bootstrap_from):
    """A primary component lives: nobody is bootstrapped, who is down joins it."""
    alive = _of(states, "primary")
    uuids = sorted({states[name]["uuid"] for name in alive})
    verdicts = {name: "in the primary component" for name in alive if name in members}
    apart = _apart(states, alive)
    if len(uuids) > 1 or apart:
        what = ("they are different clusters: %s" % "; ".join("%s has %s" % (name, states[name]["uuid"]) for name in alive)
                if len(uuids) > 1 else "the cluster is split: %s and %s do not see each other" % apart)
        return _refuse(members, states, [
            "Two primary components live at once, %s. Stop the members of the one that is to be given up, then run again with %s." % (
                what, _loss(["<those members>"]))], verdicts)
    if not set(alive) & set(members):
        return _refuse(members, states, [
            "Only members that are to leave are in the primary component (%s), the others would not find it: take them out of "
            "galera_leaving_group, run again, and let them leave after that." % _names(alive)], verdicts)
    if bootstrap_from:
        return _refuse(members, states, [
            "galera_bootstrap_from is %s, but a primary component lives on %s: nothing is bootstrapped beside it; take the "
            "variable away." % (bootstrap_from, _names(alive))], verdicts)
    # What the component has received but not applied yet counts: a member that just died may have applied it already.
    top = max(states[name]["seqno"] + int(states[name].get("queue", 0)) for name in alive)
    sentences, join, discard = [], [], []
    for name in [name for name in members if states[name]["kind"] not in ("primary", "unreachable")]:
        info, problem = states[name], None
        if info["kind"] in ("data", "running") and info["uuid"] != uuids[0]:
            problem = "it belongs to another cluster (%s, the living one is %s)" % (info["uuid"], uuids[0])
        elif info["kind"] in ("data", "running") and info["seqno"] > top:
            problem = "it has transactions that the living component has not (%d, the component is at %d)" % (info["seqno"], top)
        # Starting: one that is not let in by its own machine is started again and again.
        elif info["kind"] in ("data", "running", "starting") and info["lost"]:
            problem = _went_on(info)
        elif info["kind"] == "standalone":
            problem = "it is " + _why(info)
        elif info["kind"] == "unreadable":
            problem = _why(info)
        if problem and name not in accepted:
            sentences.append("%s does not join, its data would be replaced by the cluster's: %s. If they may be lost: %s." % (
                name, problem.rstrip("."), _loss([name])))
            verdicts[name] = "refused"
            continue
        # Whoever is named in the override gets a whole copy, even where nothing seems to differ: after a split it does.
        if name in accepted:
            discard.append(name)
        join.append(name)
        verdicts[name] = ("joins; its own data are given up" if name in accepted
                          else "is on its way" if info["kind"] in ("running", "starting") else "joins")
    for name in members:
        if states[name]["kind"] == "unreachable":
            verdicts[name] = "joins when it is back"
    because = "A primary component lives on %s: nobody is bootstrapped." % _names(alive)
    return _answer(members, states, "primary", " ".join([because, *sentences]), verdicts, join=join, discard=discard,
                   refused=[name for name in members if verdicts.get(name) == "refused"], uuid=uuids[0], seqno=top)


def _first(members, states, accepted, bootstrap_from, verdicts):
    """Nobody was ever in a cluster: the first member begins one, or the one that brings data."""
    standalone = [name for name in _of(states, "standalone") if name in members and name not in accepted]
    if len(standalone) > 1 and bootstrap_from not in standalone:
        return _refuse(members, states, [
            "%s have databases of their own and were never in a cluster: only one can keep them. Choose it by "
            "-e galera_bootstrap_from=<host> and give up the others by %s." % (_names(standalone), _loss(["<the others>"]))], verdicts)
    fresh = [name for name in _of(states, BLANK) if name in members]
    torn = [name for name in _of(states, "torn") if name in members and name not in accepted]
    if torn:
        return _refuse(members, states, [
            "A state transfer to %s broke off, but no member has the data that it was to get: bring back the member that has them. If "
            "they may be lost: %s." % (_names(torn), _loss(torn))], verdicts)
    chosen = bootstrap_from or next(iter(standalone + fresh), None)
    if chosen is None or states[chosen]["kind"] not in (BLANK, "standalone"):
        return _refuse(members, states, ["Nobody is left who could begin a cluster: name an empty member by "
                                         "-e galera_bootstrap_from=<host>."
                                         if chosen is None else "galera_bootstrap_from is %s, which has nothing to begin with (%s)." % (
                                             chosen, _why(states[chosen]))], verdicts)
    others = [name for name in standalone if name != chosen]
    if others:
        return _refuse(members, states, [
            "%s would lose its databases when %s begins the cluster: if they may be lost, add %s." % (
                _names(others), chosen, _loss(others))], verdicts)
    because = "No member was ever in a cluster: %s begins one%s." % (
        chosen, " with its databases" if states[chosen]["kind"] == "standalone" else "")
    new = all(info["kind"] in (BLANK, "unreachable") for info in states.values())
    return {**_bootstrap(members, states, chosen, because, verdicts, accepted), "new": new}


def _bootstrap(members, states, chosen, because, verdicts, accepted):
    info = states[chosen]
    how = "running" if info["kind"] == "running" else "start"
    # A running member of the same component needs no restart when another of them makes the component primary.
    stays = [name for name in _of(states, "running") if how == "running" and name != chosen and name not in accepted]
    stop = [name for name in _of(states, "running") if name in members and name not in (chosen, *stays)]
    # A server that runs outside of any cluster begins one by a restart.
    stop += [chosen] if info.get("running") and not info.get("wsrep_on", True) else []
    join = [name for name in members if name != chosen and states[name]["kind"] != "unreachable"]
    discard = [name for name in join if name in accepted and states[name]["kind"] != BLANK]
    verdicts[chosen] = "bootstrapped"
    for name in join:
        verdicts[name] = "comes along" if name in stays else "joins; its own data are given up" if name in discard else "joins"
    for name in _of(states, "unreachable"):
        verdicts[name] = "given up until it is back" if name in members else "given up"
    late = [name for name in _of(states, "unreachable") if info.get("uuid")]
    if late:
        because += (" %s is not started again with the data it has, since it may have what nobody else has: when it is back, "
                    "%s gives it a whole copy." % (_names(late), _loss(late)))
    return _answer(members, states, "bootstrap", because, verdicts, bootstrap=chosen, how=how, stop=stop, join=join, discard=discard,
                   uuid=info.get("uuid") or "", seqno=info.get("seqno", -1),
                   # Of whom the others get everything nobody may say any more that it was given up.
                   given_up=dict([(name, point(info["uuid"], info["seqno"])) for name in late], **({chosen: ""} if info["lost"] else {})))


def _best(members, states, candidates):
    """Furthest ahead; of equals one that runs, then one that Galera says was the last, then the first of the inventory."""
    return min(candidates, key=lambda name: (-states[name]["seqno"], states[name]["kind"] != "running",
                                             not states[name].get("safe_to_bootstrap"), members.index(name)))


def _unknown(states, accepted):
    """Sentences for members that may be ahead of all others and cannot be read."""
    for name in _of(states, "unreachable", "unreadable"):
        if name not in accepted:
            yield "%s may be ahead of the others and cannot be read: %s. Bring it back, or, if what only it has may be lost: %s." % (
                name, _why(states[name]).rstrip("."), _loss([name]))


def _with_data(members, states, accepted, bootstrap_from, verdicts):
    known = [name for name in _of(states, "data", "running") if name not in accepted]
    candidates, leaving = [name for name in known if name in members], [name for name in known if name not in members]
    sentences = []
    if not candidates:
        return _refuse(members, states, ["Every member that has data is in galera_discard: leave one out." if not leaving else (
            "Only members that are to leave have data (%s): take them out of galera_leaving_group until the cluster lives." %
            _names(leaving))], verdicts)
    uuids = sorted({states[name]["uuid"] for name in known})
    if len(uuids) > 1:
        groups = ["%s has %s" % (name, states[name]["uuid"]) for name in known]
        sentences.append("The members belong to different clusters: %s. Say whose data are kept by -e galera_bootstrap_from=<host> and "
                         "give up the others by %s." % ("; ".join(groups), _loss(["<host>"])))
    for name in _of(states, "standalone"):
        if name in members and name not in accepted:
            sentences.append("%s is %s, joining would replace them. If they may be lost: %s." % (name, _why(states[name]), _loss([name])))
    for name in known:
        if states[name]["lost"] and name != bootstrap_from:
            sentences.append("%s is left out: %s. If that may be lost: %s. If it is to be kept instead of theirs: -e "
                             "galera_bootstrap_from=%s." % (name, _went_on(states[name]), _loss([name]), name))
    best = _best(members, states, candidates)
    chosen = bootstrap_from or best
    if not sentences and states[chosen]["kind"] not in ("data", "running"):
        sentences.append("galera_bootstrap_from is %s, which has nothing to begin with (%s): name one of %s." % (
            chosen, _why(states[chosen]), _names(candidates)))
    ahead = [name for name in candidates if name != chosen and states[name]["seqno"] > states[chosen].get("seqno", -1)]
    if not sentences and ahead:
        sentences.append("galera_bootstrap_from is %s at %d, but %s at %d: what is ahead would be lost. If it may: add %s." % (
            chosen, states[chosen]["seqno"], "%s is" % best if len(ahead) == 1 else "%s are ahead, %s" % (_names(ahead), best),
            states[best]["seqno"], _loss(ahead)))
    for name in leaving:
        if states[name]["seqno"] > states[chosen].get("seqno", -1):
            sentences.append("%s is to leave, but it is ahead (at %d, %s is at %d): take it out of galera_leaving_group until the "
                             "cluster lives. If what only it has may be lost: %s." % (
                                 name, states[name]["seqno"], chosen, states[chosen].get("seqno", -1), _loss([name])))
    if sentences:
        return _refuse(members, states, sentences, verdicts)
    equals = [name for name in candidates if states[name]["seqno"] == states[chosen]["seqno"]]
    because = "No primary component lives. %s is furthest ahead (%s:%d, from %s)" % (
        chosen, states[chosen]["uuid"], states[chosen]["seqno"], states[chosen]["source"])
    if bootstrap_from:
        because = "No primary component lives. %s is named by galera_bootstrap_from (%s:%d)" % (
            chosen, states[chosen]["uuid"], states[chosen]["seqno"])
    elif len(equals) > 1:
        reason = ("runs" if states[chosen]["kind"] == "running" else "was the last to leave" if states[chosen].get("safe_to_bootstrap")
                  else "is the first of them in the inventory")
        because += "; %s are equal, %s %s" % (_names(equals), chosen, reason)
    return _bootstrap(members, states, chosen, because + ".", verdicts, accepted)


def plan(members, infos, bootstrap_from="", discard=(), leaving=()):
    """The decision. members: names in the inventory's order; infos: name to what galera_info returned (none: not reached);
    leaving: members that are to leave, which are never bootstrapped or joined, but may be alive, or ahead.

    verdict: primary (one lives; join is who is to be started), settle (stop those in `stop`, read again), bootstrap (one, then
    join the others in order) or refuse (nothing). discard: members whose own data are to be given up before they join.
    """
    members, accepted = list(members), list(discard or [])
    everybody = [*members, *leaving]
    states = states_of(everybody, infos)
    wrong = ["%s names %s, which is no member (%s): correct it." % (variable, name, _names(members)) for variable, names in (
        ("galera_bootstrap_from", [bootstrap_from] if bootstrap_from else []), ("galera_discard", accepted))
        for name in names if name not in (members if variable == OVERRIDES[0] else everybody)]
    if bootstrap_from and bootstrap_from in accepted:
        wrong.append("%s is in galera_bootstrap_from and in galera_discard: it cannot be both kept and given up." % bootstrap_from)
    if wrong:
        return _refuse(members, states, wrong, {})
    if _of(states, "primary"):
        return _beside_primary(members, states, accepted, bootstrap_from)
    verdicts = {}
    unknown = list(_unknown(states, accepted))
    if unknown:
        for name in _of(states, "unreachable", "unreadable"):
            if name not in accepted:
                verdicts[name] = "must be read first"
        return _refuse(members, states, unknown, verdicts)
    if bootstrap_from and states[bootstrap_from]["kind"] == "unreachable":
        return _refuse(members, states, ["galera_bootstrap_from is %s, which cannot be reached." % bootstrap_from], verdicts)
    starting = _of(states, "starting")
    if starting:
        for name in starting:
            verdicts[name] = "is stopped, to read its position"
        return _answer(members, states, "settle", "No primary component lives, and a server that is starting cannot tell its "
                       "position: stop, then read again: %s." % _names(starting), verdicts, stop=starting)
    if _of(states, "data", "running"):
        return _with_data(members, states, accepted, bootstrap_from, verdicts)
    return _first(members, states, accepted, bootstrap_from, verdicts)


def lines(decision):
    """The table as lines for people."""
    heads = ("member", "reachable", "service", "uuid", "seqno", "source", "safe", "primary", "verdict", "because")
    rows = [heads]
    for row in decision["table"]:
        rows.append((row["member"], "yes" if row["reachable"] else "no", row["service"], row["uuid"][:8], str(row["seqno"]),
                     row["source"], "1" if row["safe_to_bootstrap"] else "0", "yes" if row["primary"] else "no",
                     row["verdict"], row["because"]))
    return [*aligned(rows, left=range(len(heads))), "", "%s: %s" % (decision["verdict"], decision["because"])]
