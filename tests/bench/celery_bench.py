"""The Celery app that `bench` runs beside celeriac: the same no-op task, the same queue, the same table.

Everything else is Celery's default, results included, which is what its users run.
"""
import os

from celery import Celery

app = Celery("celery_bench")
app.conf.update(
    broker_url=os.environ["BENCH_BROKER_URL"],
    broker_transport_options={"region": "us-east-1", "is_secure": False},
    result_backend=os.environ["BENCH_RESULT_BACKEND"],
    task_default_queue=os.environ["BENCH_QUEUE"],
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


@app.task(name="bench.noop")
def noop(x):
    return x


@app.task(name="bench.count")
def count(results):
    return len(results)
