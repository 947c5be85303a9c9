"""The image has all that the service uses: what the Dockerfile copies, and what requirements.lock installs."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
FLOORS = ("core", "records", "booking", "appservice", "migrations")

# Imports every module of the service while what the image does not install cannot be imported.
_IMPORT_ALL = f"""
import importlib, importlib.metadata, pkgutil, re, sys
from pathlib import Path

locked = set(re.findall(r"^([a-z0-9][a-z0-9.-]*)==", Path("requirements.lock").read_text(), re.MULTILINE))

owners = importlib.metadata.packages_distributions()

def installed_there(module):
    return any(re.sub(r"[-_.]+", "-", owner).lower() in locked for owner in owners[module])

class OnlyTheImages:
    absent = {{module for module in owners if not installed_there(module)}}
    absent |= {{"demo", "tests"}}
    absent -= {{*{FLOORS!r}}}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.absent:
            raise ModuleNotFoundError(f"the image has no {{name}}", name=name)

sys.meta_path.insert(0, OnlyTheImages())
for floor in {FLOORS!r}:
    for module in pkgutil.walk_packages(importlib.import_module(floor).__path__, floor + "."):
        if module.name != "migrations.env" and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""


def copied() -> set[str]:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return {name for line in lines for name in line.split()}


def test_everything_imported_is_installed_there() -> None:
    run = subprocess.run([sys.executable, "-c", _IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_every_floor_and_template_is_copied_and_not_ignored() -> None:
    assert {*FLOORS, "registration.yaml", "requirements.lock"} <= copied()
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert kept == copied()
