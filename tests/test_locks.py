"""What is pinned is what pyproject.toml asks for, every archive by its hash; `.ci/lock` writes all of it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CONTAINER, CI = ROOT / "deploy" / "requirements.txt", ROOT / ".ci" / "requirements.txt"


def pins(path: Path) -> dict[str, set[str]]:
    """Name → versions (several where they depend on the Python version)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", path.read_text("utf-8"), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.mark.parametrize(("path", "extra"), [(CONTAINER, "postgres"), (CI, "dev")], ids=["container", "ci"])
def test_every_dependency_is_pinned_to_a_version_it_may_have(path: Path, extra: str) -> None:
    known = pins(path)
    wanted = map(Requirement, [*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]])
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        if name == PROJECT["name"]:
            continue  # an extra that takes in another one
        assert name in known, f"{name} is not in {path.name}: run .ci/lock"
        assert all(requirement.specifier.contains(version) for version in known[name]), f"{name}: run .ci/lock"


@pytest.mark.parametrize("path", [CONTAINER, CI, ROOT / "deploy" / "build.txt"], ids=lambda path: path.name)
def test_every_pin_has_hashes(path: Path) -> None:
    blocks = re.split(r"\n(?=\S)", path.read_text("utf-8").strip())
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_bill_of_materials_and_the_licences_name_what_the_container_holds() -> None:
    bill = json.loads((ROOT / "deploy" / "sbom.cdx.json").read_text("utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert {(canonicalize_name(part["name"]), part["version"]) for part in bill["components"]} == {
        (name, version) for name, versions in pins(CONTAINER).items() for version in versions
    }
    rows = re.findall(r"^\| (\S+) +\| (\S+) +\| (.+?) +\|$", (ROOT / "docs" / "licences.md").read_text(), re.MULTILINE)
    listed = {canonicalize_name(name): version for name, version, _ in rows if name != "Name"}
    known = pins(CONTAINER)
    assert all(version in known[name] for name, version in listed.items())
    assert len(listed) > 0.9 * len(known), "all but what other systems or Pythons need"
    assert not [name for name, _, licence in rows if "AGPL" in licence or licence == "UNKNOWN"]


def test_the_container_and_ci_check_the_hashes() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    installs = re.findall(r"pip (?:install|wheel)[^&\n\\]*", dockerfile)
    assert installs
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    assert "--require-hashes" in (ROOT / ".ci" / "run").read_text("utf-8")
