"""A real S3-speaking server on loopback (moto's), with one bucket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec
import httpx
import pytest


@contextmanager
def s3_bucket(name: str) -> Iterator[str]:
    """`s3://name`; the environment leads to it. Without moto or s3fs the test is skipped."""
    server = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    started = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    started.start()
    host, port = started.get_host_and_port()
    keep = dict(os.environ)
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "made",
        "AWS_SECRET_ACCESS_KEY": "made",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    s3fs.S3FileSystem.clear_instance_cache()  # one kept from another test speaks to a server that is gone
    httpx.post(f"http://{host}:{port}/moto-api/reset").raise_for_status()  # buckets outlive a server of the process
    fsspec.filesystem("s3").mkdir(name)
    try:
        yield f"s3://{name}"
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        started.stop()
        os.environ.clear()
        os.environ.update(keep)
