"""ministack, with one repair.

Its Lambda event source mappings receive and delete in a thread of their own, while requests do the same on the event loop: a message can then
go to a mapping and to another receiver, and one that is sent in that moment can be lost. Here the mappings do it on the event loop too.
"""

import asyncio
import concurrent.futures
import contextvars

from ministack.app import main
from ministack.services import sqs

loop: asyncio.AbstractEventLoop | None = None
handle_request = sqs.handle_request


async def handle_request_on_this_loop(*args, **kwargs):
    global loop
    loop = asyncio.get_running_loop()
    return await handle_request(*args, **kwargs)


def on_loop(function):
    """The same function, run between requests whichever thread calls it."""

    def call(*args):
        if loop is None:
            return function(*args)  # nobody has asked for anything yet
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


sqs.handle_request = handle_request_on_this_loop
for name in ("_receive_messages_for_esm", "_delete_messages_for_esm"):
    setattr(sqs, name, on_loop(getattr(sqs, name)))

if __name__ == "__main__":
    main()
