"""What became of each thing, a line for each."""

from __future__ import annotations


class Report:
    """Prints as it goes."""

    def created(self, thing: str) -> None:
        print(f"created    {thing}")

    def deleted(self, thing: str) -> None:
        print(f"deleted    {thing}")

    def note(self, text: str) -> None:
        """What is other than on AWS."""
        print(f"note       {text}")

    def compared(self, thing: str, differing: list[str]) -> None:
        """An old thing: `differing` are the names of what was changed in it."""
        if differing:
            print(f"updated    {thing}: {', '.join(differing)}")
        else:
            print(f"unchanged  {thing}")


def differing(wanted: dict, found: dict) -> list[str]:
    """Names whose values are not the wanted ones. What an emulator adds of its own does not count."""
    return [name for name, value in wanted.items() if found.get(name) != value]
