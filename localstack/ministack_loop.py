"""The event loop on which ministack answers requests."""

import asyncio
import concurrent.futures
import contextvars

loop: asyncio.AbstractEventLoop | None = None


def found_by(handle_request):
    """The same handler of requests; the loop it runs on is the one."""

    async def handle(*args, **kwargs):
        global loop
        loop = asyncio.get_running_loop()
        return await handle_request(*args, **kwargs)

    return handle


def on_loop(function):
    """The same function, run between requests whichever thread calls it."""

    def call(*args):
        if loop is None or _runs_here():
            return function(*args)  # nobody has asked for anything yet, or a request calls it
        done: concurrent.futures.Future = concurrent.futures.Future()

        def run():
            try:
                done.set_result(context.run(function, *args))
            except Exception as error:
                done.set_exception(error)

        context = contextvars.copy_context()  # of whom the call is: account and region
        loop.call_soon_threadsafe(run)
        return done.result()

    return call


def _runs_here() -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
