//! Whole-system tests: interop with Python Celery, chaos, benchmarks.
