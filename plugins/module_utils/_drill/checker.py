# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill promised beside what it measured: a sentence for each promise that was not kept."""

from __future__ import annotations

import math

# Expectation, figure, words.
AT_MOST = [
    ("failed_max", "failed", "%d requests failed"),
    ("sessions_lost_max", "sessions_lost", "%d sessions lost"),
    ("vip_holders_max", "vip_holders_max", "%d holders of a virtual address at once"),
    ("vip_moves_max", "vip_moves", "%d moves of a virtual address"),
    ("acknowledged_lost_max", "acknowledged_lost", "%d acknowledged and lost"),
    ("duplicates_max", "duplicates", "%d written twice"),
    ("writable_max", "writable_max", "%d accepted writes at the same moment"),
    ("downloads_broken_max", "downloads_broken", "%d downloads broken"),
    ("connections_broken_max", "connections_broken", "%d quiet connections broken"),
    ("return_outage_max_ms", "return_outage_ms", "outage of %d ms at or after the return"),
]


# What every drill promises, also where it does not say so; null takes a promise away.
PROMISED = {"sessions_lost_max": 0, "vip_holders_max": 1}
PROMISED_WITH_LEDGER = {"acknowledged_lost_max": 0}


def promised(result, drill):
    """The drill's expectations and those that go without saying."""
    given = drill.get("expect") or {}
    found = dict(PROMISED, **(PROMISED_WITH_LEDGER if "servers" in result else {}))
    found["failed_max"] = failed_max(result, drill)
    found.update(given)
    return found


def failed_max(result, drill):
    """As many as are asked within the budget, or the share of them that the fault may touch; None without such a budget.

    The rate is the one before the fault. Writes have their own promises, and where an operator answers, the budget is not
    about the whole outage.
    """
    fault, allowed = result["fault_ms"], result["budget_ms"]
    if allowed is None or "servers" in result or drill.get("budget_from") == "then":
        return None
    share = (drill.get("expect") or {}).get("failed_share")
    within = result["length_ms"] if fault is None else fault
    asked = result["requests"] if fault is None else result["phases"]["before"]["requests"]
    return math.ceil(asked / max(1.0, within) * allowed * (1.0 if share is None else float(share)))


def budget(drill, predicted):
    if drill.get("budget_ms") is not None:
        return round(float(drill["budget_ms"]))
    if drill.get("budget_factor") is not None and predicted is not None:
        return round(float(drill["budget_factor"]) * predicted)
    return None


def missed(result, drill):
    """A sentence for each expectation that did not hold."""
    given, expect = drill.get("expect") or {}, promised(result, drill)
    said = observed(result) + over_budget(result, drill)
    for key, field, words in AT_MOST:
        if expect.get(key) is not None and result.get(field, 0) > int(expect[key]):
            said.append("%s, allowed %d" % (words % result[field], int(expect[key])))
    said += addresses(result, given) + lasting(result, drill, expect) + apologies(result, expect)
    said += shares(result, drill, expect) + ledger(result, expect)
    if drill.get("wait_for_all") and not result["all_back"]:
        said.append("not every instance answered again")
    return ["%s: %s" % (result["name"], sentence) for sentence in said]


def observed(result):
    """Whether the drill was one at all."""
    said, before = [], result["phases"]["before"]
    if result["requests"] == 0 or before["requests"] == 0:
        said.append("nothing was observed before the fault")
    if result["fault_ms"] is not None:
        if result["requests"] and not result["phases"]["during"]["requests"]:
            # The clocks of client and hosts may differ, or the client stood still.
            said.append("nothing was observed between the fault and its healing")
        if before["failed"]:
            said.append("%d requests failed before the fault" % before["failed"])
        if before["sorry"]:
            said.append("the sorry server answered %d requests before the fault" % before["sorry"])
    if result["fault"] != "none" and result["fault_ms"] is None:
        said.append("the fault was not injected")
    return said


def over_budget(result, drill):
    if result["budget_ms"] is None and drill.get("budget_factor") is not None:
        return ["no budget, since nothing was predicted (%s)" % (result["predicted_by"] or "the drill has no predict")]
    from_then = drill.get("budget_from") == "then"
    outage = result.get("then_outage_ms") if from_then else result["outage_ms"]
    if outage is None:
        return ["the playbook that answers the fault did not run"]
    if result["budget_ms"] is not None and outage > result["budget_ms"]:
        words = "outage %d ms from the beginning of the playbook, budget %d ms" if from_then else "outage %d ms, budget %d ms"
        return [words % (outage, result["budget_ms"])]
    return []


