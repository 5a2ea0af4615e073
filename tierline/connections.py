"""How to reach Kafka: one set of options for aiokafka and kafka-python, from the settings."""

import ssl
from typing import TypedDict

from tierline.redis_address import SettingsError
from tierline.settings import Settings, variable


class KafkaOptions(TypedDict, total=False):
    """Keyword arguments that every Kafka client takes."""

    bootstrap_servers: str
    security_protocol: str
    ssl_context: ssl.SSLContext
    sasl_mechanism: str
    sasl_plain_username: str
    sasl_plain_password: str


def kafka_options(settings: Settings) -> KafkaOptions:
    """Return the options; ``SettingsError`` if what they need is missing or cannot be read."""
    options = KafkaOptions(bootstrap_servers=settings.need_kafka(), security_protocol=settings.kafka_security)
    if settings.kafka_security.endswith("SSL"):
        options["ssl_context"] = _ssl_context(settings)
    if settings.kafka_security.startswith("SASL"):
        if settings.kafka_user is None or settings.kafka_password is None:
            raise SettingsError(
                f"TIERLINE_KAFKA_SECURITY={settings.kafka_security} needs {variable('kafka_user')} and "
                f"{variable('kafka_password')}."
            )
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_user
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_certificate_file is not None:
            context.load_cert_chain(settings.kafka_certificate_file, settings.kafka_key_file)
    except OSError as error:
        raise SettingsError(
            f"The certificate files for Kafka cannot be read: {error}. Check {variable('kafka_ca_file')}, "
            f"{variable('kafka_certificate_file')} and {variable('kafka_key_file')}."
        ) from error
    return context
