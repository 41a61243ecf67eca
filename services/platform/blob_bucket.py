"""A bucket of files in a store that speaks S3: replicas share nothing else.

There is no lock over a bucket. What is being noted is safe from a sweep all the same, for a sweep empties an object
under the condition that it is still the one that was seen (If-Match): whoever keeps the file anew meanwhile has made
another one of it, even of equal content, because sealed bytes are never the same twice. The reasons: decision 0017.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.platform.blobs import CHUNK, NAME, Noted, reachable
from services.platform.bucket_address import Address
from services.platform.errors import Unavailable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

CONNECT, READ = 5.0, 20.0  # seconds to connect, and to be answered
TRIES = 3  # of each request, with pauses between them
CONNECTIONS = 32  # as many as there are threads that answer calls
LONGEST = timedelta(minutes=30)  # from keeping a file to its being noted; a sweep leaves it alone for an hour
CHECK = "check"  # an object with nothing in it, by which a store is tried out
NOBODY = f'"{"0" * 32}"'  # the tag of no object
# the object is not the one that the condition tells of, is being written, or is gone
_OTHER = frozenset({HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND})

log = logging.getLogger("liancai.documents")


class Bucket:
    """A store in a bucket, of which it needs PutObject, GetObject and ListBucket, and never DeleteObject."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._client = _client(address)

    def key(self, name: str) -> str:
        """Where a file is, or would be: as in a folder."""
        return f"{self._address.prefix}{name[:2]}/{name}"

    def check(self) -> None:
        """Writes, reads and lists. Warns of a store in which nothing can be swept."""
        bucket, probe = self._address.bucket, self._address.prefix + CHECK
        try:
            conditional = self._conditional()
            with closing(self._client.get_object(Bucket=bucket, Key=probe)["Body"]) as body:
                body.read()
            self._client.list_objects_v2(Bucket=bucket, Prefix=self._address.prefix, MaxKeys=1)
        except (ClientError, BotoCoreError) as fault:
            raise ValueError(self._address.fault(_code(fault))) from None
        if not conditional:
            log.warning(
                "the store of LIANCAI_DOCUMENTS does not know If-Match: what uploads leave behind is not removed "
                "(该存储不支持条件写入,失败上传的残留不会被清除)"
            )

    @contextmanager
    def draft(self) -> Iterator[BinaryIO]:
        """A file without a name: the system takes it back even from a process that is killed."""
        with ExitStack() as stack:
            with reachable():
                file = stack.enter_context(TemporaryFile())
            yield file

    def keep(self, draft: BinaryIO, name: str) -> None:
        """One request, so that nothing of it is there before it is whole."""
        draft.seek(0)
        with self._reached():
            self._client.put_object(Bucket=self._address.bucket, Key=self.key(name), Body=draft)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """A copy: a connection that breaks must not look like a file that is damaged."""
        with self.draft() as file:
            with self._reached(), closing(self._fetch(name)) as pieces:
                for piece in pieces:
                    with reachable():
                        file.write(piece)
            with reachable():
                file.flush()
            yield file

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Unavailable if it took too long: it may have been swept in between. Whoever sends it again keeps it anew."""
        begun = _now()
        yield
        if _now() - begun > LONGEST:
            raise Unavailable

    def sweep(self, age: timedelta, noted: Noted) -> int:
        """Empties them: few stores have deletes under a condition, most have writes. What is empty is left alone.

        Nothing is done where the store does not keep to conditions.
        """
        count, limit = 0, _now() - age
        with self._reached():
            if not self._conditional():
                return 0
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._address.bucket, Prefix=self._address.prefix
            )
            for page in pages:
                old = self._older(page, limit)
                known = set(noted(list(old))) if old else ()
                count += sum(self._emptied(name, tag) for name, tag in old.items() if name not in known)
        return count

    def _older(self, page: ListObjectsV2OutputTypeDef, limit: datetime) -> dict[str, str]:
        """The tags of files with content that were written before an instant, by name."""
        found = {}
        for each in page.get("Contents", ()):
            key, name = each["Key"], each["Key"].rpartition("/")[2]
            if each["Size"] and each["LastModified"] < limit and NAME.fullmatch(name) and key == self.key(name):
                found[name] = each["ETag"]
        return found

    def _emptied(self, name: str, tag: str) -> bool:
        """Whether a file was emptied; False if it is not the one with this tag any more."""
        try:
            self._client.put_object(Bucket=self._address.bucket, Key=self.key(name), Body=b"", IfMatch=tag)
        except ClientError as fault:
            if _status(fault) in _OTHER:
                return False
            raise
        return True

    def _conditional(self) -> bool:
        """Whether the store keeps to conditions. Not all that speak S3 do, and some do not say so."""
        probe = self._address.prefix + CHECK
        self._client.put_object(Bucket=self._address.bucket, Key=probe, Body=b"")
        try:
            self._client.put_object(Bucket=self._address.bucket, Key=probe, Body=b"", IfMatch=NOBODY)
        except ClientError as fault:
            return _status(fault) == HTTPStatus.PRECONDITION_FAILED
        return False

    def _fetch(self, name: str) -> Generator[bytes]:
        answer = self._client.get_object(Bucket=self._address.bucket, Key=self.key(name))
        with closing(answer["Body"]) as body:
            yield from body.iter_chunks(CHUNK)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as fault:
            code = _code(fault)
            if code == "NoSuchKey":
                raise FileNotFoundError from None
            log.error("the store of documents: %s", code)
            raise Unavailable from None


@cache
def _client(address: Address) -> S3Client:
    """One for each address: it is made slowly, and is safe for threads."""
    config = Config(
        connect_timeout=CONNECT,
        read_timeout=READ,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
        max_pool_connections=CONNECTIONS,
        # what only the newest stores know is left out; the body is signed instead
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": address.addressing, "payload_signing_enabled": True},
    )
    try:
        return boto3.session.Session().client(
            "s3",
            region_name=address.region,
            endpoint_url=address.endpoint,
            aws_access_key_id=address.key,
            aws_secret_access_key=address.secret,
            aws_session_token=address.token,
            config=config,
        )
    except (BotoCoreError, ValueError) as fault:
        raise ValueError(address.fault(type(fault).__name__)) from None


def _code(fault: ClientError | BotoCoreError) -> str:
    """What the store calls a fault, or the class of one that is not the store's."""
    return fault.response["Error"]["Code"] if isinstance(fault, ClientError) else type(fault).__name__


def _status(fault: ClientError) -> int:
    return fault.response["ResponseMetadata"]["HTTPStatusCode"]


def _now() -> datetime:
    """By the machine's clock, also in a rehearsal: the store has its own. A request that is a quarter of an hour off is
    refused by it.
    """
    return datetime.now(UTC)
