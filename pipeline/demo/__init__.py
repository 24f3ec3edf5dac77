"""The bundled demo: fictional outlets and the loopback web that serves them.

Imported only by the ``demo`` command and by tests.  What the pipeline should make of the outlets
stands in ``expected.toml`` beside this file.
"""

from pipeline.demo.server import DemoEntry, DemoWeb, Served
from pipeline.demo.world import DemoArticle, Outlet, load_world

__all__ = ["DemoArticle", "DemoEntry", "DemoWeb", "Outlet", "Served", "load_world"]
