"""The API's address: who is told of it may use it."""

import socket

import pytest

from tierline.console import CommandError
from tierline.serving import listening
from tierline.settings import Settings

HOST = "127.0.0.1"


def test_a_connection_waits_as_soon_as_the_address_is_known() -> None:
    with listening(Settings(api_host=HOST, api_port=0)) as listener:
        socket.create_connection(listener.getsockname(), timeout=5).close()


def test_an_address_that_is_taken_is_one_clear_error() -> None:
    with listening(Settings(api_host=HOST, api_port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=rf"cannot listen on {HOST}:{port}.*TIERLINE_API_PORT"):
            listening(Settings(api_host=HOST, api_port=port))
