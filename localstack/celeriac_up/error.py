"""What goes wrong, with what to do about it."""


class UpError(Exception):
    """Nothing can be created; `hint` says what to do."""

    def __init__(self, message: str, hint: str):
        super().__init__(message)
        self.hint = hint
