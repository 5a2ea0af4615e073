"""``tierline trainer``: learns across customers, publishes one model a day."""

import typer


def trainer() -> None:
    """Learn segments and what is much or little from the workers' samples, until SIGINT or SIGTERM.

    One is enough; a second one waits and takes over. It keeps nothing outside of Kafka. A model comes once a day of the
    orders' clock, the first after 14 days or 2,000 customers.

    Example: TIERLINE_KAFKA=localhost:9092 TIERLINE_PROGRAM=shop.yaml tierline trainer
    """
    from streams.trainer import run_trainer
    from tierline.logs import configure_logs, log_settings
    from tierline.reaching import explained, settings_of_process
    from tierline.wiring import trainer_config

    settings = settings_of_process()
    config = trainer_config(settings)
    configure_logs(settings)
    log_settings(settings)
    with explained(settings):
        raise typer.Exit(run_trainer(config))
