"""Where spans go: OTLP over HTTP, as the ``OTEL_*`` variables say. Nothing is imported while tracing is off."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tierline import __version__
from tierline.redis_address import SettingsError
from tierline.settings import Settings, variable

if TYPE_CHECKING:
    from streams.tracing import PartitionTracing


def tracing_of(settings: Settings) -> "Callable[[int], PartitionTracing] | None":
    """Return what makes a partition's tracing, None where it is off; ``SettingsError`` where the packages are missing.

    Spans are sent by a thread of their own and dropped where nobody takes them; what is left is sent at the end.
    """
    if not settings.tracing:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            f"{variable('tracing')}=true needs packages that are not installed ({error.name}): "
            "pip install 'tierline[tracing]', or leave it out."
        ) from error
    from streams.tracing import PartitionTracing

    ours = Resource.create({"service.name": "tierline-worker", "service.version": __version__})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return partial(PartitionTracing, provider.get_tracer("tierline", __version__))
