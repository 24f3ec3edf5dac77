"""What stands in deploy/ fits the program: names, commands, figures, hardening."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.cli.parser import build_parser
from pipeline.run.metrics import Metrics
from pipeline.run.settings import RunSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
PAGE = DEPLOY.parent / "docs" / "operations.md"
SUFFIXES = r"_(?:bucket|sum|count)$"


def queryable() -> set[str]:
    """Every name of a time series that the service can have."""
    names: set[str] = set()
    for metric in Metrics().registry.collect():
        if metric.type == "counter":
            names.add(f"{metric.name}_total")
        elif metric.type == "histogram":
            names |= {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}
        else:
            names.add(metric.name)
    return names


def used(text: str) -> set[str]:
    return set(re.findall(r"storyfold_[a-z_]+", text))


def expressions() -> list[str]:
    board = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]


def test_the_dashboard_uses_metrics_that_exist() -> None:
    assert used("\n".join(expressions())) <= queryable()


def test_the_dashboard_shows_every_metric() -> None:
    shown = {re.sub(SUFFIXES, "", name) for name in used("\n".join(expressions()))}
    assert shown == {re.sub(SUFFIXES, "", name) for name in queryable()}


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    board = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    identifiers = [panel["id"] for panel in board["panels"]]
    assert len(identifiers) == len(set(identifiers))


def test_alerts_use_metrics_that_exist_and_say_what_to_do() -> None:
    text = (DEPLOY / "alerts.yml").read_text("utf-8")
    assert used(text) <= queryable()
    page = PAGE.read_text("utf-8")
    for alert in re.findall(r"alert: (\w+)", text):
        assert f"**{alert}**" in page


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("storyfold.service", r"^ExecStart=/opt/storyfold/bin/storyfold (.*)$"),
        ("storyfold-once.service", r"^ExecStart=/opt/storyfold/bin/storyfold (.*)$"),
        ("storyfold-worker@.service", r"^ExecStart=/opt/storyfold/bin/storyfold (.*)$"),
        ("storyfold.cron", r"/opt/storyfold/bin/storyfold (.*?) 2>&1"),
    ],
)
def test_commands_are_real(name: str, pattern: str) -> None:
    (command,) = re.findall(pattern, (DEPLOY / name).read_text("utf-8"), re.MULTILINE)
    assert build_parser().parse_args(shlex.split(command)).command in ("run", "once", "worker")


def test_commands_of_the_container_are_real() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    (entry,) = re.findall(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)
    check, command = re.findall(r"\bCMD (\[.*\])$", text, re.MULTILINE)
    assert build_parser().parse_args([*json.loads(entry)[1:], *json.loads(command)]).command == "run"
    assert build_parser().parse_args(json.loads(check)[1:]).command == "items"
    assert re.search(r"^USER 10001", text, re.MULTILINE)
    assert all(re.search(r"^FROM \S+:\d+\.\d+\.\d+-", line) for line in text.splitlines() if line.startswith("FROM"))


def test_commands_of_compose_are_real() -> None:
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    found = re.findall(r"^    entrypoint: \[storyfold, (.*)\]\n    command: \[(.*)\]$", text, re.MULTILINE)
    found += [(check, "") for check in re.findall(r"test: \[CMD, storyfold, (.*)\]$", text, re.MULTILINE)]
    assert len(found) == 4  # a service and a worker, each with its check of health
    for before, after in found:
        words = [word.strip().strip('"') for word in f"{before}, {after}".split(",") if word.strip()]
        assert build_parser().parse_args(words).db == "postgresql://storyfold@postgres/storyfold"
    project = (DEPLOY.parent / "pyproject.toml").read_text("utf-8")
    for extra in re.findall(r"^ARG EXTRAS=(\w+)$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE):
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE)


def test_the_manager_waits_longer_than_the_service_takes_to_stop() -> None:
    (allowed,) = re.findall(r"^TimeoutStopSec=(\d+)$", (DEPLOY / "storyfold.service").read_text("utf-8"), re.MULTILINE)
    assert RunSettings().stop_seconds + 2 < int(allowed) <= 20
    assert f"stop_grace_period: {allowed}s" in (DEPLOY / "compose.yaml").read_text("utf-8")


@pytest.mark.parametrize("unit", ["storyfold.service", "storyfold-once.service", "storyfold-worker@.service"])
def test_the_units_are_hardened(unit: str) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    command = [tool, "security", "--offline=true", "--no-pager", str(DEPLOY / unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    if found is None:
        pytest.skip(f"systemd-analyze cannot judge units offline: {done.stderr.strip()[:200]}")
    assert float(found.group(1)) <= 2.0
