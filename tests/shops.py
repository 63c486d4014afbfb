"""Searches that find what a test puts into them."""

from pathlib import Path
from typing import Any

from photo_server import Site

import kclass
from kclass.collecting.collection import Collection


def offer(site: Site, query: str, *paths: str) -> None:
    """Let Openverse's search know of photos for a query; it has one page."""
    known = site.offers.setdefault(query, [])  # type: ignore[attr-defined]
    known += [
        {
            "url": site.url(path),
            "title": path,
            "creator": "Jo",
            "license": "by",
            "license_version": "4.0",
            "license_url": "https://creativecommons.org/licenses/by/4.0/",
            "foreign_landing_url": f"https://photos.example{path}",
        }
        for path in paths
    ]


def collect(site: Site, *queries: str, out: Path, **options: Any) -> Collection:
    return kclass.collect(queries, out=out, endpoint=site.url("/search"), allow_private=True, **options)