def ledger(result, expect):
    """Whether everything acknowledged is everywhere, and nothing else."""
    allowed = expect.get("acknowledged_lost_max")
    wanted = [k for k in ("acknowledged_lost_max", "duplicates_max", "writable_max", "caught_up_max_ms") if expect.get(k) is not None]
    if "servers" not in result:
        return ["there was no ledger for %s: give the drill one with 'ledger'" % wanted[0]] if wanted else []
    said = []
    if not result["ledger_checked"]:
        said.append("nobody could look at %s for what was acknowledged" % result["ledger"]["address"])
    if result["acknowledged"] == 0:
        said.append("nothing was acknowledged")
    for name, part in sorted(result["servers"].items()):
        said += server(name, part, expect, None if allowed is None else int(allowed))
    if allowed is not None and result["failed_committed"]:
        said.append("%d writes that failed are there all the same" % result["failed_committed"])
    return said


def server(name, part, expect, allowed):
    if part["rows"] is None:
        return ["%s could not be asked for what is there" % name]
    said, longest = [], expect.get("caught_up_max_ms")
    if allowed is not None and part["missing"] > allowed:
        said.append("%s lacks %d acknowledged, allowed %d" % (name, part["missing"], allowed))
    if allowed is not None and part["strange"]:
        said.append("%s has %d that the writer does not have" % (name, part["strange"]))
    if longest is not None and part["caught_up_ms"] is None:
        said.append("%s had not caught up in the end" % name)
    elif longest is not None and part["caught_up_ms"] > float(longest):
        said.append("%s had caught up after %d ms, allowed %d ms" % (name, part["caught_up_ms"], float(longest)))
    return said


def addresses(result, expect):
    """Who holds the virtual addresses when it is over. 'before' is the holder of before the fault, 'other' anyone else."""
    said, wanted = [], expect.get("vip_holder_at_end")
    about = [key for key in ("vip_holder_at_end", "vip_moves_max") if expect.get(key) is not None]
    if about and not result["vips"]:
        return ["nobody was asked for an address for %s: give the drill its 'vips'" % about[0]]
    for address, held in sorted(result["vips"].items()):
        if expect.get("vip_holders_max") is not None and held["last"] != 1:
            said.append("%d holders of %s at the end" % (held["last"], address))
        if wanted is None:
            continue
        last, first = held["holder_at_end"], held["holder_before"]
        good = {"before": bool(last) and last == first, "other": bool(last) and last != first}.get(wanted, last == wanted)
        if not good:
            names = {"before": first or "whom nobody saw before", "other": "another host than %s" % first}
            said.append("%s is held by %s at the end, not by %s" % (address, last or "nobody", names.get(wanted, wanted)))
    return said


def lasting(result, drill, expect):
    """Connections that had to outlast the fault: measured only if there were any and the fault fell into them."""
    said = []
    if result["download_problem"]:
        said.append(result["download_problem"])
    elif drill.get("download") and result["fault_ms"] is not None:
        whole = [d for d in result["download_list"] if d["outcome"] == "whole"]
        if whole and not result["downloads_crossed"]:
            said.append("no download was under way from the fault to the return: take a lower rate or a larger file")
    if expect.get("downloads_broken_max") is not None and not result["downloads"] and not result["download_problem"]:
        said.append("there was no download: give the drill one with 'download'")
    if expect.get("connections_broken_max") is not None and not result["connections"]:
        said.append("there was no quiet connection: give the drill one with 'quiet'")
    return said


def apologies(result, expect):
    if expect.get("sorry_min") is not None and result["sorry"] < int(expect["sorry_min"]):
        return ["%d answers of the sorry server, wanted %d" % (result["sorry"], int(expect["sorry_min"]))]
    return []


def shares(result, drill, expect):
    tolerance, said = float(expect.get("distribution_tolerance", 0.05)), []
    for host, part in sorted(result.get("distribution", {}).items()):
        if host == "(nobody named)":
            said.append("%d answers do not name their server: let the web servers send the header" % part["count"])
        elif part["deviation"] is None:
            # A share of nothing is kept by who does not answer.
            said += ["%s answered %d times without a share" % (host, part["count"])] if part["count"] else []
        elif abs(part["deviation"]) > tolerance:
            said.append(
                "%s answered %d of new connections, %+.1f %% from its share of %g, allowed %g %%"
                % (host, part["count"], part["deviation"] * 100, part["expected"], tolerance * 100)
            )
    if "distribution" in result and not any(p["count"] for p in result["distribution"].values()):
        said.append("nothing to count for the distribution")
    return said
