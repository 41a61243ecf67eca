"""The store that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from services.platform.blob_folder import Folder
from services.platform.blobs import Store
from services.platform.bucket_address import address_of


def store_of(settings: Mapping[str, str]) -> Store:
    """LIANCAI_DOCUMENTS: a folder, or `s3://bucket/prefix?endpoint=...`. ValueError says what is wrong with it."""
    place = settings["LIANCAI_DOCUMENTS"]
    if "://" not in place:
        return Folder(Path(place))
    address = address_of(place, settings)
    try:
        from services.platform.blob_bucket import Bucket
    except ImportError:
        raise ValueError(
            "LIANCAI_DOCUMENTS needs the S3 client: pip install 'liancai[s3]' (请先安装 liancai[s3])"
        ) from None
    return Bucket(address)
