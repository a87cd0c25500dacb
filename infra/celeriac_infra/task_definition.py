"""The ECS task definition of a worker on Fargate."""

from __future__ import annotations

from .function import environment
from .manifest import Manifest
from .options import Options

# Fargate's longest: SIGTERM, 120 s, SIGKILL. The worker keeps five of them for giving back what has
# not ended.
STOP_TIMEOUT = 120
SHUTDOWN_TIMEOUT = 115
HEALTH_PORT = 8080
# Pulls the image and writes logs; the console makes it, with the managed policy
# AmazonECSTaskExecutionRolePolicy.
EXECUTION_ROLE = "ecsTaskExecutionRole"


def log_group(manifest: Manifest) -> str:
    """Where the workers write."""
    return f"/ecs/{manifest.deployment}-worker"


def body(manifest: Manifest, options: Options) -> dict:
    """An input of `aws ecs register-task-definition`, with placeholders."""
    role = "arn:${partition}:iam::${account}:role/"
    return {
        "family": f"{manifest.deployment}-worker",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "cpu": "512",
        "memory": "1024",
        "executionRoleArn": role + EXECUTION_ROLE,
        "taskRoleArn": role + options.task_role,
        "volumes": [{"name": "tmp"}],
        "containerDefinitions": [_container(manifest, options)],
    }


def _container(manifest: Manifest, options: Options) -> dict:
    variables = {
        **environment(manifest),
        "AWS_REGION": "${region}",
        "CELERIAC_WORKER_CONCURRENCY": "50",
        "CELERIAC_WORKER_HEALTH_ADDRESS": f"0.0.0.0:{HEALTH_PORT}",
        "CELERIAC_WORKER_SHUTDOWN_TIMEOUT": str(SHUTDOWN_TIMEOUT),
    }
    return {
        "name": "worker",
        "image": options.image,
        "essential": True,
        "command": ["worker", "-Q", ",".join(options.worker_queues)],
        "environment": [{"name": key, "value": variables[key]} for key in sorted(variables)],
        "user": "65532:65532",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}],
        "portMappings": [{"containerPort": HEALTH_PORT, "protocol": "tcp"}],
        "healthCheck": _health_check(),
        "stopTimeout": STOP_TIMEOUT,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group(manifest),
                "awslogs-region": "${region}",
                "awslogs-stream-prefix": "worker",
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
    }


def _health_check() -> dict:
    # The image has no shell; it has busybox's wget for this.
    url = f"http://127.0.0.1:{HEALTH_PORT}/healthz"
    return {
        "command": ["CMD", "/bin/wget", "-q", "-T", "3", "-O", "/dev/null", url],
        "interval": 30,
        "timeout": 5,
        "retries": 3,
        "startPeriod": 10,
    }
