"""Orders from a Python app: pip install "celery[sqs]", then python producer.py"""
from celery import Celery

app = Celery("shop", broker="sqs://", backend="dynamodb://@us-east-1/celery")
orders = [{"id": "1001", "product": "celeriac", "count": 2, "cents": 590, "email": "ada@example.org"}]
print(app.send_task("shop.import_orders", args=[orders]).get(timeout=30))
