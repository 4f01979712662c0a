.DEFAULT_GOAL := help
.PHONY: help lab status test test-all drill soak bench lab-down

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

lab: ## the whole stack on this machine, converged and verified (SUITE=trixie for Debian 13)
	@scripts/lab up

status: ## how the lab is, on one screen, and as reports/status.html
	@.venv/bin/ansible-playbook -i inventories/lab playbooks/status.yml

drill: ## kill each part under load and report what a client saw (ONLY=name-or-tier)
	@scripts/drill $(ONLY)

soak: ## random faults in all tiers for MINUTES=30 under visitors and ledgers: nothing lost, everybody back (ONLY=tier, SEED=n repeats a run)
	@scripts/soak "$(ONLY)" "$(MINUTES)" "$(SEED)"

bench: ## one node against several behind a director: DR, NAT, TUN, HAProxy (ROUNDS=6, MODES=DR, KEEP=1 keeps its nodes)
	@ROUNDS=$(ROUNDS) MODES="$(MODES)" KEEP=$(KEEP) scripts/bench

test: ## lint, sanity, unit tests, build, every scenario on one suite and half of the ansible-cores by turns (SCENARIOS="haproxy …", SUITES="bookworm trixie")
	@scripts/test

test-all: ## the same with every scenario on both suites
	@ALL=1 scripts/test

lab-down: ## remove all that make lab made
	@scripts/lab down
