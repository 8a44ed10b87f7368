"""The screens of the README, rendered by the program."""
