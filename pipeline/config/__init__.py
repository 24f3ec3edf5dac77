"""One TOML file plus feeds → frozen settings; all mistakes reported at once."""

from pipeline.config.load import Config, StorageSettings, load

__all__ = ["Config", "StorageSettings", "load"]
