"""``tierline api``: the HTTP API as a process of its own."""

import asyncio


def api() -> None:
    """Answer the storefront over HTTP: one customer, the program, health, metrics, OpenAPI under /docs.

    It reads Redis alone and keeps nothing, so as many can run as wanted. Address: TIERLINE_API_HOST and
    TIERLINE_API_PORT.

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
