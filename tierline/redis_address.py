"""The address of Redis as its client takes it: with the login and the authority that settings give apart."""

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit


class SettingsError(Exception):
    """The environment does not describe a run.

    Operator action: correct the variable that the text names; `tierline doctor --settings` lists all of them.
    """


def with_login(url: str, user: str | None, password: str | None) -> str:
    """Return ``url`` with the login in it, unless it has one."""
    parts = urlsplit(url)
    if "@" in parts.netloc or not (user or password):
        return url
    login = f"{quote(user or '')}:{quote(password or '', safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


def with_authority(url: str, path: Path | None) -> str:
    """Return ``url`` with the file of the authority that signed the server's certificate. Raises `SettingsError`."""
    if path is None:
        return url
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        raise SettingsError("TIERLINE_REDIS_CA_FILE needs TLS: begin TIERLINE_REDIS with rediss://.")
    if not path.is_file():
        raise SettingsError(f"TIERLINE_REDIS_CA_FILE={path} is not a file that can be read.")
    authority = f"ssl_ca_certs={quote(str(path), safe='')}"
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, authority)))))
