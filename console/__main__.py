"""The command `leasehold`."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. Exits with the statuses of the contract: 0 done, 1 failed, 2 usage, 3 not signed in or not allowed,
    4 conflict, 5 unreachable, 6 done only in part.
    """
    from console.cli.main import leasehold  # noqa: PLC0415 (the command line is built only when it is used)

    leasehold(args=list(arguments) if arguments is not None else None, prog_name="leasehold")


if __name__ == "__main__":
    main()
