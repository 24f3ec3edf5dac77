"""A matcher that only writes: takes the lease, then counts up under its fence as fast as it can.

    python tests/cluster/sleeper.py URL SECONDS

It keeps its lease while it is awake; says ``writing`` once it writes, and in the end why it stopped.
"""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime

from pipeline.errors import Deposed, StorageError
from pipeline.storage import open_store
from pipeline.storage.cluster import fence, open_cluster


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(url: str, seconds: float) -> None:
    with open_store(url) as talk, open_store(f"{url}&application_name=sleeper") as store:
        cluster = open_cluster(talk)
        token = cluster.take("matcher", "sleeper", "sleeper", seconds)
        assert token is not None
        fence(store, cluster, "matcher", token)

        def keep() -> None:
            while cluster.renew("matcher", token, seconds):
                threading.Event().wait(seconds / 3)

        threading.Thread(target=keep, daemon=True).start()
        for count in range(1_000_000):
            if count == 1:
                say("writing")
            try:
                store.save_hosts({"counter": {"sleeper": count, "token": token}}, datetime.now(UTC))
            except Deposed:
                say("deposed")
                return
            except StorageError as error:  # its connection was closed; a person would think it may try again
                sys.stderr.write(f"tries again: {error}\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
