"""The table that celeriac's worker is held against is what this Celery does."""

import subprocess
import sys

import celery_reads


def test_the_table_is_what_celery_does():
    # in a process of its own: a worker that is made here would stay the current one
    made = subprocess.run(
        [sys.executable, celery_reads.__file__, "-"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    kept = celery_reads.FIXTURE.read_text().splitlines()
    assert len(kept) >= 1500
    different = [(ours, theirs) for ours, theirs in zip(kept, made, strict=True) if ours != theirs]
    assert not different, different[:3]
