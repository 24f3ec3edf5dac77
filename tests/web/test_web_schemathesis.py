"""Schemathesis against the API's own description: nothing it thinks of is a server error."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from web_browser import served
from web_world import clock

from pipeline.storage import Store
from pipeline.web import WebSettings, create_app

CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance,status_code_conformance"


@pytest.mark.skipif(
    importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed: pip install schemathesis"
)
def test_no_answer_is_a_server_error_or_another_shape(world: Store, tmp_path: Path) -> None:
    with served(create_app(world, None, WebSettings(), clock)) as url:
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/api/v1/openapi.json",
            "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--seed", "1",
            "--exclude-path-regex", "stream$",  # streams do not end by themselves
            "--request-timeout", "10", "--no-color",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, env=os.environ)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
