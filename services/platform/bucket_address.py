"""Where a bucket is and by what key it is opened, as the settings say; and what to do when it does not open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from services.platform.clear import refuse_clear

_FORM = "s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION&addressing=path|virtual"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._/-]{0,200}")
_ENDPOINT = re.compile(r"https?://[^/?#@]+/?")
_OPTIONS = frozenset({"endpoint", "region", "addressing"})
_STYLES: Mapping[str, Literal["path", "virtual"]] = {"path": "path", "virtual": "virtual"}

_KEY = (
    "the store does not take the key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set those that belong together "
    "(访问密钥无效,请核对这两项设置)"
)
_RIGHTS = (
    "the key may not do what is needed: give it s3:GetObject and s3:PutObject on {bucket}/{prefix}*, s3:ListBucket on "
    "{bucket} (密钥权限不足,请授予读、写对象和列出存储桶的权限)"
)
_REGION = "the bucket is in another region: name it with region= or AWS_REGION (存储桶不在该区域,请设 region=)"
_CLOCK = (
    "the clock of this machine is more than a quarter of an hour off that of the store: set it (本机时钟有偏差,请校时)"
)
_SAID = {
    "NoSuchBucket": "there is no bucket {bucket}: make it, or name another one (没有这个存储桶,请先创建或改名)",
    **dict.fromkeys(("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"), _KEY),
    **dict.fromkeys(("AccessDenied", "AllAccessDisabled"), _RIGHTS),
    **dict.fromkeys(
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"), _REGION
    ),
    "RequestTimeTooSkewed": _CLOCK,
}
_UNREACHED = (
    "{endpoint} does not answer as a store should ({code}): is it right, and does it run? (存储服务无法访问或出错)"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A place in a bucket. `prefix` is empty or ends in a slash; without an endpoint it is Amazon's."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    addressing: Literal["path", "virtual"]
    key: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False)

    def fault(self, code: str) -> str:
        """What is wrong, and what to do, where the store answers with `code`."""
        said = _SAID.get(code, _UNREACHED)
        endpoint = self.endpoint or f"S3 ({self.region})"
        return "LIANCAI_DOCUMENTS: " + said.format(bucket=self.bucket, prefix=self.prefix, endpoint=endpoint, code=code)


def address_of(url: str, settings: Mapping[str, str]) -> Address:
    """What `s3://...` and the names that AWS gives to settings say. ValueError says what is wrong with it."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    prefix, endpoint = parts.path.strip("/"), options.get("endpoint")
    addressing = _STYLES.get(options.get("addressing", "virtual" if endpoint is None else "path"))
    if not (
        parts.scheme == "s3"
        and _BUCKET.fullmatch(parts.netloc)
        and _PREFIX.fullmatch(prefix)
        and not parts.fragment
        and _OPTIONS.issuperset(options)
        and (endpoint is None or _ENDPOINT.fullmatch(endpoint))
        and addressing is not None
    ):
        raise ValueError(f"LIANCAI_DOCUMENTS must be a folder or {_FORM} (须为目录或上述形式的 S3 地址)")
    if endpoint is not None:
        refuse_clear(endpoint, settings, "documents", "材料")
    key, secret = settings.get("AWS_ACCESS_KEY_ID"), settings.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        raise ValueError(
            "LIANCAI_DOCUMENTS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key of the bucket "
            "(请设置存储桶的访问密钥)"
        )
    region = options.get("region") or settings.get("AWS_REGION") or settings.get("AWS_DEFAULT_REGION") or "us-east-1"
    return Address(
        bucket=parts.netloc,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=endpoint,
        region=region,
        addressing=addressing,
        key=key,
        secret=secret,
        token=settings.get("AWS_SESSION_TOKEN") or None,
    )
