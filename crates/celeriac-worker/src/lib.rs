//! Receive Celery tasks and run them.
