#!/usr/bin/env python3
"""Front door: ``python run_pipeline.py COMMAND``; the same commands are installed as ``storyfold``."""

import sys

from pipeline.cli import main

if __name__ == "__main__":
    sys.exit(main())
