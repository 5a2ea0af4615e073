"""``tierline api``: the HTTP API as a process of its own."""

import asyncio


def api() -> None:
    """Answer the storefront over HTTP: customers and the overview, plain and as event streams; the program; health.

    Metrics are under /metrics, OpenAPI is under /docs. Customers are read from Redis, and nothing is kept that is not
    in Kafka or Redis, so as many can run as wanted. With TIERLINE_KAFKA it also follows the workers' samples, for
    look-alikes and portraits. Address: TIERLINE_API_HOST and TIERLINE_API_PORT; with TIERLINE_API_TOKEN_KEY it asks for
    tokens.

    Example: TIERLINE_REDIS=redis://localhost:6379/0 tierline api
    """
    from tierline.logs import configure_logs, log_settings
    from tierline.reaching import settings_of_process
    from tierline.serving import serve

    settings = settings_of_process()
    settings.need_redis()
    configure_logs(settings)
    log_settings(settings)
    asyncio.run(serve(settings))
