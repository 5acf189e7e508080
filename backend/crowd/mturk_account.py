"""Whose Mechanical Turk account it is, where it is, and boto3's client for it. Knows no operation."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from backend.crowd.protocol import NotAllowed

if TYPE_CHECKING:  # stubs: there is nothing to import when it runs
    from types_boto3_mturk.client import MTurkClient

PRODUCTION = "https://mturk-requester.us-east-1.amazonaws.com"
SANDBOX = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose money it is. endpoint_url: where the protocol is spoken; without one, Amazon's own addresses."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None
    sandbox: bool = False


def client_of(account: Account, *, attempts: int, timeout: float) -> "MTurkClient":
    """boto3's client, which takes nothing from this machine's own AWS settings. Raises NotAllowed without credentials.

    attempts: of one call, all told. timeout: seconds.
    """
    if not account.access_key or not account.secret_key:
        raise NotAllowed("Mechanical Turk needs an access key and its secret; one of them is empty.")
    return boto3.client(
        "mturk",
        region_name=REGION,
        endpoint_url=account.endpoint_url or (SANDBOX if account.sandbox else PRODUCTION),
        aws_access_key_id=account.access_key,
        aws_secret_access_key=account.secret_key,
        aws_session_token=account.session_token,
        config=config_of(attempts=attempts, timeout=timeout),
    )


def config_of(*, attempts: int, timeout: float) -> Config:
    """How often a call is tried, all told, and how many seconds it may take."""
    return Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=timeout,
        read_timeout=timeout,
    )
