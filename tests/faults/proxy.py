"""A wire before a server that a test may cut, lead elsewhere, or let lose what passes."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress

READ_BYTES = 1_048_576

Watch = Callable[[bytes], bool]
"""Is given each part of a request once it was passed on; tells whether the reply to it is to be lost."""


class Proxy:
    """Passes connections to ``port`` of 127.0.0.1 on to ``target``, in a thread of its own.

    Our clients of Redis have one request at a time on a connection, so what comes back next is the reply to it.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.lost_replies: list[bytes] = []
        self.watch: Watch = lambda request: False
        self.stops: Callable[[bytes], bool] = lambda request: False
        """Is given each part of a request before it is passed on; True cuts the connection instead."""
        self.hold: Callable[[bytes], Awaitable[None]] = _hold_nothing
        """Is given each part of a request, which is passed on when it returns."""
        self.delay: Callable[[], float] = lambda: 0.0
        """Tells for how many seconds the next part of a reply is held."""
        self.replies_held = 0
        self.swallows = False
        """While it does, what the server sends is dropped, and both sides believe that they are connected."""
        self._target = target
        self._passing: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it answers, as redis-py and TIERLINE_REDIS take it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def lead_to(self, target: int) -> None:
        """Cut every connection; who comes back reaches the server on port ``target``."""
        self._target = target
        self._await(self._cut())

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._await(self._listen())

    def stop(self) -> None:
        """Cut every connection and end."""
        self._await(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _await(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", limit=READ_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._cut()
            await asyncio.wait(tasks)

    async def _cut(self) -> None:
        # Only our own: asyncio accepts in a task, too, and one that is cancelled leaves its socket open.
        passing = list(self._passing)
        for one in passing:
            one.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing = asyncio.create_task(self._pass_on(reader, writer))
        self._passing.add(passing)
        passing.add_done_callback(self._passing.discard)
        # Not a `finally` inside of it: a task that is cancelled before it began runs none.
        passing.add_done_callback(lambda _: writer.transport.abort())

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            onward = await asyncio.open_connection("127.0.0.1", self._target, limit=READ_BYTES)
            await _Connection(self, reader, writer, *onward).run()


class _Connection:
    """One client's way to the server and back; the end of either ends both at once."""

    def __init__(
        self,
        proxy: Proxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        onward_reader: asyncio.StreamReader,
        onward_writer: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client, self._server = (reader, writer), (onward_reader, onward_writer)
        self._loses = False

    async def run(self) -> None:
        ways = [asyncio.create_task(self._requests()), asyncio.create_task(self._replies())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._server[1].transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _requests(self) -> None:
        while data := await self._client[0].read(READ_BYTES):
            if self._proxy.stops(data):
                return
            await self._proxy.hold(data)
            self._server[1].write(data)
            await self._server[1].drain()
            self._loses |= self._proxy.watch(data)

    async def _replies(self) -> None:
        while data := await self._server[0].read(READ_BYTES):
            if self._loses:
                self._proxy.lost_replies.append(data)
                return
            if delay_seconds := self._proxy.delay():
                self._proxy.replies_held += 1
                await asyncio.sleep(delay_seconds)
            if not self._proxy.swallows:
                self._client[1].write(data)
                await self._client[1].drain()


async def _hold_nothing(_: bytes) -> None:
    """Let it pass."""


@contextmanager
def before(target: int) -> Iterator[Proxy]:
    """Yield a proxy before the server on port ``target``."""
    proxy = Proxy(target)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def is_commit(request: bytes) -> bool:
    """Tell whether this begins a commit: the call of our Function of that name."""
    return _calls(request, b"_commit\r\n")


def is_trim(request: bytes) -> bool:
    """Tell whether this begins a trim: what was published leaves the outbox."""
    return _calls(request, b"_trim\r\n")


def _calls(request: bytes, end_of_name: bytes) -> bool:
    return request.startswith(b"*") and end_of_name in request[:200]
