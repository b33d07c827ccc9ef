"""Jobs on a dask cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unbraid.errors import InputError


class Dask:
    """An executor over ``dask.distributed``.

    Parameters
    ----------
    client : Client or str, optional
        A client, or the address of a scheduler; by default a cluster of this machine's cores, one
        thread per process.

    Raises
    ------
    InputError
        dask.distributed is not installed; nothing answers at the address.

    Notes
    -----
    The workers must see the run's folder and the systems under the same paths. Which worker runs a
    job never changes its result.
    """

    def __init__(self, client: Any = None) -> None:
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            raise InputError(
                "dask needs dask.distributed: pip install 'unbraid[dist]', or use on='local'."
            ) from None
        self._cluster = None
        if client is None:
            self._cluster = LocalCluster(threads_per_worker=1, dashboard_address=None)
            client = self._cluster
        if not isinstance(client, Client):
            try:
                client = Client(client, timeout=10)
            except (OSError, TimeoutError, ValueError) as error:
                raise InputError(f"No dask scheduler answers at {client!r}: {error}.") from None
            self._own = True
        else:
            self._own = False
        self.client = client

    def __enter__(self) -> Dask:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    @property
    def room(self) -> int:
        """Calls to keep submitted: a few per thread of the cluster."""
        threads = sum(self.client.nthreads().values())
        return max(4, 4 * threads)

    def submit(self, f: Callable[..., Any], /, *args: Any) -> Any:
        """Call a function on the cluster; the same call twice is made twice."""
        return self.client.submit(f, *args, pure=False)

    def close(self) -> None:
        """Leave the cluster, and end it if it was made here."""
        if self._own:
            self.client.close()
        if self._cluster is not None:
            self._cluster.close()
