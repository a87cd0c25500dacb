//! Send Celery tasks and read their results.
