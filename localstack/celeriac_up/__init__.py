"""What `localstack/up` creates in an emulator, service by service."""
