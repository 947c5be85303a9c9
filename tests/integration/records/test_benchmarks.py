"""The benchmarks of the records run, in a size that measures nothing: the schema and the services have not left them.

Each in a process of its own, as one calls it: sealing's adds tables and sealed columns, which no other test should see.
"""

import asyncio
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "size", "says"),
    [
        (
            "sealing",
            ["--records", "1000", "--writes", "10", "--rounds", "1"],
            [
                "Tink's KmsEnvelopeAead",
                "insert and commit, sealed",
                "prescribe and commit, sealed",
                "rewrap, end to end",
            ],
        ),
        ("audit", ["--entries", "1500", "--single", "20"], ["append, 4 at once", "verify 1,540 entries", "a path"]),
        ("history", ["--records", "60", "--each", "30", "--rounds", "3"], ["a page of 20: p50", "all 30 at once: p50"]),
    ],
)
async def test_a_benchmark_runs(database_url: str, name: str, size: list[str], says: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"benchmarks.{name}",
        "--database",
        database_url,
        *size,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    assert [each for each in says if each not in said] == []
