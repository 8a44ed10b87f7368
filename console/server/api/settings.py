"""What the APIs are told when they are built: their own addresses and the bounds of what they take. Owns no fact."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Addresses and bounds. Sizes are bytes, spans are seconds.

    `authorization_url` and `broker_url` are the base URLs as callers know them, without a slash at the end.
    """

    authorization_url: str
    broker_url: str
    environment: str = ""
    plane: str = ""
    max_body_bytes: int = 65_536
    max_bundle_bytes: int = 4_194_304
    max_header_bytes: int = 16_384
    max_query_bytes: int = 4_096
    max_depth: int = 32
    max_page: int = 500
    max_scan: int = 20_000
    """How many rows one page of a filtered list looks at before it hands back a cursor to go on from."""
    max_streams: int = 256
    max_snapshots: int = 8
    """How many snapshots are read at once; each holds a reading transaction of the store."""
    stream_events: int = 4_096
    """How many events a subscriber may be behind before it is told to take a new snapshot."""
    tick_seconds: float = 2.0
