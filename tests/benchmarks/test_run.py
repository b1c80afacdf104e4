"""The benchmarks run, in small, and say what they measured. No time is judged."""

import json
import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[2]


def test_a_small_run_writes_every_stage_beside_its_floor(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    command = [sys.executable, "-m", "benchmarks", str(file), "--no-postgres"]
    done = subprocess.run(
        [*command, "--accounts", "12", "--repeats", "1"],
        cwd=HOME,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text())
    stages = {stage["stage"]: stage for stage in report["stages"]}
    pulled = stages["pull hubspot"]
    assert pulled["ours"]["rows"] == pulled["floor"]["rows"] == 12 * (1 + 5 + 2)
    assert pulled["of_floor"]["seconds"] > 0
    assert stages["sync salesforce"]["ours"]["details"]["written"] == 12
    assert stages["unchanged salesforce"]["ours"]["details"]["write_calls"] == 0
    assert stages["unchanged hubspot"]["ours"]["details"]["write_calls"] == 0
    assert stages["assess"]["ours"]["peak_mb"] > 0
    assert stages["what if"]["ours"]["rows"] > 0
    assert "write back hubspot" in done.stdout
