"""Why Kafka refuses us: its clients say only that they cannot bootstrap, whatever stands behind it."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final, cast

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError

TIMEOUT_MS: Final = 5_000
_TAKEN: Final = ("security_protocol", "ssl_context", "sasl_mechanism", "sasl_plain_username", "sasl_plain_password")


async def refusal(options: Mapping[str, object]) -> str | None:
    """Return what Kafka holds against our login or certificate, and what to do; None where it is something else."""
    protocol, where = str(options.get("security_protocol", "PLAINTEXT")), str(options["bootstrap_servers"])
    if protocol == "PLAINTEXT":
        return None
    host, _, port = where.split(",")[0].strip().rpartition(":")
    taken = {name: options[name] for name in _TAKEN if name in options}
    try:
        connection = await create_conn(host, int(port), request_timeout_ms=TIMEOUT_MS, **taken)
    except (KafkaError, OSError, TimeoutError) as error:
        return _explained(where, error, cast("str | None", options.get("sasl_plain_username")))
    connection.close()
    return None


def refusal_now(options: Mapping[str, object]) -> str | None:
    """Return the same, where no event loop runs."""
    return asyncio.run(refusal(options))


def _explained(where: str, error: Exception, user: str | None) -> str | None:
    if isinstance(error, SaslAuthenticationFailed | UnsupportedSaslMechanismError):
        return (
            f"Kafka at {where} refuses the login of {user}: {_words(error)}. Correct TIERLINE_KAFKA_USER and "
            "TIERLINE_KAFKA_PASSWORD, or TIERLINE_KAFKA_SASL_MECHANISM"
        )
    behind = next((one for one in _chain(error) if isinstance(one, ssl.SSLError)), None)
    if isinstance(behind, ssl.SSLCertVerificationError):
        return (
            f"the certificate of Kafka at {where} is not trusted: {behind.verify_message}. Name the PEM file of the "
            "authority that signed it in TIERLINE_KAFKA_CA_FILE"
        )
    if behind is not None:
        return (
            f"Kafka at {where} speaks no TLS that we understand, or wants a certificate of ours: {_words(behind)}. "
            "Look at TIERLINE_KAFKA_SECURITY and TIERLINE_KAFKA_CERTIFICATE_FILE"
        )
    return None


def _chain(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *_chain(error.__cause__ or error.__context__)]


def _words(error: Exception) -> str:
    return str(error).strip().rstrip(".")
