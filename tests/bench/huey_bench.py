"""What `bench local` runs beside celeriac: the same no-op tasks, with results, by huey on SQLite.

Four threads, no fsync; huey takes a message off the queue before it runs the task, so each runs at most once. Sends all
tasks, then runs them, then reads their results; all in this process. Prints one line of JSON.

    huey_bench.py FILE TASKS
"""
import json
import sys
import threading
import time

from huey import SqliteHuey

PATIENCE = 120
READS = 2_000

file, tasks = sys.argv[1], int(sys.argv[2])
huey = SqliteHuey(filename=file, fsync=False)
all_ran = threading.Event()
ran = []


@huey.task()
def noop(x):
    ran.append(x)  # atomic
    if len(ran) >= tasks:
        all_ran.set()
    return x


def seconds(work):
    started = time.perf_counter()
    given = work()
    return time.perf_counter() - started, given


def run():
    consumer = huey.create_consumer(workers=4, worker_type="thread", periodic=False, check_worker_health=False)
    consumer.start()
    if not all_ran.wait(PATIENCE):
        sys.exit(f"{len(ran)} of {tasks} tasks ran within {PATIENCE} s")
    while huey.result_count() < tasks:
        time.sleep(0.001)
    return consumer


def read(results):
    for x, result in enumerate(results):
        assert result.get(preserve=True) == x, x


sending, results = seconds(lambda: [noop(x) for x in range(tasks)])
cpu = time.process_time()
running, consumer = seconds(run)
cpu = time.process_time() - cpu
consumer.stop(graceful=True)
some = results[:READS]
getting, _ = seconds(lambda: read(some))
joining, _ = seconds(lambda: read(results))
print(json.dumps({
    "sends": tasks / sending,
    "runs": tasks / running,
    "cpu_micros": cpu / tasks * 1e6,
    "get_micros": getting / len(some) * 1e6,
    "joins": tasks / joining,
}))
